"""Building one mail: a campaign's compiled mail beside EmailMessage built and serialised per recipient.

Both fill in the same placeholders and give the same headers and texts, which is checked first. Random letters are also
built both from the compiled mail and each by itself in the plainest way, and must be the same bytes.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from html import escape
from random import Random

from campaignkit.message.compiled import CompiledEmail, compile_content
from campaignkit.message.content import EmailContent
from campaignkit.message.email import compile_mail
from tests.benchmarks.figures import Figure, Verdict, interleave, judge_ratio, spread
from tests.message.letters import random_letter

__all__ = ["large_mails", "measure"]

MAILS = 2_000
PEER_MAILS = 100  # each takes about a hundred times as long
PASSES = 9
LETTERS = 82_000  # to two or three recipients each
RATIO_GOAL = 100
SMALL_GOAL_MICROSECONDS = 30

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FROM = "hello@flora.example"
_TEXT_LINE = "Lorem ipsum dolor sit amet, consectetur adipiscing elit sed do.\n"
_HTML_LINE = "<p>Lorem ipsum dolor sit amet, consectetur adipiscing elit.</p>\n"
LARGE = EmailContent(
    subject="We moved, {{ customer.name }}!",
    text="Hi {{ customer.name }}, we have moved. Visit us at 12 High Street.\n"
    f"With the code {{{{ customer.code }}}} you get 10% off.\n\n{_TEXT_LINE * 12}\n"
    "Your page: https://flora.example/u/{{ customer.token }}\n",
    html="<html><body><p>Hi {{ customer.name }},</p><p>We have moved. Your code is <b>{{ customer.code }}</b></p>"
    f"{_HTML_LINE * 33}"
    '<a href="https://flora.example/u/{{ customer.token }}">Your page</a></body></html>\n',
)
SMALL = EmailContent(
    subject="Spring at Flora's",
    text="Dear {{ customer.name }},\n" + "The tulips, the narcissi and the first peonies are in.\n" * 17,
)

FIELDS = ("name", "code", "token")  # that a letter may ask for
Person = Mapping[str, str]  # these, and what the host made before: address, message id, link to leave, return path
Build = Callable[[Person], bytes]


def measure() -> list[Figure]:
    """Measure both in turn, on people nobody wrote to before."""
    figures = [_figure(LARGE, "multipart mail, three placeholders"), _figure(SMALL, "plain mail, one placeholder")]
    return [*figures, _random_letters()]


def large_mails(count: int, first: int) -> Sequence[bytes]:
    """Return mails to people whose numbers begin with *first*, as they would be sent."""
    return [*map(_ours(compile_content(LARGE)), _people(count, 100_000 + first))]


def _figure(content: EmailContent, name: str) -> Figure:
    ours, peer = _ours(compile_content(content)), _peer(content)
    (person,) = _people(1, 100_000)
    size = len(ours(person))
    assert _as_read(ours(person)) == _as_read(peer(person)), "they do not build the same mail"
    samples = interleave(
        PASSES, {"ours": partial(_micros, ours, MAILS), "EmailMessage": partial(_micros, peer, PEER_MAILS)}
    )
    ratio = statistics.median(samples["EmailMessage"]) / statistics.median(samples["ours"])
    is_large = content is LARGE
    micros = statistics.median(samples["ours"])
    return Figure(
        work=f"one {size / 1000:.1f} kB {name}: filled in and built, CPU",
        measured=spread(samples["ours"], " µs"),
        peer=f"EmailMessage, filled in, built and serialised: {spread(samples['EmailMessage'], ' µs')}",
        ratio=f"× {ratio:.0f}",
        goal=f"× {RATIO_GOAL}" if is_large else f"≤ {SMALL_GOAL_MICROSECONDS} µs",
        verdict=judge_ratio(ratio, at_least=RATIO_GOAL, why=f"{micros:.0f} µs are {size / micros:.0f} bytes each")
        if is_large
        else Verdict(is_met=micros <= SMALL_GOAL_MICROSECONDS, why=f"{micros:.0f} µs"),
        samples=samples,
    )


def _ours(content: CompiledEmail) -> Build:
    mail = compile_mail(content, from_name="Flora", from_address=FROM, unsubscribe_mailto=FROM)

    def build(person: Person) -> bytes:
        return mail.build(
            {"customer": person},
            message_id=person["message_id"],
            to_name=person["name"],
            to_address=person["address"],
            sent_at=NOW,
            unsubscribe_url=person["url"],
            envelope_from=person["return_path"],
        ).content

    return build


def _peer(content: EmailContent) -> Build:
    date = format_datetime(NOW)

    def build(person: Person) -> bytes:
        message, own_id = EmailMessage(policy=policy.SMTP), person["message_id"]
        message["Date"] = date
        message["From"] = f"Flora <{FROM}>"
        message["To"] = f"{person['name']} <{person['address']}>"
        message["Subject"] = _filled(content.subject, person)
        message["Message-ID"] = f"<{own_id}@flora.example>"
        message["List-Unsubscribe"] = f"<{person['url']}>, <mailto:{FROM}?subject=unsubscribe%20{own_id}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message["Precedence"] = "bulk"
        message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
        message.set_content(_filled(content.text, person))
        if content.html is not None:
            message.add_alternative(_filled(content.html, {key: escape(person[key]) for key in FIELDS}), subtype="html")
        return message.as_bytes()

    return build


def _filled(source: str, person: Person) -> str:
    for key in FIELDS:
        source = source.replace(f"{{{{ customer.{key} }}}}", person[key])
    return source


def _as_read(content: bytes) -> tuple[dict[str, str], list[str]]:
    """Return headers and texts as a reader finds them; how they travel is each one's own affair."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    parts = [part for part in message.walk() if not part.is_multipart()]
    headers = {key: " ".join(str(value).split()) for key, value in message.items() if not key.startswith("Content-")}
    return headers, [str(part.get_content()).replace("\r\n", "\n") for part in parts]


def _micros(build: Build, count: int, number: int) -> float:
    people = _people(count, 100_000 + 10_000 * number)
    began_at = time.process_time()
    for person in people:
        build(person)
    return 1e6 * (time.process_time() - began_at) / count


def _people(count: int, first: int) -> Sequence[Person]:
    """Return people with numbers of six digits: EmailMessage would garble a longer List-Unsubscribe."""
    return [
        {
            "name": f"Customer {number}",
            "code": f"C{number}",
            "token": f"{number:032x}",
            "address": f"customer{number}@example.com",
            "message_id": f"r{number}.1",
            "url": f"https://flora.example/u/{number:032x}",
            "return_path": f"b+{number:032x}@flora.example",
        }
        for number in range(first, first + count)
    ]


def _random_letters() -> Figure:
    seed = time.time_ns()
    random, mails = Random(seed), 0
    for _ in range(LETTERS):
        letter = random_letter(random)
        for ours, plain in letter.pairs():
            assert ours == plain, f"seed {seed}: {letter!r}"
            mails += 1
    return Figure(
        work=f"{LETTERS:,} random letters, nasty ones preferred, built from the compiled mail and each by itself",
        measured=f"{mails:,} mails, the same bytes each time",
        goal="no difference in 200,000",
        verdict=Verdict(is_met=mails >= 200_000, why="too few letters"),
    )

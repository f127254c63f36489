"""What parse_email costs beside email-validator on addresses new in every pass, and whether both say the same."""

import random
import statistics
import time
from collections.abc import Callable, Sequence

import attrs
from email_validator import EmailNotValidError, validate_email

from campaignkit import EmailAddress, parse_email
from campaignkit.addresses.email import check_with_library
from tests.addresses.email_texts import make_email_text
from tests.benchmarks.figures import Figure, Verdict, interleave, judge_ratio, spread

PASSES = 7
OURS_COUNT = 20_000
PEER_COUNT = 2_000  # of the same addresses: the library takes its time
COMPARED_COUNT = 200_000
KNOWN_COUNT = 300  # domains that hold nine in ten addresses of a shop's list

_NAMES = ("anna", "ben", "carla", "dmitri", "ewa", "francois", "grace", "hans", "ines", "jakub", "maria", "olga")
_FAMILIES = ("nowak", "smith", "garcia", "mueller", "kowalska", "rossi", "dubois", "silva", "jensen", "popescu", "lee")
_PROVIDERS = ("gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "wp.pl", "web.de", "orange.fr")
_ENDINGS = ("com", "net", "pl", "de", "co.uk", "com.br", "shop")


def measure() -> list[Figure]:
    """Measure four lists of addresses, then compare verdicts on made-up ones."""
    known = _Row(work="plain ASCII, every address unseen, known domains", make=_make_known, goal=20.0)
    new = _Row(work="plain ASCII, every address and domain unseen", make=_make_new, goal=4.0)
    messy = _Row(work="a messy list: padding, capitals, other alphabets, slips, one in ten bad", make=_make_messy)
    garbage = _Row(work="garbage: no address among them", make=_make_garbage)
    return [*(row.measure() for row in (known, new, messy, garbage)), _compare()]


@attrs.frozen(kw_only=True)
class _Row:
    """One kind of list, measured on both sides."""

    work: str
    make: Callable[[random.Random], str]
    goal: float | None = None

    def measure(self) -> Figure:
        print(f"  {self.work}", flush=True)
        self._ours(-1)
        samples = interleave(PASSES, {"ours": self._ours, "peer": self._peer})
        pairs = zip(samples["peer"], samples["ours"], strict=True)
        ratio = statistics.median(peer / ours for peer, ours in pairs)
        return Figure(
            work=f"parse_email, {self.work}, CPU each",
            measured=spread(samples["ours"], " µs"),
            peer=f"email_validator.validate_email: {spread(samples['peer'], ' µs')}",
            ratio=f"× {ratio:.1f}",
            goal=f"× {self.goal:.0f}" if self.goal else "",
            verdict=judge_ratio(ratio, at_least=self.goal, why="other work on the machine, or a quicker library")
            if self.goal
            else None,
            samples=samples,
        )

    def _ours(self, number: int) -> float:
        return _micros(parse_email, self._addresses(number))

    def _peer(self, number: int) -> float:
        return _micros(_ask_peer, self._addresses(number)[:PEER_COUNT])

    def _addresses(self, number: int) -> list[str]:
        source = random.Random(f"{self.work} {number}")
        return [self.make(source) for _ in range(OURS_COUNT)]


def _micros(judge: Callable[[str], object], addresses: Sequence[str]) -> float:
    began_at = time.process_time()
    for address in addresses:
        judge(address)
    return 1e6 * (time.process_time() - began_at) / len(addresses)


def _ask_peer(text: str) -> str | None:
    """Do what a user writes today."""
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def _make_local(source: random.Random) -> str:
    name, family = source.choice(_NAMES), source.choice(_FAMILIES)
    number = source.randrange(10_000)
    return source.choice((f"{name}.{family}{number}", f"{name}{number}", f"{name[0]}{family}_{number}"))


def _make_known(source: random.Random) -> str:
    is_provider = source.random() < 0.7
    domain = source.choice(_PROVIDERS) if is_provider else f"shop-number-{source.randrange(KNOWN_COUNT)}.example"
    return f"{_make_local(source)}@{domain}"


def _make_new(source: random.Random) -> str:
    return f"{_make_local(source)}@{source.choice(_FAMILIES)}-{source.randrange(10**9)}.{source.choice(_ENDINGS)}"


def _make_messy(source: random.Random) -> str:
    plain, kind = _make_known(source), source.random()
    if kind < 0.1:
        return _make_garbage(source)
    if kind < 0.2:
        return f" {plain.upper()} "
    if kind < 0.22:
        return f"{_make_local(source)}@{source.choice(('müller', 'łódź', 'café'))}.example"
    if kind < 0.24:
        return f"józef.{plain}"
    if kind < 0.28:
        return f"{_make_local(source)}@{source.choice(('gmial.com', 'gmail.con', 'hotnail.com'))}"
    return plain


def _make_garbage(source: random.Random) -> str:
    plain = _make_known(source)
    local, _, domain = plain.partition("@")
    broken = (
        *(local, f"{local}@{local}", f"{local}@@{domain}", f"{local} @{domain}", f"{local}@{domain}.", f".{plain}"),
        *(
            f"\u00a0{plain}",
            f"{local}@{domain},",
            f"<{plain}>",
            f"{plain};{plain}",
            f"{local}@",
            "n/a",
            "brak",
            "+1 212 555",
        ),
    )
    return source.choice(broken)


def _compare() -> Figure:
    """Compare the verdict and all that comes with it, with and without the shortcuts."""
    source = random.Random("compare")
    texts = [make_email_text(source) for _ in range(COMPARED_COUNT)]
    accepted = different = 0
    for text in texts:
        expected, parsed = check_with_library(text.strip(" \t")), parse_email(text)
        accepted += isinstance(parsed, EmailAddress)
        different += not _is_same(expected, parsed)
    return Figure(
        work=f"parse_email with its shortcuts against email-validator alone, {COMPARED_COUNT:,} made-up addresses",
        measured=f"{different} differences; {accepted:,} accepted, {COMPARED_COUNT - accepted:,} refused",
        goal="0 differences",
        verdict=Verdict(is_met=different == 0, why="a shortcut is wrong"),
    )


def _is_same(expected: object, parsed: object) -> bool:
    if isinstance(parsed, EmailAddress):
        return parsed == expected
    return expected == (getattr(parsed, "code", None), getattr(parsed, "message", None))

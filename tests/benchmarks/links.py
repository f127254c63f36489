"""What a mail's links cost per recipient, beside what a user writes today; and whether a changed token ever passes.

By hand means JSON and an HMAC in base64, which anybody can read. AES-SIV (RFC 5297), the library's cipher for the same
purpose, hides what it holds, and gives the same bytes for the same claims, too.
"""

import hmac
import json
import random
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median

from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from campaignkit.addresses.channel import Rejection
from campaignkit.message.links import CampaignLinks, LinkSettings, TokenClaims, make_token, read_token
from tests.benchmarks.figures import Figure, Verdict, interleave, spread

__all__ = ["measure"]

PASSES = 11
RECIPIENTS = 5_000
CHANGED_COUNT = 200_000
GOAL_MICROSECONDS = 10
SECRET = bytes(range(32))
SETTINGS = LinkSettings(base_url="https://shop.example/m", keys={"k1": SECRET})
CAMPAIGN = "019b2c3d4e5f00000001a1b2c3d4e5f6"
_CIPHER = AESSIV(SECRET)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def measure() -> list[Figure]:
    """Measure one link, all links of a mail, and reading; then change tokens at random."""
    names = ("open", "unsubscribe", *(f"click_{number}" for number in range(1, 6)))
    one = CampaignLinks(settings=SETTINGS, merchant_id="flora", campaign_id=CAMPAIGN)
    all_of_them = CampaignLinks(
        settings=SETTINGS,
        merchant_id="flora",
        campaign_id=CAMPAIGN,
        names=names,
        target_count=5,
        bounce_domain="bounces.shop.example",
    )
    samples = interleave(
        PASSES,
        {
            "one": partial(_micros, one.unsubscribe_url),
            "by hand": partial(_micros, _by_hand),
            "AES-SIV": partial(_micros, _by_aes),
            "bounce": partial(_micros, all_of_them.bounce_address),
            "all": partial(_micros, partial(_all_links, all_of_them)),
            "read": partial(_micros, _read, make=one.unsubscribe_url),
        },
    )
    return [*_figures(samples), _changed()]


def _figures(samples: dict[str, list[float]]) -> list[Figure]:
    one = median(samples["one"])
    return [
        Figure(
            work="the unsubscribe URL of one recipient, CPU",
            measured=spread(samples["one"], " µs"),
            peer=f"JSON and HMAC by hand, readable: {spread(samples['by hand'], ' µs')};"
            f" JSON in AES-SIV of cryptography: {spread(samples['AES-SIV'], ' µs')}",
            ratio=f"× {median(samples['by hand']) / one:.1f}; × {median(samples['AES-SIV']) / one:.1f}",
            goal=f"≤ {GOAL_MICROSECONDS} µs",
            verdict=Verdict(is_met=one <= GOAL_MICROSECONDS, why=f"{one:.0f} µs are two HMACs and as much around them"),
            samples=samples,
        ),
        Figure(work="the return path of one recipient, CPU", measured=spread(samples["bounce"], " µs")),
        Figure(
            work="header, return path, picture and five clicks of one recipient, nine tokens, CPU",
            measured=spread(samples["all"], " µs"),
        ),
        Figure(work="reading one token, CPU", measured=spread(samples["read"], " µs")),
    ]


def _micros(work: Callable[[str], object], number: int, *, make: Callable[[str], str] | None = None) -> float:
    """Return what *work* takes for each recipient of pass *number*; with *make*, for what that makes of each."""
    subjects: Sequence[str] = _recipients(number) if make is None else [make(one) for one in _recipients(number)]
    began_at = time.process_time()
    for subject in subjects:
        work(subject)
    return 1e6 * (time.process_time() - began_at) / len(subjects)


def _recipients(number: int) -> list[str]:
    source = random.Random(f"recipients {number}")
    return [f"{source.getrandbits(128):032x}" for _ in range(RECIPIENTS)]


def _claims_as_json(recipient_id: str) -> bytes:
    said = {"purpose": "unsubscribe", "merchant": "flora", "campaign": CAMPAIGN, "recipient": recipient_id}
    return json.dumps(said).encode()


def _by_hand(recipient_id: str) -> str:
    said = _claims_as_json(recipient_id)
    return f"https://shop.example/m/u/{urlsafe_b64encode(said + hmac.digest(SECRET, said, 'sha256')).decode()}"


def _by_aes(recipient_id: str) -> str:
    sealed = _CIPHER.encrypt(_claims_as_json(recipient_id), None)
    return f"https://shop.example/m/u/{urlsafe_b64encode(sealed).decode()}"


def _all_links(links: CampaignLinks, recipient_id: str) -> object:
    return links.unsubscribe_url(recipient_id), links.bounce_address(recipient_id), links.values(recipient_id)


def _read(url: str) -> object:
    return read_token(SETTINGS, url.rpartition("/")[2], purpose="unsubscribe")


def _changed() -> Figure:
    """Change one to three letters of tokens at random; not one may pass."""
    source = random.Random("changed")
    accepted = 0
    for _ in range(CHANGED_COUNT):
        claims = TokenClaims(
            purpose="unsubscribe",
            merchant_id="flora",
            campaign_id=CAMPAIGN,
            recipient_id=f"{source.getrandbits(128):032x}",
        )
        token = make_token(SETTINGS, claims)
        letters = list(token)
        for place in source.sample(range(len(letters)), source.randint(1, 3)):
            letters[place] = source.choice(_LETTERS.replace(letters[place], ""))
        accepted += not isinstance(read_token(SETTINGS, "".join(letters), purpose="unsubscribe"), Rejection)
    return Figure(
        work=f"{CHANGED_COUNT:,} tokens with one to three letters changed",
        measured=f"{accepted} accepted",
        goal="0 accepted",
        verdict=Verdict(is_met=accepted == 0, why="a forged token passes"),
    )

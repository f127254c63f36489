"""Recipients and the parts of their texts in, the credits that they need by country out. Pure, one pass, streaming."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, mask
from campaignkit.addresses.phone import parse_phone
from campaignkit.credits.counts import require_count
from campaignkit.credits.prices import Price, PriceTable

__all__ = ["CountryNeed", "Estimate", "Refused", "estimate", "quote"]

SAMPLES_MAX = 5


@attrs.frozen(kw_only=True)
class CountryNeed:
    """What the recipients of one country need."""

    country: str  # as the table of prices names it; its prefix where it names none
    recipients: int
    parts: int
    credits: int


@attrs.frozen(kw_only=True)
class Refused:
    """Recipients that cannot be texted to, by reason."""

    code: RejectionCode
    count: int
    message: str  # one sentence for a shopkeeper
    samples: tuple[str, ...]  # at most five, masked


@attrs.frozen(kw_only=True)
class Estimate:
    """What a campaign needs. Recipients = those of all countries + those refused."""

    price_version: str
    recipients: int
    credits: int
    parts: int
    by_country: tuple[CountryNeed, ...]  # the dearest first
    refused: tuple[Refused, ...]  # the most frequent first

    def missing(self, available: int) -> int:
        """Return how many credits are lacking where so many are available; 0 if they suffice."""
        return max(self.credits - available, 0)


def quote(
    e164: str, parts: int, table: PriceTable, *, allowed_regions: Collection[str] | None = None
) -> int | Rejection:
    """Return the credits for one text, or why it is not sent: a service number, another country, no known price.

    Args:
        e164: As ``PhoneNumber`` has it.
        parts: Of the rendered text.
        allowed_regions: Countries that the merchant texts to; None asks for a price only and judges no number.

    Raises:
        ValueError: one of *allowed_regions* is no country code. InvalidCredits: *parts* is no whole number from 1.
    """
    found = _price(e164, table, allowed_regions)
    return found if isinstance(found, Rejection) else found.credit_count * require_count(parts, "parts")


def estimate(
    texts: Iterable[tuple[str, int]], table: PriceTable, *, allowed_regions: Collection[str] | None = None
) -> Estimate:
    """Return what *texts*, pairs of a number in E.164 and the parts of its text, need together.

    Nobody is left out silently: who has no price, or is refused as in :func:`quote`, is counted with the reason.

    Raises:
        ValueError: one of *allowed_regions* is no country code. InvalidCredits: parts are no whole number from 1.
    """
    needs: dict[str, list[int]] = {}
    refusals = _Refusals()
    count = 0
    for e164, parts in texts:
        count += 1
        found = _price(e164, table, allowed_regions)
        if isinstance(found, Rejection):
            refusals.add(found, e164)
            continue
        need = needs.setdefault(found.country or f"+{found.prefix}", [0, 0, 0])
        need[0] += 1
        need[1] += require_count(parts, "parts")
        need[2] += parts * found.credit_count
    by_country = _by_country(needs)
    return Estimate(
        price_version=table.version,
        recipients=count,
        credits=sum(need.credits for need in by_country),
        parts=sum(need.parts for need in by_country),
        by_country=by_country,
        refused=refusals.told(),
    )


def _price(e164: str, table: PriceTable, allowed_regions: Collection[str] | None) -> Price | Rejection:
    if allowed_regions is not None:
        number = parse_phone(e164, allowed_regions=allowed_regions)
        if isinstance(number, Rejection):
            return number
        if not number.is_textable:
            message = "This number is a landline, or no mobile phone."
            return Rejection(code=RejectionCode.NOT_TEXTABLE, field="phone", message=message, value=e164)
    return table.price(e164)


def _by_country(needs: Mapping[str, list[int]]) -> tuple[CountryNeed, ...]:
    found = [
        CountryNeed(country=country, recipients=recipients, parts=parts, credits=credit_count)
        for country, (recipients, parts, credit_count) in needs.items()
    ]
    return tuple(sorted(found, key=lambda need: (-need.credits, need.country)))


class _Refusals:
    """Who was refused, by code."""

    def __init__(self) -> None:
        self._counts: Counter[RejectionCode] = Counter()
        self._messages: dict[RejectionCode, str] = {}
        self._samples: dict[RejectionCode, list[str]] = {}

    def add(self, rejection: Rejection, e164: str) -> None:
        code = rejection.code
        self._counts[code] += 1
        self._messages.setdefault(code, rejection.message)
        samples = self._samples.setdefault(code, [])
        if len(samples) < SAMPLES_MAX:
            samples.append(mask(e164))

    def told(self) -> tuple[Refused, ...]:
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(
            Refused(code=code, count=count, message=self._messages[code], samples=tuple(self._samples[code]))
            for code, count in ordered
        )

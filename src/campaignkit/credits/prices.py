"""What a text costs: a number in E.164 and a table of prefixes in, whole credits per part out, or a Rejection. Pure.

Tables come in versions, each in force from its own moment. A number that no prefix begins is refused, never guessed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, shorten
from campaignkit.credits.counts import require_count, to_utc
from campaignkit.errors import NoPriceTable

__all__ = ["Price", "PriceBook", "PriceTable"]

HEAD_END = 4  # characters: the plus and three digits, by which most numbers of most tables are priced
PREFIX_MAX = 15  # digits, as many as E.164 has


def _to_prefix(text: str) -> str:
    digits = text.removeprefix("+")
    # An empty prefix would price every number there is, and that would be a guess.
    if not (digits.isascii() and digits.isdigit() and len(digits) <= PREFIX_MAX and digits[0] != "0"):
        raise ValueError(f"{text!r} is not a prefix such as '48' or '+1416'")
    return digits


def _price(_: object, attribute: "attrs.Attribute[int]", value: object) -> None:
    require_count(value, attribute.name)


@attrs.frozen
class Price:
    """One row of a table: what a part costs to numbers that begin so.

    Raises:
        ValueError: the prefix is none. InvalidCredits: the price is no whole number from 1.
    """

    prefix: str = attrs.field(converter=_to_prefix)  # digits from the country code on, a plus in front is passed over
    credit_count: int = attrs.field(validator=_price)  # per part
    country: str = ""  # the need is added up by it; as the provider's list says, ISO 3166-1 or a name


# Lengths of the longer prefixes that begin with a head, the longest first; and what else such a number costs.
_Head = tuple[tuple[int, ...], Price | None]


@attrs.frozen(kw_only=True)
class PriceTable:
    """What texts cost from *effective_from* on, until another version is in force. A longer prefix wins.

    >>> from datetime import UTC, datetime
    >>> may = datetime(2026, 5, 1, tzinfo=UTC)
    >>> table = PriceTable.of({"1": 1, "1876": 9, "48": 2}, version="may", effective_from=may)
    >>> table.price("+12125550143").credit_count, table.price("+18765550143").credit_count
    (1, 9)
    >>> table.price("+4915112345678").code.value
    'unknown_prefix'

    Raises:
        ValueError: a prefix stands there twice, or *effective_from* is naive.
    """

    version: str
    effective_from: datetime = attrs.field(converter=to_utc)
    prices: tuple[Price, ...]

    def __attrs_post_init__(self) -> None:
        if len(self._by_prefix) < len(self.prices):
            raise ValueError("a prefix stands in the table twice")

    @cached_property
    def _by_prefix(self) -> Mapping[str, Price]:
        return {price.prefix: price for price in self.prices}

    @cached_property
    def _heads(self) -> Mapping[str, _Head]:
        """Return what is left to look at behind each three digits. The table alone decides it; at most 900 entries."""
        digits = HEAD_END - 1
        lengths: dict[str, set[int]] = {}
        for prefix in self._by_prefix:
            for head in _heads_of(prefix, digits):
                lengths.setdefault(head, set()).update({len(prefix)} if len(prefix) > digits else ())
        return {
            head: (tuple(sorted(longer, reverse=True)), _longest(self._by_prefix, head))
            for head, longer in lengths.items()
        }

    @classmethod
    def of(cls, prices: Mapping[str, int], *, version: str, effective_from: datetime) -> "PriceTable":
        """Return a table of plain prefixes and prices; the need is then added up by prefix."""
        rows = tuple(Price(prefix, count) for prefix, count in prices.items())
        return cls(version=version, effective_from=effective_from, prices=rows)

    def price(self, e164: str) -> Price | Rejection:
        """Return the row for *e164*, a plus and at least three digits, or why it has no price."""
        head = self._heads.get(e164[1:HEAD_END])
        if head is None or e164[:1] != "+":
            return _unpriced(e164)
        for length in head[0]:
            found = self._by_prefix.get(e164[1 : length + 1])
            if found is not None:
                return found
        return head[1] or _unpriced(e164)

    def cost(self, e164: str, parts: int) -> int | Rejection:
        """Return the credits for a text of so many *parts*, or why it has no price.

        Raises:
            InvalidCredits: *parts* is no whole number from 1.
        """
        count = require_count(parts, "parts")
        price = self.price(e164)
        return price if isinstance(price, Rejection) else price.credit_count * count


def _heads_of(prefix: str, digits: int) -> Iterable[str]:
    """Return the heads of the numbers that begin with *prefix*."""
    if len(prefix) >= digits:
        return (prefix[:digits],)
    width = digits - len(prefix)
    return (f"{prefix}{rest:0{width}}" for rest in range(10**width))


def _longest(by_prefix: Mapping[str, Price], digits: str) -> Price | None:
    found = (by_prefix.get(digits[:length]) for length in range(len(digits), 0, -1))
    return next((price for price in found if price is not None), None)


def _unpriced(e164: str) -> Rejection:
    return Rejection(
        code=RejectionCode.UNKNOWN_PREFIX,
        field="phone",
        message="There is no price for texts to this number's country or network.",
        value=shorten(e164),
        hint="Add its prefix to the price list, or leave the number out.",
    )


def _by_moment(tables: Iterable[PriceTable]) -> tuple[PriceTable, ...]:
    return tuple(sorted(tables, key=lambda table: table.effective_from))


@attrs.frozen
class PriceBook:
    """The versions of a price list.

    Raises:
        ValueError: two are in force from the same moment, or have one name.
    """

    tables: tuple[PriceTable, ...] = attrs.field(converter=_by_moment)  # the oldest first

    def __attrs_post_init__(self) -> None:
        moments = {table.effective_from for table in self.tables}
        versions = {table.version for table in self.tables}
        if not len(moments) == len(versions) == len(self.tables):
            raise ValueError("each table of prices needs a version and a moment of its own")

    def in_force(self, at: datetime) -> PriceTable:
        """Return the table in force at *at*: a message keeps the price that it was held at, whatever comes later.

        Raises:
            NoPriceTable: none is yet.
            ValueError: *at* is naive.
        """
        moment = to_utc(at)
        found = [table for table in self.tables if table.effective_from <= moment]
        if not found:
            raise NoPriceTable(moment.isoformat())
        return found[-1]

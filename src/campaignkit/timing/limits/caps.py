"""How often one person is written to, across campaigns: a cap and past sends in, free or until when not, out. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

__all__ = ["CapAnswer", "CapExcess", "CapVerdict", "FrequencyCap"]


class CapExcess(StrEnum):
    """What becomes of a message above the cap: the merchant's choice."""

    DEFER = "defer"  # it waits until an earlier message is old enough
    SKIP = "skip"  # this campaign leaves the person out


class CapVerdict(StrEnum):
    """The answers to whether a person may be written to."""

    FREE = "free"
    DEFERRED = "deferred"
    SKIPPED = "skipped"


@attrs.frozen(kw_only=True)
class CapAnswer:
    """Whether a person may be written to now."""

    verdict: CapVerdict
    until: datetime | None = None  # UTC; when the person is free again. None: now
    message: str = ""  # one sentence for a shopkeeper


def _at_least_one(_: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"a frequency cap's {attribute.name} must be a whole number from 1, not {value!r}")


@attrs.frozen(kw_only=True)
class FrequencyCap:
    """At most so many marketing *messages* to one person in any *days* days (of 24 hours), across campaigns."""

    messages: int = attrs.field(validator=_at_least_one)
    days: int = attrs.field(validator=_at_least_one)
    excess: CapExcess = attrs.field(default=CapExcess.DEFER, converter=CapExcess)

    @property
    def length(self) -> timedelta:
        return timedelta(days=self.days)

    def answer(self, past: Iterable[datetime], now: datetime, *, deadline: datetime | None = None) -> CapAnswer:
        """Return whether somebody who was sent marketing at the instants of *past*, in any order, may be written to.

        An instant after *now* counts as well: a clock that went back makes nobody free. Who would be free only at or
        after the campaign's *deadline* is skipped, as there is nothing to wait for.

        Raises:
            ValueError: *now* or an instant is naive.
        """
        instants = sorted(past, reverse=True)
        if any(instant.tzinfo is None for instant in [now, *instants]):
            raise ValueError("a frequency cap needs instants with a zone; a naive one was given")
        if len(instants) < self.messages:
            return CapAnswer(verdict=CapVerdict.FREE)
        until = instants[self.messages - 1] + self.length
        if until <= now:
            return CapAnswer(verdict=CapVerdict.FREE)
        is_late = deadline is not None and until >= deadline
        verdict = CapVerdict.SKIPPED if is_late or self.excess is CapExcess.SKIP else CapVerdict.DEFERRED
        return CapAnswer(verdict=verdict, until=until, message=self._message(verdict))

    def _message(self, verdict: CapVerdict) -> str:
        already = f"had {_number(self.messages, 'marketing message')} in {_number(self.days, 'day')} already"
        what = "waits until one of them is old enough" if verdict is CapVerdict.DEFERRED else "is left out this time"
        return f"this person {already} and {what}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

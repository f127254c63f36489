"""Who of one campaign is next: claims, and who is put off until an opening, as ``dispatch`` does it. Pure.

A recipient is its place in the order of ids: a number of four bytes. Claims go by ``not_before``, then by id; who is
claimed while the own hours are closed waits until they open, and stands by id among those who wait for that moment.
"""

from array import array
from collections import Counter as Tally
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush

import attrs

from campaignkit.insight.forecast.hours import NEVER, Hours
from campaignkit.ports import Backlog
from campaignkit.timing.limits.states import to_micros

__all__ = ["Queue"]

MIXED = -1  # of a part that holds recipients of several groups


@attrs.define
class _Part:
    """Recipients that wait for the same moment, or for nothing any more."""

    places: "array[int]" = attrs.field(factory=lambda: array("I"))
    group: int | None = None  # the one that all of them are of, or MIXED; None: nobody is in it
    is_sorted: bool = True

    def add(self, places: Sequence[int], group: int) -> None:
        """Add *places*, at least one, which rise."""
        if self.places and places[0] < self.places[-1]:
            self.is_sorted = False
        self.group = group if self.group in {None, group} else MIXED
        self.places.extend(places)

    def sort(self) -> None:
        if not self.is_sorted:
            self.places = array("I", sorted(self.places))
            self.is_sorted = True


class Queue:
    """The pending recipients of one campaign."""

    def __init__(
        self, backlog: Sequence[Backlog], zone: str, *, is_by_zones: bool, holds: Callable[[str], bool] | None = None
    ) -> None:
        """Let those of *backlog* wait.

        Args:
            zone: Of those who have none, and of all unless *is_by_zones*.
            holds: Whether those towards a destination are of this queue; the others keep their places only. None: all.
        """
        self.zones: list[tuple[str, ...]] = []  # of each group
        self.group_of = array("H")  # by place
        self.sent = array("I")  # places in the order in which they go
        self.never = array("I")  # places of those whose hours never come
        self.ready_count = 0
        self.ready_by_group: list[int] = []
        self._ready: deque[_Part] = deque()
        self._offset = 0  # how many of the first part are gone
        self._later: dict[int, _Part] = {}
        self._wakes: list[int] = []  # a heap of the instants in ``_later``
        self._later_count = 0
        self._fill(backlog, zone, is_by_zones, holds)

    def _fill(
        self, backlog: Sequence[Backlog], zone: str, is_by_zones: bool, holds: Callable[[str], bool] | None
    ) -> None:
        groups: dict[tuple[str, ...], int] = {}
        first, moment, part = 0, None, _Part()
        for run in backlog:
            zones, end = run.zones if is_by_zones else (), first + run.count
            group = groups.setdefault(zones, len(groups))
            self.group_of.extend((group,) * run.count)
            if holds is None or holds(run.destination):
                if run.not_before is not moment:
                    moment = run.not_before
                    part = self._waiting_until(to_micros(moment))
                part.group = group if part.group is None or part.group == group else MIXED
                part.places.extend(range(first, end))  # they rise: the backlog goes by id
                self._later_count += run.count
            first = end
        self.zones = [zones or (zone,) for zones in groups]
        self.ready_by_group = [0] * len(groups)

    @property
    def rest_count(self) -> int:
        """How many are left."""
        return self.ready_count + self._later_count

    @property
    def next_wake(self) -> int:
        """When somebody else becomes ready."""
        return self._wakes[0] if self._wakes else NEVER

    def wake(self, at: int) -> None:
        """Let those be ready whose moment has come by *at*."""
        while self._wakes and self._wakes[0] <= at:
            part = self._later.pop(heappop(self._wakes))
            part.sort()
            self._ready.append(part)
            self._later_count -= len(part.places)
            self.ready_count += len(part.places)
            for group, count in self._count(part.places, part.group).items():
                self.ready_by_group[group] += count

    def claim(self, count: int, hours: Sequence[Hours]) -> int:
        """Take up to *count* who are ready, longest waiting first, and return how many of them are sent to now."""
        sent = 0
        while count and self._ready:
            end = min(self._offset + count, len(self._ready[0].places))
            count -= end - self._offset
            sent += self._serve(end, hours)
        return sent

    def send(self, count: int, hours: Sequence[Hours]) -> None:
        """Claim until *count* are sent to; so many who are ready have open hours."""
        while count:
            count -= self._serve(self._end_of(count, hours), hours)

    def open_count(self, hours: Sequence[Hours]) -> int:
        """Return how many are ready whose hours are open."""
        return sum(ready for ready, one in zip(self.ready_by_group, hours, strict=True) if ready and one.is_open)

    def clear(self) -> int:
        """Let nobody wait any more, and return how many did."""
        count = self.rest_count
        self._ready.clear()
        self._later.clear()
        self._wakes.clear()
        self.ready_count = self._later_count = self._offset = 0
        self.ready_by_group = [0] * len(self.ready_by_group)
        return count

    def _end_of(self, count: int, hours: Sequence[Hours]) -> int:
        """Return where in the first part the last of *count* stands who can be sent to, or the end of the part."""
        first = self._ready[0]
        places, group = first.places, first.group
        if group is not None and group != MIXED:
            return min(self._offset + count, len(places)) if hours[group].is_open else len(places)
        is_open, group_of = [one.is_open for one in hours], self.group_of
        for end in range(self._offset, len(places)):
            if is_open[group_of[places[end]]]:
                count -= 1
                if not count:
                    return end + 1
        return len(places)

    def _serve(self, end: int, hours: Sequence[Hours]) -> int:
        """Claim the first part up to *end*, and return how many of those are sent to."""
        first = self._ready[0]
        places = first.places[self._offset : end]
        self._offset = end
        if end == len(first.places):
            self._ready.popleft()
            self._offset = 0
        found = self._count(places, first.group)
        for group, count in found.items():
            self.ready_by_group[group] -= count
        self.ready_count -= len(places)
        closed = [group for group in found if not hours[group].is_open]
        if not closed:
            self.sent.extend(places)
            return len(places)
        group_of = self.group_of
        for group in closed:
            others = places if len(found) == 1 else [place for place in places if group_of[place] == group]
            self._close(hours[group].opens_at, others, group)
        if len(closed) < len(found):
            self.sent.extend(place for place in places if hours[group_of[place]].is_open)
        return len(places) - sum(found[group] for group in closed)

    def _count(self, places: Sequence[int], group: int | None) -> Mapping[int, int]:
        if group is not None and group != MIXED:
            return {group: len(places)}
        return Tally(map(self.group_of.__getitem__, places))

    def _close(self, opens_at: int | None, places: Sequence[int], group: int) -> None:
        if opens_at is None:
            self.never.extend(places)
        else:
            self._waiting_until(opens_at).add(places, group)
            self._later_count += len(places)

    def _waiting_until(self, until: int) -> _Part:
        waiting = self._later.get(until)
        if waiting is None:
            waiting = self._later[until] = _Part()
            heappush(self._wakes, until)
        return waiting

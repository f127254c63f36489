"""Who of one campaign is next: claims, and who is put off until an opening, as ``dispatch`` does it. Pure.

A recipient is its place in the order of ids: a number of four bytes. Claims go by ``not_before``, then by id; who is
claimed while the own hours are closed waits until they open, and stands by id among those who wait for that moment.
"""

from array import array
from collections import Counter as Tally
from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush

from campaignkit.insight.forecast.hours import NEVER, Hours
from campaignkit.ports import Backlog
from campaignkit.timing.limits.states import to_micros

__all__ = ["Queue"]


class Queue:
    """The pending recipients of one campaign."""

    def __init__(self, backlog: Sequence[Backlog], zone: str, *, is_by_zones: bool) -> None:
        """Let those of *backlog* wait; *zone* is that of who has none, and only one for all unless *is_by_zones*."""
        self.zones: list[tuple[str, ...]] = []  # of each group
        self.group_of = array("H")  # by place
        self.sent = array("I")  # places in the order in which they go
        self.never = array("I")  # places of those whose hours never come
        self.ready_count = 0
        self.ready_by_group: list[int] = []
        self._ready: deque[array[int]] = deque()
        self._offset = 0  # how many of the first part are gone
        self._later: dict[int, array[int]] = {}
        self._wakes: list[int] = []  # a heap of the instants in ``_later``
        self._later_count = 0
        groups: dict[tuple[str, ...], int] = {}
        for run in backlog:
            zones = (run.zones or (zone,)) if is_by_zones else (zone,)
            group = groups.setdefault(zones, len(groups))
            first = len(self.group_of)
            self.group_of.extend(array("H", [group]) * run.count)
            self._put_off(to_micros(run.not_before), range(first, first + run.count))
        self.zones = list(groups)
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
            part = array("I", sorted(self._later.pop(heappop(self._wakes))))
            self._ready.append(part)
            self._later_count -= len(part)
            self.ready_count += len(part)
            for group, count in self._count(part).items():
                self.ready_by_group[group] += count

    def claim(self, count: int, hours: Sequence[Hours]) -> int:
        """Take up to *count* who are ready, longest waiting first, and return how many of them are sent to now."""
        sent = 0
        while count and self._ready:
            part = self._cut(count)
            count -= len(part)
            sent += self._serve(part, hours)
        return sent

    def send(self, count: int, hours: Sequence[Hours]) -> None:
        """Claim until *count* are sent to; so many who are ready have open hours."""
        while count:
            count -= self.claim(count, hours)

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

    def _cut(self, count: int) -> "array[int]":
        first = self._ready[0]
        part = first[self._offset : self._offset + count]
        self._offset += len(part)
        if self._offset == len(first):
            self._ready.popleft()
            self._offset = 0
        return part

    def _serve(self, part: "array[int]", hours: Sequence[Hours]) -> int:
        found = self._count(part)
        for group, count in found.items():
            self.ready_by_group[group] -= count
        self.ready_count -= len(part)
        closed = [group for group in found if not hours[group].is_open]
        if not closed:
            self.sent.extend(part)
            return len(part)
        group_of = self.group_of
        for group in closed:
            self._close(hours[group].opens_at, [place for place in part if group_of[place] == group])
        self.sent.extend(place for place in part if hours[group_of[place]].is_open)
        return len(part) - sum(found[group] for group in closed)

    def _count(self, part: "array[int]") -> "Tally[int] | dict[int, int]":
        if len(self.zones) == 1:
            return {0: len(part)}
        return Tally(map(self.group_of.__getitem__, part))

    def _close(self, opens_at: int | None, places: Sequence[int]) -> None:
        if opens_at is None:
            self.never.extend(places)
        else:
            self._put_off(opens_at, places)

    def _put_off(self, until: int, places: Sequence[int]) -> None:
        waiting = self._later.get(until)
        if waiting is None:
            waiting = self._later[until] = array("I")
            heappush(self._wakes, until)
        waiting.extend(places)
        self._later_count += len(places)

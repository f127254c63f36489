"""Who may ask a provider again that was left alone: one message of one worker. I/O only through records.

A sender or a destination group whose block is over is not yet known to be well. Whoever writes first into its health
that it is being asked sends one message; all others wait for what becomes of it, or for the end of the worker's lease.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import attrs

from campaignkit.campaign.senders import GroupHealth, SenderHealth
from campaignkit.dispatch.records import Records

__all__ = ["Probing"]


@attrs.frozen(kw_only=True)
class Probing:
    """Probes of one sender, at one instant, on behalf of one worker."""

    records: Records
    merchant_id: str
    sender_id: str
    now: datetime
    lease: timedelta

    def take(self) -> bool:
        """Return whether this worker is the one that asks the sender again."""
        has_taken = False

        def change(health: SenderHealth) -> SenderHealth:
            nonlocal has_taken
            has_taken = health.wants_probe(self.now) and not health.is_probed(self.now)
            return attrs.evolve(health, probed_until=self.now + self.lease) if has_taken else health

        return self._change(change) and has_taken

    def take_groups(self, names: Iterable[str]) -> frozenset[str]:
        """Return those of the groups *names* that this worker asks again."""
        wanted = frozenset(names)
        taken: frozenset[str] = frozenset()

        def change(health: SenderHealth) -> SenderHealth:
            nonlocal taken
            free = {name: group for name, group in health.groups.items() if name in wanted and self._is_free(group)}
            taken = frozenset(free)
            until = self.now + self.lease
            return attrs.evolve(
                health,
                groups={**health.groups, **{k: attrs.evolve(one, probed_until=until) for k, one in free.items()}},
            )

        return taken if wanted and self._change(change) else frozenset()

    def give_back(self, names: Iterable[str], *, is_sender: bool) -> None:
        """Let another worker ask the groups *names*, and the sender: this one had nobody to write to."""
        given = frozenset(names)

        def change(health: SenderHealth) -> SenderHealth:
            groups = {k: attrs.evolve(one, probed_until=None) for k, one in health.groups.items() if k in given}
            until = None if is_sender else health.probed_until
            return attrs.evolve(health, probed_until=until, groups={**health.groups, **groups})

        if given or is_sender:
            self._change(change)

    def _is_free(self, group: GroupHealth) -> bool:
        return group.wants_probe(self.now) and not group.is_probed(self.now)

    def _change(self, change: Callable[[SenderHealth], SenderHealth]) -> bool:
        return self.records.change_health(self.merchant_id, self.sender_id, change) is not None

"""What came back, in memory: events by the messages that they found, and those that wait for theirs. No locks."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import attrs

from campaignkit.delivery.feedback import Feedback, HeardFeedback, NamedMessage

__all__ = ["HeardTable", "Kept"]


@attrs.define
class Kept:
    """An event, the recipient that it found, and until when it is kept."""

    feedback: Feedback
    recorded_at: datetime
    owner: tuple[str, str] | None = None  # merchant and recipient
    until: datetime | None = None


class HeardTable:
    """Events by key, by recipient and by the ids that they wait for; and the ids that stand for messages."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.ids: dict[tuple[str, str], NamedMessage] = {}
        self._of: dict[tuple[str, str], list[HeardFeedback]] = {}

    def of(self, merchant_id: str, recipient_id: str) -> tuple[HeardFeedback, ...]:
        """Return the events about one recipient, in the order in which they were recorded."""
        return tuple(self._of.get((merchant_id, recipient_id), ()))

    def waiting(self, place: tuple[str, str]) -> Iterator[Kept]:
        """Yield what waits for an id at an account."""
        for one in list(self.kept.values()):
            is_waiting = one.owner is None and not one.feedback.names_address
            if is_waiting and (one.feedback.account, one.feedback.provider_id) == place:
                yield one

    def attach(self, kept: Kept, named: NamedMessage) -> None:
        """Keep an event with the recipient that it found."""
        kept.owner, kept.until = (named.merchant_id, named.recipient_id), None
        heard = HeardFeedback(
            feedback=attrs.evolve(kept.feedback, merchant_id=named.merchant_id),
            recorded_at=kept.recorded_at,
            epoch=named.epoch,
            generation=named.generation,
            part=named.part,
            known_count=named.known_count,
            part_count=named.part_count,
        )
        self._of.setdefault(kept.owner, []).append(heard)

    def prune(self, now: datetime) -> None:
        """Forget what was kept for long enough."""
        self.kept = {key: one for key, one in self.kept.items() if one.until is None or one.until > now}

    def forget(self, merchant_id: str, recipient_ids: Sequence[str]) -> None:
        """Forget all that was recorded about recipients, and which ids stand for them."""
        gone = {(merchant_id, recipient_id) for recipient_id in recipient_ids}
        self.kept = {key: one for key, one in self.kept.items() if one.owner not in gone}
        self.ids = {place: one for place, one in self.ids.items() if (one.merchant_id, one.recipient_id) not in gone}
        for owner in gone:
            self._of.pop(owner, None)

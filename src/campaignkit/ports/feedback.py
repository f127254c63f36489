"""What came back about messages, as a store keeps it. A Protocol and its laws. Pure."""

from collections.abc import Sequence
from typing import Protocol

from campaignkit.delivery.feedback import Feedback, RecordResult

__all__ = ["FeedbackStore"]


class FeedbackStore(Protocol):
    """Receipts, bounces, complaints, opt-outs: in any order, as often as they come, before or after the settle."""

    def record(self, events: Sequence[Feedback], /) -> Sequence[RecordResult]:
        """Keep *events* in one commit, and return one result each.

        An event finds its message by ``feedback.is_about``. In the same commit its recipient's delivery becomes
        ``feedback.delivery_of`` all its events; ``feedback.suppression_reason`` puts the address on the list as
        ``suppress`` does, if the event is about the recipient's current attempt; and who is in doubt is settled by
        ``feedback.accept_by``. A recipient that goes into doubt later, by ``settle`` or ``reap``, is settled at once.

        An event that finds none is kept for ``WAITING_HORIZON``. ``settle`` names a text by its provider's ids (of its
        parts: ``part_ids``) at its ``account``, the newest text winning, and hands it in its own commit the events that
        wait for these ids and whose merchant it may be. ``reap`` drops what waited for too long.

        An event that names an address suppresses or lifts it, and is unmatched never.
        """
        ...

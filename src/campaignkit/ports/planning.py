"""What forecasts, checks and test sends ask of a store. A Protocol and its laws. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.timing.limits import LimitScope, LimitState

__all__ = ["Backlog", "PlanningStore", "destination_of"]


@attrs.frozen
class Backlog:
    """Pending recipients of one campaign that follow each other by their ids and are alike in all that forecasts ask.

    ``count`` of them in a run, and not one value for all that are alike: in what order the zones of a list take turns
    decides who is sent to before a window closes.
    """

    count: int
    zones: tuple[str, ...]  # as stored: empty is the merchant's zone
    not_before: datetime
    destination: str = ""  # a mail domain in lower case, or the first ``PREFIX_LENGTH`` characters of an E.164 number


PREFIX_LENGTH = 4  # a plus and three digits: what tells one country's calling code from another's


def destination_of(channel: Channel | str, address: str) -> str:
    """Return ``Backlog.destination`` of an address.

    >>> destination_of("email", "Ann@Example.com"), destination_of("sms", "+12125550143")
    ('example.com', '+121')
    """
    if channel == Channel.SMS:
        return address[:PREFIX_LENGTH]
    return address.rpartition("@")[2].lower()


class PlanningStore(Protocol):
    """What forecasts, checks and test sends ask: who still waits, what limits have counted, who had marketing."""

    def backlog(
        self, merchant_id: str, campaign_id: str, /, *, before: str | None = None, by_destination: bool = False
    ) -> Sequence[Backlog]:
        """Return a campaign's pending recipients in order of ``recipient_id``, those alike in a row as one.

        Args:
            before: Only those whose ids come before this recipient_id.
            by_destination: Whether destinations part those who are alike otherwise; else they are empty.
        """
        ...

    def counted(self, keys: Sequence[str], /) -> Mapping[str, LimitState]:
        """Return what was counted under each of the scope *keys*; one that is missing was never counted."""
        ...

    def spend(self, scopes: Sequence[LimitScope], /, *, draw: float = 0.0) -> datetime | None:
        """Count one message under *scopes*, in one commit, and return None; or when one may begin, counting nothing.

        For what a provider counts though it is no recipient's: test sends. By the store's clock, as begin.
        """
        ...

    def marketing(self, merchant_id: str, keys: Sequence[str], since: datetime, /) -> Mapping[str, Sequence[datetime]]:
        """Return when marketing to the addresses *keys* began after *since*, where it was or may have been accepted."""
        ...

"""What forecasts, checks and test sends ask, and begin with them: who still waits, what was counted, who had what."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from campaignkit.campaign.documents import structure
from campaignkit.campaign.recipients import Attempt, CampaignRecipient
from campaignkit.ports import Backlog
from campaignkit.ports.planning import destination_of
from campaignkit.timing.limits import LimitScope, LimitState, counts_of, grant_together, take_together
from examples.own_store.database import Database, Work
from examples.own_store.rows import campaign_of, limits_of, put_limits

__all__ = ["PlanningVerbs", "limit_names", "marketing_of"]

BATCH_MAX = 500  # rows in memory at once


class PlanningVerbs(Database):
    """``ports.PlanningStore``."""

    def backlog(
        self, merchant_id: str, campaign_id: str, /, *, before: str | None = None, by_destination: bool = False
    ) -> Sequence[Backlog]:
        query = """
            SELECT body FROM own_recipients
            WHERE merchant_id = %s AND campaign_id = %s AND status = 'pending' AND intake = 'recipient'
            AND (%s::text IS NULL OR recipient_id < %s) ORDER BY recipient_id
        """
        with self.reading() as work, work.connection.cursor("backlog") as cursor:
            cursor.itersize = BATCH_MAX
            rows = cursor.execute(query, (merchant_id, campaign_id, before, before))
            pending = (structure(body, CampaignRecipient) for (body,) in rows)
            alike = (
                (row.zones, row.not_before, destination_of(row.channel, row.address) if by_destination else "")
                for row in pending
            )
            return [Backlog(sum(1 for _ in run), *shared) for shared, run in groupby(alike)]

    def counted(self, keys: Sequence[str], /) -> Mapping[str, LimitState]:
        with self.reading() as work:
            return limits_of(work, keys)

    def spend(self, scopes: Sequence[LimitScope], /, *, draw: float = 0.0) -> datetime | None:
        with self.writing(beside=limit_names(scopes)) as work:
            states = limits_of(work, [scope.key for scope in scopes])
            held = grant_together(counts_of(scopes, states), work.now).grant
            if held.count:
                put_limits(work, states, take_together(scopes, states, work.now, draw=draw))
            return held.next_at

    def marketing(self, merchant_id: str, keys: Sequence[str], since: datetime, /) -> Mapping[str, Sequence[datetime]]:
        with self.reading() as work:
            found = {key: marketing_of(work, merchant_id, key, since) for key in keys}
        return {key: instants for key, instants in found.items() if instants}


def limit_names(scopes: Iterable[LimitScope]) -> list[str]:
    """Return what a transaction locks that counts under *scopes*."""
    return [f"limit {scope.key}" for scope in scopes]


def marketing_of(work: Work, merchant_id: str, address_key: str, since: datetime) -> tuple[datetime, ...]:
    """Return when marketing to an address began after *since*, where it was or may have been accepted."""
    query = """
        SELECT own_recipients.body, own_attempts.body
        FROM own_recipients JOIN own_attempts USING (merchant_id, recipient_id)
        WHERE merchant_id = %s AND address_key = %s AND intake = 'recipient' AND began_at > %s ORDER BY began_at
    """
    began: list[datetime] = []
    for row_body, attempt_body in work.rows(query, merchant_id, address_key, since):
        row, attempt = structure(row_body, CampaignRecipient), structure(attempt_body, Attempt)
        campaign = campaign_of(work, merchant_id, row.campaign_id)
        is_marketing = campaign is not None and campaign.is_marketing
        counts = attempt.may_be_accepted and not row.is_about_to_repeat(attempt)
        if is_marketing and counts and attempt.began_at is not None:
            began.append(attempt.began_at)
    return tuple(began)

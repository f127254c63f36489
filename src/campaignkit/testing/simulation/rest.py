"""What must be true when all is done: the provider's log against the store, and everybody at their end. Reads both."""

from collections import Counter
from collections.abc import Sequence

from campaignkit.campaign.doubts import NOT_REPEATABLE
from campaignkit.campaign.recipients import CampaignRecipient, Intake
from campaignkit.campaign.status import UNFINISHED_STATUSES, CampaignStatus, RecipientStatus
from campaignkit.credits.balances import make_balance
from campaignkit.credits.entries import Entry, Position, add_up
from campaignkit.ports import Store
from campaignkit.testing.simulation.court import Court, Place

__all__ = ["judge_rest", "statuses_of"]

# Where a message that was accepted may stand.
_ADMITTED = frozenset(
    {RecipientStatus.SENT, RecipientStatus.SENDING, RecipientStatus.IN_DOUBT, RecipientStatus.UNKNOWN}
)
_BEFORE_BEGINNING = frozenset(
    {RecipientStatus.PENDING, RecipientStatus.CANCELLED, RecipientStatus.SKIPPED, RecipientStatus.EXPIRED}
)
_RESTING = frozenset({CampaignStatus.DRAFT, CampaignStatus.PAUSED, CampaignStatus.FAILED})
_OVER = frozenset({CampaignStatus.FINISHED, CampaignStatus.CANCELLED})


def judge_rest(court: Court, *, is_fair: bool) -> None:
    """Judge everything once nobody has anything left to do."""
    for change in court.read(list(court.bodies)):
        court.find("unnamed_change", f"{change.before.recipient_id} changed, and no call did it")
    for place in list(court.bodies):
        court.reload(place)
        _judge_sums(court, place)
        for row in _recipients(court, place):
            _judge_witness(court, row)
            _judge_price(court, row)
            _judge_end(court, place, row, is_fair=is_fair)
        _judge_campaign(court, place)
    for merchant_id in dict.fromkeys(place[0] for place in court.bodies):
        _judge_ledger(court, merchant_id)


def statuses_of(court: Court) -> Counter[str]:
    """Return how many recipients stand where."""
    return Counter(row.status.value for place in court.bodies for row in _recipients(court, place))


def _recipients(court: Court, place: Place) -> Sequence[CampaignRecipient]:
    return [row for row in court.rows.get(place, {}).values() if row.intake is Intake.RECIPIENT]


def _judge_sums(court: Court, place: Place) -> None:
    counted = sum(count.count for count in court.store.count_recipients(*place))
    if counted != len(court.rows.get(place, {})):
        court.find("row_count", f"{counted} rows of {place[1]} are counted, {len(court.rows[place])} are there")


def _judge_witness(court: Court, row: CampaignRecipient) -> None:
    """Compare one recipient with what the provider has."""
    is_accepted = row.recipient_id in court.accepted
    if row.status is RecipientStatus.SENT and not is_accepted:
        court.find("lost", f"{row.recipient_id} is sent, and the provider never had it")
    if is_accepted and row.status not in _ADMITTED and not _ended_before_its_repetition(row):
        court.find("unexpected", f"the provider has the message of {row.recipient_id}, which is {row.status}")


def _ended_before_its_repetition(row: CampaignRecipient) -> bool:
    """Return whether somebody in doubt was to be sent the very same message again, and it did not come to that.

    Who is pending is cancelled, skipped or expires as anybody, and the first try stays open: its credit tells.
    """
    is_too_late = row.status is RecipientStatus.FAILED and row.reason == NOT_REPEATABLE
    return row.is_repeated and (is_too_late or row.status in _BEFORE_BEGINNING)


def _judge_price(court: Court, row: CampaignRecipient) -> None:
    """A message is paid once, however often it was sent."""
    trail = court.store.trail(row.merchant_id, row.recipient_id)
    paid = Counter(one.generation for one in (trail.attempts if trail else ()) if one.credit_spent)
    if any(count > 1 for count in paid.values()):
        court.find("ledger", f"{row.recipient_id} paid for one message {max(paid.values())} times")


def _judge_end(court: Court, place: Place, row: CampaignRecipient, *, is_fair: bool) -> None:
    status = court.status(place)
    if row.status in {RecipientStatus.CLAIMED, RecipientStatus.SENDING}:
        court.find("unfinished", f"{row.recipient_id} is {row.status} of {row.worker_id}")
    if row.status is RecipientStatus.PENDING and status in _OVER:
        court.find("unfinished", f"{row.recipient_id} is pending, and its campaign is {status}")
    if is_fair and row.status in {RecipientStatus.FAILED, RecipientStatus.IN_DOUBT, RecipientStatus.UNKNOWN}:
        court.find("unexpected", f"{row.recipient_id} is {row.status} ({row.reason}), and nothing went wrong")


def _judge_campaign(court: Court, place: Place) -> None:
    status = court.status(place)
    left = [row for row in _recipients(court, place) if row.status in UNFINISHED_STATUSES]
    if status in _OVER or status in _RESTING:
        return
    if status is CampaignStatus.SCHEDULED and _waits_for_credit(court, place):
        return
    reason = court.bodies[place].get("waiting_for")
    court.find("unfinished", f"{place[1]} is {status} (waits for {reason}) with {len(left)} unfinished")


def _waits_for_credit(court: Court, place: Place) -> bool:
    body = court.bodies[place]
    available = make_balance(court.store.lots(place[0]), court.now()).available
    return body.get("waiting_for") == "credit" and available < body.get("credit_needed", 0)


def _judge_ledger(court: Court, merchant_id: str) -> None:
    lots = court.store.lots(merchant_id)
    found = add_up(Position(), _entries(court.store, merchant_id))
    for name in ("granted", "available", "held", "spent", "expired"):
        in_lots = sum(getattr(lot, name) for lot in lots)
        if getattr(found, name) != in_lots:
            entries = getattr(found, name)
            court.find("ledger", f"the entries of {merchant_id} add up to {entries} {name}, its lots to {in_lots}")


def _entries(store: Store, merchant_id: str) -> Sequence[Entry]:
    attempts = store.charged(merchant_id, limit=100_000)
    return [*store.posted(merchant_id), *(entry for attempt in attempts for entry in attempt.credit_entries)]

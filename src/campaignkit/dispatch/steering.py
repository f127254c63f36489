"""What a campaign does at this moment: its settings and what is due in, one action out. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import attrs

from campaignkit.campaign.campaign import Campaign, WaitingFor
from campaignkit.campaign.senders import SETBACKS_MAX, SenderHealth
from campaignkit.campaign.status import CampaignEvent, CampaignStatus
from campaignkit.delivery.begin import CROSS_WITHIN
from campaignkit.delivery.sentences import describe_failure
from campaignkit.ports import Due, SaveGuard
from campaignkit.timing.windows import NoWindow, SendWindow

__all__ = ["PROBE_LOOK", "Action", "Expire", "Move", "Opening", "Send", "Wait", "opening_at", "steer"]

# While one message asks a sender again, how soon the others look whether it was answered.
PROBE_LOOK = timedelta(seconds=10)


@attrs.frozen(kw_only=True)
class Opening:
    """A window at one instant, in one group of zones."""

    is_open: bool
    closes_at: datetime | None = None  # None: never, or closed already
    opens_at: datetime | None = None  # the next opening after now, or after closing
    problem: str = ""  # why it never opens again


@attrs.frozen(kw_only=True)
class Send:
    """Claim up to so many, and send them."""

    limit: int
    is_probe: bool = False  # one message asks a sender again that was left alone, or is on trial


@attrs.frozen(kw_only=True)
class Wait:
    """Nothing to do before *until*; the status stays."""

    until: datetime
    waiting_for: WaitingFor


@attrs.frozen(kw_only=True)
class Expire:
    """The deadline is past: nobody who is pending will be written to."""


@attrs.frozen(kw_only=True)
class Move:
    """Move the campaign by *event* (None: only what it waits for changes), if *guard* holds."""

    event: CampaignEvent | None
    waiting_for: WaitingFor = WaitingFor.NOTHING
    next_at: datetime | None = None
    what: str
    why: str
    code: str = ""
    guard: SaveGuard = SaveGuard.NONE


Action = Send | Wait | Expire | Move


def opening_at(window: SendWindow | None, now: datetime, zones: Iterable[str]) -> Opening:
    """Return how *window* stands at *now* for a recipient in *zones*; no window is always open."""
    if window is None:
        return Opening(is_open=True)
    names = tuple(zones)
    closes_at = window.next_close(now, names)
    if closes_at is None:
        return Opening(is_open=True)
    opens_at = window.next_open(closes_at, names)
    is_open = closes_at > now
    if isinstance(opens_at, NoWindow):
        return Opening(is_open=is_open, closes_at=closes_at if is_open else None, problem=opens_at.message)
    return Opening(is_open=is_open, closes_at=closes_at if is_open else None, opens_at=opens_at)


def steer(campaign: Campaign, due: Due, now: datetime, *, zone: str, health: SenderHealth) -> Action | None:
    """Return what *campaign* does now; None: nothing, and nothing timed is left.

    Args:
        zone: The merchant's zone; a window of the recipient's own zone is judged recipient by recipient instead.
    """
    is_leased = due.next_lease_at is not None
    is_empty = due.ready_count == 0 and due.limited_until is None and due.next_pending_at is None
    if is_empty and not is_leased:
        return _finish()
    if is_empty:
        return Wait(until=_required(due.next_lease_at), waiting_for=WaitingFor.LEASE)
    if campaign.deadline is not None and now >= campaign.deadline:
        return Expire()
    return _until_deadline(_with_somebody_left(campaign, due, now, zone=zone, health=health), campaign.deadline)


def _with_somebody_left(campaign: Campaign, due: Due, now: datetime, *, zone: str, health: SenderHealth) -> Action:
    shared = campaign.window if campaign.window is not None and campaign.window.zone != "recipient" else None
    opening = opening_at(shared, now, (zone,))
    if campaign.status is CampaignStatus.SCHEDULED:
        return _start(campaign, opening, now, zone=zone)
    return _closed(opening, due, now) or _go_on(due, now, health)


def _until_deadline(action: Action, deadline: datetime | None) -> Action:
    """Return *action*, woken at the deadline at the latest: who is still waiting then expires at that moment."""
    match action:
        case Wait(until=until) if deadline is not None and deadline < until:
            return attrs.evolve(action, until=deadline)
        case Move(next_at=next_at) if deadline is not None and next_at is not None and deadline < next_at:
            return attrs.evolve(action, next_at=deadline)
        case _:
            return action


def _finish() -> Move:
    return Move(
        event=CampaignEvent.FINISH,
        what="finished",
        why="Nobody is waiting to be written to any more.",
        guard=SaveGuard.NOBODY_LEFT,
    )


def _start(campaign: Campaign, opening: Opening, now: datetime, *, zone: str) -> Action:
    if not opening.is_open:
        return _wait_for_window(None, opening)
    if not campaign.has_begun and _is_missed(campaign, now, zone=zone):
        return Move(
            event=CampaignEvent.PAUSE,
            waiting_for=WaitingFor.CONFIRMATION,
            what="start_missed",
            why="The start was missed by more than the grace; resume to send all the same.",
            code="start_missed",
        )
    is_everybodys = campaign.window is not None and campaign.window.zone == "recipient"
    hours = "each recipient's own hours are kept" if is_everybodys else "the window is open"
    return Move(event=CampaignEvent.START, what="sending", why=f"The start has come and {hours}.")


def _is_missed(campaign: Campaign, now: datetime, *, zone: str) -> bool:
    """Return whether the first moment at which it could have begun is longer ago than the grace."""
    if campaign.start_at is None or campaign.is_late_start_confirmed:
        return False
    first = campaign.start_at
    if campaign.window is not None:
        opening = campaign.window.next_open(first, (zone,))
        first = first if isinstance(opening, NoWindow) else opening
    return now - first > campaign.start_grace


def _closed(opening: Opening, due: Due, now: datetime) -> Action | None:
    if not opening.is_open:
        if due.next_lease_at is not None:
            return Wait(until=due.next_lease_at, waiting_for=WaitingFor.LEASE)
        return _wait_for_window(CampaignEvent.WAIT, opening)
    if opening.closes_at is not None and now + CROSS_WITHIN >= opening.closes_at:
        # Too late for one more message to leave before it closes.
        return Wait(until=opening.closes_at, waiting_for=WaitingFor.WINDOW)
    return None


def _wait_for_window(event: CampaignEvent | None, opening: Opening) -> Move:
    if opening.opens_at is None:
        why = opening.problem or "The send window never opens again."
        return Move(event=CampaignEvent.FAIL, what="failed", why=why, code="no_window")
    return Move(
        event=event,
        waiting_for=WaitingFor.WINDOW,
        next_at=opening.opens_at,
        what="waiting",
        why="The send window is closed; it goes on at the next opening.",
        guard=SaveGuard.NOBODY_BUSY,
    )


def _go_on(due: Due, now: datetime, health: SenderHealth) -> Action:
    if health.setbacks >= SETBACKS_MAX:
        why = describe_failure("host_unreachable")
        return Move(event=CampaignEvent.FAIL, what="failed", why=why, code="host_unreachable")
    if health.blocked_until is not None and health.blocked_until > now:
        return Wait(until=health.blocked_until, waiting_for=WaitingFor.SENDER)
    if due.ready_count > 0 and health.wants_probe(now):
        if health.is_probed(now):
            return Wait(until=now + PROBE_LOOK, waiting_for=WaitingFor.SENDER)
        return Send(limit=1, is_probe=True)
    if due.ready_count > 0:
        return Send(limit=due.ready_count)
    if due.limited_until is not None:
        return Wait(until=due.limited_until, waiting_for=WaitingFor.LIMIT)
    return Wait(until=_required(due.next_pending_at), waiting_for=WaitingFor.RETRY)


def _required(at: datetime | None) -> datetime:
    if at is None:
        raise AssertionError("somebody is left, so something is timed")
    return at

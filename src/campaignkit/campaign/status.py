"""The two status machines as data: a status and an event in, the next status out. Pure.

The tables are the truth: code, error messages, a host's buttons and the diagrams in the docs come from them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import overload

from campaignkit.errors import IllegalTransition

__all__ = [
    "CAMPAIGN_LABELS",
    "CAMPAIGN_TRANSITIONS",
    "LIVE_STATUSES",
    "RECIPIENT_LABELS",
    "RECIPIENT_TRANSITIONS",
    "UNFINISHED_STATUSES",
    "CampaignEvent",
    "CampaignStatus",
    "Delivery",
    "RecipientEvent",
    "RecipientStatus",
    "allowed_events",
    "is_end_status",
    "status_label",
    "transition",
]


class CampaignStatus(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"  # waits for its start, or again for a window, credit, a gate or its sender
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"  # sender or content refused: nobody is lost, `resume` goes on after mending
    CANCELLED = "cancelled"


class CampaignEvent(StrEnum):
    """What can happen to a campaign."""

    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"  # only before anything began
    START = "start"
    WAIT = "wait"  # nothing is in flight, and all that is left waits for a window, credit, a gate or the sender
    PAUSE = "pause"
    RESUME = "resume"
    FAIL = "fail"
    FINISH = "finish"  # nobody is pending, claimed or sending
    CANCEL = "cancel"
    REOPEN = "reopen"  # a resend, or late proof that a message in doubt was not accepted


class RecipientStatus(StrEnum):
    """Where one recipient of one campaign stands."""

    PENDING = "pending"
    CLAIMED = "claimed"  # a worker prepares the message; nothing was submitted
    SENDING = "sending"  # the point of no return may have been crossed
    IN_DOUBT = "in_doubt"  # nobody knows whether the provider took it; sent again only if somebody asked for that
    SENT = "sent"  # the provider accepted it, which is not delivery
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # stayed in doubt past the horizon


class Delivery(StrEnum):
    """What is known of what became of a message after the provider accepted it: a fact beside the status.

    It only ever moves down this list.
    """

    NONE = "none"  # nothing is known, as for most mail
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"  # a text
    BOUNCED = "bounced"  # a mail
    COMPLAINED = "complained"


class RecipientEvent(StrEnum):
    """What can happen to a recipient."""

    CLAIM = "claim"
    RELEASE = "release"
    BEGIN = "begin"
    ACCEPT = "accept"
    DEFER = "defer"
    REFUSE = "refuse"
    DOUBT = "doubt"
    SKIP = "skip"
    EXPIRE = "expire"
    CANCEL = "cancel"
    READDRESS = "readdress"
    RESEND = "resend"
    GIVE_UP = "give_up"


CAMPAIGN_TRANSITIONS: Mapping[CampaignStatus, Mapping[CampaignEvent, CampaignStatus]] = {
    CampaignStatus.DRAFT: {
        CampaignEvent.SCHEDULE: CampaignStatus.SCHEDULED,
    },
    CampaignStatus.SCHEDULED: {
        CampaignEvent.UNSCHEDULE: CampaignStatus.DRAFT,
        CampaignEvent.START: CampaignStatus.SENDING,
        CampaignEvent.PAUSE: CampaignStatus.PAUSED,
        CampaignEvent.FAIL: CampaignStatus.FAILED,
        CampaignEvent.FINISH: CampaignStatus.FINISHED,
        CampaignEvent.CANCEL: CampaignStatus.CANCELLED,
    },
    CampaignStatus.SENDING: {
        CampaignEvent.WAIT: CampaignStatus.SCHEDULED,
        CampaignEvent.PAUSE: CampaignStatus.PAUSED,
        CampaignEvent.FAIL: CampaignStatus.FAILED,
        CampaignEvent.FINISH: CampaignStatus.FINISHED,
        CampaignEvent.CANCEL: CampaignStatus.CANCELLED,
    },
    CampaignStatus.PAUSED: {
        CampaignEvent.RESUME: CampaignStatus.SCHEDULED,
        CampaignEvent.CANCEL: CampaignStatus.CANCELLED,
    },
    CampaignStatus.FINISHED: {
        CampaignEvent.REOPEN: CampaignStatus.SENDING,
    },
    CampaignStatus.FAILED: {
        CampaignEvent.RESUME: CampaignStatus.SCHEDULED,
        CampaignEvent.CANCEL: CampaignStatus.CANCELLED,
    },
    CampaignStatus.CANCELLED: {},
}

RECIPIENT_TRANSITIONS: Mapping[RecipientStatus, Mapping[RecipientEvent, RecipientStatus]] = {
    RecipientStatus.PENDING: {
        RecipientEvent.CLAIM: RecipientStatus.CLAIMED,
        RecipientEvent.SKIP: RecipientStatus.SKIPPED,
        RecipientEvent.EXPIRE: RecipientStatus.EXPIRED,
        RecipientEvent.CANCEL: RecipientStatus.CANCELLED,
        RecipientEvent.READDRESS: RecipientStatus.PENDING,
        RecipientEvent.ACCEPT: RecipientStatus.SENT,  # late: what it was in doubt of when it was to be sent anew
    },
    RecipientStatus.CLAIMED: {
        RecipientEvent.RELEASE: RecipientStatus.PENDING,
        RecipientEvent.BEGIN: RecipientStatus.SENDING,
        RecipientEvent.DEFER: RecipientStatus.PENDING,
        RecipientEvent.REFUSE: RecipientStatus.FAILED,
        RecipientEvent.SKIP: RecipientStatus.SKIPPED,
        RecipientEvent.EXPIRE: RecipientStatus.EXPIRED,
        RecipientEvent.CANCEL: RecipientStatus.CANCELLED,
        RecipientEvent.READDRESS: RecipientStatus.PENDING,
        RecipientEvent.ACCEPT: RecipientStatus.SENT,  # as from pending
    },
    RecipientStatus.SENDING: {
        RecipientEvent.ACCEPT: RecipientStatus.SENT,
        RecipientEvent.DEFER: RecipientStatus.PENDING,
        RecipientEvent.REFUSE: RecipientStatus.FAILED,
        RecipientEvent.DOUBT: RecipientStatus.IN_DOUBT,
    },
    RecipientStatus.IN_DOUBT: {
        RecipientEvent.ACCEPT: RecipientStatus.SENT,
        RecipientEvent.DEFER: RecipientStatus.PENDING,
        RecipientEvent.REFUSE: RecipientStatus.FAILED,
        RecipientEvent.RESEND: RecipientStatus.PENDING,
        RecipientEvent.GIVE_UP: RecipientStatus.UNKNOWN,
    },
    RecipientStatus.SENT: {},
    RecipientStatus.FAILED: {},
    RecipientStatus.SKIPPED: {},
    RecipientStatus.CANCELLED: {},
    RecipientStatus.EXPIRED: {},
    RecipientStatus.UNKNOWN: {},
}

LIVE_STATUSES = frozenset({CampaignStatus.SCHEDULED, CampaignStatus.SENDING})
UNFINISHED_STATUSES = frozenset({RecipientStatus.PENDING, RecipientStatus.CLAIMED, RecipientStatus.SENDING})

# The words of the source documents, so that a host can show each status as its users know it. One table per machine:
# members of two StrEnums with the same value are the same dict key.
CAMPAIGN_LABELS: Mapping[str, Mapping[CampaignStatus, str]] = {
    "en": {
        CampaignStatus.DRAFT: "Draft",
        CampaignStatus.SCHEDULED: "Scheduled",
        CampaignStatus.SENDING: "Sending",
        CampaignStatus.PAUSED: "Paused",
        CampaignStatus.FINISHED: "Sent",
        CampaignStatus.FAILED: "Failed",
        CampaignStatus.CANCELLED: "Cancelled",
    },
    "pl": {
        CampaignStatus.DRAFT: "Planowana",
        CampaignStatus.SCHEDULED: "Zaplanowana",
        CampaignStatus.SENDING: "Wysyłka",
        CampaignStatus.PAUSED: "Wstrzymana",
        CampaignStatus.FINISHED: "Zakończona",
        CampaignStatus.FAILED: "Niepowodzenie",
        CampaignStatus.CANCELLED: "Anulowana",
    },
}
RECIPIENT_LABELS: Mapping[str, Mapping[RecipientStatus, str]] = {
    "en": {
        RecipientStatus.PENDING: "Pending",
        RecipientStatus.CLAIMED: "Pending",
        RecipientStatus.SENDING: "Sending",
        RecipientStatus.IN_DOUBT: "In doubt",
        RecipientStatus.SENT: "Sent",
        RecipientStatus.FAILED: "Failed",
        RecipientStatus.SKIPPED: "Left out",
        RecipientStatus.CANCELLED: "Cancelled",
        RecipientStatus.EXPIRED: "Expired",
        RecipientStatus.UNKNOWN: "Unknown",
    },
    "pl": {
        RecipientStatus.PENDING: "Oczekujące",
        RecipientStatus.CLAIMED: "Oczekujące",
        RecipientStatus.SENDING: "Wysyłane",
        RecipientStatus.IN_DOUBT: "Niepewne",
        RecipientStatus.SENT: "Wysłane",
        RecipientStatus.FAILED: "Nieudane",
        RecipientStatus.SKIPPED: "Pominięte",
        RecipientStatus.CANCELLED: "Anulowane",
        RecipientStatus.EXPIRED: "Po terminie",
        RecipientStatus.UNKNOWN: "Nieznane",
    },
}


@overload
def transition(status: CampaignStatus, event: CampaignEvent | str) -> CampaignStatus: ...
@overload
def transition(status: RecipientStatus, event: RecipientEvent | str) -> RecipientStatus: ...
def transition(
    status: CampaignStatus | RecipientStatus, event: CampaignEvent | RecipientEvent | str
) -> CampaignStatus | RecipientStatus:
    """Return the status after *event*.

    Raises:
        IllegalTransition: the table has no such move.
        ValueError: *event* is no event of this machine.

    >>> transition(CampaignStatus.SENDING, "wait")
    <CampaignStatus.SCHEDULED: 'scheduled'>
    """
    target: CampaignStatus | RecipientStatus | None
    if isinstance(status, CampaignStatus):
        target = CAMPAIGN_TRANSITIONS[status].get(CampaignEvent(event))
    else:
        target = RECIPIENT_TRANSITIONS[status].get(RecipientEvent(event))
    if target is None:
        raise IllegalTransition(str(status), str(event))
    return target


@overload
def allowed_events(status: CampaignStatus) -> tuple[CampaignEvent, ...]: ...
@overload
def allowed_events(status: RecipientStatus) -> tuple[RecipientEvent, ...]: ...
def allowed_events(
    status: CampaignStatus | RecipientStatus,
) -> tuple[CampaignEvent, ...] | tuple[RecipientEvent, ...]:
    """Return the events that *status* knows, in the order of the table: a host's buttons.

    >>> [str(event) for event in allowed_events(CampaignStatus.PAUSED)]
    ['resume', 'cancel']
    """
    if isinstance(status, CampaignStatus):
        return tuple(CAMPAIGN_TRANSITIONS[status])
    return tuple(RECIPIENT_TRANSITIONS[status])


def is_end_status(status: RecipientStatus) -> bool:
    """Return whether a recipient in *status* never moves again."""
    return not RECIPIENT_TRANSITIONS[status]


def status_label(status: CampaignStatus | RecipientStatus, language: str = "en") -> str:
    """Return the word that users know for *status*; languages: ``en``, ``pl``.

    >>> status_label(CampaignStatus.FINISHED), status_label(CampaignStatus.DRAFT, "pl")
    ('Sent', 'Planowana')
    """
    if isinstance(status, CampaignStatus):
        return CAMPAIGN_LABELS[language][status]
    return RECIPIENT_LABELS[language][status]

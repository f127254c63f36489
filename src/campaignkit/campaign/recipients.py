"""One recipient of one campaign as it is stored, and the rules that every store applies to it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import Channel, mask
from campaignkit.campaign.status import (
    RECIPIENT_TRANSITIONS,
    CampaignStatus,
    Delivery,
    RecipientEvent,
    RecipientStatus,
)
from campaignkit.credits.entries import Entry, attempt_entries
from campaignkit.credits.lots import Shares

__all__ = [
    "DOUBT_HORIZON",
    "MAYBE_ACCEPTED",
    "Attempt",
    "CampaignRecipient",
    "Intake",
    "IntakeResult",
    "Landing",
    "NewAddress",
    "ReaddressResult",
    "RecipientCount",
    "admit",
    "excluded",
    "landing",
    "message_id_of",
    "readdressed",
]

# How long a message may stay in doubt before nobody expects an answer any more.
DOUBT_HORIZON: Mapping[Channel, timedelta] = {
    Channel.EMAIL: timedelta(hours=72),
    Channel.SMS: timedelta(hours=96),
}


# Verdicts of a begun attempt after which its message may lie in somebody's mailbox; empty while it is unsettled.
MAYBE_ACCEPTED = ("", "accepted", "in_doubt")


def message_id_of(recipient_id: str, generation: int) -> str:
    """Return our id of a message; ``delivery.feedback.read_message_id`` reads it back."""
    return f"{recipient_id}.{generation}"


class Intake(StrEnum):
    """What a row became when it was added to a campaign. Only recipients are ever sent to."""

    RECIPIENT = "recipient"
    EXCLUSION = "exclusion"  # a contact that is left out, for the reason in ``reason``
    REJECTION = "rejection"  # a row that could not be read as a contact


@attrs.frozen(kw_only=True)
class CampaignRecipient:
    """A row of a campaign's audience: a recipient, an exclusion or a rejection. Instants are UTC."""

    merchant_id: str
    campaign_id: str
    recipient_id: str
    intake: Intake = Intake.RECIPIENT
    status: RecipientStatus = RecipientStatus.PENDING
    reason: str = ""  # stable code: why skipped, released, failed, expired …
    detail: str = ""  # one sentence for a shopkeeper
    channel: Channel
    contact_key: str  # digest of what came in; the same row twice has the same key
    contact_id: str = ""  # the host's id, where it gave one
    row_number: int | None = None
    duplicate_of: str = ""  # recipient_id of the row that this one repeats
    address: str = attrs.field(default="", repr=mask)  # to send to
    address_key: str = attrs.field(default="", repr=mask)  # to compare by
    occasion: str = ""  # empty for campaigns, ``fact/step`` for journeys
    zones: tuple[str, ...] = ()  # candidate IANA names; empty: the merchant's zone
    fields: Mapping[str, str] = attrs.field(factory=dict, repr=False)  # for {{ customer.… }}
    priority: int = 0
    not_before: datetime
    epoch: int = 0  # rises with every claim; what carries an older one changes nothing
    generation: int = 1  # rises with a resend on purpose; part of the Message-ID
    is_repeated: bool = False  # its message was in doubt, and the very same is sent again
    attempt_count: int = 0  # those that concerned this recipient
    lease_until: datetime | None = None
    worker_id: str = ""
    claim_token: str = ""
    doubt_until: datetime | None = None
    delivery: Delivery = Delivery.NONE  # what receipts say; ``sent`` says only that the provider took it
    price: int | None = None
    added_at: datetime
    changed_at: datetime

    @property
    def message_id(self) -> str:
        """What we call its message towards providers: another one only after a resend on purpose."""
        return message_id_of(self.recipient_id, self.generation)

    def is_about_to_repeat(self, attempt: "Attempt") -> bool:
        """Return whether the message of *attempt* is claimed to be repeated: no frequency cap counts it against itself.

        Only while it is claimed, which is for moments: until then it counts for all others.
        """
        return self.is_repeated and self.status is RecipientStatus.CLAIMED and attempt.generation == self.generation


@attrs.frozen(kw_only=True)
class Attempt:
    """One try at one recipient, identified by the epoch of its claim. Instants are UTC."""

    merchant_id: str
    recipient_id: str
    epoch: int
    generation: int = 1
    began_at: datetime | None = None  # None: it never reached the point of no return
    prepared_at: datetime | None = None  # the Date of the message
    settled_at: datetime | None = None
    verdict: str = ""  # empty while unsettled
    scope: str = ""
    code: str = ""
    reply: str = ""
    provider_id: str | None = None
    content_digest: str = ""  # of all that the message was made of, and who carried it
    price: int | None = None
    credit_shares: Shares = ()  # which lots pay; empty: it costs nothing
    credit_spent: int | None = None  # what it came to cost; None: its credit is held
    credit_expired: int = 0  # how much of what went back found its lot expired
    credit_ended_at: datetime | None = None  # when its hold ended
    doubt_until: datetime | None = None  # its recipient is sent to anew, and until then this may still prove accepted

    @property
    def message_id(self) -> str:
        """What we call its message towards providers."""
        return message_id_of(self.recipient_id, self.generation)

    @property
    def credit_key(self) -> str:
        """What the ledger calls it."""
        return f"{self.recipient_id}/{self.epoch}"

    @property
    def credit_entries(self) -> Sequence[Entry]:
        """Its lines of the ledger: none where it costs nothing, the hold, and the end of that."""
        if self.began_at is None:
            return ()
        return attempt_entries(
            key=self.credit_key,
            shares=self.credit_shares,
            began_at=self.began_at,
            settled_at=self.credit_ended_at,
            spent=self.credit_spent,
            expired=self.credit_expired,
            reference=self.provider_id or "",
            message_id=self.message_id,
        )

    @property
    def is_holding(self) -> bool:
        """Return whether credit is put aside for it."""
        return bool(self.credit_shares) and self.credit_ended_at is None

    @property
    def may_be_accepted(self) -> bool:
        """Return whether a provider took the message, or may have: it began, and nothing says that it was not."""
        return self.began_at is not None and self.verdict in MAYBE_ACCEPTED


@attrs.frozen
class RecipientCount:
    """How many rows of one campaign share an intake, a status, a reason and what is known of their delivery."""

    intake: Intake
    status: RecipientStatus
    reason: str
    delivery: Delivery
    count: int


class IntakeResult(StrEnum):
    """What adding one row did."""

    ADDED = "added"
    EXISTING = "existing"  # this very row was added before
    EXCLUDED = "excluded"
    REJECTED = "rejected"


@attrs.frozen(kw_only=True)
class NewAddress:
    """Where a recipient is to be written to from now on."""

    address: str = attrs.field(repr=mask)
    address_key: str = attrs.field(repr=mask)
    zones: tuple[str, ...] = ()
    fields: Mapping[str, str] = attrs.field(factory=dict, repr=False)  # all of them, as templates see them
    contact_id: str | None = None  # whom the host keeps under it from now on; None: as before


class ReaddressResult(StrEnum):
    """What correcting an address did. Whatever is not ``moved`` changed nothing."""

    MOVED = "moved"
    BUSY = "busy"  # it is being sent, is in doubt, or has come to its end
    DUPLICATE = "duplicate"  # another recipient of the campaign has this address
    NOT_FOUND = "not_found"


@attrs.frozen
class Landing:
    """Where a move back to pending ends."""

    status: RecipientStatus
    reason: str


def landing(
    *,
    reason: str,
    not_before: datetime,
    campaign_status: CampaignStatus,
    is_suppressed: bool,
    deadline: datetime | None,
) -> Landing:
    """Return where a recipient that goes back to pending ends: each such move looks first.

    A cancelled campaign, an opt-out, a deadline before the next try: each wins over waiting.
    """
    if campaign_status is CampaignStatus.CANCELLED:
        return Landing(RecipientStatus.CANCELLED, "campaign_cancelled")
    if is_suppressed:
        return Landing(RecipientStatus.SKIPPED, "suppressed")
    if deadline is not None and not_before >= deadline:
        return Landing(RecipientStatus.EXPIRED, "deadline_passed")
    return Landing(RecipientStatus.PENDING, reason)


def admit(
    rows: Iterable[CampaignRecipient],
    *,
    recipients_by_address: Mapping[tuple[str, str], CampaignRecipient],
    known_contacts: frozenset[str] | set[str],
    suppressed: frozenset[str] | set[str],
) -> tuple[list[CampaignRecipient], list[IntakeResult]]:
    """Return the rows to insert, and for each row of the batch what became of it.

    Args:
        recipients_by_address: Stored recipients of this campaign by (address key, occasion).
        known_contacts: ``contact_key/occasion`` of every stored row of this campaign.
        suppressed: Address keys that must not be written to.
    """
    taken, known = dict(recipients_by_address), set(known_contacts)
    inserts: list[CampaignRecipient] = []
    results: list[IntakeResult] = []
    for row in rows:
        identity = f"{row.contact_key}/{row.occasion}"
        if identity in known:
            results.append(IntakeResult.EXISTING)
            continue
        known.add(identity)
        admitted = _judge(row, taken, suppressed)
        if admitted.intake is Intake.RECIPIENT:
            taken[row.address_key, row.occasion] = admitted
        inserts.append(admitted)
        results.append(_RESULTS[admitted.intake])
    return inserts, results


_RESULTS = {
    Intake.RECIPIENT: IntakeResult.ADDED,
    Intake.EXCLUSION: IntakeResult.EXCLUDED,
    Intake.REJECTION: IntakeResult.REJECTED,
}


def _judge(
    row: CampaignRecipient,
    taken: Mapping[tuple[str, str], CampaignRecipient],
    suppressed: frozenset[str] | set[str],
) -> CampaignRecipient:
    if row.intake is not Intake.RECIPIENT:
        return row
    first = taken.get((row.address_key, row.occasion))
    if first is not None:
        where = f"row {first.row_number}" if first.row_number is not None else "another contact"
        return excluded(row, "duplicate", f"This address already stands in {where}.", first.recipient_id)
    if row.address_key in suppressed:
        return excluded(row, "suppressed", "This address asked not to be written to, or mail to it came back.")
    return row


def excluded(row: CampaignRecipient, reason: str, detail: str, duplicate_of: str = "") -> CampaignRecipient:
    """Return *row* as an exclusion."""
    return attrs.evolve(
        row,
        intake=Intake.EXCLUSION,
        status=RecipientStatus.SKIPPED,
        reason=reason,
        detail=detail,
        duplicate_of=duplicate_of,
    )


def readdressed(
    row: CampaignRecipient, to: NewAddress, *, is_taken: bool, land: Landing, now: datetime
) -> CampaignRecipient | ReaddressResult:
    """Return *row* under its new address, or why it stays as it is.

    The epoch rises, so that a worker which holds the row for the old address can do nothing with it any more. What
    the old address was tried and made to wait for says nothing about the new one.

    Args:
        is_taken: Whether another recipient of the campaign has that address and the same occasion.
        land: What ``landing`` says of a move back to pending with the reason ``readdressed``.
    """
    if row.intake is not Intake.RECIPIENT:
        return ReaddressResult.NOT_FOUND
    # What is repeated may lie in the mailbox of the old address, and goes to no other one under its id.
    if row.is_repeated or RecipientEvent.READDRESS not in RECIPIENT_TRANSITIONS[row.status]:
        return ReaddressResult.BUSY
    if is_taken:
        return ReaddressResult.DUPLICATE
    return attrs.evolve(
        row,
        status=land.status,
        reason=land.reason,
        detail="",
        address=to.address,
        address_key=to.address_key,
        zones=to.zones,
        fields=to.fields,
        contact_id=row.contact_id if to.contact_id is None else to.contact_id,
        not_before=now,
        epoch=row.epoch + 1,
        attempt_count=0,
        lease_until=None,
        worker_id="",
        claim_token="",
        changed_at=now,
    )


# Which events `move_recipients` may apply, and the statuses it finds them in.
MOVABLE: Mapping[RecipientEvent, Sequence[RecipientStatus]] = {
    RecipientEvent.SKIP: (RecipientStatus.PENDING,),
    RecipientEvent.EXPIRE: (RecipientStatus.PENDING,),
    RecipientEvent.CANCEL: (RecipientStatus.PENDING,),
}

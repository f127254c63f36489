"""The judge of a simulation: sees every call of the store and every message that the provider takes. Reads the store.

It knows nothing of how a store works: it compares what stood there before a call with what stands there after it,
with the tables of ``campaign.status`` and with what the call named.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.status import (
    CAMPAIGN_TRANSITIONS,
    RECIPIENT_TRANSITIONS,
    UNFINISHED_STATUSES,
    CampaignStatus,
    RecipientEvent,
    RecipientStatus,
)
from campaignkit.delivery.begin import CROSS_WITHIN
from campaignkit.delivery.outcomes import Verdict
from campaignkit.delivery.settling import Settlement
from campaignkit.testing.simulation.beginnings import judge_begin
from campaignkit.testing.simulation.court import HOLDING, Begun, Change, Court, Place
from campaignkit.testing.simulation.provider import Accepted
from campaignkit.testing.simulation.purses import Purses
from campaignkit.testing.simulation.repeats import Repeats, standing
from campaignkit.testing.simulation.report import instant
from campaignkit.testing.simulation.watching import Call

__all__ = ["Judge"]

_SETTLING = (RecipientEvent.ACCEPT, RecipientEvent.REFUSE, RecipientEvent.DEFER, RecipientEvent.DOUBT)
_ENDING = (RecipientEvent.SKIP, RecipientEvent.EXPIRE, RecipientEvent.CANCEL)
# Which events of the table each verb may bring about. What goes back to pending may end there in the same call.
EVENTS: Mapping[str, tuple[RecipientEvent, ...]] = {
    "claim": (RecipientEvent.CLAIM,),
    "begin": (RecipientEvent.BEGIN, *_ENDING, *_SETTLING),
    "settle": _SETTLING,
    "release": (RecipientEvent.RELEASE,),
    "reap": (RecipientEvent.RELEASE, RecipientEvent.DOUBT, RecipientEvent.GIVE_UP),
    "save": (RecipientEvent.CANCEL,),
    "move_recipients": _ENDING,
    "suppress": (RecipientEvent.SKIP,),
    "readdress": (RecipientEvent.READDRESS,),
    "resend": (RecipientEvent.RESEND,),
    "add_recipients": (),
}
_LANDINGS = frozenset({RecipientStatus.SKIPPED, RecipientStatus.EXPIRED, RecipientStatus.CANCELLED})


@attrs.define(eq=False)
class Judge:
    """Judges as things happen."""

    court: Court
    purses: Purses
    repeats: Repeats

    def see(self, call: Call) -> None:
        """Judge one call of the store that had its effect."""
        if call.verb == "save":
            self._see_save(call)
        elif call.verb == "post":
            self.purses.note_posted(call)
            self._reload(place for place in list(self.court.bodies) if place[0] == call.arguments[0])
            self.purses.judge(call.arguments[0])
        elif call.verb in EVENTS:
            self._see_rows(call)

    def take(self, accepted: Accepted) -> None:
        """Judge one message that the provider took."""
        court, recipient_id = self.court, accepted.recipient_id
        earlier = court.accepted.setdefault(recipient_id, [])
        if earlier:
            court.find("duplicated", f"{accepted.message_id} was accepted {len(earlier) + 1} times")
        earlier.append(accepted)
        self._judge_address(accepted)
        mine = [one for one in court.begun.get(recipient_id, ()) if one.actor == accepted.actor]
        if not mine:
            court.find("unexpected", f"{accepted.message_id} was accepted from {accepted.actor}, who never began it")
            return
        self._judge_crossing(mine[-1], accepted)

    def take_again(self, accepted: Accepted, is_same: bool, /) -> None:
        """Judge a message that the provider knew, and did not take again."""
        court, recipient_id = self.court, accepted.recipient_id
        rows = (rows[recipient_id] for rows in court.rows.values() if recipient_id in rows)
        if not any(row.is_repeated for row in rows):
            court.find("duplicated", f"{accepted.message_id} was sent again, and nobody asked for that")
        if not is_same:
            court.find("duplicated", f"{accepted.message_id} was sent again with other bytes")
        mine = [one for one in court.begun.get(recipient_id, ()) if one.actor == accepted.actor]
        if mine:
            self._judge_crossing(mine[-1], accepted)
        else:
            court.find("unexpected", f"{accepted.message_id} came from {accepted.actor}, who never began it")

    def _judge_address(self, accepted: Accepted) -> None:
        """One address gets one message of a campaign, whoever stands under it."""
        court = self.court
        place = next((place for place, rows in court.rows.items() if accepted.recipient_id in rows), None)
        for others in court.accepted.values():
            other = others[0] if others else None
            if other is None or place is None or other.recipient_id == accepted.recipient_id:
                continue
            if other.address == accepted.address and other.recipient_id in court.rows[place]:
                court.find("duplicated", f"{accepted.message_id} went where {other.message_id} had gone")

    def _judge_crossing(self, begun: Begun, accepted: Accepted) -> None:
        court, window = self.court, begun.campaign.window
        if not timedelta(0) <= accepted.left_at - begun.at <= CROSS_WITHIN:
            late = accepted.left_at - begun.at
            court.find("crossed_late", f"{accepted.message_id} had leave {late} after it began")
        if window is not None and not window.is_open(accepted.left_at, begun.zones):
            court.find("out_of_hours", f"{accepted.message_id} crossed at {instant(accepted.left_at)}, which is closed")
        if accepted.address.lower() != begun.clearance.address_key.lower():
            court.find("wrong_address", f"{accepted.message_id} went to another address than it began for")

    # documents

    def _see_save(self, call: Call) -> None:
        document, guard = call.arguments[0], call.options.get("guard")
        if document.kind != "campaign" or call.result is None:
            return
        place = (document.merchant_id, document.document_id)
        before = self.court.status(place)
        if document.body is None:
            self.court.bodies.pop(place, None)
            self.court.rows.pop(place, None)
            return
        self.court.bodies[place] = dict(document.body)
        self._judge_move(place, before)
        after = self.court.status(place)
        if after is CampaignStatus.CANCELLED or before is None or guard not in {None, "none"}:
            self._judge_changes(call, self.court.read([place]))
        if after is CampaignStatus.FINISHED and before is not after:
            left = [row for row in self.court.rows[place].values() if row.status in UNFINISHED_STATUSES]
            if left:
                self.court.find("finished_early", f"{place[1]} finished with {len(left)} unfinished")

    def _judge_move(self, place: Place, before: CampaignStatus | None) -> None:
        after = self.court.status(place)
        if before is None or after is None or before is after:
            return
        if after not in CAMPAIGN_TRANSITIONS[before].values():
            self.court.find("campaign_table", f"{place[1]} went from {before} to {after}")

    def _reload(self, places: Iterable[Place]) -> None:
        for place in dict.fromkeys(places):
            before = self.court.status(place)
            self.court.reload(place)
            self._judge_move(place, before)

    # rows

    def _see_rows(self, call: Call) -> None:
        court = self.court
        if call.verb == "suppress":
            court.opted_out |= {(call.arguments[0], key) for key in call.arguments[1]}
        places = self._touched(call)
        if call.verb == "claim":
            self._judge_hands(call)
        changes = court.read(places)
        settled = _settlements(call)
        self._judge_changes(call, changes)
        for change in changes:
            if call.verb == "resend":
                self.repeats.leave_open(change)
            else:
                self._note_settled(change, settled)
        self._hear(settled, changes)
        if call.verb == "reap":
            for merchant_id in dict.fromkeys(self.repeats.lapse(court.now())):
                self.purses.judge(merchant_id)
        if settled or call.verb in {"reap", "resend"}:  # they may reopen it
            self._reload(place for place in places if court.status(place) is CampaignStatus.FINISHED)
        if call.verb == "begin":
            judge_begin(court, call)
        if call.verb in {"begin", "settle", "reap"}:
            for merchant_id in dict.fromkeys(place[0] for place in places):
                self.purses.judge(merchant_id)

    def _hear(self, settled: Sequence[Settlement], changes: Sequence[Change]) -> None:
        """Tell tries that were left open what became of their message."""
        stood = standing(changes)
        for said in settled:
            place = self.court.place_of(said.merchant_id, said.recipient_id)
            row = None if place is None else self.court.rows.get(place, {}).get(said.recipient_id)
            if row is not None:
                self.repeats.hear(said, stood.get(said.recipient_id, row.status))

    def _judge_hands(self, call: Call) -> None:
        """Nobody is handed out who was in other hands."""
        known = self.court.rows.get((call.arguments[0], call.arguments[1]), {})
        for claim in call.result:
            before = known.get(claim.recipient.recipient_id)
            if before is not None and before.claim_token and before.claim_token != call.options["token"]:
                self.court.find(
                    "claimed_twice", f"{before.recipient_id} went to {call.actor}, {before.worker_id} has it"
                )

    def _touched(self, call: Call) -> Sequence[Place]:
        """Return the campaigns whose rows this call may have changed."""
        court = self.court
        match call.verb:
            case "claim" | "move_recipients" | "readdress" | "add_recipients" | "resend":
                return [(call.arguments[0], call.arguments[1])]
            case "suppress":
                return [place for place in court.bodies if place[0] == call.arguments[0]]
            case "reap":
                reaped = call.result
                return list(court.bodies) if reaped.released or reaped.in_doubt or reaped.unknown else []
            case "release":
                named = [(one.recipient.merchant_id, one.recipient.recipient_id) for one in call.arguments[0]]
            case _:
                named = [(one.merchant_id, one.recipient_id) for one in (*call.arguments[0], *_settlements(call))]
        found = (court.place_of(*identity) for identity in named)
        return [place for place in dict.fromkeys(found) if place is not None and place in court.bodies]

    def _judge_changes(self, call: Call, changes: Sequence[Change]) -> None:
        for change in changes:
            before, after = change.before, change.after
            if not _is_in_table(call.verb, before.status, after.status):
                self._find(call, "outside_the_table", change, f"{call.verb} moved it")
            if after.status is RecipientStatus.EXPIRED and not self._has_expired(after):
                self._find(call, "expired_early", change, "its deadline is to come")
            problem = self._problem(call, change)
            if problem:
                self._find(call, "stale_epoch" if "epoch" in problem else "unnamed_change", change, problem)

    def _find(self, call: Call, law: str, change: Change, problem: str) -> None:
        before, after = change.before, change.after
        moves = f"{before.status}/{before.epoch} to {after.status}/{after.epoch}"
        self.court.find(law, f"{before.recipient_id}, {moves} by {call.verb} of {call.actor}: {problem}")

    def _note_settled(self, change: Change, settled: Sequence[Settlement]) -> None:
        """Close what began, once somebody said what became of it."""
        before, after = change.before, change.after
        if before.status not in HOLDING or after.status in HOLDING:
            return
        begun = self.court.open_of(before.recipient_id, before.epoch)
        if begun is None:
            self.court.find("unexpected", f"{before.recipient_id} was {before.status}, and nothing of it began")
            return
        begun.is_open, begun.is_accepted = False, after.status in {RecipientStatus.SENT, RecipientStatus.UNKNOWN}
        said = next((one for one in settled if one.recipient_id == before.recipient_id), None)
        if said is not None and said.outcome.verdict is Verdict.NOT_SENT and said.limit_scopes:
            begun.is_counted = False
        self.purses.note_ended(begun, after.status, said)

    def _problem(self, call: Call, change: Change) -> str:
        """Return why this call should have left the row alone; empty if it had a reason."""
        before = change.before
        match call.verb:
            case "claim":
                return _claimed_wrongly(call, change, self.court.now())
            case "begin" | "settle" | "release":
                epochs = {before.epoch, *(one.clearance.epoch for one in self._tries_of(before))}
                is_named = any((before.recipient_id, epoch) in _named(call) for epoch in epochs)
                is_kept = change.after.epoch == before.epoch
                return "" if is_named and is_kept else "nobody named it at that epoch"
            case "resend":
                return self._resent_wrongly(call, change)
            case "reap":
                return "" if self._is_overdue(before) else "its lease was not over"
            case "suppress":
                return "" if before.address_key in call.arguments[1] else "its address was not named"
            case _:
                return ""

    def _tries_of(self, row: CampaignRecipient) -> Sequence[Begun]:
        """Return the tries at a recipient that were left open when it was sent to again."""
        return [one for one in self.court.begun.get(row.recipient_id, ()) if one.left_open_until is not None]

    def _resent_wrongly(self, call: Call, change: Change) -> str:
        """Return why this one should not have been sent to again; nobody asks for another message here."""
        before, after = change.before, change.after
        begun = self.court.open_of(before.recipient_id, before.epoch)
        if before.recipient_id not in call.options["recipient_ids"]:
            return "it was not named"
        if after.generation != before.generation or not after.is_repeated:
            return "it would get another message"
        if begun is None or begun.at + call.options["quarantine"] > self.court.now():
            return "its pause was not over"
        return ""

    def _has_expired(self, row: CampaignRecipient) -> bool:
        """Return whether its deadline is past, or no try before it is left."""
        deadline = self.court.campaign((row.merchant_id, row.campaign_id)).deadline
        return deadline is not None and (deadline <= self.court.now() or deadline <= row.not_before)

    def _is_overdue(self, row: CampaignRecipient) -> bool:
        """Return whether nobody need be waited for any more."""
        end = row.doubt_until if row.status is RecipientStatus.IN_DOUBT else row.lease_until
        return end is not None and end <= self.court.now()


def _is_in_table(verb: str, before: RecipientStatus, after: RecipientStatus) -> bool:
    moves = RECIPIENT_TRANSITIONS[before]
    reached = {moves[event] for event in EVENTS[verb] if event in moves}
    if RecipientStatus.PENDING in reached:
        reached |= _LANDINGS
    return after in reached


def _settlements(call: Call) -> Sequence[Settlement]:
    if call.verb == "settle":
        return tuple(call.arguments[0])
    return tuple(call.options.get("settlements", ())) if call.verb == "begin" else ()


def _named(call: Call) -> set[tuple[str, int]]:
    """Return which tries the call named, by recipient and epoch."""
    match call.verb:
        case "release":
            return {(one.recipient.recipient_id, one.epoch) for one in call.arguments[0]}
        case "begin":
            asked = {(one.recipient_id, one.epoch) for one in call.arguments[0]}
            return asked | {(one.recipient_id, one.epoch) for one in _settlements(call)}
        case _:
            return {(one.recipient_id, one.epoch) for one in _settlements(call)}


def _claimed_wrongly(call: Call, change: Change, now: datetime) -> str:
    if change.before.recipient_id not in {claim.recipient.recipient_id for claim in call.result}:
        return "it is in nobody's hands"
    if change.before.not_before > now:
        return "its time had not come"
    return "" if change.after.epoch == change.before.epoch + 1 else "its epoch did not rise by one"

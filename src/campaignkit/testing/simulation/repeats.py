"""Tries of one message whose last is not the first: which of them are still open. Reads what the court knows."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from campaignkit.campaign.status import RecipientEvent, RecipientStatus
from campaignkit.delivery.outcomes import Verdict
from campaignkit.delivery.settling import Settlement
from campaignkit.testing.simulation.court import HOLDING, Begun, Change, Court
from campaignkit.testing.simulation.purses import Purses

__all__ = ["Repeats", "standing"]

_ON_ITS_WAY = HOLDING | {RecipientStatus.CLAIMED}


@attrs.define(eq=False)
class Repeats:
    """What is left open while a message is sent again, and how it ends."""

    court: Court
    purses: Purses

    def leave_open(self, change: Change) -> None:
        """Note that somebody in doubt is sent to again."""
        before = change.before
        begun = self.court.open_of(before.recipient_id, before.epoch)
        if begun is None or before.status is not RecipientStatus.IN_DOUBT:
            self.court.find("unexpected", f"{before.recipient_id} was {before.status}, and is sent to again")
            return
        begun.left_open_until = before.doubt_until

    def hear(self, said: Settlement, before: RecipientStatus) -> None:
        """End what one settlement speaks of; *before*: where its recipient stood."""
        place = self.court.place_of(said.merchant_id, said.recipient_id)
        left = self._left(said.recipient_id)
        if place is None or not left:
            return
        row = self.court.rows[place][said.recipient_id]
        mine = next((one for one in left if one.clearance.epoch == said.epoch), None)
        generation = row.generation if mine is None else mine.clearance.generation
        same = [one for one in left if one.clearance.generation == generation]
        is_answer = mine is None and said.epoch == row.epoch and before in HOLDING
        if said.event is RecipientEvent.ACCEPT and (mine is not None or is_answer):
            self._end(same, RecipientStatus.SENT, mine, said)
        elif said.event is RecipientEvent.REFUSE and is_answer and said.outcome.verdict is Verdict.REFUSED:
            self._end(same, RecipientStatus.FAILED, mine, said)
        elif mine is not None and said.event in {RecipientEvent.REFUSE, RecipientEvent.DEFER}:
            is_no_news = before in _ON_ITS_WAY and generation == row.generation
            self._end([] if is_no_news else [mine], RecipientStatus.FAILED, mine, said)

    def lapse(self, now: datetime) -> Sequence[str]:
        """End what nobody will know of any more, and return the merchants."""
        found = [
            one
            for several in self.court.begun.values()
            for one in several
            if one.is_open and one.left_open_until is not None and one.left_open_until <= now
        ]
        self._end(found, RecipientStatus.UNKNOWN, None, None)
        return [one.clearance.merchant_id for one in found]

    def _left(self, recipient_id: str) -> list[Begun]:
        begun = self.court.begun.get(recipient_id, ())
        return [one for one in begun if one.is_open and one.left_open_until is not None]

    def _end(
        self, ended: Sequence[Begun], status: RecipientStatus, mine: Begun | None, said: Settlement | None
    ) -> None:
        for one in ended:
            its_own = said if one is mine else None
            one.is_open, one.is_accepted = False, status is not RecipientStatus.FAILED
            if its_own is not None and its_own.outcome.verdict is Verdict.NOT_SENT and its_own.limit_scopes:
                one.is_counted = False
            self.purses.note_ended(one, status, its_own)


def standing(changes: Sequence[Change]) -> Mapping[str, RecipientStatus]:
    """Return where those stood before a call whom it changed."""
    return {change.before.recipient_id: change.before.status for change in changes}

"""Stores on SQLite with one planted bug each in credit, to see that the judge of the ledger is awake."""

from collections.abc import Sequence
from datetime import timedelta

import attrs
import sqlalchemy as sa

from campaignkit.campaign.status import RecipientEvent
from campaignkit.delivery.begin import BeginAnswer, Clearance
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.ports import Reaped
from campaignkit.stores.sql import SqlStore

__all__ = ["PLANTED"]


class SendsOnTheHouse(SqlStore):
    """Lets texts begin without holding anything for them."""

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        free = [attrs.evolve(clearance, price=None) for clearance in clearances]
        return super().begin(free, lease=lease, settlements=settlements)


class SettlesTwice(SqlStore):
    """Takes a credit more for each text that was accepted, wherever there is one."""

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        answers = super().begin(clearances, lease=lease, settlements=settlements)
        self._settle_again(settlements)
        return answers

    def settle(self, settlements: Sequence[Settlement], /) -> Sequence[SettleResult]:
        results = super().settle(settlements)
        self._settle_again(settlements)
        return results

    def _settle_again(self, settlements: Sequence[Settlement]) -> None:
        if any(one.event is RecipientEvent.ACCEPT for one in settlements):
            with self._engine.begin() as connection:
                connection.exec_driver_sql(_TAKE_ONE)


_TAKE_ONE = "UPDATE campaignkit_credit_lots SET available = available - 1, spent = spent + 1 WHERE available > 0"


class FreesWhatIsInDoubt(SqlStore):
    """Gives back what is held for a text whose worker died: it may have gone out, and then it was free."""

    def reap(self) -> Reaped:
        reaped = super().reap()
        with self._engine.begin() as connection:
            for merchant_id, recipient_id, epoch, shares in connection.exec_driver_sql(_IN_DOUBT).all():
                for number, count in (pair.split(":") for pair in shares.split()):
                    connection.execute(_GIVE_BACK, {"count": count, "merchant": merchant_id, "number": number})
                connection.execute(_END, {"merchant": merchant_id, "recipient": recipient_id, "epoch": epoch})
        return reaped


_IN_DOUBT = (
    "SELECT a.merchant_id, a.recipient_id, a.epoch, a.credit_shares FROM campaignkit_attempts a "
    "JOIN campaignkit_recipients r USING (merchant_id, recipient_id, epoch) "
    "WHERE r.status = 'in_doubt' AND a.credit_ended_at IS NULL AND a.credit_shares > ''"
)
_GIVE_BACK = sa.text(
    "UPDATE campaignkit_credit_lots SET available = available + :count, held = held - :count "
    "WHERE merchant_id = :merchant AND lot_number = :number"
)
_END = sa.text(
    "UPDATE campaignkit_attempts SET credit_spent = 0, credit_ended_at = 0 "
    "WHERE merchant_id = :merchant AND recipient_id = :recipient AND epoch = :epoch"
)

PLANTED: dict[str, type[SqlStore]] = {one.__name__: one for one in (SendsOnTheHouse, SettlesTwice, FreesWhatIsInDoubt)}

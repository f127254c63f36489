"""The race for the last credits: processes that begin texts for one merchant at once; then an exact count.

``python -m tests.storms.credit`` runs 1,000 rounds.

In even rounds every text costs one credit and stays begun, so it is known how many can go. In odd rounds prices differ,
and what begins is settled at random at once, in the commit of another begin or in one of its own, so that credit comes
back amid the race. The judge adds up rows of the database and knows nothing of how campaignkit counts.
"""

import multiprocessing
import random
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.status import CampaignStatus, RecipientEvent
from campaignkit.clocks import SystemClock
from campaignkit.credits.posting import GrantCredit
from campaignkit.delivery.begin import BeginVerdict, Clearance
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.delivery.settling import Settlement
from campaignkit.ports import Document
from campaignkit.stores.sql import SqlStore

__all__ = ["CREDITS", "CreditVerdicts", "judge_credit", "race_for_credit"]

CREDITS = 7  # of each round, in two lots
LEASE = timedelta(minutes=10)
ROUND_SECONDS_MAX = 120.0  # at the barrier; then a worker hangs, and that is an error
_FATES = (
    (RecipientEvent.ACCEPT, Verdict.ACCEPTED),
    (RecipientEvent.REFUSE, Verdict.REFUSED),
    (RecipientEvent.DOUBT, Verdict.IN_DOUBT),
)


@attrs.frozen(kw_only=True)
class CreditVerdicts:
    """What the judge found."""

    rounds: int = 0
    begun: int = 0
    refused: int = 0  # recipients whom credit did not pay for, at the end
    ended: int = 0  # holds
    oversold: int = 0  # credits held or spent beyond those that were granted
    unsold: int = 0  # credits left over in even rounds, where somebody wanted them
    unequal: int = 0  # lots that say something else than the attempts that they paid

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds, {self.begun} begun, {self.refused} refused, {self.ended} holds ended: "
            f"{self.oversold} oversold, {self.unsold} unsold, {self.unequal} unequal"
        )


def race_for_credit(folder: Path, *, rounds: int, workers: int = 16, seed: int = 1) -> CreditVerdicts:
    """Let *workers* processes race for the credits of so many merchants, one after the other, and judge."""
    database = folder / "credit.db"
    lines = _prepare(database, rounds, workers)
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(workers)
    racers = [
        context.Process(target=_run, args=(database, line, barrier, seed * 1000 + place))
        for place, line in enumerate(lines)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
        assert racer.exitcode == 0, f"a worker ended with {racer.exitcode}"
    return judge_credit(database)


def _merchant(number: int) -> str:
    return f"m{number:05}"


def _prepare(database: Path, rounds: int, workers: int) -> list[list[Clearance]]:
    """Return for each worker what it asks to begin, round by round; the store is closed before anybody forks."""
    store = SqlStore(f"sqlite:///{database}", clock=SystemClock())
    store.upgrade()
    lines: list[list[Clearance]] = [[] for _ in range(workers)]
    for number in range(rounds):
        for line, clearance in zip(lines, _clearances(store, number, workers), strict=True):
            line.append(clearance)
    store.close()
    return lines


def _clearances(store: SqlStore, number: int, workers: int) -> Sequence[Clearance]:
    merchant_id, now = _merchant(number), SystemClock().now()
    body: dict[str, Any] = {"status": CampaignStatus.SENDING.value, "settings_version": 1, "limit_scopes": []}
    document = Document(
        merchant_id=merchant_id, kind="campaign", document_id="c", body=body | {"next_at": None, "deadline": None}
    )
    store.save(document, expected_revision=0)
    store.post(merchant_id, [GrantCredit(key="a", count=CREDITS - 3), GrantCredit(key="b", count=3)])
    rows = [_row(merchant_id, place, now) for place in range(workers)]
    store.add_recipients(merchant_id, "c", rows)
    claims = store.claim(merchant_id, "c", worker_id="w", token="t", lease=LEASE, limit=workers)
    return [
        Clearance(
            merchant_id=merchant_id,
            campaign_id="c",
            recipient_id=claim.recipient.recipient_id,
            epoch=claim.epoch,
            claim_token="t",
            settings_version=1,
            address_key=claim.recipient.address_key,
            price=1 if number % 2 == 0 else 1 + place % 3,
            prepared_at=now,
        )
        for place, claim in enumerate(claims)
    ]


def _row(merchant_id: str, place: int, now: Any) -> CampaignRecipient:
    number = f"+4860100{place:04}"
    return CampaignRecipient(
        merchant_id=merchant_id,
        campaign_id="c",
        recipient_id=f"{merchant_id}r{place:02}",
        channel=Channel.SMS,
        contact_key=number,
        address=number,
        address_key=number,
        not_before=now,
        added_at=now,
        changed_at=now,
    )


def _run(database: Path, line: Sequence[Clearance], barrier: Any, seed: int) -> None:
    store, dice = SqlStore(f"sqlite:///{database}", clock=SystemClock()), random.Random(seed)
    carried: list[Settlement] = []  # of the round before, settled in the next begin
    for number, clearance in enumerate(line):
        barrier.wait(ROUND_SECONDS_MAX)
        (answer,) = store.begin([clearance], lease=LEASE, settlements=carried)
        carried = []
        if answer.verdict is not BeginVerdict.GO or number % 2 == 0:
            continue
        settlement = _fate(clearance, dice)
        if dice.random() < 0.5:
            store.settle([settlement])
        else:
            carried = [settlement]
    store.settle(carried)
    store.close()


def _fate(clearance: Clearance, dice: random.Random) -> Settlement:
    event, verdict = dice.choice(_FATES)
    assert clearance.price is not None
    return Settlement(
        merchant_id=clearance.merchant_id,
        recipient_id=clearance.recipient_id,
        epoch=clearance.epoch,
        event=event,
        outcome=Outcome(message_id="m", verdict=verdict, code="said"),
        spent=dice.randint(0, clearance.price) if event is RecipientEvent.ACCEPT else None,
    )


def judge_credit(database: Path) -> CreditVerdicts:
    """Add up what lots and attempts say, merchant by merchant."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    merchants = [merchant_id for (merchant_id,) in connection.execute(_MERCHANTS)]
    found = [_judge_one(connection, merchant_id) for merchant_id in merchants]
    connection.close()
    names = [field.name for field in attrs.fields(CreditVerdicts)]
    return CreditVerdicts(**{name: sum(getattr(one, name) for one in found) for name in names})


_MERCHANTS = "SELECT DISTINCT merchant_id FROM campaignkit_campaigns ORDER BY merchant_id"
_LOTS = "SELECT lot_number, granted, available, held, spent FROM campaignkit_credit_lots WHERE merchant_id = ?"
_ATTEMPTS = "SELECT credit_shares, credit_spent FROM campaignkit_attempts WHERE merchant_id = ?"
_CLAIMED = "SELECT count(*) FROM campaignkit_recipients WHERE merchant_id = ? AND status = 'claimed'"


def _judge_one(connection: sqlite3.Connection, merchant_id: str) -> CreditVerdicts:
    lots = {row[0]: row[1:] for row in connection.execute(_LOTS, (merchant_id,))}
    attempts = connection.execute(_ATTEMPTS, (merchant_id,)).fetchall()
    ((refused,),) = connection.execute(_CLAIMED, (merchant_id,))
    taken = dict.fromkeys(lots, 0)  # by lot, held or spent, as the attempts say
    for shares, spent in attempts:
        left = None if spent is None else int(spent)
        for pair in shares.split():
            number, count = map(int, pair.split(":"))
            used = count if left is None else min(count, left)
            left = None if left is None else left - used
            taken[number] += used
    granted = sum(row[0] for row in lots.values())
    sold = sum(taken.values())
    is_even = int(merchant_id[1:]) % 2 == 0
    return CreditVerdicts(
        rounds=1,
        begun=len(attempts),
        refused=refused,
        ended=sum(spent is not None for _, spent in attempts),
        oversold=max(sold - granted, 0) + sum(max(taken[number] - row[0], 0) for number, row in lots.items()),
        unsold=granted - sold if is_even and refused else 0,
        unequal=sum(
            taken[number] != held + spent or available != of_lot - taken[number]
            for number, (of_lot, available, held, spent) in lots.items()
        ),
    )


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        told = race_for_credit(Path(place), rounds=1000)
    print(f"race for credit, 16 processes: {told}")
    raise SystemExit(1 if told.oversold or told.unsold or told.unequal else 0)

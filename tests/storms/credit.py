"""The race for the last credits: processes that begin texts for one merchant at once; then an exact count.

``python -m tests.storms.credit`` runs 1,000 rounds.

In even rounds every text costs one credit and stays begun, so it is known how many can go. In odd rounds prices differ,
and what begins is settled at random at once, in the commit of another begin or in one of its own, so that credit comes
back amid the race. The judge adds up rows of the database and knows nothing of how campaignkit counts.
"""

import multiprocessing
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import sqlalchemy as sa

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
from tests.storms.limits import store_on
from tests.storms.places import url_of

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


def race_for_credit(url: str, *, rounds: int, workers: int = 16, seed: int = 1) -> CreditVerdicts:
    """Let *workers* processes race for the credits of so many merchants, one after the other, and judge."""
    lines = _prepare(url, rounds, workers)
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(workers)
    racers = [
        context.Process(target=_run, args=(url, line, barrier, seed * 1000 + place)) for place, line in enumerate(lines)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
        assert racer.exitcode == 0, f"a worker ended with {racer.exitcode}"
    return judge_credit(url)


def _merchant(number: int) -> str:
    return f"m{number:05}"


def _prepare(url: str, rounds: int, workers: int) -> list[list[Clearance]]:
    """Return for each worker what it asks to begin, round by round; the store is closed before anybody forks."""
    store = store_on(url)
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


def _run(url: str, line: Sequence[Clearance], barrier: Any, seed: int) -> None:
    store, dice = store_on(url), random.Random(seed)
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


def judge_credit(url: str) -> CreditVerdicts:
    """Add up what lots and attempts say, merchant by merchant."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        merchants = connection.execute(_MERCHANTS).scalars().all()
        found = [_judge_one(connection, merchant_id) for merchant_id in merchants]
    engine.dispose()
    names = [field.name for field in attrs.fields(CreditVerdicts)]
    return CreditVerdicts(**{name: sum(getattr(one, name) for one in found) for name in names})


_MERCHANTS = sa.text("SELECT DISTINCT merchant_id FROM campaignkit_campaigns ORDER BY merchant_id")
_LOTS = sa.text(
    "SELECT lot_number, granted, available, held, spent FROM campaignkit_credit_lots WHERE merchant_id = :merchant"
)
_ATTEMPTS = sa.text("SELECT credit_shares, credit_spent FROM campaignkit_attempts WHERE merchant_id = :merchant")
_CLAIMED = sa.text("SELECT count(*) FROM campaignkit_recipients WHERE merchant_id = :merchant AND status = 'claimed'")


def _judge_one(connection: sa.Connection, merchant_id: str) -> CreditVerdicts:
    mine = {"merchant": merchant_id}
    lots = {row[0]: row[1:] for row in connection.execute(_LOTS, mine)}
    attempts = connection.execute(_ATTEMPTS, mine).all()
    refused = connection.execute(_CLAIMED, mine).scalar_one()
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
        told = race_for_credit(url_of(Path(place) / "credit.db"), rounds=1000)
    print(f"race for credit, 16 processes: {told}")
    raise SystemExit(1 if told.oversold or told.unsold or told.unequal else 0)

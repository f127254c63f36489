"""Settling in SQL: the facts of each message in, the shared rule, recipients and attempts out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs
import sqlalchemy as sa

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.delivery.crediting import EndedHold, ended_by
from campaignkit.delivery.settling import (
    NOT_ACCEPTED,
    Ground,
    Settled,
    SettledApart,
    SettleFacts,
    Settlement,
    SettleResult,
    Uncounted,
    echoes,
    is_settleable,
    needs_ground,
    settle_one,
    uncounts,
)
from campaignkit.stores.sql.audience import CHANNELS, STATUSES
from campaignkit.stores.sql.connection import ReadNow
from campaignkit.stores.sql.crediting import open_shares
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.feedback import SettledText, hear_settled
from campaignkit.stores.sql.reopening import reopen
from campaignkit.stores.sql.returns import landing_rows
from campaignkit.stores.sql.schema import attempts, from_micros, recipients, to_micros
from campaignkit.stores.sql.statements import Parameters, Statement, is_among
from campaignkit.stores.sql.tries import SETTLE_ATTEMPT, UNBEGUN_ATTEMPT, verdicts_of

__all__ = ["Freed", "settle"]

_FACTS = Statement(
    ("merchant", "ids"),
    lambda is_sqlite: (
        sa.select(
            recipients.c.recipient_id,
            recipients.c.campaign_id,
            recipients.c.status,
            recipients.c.epoch,
            recipients.c.generation,
            recipients.c.is_repeated,
            recipients.c.attempt_count,
            recipients.c.channel,
        )
        .where(
            recipients.c.merchant_id == sa.bindparam("merchant"),
            is_among(recipients.c.recipient_id, "ids", is_sqlite=is_sqlite),
        )
        .order_by(recipients.c.recipient_id)
        .with_for_update()
    ),
)
_BEGAN = Statement(
    ("merchant", "ids"),
    lambda is_sqlite: sa.select(attempts.c.recipient_id, attempts.c.epoch, attempts.c.began_at).where(
        attempts.c.merchant_id == sa.bindparam("merchant"),
        is_among(attempts.c.recipient_id, "ids", is_sqlite=is_sqlite),
    ),
)
# One for all who end alike, which is nearly everybody of a wave.
_SETTLE = Statement(
    (
        "new_status",
        "new_reason",
        "new_detail",
        "new_not_before",
        "new_attempt_count",
        "new_doubt_until",
        "new_changed_at",
        "merchant",
        "ids",
    ),
    lambda is_sqlite: (
        sa.update(recipients)
        .where(
            recipients.c.merchant_id == sa.bindparam("merchant"),
            is_among(recipients.c.recipient_id, "ids", is_sqlite=is_sqlite),
        )
        .values(
            status=sa.bindparam("new_status"),
            reason=sa.bindparam("new_reason"),
            detail=sa.bindparam("new_detail"),
            not_before=sa.func.coalesce(sa.bindparam("new_not_before", type_=sa.BigInteger), recipients.c.not_before),
            attempt_count=sa.bindparam("new_attempt_count"),
            doubt_until=sa.bindparam("new_doubt_until"),
            changed_at=sa.bindparam("new_changed_at"),
            lease_until=sa.null(),
            worker_id=sa.literal_column("''"),
            claim_token=sa.literal_column("''"),
        )
    ),
)


@attrs.frozen
class _Row:
    """One recipient before it is settled."""

    campaign_id: str
    facts: SettleFacts


@attrs.frozen
class _Change:
    """What one settlement does to its recipient."""

    settlement: Settlement
    settled: Settled | SettledApart
    row: _Row
    echoes: Sequence[Settlement]  # what it says of other tries

    @property
    def has_begun(self) -> bool:
        """Whether there is an attempt: begin made it."""
        is_late = self.settlement.epoch in self.row.facts.left_open
        return is_late or self.row.facts.status is not RecipientStatus.CLAIMED

    @property
    def generation(self) -> int:
        """Of the message."""
        late = self.row.facts.left_open.get(self.settlement.epoch)
        return self.row.facts.generation if late is None else late.generation


@attrs.define
class Freed:
    """What settlements give back, under locks that come later than theirs."""

    uncounted: list[Uncounted] = attrs.field(factory=list)  # to limits
    holds: list[EndedHold] = attrs.field(factory=list)  # to lots, or spent


def settle(
    driver: Driver, settlements: Sequence[Settlement], *, read_now: ReadNow
) -> tuple[Sequence[SettleResult], Freed]:
    """Write what became of messages, each at its own epoch only; return also what is to be given back."""
    results: dict[int, SettleResult] = {}
    freed = Freed()
    proofs: list[Settlement] = []
    places: dict[str, list[int]] = {}
    for place, settlement in enumerate(settlements):
        places.setdefault(settlement.merchant_id, []).append(place)
    for merchant_id, mine in sorted(places.items()):
        given = [settlements[place] for place in mine]
        rows = _read(driver, merchant_id, given)
        now = read_now(driver.connection)
        decided, changes = _decide(given, rows, now)
        freed.uncounted += _uncounted(driver, merchant_id, changes)
        freed.holds += _ended(driver, merchant_id, changes)
        _write(driver, merchant_id, changes, now)
        results.update(zip(mine, decided, strict=True))
        proofs += hear_settled(driver, merchant_id, _heard_of(changes), now)
        proofs += [echo for one in changes for echo in one.echoes]
    if proofs:
        freed.holds += settle(driver, proofs, read_now=read_now)[1].holds
    return [results[place] for place in range(len(settlements))], freed


def _heard_of(changes: Sequence[_Change]) -> list[SettledText]:
    """Return what may have been heard of already: doubts, and texts that their provider named."""
    return [
        SettledText(settlement=one.settlement, channel=one.row.facts.channel, generation=one.generation)
        for one in changes
        if one.settlement.event is RecipientEvent.DOUBT
        or (one.settlement.account and one.settlement.event is RecipientEvent.ACCEPT)
    ]


def _ended(driver: Driver, merchant_id: str, changes: Sequence[_Change]) -> list[EndedHold]:
    """Return the holds that end; mail costs nothing, and nothing is looked up for it."""
    texts = [one.settlement for one in changes if one.row.facts.channel is Channel.SMS and one.has_begun]
    if not texts:
        return []
    shares = open_shares(driver, merchant_id, [one.recipient_id for one in texts])
    ended = (ended_by(one, shares.get((one.recipient_id, one.epoch), ())) for one in texts)
    return [hold for hold in ended if hold is not None]


def _uncounted(driver: Driver, merchant_id: str, changes: Sequence[_Change]) -> list[Uncounted]:
    """Return what had begun and provably was not submitted."""
    given_back = {
        (one.settlement.recipient_id, one.settlement.epoch): one.settlement.limit_scopes
        for one in changes
        if uncounts(one.settlement) and one.has_begun
    }
    if not given_back:
        return []
    rows = driver.rows(_BEGAN, (merchant_id, sorted({recipient_id for recipient_id, _ in given_back})))
    return [
        Uncounted(given_back[recipient_id, epoch], from_micros(began_at))
        for recipient_id, epoch, began_at in rows
        if (recipient_id, epoch) in given_back and began_at is not None
    ]


def _read(driver: Driver, merchant_id: str, settlements: Sequence[Settlement]) -> dict[str, _Row]:
    """Return the rows, locked, by recipient. Verdicts and grounds are read for those only that are judged by them."""
    ids = sorted({settlement.recipient_id for settlement in settlements})
    found = driver.rows(_FACTS, (merchant_id, ids))
    statuses = {row[0]: STATUSES[row[2]] for row in found}
    epochs = {row[0]: row[3] for row in found}
    repeated = {row[0] for row in found if row[5]}
    over = [
        one.recipient_id
        for one in settlements
        if one.recipient_id in repeated
        or (
            one.recipient_id in statuses
            and (one.epoch != epochs[one.recipient_id] or not is_settleable(statuses[one.recipient_id], one.event))
        )
    ]
    deferred = [one.recipient_id for one in settlements if needs_ground(one.event)]
    verdicts, left_open = verdicts_of(driver, merchant_id, over) if over else ({}, {})
    grounds = _grounds(driver, merchant_id, deferred) if deferred else {}
    return {
        recipient_id: _Row(
            campaign_id,
            SettleFacts(
                statuses[recipient_id],
                epoch,
                attempt_count,
                CHANNELS[channel],
                verdicts.get((recipient_id, epoch), "") if over else None,
                grounds.get(recipient_id),
                generation,
                left_open.get(recipient_id, {}),
            ),
        )
        for recipient_id, campaign_id, _, epoch, generation, _, attempt_count, channel in found
    }


def _grounds(driver: Driver, merchant_id: str, ids: Sequence[str]) -> dict[str, Ground]:
    return {
        row.recipient_id: Ground(CampaignStatus(row.campaign_status), row.deadline, row.suppressed_key is not None)
        for row in landing_rows(driver.connection, merchant_id, ids)
    }


def _decide(
    settlements: Sequence[Settlement], rows: Mapping[str, _Row], now: datetime
) -> tuple[list[SettleResult], list[_Change]]:
    """Return a result for each settlement, in order; a recipient named twice is judged as it stands by then."""
    facts = {recipient_id: row.facts for recipient_id, row in rows.items()}
    results: list[SettleResult] = []
    changes: list[_Change] = []
    for settlement in settlements:
        known = facts.get(settlement.recipient_id)
        if known is None:
            results.append(SettleResult.STALE)
            continue
        settled = settle_one(known, settlement, now)
        if isinstance(settled, SettleResult):
            results.append(settled)
            continue
        results.append(SettleResult.APPLIED)
        changes.append(_Change(settlement, settled, rows[settlement.recipient_id], echoes(known, settlement)))
        if len(rows) < len(settlements):
            facts[settlement.recipient_id] = _facts_after(known, settlement, settled)
    return results, changes


def _facts_after(known: SettleFacts, settlement: Settlement, settled: Settled | SettledApart) -> SettleFacts:
    left_open = {epoch: one for epoch, one in known.left_open.items() if epoch != settlement.epoch}
    is_current = settlement.epoch == known.epoch
    verdict = settlement.outcome.verdict.value if is_current else known.settled_verdict
    after = attrs.evolve(known, settled_verdict=verdict, left_open=left_open)
    if isinstance(settled, SettledApart):
        return after
    return attrs.evolve(after, status=settled.status, attempt_count=settled.attempt_count)


def _write(driver: Driver, merchant_id: str, changes: Sequence[_Change], now: datetime) -> None:
    at = to_micros(now)
    for values, ids in _alike(changes):
        driver.run(_SETTLE, (*values, at, merchant_id, ids))
    # A claim that never began has no attempt yet; begin made that of the others.
    begun = [one for one in changes if one.has_begun]
    driver.run_each(SETTLE_ATTEMPT, [_verdict_values(merchant_id, one.settlement, at) for one in begun])
    if len(begun) < len(changes):
        unbegun = [one for one in changes if not one.has_begun]
        driver.run_each(UNBEGUN_ATTEMPT, [_unbegun_values(merchant_id, one, at) for one in unbegun])
    for campaign_id in _reopened(changes):
        reopen(driver.connection, merchant_id, campaign_id, why=NOT_ACCEPTED, now=now)


def _alike(changes: Sequence[_Change]) -> Iterable[tuple[Parameters, list[str]]]:
    """Return who ends alike. Somebody who was settled twice ends as the last settlement says."""
    last = {one.settlement.recipient_id: one.settled for one in changes if isinstance(one.settled, Settled)}
    groups: dict[Parameters, list[str]] = {}
    for recipient_id, settled in last.items():
        groups.setdefault(_settled_values(settled), []).append(recipient_id)
    return groups.items()


def _settled_values(settled: Settled) -> Parameters:
    return (
        settled.status.value,
        settled.reason,
        settled.detail,
        None if settled.not_before is None else to_micros(settled.not_before),
        settled.attempt_count,
        None if settled.doubt_until is None else to_micros(settled.doubt_until),
    )


def _verdict_values(merchant_id: str, settlement: Settlement, at: int) -> Parameters:
    return (*_outcome_values(settlement, at), merchant_id, settlement.recipient_id, settlement.epoch)


def _unbegun_values(merchant_id: str, change: _Change, at: int) -> Parameters:
    settlement = change.settlement
    identity = (merchant_id, settlement.recipient_id, settlement.epoch, change.row.facts.generation)
    return identity + _outcome_values(settlement, at)


def _outcome_values(settlement: Settlement, at: int) -> Parameters:
    outcome = settlement.outcome
    return at, outcome.verdict.value, outcome.scope.value, outcome.code, outcome.reply, outcome.provider_id


def _reopened(changes: Sequence[_Change]) -> list[str]:
    """Return the finished campaigns on which somebody is pending again."""
    return sorted(
        {
            one.row.campaign_id
            for one in changes
            if isinstance(one.settled, Settled)
            and one.settled.status is RecipientStatus.PENDING
            and one.row.facts.ground is not None
            and one.row.facts.ground.campaign_status is CampaignStatus.FINISHED
        }
    )

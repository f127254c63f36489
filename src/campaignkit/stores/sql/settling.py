"""Settling in SQL: the facts of each message in, the shared rule, recipients and attempts out."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import Grouping

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.status import CampaignEvent, CampaignStatus, RecipientEvent, RecipientStatus, transition
from campaignkit.delivery.crediting import EndedHold, ended_by
from campaignkit.delivery.settling import (
    Ground,
    Settled,
    SettleFacts,
    Settlement,
    SettleResult,
    Uncounted,
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
from campaignkit.stores.sql.returns import landing_rows
from campaignkit.stores.sql.schema import attempts, campaigns, from_micros, recipients, to_micros
from campaignkit.stores.sql.statements import Parameters, Statement, is_among, spread
from campaignkit.stores.sql.timelines import add_note

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
_VERDICTS = Statement(
    ("merchant", "ids"),
    lambda is_sqlite: sa.select(attempts.c.recipient_id, attempts.c.epoch, attempts.c.verdict).where(
        attempts.c.merchant_id == sa.bindparam("merchant"),
        is_among(attempts.c.recipient_id, "ids", is_sqlite=is_sqlite),
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
_VERDICT_NAMES = ("settled_at", "verdict", "scope", "code", "reply", "provider_id")
_SETTLED = {f"new_{name}": name for name in _VERDICT_NAMES}
_SETTLED |= {"merchant": "merchant_id", "recipient": "recipient_id", "epoch": "epoch"}


def _settle_attempts() -> sa.Update:
    """Return what settles many attempts of one merchant.

    Whose they are is said twice: of a table that was never analyzed, the server would else read every row.
    """
    given = spread(attempts, _SETTLED)
    merchants = Grouping(sa.bindparam("merchant", type_=postgresql.ARRAY(sa.Text())))
    return (
        sa.update(attempts)
        .where(
            attempts.c.merchant_id == merchants[sa.literal_column("1", sa.Integer)],
            is_among(attempts.c.recipient_id, "recipient", is_sqlite=False),
            attempts.c.merchant_id == given.c.merchant,
            attempts.c.recipient_id == given.c.recipient,
            attempts.c.epoch == given.c.epoch,
        )
        .values({name: given.c[f"new_{name}"] for name in _VERDICT_NAMES})
    )


_SETTLE_ATTEMPT = Statement(
    tuple(_SETTLED),
    lambda _: (
        sa.update(attempts)
        .where(
            attempts.c.merchant_id == sa.bindparam("merchant"),
            attempts.c.recipient_id == sa.bindparam("recipient"),
            attempts.c.epoch == sa.bindparam("epoch"),
        )
        .values({name: sa.bindparam(f"new_{name}") for name in _VERDICT_NAMES})
    ),
    write_spread=_settle_attempts,
)
_ATTEMPT_NAMES = (
    *("merchant_id", "recipient_id", "epoch", "generation"),
    *("settled_at", "verdict", "scope", "code", "reply", "provider_id"),
)
_UNBEGUN_ATTEMPT = Statement(
    _ATTEMPT_NAMES,
    lambda _: sa.insert(attempts).values(
        {name: sa.bindparam(name) for name in _ATTEMPT_NAMES} | {"content_digest": sa.literal_column("''")}
    ),
)


@attrs.frozen
class _Row:
    """One recipient before it is settled."""

    campaign_id: str
    generation: int
    facts: SettleFacts


@attrs.frozen
class _Change:
    """What one settlement does to its recipient."""

    settlement: Settlement
    settled: Settled
    row: _Row


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
    if proofs:
        freed.holds += settle(driver, proofs, read_now=read_now)[1].holds
    return [results[place] for place in range(len(settlements))], freed


def _heard_of(changes: Sequence[_Change]) -> list[SettledText]:
    """Return what may have been heard of already: doubts, and texts that their provider named."""
    return [
        SettledText(settlement=one.settlement, channel=one.row.facts.channel, generation=one.row.generation)
        for one in changes
        if one.settlement.event is RecipientEvent.DOUBT
        or (one.settlement.account and one.settlement.event is RecipientEvent.ACCEPT)
    ]


def _ended(driver: Driver, merchant_id: str, changes: Sequence[_Change]) -> list[EndedHold]:
    """Return the holds that end; mail costs nothing, and nothing is looked up for it."""
    texts = [
        one.settlement
        for one in changes
        if one.row.facts.channel is Channel.SMS and one.row.facts.status is not RecipientStatus.CLAIMED
    ]
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
        if uncounts(one.settlement) and one.row.facts.status is not RecipientStatus.CLAIMED
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
    over = [
        one.recipient_id
        for one in settlements
        if one.recipient_id in statuses and not is_settleable(statuses[one.recipient_id], one.event)
    ]
    deferred = [one.recipient_id for one in settlements if needs_ground(one.event)]
    verdicts = _verdicts(driver, merchant_id, over) if over else {}
    grounds = _grounds(driver, merchant_id, deferred) if deferred else {}
    return {
        recipient_id: _Row(
            campaign_id,
            generation,
            SettleFacts(
                statuses[recipient_id],
                epoch,
                attempt_count,
                CHANNELS[channel],
                verdicts.get((recipient_id, epoch), "") if over else None,
                grounds.get(recipient_id),
            ),
        )
        for recipient_id, campaign_id, _, epoch, generation, attempt_count, channel in found
    }


def _verdicts(driver: Driver, merchant_id: str, ids: Sequence[str]) -> dict[tuple[str, int], str]:
    rows = driver.rows(_VERDICTS, (merchant_id, ids))
    return {(recipient_id, epoch): verdict for recipient_id, epoch, verdict in rows}


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
        changes.append(_Change(settlement, settled, rows[settlement.recipient_id]))
        if len(rows) < len(settlements):
            facts[settlement.recipient_id] = _facts_after(known, settlement, settled)
    return results, changes


def _facts_after(known: SettleFacts, settlement: Settlement, settled: Settled) -> SettleFacts:
    return attrs.evolve(
        known,
        status=settled.status,
        attempt_count=settled.attempt_count,
        settled_verdict=settlement.outcome.verdict.value,
    )


def _write(driver: Driver, merchant_id: str, changes: Sequence[_Change], now: datetime) -> None:
    at = to_micros(now)
    for values, ids in _alike(changes):
        driver.run(_SETTLE, (*values, at, merchant_id, ids))
    # A claim that never began has no attempt yet; begin made that of the others.
    begun = [one for one in changes if one.row.facts.status is not RecipientStatus.CLAIMED]
    driver.run_each(_SETTLE_ATTEMPT, [_verdict_values(merchant_id, one.settlement, at) for one in begun])
    if len(begun) < len(changes):
        unbegun = [one for one in changes if one.row.facts.status is RecipientStatus.CLAIMED]
        driver.run_each(_UNBEGUN_ATTEMPT, [_unbegun_values(merchant_id, one, at) for one in unbegun])
    for campaign_id in _reopened(changes):
        _reopen(driver.connection, merchant_id, campaign_id, now)


def _alike(changes: Sequence[_Change]) -> Iterable[tuple[Parameters, list[str]]]:
    """Return who ends alike. Somebody who was settled twice ends as the last settlement says."""
    last = {one.settlement.recipient_id: one.settled for one in changes}
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
    identity = (merchant_id, settlement.recipient_id, settlement.epoch, change.row.generation)
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
            if one.settled.status is RecipientStatus.PENDING
            and one.row.facts.ground is not None
            and one.row.facts.ground.campaign_status is CampaignStatus.FINISHED
        }
    )


def _reopen(connection: sa.Connection, merchant_id: str, campaign_id: str, now: datetime) -> None:
    mine = (campaigns.c.merchant_id == merchant_id, campaigns.c.campaign_id == campaign_id)
    row = connection.execute(sa.select(campaigns).where(*mine).with_for_update()).one()
    status = transition(CampaignStatus(row.status), CampaignEvent.REOPEN)
    body = json.dumps(json.loads(row.body) | {"status": status.value, "finished_at": None})
    connection.execute(
        sa.update(campaigns).where(*mine).values(status=status.value, body=body, revision=row.revision + 1)
    )
    why = "A message that was in doubt turned out not to have been accepted."
    add_note(connection, merchant_id, campaign_id, TimelineEntry(at=now, what="reopened", why=why))

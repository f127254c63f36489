"""Limits and caps in SQL: what was counted, locked and read in begin's transaction; what is counted after it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from campaignkit.campaign.campaign import CampaignKind
from campaignkit.campaign.recipients import MAYBE_ACCEPTED
from campaignkit.campaign.status import RecipientStatus
from campaignkit.delivery.begin import Clearance
from campaignkit.delivery.settling import Uncounted, give_back_all
from campaignkit.stores.sql.audience import insert_missing
from campaignkit.stores.sql.connection import ReadNow
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.schema import (
    IS_RECIPIENT,
    attempts,
    campaigns,
    from_micros,
    has_status,
    limit_counters,
    recipients,
    to_micros,
)
from campaignkit.stores.sql.statements import Parameters, Statement, is_among, lock_number
from campaignkit.timing.limits import (
    LimitScope,
    LimitState,
    counts_of,
    dump_state,
    grant_together,
    load_state,
    take_together,
)

__all__ = [
    "counted",
    "lock_counters",
    "lock_people",
    "marketing",
    "marketing_of",
    "spend",
    "uncount",
    "write_counters",
]

_LOCKED = Statement(
    ("keys",),
    lambda is_sqlite: (
        sa.select(limit_counters.c.scope_key, limit_counters.c.state)
        .where(is_among(limit_counters.c.scope_key, "keys", is_sqlite=is_sqlite))
        .order_by(limit_counters.c.scope_key)
        .with_for_update()
    ),
)
_COUNTED = Statement(
    ("keys",),
    lambda is_sqlite: sa.select(limit_counters.c.scope_key, limit_counters.c.state).where(
        is_among(limit_counters.c.scope_key, "keys", is_sqlite=is_sqlite)
    ),
)
_WRITE = Statement(
    ("new_state", "of_scope"),
    lambda _: (
        sa.update(limit_counters)
        .where(limit_counters.c.scope_key == sa.bindparam("of_scope"))
        .values(state=sa.bindparam("new_state"))
    ),
)
_MARKETING = Statement(
    ("merchant", "since", "keys"),
    lambda is_sqlite: (
        sa.select(recipients.c.address_key, attempts.c.began_at)
        .select_from(
            recipients.join(
                campaigns,
                sa.and_(
                    campaigns.c.merchant_id == recipients.c.merchant_id,
                    campaigns.c.campaign_id == recipients.c.campaign_id,
                ),
            ).join(
                attempts,
                sa.and_(
                    attempts.c.merchant_id == recipients.c.merchant_id,
                    attempts.c.recipient_id == recipients.c.recipient_id,
                ),
            )
        )
        .where(
            recipients.c.merchant_id == sa.bindparam("merchant"),
            IS_RECIPIENT,
            campaigns.c.kind == sa.literal_column(f"'{CampaignKind.MARKETING.value}'"),
            attempts.c.began_at > sa.bindparam("since", type_=sa.BigInteger),
            attempts.c.verdict.in_([sa.literal_column(f"'{verdict}'") for verdict in MAYBE_ACCEPTED]),
            # As ``CampaignRecipient.is_about_to_repeat``.
            sa.not_(
                sa.and_(
                    recipients.c.is_repeated,
                    has_status(RecipientStatus.CLAIMED),
                    attempts.c.generation == recipients.c.generation,
                )
            ),
            is_among(recipients.c.address_key, "keys", is_sqlite=is_sqlite),
        )
    ),
)
_PEOPLE = sa.select(
    sa.func.pg_advisory_xact_lock(
        sa.func.unnest(sa.bindparam("people", type_=postgresql.ARRAY(sa.BigInteger))).column_valued("person")
    )
)


def lock_counters(driver: Driver, keys: Iterable[str]) -> Mapping[str, LimitState]:
    """Return what was counted under each of *keys*, locked until the transaction ends."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = driver.rows(_LOCKED, (wanted,))
    if len(rows) < len(wanted):
        insert_missing(driver.connection, limit_counters, [{"scope_key": key, "state": "{}"} for key in wanted])
        rows = driver.rows(_LOCKED, (wanted,))
    return {key: load_state(state) for key, state in rows}


def counted(driver: Driver, keys: Iterable[str]) -> Mapping[str, LimitState]:
    """Return what was counted under each of *keys*; a key that is missing was never counted."""
    wanted = sorted(set(keys))
    return {key: load_state(state) for key, state in driver.rows(_COUNTED, (wanted,))} if wanted else {}


def write_counters(driver: Driver, before: Mapping[str, LimitState], after: Mapping[str, LimitState]) -> None:
    """Write those states that changed; their rows were locked."""
    changed: list[Parameters] = [
        (dump_state(state), key) for key, state in after.items() if state is not before.get(key)
    ]
    driver.run_each(_WRITE, changed)


def uncount(driver: Driver, uncounted: Sequence[Uncounted]) -> None:
    """Give back what was counted for messages that provably were not submitted."""
    before = lock_counters(driver, [scope.key for one in uncounted for scope in one.limit_scopes])
    write_counters(driver, before, give_back_all(before, uncounted))


def lock_people(driver: Driver, clearances: Sequence[Clearance]) -> None:
    """Lock those whose cap is asked about until the transaction ends, so that no two campaigns begin for one at once.

    PostgreSQL's advisory locks, and not the rows that have the address: those are other campaigns', whose workers
    settle and begin in orders of their own and would lock each other out.
    """
    people = sorted({lock_number(one.merchant_id, one.address_key) for one in clearances if one.cap is not None})
    if people:
        driver.connection.execute(_PEOPLE, {"people": people}).all()


def marketing_of(
    driver: Driver, clearances: Sequence[Clearance], now: datetime
) -> Mapping[tuple[str, str], Sequence[datetime]]:
    """Return when marketing to those whose cap is asked about began, by merchant and address key."""
    asked: dict[str, list[Clearance]] = {}
    for clearance in clearances:
        if clearance.cap is not None:
            asked.setdefault(clearance.merchant_id, []).append(clearance)
    found: dict[tuple[str, str], Sequence[datetime]] = {}
    for merchant_id, mine in asked.items():
        since = now - max(one.cap.length for one in mine if one.cap is not None)
        by_key = marketing(driver, merchant_id, [one.address_key for one in mine], since)
        found |= {(merchant_id, key): instants for key, instants in by_key.items()}
    return found


def marketing(driver: Driver, merchant_id: str, keys: Iterable[str], since: datetime) -> dict[str, list[datetime]]:
    """Return when marketing to each of *keys* began after *since*, where it was or may have been accepted."""
    found: dict[str, list[datetime]] = {}
    wanted = sorted(set(keys))
    for address_key, began_at in driver.rows(_MARKETING, (merchant_id, to_micros(since), wanted)) if wanted else ():
        found.setdefault(address_key, []).append(from_micros(began_at))
    return found


def spend(driver: Driver, scopes: Sequence[LimitScope], *, draw: float, read_now: ReadNow) -> datetime | None:
    """Count one message under *scopes*, or return when one may begin."""
    before = lock_counters(driver, [scope.key for scope in scopes])
    now = read_now(driver.connection)
    held = grant_together(counts_of(scopes, before), now).grant
    if held.count:
        write_counters(driver, before, {**before, **take_together(scopes, before, now, draw=draw)})
    return held.next_at

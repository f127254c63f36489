"""Begin in SQL: facts under their locks in, the shared decision, markers and limits out, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import attrs
import sqlalchemy as sa

from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.credits.lots import Shares, dump_shares
from campaignkit.credits.purse import Purse
from campaignkit.delivery.begin import (
    BeginAnswer,
    BeginFacts,
    BeginVerdict,
    CampaignFacts,
    Clearance,
    RecipientFacts,
    decide,
)
from campaignkit.delivery.settling import give_back_all
from campaignkit.stores.sql.audience import STATUSES
from campaignkit.stores.sql.connection import ReadNow
from campaignkit.stores.sql.counting import lock_counters, lock_people, marketing_of, write_counters
from campaignkit.stores.sql.crediting import end_in, lock_lots, write_purses
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.returns import update_recipients
from campaignkit.stores.sql.schema import (
    NO_LEASE,
    attempts,
    campaigns,
    recipients,
    suppressions,
    to_micros,
)
from campaignkit.stores.sql.settling import Freed
from campaignkit.stores.sql.statements import Parameters, Statement, is_among, spread

__all__ = ["begin"]

# How begin's refusals end a recipient; every other refusal leaves it with its worker, who releases it.
_ENDED_BY = {
    BeginVerdict.SUPPRESSED: (RecipientStatus.SKIPPED, "suppressed"),
    BeginVerdict.EXPIRED: (RecipientStatus.EXPIRED, "deadline_passed"),
    BeginVerdict.CANCELLED: (RecipientStatus.CANCELLED, "campaign_cancelled"),
    BeginVerdict.LEFT_OUT: (RecipientStatus.SKIPPED, "frequency_cap"),
}
_CAMPAIGN_STATUSES = {member.value: member for member in CampaignStatus}

# A shared lock: begins of one campaign run side by side, and a pause waits for those that are open.
_CAMPAIGN = Statement(
    ("merchant", "campaign"),
    lambda _: (
        sa.select(campaigns.c.status, campaigns.c.settings_version)
        .where(campaigns.c.merchant_id == sa.bindparam("merchant"), campaigns.c.campaign_id == sa.bindparam("campaign"))
        .with_for_update(read=True)
    ),
)
_RECIPIENT_FACTS = (
    recipients.c.recipient_id,
    recipients.c.campaign_id,
    recipients.c.status,
    recipients.c.epoch,
    recipients.c.claim_token,
    recipients.c.address_key,
)
_RECIPIENTS = Statement(
    ("merchant", "ids"),
    lambda is_sqlite: (
        sa.select(*_RECIPIENT_FACTS)
        .where(
            recipients.c.merchant_id == sa.bindparam("merchant"),
            is_among(recipients.c.recipient_id, "ids", is_sqlite=is_sqlite),
        )
        .order_by(recipients.c.recipient_id)
        .with_for_update()
    ),
)
_SUPPRESSED = Statement(
    ("merchant", "keys"),
    lambda is_sqlite: sa.select(suppressions.c.address_key).where(
        suppressions.c.merchant_id == sa.bindparam("merchant"),
        is_among(suppressions.c.address_key, "keys", is_sqlite=is_sqlite),
    ),
)
# One writer is alone on SQLite, so the order of locks means nothing, and all is read at once.
_FACTS_AT_ONCE = Statement(
    ("merchant", "ids"),
    lambda is_sqlite: (
        sa.select(
            *_RECIPIENT_FACTS,
            campaigns.c.status,
            campaigns.c.settings_version,
            suppressions.c.address_key,
        )
        .select_from(
            recipients.join(
                campaigns,
                sa.and_(
                    campaigns.c.merchant_id == recipients.c.merchant_id,
                    campaigns.c.campaign_id == recipients.c.campaign_id,
                ),
            ).outerjoin(
                suppressions,
                sa.and_(
                    suppressions.c.merchant_id == recipients.c.merchant_id,
                    suppressions.c.address_key == recipients.c.address_key,
                ),
            )
        )
        .where(
            recipients.c.merchant_id == sa.bindparam("merchant"),
            is_among(recipients.c.recipient_id, "ids", is_sqlite=is_sqlite),
        )
    ),
)
_SENDING = Statement(
    ("new_lease_until", "new_changed_at", "merchant", "ids"),
    lambda is_sqlite: (
        sa.update(recipients)
        .where(
            recipients.c.merchant_id == sa.bindparam("merchant"),
            is_among(recipients.c.recipient_id, "ids", is_sqlite=is_sqlite),
        )
        .values(
            status=sa.literal_column(f"'{RecipientStatus.SENDING.value}'"),
            lease_until=sa.bindparam("new_lease_until"),
            changed_at=sa.bindparam("new_changed_at"),
        )
    ),
)
_ATTEMPT_NAMES = (
    "merchant_id",
    "recipient_id",
    "epoch",
    "generation",
    "began_at",
    "prepared_at",
    "content_digest",
    "price",
)


def _insert_attempt(names: Sequence[str], _is_sqlite: bool) -> sa.Insert:
    return sa.insert(attempts).values(
        {name: sa.bindparam(name) for name in names}
        | {name: sa.literal_column("''") for name in ("verdict", "scope", "code", "reply")}
    )


def _insert_attempts(names: Sequence[str]) -> sa.Insert:
    given = spread(attempts, {name: name for name in names})
    empty = ("verdict", "scope", "code", "reply")
    rows = sa.select(*(given.c[name] for name in names), *(sa.literal_column("''") for _ in empty))
    return sa.insert(attempts).from_select([*names, *empty], rows, include_defaults=False)


_PAID_NAMES = (*_ATTEMPT_NAMES, "credit_shares")
_ATTEMPT, _PAID_ATTEMPT = (
    Statement(names, partial(_insert_attempt, names), write_spread=partial(_insert_attempts, names))
    for names in (_ATTEMPT_NAMES, _PAID_NAMES)
)


def begin(
    driver: Driver,
    clearances: Sequence[Clearance],
    *,
    lease: timedelta,
    read_now: ReadNow,
    freed: Freed,
) -> Sequence[BeginAnswer]:
    """Decide under the locks of campaign, recipients, limits and lots, and write what was decided.

    Args:
        freed: What settlements of the same transaction give back; after the locks, as all take them so.
    """
    facts = _read_at_once(driver, clearances) if driver.is_sqlite else _read_in_order(driver, clearances)
    scopes = [one.limit_scopes for one in clearances] + [one.limit_scopes for one in freed.uncounted]
    counters = lock_counters(driver, [scope.key for group in scopes for scope in group])
    paying = [one.merchant_id for one in clearances if one.price is not None]
    lots = lock_lots(driver, paying + [hold.merchant_id for hold in freed.holds])
    now = read_now(driver.connection)
    purses = {merchant_id: Purse(mine, now) for merchant_id, mine in lots.items()}
    end_in(driver, purses, freed.holds, now)
    decision = decide(
        BeginFacts(
            campaigns=facts.campaigns,
            recipients=facts.recipients,
            suppressed=frozenset(facts.suppressed),
            limits=give_back_all(counters, freed.uncounted) if freed.uncounted else counters,
            marketing=marketing_of(driver, clearances, now),
        ),
        clearances,
        now,
        purses,
    )
    pairs = list(zip(clearances, decision.answers, strict=True))
    going = [clearance for clearance, answer in pairs if answer.verdict is BeginVerdict.GO]
    _write_going(driver, going, decision.shares, now, lease)
    write_purses(driver, purses)
    if len(going) < len(pairs):
        _write_ended(driver, pairs, now)
    if counters:
        write_counters(driver, counters, decision.limits)
    return decision.answers


def _write_going(
    driver: Driver,
    going: Sequence[Clearance],
    shares: Mapping[tuple[str, str], Shares],
    now: datetime,
    lease: timedelta,
) -> None:
    began_at, lease_until = to_micros(now), to_micros(now + lease)
    for merchant_id, ids in _by_merchant(going):
        driver.run(_SENDING, (lease_until, began_at, merchant_id, ids))
    free = [one for one in going if one.price is None]
    driver.run_each(_ATTEMPT, [_attempt_row(clearance, began_at) for clearance in free])
    if len(free) < len(going):
        paid = [(one, shares[one.merchant_id, one.recipient_id]) for one in going if one.price is not None]
        driver.run_each(_PAID_ATTEMPT, [(*_attempt_row(one, began_at), dump_shares(pays)) for one, pays in paid])


def _write_ended(driver: Driver, pairs: Sequence[tuple[Clearance, BeginAnswer]], now: datetime) -> None:
    for verdict, (status, reason) in _ENDED_BY.items():
        ended: dict[str, list[Clearance]] = {}
        for clearance, answer in pairs:
            if answer.verdict is verdict:
                ended.setdefault(answer.detail, []).append(clearance)
        for detail, alike in ended.items():
            values = {"status": status.value, "reason": reason, "detail": detail, "changed_at": now, **NO_LEASE}
            for merchant_id, ids in _by_merchant(alike):
                update_recipients(driver.connection, merchant_id, ids, **values)


@attrs.define
class _Facts:
    campaigns: dict[tuple[str, str], CampaignFacts] = attrs.field(factory=dict)
    recipients: dict[tuple[str, str], RecipientFacts] = attrs.field(factory=dict)
    suppressed: set[tuple[str, str]] = attrs.field(factory=set)


def _read_at_once(driver: Driver, clearances: Sequence[Clearance]) -> _Facts:
    facts = _Facts()
    for merchant_id, ids in _by_merchant(clearances):
        for row in driver.rows(_FACTS_AT_ONCE, (merchant_id, ids)):
            recipient_id, campaign_id, status, epoch, token, key, campaign_status, settings_version, suppressed = row
            facts.recipients[merchant_id, recipient_id] = RecipientFacts(
                campaign_id, STATUSES[status], epoch, token, key
            )
            if (merchant_id, campaign_id) not in facts.campaigns:
                facts.campaigns[merchant_id, campaign_id] = CampaignFacts(
                    _CAMPAIGN_STATUSES[campaign_status], settings_version
                )
            if suppressed is not None:
                facts.suppressed.add((merchant_id, suppressed))
    return facts


def _read_in_order(driver: Driver, clearances: Sequence[Clearance]) -> _Facts:
    """Read what is locked first, and the suppression list after the locks: an opt-out committed until then wins."""
    facts = _Facts()
    for merchant_id, campaign_id in sorted({(one.merchant_id, one.campaign_id) for one in clearances}):
        for status, settings_version in driver.rows(_CAMPAIGN, (merchant_id, campaign_id)):
            facts.campaigns[merchant_id, campaign_id] = CampaignFacts(_CAMPAIGN_STATUSES[status], settings_version)
    keys: dict[str, list[str]] = {}
    for merchant_id, ids in _by_merchant(clearances):
        for recipient_id, campaign_id, status, epoch, token, key in driver.rows(_RECIPIENTS, (merchant_id, ids)):
            facts.recipients[merchant_id, recipient_id] = RecipientFacts(
                campaign_id, STATUSES[status], epoch, token, key
            )
            keys.setdefault(merchant_id, []).append(key)
    lock_people(driver, clearances)
    # By the stored address, which the clearance may not know yet.
    for merchant_id, wanted in keys.items():
        found = driver.rows(_SUPPRESSED, (merchant_id, wanted))
        facts.suppressed.update((merchant_id, key) for (key,) in found)
    return facts


def _attempt_row(clearance: Clearance, began_at: int) -> Parameters:
    return (
        clearance.merchant_id,
        clearance.recipient_id,
        clearance.epoch,
        clearance.generation,
        began_at,
        to_micros(clearance.prepared_at),
        clearance.content_digest,
        clearance.price,
    )


def _by_merchant(clearances: Iterable[Clearance]) -> Iterable[tuple[str, list[str]]]:
    grouped: dict[str, list[str]] = {}
    for clearance in clearances:
        grouped.setdefault(clearance.merchant_id, []).append(clearance.recipient_id)
    return sorted(grouped.items())

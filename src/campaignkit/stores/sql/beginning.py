"""Begin in SQL: facts under their locks in, the shared decision, markers and limits out, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.delivery.begin import (
    BeginAnswer,
    BeginFacts,
    BeginVerdict,
    CampaignFacts,
    Clearance,
    RecipientFacts,
    decide,
)
from campaignkit.stores.sql.audience import insert_missing
from campaignkit.stores.sql.claims import NO_LEASE, ReadNow, update_recipients
from campaignkit.stores.sql.rows import RowStatement
from campaignkit.stores.sql.schema import attempts, campaigns, limit_counters, recipients, suppressions, to_micros
from campaignkit.timing.limits import LimitState

__all__ = ["begin"]

# How begin's refusals end a recipient; every other refusal leaves it with its worker, who releases it.
_ENDED_BY = {
    BeginVerdict.SUPPRESSED: (RecipientStatus.SKIPPED, "suppressed"),
    BeginVerdict.EXPIRED: (RecipientStatus.EXPIRED, "deadline_passed"),
    BeginVerdict.CANCELLED: (RecipientStatus.CANCELLED, "campaign_cancelled"),
}

# A shared lock: begins of one campaign run side by side, and a pause waits for those that are open.
_CAMPAIGN = (
    sa.select(campaigns.c.status, campaigns.c.settings_version)
    .where(campaigns.c.merchant_id == sa.bindparam("merchant"), campaigns.c.campaign_id == sa.bindparam("campaign"))
    .with_for_update(read=True)
)
_RECIPIENTS = (
    sa.select(
        recipients.c.recipient_id,
        recipients.c.campaign_id,
        recipients.c.status,
        recipients.c.epoch,
        recipients.c.claim_token,
        recipients.c.address_key,
    )
    .where(
        recipients.c.merchant_id == sa.bindparam("merchant"),
        recipients.c.recipient_id.in_(sa.bindparam("ids", expanding=True)),
    )
    .order_by(recipients.c.recipient_id)
    .with_for_update()
)
_SUPPRESSED = sa.select(suppressions.c.address_key).where(
    suppressions.c.merchant_id == sa.bindparam("merchant"),
    suppressions.c.address_key.in_(sa.bindparam("keys", expanding=True)),
)
_LIMITS = (
    sa.select(limit_counters)
    .where(limit_counters.c.scope_key.in_(sa.bindparam("keys", expanding=True)))
    .order_by(limit_counters.c.scope_key)
    .with_for_update()
)
_COUNT = (
    sa.update(limit_counters)
    .where(limit_counters.c.scope_key == sa.bindparam("of_scope"))
    .values(last_at=sa.bindparam("new_last_at"))
)
_SENDING = (
    sa.update(recipients)
    .where(
        recipients.c.merchant_id == sa.bindparam("of_merchant"),
        recipients.c.recipient_id.in_(sa.bindparam("of_recipients", expanding=True)),
    )
    .values(
        status=RecipientStatus.SENDING.value,
        lease_until=sa.bindparam("new_lease_until"),
        changed_at=sa.bindparam("new_changed_at"),
    )
)
_ATTEMPT = RowStatement(
    sa.insert(attempts),
    (
        "merchant_id",
        "recipient_id",
        "epoch",
        "generation",
        "began_at",
        "prepared_at",
        "verdict",
        "scope",
        "code",
        "reply",
        "content_digest",
        "price",
    ),
)


def begin(
    connection: sa.Connection, clearances: Sequence[Clearance], *, lease: timedelta, read_now: ReadNow
) -> Sequence[BeginAnswer]:
    """Decide under the locks of campaign, recipients and limits, and write what was decided."""
    stored = _recipient_facts(connection, clearances)
    facts = BeginFacts(
        campaigns=_campaign_facts(connection, clearances),
        recipients=stored,
        suppressed=_suppressed(connection, stored),
        limits=_lock_limits(connection, clearances),
    )
    now = read_now(connection)
    decision = decide(facts, clearances, now)
    pairs = list(zip(clearances, decision.answers, strict=True))
    going = [clearance for clearance, answer in pairs if answer.verdict is BeginVerdict.GO]
    for merchant_id, ids in _by_merchant(going):
        names = {"of_merchant": merchant_id, "of_recipients": ids}
        connection.execute(_SENDING, {**names, "new_lease_until": now + lease, "new_changed_at": now})
    began_at = to_micros(now)
    _ATTEMPT.run(connection, [_attempt_row(clearance, began_at) for clearance in going])
    for verdict, (status, reason) in _ENDED_BY.items():
        ended = [clearance for clearance, answer in pairs if answer.verdict is verdict]
        for merchant_id, ids in _by_merchant(ended):
            update_recipients(
                connection, merchant_id, ids, status=status.value, reason=reason, changed_at=now, **NO_LEASE
            )
    _count(connection, facts.limits, decision.limits)
    return decision.answers


def _campaign_facts(connection: sa.Connection, clearances: Sequence[Clearance]) -> dict[tuple[str, str], CampaignFacts]:
    facts: dict[tuple[str, str], CampaignFacts] = {}
    for merchant_id, campaign_id in sorted({(one.merchant_id, one.campaign_id) for one in clearances}):
        row = connection.execute(_CAMPAIGN, {"merchant": merchant_id, "campaign": campaign_id}).first()
        if row is not None:
            facts[merchant_id, campaign_id] = CampaignFacts(CampaignStatus(row.status), row.settings_version)
    return facts


def _recipient_facts(
    connection: sa.Connection, clearances: Sequence[Clearance]
) -> dict[tuple[str, str], RecipientFacts]:
    return {
        (merchant_id, recipient_id): RecipientFacts(
            campaign_id, RecipientStatus(status), epoch, claim_token, address_key
        )
        for merchant_id, ids in _by_merchant(clearances)
        for recipient_id, campaign_id, status, epoch, claim_token, address_key in connection.execute(
            _RECIPIENTS, {"merchant": merchant_id, "ids": ids}
        )
    }


def _suppressed(
    connection: sa.Connection, stored: Mapping[tuple[str, str], RecipientFacts]
) -> frozenset[tuple[str, str]]:
    """Suppression is looked up by the stored address, which the clearance may not know yet."""
    keys: dict[str, list[str]] = {}
    for (merchant_id, _), facts in stored.items():
        keys.setdefault(merchant_id, []).append(facts.address_key)
    return frozenset(
        (merchant_id, key)
        for merchant_id, wanted in keys.items()
        for key in connection.execute(_SUPPRESSED, {"merchant": merchant_id, "keys": wanted}).scalars()
    )


def _lock_limits(connection: sa.Connection, clearances: Sequence[Clearance]) -> dict[str, LimitState]:
    keys = sorted({scope.key for clearance in clearances for scope in clearance.limit_scopes})
    if not keys:
        return {}
    rows = connection.execute(_LIMITS, {"keys": keys}).all()
    if len(rows) < len(keys):
        insert_missing(connection, limit_counters, [{"scope_key": key, "last_at": None} for key in keys])
        rows = connection.execute(_LIMITS, {"keys": keys}).all()
    return {row.scope_key: LimitState(row.last_at) for row in rows}


def _count(connection: sa.Connection, before: Mapping[str, LimitState], after: Mapping[str, LimitState]) -> None:
    counted = [
        {"of_scope": key, "new_last_at": state.last_at} for key, state in after.items() if state != before.get(key)
    ]
    if counted:
        connection.execute(_COUNT, counted)


def _attempt_row(clearance: Clearance, began_at: int) -> dict[str, Any]:
    return {
        "merchant_id": clearance.merchant_id,
        "recipient_id": clearance.recipient_id,
        "epoch": clearance.epoch,
        "generation": clearance.generation,
        "began_at": began_at,
        "prepared_at": to_micros(clearance.prepared_at),
        "verdict": "",
        "scope": "",
        "code": "",
        "reply": "",
        "content_digest": clearance.content_digest,
        "price": clearance.price,
    }


def _by_merchant(clearances: Iterable[Clearance]) -> Iterable[tuple[str, list[str]]]:
    ordered = sorted(clearances, key=attrgetter("merchant_id", "recipient_id"))
    for merchant_id, group in groupby(ordered, key=attrgetter("merchant_id")):
        yield merchant_id, [clearance.recipient_id for clearance in group]

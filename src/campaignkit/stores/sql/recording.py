"""Recording what comes back, in SQL: events in, what each did out, inside the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from campaignkit.campaign.recipients import Attempt
from campaignkit.campaign.status import Delivery, RecipientStatus
from campaignkit.delivery.feedback import (
    Feedback,
    FeedbackKind,
    NamedMessage,
    RecordResult,
    RecordVerdict,
    is_about,
    lasts_until,
    named_by,
    read_message_id,
    suppression_reason,
)
from campaignkit.ports import Reaped
from campaignkit.stores.sql import returns
from campaignkit.stores.sql.audience import STATUSES, insert_missing, lift, suppress
from campaignkit.stores.sql.connection import ReadNow
from campaignkit.stores.sql.crediting import end_all
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.feedback import attempts_of, find_named, restate, suppress_for
from campaignkit.stores.sql.schema import feedback, has_status, is_held, provider_ids, recipients
from campaignkit.stores.sql.settling import settle
from campaignkit.stores.sql.statements import Statement, is_among

__all__ = ["reap", "record"]

PART_MAX = 1000  # events at a time; SQLite takes 32,766 variables in one statement

_GIVEN = (
    *("event_key", "message_id", "account", "provider_id", "address_key"),
    *("code", "is_hard", "is_opted_out", "reply", "at"),
)
_KNOWN = Statement(
    ("keys",),
    lambda is_sqlite: sa.select(
        feedback.c.event_key, feedback.c.merchant_id, feedback.c.recipient_id, feedback.c.address_key
    ).where(is_among(feedback.c.event_key, "keys", is_sqlite=is_sqlite)),
)
_OWNERS = Statement(
    ("ids",),
    lambda is_sqlite: sa.select(recipients.c.merchant_id, recipients.c.recipient_id).where(
        is_among(recipients.c.recipient_id, "ids", is_sqlite=is_sqlite)
    ),
)
_LOCK = Statement(
    ("merchant", "ids"),
    lambda is_sqlite: (
        sa.select(recipients.c.recipient_id)
        .where(
            recipients.c.merchant_id == sa.bindparam("merchant"),
            is_among(recipients.c.recipient_id, "ids", is_sqlite=is_sqlite),
        )
        .order_by(recipients.c.recipient_id)
        .with_for_update()
    ),
)
_FORGET = Statement(
    ("account", "id"),
    lambda _: sa.delete(provider_ids).where(
        provider_ids.c.account == sa.bindparam("account"),
        provider_ids.c.provider_id == sa.bindparam("id"),
        provider_ids.c.recipient_id == sa.literal_column("''"),
    ),
)
_STANDING = Statement(
    ("merchant", "ids"),
    lambda is_sqlite: sa.select(
        recipients.c.recipient_id, recipients.c.campaign_id, recipients.c.status, recipients.c.delivery
    ).where(
        recipients.c.merchant_id == sa.bindparam("merchant"),
        is_among(recipients.c.recipient_id, "ids", is_sqlite=is_sqlite),
    ),
)


def record(driver: Driver, events: Sequence[Feedback], *, read_now: ReadNow) -> Sequence[RecordResult]:
    """Keep *events*, do what they ask for, and return what each did."""
    results: list[RecordResult] = []
    for start in range(0, len(events), PART_MAX):
        results += _record_part(driver, events[start : start + PART_MAX], read_now)
    return _as_they_stand(driver, results)


def _record_part(driver: Driver, events: Sequence[Feedback], read_now: ReadNow) -> list[RecordResult]:
    known = _known(driver, [event.event_key for event in events])
    fresh: dict[str, Feedback] = {}
    for event in events:
        if event.event_key not in known:
            fresh.setdefault(event.event_key, event)
    now = read_now(driver.connection)
    found = _found(driver, [one for one in fresh.values() if not one.names_address], now)
    kept = _keep(driver, [_row_of(one, found.get(one.event_key), now) for one in fresh.values()])
    known |= _known(driver, sorted(fresh.keys() - kept))  # another process was faster
    results: list[RecordResult] = []
    for event in events:
        key = event.event_key
        if key not in known:
            results.append(_did(driver, event, found.get(key), now))
            known[key] = _said_again(results[-1])
        else:
            results.append(known[key])
    _follow(driver, [named for key, named in found.items() if key in kept], read_now)
    return results


def _said_again(result: RecordResult) -> RecordResult:
    verdict = RecordVerdict.DUPLICATE if result.merchant_id else RecordVerdict.UNMATCHED
    return attrs.evolve(result, verdict=verdict, is_suppressed=False, is_lifted=False)


def _known(driver: Driver, keys: Sequence[str]) -> dict[str, RecordResult]:
    """Return what to say of events that were recorded before."""
    results: dict[str, RecordResult] = {}
    for key, merchant_id, recipient_id, address_key in driver.rows(_KNOWN, (keys,)) if keys else ():
        is_waiting = not recipient_id and not address_key
        results[key] = (
            RecordResult(verdict=RecordVerdict.UNMATCHED)
            if is_waiting
            else RecordResult(verdict=RecordVerdict.DUPLICATE, merchant_id=merchant_id, recipient_id=recipient_id)
        )
    return results


def _found(driver: Driver, events: Sequence[Feedback], now: datetime) -> dict[str, NamedMessage]:
    """Return the messages that events are about, by the keys of the events, their recipients locked."""
    found = _matched(driver, events, now)
    lost = [event for event in events if event.event_key not in found and event.provider_id]
    if driver.is_sqlite or not lost:
        return found
    _meet(driver, lost, now)
    return found | _matched(driver, lost, now)


def _meet(driver: Driver, events: Sequence[Feedback], now: datetime) -> None:
    """Wait for whoever is naming these ids, and let nobody name them unseen until this transaction is over.

    The rows are gone again at once: who comes upon them waits for its end all the same.
    """
    places = sorted({(event.account, event.provider_id) for event in events})
    nobody = {"merchant_id": "", "recipient_id": "", "epoch": 0, "generation": 0, "known_count": 0, "part_count": 0}
    rows = [{"account": account, "provider_id": one, "named_at": now, **nobody} for account, one in places]
    insert_missing(driver.connection, provider_ids, rows)
    for account, one in places:
        driver.run(_FORGET, (account, one))


def _matched(driver: Driver, events: Sequence[Feedback], now: datetime) -> dict[str, NamedMessage]:
    by_provider: dict[tuple[str, str], NamedMessage] = {}
    for account in sorted({event.account for event in events if event.provider_id}):
        ids = [event.provider_id for event in events if event.account == account and event.provider_id]
        by_provider |= {(account, one): named for one, named in find_named(driver, account, ids).items()}
    ours = {event.event_key: one for event in events if (one := read_message_id(event.message_id)) is not None}
    owners = _owners(driver, {recipient_id for recipient_id, _ in ours.values()})
    _lock(driver, owners, by_provider.values())
    tries = _tries(driver, owners)
    found: dict[str, NamedMessage] = {}
    for event in events:
        recipient_id, generation = ours.get(event.event_key, ("", 0))
        by_message = [one for one in (named_by(mine, generation) for mine in tries.get(recipient_id, ())) if one]
        named = is_about(event, by_message, by_provider.get((event.account, event.provider_id)), now)
        if named is not None:
            found[event.event_key] = named
    return found


def _owners(driver: Driver, ids: set[str]) -> dict[str, set[str]]:
    """Return who of *ids* is a recipient, by merchant."""
    owners: dict[str, set[str]] = {}
    for merchant_id, recipient_id in driver.rows(_OWNERS, (sorted(ids),)) if ids else ():
        owners.setdefault(merchant_id, set()).add(recipient_id)
    return owners


def _lock(driver: Driver, owners: Mapping[str, set[str]], named: Iterable[NamedMessage]) -> None:
    if driver.is_sqlite:
        return
    wanted = {merchant_id: set(ids) for merchant_id, ids in owners.items()}
    for one in named:
        wanted.setdefault(one.merchant_id, set()).add(one.recipient_id)
    for merchant_id, ids in sorted(wanted.items()):
        driver.rows(_LOCK, (merchant_id, sorted(ids)))


def _tries(driver: Driver, owners: Mapping[str, set[str]]) -> dict[str, list[list[Attempt]]]:
    """Return the attempts at recipients by their ids, for each merchant who has that id apart."""
    tries: dict[str, dict[str, list[Attempt]]] = {}
    for merchant_id, ids in owners.items():
        for attempt in attempts_of(driver.connection, merchant_id, sorted(ids)):
            tries.setdefault(attempt.recipient_id, {}).setdefault(merchant_id, []).append(attempt)
    return {recipient_id: list(mine.values()) for recipient_id, mine in tries.items()}


def _row_of(event: Feedback, named: NamedMessage | None, now: datetime) -> dict[str, Any]:
    return {
        **{name: getattr(event, name) for name in _GIVEN},
        "kind": event.kind.value,
        "merchant_id": event.merchant_id if named is None else named.merchant_id,
        "recipient_id": "" if named is None else named.recipient_id,
        "epoch": 0 if named is None else named.epoch,
        "generation": 0 if named is None else named.generation,
        "part": "" if named is None else named.part,
        "known_count": 1 if named is None else named.known_count,
        "part_count": 1 if named is None else named.part_count,
        "recorded_at": now,
        "until": lasts_until(event, now, is_matched=named is not None),
    }


def _keep(driver: Driver, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Store events and return the keys of those that nobody has stored meanwhile."""
    if not rows:
        return set()
    if driver.is_sqlite:
        driver.connection.execute(sa.insert(feedback), rows)
        return {row["event_key"] for row in rows}
    insert = postgresql.insert(feedback).on_conflict_do_nothing().returning(feedback.c.event_key)
    return set(driver.connection.execute(insert, rows).scalars())


def _did(driver: Driver, event: Feedback, named: NamedMessage | None, now: datetime) -> RecordResult:
    """Suppress or lift as a new event asks, and return that."""
    if event.names_address:
        key, reason = [event.address_key], suppression_reason(event)
        connection, merchant_id = driver.connection, event.merchant_id
        return RecordResult(
            verdict=RecordVerdict.NEW,
            merchant_id=merchant_id,
            is_suppressed=bool(reason) and suppress(connection, merchant_id, key, reason=reason, now=now) > 0,
            is_lifted=event.kind is FeedbackKind.OPTED_IN and lift(connection, merchant_id, key) > 0,
        )
    if named is None:
        return RecordResult(verdict=RecordVerdict.UNMATCHED)
    return RecordResult(
        verdict=RecordVerdict.NEW,
        merchant_id=named.merchant_id,
        recipient_id=named.recipient_id,
        is_suppressed=suppress_for(driver, event, named, now),
    )


def _follow(driver: Driver, found: Iterable[NamedMessage], read_now: ReadNow) -> None:
    """Write what new events come to, and settle who is in doubt no more."""
    touched: dict[str, set[str]] = {}
    for named in found:
        touched.setdefault(named.merchant_id, set()).add(named.recipient_id)
    proofs = [proof for one, ids in sorted(touched.items()) for proof in restate(driver, one, sorted(ids))]
    if proofs:
        _, freed = settle(driver, proofs, read_now=read_now)
        end_all(driver, freed.holds, read_now=read_now)


def _as_they_stand(driver: Driver, results: Sequence[RecordResult]) -> list[RecordResult]:
    ids: dict[str, set[str]] = {}
    for result in results:
        if result.recipient_id:
            ids.setdefault(result.merchant_id, set()).add(result.recipient_id)
    rows = {
        (merchant_id, row[0]): {"campaign_id": row[1], "status": STATUSES[row[2]], "delivery": Delivery(row[3])}
        for merchant_id, mine in ids.items()
        for start in range(0, len(mine), PART_MAX)
        for row in driver.rows(_STANDING, (merchant_id, sorted(mine)[start : start + PART_MAX]))
    }
    return [attrs.evolve(one, **rows.get((one.merchant_id, one.recipient_id), {})) for one in results]


def reap(driver: Driver, *, read_now: ReadNow) -> Reaped:
    """Take back what outlived its lease, and drop events that waited for too long.

    A message whose worker fell silent is in no doubt if its receipt came before.
    """
    connection, now = driver.connection, read_now(driver.connection)
    sending = _heard_of(connection, now)
    reaped = returns.reap(connection, now)
    _follow(driver, sending, lambda _: now)
    connection.execute(sa.delete(feedback).where(feedback.c.until.is_not(None), feedback.c.until <= now))
    return reaped


def _heard_of(connection: sa.Connection, now: datetime) -> list[NamedMessage]:
    """Return who is being sent to beyond the lease though something came back."""
    heard = sa.exists().where(
        feedback.c.merchant_id == recipients.c.merchant_id,
        feedback.c.recipient_id == recipients.c.recipient_id,
        sa.text("campaignkit_feedback.recipient_id > ''"),  # word for word, as in the index
    )
    rows = connection.execute(
        sa.select(recipients.c.merchant_id, recipients.c.recipient_id, recipients.c.epoch, recipients.c.generation)
        .where(
            is_held,
            recipients.c.lease_until <= now,
            has_status(RecipientStatus.SENDING),
            heard,
        )
        .order_by(recipients.c.merchant_id, recipients.c.recipient_id)
        .with_for_update(of=recipients)
    )
    return [NamedMessage(**row._asdict()) for row in rows]

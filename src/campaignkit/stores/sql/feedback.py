"""What came back, in SQL: events by the messages that they found, ids that stand for texts, and what follows of both.

On PostgreSQL a settle that names an id and an event that waits for it meet in the id's row, so none passes the other
unseen. Locks are taken in the order recipients, ids, lots.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import Attempt
from campaignkit.campaign.status import Delivery, RecipientEvent, RecipientStatus
from campaignkit.delivery.feedback import (
    Feedback,
    FeedbackKind,
    HeardFeedback,
    NamedMessage,
    accept_by,
    delivery_of,
    is_about,
    suppression_reason,
)
from campaignkit.delivery.settling import Settlement
from campaignkit.delivery.sms_receipts import ID_LENGTH_MAX, part_ids
from campaignkit.stores.sql.audience import attempt_of, suppress
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.schema import (
    IS_HEARD,
    IS_WAITING,
    attempts,
    feedback,
    from_micros,
    instant_or_none,
    provider_ids,
    recipients,
    to_micros,
)
from campaignkit.stores.sql.statements import Parameters, Statement, is_among

__all__ = [
    "SettledText",
    "attempts_of",
    "events_of",
    "find_named",
    "hear_settled",
    "restate",
    "suppress_for",
]

_EVENT_COLUMNS = tuple(column for column in feedback.c if column.name not in {"position", "until"})
_NAMED_COLUMNS = tuple(provider_ids.c)
_HEARD = Statement(
    ("merchant", "ids"),
    lambda is_sqlite: (
        sa.select(*_EVENT_COLUMNS)
        .where(
            feedback.c.merchant_id == sa.bindparam("merchant"),
            IS_HEARD,
            is_among(feedback.c.recipient_id, "ids", is_sqlite=is_sqlite),
        )
        .order_by(feedback.c.position)
    ),
)
_WAITING = Statement(
    ("account", "ids"),
    lambda is_sqlite: (
        sa.select(*_EVENT_COLUMNS)
        .where(
            feedback.c.account == sa.bindparam("account"),
            IS_WAITING,
            is_among(feedback.c.provider_id, "ids", is_sqlite=is_sqlite),
        )
        .order_by(feedback.c.position)
    ),
)
_FIND = Statement(
    ("account", "ids"),
    lambda is_sqlite: sa.select(*_NAMED_COLUMNS).where(
        provider_ids.c.account == sa.bindparam("account"),
        is_among(provider_ids.c.provider_id, "ids", is_sqlite=is_sqlite),
    ),
)
_NAME_COLUMNS = tuple(column.name for column in provider_ids.c)


def _upsert(is_sqlite: bool) -> sa.Executable:
    insert = (sqlite if is_sqlite else postgresql).insert(provider_ids)
    given = insert.values({name: sa.bindparam(name) for name in _NAME_COLUMNS})
    # Providers use their ids again: the newest text has it.
    upsert: sa.Executable = given.on_conflict_do_update(
        index_elements=["account", "provider_id"],
        set_={name: given.excluded[name] for name in _NAME_COLUMNS if name not in {"account", "provider_id"}},
    )
    return upsert


_NAME = Statement(_NAME_COLUMNS, _upsert)
_FOUND = ("merchant_id", "recipient_id", "epoch", "generation", "part", "known_count", "part_count")
_ATTACH = Statement(
    (*(f"new_{name}" for name in _FOUND), "event"),
    lambda _: (
        sa.update(feedback)
        .where(feedback.c.event_key == sa.bindparam("event"))
        .values({name: sa.bindparam(f"new_{name}") for name in _FOUND} | {"until": sa.null()})
    ),
)
_STANDING = Statement(
    ("merchant", "ids"),
    lambda is_sqlite: sa.select(
        recipients.c.recipient_id, recipients.c.status, recipients.c.epoch, recipients.c.delivery
    ).where(
        recipients.c.merchant_id == sa.bindparam("merchant"),
        is_among(recipients.c.recipient_id, "ids", is_sqlite=is_sqlite),
    ),
)
_LEFT_OPEN = Statement(
    ("merchant", "ids"),
    lambda is_sqlite: sa.select(attempts.c.recipient_id).where(
        attempts.c.merchant_id == sa.bindparam("merchant"),
        is_among(attempts.c.recipient_id, "ids", is_sqlite=is_sqlite),
        attempts.c.doubt_until.is_not(None),
    ),
)
_DELIVER = Statement(
    ("new_delivery", "merchant", "ids"),
    lambda is_sqlite: (
        sa.update(recipients)
        .where(
            recipients.c.merchant_id == sa.bindparam("merchant"),
            is_among(recipients.c.recipient_id, "ids", is_sqlite=is_sqlite),
        )
        .values(delivery=sa.bindparam("new_delivery"))
    ),
)


@attrs.frozen(kw_only=True)
class SettledText:
    """A message that was settled as accepted or in doubt."""

    settlement: Settlement
    channel: Channel
    generation: int

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that name it from now on; mail has none."""
        if self.channel is not Channel.SMS or not self.settlement.account:
            return ()
        named = part_ids(self.settlement.outcome.provider_id or "")
        return tuple(one for one in named if len(one) <= ID_LENGTH_MAX)

    def named(self, now: datetime) -> Iterable[NamedMessage]:
        ids, settlement = self.ids, self.settlement
        for part in ids:
            yield NamedMessage(
                merchant_id=settlement.merchant_id,
                recipient_id=settlement.recipient_id,
                epoch=settlement.epoch,
                generation=self.generation,
                part=part,
                known_count=len(ids),
                part_count=max(settlement.part_count or 0, len(ids)),
                named_at=now,
            )


def hear_settled(
    driver: Driver, merchant_id: str, settled: Sequence[SettledText], now: datetime
) -> Sequence[Settlement]:
    """Let the ids of texts stand for them, hand them what waited; return how doubts end that were none."""
    touched = {one.settlement.recipient_id for one in settled if one.settlement.event is RecipientEvent.DOUBT}
    by_account: dict[str, dict[str, NamedMessage]] = {}
    for one in settled:
        by_account.setdefault(one.settlement.account, {}).update((named.part, named) for named in one.named(now))
    for account, names in sorted(by_account.items()):
        if names:
            driver.run_each(_NAME, [_name_values(account, names[part]) for part in sorted(names)])
            touched |= _hand_over(driver, account, names, now)
    return restate(driver, merchant_id, sorted(touched)) if touched else ()


def _name_values(account: str, named: NamedMessage) -> Parameters:
    assert named.named_at is not None
    return (
        account,
        named.part,
        *(named.merchant_id, named.recipient_id, named.epoch, named.generation),
        *(named.known_count, named.part_count, to_micros(named.named_at)),
    )


def _hand_over(driver: Driver, account: str, names: Mapping[str, NamedMessage], now: datetime) -> set[str]:
    """Give texts the events that wait for their ids, and return whose they are."""
    waiting = [_event_of(row).feedback for row in driver.rows(_WAITING, (account, sorted(names)))]
    found = [(one, named) for one in waiting if (named := is_about(one, (), names[one.provider_id], now)) is not None]
    driver.run_each(
        _ATTACH,
        [(*(getattr(named, name) for name in _FOUND), one.event_key) for one, named in found],
    )
    for one, named in found:
        suppress_for(driver, one, named, now)
    return {named.recipient_id for _, named in found}


def suppress_for(driver: Driver, event: Feedback, named: NamedMessage, now: datetime) -> bool:
    """Suppress the address of an event's recipient where it asks for that; return whether the address is new there."""
    reason = suppression_reason(event)
    if not reason:
        return False
    address = sa.select(recipients.c.address_key).where(
        recipients.c.merchant_id == named.merchant_id,
        recipients.c.recipient_id == named.recipient_id,
        recipients.c.epoch == named.epoch,  # what is about an earlier one may be about an earlier address
    )
    key = driver.connection.execute(address).scalar()
    return key is not None and suppress(driver.connection, named.merchant_id, [key], reason=reason, now=now) > 0


def restate(driver: Driver, merchant_id: str, ids: Sequence[str]) -> list[Settlement]:
    """Write what all events of recipients come to; return how those are settled that are in doubt no more."""
    heard: dict[str, list[HeardFeedback]] = {}
    for row in driver.rows(_HEARD, (merchant_id, ids)):
        heard.setdefault(row[2], []).append(_event_of(row))
    if not heard:
        return []
    standing = driver.rows(_STANDING, (merchant_id, sorted(heard)))
    changed: dict[Delivery, list[str]] = {}
    for recipient_id, _, _, before in standing:
        delivery = delivery_of(heard[recipient_id])
        if delivery != before:
            changed.setdefault(delivery, []).append(recipient_id)
    for delivery, mine in changed.items():
        driver.run(_DELIVER, (delivery.value, merchant_id, mine))
    doubtful = {row[0]: row[2] for row in standing if row[1] == RecipientStatus.IN_DOUBT}
    left_open = {row[0] for row in driver.rows(_LEFT_OPEN, (merchant_id, sorted(heard)))}
    tries = attempts_of(driver.connection, merchant_id, sorted(doubtful.keys() | left_open))
    open_ones = (one for one in tries if one.doubt_until is not None or one.epoch == doubtful.get(one.recipient_id))
    proofs = (accept_by(one, heard[one.recipient_id]) for one in open_ones)
    return [proof for proof in proofs if proof is not None]


def attempts_of(connection: sa.Connection, merchant_id: str, ids: Sequence[str]) -> list[Attempt]:
    """Return all attempts at recipients."""
    if not ids:
        return []
    rows = connection.execute(
        sa.select(attempts).where(attempts.c.merchant_id == merchant_id, attempts.c.recipient_id.in_(ids))
    )
    return [attempt_of(row) for row in rows]


def find_named(driver: Driver, account: str, ids: Iterable[str]) -> dict[str, NamedMessage]:
    """Return the texts that a provider's ids stand for."""
    found = (dict(zip(_NAME_COLUMNS, row, strict=True)) for row in driver.rows(_FIND, (account, sorted(set(ids)))))
    return {
        row["provider_id"]: NamedMessage(
            part=row["provider_id"],
            named_at=from_micros(row["named_at"]),
            **{name: row[name] for name in _FOUND if name != "part"},
        )
        for row in found
    }


def events_of(driver: Driver, merchant_id: str, recipient_id: str) -> tuple[HeardFeedback, ...]:
    """Return the events about one recipient, in the order in which they were recorded."""
    return tuple(_event_of(row) for row in driver.rows(_HEARD, (merchant_id, [recipient_id])))


def _event_of(row: Sequence[Any]) -> HeardFeedback:
    values = {column.name: value for column, value in zip(_EVENT_COLUMNS, row, strict=True)}
    said = ("event_key", "merchant_id", "message_id", "account", "provider_id", "address_key", "code", "reply")
    return HeardFeedback(
        feedback=Feedback(
            kind=FeedbackKind(values["kind"]),
            is_hard=bool(values["is_hard"]),
            is_opted_out=bool(values["is_opted_out"]),
            at=instant_or_none(values["at"]),
            **{name: values[name] for name in said},
        ),
        recorded_at=from_micros(values["recorded_at"]),
        **{name: values[name] for name in ("epoch", "generation", "part", "known_count", "part_count")},
    )

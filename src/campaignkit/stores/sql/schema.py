"""The tables of SqlStore. Instants are whole microseconds since 1970 UTC: SQLite would lose their offset."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.status import RecipientStatus

__all__ = [
    "IS_HEARD",
    "IS_OPEN_LOT",
    "IS_RECIPIENT",
    "IS_WAITING",
    "NO_LEASE",
    "SCHEMA_REVISION",
    "VERSION_TABLE",
    "Instants",
    "attempts",
    "campaigns",
    "credit_entries",
    "credit_lots",
    "documents",
    "feedback",
    "from_micros",
    "has_status",
    "instant_or_none",
    "is_held",
    "limit_counters",
    "metadata",
    "provider_ids",
    "recipients",
    "suppressions",
    "timeline",
    "to_micros",
]

SCHEMA_REVISION = "0001"
VERSION_TABLE = "campaignkit_alembic_version"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(at: datetime) -> int:
    """Return an instant as whole microseconds since 1970 UTC."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the instant, aware, in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


class Instants(dict[int, datetime]):
    """The instants of one batch by their microseconds: rows that came in or wait together share them."""

    def __missing__(self, micros: int) -> datetime:
        at = self[micros] = from_micros(micros)
        return at


def instant_or_none(micros: int | None) -> datetime | None:
    """Return the instant, or None for None."""
    return None if micros is None else from_micros(micros)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware datetime in, whole microseconds stored, an aware UTC datetime out."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, _dialect: Any) -> datetime | None:
        return instant_or_none(value)

    def result_processor(self, _dialect: Any, _coltype: Any) -> Any:
        """Spare every value of every row the way through SQLAlchemy's own processors: integers need none."""
        return instant_or_none


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Key = sa.String(200)
Code = sa.String(40)
# SQLite numbers rows only in a column of type INTEGER.
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")

documents = sa.Table(
    "campaignkit_documents",
    metadata,
    sa.Column("merchant_id", Key, primary_key=True),
    sa.Column("kind", Code, primary_key=True),
    sa.Column("document_id", Key, primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("body", sa.Text),  # null: deleted
)

# A campaign's hot columns are read under its lock by begin; the rest of it is the body.
campaigns = sa.Table(
    "campaignkit_campaigns",
    metadata,
    sa.Column("merchant_id", Key, primary_key=True),
    sa.Column("campaign_id", Key, primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("status", Code, nullable=False),
    sa.Column("settings_version", sa.Integer, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("kind", Code, nullable=False, server_default="marketing"),
    sa.Column("next_at", Instant),
    sa.Column("deadline", Instant),
    sa.Column("limit_scopes", sa.Text, nullable=False, server_default="[]"),
    sa.Column("resting_until", Instant),
    sa.Column("body", sa.Text),
    sa.Index("ix_campaignkit_campaigns_live", "status", "next_at"),
)

timeline = sa.Table(
    "campaignkit_timeline",
    metadata,
    sa.Column("position", Serial, primary_key=True, autoincrement=True),
    sa.Column("merchant_id", Key, nullable=False),
    sa.Column("campaign_id", Key, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("what", Code, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("actor", Key, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Index("ix_campaignkit_timeline_campaign", "merchant_id", "campaign_id", "position"),
)


def _partial_index(name: str, *columns: str, where: sa.TextClause, is_unique: bool = False) -> sa.Index:
    return sa.Index(name, *columns, unique=is_unique, sqlite_where=where, postgresql_where=where)


# The conditions of partial indexes; queries say them by ``has_status`` and ``is_held``.
IS_PENDING = sa.text("is_pending = 1")
IS_HELD = sa.text("claim_token > ''")
IS_HEARD = sa.text("recipient_id > ''")
IS_WAITING = sa.text("recipient_id = '' AND provider_id > ''")
IS_OPEN_LOT = sa.text("(available > 0 OR held > 0)")

# SQLite keeps its rowid: a wide row that changes often is cheaper to rewrite there than in the tree of its key.
recipients = sa.Table(
    "campaignkit_recipients",
    metadata,
    # Not the merchant first: SQLite would take a merchant's whole table for a selective search.
    sa.Column("recipient_id", sa.String(40), primary_key=True),
    sa.Column("merchant_id", Key, primary_key=True),
    sa.Column("campaign_id", Key, nullable=False),
    sa.Column("intake", Code, nullable=False),
    sa.Column("status", Code, nullable=False),
    sa.Column("reason", Code, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("channel", Code, nullable=False),
    sa.Column("contact_key", Key, nullable=False),
    sa.Column("contact_id", Key, nullable=False),
    sa.Column("row_number", sa.Integer),
    sa.Column("duplicate_of", sa.String(40), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("address_key", sa.Text, nullable=False),
    sa.Column("occasion", Key, nullable=False),
    sa.Column("zones", sa.Text, nullable=False),  # comma-separated
    sa.Column("fields", sa.Text, nullable=False),  # JSON
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("not_before", Instant, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("is_repeated", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("attempt_count", sa.Integer, nullable=False),
    sa.Column("lease_until", Instant),
    sa.Column("worker_id", Key, nullable=False),
    sa.Column("claim_token", Key, nullable=False),
    sa.Column("doubt_until", Instant),
    sa.Column("delivery", Code, nullable=False, server_default="none"),
    sa.Column("price", sa.Integer),
    sa.Column("added_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    # 1 or 0. Stored because begin changes the status and not this, so that no index changes and PostgreSQL writes the
    # row's next version beside the last and leaves its indexes alone (its manual, Heap-Only Tuples).
    sa.Column(
        "is_pending", sa.SmallInteger, sa.Computed("CASE WHEN status = 'pending' THEN 1 ELSE 0 END", persisted=True)
    ),
    # An address gets one message per campaign and occasion; this index is what makes that true under any race. The
    # address before the campaign, so that it also answers who else has one.
    _partial_index(
        "uq_campaignkit_recipients_address",
        "merchant_id",
        "address_key",
        "campaign_id",
        "channel",
        "occasion",
        is_unique=True,
        where=sa.text("intake = 'recipient'"),
    ),
    sa.Index("uq_campaignkit_recipients_contact", "merchant_id", "campaign_id", "contact_key", "occasion", unique=True),
    # The order of pages.
    sa.Index("ix_campaignkit_recipients_pages", "merchant_id", "campaign_id", "recipient_id"),
    # The order of claims: the longest waiting first. Partial, as those below: what is sent is rewritten three times,
    # and every index that a rewrite touches costs as much as the row.
    _partial_index(
        "ix_campaignkit_recipients_claims", "merchant_id", "campaign_id", "not_before", "recipient_id", where=IS_PENDING
    ),
    # Who is claimed or sending. Named by the token, which begin leaves as it is; the lease, which it renews, stands in
    # no index: they are few, and are read to find who outlived it.
    _partial_index("ix_campaignkit_recipients_held", "merchant_id", "campaign_id", "claim_token", where=IS_HELD),
    _partial_index("ix_campaignkit_recipients_doubts", "doubt_until", where=sa.text("doubt_until IS NOT NULL")),
)

NO_LEASE: dict[str, Any] = {"lease_until": None, "worker_id": "", "claim_token": ""}

# Word for word, as neither database takes a partial index for a parameter.
IS_RECIPIENT = sa.text("campaignkit_recipients.intake = 'recipient'")
# A range, as SQLite would else take any index of the campaign for as good.
is_held = recipients.c.claim_token > sa.literal_column("''")


def has_status(status: RecipientStatus) -> sa.ColumnElement[bool]:
    """Return the condition that a recipient stands at *status*, said so that a partial index answers it."""
    if status is RecipientStatus.PENDING:
        return recipients.c.is_pending == sa.literal_column("1")
    return recipients.c.status == sa.literal_column(f"'{status.value}'")


attempts = sa.Table(
    "campaignkit_attempts",
    metadata,
    sa.Column("merchant_id", Key, primary_key=True),
    sa.Column("recipient_id", sa.String(40), primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("began_at", Instant),  # null: it never reached the point of no return
    sa.Column("prepared_at", Instant),
    sa.Column("settled_at", Instant),
    sa.Column("verdict", Code, nullable=False),
    sa.Column("scope", Code, nullable=False),
    sa.Column("code", Code, nullable=False),
    sa.Column("reply", sa.Text, nullable=False),
    sa.Column("provider_id", sa.Text),
    sa.Column("content_digest", Key, nullable=False),
    sa.Column("price", sa.Integer),
    # Which lots pay, as ``credits.dump_shares`` writes it. These four are lines of the ledger, written nowhere else.
    sa.Column("credit_shares", sa.Text, nullable=False, server_default=""),
    sa.Column("credit_spent", sa.Integer),
    sa.Column("credit_expired", sa.Integer, nullable=False, server_default="0"),
    sa.Column("credit_ended_at", Instant),
    sa.Column("doubt_until", Instant),  # null: its recipient says, or nothing is in doubt
    _partial_index("ix_campaignkit_attempts_left_open", "doubt_until", where=sa.text("doubt_until IS NOT NULL")),
    # Partial: a mail costs nothing, and this index nothing with it.
    _partial_index(
        "ix_campaignkit_attempts_charged", "merchant_id", "recipient_id", "epoch", where=sa.text("credit_shares > ''")
    ),
    sqlite_with_rowid=False,
)

credit_lots = sa.Table(
    "campaignkit_credit_lots",
    metadata,
    sa.Column("merchant_id", Key, primary_key=True),
    sa.Column("lot_number", sa.Integer, primary_key=True),
    sa.Column("key", Key, nullable=False),
    sa.Column("granted", sa.BigInteger, nullable=False),
    sa.Column("available", sa.BigInteger, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("spent", sa.BigInteger, nullable=False),
    sa.Column("expired", sa.BigInteger, nullable=False),
    sa.Column("granted_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("used_at", Instant),
    sa.CheckConstraint("available >= 0 AND held >= 0 AND spent >= 0 AND expired >= 0", name="not_negative"),
    sa.CheckConstraint("granted = available + held + spent + expired", name="adds_up"),
    sa.Index("uq_campaignkit_credit_lots_key", "merchant_id", "key", unique=True),
    _partial_index("ix_campaignkit_credit_lots_open", "merchant_id", "lot_number", where=IS_OPEN_LOT),
)

# Grants, adjustments, refunds, lots that expired, and what tests came to cost; the rest of the ledger is in attempts.
credit_entries = sa.Table(
    "campaignkit_credit_entries",
    metadata,
    sa.Column("position", Serial, primary_key=True, autoincrement=True),
    sa.Column("merchant_id", Key, nullable=False),
    sa.Column("slot", Code, nullable=False),
    sa.Column("key", Key, nullable=False),
    sa.Column("kind", Code, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("credit_count", sa.BigInteger, nullable=False),
    sa.Column("change", sa.Text, nullable=False),  # a JSON list: granted, available, held, spent, expired
    sa.Column("shares", sa.Text, nullable=False),
    sa.Column("of", Key, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Index("uq_campaignkit_credit_entries_key", "merchant_id", "slot", "key", unique=True),
    sa.Index("ix_campaignkit_credit_entries_of", "merchant_id", "of"),
)

# What came back. An event that names an address has one; of the others, one without a recipient waits for its settle.
feedback = sa.Table(
    "campaignkit_feedback",
    metadata,
    sa.Column("position", Serial, primary_key=True, autoincrement=True),
    sa.Column("event_key", sa.String(64), nullable=False),
    sa.Column("merchant_id", Key, nullable=False),  # empty: nobody says
    sa.Column("recipient_id", sa.String(40), nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("part", sa.Text, nullable=False),
    sa.Column("known_count", sa.Integer, nullable=False),
    sa.Column("part_count", sa.Integer, nullable=False),
    sa.Column("kind", Code, nullable=False),
    sa.Column("message_id", Key, nullable=False),
    sa.Column("account", Key, nullable=False),
    sa.Column("provider_id", Key, nullable=False),
    sa.Column("address_key", sa.Text, nullable=False),
    sa.Column("code", Code, nullable=False),
    sa.Column("is_hard", sa.Boolean, nullable=False),
    sa.Column("is_opted_out", sa.Boolean, nullable=False),
    sa.Column("reply", sa.Text, nullable=False),
    sa.Column("at", Instant),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("until", Instant),  # null: it is kept as long as its recipient
    sa.Index("uq_campaignkit_feedback_event", "event_key", unique=True),
    _partial_index("ix_campaignkit_feedback_recipient", "merchant_id", "recipient_id", "position", where=IS_HEARD),
    _partial_index("ix_campaignkit_feedback_waiting", "account", "provider_id", where=IS_WAITING),
    _partial_index("ix_campaignkit_feedback_until", "until", where=sa.text("until IS NOT NULL")),
)

# Which text a provider's id stands for, at which account. One without a recipient stands for none yet: an event waits
# for it, and settle and record meet in its row.
provider_ids = sa.Table(
    "campaignkit_provider_ids",
    metadata,
    sa.Column("account", Key, primary_key=True),
    sa.Column("provider_id", Key, primary_key=True),
    sa.Column("merchant_id", Key, nullable=False),
    sa.Column("recipient_id", sa.String(40), nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("known_count", sa.Integer, nullable=False),
    sa.Column("part_count", sa.Integer, nullable=False),
    sa.Column("named_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

suppressions = sa.Table(
    "campaignkit_suppressions",
    metadata,
    sa.Column("merchant_id", Key, primary_key=True),
    sa.Column("address_key", sa.String(400), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("added_at", Instant, nullable=False),
)

limit_counters = sa.Table(
    "campaignkit_limit_counters",
    metadata,
    sa.Column("scope_key", sa.String(400), primary_key=True),
    sa.Column("state", sa.Text, nullable=False),  # as ``limits.dump_state`` writes it
)

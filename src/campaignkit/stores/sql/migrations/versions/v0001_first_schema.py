"""The first schema: documents, campaigns, recipients, attempts, feedback, suppressions, limits, credit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_attempts()
    _create_campaigns()
    _create_credit_entries()
    _create_credit_lots()
    _create_documents()
    _create_feedback()
    _create_limit_counters()
    _create_provider_ids()
    _create_recipients()
    _create_suppressions()
    _create_timeline()
    if op.get_context().dialect.name == "postgresql":  # room in a page for the next versions of its rows
        op.execute("ALTER TABLE campaignkit_recipients SET (fillfactor = 50)")
        op.execute("ALTER TABLE campaignkit_attempts SET (fillfactor = 50)")


def downgrade() -> None:
    for name in reversed(
        (
            "attempts",
            "campaigns",
            "credit_entries",
            "credit_lots",
            "documents",
            "feedback",
            "limit_counters",
            "provider_ids",
            "recipients",
            "suppressions",
            "timeline",
        )
    ):
        op.drop_table(f"campaignkit_{name}")


def _create_attempts() -> None:
    op.create_table(
        "campaignkit_attempts",
        sa.Column("merchant_id", sa.String(length=200), nullable=False),
        sa.Column("recipient_id", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=True),
        sa.Column("prepared_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("verdict", sa.String(length=40), nullable=False),
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("content_digest", sa.String(length=200), nullable=False),
        sa.Column("price", sa.Integer(), nullable=True),
        sa.Column("credit_shares", sa.Text(), server_default="", nullable=False),
        sa.Column("credit_spent", sa.Integer(), nullable=True),
        sa.Column("credit_expired", sa.Integer(), server_default="0", nullable=False),
        sa.Column("credit_ended_at", sa.BigInteger(), nullable=True),
        sa.Column("doubt_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("merchant_id", "recipient_id", "epoch", name="pk_campaignkit_attempts"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_campaignkit_attempts_charged",
        "campaignkit_attempts",
        ["merchant_id", "recipient_id", "epoch"],
        unique=False,
        sqlite_where=sa.text("credit_shares > ''"),
        postgresql_where=sa.text("credit_shares > ''"),
    )
    op.create_index(
        "ix_campaignkit_attempts_left_open",
        "campaignkit_attempts",
        ["doubt_until"],
        unique=False,
        sqlite_where=sa.text("doubt_until IS NOT NULL"),
        postgresql_where=sa.text("doubt_until IS NOT NULL"),
    )


def _create_campaigns() -> None:
    op.create_table(
        "campaignkit_campaigns",
        sa.Column("merchant_id", sa.String(length=200), nullable=False),
        sa.Column("campaign_id", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("settings_version", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kind", sa.String(length=40), server_default="marketing", nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("deadline", sa.BigInteger(), nullable=True),
        sa.Column("limit_scopes", sa.Text(), server_default="[]", nullable=False),
        sa.Column("resting_until", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("merchant_id", "campaign_id", name="pk_campaignkit_campaigns"),
    )
    op.create_index("ix_campaignkit_campaigns_live", "campaignkit_campaigns", ["status", "next_at"], unique=False)


def _create_credit_entries() -> None:
    op.create_table(
        "campaignkit_credit_entries",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("merchant_id", sa.String(length=200), nullable=False),
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("credit_count", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("shares", sa.Text(), nullable=False),
        sa.Column("of", sa.String(length=200), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_campaignkit_credit_entries"),
    )
    op.create_index(
        "uq_campaignkit_credit_entries_key",
        "campaignkit_credit_entries",
        ["merchant_id", "slot", "key"],
        unique=True,
    )
    op.create_index(
        "ix_campaignkit_credit_entries_of", "campaignkit_credit_entries", ["merchant_id", "of"], unique=False
    )


def _create_credit_lots() -> None:
    op.create_table(
        "campaignkit_credit_lots",
        sa.Column("merchant_id", sa.String(length=200), nullable=False),
        sa.Column("lot_number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "available >= 0 AND held >= 0 AND spent >= 0 AND expired >= 0",
            name=op.f("ck_campaignkit_credit_lots_not_negative"),
        ),
        sa.CheckConstraint(
            "granted = available + held + spent + expired", name=op.f("ck_campaignkit_credit_lots_adds_up")
        ),
        sa.PrimaryKeyConstraint("merchant_id", "lot_number", name="pk_campaignkit_credit_lots"),
    )
    op.create_index("uq_campaignkit_credit_lots_key", "campaignkit_credit_lots", ["merchant_id", "key"], unique=True)
    op.create_index(
        "ix_campaignkit_credit_lots_open",
        "campaignkit_credit_lots",
        ["merchant_id", "lot_number"],
        unique=False,
        sqlite_where=sa.text("(available > 0 OR held > 0)"),
        postgresql_where=sa.text("(available > 0 OR held > 0)"),
    )


def _create_documents() -> None:
    op.create_table(
        "campaignkit_documents",
        sa.Column("merchant_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("document_id", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("merchant_id", "kind", "document_id", name="pk_campaignkit_documents"),
    )


def _create_feedback() -> None:
    op.create_table(
        "campaignkit_feedback",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_key", sa.String(length=64), nullable=False),
        sa.Column("merchant_id", sa.String(length=200), nullable=False),
        sa.Column("recipient_id", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("known_count", sa.Integer(), nullable=False),
        sa.Column("part_count", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("account", sa.String(length=200), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("is_hard", sa.Boolean(), nullable=False),
        sa.Column("is_opted_out", sa.Boolean(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("position", name="pk_campaignkit_feedback"),
    )
    op.create_index("uq_campaignkit_feedback_event", "campaignkit_feedback", ["event_key"], unique=True)
    for name, columns, where in (
        ("recipient", ["merchant_id", "recipient_id", "position"], "recipient_id > ''"),
        ("waiting", ["account", "provider_id"], "recipient_id = '' AND provider_id > ''"),
        ("until", ["until"], "until IS NOT NULL"),
    ):
        op.create_index(
            f"ix_campaignkit_feedback_{name}",
            "campaignkit_feedback",
            columns,
            unique=False,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def _create_provider_ids() -> None:
    op.create_table(
        "campaignkit_provider_ids",
        sa.Column("account", sa.String(length=200), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("merchant_id", sa.String(length=200), nullable=False),
        sa.Column("recipient_id", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("known_count", sa.Integer(), nullable=False),
        sa.Column("part_count", sa.Integer(), nullable=False),
        sa.Column("named_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "provider_id", name="pk_campaignkit_provider_ids"),
        sqlite_with_rowid=False,
    )


def _create_limit_counters() -> None:
    op.create_table(
        "campaignkit_limit_counters",
        sa.Column("scope_key", sa.String(length=400), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("scope_key", name="pk_campaignkit_limit_counters"),
    )


def _create_recipients() -> None:
    op.create_table(
        "campaignkit_recipients",
        sa.Column("recipient_id", sa.String(length=40), nullable=False),
        sa.Column("merchant_id", sa.String(length=200), nullable=False),
        sa.Column("campaign_id", sa.String(length=200), nullable=False),
        sa.Column("intake", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("contact_key", sa.String(length=200), nullable=False),
        sa.Column("contact_id", sa.String(length=200), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=True),
        sa.Column("duplicate_of", sa.String(length=40), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("occasion", sa.String(length=200), nullable=False),
        sa.Column("zones", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("is_repeated", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("worker_id", sa.String(length=200), nullable=False),
        sa.Column("claim_token", sa.String(length=200), nullable=False),
        sa.Column("doubt_until", sa.BigInteger(), nullable=True),
        sa.Column("delivery", sa.String(length=40), server_default="none", nullable=False),
        sa.Column("price", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "is_pending",
            sa.SmallInteger(),
            sa.Computed("CASE WHEN status = 'pending' THEN 1 ELSE 0 END", persisted=True),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("recipient_id", "merchant_id", name="pk_campaignkit_recipients"),
    )
    op.create_index(
        "ix_campaignkit_recipients_pages",
        "campaignkit_recipients",
        ["merchant_id", "campaign_id", "recipient_id"],
        unique=False,
    )
    op.create_index(
        "ix_campaignkit_recipients_claims",
        "campaignkit_recipients",
        ["merchant_id", "campaign_id", "not_before", "recipient_id"],
        unique=False,
        sqlite_where=sa.text("is_pending = 1"),
        postgresql_where=sa.text("is_pending = 1"),
    )
    op.create_index(
        "ix_campaignkit_recipients_held",
        "campaignkit_recipients",
        ["merchant_id", "campaign_id", "claim_token"],
        unique=False,
        sqlite_where=sa.text("claim_token > ''"),
        postgresql_where=sa.text("claim_token > ''"),
    )
    op.create_index(
        "ix_campaignkit_recipients_doubts",
        "campaignkit_recipients",
        ["doubt_until"],
        unique=False,
        sqlite_where=sa.text("doubt_until IS NOT NULL"),
        postgresql_where=sa.text("doubt_until IS NOT NULL"),
    )
    op.create_index(
        "uq_campaignkit_recipients_address",
        "campaignkit_recipients",
        ["merchant_id", "address_key", "campaign_id", "channel", "occasion"],
        unique=True,
        sqlite_where=sa.text("intake = 'recipient'"),
        postgresql_where=sa.text("intake = 'recipient'"),
    )
    op.create_index(
        "uq_campaignkit_recipients_contact",
        "campaignkit_recipients",
        ["merchant_id", "campaign_id", "contact_key", "occasion"],
        unique=True,
    )


def _create_suppressions() -> None:
    op.create_table(
        "campaignkit_suppressions",
        sa.Column("merchant_id", sa.String(length=200), nullable=False),
        sa.Column("address_key", sa.String(length=400), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "address_key", name="pk_campaignkit_suppressions"),
    )


def _create_timeline() -> None:
    op.create_table(
        "campaignkit_timeline",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("merchant_id", sa.String(length=200), nullable=False),
        sa.Column("campaign_id", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_campaignkit_timeline"),
    )
    op.create_index(
        "ix_campaignkit_timeline_campaign",
        "campaignkit_timeline",
        ["merchant_id", "campaign_id", "position"],
        unique=False,
    )

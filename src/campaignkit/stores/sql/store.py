"""SqlStore: campaignkit's data in SQLite or PostgreSQL, through SQLAlchemy Core. Touches the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs
import sqlalchemy as sa

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.doubts import Doubt
from campaignkit.campaign.recipients import (
    Attempt,
    CampaignRecipient,
    IntakeResult,
    NewAddress,
    ReaddressResult,
    RecipientCount,
)
from campaignkit.campaign.status import RecipientEvent
from campaignkit.credits.entries import Entry
from campaignkit.credits.lots import Lot
from campaignkit.credits.posting import CreditRequest
from campaignkit.delivery.begin import BeginAnswer, Clearance
from campaignkit.delivery.feedback import Feedback, RecordResult
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.ports import Backlog, Claim, Clock, Document, DueList, Reaped, RecipientQuery, SaveGuard, Trail
from campaignkit.stores.sql import audience, documents, ledger, migrating, returns
from campaignkit.stores.sql.beginning import begin
from campaignkit.stores.sql.claims import claim
from campaignkit.stores.sql.connection import reading, writing
from campaignkit.stores.sql.counting import counted, marketing, spend, uncount
from campaignkit.stores.sql.crediting import end_all
from campaignkit.stores.sql.doubts import doubts, resend
from campaignkit.stores.sql.driver import driving, reading_directly
from campaignkit.stores.sql.due import due
from campaignkit.stores.sql.engines import checked_engine, make_engine
from campaignkit.stores.sql.feedback import events_of
from campaignkit.stores.sql.planning import backlog
from campaignkit.stores.sql.readdressing import readdress
from campaignkit.stores.sql.recording import reap, record
from campaignkit.stores.sql.settling import settle
from campaignkit.stores.sql.troubles import again_if_undone
from campaignkit.timing.limits import LimitScope, LimitState

__all__ = ["SqlStore"]


class SqlStore:
    """A store on SQLAlchemy Core. Call ``upgrade()`` once per database before use.

    Args:
        url_or_engine: ``sqlite:///campaigns.db``, ``postgresql://…``, or the host's own Engine.
        clock: Decides instants on SQLite; by default the kit's. On PostgreSQL the server's clock decides unless given.

    Raises:
        ValueError: it is neither SQLite nor PostgreSQL, or reached by a driver that is not psycopg 3.
        MissingExtra: PostgreSQL wants the extra ``postgres``.
    """

    def __init__(self, url_or_engine: str | sa.Engine, *, clock: Clock | None = None) -> None:
        self._owns_engine = isinstance(url_or_engine, str)
        self._engine = make_engine(url_or_engine) if isinstance(url_or_engine, str) else checked_engine(url_or_engine)
        self._own_clock = clock
        self._kit_clock: Clock | None = None

    # the database itself

    @again_if_undone
    def upgrade(self) -> None:
        """Create or migrate the tables to this version; safe to repeat, and from several processes at once.

        Older versions of campaignkit may go on working meanwhile and afterwards, as long as they are of the same
        generation of tables; a database that a newer version of it has upgraded is left as it is.

        Raises:
            SchemaTooNew: the tables are of a newer generation.
        """
        migrating.upgrade(self._engine)

    def downgrade(self, revision: str) -> None:
        """Undo migrations back to *revision*, with what is stored in what they made; ``base`` removes every table."""
        migrating.downgrade(self._engine, revision)

    @again_if_undone
    def require_schema(self) -> None:
        """Return if this version works with the tables: they are its own, or of a later step of its generation.

        Raises:
            SchemaOutdated: they are older, or missing.
            SchemaTooNew: they are of a newer generation.
        """
        migrating.require_schema(self._engine)

    def bind_clock(self, clock: Clock, /) -> None:
        """Use the kit's clock, unless this store was made with its own. Checks the schema once."""
        self.require_schema()
        self._kit_clock = clock

    def close(self) -> None:
        """Close the pool, if it is ours."""
        if self._owns_engine:
            self._engine.dispose()

    def _now(self, connection: sa.Connection) -> datetime:
        clock = self._own_clock
        if clock is None and connection.dialect.name == "postgresql":
            at: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
            return at
        clock = clock or self._kit_clock
        if clock is None:
            raise RuntimeError("a SqlStore without its own clock is used through a CampaignKit")
        return clock.now()

    # documents

    @again_if_undone
    def load(self, merchant_id: str, kind: str, document_id: str, /) -> Document | None:
        with reading_directly(self._engine) as driver:
            return documents.load(driver, merchant_id, kind, document_id)

    @again_if_undone
    def save(
        self,
        document: Document,
        /,
        *,
        expected_revision: int,
        note: TimelineEntry | None = None,
        guard: SaveGuard = SaveGuard.NONE,
    ) -> Document | None:
        with writing(self._engine) as connection:
            is_saved = documents.save(
                connection,
                document,
                expected_revision=expected_revision,
                note=note,
                guard=guard,
                now=self._now(connection),
            )
        if not is_saved:
            return None
        return Document(
            merchant_id=document.merchant_id,
            kind=document.kind,
            document_id=document.document_id,
            body=document.body,
            revision=expected_revision + 1,
        )

    @again_if_undone
    def scan(
        self, merchant_id: str, kind: str, /, *, status: str | None = None, after: str | None = None, limit: int = 50
    ) -> Sequence[Document]:
        with reading(self._engine) as connection:
            return documents.scan(connection, merchant_id, kind, status=status, after=after, limit=limit)

    # recipients

    @again_if_undone
    def add_recipients(
        self, merchant_id: str, campaign_id: str, rows: Sequence[CampaignRecipient], /
    ) -> Sequence[IntakeResult]:
        with writing(self._engine) as connection:
            return audience.add_recipients(connection, merchant_id, campaign_id, rows)

    @again_if_undone
    def move_recipients(
        self,
        merchant_id: str,
        campaign_id: str,
        event: RecipientEvent,
        /,
        *,
        reason: str,
        recipient_ids: Sequence[str] | None = None,
    ) -> int:
        with writing(self._engine) as connection:
            now = self._now(connection)
            return audience.move_recipients(
                connection, merchant_id, campaign_id, event, reason=reason, recipient_ids=recipient_ids, now=now
            )

    @again_if_undone
    def readdress(self, merchant_id: str, campaign_id: str, recipient_id: str, to: NewAddress, /) -> ReaddressResult:
        with writing(self._engine) as connection:
            return readdress(connection, merchant_id, campaign_id, recipient_id, to, read_now=self._now)

    @again_if_undone
    def list_recipients(
        self, merchant_id: str, campaign_id: str, query: RecipientQuery, /
    ) -> Sequence[CampaignRecipient]:
        with reading(self._engine) as connection:
            return audience.list_recipients(connection, merchant_id, campaign_id, query)

    @again_if_undone
    def count_recipients(self, merchant_id: str, campaign_id: str, /) -> Sequence[RecipientCount]:
        with reading(self._engine) as connection:
            return audience.count_recipients(connection, merchant_id, campaign_id)

    @again_if_undone
    def trail(self, merchant_id: str, recipient_id: str, /) -> Trail | None:
        with reading_directly(self._engine) as driver:
            found = audience.trail(driver.connection, merchant_id, recipient_id)
            return None if found is None else attrs.evolve(found, events=events_of(driver, merchant_id, recipient_id))

    # dispatch

    @again_if_undone
    def due(self, now: datetime, /, *, limit: int, after: tuple[str, str] | None = None) -> DueList:
        with reading_directly(self._engine) as driver:
            is_kits_clock = self._own_clock is None and driver.is_sqlite
            at = now if is_kits_clock else self._now(driver.connection)  # as claim and begin will look at it
            found = due(driver, at, limit=limit, after=after)
            return found if is_kits_clock else attrs.evolve(found, now=at)

    @again_if_undone
    def claim(
        self,
        merchant_id: str,
        campaign_id: str,
        /,
        *,
        worker_id: str,
        token: str,
        lease: timedelta,
        limit: int,
    ) -> Sequence[Claim]:
        with driving(self._engine) as driver:
            return claim(
                driver,
                merchant_id,
                campaign_id,
                worker_id=worker_id,
                token=token,
                lease=lease,
                limit=limit,
                read_now=self._now,
            )

    @again_if_undone
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        with driving(self._engine) as driver:
            _, freed = settle(driver, settlements, read_now=self._now)
            return begin(driver, clearances, lease=lease, read_now=self._now, freed=freed)

    @again_if_undone
    def settle(self, settlements: Sequence[Settlement], /) -> Sequence[SettleResult]:
        with driving(self._engine) as driver:
            results, freed = settle(driver, settlements, read_now=self._now)
            if freed.uncounted:
                uncount(driver, freed.uncounted)
            end_all(driver, freed.holds, read_now=self._now)
            return results

    @again_if_undone
    def release(
        self, held: Sequence[Claim], /, *, not_before: datetime | None = None, reason: str = "", detail: str = ""
    ) -> int:
        with writing(self._engine) as connection:
            now = self._now(connection)
            return returns.release(connection, held, not_before=not_before, reason=reason, detail=detail, now=now)

    @again_if_undone
    def reap(self) -> Reaped:
        with reading_directly(self._engine) as driver:
            if not returns.has_outlived(driver, self._now(driver.connection)):
                return Reaped()
        with driving(self._engine) as driver:
            return reap(driver, read_now=self._now)

    # doubts

    @again_if_undone
    def doubts(
        self, merchant_id: str, campaign_id: str, /, *, after: str | None = None, limit: int = 1000
    ) -> Sequence[Doubt]:
        with reading(self._engine) as connection:
            return doubts(connection, merchant_id, campaign_id, after=after, limit=limit)

    @again_if_undone
    def resend(
        self,
        merchant_id: str,
        campaign_id: str,
        /,
        *,
        quarantine: timedelta,
        recipient_ids: Sequence[str] | None = None,
        generation_max: int | None = None,
        repeated_content: str | None = None,
        limit: int = 1000,
        note: TimelineEntry | None = None,
    ) -> int:
        with writing(self._engine) as connection:
            return resend(
                connection,
                merchant_id,
                campaign_id,
                quarantine=quarantine,
                recipient_ids=recipient_ids,
                generation_max=generation_max,
                repeated_content=repeated_content,
                limit=limit,
                note=note,
                read_now=self._now,
            )

    # suppression

    @again_if_undone
    def suppress(self, merchant_id: str, keys: Sequence[str], /, *, reason: str) -> int:
        with writing(self._engine) as connection:
            return audience.suppress(connection, merchant_id, keys, reason=reason, now=self._now(connection))

    @again_if_undone
    def suppressed(self, merchant_id: str, keys: Sequence[str], /) -> frozenset[str]:
        with reading(self._engine) as connection:
            return audience.suppressed(connection, merchant_id, keys)

    @again_if_undone
    def lift(self, merchant_id: str, keys: Sequence[str], /) -> int:
        with writing(self._engine) as connection:
            return audience.lift(connection, merchant_id, keys)

    # feedback

    @again_if_undone
    def record(self, events: Sequence[Feedback], /) -> Sequence[RecordResult]:
        with driving(self._engine) as driver:
            return record(driver, events, read_now=self._now)

    # planning

    @again_if_undone
    def backlog(
        self, merchant_id: str, campaign_id: str, /, *, before: str | None = None, by_destination: bool = False
    ) -> Sequence[Backlog]:
        with reading_directly(self._engine) as driver:
            return backlog(driver, merchant_id, campaign_id, before=before, by_destination=by_destination)

    @again_if_undone
    def counted(self, keys: Sequence[str], /) -> Mapping[str, LimitState]:
        with reading_directly(self._engine) as driver:
            return counted(driver, keys)

    @again_if_undone
    def spend(self, scopes: Sequence[LimitScope], /, *, draw: float = 0.0) -> datetime | None:
        with driving(self._engine) as driver:
            return spend(driver, scopes, draw=draw, read_now=self._now)

    @again_if_undone
    def marketing(self, merchant_id: str, keys: Sequence[str], since: datetime, /) -> Mapping[str, Sequence[datetime]]:
        with reading_directly(self._engine) as driver:
            return marketing(driver, merchant_id, keys, since)

    # credit

    @again_if_undone
    def post(self, merchant_id: str, requests: Sequence[CreditRequest], /) -> Sequence[Entry]:
        with driving(self._engine) as driver:
            return ledger.post_all(driver, merchant_id, requests, read_now=self._now)

    @again_if_undone
    def lots(self, merchant_id: str, /) -> Sequence[Lot]:
        with reading(self._engine) as connection:
            return ledger.lots_of(connection, merchant_id)

    @again_if_undone
    def posted(self, merchant_id: str, /) -> Sequence[Entry]:
        with reading(self._engine) as connection:
            return ledger.posted(connection, merchant_id)

    @again_if_undone
    def charged(
        self, merchant_id: str, /, *, after: tuple[str, int] | None = None, limit: int = 1000
    ) -> Sequence[Attempt]:
        with reading(self._engine) as connection:
            return ledger.charged(connection, merchant_id, after=after, limit=limit)

"""Every error that campaignkit raises, as one tree. Pure.

::

    CampaignKitError
    ├── NotFound
    │   ├── MerchantNotFound · CampaignNotFound · SenderNotFound · RecipientNotFound · TemplateNotFound ·
    │   │   HoldNotFound · TestNotFound
    ├── IllegalTransition        this status does not know that event
    ├── NotReady                 preflight has blockers
    ├── NotEditable              the campaign's status forbids this change
    ├── StartInPast              a start more than the grace ago wants to be confirmed
    ├── RecipientBusy            a worker holds this recipient at this moment
    ├── AddressTaken             another recipient of the campaign has this address
    ├── InvalidTemplate          a placeholder that cannot be compiled, with its place
    ├── InvalidContent           a message that can never be sent, whoever receives it
    ├── LimitReached             the sender's limits, or those of test sends, are used up for now
    ├── SupplyFailed             the host's own function failed for a recipient
    ├── InvalidAddress           an address given by the host itself is not one
    ├── UnreadableContacts · NoAddressColumn · UnknownColumn
    ├── KeyReused                one key, two different things
    ├── InvalidCredits           no number of credits, no key, or an expiry that is past; a ValueError too
    ├── InsufficientCredits      more is needed than is available
    ├── CreditsExceeded          more is settled or refunded than a hold has
    ├── NoPriceTable             no table of prices is in force yet
    ├── RevisionConflict         somebody else saved the document first
    ├── SchemaOutdated           the database wants ``upgrade()``
    ├── SchemaTooNew             the database wants a newer campaignkit
    ├── StoreUnavailable         the database cannot be used at the moment
    ├── StoreBroken              a store broke its contract
    └── MissingExtra             an optional dependency is not installed

A bad datum is a returned ``Rejection``; a bad call is a ``ValueError`` or ``TypeError``; these are bad moments.
Each leaf has a stable ``code`` and can be pickled. Nothing has changed when one was raised, but for StoreUnavailable.
"""

from typing import ClassVar

import attrs

__all__ = [
    "AddressTaken",
    "CampaignKitError",
    "CampaignNotFound",
    "CreditsExceeded",
    "HoldNotFound",
    "IllegalTransition",
    "InsufficientCredits",
    "InvalidAddress",
    "InvalidContent",
    "InvalidCredits",
    "InvalidTemplate",
    "KeyReused",
    "LimitReached",
    "MerchantNotFound",
    "MissingExtra",
    "NoAddressColumn",
    "NoPriceTable",
    "NotEditable",
    "NotFound",
    "NotReady",
    "RecipientBusy",
    "RecipientNotFound",
    "RevisionConflict",
    "SchemaOutdated",
    "SchemaTooNew",
    "SenderNotFound",
    "StartInPast",
    "StoreBroken",
    "StoreUnavailable",
    "SupplyFailed",
    "TemplateNotFound",
    "TestNotFound",
    "UnknownColumn",
    "UnreadableContacts",
]


class CampaignKitError(Exception):
    """A request that cannot be granted now; nothing has changed."""

    code: ClassVar[str] = "campaignkit_error"


class NotFound(CampaignKitError):
    """There is no such thing for this merchant. Another merchant's id answers the same."""

    code = "not_found"


@attrs.frozen
class MerchantNotFound(NotFound):
    """The store has no such merchant, and no zone and region were given to create one."""

    code = "merchant_not_found"
    merchant_id: str

    def __str__(self) -> str:
        return f"merchant {self.merchant_id!r} is unknown; give its zone and region to create it"


@attrs.frozen
class CampaignNotFound(NotFound):
    """This merchant has no such campaign."""

    code = "campaign_not_found"
    campaign_id: str

    def __str__(self) -> str:
        return f"campaign {self.campaign_id!r} was not found"


@attrs.frozen
class SenderNotFound(NotFound):
    """This merchant has no such sender."""

    code = "sender_not_found"
    sender_id: str

    def __str__(self) -> str:
        return f"sender {self.sender_id!r} was not found; add it with add_sender"


@attrs.frozen
class TemplateNotFound(NotFound):
    """This merchant has no such template."""

    code = "template_not_found"
    template_id: str

    def __str__(self) -> str:
        return f"template {self.template_id!r} was not found; store it with save_template"


@attrs.frozen
class TestNotFound(NotFound):
    """This merchant made no such test send."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    code = "test_not_found"
    test_id: str

    def __str__(self) -> str:
        return f"test send {self.test_id!r} was not found"


@attrs.frozen
class RecipientNotFound(NotFound):
    """Nobody on this campaign answers to that id or address (which is not repeated here)."""

    code = "recipient_not_found"
    campaign_id: str

    def __str__(self) -> str:
        return f"campaign {self.campaign_id!r} has no such recipient"


@attrs.frozen
class IllegalTransition(CampaignKitError):
    """The status machine has no such move."""

    code = "illegal_transition"
    status: str
    event: str

    def __str__(self) -> str:
        return f"a {self.status} one cannot {self.event}"


@attrs.frozen
class NotReady(CampaignKitError):
    """Preflight found blockers; ask ``preflight`` for the remedies."""

    code = "not_ready"
    campaign_id: str
    blockers: tuple[str, ...]

    def __str__(self) -> str:
        return f"campaign {self.campaign_id!r} is not ready: {', '.join(self.blockers)}"


@attrs.frozen
class NotEditable(CampaignKitError):
    """The campaign's status forbids changing these fields; a copy can be edited."""

    code = "not_editable"
    campaign_id: str
    status: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = ", ".join(self.fields) or "anything"
        return f"campaign {self.campaign_id!r} is {self.status}; {what} cannot be changed"


@attrs.frozen
class StartInPast(CampaignKitError):
    """The start is longer ago than the grace; ``confirm_past=True`` sends all the same."""

    code = "start_in_past"
    start_at: str
    now: str

    def __str__(self) -> str:
        return f"the start {self.start_at} is long past ({self.now} now); confirm it with confirm_past"


@attrs.frozen
class RecipientBusy(CampaignKitError):
    """A worker is sending to this recipient, has already done so, or sends it the very same message again."""

    code = "recipient_busy"
    recipient_id: str
    status: str

    def __str__(self) -> str:
        return f"recipient {self.recipient_id!r} is {self.status} and cannot be changed now"


@attrs.frozen
class AddressTaken(CampaignKitError):
    """Another recipient of the same campaign has this address already."""

    code = "duplicate"
    recipient_id: str

    def __str__(self) -> str:
        return f"recipient {self.recipient_id!r} keeps its address: another one of this campaign has the new one"


@attrs.frozen
class InvalidTemplate(CampaignKitError):
    """A placeholder cannot be understood. Line and column count from 1."""

    code = "invalid_template"
    field: str
    line: int
    column: int
    problem: str

    def __str__(self) -> str:
        return f"{self.field}, line {self.line}, column {self.column}: {self.problem}"


@attrs.frozen
class InvalidContent(CampaignKitError):
    """A part of the message can never be sent, whoever receives it."""

    code = "invalid_content"
    field: str
    problem: str

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


@attrs.frozen
class LimitReached(CampaignKitError):
    """The sender's own limits, or those of test sends, let nothing more begin for now."""

    code = "limit_reached"
    retry_at: str  # ISO 8601, UTC

    def __str__(self) -> str:
        return f"the limits are used up; try again at {self.retry_at}"


@attrs.frozen
class SupplyFailed(CampaignKitError):
    """The host's function that supplies values for a recipient failed; what it said is not repeated."""

    code = "supply_failed"
    problem: str  # the name of an exception, or what came instead of a Supply

    def __str__(self) -> str:
        return f"what the shop supplies for a recipient could not be had: {self.problem}"


@attrs.frozen
class InvalidAddress(CampaignKitError):
    """An address that the host gave for its own use (a sender, a test) is not one."""

    code = "invalid_address"
    field: str
    rejection_code: str
    problem: str

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


@attrs.frozen
class UnreadableContacts(CampaignKitError):
    """The file cannot be read as a list of contacts at all."""

    code = "unreadable_contacts"
    problem: str

    def __str__(self) -> str:
        return f"the contact list cannot be read: {self.problem}"


@attrs.frozen
class NoAddressColumn(CampaignKitError):
    """The header names neither an email nor a phone column."""

    code = "no_address_column"
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"no column holds an email address or a phone number; the columns are: {', '.join(self.columns)}"


@attrs.frozen
class UnknownColumn(CampaignKitError):
    """The host's column mapping names a column that the file lacks."""

    code = "unknown_column"
    column: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"there is no column {self.column!r}; the columns are: {', '.join(self.columns)}"


@attrs.frozen
class KeyReused(CampaignKitError):
    """A key that made one thing was used again for a different one."""

    code = "key_reused"
    key: str

    def __str__(self) -> str:
        return f"key {self.key!r} was used before with other values"


@attrs.frozen
class InvalidCredits(CampaignKitError, ValueError):
    """What was given is no number of credits, no key of an entry, or an expiry that is past."""

    code = "invalid_credits"
    field: str
    problem: str

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


@attrs.frozen
class InsufficientCredits(CampaignKitError):
    """More is needed than is available; a grant helps."""

    code = "insufficient_credits"
    needed_credits: int
    available_credits: int

    def __str__(self) -> str:
        return f"{self.needed_credits} credits are needed, {self.available_credits} are available"


@attrs.frozen
class CreditsExceeded(CampaignKitError):
    """More was to be settled than was held, or more refunded than was spent."""

    code = "credits_exceeded"
    key: str
    asked_credits: int
    most_credits: int

    def __str__(self) -> str:
        return f"hold {self.key!r} allows {self.most_credits} credits at most, {self.asked_credits} were asked for"


@attrs.frozen
class HoldNotFound(NotFound):
    """Nothing was ever held under that key."""

    code = "hold_not_found"
    key: str

    def __str__(self) -> str:
        return f"no credits were held under the key {self.key!r}"


@attrs.frozen
class NoPriceTable(CampaignKitError):
    """No table of prices is in force at that moment."""

    code = "no_price_table"
    at: str

    def __str__(self) -> str:
        return f"no table of prices is in force at {self.at}"


@attrs.frozen
class RevisionConflict(CampaignKitError):
    """The document was saved by somebody else since it was loaded; load it and try again."""

    code = "revision_conflict"
    kind: str
    document_id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.document_id!r} was changed by somebody else in the meantime"


@attrs.frozen
class SchemaOutdated(CampaignKitError):
    """The database has no tables of this version; run ``SqlStore.upgrade()``."""

    code = "schema_outdated"
    found: str
    expected: str

    def __str__(self) -> str:
        return f"the database is at schema {self.found}, this version wants {self.expected}: run upgrade()"


@attrs.frozen
class SchemaTooNew(CampaignKitError):
    """A newer campaignkit has changed the tables so that this one cannot work with them."""

    code = "schema_too_new"
    found: str
    expected: str

    def __str__(self) -> str:
        return f"the database is at schema {self.found}, this version knows {self.expected}: update campaignkit"


@attrs.frozen
class StoreUnavailable(CampaignKitError):
    """The database is gone, starting, full, read-only or busy for too long; the same call may be made again.

    If a connection broke while a commit was under way, what was asked for may be done. Every verb of a store may be
    repeated, so nothing is lost or done twice by trying again.
    """

    code = "store_unavailable"
    problem: str
    is_undone: bool = False  # provably nothing was done, and an attempt at once may succeed; a store has tried again

    def __str__(self) -> str:
        return f"the database cannot be used at the moment: {self.problem}"


@attrs.frozen
class StoreBroken(CampaignKitError):
    """A host's store answered something that its contract forbids; work on it has stopped."""

    code = "store_broken"
    problem: str

    def __str__(self) -> str:
        return f"the store broke its contract: {self.problem}"


@attrs.frozen
class MissingExtra(CampaignKitError):
    """An optional dependency is not installed."""

    code = "missing_extra"
    extra: str
    package: str

    def __str__(self) -> str:
        return f"{self.package} is not installed: pip install 'campaignkit[{self.extra}]'"

"""What a list of contacts comes to: its rows in, one after the other, the whole picture in bounded memory out. Pure."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

import attrs

from campaignkit.addresses.channel import Channel, Rejection, RejectionCode
from campaignkit.audience.activity import is_last_seen_column, last_seen
from campaignkit.audience.address_table import AddressTable
from campaignkit.audience.consent import ConsentState
from campaignkit.audience.contacts import Contact
from campaignkit.audience.selection import Exclusion, ExclusionReason, Recipient

__all__ = ["Addresses", "Country", "ListReport", "ListTally", "Staleness", "Suggestion", "Trouble"]

ROWS_MAX = 5  # named of each kind of trouble
KINDS_MAX = 1_000  # of troubles, countries and suggestions that are told apart; files have a few dozen
_DUPLICATE = "This address already stands in an earlier row."


@attrs.frozen(kw_only=True)
class Trouble:
    """One kind of thing that is wrong, and where."""

    code: str  # stable
    field: str = ""
    message: str  # one sentence
    count: int
    rows: tuple[int, ...]  # the first few; the header of the file is row 1


@attrs.frozen(kw_only=True)
class Addresses:
    """What the readable rows hold of one kind of address: ``valid + broken + missing`` is all of them."""

    valid: int
    usable: int  # a message can arrive: every email, only phones that take texts
    duplicates: int  # usable ones that an earlier row has already
    broken: int
    missing: int
    granted: int  # what the usable ones said about being written to
    denied: int
    unknown: int


@attrs.frozen(kw_only=True)
class Country:
    """How many phones belong to a country."""

    region: str  # ISO 3166-1; "" for numbers of no country
    count: int


@attrs.frozen(kw_only=True)
class Suggestion:
    """A mail domain that looks like a slip of the keyboard. Nothing is changed."""

    domain: str
    suggested: str
    count: int
    rows: tuple[int, ...]


@attrs.frozen(kw_only=True)
class Staleness:
    """Customers who have not been seen for long, by the columns that say when they came last."""

    columns: tuple[str, ...]
    before: date  # who was last seen earlier than this is stale
    count: int
    undated: int  # the columns are blank, or hold no day that can be read
    rows: tuple[int, ...]


@attrs.frozen(kw_only=True)
class ListReport:
    """The whole picture of a list. By the channel asked about, ``rows = recipients + excluded + rejected``."""

    channel: str
    rows: int
    recipients: int
    excluded: int
    rejected: int
    unknown_consent: int  # recipients whom nobody asked about the channel
    exclusions: tuple[Trouble, ...]  # readable rows that get nothing
    rejections: tuple[Trouble, ...]  # rows that are empty or cannot be read
    broken_fields: tuple[Trouble, ...]  # of readable rows, whether they are written to or not
    emails: Addresses
    phones: Addresses
    countries: tuple[Country, ...]  # of the phones, the most frequent first
    suggestions: tuple[Suggestion, ...]
    stale: Staleness | None  # None where no column says when a customer came last

    @property
    def is_good(self) -> bool:
        """Whether somebody can be written to and every row could be read."""
        unreadable = any(trouble.code == RejectionCode.UNREADABLE_ROW for trouble in self.rejections)
        return self.recipients > 0 and not unreadable


class ListTally:
    """Takes what became of each row and counts; keeps no contact.

    Args:
        stale_before: Who was last seen earlier is stale.
        region: Country whose order of day and month dates are in.
    """

    def __init__(self, channel: str, *, stale_before: date, region: str | None = None) -> None:
        self._channel = channel
        self._counts: Counter[str] = Counter()
        self._exclusions, self._rejections, self._broken_fields = _Groups(), _Groups(), _Groups()
        self._emails, self._phones = _AddressTally("email", Channel.EMAIL), _AddressTally("phone", Channel.SMS)
        self._countries: Counter[str] = Counter()
        self._suggestions = _Groups()
        self._stale = _StaleTally(stale_before, region)

    def take(self, became: Recipient | Exclusion | Rejection) -> Contact | Rejection:
        """Count one row; return the contact or rejection that it was."""
        match became:
            case Rejection():
                self._counts["rejected"] += 1
                self._rejections.add((str(became.code), became.field, became.full_message), became.row_number)
                return became
            case Recipient():
                self._counts["recipients"] += 1
                self._counts["unknown_consent"] += became.has_unknown_consent
            case Exclusion():
                self._counts["excluded"] += 1
                detail = _DUPLICATE if became.reason is ExclusionReason.DUPLICATE else became.detail
                self._exclusions.add((str(became.reason), "", detail), became.contact.row_number)
        self._look_at(became.contact)
        return became.contact

    def _look_at(self, contact: Contact) -> None:
        email, phone = contact.email, contact.phone
        self._emails.add(contact, email.key if email else "", is_usable=True)
        self._phones.add(contact, phone.key if phone else "", is_usable=phone is not None and phone.is_textable)
        if phone is not None:
            self._countries[phone.region] += 1
        if email is not None and (suggested := email.suggestion):
            domains = (email.domain, suggested.rpartition("@")[2])
            self._suggestions.add(domains, contact.row_number)
        for broken in contact.rejections:
            self._broken_fields.add((str(broken.code), broken.field, broken.full_message), broken.row_number)
        self._stale.add(contact)

    def report(self) -> ListReport:
        """Return the picture so far."""
        counts = self._counts
        return ListReport(
            channel=self._channel,
            rows=counts["recipients"] + counts["excluded"] + counts["rejected"],
            recipients=counts["recipients"],
            excluded=counts["excluded"],
            rejected=counts["rejected"],
            unknown_consent=counts["unknown_consent"],
            exclusions=self._exclusions.troubles(),
            rejections=self._rejections.troubles(),
            broken_fields=self._broken_fields.troubles(),
            emails=self._emails.result(),
            phones=self._phones.result(),
            countries=tuple(
                Country(region=region, count=count)
                for region, count in sorted(self._countries.items(), key=lambda item: (-item[1], item[0]))
            ),
            suggestions=tuple(
                Suggestion(domain=domain, suggested=suggested, count=count, rows=rows)
                for (domain, suggested), count, rows in self._suggestions.sorted()
            ),
            stale=self._stale.result(),
        )


class _Groups:
    """Rows that have something in common: how many, and the first few."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], tuple[list[int], list[int]]] = {}

    def add(self, facts: tuple[str, ...], row_number: int | None) -> None:
        found = self._found.get(facts)
        if found is None:
            if len(self._found) >= KINDS_MAX:
                facts = ("other",) * len(facts)
            found = self._found.setdefault(facts, ([0], []))
        count, rows = found
        count[0] += 1
        if len(rows) < ROWS_MAX:
            rows.append(row_number or 0)

    def sorted(self) -> Iterator[tuple[tuple[str, ...], int, tuple[int, ...]]]:
        """Return them with the most frequent first."""
        for facts, (count, rows) in sorted(self._found.items(), key=lambda item: (-item[1][0][0], item[0])):
            yield facts, count[0], tuple(rows)

    def troubles(self) -> tuple[Trouble, ...]:
        return tuple(
            Trouble(code=code, field=field, message=message, count=count, rows=rows)
            for (code, field, message), count, rows in self.sorted()
        )


class _AddressTally:
    """Counts addresses of one kind."""

    def __init__(self, field: str, channel: Channel) -> None:
        self._field, self._channel = field, channel
        self._valid = self._usable = self._duplicates = self._broken = self._missing = 0
        self._granted = self._denied = 0
        self._seen = AddressTable()

    def add(self, contact: Contact, key: str, *, is_usable: bool) -> None:
        if not key:
            is_broken = any(broken.field == self._field for broken in contact.rejections)
            self._broken += is_broken
            self._missing += not is_broken
            return
        self._valid += 1
        if is_usable:
            self._usable += 1
            said = contact.consent.on(self._channel)
            self._granted += said is ConsentState.GRANTED
            self._denied += said is ConsentState.DENIED
            self._duplicates += self._seen.claim(key, self._usable) is not None

    def result(self) -> Addresses:
        return Addresses(
            valid=self._valid,
            usable=self._usable,
            duplicates=self._duplicates,
            broken=self._broken,
            missing=self._missing,
            granted=self._granted,
            denied=self._denied,
            unknown=self._usable - self._granted - self._denied,
        )


class _StaleTally:
    """Counts who was last seen long ago."""

    def __init__(self, before: date, region: str | None) -> None:
        self._before, self._region = before, region
        self._columns: tuple[str, ...] | None = None
        self._count = self._undated = 0
        self._rows: list[int] = []

    def add(self, contact: Contact) -> None:
        if self._columns is None:
            self._columns = tuple(name for name in contact.attributes if is_last_seen_column(name))
        if not self._columns:
            return
        seen_on = last_seen(contact.attributes, region=self._region)
        if seen_on is None:
            self._undated += 1
        elif seen_on < self._before:
            self._count += 1
            if len(self._rows) < ROWS_MAX:
                self._rows.append(contact.row_number or 0)

    def result(self) -> Staleness | None:
        if not self._columns:
            return None
        return Staleness(
            columns=self._columns,
            before=self._before,
            count=self._count,
            undated=self._undated,
            rows=tuple(self._rows),
        )

"""Customer records: what a shop keeps about one person, as frozen values. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from hashlib import blake2b

import attrs

from campaignkit.addresses.email import EmailAddress
from campaignkit.addresses.phone import PhoneNumber
from campaignkit.audience.consent import Consent
from campaignkit.audience.customers.names import name_words

__all__ = ["Customer", "CustomerStatus", "PostalAddress"]


class CustomerStatus(StrEnum):
    """Whether a record may be chosen for an order. The values are stable."""

    ACTIVE = "active"
    BLOCKED = "blocked"  # by the merchant
    MERGED = "merged"  # into another record, which ``merged_into`` names


@attrs.frozen(kw_only=True)
class PostalAddress:
    """Where something is delivered, as it was written."""

    street: str = ""  # with the house number
    city: str = ""
    postcode: str = ""
    country: str = ""


def _require_aware(_: object, field: "attrs.Attribute[datetime | None]", value: datetime | None) -> None:
    if value is not None and value.tzinfo is None:
        raise ValueError(f"{field.name} has to say its time zone")


_SAID_NOTHING = Consent()  # one value for all, since nobody can change it


@attrs.frozen(kw_only=True)
class Customer:
    """One person as the host keeps them. ``check_customer`` makes one of a form, ``customer_from`` one of a list's row.

    Raises:
        ValueError: ``created_at`` or ``updated_at`` has no time zone.
    """

    customer_id: str = ""  # the host's own; "" until it is saved
    name: str = attrs.field(default="", repr=False)
    first_name: str = attrs.field(default="", repr=False)  # where it is known apart from the name
    phone: PhoneNumber | None = None
    email: EmailAddress | None = None
    other_phones: tuple[PhoneNumber, ...] = ()  # also theirs; merging keeps them here
    other_emails: tuple[EmailAddress, ...] = ()
    loyalty_id: str = attrs.field(default="", repr=False)  # of a card; the most reliable key there is
    birthday: date | None = attrs.field(default=None, repr=False)
    addresses: tuple[PostalAddress, ...] = attrs.field(default=(), repr=False)  # the first one is home
    orders: tuple[str, ...] = ()  # the host's ids
    preferences: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    notes: tuple[str, ...] = attrs.field(default=(), repr=False)
    attributes: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    consent: Consent = _SAID_NOTHING
    verified: frozenset[str] = frozenset()  # names of fields that somebody proved, such as "email"
    source: str = ""  # where the record came from: "till 2", "web", "import 2026-03"
    created_at: datetime | None = attrs.field(default=None, validator=_require_aware)
    updated_at: datetime | None = attrs.field(default=None, validator=_require_aware)
    status: CustomerStatus = CustomerStatus.ACTIVE
    merged_into: str = ""

    @property
    def key(self) -> str:
        """A digest of who this is: the same form sent twice has the same key, however it was spelt or spaced.

        Save under it, and a repeated save makes no second record.

        >>> Customer(name="Zoë  LEE").key == Customer(name="zoe lee").key
        True
        """
        phone = self.phone.key if self.phone else ""
        email = self.email.key if self.email else ""
        parts = (self.customer_id, tuple(name_words(self.name)), phone, email, self.loyalty_id, str(self.birthday))
        return blake2b(repr(parts).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()

    @property
    def phones(self) -> tuple[PhoneNumber, ...]:
        """Every number, the best one first."""
        return (self.phone, *self.other_phones) if self.phone else self.other_phones

    @property
    def emails(self) -> tuple[EmailAddress, ...]:
        """Every mailbox, the best one first."""
        return (self.email, *self.other_emails) if self.email else self.other_emails

    @property
    def is_merged(self) -> bool:
        return self.status is CustomerStatus.MERGED

"""Checking: a form or a row in; a Customer, or everything that is wrong with it at once, out. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache, lru_cache
from typing import TypeVar

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, shorten
from campaignkit.addresses.email import Resolver
from campaignkit.audience.columns import fold
from campaignkit.audience.contacts import Contact, parse_contact
from campaignkit.audience.customers.records import Customer, PostalAddress

__all__ = ["check_customer", "customer_from"]

YEAR_MIN = 1900
DEFAULT_REQUIRED = ("name", "phone")


class _Field(StrEnum):
    """What a customer's row may tell beside what a contact's does."""

    BIRTHDAY = "birthday"
    STREET = "street"
    CITY = "city"
    POSTCODE = "postcode"
    COUNTRY = "country"
    LOYALTY_ID = "loyalty_id"
    SOURCE = "source"
    NOTES = "notes"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


_VOCABULARY: Mapping[_Field, str] = {
    _Field.BIRTHDAY: """birthday, birth date, birthdate, date of birth, dob, data urodzenia, urodziny, geburtsdatum,
        geburtstag, date de naissance, fecha de nacimiento, cumpleanos""",
    _Field.STREET: """street, street address, address, address 1, address line 1, home address, delivery address, ulica,
        adres, adres dostawy, strasse, anschrift, rue, adresse, adresse postale, calle, direccion""",
    _Field.CITY: "city, town, suburb, miasto, miejscowosc, ort, stadt, ville, ciudad, poblacion",
    _Field.POSTCODE: """postcode, post code, zip, zip code, zipcode, postal code, kod pocztowy, kod, plz, postleitzahl,
        code postal, cp, codigo postal""",
    _Field.COUNTRY: "country, kraj, land, pays, pais",
    _Field.LOYALTY_ID: """loyalty id, loyalty card, loyalty number, card number, card no, card, numer karty, karta,
        karta klienta, kundenkarte, kartennummer, carte de fidelite, tarjeta, tarjeta de cliente""",
    _Field.SOURCE: "source, import, zrodlo, quelle, herkunft, origine, origen",
    _Field.NOTES: "notes, note, comments, comment, uwagi, notatki, bemerkung, bemerkungen, notiz, remarques, notas",
    _Field.CREATED_AT: "created at, created, created on, date created, date added, utworzono, erstellt am, cree le",
    _Field.UPDATED_AT: """updated at, updated, last updated, modified, last modified, modified at, zmieniono,
        geandert am, modifie le""",
}


def check_customer(
    row: Mapping[str, object],
    required: Sequence[str] = DEFAULT_REQUIRED,
    *,
    region: str | None = None,
    row_number: int | None = None,
    resolver: Resolver | None = None,
) -> Customer | tuple[Rejection, ...]:
    """Return the customer that a form describes, or all that is wrong with it, never one thing at a time.

    Args:
        row: Values by field or column name, as ``parse_contact`` takes them; besides, birthday, street, city, postcode,
            country, loyalty id, source, notes, created at and updated at.
        required: What this merchant asks for: ``name``, ``phone``, ``email``, a field above, or any other column.
        region: Country of phone numbers in national form, and of the order of days and months.
        resolver: See ``parse_email``.

    Raises:
        ValueError: *region* is no country code.

    >>> [(one.field, one.code.value) for one in check_customer({"name": " ", "phone": "555", "email": "ann@"})]
    [('name', 'missing'), ('phone', 'service_number'), ('email', 'malformed')]
    >>> check_customer({"name": "Ann Lee", "phone": "(212) 555-0143"}, region="US").phone.e164
    '+12125550143'
    """
    contact = parse_contact(row, region=region, row_number=row_number, resolver=resolver)
    if isinstance(contact, Rejection):
        return tuple(_missing(name, row_number) for name in required) or (contact,)
    customer, broken = customer_from(contact, region=region)
    named = {rejection.field for rejection in broken}
    missing = [name for name in required if name not in named and not _value_of(customer, name)]
    rejections = [*broken, *(_missing(name, row_number) for name in missing)]
    order = {name: place for place, name in enumerate(required)}
    rejections.sort(key=lambda rejection: order.get(rejection.field, len(order)))
    return tuple(rejections) or customer


def customer_from(contact: Contact, *, region: str | None = None) -> tuple[Customer, tuple[Rejection, ...]]:
    """Return the customer that a contact of a list is, and what of it could not be read."""
    columns = _columns_of(tuple(contact.attributes))
    rejections = list(contact.rejections)
    told = {field: contact.attributes[column].strip() for field, column in columns.items()}
    birthday = _keep(_parse_birthday(told.get(_Field.BIRTHDAY, ""), region, contact.row_number), rejections)
    created_at, updated_at = (
        _keep(_parse_moment(told.get(field, ""), field.value, contact.row_number), rejections)
        for field in (_Field.CREATED_AT, _Field.UPDATED_AT)
    )
    used = frozenset(columns.values())
    customer = Customer(
        customer_id=contact.contact_id,
        name=contact.name,
        first_name=contact.first_name,
        phone=contact.phone,
        email=contact.email,
        loyalty_id=told.get(_Field.LOYALTY_ID, ""),
        birthday=birthday,
        addresses=_address_of(told),
        notes=(told[_Field.NOTES],) if told.get(_Field.NOTES) else (),
        attributes={name: text for name, text in contact.attributes.items() if name not in used},
        consent=contact.consent,
        source=told.get(_Field.SOURCE, ""),
        created_at=created_at,
        updated_at=updated_at,
    )
    return customer, tuple(rejections)


_NAMES = {_Field.LOYALTY_ID: "customer card", _Field.CREATED_AT: "date of creation", _Field.UPDATED_AT: "last change"}
_MISSING = {"name": "There is no name.", "phone": "There is no phone number.", "email": "There is no email address."}
_YEAR_FIRST = re.compile(r"(\d{4})[-./]?(\d{1,2})[-./]?(\d{1,2})(?:[T ].*)?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4})")
_MONTH_FIRST = frozenset({"US", "PH", "FM", "PW"})  # where 05/12 is the twelfth of May; CLDR


def _missing(name: str, row_number: int | None) -> Rejection:
    message = _MISSING.get(name, f"The field {name.replace('_', ' ')!r} is not filled in.")
    return Rejection(code=RejectionCode.MISSING, field=name, message=message, value="", row_number=row_number)


def _value_of(customer: Customer, name: str) -> object:
    """Return what *customer* has under a required name: a field, a part of the address, or a column of its own."""
    if name in {field.name for field in attrs.fields(Customer)}:
        return getattr(customer, name)
    home = customer.addresses[0] if customer.addresses else PostalAddress()
    if name == "address":
        return home.street
    if name in {field.name for field in attrs.fields(PostalAddress)}:
        return getattr(home, name)
    return next((text.strip() for column, text in customer.attributes.items() if fold(column) == fold(name)), "")


@lru_cache(maxsize=64)  # a host's rows have few shapes
def _columns_of(names: tuple[str, ...]) -> Mapping[_Field, str]:
    """Return which column answers which question, the best-known name first."""
    found = {}
    for field in _Field:
        ranks = _ranks(field)
        known = [name for name in names if fold(name) in ranks]
        if known:
            found[field] = min(known, key=lambda name: ranks[fold(name)])
    return found


@cache  # one entry a field
def _ranks(field: _Field) -> Mapping[str, int]:
    return {" ".join(phrase.split()): rank for rank, phrase in enumerate(_VOCABULARY[field].split(","))}


def _address_of(told: Mapping[_Field, str]) -> tuple[PostalAddress, ...]:
    street, city, postcode, country = (
        told.get(field, "") for field in (_Field.STREET, _Field.CITY, _Field.POSTCODE, _Field.COUNTRY)
    )
    address = PostalAddress(street=street, city=city, postcode=postcode, country=country)
    return (address,) if street or city or postcode else ()


_Kept = TypeVar("_Kept")


def _keep(parsed: _Kept | Rejection, rejections: list[Rejection]) -> _Kept | None:
    if isinstance(parsed, Rejection):
        rejections.append(parsed)
        return None
    return parsed


def _parse_birthday(text: str, region: str | None, row_number: int | None) -> date | Rejection | None:
    if not text:
        return None
    options = set(_dates_in(text, region))
    if len(options) > 1:
        message = "Day and month of the birthday could be either way round; write it like 1980-12-31."
        return _refuse(RejectionCode.AMBIGUOUS, "birthday", message, text, row_number)
    if not options:
        message = "This is no date of birth; write it like 1980-12-31."
        return _refuse(RejectionCode.MALFORMED, "birthday", message, text, row_number)
    return options.pop()


def _dates_in(text: str, region: str | None) -> Iterator[date]:
    """Yield every day that *text* may mean. Dots are written between day and month where the day comes first."""
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
        yield from _date(year, month, day)
    elif found := _YEAR_LAST.fullmatch(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        if found[2] == "." or (region or "").upper() not in _MONTH_FIRST:
            yield from _date(year, second, first)
        if found[2] != "." and (region is None or region.upper() in _MONTH_FIRST):
            yield from _date(year, first, second)


def _date(year: int, month: int, day: int) -> Iterator[date]:
    if year >= YEAR_MIN and 1 <= month <= 12 and 1 <= day <= 31:
        try:
            yield date(year, month, day)
        except ValueError:  # the 31st of a shorter month
            return


def _parse_moment(text: str, name: str, row_number: int | None) -> datetime | Rejection | None:
    """Return an instant; where no time zone is written, it is UTC: it only says which of two records is newer."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        what = _NAMES[_Field(name)]
        message = f"The {what} is no date; write it like 2026-03-01 or 2026-03-01T09:30:00+01:00."
        return _refuse(RejectionCode.MALFORMED, name, message, text, row_number)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse(code: RejectionCode, field: str, message: str, text: str, row_number: int | None) -> Rejection:
    return Rejection(code=code, field=field, message=message, value=shorten(text), row_number=row_number)

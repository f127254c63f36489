"""Contacts: one row in, a ``Contact`` with its broken fields named, or a ``Rejection`` of the whole row, out. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.addresses.email import EmailAddress, Resolver, parse_email
from campaignkit.addresses.phone import PhoneNumber, parse_phone
from campaignkit.audience.cells import parse_name, parse_zone, read_consent, text_of, unclear_consent
from campaignkit.audience.columns import snake_case
from campaignkit.audience.consent import Consent
from campaignkit.audience.shapes import KEY_SIZE, Shape, shape_of_columns

__all__ = ["Contact", "blank_row", "contact_from", "parse_contact"]

_TITLES = frozenset(
    {"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "madam", "pan", "pani", "herr", "frau", "m", "mme", "mlle"}
    | {"monsieur", "madame", "sr", "sra", "srta"}
)


@attrs.frozen(kw_only=True)
class Contact:
    """Somebody who could be written to. What could not be read stands in ``rejections``, not in the way."""

    contact_id: str = ""  # the host's own, where it gave one
    name: str = attrs.field(default="", repr=False)
    first_name: str = attrs.field(default="", repr=False)  # as given; ``fields`` guesses it from the name otherwise
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    zone: str | None = None  # IANA name, where the row said one
    consent: Consent = attrs.field(factory=Consent)
    attributes: Mapping[str, str] = attrs.field(factory=dict, repr=False)  # remaining columns under their own names
    rejections: tuple[Rejection, ...] = ()  # of single fields; an empty field is none
    row_number: int | None = None  # counts from 1; the header of a file is row 1
    key: str = attrs.field(repr=False)  # digest of what came in: the same row twice has the same key

    @key.default
    def _digest_parts(self) -> str:
        email = self.email.address if self.email else ""
        phone = self.phone.key if self.phone else ""
        parts = {"contact_id": self.contact_id, "name": self.name, "email": email, "phone": phone}
        came_in = repr((self.row_number, sorted({**self.attributes, **parts}.items())))
        return blake2b(came_in.encode("utf-8", "surrogatepass"), digest_size=KEY_SIZE).hexdigest()

    @property
    def fields(self) -> Mapping[str, str]:
        """What templates may name: the standard four, and every other column in snake case, where they differ.

        >>> dict(parse_contact({"name": "Ann Lee", "email": "ann@example.com", "Name-day": "26 July"}).fields)
        {'name_day': '26 July', 'name': 'Ann Lee', 'first_name': 'Ann', 'email': 'ann@example.com', 'phone': ''}
        """
        named = {snake_case(column): text for column, text in reversed(list(self.attributes.items()))}
        named.pop("", None)
        return {
            **named,
            "name": self.name,
            "first_name": self.first_name or _first_name(self.name),
            "email": self.email.address if self.email else "",
            "phone": self.phone.e164 if self.phone else "",
        }


def parse_contact(
    row: Mapping[str, object],
    *,
    region: str | None = None,
    row_number: int | None = None,
    resolver: Resolver | None = None,
) -> Contact | Rejection:
    """Return the contact that *row* describes; a Rejection only where every field is blank.

    Args:
        row: Values by column name, in any of the spellings that files use. What is recognised as none of ``Field``
            becomes an attribute.
        region: Country of phone numbers in national form.
        resolver: See ``parse_email``.

    Raises:
        ValueError: *region* is no country code.

    >>> contact = parse_contact({"Name": "Ann", "E-mail": "ann@", "Phone": "(212) 555-0143"}, region="US")
    >>> contact.phone.e164, [(broken.field, broken.code.value) for broken in contact.rejections]
    ('+12125550143', [('email', 'malformed')])
    """
    shape = shape_of_columns(tuple(row))
    values = list(row.values())
    texts = [text_of(value) for value in values]
    if region is not None and not shape.phone:
        parse_phone(None, region=region)  # a wrong country is a bad call whether there is a phone or not
    if not any(text.strip() for text in texts):
        return blank_row(row_number)
    return contact_from(values, texts, shape, region=region, row_number=row_number, resolver=resolver)


def contact_from(
    row: Sequence[object],
    texts: Sequence[str],
    shape: Shape,
    *,
    region: str | None = None,
    row_number: int | None = None,
    resolver: Resolver | None = None,
) -> Contact:
    """Return what ``parse_contact`` does, for a row that is not blank and whose columns are known already.

    Args:
        row: Its values, as they came, one for each column of *shape*.
        texts: The same as text; may be the same object.
    """
    rejections: list[Rejection] = []
    email = _email_at(shape.email, row, texts, row_number, resolver, rejections) if shape.email else None
    phone = _phone_at(shape.phone, row, texts, row_number, region, rejections) if shape.phone else None
    name, first_name = _names_in(shape, texts, row_number, rejections)
    zone = _zone_at(shape.zone, texts, row_number, rejections) if shape.zone else None
    consent = _consent_in(shape, texts, row_number, rejections) if shape.consent else _SILENCE
    return Contact(
        contact_id=_first_text(shape.contact_id, texts).strip() if shape.contact_id else "",
        name=name,
        first_name=first_name,
        email=email,
        phone=phone,
        zone=zone,
        consent=consent,
        attributes={name: texts[place] for name, place in shape.others},
        rejections=tuple(rejections),
        row_number=row_number,
        key=_digest_row(texts, shape, row_number),
    )


def blank_row(row_number: int | None) -> Rejection:
    """Return the Rejection of a row without any content."""
    return Rejection(
        code=RejectionCode.BLANK_ROW, field="row", message="The row is empty.", value="", row_number=row_number
    )


_SILENCE = Consent()
_SEPARATOR = "\x1f"


def _digest_row(texts: Sequence[str], shape: Shape, row_number: int | None) -> str:
    """Return the same for the same texts under the same names, in whatever order the columns stand."""
    ordered = shape.in_name_order(texts)
    joined = _SEPARATOR.join(ordered)
    if joined.count(_SEPARATOR) >= len(ordered):
        joined = repr(ordered)  # a text holds the separator itself
    digest = shape.digest.copy()  # half the price of a new one
    digest.update(f"{row_number}{_SEPARATOR}{joined}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _first_text(places: Iterable[int], texts: Sequence[str]) -> str:
    for place in places:
        if texts[place].strip():
            return texts[place]
    return ""


def _names_in(
    shape: Shape, texts: Sequence[str], row_number: int | None, rejections: list[Rejection]
) -> tuple[str, str]:
    """Return the full name, and the first name where one is given apart."""
    full = _name_at(shape.name, texts, row_number, rejections) if shape.name else ""
    if not shape.first_name and not shape.last_name:
        return full, ""
    first = _name_at(shape.first_name, texts, row_number, rejections)
    last = _name_at(shape.last_name, texts, row_number, rejections)
    # A first name alone is none: a column so named often holds the whole name.
    return full or f"{first} {last}".strip(), first if last or full else ""


def _name_at(places: Iterable[int], texts: Sequence[str], row_number: int | None, rejections: list[Rejection]) -> str:
    name = parse_name(_first_text(places, texts), row_number)
    if isinstance(name, str):
        return name
    rejections.append(name)
    return ""


def _zone_at(
    places: Iterable[int], texts: Sequence[str], row_number: int | None, rejections: list[Rejection]
) -> str | None:
    zone = parse_zone(_first_text(places, texts), row_number)
    if isinstance(zone, Rejection):
        rejections.append(zone)
        return None
    return zone


def _email_at(
    places: Iterable[int],
    row: Sequence[object],
    texts: Sequence[str],
    row_number: int | None,
    resolver: Resolver | None,
    rejections: list[Rejection],
) -> EmailAddress | None:
    """Return the best address that can be used, after noting why better ones are refused. Blank ones are not noted."""
    for place in places:
        if texts[place].strip():
            parsed = parse_email(row[place], row_number=row_number, resolver=resolver)
            if not isinstance(parsed, Rejection):
                return parsed
            rejections.append(parsed)
    return None


def _phone_at(
    places: Iterable[int],
    row: Sequence[object],
    texts: Sequence[str],
    row_number: int | None,
    region: str | None,
    rejections: list[Rejection],
) -> PhoneNumber | None:
    """Return the best number that can be used, after noting why better ones are refused. Blank ones are not noted."""
    for place in places:
        if texts[place].strip():
            parsed = parse_phone(row[place], region=region, row_number=row_number)
            if not isinstance(parsed, Rejection):
                return parsed
            rejections.append(parsed)
    return None


def _consent_in(shape: Shape, texts: Sequence[str], row_number: int | None, rejections: list[Rejection]) -> Consent:
    consent, unclear = read_consent(shape.consent_fields, tuple([texts[place] for place in shape.consent]))
    if unclear:
        rejections += [unclear_consent(answer, row_number) for answer in unclear]
    return consent


def _first_name(name: str) -> str:
    """Return the given name that a full name begins with; "" where a title leaves only a surname.

    >>> _first_name("Lee, Ann"), _first_name("Dr. Ann Lee"), _first_name("Mrs Lee")
    ('Ann', 'Ann', '')
    """
    surname, comma, given = name.partition(",")
    words = (given if comma and given.strip() else surname).split()
    names = [word for word in words if word.rstrip(".").casefold() not in _TITLES]
    if not names or (len(names) == 1 and len(words) > 1 and not comma):
        return ""
    return names[0]

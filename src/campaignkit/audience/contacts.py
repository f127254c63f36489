"""Contacts: one row in, a ``Contact`` with its broken fields named, or a ``Rejection`` of the whole row, out. Pure."""

import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import TypeVar

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, shorten
from campaignkit.addresses.email import EmailAddress, Resolver, parse_email
from campaignkit.addresses.phone import PhoneNumber, parse_phone
from campaignkit.addresses.zones import is_zone
from campaignkit.audience.columns import Field, Layout, arrange, snake_case
from campaignkit.audience.consent import Consent, ConsentState, read_answer, strictest

__all__ = ["Contact", "blank_row", "contact_from", "parse_contact"]

NAME_MAX = 1_000  # characters; longer ones are texts in the wrong column

_CONSENT_FIELDS = tuple(field for field in Field if field.startswith((Field.CONSENT, Field.OPT_OUT)))
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
        return _digest({**self.attributes, **parts}, self.row_number)

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
    layout = _layout_of(tuple(row))
    return contact_from(row, layout, region=region, row_number=row_number, resolver=resolver)


def contact_from(
    row: Mapping[str, object],
    layout: Layout,
    *,
    region: str | None = None,
    row_number: int | None = None,
    resolver: Resolver | None = None,
) -> Contact | Rejection:
    """Return what ``parse_contact`` does, for a row whose columns are known already."""
    texts = {column: _text(value) for column, value in row.items()}
    if not any(text.strip() for text in texts.values()):
        return blank_row(row_number)
    rejections: list[Rejection] = []
    email = parse_email(_pick(row, texts, layout, Field.EMAIL), row_number=row_number, resolver=resolver)
    phone = parse_phone(_pick(row, texts, layout, Field.PHONE), region=region, row_number=row_number)
    first, last, full = (
        _keep(_parse_name(_pick_text(texts, layout, field), row_number), rejections) or ""
        for field in (Field.FIRST_NAME, Field.LAST_NAME, Field.NAME)
    )
    return Contact(
        contact_id=_pick_text(texts, layout, Field.CONTACT_ID).strip(),
        name=full or f"{first} {last}".strip(),
        first_name=first if last or full else "",  # alone, a column so named often holds the whole name
        email=_keep(email, rejections),
        phone=_keep(phone, rejections),
        zone=_keep(_parse_zone(_pick_text(texts, layout, Field.ZONE).strip(), row_number), rejections),
        consent=_parse_consent(texts, layout, row_number, rejections),
        attributes={column: texts.get(column, "") for column in layout.others},
        rejections=tuple(rejections),
        row_number=row_number,
        key=_digest(texts, row_number),
    )


def blank_row(row_number: int | None) -> Rejection:
    """Return the Rejection of a row without any content."""
    return Rejection(
        code=RejectionCode.BLANK_ROW, field="row", message="The row is empty.", value="", row_number=row_number
    )


@lru_cache(maxsize=64)  # a host's rows have few shapes
def _layout_of(columns: tuple[str, ...]) -> Layout:
    return arrange(columns)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    is_nan = isinstance(value, float) and value != value  # how tables spell an empty cell
    return "" if value is None or is_nan else str(value)


def _digest(texts: Mapping[str, str], row_number: int | None) -> str:
    came_in = repr((row_number, sorted(texts.items())))
    return blake2b(came_in.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def _columns_with_text(texts: Mapping[str, str], layout: Layout, field: Field) -> Iterator[str]:
    return (column for column in layout.of(field) if texts.get(column, "").strip())


def _pick(row: Mapping[str, object], texts: Mapping[str, str], layout: Layout, field: Field) -> object:
    """Return the first value that is not blank, as it came, among the columns that answer *field*; None if none."""
    for column in _columns_with_text(texts, layout, field):
        return row[column]
    return None


def _pick_text(texts: Mapping[str, str], layout: Layout, field: Field) -> str:
    for column in _columns_with_text(texts, layout, field):
        return texts[column]
    return ""


_Kept = TypeVar("_Kept")


def _keep(parsed: _Kept | Rejection, rejections: list[Rejection]) -> _Kept | None:
    """Return *parsed*, or None after noting why it was refused. What is merely missing is not noted."""
    if not isinstance(parsed, Rejection):
        return parsed
    if parsed.code is not RejectionCode.MISSING:
        rejections.append(parsed)
    return None


def _parse_name(text: str, row_number: int | None) -> str | Rejection:
    name = " ".join(text.split())
    if len(name) > NAME_MAX:
        code, message = RejectionCode.TOO_LONG, "The name is longer than any name; another column may have slipped in."
    elif not name.isprintable() and any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in name):
        code, message = RejectionCode.MALFORMED, "The name holds characters that cannot be written."
    else:
        return name
    return Rejection(code=code, field="name", message=message, value=shorten(text), row_number=row_number)


def _parse_zone(name: str, row_number: int | None) -> str | Rejection | None:
    if not name:
        return None
    if is_zone(name):
        return name
    message = "The time zone is unknown; write it like Europe/Warsaw or America/New_York."
    code = RejectionCode.MALFORMED
    return Rejection(code=code, field="zone", message=message, value=shorten(name), row_number=row_number)


def _parse_consent(
    texts: Mapping[str, str], layout: Layout, row_number: int | None, rejections: list[Rejection]
) -> Consent:
    said: dict[Field, list[ConsentState]] = {field: [] for field in _CONSENT_FIELDS}
    for field in _CONSENT_FIELDS:
        for column in layout.of(field):
            answer = read_answer(texts.get(column, ""))
            if answer is None:
                rejections.append(_unclear_consent(texts[column], row_number))
            said[field].append(_meaning(field, answer))
    always = said[Field.CONSENT] + said[Field.OPT_OUT]
    return Consent(
        email=strictest(always + said[Field.CONSENT_EMAIL] + said[Field.OPT_OUT_EMAIL]),
        sms=strictest(always + said[Field.CONSENT_SMS] + said[Field.OPT_OUT_SMS]),
    )


def _meaning(field: Field, answer: ConsentState | None) -> ConsentState:
    """Return what an answer in this column says about consent: an unclear one binds like a no."""
    if answer is None:
        return ConsentState.DENIED
    if field.startswith(Field.OPT_OUT):
        return ConsentState.DENIED if answer is ConsentState.GRANTED else ConsentState.UNKNOWN
    return answer


def _unclear_consent(text: str, row_number: int | None) -> Rejection:
    message = "The consent is neither a yes nor a no; nothing is sent here until it is one."
    code = RejectionCode.AMBIGUOUS
    return Rejection(code=code, field="consent", message=message, value=shorten(text), row_number=row_number)


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

"""Headers of a mail: names, addresses, ids and instants in; whole lines with their CRLF out. Pure.

What goes in is made one line of printable characters first, or refused: nothing of it ever begins a header of its own.
Python's ``EmailMessage`` does not do this work, because in Python 3.11 a subject with an emoji and an encoded word
smuggles header lines into it. Sources: RFC 5322 (format), 2047 (encoded words), 6532 (UTF-8 in addresses).
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from campaignkit.message.content import SUBJECT_CHARACTERS_MAX, one_line, whole_characters

__all__ = ["ascii_domain", "date_header", "header", "identifier", "mailbox_header", "text_header", "wire_address"]

LINE_CHARACTERS = 76  # RFC 2047: a line that holds an encoded word is no longer than this
WORD_BYTES_MAX = 45  # of UTF-8 in one encoded word: 60 characters of base64 and 12 around them
NAME_CHARACTERS_MAX = 200  # nobody is called longer; what an import took for a name shall not fill the head of a mail
FIRST_WORD_BYTES_MAX = 30  # the first one shares its line with the header's name
DOMAIN_CHARACTERS_MAX = 253  # RFC 1035, 2.3.4
IDENTIFIER_CHARACTERS_MAX = 200
DATES_MAX = 16  # a batch has one
DOMAINS_MAX = 1_000  # beyond ASCII; they name nobody

_ATOMS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
)  # a display name that needs no quotes
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
# parse_email refuses quoted local parts, too.
_ADDRESS = re.compile(
    r"""[^\s\x00-\x20\x7f-\x9f\ud800-\udfff()<>\[\]:;,\\"@]{1,64}"""
    r"@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*"
)
# The same for ASCII, where one table of characters decides.
_ASCII_ADDRESS = re.compile(r"[!#-'*+\-./0-9=?A-Z^-~]{1,64}@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


def header(name: str, value: str) -> str:
    """Return a header whose value is safe as it stands."""
    return f"{name}: {value}\r\n"


def text_header(name: str, text: str) -> str:
    """Return a header of free text: as it stands where that is safe, else in encoded words."""
    if 0 < len(text) <= LINE_CHARACTERS - len(name) - len(": ") and text.isprintable() and _is_plain(text):
        return f"{name}: {text}\r\n"
    text = whole_characters(one_line(text[:SUBJECT_CHARACTERS_MAX]))
    lines = _folded(f"{name}:", text) if _is_plain(text) else None
    return header(name, _encoded_words(text)) if lines is None else f"{lines}\r\n"


def mailbox_header(name: str, display_name: str, address: str) -> str:
    """Return a header with one mailbox, its display name quoted or encoded where need be."""
    is_short = len(name) + len(display_name) + len(address) <= LINE_CHARACTERS - len(":  <>")
    if is_short and _ATOMS.fullmatch(display_name) and "=?" not in display_name:
        return f"{name}: {display_name} <{address}>\r\n"
    display_name = whole_characters(one_line(display_name[:NAME_CHARACTERS_MAX])).strip()
    if not display_name:
        return header(name, address)
    lines = None
    if display_name.isascii() and "=?" not in display_name:
        lines = _folded(f"{name}:", f"{_phrase(display_name)} <{address}>")
    return header(name, f"{_encoded_words(display_name)}\r\n <{address}>") if lines is None else f"{lines}\r\n"


def date_header(sent_at: datetime) -> str:
    """Return the ``Date`` header, in UTC.

    Raises:
        ValueError: *sent_at* is naive.
    """
    if sent_at.tzinfo is UTC:
        return _date_header(sent_at)
    if sent_at.utcoffset() is None:
        raise ValueError("sent_at needs a zone; naive datetimes are refused")
    # In UTC before it is remembered: two instants of one hour that comes twice are equal in their own zone.
    return _date_header(sent_at.astimezone(UTC))


@lru_cache(maxsize=DATES_MAX)
def _date_header(sent_at: datetime) -> str:
    # Costs 10 ms to import, and only senders need it.
    from email.utils import format_datetime

    return header("Date", format_datetime(sent_at))


def identifier(name: str, value: str, *, characters_max: int = IDENTIFIER_CHARACTERS_MAX) -> str:
    """Return *value*, which can stand in any header.

    Raises:
        ValueError: it cannot.
    """
    if len(value) > characters_max or not _IDENTIFIER.fullmatch(value):
        raise ValueError(f"{name} must be up to {characters_max} letters, digits, - and _, with single dots between")
    return value


def wire_address(address: str) -> str:
    """Return *address* with its domain in ASCII.

    Raises:
        ValueError: it is no single, bare address. The message does not repeat it.
    """
    if len(address) <= DOMAIN_CHARACTERS_MAX and _ASCII_ADDRESS.fullmatch(address):
        return address
    if not address.isascii():
        local_part, _, domain = address.rpartition("@")
        address = f"{local_part}@{domain if domain.isascii() else ascii_domain(domain)}"
    if not _ADDRESS.fullmatch(address) or len(address) - address.index("@") - 1 > DOMAIN_CHARACTERS_MAX:
        raise ValueError("this is no bare email address")
    return address


@lru_cache(maxsize=DOMAINS_MAX)
def ascii_domain(domain: str) -> str:
    """Return *domain* as A-labels; raises ValueError if it has none."""
    import idna  # comes with email-validator; the standard library's codec makes fass.de of faß.de

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError("this is no bare email address: its domain has no form in ASCII") from error


def _is_plain(text: str) -> bool:
    """Return whether *text*, one line, reads as itself between the blanks that folding may take for its own."""
    return text.isascii() and "=?" not in text and text == text.strip()


def _is_phrase(display_name: str) -> bool:
    """Return whether *display_name* can stand as it is: one line of ASCII that needs no quotes and reads as itself."""
    return _ATOMS.fullmatch(display_name) is not None and "=?" not in display_name


def _phrase(display_name: str) -> str:
    if _is_phrase(display_name):
        return display_name
    escaped = display_name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _folded(start: str, value: str) -> str | None:
    """Return *start* and *value* over lines that break before blanks, or None where a word is longer than a line."""
    lines = [start]
    for word in re.findall(r" *[^ ]+", f" {value}"):
        if len(word) > LINE_CHARACTERS:
            return None
        if len(lines[-1]) + len(word) > LINE_CHARACTERS and lines[-1] != start:
            lines.append("")
        lines[-1] += word
    return "\r\n".join(lines)


def _encoded_words(text: str) -> str:
    """Return *text* as encoded words, one on each line; readers join them without a blank."""
    return "\r\n ".join(f"=?utf-8?b?{b64encode(chunk).decode()}?=" for chunk in _chunks(text.encode()))


def _chunks(octets: bytes) -> Iterator[bytes]:
    """Cut UTF-8 between characters, into pieces that fit into an encoded word each; nothing is one empty piece."""
    start, room = 0, FIRST_WORD_BYTES_MAX
    while len(octets) - start > room:
        end = start + room
        while 0x80 <= octets[end] < 0xC0:  # the inside of a character
            end -= 1
        yield octets[start:end]
        start, room = end, WORD_BYTES_MAX
    yield octets[start:]

"""The oracle of mail: each message built as a whole and by itself, with nothing computed beforehand or remembered.

It shares no code with what it judges, apart from the values that go in and come out.
"""

import hashlib
import re
from base64 import b64encode, encodebytes
from binascii import b2a_qp
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import attrs

from campaignkit.message.content import SUBJECT_CHARACTERS_MAX, RenderedEmail, one_line, whole_characters
from campaignkit.message.outbound import OutboundEmail

__all__ = ["build_plainly"]

LINE_CHARACTERS = 76  # RFC 2047: a line that holds an encoded word is no longer than this
WORD_BYTES_MAX = 45  # of UTF-8 in one encoded word: 60 characters of base64 and 12 around them
NAME_CHARACTERS_MAX = 200  # nobody is called longer; what an import took for a name shall not fill the head of a mail
FIRST_WORD_BYTES_MAX = 30  # the first one shares its line with the header's name

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_SEVEN_BIT = re.compile(r"(?:[\t\x20-\x7e]{0,78}\r\n)+")  # RFC 5322 wants lines up to 78 characters
_ATOMS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
)  # a display name that needs no quotes
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_LOCAL_PART = re.compile(
    r"""[^\s\x00-\x20\x7f-\x9f\ud800-\udfff()<>\[\]:;,\\"@]{1,64}"""
)  # parse_email refuses quoted ones, too
_DOMAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


@attrs.frozen(kw_only=True)
class _Part:
    """One body: its own two headers, and its lines."""

    content_type: str
    transfer_encoding: str
    body: bytes  # ends with CRLF


def build_plainly(
    rendered: RenderedEmail,
    *,
    message_id: str,
    from_name: str,
    from_address: str,
    to_name: str,
    to_address: str,
    sent_at: datetime,
    reply_to: str | None = None,
    unsubscribe_mailto: str | None = None,
    campaign_id: str | None = None,
    list_id: str | None = None,
    envelope_from: str | None = None,
) -> OutboundEmail:
    """Return the whole message for a transport: CRLF line ends, no line over 998 octets, not dot-stuffed.

    Names and subject may hold anything: they become one line, encoded where need be, cut where they have no end (at 200
    and 998 characters). Line ends in bodies become CRLF.
    Domains beyond ASCII become A-labels, in headers and envelope; local parts stay as they are, which needs SMTPUTF8.

    Args:
        message_id: Ours, stable per recipient and generation; with the sender's domain it is the ``Message-ID`` header.
        sent_at: Goes into ``Date``, in UTC. The caller keeps it with the attempt, so that a retry has the same bytes.
        unsubscribe_mailto: A mailbox that takes opt-outs; marketing mail has one. The message id is in its subject.
        campaign_id: Goes into ``X-Campaign-ID``.
        list_id: Goes into ``List-Id``: dot-separated letters, digits, ``-`` and ``_``.
        envelope_from: Where bounces go; the sender's own address unless given.

    Raises:
        ValueError: *sent_at* is naive; an address or an id is none. ``parse_email`` checks them for the host.
    """
    sender, recipient = _wire_address(from_address), _wire_address(to_address)
    headers = [
        _header("Date", _date(sent_at)),
        _mailbox_header("From", from_name, sender),
        _mailbox_header("To", to_name, recipient),
        *([] if reply_to is None else [_header("Reply-To", _wire_address(reply_to))]),
        _text_header("Subject", rendered.subject),
        _header("Message-ID", f"<{_identifier('message_id', message_id)}@{sender.rpartition('@')[2]}>"),
        *_bulk_headers(message_id, campaign_id, list_id, unsubscribe_mailto),
        _header("Auto-Submitted", "auto-generated"),
        _header("MIME-Version", "1.0"),
    ]
    return OutboundEmail(
        message_id=message_id,
        envelope_from=sender if envelope_from is None else _wire_address(envelope_from),
        envelope_to=recipient,
        content="".join(headers).encode() + _body(rendered),
    )


def _body(rendered: RenderedEmail) -> bytes:
    """Return the headers of the content and the content."""
    text = _part(rendered.text, "plain")
    if rendered.html is None:
        return _joined(text)
    alternatives = [_joined(text), _joined(_part(rendered.html, "html"))]
    boundary = "=_alternatives"
    if "=_" in rendered.text + "\n" + rendered.html:
        boundary = "=_" + hashlib.sha256(b"\0".join(alternatives)).hexdigest()[:32]
    delimiter = f"--{boundary}"
    head = _header("Content-Type", f'multipart/alternative; boundary="{boundary}"') + "\r\n"
    between = [f"{delimiter}\r\n".encode() + alternative for alternative in alternatives]
    return head.encode() + b"\r\n".join(between) + f"\r\n{delimiter}--\r\n".encode()


def _part(text: str, subtype: str) -> _Part:
    """Return *text* in the lightest transfer encoding that carries it over seven bits; every line ends in CRLF."""
    lines = _LINE_ENDS.sub("\r\n", whole_characters(text)).removesuffix("\r\n") + "\r\n"
    content_type = f"text/{subtype}; charset=utf-8"
    if _SEVEN_BIT.fullmatch(lines):
        return _Part(content_type=content_type, transfer_encoding="7bit", body=lines.encode())
    octets = lines.encode()
    foreign_count = len(octets) - len(lines.encode("ascii", "ignore"))
    if 6 * foreign_count <= len(octets):  # a foreign octet takes three; base64 takes four for any three
        # The C encoder breaks lines as it finds them broken: with CRLF.
        return _Part(content_type=content_type, transfer_encoding="quoted-printable", body=b2a_qp(octets))
    body = encodebytes(octets).replace(b"\n", b"\r\n")
    return _Part(content_type=content_type, transfer_encoding="base64", body=body)


def _joined(part: _Part) -> bytes:
    head = _header("Content-Type", part.content_type) + _header("Content-Transfer-Encoding", part.transfer_encoding)
    return head.encode() + b"\r\n" + part.body


# Headers. Each function returns whole lines with their CRLF. What goes in is one line of printable characters. --------


def _header(name: str, value: str) -> str:
    """Return a header whose value is safe as it stands."""
    return f"{name}: {value}\r\n"


def _text_header(name: str, text: str) -> str:
    """Return a header of free text: as it stands where that is safe, else in encoded words."""
    text = whole_characters(one_line(text[:SUBJECT_CHARACTERS_MAX]))
    is_plain = text.isascii() and text == text.strip() and "=?" not in text
    lines = _folded(f"{name}:", text) if is_plain else None
    return _header(name, _encoded_words(text)) if lines is None else f"{lines}\r\n"


def _mailbox_header(name: str, display_name: str, address: str) -> str:
    """Return a header with one mailbox, its display name quoted or encoded where need be."""
    display_name = whole_characters(one_line(display_name[:NAME_CHARACTERS_MAX])).strip()
    if not display_name:
        return _header(name, address)
    lines = None
    if display_name.isascii() and "=?" not in display_name:
        lines = _folded(f"{name}:", f"{_phrase(display_name)} <{address}>")
    return _header(name, f"{_encoded_words(display_name)}\r\n <{address}>") if lines is None else f"{lines}\r\n"


def _phrase(display_name: str) -> str:
    if _ATOMS.fullmatch(display_name):
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
    return "\r\n ".join(f"=?utf-8?b?{b64encode(chunk.encode()).decode()}?=" for chunk in _chunks(text))


def _chunks(text: str) -> Iterator[str]:
    """Cut *text* between characters, into pieces that fit into an encoded word each."""
    start, size, room = 0, 0, FIRST_WORD_BYTES_MAX
    for position, character in enumerate(text):
        width = len(character.encode())
        if size + width > room:
            yield text[start:position]
            start, size, room = position, 0, WORD_BYTES_MAX
        size += width
    yield text[start:]


def _bulk_headers(
    message_id: str, campaign_id: str | None, list_id: str | None, unsubscribe_mailto: str | None
) -> Iterator[str]:
    """Yield what says whose mail this is, and how to leave."""
    if campaign_id is not None:
        yield _header("X-Campaign-ID", _identifier("campaign_id", campaign_id))
    if list_id is not None:
        yield _header("List-Id", f"<{_identifier('list_id', list_id)}>")
    if unsubscribe_mailto is not None:
        address = quote(_wire_address(unsubscribe_mailto), safe="@")
        yield _header("List-Unsubscribe", f"<mailto:{address}?subject=unsubscribe%20{message_id}>")
        yield _header("Precedence", "bulk")
        yield _header("X-Auto-Response-Suppress", "OOF, AutoReply")  # not "All", which also silences bounces


def _date(sent_at: datetime) -> str:
    # Costs 10 ms to import, and only senders need it.
    from email.utils import format_datetime

    if sent_at.utcoffset() is None:
        raise ValueError("sent_at needs a zone; naive datetimes are refused")
    return format_datetime(sent_at.astimezone(UTC))


def _identifier(name: str, value: str) -> str:
    if len(value) > 200 or not _IDENTIFIER.fullmatch(value):
        raise ValueError(f"{name} must be up to 200 letters, digits, - and _, with single dots between")
    return value


def _wire_address(address: str) -> str:
    """Return *address* with its domain in ASCII.

    Raises:
        ValueError: it is no single, bare address. The message does not repeat it.
    """
    local_part, _, domain = address.rpartition("@")
    domain = domain if domain.isascii() else _a_labels(domain)
    if not _LOCAL_PART.fullmatch(local_part) or not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        raise ValueError("this is no bare email address")
    return f"{local_part}@{domain}"


def _a_labels(domain: str) -> str:
    import idna  # comes with email-validator; the standard library's codec makes fass.de of faß.de

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError("this is no bare email address: its domain has no form in ASCII") from error

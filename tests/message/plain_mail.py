"""The oracle of mail: each message built as a whole and by itself, with nothing computed beforehand or remembered.

It shares no code with what it judges, apart from the values that go in and come out.
"""

import hashlib
import re
from base64 import b64encode, encodebytes
from binascii import b2a_qp
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import attrs

from campaignkit.message.attachments import Attachment, InlineImage, safe_filename
from campaignkit.message.campaign_headers import FeedbackId
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
    feedback_id: FeedbackId | None = None,
    is_automated: bool | None = None,
    extra_headers: Mapping[str, str] | None = None,
    unsubscribe_url: str | None = None,
    envelope_from: str | None = None,
    attachments: Sequence[Attachment] = (),
    inline_images: Sequence[InlineImage] = (),
) -> OutboundEmail:
    """Return the whole message for a transport; arguments as for ``build_email``."""
    sender, recipient = _wire_address(from_address), _wire_address(to_address)
    headers = [
        _header("Date", _date(sent_at)),
        _mailbox_header("From", from_name, sender),
        _mailbox_header("To", to_name, recipient),
        *([] if reply_to is None else [_header("Reply-To", _wire_address(reply_to))]),
        _text_header("Subject", rendered.subject),
        _header("Message-ID", f"<{_identifier('message_id', message_id)}@{sender.rpartition('@')[2]}>"),
        *_ownership(campaign_id, list_id, feedback_id),
        *_ways_out(message_id, unsubscribe_url, unsubscribe_mailto),
    ]
    if is_automated or (is_automated is None and not (unsubscribe_url or unsubscribe_mailto)):
        headers.append(_header("Auto-Submitted", "auto-generated"))
    headers += [
        *(_text_header(name, value) for name, value in (extra_headers or {}).items()),
        _header("MIME-Version", "1.0"),
    ]
    return OutboundEmail(
        message_id=message_id,
        envelope_from=sender if envelope_from is None else _wire_address(envelope_from),
        envelope_to=recipient,
        content="".join(headers).encode() + _with_files(rendered, inline_images, attachments),
    )


def _with_files(
    rendered: RenderedEmail, inline_images: Sequence[InlineImage], attachments: Sequence[Attachment]
) -> bytes:
    """Return the body, wrapped once for pictures and once for files."""
    body = _body(rendered)
    for subtype, files, parameters in (
        ("related", inline_images, '; type="multipart/alternative"'),
        ("mixed", attachments, ""),
    ):
        if files:
            body = _wrapped(body, subtype, parameters, [_file_part(file) for file in files], rendered)
    return body


def _wrapped(body: bytes, subtype: str, parameters: str, parts: list[bytes], rendered: RenderedEmail) -> bytes:
    boundary = f"=_{subtype}"
    if "=_" in rendered.text + "\n" + (rendered.html or ""):
        boundary += "-" + hashlib.sha256(body).hexdigest()[:32]
    delimiter = f"\r\n--{boundary}"
    head = _header("Content-Type", f'multipart/{subtype}; boundary="{boundary}"{parameters}')
    return head.encode() + b"".join(
        [*(f"{delimiter}\r\n".encode() + part for part in (body, *parts)), f"{delimiter}--\r\n".encode()]
    )


def _file_part(file: Any) -> bytes:
    is_picture = isinstance(file, InlineImage)
    headers = [
        _header("Content-Type", file.media_type + _charset(file.media_type, file.content)),
        _header("Content-Transfer-Encoding", "base64"),
        *([_header("Content-ID", f"<{file.content_id}>")] if is_picture else []),
        f"Content-Disposition: {'inline' if is_picture else 'attachment'};{_name(safe_filename(file.filename))}\r\n",
    ]
    return "".join(headers).encode() + b"\r\n" + encodebytes(file.content).replace(b"\n", b"\r\n")


def _charset(media_type: str, content: bytes) -> str:
    is_utf8 = content.decode(errors="ignore").encode() == content
    return "; charset=utf-8" if media_type.startswith("text/") and is_utf8 else ""


def _name(name: str) -> str:
    """Return the parameter of RFC 2231 without cutting it; ``EmailMessage`` is asked about names that are longer."""
    is_plain = len(name) <= 60 and re.fullmatch(r"[ -~]+", name) and not re.search(r'["\\%*:;<>?|/`]', name)
    return f' filename="{name}"' if is_plain else f"\r\n filename*=utf-8''{quote(name, safe='')}"


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


def _ownership(campaign_id: str | None, list_id: str | None, feedback_id: FeedbackId | None) -> Iterator[str]:
    """Yield what says whose mail this is."""
    if campaign_id is not None:
        yield _header("X-Campaign-ID", _identifier("campaign_id", campaign_id))
    if list_id is not None:
        yield _header("List-Id", f"<{_identifier('list_id', list_id)}>")
    if feedback_id is not None:
        fields = (feedback_id.campaign, feedback_id.customer, feedback_id.mail_type, feedback_id.sender)
        yield _header("Feedback-ID", ":".join(field for field in fields if field))


def _ways_out(message_id: str, url: str | None, mailto: str | None) -> Iterator[str]:
    """Yield how to leave, and that this is bulk mail."""
    ways = [] if url is None else [f"<{url}>"]
    if mailto is not None:
        ways.append(f"<mailto:{quote(_wire_address(mailto), safe='@')}?subject=unsubscribe%20{message_id}>")
    if not ways:
        return
    yield _header("List-Unsubscribe", ",\r\n ".join(ways))
    if url is not None:
        yield _header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
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

"""Two readers of mail that know nothing of each other or of us: Python's own, and a parser written in Rust.

Mail on the wire in; what somebody would see out, so that the two can be compared with each other and with what went in.
"""

import re
from collections.abc import Iterable
from email import message_from_bytes
from email.header import decode_header
from email.message import EmailMessage
from email.policy import EmailPolicy
from functools import lru_cache
from typing import Any

import attrs
import fast_mail_parser

__all__ = ["ReadFile", "ReadMail", "header_names", "is_wire", "read_by_python", "read_by_rust"]

LINE_OCTETS_MAX = 998


class _ReadingPolicy(EmailPolicy):
    """The package's default way, which reads the same header once and not anew each time that it is asked for."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return _fetched(name, value)


@lru_cache(maxsize=1_000)
def _fetched(name: str, value: str) -> Any:
    return EmailPolicy().header_fetch_parse(name, value)


_READING = _ReadingPolicy()


@attrs.frozen(kw_only=True)
class ReadFile:
    """A file as it arrived."""

    name: str
    media_type: str
    content: bytes


@attrs.frozen(kw_only=True)
class ReadMail:
    """A mail as it arrived. Blanks in headers are counted as one each, and not at all where a line was folded."""

    headers: tuple[tuple[str, str], ...]  # in any order
    texts: tuple[str, ...]
    htmls: tuple[str, ...]
    files: tuple[ReadFile, ...]


def header_names(content: bytes) -> list[str]:
    """Return the names on the wire, read as a server reads them: a line that does not begin with a blank."""
    head = content.partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"]


def is_wire(content: bytes) -> bool:
    """Return whether *content* is lines of mail: CRLF and nothing of it alone, no NUL, nothing over 998 octets."""
    without = content.replace(b"\r\n", b"")
    has_stray = b"\r" in without or b"\n" in without or b"\0" in without
    return content.endswith(b"\r\n") and not has_stray and max(map(len, content.split(b"\r\n"))) <= LINE_OCTETS_MAX


def read_by_python(content: bytes) -> ReadMail:
    """Return what Python's email package reads. Its structured headers put blanks between encoded words; not asked."""
    message = message_from_bytes(content, policy=_READING)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    texts, htmls, files = list[str](), list[str](), list[ReadFile]()
    for part in message.walk():
        assert not part.defects
        if part.is_multipart():
            continue
        media_type, disposition = part["Content-Type"].content_type, part["Content-Disposition"]
        if disposition is not None:
            file = ReadFile(name=disposition.params["filename"], media_type=media_type, content=_octets(part))
            files.append(file)
        else:
            {"text/plain": texts, "text/html": htmls}[media_type].append(_octets(part).decode())
    return ReadMail(
        headers=_sorted((name, _decoded(value)) for name, value in message.raw_items()),
        texts=tuple(texts),
        htmls=tuple(htmls),
        files=tuple(files),
    )


def read_by_rust(content: bytes) -> ReadMail:
    """Return what the Rust parser reads."""
    mail = fast_mail_parser.parse_email(content)
    assert not mail.warnings
    return ReadMail(
        headers=_sorted((name, value) for name, values in mail.headers.items() for value in values),
        texts=tuple(mail.text_plain),
        htmls=tuple(mail.text_html),
        files=tuple(
            ReadFile(name=file.filename, media_type=file.mimetype, content=file.content) for file in mail.attachments
        ),
    )


def _sorted(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, re.sub(r" +", " ", value)) for name, value in headers))


def _decoded(value: str) -> str:
    """Return a header's value by RFC 2047; addresses may hold UTF-8 as it is, RFC 6532."""
    unfolded = value.encode("ascii", "surrogateescape").decode().replace("\r\n", "")
    pieces = decode_header(unfolded)
    # Where nothing is encoded there is one piece of text; else bytes, those without a charset escaped by the package.
    return "".join(
        piece.decode(charset or "raw-unicode-escape") if isinstance(piece, bytes) else piece
        for piece, charset in pieces
    )


def _octets(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload

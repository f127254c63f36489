"""The parts of a mail, put together: bytes of parts in, pieces of one body out. Pure.

``mixed( related( alternative( text, HTML ), pictures ), files )``, each layer only where there is something for it.
Sources: RFC 2046 (multipart), 2387 (related).
"""

import hashlib
from collections.abc import Sequence

from campaignkit.message.headers import header

__all__ = ["alternatives", "with_attachments", "with_images"]

# No encoded body holds "=_": quoted-printable has = before digits and line ends, base64 at its end. A text that has it
# may travel as it is, though; then the boundary is a digest of the parts, and nobody can write a text with its own.
# No boundary begins with another one: some readers compare no further than their own ends.
BOUNDARY = "=_alternatives"
RELATED_BOUNDARY = "=_related"
MIXED_BOUNDARY = "=_mixed"

Delimiters = tuple[bytes, bytes, bytes]  # before the first part, between two, behind the last


def alternatives(text: bytes, html: bytes, has_mark: bool) -> Sequence[bytes]:
    """Return the two as one part, in pieces; *has_mark*: one of them holds ``=_``."""
    opening, between, closing = _ALTERNATIVES
    if has_mark:
        opening, between, closing = _delimiters("alternative", "=_" + _digest(text, b"\0", html))
    return opening, text, between, html, closing


def with_images(body: Sequence[bytes], images: Sequence[bytes], has_mark: bool) -> Sequence[bytes]:
    """Return *body*, two alternatives, and the pictures that its HTML shows as one part."""
    boundary = f"{RELATED_BOUNDARY}-{_digest(*body)}" if has_mark else RELATED_BOUNDARY
    return _joined(body, images, _delimiters("related", boundary, '; type="multipart/alternative"'))


def with_attachments(body: Sequence[bytes], files: Sequence[bytes], has_mark: bool) -> Sequence[bytes]:
    """Return *body* and files as one part."""
    boundary = f"{MIXED_BOUNDARY}-{_digest(*body)}" if has_mark else MIXED_BOUNDARY
    return _joined(body, files, _delimiters("mixed", boundary))


def _joined(body: Sequence[bytes], parts: Sequence[bytes], delimiters: Delimiters) -> Sequence[bytes]:
    opening, between, closing = delimiters
    pieces = [opening, *body]
    for part in parts:
        pieces += (between, part)
    return (*pieces, closing)


def _digest(*pieces: bytes) -> str:
    return hashlib.sha256(b"".join(pieces)).hexdigest()[:32]


def _delimiters(subtype: str, boundary: str, parameters: str = "") -> Delimiters:
    head = header("Content-Type", f'multipart/{subtype}; boundary="{boundary}"{parameters}')
    delimiter = f"\r\n--{boundary}"
    return f"{head}{delimiter}\r\n".encode(), f"{delimiter}\r\n".encode(), f"{delimiter}--\r\n".encode()


_ALTERNATIVES = _delimiters("alternative", BOUNDARY)

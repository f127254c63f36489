"""Files that travel with a mail: bytes and a name in, MIME parts out, or why a file may not travel. Pure.

A name is made harmless first: no folders, no characters that hide or turn around what stands beside them. Then it is
judged by what it ends with. Sources: RFC 2045 (base64), 2183 (Content-Disposition), 2231 (names beyond ASCII), 2392
(cid); the list of endings is that of Gmail's help page on blocked attachments, as of 2026.
"""

import re
import unicodedata
from base64 import encodebytes
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.errors import InvalidContent

__all__ = [
    "ATTACHMENTS_MAX",
    "ATTACHMENT_BYTES_MAX",
    "BLOCKED_ENDINGS",
    "Attachment",
    "CompiledFiles",
    "InlineImage",
    "check_files",
    "compile_files",
    "encode_part",
    "reject_files",
    "safe_filename",
]

ATTACHMENTS_MAX = 20  # inline images are counted, too
ATTACHMENT_BYTES_MAX = 10_000_000  # all together, before base64 adds a third; many servers refuse mail over 10 to 25 MB
FILENAME_CHARACTERS_MAX = 100

# Programs, and what a double click runs.
BLOCKED_ENDINGS = frozenset(
    (
        *("ade", "adp", "apk", "appx", "appxbundle", "bat", "cab", "chm", "cmd", "com", "cpl", "diagcab", "diagcfg"),
        *("diagpkg", "dll", "dmg", "ex", "ex_", "exe", "hta", "img", "ins", "iso", "isp", "jar", "jnlp", "js", "jse"),
        *("lib", "lnk", "mde", "mjs", "msc", "msi", "msix", "msixbundle", "msp", "mst", "nsh", "pif", "ps1", "ps1xml"),
        *("ps2", "psc1", "reg", "scf", "scr", "sct", "shb", "shs", "sys", "url", "vb", "vbe", "vbs", "vhd", "vxd"),
        *("wsc", "wsf", "wsh", "xll"),
    )
)
# How programs begin, whatever they are called: Linux, macOS (three forms), scripts that name their interpreter.
BLOCKED_BEGINNINGS = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"#!/")
IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})  # SVG can run scripts

_MEDIA_TYPE = re.compile(r"(?:application|audio|font|image|model|text|video)/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_CONTENT_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?:@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)?")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 _.,()+@&'!$#=~^{}\[\]-]+")  # needs quotes around it, and nothing inside
_FORBIDDEN = re.compile(r'[<>:"|?*;%]')  # what Windows forbids in names, and what some mail programs decode
_DEVICES = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")
_PIECE_CHARACTERS = 60  # of one line of a long name


def _size(content: bytes) -> str:
    return f"<{len(content)} bytes>"


@attrs.frozen(kw_only=True)
class Attachment:
    """A file, shown beneath the mail. Its name may be anything; the mail has ``safe_filename`` of it."""

    filename: str
    content: bytes = attrs.field(repr=_size)
    media_type: str = "application/octet-stream"


@attrs.frozen(kw_only=True)
class InlineImage:
    """A picture that the HTML part shows: ``<img src="cid:logo">`` where *content_id* is ``logo``."""

    content_id: str
    content: bytes = attrs.field(repr=_size)
    media_type: str  # PNG, JPEG, GIF or WebP

    @property
    def filename(self) -> str:
        """What it is called where somebody saves it."""
        return f"{self.content_id.partition('@')[0]}.{self.media_type.partition('/')[2]}"


File = Attachment | InlineImage


def _count(parts: Sequence[bytes]) -> str:
    return f"<{len(parts)} parts>"


@attrs.frozen(kw_only=True)
class CompiledFiles:
    """What everybody gets, encoded once."""

    files: tuple[File, ...]
    bytes_max: int  # of these and of those of one recipient together
    image_parts: tuple[bytes, ...] = attrs.field(repr=_count)
    attached_parts: tuple[bytes, ...] = attrs.field(repr=_count)


def safe_filename(name: str) -> str:
    """Return *name* without folders, hidden or turning characters, devices; at most 100 characters, never empty.

    >>> safe_filename("..\\\\..\\\\bill\\r\\n.pdf"), safe_filename("bill\\u202efdp.exe")
    ('bill.pdf', 'billfdp.exe')
    """
    name = unicodedata.normalize("NFC", name[-10_000:])
    # Controls, formatting such as U+202E, half surrogate pairs, private use, unassigned, line and paragraph ends.
    kept = "".join(one for one in name if unicodedata.category(one)[0] != "C" and one not in "\u2028\u2029")
    name = _FORBIDDEN.sub("_", re.split(r"[/\\\u2044\u2215\u29f5\u29f8\uff0f\uff3c\ufe68]", kept)[-1])
    name = re.sub(r"\s+", " ", name).strip(" .")
    name = _DEVICES.sub(r"_\g<0>", name, count=1) if _DEVICES.match(name) else name
    if len(name) > FILENAME_CHARACTERS_MAX:
        stem, dot, ending = name.rpartition(".")
        ending = f"{dot}{ending}" if stem and len(ending) <= 10 else ""
        name = name[: FILENAME_CHARACTERS_MAX - len(ending)] + ending
    return name or "attachment"


def reject_files(files: Sequence[File], *, bytes_max: int = ATTACHMENT_BYTES_MAX) -> Rejection | None:
    """Return why *files* cannot travel with one mail, or nothing. It says which file, and what is wrong with it.

    Archives are not opened: what is in a ``.zip`` is the host's affair.

    >>> reject_files([Attachment(filename="offer.pdf.exe", content=b"tulips")]).message
    'offer.pdf.exe is a program; mail services refuse those'
    """
    if len(files) > ATTACHMENTS_MAX:
        return _rejected(RejectionCode.TOO_LONG, f"there are {len(files)} files, at most {ATTACHMENTS_MAX} can travel")
    size = sum(len(file.content) for file in files)
    if size > bytes_max:
        return _rejected(
            RejectionCode.TOO_LONG, f"the files have {size} bytes together, at most {bytes_max} can travel"
        )
    problem = next(filter(None, map(_problem, files)), "") or _twice(files)
    return _rejected(RejectionCode.MALFORMED, problem) if problem else None


def check_files(files: Sequence[File], *, bytes_max: int = ATTACHMENT_BYTES_MAX) -> None:
    """Return if *files* can travel with one mail.

    Raises:
        InvalidContent: they cannot; ``reject_files`` returns the same sentence.
    """
    rejection = reject_files(files, bytes_max=bytes_max)
    if rejection:
        raise InvalidContent("attachments", rejection.message)


def compile_files(
    attachments: Sequence[Attachment], inline_images: Sequence[InlineImage], *, bytes_max: int = ATTACHMENT_BYTES_MAX
) -> CompiledFiles:
    """Return both ready to be put into mails; raises as ``check_files``."""
    files: tuple[File, ...] = (*attachments, *inline_images)
    check_files(files, bytes_max=bytes_max)
    return CompiledFiles(
        files=files,
        bytes_max=bytes_max,
        image_parts=tuple(map(encode_part, inline_images)),
        attached_parts=tuple(map(encode_part, attachments)),
    )


def encode_part(file: File) -> bytes:
    """Return the MIME part: its headers, an empty line and base64. It was checked before."""
    head = [f"Content-Type: {_content_type(file)}", "Content-Transfer-Encoding: base64"]
    if isinstance(file, InlineImage):
        head.append(f"Content-ID: <{file.content_id}>")
    disposition = "inline" if isinstance(file, InlineImage) else "attachment"
    head.append(f"Content-Disposition: {disposition};{_filename_parameter(safe_filename(file.filename))}")
    lines = encodebytes(file.content).replace(b"\n", b"\r\n")
    return "\r\n".join((*head, "", "")).encode("ascii") + lines


def _rejected(code: RejectionCode, message: str) -> Rejection:
    return Rejection(code=code, field="attachments", message=message)


def _problem(file: File) -> str:
    """Return what is wrong with *file*, or nothing."""
    name = safe_filename(file.filename)
    ending = unicodedata.normalize("NFKC", name).rpartition(".")[2].lower()
    if not file.content:
        return f"{name} is empty"
    if ending in BLOCKED_ENDINGS or _is_program(file.content):
        return f"{name} is a program; mail services refuse those"
    if not _MEDIA_TYPE.fullmatch(file.media_type):
        return f"{name} has no media type such as application/pdf"
    if isinstance(file, InlineImage):
        return _image_problem(file)
    return ""


def _is_program(content: bytes) -> bool:
    # Those of Windows begin with two letters that a list of customers may begin with, too; but no text holds NUL.
    return content.startswith(BLOCKED_BEGINNINGS) or (content.startswith(b"MZ") and b"\0" in content[:64])


def _image_problem(image: InlineImage) -> str:
    if image.media_type not in IMAGE_TYPES:
        return f"a picture in the text must be PNG, JPEG, GIF or WebP, not {image.media_type[:60]}"
    if len(image.content_id) > 100 or not _CONTENT_ID.fullmatch(image.content_id):
        return "the id of a picture is up to 100 letters, digits, - and _, with single dots between"
    return ""


def _twice(files: Sequence[File]) -> str:
    ids = [file.content_id for file in files if isinstance(file, InlineImage)]
    return "two pictures in the text have the same id" if len(set(ids)) < len(ids) else ""


def _content_type(file: File) -> str:
    return f"{file.media_type}; charset=utf-8" if _is_utf8_text(file) else file.media_type


def _is_utf8_text(file: File) -> bool:
    """Return whether a reader had better be told that this is UTF-8: it would guess otherwise."""
    if not file.media_type.startswith("text/"):
        return False
    try:
        file.content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _filename_parameter(name: str) -> str:
    """Return the parameter: quoted where that is safe and short, else by RFC 2231, in pieces where it is long."""
    if len(name) <= _PIECE_CHARACTERS and _PLAIN_NAME.fullmatch(name):
        return f' filename="{name}"'
    pieces = list(_pieces(name))
    if len(pieces) == 1:
        return f"\r\n filename*=utf-8''{pieces[0]}"
    first, *others = (f"\r\n filename*{number}*={piece}" for number, piece in enumerate(pieces))
    return ";".join((first.replace("*=", "*=utf-8''", 1), *others))


def _pieces(name: str) -> Iterator[str]:
    """Yield *name* percent-encoded, cut between characters."""
    piece = ""
    for encoded in (quote(one, safe="") for one in name):
        if len(piece) + len(encoded) > _PIECE_CHARACTERS:
            yield piece
            piece = ""
        piece += encoded
    yield piece

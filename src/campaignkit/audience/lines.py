"""Lines of a contact list: a path, a text file or lines in, lines of text of bounded length out.

Opening the path is the one thing outside that the core touches. Each line is decoded by itself, UTF-8 first, so that a
file pasted together from several sources is read as well. What no encoding explains comes out as lone surrogates.
"""

import codecs
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from campaignkit.audience.code_pages import guess_code_page
from campaignkit.errors import UnreadableContacts

__all__ = ["CUT", "LINE_MAX", "is_undecodable", "lines_of"]

LINE_MAX = 262_144  # twice what Python's csv takes for one field; longer lines come out as CUT
CUT = "\udfff"  # no decoder makes it: the surrogates of undecodable bytes end at U+DCFF
BLOCK_SIZE = 65_536  # bytes; also how much is looked at to tell the encoding

_KINDS = {
    b"PK\x03\x04": "an Excel workbook or another archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a compressed file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def lines_of(source: str | Path | Iterable[str], *, region: str | None = None) -> Generator[str, None, None]:
    """Return the lines of *source*; closing the generator closes a file that it opened.

    Raises (at the first line):
        UnreadableContacts: there is no such file, it is empty, or it is no text.
        TypeError: *source* gives bytes.
    """
    if isinstance(source, str) or hasattr(source, "__fspath__"):
        return _lines_of_path(source, region)
    return _lines_of_text(source)


def is_undecodable(text: str) -> bool:
    """Return whether *text* holds bytes that are no text in any known encoding, or a line that was cut.

    >>> is_undecodable("Łódź"), is_undecodable("\\udc81")
    (False, True)
    """
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _lines_of_path(path: object, region: str | None) -> Generator[str, None, None]:
    try:
        with open(path, "rb") as file:  # type: ignore[call-overload]  # a str, or anything with __fspath__
            yield from _decode(iter(partial(file.read, BLOCK_SIZE), b""), region)
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        raise UnreadableContacts(_plain(error)) from error


def _plain(error: Exception) -> str:
    match error:
        case FileNotFoundError():
            return "there is no such file"
        case IsADirectoryError():
            return "it is a folder, not a file"
        case PermissionError():
            return "this computer does not allow reading it"
        case _:
            return str(getattr(error, "strerror", None) or error)


def _decode(blocks: Iterator[bytes], region: str | None) -> Iterator[str]:
    """Return the lines of *blocks*, each in UTF-8, or else in the code page that the first bytes suggest."""
    sample = next(blocks, b"")
    for mark, kind in _KINDS.items():
        if sample.startswith(mark):
            raise UnreadableContacts(f"it is {kind}; save the list as CSV")
    whole = chain([sample.removeprefix(codecs.BOM_UTF8)], blocks)
    encoding = _UTF16.get(sample[:2])
    page = None if encoding else _page_of(sample, region)
    for line in _split(_to_utf8(whole, encoding) if encoding else whole):
        if line is None:
            yield f"{CUT}\n"
            continue
        try:
            yield line.decode()
        except UnicodeDecodeError:
            page = page or guess_code_page(line, region=region)
            yield line.decode(page, "surrogateescape")


def _page_of(sample: bytes, region: str | None) -> str | None:
    """Return the code page of the lines in *sample* that are not UTF-8, None if all are."""
    lines = sample.splitlines()
    if len(sample) == BLOCK_SIZE:
        lines.pop()  # most likely incomplete
    foreign = [line for line in lines if not line.isascii() and not _is_utf8(line)]
    return guess_code_page(b"\n".join(foreign), region=region) if foreign else None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _to_utf8(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    first = True
    for block in blocks:
        text = decoder.decode(block)
        yield (text.removeprefix("\ufeff") if first else text).encode("utf-8", "replace")
        first = False


def _split(blocks: Iterable[bytes]) -> Iterator[bytes | None]:
    """Return lines with their ends (LF, CRLF, CR), None for one that is too long, as soon as it is."""
    tail, is_cut = b"", False
    for block in blocks:
        *lines, tail = (tail + block).splitlines(keepends=True) or [b""]
        for line in lines:
            if not is_cut:
                yield line if len(line) <= LINE_MAX else None
            is_cut = False
        if len(tail) > LINE_MAX:
            if not is_cut:
                yield None
            tail, is_cut = tail[-1:], True  # the last byte may be half of a CRLF
    if tail and not is_cut:
        yield tail


def _lines_of_text(source: Iterable[str]) -> Generator[str, None, None]:
    first = True
    try:
        for line in _bounded(source):
            if not isinstance(line, str):
                raise TypeError("contacts are read from text; open the file in text mode, or give its path")
            yield line.removeprefix("\ufeff") if first else line
            first = False
    except UnicodeDecodeError as error:
        raise UnreadableContacts("it is in another encoding than it was opened with; give its path instead") from error


def _bounded(source: Iterable[str]) -> Iterator[str]:
    """Return the lines of *source*, read in pieces where it can be, CUT in place of one that is too long."""
    readline = getattr(source, "readline", None)
    pieces = iter(partial(readline, LINE_MAX + 1), "") if readline else iter(source)
    is_cut = False
    for piece in pieces:
        if not is_cut:
            yield piece if len(piece) <= LINE_MAX else f"{CUT}\n"
        is_cut = bool(readline) and len(piece) > LINE_MAX and not piece.endswith(("\n", "\r"))

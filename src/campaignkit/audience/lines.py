"""Lines of a contact list: a path, a text file or lines in, lists of lines of text of bounded length out.

Opening the path is the one thing outside that is touched here. Each line is decoded by itself, UTF-8 first, so that a
file pasted together from several sources is read as well. What no encoding explains comes out as lone surrogates.
"""

import codecs
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path

import attrs

from campaignkit.audience.code_pages import guess_code_page
from campaignkit.errors import UnreadableContacts

__all__ = ["CUT", "LINE_MAX", "is_undecodable", "lines_of"]

LINE_MAX = 262_144  # twice what Python's csv takes for one field; longer lines come out as CUT
CUT = "\udfff"  # no decoder makes it: the surrogates of undecodable bytes end at U+DCFF
BLOCK_SIZE = 65_536  # bytes; also how much is looked at to tell the encoding
LIST_MAX = 512  # lines of a text file that are read ahead

_TOO_LONG = b"\xff\n"  # compared by identity; stands for a line that was cut
_KINDS = {
    b"PK\x03\x04": "an Excel workbook or another archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a compressed file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_UTF16_SAMPLE = 400  # bytes; a header and a row


def lines_of(source: str | Path | Iterable[str], *, region: str | None = None) -> Generator[list[str], None, None]:
    """Return the lines of *source*, some at a time; closing the generator closes a file that it opened.

    Lines that are neither a file's nor a path's are taken one by one, as they are asked for.

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
    if text.isascii():
        return False
    try:
        text.encode()  # refuses lone surrogates, many times faster than looking at each character
    except UnicodeEncodeError:
        return True
    return False


def _lines_of_path(path: object, region: str | None) -> Generator[list[str], None, None]:
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


def _decode(blocks: Iterator[bytes], region: str | None) -> Iterator[list[str]]:
    """Return the lines of *blocks*, each in UTF-8, or else in the code page that the first bytes suggest."""
    sample = next(blocks, b"")
    for mark, kind in _KINDS.items():
        if sample.startswith(mark):
            raise UnreadableContacts(f"it is {kind}; save the list as CSV")
    whole = chain([sample.removeprefix(codecs.BOM_UTF8)], blocks)
    utf16 = _utf16_of(sample)
    if utf16:
        yield from (_read_all(lines, None) for lines in _split(_to_utf8(whole, utf16)))
        return
    known = sample.splitlines()
    page = _page_of(known[:-1] if len(sample) == BLOCK_SIZE else known, region)  # the last is most likely incomplete
    for lines in _split(whole):
        page = page or _page_of(lines, region)
        yield _read_all(lines, page)


@attrs.frozen
class _Page:
    """The code page of lines that are not UTF-8."""

    name: str
    is_usual: bool  # more lines are in it than in UTF-8


def _utf16_of(sample: bytes) -> str | None:
    """Return which UTF-16 *sample* is in, by its mark, or by every other byte being zero, as in western letters."""
    if sample[:2] in _UTF16:
        return _UTF16[sample[:2]]
    even, odd = sample[:_UTF16_SAMPLE:2], sample[1:_UTF16_SAMPLE:2]
    if odd.count(0) * 2 > len(odd) and 0 not in even:
        return "utf-16-le"
    if even.count(0) * 2 > len(even) and 0 not in odd:
        return "utf-16-be"
    return None


def _page_of(lines: list[bytes], region: str | None) -> _Page | None:
    """Return the code page of those *lines* that are not UTF-8, None if all are."""
    if _is_utf8(b"".join(lines)):
        return None
    telling = [line for line in lines if not line.isascii() and line is not _TOO_LONG]
    foreign = [line for line in telling if not _is_utf8(line)]
    if not foreign:
        return None
    return _Page(guess_code_page(b"\n".join(foreign), region=region), 2 * len(foreign) > len(telling))


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_all(lines: list[bytes], page: _Page | None) -> list[str]:
    if page is None or not page.is_usual:
        try:
            return [line.decode() for line in lines]
        except UnicodeDecodeError:
            pass
    return [_read(line, page) for line in lines]


def _read(line: bytes, page: _Page | None) -> str:
    """Return *line* in UTF-8 or in *page*; a line of UTF-8 with damaged bytes is not read as something else."""
    if line.isascii():
        return line.decode()
    if line is _TOO_LONG:
        return f"{CUT}\n"
    if page is None:
        return line.decode("utf-8", "surrogatepass")
    as_utf8 = line.decode("utf-8", "surrogateescape")
    foreign = [character for character in as_utf8 if character > "\x7f"]
    letters = [character for character in foreign if not "\ud800" <= character <= "\udfff"]
    if page.is_usual:
        # Two letters of a page may look like one of UTF-8: "ÓŁ" in cp1250 is Cyrillic then, which the page has not.
        letters = [character for character in letters if _is_in(page.name, character)]
    return as_utf8 if 2 * len(letters) >= len(foreign) else line.decode(page.name, "surrogateescape")


def _is_in(page: str, character: str) -> bool:
    try:
        character.encode(page)
    except UnicodeEncodeError:
        return False
    return True


def _to_utf8(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Return *blocks* in UTF-8. Halves of surrogate pairs stay what they are, so that their line is refused."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    first = True
    for block in blocks:
        text = decoder.decode(block)
        yield (text.removeprefix("\ufeff") if first else text).encode("utf-8", "surrogatepass")
        first = False
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:  # half a character is left
        yield CUT.encode("utf-8", "surrogatepass")


def _split(blocks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Return the lines of each block with their ends (LF, CRLF, CR), _TOO_LONG for one that is, as soon as it is."""
    tail, is_cut = b"", False
    for block in blocks:
        *lines, tail = (tail + block).splitlines(keepends=True) or [b""]
        if lines and len(lines[0]) > LINE_MAX:  # no other can be so long
            lines[0] = _TOO_LONG
        if lines and is_cut:
            del lines[0]
            is_cut = False
        if len(tail) > LINE_MAX:
            if not is_cut:
                lines.append(_TOO_LONG)
            tail, is_cut = tail[-1:], True  # the last byte may be half of a CRLF
        if lines:
            yield lines
    if tail and not is_cut:
        yield [tail]


def _lines_of_text(source: Iterable[str]) -> Generator[list[str], None, None]:
    readline = getattr(source, "readline", None)
    cut_end, first = "", True
    try:
        for pieces in _pieces(readline) if readline else ([line] for line in source):
            if not all(isinstance(piece, str) for piece in pieces):
                raise TypeError("contacts are read from text; open the file in text mode, or give its path")
            if first:
                pieces[0], first = pieces[0].removeprefix("\ufeff"), False
            if not cut_end and len(max(pieces, key=len)) <= LINE_MAX:
                yield pieces
                continue
            lines, cut_end = _cut(pieces, cut_end, is_pieced=bool(readline))
            if lines:
                yield lines
    except UnicodeDecodeError as error:
        raise UnreadableContacts("it is in another encoding than it was opened with; give its path instead") from error


def _pieces(readline: Callable[[int], str]) -> Iterator[list[str]]:
    """Return the lines of a file, in pieces where they are long: the first by itself, then more and more at once."""
    pieces = iter(partial(readline, LINE_MAX + 1), "")
    count = 1
    while lines := list(islice(pieces, count)):
        yield lines
        count = min(2 * count, LIST_MAX)


def _cut(pieces: list[str], cut_end: str, *, is_pieced: bool) -> tuple[list[str], str]:
    """Return *pieces* with CUT in place of a line that is too long, and how that line's last piece ends if it goes on.

    A piece may end between the CR and the LF of one line end.
    """
    lines = []
    for piece in pieces:
        goes_on = bool(cut_end) and (cut_end != "\r" or piece == "\n")
        if not goes_on:
            lines.append(piece if len(piece) <= LINE_MAX else f"{CUT}\n")
        is_piece = is_pieced and len(piece) > LINE_MAX and not piece.endswith("\n")
        cut_end = piece[-1] if is_piece else ""
    return lines, cut_end

"""Bodies of mail: a template in, compiled once; a recipient's values in, one MIME part out. Pure.

Lines that are the same for everybody are encoded once. That is exact: neither what decides upon the transfer encoding
nor quoted-printable looks past the end of a line. Base64 does; where a mail needs it, it is encoded as a whole.
Sources: RFC 5322, 2.1.1 (lines of 78); RFC 2045, 6.7 and 6.8 (quoted-printable, base64).
"""

import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Sequence
from functools import cached_property
from itertools import chain

import attrs

from campaignkit.message.content import whole_characters
from campaignkit.message.templates import Placeholder, Template, Values

__all__ = ["CompiledBody", "compile_body"]

BASE64_LINE_CHARACTERS = 76  # RFC 2045, 6.8

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
# One that nothing can be added to: a value that follows a CR may begin with LF.
_SURE_LINE_END = re.compile(r"\r\n|\n|\r(?=[^\n])")
_SEVEN_BIT = re.compile(r"(?:[\t\x20-\x7e]{0,78}+\r\n)*+")  # RFC 5322 wants lines up to 78 characters
_FOREIGN = bytes(range(128, 256))


@attrs.frozen(kw_only=True)
class _Gap:
    """A line that holds placeholders. A value may add lines to it."""

    form: str  # for the operator %, with one %s for each slot
    slots: tuple[Placeholder, ...]
    line_end: str  # as it was written; empty: the template ends here
    can_vanish: bool  # where it is empty, it adds no line to those before it

    def fill(self, filled: Sequence[str]) -> str:
        """Return the lines for one recipient, each with its CRLF."""
        text = self.form % tuple(filled)
        return _lines(text + self.line_end) if text or not self.can_vanish else ""


@attrs.frozen(kw_only=True)
class CompiledBody:
    """One body: runs of lines that are the same for everybody, and a gap between each two of them."""

    subtype: str  # "plain", "html"
    runs: tuple[bytes, ...]  # UTF-8, with the CRLF of each line; may be empty
    gaps: tuple[_Gap, ...]

    def build(self, values: Values) -> tuple[bytes, bool]:
        """Return the part for one recipient, with its two headers, and whether ``=_`` occurs in its text.

        It travels in the lightest transfer encoding that carries it over seven bits. In HTML, values are escaped.
        """
        if not self.gaps:
            return self._constant, self._has_mark
        escape = self.subtype == "html"
        filled = [slot.fill(values, escape) for slot in self._slots]
        gaps = self._fill(filled)
        lines = "".join(gaps)
        return self._encoded(gaps, lines), self._has_mark or "=_" in lines

    def _fill(self, filled: list[str]) -> list[str]:
        """Return the lines of each gap, each with its CRLF."""
        if self._form and "".join(filled).isprintable():  # one line each, and nothing in them to replace
            return (self._form % tuple(filled)).splitlines(keepends=True)
        begin, gaps = 0, []
        for gap in self.gaps:
            end = begin + len(gap.slots)
            gaps.append(gap.fill(filled[begin:end]))
            begin = end
        return gaps

    def _encoded(self, gaps: Sequence[str], lines: str) -> bytes:
        """Return the part with *gaps*, which joined are *lines*."""
        if lines.isascii():
            if self._is_seven_bit and _SEVEN_BIT.fullmatch(lines):
                return _interleaved(self._seven_bit_runs, [gap.encode() for gap in gaps])
            size, foreign_count = len(lines), 0
        else:
            encoded = lines.encode()
            size, foreign_count = len(encoded), _count_foreign(encoded)
        octets = [gap.encode() for gap in gaps]
        if 6 * (self._foreign_count + foreign_count) <= self._size + size:
            # A foreign octet takes three; base64 takes four for any three.
            return _interleaved(self._quoted_runs, [b2a_qp(gap) for gap in octets])
        return self._head("base64") + _base64_lines(_interleaved(self.runs, octets))

    def _head(self, transfer_encoding: str) -> bytes:
        content_type = f"Content-Type: text/{self.subtype}; charset=utf-8"
        return f"{content_type}\r\nContent-Transfer-Encoding: {transfer_encoding}\r\n\r\n".encode()

    # What follows is worked out for the first mail that needs it, and kept.

    @cached_property
    def _constant(self) -> bytes:
        return self._encoded((), "")

    @cached_property
    def _slots(self) -> tuple[Placeholder, ...]:
        return tuple(chain.from_iterable(gap.slots for gap in self.gaps))

    @cached_property
    def _form(self) -> str:
        """All gaps in one form, a line each, for values of one line; empty where the literals are no such lines."""
        is_plain = all(gap.form.isprintable() and not gap.can_vanish for gap in self.gaps)
        return "".join(f"{gap.form}\r\n" for gap in self.gaps) if is_plain else ""

    @cached_property
    def _has_mark(self) -> bool:
        return any(b"=_" in run for run in self.runs)

    @cached_property
    def _is_seven_bit(self) -> bool:
        return all(run.isascii() and _SEVEN_BIT.fullmatch(run.decode()) for run in self.runs)

    @cached_property
    def _size(self) -> int:
        return sum(map(len, self.runs))

    @cached_property
    def _foreign_count(self) -> int:
        return sum(map(_count_foreign, self.runs))

    @cached_property
    def _seven_bit_runs(self) -> tuple[bytes, ...]:
        return (self._head("7bit") + self.runs[0], *self.runs[1:])

    @cached_property
    def _quoted_runs(self) -> tuple[bytes, ...]:
        quoted = [b2a_qp(run) for run in self.runs]  # the C encoder breaks lines as it finds them broken: with CRLF
        return (self._head("quoted-printable") + quoted[0], *quoted[1:])


def compile_body(template: Template, *, subtype: str) -> CompiledBody:
    """Return *template* ready to become one body after the other.

    Args:
        subtype: Of ``text/…``: ``"plain"``, or ``"html"``, where values are escaped.
    """
    literals, slots = _alternating(template)
    first_run, before = _whole_lines(literals[0])
    runs, gaps, around, within = [first_run], list[_Gap](), [before], list[Placeholder]()
    for slot, literal in zip(slots, literals[1:], strict=True):
        within.append(slot)
        line_end = _SURE_LINE_END.search(literal)
        if line_end is None:
            around.append(literal)
            continue
        gaps.append(_gap((*around, literal[: line_end.start()]), within, line_end=line_end.group()))
        run, before = _whole_lines(literal[line_end.end() :])
        runs.append(run)
        around, within = [before], []
    if within:
        gaps.append(_gap(around, within, can_vanish=runs != [""] and not any(around)))
        runs.append("")
    elif before or runs == [""]:
        runs[-1] += _lines(before)
    return CompiledBody(subtype=subtype, runs=tuple(run.encode() for run in runs), gaps=tuple(gaps))


def _gap(
    literals: Sequence[str], slots: Sequence[Placeholder], *, line_end: str = "", can_vanish: bool = False
) -> _Gap:
    form = "%s".join(literal.replace("%", "%%") for literal in literals)
    return _Gap(form=form, slots=tuple(slots), line_end=line_end, can_vanish=can_vanish)


def _alternating(template: Template) -> tuple[list[str], list[Placeholder]]:
    """Return literals, of which some may be empty, and the slots between each two of them."""
    literals, slots = [""], list[Placeholder]()
    for piece in template.pieces:
        if isinstance(piece, str):
            literals[-1] += piece
        else:
            slots.append(piece)
            literals.append("")
    return literals, slots


def _whole_lines(text: str) -> tuple[str, str]:
    """Return the lines of *text* that nothing can be added to, as lines of mail, and the unfinished one after them."""
    end = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
    return _lines(text[:end]) if end else "", text[end:]


def _lines(text: str) -> str:
    """Return *text* as lines of mail: whole characters, CRLF after each line and after the last."""
    return _LINE_ENDS.sub("\r\n", whole_characters(text)).removesuffix("\r\n") + "\r\n"


def _interleaved(runs: Sequence[bytes], gaps: Sequence[bytes]) -> bytes:
    woven = [b""] * (len(runs) + len(gaps))
    woven[::2], woven[1::2] = runs, gaps
    return b"".join(woven)


def _base64_lines(octets: bytes) -> bytes:
    encoded, width = b2a_base64(octets, newline=False), BASE64_LINE_CHARACTERS
    return b"".join([encoded[start : start + width] + b"\r\n" for start in range(0, len(encoded), width)])


def _count_foreign(octets: bytes) -> int:
    return 0 if octets.isascii() else len(octets) - len(octets.translate(None, _FOREIGN))

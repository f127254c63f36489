"""Parts of a template for one recipient after the other: what all of them share is counted once. Pure.

Nothing of a recipient is kept. What it answers is what ``count_parts`` says of the rendered text; tests hold one
against the other.
"""

import re

import attrs

from campaignkit.message.sms.alphabet import SmsEncoding, capacities, is_gsm7
from campaignkit.message.sms.counting import not_plain, part_count
from campaignkit.message.templates import Placeholder, Template, Values

__all__ = ["PartCounter", "compile_part_counter"]

_GSM7 = capacities(SmsEncoding.GSM7, 8)
_UCS2 = capacities(SmsEncoding.UCS2, 8)
_PAIRS = re.compile("[\ud800-\udfff\U00010000-\U0010ffff]")  # what takes two 16-bit units, or may be half of two


@attrs.frozen(kw_only=True)
class PartCounter:
    """The parts of one template, ready to be asked for each recipient."""

    template: Template
    length: int  # of all that stands between the placeholders, in characters
    costly_count: int  # of those, how many take two septets
    is_gsm7: bool
    is_simple: bool  # no emoji in it: a character is a 16-bit unit
    placeholders: tuple[Placeholder, ...]

    def count(self, values: Values) -> int:
        """Return ``count_parts(template.render(values)).parts``, mostly without rendering.

        >>> from campaignkit.message.templates import compile_template
        >>> counter = compile_part_counter(compile_template("Dear {{ customer.name }}" + "!" * 150, field="text"))
        >>> [counter.count({"customer": {"name": name}}) for name in ("Ann", "Annabella", "Zoë")]
        [1, 2, 3]
        """
        filled = "".join([placeholder.fill(values) for placeholder in self.placeholders])
        costly = not_plain(filled)
        length = self.length + len(filled)
        if not self.is_gsm7 or (costly and not is_gsm7(costly)):
            (single, several), units = _UCS2, length
            is_simple = self.is_simple and not _PAIRS.search(filled)
        else:
            (single, several), units = _GSM7, length + self.costly_count + len(costly)
            is_simple = units == length or units <= single
        if not is_simple:
            return part_count(self.template.render(values))
        return 1 if units <= single else -(-units // several)


def compile_part_counter(template: Template) -> PartCounter:
    """Return what counts the parts of *template* for each recipient; it pays where the text itself is not needed."""
    constant = "".join(piece for piece in template.pieces if isinstance(piece, str))
    return PartCounter(
        template=template,
        length=len(constant),
        costly_count=len(not_plain(constant)),
        is_gsm7=is_gsm7(constant),
        is_simple=not _PAIRS.search(constant),
        placeholders=template.placeholders,
    )

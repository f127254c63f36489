"""Parts of a template for one recipient after the other: what all of them share is counted once. Pure.

Nothing of a recipient is kept. What it answers is what ``count_parts`` says of the rendered text; tests hold one
against the other.
"""

import attrs

from campaignkit.message.sms.alphabet import SmsEncoding, capacities, is_gsm7
from campaignkit.message.sms.counting import count_units, full_parts, part_count
from campaignkit.message.templates import Placeholder, Template, Values

__all__ = ["PartCounter", "compile_part_counter"]


@attrs.frozen(kw_only=True)
class PartCounter:
    """The parts of one template, ready to be asked for each recipient."""

    template: Template
    placeholders: tuple[Placeholder, ...]
    is_gsm7: bool  # all that stands between the placeholders
    gsm7_units: tuple[int, int]  # of that, with the pairs among them; nothing if it is not GSM-7
    ucs2_units: tuple[int, int]

    def count(self, values: Values) -> int:
        """Return ``count_parts(template.render(values)).parts``, mostly without rendering.

        >>> from campaignkit.message.templates import compile_template
        >>> counter = compile_part_counter(compile_template("Dear {{ customer.name }}" + "!" * 150, field="text"))
        >>> [counter.count({"customer": {"name": name}}) for name in ("Ann", "Annabella", "Zoë")]
        [1, 2, 3]
        """
        filled = "".join([placeholder.fill(values) for placeholder in self.placeholders])
        if self.is_gsm7 and is_gsm7(filled):
            encoding, (units, pairs) = SmsEncoding.GSM7, self.gsm7_units
        else:
            encoding, (units, pairs) = SmsEncoding.UCS2, self.ucs2_units
        more_units, more_pairs = count_units(filled, encoding)
        units += more_units
        single, several = capacities(encoding, 8)
        if units <= single:
            return 1
        return full_parts(units, pairs + more_pairs, several) or part_count(self.template.render(values))


def compile_part_counter(template: Template) -> PartCounter:
    """Return what counts the parts of *template* for each recipient; it pays where the text itself is not needed."""
    constant = "".join(piece for piece in template.pieces if isinstance(piece, str))
    has_gsm7 = is_gsm7(constant)
    return PartCounter(
        template=template,
        placeholders=template.placeholders,
        is_gsm7=has_gsm7,
        gsm7_units=count_units(constant, SmsEncoding.GSM7) if has_gsm7 else (0, 0),
        ucs2_units=count_units(constant, SmsEncoding.UCS2),
    )

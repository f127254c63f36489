"""How plain digits are read as a number of some country: calling code, trunk prefix, dial-out prefix. Pure.

The steps are those of phonenumbers' ``parse`` for texts without letters, extensions and parameters; a case that these
steps do not decide is left to phonenumbers. The patterns are those of its plans, run by ``re`` as there.
"""

import re

import attrs

from campaignkit.addresses.phone.library import RegionPlan
from campaignkit.addresses.phone.patterns import END, Pattern, UnknownConstruct, compile_pattern

__all__ = ["Dialling"]

_GROUP = re.compile(r"\((?!\?)")
_ANY = frozenset("0123456789")


@attrs.frozen(kw_only=True)
class Dialling:
    """How numbers are dialled in one region."""

    calling_code: int
    code_digits: str
    general: re.Pattern[str] | None
    trunk: re.Pattern[str] | None
    trunk_rule: str | None
    trunk_shape: Pattern | None  # the digits it takes away; None where that is not understood
    dial_out: re.Pattern[str] | None
    trunk_starts: frozenset[str]  # first digits of what the patterns may take away
    dial_out_starts: frozenset[str]
    special_starts: frozenset[str]  # first digits behind which something may have to be taken away
    lengths: frozenset[int]
    length_max: int
    length_min: int
    local_lengths: frozenset[int]

    @classmethod
    def from_plan(cls, plan: RegionPlan) -> "Dialling":
        """Return the dialling of *plan*.

        Raises:
            UnknownConstruct: phonenumbers would do something with its prefixes that is not written here.
        """
        trunk = None if plan.trunk_prefix is None else re.compile(plan.trunk_prefix)
        dial_out = None if plan.dial_out_prefix is None else re.compile(plan.dial_out_prefix)
        if (plan.trunk_rule and (trunk is None or not trunk.groups)) or (dial_out is not None and dial_out.match("")):
            raise UnknownConstruct(plan.region)
        trunk_shape = _shape(trunk)
        trunk_starts, dial_out_starts = _starts(trunk, trunk_shape), _starts(dial_out, _shape(dial_out))
        return cls(
            calling_code=plan.calling_code,
            code_digits=str(plan.calling_code),
            general=None if plan.general is None else re.compile(plan.general.pattern),
            trunk=trunk,
            trunk_rule=plan.trunk_rule,
            trunk_shape=trunk_shape,
            dial_out=dial_out,
            trunk_starts=trunk_starts,
            dial_out_starts=dial_out_starts,
            special_starts=trunk_starts | dial_out_starts | {str(plan.calling_code)[0]},
            lengths=frozenset(plan.lengths),
            length_min=plan.lengths[0],
            length_max=plan.lengths[-1],
            local_lengths=plan.local_lengths,
        )

    def strip_trunk(self, digits: str) -> str:
        """Return *digits* without what is dialled inside the country only, if a number of the country remains."""
        if self.trunk is None or digits[:1] not in self.trunk_starts:
            return digits
        found = self.trunk.match(digits)
        if found is None:
            return digits
        if self.trunk_rule is None or found.groups()[-1] is None:
            stripped = digits[found.end() :]
        else:
            stripped = self.trunk.sub(self.trunk_rule, digits, count=1)
        return digits if self.is_general(digits) and not self.is_general(stripped) else stripped

    def may_strip(self, begun: str) -> bool:
        """Return whether a number that begins with *begun* can lose something to ``strip_trunk``."""
        if self.trunk is None:
            return False
        if self.trunk_shape is None:
            return True
        state = self.trunk_shape.start & ~END  # to match nothing changes nothing
        for digit in begun:
            state = self.trunk_shape.step(state, int(digit))
            if state & END or not state:
                break
        return bool(state)

    def is_general(self, digits: str) -> bool:
        """Return whether *digits* look like a number of the country at all."""
        return self.general is not None and self.general.fullmatch(digits) is not None

    def shorten(self, digits: str) -> str:
        """Return the national number: *digits* without trunk prefix, unless too few would remain."""
        stripped = self.strip_trunk(digits)
        return stripped if self._is_long_enough(len(stripped)) else digits

    def is_too_long(self, digit_count: int) -> bool:
        """Return whether no number of the country has so many digits."""
        return digit_count not in self.local_lengths and digit_count > self.length_max

    def dial_out_end(self, digits: str) -> int:
        """Return how many digits at the beginning lead out of the country; 0 for none."""
        if self.dial_out is None or digits[0] not in self.dial_out_starts:
            return 0
        found = self.dial_out.match(digits)
        if found is None or digits[found.end() : found.end() + 1] == "0":  # no calling code begins with 0
            return 0
        return found.end()

    def strip_own_code(self, digits: str) -> str | None:
        """Return what follows the calling code of the country, if *digits* are more plausible without it."""
        if not digits.startswith(self.code_digits):
            return None
        rest = self.strip_trunk(digits[len(self.code_digits) :])
        is_better = not self.is_general(digits) and self.is_general(rest)
        return rest if is_better or self.is_too_long(len(digits)) else None

    def _is_long_enough(self, digit_count: int) -> bool:
        if digit_count in self.local_lengths or digit_count < self.length_min:
            return False
        return digit_count > self.length_max or digit_count in self.lengths


def _shape(pattern: re.Pattern[str] | None) -> Pattern | None:
    """Return the automaton of what *pattern* takes away, or of more than that; None if it is not understood."""
    if pattern is None or _does_something_to_nothing(pattern):
        return None
    try:
        # Captured or not is the same language, and without its anchors a pattern can only match more.
        return compile_pattern(_GROUP.sub("(?:", pattern.pattern).replace("$", ""))
    except UnknownConstruct:
        return None


def _starts(pattern: re.Pattern[str] | None, shape: Pattern | None) -> frozenset[str]:
    """Return the digits that *pattern* can begin to take away; all where its shape is not understood."""
    if pattern is None:
        return frozenset()
    if shape is None:
        return _ANY
    return frozenset(str(digit) for digit in range(10) if shape.start & shape.accepting_digit[digit])


def _does_something_to_nothing(pattern: re.Pattern[str]) -> bool:
    """Return whether a match of no digits might still change a number, or come only at its end."""
    nothing = pattern.match("")
    return nothing is not None and (any(one is not None for one in nothing.groups()) or "$" in pattern.pattern)

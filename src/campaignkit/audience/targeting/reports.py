"""What a filter did to a whole list: how many each part of it let in, and whom another choice would reach. Pure."""

from collections import Counter
from collections.abc import Iterator

import attrs

from campaignkit.audience.contacts import Contact
from campaignkit.audience.targeting.answers import Answer, inverse
from campaignkit.audience.targeting.facts import STANDARD, reader_of
from campaignkit.audience.targeting.filters import Equals, Leaf, OneOf, describe
from campaignkit.audience.targeting.matching import Targeting

__all__ = ["Alternative", "FilterCount", "TargetingReport", "TargetingTally"]

VALUES_MAX = 100  # different values of a column that are counted; what has more is no choice
VALUE_MAX = 60  # characters
ALTERNATIVES_MAX = 5
PATTERNS_MAX = 1024  # sets of answers kept ready; five filters can give no more


@attrs.frozen(kw_only=True)
class FilterCount:
    """What one single filter said of all contacts; the four add up to those who were seen."""

    path: str  # where it stands: ``where.all[0]``
    label: str  # what it asks for, in a few words
    matched_count: int
    unmatched_count: int
    absent_count: int  # contacts without such a fact
    unclear_count: int  # contacts whose fact cannot be compared so: a date in another form than ISO, say
    excluded_alone_count: int  # contacts who would be in, had this filter said otherwise of them


@attrs.frozen(kw_only=True)
class Alternative:
    """Another choice, and how many contacts it would reach, before duplicates and opt-outs are taken out."""

    path: str  # of the filter that would be another
    label: str
    reach_count: int


@attrs.frozen(kw_only=True)
class TargetingReport:
    """What a filter did to the contacts that it saw."""

    label: str
    seen_count: int
    passed_count: int
    filters: tuple[FilterCount, ...]
    alternatives: tuple[Alternative, ...] = ()  # most reached first; only where the filter let nobody in

    @property
    def excludes_everybody(self) -> bool:
        """Whether there were contacts, and none of them was let in."""
        return self.seen_count > 0 and self.passed_count == 0

    @property
    def matching_nobody(self) -> tuple[FilterCount, ...]:
        """The single filters that are true of no contact at all."""
        return tuple(one for one in self.filters if self.seen_count and one.matched_count == 0)


@attrs.define
class _Pattern:
    """A set of answers that some contacts share: what comes of it, and how many they are."""

    passes: bool
    decisive: tuple[int, ...]  # the filters any of which could have let them in alone
    turned: tuple[int, ...]  # the filters whose opposite would let them in
    sentence: str  # why they are left out
    seen_count: int = 0
    reachable_count: int = 0


class TargetingTally:
    """Counts what a ``Targeting`` says, one contact after another. Bounded, however many they are.

    Contacts of whom all single filters say the same share a pattern, so that most are a look-up and two additions.
    """

    def __init__(self, targeting: Targeting) -> None:
        self._targeting = targeting
        self._wanted = [Answer.YES if is_wanted else Answer.NO for _, _, is_wanted in targeting.leaves]
        self._patterns: dict[tuple[Answer, ...], _Pattern] = {}
        self._sums = _Sums(len(targeting.leaves))
        self._values: dict[int, _Values] = {
            number: _Values(leaf) for number, (leaf, _, _) in enumerate(targeting.leaves) if _has_choices(leaf)
        }
        self._has_passed = False

    def judge(self, contact: Contact, *, is_reachable: bool) -> str:
        """Return why the filter leaves *contact* out, as a sentence; "" if it does not.

        Args:
            is_reachable: Whether address and consent would let it in; other choices are counted by those only.
        """
        answers = self._targeting.answers(contact)
        pattern = self._patterns.get(answers) or self._new_pattern(answers)
        pattern.seen_count += 1
        pattern.reachable_count += is_reachable
        if pattern.passes:
            self._has_passed = True
            return ""
        if is_reachable and not self._has_passed:
            for number in pattern.decisive:
                if number in self._values:
                    self._values[number].count(contact)
        return pattern.sentence

    def report(self) -> TargetingReport:
        """Return the counts so far."""
        self._fold()
        return TargetingReport(
            label=describe(self._targeting.where),
            seen_count=self._sums.seen_count,
            passed_count=self._sums.passed_count,
            filters=tuple(self._filter_counts()),
            alternatives=() if self._has_passed else self._alternatives(),
        )

    def _new_pattern(self, answers: tuple[Answer, ...]) -> _Pattern:
        if len(self._patterns) >= PATTERNS_MAX:
            self._fold()
        against = [number for number, answer in enumerate(answers) if answer is not self._wanted[number]]
        decisive = tuple(number for number in against if self._passes_with(answers, number, self._wanted[number]))
        asked = "; ".join(_asked(*self._targeting.leaves[number]) for number in (decisive or against)[:3])
        pattern = _Pattern(
            passes=self._targeting.combined(answers),
            decisive=decisive,
            turned=tuple(n for n, answer in enumerate(answers) if self._passes_with(answers, n, inverse(answer))),
            sentence=f"The chosen filter leaves this contact out: {asked}.",
        )
        self._patterns[answers] = pattern
        return pattern

    def _passes_with(self, answers: tuple[Answer, ...], number: int, answer: Answer) -> bool:
        return self._targeting.combined([*answers[:number], answer, *answers[number + 1 :]])

    def _fold(self) -> None:
        """Add up what the patterns counted, and forget them."""
        for answers, pattern in self._patterns.items():
            self._sums.add(answers, pattern)
        self._patterns.clear()

    def _filter_counts(self) -> Iterator[FilterCount]:
        for number, (leaf, path, _) in enumerate(self._targeting.leaves):
            answered = self._sums.answered[number]
            yield FilterCount(
                path=path,
                label=describe(leaf),
                matched_count=answered[Answer.YES],
                unmatched_count=answered[Answer.NO],
                absent_count=answered[Answer.ABSENT],
                unclear_count=answered[Answer.UNCLEAR],
                excluded_alone_count=self._sums.alone[number],
            )

    def _alternatives(self) -> tuple[Alternative, ...]:
        """Return the choices that reach most."""
        found = sorted(self._choices(), key=lambda choice: -choice.reach_count)
        return tuple(choice for choice in found if choice.reach_count)[:ALTERNATIVES_MAX]

    def _choices(self) -> Iterator[Alternative]:
        """Yield what each single filter would reach if asked for another value, turned round, or left out."""
        for number, (leaf, path, is_wanted) in enumerate(self._targeting.leaves):
            if number in self._values:
                yield from self._values[number].choices(path)
            turned, without = self._sums.turned[number], self._sums.without[number]
            yield Alternative(path=path, label=_asked(leaf, path, not is_wanted), reach_count=turned)
            yield Alternative(path=path, label=f"without {_asked(leaf, path, is_wanted)}", reach_count=without)


class _Sums:
    """The counts of all patterns together, by the numbers of the single filters."""

    def __init__(self, filter_count: int) -> None:
        self.seen_count = self.passed_count = 0
        self.answered: list[Counter[Answer]] = [Counter() for _ in range(filter_count)]
        self.alone: Counter[int] = Counter()
        self.without: Counter[int] = Counter()
        self.turned: Counter[int] = Counter()

    def add(self, answers: tuple[Answer, ...], pattern: _Pattern) -> None:
        self.seen_count += pattern.seen_count
        for answered, answer in zip(self.answered, answers, strict=True):
            answered[answer] += pattern.seen_count
        if pattern.passes:
            self.passed_count += pattern.seen_count
            return
        for number in pattern.decisive:
            self.alone[number] += pattern.seen_count
            self.without[number] += pattern.reachable_count
        for number in pattern.turned:
            self.turned[number] += pattern.reachable_count


class _Values:
    """How many contacts have which other value of a field that a filter wants one value of."""

    def __init__(self, leaf: Leaf) -> None:
        assert isinstance(leaf, Equals | OneOf)
        self._field = leaf.field
        self._read = reader_of(leaf.field)
        self._counts: Counter[str] = Counter()

    def count(self, contact: Contact) -> None:
        value = self._read(contact)
        if value and len(value) <= VALUE_MAX and (value in self._counts or len(self._counts) < VALUES_MAX):
            self._counts[value] += 1

    def choices(self, path: str) -> Iterator[Alternative]:
        for value, count in self._counts.most_common(3):
            yield Alternative(path=path, label=f"{self._field} is {value}", reach_count=count)


def _has_choices(leaf: Leaf) -> bool:
    """Tell a choice among few values from a search for one person."""
    return isinstance(leaf, Equals | OneOf) and leaf.field not in STANDARD.keys() - {"zone", "phone_country"}


def _asked(leaf: Leaf, _path: str, is_wanted: bool) -> str:
    return describe(leaf) if is_wanted else f"not ({describe(leaf)})"

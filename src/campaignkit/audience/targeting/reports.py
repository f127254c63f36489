"""What a filter did to a whole list: how many each part of it let in, and whom another choice would reach. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import attrs

from campaignkit.audience.contacts import Contact
from campaignkit.audience.targeting.answers import Answer, inverse
from campaignkit.audience.targeting.facts import STANDARD, fact_of
from campaignkit.audience.targeting.filters import Equals, Leaf, OneOf, describe
from campaignkit.audience.targeting.matching import Targeting

__all__ = ["Alternative", "FilterCount", "TargetingReport", "TargetingTally"]

VALUES_MAX = 100  # different values of a column that are counted; what has more is no choice
VALUE_MAX = 60  # characters
ALTERNATIVES_MAX = 5
SENTENCES_MAX = 256  # different sentences kept ready, one for each set of filters that leaves somebody out


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


class TargetingTally:
    """Counts what a ``Targeting`` says, one contact after another. Bounded, however many they are."""

    def __init__(self, targeting: Targeting) -> None:
        self._targeting = targeting
        self._wanted = [Answer.YES if is_wanted else Answer.NO for _, _, is_wanted in targeting.leaves]
        self._answered: list[Counter[Answer]] = [Counter() for _ in targeting.leaves]
        self._alone = [0] * len(targeting.leaves)
        self._choices = _Choices(targeting)
        self._sentences: dict[tuple[int, ...], str] = {}
        self._seen = self._passed = 0

    def judge(self, contact: Contact, *, is_reachable: bool) -> str:
        """Return why the filter leaves *contact* out, as a sentence; "" if it does not.

        Args:
            is_reachable: Whether address and consent would let it in; other choices are counted by those only.
        """
        answers = self._targeting.answers(contact)
        self._seen += 1
        for counter, answer in zip(self._answered, answers, strict=True):
            counter[answer] += 1
        if self._targeting.combined(answers):
            self._passed += 1
            return ""
        decisive = tuple(self._decisive(answers))
        for number in decisive:
            self._alone[number] += 1
        if is_reachable and not self._passed:
            self._choices.count(contact, answers, decisive)
        return self._sentence(decisive or tuple(self._against(answers)))

    def report(self) -> TargetingReport:
        """Return the counts so far."""
        return TargetingReport(
            label=describe(self._targeting.where),
            seen_count=self._seen,
            passed_count=self._passed,
            filters=tuple(self._filter_counts()),
            alternatives=() if self._passed else self._choices.best(),
        )

    def _decisive(self, answers: Sequence[Answer]) -> Iterator[int]:
        """Yield the numbers of those filters any of which could have let the contact in alone."""
        for number in self._against(answers):
            if self._targeting.combined(_changed(answers, number, self._wanted[number])):
                yield number

    def _against(self, answers: Sequence[Answer]) -> Iterator[int]:
        pairs = zip(answers, self._wanted, strict=True)
        return (number for number, (answer, wanted) in enumerate(pairs) if answer is not wanted)

    def _sentence(self, numbers: tuple[int, ...]) -> str:
        sentence = self._sentences.get(numbers)
        if sentence is None:
            asked = "; ".join(_asked(*self._targeting.leaves[number]) for number in numbers[:3])
            sentence = f"The chosen filter leaves this contact out: {asked}."
            if len(self._sentences) < SENTENCES_MAX:
                self._sentences[numbers] = sentence
        return sentence

    def _filter_counts(self) -> Iterator[FilterCount]:
        for (leaf, path, _), answered, alone in zip(self._targeting.leaves, self._answered, self._alone, strict=True):
            yield FilterCount(
                path=path,
                label=describe(leaf),
                matched_count=answered[Answer.YES],
                unmatched_count=answered[Answer.NO],
                absent_count=answered[Answer.ABSENT],
                unclear_count=answered[Answer.UNCLEAR],
                excluded_alone_count=alone,
            )


class _Choices:
    """Whom each single filter would reach if it were left out, turned round, or asked for another value."""

    def __init__(self, targeting: Targeting) -> None:
        self._targeting = targeting
        self._without: Counter[int] = Counter()
        self._inverse: Counter[int] = Counter()
        self._values: dict[int, Counter[str]] = {
            number: Counter() for number, (leaf, _, _) in enumerate(targeting.leaves) if _has_choices(leaf)
        }

    def count(self, contact: Contact, answers: Sequence[Answer], decisive: Sequence[int]) -> None:
        """Count a contact who was left out."""
        for number in decisive:
            self._without[number] += 1
            if number in self._values:
                self._note_value(number, contact)
        for number, answer in enumerate(answers):
            turned = _changed(answers, number, inverse(answer))
            self._inverse[number] += self._targeting.combined(turned)

    def best(self) -> tuple[Alternative, ...]:
        """Return the choices that reach most."""
        found = sorted(self._all(), key=lambda one: -one.reach_count)
        return tuple(one for one in found if one.reach_count)[:ALTERNATIVES_MAX]

    def _all(self) -> Iterable[Alternative]:
        for number, (leaf, path, is_wanted) in enumerate(self._targeting.leaves):
            label = _asked(leaf, path, is_wanted)
            for value, count in self._values.get(number, Counter()).most_common(3):
                choice = f"{leaf.field} is {value}" if isinstance(leaf, Equals | OneOf) else value
                yield Alternative(path=path, label=choice, reach_count=count)
            turned = _asked(leaf, path, not is_wanted)
            yield Alternative(path=path, label=turned, reach_count=self._inverse[number])
            yield Alternative(path=path, label=f"without {label}", reach_count=self._without[number])

    def _note_value(self, number: int, contact: Contact) -> None:
        leaf, values = self._targeting.leaves[number][0], self._values[number]
        value = fact_of(contact, leaf.field) if isinstance(leaf, Equals | OneOf) else ""
        if value and len(value) <= VALUE_MAX and (value in values or len(values) < VALUES_MAX):
            values[value] += 1


def _has_choices(leaf: Leaf) -> bool:
    """Tell a choice among few values from a search for one person."""
    return isinstance(leaf, Equals | OneOf) and leaf.field not in STANDARD.keys() - {"zone", "phone_country"}


def _asked(leaf: Leaf, _path: str, is_wanted: bool) -> str:
    return describe(leaf) if is_wanted else f"not ({describe(leaf)})"


def _changed(answers: Sequence[Answer], number: int, answer: Answer) -> list[Answer]:
    return [*answers[:number], answer, *answers[number + 1 :]]

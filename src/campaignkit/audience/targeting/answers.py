"""What a filter says of a contact, and how answers combine. Pure.

The logic of three values that databases use (Kleene's): who is unknown is let in neither by a filter nor by its Not.
"""

from collections.abc import Iterable
from enum import IntEnum

__all__ = ["Answer", "all_of", "any_of", "inverse", "of_bool"]


class Answer(IntEnum):
    """Whether a filter is true of a contact. Only YES lets it in. Numbers, because millions of them are looked up."""

    YES = 1
    NO = 2
    ABSENT = 3  # the contact has no such fact, or a blank one
    UNCLEAR = 4  # it has one that cannot be compared so, or nobody can say


def of_bool(is_true: bool) -> Answer:
    """Return the answer of a question that has only two."""
    return Answer.YES if is_true else Answer.NO


def inverse(answer: Answer) -> Answer:
    """Return what Not makes of an answer."""
    match answer:
        case Answer.YES:
            return Answer.NO
        case Answer.NO:
            return Answer.YES
        case Answer.ABSENT | Answer.UNCLEAR:
            return answer


def all_of(answers: Iterable[Answer]) -> Answer:
    """Return NO if one is, YES if all are, else what is unknown."""
    return _combine(answers, decisive=Answer.NO, otherwise=Answer.YES)


def any_of(answers: Iterable[Answer]) -> Answer:
    """Return YES if one is, NO if all are, else what is unknown."""
    return _combine(answers, decisive=Answer.YES, otherwise=Answer.NO)


def _combine(answers: Iterable[Answer], *, decisive: Answer, otherwise: Answer) -> Answer:
    result = otherwise
    for answer in answers:
        if answer is decisive:
            return decisive
        if answer is not otherwise:
            result = answer
    return result

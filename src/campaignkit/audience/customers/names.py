"""People's names: two spellings in, how alike they are, out; any order of words, any case, any accents. Pure."""

import re
import unicodedata
from enum import IntEnum

import attrs

from campaignkit.audience.customers.nicknames import formal_names, is_given_name
from campaignkit.audience.customers.spelling import is_within_edits

__all__ = [
    "Likeness",
    "NameLikeness",
    "NameParts",
    "compare_names",
    "compare_words",
    "fold_letters",
    "is_plain_word",
    "name_words",
    "split_name",
]

NAME_MAX = 200  # characters looked at

_UNDECOMPOSED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "æ": "ae", "œ": "oe"})
_INSIDE_A_WORD = re.compile(r"['’‘`´]")  # O'Brien is one word
_BETWEEN_WORDS = re.compile(r"[\W\d_]+")
_TITLES = """
mr mrs ms miss mx dr prof sir madam pan pani panstwo herr frau mme mlle monsieur madame sr sra srta don dona jr
junior senior ii iii iv phd md esq mgr inz and und et oraz
"""
_NO_NAMES = frozenset(_TITLES.split())


class Likeness(IntEnum):
    """How alike two words of a name are, least first."""

    DIFFERENT = 0
    UNKNOWN = 1  # one of them is not there
    INITIAL = 2
    SIMILAR = 3  # a slip of the finger, or a part of it
    NICKNAME = 4
    SAME = 5


@attrs.frozen
class NameParts:
    """A name cut into what it is made of, folded."""

    given: tuple[str, ...]
    family: tuple[str, ...]


@attrs.frozen
class NameLikeness:
    """How two names agree, in the order of words that suits them best."""

    given: Likeness
    family: Likeness

    @property
    def is_same(self) -> bool:
        return self.given is Likeness.SAME and self.family is Likeness.SAME


def name_words(name: str) -> list[str]:
    """Return the words of *name* in small plain letters, given names first, without titles.

    >>> name_words("Dr. Łucja O'Brien-Müller"), name_words("KOWALSKA, Anna")
    (['lucja', 'obrien', 'muller'], ['anna', 'kowalska'])
    """
    text = name if len(name) <= NAME_MAX else name[:NAME_MAX]
    plain = text.lower() if text.isascii() else fold_letters(text)
    words = plain.split() if plain.replace(" ", "").isalpha() else _straighten(plain).split()
    if _NO_NAMES.isdisjoint(words):
        return words
    return [word for word in words if word not in _NO_NAMES] or words


def is_plain_word(word: str) -> bool:
    """Return whether ``name_words`` leaves a small word in a name of two as it is: plain letters, no title."""
    return word.isascii() and word.isalpha() and 2 * len(word) < NAME_MAX and word not in _NO_NAMES


def split_name(words: list[str] | tuple[str, ...], first_name: str = "") -> NameParts:
    """Return which of *words* are given names: those of *first_name* where it is known, else all but the last.

    A single word may be either and counts as both. Columns that were swapped show where only the last word is a name
    that people are given.

    >>> split_name(["kowalska", "anna"]), split_name(["anna"])
    (NameParts(given=('anna',), family=('kowalska',)), NameParts(given=('anna',), family=()))
    """
    if len(words) < 2:
        return NameParts(tuple(words), ())
    known = frozenset(name_words(first_name)) if first_name else frozenset()
    if known and known < frozenset(words):
        return NameParts(tuple(one for one in words if one in known), tuple(one for one in words if one not in known))
    if is_given_name(words[-1]) and not is_given_name(words[0]) and len(words[0]) > 1:
        return NameParts(tuple(words[1:][::-1]), (words[0],))
    return NameParts(tuple(words[:-1]), (words[-1],))


def compare_words(one: str, other: str) -> Likeness:
    """Return how alike two folded words are.

    >>> compare_words("bill", "william"), compare_words("kowalski", "kowlaski"), compare_words("eric", "erica")
    (<Likeness.NICKNAME: 4>, <Likeness.SIMILAR: 3>, <Likeness.DIFFERENT: 0>)
    """
    if one == other:
        return Likeness.SAME
    if len(one) == 1 or len(other) == 1:
        return Likeness.INITIAL if one[0] == other[0] else Likeness.DIFFERENT
    if is_given_name(one) and is_given_name(other):
        return Likeness.DIFFERENT if formal_names(one).isdisjoint(formal_names(other)) else Likeness.NICKNAME
    return Likeness.SIMILAR if _is_slip(one, other) else Likeness.DIFFERENT


def compare_names(one: NameParts, other: NameParts) -> NameLikeness:
    """Return how alike two names are, as they stand or with one of them read the other way round."""
    straight = NameLikeness(_compare_parts(one.given, other.given), _compare_parts(one.family, other.family))
    if straight.given >= Likeness.SIMILAR and straight.family >= Likeness.SIMILAR:
        return straight
    if not (one.family and other.family):
        return _compare_short(one, other, straight)
    crossed = NameLikeness(_compare_parts(one.given, other.family), _compare_parts(one.family, other.given))
    if min(crossed.given, crossed.family) >= Likeness.INITIAL and sum(_ranks(crossed)) > sum(_ranks(straight)):
        return crossed
    return straight


def _compare_short(one: NameParts, other: NameParts, straight: NameLikeness) -> NameLikeness:
    """Return the likeness where one name is a single word, which may be a surname."""
    alone, whole = (one, other) if not one.family else (other, one)
    if not alone.given:
        return NameLikeness(Likeness.UNKNOWN, Likeness.UNKNOWN)
    if not whole.family:
        return straight
    as_family = _compare_parts(alone.given, whole.family)
    if as_family > straight.given and as_family >= Likeness.SIMILAR:
        return NameLikeness(Likeness.UNKNOWN, as_family)
    return straight


def _compare_parts(one: tuple[str, ...], other: tuple[str, ...]) -> Likeness:
    if not one or not other:
        return Likeness.UNKNOWN
    best = compare_words(one[0], other[0])
    if best is Likeness.SAME or (len(one) == 1 and len(other) == 1):
        return best
    if "".join(one) == "".join(other):
        return Likeness.SAME
    found = max(compare_words(first, second) for first in one for second in other)
    # Anna Maria and Maria are alike, not the same.
    return max(best, min(found, Likeness.SIMILAR)) if found >= Likeness.SIMILAR else best


def _ranks(likeness: NameLikeness) -> tuple[int, int]:
    return int(likeness.given), int(likeness.family)


def _is_slip(one: str, other: str) -> bool:
    """Return whether the words differ as typing errors do: the longer the word, the more may be wrong with it."""
    shortest = len(one) if len(one) < len(other) else len(other)
    if shortest >= 3 and one[:shortest] == other[:shortest]:
        return True
    if shortest < 4:
        return shortest == 3 and one[0] == other[0] and is_within_edits(one, other, 1)
    return is_within_edits(one, other, 1 if shortest < 7 else 2)


def fold_letters(text: str) -> str:
    """Return *text* in small letters without accents; nothing else changes.

    >>> fold_letters("Łódź, STRAẞE 5")
    'lodz, strasse 5'
    """
    # As columns.fold does, and here once more: what stands in it is remembered, which names of customers must not be.
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold().translate(_UNDECOMPOSED))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _straighten(plain: str) -> str:
    """Return words parted by blanks only; what stands after a comma is the given name, unless it is a title."""
    family, comma, given = plain.partition(",")
    if comma and not _NO_NAMES.issuperset(_BETWEEN_WORDS.split(given.strip(" ."))):
        plain = f"{given} {family}"
    return _BETWEEN_WORDS.sub(" ", _INSIDE_A_WORD.sub("", plain))

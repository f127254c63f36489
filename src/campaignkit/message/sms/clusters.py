"""What a reader takes for one character: a text in, the places where it may be cut out. Pure.

Source: Unicode Standard Annex 29, table 2. Python does not carry all properties that it names, so where it cannot tell,
characters stay together: what the annex keeps whole is always kept whole here, and now and then a little more.
"""

import unicodedata
from collections.abc import Iterator

import attrs

__all__ = ["cluster_ends"]

_JOINER = "\u200d"
_VIRAMA = 9  # the combining class of signs that tie two consonants
# Extend or SpacingMark by the annex, though their category says letter, format or symbol: the non-joiner, the joiner,
# Thai and Lao AM, half-width voicing marks.
_EXTENDING = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")
_PREPENDING = frozenset(map(chr, (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)))
# Letters that the annex calls Prepend: repha and the like, of scripts of India and around it.
_PREPENDING_LETTERS = frozenset(
    map(
        chr,
        (
            *(0xD4E, 0x111C2, 0x111C3, 0x113D1, 0x1193F, 0x11941, 0x11A3A, 0x11D46, 0x11F02),
            *range(0x11A84, 0x11A8A),
        ),
    )
)


@attrs.define
class _Cluster:
    """What is known of the cluster that is being read."""

    before: str = ""  # the character that was read last
    flag_letters: int = 0  # regional indicators in a row, up to there
    is_tied: bool = False  # a virama stands behind the last consonant

    def takes(self, character: str) -> bool:
        """Return whether *character* belongs to the cluster that is being read."""
        if _stands_alone(self.before) or _stands_alone(character):
            return self.before == "\r" and character == "\n"
        return (
            _extends(character)
            or self.before == _JOINER
            or _is_prepended(self.before)
            or (self.is_tied and unicodedata.category(character) == "Lo")
            or (_is_flag_letter(character) and self.flag_letters % 2 == 1)
            or _is_syllable(self.before, character)
        )

    def read(self, character: str) -> None:
        """Go on by one character."""
        self.before = character
        self.flag_letters = self.flag_letters + 1 if _is_flag_letter(character) else 0
        self.is_tied = unicodedata.combining(character) == _VIRAMA or (self.is_tied and _extends(character))


def cluster_ends(text: str) -> Iterator[int]:
    """Yield the places between two clusters, then the end of *text*.

    Whether a place is one depends on what stands before it and on the next character, never on what comes later.

    >>> list(cluster_ends("a👩\u200d👧e\u0301\\r\\n"))
    [1, 4, 6, 8]
    """
    cluster = _Cluster()
    for place, character in enumerate(text):
        if place and not cluster.takes(character):
            yield place
        cluster.read(character)
    if text:
        yield len(text)


def _extends(character: str) -> bool:
    """Return whether the character is shown with the one before it: marks, joiners, skin tones, tags."""
    if character.isascii():
        return False
    return (
        unicodedata.category(character) in ("Mn", "Me", "Mc")
        or character in _EXTENDING
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _stands_alone(character: str) -> bool:
    """Return whether nothing is ever shown with the character: line ends, controls, most format characters."""
    return (
        character != ""
        and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        and not _extends(character)
        and character not in _PREPENDING
    )


def _is_prepended(character: str) -> bool:
    return character in _PREPENDING or character in _PREPENDING_LETTERS


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_syllable(before: str, character: str) -> bool:
    """Return whether two Korean letters, or a syllable and a letter, are written in one block."""
    if not _is_korean(before) or not _is_korean(character):
        return False
    if _is_vowel(character):
        return _is_lead(before) or _is_vowel(before) or _is_open_syllable(before)
    if _is_tail(character):
        return not _is_lead(before)
    return _is_lead(before)


def _is_korean(character: str) -> bool:
    return "\u1100" <= character <= "\u11ff" or "\ua960" <= character <= "\ua97c" or "\uac00" <= character <= "\ud7fb"


def _is_lead(character: str) -> bool:
    return "\u1100" <= character <= "\u115f" or "\ua960" <= character <= "\ua97c"


def _is_vowel(character: str) -> bool:
    return "\u1160" <= character <= "\u11a7" or "\ud7b0" <= character <= "\ud7c6"


def _is_tail(character: str) -> bool:
    return "\u11a8" <= character <= "\u11ff" or "\ud7cb" <= character <= "\ud7fb"


def _is_open_syllable(character: str) -> bool:
    """Return whether a whole syllable has no last consonant yet; every 28th has none."""
    return "\uac00" <= character <= "\ud7a3" and (ord(character) - 0xAC00) % 28 == 0

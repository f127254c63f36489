"""Cheaper spellings: a text in, the same text in GSM-7 as far as that goes out, with all that was changed. Pure.

Nothing here is done unless it is asked for. Read the new text before it is sent: without its accents a word may be
another word.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

import attrs

from campaignkit.message.sms.alphabet import EXTENSION, PLAIN, is_gsm7
from campaignkit.message.sms.counting import SmsParts, count_parts, part_count
from campaignkit.message.sms.places import Place, PlaceKind, find_places, without_placeholders
from campaignkit.message.sms.spelling_table import EXTENSION_SPELLINGS, SPELLINGS

__all__ = [
    "CheaperSpellings",
    "LeftCharacter",
    "LeftReason",
    "Replacement",
    "Transliteration",
    "cheaper_spellings",
    "transliterate",
    "transliterate_template",
]

_MARKS = "\u0300-\u036f"
# A letter with accents that were typed behind it is spelled as one.
_FOREIGN = re.compile(rf"[^\W\d_][{_MARKS}]+|[^{re.escape(PLAIN + EXTENSION)}]")
_DOUBLE = re.compile(f"[{re.escape(EXTENSION)}]")


class LeftReason(StrEnum):
    """Why a character outside GSM-7 was left as it is."""

    UNKNOWN = "unknown"  # there is no spelling for it, or the table leaves it alone
    LINK = "link"  # it is part of a web address, a mail address or a domain
    PLACEHOLDER = "placeholder"


@attrs.frozen(kw_only=True)
class Replacement:
    """One character that was respelt, everywhere that it was."""

    found: str  # a character, or a letter with the accents behind it
    spelling: str  # may be empty: the character was invisible
    positions: tuple[int, ...]  # in the old text, from 0

    @property
    def count(self) -> int:
        return len(self.positions)


@attrs.frozen(kw_only=True)
class LeftCharacter:
    """One character outside GSM-7 that was left, everywhere that it was for this reason."""

    found: str
    reason: LeftReason
    positions: tuple[int, ...]  # in the old text, from 0

    @property
    def count(self) -> int:
        return len(self.positions)


@attrs.frozen(kw_only=True)
class Transliteration:
    """A text respelt, and all that was done to it."""

    text: str = attrs.field(repr=lambda text: f"<{len(text)} characters>")
    replacements: tuple[Replacement, ...]  # in order of first appearance
    left: tuple[LeftCharacter, ...]  # likewise; a single one of them keeps the text in UCS-2
    old: SmsParts
    new: SmsParts

    @property
    def parts_saved(self) -> int:
        """How many parts fewer the new text takes; not above 0 where the spelling does not pay."""
        return self.old.parts - self.new.parts


@attrs.frozen(kw_only=True)
class CheaperSpellings:
    """The characters that make a text dearer, with what could stand for them."""

    spellings: tuple[tuple[str, str], ...]  # character and spelling, in order of first appearance
    without_spelling: tuple[str, ...]
    parts: int  # now
    parts_if_spelled_so: int


def transliterate(text: str, *, spellings: Mapping[str, str] = SPELLINGS) -> Transliteration:
    """Return *text* with GSM-7 spellings for what is not in GSM-7.

    Links are never touched. A character without a spelling stays, and is named.

    Args:
        spellings: Takes the place of the built-in table; ``{**SPELLINGS, "°": " deg"}`` adds to it. A character that
            stands for itself in it is left alone.

    >>> done = transliterate("„Żółty” tulipan… 😀 żółw.pl")
    >>> done.text, [(left.found, left.reason.value) for left in done.left]
    ('"Zolty" tulipan... 😀 żółw.pl', [('😀', 'unknown'), ('ż', 'link'), ('ó', 'link'), ('ł', 'link')])
    """
    return _transliterated(text, find_places(text, is_template=False), spellings)


def transliterate_template(source: str, *, spellings: Mapping[str, str] = SPELLINGS) -> Transliteration:
    """Return *source* with its own words in GSM-7; placeholders, tags and links are left alone.

    Values are filled in later, as they are: one ``Zoé`` is no matter, one ``Zoë`` turns her text into UCS-2. The
    report counts parts without the placeholders.

    >>> transliterate_template('Cześć {{ customer.name | default: "Gość" }}').text
    'Czesc {{ customer.name | default: "Gość" }}'
    """
    return _transliterated(source, find_places(source, is_template=True), spellings)


def cheaper_spellings(text: str, *, spellings: Mapping[str, str] = SPELLINGS) -> CheaperSpellings:
    """Return which characters of *text* have a cheaper spelling, and what the text would cost with all of them.

    In a text of GSM-7 these are brackets and the like, which take two septets; in any other what forces UCS-2. Links
    keep their characters.

    >>> found = cheaper_spellings("Zażółć" * 20)
    >>> found.spellings, found.parts, found.parts_if_spelled_so
    ((('ż', 'z'), ('ó', 'o'), ('ł', 'l'), ('ć', 'c')), 2, 1)
    """
    if is_gsm7(text):
        pattern, spellings = _DOUBLE, EXTENSION_SPELLINGS
    else:
        pattern = _FOREIGN
    pieces, replaced, left = _respell(text, find_places(text, is_template=False), pattern, spellings)
    return CheaperSpellings(
        spellings=tuple(replaced),
        without_spelling=tuple(dict.fromkeys(found for found, _ in left)),
        parts=part_count(text),
        parts_if_spelled_so=part_count("".join(pieces)),
    )


def _transliterated(source: str, places: Iterable[Place], spellings: Mapping[str, str]) -> Transliteration:
    places = tuple(places)
    pieces, replaced, left = _respell(source, places, _FOREIGN, spellings)
    text = "".join(pieces)
    is_template = any(place.kind is PlaceKind.PLACEHOLDER for place in places)
    return Transliteration(
        text=text,
        replacements=tuple(
            Replacement(found=found, spelling=spelling, positions=tuple(positions))
            for (found, spelling), positions in replaced.items()
        ),
        left=tuple(
            LeftCharacter(found=found, reason=reason, positions=tuple(positions))
            for (found, reason), positions in left.items()
        ),
        old=count_parts(without_placeholders(source) if is_template else source),
        new=count_parts(without_placeholders(text) if is_template else text),
    )


_Positions = dict[tuple[str, str], list[int]]
_Left = dict[tuple[str, LeftReason], list[int]]


def _respell(
    text: str, places: Iterable[Place], pattern: re.Pattern[str], spellings: Mapping[str, str]
) -> tuple[list[str], _Positions, _Left]:
    """Return the pieces of the new text, what was replaced and what was left, both with their positions."""
    pieces: list[str] = []
    replaced: _Positions = {}
    left: _Left = {}
    end = 0
    for found, reason in _foreign_in(text, places, pattern):
        spelling = _spelling(found[0], spellings) if reason is None else None
        if spelling is None or spelling == found[0]:
            left.setdefault((found[0], reason or LeftReason.UNKNOWN), []).append(found.start())
            continue
        replaced.setdefault((found[0], spelling), []).append(found.start())
        pieces += [text[end : found.start()], spelling]
        end = found.end()
    return [*pieces, text[end:]], replaced, left


def _foreign_in(
    text: str, places: Iterable[Place], pattern: re.Pattern[str]
) -> Iterator[tuple[re.Match[str], LeftReason | None]]:
    """Yield what *pattern* finds, with the reason why it must stay."""
    end = 0
    for place in places:
        yield from ((found, None) for found in pattern.finditer(text, end, place.start))
        yield from ((found, LeftReason(place.kind)) for found in pattern.finditer(text, place.start, place.end))
        end = place.end
    yield from ((found, None) for found in pattern.finditer(text, end))


def _spelling(found: str, spellings: Mapping[str, str]) -> str | None:
    """Return what stands for a character, or for a letter with accents behind it; None if nothing does.

    The table comes first. Otherwise a letter is spelled without its accents, and one of another shape, full-width or
    bold, as the plain one.
    """
    composed = unicodedata.normalize("NFC", found)
    for form in (found, composed):
        if form in spellings:
            return spellings[form]
    if is_gsm7(composed):
        return composed
    if not unicodedata.category(composed[0]).startswith("L"):
        return None  # ≠ is no letter: without its stroke it says the contrary
    bare = [character for character in unicodedata.normalize("NFKD", composed) if not unicodedata.combining(character)]
    spelling = "".join(spellings.get(character, character) for character in bare)
    return spelling if spelling and is_gsm7(spelling) else None

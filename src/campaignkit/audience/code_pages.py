"""Bytes that are not UTF-8 in, the code page that they were most likely written in, out. Pure.

What tells the pages apart is what each byte would mean: ``0xB3`` is ł in cp1250 and ³ in the others, and a ³ within a
word is unlikely. Where the letters say nothing, the country does.
"""

import re
from collections.abc import Mapping

__all__ = ["guess_code_page"]

# The letters beyond ASCII that the languages of each page are full of.
_LETTERS: Mapping[str, frozenset[str]] = {
    "cp1252": frozenset("éèàâêîôûçäöüßñáíóúãõåæøëïùÉÀÇÄÖÜÑÓÅÆØ¿¡"),
    "cp1250": frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚŇŘŠŤŮÝŽőűŐŰöüÖÜăâîşäßô"),
    "cp1254": frozenset("ğışçöüĞİŞÇÖÜâî"),
}
# Read as such, these are worth less: their bytes are ş and ğ in Turkish, ś in Polish, which are more frequent.
_RARE = frozenset("ţđŢĐœ")
_HOMES: Mapping[str, frozenset[str]] = {
    "cp1250": frozenset({"PL", "CZ", "SK", "HU", "RO", "HR", "SI", "RS", "BA", "ME", "AL"}),
    "cp1254": frozenset({"TR"}),
}
# No longer words: a search for them in a file of letters alone would take the square of its length.
_WRONG_CASE = re.compile(r"[^\W\d_]{0,40}[a-zß-öø-ÿąćęłńśźżğışčďěňřťůž][A-ZÀ-ÖØ-ÞĄĆĘŁŃŚŹŻĞİŞČĎĚŇŘŤŮŽ]")


def guess_code_page(sample: bytes, *, region: str | None = None) -> str:
    """Return cp1250, cp1252 or cp1254, whichever makes the best sense of *sample*.

    Args:
        sample: Bytes that are no valid UTF-8, some of them 0x80 or higher.
        region: Country code; it decides a tie, and without it cp1252 does.

    >>> guess_code_page("Małgorzata Wiśniewska".encode("cp1250")), guess_code_page("Noël Façade".encode("cp1252"))
    ('cp1250', 'cp1252')
    >>> guess_code_page(b"Mu\\xf1ez"), guess_code_page(b"Mu\\xf1ez", region="PL")
    ('cp1252', 'cp1250')
    """
    country = (region or "").upper()
    pages = sorted(_LETTERS, key=lambda page: (country not in _HOMES.get(page, ()), page != "cp1252"))
    return max(pages, key=lambda page: _sense(sample.decode(page, "replace"), _LETTERS[page]))


def _sense(text: str, letters: frozenset[str]) -> int:
    """Return how much *text* looks like words: expected letters count for it, symbols and odd capitals against."""
    foreign = [character for character in text if character > "\x7f"]
    score = sum(_worth(character, letters) for character in foreign)
    return score - 3 * sum(not match.group().isascii() for match in _WRONG_CASE.finditer(text))


def _worth(character: str, letters: frozenset[str]) -> int:
    if character in letters:
        return 2
    if character == "\ufffd":
        return -5
    return 1 if character in _RARE else 0 if character.isalpha() else -1

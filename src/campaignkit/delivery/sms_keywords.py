"""What somebody answers to a text: their words in, stop, start or help out. Pure.

Sources: CTIA Messaging Principles (the words), FCC 47 CFR 64.1200(a)(10) (any clear wording counts). The tables are
data; a host adds the words of its own languages.
"""

import re
import unicodedata
from collections.abc import Collection
from enum import StrEnum

import attrs

__all__ = ["HELP_WORDS", "START_WORDS", "STOP_PHRASES", "STOP_WORDS", "Keyword", "KeywordKind", "read_keyword"]

TEXT_LENGTH_MAX = 2000  # characters that are looked at; longer than any text


class KeywordKind(StrEnum):
    """What somebody asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"


STOP_WORDS = frozenset(
    {"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out", "opt-out"}
    | {"arret", "arrêt", "stopp", "baja", "alto", "parar", "wypisz"}
)
START_WORDS = frozenset({"start", "yes", "unstop"})
HELP_WORDS = frozenset({"help", "info"})
# Clear wording that holds none of the words above.
STOP_PHRASES = (
    "remove me",
    "take me off",
    "leave me alone",
    "do not text",
    "don't text",
    "dont text",
    "no more texts",
    "no more messages",
    "do not contact",
    "don't contact",
    "wrong number",
    "nie pisz",
    "wypiszcie",
)


@attrs.frozen(kw_only=True)
class Keyword:
    """What a text asks for. A stop that is not certain holds until a person has read the text."""

    kind: KeywordKind
    is_certain: bool = True


def read_keyword(
    text: str,
    *,
    stop_words: Collection[str] = STOP_WORDS,
    start_words: Collection[str] = START_WORDS,
    help_words: Collection[str] = HELP_WORDS,
    stop_phrases: Collection[str] = STOP_PHRASES,
) -> Keyword | None:
    """Return what *text* asks for, None where it asks for nothing of that.

    A word counts alone, in any case, with quotes and punctuation around it. Inside a longer text only stop counts, and
    is not certain.

    >>> read_keyword(' "Stop." '), read_keyword("see you at 5")
    (Keyword(kind=<KeywordKind.STOP: 'stop'>, is_certain=True), None)
    >>> read_keyword("please stop this").is_certain
    False
    """
    plain = _plain(text)
    for kind, words in (
        (KeywordKind.STOP, stop_words),
        (KeywordKind.START, start_words),
        (KeywordKind.HELP, help_words),
    ):
        if plain in words:
            return Keyword(kind=kind)
    padded = f" {plain} "
    if any(f" {words} " in padded for words in (*stop_words, *stop_phrases)):
        return Keyword(kind=KeywordKind.STOP, is_certain=False)
    return None


_APART = re.compile(r"[^\w'-]+")


def _plain(text: str) -> str:
    """Return *text* in small letters, full-width ones made usual, its words one blank apart and without punctuation."""
    known = unicodedata.normalize("NFKC", text[:TEXT_LENGTH_MAX]).replace("\u2019", "'").casefold()
    visible = "".join(letter for letter in known if unicodedata.category(letter) != "Cf")
    return " ".join(word.strip("'-_") for word in _APART.sub(" ", visible).split()).strip()

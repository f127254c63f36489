"""The words by which a customer stops the texts: is it told how, and if not, it is. Pure.

A text tells it in words that every phone carrier knows; in doubt it does not, and the sentence is appended: to be told
twice costs a few septets, not to be told may cost the sender's number.

Source of the words: CTIA Messaging Principles and Best Practices, and what carriers of North America and France honour.
"""

import re
from collections.abc import Collection
from functools import lru_cache

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.message.sms.counting import SmsParts, count_parts
from campaignkit.message.sms.places import without_placeholders

__all__ = ["OPT_OUT_WORDS", "WithOptOut", "check_opt_out", "has_opt_out", "with_opt_out"]

OPT_OUT_WORDS = (
    *("STOP", "STOPALL", "UNSUBSCRIBE", "OPTOUT", "OPT-OUT", "CANCEL", "END", "QUIT", "REVOKE"),
    *("ARRET", "ARRÊT"),
)

# Alone at the end of a text, or in small letters, these say nothing: "until the end".
_EVERYDAY_WORDS = frozenset({"CANCEL", "END", "QUIT", "REVOKE"})
# "Reply with STOP": a word for sending, in the languages of shops so far, and up to three little words behind it.
_SENDING = (
    r"(?i:(?<!\w)(?:reply|respond|answer|text|txt|send|sms|msg|odpisz|wyślij|wyslij|napisz|antworten|antworte|senden"
    r"|sende|répondez|repondez|envoyez|envoyer|responde|responda|envía|envia|envie|rispondi|invia|svara|svar|vastaa"
    r"|pošli|odpověz))"
)
_BETWEEN = r"(?i:(?:\W{1,3}(?:with|back|the|word|us|słowo|slowo|mit|par|con|com|med)){0,3}\W{1,3})"
# "STOP to end", "STOP = koniec", "STOP na 7030".
_PURPOSE = (
    r"(?:\W?\s+(?i:to|2)\s+(?i:end|stop|quit|opt|unsub|cancel|leave)|\W?\s*(?:=|→|->)"
    r"|\W?\s+(?i:to|na|an|au|à|al|a|till|til)\s+\+?\d{3,}|\W?\s+\+?\d{4,}(?!\w))"
)


@attrs.frozen(kw_only=True)
class WithOptOut:
    """A text that says how to stop it."""

    text: str = attrs.field(repr=lambda text: f"<{len(text)} characters>")
    was_added: bool  # False: the text said it already, and is as it was
    old: SmsParts
    new: SmsParts


def with_opt_out(
    text: str, opt_out: str = "STOP to end", *, separator: str = " ", words: Collection[str] = OPT_OUT_WORDS
) -> WithOptOut:
    """Return *text* with *opt_out* at its end, unless it says so already. It works on templates too.

    Args:
        words: What counts as an opt-out word, in capitals.

    Raises:
        ValueError: *opt_out* is blank.

    >>> done = with_opt_out("Flora: 20% off tulips until Sunday!")
    >>> done.text, done.new.units - done.old.units
    ('Flora: 20% off tulips until Sunday! STOP to end', 12)
    >>> with_opt_out(done.text).was_added
    False
    """
    phrase = opt_out.strip()
    if not phrase:
        raise ValueError("the text on opting out is blank")
    is_told = _folded(phrase) in _folded(text) or has_opt_out(text, words=words)
    new = text if is_told else separator.join(piece for piece in (text.rstrip(), phrase) if piece)
    return WithOptOut(text=new, was_added=not is_told, old=count_parts(text), new=count_parts(new))


def check_opt_out(text: str, *, opt_out: str | None = None, words: Collection[str] = OPT_OUT_WORDS) -> Rejection | None:
    """Return what is missing where *text* does not say how to stop it.

    Args:
        opt_out: The merchant's own sentence, which counts whatever its words are.

    >>> check_opt_out("Flora: tulips are in. Reply STOP to end") is None
    True
    >>> check_opt_out("Stop by at Flora this weekend!").message
    'The text does not say how to stop these messages.'
    """
    if has_opt_out(text, words=words) or (opt_out and opt_out.strip() and _folded(opt_out) in _folded(text)):
        return None
    return Rejection(
        code=RejectionCode.MISSING,
        field="text",
        message="The text does not say how to stop these messages.",
        hint="Add for example: Reply STOP to end.",
    )


def has_opt_out(text: str, *, words: Collection[str] = OPT_OUT_WORDS) -> bool:
    """Return whether *text* tells to send an opt-out word; an everyday use of the word does not count.

    Nor does what stands in a placeholder, for it may be another word in the end.

    >>> [has_opt_out(text) for text in ("Txt STOP", "STOP to end", "END of season", "Don't stop! STOP")]
    [True, True, False, True]
    """
    return _telling(tuple(words)).search(without_placeholders(text)) is not None


@lru_cache(maxsize=16)
def _telling(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds one of *words* where it is told to be sent."""
    every = _any_of(words)
    plain = _any_of([word for word in words if word.upper() not in _EVERYDAY_WORDS])
    return re.compile(
        rf"{_SENDING}{_BETWEEN}(?:(?i:{plain})(?!\w)|{every}(?!\w))"
        rf"|(?<!\w){every}{_PURPOSE}"
        rf"|(?<!\w){plain}[\W_]*\Z"
    )


def _any_of(words: Collection[str]) -> str:
    """Return a pattern for one of *words*; the longest comes first. Without words it finds nothing."""
    if not words:
        return "(?!)"
    return f"(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})"


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()

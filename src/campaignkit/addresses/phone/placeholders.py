"""What people type where they have no number ("n/a", "000-000-0000"): it repeats, so its rejections are kept. Pure.

Kept are at most 256 texts that were refused and can be nobody's number: at most eight characters with at most six
digits, or nothing but the same three characters over and over. Addresses are never kept.
"""

import re

from campaignkit.addresses.channel import Rejection

__all__ = ["TEXT_COUNT_MAX", "keep", "recall"]

TEXT_COUNT_MAX = 256
_LENGTH_MAX = 24  # characters
_SHORT = re.compile(r"(?!(?:\D*\d){7}).{1,8}", re.DOTALL)
_ALPHABET_MAX = 3

_kept: dict[tuple[str, str | None], Rejection] = {}


def recall(value: object, country: str | None) -> Rejection | None:
    """Return the rejection of *value*, without row number, if it is kept."""
    return _kept.get((value, country)) if value.__class__ is str else None


def keep(rejection: Rejection, value: object, country: str | None) -> None:
    """Keep *rejection* of *value* if that is what repeats; all go when there are too many."""
    if value.__class__ is not str or rejection.row_number is not None:
        return
    text: str = value
    if len(text) <= _LENGTH_MAX and "@" not in text and (len(set(text)) <= _ALPHABET_MAX or _SHORT.fullmatch(text)):
        if len(_kept) >= TEXT_COUNT_MAX:
            _kept.clear()
        _kept[text, country] = rejection

"""What a number of credits may be, what a key, what an instant: the same for every room and every store. Pure."""

from datetime import UTC, datetime

from campaignkit.errors import InvalidCredits

__all__ = ["CREDITS_MAX", "KEY_MAX", "require_count", "require_key", "to_utc"]

CREDITS_MAX = 1_000_000_000_000  # of one entry: nine million such still add up within a database's 64 bits
KEY_MAX = 200  # characters, as wide as the keys of SqlStore


def require_count(value: object, field: str, *, least: int = 1) -> int:
    """Return *value*, a whole number of credits from *least* to a million millions.

    Raises:
        InvalidCredits: it is less or more, a fraction, NaN, a bool, or no number at all.

    >>> require_count(7, "price")
    7
    >>> require_count(0.5, "price")
    Traceback (most recent call last):
    campaignkit.errors.InvalidCredits: price: must be a whole number from 1 to 1000000000000, not 0.5
    """
    # A bool is an int to Python, and True credits are a slip of somebody's.
    if type(value) is not int or not least <= value <= CREDITS_MAX:
        # Python itself refuses to spell out an endless number.
        told = "so large a number" if type(value) is int and abs(value) > CREDITS_MAX else repr(value)[:40]
        raise InvalidCredits(field, f"must be a whole number from {least} to {CREDITS_MAX}, not {told}")
    return value


def require_key(value: object, field: str = "key") -> str:
    """Return *value*, a key of 1 to 200 printable characters.

    Raises:
        InvalidCredits: it is none.
    """
    if not isinstance(value, str) or not 0 < len(value) <= KEY_MAX or not value.isprintable():
        raise InvalidCredits(field, f"must be a text of 1 to {KEY_MAX} printable characters")
    return value


def to_utc(instant: datetime) -> datetime:
    """Return *instant* in UTC, where two of one zone cannot be mistaken for each other's wall clock.

    Raises:
        ValueError: it is naive.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone; a naive one was given")
    return instant.astimezone(UTC)

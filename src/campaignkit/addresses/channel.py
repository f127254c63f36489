"""What can go wrong with an address, and by which channel it is reached. Pure."""

from enum import StrEnum

import attrs

__all__ = ["Channel", "Rejection", "RejectionCode", "mask", "shorten"]


class Channel(StrEnum):
    """How a message travels."""

    EMAIL = "email"
    SMS = "sms"


class RejectionCode(StrEnum):
    """Why a datum was refused. The values are stable; the sentences beside them are not."""

    MISSING = "missing"
    MALFORMED = "malformed"
    UNREACHABLE = "unreachable"
    WRONG_COUNTRY = "wrong_country"
    NOT_TEXTABLE = "not_textable"
    SERVICE_NUMBER = "service_number"
    UNKNOWN_PREFIX = "unknown_prefix"
    TOO_LONG = "too_long"
    AMBIGUOUS = "ambiguous"
    BLANK_ROW = "blank_row"
    UNREADABLE_ROW = "unreadable_row"
    TOKEN_MALFORMED = "token_malformed"  # noqa: S105
    TOKEN_UNKNOWN_KEY = "token_unknown_key"  # noqa: S105
    TOKEN_FORGED = "token_forged"  # noqa: S105
    TOKEN_WRONG_PURPOSE = "token_wrong_purpose"  # noqa: S105
    TOKEN_NOT_FOUND = "token_not_found"  # noqa: S105


def mask(text: object) -> str:
    """Return enough of an address to recognise it in a log, and not enough to write to it.

    >>> mask("ann@example.com"), mask("+12125550143")
    ('a…@example.com', '…43')
    """
    value = str(text)
    local, at, domain = value.rpartition("@")
    if at:
        return f"{local[:1]}…@{domain}"
    return f"…{value[-2:]}" if len(value) > 4 else "…"


def shorten(value: object) -> str:
    """Return at most 200 characters of what came in, lone surrogates escaped so that the text can be stored anywhere.

    >>> shorten(None), shorten("x" * 300) == "x" * 200
    ('', True)
    """
    text = "" if value is None else str(value[:200] if isinstance(value, str | bytes) else value)[:200]
    return text.encode("utf-8", "backslashreplace").decode("utf-8")[:200]


@attrs.frozen(kw_only=True)
class Rejection:
    """A datum that was refused, with the reason a shopkeeper can act upon. It is returned, never raised."""

    code: RejectionCode
    field: str  # "email", "phone", "name", "zone", or "row"
    message: str  # one sentence for a shopkeeper; it does not repeat the value
    value: str = attrs.field(default="", repr=False)  # what came in, cut to 200 characters
    row_number: int | None = None  # counts from 1; the header of a file is row 1
    hint: str = ""  # one sentence on what to do or what may be meant; it does not repeat the value either

    @property
    def full_message(self) -> str:
        """What is wrong and, where there is a hint, what to do about it."""
        return f"{self.message} {self.hint}".rstrip()

"""Why an address was refused: text that is no address in, a code and a sentence for a shopkeeper out. Pure."""

import re
import unicodedata

from campaignkit.addresses.channel import RejectionCode
from campaignkit.addresses.email_rules import (
    ADDRESS_MAX_OCTETS,
    LABEL_MAX_OCTETS,
    LOCAL_MAX_OCTETS,
    SPECIAL_USE_NAMES,
)

__all__ = ["ENCODED", "LOOK_ALIKE", "MISSING", "NOT_TEXT", "NO_EXCHANGE", "TOO_LONG", "Reason", "explain_refusal"]

Reason = tuple[RejectionCode, str]

MISSING: Reason = (RejectionCode.MISSING, "There is no email address.")
NOT_TEXT: Reason = (RejectionCode.MALFORMED, "An email address has to be text.")
TOO_LONG: Reason = (RejectionCode.TOO_LONG, "The email address is longer than any mail system allows.")
NO_EXCHANGE: Reason = (RejectionCode.UNREACHABLE, "The part after the @ receives no mail; look for a typing error.")
LOOK_ALIKE: Reason = (
    RejectionCode.MALFORMED,
    "The email address has characters that only look like ordinary letters; type it again.",
)
ENCODED: Reason = (RejectionCode.MALFORMED, "The part before the @ is an encoded header text, not a name.")
_RESERVED: Reason = (
    RejectionCode.UNREACHABLE,
    "The part after the @ is a name reserved for tests; no mail arrives there.",
)
_NUMBER: Reason = (RejectionCode.MALFORMED, "After the @ stands a number of a computer, not a name.")

_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_BETWEEN = r"[,;/|\s]+"


def explain_refusal(text: str) -> Reason:
    """Return why *text*, which is no address that can be written to, was refused."""
    if not text:
        return MISSING
    if text.lower().startswith("mailto:"):
        return RejectionCode.MALFORMED, 'Leave out "mailto:" and keep only the address after it.'
    if _has_invisible(text):
        return RejectionCode.MALFORMED, "The email address holds an invisible character or a line break; type it again."
    if "@" not in text:
        return RejectionCode.MALFORMED, "The email address has no @."
    if _has_several(text):
        return RejectionCode.AMBIGUOUS, "The cell holds more than one email address; keep one in each row."
    if any(mark in text for mark in "<>()"):
        return RejectionCode.MALFORMED, "Keep only the address itself, without a name or brackets around it."
    local, _, domain = text.rpartition("@")
    if len(text.encode("utf-8", "replace")) > ADDRESS_MAX_OCTETS or len(local) > LOCAL_MAX_OCTETS:
        return TOO_LONG
    return _explain_marks(text) or _explain_domain(domain.lower())


def _explain_marks(text: str) -> Reason | None:
    if "," in text:
        return RejectionCode.MALFORMED, "The email address has a comma inside; look whether a dot belongs there."
    if " " in text:
        return RejectionCode.MALFORMED, "The email address has a blank inside."
    if '"' in text:
        return RejectionCode.MALFORMED, "The email address has a quotation mark inside."
    if text.startswith(".") or text.endswith(".") or any(pair in text for pair in ("..", ".@", "@.")):
        return RejectionCode.MALFORMED, "The email address has a dot too many."
    if text.startswith("@") or text.endswith("@"):
        return RejectionCode.MALFORMED, "One side of the @ is empty."
    if text.count("@") > 1:
        return RejectionCode.MALFORMED, "The email address has more than one @."
    return None


def _explain_domain(domain: str) -> Reason:
    labels = domain.split(".")
    if domain.startswith("[") or labels[-1].isdecimal():
        return _NUMBER
    if len(labels) == 1:
        return RejectionCode.MALFORMED, 'The part after the @ lacks its ending, such as ".com".'
    if labels[-1] in SPECIAL_USE_NAMES:
        return _RESERVED
    if any(len(label) > LABEL_MAX_OCTETS for label in labels):
        return TOO_LONG
    return RejectionCode.MALFORMED, "This is not an email address; look for a typing error."


def _has_invisible(text: str) -> bool:
    if text.isprintable():  # true of nearly all, and none of these is printable
        return False
    return any(unicodedata.category(character) in _INVISIBLE for character in text if character != " ")


def _has_several(text: str) -> bool:
    """Return whether *text* lists addresses, with commas, semicolons, bars, slashes or blanks between them."""
    if text.count("@") < 2:
        return False
    parts: list[str] = re.split(_BETWEEN, text)
    return len([part for part in parts if 0 < part.find("@") < len(part) - 1]) > 1

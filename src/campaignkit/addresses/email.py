"""Email addresses: text in, an ``EmailAddress`` or a ``Rejection`` out. Pure but for a resolver that the host hands in.

Syntax is email-validator's verdict, without asking the network; ``.test``, ``.invalid`` and their like are refused, as
there. Stricter in four points: local parts over 64 octets (RFC 5321 4.5.3.1.1), encoded words, characters that would
silently turn into other ones, and any blank but the ASCII space and tab around the address.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, mask, shorten

__all__ = ["EmailAddress", "Resolver", "ask_once", "parse_email"]

Resolver = Callable[[str], bool | None]  # an A-label domain → has it a mail exchange? None: nobody knows

INPUT_MAX = 1_000  # characters looked at; no address has more than 254 octets
ADDRESS_MAX_OCTETS = 254  # RFC 5321 4.5.3.1.3, less the angle brackets
LOCAL_MAX_OCTETS = 64  # RFC 5321 4.5.3.1.1
RESOLVED_MAX = 10_000  # domains remembered by ``ask_once``

# Where one mailbox answers to many spellings. Other domains may tell them apart, so nothing is dropped there.
DOTLESS_DOMAINS = frozenset({"gmail.com", "googlemail.com"})
TAGLESS_DOMAINS = DOTLESS_DOMAINS | {
    "outlook.com",
    "hotmail.com",
    "live.com",
    "msn.com",
    "fastmail.com",
    "fastmail.fm",
    "proton.me",
    "protonmail.com",
    "pm.me",
    "icloud.com",
    "me.com",
    "mac.com",
}

_ENCODED_WORD = re.compile(r"=\?.*\?=")
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


@attrs.frozen(kw_only=True)
class EmailAddress:
    """A well-formed address. Two that share a key are one mailbox."""

    address: str = attrs.field(repr=mask)  # to send to; the local part keeps its case
    key: str = attrs.field(repr=mask)  # to compare by, never to send to
    domain: str  # as people write it; the key holds its A-label form

    @property
    def has_mixed_scripts(self) -> bool:
        """Whether one part mixes alphabets, as look-alikes of other addresses do; worth a warning.

        >>> parse_email("p\u0430ypal@example.com").has_mixed_scripts  # the second letter is Cyrillic
        True
        """
        return any(len(_scripts(part)) > 1 for part in re.split(r"[@.]", self.address))


def parse_email(
    value: object, *, row_number: int | None = None, resolver: Resolver | None = None
) -> EmailAddress | Rejection:
    """Return the address that *value* spells, or why it is none.

    Args:
        value: What came in. Anything but text is missing (None, NaN) or malformed.
        resolver: Asked for the domain of a well-formed address. False means unreachable; True, None and an ``OSError``
            refuse nobody. Its other exceptions are the host's and pass through.

    >>> parse_email("Ann@Example.com").key
    'ann@example.com'
    >>> parse_email("Ann.Lee+shop@GoogleMail.com").key
    'annlee@gmail.com'
    >>> parse_email("ann@@example.com").code
    <RejectionCode.MALFORMED: 'malformed'>
    """
    if not isinstance(value, str):
        return _refuse(_unlike_text(value), value, row_number)
    if len(value) > INPUT_MAX:
        return _refuse(_TOO_LONG, value, row_number)
    text = value.strip(" \t")
    parsed = _check(text) if text else _MISSING
    if not isinstance(parsed, EmailAddress):
        return _refuse(parsed, value, row_number)
    if resolver is not None and _has_no_exchange(parsed, resolver):
        return _refuse(_NO_EXCHANGE, value, row_number)
    return parsed


def ask_once(resolver: Resolver) -> Resolver:
    """Return *resolver* with a memory: each domain is asked for once, a failed look-up counts as unknown."""

    @lru_cache(maxsize=RESOLVED_MAX)
    def answer(domain: str) -> bool | None:
        try:
            return resolver(domain)
        except OSError:
            return None

    return answer


_Reason = tuple[RejectionCode, str]

_MISSING: _Reason = (RejectionCode.MISSING, "There is no email address.")
_NOT_TEXT: _Reason = (RejectionCode.MALFORMED, "An email address has to be text.")
_TOO_LONG: _Reason = (RejectionCode.TOO_LONG, "The email address is longer than any mail system allows.")
_NO_EXCHANGE: _Reason = (RejectionCode.UNREACHABLE, "The part after the @ receives no mail; look for a typing error.")
_RESERVED: _Reason = (
    RejectionCode.UNREACHABLE,
    "The part after the @ is a name reserved for tests; no mail arrives there.",
)
_LOOK_ALIKE: _Reason = (
    RejectionCode.MALFORMED,
    "The email address has characters that only look like ordinary letters; type it again.",
)
_ENCODED: _Reason = (RejectionCode.MALFORMED, "The part before the @ is an encoded header text, not a name.")


def _refuse(reason: _Reason, value: object, row_number: int | None) -> Rejection:
    code, message = reason
    return Rejection(code=code, field="email", message=message, value=shorten(value), row_number=row_number)


def _unlike_text(value: object) -> _Reason:
    is_nan = isinstance(value, float) and value != value  # how tables spell an empty cell
    return _MISSING if value is None or is_nan else _NOT_TEXT


def _check(text: str) -> EmailAddress | _Reason:
    from email_validator import EmailNotValidError, validate_email  # 0.1 s, paid by those who parse

    try:
        valid = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return _explain(text)
    local, ascii_domain = valid.local_part, valid.ascii_domain or valid.domain
    if _ENCODED_WORD.search(local):
        return _ENCODED
    if not text.isascii():
        if len(local.encode()) > LOCAL_MAX_OCTETS:
            return _TOO_LONG
        if _is_folded(text, valid.domain):
            return _LOOK_ALIKE
    return EmailAddress(address=valid.normalized, key=_key(local, ascii_domain), domain=valid.domain)


def _key(local: str, ascii_domain: str) -> str:
    name = unicodedata.normalize("NFC", local.casefold())
    domain = ascii_domain.lower()
    if domain in TAGLESS_DOMAINS:
        name = name.partition("+")[0].rstrip(".") or name
    if domain in DOTLESS_DOMAINS:
        name, domain = name.replace(".", "") or name, "gmail.com"
    return f"{name}@{domain}"


def _is_folded(text: str, domain: str) -> bool:
    """Return whether the address that would be written to is another than the one that was typed.

    U+212A becomes K, full-width letters become plain ones, an ideographic full stop becomes a dot. Composing accents
    and lower-casing the domain change nothing that a reader sees.
    """
    if any(character > "\x7f" and unicodedata.normalize("NFKC", character).isascii() for character in text):
        return True
    typed = text.rpartition("@")[2]
    return not typed.isascii() and unicodedata.normalize("NFC", typed.lower()) != unicodedata.normalize("NFC", domain)


def _has_no_exchange(email: EmailAddress, resolver: Resolver) -> bool:
    try:
        return resolver(email.key.rpartition("@")[2]) is False
    except OSError:
        return False


def _explain(text: str) -> _Reason:
    """Return why email-validator refused *text*, in words of a shop."""
    from email_validator import SPECIAL_USE_DOMAIN_NAMES

    domain = text.rpartition("@")[2].lower()
    if text.lower().startswith("mailto:"):
        return RejectionCode.MALFORMED, 'Leave out "mailto:" and keep only the address after it.'
    if any(unicodedata.category(character) in _INVISIBLE and character != " " for character in text):
        return RejectionCode.MALFORMED, "The email address holds an invisible character or a line break; type it again."
    if "@" not in text:
        return RejectionCode.MALFORMED, "The email address has no @."
    if len(_addresses_in(text)) > 1:
        return RejectionCode.AMBIGUOUS, "The cell holds more than one email address; keep one in each row."
    if any(mark in text for mark in "<>()"):
        return RejectionCode.MALFORMED, "Keep only the address itself, without a name or brackets around it."
    if len(text.encode("utf-8", "replace")) > ADDRESS_MAX_OCTETS or len(text.rpartition("@")[0]) > LOCAL_MAX_OCTETS:
        return _TOO_LONG
    return _explain_parts(text, domain, frozenset(SPECIAL_USE_DOMAIN_NAMES))


def _explain_parts(text: str, domain: str, reserved: frozenset[str]) -> _Reason:
    if " " in text:
        return RejectionCode.MALFORMED, "The email address has a blank inside."
    if '"' in text:
        return RejectionCode.MALFORMED, "The email address has a quotation mark inside."
    if text.startswith(".") or text.endswith(".") or any(pair in text for pair in ("..", ".@", "@.")):
        return RejectionCode.MALFORMED, "The email address has a dot too many."
    if not domain or text.startswith("@"):
        return RejectionCode.MALFORMED, "One side of the @ is empty."
    if domain.startswith("["):
        return RejectionCode.MALFORMED, "After the @ stands a number of a computer, not a name."
    if "." not in domain:
        return RejectionCode.MALFORMED, 'The part after the @ lacks its ending, such as ".com".'
    if any(domain == name or domain.endswith(f".{name}") for name in reserved):
        return _RESERVED
    return RejectionCode.MALFORMED, "This is not an email address; look for a typing error."


def _addresses_in(text: str) -> list[str]:
    return [part for part in re.split(r"[,;/|\s]+", text) if 0 < part.find("@") < len(part) - 1]


def _scripts(part: str) -> set[str]:
    """Return the alphabets that *part* is written in, by the first word of each letter's Unicode name."""
    return {unicodedata.name(letter, "?").partition(" ")[0] for letter in part if letter.isalpha()}

"""Email addresses: text in, an ``EmailAddress`` or a ``Rejection`` out. Pure but for a resolver that the host hands in.

Syntax is email-validator's verdict, without asking the network; ``.test``, ``.invalid`` and their like are refused, as
there. Stricter in four points: local parts over 64 octets (RFC 5321 4.5.3.1.1), encoded words, characters that would
silently turn into other ones, and any blank but the ASCII space and tab around the address.

Plain ASCII, which is nearly all there is, is judged by ``email_rules``, proved equal to the library and some thirty
times faster; ``check_with_library`` is what it is proved against, and judges everything else.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import attrs

from campaignkit.addresses.channel import Rejection, mask, shorten
from campaignkit.addresses.email_library import ask_library, is_library_tested
from campaignkit.addresses.email_reasons import (
    ENCODED,
    LOOK_ALIKE,
    MISSING,
    NO_EXCHANGE,
    NOT_TEXT,
    TOO_LONG,
    Reason,
    explain_refusal,
)
from campaignkit.addresses.email_rules import (
    ADDRESS_MAX_OCTETS,
    LOCAL_MAX_OCTETS,
    ROLE_NAMES,
    read_domain,
    split_address,
)

__all__ = ["EmailAddress", "Resolver", "ask_once", "check_with_library", "parse_email"]

Resolver = Callable[[str], bool | None]  # an A-label domain → has it a mail exchange? None: nobody knows

INPUT_MAX = 1_000  # characters looked at; no address has more than 254 octets
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

    @property
    def suggestion(self) -> str | None:
        """The address that was probably meant, where the domain is one slip away from a well-known one; else None.

        To be asked about, never to be written to unasked.

        >>> parse_email("ann@gmial.com").suggestion
        'ann@gmail.com'
        >>> parse_email("ann@ymail.com").suggestion
        """
        from campaignkit.addresses.email_typos import suggest_domain  # its tables are for those who ask

        domain = suggest_domain(self.domain)
        return None if domain is None else f"{self.address.rpartition('@')[0]}@{domain}"


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
    parsed: EmailAddress | Reason
    if not isinstance(value, str) or len(value) > INPUT_MAX:
        parsed = _explain_unread(value)
    else:
        text = value.strip(" \t")
        parsed = _check_ascii(text) if text.isascii() and is_library_tested() else _check_other(text)
    if not isinstance(parsed, EmailAddress):
        return _refuse(parsed, value, row_number)
    if resolver is not None and _has_no_exchange(parsed, resolver):
        return _refuse(NO_EXCHANGE, value, row_number)
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


def check_with_library(text: str) -> EmailAddress | Reason:
    """Return the verdict on *text* by asking email-validator, whatever *text* is. The reference for every shortcut."""
    valid = ask_library(text)
    if valid is None:
        return explain_refusal(text)
    if _has_encoded_word(valid.local_part):
        return ENCODED
    if not text.isascii():
        if len(valid.local_part.encode()) > LOCAL_MAX_OCTETS:
            return TOO_LONG
        if _is_folded(text, valid.domain):
            return LOOK_ALIKE
    name = unicodedata.normalize("NFC", valid.local_part.casefold())
    key = _key(name, (valid.ascii_domain or valid.domain).lower())
    return EmailAddress(address=valid.normalized, key=key, domain=valid.domain)


def _explain_unread(value: object) -> Reason:
    if isinstance(value, str):
        return TOO_LONG
    is_nan = isinstance(value, float) and value != value  # how tables spell an empty cell
    return MISSING if value is None or is_nan else NOT_TEXT


def _check_other(text: str) -> EmailAddress | Reason:
    # The library takes no address without an @, and none with a character that cannot be seen (categories C and Z).
    if is_library_tested() and ("@" not in text or not text.isprintable()):
        return explain_refusal(text)
    return check_with_library(text)


def _check_ascii(text: str) -> EmailAddress | Reason:
    """Return what ``check_with_library`` returns, for ASCII. Written for speed: millions of rows come by here."""
    if "--" in text and "xn--" in text.lower():
        return check_with_library(text)  # only the library can tell what a name in Punycode stands for
    parts = split_address(text)
    if parts is None or len(text) > ADDRESS_MAX_OCTETS:
        return explain_refusal(text)
    local, typed_domain = parts.groups()
    domain = read_domain(typed_domain)
    if domain is None or len(local) > LOCAL_MAX_OCTETS:
        return explain_refusal(text)
    if "=?" in local and _has_encoded_word(local):
        return ENCODED
    name = local.lower()
    if name in ROLE_NAMES:
        local = name
    address = f"{local}@{domain}"
    # The class has neither converters nor validators: its __init__ would do just this, in twice the time.
    email = _new_address(EmailAddress)
    _set_address(email, address)
    _set_key(email, address if name == local and domain not in TAGLESS_DOMAINS else _key(name, domain))
    _set_domain(email, domain)
    return email


_new_address = object.__new__
_set_address, _set_key, _set_domain = (vars(EmailAddress)[name].__set__ for name in ("address", "key", "domain"))


def _refuse(reason: Reason, value: object, row_number: int | None) -> Rejection:
    code, message = reason
    return Rejection(code=code, field="email", message=message, value=shorten(value), row_number=row_number)


def _has_encoded_word(local: str) -> bool:
    begins_at = local.find("=?")
    return begins_at >= 0 and "?=" in local[begins_at + 2 :]


def _key(name: str, domain: str) -> str:
    """Return the key of an address whose parts are given in small letters, the domain as it stands on the wire."""
    if domain not in TAGLESS_DOMAINS:
        return f"{name}@{domain}"
    if "+" in name:
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


def _scripts(part: str) -> set[str]:
    """Return the alphabets that *part* is written in, by the first word of each letter's Unicode name."""
    return {unicodedata.name(letter, "?").partition(" ")[0] for letter in part if letter.isalpha()}

"""What email-validator says about plain ASCII, said without loading it: text in, its parts or a refusal out. Pure.

Of ASCII text it accepts (with the switches of ``ask_library``) exactly: a dot-atom of at most 64 characters, an @, a
host name; 254 characters together. Quoted names, display names, brackets and address literals are all refused, the
local part comes back as it stands, but for the names of RFC 2142 in small letters, and the domain comes back in small
letters. Names with ``xn--`` are the exception: what they stand for only the library can tell.

Sources: email-validator 2.3.0 and 2.4.0; RFC 5321 4.5.3.1, RFC 5322 3.2.3, RFC 1035 2.3.4, RFC 5890 2.3.1, RFC 2142.
The tests compare every table and every verdict with the installed library.
"""

from functools import lru_cache

__all__ = [
    "ADDRESS_MAX_OCTETS",
    "LABEL_MAX_OCTETS",
    "LOCAL_MAX_OCTETS",
    "ROLE_NAMES",
    "SPECIAL_USE_NAMES",
    "is_plain",
    "read_domain",
    "split_address",
]

ADDRESS_MAX_OCTETS = 254  # RFC 5321 4.5.3.1.3, less the angle brackets
LOCAL_MAX_OCTETS = 64  # RFC 5321 4.5.3.1.1
LABEL_MAX_OCTETS = 63  # RFC 1035 2.3.1
DOMAINS_MAX = 10_000  # domains remembered: facts about names of the internet, about 2 MB when full

# IANA's special-use names that no mail reaches; the registry's "example" domains are accepted.
SPECIAL_USE_NAMES = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
ROLE_NAMES = frozenset(
    {
        "abuse",
        "ftp",
        "hostmaster",
        "info",
        "marketing",
        "news",
        "noc",
        "postmaster",
        "sales",
        "security",
        "support",
        "usenet",
        "uucp",
        "webmaster",
        "www",
    }
)

_LETTERS_AND_DIGITS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_ATOM_CHARACTERS = _LETTERS_AND_DIGITS + "!#$%&'*+-/=?^_`{|}~" + "."
_HOST_CHARACTERS = _LETTERS_AND_DIGITS + "-" + "."


def is_plain(text: str) -> bool:
    """Return whether the rules of this module decide about *text*: ASCII, and no name in Punycode.

    >>> is_plain("ann@example.com"), is_plain("ann@faß.de"), is_plain("ann@xn--fa-hia.de")
    (True, False, False)
    """
    return text.isascii() and ("--" not in text or "xn--" not in text.lower())


def split_address(text: str) -> tuple[str, str] | None:
    """Return what stands before and after the first @ of *text*, None if the former is no dot-atom.

    >>> split_address("ann.lee@example.com"), split_address("ann..lee@example.com")
    (('ann.lee', 'example.com'), None)
    """
    local, _, domain = text.partition("@")
    if local.strip(_ATOM_CHARACTERS) or ".." in f".{local}.":  # also where it is empty or begins or ends with a dot
        return None
    return local, domain


@lru_cache(maxsize=DOMAINS_MAX)
def read_domain(typed: str) -> str | None:
    """Return the domain of a plain address in small letters, None where no mail can be sent to it.

    >>> read_domain("Example.COM"), read_domain("shop.test"), read_domain("localhost")
    ('example.com', None, None)
    """
    if typed.strip(_HOST_CHARACTERS):
        return None
    domain = typed.lower()
    labels = domain.split(".")
    if len(labels) < 2 or not all(map(_is_label, labels)):
        return None
    ending = labels[-1]
    return domain if ending[-1].isalpha() and ending not in SPECIAL_USE_NAMES else None


def _is_label(text: str) -> bool:
    has_length = 0 < len(text) <= LABEL_MAX_OCTETS
    return has_length and text[0] != "-" and text[-1] != "-" and text[2:4] != "--"

"""What email-validator says about plain ASCII, said without loading it: text in, its parts or a refusal out. Pure.

Of ASCII text it accepts (with the switches of ``ask_library``) exactly: a dot-atom of at most 64 characters, an @, a
host name; 254 characters together. Quoted names, display names, brackets and address literals are all refused, the
local part comes back as it stands, but for the names of RFC 2142 in small letters, and the domain comes back in small
letters. Text with ``xn--`` in it is the exception: what such a name stands for only the library can tell.

Sources: email-validator 2.3.0 and 2.4.0; RFC 5321 4.5.3.1, RFC 5322 3.2.3, RFC 1035 2.3.4, RFC 5890 2.3.1, RFC 2142.
The tests compare every table and every verdict with the installed library.
"""

import re
from functools import lru_cache

__all__ = [
    "ADDRESS_MAX_OCTETS",
    "LABEL_MAX_OCTETS",
    "LOCAL_MAX_OCTETS",
    "ROLE_NAMES",
    "SPECIAL_USE_NAMES",
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

_ATOM = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]++"

# A dot-atom and the characters of a host name, as two groups. The latter are looked at by ``read_domain``.
split_address = re.compile(rf"({_ATOM}(?:\.{_ATOM})*+)@([A-Za-z0-9.\-]++)").fullmatch


@lru_cache(maxsize=DOMAINS_MAX)
def read_domain(typed: str) -> str | None:
    """Return *typed*, which has the characters of a host name only, in small letters; None where it cannot be one.

    What is remembered is never more than such a name: text that may hold somebody's data has other characters.

    >>> read_domain("Example.COM"), read_domain("shop.test"), read_domain("localhost")
    ('example.com', None, None)
    """
    domain = typed.lower()
    labels = domain.split(".")
    if len(labels) < 2 or not all(map(_is_label, labels)):
        return None
    ending = labels[-1]
    return domain if ending[-1].isalpha() and ending not in SPECIAL_USE_NAMES else None


def _is_label(text: str) -> bool:
    has_length = 0 < len(text) <= LABEL_MAX_OCTETS
    return has_length and text[0] != "-" and text[-1] != "-" and text[2:4] != "--"

"""Where a link may lead: a URL in, what is wrong with it out, or the form in which it may be stored. Pure.

Whatever browsers forgive is refused here, because they forgive in different ways: backslashes, blanks, controls and
characters that cannot be seen, a user before the host. Sources: RFC 3986 (syntax), WHATWG URL (what browsers forgive).
"""

import re
from enum import StrEnum
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import quote

from campaignkit.addresses.channel import Rejection, RejectionCode, shorten
from campaignkit.message.headers import ascii_domain

__all__ = ["URL_CHARACTERS_MAX", "LinkProblem", "check_target", "find_problem"]

URL_CHARACTERS_MAX = 2_000  # what all browsers and mail filters of the last twenty years take


class LinkProblem(StrEnum):
    """What may be wrong with a link. The values are stable."""

    EMPTY = "link_empty"
    MALFORMED = "link_malformed"
    TOO_LONG = "link_too_long"
    SCHEME_FORBIDDEN = "link_scheme_forbidden"
    SCHEME_UNKNOWN = "link_scheme_unknown"
    USER_INFO = "link_user_info"
    NO_HOST = "link_no_host"
    HOST_WITHOUT_DOT = "link_host_without_dot"
    INSECURE = "link_insecure"
    UNRESOLVED = "link_unresolved"
    PERSONAL = "link_personal"
    NAME_UNKNOWN = "link_name_unknown"
    UNREACHABLE = "link_unreachable"
    NOT_TRIED = "link_not_tried"


_FORBIDDEN_SCHEMES = frozenset({"javascript", "vbscript", "data", "file", "blob", "filesystem", "view-source"})
_KNOWN_SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms", "cid"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_OVERLOOKED = re.compile(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_WEB = re.compile(r"(?i)https?://([^/?#]*)(.*)", re.DOTALL)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_PORT = re.compile(r"(?::([0-9]{1,5}))?")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LEFT_ALONE = "%/?#[]@!$&'()*+,;=:~-._|^{}"


def find_problem(url: str) -> LinkProblem | None:
    """Return the gravest thing that is wrong with *url*; None for one that can be clicked.

    ``http`` and a host without a dot can be clicked, and are named all the same.
    """
    if not url:
        return LinkProblem.EMPTY
    if len(url) > URL_CHARACTERS_MAX:
        return LinkProblem.TOO_LONG
    scheme = _SCHEME.match(_OVERLOOKED.sub("", url))  # browsers read java<line end>script: as one word
    name = scheme[1].lower() if scheme else ""
    if name in _FORBIDDEN_SCHEMES:
        return LinkProblem.SCHEME_FORBIDDEN
    if "\\" in url or " " in url or not url.isprintable():
        return LinkProblem.MALFORMED
    if not name:
        return LinkProblem.NO_HOST
    if name not in _KNOWN_SCHEMES:
        return LinkProblem.SCHEME_UNKNOWN
    return _problem_of_web(url) if name in {"http", "https"} else None


def check_target(url: str) -> str | Rejection:
    """Return *url* as it may be stored and redirected to: http or https, one host, ASCII; else why not.

    >>> check_target("https://żółw.example/oferta?a=1"), check_target("//evil.example").code
    ('https://xn--w-uga1v8h.example/oferta?a=1', <RejectionCode.MALFORMED: 'malformed'>)
    """
    problem = find_problem(url)
    if problem in {None, LinkProblem.INSECURE, LinkProblem.HOST_WITHOUT_DOT}:
        parts = _WEB.fullmatch(url)
        if parts is not None:
            host, port = _split_port(parts[1])
            scheme = url.partition(":")[0].lower()
            return f"{scheme}://{_ascii_host(host)}{port}{quote(parts[2], safe=_LEFT_ALONE)}"
    code = RejectionCode.TOO_LONG if problem is LinkProblem.TOO_LONG else RejectionCode.MALFORMED
    return Rejection(code=code, field="link", message="this link leads to no page on the web", value=shorten(url))


def _problem_of_web(url: str) -> LinkProblem | None:
    parts = _WEB.fullmatch(url)
    if parts is None or not parts[1]:
        return LinkProblem.NO_HOST
    if "@" in parts[1]:
        return LinkProblem.USER_INFO
    host, port = _split_port(parts[1])
    if not host:
        return LinkProblem.NO_HOST
    ascii_host = _ascii_host(host)
    if ascii_host is None or (port and not 1 <= int(port[1:]) <= 65_535) or _BAD_ESCAPE.search(parts[2]):
        return LinkProblem.MALFORMED
    if "." not in ascii_host.rstrip(".") and not ascii_host.startswith("["):
        return LinkProblem.HOST_WITHOUT_DOT
    return LinkProblem.INSECURE if url[:5].lower() == "http:" else None


def _split_port(authority: str) -> tuple[str, str]:
    """Return the host, and the port with its colon, or nothing where there is none."""
    host, colon, port = authority.rpartition(":")
    if not colon or "]" in port:
        return authority, ""
    return (host, f":{port}") if port.isascii() and port.isdigit() and len(port) <= 5 else (authority, "")


def _ascii_host(host: str) -> str | None:
    """Return *host* as DNS knows it; None for what is none."""
    if host.startswith("[") and host.endswith("]"):
        try:
            return f"[{IPv6Address(host[1:-1])}]"
        except AddressValueError:
            return None
    try:
        name = host.lower() if host.isascii() else ascii_domain(host)
    except ValueError:
        return None
    return name if len(name) <= 253 and _HOST.fullmatch(name) else None

"""How to reach and use one mail account: values only. Pure."""

import ipaddress
import re
import ssl
from collections.abc import Callable
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

import attrs

__all__ = ["EgressPolicy", "Security", "SmtpSettings", "SmtpTimeouts", "allow_any", "allow_public", "parse_smtp_url"]


class Security(StrEnum):
    """How the connection is kept from eavesdroppers."""

    STARTTLS = "starttls"  # plain at first, encrypted before anything is said; never sent without
    TLS = "tls"  # encrypted from the first byte
    INSECURE_PLAINTEXT = "insecure_plaintext"  # readable by everybody on the way


_SCHEMES = {
    "smtp": (Security.STARTTLS, 587),
    "smtps": (Security.TLS, 465),
    "smtp+insecure-plaintext": (Security.INSECURE_PLAINTEXT, 25),
}

MAIL_PORTS = frozenset({25, 465, 587, 2525})


EgressPolicy = Callable[[str, int], bool]  # an IP address and a port in, whether to connect there out


def allow_any(_address: str, _port: int) -> bool:
    """Allow every address: for hosts whose own people choose the mail server."""
    return True


def allow_public(address: str, port: int) -> bool:
    """Allow mail ports on public addresses only: for hosts whose merchants name their own mail server.

    >>> allow_public("127.0.0.1", 587), allow_public("::ffff:10.0.0.1", 587), allow_public("8.8.8.8", 22)
    (False, False, False)
    """
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed in _NAT64:
            return False  # it leads to an IPv4 address behind a translator of this network
        parsed = parsed.ipv4_mapped or parsed.sixtofour or parsed
    return port in MAIL_PORTS and parsed.is_global and not parsed.is_multicast


_HOSTNAME = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Za-z:.]{1,60}\]")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _require_positive(_instance: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not value > 0:
        raise ValueError(f"{attribute.name} must be above 0")


@attrs.frozen(kw_only=True)
class SmtpTimeouts:
    """How long to wait, in seconds. RFC 5321 section 4.5.3.2 asks for 10 minutes after the dot: keep them."""

    connect: float = attrs.field(default=30.0, validator=_require_positive)  # until the greeting has come
    command: float = attrs.field(default=60.0, validator=_require_positive)  # for each reply before the body
    body: float = attrs.field(default=180.0, validator=_require_positive)  # without any of the body getting away
    dot: float = attrs.field(default=600.0, validator=_require_positive)  # for the reply to the dot
    quit: float = attrs.field(default=2.0, validator=_require_positive)  # for all farewells together


@attrs.frozen(kw_only=True)
class SmtpSettings:
    """One account on one mail server."""

    host: str
    port: int
    security: Security = attrs.field(converter=Security)
    username: str | None = None
    password: str | None = attrs.field(default=None, repr=False)
    ssl_context: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    timeouts: SmtpTimeouts = SmtpTimeouts()
    local_hostname: str | None = None  # None: the machine's name if it has a domain, else its address
    egress: EgressPolicy = attrs.field(default=allow_any, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.host or not self.host.isprintable() or " " in self.host:
            raise ValueError("host must be a name or an address")
        if self.local_hostname is not None and not _HOSTNAME.fullmatch(self.local_hostname):
            raise ValueError("local_hostname must be a host name or an address in brackets")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port must be from 1 to 65535, not {self.port}")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password come together")
        if self.username is not None and self.security is Security.INSECURE_PLAINTEXT and not _is_loopback(self.host):
            raise ValueError("a password is not sent in plain text to another machine; use smtp:// or smtps://")


def parse_smtp_url(url: str) -> dict[str, object]:
    """Return host, port, security, username and password of ``smtp://user:password@host:587``.

    ``smtp://`` insists on STARTTLS, ``smtps://`` encrypts from the first byte. Percent signs escape what a URL
    cannot hold.

    Raises:
        ValueError: it is no such URL. The message does not repeat it, since it may hold a password.
    """
    parts = _split(url)
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"a mail server's URL begins with one of: {', '.join(f'{scheme}://' for scheme in _SCHEMES)}")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(
            "a mail server's URL ends after host and port; escape / ? # in the password with percent signs"
        )
    if not parts.hostname:
        raise ValueError("the mail server's URL names no host")
    security, default_port = _SCHEMES[parts.scheme]
    return {
        "host": parts.hostname,
        "port": _port_of(parts) or default_port,
        "security": security,
        "username": None if parts.username is None else unquote(parts.username),
        "password": None if parts.password is None else unquote(parts.password),
    }


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        # urllib's own message repeats the part that holds the password.
        raise ValueError("the mail server's URL cannot be read; escape unusual characters with percent signs") from None


def _port_of(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        # urllib's own message repeats a piece of the URL, which may be half a password.
        raise ValueError("the mail server's port is no number from 1 to 65535") from None


def _is_loopback(host: str) -> bool:
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

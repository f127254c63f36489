"""Which network addresses may be connected to: a host, a port and a policy in, a checked address out. Asks DNS.

The address that the policy saw is the one to connect to: a name that answers differently the next time gains nothing.
"""

import ipaddress
import socket
from collections.abc import Callable

__all__ = ["EgressPolicy", "EgressRefused", "allow_any", "checked_addresses", "public_only"]

EgressPolicy = Callable[[str, int], bool]  # an IP address and a port in, whether to connect there out

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # leads to an IPv4 address behind a translator of this network


class EgressRefused(Exception):
    """No address of that host may be connected to."""


def allow_any(_address: str, _port: int) -> bool:
    """Allow every address: for hosts whose own people choose the gateway."""
    return True


def public_only(*ports: int) -> EgressPolicy:
    """Return a policy of public addresses and these ports only: for hosts whose merchants name their own gateway.

    >>> policy = public_only(443)
    >>> [policy(address, 443) for address in ("127.0.0.1", "::ffff:10.0.0.1", "169.254.169.254", "8.8.8.8")]
    [False, False, False, True]
    """
    allowed = frozenset(ports)

    def is_allowed(address: str, port: int) -> bool:
        return port in allowed and _is_public(address)

    return is_allowed


def checked_addresses(host: str, port: int, policy: EgressPolicy) -> list[str]:
    """Return the IP addresses of *host* that *policy* allows, at least one, in the resolver's order.

    Raises:
        EgressRefused: it allows none of them.
        OSError: the name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # of the idna codec: a label that is too long, say
        raise OSError("the name cannot be resolved") from error
    allowed = [str(entry[4][0]) for entry in found if policy(str(entry[4][0]), port)]
    if not allowed:
        raise EgressRefused
    return list(dict.fromkeys(allowed))


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed in _NAT64:
            return False
        parsed = parsed.ipv4_mapped or parsed.sixtofour or parsed
    return parsed.is_global and not parsed.is_multicast

"""Link settings: where the host answers links, and the secrets that sign them. Pure."""

import hashlib
import re
from collections.abc import Mapping
from functools import cached_property
from urllib.parse import urlsplit

import attrs

from campaignkit.message.links.sealing import SealingKey

__all__ = ["KEYS_MAX", "KEY_BYTES_MIN", "LinkSettings"]

KEY_BYTES_MIN = 32  # as long as what HMAC-SHA256 puts out, RFC 2104, section 3
KEYS_MAX = 16
BASE_URL_CHARACTERS_MAX = 200  # with the longest token, a header line stays below the 998 of RFC 5322
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_BASE_URL = re.compile(r"https?://[A-Za-z0-9.\-_\[\]:]+(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def _checked_base_url(base_url: str) -> str:
    base_url = base_url.rstrip("/")
    if len(base_url) > BASE_URL_CHARACTERS_MAX or not _BASE_URL.fullmatch(base_url):
        raise ValueError(
            f"base_url must be like https://shop.example/m: up to {BASE_URL_CHARACTERS_MAX} plain characters,"
            " without user, query or fragment"
        )
    parts = urlsplit(base_url)  # a port that is no number, or a broken [::1], raises ValueError here or below
    if not parts.hostname or parts.port == 0:
        raise ValueError("base_url has no host, or no port that can be reached")
    if parts.scheme == "http" and parts.hostname not in _LOCAL_HOSTS:
        raise ValueError("base_url must begin with https://; one-click unsubscribing asks for it (RFC 8058)")
    return base_url


def _copied(keys: Mapping[str, bytes]) -> Mapping[str, bytes]:
    return dict(keys)


def _names(keys: Mapping[str, bytes]) -> str:
    return f"<{', '.join(keys)}>"


@attrs.frozen(kw_only=True)
class LinkSettings:
    """Where links lead, and the secrets that sign them. Secrets are never shown.

    To change secrets, put the new one first, or name it in *current*, and leave the old one in until nobody opens the
    mails of its time any more: the current one signs, all of them are understood.

    Args:
        base_url: Where the host answers, such as ``https://shop.example/m``; http only on this very machine.
        keys: Secrets of 32 random bytes or more, by names of the host's choice: ``secrets.token_bytes(32)`` makes one.
        current: The name of the secret that signs; the first one unless given.

    Raises:
        ValueError: one of these is wrong. The message never repeats a secret.

    >>> LinkSettings(base_url="https://shop.example/m", keys={"k1": bytes(range(32))})
    LinkSettings(base_url='https://shop.example/m', keys=<k1>, current='k1')
    """

    base_url: str = attrs.field(converter=_checked_base_url)
    keys: Mapping[str, bytes] = attrs.field(converter=_copied, repr=_names, hash=False)
    current: str = attrs.field()

    @current.default
    def _first(self) -> str:
        return next(iter(self.keys), "")

    @keys.validator
    def _check_keys(self, _attribute: object, keys: Mapping[str, bytes]) -> None:
        if not 1 <= len(keys) <= KEYS_MAX:
            raise ValueError(f"keys must hold 1 to {KEYS_MAX} secrets")
        for key_id, secret in keys.items():
            if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
                raise ValueError("a key's name is made of up to 32 letters, digits, - and _")
            if not isinstance(secret, bytes) or len(secret) < KEY_BYTES_MIN:
                raise ValueError(f"key {key_id!r} must have at least {KEY_BYTES_MIN} bytes, such as token_bytes makes")
        if len({_mark(key_id) for key_id in keys}) < len(keys):
            raise ValueError("two of the keys' names look alike inside tokens; give one of them another name")

    @current.validator
    def _check_current(self, _attribute: object, current: str) -> None:
        if current not in self.keys:
            raise ValueError(f"current names no key: {current!r} is not among {', '.join(self.keys)}")

    @cached_property
    def signing(self) -> tuple[bytes, SealingKey]:
        """The byte by which tokens name the current secret, and that secret ready for use."""
        mark = _mark(self.current)
        return mark, self.sealing_keys[mark]

    @cached_property
    def sealing_keys(self) -> Mapping[bytes, SealingKey]:
        """All secrets ready for use, by the byte that names them in tokens."""
        return {_mark(key_id): SealingKey(secret) for key_id, secret in self.keys.items()}


def _mark(key_id: str) -> bytes:
    """Return the one byte of a token that says which secret it was made with; it tells nothing of the secret."""
    return hashlib.sha256(key_id.encode()).digest()[:1]

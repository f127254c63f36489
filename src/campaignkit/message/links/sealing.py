"""Sealing: a few bytes and a secret in, bytes that say nothing and that nobody else can make out, and back. Pure.

Nothing is random, so that the same bytes are sealed to the same: a mail has the same links on every retry. The standard
library has no cipher, and HMAC is all that is needed. There are two seals.

*Tagged*, for URLs, is a synthetic initialisation vector (Rogaway and Shrimpton 2006; RFC 5297 does it with AES): the
tag is an HMAC of the bytes, and the bytes are hidden under an HMAC of the tag. It shows that two seals hold the same,
and no more; a changed one opens to bytes that have another tag, but once in 2 to the 96th.

*Block*, for addresses, has no room for a tag: a Feistel network of four rounds of HMAC makes a strong pseudorandom
permutation of the whole block (Luby and Rackoff 1988). Changing one bit changes all of it, in both directions, so a
few bytes that are known beforehand, such as zeros, show any forgery: a changed block opens to noise, and n zeros come
out of noise once in 256 to the n-th power (Bellare and Rogaway 2000, "Encode-Then-Encipher Encryption").
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["BLOCK_BYTES_MAX", "BLOCK_BYTES_MIN", "TAG_BYTES", "SealingKey"]

TAG_BYTES = 12
ROUNDS = 4
BLOCK_BYTES_MIN = 16
BLOCK_BYTES_MAX = 64  # twice what SHA-256 puts out
_LABEL = b"campaignkit links 1 "  # what is derived here is of no use anywhere else the secret serves
_INNER = bytes(byte ^ 0x36 for byte in range(256))  # RFC 2104
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class SealingKey:
    """A secret, ready to seal and open. It shows nothing of the secret, and can be shared by threads."""

    def __init__(self, secret: bytes) -> None:
        self._tag = _Hmac(hashlib.sha256, _derived(secret, b"tag"))
        self._mask = _Hmac(hashlib.sha512, _derived(secret, b"mask"))
        self._block = _Hmac(hashlib.sha256, _derived(secret, b"block"))
        self._rounds: dict[int, tuple[_Hash, ...]] = {}  # by length of the block: 49 at most

    def seal(self, plain: bytes) -> bytes:
        """Return *plain* sealed, longer by its tag."""
        tag = self._tag.digest(plain)[:TAG_BYTES]
        return tag + self._masked(plain, tag)

    def open(self, sealed: bytes) -> bytes | None:
        """Return what was sealed; None, if nothing was."""
        tag = sealed[:TAG_BYTES]
        plain = self._masked(sealed[TAG_BYTES:], tag)
        return plain if hmac.compare_digest(self._tag.digest(plain)[:TAG_BYTES], tag) else None

    def seal_block(self, block: bytes) -> bytes:
        """Return *block* sealed, as long as it was.

        Raises:
            ValueError: it is shorter or longer than a block may be.
        """
        half = len(block) // 2
        left, right = block[:half], block[half:]
        for state in self._states_of(len(block)):
            left, right = right, _xor(left, self._block.digest(right, state))
        return left + right

    def open_block(self, sealed: bytes) -> bytes:
        """Return the block that was sealed; noise, if none was.

        Raises:
            ValueError: as for ``seal_block``.
        """
        half = len(sealed) // 2
        left, right = sealed[:half], sealed[half:]
        for state in reversed(self._states_of(len(sealed))):
            left, right = _xor(right, self._block.digest(left, state)), left
        return left + right

    def _masked(self, plain: bytes, tag: bytes) -> bytes:
        """Return *plain* hidden under what only the key can tell from *tag*, or uncovered again."""
        mask, counter = self._mask.digest(tag), 1
        while len(mask) < len(plain):  # ids of the host's own that are long
            mask += self._mask.digest(tag + counter.to_bytes(2, "big"))
            counter += 1
        return _xor(plain, mask)

    def _states_of(self, length: int) -> tuple["_Hash", ...]:
        """Return, for each round, the hash that has taken in the key, the number of the round and *length*.

        With the length in, blocks of two lengths have nothing to do with each other.
        """
        found = self._rounds.get(length)
        if found is None:
            if not BLOCK_BYTES_MIN <= length <= BLOCK_BYTES_MAX:
                raise ValueError(f"a block has {BLOCK_BYTES_MIN} to {BLOCK_BYTES_MAX} bytes, not {length}")
            found = tuple(self._block.begun(bytes([number, length])) for number in range(ROUNDS))
            self._rounds[length] = found
        return found


class _Hmac:
    """HMAC with one key, which is hashed once; ``hmac.digest`` hashes it each time, and takes twice as long."""

    def __init__(self, kind: "Callable[[bytes], _Hash]", key: bytes) -> None:
        padded = key.ljust(kind(b"").block_size, b"\0")
        self._inner, self._outer = kind(padded.translate(_INNER)), kind(padded.translate(_OUTER))

    def begun(self, beginning: bytes) -> "_Hash":
        """Return the state of a message that begins so."""
        state = self._inner.copy()
        state.update(beginning)
        return state

    def digest(self, message: bytes, state: "_Hash | None" = None) -> bytes:
        """Return the HMAC of *message*, behind what *state* has begun with."""
        inner = (state or self._inner).copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()


def _derived(secret: bytes, use: bytes) -> bytes:
    return hmac.digest(secret, _LABEL + use, "sha256")


def _xor(plain: bytes, mask: bytes) -> bytes:
    """Return each byte of *plain* with that of *mask*, which is at least as long."""
    length = len(plain)
    return (int.from_bytes(plain, "big") ^ int.from_bytes(mask[:length], "big")).to_bytes(length, "big")

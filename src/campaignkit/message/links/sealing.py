"""Sealing: a short block of bytes and a secret in, a block of the same length that says nothing out, and back. Pure.

A Feistel network of four rounds whose round function is HMAC-SHA256. Four rounds with independent pseudorandom
functions make a strong pseudorandom permutation of the whole block (Luby and Rackoff 1988): changing one bit of what
is sealed changes all of what comes out, in both directions. So a few bytes that are known beforehand, such as zeros,
show any forgery: a changed block opens to noise, and n zero bytes come out of noise once in 256 to the n-th power
(Bellare and Rogaway 2000, "Encode-Then-Encipher Encryption"). Nothing is random, so that the same block is sealed to
the same bytes, and no byte is spent on a nonce or a tag: a sealed pair of ids fits into the 64 octets that an address
has before its @. The standard library has no cipher, and this needs none.
"""

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["BLOCK_BYTES_MAX", "BLOCK_BYTES_MIN", "SealingKey"]

ROUNDS = 4
BLOCK_BYTES_MIN = 16
BLOCK_BYTES_MAX = 512
_LABEL = b"campaignkit links 1"  # what is derived here is of no use anywhere else the secret serves
_DIGEST_BYTES = 32
_HMAC_BLOCK_BYTES = 64  # RFC 2104, for SHA-256
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class SealingKey:
    """A secret, ready to seal and open many blocks. It shows nothing of the secret, and can be shared by threads."""

    def __init__(self, secret: bytes) -> None:
        derived = hmac.digest(secret, _LABEL, "sha256").ljust(_HMAC_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(derived.translate(_INNER))
        self._outer = hashlib.sha256(derived.translate(_OUTER))
        self._states: dict[int, tuple[_Hash, ...]] = {}  # by length of the block: 497 at most

    def seal(self, block: bytes) -> bytes:
        """Return *block* sealed, as long as it was.

        Raises:
            ValueError: it is shorter or longer than a block may be.
        """
        half = len(block) // 2
        left, right = block[:half], block[half:]
        states, outer_state = self._states_of(len(block)), self._outer
        if len(block) > 2 * _DIGEST_BYTES:
            for state in states:
                left, right = right, self._mixed(state, right, left)
            return left + right
        # What _mixed does, written out: every recipient of every mail comes by here, and a call costs a sixth.
        for state in states:
            inner = state.copy()
            inner.update(right)
            outer = outer_state.copy()
            outer.update(inner.digest())
            mask, size = int.from_bytes(outer.digest()[: len(left)], "big"), len(left)
            left, right = right, (int.from_bytes(left, "big") ^ mask).to_bytes(size, "big")
        return left + right

    def open(self, sealed: bytes) -> bytes:
        """Return the block that was sealed; noise, if none was.

        Raises:
            ValueError: as for ``seal``.
        """
        half = len(sealed) // 2
        left, right = sealed[:half], sealed[half:]
        for state in reversed(self._states_of(len(sealed))):
            left, right = self._mixed(state, left, right), left
        return left + right

    def _states_of(self, length: int) -> tuple["_Hash", ...]:
        """Return, for each round, the hash that has taken in the key, the number of the round and *length*.

        With the length in, blocks of two lengths have nothing to do with each other.
        """
        found = self._states.get(length)
        if found is None:
            if not BLOCK_BYTES_MIN <= length <= BLOCK_BYTES_MAX:
                raise ValueError(f"a block has {BLOCK_BYTES_MIN} to {BLOCK_BYTES_MAX} bytes, not {length}")
            found = tuple(self._state(number, length) for number in range(ROUNDS))
            self._states[length] = found
        return found

    def _state(self, number: int, length: int) -> "_Hash":
        state = self._inner.copy()
        state.update(bytes([number]) + length.to_bytes(2, "big"))
        return state

    def _mixed(self, state: "_Hash", half: bytes, other: bytes) -> bytes:
        """Return *other*, every bit of it flipped or not as the HMAC of *half* says."""
        # hmac.digest says the same and takes twice as long, because it hashes the key anew each time.
        inner = state.copy()
        inner.update(half)
        outer = self._outer.copy()
        outer.update(inner.digest())
        mask = outer.digest()
        length = len(other)
        if length > _DIGEST_BYTES:
            mask = self._longer(mask, state, half, length)
        return (int.from_bytes(mask[:length], "big") ^ int.from_bytes(other, "big")).to_bytes(length, "big")

    def _longer(self, mask: bytes, state: "_Hash", half: bytes, length: int) -> bytes:
        """Return *mask* made longer by HMACs of *half* and a counter behind it.

        The state knows how long *half* is, so no two messages are the same.
        """
        for counter in range(1, -(-length // _DIGEST_BYTES)):
            inner = state.copy()
            inner.update(half + bytes([counter]))
            outer = self._outer.copy()
            outer.update(inner.digest())
            mask += outer.digest()
        return mask

"""DKIM: a finished mail and a merchant's key in, the mail with its signature out. Pure. Through the extra ``dkim``.

Signatures are relaxed/relaxed; the canonical forms are ours, the cryptography is that of ``cryptography``. The same
mail and key give the same signature. Sources: RFC 6376 (DKIM), 8301 (key lengths), 8463 (Ed25519), 8058 (what must be
covered).
"""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

import attrs

from campaignkit.errors import MissingExtra
from campaignkit.message.headers import ascii_domain

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["DkimSigner", "canonical_body", "canonical_header"]

# Signed where they stand, and those of the second line even where they do not: nobody can add one on the way, by which
# a mail program might show another sender, another subject, or another way out.
SIGNED = ("list-id", "feedback-id", "auto-submitted", "precedence", "x-campaign-id", "content-transfer-encoding")
SEALED = (
    *("from", "to", "cc", "reply-to", "subject", "date", "message-id", "mime-version", "content-type"),
    *("list-unsubscribe", "list-unsubscribe-post"),
)
RSA_BITS_MIN = 1024  # RFC 8301 lets nobody verify less; 2048 is what one takes
KEY_CHARACTERS_MAX = 20_000
SIGNATURE_LINE_CHARACTERS = 72
NAME_SETS_MAX = 64  # of headers that mails have; they name nobody

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_BLANKS = re.compile(rb"[ \t]+")
_BLANKS_AT_END = re.compile(rb"[ \t]+\r\n")
_HEADER = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r\n]*\r\n)(?:[ \t][^\r\n]*\r\n)*)")


def _dns_name(name: str) -> str:
    ascii_name = name if name.isascii() else ascii_domain(name)
    if len(ascii_name) > 253 or not _NAME.fullmatch(ascii_name):
        raise ValueError("domain and selector must be names of the DNS")
    return ascii_name.lower()


def _read_key(pem: str | bytes) -> "RSAPrivateKey | Ed25519PrivateKey":
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "cryptography":
            raise
        raise MissingExtra("dkim", "cryptography") from error
    octets = pem.encode() if isinstance(pem, str) else pem
    try:
        key = load_pem_private_key(octets[:KEY_CHARACTERS_MAX], password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # What the library says might repeat a piece of the key.
        raise ValueError("the DKIM key is no private key in PEM without a password") from None
    match key:
        case RSAPrivateKey() if key.key_size < RSA_BITS_MIN:
            raise ValueError(f"the DKIM key has {key.key_size} bits; {RSA_BITS_MIN} are the least, 2048 are usual")
        case RSAPrivateKey() | Ed25519PrivateKey():
            return key
    raise ValueError("the DKIM key must be RSA or Ed25519")


@attrs.frozen
class DkimSigner:
    """One domain's key, parsed once. It signs one mail after the other, in any thread, and never shows the key.

    Args:
        domain: Aligned with that of the sender's address, or DMARC fails.
        selector: Under which the public key stands in the DNS, see ``dns_name``.
        key_pem: A private key, RSA or Ed25519, without a password.

    Raises:
        ValueError: domain or selector is no name of the DNS; the key cannot be read or is too short. Nothing of the key
            is in the message.
        MissingExtra: ``cryptography`` is not installed.
    """

    domain: str = attrs.field(converter=_dns_name)
    selector: str = attrs.field(converter=_dns_name)
    _key: "RSAPrivateKey | Ed25519PrivateKey" = attrs.field(alias="key_pem", repr=False, converter=_read_key)

    @property
    def dns_name(self) -> str:
        """Where receivers look for the public key."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def dns_record(self) -> str:
        """The TXT record that belongs there."""
        return f"v=DKIM1; k={_algorithm(self._key).partition('-')[0]}; p={_public_key(self._key)}"

    def sign(self, content: bytes) -> bytes:
        """Return *content* with ``DKIM-Signature`` before its first header.

        Raises:
            ValueError: *content* is no mail of CRLF lines with a From.
        """
        head, end, body = content.partition(b"\r\n\r\n")
        head += b"\r\n"
        if not end or not _is_lines(content):
            raise ValueError("only mail of CRLF lines, with an empty line behind its headers, can be signed")
        names, covered = _covered(head)
        body_hash = b64encode(sha256(canonical_body(body)).digest()).decode()
        unsigned = (
            f"DKIM-Signature: v=1; a={_algorithm(self._key)}; c=relaxed/relaxed; d={self.domain};\r\n"
            f" s={self.selector};\r\n h={_folded_names(names)};\r\n bh={body_hash};\r\n b="
        )
        digest_input = covered + canonical_header(*unsigned.encode().split(b":", 1)).removesuffix(b"\r\n")
        signature = b64encode(_signature(self._key, digest_input)).decode()
        return f"{unsigned}{_wrapped(signature)}\r\n".encode() + content


def canonical_header(name: bytes, value: bytes) -> bytes:
    """Return a header in the relaxed form of RFC 6376, 3.4.2."""
    unfolded = value.replace(b"\r\n", b"")
    if b"\t" in unfolded or b"  " in unfolded:
        unfolded = _BLANKS.sub(b" ", unfolded)
    return name.strip(b" \t").lower() + b":" + unfolded.strip(b" ") + b"\r\n"


def canonical_body(body: bytes) -> bytes:
    """Return a body of CRLF lines in the relaxed form of RFC 6376, 3.4.4."""
    if b"\t" in body or b"  " in body or b" \r\n" in body:
        body = _BLANKS.sub(b" ", _BLANKS_AT_END.sub(b"\r\n", body))
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n" if end else b""


def _is_lines(content: bytes) -> bool:
    return content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r")


def _covered(head: bytes) -> tuple[tuple[str, ...], bytes]:
    """Return the names for ``h=`` and the canonical headers that they stand for, in that order.

    A name that is there several times is signed from the last to the first, RFC 6376, 5.4.2.
    """
    found: dict[str, list[bytes]] = {}
    end = 0
    for line in _HEADER.finditer(head):
        if line.start() != end:
            break
        end = line.end()
        found.setdefault(line[1].decode().lower(), []).insert(0, canonical_header(line[1], line[2]))
    if end != len(head) or "from" not in found:
        raise ValueError("only mail with well-formed headers and a From can be signed")
    names, covered = list[str](), list[bytes]()
    for name in (*SEALED, *SIGNED):
        headers = found.get(name, [])
        names += [name] * (len(headers) + (name in SEALED))
        covered += headers
    return tuple(names), b"".join(covered)


@lru_cache(maxsize=NAME_SETS_MAX)
def _folded_names(names: tuple[str, ...]) -> str:
    """Return the value of ``h=`` over lines that break behind colons."""
    lines = [""]
    for word in ":\n".join(names).split("\n"):
        if len(lines[-1]) + len(word) > SIGNATURE_LINE_CHARACTERS:
            lines.append("")
        lines[-1] += word
    return "\r\n  ".join(lines)


def _wrapped(text: str) -> str:
    width = SIGNATURE_LINE_CHARACTERS
    return "\r\n ".join(text[start : start + width] for start in range(0, len(text), width))


def _algorithm(key: "RSAPrivateKey | Ed25519PrivateKey") -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return "ed25519-sha256" if isinstance(key, Ed25519PrivateKey) else "rsa-sha256"


def _signature(key: "RSAPrivateKey | Ed25519PrivateKey", octets: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    if isinstance(key, Ed25519PrivateKey):
        return key.sign(sha256(octets).digest())  # RFC 8463 signs the digest
    return key.sign(octets, PKCS1v15(), SHA256())


def _public_key(key: "RSAPrivateKey | Ed25519PrivateKey") -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = key.public_key()
    if isinstance(key, Ed25519PrivateKey):
        return b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    return b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()

"""Tokens: who may do what in, a short opaque text that nobody else can make out, and back. Pure.

A token is one byte that names the secret, and what is sealed with it (see ``sealing``): purpose, merchant, campaign,
recipient, generation, target. Ids of 32 hexadecimal digits, such as ours, and UUIDs take 16 bytes, any other its UTF-8.
In URLs it is base64 (RFC 4648, section 5), in addresses base32 of lower case (section 6) and without the campaign: mail
systems may fold the case before the @, and may cut it after 64 octets (RFC 5321, 4.5.3.1.1).
"""

import hmac
import re
from base64 import b32decode, urlsafe_b64decode
from binascii import Error, b2a_base64
from enum import StrEnum
from typing import Self

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, shorten
from campaignkit.message.links.sealing import BLOCK_BYTES_MIN, TAG_BYTES
from campaignkit.message.links.settings import LinkSettings

__all__ = [
    "BOUNCE_CHARACTERS_MAX",
    "MERCHANT_BYTES_MAX",
    "TokenClaims",
    "TokenForm",
    "TokenPurpose",
    "make_token",
    "read_token",
]

CHECK_BYTES_MAX = 11  # zeros in a bounce address: a forged one passes once in 2 to the 88th, and then names nobody
CHECK_BYTES_MIN = 4  # what the longest ids leave: once in 2 to the 32nd, and then it names nobody
BOUNCE_CHARACTERS_MAX = 62  # 64 less what marks the address as ours, "b+"
BOUNCE_BYTES_MAX = BOUNCE_CHARACTERS_MAX * 5 // 8
# Of UTF-8. With the longest ids and base_url, a URL still fits into a header line of 998 (RFC 5322).
MERCHANT_BYTES_MAX = 200
ID_BYTES_MAX = 100
TARGET_MAX = 65_535
GENERATION_MAX = 65_535
TOKEN_CHARACTERS_MAX = 600  # the longest ids take less

_URL_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_BOUNCE_TOKEN = re.compile(r"[a-z2-7]+")
_UUID_DASHES = (8, 13, 18, 23)


class TokenPurpose(StrEnum):
    """What a token may be used for, and nothing else."""

    UNSUBSCRIBE = "unsubscribe"
    CLICK = "click"
    OPEN = "open"
    BOUNCE = "bounce"


_PURPOSES = tuple(TokenPurpose)


def _require_id(_instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    most = MERCHANT_BYTES_MAX if attribute.name == "merchant_id" else ID_BYTES_MAX
    if not value or len(value) > most or len(value.encode()) > most:
        raise ValueError(f"{attribute.name} must have 1 to {most} bytes")


@attrs.frozen(kw_only=True)
class TokenClaims:
    """What a token says: whoever holds it may do this one thing for that one recipient of that one campaign.

    A bounce address has no room for the campaign, and a recipient belongs to one only: there it is empty.

    Raises:
        ValueError: an id is empty, or longer than 100 bytes (a merchant's: 200); a click has no target, or another
            purpose has one.
    """

    purpose: TokenPurpose = attrs.field(converter=TokenPurpose)
    merchant_id: str = attrs.field(validator=_require_id)
    campaign_id: str = attrs.field(default="")
    recipient_id: str = attrs.field(validator=_require_id)
    generation: int = attrs.field(default=1)
    target: int | None = attrs.field(default=None)  # of a click: the number of the stored link, from 1

    @campaign_id.validator
    def _check_campaign(self, attribute: "attrs.Attribute[str]", value: str) -> None:
        if self.purpose is not TokenPurpose.BOUNCE:
            _require_id(self, attribute, value)
        elif value:
            raise ValueError("a bounce address has no room for campaign_id; leave it out")

    @generation.validator
    def _check_generation(self, _attribute: object, value: int) -> None:
        if not 1 <= value <= GENERATION_MAX:
            raise ValueError(f"generation must be 1 to {GENERATION_MAX}")

    @target.validator
    def _check_target(self, _attribute: object, value: int | None) -> None:
        if (value is not None) is not (self.purpose is TokenPurpose.CLICK):
            raise ValueError("a click has a target, and nothing else has one")
        if value is not None and not 1 <= value <= TARGET_MAX:
            raise ValueError(f"target must be 1 to {TARGET_MAX}")


@attrs.frozen(kw_only=True)
class TokenForm:
    """Tokens of one purpose, campaign and target; only the recipient is still open. It can be kept and shared."""

    settings: LinkSettings
    purpose: TokenPurpose
    head: int  # the first byte, but for the recipient's share
    before: bytes
    behind: bytes

    @classmethod
    def of(
        cls,
        settings: LinkSettings,
        purpose: TokenPurpose,
        *,
        merchant_id: str,
        campaign_id: str = "",
        target: int | None = None,
    ) -> Self:
        """Return the form. Ids are not checked here; ``TokenClaims`` does that."""
        merchant_kind, merchant = _packed(merchant_id)
        before = merchant
        if purpose is not TokenPurpose.BOUNCE:
            campaign_kind, campaign = _packed(campaign_id)
            before += bytes([campaign_kind]) + campaign
        return cls(
            settings=settings,
            purpose=purpose,
            head=_PURPOSES.index(purpose) | merchant_kind << 2,
            before=before,
            behind=b"" if target is None else target.to_bytes(2, "big"),
        )

    def fill(self, recipient_id: str, generation: int = 1) -> str | None:
        """Return the token for one recipient; None where it does not fit into a bounce address."""
        kind, recipient = _packed(recipient_id)
        head = self.head | kind << 4 | min(generation - 1, 3) << 6
        later = b"" if generation < 4 else generation.to_bytes(2, "big")
        plain = b"".join((bytes([head]), self.before, recipient, later, self.behind))
        mark, key = self.settings.signing
        if self.purpose is not TokenPurpose.BOUNCE:
            return _base64(mark + key.seal(plain))
        check_count = _check_count(len(plain))
        if check_count < CHECK_BYTES_MIN:
            return None
        return _base32(mark + key.seal_block(plain + bytes(check_count)))


def make_token(settings: LinkSettings, claims: TokenClaims) -> str:
    """Return the token for *claims*: the same for the same claims and secret, on every machine.

    Raises:
        ValueError: the claims are of a bounce, and the ids do not fit into an address.

    >>> settings = LinkSettings(base_url="https://shop.example/m", keys={"k1": bytes(range(32))})
    >>> claims = TokenClaims(purpose="unsubscribe", merchant_id="flora", campaign_id="spring", recipient_id="r1")
    >>> token = make_token(settings, claims)
    >>> len(token), read_token(settings, token, purpose="unsubscribe") == claims
    (42, True)
    """
    form = TokenForm.of(
        settings,
        claims.purpose,
        merchant_id=claims.merchant_id,
        campaign_id=claims.campaign_id,
        target=claims.target,
    )
    token = form.fill(claims.recipient_id, claims.generation)
    if token is None:
        raise ValueError("these ids are too long for a bounce address")
    return token


def read_token(settings: LinkSettings, text: str, *, purpose: TokenPurpose | str) -> TokenClaims | Rejection:
    """Return what *text* says, if we made it for *purpose*; else why it is refused.

    Codes: ``token_malformed`` (no token at all), ``token_unknown_key`` (of a secret that is not among ours),
    ``token_forged`` (changed, cut, or made by somebody else), ``token_wrong_purpose`` (ours, for something else).
    Whether merchant, campaign and recipient exist is for the caller to ask.
    """
    wanted = TokenPurpose(purpose)
    is_bounce = wanted is TokenPurpose.BOUNCE
    raw = _bounce_bytes(text) if is_bounce else _url_bytes(text)
    if raw is None or len(raw) <= (BLOCK_BYTES_MIN if is_bounce else TAG_BYTES):
        return _refused(RejectionCode.TOKEN_MALFORMED, text)
    key = settings.sealing_keys.get(raw[:1])
    if key is None:
        return _refused(RejectionCode.TOKEN_UNKNOWN_KEY, text)
    claims = _claims_in_block(key.open_block(raw[1:])) if is_bounce else _claims_in(key.open(raw[1:]))
    if claims is None:
        return _refused(RejectionCode.TOKEN_FORGED, text)
    return claims if claims.purpose is wanted else _refused(RejectionCode.TOKEN_WRONG_PURPOSE, text)


_SENTENCES = {
    RejectionCode.TOKEN_MALFORMED: "this link is incomplete or was changed on its way",
    RejectionCode.TOKEN_UNKNOWN_KEY: "this link is too old, or was not made here",
    RejectionCode.TOKEN_FORGED: "this link was changed, or was not made here",
    RejectionCode.TOKEN_WRONG_PURPOSE: "this link was made for something else",
}


def _refused(code: RejectionCode, text: object) -> Rejection:
    return Rejection(code=code, field="token", message=_SENTENCES[code], value=shorten(text))


def _packed(identifier: str) -> tuple[int, bytes]:
    """Return an id as bytes, and which of four forms that is: any text, hexadecimal, the same behind "key", a UUID."""
    length = len(identifier)
    if length == 32:
        raw = _from_hex(identifier)
        if raw is not None:
            return 1, raw
    elif length == 35 and identifier.startswith("key"):
        raw = _from_hex(identifier[3:])
        if raw is not None:
            return 2, raw
    elif length == 36 and all(identifier[place] == "-" for place in _UUID_DASHES):
        raw = _from_hex(identifier.replace("-", ""))
        if raw is not None and _uuid(raw) == identifier:
            return 3, raw
    octets = identifier.encode()
    return 0, bytes([len(octets)]) + octets


def _from_hex(digits: str) -> bytes | None:
    try:
        raw = bytes.fromhex(digits)
    except ValueError:
        return None
    return raw if raw.hex() == digits else None  # not in capitals, not with blanks between


def _uuid(raw: bytes) -> str:
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _unpacked(kind: int, block: bytes, start: int) -> tuple[str, int]:
    """Return the id at *start*, and where it ends.

    Raises:
        ValueError: there is none.
    """
    if kind == 0:
        start += 1
        end = start + block[start - 1]
        return block[start:end].decode(), end
    raw = block[start : start + 16]
    return (raw.hex(), f"key{raw.hex()}", _uuid(raw))[kind - 1], start + 16


def _check_count(used: int) -> int:
    """Return how many zeros stand behind *used* bytes of a bounce address: as many as there is room for."""
    return min(CHECK_BYTES_MAX, BOUNCE_BYTES_MAX - 1 - used)


def _claims_in(plain: bytes | None) -> TokenClaims | None:
    """Return what opened bytes say; None where nothing was sealed."""
    if plain is None:
        return None
    try:
        claims, end = _parsed(plain)
    except (ValueError, IndexError):  # sealed by a release that put it otherwise
        return None
    return claims if end == len(plain) and claims.purpose is not TokenPurpose.BOUNCE else None


def _claims_in_block(block: bytes) -> TokenClaims | None:
    """Return what an opened block says; None where it is noise."""
    if not hmac.compare_digest(block[-CHECK_BYTES_MIN:], bytes(CHECK_BYTES_MIN)):
        return None
    try:
        claims, end = _parsed(block)
    except (ValueError, IndexError):  # noise that ends in zeros by chance
        return None
    is_whole = claims.purpose is TokenPurpose.BOUNCE and len(block) - end == _check_count(end)
    return claims if is_whole and hmac.compare_digest(block[end:], bytes(len(block) - end)) else None


def _parsed(block: bytes) -> tuple[TokenClaims, int]:
    head = block[0]
    purpose = _PURPOSES[head & 3]
    merchant_id, end = _unpacked(head >> 2 & 3, block, 1)
    campaign_id = ""
    if purpose is not TokenPurpose.BOUNCE:
        campaign_id, end = _unpacked(block[end] & 3, block, end + 1)
    recipient_id, end = _unpacked(head >> 4 & 3, block, end)
    generation = (head >> 6) + 1
    if generation == 4:
        generation, end = int.from_bytes(block[end : end + 2], "big"), end + 2
    target = None
    if purpose is TokenPurpose.CLICK:
        target, end = int.from_bytes(block[end : end + 2], "big"), end + 2
    claims = TokenClaims(
        purpose=purpose,
        merchant_id=merchant_id,
        campaign_id=campaign_id,
        recipient_id=recipient_id,
        generation=generation,
        target=target,
    )
    return claims, end


def _url_bytes(text: str) -> bytes | None:
    """Return what base64 stands for, if it is written as we write it."""
    if not isinstance(text, str) or len(text) > TOKEN_CHARACTERS_MAX or not _URL_TOKEN.fullmatch(text):
        return None
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except Error:
        return None
    return raw if _base64(raw) == text else None


def _bounce_bytes(text: str) -> bytes | None:
    """Return what base32 in any case stands for, if it is written as we write it."""
    if not isinstance(text, str) or len(text) > BOUNCE_CHARACTERS_MAX or not text.isascii():
        return None
    text = text.lower()
    if not _BOUNCE_TOKEN.fullmatch(text):
        return None
    try:
        raw = b32decode(text.upper() + "=" * (-len(text) % 8))
    except Error:
        return None
    return raw if _base32(raw) == text else None


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _base64(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).rstrip(b"=").translate(_URL_SAFE).decode()


_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [one + other for one in _LETTERS for other in _LETTERS]


def _base32(raw: bytes) -> str:
    """Return base32 in lower case without padding; equal to the standard library's, which takes twice as long."""
    digit_count = (len(raw) * 8 + 4) // 5
    pair_count = (digit_count + 1) // 2
    number = int.from_bytes(raw, "big") << (pair_count * 10 - len(raw) * 8)
    digits = "".join([_PAIRS[number >> shift & 1023] for shift in range(pair_count * 10 - 10, -1, -10)])
    return digits[:digit_count]

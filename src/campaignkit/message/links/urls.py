"""URLs and return paths: claims in, what stands in a mail out. Pure.

Sources: RFC 8058 (one-click unsubscribing), RFC 5321, 4.5.3.1.1 (64 octets before the @).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, shorten
from campaignkit.message.links.settings import LinkSettings
from campaignkit.message.links.tokens import TokenClaims, TokenForm, TokenPurpose, make_token, read_token
from campaignkit.message.templates import Placeholder

__all__ = [
    "LINK_NAMESPACE",
    "CampaignLinks",
    "bounce_address",
    "click_url",
    "link_names",
    "open_url",
    "read_bounce_address",
    "target_of_name",
    "unsubscribe_url",
]

LINK_NAMESPACE = "link"  # {{ link.unsubscribe }}, {{ link.open }}, {{ link.click_3 }}
BOUNCE_MAILBOX = "b"
ADDRESS_CHARACTERS_MAX = 254  # RFC 5321 by way of its erratum 1690
_FOLDERS = {TokenPurpose.UNSUBSCRIBE: "u", TokenPurpose.CLICK: "c", TokenPurpose.OPEN: "o"}
_CLICK_NAME = re.compile(r"click_([1-9][0-9]{0,4})")
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_BOUNCE_PATH = re.compile(r"<?[A-Za-z0-9]{1,2}\+([A-Za-z2-7]{1,62})@[^@\s<>]{1,253}>?")


def unsubscribe_url(settings: LinkSettings, claims: TokenClaims) -> str:
    """Return the URL for ``List-Unsubscribe`` and for the link in the text.

    A GET shows a page that asks; only a POST unsubscribes.

    Raises:
        ValueError: the claims are for something else.
    """
    return _url(settings, claims, TokenPurpose.UNSUBSCRIBE)


def click_url(settings: LinkSettings, claims: TokenClaims) -> str:
    """Return the URL that leads to the stored link number ``claims.target``; raises as ``unsubscribe_url``."""
    return _url(settings, claims, TokenPurpose.CLICK)


def open_url(settings: LinkSettings, claims: TokenClaims) -> str:
    """Return the URL of the picture that shows that a mail was opened; raises as ``unsubscribe_url``."""
    return _url(settings, claims, TokenPurpose.OPEN)


def bounce_address(settings: LinkSettings, *, domain: str, claims: TokenClaims) -> str | Rejection:
    """Return the return path by which a bounce says whose it is; a Rejection where the ids leave no room for it.

    There is always room for a recipient's id of ours together with a merchant's of 15 bytes or a UUID.

    Raises:
        ValueError: *domain* is none in ASCII, or the claims are for something else.

    >>> settings = LinkSettings(base_url="https://shop.example/m", keys={"k1": bytes(range(32))})
    >>> claims = TokenClaims(purpose="bounce", merchant_id="flora", recipient_id="r1")
    >>> bounce_address(settings, domain="bounces.shop.example", claims=claims)
    'b+niu4zqd6lq6deafjvsebr2mf5ifopau4tz2a@bounces.shop.example'
    """
    _require_purpose(claims, TokenPurpose.BOUNCE)
    _require_domain(domain)
    form = TokenForm.of(settings, TokenPurpose.BOUNCE, merchant_id=claims.merchant_id)
    token = form.fill(claims.recipient_id, claims.generation)
    if token is None:
        return Rejection(
            code=RejectionCode.TOO_LONG,
            field="bounce_address",
            message="the ids of merchant and recipient are too long for a return path of their own",
        )
    return f"{BOUNCE_MAILBOX}+{token}@{domain}"


def read_bounce_address(settings: LinkSettings, address: str) -> TokenClaims | Rejection:
    """Return whose bounce came to *address*, in any case, with angle brackets or without; else why it is refused.

    The domain is not looked at: the token alone counts. Codes as for ``read_token``.
    """
    found = _BOUNCE_PATH.fullmatch(address) if isinstance(address, str) and len(address) < 400 else None
    if found is None:
        return Rejection(
            code=RejectionCode.TOKEN_MALFORMED,
            field="token",
            message="this is no return path that was made here",
            value=shorten(address),
        )
    return read_token(settings, found[1], purpose=TokenPurpose.BOUNCE)


def link_names(placeholders: Iterable[Placeholder]) -> tuple[str, ...]:
    """Return which links a content asks for: the names in its namespace ``link``, each once."""
    return tuple(sorted({one.name for one in placeholders if one.namespace == LINK_NAMESPACE}))


def target_of_name(name: str) -> int | None:
    """Return 3 for ``click_3``; None for any other name."""
    found = _CLICK_NAME.fullmatch(name)
    return int(found[1]) if found else None


@attrs.frozen(kw_only=True)
class CampaignLinks:
    """All links of one campaign's mails; only the recipient is still open. Made once per campaign, it can be shared.

    A name that is none of ours, or of a click beyond *target_count*, is left out, so that its placeholder shows its
    default; ``check_links`` names it before.

    Args:
        names: What the content asks for, see ``link_names``.
        target_count: How many links are stored with the campaign.
        bounce_domain: Where bounces are read; without one there is no return path per recipient.

    Raises:
        ValueError: an id is empty or too long, or *bounce_domain* is none in ASCII.
    """

    settings: LinkSettings
    merchant_id: str
    campaign_id: str
    names: Collection[str] = ()
    target_count: int = 0
    bounce_domain: str | None = attrs.field(default=None)

    def __attrs_post_init__(self) -> None:
        TokenClaims(
            purpose=TokenPurpose.OPEN,
            merchant_id=self.merchant_id,
            campaign_id=self.campaign_id,
            recipient_id="anybody",
        )
        if self.bounce_domain is not None:
            _require_domain(self.bounce_domain)

    def unsubscribe_url(self, recipient_id: str, generation: int = 1) -> str:
        """Return the URL for one recipient's ``List-Unsubscribe``."""
        start, form = self._unsubscribe
        return f"{start}{form.fill(recipient_id, generation)}"

    def bounce_address(self, recipient_id: str, generation: int = 1) -> str | None:
        """Return one recipient's return path; None without a domain for it, or where the ids are too long."""
        if self._bounce is None:
            return None
        token = self._bounce.fill(recipient_id, generation)
        return None if token is None else f"{BOUNCE_MAILBOX}+{token}@{self.bounce_domain}"

    def values(self, recipient_id: str, generation: int = 1) -> Mapping[str, str]:
        """Return the URL of each name, for the namespace ``link`` of one recipient's placeholders."""
        return {name: f"{start}{form.fill(recipient_id, generation)}" for name, start, form in self._named}

    @cached_property
    def _unsubscribe(self) -> tuple[str, TokenForm]:
        return self._form(TokenPurpose.UNSUBSCRIBE)

    @cached_property
    def _bounce(self) -> TokenForm | None:
        if self.bounce_domain is None:
            return None
        return TokenForm.of(self.settings, TokenPurpose.BOUNCE, merchant_id=self.merchant_id)

    @cached_property
    def _named(self) -> tuple[tuple[str, str, TokenForm], ...]:
        named = []
        for name in self.names:
            target = target_of_name(name)
            if target is not None and target <= self.target_count:
                named.append((name, *self._form(TokenPurpose.CLICK, target)))
            elif name in {"unsubscribe", "open"}:
                named.append((name, *self._form(TokenPurpose(name))))
        return tuple(named)

    def _form(self, purpose: TokenPurpose, target: int | None = None) -> tuple[str, TokenForm]:
        """Return how such a URL begins, and the form of its token."""
        form = TokenForm.of(
            self.settings, purpose, merchant_id=self.merchant_id, campaign_id=self.campaign_id, target=target
        )
        return _start(self.settings, purpose), form


def _start(settings: LinkSettings, purpose: TokenPurpose) -> str:
    return f"{settings.base_url}/{_FOLDERS[purpose]}/"


def _url(settings: LinkSettings, claims: TokenClaims, purpose: TokenPurpose) -> str:
    _require_purpose(claims, purpose)
    return f"{_start(settings, purpose)}{make_token(settings, claims)}"


def _require_purpose(claims: TokenClaims, purpose: TokenPurpose) -> None:
    if claims.purpose is not purpose:
        raise ValueError(f"these claims are for {claims.purpose}, not for {purpose}")


def _require_domain(domain: str) -> None:
    if len(domain) > ADDRESS_CHARACTERS_MAX - 65 or not _DOMAIN.fullmatch(domain):
        raise ValueError("the domain for bounces must be like bounces.shop.example: lower case, ASCII")

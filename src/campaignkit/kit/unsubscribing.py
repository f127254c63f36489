"""Unsubscribing by a link: a token in, what it did out."""

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, shorten
from campaignkit.campaign.recipients import Intake
from campaignkit.message.links.settings import LinkSettings
from campaignkit.message.links.tokens import TokenPurpose, read_token
from campaignkit.ports import Store

__all__ = ["Unsubscribed", "unsubscribe"]


@attrs.frozen(kw_only=True)
class Unsubscribed:
    """A recipient's address is on its merchant's list of those who get nothing more."""

    merchant_id: str
    campaign_id: str
    recipient_id: str
    is_new: bool  # False: it was there before


def unsubscribe(store: Store, settings: LinkSettings, token: str) -> Unsubscribed | Rejection:
    """Suppress the address of the recipient whom *token* names, and return what that did."""
    claims = read_token(settings, token, purpose=TokenPurpose.UNSUBSCRIBE)
    if isinstance(claims, Rejection):
        return claims
    trail = store.trail(claims.merchant_id, claims.recipient_id)
    if trail is None or trail.recipient.campaign_id != claims.campaign_id or not trail.recipient.address_key:
        return _not_found(token)
    if trail.recipient.intake is not Intake.RECIPIENT:
        return _not_found(token)
    added = store.suppress(claims.merchant_id, [trail.recipient.address_key], reason="unsubscribed")
    return Unsubscribed(
        merchant_id=claims.merchant_id,
        campaign_id=claims.campaign_id,
        recipient_id=claims.recipient_id,
        is_new=added > 0,
    )


def _not_found(token: str) -> Rejection:
    return Rejection(
        code=RejectionCode.TOKEN_NOT_FOUND,
        field="token",
        message="this link belongs to nobody here any more",
        value=shorten(token),
    )

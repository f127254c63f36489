"""A message ready for a transport: bytes or text, and one address. Pure."""

import attrs

from campaignkit.addresses.channel import Channel, mask

__all__ = ["OutboundEmail", "OutboundMessage", "OutboundText"]


@attrs.frozen(kw_only=True)
class OutboundEmail:
    """One mail to one recipient. *content* is the whole message, CRLF line ends, not dot-stuffed."""

    message_id: str  # ours, stable per recipient and generation; not the header
    envelope_from: str = attrs.field(repr=mask)
    envelope_to: str = attrs.field(repr=mask)
    content: bytes = attrs.field(repr=lambda content: f"<{len(content)} bytes>")

    @property
    def channel(self) -> Channel:
        return Channel.EMAIL


@attrs.frozen(kw_only=True)
class OutboundText:
    """One SMS to one recipient."""

    message_id: str
    sender: str
    to: str = attrs.field(repr=mask)  # E.164
    text: str = attrs.field(repr=lambda text: f"<{len(text)} characters>")
    parts: int = 1  # billable parts

    @property
    def channel(self) -> Channel:
        return Channel.SMS


OutboundMessage = OutboundEmail | OutboundText

"""What a host writes for a sender in, a Sender out. Pure."""

from datetime import datetime
from email.utils import parseaddr

from campaignkit.addresses.channel import Channel, Rejection
from campaignkit.addresses.email import parse_email
from campaignkit.campaign.senders import Sender
from campaignkit.errors import InvalidAddress
from campaignkit.message.sms import check_sender_id

__all__ = ["sender_from"]


def sender_from(
    merchant_id: str, sender_id: str, *, address: str, account: str, channel: Channel, now: datetime
) -> Sender:
    """Return the sender that *address* describes: ``Flora <hello@flora.example>``, or an SMS sender id or number.

    Raises:
        InvalidAddress: it is none.
    """
    if channel is Channel.SMS:
        display_name, plain = "", _sms_sender(address)
    else:
        display_name, plain = _email_sender(address)
    return Sender(
        merchant_id=merchant_id,
        sender_id=sender_id,
        channel=channel.value,
        display_name=display_name,
        address=plain,
        account=account,
        created_at=now,
    )


def _email_sender(address: str) -> tuple[str, str]:
    display_name, plain = parseaddr(address)
    parsed = parse_email(plain)
    if isinstance(parsed, Rejection):
        raise InvalidAddress("sender address", str(parsed.code), parsed.message)
    return display_name, parsed.address


def _sms_sender(address: str) -> str:
    refused = check_sender_id(address.strip())
    if refused is not None:
        raise InvalidAddress("sender address", str(refused.code), refused.message)
    return address.strip()

"""What a host writes for a sender in, a Sender out. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import parseaddr

from campaignkit.addresses.channel import Channel, Rejection
from campaignkit.addresses.email import parse_email
from campaignkit.campaign.senders import Sender
from campaignkit.errors import InvalidAddress
from campaignkit.message.sms import check_sender_id
from campaignkit.timing.limits import OTHER_DESTINATIONS, Interval, Limit, LimitRule

__all__ = ["limit_rules", "sender_from"]


def sender_from(
    merchant_id: str,
    sender_id: str,
    *,
    address: str,
    account: str,
    channel: Channel,
    reply_to: str,
    limits: Iterable[LimitRule] | None,
    destination_limits: Mapping[str, Iterable[LimitRule]],
    now: datetime,
) -> Sender:
    """Return the sender that *address* describes: ``Flora <hello@flora.example>``, or an SMS sender id or number.

    Raises:
        InvalidAddress: it is none.
        TypeError: a limit is none.
        ValueError: a sender of mail has limits towards all other destinations, of which there are too many.
    """
    if channel is Channel.EMAIL and OTHER_DESTINATIONS in destination_limits:
        raise ValueError("limits of mail are for the domains that are named; * is for countries, that is for texts")
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
        reply_to=_email_sender(reply_to)[1] if reply_to else "",
        limits=None if limits is None else limit_rules(limits),
        destination_limits={group: limit_rules(rules) for group, rules in destination_limits.items()},
        created_at=now,
    )


def limit_rules(rules: Iterable[LimitRule]) -> tuple[LimitRule, ...]:
    """Return *rules* as they are stored.

    Raises:
        TypeError: one of them is neither a Limit nor an Interval.
    """
    kept = tuple(rules)
    for rule in kept:
        if not isinstance(rule, Limit | Interval):
            raise TypeError(f"limits are made of Limit and Interval, not of {type(rule).__name__}")
    return kept


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

"""What a shopkeeper reads for a provider's code: a code and a channel in, one sentence out. Pure."""

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.http_replies import SMS_SENTENCES
from campaignkit.delivery.replies import SENTENCES

__all__ = ["describe_code"]

_BY_CHANNEL = {Channel.EMAIL: {**SMS_SENTENCES, **SENTENCES}, Channel.SMS: {**SENTENCES, **SMS_SENTENCES}}


def describe_code(code: str, channel: Channel = Channel.EMAIL) -> str:
    """Return the sentence for *code*; one that is unknown, a host's own, stands for itself.

    >>> describe_code("connect_failed", Channel.SMS)
    'The text gateway could not be reached.'
    """
    return _BY_CHANNEL[channel].get(code, code)

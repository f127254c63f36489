"""What shopkeepers read: a stable code in, one sentence out. Pure."""

from collections.abc import Mapping

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.http_replies import SMS_SENTENCES
from campaignkit.delivery.replies import SENTENCES

__all__ = ["FAILURES", "describe_code", "describe_failure"]

_BY_CHANNEL = {Channel.EMAIL: {**SMS_SENTENCES, **SENTENCES}, Channel.SMS: {**SENTENCES, **SMS_SENTENCES}}

# Why a campaign stopped by itself, besides what a provider's own code says, and what to do.
FAILURES: Mapping[str, str] = {
    "content_refused": "Mail hosts refuse what the message says; change it and resume.",
    "host_unreachable": "The provider could not be reached, or took nothing, for about three days; "
    "see whether its address and account are right, and resume.",
    "no_price_table": "No list of prices is in force, so nobody knows what a text costs; add one and resume.",
    "no_window": "The send window never opens again; change it and resume.",
    "policy_refused": "Five mail hosts in a row refuse this sender by policy; its domain or its server may be on a "
    "block list, or not prove its mail (SPF, DKIM, DMARC). Mend it and resume.",
    "sender_refused": "The provider refuses to send for this sender; correct its address or account and resume.",
    "supplier_missing": "What supplies the recipients' own values is not configured here; configure it and resume.",
    "transport_broken": "The transport broke the rules of its port and was stopped; mend it and resume.",
    "transport_missing": "No transport is configured for this sender's account; configure it and resume.",
}


def describe_code(code: str, channel: Channel = Channel.EMAIL) -> str:
    """Return the sentence for *code*; one that is unknown, a host's own, stands for itself.

    >>> describe_code("connect_failed", Channel.SMS)
    'The text gateway could not be reached.'
    """
    return _BY_CHANNEL[channel].get(code, code)


def describe_failure(code: str, channel: Channel = Channel.EMAIL) -> str:
    """Return why a campaign stopped with *code*, and that nobody was lost.

    >>> describe_failure("auth_refused")
    'The mail account refused the user name or password. Mend it and resume; nobody was lost.'
    """
    if code in FAILURES:
        return f"{FAILURES[code].rstrip('.')}; nobody was lost."
    return f"{describe_code(code, channel).rstrip('.')}. Mend it and resume; nobody was lost."

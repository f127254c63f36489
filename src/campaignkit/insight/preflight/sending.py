"""Checks of how and when it is sent: sender, limits, schedule. Pure."""

from collections.abc import Iterable
from datetime import datetime

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import CampaignKind
from campaignkit.campaign.doubts import DoubtPolicy
from campaignkit.insight.preflight.findings import SAMPLES_MAX, Finding, Known, blocker, counted, warning
from campaignkit.timing.limits import DOMAIN_GROUPS, Limit
from campaignkit.timing.windows import NoWindow

__all__ = ["check_bounce_route", "check_destinations", "check_doubts", "check_limits", "check_schedule", "check_sender"]


def check_sender(known: Known) -> Iterable[Finding]:
    """The campaign's sender exists and writes by its channel."""
    if known.sender is None:
        yield blocker(
            "no_sender",
            "The campaign names a sender that is not configured.",
            "Configure the sender with add_sender, or choose another one.",
        )
    elif known.sender.channel != known.campaign.channel:
        yield blocker(
            "sender_channel",
            f"The sender sends {known.sender.channel}, the campaign {known.campaign.channel}.",
            "Choose a sender of the campaign's own channel.",
        )


def check_limits(known: Known) -> Iterable[Finding]:
    """What the provider lets the sender send is known, and the sender is made for more than letters."""
    sender = known.sender
    if sender is None:
        return
    if sender.limits is None:
        yield warning(
            "limits_unknown",
            "Nobody said how much this sender's provider lets it send.",
            "Ask the provider and give add_sender its limits, or an empty list if there are none.",
        )
    is_free = known.campaign.channel is Channel.EMAIL and sender.address.rpartition("@")[2].lower() in DOMAIN_GROUPS
    if is_free and known.campaign.kind is CampaignKind.MARKETING:
        yield warning(
            "free_mailbox_sender",
            "The sender is a free mailbox: it may send few messages a day, and much of them lands in spam.",
            "Send from an address of the shop's own domain.",
        )


def check_destinations(known: Known) -> Iterable[Finding]:
    """Countries that get more texts than their cap lets go at once are named."""
    sender = known.sender
    if sender is None:
        return
    capped = [
        (count, f"{group}: {counted(count, 'recipient', 'recipients')}, {rule.sentence}")
        for group, count in sorted(known.destinations.items(), key=lambda one: (-one[1], one[0]))
        for rule in sender.limits_towards(group)
        if isinstance(rule, Limit) and rule.count < count
    ]
    if capped:
        yield warning(
            "country_capped",
            "Texts to some countries go out slowly, as this sender's caps have it.",
            "Nothing need be done; a forecast says until when. Or raise the caps with add_sender.",
            count=sum(count for count, _ in capped),
            samples=tuple(sample for _, sample in capped[:SAMPLES_MAX]),
        )


def check_bounce_route(known: Known) -> Iterable[Finding]:
    """Each mail has a return path that says whose bounce comes back."""
    if known.campaign.channel is Channel.EMAIL and not known.has_bounce_route:
        yield warning(
            "no_bounce_route",
            "Bounces go to the sender's own mailbox, where nobody counts them: dead addresses are written to again.",
            "Give the kit links=LinkSettings(…) and mail=MailSettings(bounce_domain=…), and merchants ids of 15 bytes "
            "at most, or UUIDs.",
        )


def check_doubts(known: Known) -> Iterable[Finding]:
    """What is to be sent again when in doubt goes to a provider that knows it again."""
    if known.campaign.on_doubt is DoubtPolicy.RESEND_IF_IDEMPOTENT and not known.can_repeat:
        yield warning(
            "not_idempotent",
            "Messages in doubt are to be sent again, but this sender's provider might take a message twice.",
            "They are held, as without the policy. Send through a provider that takes idempotency keys, or choose "
            "another on_doubt.",
        )


def check_schedule(known: Known) -> Iterable[Finding]:
    """There is a moment, before the deadline, at which the campaign may send."""
    opens_at: datetime | NoWindow = known.start_at
    if known.campaign.window is not None:
        opens_at = known.campaign.window.next_open(known.start_at, (known.zone,))
    if isinstance(opens_at, NoWindow):
        yield blocker("no_window", opens_at.message, "Change the days, hours or holidays of the send window.")
    elif known.deadline is not None and known.deadline <= opens_at:
        yield blocker(
            "deadline_too_early",
            "The deadline is past before the campaign may begin.",
            "Choose a later deadline, an earlier start, or a wider window.",
        )

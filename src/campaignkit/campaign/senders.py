"""Who a message comes from, under which limits, and what was learned about it while sending. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs

from campaignkit.campaign.retry_budget import RetryBudget
from campaignkit.timing.limits import (
    OTHER_DESTINATIONS,
    LearnedRate,
    LimitRule,
    LimitScope,
    destination_scope,
    sender_scope,
)

__all__ = [
    "SETBACKS_MAX",
    "ContentRefusal",
    "GroupHealth",
    "Sender",
    "SenderHealth",
    "after_setback",
    "after_success",
    "group_after_setback",
    "mended",
    "refused",
    "slowed",
]


@attrs.frozen(kw_only=True)
class Sender:
    """A configured account from which a merchant's campaigns go out."""

    merchant_id: str
    sender_id: str
    channel: str = "email"
    display_name: str = ""
    address: str = attrs.field(repr=False)  # an email address, or an SMS sender id
    account: str = ""  # which of the kit's transports carries it
    reply_to: str = attrs.field(default="", repr=False)  # an email address; empty: the sender's own
    limits: tuple[LimitRule, ...] | None = None  # None: nobody said; (): there are none
    # By destination group; those of OTHER_DESTINATIONS hold for each group that is not named, by itself.
    destination_limits: Mapping[str, tuple[LimitRule, ...]] = attrs.field(factory=dict)
    created_at: datetime

    @property
    def limit_scopes(self) -> tuple[LimitScope, ...]:
        """The limits that everything of this sender is counted under."""
        return (LimitScope(sender_scope(self.merchant_id, self.sender_id), self.limits),) if self.limits else ()

    def limits_towards(self, group: str) -> tuple[LimitRule, ...]:
        """Return the limits of this sender towards one destination group."""
        others = self.destination_limits.get(OTHER_DESTINATIONS, ())
        return self.destination_limits.get(group, others)


@attrs.frozen(kw_only=True)
class GroupHealth:
    """What was learned about a sender towards one destination group: mail domains of one provider, or a country."""

    blocked_until: datetime | None = None  # UTC; the provider asked for patience: nothing to that group begins before
    setbacks: int = 0  # in a row; one success towards the group clears them
    code: str = ""  # of the last setback
    reply: str = ""
    rate: LearnedRate | None = None  # None: it was never throttled
    probed_until: datetime | None = None  # one message asks it again; the others wait for the answer, or until then

    def wants_probe(self, now: datetime) -> bool:
        """Return whether its block is over, and nothing has shown yet that it takes mail."""
        return self.setbacks > 0 and not _is_ahead(self.blocked_until, now)

    def is_probed(self, now: datetime) -> bool:
        return _is_ahead(self.probed_until, now)


@attrs.frozen(kw_only=True)
class ContentRefusal:
    """One refusal of what a message says."""

    shape: str  # the reply without what differs from mail to mail
    age: int = 0  # messages with that content that were answered since
    at: datetime


@attrs.frozen(kw_only=True)
class SenderHealth:
    """What was learned about a sender while sending, by all workers together; it survives restarts."""

    blocked_until: datetime | None = None  # UTC; its host asked for patience or did not answer: nothing begins before
    setbacks: int = 0  # in a row; one success clears them
    code: str = ""  # of the last setback
    reply: str = ""
    rate: LearnedRate | None = None  # None: it was never throttled
    groups: Mapping[str, GroupHealth] = attrs.field(factory=dict)  # by destination group
    is_on_trial: bool = False  # refused, or mended by somebody: one message goes before the others
    probed_until: datetime | None = None  # that one is under way; the others wait for the answer, or until then
    policy_domains: tuple[str, ...] = ()  # those that refused by policy, in a row; one success clears them
    content_refusals: Mapping[str, tuple[ContentRefusal, ...]] = attrs.field(factory=dict)  # by content id
    doubt_count: int = 0  # messages in doubt in a row
    retries: RetryBudget = attrs.field(factory=RetryBudget)

    def wants_probe(self, now: datetime) -> bool:
        """Return whether nothing blocks it any more, and nothing has shown yet that it is well."""
        return (self.is_on_trial or self.setbacks > 0) and not _is_ahead(self.blocked_until, now)

    def is_probed(self, now: datetime) -> bool:
        return _is_ahead(self.probed_until, now)

    def learned_scopes(self, sender: Sender, group: str, now: datetime) -> tuple[LimitScope, ...]:
        """Return the limits that its provider's replies taught, for a message to *group*: none, while nothing slows."""
        towards = self.groups.get(group)
        rates = (
            (sender_scope(sender.merchant_id, sender.sender_id), self.rate),
            (destination_scope(sender.merchant_id, sender.sender_id, group), towards.rate if towards else None),
        )
        rules = [(key, rate.interval_at(now)) for key, rate in rates if rate is not None]
        return tuple(LimitScope(key, (rule,)) for key, rule in rules if rule is not None)


# 1, 2, 4 … 30 minutes (shared design of the dispatch protocol, section 3, reply table, 421).
FIRST_BACK_OFF = timedelta(minutes=1)
LONGEST_BACK_OFF = timedelta(minutes=30)
SETBACKS_MAX = 150  # in a row: about three days, after which somebody must look


# What a rate begins from where no limit of an hour or less tells: it may recover to so many times what was measured.
CEILING_FACTOR = 10
RATE_MAX = 3_600_000.0  # messages an hour, which no provider of ours comes near


def after_setback(
    health: SenderHealth,
    *,
    now: datetime,
    code: str,
    reply: str,
    retry_after: timedelta | None,
    jitter: float,
) -> SenderHealth:
    """Return *health* after its host refused to take mail for now.

    Args:
        jitter: From 0 to 1; stretches the wait by up to a tenth, so that many workers do not return at once.
    """
    return attrs.evolve(
        health,
        blocked_until=now + _wait(health.setbacks, retry_after, jitter),
        setbacks=health.setbacks + 1,
        code=code,
        reply=reply,
        probed_until=None,
    )


def group_after_setback(
    health: GroupHealth,
    *,
    now: datetime,
    code: str,
    reply: str,
    retry_after: timedelta | None,
    jitter: float,
    rate: LearnedRate,
) -> GroupHealth:
    """Return *health* after a provider asked the sender to write to it more slowly; arguments as before.

    Args:
        rate: As it is after that reply.
    """
    return GroupHealth(
        blocked_until=now + _wait(health.setbacks, retry_after, jitter),
        setbacks=health.setbacks + 1,
        code=code,
        reply=reply,
        rate=rate,
    )


def after_success(health: SenderHealth) -> SenderHealth:
    """Return *health* after a message was accepted. What it learned about rates stays, and recovers with time."""
    return attrs.evolve(health, blocked_until=None, setbacks=0, code="", reply="", is_on_trial=False, probed_until=None)


def refused(health: SenderHealth, *, code: str, reply: str) -> SenderHealth:
    """Return *health* after its provider refused the sender itself: somebody must mend it, waiting does not help."""
    return attrs.evolve(health, code=code, reply=reply, is_on_trial=True, probed_until=None)


def mended(health: SenderHealth, content_id: str) -> SenderHealth:
    """Return *health* after somebody resumed a campaign that had failed: nothing blocks it, and one message goes first.

    What it learned about rates and about destination groups stays.
    """
    others = {other: refusals for other, refusals in health.content_refusals.items() if other != content_id}
    cleared = attrs.evolve(after_success(health), policy_domains=(), content_refusals=others, doubt_count=0)
    return attrs.evolve(cleared, is_on_trial=True)


def slowed(rate: LearnedRate | None, now: datetime, *, measured: float, allowed: float | None) -> LearnedRate:
    """Return *rate* after a throttle reply; the first one starts from what was sent in that moment.

    Args:
        measured: Messages an hour of the batch that was throttled.
        allowed: Messages an hour that known limits of an hour or less let through; None: there are none.
    """
    if rate is None:
        per_hour = min(max(measured, 1.0), allowed or RATE_MAX, RATE_MAX)
        ceiling = max(allowed or min(per_hour * CEILING_FACTOR, RATE_MAX), per_hour)
        rate = attrs.evolve(LearnedRate.starting(per_hour), ceiling=ceiling)
    return rate.throttled(now)


def _is_ahead(at: datetime | None, now: datetime) -> bool:
    return at is not None and at > now


def _wait(setbacks: int, retry_after: timedelta | None, jitter: float) -> timedelta:
    wait: timedelta = min(FIRST_BACK_OFF * 2 ** min(setbacks, 10), LONGEST_BACK_OFF)
    return max(wait * (1 + jitter / 10), retry_after or timedelta(0))

"""Under which limits the messages of one batch stand: what is stored of them in, scopes for each message out. Pure."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cached_property

import attrs

from campaignkit.campaign.campaign import Campaign, CampaignKind, MerchantSettings
from campaignkit.campaign.digests import message_digest
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.senders import Sender, SenderHealth
from campaignkit.timing.limits import (
    FrequencyCap,
    Interval,
    LimitRule,
    LimitScope,
    destination_group,
    destination_scope,
)

__all__ = ["Block", "Limiting", "shared_scopes"]


def shared_scopes(sender: Sender, settings: MerchantSettings) -> tuple[LimitScope, ...]:
    """Return the limits under which all campaigns of a sender stand, wherever their messages go."""
    return (*sender.limit_scopes, *settings.limit_scopes)


# While one message asks a provider again, how long those to the same one wait.
PROBE_WAIT = timedelta(minutes=1)


@attrs.frozen
class Block:
    """What keeps everything to one destination group back."""

    until: datetime
    code: str


@attrs.frozen(kw_only=True)
class Limiting:
    """The limits of one batch."""

    campaign: Campaign
    sender: Sender
    settings: MerchantSettings
    health: SenderHealth
    now: datetime
    random: Callable[[], float]  # from 0 to 1
    probed_groups: frozenset[str] = frozenset()  # that this worker asks again, with one message each
    _scopes: dict[str, tuple[LimitScope, ...]] = attrs.field(factory=dict, init=False)  # by group
    _asked: set[str] = attrs.field(factory=set, init=False)  # of the probed groups, those that have their message

    @cached_property
    def message_digest(self) -> str:
        """What all messages of the batch are made of, and who carries them."""
        return message_digest(self.campaign, self.sender)

    @property
    def cap(self) -> FrequencyCap | None:
        """The cap on what one person gets; marketing only."""
        return self.settings.frequency_cap if self.campaign.kind is CampaignKind.MARKETING else None

    @property
    def is_slowed(self) -> bool:
        """Return whether its provider's replies slow the sender itself."""
        return self.health.rate is not None and self.health.rate.is_slowed(self.now)

    @cached_property
    def _is_by_group(self) -> bool:
        return bool(self.sender.destination_limits or self.health.groups)

    def group_of(self, recipient: CampaignRecipient) -> str:
        """Return the destination group of a recipient; empty where no limit asks for it."""
        return destination_group(recipient.channel, recipient.address) if self._is_by_group else ""

    def groups_to_probe(self, recipients: Iterable[CampaignRecipient]) -> set[str]:
        """Return the groups of *recipients* whose block is over, and of which nothing shows yet that they are well."""
        groups = {self.group_of(recipient) for recipient in recipients}
        return {
            name for name in groups if name in self.health.groups and self.health.groups[name].wants_probe(self.now)
        }

    def block_of(self, group: str) -> Block | None:
        """Return what keeps the next message to *group* back, or None: then it may go, and counts as asked."""
        health = self.health.groups.get(group)
        if health is None:
            return None
        if health.blocked_until is not None and health.blocked_until > self.now:
            return Block(until=health.blocked_until, code=health.code)
        if not health.wants_probe(self.now):
            return None
        if group not in self.probed_groups or group in self._asked:
            return Block(until=self.now + PROBE_WAIT, code=health.code)
        self._asked.add(group)
        return None

    @cached_property
    def retries_left(self) -> int:
        """How many of those who were put off before may be tried in this batch."""
        return self.health.retries.left_at(self.now)

    def scopes_of(self, group: str) -> tuple[LimitScope, ...]:
        """Return the scopes of a message to *group*, each named once."""
        found = self._scopes.get(group)
        if found is None:
            found = self._scopes[group] = self._joined(group)
        return found

    def _joined(self, group: str) -> tuple[LimitScope, ...]:
        by_key: dict[str, tuple[LimitRule, ...]] = {}
        towards = self.sender.limits_towards(group)
        key = destination_scope(self.sender.merchant_id, self.sender.sender_id, group)
        learned = self.health.learned_scopes(self.sender, group, self.now)
        for scope in (*self.campaign.limit_scopes, LimitScope(key, towards), *learned):
            if scope.rules:
                by_key[scope.key] = by_key.get(scope.key, ()) + scope.rules
        return tuple(LimitScope(key, rules) for key, rules in by_key.items())

    def draw(self) -> float:
        """Return how much of the jitter of intervals follows the next message; nothing is drawn where there is none."""
        return self.random() if self._has_jitter else 0.0

    @cached_property
    def _has_jitter(self) -> bool:
        rules = [rule for scope in self.campaign.limit_scopes for rule in scope.rules]
        rules += [rule for some in self.sender.destination_limits.values() for rule in some]
        return any(isinstance(rule, Interval) and rule.jitter for rule in rules)

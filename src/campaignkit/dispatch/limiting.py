"""Under which limits the messages of one batch stand: what is stored of them in, scopes for each message out. Pure."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

import attrs

from campaignkit.campaign.campaign import Campaign, CampaignKind, MerchantSettings
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.senders import GroupHealth, Sender, SenderHealth
from campaignkit.timing.limits import (
    FrequencyCap,
    Interval,
    LimitRule,
    LimitScope,
    destination_group,
    destination_scope,
)

__all__ = ["Limiting", "shared_scopes"]


def shared_scopes(sender: Sender, settings: MerchantSettings) -> tuple[LimitScope, ...]:
    """Return the limits under which all campaigns of a sender stand, wherever their messages go."""
    return (*sender.limit_scopes, *settings.limit_scopes)


@attrs.frozen(kw_only=True)
class Limiting:
    """The limits of one batch."""

    campaign: Campaign
    sender: Sender
    settings: MerchantSettings
    health: SenderHealth
    now: datetime
    random: Callable[[], float]  # from 0 to 1
    _scopes: dict[str, tuple[LimitScope, ...]] = attrs.field(factory=dict, init=False)  # by group

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

    def block_of(self, group: str) -> GroupHealth | None:
        """Return what blocks everything to *group* now, or None."""
        health = self.health.groups.get(group)
        is_blocked = health is not None and health.blocked_until is not None and health.blocked_until > self.now
        return health if is_blocked else None

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

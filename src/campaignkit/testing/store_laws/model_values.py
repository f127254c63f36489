"""What the second opinion on a store is made of: quotas, campaigns, receipts and rows. Pure; see ``model``."""

from datetime import datetime, timedelta
from typing import Any

import attrs

__all__ = ["ModelCampaign", "ModelEvent", "ModelQuota", "ModelRow"]

Message = tuple[str, str, int]  # merchant, recipient, epoch


@attrs.define
class ModelQuota:
    """So many in any time of that length: every message that began, and when, for ever."""

    count: int
    length: timedelta
    counted: dict[Message, datetime] = attrs.field(factory=dict)
    given_back: set[Message] = attrs.field(factory=set)
    latest: datetime | None = None
    went_back: bool = False  # the clock, at any time
    vague_until: datetime | None = None

    def room(self, now: datetime) -> tuple[int, int]:
        """Return the least and the most that may begin at *now*.

        They are one number unless something was given back after the clock had gone back: then what was given back may
        stay counted until the window is over, never less.
        """
        at = self.at(now)
        standing = {message for message, began in self.counted.items() if began + self.length > at}
        most = self.count - len(standing - self.given_back)
        is_vague = self.vague_until is not None and at < self.vague_until
        return (max(self.count - len(standing), 0) if is_vague else most), most

    def at(self, now: datetime) -> datetime:
        """Return the instant that counts: clocks go back, limits do not."""
        return max(now, self.latest or now)

    def take(self, message: Message, now: datetime) -> None:
        """Count *message*."""
        self.latest = self.counted[message] = self.at(now)

    def give_back(self, message: Message) -> None:
        """Forget *message*, if it ever was counted."""
        if message not in self.counted or message in self.given_back:
            return
        self.given_back.add(message)
        if self.went_back and self.latest is not None:
            self.vague_until = self.latest + self.length


@attrs.define
class ModelCampaign:
    """A campaign."""

    status: str = "sending"
    version: int = 1
    revision: int = 1
    interval: timedelta | None = None
    quota: ModelQuota | None = None  # of its sender, shared with others
    deadline: datetime | None = None
    is_text: bool = False
    last_begin: datetime | None = None

    def free_at(self, now: datetime) -> datetime:
        """Return when one more may begin."""
        if self.interval is None or self.last_begin is None:
            return now
        return max(now, self.last_begin + self.interval)

    def room(self, now: datetime) -> tuple[int, int]:
        """Return the least and the most that may begin at *now*, as far as limits go."""
        least, most = (1000, 1000) if self.quota is None else self.quota.room(now)
        if self.interval is None:
            return least, most
        own = int(self.free_at(now) <= now)
        return min(least, own), min(most, own)


@attrs.frozen(kw_only=True)
class ModelEvent:
    """A receipt."""

    kind: str
    owner: str
    message_id: str
    provider_id: str
    is_hard: bool

    @property
    def key(self) -> str:
        return " ".join(map(str, attrs.astuple(self)))


@attrs.define
class ModelRow:
    """A row of a campaign."""

    key: str
    not_before: datetime
    is_recipient: bool = True
    status: str = "pending"
    reason: str = ""
    epoch: int = 0
    token: str = ""
    attempt_count: int = 0
    lease_until: datetime | None = None
    doubt_until: datetime | None = None
    verdicts: dict[int, str] = attrs.field(factory=dict)  # by epoch; empty: begun and not settled
    generation: int = 1
    is_repeated: bool = False
    generations: dict[int, int] = attrs.field(factory=dict)  # of the messages that began, by epoch
    left_open: dict[int, datetime] = attrs.field(factory=dict)  # until when, by epoch; the recipient was resent
    began: dict[int, datetime] = attrs.field(factory=dict)  # by epoch
    delivery: str = "none"
    heard: list[str] = attrs.field(factory=list)  # the keys of events, in order
    said: dict[int, str] = attrs.field(factory=dict)  # what events come to, by generation

    def end(self, status: str, reason: str) -> None:
        """Leave for *status*; leases and doubts are over."""
        self.status, self.reason = status, reason
        self.lease_until = self.doubt_until = None

    def epoch_of(self, generation: int) -> int:
        """Return the latest epoch that began with a message of that generation; 0: none."""
        return max((epoch for epoch, found in self.generations.items() if found == generation), default=0)

    def open_tries(self, generation: int) -> list[int]:
        """Return the epochs of those tries of a message that are left open."""
        return [epoch for epoch in self.left_open if self.generations[epoch] == generation]

    def seen(self) -> dict[str, Any]:
        """Return what a store must show of this row."""
        hidden = {"token", "is_recipient", "generations", "began", "said"}
        return {name: value for name, value in attrs.asdict(self).items() if name not in hidden}

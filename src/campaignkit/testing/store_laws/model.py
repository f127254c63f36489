"""A second opinion on what a store does: dicts and ifs, written from the protocol and not from the code. Pure.

It shares no rule with campaignkit (no table, no ``decide``, no ``landing``), so an error must be made twice to hide.
"""

from datetime import datetime, timedelta
from typing import Any

import attrs

__all__ = ["Model", "ModelCampaign", "ModelQuota", "ModelRow"]

DOUBT_LASTS = timedelta(hours=72)
VERDICTS = {"accept": "accepted", "refuse": "refused", "defer": "deferred", "doubt": "in_doubt"}


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

    def end(self, status: str, reason: str) -> None:
        """Leave for *status*; leases and doubts are over."""
        self.status, self.reason = status, reason
        self.lease_until = self.doubt_until = None

    def seen(self) -> dict[str, Any]:
        """Return what a store must show of this row."""
        hidden = {"token", "is_recipient"}
        return {name: value for name, value in attrs.asdict(self).items() if name not in hidden}


@attrs.define
class Model:
    """Campaigns and rows by merchant and id."""

    campaigns: dict[tuple[str, str], ModelCampaign] = attrs.field(factory=dict)
    rows: dict[tuple[str, str], dict[str, ModelRow]] = attrs.field(factory=dict)  # by campaign, then recipient
    suppressed: set[tuple[str, str]] = attrs.field(factory=set)

    def add(self, where: tuple[str, str], recipient_id: str, key: str, now: datetime) -> str:
        """Add one row and return what became of it."""
        rows = self.rows[where]
        if recipient_id in rows:
            return "existing"
        rows[recipient_id] = row = ModelRow(key=key, not_before=now)
        if any(other.key == key and other.is_recipient for other in rows.values() if other is not row):
            row.is_recipient = False
            row.end("skipped", "duplicate")
        elif (where[0], key) in self.suppressed:
            row.is_recipient = False
            row.end("skipped", "suppressed")
        return "added" if row.is_recipient else "excluded"

    def steer(self, where: tuple[str, str], status: str, guard: str) -> bool:
        """Set a campaign's status if *guard* allows."""
        if guard == "out_of_credit":  # these campaigns need none
            return False
        statuses = {row.status for row in self.rows[where].values()}
        forbidden = {
            "none": set(),
            "nobody_busy": {"claimed", "sending"},
            "nobody_left": {"pending", "claimed", "sending"},
            "nobody_began": {"claimed", "sending"},
        }[guard]
        if guard == "nobody_began" and any(row.verdicts for row in self.rows[where].values()):
            return False
        if statuses & forbidden:
            return False
        self.campaigns[where].status = status
        self.campaigns[where].revision += 1
        if status == "cancelled":
            self.move(where, None, "cancelled", "campaign_cancelled")
        return True

    def move(self, where: tuple[str, str], recipient_id: str | None, status: str, reason: str) -> int:
        """End the pending, all of them or one."""
        count = 0
        for found, row in self.rows[where].items():
            if row.status == "pending" and recipient_id in {None, found}:
                row.end(status, reason)
                count += 1
        return count

    def suppress(self, merchant_id: str, key: str) -> int:
        """Note an opt-out and skip who is pending."""
        is_new = (merchant_id, key) not in self.suppressed
        self.suppressed.add((merchant_id, key))
        for where, rows in self.rows.items():
            for row in rows.values():
                if where[0] == merchant_id and row.key == key and row.status == "pending":
                    row.end("skipped", "suppressed")
        return int(is_new)

    def claimable(self, where: tuple[str, str], now: datetime) -> set[str]:
        """Return who may be claimed."""
        if self.campaigns[where].status != "sending":
            return set()
        return {found for found, row in self.rows[where].items() if row.status == "pending" and row.not_before <= now}

    def claim(self, where: tuple[str, str], recipient_id: str, token: str, lease_until: datetime) -> int:
        """Hand out one recipient and return its epoch."""
        row = self.rows[where][recipient_id]
        row.status, row.token, row.lease_until = "claimed", token, lease_until
        row.epoch += 1
        return row.epoch

    def begin(
        self,
        where: tuple[str, str],
        recipient_id: str,
        epoch: int,
        version: int,
        now: datetime,
        lease: timedelta,
        said: str,
    ) -> str:
        """Answer one clearance, and do what the answer says; *said* by the store, where it may say this or that."""
        campaign, row = self.campaigns[where], self.rows[where][recipient_id]
        if row.status != "claimed" or row.epoch != epoch:
            return "stale"
        if campaign.status == "cancelled":
            row.end("cancelled", "campaign_cancelled")
            return "cancelled"
        if campaign.status != "sending":
            return "paused"
        if (where[0], row.key) in self.suppressed:
            row.end("skipped", "suppressed")
            return "suppressed"
        if version != campaign.version:
            return "changed"
        if campaign.deadline is not None and now >= campaign.deadline:
            row.end("expired", "deadline_passed")
            return "expired"
        least, most = campaign.room(now)
        if most < 1 or (least < 1 and said == "limited"):
            return "limited"
        if campaign.quota is not None:
            campaign.quota.take((where[0], recipient_id, epoch), now)
        campaign.last_begin = max(now, campaign.last_begin or now)
        row.status, row.lease_until = "sending", now + lease
        row.verdicts[epoch] = ""
        return "go"

    def settle(
        self,
        where: tuple[str, str],
        recipient_id: str,
        epoch: int,
        event: str,
        not_before: datetime,
        now: datetime,
        *,
        is_unsent: bool = False,
    ) -> str:
        """Write what became of one message. Deferrals use up an attempt here, and may prove that it was not sent."""
        verdict = "not_sent" if is_unsent else VERDICTS[event]
        row = self.rows[where][recipient_id]
        if row.epoch != epoch:
            return "stale"
        allowed = {
            "claimed": {"refuse", "defer"},
            "sending": set(VERDICTS),
            "in_doubt": {"accept", "refuse", "defer"},
        }.get(row.status, set())
        if event not in allowed:
            return "already" if row.verdicts.get(epoch) == verdict else "stale"
        quota = self.campaigns[where].quota
        if is_unsent and quota is not None:
            quota.give_back((where[0], recipient_id, epoch))
        row.verdicts[epoch] = verdict
        row.attempt_count += event != "doubt"
        if event == "defer":
            self.land(where, row, not_before, "because")
            self.reopen(where, row)
        else:
            row.end({"accept": "sent", "refuse": "failed", "doubt": "in_doubt"}[event], "because")
            row.doubt_until = now + DOUBT_LASTS if event == "doubt" else None
        return "applied"

    def land(self, where: tuple[str, str], row: ModelRow, not_before: datetime, reason: str) -> None:
        """Bring somebody back to pending, or to where they end instead."""
        campaign = self.campaigns[where]
        row.not_before = not_before
        if campaign.status == "cancelled":
            row.end("cancelled", "campaign_cancelled")
        elif (where[0], row.key) in self.suppressed:
            row.end("skipped", "suppressed")
        elif campaign.deadline is not None and not_before >= campaign.deadline:
            row.end("expired", "deadline_passed")
        else:
            row.end("pending", reason)

    def reopen(self, where: tuple[str, str], row: ModelRow) -> None:
        """Let a finished campaign send again if somebody became pending."""
        if row.status == "pending" and self.campaigns[where].status == "finished":
            self.campaigns[where].status = "sending"
            self.campaigns[where].revision += 1

    def release(self, where: tuple[str, str], recipient_id: str, epoch: int, not_before: datetime | None) -> int:
        """Give one claim back."""
        row = self.rows[where][recipient_id]
        if row.status != "claimed" or row.epoch != epoch:
            return 0
        self.land(where, row, not_before or row.not_before, "shutdown")
        return 1

    def readdress(self, where: tuple[str, str], recipient_id: str, key: str, now: datetime) -> str:
        """Move one recipient to another address."""
        row = self.rows[where][recipient_id]
        if row.status not in {"pending", "claimed"}:
            return "busy"
        if any(other.key == key and other.is_recipient for other in self.rows[where].values() if other is not row):
            return "duplicate"
        row.key, row.attempt_count = key, 0
        row.epoch += 1
        self.land(where, row, now, "readdressed")
        return "moved"

    def reap(self, now: datetime) -> tuple[int, int, int]:
        """Take back what outlived its lease or its doubt."""
        counts = [0, 0, 0]
        for where, rows in self.rows.items():
            for row in rows.values():
                is_over = row.lease_until is not None and row.lease_until <= now
                if row.status == "in_doubt" and row.doubt_until is not None and row.doubt_until <= now:
                    row.end("unknown", row.reason)
                    counts[2] += 1
                elif row.status == "claimed" and is_over:
                    self.land(where, row, row.not_before, "lease_expired")
                    counts[0] += 1
                elif row.status == "sending" and is_over:
                    row.end("in_doubt", "lease_expired")
                    row.doubt_until = now + DOUBT_LASTS
                    counts[1] += 1
        return counts[0], counts[1], counts[2]

"""A second opinion on what a store does: dicts and ifs, written from the protocol and not from the code. Pure.

It shares no rule with campaignkit (no table, no ``decide``, no ``landing``), so an error must be made twice to hide.
"""

from datetime import datetime, timedelta

import attrs

from campaignkit.testing.store_laws.model_values import ModelCampaign, ModelEvent, ModelRow

__all__ = ["Model"]

DOUBT_LASTS = {False: timedelta(hours=72), True: timedelta(hours=96)}  # of a mail, of a text
EVENTS_WAIT, IDS_LAST = timedelta(days=7), timedelta(days=30)
DELIVERIES = ("none", "delivered", "undelivered")
VERDICTS = {"accept": "accepted", "refuse": "refused", "defer": "deferred", "doubt": "in_doubt"}


@attrs.define
class Model:
    """Campaigns and rows by merchant and id."""

    campaigns: dict[tuple[str, str], ModelCampaign] = attrs.field(factory=dict)
    rows: dict[tuple[str, str], dict[str, ModelRow]] = attrs.field(factory=dict)  # by campaign, then recipient
    suppressed: set[tuple[str, str]] = attrs.field(factory=set)
    liftable: set[tuple[str, str]] = attrs.field(factory=set)  # suppressed by a text of theirs, and nothing else
    known: dict[str, bool] = attrs.field(factory=dict)  # events by key: whether they found what they name
    waiting: dict[str, tuple[ModelEvent, datetime]] = attrs.field(factory=dict)
    names: dict[str, tuple[str, str, int, datetime]] = attrs.field(factory=dict)  # by provider's id: merchant, who …

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
        self.liftable.discard((merchant_id, key))
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
        row.verdicts[epoch], row.generations[epoch], row.began[epoch] = "", row.generation, now
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
        if epoch in row.left_open:
            return self.settle_late(where, recipient_id, epoch, event, verdict, now)
        if row.epoch != epoch:
            return "stale"
        allowed = {
            "claimed": {"refuse", "defer"},
            "sending": set(VERDICTS),
            "in_doubt": {"accept", "refuse", "defer"},
        }.get(row.status, set())
        if event not in allowed:
            return "already" if row.verdicts.get(epoch) == verdict else "stale"
        quota, status = self.campaigns[where].quota, row.status
        if is_unsent and quota is not None:
            quota.give_back((where[0], recipient_id, epoch))
        row.verdicts[epoch] = verdict
        row.attempt_count += event != "doubt"
        if event == "defer":
            self.land(where, row, not_before, "because")
            self.reopen(where, row)
        else:
            row.end({"accept": "sent", "refuse": "failed", "doubt": "in_doubt"}[event], "because")
            row.doubt_until = now + DOUBT_LASTS[self.campaigns[where].is_text] if event == "doubt" else None
        if event in {"accept", "doubt"} and self.campaigns[where].is_text:
            self.name(where[0], recipient_id, epoch, now)
        if verdict in {"accepted", "refused"} and status in {"sending", "in_doubt"}:
            for other in row.open_tries(row.generations[epoch]):
                self.close(row, other, verdict, "because")
        self.prove(row)
        return "applied"

    def settle_late(
        self, where: tuple[str, str], recipient_id: str, epoch: int, event: str, verdict: str, now: datetime
    ) -> str:
        """Write what became of a message whose recipient was resent meanwhile."""
        row = self.rows[where][recipient_id]
        if event == "doubt":
            return "already" if row.verdicts[epoch] == verdict else "stale"
        is_on_its_way = row.generations[epoch] == row.generation and row.status in {"claimed", "sending", "in_doubt"}
        if event != "accept" and is_on_its_way:
            return "stale"
        quota = self.campaigns[where].quota
        if verdict == "not_sent" and quota is not None:
            quota.give_back((where[0], recipient_id, epoch))
        self.close(row, epoch, verdict, "because")
        if event == "accept" and self.campaigns[where].is_text:
            self.name(where[0], recipient_id, epoch, now)
        return "applied"

    def close(self, row: ModelRow, epoch: int, verdict: str, reason: str) -> None:
        """End what was left open; if it was accepted before another began, that was the message.

        Tries of one message are accepted together.
        """
        if row.left_open.pop(epoch, None) is None:
            return
        row.verdicts[epoch] = verdict
        if verdict != "accepted":
            return
        is_doubtful = row.status == "in_doubt" and row.generation == row.generations[epoch]
        if row.status in {"pending", "claimed"} or is_doubtful:
            row.end("sent", reason)
            row.attempt_count += 1
        if is_doubtful:
            row.verdicts[row.epoch] = verdict
        for other in row.open_tries(row.generations[epoch]):
            self.close(row, other, verdict, reason)

    def resend(
        self,
        where: tuple[str, str],
        recipient_id: str,
        quarantine: timedelta,
        now: datetime,
        *,
        is_repeat: bool = False,
    ) -> int:
        """Send anew, or the very same once more, to somebody in doubt."""
        campaign, row = self.campaigns[where], self.rows[where].get(recipient_id)
        if row is None or row.status != "in_doubt" or row.doubt_until is None:
            return 0
        is_over = campaign.status == "cancelled" or (campaign.deadline is not None and now >= campaign.deadline)
        if is_over or (where[0], row.key) in self.suppressed or "accepted" in row.verdicts.values():
            return 0
        if now - row.began[row.epoch] < quarantine:
            return 0
        row.left_open[row.epoch] = row.doubt_until
        row.end("pending", "repeated" if is_repeat else "resent")
        row.is_repeated = is_repeat
        if not is_repeat:
            row.not_before, row.generation = now, row.generation + 1
        self.reopen(where, row)
        return 1

    def name(self, merchant_id: str, recipient_id: str, epoch: int, now: datetime) -> None:
        """Let the provider's id stand for a text, and hand it what waits."""
        provider_id = f"p-{recipient_id}-{epoch}"
        self.names[provider_id] = (merchant_id, recipient_id, epoch, now)
        for key, (event, _) in list(self.waiting.items()):
            if event.provider_id == provider_id and event.owner == merchant_id:
                del self.waiting[key]
                self.tell(merchant_id, recipient_id, epoch, event)

    def hear(self, event: ModelEvent, now: datetime) -> tuple[str, bool]:
        """Take note of a receipt; return what that did, and whether it suppressed somebody."""
        if event.key in self.known:
            return ("duplicate" if self.known[event.key] else "unmatched"), False
        for where, rows in self.rows.items():
            for recipient_id, row in rows.items():
                name, _, generation = event.message_id.rpartition(".")
                epoch = row.epoch_of(int(generation)) if name == recipient_id else 0
                named = self.names.get(event.provider_id)
                if named is not None and named[:2] == (where[0], recipient_id) and now < named[3] + IDS_LAST:
                    epoch = named[2]
                if epoch and event.owner == where[0]:
                    return "new", self.tell(where[0], recipient_id, epoch, event)
        self.known[event.key] = False
        self.waiting[event.key] = (event, now + EVENTS_WAIT)
        return "unmatched", False

    def tell(self, merchant_id: str, recipient_id: str, epoch: int, event: ModelEvent) -> bool:
        """Keep an event with its row, and do what it asks for."""
        (row,) = (
            rows[recipient_id] for where, rows in self.rows.items() if where[0] == merchant_id if recipient_id in rows
        )
        self.known[event.key] = True
        row.heard.append(event.key)
        said, generation = event.kind if event.kind in DELIVERIES else "none", row.generations[epoch]
        row.said[generation] = max(row.said.get(generation, "none"), said, key=DELIVERIES.index)
        known = [row.said[one] for one in sorted(row.said) if row.said[one] != "none"]
        row.delivery = known[-1] if known else "none"
        self.prove(row)
        return bool(event.is_hard and epoch == row.epoch and self.suppress(merchant_id, row.key))

    def prove(self, row: ModelRow) -> None:
        """End doubts about what the provider reported on."""
        for epoch in [one for one in row.left_open if row.generations[one] in row.said]:
            self.close(row, epoch, "accepted", "")
        if row.status == "in_doubt" and row.generation in row.said:
            row.end("sent", "")
            row.verdicts[row.epoch] = "accepted"
            row.attempt_count += 1

    def write_back(self, event_key: str, merchant_id: str, key: str, *, is_stop: bool) -> tuple[str, bool, bool]:
        """Take note of a STOP or a START; return what that did, whom it suppressed and whom it lifted."""
        if event_key in self.known:
            return "duplicate", False, False
        self.known[event_key] = True
        person = (merchant_id, key)
        if not is_stop:
            is_lifted = person in self.liftable
            self.suppressed -= self.liftable & {person}
            self.liftable.discard(person)
            return "new", False, is_lifted
        is_new = person not in self.suppressed
        may_lift = is_new or person in self.liftable
        self.suppress(merchant_id, key)
        self.liftable |= {person} if may_lift else set()
        return "new", is_new, False

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
        if row.status not in {"pending", "claimed"} or row.is_repeated:
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
                row.left_open = {epoch: until for epoch, until in row.left_open.items() if until > now}
                is_over = row.lease_until is not None and row.lease_until <= now
                if row.status == "in_doubt" and row.doubt_until is not None and row.doubt_until <= now:
                    row.end("unknown", row.reason)
                    counts[2] += 1
                elif row.status == "claimed" and is_over:
                    self.land(where, row, row.not_before, "lease_expired")
                    counts[0] += 1
                elif row.status == "sending" and is_over:
                    row.end("in_doubt", "lease_expired")
                    row.doubt_until = now + DOUBT_LASTS[self.campaigns[where].is_text]
                    self.prove(row)
                    counts[1] += 1
        for key in [key for key, (_, until) in self.waiting.items() if until <= now]:
            del self.waiting[key], self.known[key]
        return counts[0], counts[1], counts[2]

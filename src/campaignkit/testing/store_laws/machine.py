"""Long random lives of a store beside the model: after every step both must show the same. Needs Hypothesis."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from campaignkit.campaign.recipients import Intake, NewAddress
from campaignkit.campaign.status import RECIPIENT_TRANSITIONS, CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.clocks import FrozenClock
from campaignkit.errors import NotEditable, RevisionConflict
from campaignkit.ports import Claim, Clock, Reaped, SaveGuard, Store
from campaignkit.testing.store_laws.bench import LEASE, START, Bench
from campaignkit.testing.store_laws.expecting import expect
from campaignkit.testing.store_laws.model import Model, ModelCampaign
from campaignkit.timing.limits import Interval, LimitScope

__all__ = ["store_machine"]

INTERVAL = timedelta(seconds=60)
DEADLINE = START + timedelta(days=1)
# The second merchant has the ids of the first, so that whoever forgets the merchant is found out.
CAMPAIGNS = (("flora", "c1"), ("flora", "c2"), ("other", "c1"))
HALTED = (CampaignStatus.PAUSED, CampaignStatus.SCHEDULED, CampaignStatus.FAILED, CampaignStatus.DRAFT)
GUARDS = (SaveGuard.NONE, *SaveGuard)
ENDS_FROM_PENDING = {RecipientStatus.SKIPPED, RecipientStatus.EXPIRED, RecipientStatus.CANCELLED}
# Clocks go back too.
STEPS = (timedelta(seconds=1), INTERVAL, LEASE, timedelta(days=1), timedelta(days=4), -INTERVAL)

campaigns = st.sampled_from(CAMPAIGNS)
names = st.sampled_from(("ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"))
picks = st.sampled_from((1, 1, 1, 2, 2, 3, 4, 6))  # counted from the newest claim: most steps meet in the same few
events = st.sampled_from((RecipientEvent.ACCEPT, RecipientEvent.REFUSE, RecipientEvent.DEFER, RecipientEvent.DOUBT))


def _key(name: str) -> str:
    """Return an address key; ``eve`` has the address of ``ann``."""
    return "ann@example.com" if name == "eve" else f"{name}@example.com"


class StoreMachine(RuleBasedStateMachine):
    """Steps a store and the model with the same calls; subclassed by ``store_machine``."""

    def make_store(self, clock: Clock) -> Store:
        """Return a new, empty store that decides by *clock*."""
        raise NotImplementedError("store_machine says which store")

    @initialize()
    def open_store(self) -> None:
        self.clock = FrozenClock(START)
        self.store = self.make_store(self.clock)
        self.bench, self.model = Bench(self.store, self.clock), Model()
        self.claims: list[Claim] = []
        self.statuses: dict[tuple[str, str], RecipientStatus] = {}
        self.went: set[tuple[str, str]] = set()
        for where in CAMPAIGNS:
            deadline = DEADLINE if where == ("flora", "c2") else None
            self.bench.campaign(where[1], merchant_id=where[0], deadline=deadline, limit_scopes=self.scopes(where))
            interval = INTERVAL if self.scopes(where) else None
            self.model.campaigns[where] = ModelCampaign(interval=interval, deadline=deadline)
            self.model.rows[where] = {}

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()

    def scopes(self, where: tuple[str, str]) -> tuple[LimitScope, ...]:
        """Return the limits of a campaign; one of them has an interval."""
        if where != ("flora", "c2"):
            return ()
        return (LimitScope("campaign/flora/c2", (Interval(INTERVAL.total_seconds()),)),)

    @rule(where=campaigns, wanted=st.lists(names, min_size=1, max_size=3))
    def add(self, where: tuple[str, str], wanted: list[str]) -> None:
        rows = [self.bench.row(n, merchant_id=where[0], campaign_id=where[1], address_key=_key(n)) for n in wanted]
        if self.model.campaigns[where].status in {"finished", "cancelled"}:
            with expect(NotEditable):
                self.store.add_recipients(*where, rows)
            return
        results = self.store.add_recipients(*where, rows)

        expected = [self.model.add(where, row.recipient_id, row.address_key, self.clock.now()) for row in rows]
        assert list(results) == expected

    @rule(where=campaigns, wanted=st.lists(names, min_size=1, max_size=3), limit=st.integers(1, 3))
    def take_on(self, where: tuple[str, str], wanted: list[str], limit: int) -> None:
        """Add, send and claim in one step, so that short lives go deep."""
        self.send(where)
        self.add(where, wanted)
        self.claim(where, limit)

    @precondition(lambda self: self.claims)
    @rule(pick=picks)
    def hand_over(self, pick: int) -> None:
        """Release a claim and claim again at once, so that the old one is stale."""
        where = _where(self.latest(pick))
        self.give_back([self.latest(pick)], None)
        self.claim(where, 4)

    @precondition(lambda self: self.claims)
    @rule(pick=picks, status=st.sampled_from(HALTED), guard=st.sampled_from(GUARDS))
    def halt(self, pick: int, status: CampaignStatus, guard: SaveGuard) -> None:
        self.steer(_where(self.latest(pick)), status, guard)

    @precondition(lambda self: self.claims)
    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        self.steer(_where(self.latest(pick)), CampaignStatus.CANCELLED, SaveGuard.NONE)

    @rule(where=campaigns)
    def send(self, where: tuple[str, str]) -> None:
        self.steer(where, CampaignStatus.SENDING, SaveGuard.NONE)

    @rule(where=campaigns)
    def finish(self, where: tuple[str, str]) -> None:
        self.steer(where, CampaignStatus.FINISHED, SaveGuard.NOBODY_LEFT)

    def steer(self, where: tuple[str, str], status: CampaignStatus, guard: SaveGuard) -> None:
        """Set a campaign's status, if *guard* allows, whatever it was before."""
        saved = self.bench.edit(where[1], merchant_id=where[0], status=status, guard=guard)

        assert (saved is not None) == self.model.steer(where, status.value, guard.value)

    @precondition(lambda self: self.claims)
    @rule(pick=picks)
    def edit_settings(self, pick: int) -> None:
        where = _where(self.latest(pick))
        campaign = self.model.campaigns[where]
        campaign.version += 1
        campaign.revision += 1
        self.bench.edit(where[1], merchant_id=where[0], settings_version=campaign.version)

    @rule(where=campaigns, lag=st.integers(min_value=1, max_value=3))
    def save_too_late(self, where: tuple[str, str], lag: int) -> None:
        document = self.store.load(where[0], "campaign", where[1])
        assert document is not None
        body = {**(document.body or {}), "status": "sending", "settings_version": 99}
        with expect(RevisionConflict):
            self.store.save(attrs.evolve(document, body=body), expected_revision=document.revision - lag)

    @rule(where=campaigns, limit=st.integers(min_value=0, max_value=4))
    def claim(self, where: tuple[str, str], limit: int) -> None:
        claimable = self.model.claimable(where, self.clock.now())
        claims = self.bench.claim(limit=limit, merchant_id=where[0], campaign_id=where[1])

        ids = {claim.recipient.recipient_id for claim in claims}
        assert len(claims) == len(ids) == min(limit, len(claimable))
        assert ids <= claimable
        for claim in claims:
            row, lease_until = claim.recipient, self.clock.now() + LEASE
            assert self.model.claim(where, row.recipient_id, row.claim_token, lease_until) == claim.epoch
        self.claims.extend(claims)

    @precondition(lambda self: self.claims)
    @rule(pick=picks)
    def claim_again(self, pick: int) -> None:
        old = self.latest(pick).recipient
        where = (old.merchant_id, old.campaign_id)
        held = {
            found
            for found, row in self.model.rows[where].items()
            if row.status == "claimed" and row.token == old.claim_token
        }
        if not held:  # whether a token may be used anew is left open
            return
        claims = self.bench.claim(limit=9, merchant_id=where[0], campaign_id=where[1], token=old.claim_token)

        is_sending = self.model.campaigns[where].status == "sending"
        assert {claim.recipient.recipient_id for claim in claims} == (held if is_sending else set())

    @precondition(lambda self: self.claims)
    @rule(chosen=st.lists(picks, min_size=1, max_size=4), version_lag=st.sampled_from((0, 0, 0, 1)))
    def begin(self, chosen: list[int], version_lag: int) -> None:
        batch = self.pick_claims(chosen)
        versions = [self.model.campaigns[_where(claim)].version - version_lag for claim in batch]
        clearances = [
            self.bench.clearance(
                claim,
                settings_version=version,
                deadline=self.model.campaigns[_where(claim)].deadline,
                limit_scopes=self.scopes(_where(claim)),
                prepared_at=START,
            )
            for claim, version in zip(batch, versions, strict=True)
        ]
        answers = self.bench.ask(*clearances)

        for claim, version, answer in zip(batch, versions, answers, strict=True):
            row, now = claim.recipient, self.clock.now()
            said = self.model.begin(_where(claim), row.recipient_id, claim.epoch, version, now, LEASE)
            assert (answer.recipient_id, answer.verdict.value) == (row.recipient_id, said)
            if said == "go":
                self.went.add((row.merchant_id, row.recipient_id))

    @precondition(lambda self: self.claims)
    @rule(pick=picks, event=events, wait=st.sampled_from(STEPS), times=st.integers(1, 2))
    def settle(self, pick: int, event: RecipientEvent, wait: timedelta, times: int) -> None:
        claim, now = self.latest(pick), self.clock.now()
        row, is_used = claim.recipient, event is RecipientEvent.DEFER
        for _ in range(times):
            result = self.bench.settle(claim, event, not_before=now + wait, is_attempt_used=is_used)

            said = self.model.settle(_where(claim), row.recipient_id, claim.epoch, event.value, now + wait, now)
            assert result.value == said

    @precondition(lambda self: self.claims)
    @rule(chosen=st.lists(picks, min_size=1, max_size=4), wait=st.none() | st.sampled_from(STEPS))
    def release(self, chosen: list[int], wait: timedelta | None) -> None:
        self.give_back(self.pick_claims(chosen), None if wait is None else self.clock.now() + wait)

    def give_back(self, batch: Sequence[Claim], not_before: datetime | None) -> None:
        """Release claims, held or not."""
        count = self.store.release(batch, not_before=not_before, reason="shutdown")

        released = [
            self.model.release(_where(claim), claim.recipient.recipient_id, claim.epoch, not_before) for claim in batch
        ]
        assert count == sum(released)

    @rule()
    def reap(self) -> None:
        assert self.store.reap() == Reaped(*self.model.reap(self.clock.now()))

    @rule(step=st.sampled_from(STEPS))
    def let_time_pass(self, step: timedelta) -> None:
        self.clock.advance(step)

    @precondition(lambda self: self.claims)
    @rule(pick=picks)
    def opt_out(self, pick: int) -> None:
        row = self.latest(pick).recipient
        count = self.store.suppress(row.merchant_id, [row.address_key], reason="opt_out")

        assert count == self.model.suppress(row.merchant_id, row.address_key)

    @rule(where=campaigns, name=st.none() | names)
    def remove(self, where: tuple[str, str], name: str | None) -> None:
        recipient_id = None if name is None else f"{where[1]}{name}"
        ids = None if recipient_id is None else [recipient_id]
        count = self.store.move_recipients(*where, RecipientEvent.SKIP, reason="removed", recipient_ids=ids)

        assert count == self.model.move(where, recipient_id, "skipped", "removed")

    @precondition(lambda self: self.claims)
    @rule(pick=picks, event=events)
    def meddle(self, pick: int, event: RecipientEvent) -> None:
        """Call as a merchant who has nothing, with ids that exist."""
        claim = self.latest(pick)
        foreign = attrs.evolve(claim, recipient=attrs.evolve(claim.recipient, merchant_id="third"))

        assert self.bench.begin(foreign) == "stale"
        assert self.bench.settle(foreign, event) == "stale"
        assert self.store.release([foreign]) == 0
        assert self.store.trail("third", claim.recipient.recipient_id) is None
        assert list(self.bench.rows(merchant_id="third")) == []

    @precondition(lambda self: self.claims)
    @rule(pick=picks, name=names)
    def correct_address(self, pick: int, name: str) -> None:
        claim, key = self.latest(pick), _key(name)
        where, recipient_id = _where(claim), claim.recipient.recipient_id
        to = NewAddress(address=key, address_key=key)
        if self.model.campaigns[where].status in {"finished", "cancelled"}:
            with expect(NotEditable):
                self.store.readdress(*where, recipient_id, to)
            return
        result = self.store.readdress(*where, recipient_id, to)

        assert result.value == self.model.readdress(where, recipient_id, key, self.clock.now())

    def latest(self, place: int) -> Claim:
        """Return one of the latest claims; 1: the very last."""
        return self.claims[-min(place, len(self.claims))]

    def pick_claims(self, chosen: Sequence[int]) -> list[Claim]:
        """Return different claims among the latest, held or not."""
        places = dict.fromkeys(min(pick, len(self.claims)) for pick in chosen)
        return [self.claims[-place] for place in places]

    @invariant()
    def both_show_the_same(self) -> None:
        for where in CAMPAIGNS if hasattr(self, "model") else ():
            rows = self.bench.rows(where[1], merchant_id=where[0])
            assert {row.recipient_id: self.seen(row.merchant_id, row.recipient_id) for row in rows} == {
                recipient_id: row.seen() for recipient_id, row in self.model.rows[where].items()
            }
            document, campaign = self.store.load(where[0], "campaign", where[1]), self.model.campaigns[where]
            assert document is not None
            assert document.body is not None
            stored = (document.body["status"], document.body["settings_version"], document.revision)
            assert stored == (campaign.status, campaign.version, campaign.revision)

    def seen(self, merchant_id: str, recipient_id: str) -> Mapping[str, Any]:
        """Return what the store shows of a row, in the model's words."""
        trail = self.store.trail(merchant_id, recipient_id)
        assert trail is not None
        row = trail.recipient
        # Why a doubt was given up is left open.
        unnamed = {"reason": self.model.rows[merchant_id, row.campaign_id][recipient_id].reason}
        return {
            "key": row.address_key,
            "not_before": row.not_before,
            "status": row.status.value,
            "reason": row.reason,
            "epoch": row.epoch,
            "attempt_count": row.attempt_count,
            "lease_until": row.lease_until,
            "doubt_until": row.doubt_until,
            "verdicts": {attempt.epoch: attempt.verdict for attempt in trail.attempts},
        } | (unnamed if row.status is RecipientStatus.UNKNOWN else {})

    @invariant()
    def every_row_stands_in_one_place(self) -> None:
        for where in CAMPAIGNS if hasattr(self, "model") else ():
            counts = self.store.count_recipients(*where)
            recipient_count = sum(count.count for count in counts if count.intake is Intake.RECIPIENT)
            assert sum(count.count for count in counts) == len(self.model.rows[where])
            assert recipient_count == sum(row.is_recipient for row in self.model.rows[where].values())

    @invariant()
    def nobody_moves_outside_the_table(self) -> None:
        for where in CAMPAIGNS if hasattr(self, "model") else ():
            for row in self.bench.rows(where[1], merchant_id=where[0]):
                identity = (row.merchant_id, row.recipient_id)
                before = self.statuses.get(identity, RecipientStatus.PENDING)
                assert row.status is before or row.status in _reachable(before), (before, row.status)
                if row.status is RecipientStatus.SENDING is not before:
                    assert identity in self.went, "only begin leads into sending"
                self.statuses[identity] = row.status
        self.went = set()

    @invariant()
    def due_tells_the_truth(self) -> None:
        if not hasattr(self, "model"):
            return
        now = self.clock.now()
        listed = {(due.merchant_id, due.campaign_id): due for due in self.store.due(now, limit=9).campaigns}
        sending = {where for where in CAMPAIGNS if self.model.campaigns[where].status == "sending"}
        assert set(listed) == sending
        for where, due in listed.items():
            ready = len(self.model.claimable(where, now))
            campaign = self.model.campaigns[where]
            granted = ready if campaign.interval is None else min(ready, campaign.free_at(now) <= now)
            assert due.ready_count == granted
            assert due.next_pending_at == self.earliest_pending(where, now)

    def earliest_pending(self, where: tuple[str, str], now: datetime) -> datetime | None:
        """Return when the next pending recipient's time comes."""
        pending = [row.not_before for row in self.model.rows[where].values() if row.status == "pending"]
        return min((not_before for not_before in pending if not_before > now), default=None)


def store_machine(
    factory: Callable[[Clock], Store], *, max_examples: int = 50, step_count: int = 40
) -> type[RuleBasedStateMachine]:
    """Return a state machine for the stores that *factory* makes; its ``TestCase`` is what pytest collects.

    ``TestMyStoreMachine = store_machine(lambda clock: MyStore(clock=clock)).TestCase``

    Args:
        max_examples: How many lives are lived.
        step_count: How long one is at most.
    """

    class StoreMachineOfFactory(StoreMachine):
        def make_store(self, clock: Clock) -> Store:
            return factory(clock)

    StoreMachineOfFactory.TestCase.settings = settings(
        max_examples=max_examples, stateful_step_count=step_count, deadline=None, print_blob=True
    )
    return StoreMachineOfFactory


def _where(claim: Claim) -> tuple[str, str]:
    return (claim.recipient.merchant_id, claim.recipient.campaign_id)


def _reachable(status: RecipientStatus) -> set[RecipientStatus]:
    """Return where one call may lead: one move, or back to pending and on."""
    moves = set(RECIPIENT_TRANSITIONS[status].values())
    return moves | ENDS_FROM_PENDING if RecipientStatus.PENDING in moves else moves

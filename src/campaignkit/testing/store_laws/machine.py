"""Long random lives of a store beside the model: after every step both must show the same. Needs Hypothesis."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from campaignkit.campaign.recipients import Intake, NewAddress
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.clocks import FrozenClock
from campaignkit.delivery.settling import Settlement
from campaignkit.errors import NotEditable, RevisionConflict
from campaignkit.ports import Claim, Clock, Reaped, SaveGuard, Store
from campaignkit.testing.store_laws.bench import LEASE, START, Bench
from campaignkit.testing.store_laws.choices import (
    CAMPAIGNS,
    DEADLINE,
    GUARDS,
    HALTED,
    INTERVAL,
    QUOTA,
    SCOPES,
    STEPS,
    campaigns,
    events,
    key_of,
    names,
    outcomes,
    picks,
    reachable,
    shown,
    shown_by,
    where_of,
)
from campaignkit.testing.store_laws.expecting import expect
from campaignkit.testing.store_laws.machine_doubts import DoubtRules
from campaignkit.testing.store_laws.machine_feedback import FeedbackRules, channel_of, is_texting, named_by_provider
from campaignkit.testing.store_laws.model import Model
from campaignkit.testing.store_laws.model_values import ModelCampaign, ModelQuota

__all__ = ["store_machine"]


class StoreMachine(FeedbackRules, DoubtRules, RuleBasedStateMachine):
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
        self.quota = ModelQuota(count=QUOTA.count, length=INTERVAL + timedelta(seconds=1))
        for where in CAMPAIGNS:
            is_second = where == ("flora", "c2")
            deadline, interval = (DEADLINE, INTERVAL) if is_second else (None, None)
            self.bench.campaign(where[1], merchant_id=where[0], deadline=deadline, limit_scopes=SCOPES[where])
            quota = self.quota if where[0] == "flora" else None
            campaign = ModelCampaign(interval=interval, quota=quota, deadline=deadline, is_text=is_texting(where))
            self.model.campaigns[where], self.model.rows[where] = campaign, {}

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()

    @rule(where=campaigns, wanted=st.lists(names, min_size=1, max_size=3))
    def add(self, where: tuple[str, str], wanted: list[str]) -> None:
        values = {"merchant_id": where[0], "campaign_id": where[1], "channel": channel_of(where)}
        rows = [self.bench.row(name, **values, address_key=key_of(name)) for name in wanted]
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
        where = where_of(self.latest(pick))
        self.give_back([self.latest(pick)], None)
        self.claim(where, 4)

    @precondition(lambda self: self.claims)
    @rule(pick=picks, status=st.sampled_from(HALTED), guard=st.sampled_from(GUARDS))
    def halt(self, pick: int, status: CampaignStatus, guard: SaveGuard) -> None:
        self.steer(where_of(self.latest(pick)), status, guard)

    @precondition(lambda self: self.claims)
    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        self.steer(where_of(self.latest(pick)), CampaignStatus.CANCELLED, SaveGuard.NONE)

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
        where = where_of(self.latest(pick))
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
    @rule(
        chosen=st.lists(picks, min_size=1, max_size=4),
        version_lag=st.sampled_from((0, 0, 0, 1)),
        came_to=st.none() | st.tuples(picks, outcomes),
    )
    def begin(
        self, chosen: list[int], version_lag: int, came_to: tuple[int, tuple[RecipientEvent, bool]] | None
    ) -> None:
        """Ask for some, and settle somebody else first, in the same call."""
        batch = self.pick_claims(chosen)
        versions = [self.model.campaigns[where_of(claim)].version - version_lag for claim in batch]
        clearances = [
            self.bench.clearance(
                claim,
                settings_version=version,
                deadline=self.model.campaigns[where_of(claim)].deadline,
                limit_scopes=SCOPES[where_of(claim)],
                prepared_at=START,
            )
            for claim, version in zip(batch, versions, strict=True)
        ]
        settlements = []
        if came_to is not None:
            settlements = [self.settlement(self.latest(came_to[0]), came_to[1], INTERVAL)]
            self.model_settle(self.latest(came_to[0]), came_to[1], INTERVAL)
        answers = self.store.begin(clearances, lease=LEASE, settlements=settlements)

        for claim, version, answer in zip(batch, versions, answers, strict=True):
            row, now, verdict = claim.recipient, self.clock.now(), answer.verdict.value
            said = self.model.begin(where_of(claim), row.recipient_id, claim.epoch, version, now, LEASE, verdict)
            assert (answer.recipient_id, verdict) == (row.recipient_id, said)
            if said == "go":
                self.went.add((row.merchant_id, row.recipient_id))

    @precondition(lambda self: self.claims)
    @rule(pick=picks, outcome=outcomes, wait=st.sampled_from(STEPS), times=st.integers(1, 2))
    def settle(self, pick: int, outcome: tuple[RecipientEvent, bool], wait: timedelta, times: int) -> None:
        claim = self.latest(pick)
        for _ in range(times):
            (result,) = self.store.settle([self.settlement(claim, outcome, wait)])

            assert result.value == self.model_settle(claim, outcome, wait)

    @rule(where=campaigns, wanted=st.lists(names, min_size=3, max_size=4, unique=True), outcome=outcomes)
    def go_through(self, where: tuple[str, str], wanted: list[str], outcome: tuple[RecipientEvent, bool]) -> None:
        """Begin two, settle one of them twice, and begin two more: what is given back, and to whom."""
        self.take_on(where, wanted, 4)
        self.nobody_moves_outside_the_table()
        if len(self.claims) >= 4:
            self.begin([4, 3], 0, None)
            self.nobody_moves_outside_the_table()
            self.settle(3, outcome, INTERVAL, 2)
            self.nobody_moves_outside_the_table()
            self.begin([2, 1], 0, None)

    def settlement(self, claim: Claim, outcome: tuple[RecipientEvent, bool], wait: timedelta) -> Settlement:
        """Return what is said of *claim*."""
        event, is_unsent = outcome
        scopes, not_before = SCOPES[where_of(claim)], self.clock.now() + wait
        is_deferred = event is RecipientEvent.DEFER
        if is_unsent and is_deferred:
            return self.bench.unsent(claim, scopes, not_before=not_before, is_attempt_used=True)
        said = {"not_before": not_before, "limit_scopes": scopes, "is_attempt_used": is_deferred}
        return self.bench.settlement(claim, event, **said, **named_by_provider(claim, event))

    def model_settle(self, claim: Claim, outcome: tuple[RecipientEvent, bool], wait: timedelta) -> str:
        """Return what the model says to the same."""
        event, now, recipient_id = outcome[0], self.clock.now(), claim.recipient.recipient_id
        is_unsent = outcome[1] and event is RecipientEvent.DEFER
        where = where_of(claim)
        return self.model.settle(where, recipient_id, claim.epoch, event.value, now + wait, now, is_unsent=is_unsent)

    @precondition(lambda self: self.claims)
    @rule(chosen=st.lists(picks, min_size=1, max_size=4), wait=st.none() | st.sampled_from(STEPS))
    def release(self, chosen: list[int], wait: timedelta | None) -> None:
        self.give_back(self.pick_claims(chosen), None if wait is None else self.clock.now() + wait)

    def give_back(self, batch: Sequence[Claim], not_before: datetime | None) -> None:
        """Release claims, held or not."""
        count = self.store.release(batch, not_before=not_before, reason="shutdown")

        released = [
            self.model.release(where_of(claim), claim.recipient.recipient_id, claim.epoch, not_before)
            for claim in batch
        ]
        assert count == sum(released)

    @rule()
    def reap(self) -> None:
        assert self.store.reap() == Reaped(*self.model.reap(self.clock.now()))

    @rule(step=st.sampled_from(STEPS))
    def let_time_pass(self, step: timedelta) -> None:
        self.clock.advance(step)
        self.quota.went_back = self.quota.went_back or step < timedelta(0)

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
        claim, key = self.latest(pick), key_of(name)
        where, recipient_id = where_of(claim), claim.recipient.recipient_id
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
            trails = [self.store.trail(where[0], row.recipient_id) for row in rows]
            assert {one.recipient.recipient_id: shown(one) for one in trails if one is not None} == {
                recipient_id: shown_by(row) for recipient_id, row in self.model.rows[where].items()
            }
            document, campaign = self.store.load(where[0], "campaign", where[1]), self.model.campaigns[where]
            assert document is not None
            assert document.body is not None
            stored = (document.body["status"], document.body["settings_version"], document.revision)
            assert stored == (campaign.status, campaign.version, campaign.revision)

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
                assert row.status is before or row.status in reachable(before), (before, row.status)
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
        sharing = [0, 0]  # what each could begin alone, the least and the most
        for where, due in listed.items():
            ready = len(self.model.claimable(where, now))
            least, most = (min(ready, room) for room in self.model.campaigns[where].room(now))
            assert due.ready_count <= most
            assert where[0] == "flora" or due.ready_count == ready
            sharing = [sharing[0] + least, sharing[1] + most] if where[0] == "flora" else sharing
            assert due.next_pending_at == self.earliest_pending(where, now)
        least, most = (min(pair) for pair in zip(sharing, self.quota.room(now), strict=True))
        assert least <= sum(due.ready_count for where, due in listed.items() if where[0] == "flora") <= most

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

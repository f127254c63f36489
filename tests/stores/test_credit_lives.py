"""Random lives of a merchant's credit in every store, beside the ledger in memory that is their model."""

from datetime import timedelta
from typing import Any

import attrs
import hypothesis
import hypothesis.strategies as st
import pytest
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import DOUBT_HORIZON
from campaignkit.campaign.status import RecipientEvent
from campaignkit.clocks import FrozenClock
from campaignkit.credits import AdjustCredit, CreditLedger, GrantCredit, RefundCredit, add_up, due_lapses, make_balance
from campaignkit.credits.entries import Entry, EntryKind, Position
from campaignkit.delivery.begin import BeginVerdict
from campaignkit.errors import CampaignKitError
from campaignkit.ports import Claim, Store
from campaignkit.stores import MemoryStore
from campaignkit.testing.store_laws.bench import LEASE, MERCHANT, START, Bench
from tests.stores.planted_credit import ChargesForAllParts, LetsTheCheaperOvertake, ReleasesWhatIsInDoubt
from tests.stores.test_sql_store import OnItsOwnFile

counts = st.integers(1, 12)
prices = st.lists(st.integers(1, 6), min_size=1, max_size=4)
picks = st.integers(0, 99)
ENDINGS = (RecipientEvent.ACCEPT, RecipientEvent.REFUSE, RecipientEvent.DOUBT)


def key_of(claim: Claim) -> str:
    return f"{claim.recipient.recipient_id}/{claim.epoch}"


class CreditLife(RuleBasedStateMachine):
    """What can happen to credit; each step is done to the store and to the model."""

    store_kind: type[Any]

    @initialize()
    def open_store(self) -> None:
        self.clock = FrozenClock(START)
        self.store: Store = self.store_kind(self.clock)
        self.bench = Bench(self.store, self.clock)
        self.bench.campaign()
        self.ledger = CreditLedger()
        self.number = 0
        self.price: dict[str, int] = {}
        self.begun: list[Claim] = []  # sending or in doubt
        self.ended: list[str] = []
        self.doubtful: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()

    def next_number(self) -> int:
        self.number += 1
        return self.number

    @rule(count=counts, days=st.one_of(st.none(), st.integers(1, 9)))
    def grant(self, count: int, days: int | None) -> None:
        now, key = self.clock.now(), f"g{self.next_number()}"
        expires_at = None if days is None else now + timedelta(days=days)
        self.store.post(MERCHANT, [GrantCredit(key=key, count=count, expires_at=expires_at)])
        self.ledger.grant(key, count, at=now, expires_at=expires_at)

    @rule(count=counts)
    def take_away(self, count: int) -> None:
        key = f"a{self.next_number()}"
        told = self.refusal(lambda: self.store.post(MERCHANT, [AdjustCredit(key=key, count=-count)]))
        assert told == self.refusal(lambda: self.ledger.adjust(key, -count, at=self.clock.now()))

    @precondition(lambda self: self.ended)
    @rule(pick=picks, count=st.integers(1, 3))
    def refund(self, pick: int, count: int) -> None:
        key, of = f"r{self.next_number()}", self.ended[pick % len(self.ended)]
        told = self.refusal(lambda: self.store.post(MERCHANT, [RefundCredit(key=key, of=of, count=count)]))
        assert told == self.refusal(lambda: self.ledger.refund(key, count, of=of, at=self.clock.now()))

    def refusal(self, call: Any) -> type[Exception] | None:
        try:
            call()
        except CampaignKitError as error:
            return type(error)
        return None

    @rule(wanted=prices)
    def begin(self, wanted: list[int]) -> None:
        names = [f"n{self.next_number():03}" for _ in wanted]
        self.bench.add(*names, channel=Channel.SMS)
        claims = {one.recipient.recipient_id: one for one in self.bench.claim(limit=100)}
        asked = [claims[f"c1{name}"] for name in names]
        for claim, price in zip(asked, wanted, strict=True):
            self.price[key_of(claim)] = price
        answers = self.bench.ask(
            *(self.bench.clearance(one, price=price) for one, price in zip(asked, wanted, strict=True)),
            lease=timedelta(days=1000),
        )
        batch = self.ledger.hold_batch([(key_of(one), self.price[key_of(one)]) for one in asked], at=self.clock.now())
        going = [one for one, answer in zip(asked, answers, strict=True) if answer.verdict is BeginVerdict.GO]
        assert [key_of(one) for one in going] == list(batch.held)
        self.begun += going
        self.bench.store.settle(
            [self.bench.settlement(one, RecipientEvent.REFUSE) for one in asked if one not in going]
        )

    @precondition(lambda self: self.begun)
    @rule(pick=picks, event=st.sampled_from(ENDINGS), spent=st.one_of(st.none(), st.integers(0, 6)))
    def settle(self, pick: int, event: RecipientEvent, spent: int | None) -> None:
        claim = self.begun[pick % len(self.begun)]
        key, is_doubt = key_of(claim), event is RecipientEvent.DOUBT
        known = spent if event is RecipientEvent.ACCEPT else None
        self.bench.settle(claim, event, spent=known)
        if is_doubt:
            self.doubtful.add(key)
            return
        usual = self.price[key] if event is RecipientEvent.ACCEPT else 0
        self.end(claim, usual if known is None else min(known, self.price[key]))

    def end(self, claim: Claim, spent: int) -> None:
        self.begun.remove(claim)
        self.ended.append(key_of(claim))
        self.ledger.settle(key_of(claim), spent, at=self.clock.now())

    @rule(days=st.integers(1, 3))
    def wait(self, days: int) -> None:
        self.clock.advance(timedelta(days=days))

    @precondition(lambda self: self.doubtful)
    @rule()
    def give_up(self) -> None:
        self.clock.advance(DOUBT_HORIZON[Channel.SMS])
        self.store.reap()
        gone = [one for one in self.begun if key_of(one) in self.doubtful]
        for claim in sorted(gone, key=lambda one: one.recipient.recipient_id):
            self.end(claim, self.price[key_of(claim)])
        self.doubtful.clear()

    @invariant()
    def both_have_the_same(self) -> None:
        if not hasattr(self, "store"):
            return
        now, lots = self.clock.now(), self.store.lots(MERCHANT)
        assert make_balance(lots, now) == self.ledger.balance(at=now)
        mine = self.told(lots)
        theirs = [_named(one) for one in self.ledger.statement(until=now + LEASE).entries]
        assert sorted(mine, key=_place) == sorted(theirs, key=_place)
        closing = add_up(Position(), mine)
        balance = self.ledger.balance(at=now)
        assert (closing.available, closing.held, closing.spent) == (balance.available, balance.held, balance.spent)

    def told(self, lots: Any) -> list[Entry]:
        charged = [entry for one in self.store.charged(MERCHANT) for entry in one.credit_entries]
        return [*self.store.posted(MERCHANT), *charged, *due_lapses(lots, self.clock.now() + LEASE)]


def _named(entry: Entry) -> Entry:
    """Return an entry of the model as a store has it: a hold tells under what name the provider got the message."""
    if entry.kind is not EntryKind.HOLD:
        return entry
    recipient_id, _, _ = entry.key.partition("/")
    return attrs.evolve(entry, reference=f"{recipient_id}.1")


def _place(entry: Entry) -> tuple[str, str]:
    return (entry.slot.value, entry.key)


def live(kind: type[Any], examples: int, **more: Any) -> None:
    life = type("Life", (CreditLife,), {"store_kind": kind})
    quiet = hypothesis.settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        database=None,
        derandomize=True,
        print_blob=False,
        **more,
    )
    run_state_machine_as_test(life, settings=quiet)


@pytest.mark.parametrize(("kind", "examples"), [(MemoryStore, 80), (OnItsOwnFile, 20)])
def test_e4_a_store_keeps_the_ledger_of_the_model(kind: type[Any], examples: int) -> None:
    live(kind, examples)


@pytest.mark.parametrize("kind", [ChargesForAllParts, LetsTheCheaperOvertake, ReleasesWhatIsInDoubt])
def test_a_random_life_finds_a_planted_bug(kind: type[Any]) -> None:
    with pytest.raises((AssertionError, ValueError, CampaignKitError)):
        live(kind, 300, phases=[hypothesis.Phase.generate])

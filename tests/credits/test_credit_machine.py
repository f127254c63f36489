"""Long lives of a ledger beside a model of single tokens, and beside a store of rows: all three say the same."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from campaignkit.credits import (
    AdjustCredit,
    CreditLedger,
    EntrySlot,
    GrantCredit,
    Position,
    RefundCredit,
    add_up,
    due_lapses,
)
from campaignkit.errors import CreditsExceeded, HoldNotFound, InsufficientCredits, InvalidCredits, KeyReused
from tests.credits.row_store import RowStore
from tests.credits.token_model import TokenLedger

START = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
# Clocks go back too.
STEPS = (timedelta(0), timedelta(microseconds=1), HOUR, 3 * HOUR, timedelta(days=1), -HOUR)
LIVES = (None, timedelta(microseconds=1), HOUR, 2 * HOUR, timedelta(days=1), timedelta(days=30))

counts = st.integers(1, 9)
picks = st.integers(0, 30)


class CreditMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.serial = 0
        self.ledger, self.model, self.rows = CreditLedger(), TokenLedger(), RowStore()
        self.held_keys: list[str] = []
        self.moments: list[datetime] = [START]

    def new_key(self) -> str:
        self.serial += 1
        return f"k{self.serial}"

    @rule(step=st.sampled_from(STEPS))
    def pass_time(self, step: timedelta) -> None:
        self.now += step
        self.moments.append(self.now)

    @rule(count=counts, life=st.sampled_from(LIVES), is_adjustment=st.booleans())
    def grant(self, count: int, life: timedelta | None, is_adjustment: bool) -> None:
        key, expires_at = self.new_key(), None if life is None else self.now + life
        verb = self.ledger.adjust if is_adjustment else self.ledger.grant
        request = AdjustCredit if is_adjustment else GrantCredit

        verb(key, count, at=self.now, expires_at=expires_at)

        self.model.grant(key, count, self.now, expires_at)
        self.rows.post(request(key=key, count=count, expires_at=expires_at), self.now)

    @rule(prices=st.lists(counts, min_size=1, max_size=5))
    def begin(self, prices: list[int]) -> None:
        wanted = [(self.new_key(), price) for price in prices]

        batch = self.ledger.hold_batch(wanted, at=self.now)

        paid = []
        for key, price in wanted:
            if not self.model.hold(key, price, self.now):
                break
            paid.append(key)
        assert list(batch.held) == paid
        assert batch.unpaid == self.rows.begin(wanted, self.now) == tuple(key for key, _ in wanted[len(paid) :])
        self.held_keys += paid

    @rule(count=counts)
    def hold(self, count: int) -> None:
        key = self.new_key()
        if self.model.hold(key, count, self.now):
            self.ledger.hold(key, count, at=self.now)
            self.held_keys.append(key)
            assert self.rows.begin([(key, count)], self.now) == ()
            return
        with pytest.raises(InsufficientCredits):
            self.ledger.hold(key, count, at=self.now)
        self.ledger.expire(at=self.now)  # a begin writes down what has expired, even if it can pay nobody
        assert self.rows.begin([(key, count)], self.now) == (key,)

    @precondition(lambda self: self.model.open_holds)
    @rule(pick=picks, less=st.integers(0, 4), is_released=st.booleans())
    def end(self, pick: int, less: int, is_released: bool) -> None:
        open_holds = sorted(self.model.open_holds)
        key = open_holds[pick % len(open_holds)]
        spent = 0 if is_released else max(self.model.open_holds[key] - less, 0)

        if is_released:
            self.ledger.release(key, at=self.now)
        else:
            self.ledger.settle(key, spent, at=self.now)

        self.model.end(key, spent, self.now)
        self.rows.settle([(key, spent)], self.now)

    @precondition(lambda self: len(self.model.open_holds) > 1)
    @rule(spent=st.lists(st.integers(0, 9), min_size=2, max_size=4))
    def end_wave(self, spent: list[int]) -> None:
        keys = sorted(self.model.open_holds)[: len(spent)]
        ended = [(key, min(count, self.model.open_holds[key])) for key, count in zip(keys, spent, strict=False)]

        for key, count in ended:
            self.ledger.settle(key, count, at=self.now)

        for key, count in ended:
            self.model.end(key, count, self.now)
        self.rows.settle(ended, self.now)

    @precondition(lambda self: self.model.spent_of)
    @rule(pick=picks, count=counts)
    def refund(self, pick: int, count: int) -> None:
        settled = sorted(self.model.spent_of)
        of, key = settled[pick % len(settled)], self.new_key()
        if count > self.model.spent_of[of]:
            with pytest.raises(CreditsExceeded):
                self.ledger.refund(key, count, of=of, at=self.now)
            return

        self.ledger.refund(key, count, of=of, at=self.now)

        self.model.refund(of, count, self.now)
        self.rows.post(RefundCredit(key=key, of=of, count=count), self.now)

    @rule(count=counts)
    def take_away(self, count: int) -> None:
        key = self.new_key()
        if self.model.take_away(count, self.now):
            self.ledger.adjust(key, -count, at=self.now)
            self.rows.post(AdjustCredit(key=key, count=-count), self.now)
            return
        with pytest.raises(InsufficientCredits):
            self.ledger.adjust(key, -count, at=self.now)
        self.expire()

    @rule()
    def expire(self) -> None:
        self.ledger.expire(at=self.now)
        self.model.sweep(self.now)
        self.rows.begin([], self.now)

    @precondition(lambda self: self.ledger.entries())
    @rule(pick=picks, more=st.integers(0, 1))
    def use_a_key_again(self, pick: int, more: int) -> None:
        """The same again is harmless; anything else is an error; neither changes a thing."""
        entries = self.ledger.entries()
        entry = entries[pick % len(entries)]
        match entry.kind:
            case "grant" | "adjust":
                verb = self.ledger.grant if entry.kind == "grant" else self.ledger.adjust

                def again() -> object:
                    return verb(entry.key, entry.count + more, at=self.now, expires_at=entry.expires_at)
            case "hold":

                def again() -> object:
                    return self.ledger.hold(entry.key, entry.count + more, at=self.now)
            case "settle" | "release":

                def again() -> object:
                    return self.ledger.settle(entry.key, entry.count + more, at=self.now)
            case "refund":

                def again() -> object:
                    return self.ledger.refund(entry.key, entry.count + more, of=entry.of, at=self.now)
            case _:
                return
        # An adjustment by 0 is refused before its key is looked at.
        if more:
            with pytest.raises((KeyReused, InvalidCredits)):
                again()
        else:
            assert again() == entry
        assert self.ledger.entries() == entries

    @precondition(lambda self: self.held_keys)
    @rule(pick=picks)
    def ask_for_too_much(self, pick: int) -> None:
        key = self.held_keys[pick % len(self.held_keys)]
        entries = self.ledger.entries()
        if key in self.model.open_holds:
            with pytest.raises(CreditsExceeded):
                self.ledger.settle(key, self.model.open_holds[key] + 1, at=self.now)
        with pytest.raises(HoldNotFound):
            self.ledger.release("nobody", at=self.now)
        with pytest.raises(KeyReused):
            self.ledger.grant(key, 5, at=self.now)
        with pytest.raises(KeyReused):
            self.ledger.hold_batch([("new", 1), (key, 1)], at=self.now)
        assert self.ledger.entries() == entries

    @invariant()
    def every_lot_is_as_its_tokens(self) -> None:
        lots = {lot.key: lot for lot in self.ledger._lots.values()}
        stored = {lot.key: lot for lot in self.rows.all_lots()}
        assert sorted(lots) == sorted(self.model.lots)
        for key, lot in lots.items():
            tokens = self.model.counts(key)
            assert (lot.available, lot.held, lot.spent, lot.expired) == tuple(
                tokens[state] for state in ("available", "held", "spent", "expired")
            )
            assert lot.granted == tokens.total() == lot.available + lot.held + lot.spent + lot.expired
        assert stored == lots

    @invariant()
    def entries_add_up_to_the_lots(self) -> None:
        whole = add_up(Position(), self.ledger.entries())
        lots = self.ledger._lots.values()
        assert whole.available == sum(lot.available for lot in lots)
        assert (whole.held, whole.spent) == (sum(lot.held for lot in lots), sum(lot.spent for lot in lots))
        assert whole.expired == sum(lot.expired for lot in lots)
        keyed = {(entry.slot, entry.key): entry for entry in self.ledger.entries()}
        assert len(keyed) == len(self.ledger.entries())
        assert {(entry.slot, entry.key): entry for entry in self.rows.entries()} == keyed

    @invariant()
    def every_hold_ends_at_most_once(self) -> None:
        slots = [entry.slot for entry in self.ledger.entries() if entry.key in self.held_keys]
        ended = slots.count(EntrySlot.ENDING)
        assert slots.count(EntrySlot.OPENING) == len(self.held_keys)
        assert len(self.held_keys) - ended == len(self.model.open_holds)

    @invariant()
    def the_balance_is_what_tokens_say(self) -> None:
        balance, model = self.ledger.balance(at=self.now), deepcopy(self.model)
        model.sweep(self.now)
        states = [token.state for token in model.tokens]
        assert (balance.granted, balance.available, balance.held, balance.spent, balance.expired) == (
            len(states),
            *(states.count(state) for state in ("available", "held", "spent", "expired")),
        )
        soon = self.now + HOUR
        due = [token for token in model.available() if token.expires_at is not None and token.expires_at <= soon]
        assert balance.expiring_soon(HOUR) == len(due)
        since = self.now - HOUR
        assert balance.long_unused(since) == sum(model.used_at[token.lot] <= since for token in model.available())

    @invariant()
    def statements_follow_upon_each_other(self) -> None:
        end = max(self.moments) + timedelta(days=1)
        whole = self.ledger.statement(until=end)
        middle = self.moments[len(self.moments) // 2]
        first = self.ledger.statement(until=middle)
        second = self.ledger.statement(since=middle, until=end)
        assert first.closing == second.opening
        assert second.closing == whole.closing
        assert len(first.entries) + len(second.entries) == len(whole.entries)
        for statement in (whole, first, second):
            total = statement.opening
            for movement in statement.movements.values():
                total += movement
            assert total == statement.closing
        lapses = [one for one in due_lapses(self.ledger._lots.values(), end) if one.at < end]
        assert whole.closing == add_up(Position(), (*self.ledger.entries(), *lapses))


CreditMachine.TestCase.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
TestCreditMachine = CreditMachine.TestCase

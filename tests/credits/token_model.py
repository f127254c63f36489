"""Credit the slow and plain way: every single credit is a token that somebody has. Knows nothing of campaignkit."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass
class Token:
    lot: str
    lot_order: tuple[bool, datetime, int]
    expires_at: datetime | None
    state: str = "available"
    hold: str = ""
    paid_as: int = -1  # the how-manieth token of its hold


@dataclass
class TokenLedger:
    tokens: list[Token] = field(default_factory=list)
    lots: list[str] = field(default_factory=list)
    open_holds: dict[str, int] = field(default_factory=dict)
    spent_of: dict[str, int] = field(default_factory=dict)  # by hold that was settled, less what was refunded
    used_at: dict[str, datetime] = field(default_factory=dict)

    def has_lapsed(self, lot: str, now: datetime) -> bool:
        mine = [token for token in self.tokens if token.lot == lot]
        return any(token.state == "expired" for token in mine) or any(
            token.expires_at is not None and token.expires_at <= now for token in mine
        )

    def sweep(self, now: datetime) -> None:
        lapsed = {lot for lot in self.lots if self.has_lapsed(lot, now)}
        for token in self.tokens:
            if token.state == "available" and token.lot in lapsed:
                token.state = "expired"

    def available(self) -> list[Token]:
        """Every token that can be had, in the order in which they go."""
        return sorted((token for token in self.tokens if token.state == "available"), key=lambda token: token.lot_order)

    def grant(self, key: str, count: int, now: datetime, expires_at: datetime | None) -> None:
        self.sweep(now)
        self.lots.append(key)
        self.used_at[key] = now
        order = (expires_at is None, expires_at or now, len(self.lots))
        self.tokens += [Token(key, order, expires_at) for _ in range(count)]

    def hold(self, key: str, count: int, now: datetime) -> bool:
        self.sweep(now)
        free = self.available()
        if len(free) < count:
            return False
        for place, token in enumerate(free[:count]):
            token.state, token.hold, token.paid_as = "held", key, place
            self.used_at[token.lot] = now
        self.open_holds[key] = count
        return True

    def end(self, key: str, spent: int, now: datetime) -> None:
        self.sweep(now)
        lapsed = {lot for lot in self.lots if self.has_lapsed(lot, now)}
        mine = sorted((token for token in self.tokens if token.hold == key), key=lambda token: token.paid_as)
        for place, token in enumerate(mine):
            if place < spent:
                token.state = "spent"
            else:
                token.state = "expired" if token.lot in lapsed else "available"
                token.hold = ""
        del self.open_holds[key]
        self.spent_of[key] = spent

    def refund(self, of: str, count: int, now: datetime) -> None:
        self.sweep(now)
        lapsed = {lot for lot in self.lots if self.has_lapsed(lot, now)}
        mine = sorted((token for token in self.tokens if token.hold == of), key=lambda token: -token.paid_as)
        for token in mine[:count]:
            token.state = "expired" if token.lot in lapsed else "available"
            token.hold = ""
        self.spent_of[of] -= count

    def take_away(self, count: int, now: datetime) -> bool:
        self.sweep(now)
        free = self.available()
        if len(free) < count:
            return False
        gone = {id(token) for token in free[:count]}
        self.tokens = [token for token in self.tokens if id(token) not in gone]
        return True

    def counts(self, lot: str) -> Counter[str]:
        return Counter(token.state for token in self.tokens if token.lot == lot)

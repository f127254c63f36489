"""A merchant's credit, counted beside the store: what is granted, what is held, what it came to. Reads the store."""

from collections import Counter
from collections.abc import Mapping

import attrs

from campaignkit.campaign.status import RecipientStatus
from campaignkit.credits.posting import GrantCredit
from campaignkit.delivery.settling import Settlement
from campaignkit.testing.simulation.court import Begun, Court
from campaignkit.testing.simulation.watching import Call

__all__ = ["Purses"]

_CHARGED = frozenset({RecipientStatus.SENT, RecipientStatus.UNKNOWN})


@attrs.define(eq=False)
class Purses:
    """What the credit of every merchant must come to."""

    court: Court
    granted: Counter[str] = attrs.field(factory=Counter)
    spent: Counter[str] = attrs.field(factory=Counter)
    keys: set[tuple[str, str]] = attrs.field(factory=set)  # of grants that were made

    def note_posted(self, call: Call) -> None:
        """Count what was granted; the same key twice is granted once."""
        merchant_id = call.arguments[0]
        for request in call.arguments[1]:
            if isinstance(request, GrantCredit) and (merchant_id, request.key) not in self.keys:
                self.keys.add((merchant_id, request.key))
                self.granted[merchant_id] += request.count

    def note_ended(self, begun: Begun, status: RecipientStatus, said: Settlement | None) -> None:
        """Count what one message came to cost, once it is settled."""
        price = begun.clearance.price or 0
        usual = price if status in _CHARGED else 0
        spent = usual if said is None or said.spent is None else min(said.spent, price)
        self.spent[begun.clearance.merchant_id] += spent

    def judge(self, merchant_id: str) -> None:
        """Compare with the lots of the store."""
        if not self.granted[merchant_id]:
            return
        lots = self.court.store.lots(merchant_id)
        holding = (one for one in self.court.all_begun(merchant_id) if one.is_open)
        expected: Mapping[str, int] = {
            "granted": self.granted[merchant_id],
            "held": sum(one.clearance.price or 0 for one in holding),
            "spent": self.spent[merchant_id],
        }
        for name, count in expected.items():
            found = sum(getattr(lot, name) for lot in lots)
            if found != count:
                self.court.find("ledger", f"{found} credits of {merchant_id} are {name}, {count} should be")

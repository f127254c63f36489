"""At what cost? Prices and what was granted in; who can be paid for, and a ledger that adds up, out.

``parts × price → need → hold over the lots that expire first → settle or release → a line of a statement``
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.credits.balances import Balance, make_balance
    from campaignkit.credits.confirming import Confirmed, confirmed_places, unconfirmed
    from campaignkit.credits.entries import Entry, EntryKind, EntrySlot, Position, add_up, attempt_entries, due_lapses
    from campaignkit.credits.estimating import CountryNeed, Estimate, Refused, estimate, quote
    from campaignkit.credits.ledger import CreditLedger
    from campaignkit.credits.lots import Lot, Shares, dump_shares, load_shares
    from campaignkit.credits.posting import (
        AdjustCredit,
        CreditRequest,
        GrantCredit,
        HoldCredit,
        Posting,
        PostingFacts,
        RefundCredit,
        ReleaseHold,
        SettleHold,
        post,
    )
    from campaignkit.credits.prices import Price, PriceBook, PriceTable
    from campaignkit.credits.pumping import (
        NumbersLook,
        PumpingCode,
        PumpingFinding,
        find_pumping,
        look_at_numbers,
        more_usual,
        usual_prefixes,
    )
    from campaignkit.credits.pumping_settings import PumpingSettings
    from campaignkit.credits.purse import BatchHold, BatchSettled, Purse, hold_batch, settle_batch
    from campaignkit.credits.reconciling import BillLine, Difference, DifferenceReason, Reconciliation, reconcile
    from campaignkit.credits.statements import Statement, make_statement

__all__ = [
    "AdjustCredit",
    "Balance",
    "BatchHold",
    "BatchSettled",
    "BillLine",
    "Confirmed",
    "CountryNeed",
    "CreditLedger",
    "CreditRequest",
    "Difference",
    "DifferenceReason",
    "Entry",
    "EntryKind",
    "EntrySlot",
    "Estimate",
    "GrantCredit",
    "HoldCredit",
    "Lot",
    "NumbersLook",
    "Position",
    "Posting",
    "PostingFacts",
    "Price",
    "PriceBook",
    "PriceTable",
    "PumpingCode",
    "PumpingFinding",
    "PumpingSettings",
    "Purse",
    "Reconciliation",
    "RefundCredit",
    "Refused",
    "ReleaseHold",
    "SettleHold",
    "Shares",
    "Statement",
    "add_up",
    "attempt_entries",
    "confirmed_places",
    "due_lapses",
    "dump_shares",
    "estimate",
    "find_pumping",
    "hold_batch",
    "load_shares",
    "look_at_numbers",
    "make_balance",
    "make_statement",
    "more_usual",
    "post",
    "quote",
    "reconcile",
    "settle_batch",
    "unconfirmed",
    "usual_prefixes",
]

_ROOMS = {
    "balances": ("Balance", "make_balance"),
    "confirming": ("Confirmed", "confirmed_places", "unconfirmed"),
    "entries": ("Entry", "EntryKind", "EntrySlot", "Position", "add_up", "attempt_entries", "due_lapses"),
    "estimating": ("CountryNeed", "Estimate", "Refused", "estimate", "quote"),
    "ledger": ("CreditLedger",),
    "lots": ("Lot", "Shares", "dump_shares", "load_shares"),
    "posting": (
        "AdjustCredit",
        "CreditRequest",
        "GrantCredit",
        "HoldCredit",
        "Posting",
        "PostingFacts",
        "RefundCredit",
        "ReleaseHold",
        "SettleHold",
        "post",
    ),
    "prices": ("Price", "PriceBook", "PriceTable"),
    "pumping_settings": ("PumpingSettings",),
    "pumping": (
        "NumbersLook",
        "PumpingCode",
        "PumpingFinding",
        "find_pumping",
        "look_at_numbers",
        "more_usual",
        "usual_prefixes",
    ),
    "purse": ("BatchHold", "BatchSettled", "Purse", "hold_batch", "settle_batch"),
    "reconciling": ("BillLine", "Difference", "DifferenceReason", "Reconciliation", "reconcile"),
    "statements": ("Statement", "make_statement"),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

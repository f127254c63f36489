"""The four ports of the engine: Transport, Store, Clock, and the source of ids. Protocols and their laws. Pure.

``campaignkit.testing.store_laws`` proves a host's own store against them.
Every instant is an aware UTC datetime. Every read and write names the merchant; what belongs to another one is not
found.
"""

from typing import Protocol

from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.ports.crediting import CreditStore
from campaignkit.ports.dispatching import Claim, DispatchStore, Due, DueList, Reaped
from campaignkit.ports.documents import Document, DocumentStore, SaveGuard
from campaignkit.ports.doubts import DoubtStore
from campaignkit.ports.feedback import FeedbackStore
from campaignkit.ports.planning import Backlog, PlanningStore
from campaignkit.ports.recipients import RecipientQuery, RecipientStore, SuppressionStore, Trail
from campaignkit.ports.transports import (
    Clear,
    Cleared,
    Clock,
    NewId,
    SaysDoubtMax,
    SaysIdempotent,
    SenderCheck,
    Transport,
)

__all__ = [
    "Backlog",
    "Claim",
    "Clear",
    "Cleared",
    "Clock",
    "CreditStore",
    "DispatchStore",
    "Document",
    "DocumentStore",
    "DoubtStore",
    "Due",
    "DueList",
    "FeedbackStore",
    "NewId",
    "PlanningStore",
    "Reaped",
    "RecipientQuery",
    "RecipientStore",
    "SaveGuard",
    "SaysDoubtMax",
    "SaysIdempotent",
    "SenderCheck",
    "SettleResult",
    "Settlement",
    "Store",
    "SuppressionStore",
    "Trail",
    "Transport",
]


class Store(
    DocumentStore,
    RecipientStore,
    DispatchStore,
    DoubtStore,
    SuppressionStore,
    FeedbackStore,
    PlanningStore,
    CreditStore,
    Protocol,
):
    """Everything that campaignkit keeps. ``bind_clock`` gives it the kit's clock unless it was made with its own."""

    def bind_clock(self, clock: Clock, /) -> None: ...

    def close(self) -> None: ...

"""Matches: what a search among customers answers. Values. Pure."""

from collections.abc import Iterator
from enum import StrEnum

import attrs

from campaignkit.audience.customers.mismatches import Mismatch
from campaignkit.audience.customers.records import Customer

__all__ = ["HiddenByFilter", "Match", "MatchReason", "NewCustomerCheck", "NewVerdict", "Obstacle", "SearchResults"]


class MatchReason(StrEnum):
    """Why a customer was found, best first. The values are stable."""

    ID = "id"
    PHONE = "phone"
    EMAIL = "email"
    LOYALTY_ID = "loyalty_id"
    NAME = "name"
    PARTIAL_PHONE = "partial_phone"
    PARTIAL_EMAIL = "partial_email"
    NICKNAME = "nickname"
    PARTIAL_NAME = "partial_name"
    SIMILAR_NAME = "similar_name"
    SAME_PERSON = "same_person"  # on check_new: the evidence of find_duplicates


@attrs.frozen(kw_only=True)
class Obstacle:
    """Why a record cannot be chosen for an order."""

    code: str  # "merged", "blocked", "incomplete"
    message: str  # one sentence for a shopkeeper
    use_instead: str = ""  # the customer id of the record to use


@attrs.frozen(kw_only=True)
class Match:
    """One customer that was found."""

    customer: Customer
    score: float  # between 0 and 1
    reasons: tuple[MatchReason, ...]
    message: str  # one sentence: "The phone number ends like this."
    obstacle: Obstacle | None = None

    @property
    def is_choosable(self) -> bool:
        return self.obstacle is None


@attrs.frozen(kw_only=True)
class HiddenByFilter:
    """How many matches an active filter keeps from sight."""

    filter: str
    count: int


@attrs.frozen(kw_only=True)
class SearchResults:
    """What was found, the best first; walked through match by match."""

    matches: tuple[Match, ...]
    total_count: int  # with those beyond the limit, without the hidden ones
    hidden: tuple[HiddenByFilter, ...] = ()  # a match that two filters hide counts for both

    @property
    def has_more(self) -> bool:
        """Whether there are more than are shown."""
        return self.total_count > len(self.matches)

    def __iter__(self) -> Iterator[Match]:
        return iter(self.matches)

    def __len__(self) -> int:
        return len(self.matches)


class NewVerdict(StrEnum):
    """What to do with a customer who is about to be created. The values are stable."""

    CREATE = "create"
    ASK = "ask"
    REFUSE = "refuse"


@attrs.frozen(kw_only=True)
class NewCustomerCheck:
    """Whether a new record should be made, and who it looks like."""

    verdict: NewVerdict
    suggestions: tuple[Match, ...]  # the surest first
    mismatch: Mismatch | None
    message: str  # "" where nothing stands against it

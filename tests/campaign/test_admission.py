"""admit, excluded and landing: what a row becomes when it is added, and where it ends when it comes back."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import (
    CampaignRecipient,
    Intake,
    IntakeResult,
    Landing,
    admit,
    excluded,
    landing,
)
from campaignkit.campaign.status import CampaignStatus, RecipientStatus

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
ADDED, EXISTING, EXCLUDED, REJECTED = IntakeResult


def row(name: str, **changes: Any) -> CampaignRecipient:
    values: dict[str, Any] = {
        "recipient_id": f"id of {name}",
        "contact_key": f"key of {name}",
        "address_key": f"{name}@example.com",
        "channel": Channel.EMAIL,
        "not_before": NOW,
        "added_at": NOW,
        "changed_at": NOW,
    }
    return CampaignRecipient(merchant_id="flora", campaign_id="c1", **{**values, **changes})


class Stored:
    """What a store knows of a campaign's rows, and nothing else."""

    def __init__(self, *suppressed: str) -> None:
        self.rows: list[CampaignRecipient] = []
        self.suppressed = frozenset(suppressed)

    def add(self, *rows: CampaignRecipient) -> list[IntakeResult]:
        inserts, results = admit(
            rows,
            recipients_by_address={
                (one.address_key, one.occasion): one for one in self.rows if one.intake is Intake.RECIPIENT
            },
            known_contacts={f"{one.contact_key}/{one.occasion}" for one in self.rows},
            suppressed=self.suppressed,
        )
        self.rows += inserts
        return results


def test_a_new_row_is_added_as_it_is() -> None:
    stored = Stored()

    assert stored.add(row("ann")) == [ADDED]
    assert stored.rows == [row("ann")]


def test_the_same_contact_is_known_whatever_its_address_became() -> None:
    stored = Stored()
    stored.add(row("ann"))

    assert stored.add(row("ann", address_key="elsewhere@example.com", recipient_id="new")) == [EXISTING]
    assert stored.rows == [row("ann")]


@pytest.mark.parametrize(
    ("row_number", "detail"),
    [(7, "This address already stands in row 7."), (None, "This address already stands in another contact.")],
)
def test_a_second_contact_at_one_address_is_left_out(row_number: int | None, detail: str) -> None:
    stored = Stored()
    stored.add(row("ann", row_number=row_number))

    assert stored.add(row("twin", address_key="ann@example.com")) == [EXCLUDED]
    twin = stored.rows[1]
    assert (twin.intake, twin.status, twin.reason) == (Intake.EXCLUSION, RecipientStatus.SKIPPED, "duplicate")
    assert (twin.duplicate_of, twin.detail) == ("id of ann", detail)


def test_a_suppressed_address_is_left_out() -> None:
    stored = Stored("ann@example.com")

    assert stored.add(row("ann"), row("bob")) == [EXCLUDED, ADDED]
    assert (stored.rows[0].reason, stored.rows[0].status) == ("suppressed", RecipientStatus.SKIPPED)


def test_whoever_is_left_out_leaves_the_address_free() -> None:
    stored = Stored()
    stored.add(row("ann", intake=Intake.EXCLUSION, status=RecipientStatus.SKIPPED, reason="no_consent"))

    assert stored.add(row("twin", address_key="ann@example.com")) == [ADDED]


def test_another_occasion_is_another_message() -> None:
    stored = Stored()

    assert stored.add(row("ann"), row("ann", occasion="birthday/1", recipient_id="second")) == [ADDED, ADDED]


def test_what_comes_in_as_left_out_stays_so() -> None:
    stored = Stored("bob@example.com")
    no_consent = row("ann", intake=Intake.EXCLUSION, status=RecipientStatus.SKIPPED, reason="no_consent")
    rejection = row("bob", intake=Intake.REJECTION, status=RecipientStatus.SKIPPED, reason="malformed")

    assert stored.add(no_consent, rejection) == [EXCLUDED, REJECTED]
    assert stored.rows == [no_consent, rejection]


def test_an_exclusion_differs_in_nothing_but_its_fate() -> None:
    left_out = excluded(row("ann"), "duplicate", "Why.", "id of bob")

    fate = {"intake": Intake.EXCLUSION, "status": RecipientStatus.SKIPPED, "reason": "duplicate", "detail": "Why."}
    assert left_out == row("ann", **fate, duplicate_of="id of bob")


# Properties -----------------------------------------------------------------------------------------------------------

people = st.sampled_from("abcdef")
ids = itertools.count()


@st.composite
def rows(draw: st.DrawFn) -> CampaignRecipient:
    intake = draw(st.sampled_from([Intake.RECIPIENT] * 4 + [Intake.EXCLUSION, Intake.REJECTION]))
    return row(
        draw(people),
        recipient_id=f"r{next(ids)}",
        address_key=f"{draw(people)}@example.com",
        occasion=draw(st.sampled_from(["", "", "birthday/1"])),
        intake=intake,
        status=RecipientStatus.PENDING if intake is Intake.RECIPIENT else RecipientStatus.SKIPPED,
    )


lists = st.lists(rows(), max_size=12)
opt_outs = st.frozensets(people.map(lambda name: f"{name}@example.com"), max_size=2)


@given(lists, opt_outs)
@settings(deadline=None)
def test_no_row_vanishes(batch: list[CampaignRecipient], suppressed: frozenset[str]) -> None:
    stored = Stored(*suppressed)
    results = Counter(stored.add(*batch))

    assert results.total() == len(batch)
    assert len(stored.rows) == len(batch) - results[EXISTING]
    assert Counter(one.intake for one in stored.rows) == +Counter(
        {
            Intake.RECIPIENT: results[ADDED],
            Intake.EXCLUSION: results[EXCLUDED],
            Intake.REJECTION: results[REJECTED],
        }
    )


@given(lists, opt_outs)
@settings(deadline=None)
def test_adding_a_list_again_adds_nothing(batch: list[CampaignRecipient], suppressed: frozenset[str]) -> None:
    stored = Stored(*suppressed)
    stored.add(*batch)
    before = list(stored.rows)

    assert stored.add(*batch) == [EXISTING] * len(batch)
    assert stored.rows == before


@given(lists, opt_outs, st.integers(0, 12))
@settings(deadline=None)
def test_a_list_may_be_cut_anywhere(batch: list[CampaignRecipient], suppressed: frozenset[str], cut: int) -> None:
    whole, parts = Stored(*suppressed), Stored(*suppressed)

    assert whole.add(*batch) == parts.add(*batch[:cut]) + parts.add(*batch[cut:])
    assert whole.rows == parts.rows


@given(lists, opt_outs)
@settings(deadline=None)
def test_rows_keep_their_order_and_the_first_of_an_address_wins(
    batch: list[CampaignRecipient], suppressed: frozenset[str]
) -> None:
    stored = Stored(*suppressed)
    stored.add(*batch)

    order = [one.recipient_id for one in batch]
    places = [order.index(one.recipient_id) for one in stored.rows]
    assert places == sorted(places)
    by_id = {one.recipient_id: one for one in stored.rows}
    for one in stored.rows:
        if one.reason == "duplicate":
            first = by_id[one.duplicate_of]
            assert (first.intake, first.address_key, first.occasion) == (
                Intake.RECIPIENT,
                one.address_key,
                one.occasion,
            )
            assert order.index(first.recipient_id) < order.index(one.recipient_id)


@given(lists, opt_outs)
@settings(deadline=None)
def test_one_address_has_one_recipient_for_each_occasion(
    batch: list[CampaignRecipient], suppressed: frozenset[str]
) -> None:
    stored = Stored(*suppressed)
    stored.add(*batch)

    taken = Counter((one.address_key, one.occasion) for one in stored.rows if one.intake is Intake.RECIPIENT)
    assert set(taken.values()) <= {1}
    assert not {address_key for address_key, _ in taken} & suppressed


# Landing --------------------------------------------------------------------------------------------------------------

HOUR = timedelta(hours=1)
CANCELLED = Landing(RecipientStatus.CANCELLED, "campaign_cancelled")
SKIPPED = Landing(RecipientStatus.SKIPPED, "suppressed")
EXPIRED = Landing(RecipientStatus.EXPIRED, "deadline_passed")
PENDING = Landing(RecipientStatus.PENDING, "window")


@pytest.mark.parametrize(
    ("status", "is_suppressed", "deadline", "wanted"),
    [
        pytest.param(CampaignStatus.CANCELLED, True, NOW, CANCELLED, id="cancelled wins over all"),
        pytest.param(CampaignStatus.SENDING, True, NOW, SKIPPED, id="an opt-out wins over the deadline"),
        pytest.param(CampaignStatus.SENDING, False, NOW - HOUR, EXPIRED, id="after the deadline"),
        pytest.param(CampaignStatus.SENDING, False, NOW, EXPIRED, id="at the deadline"),
        pytest.param(CampaignStatus.SENDING, False, NOW + HOUR, PENDING, id="before the deadline"),
        pytest.param(CampaignStatus.SENDING, False, None, PENDING, id="no deadline"),
        pytest.param(CampaignStatus.PAUSED, False, None, PENDING, id="paused waits"),
        pytest.param(CampaignStatus.FAILED, False, None, PENDING, id="failed waits"),
        pytest.param(CampaignStatus.FINISHED, False, None, PENDING, id="finished is reopened"),
    ],
)
def test_every_move_back_looks_first(
    status: CampaignStatus, is_suppressed: bool, deadline: datetime | None, wanted: Landing
) -> None:
    found = landing(
        reason="window", not_before=NOW, campaign_status=status, is_suppressed=is_suppressed, deadline=deadline
    )

    assert found == wanted

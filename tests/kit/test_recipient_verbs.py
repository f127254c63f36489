"""Recipients: added, removed, counted, explained; every row that came in is accounted for."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.addresses.channel import RejectionCode
from campaignkit.testing import FakeEmail
from tests.kit.conftest import CONTENT, FRIDAY, Shop, contact


def test_the_four_counts_add_up_to_what_came_in(shop: Shop) -> None:
    campaign = shop.draft(people=0)
    blank = ck.Rejection(code=RejectionCode.BLANK_ROW, field="row", message="The row is empty.", row_number=7)
    rows: list[ck.Contact | ck.Rejection]
    rows = [contact(1), contact(2, email="P1@EXAMPLE.com"), contact(3, email=""), blank, contact(1)]
    added = shop.flora.add_recipients(campaign.id, rows)

    assert ck.to_dict(added) == {"added": 1, "existing": 1, "excluded": 2, "rejected": 1}
    counts = shop.flora.counts(campaign.id)
    assert (counts.rows, counts.recipients) == (4, 1)
    assert counts.exclusions == {"duplicate": 1, "no_address": 1}
    assert counts.rejections == {"blank_row": 1}


def test_adding_a_list_twice_adds_nothing(shop: Shop) -> None:
    campaign = shop.draft(people=0)
    rows = [contact(number % 7, email=f"p{number % 5}@example.com") for number in range(20)]
    shop.flora.add_recipients(campaign.id, rows)
    before = shop.flora.counts(campaign.id)

    again = shop.flora.add_recipients(campaign.id, iter(rows))
    assert (again.added, again.existing) == (0, 20)
    assert shop.flora.counts(campaign.id) == before


def test_one_contact_can_be_added_by_itself(shop: Shop) -> None:
    assert shop.flora.add_recipients(shop.draft(people=0).id, contact(1)).added == 1


def test_contacts_are_streamed_a_thousand_at_a_time(shop: Shop) -> None:
    campaign = shop.draft(people=0)

    def stream() -> Iterator[ck.Contact]:
        for number in range(1, 1502):
            yield contact(number)
            if number == 1500:
                assert shop.flora.counts(campaign.id).rows == 1000  # what was read last is not yet committed

    assert shop.flora.add_recipients(campaign.id, stream()).added == 1501


def test_a_filter_excludes_visibly(shop: Shop) -> None:
    campaign = shop.draft(people=0)
    rows = [contact(number) for number in range(4)]
    shop.flora.add_recipients(campaign.id, rows, where=lambda one: one.name.endswith(("1", "2")))

    assert shop.flora.counts(campaign.id).exclusions == {"filtered": 2}


def test_a_duplicate_is_explained_with_the_row_that_it_repeats(shop: Shop) -> None:
    campaign = shop.draft()
    shop.flora.add_recipients(campaign.id, contact(20, email="P2@EXAMPLE.COM"))
    explained = shop.flora.explain(campaign.id, "cust-20")

    assert (explained.code, explained.message) == ("duplicate", "This address already stands in row 3.")
    (excluded,) = shop.flora.exclusions(campaign.id)
    assert excluded.duplicate_of == shop.flora.explain(campaign.id, "p2@example.com").recipient_id


def test_a_row_is_found_by_id_contact_address_in_any_spelling_or_number(shop: Shop) -> None:
    campaign = shop.draft()
    (_, second, _) = shop.flora.recipients(campaign.id)

    for who in (second.recipient_id, "cust-2", "p2@example.com", "P2@Example.COM", "row 3"):
        assert shop.flora.explain(campaign.id, who).recipient_id == second.recipient_id
    with pytest.raises(ck.RecipientNotFound) as refused:
        shop.flora.explain(campaign.id, "secret@example.com")
    assert refused.value.code == "recipient_not_found"
    assert "secret" not in str(refused.value)


def test_a_removed_recipient_stays_visible_and_gets_nothing(shop: Shop) -> None:
    campaign = shop.draft()
    shop.flora.remove_recipient(campaign.id, "p2@example.com")
    shop.flora.schedule(campaign.id)
    shop.kit.run()

    assert sorted(message.envelope_to for message in shop.mails) == ["p1@example.com", "p3@example.com"]
    assert shop.flora.explain(campaign.id, "p2@example.com").code == "cancelled"
    with pytest.raises(ck.RecipientBusy, match="is cancelled and cannot be changed now"):
        shop.flora.remove_recipient(campaign.id, "p2@example.com")


def test_who_was_sent_to_cannot_be_removed(shop: Shop) -> None:
    campaign = shop.finished()

    with pytest.raises(ck.RecipientBusy) as refused:
        shop.flora.remove_recipient(campaign.id, "p1@example.com")
    assert (refused.value.code, refused.value.status) == ("recipient_busy", "sent")


def test_an_opt_out_holds_in_every_campaign_and_after_reimport(shop: Shop) -> None:
    first, second = shop.draft(), shop.draft(name="Summer")
    shop.flora.suppress("P1@Example.com", reason="asked at the counter")

    for campaign in (first, second):
        assert shop.flora.explain(campaign.id, "p1@example.com").code == "suppressed"
    third = shop.draft(name="Autumn")
    assert shop.flora.counts(third.id).exclusions == {"suppressed": 1}
    with pytest.raises(ck.InvalidAddress):
        shop.flora.suppress("neither", reason="?")


def test_recipients_come_in_pages(shop: Shop) -> None:
    campaign = shop.draft(people=7)
    first = shop.flora.recipients(campaign.id, limit=4)
    rest = shop.flora.recipients(campaign.id, after=first[-1].recipient_id)

    assert [row.row_number for row in (*first, *rest)] == list(range(2, 9))
    assert shop.flora.recipients(campaign.id, status="sent") == ()


@pytest.mark.parametrize("field", ["address", "address_key"])
def test_no_full_address_stands_in_a_repr(shop: Shop, field: str) -> None:
    (row, *_) = shop.flora.recipients(shop.draft().id)

    assert getattr(row, field) == "p1@example.com"
    assert "p1@example.com" not in repr(row)


spellings = st.sampled_from(["a@example.com", "A@EXAMPLE.com", "b@example.com", "", "broken", "c@example.org"])
outcomes = st.sampled_from(["accepted", "refused", "lost"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(spellings, max_size=12), st.lists(outcomes, min_size=3, max_size=3))
def test_every_row_ends_as_an_outcome_or_an_exclusion(emails: list[str], fates: list[str]) -> None:
    mail = FakeEmail()
    for address, fate in zip(("a@example.com", "b@example.com", "c@example.org"), fates, strict=True):
        mail.script(address, fate)
    kit = ck.CampaignKit(store=ck.MemoryStore(), transports={"main": mail}, clock=ck.FrozenClock(FRIDAY))
    flora = kit.merchant("flora", zone="America/New_York", region="US")
    flora.add_sender("main", address="hello@flora.example")
    campaign = flora.create_campaign(name="Spring", sender="main", content=CONTENT)
    flora.add_recipients(campaign.id, [contact(number, email=email) for number, email in enumerate(emails)])
    if flora.preflight(campaign.id).is_ready:
        flora.schedule(campaign.id)
        kit.run()

    counts = flora.counts(campaign.id)
    assert counts.rows == len(emails) == counts.recipients + sum(counts.exclusions.values())
    assert (
        counts.recipients == sum(counts.by_status.values()) == len({email.lower() for email in emails if "@" in email})
    )
    assert set(counts.by_status) <= {ck.RecipientStatus.SENT, ck.RecipientStatus.FAILED, ck.RecipientStatus.IN_DOUBT}


# An address that is corrected while the campaign runs (A12). ---------------------------------------------------------


def test_a_corrected_address_gets_the_mail_and_the_old_one_does_not(shop: Shop) -> None:
    campaign = shop.draft()
    shop.flora.schedule(campaign.id)
    row = shop.flora.readdress(campaign.id, "p2@example.com", " Anna.New@Example.com ")
    shop.kit.run()

    assert (row.address, row.status, row.reason) == ("Anna.New@example.com", "pending", "readdressed")
    assert row.fields["email"] == "Anna.New@example.com"
    assert sorted(one.envelope_to for one in shop.mails) == ["Anna.New@example.com", "p1@example.com", "p3@example.com"]
    assert shop.flora.explain(campaign.id, "anna.new@example.com").code == "sent"
    with pytest.raises(ck.RecipientNotFound):
        shop.flora.explain(campaign.id, "p2@example.com")


def test_a_correction_that_comes_too_late_is_refused(shop: Shop) -> None:
    campaign = shop.draft()
    shop.flora.schedule(campaign.id)
    shop.mail.script("p2@example.com", "in_doubt")
    shop.mail.script("p3@example.com", "deferred")
    shop.kit.tick()

    for who, status in (("p1@example.com", "sent"), ("p2@example.com", "in_doubt")):
        with pytest.raises(ck.RecipientBusy) as refused:
            shop.flora.readdress(campaign.id, who, "new@example.com")
        assert refused.value.status == status
    assert shop.flora.readdress(campaign.id, "p3@example.com", "new@example.com").attempt_count == 0


def test_a_correction_to_what_is_no_address_or_somebody_elses_changes_nothing(shop: Shop) -> None:
    campaign = shop.draft()
    before = shop.flora.recipients(campaign.id)

    with pytest.raises(ck.InvalidAddress):
        shop.flora.readdress(campaign.id, "p2@example.com", "new@")
    with pytest.raises(ck.InvalidAddress):
        shop.flora.readdress(campaign.id, "p2@example.com", "")
    with pytest.raises(ck.AddressTaken) as refused:
        shop.flora.readdress(campaign.id, "p2@example.com", "P3@example.com")
    assert refused.value.code == "duplicate"
    assert shop.flora.recipients(campaign.id) == before


def test_a_number_is_corrected_under_the_rules_of_texts(shop: Shop) -> None:
    shop.flora.add_sender("texts", address="Flora", channel="sms")
    campaign = shop.flora.create_campaign(
        name="T", channel="sms", sender="texts", content=ck.SmsContent(text="Hi"), kind="transactional"
    )
    shop.flora.add_recipients(campaign.id, contact(1, phone="(212) 555-0143"))
    (before,) = shop.flora.recipients(campaign.id)
    row = shop.flora.readdress(campaign.id, "cust-1", "(312) 555-0143")

    assert (row.address, row.zones) == ("+13125550143", ("America/Chicago",))
    assert before.zones == ("America/New_York",)
    with pytest.raises(ck.InvalidAddress) as refused:
        shop.flora.readdress(campaign.id, "cust-1", "+48 22 826 00 00")
    assert refused.value.rejection_code in {"not_textable", "wrong_country"}


def test_who_was_left_out_for_a_broken_number_is_told_what_to_do(shop: Shop) -> None:
    shop.flora.add_sender("texts", address="Flora", channel="sms")
    campaign = shop.flora.create_campaign(name="T", channel="sms", sender="texts", content=ck.SmsContent(text="Hi"))
    shop.flora.add_recipients(campaign.id, contact(1, phone="1.21256E+10"))
    (row,) = shop.flora.exclusions(campaign.id)
    refused = ck.parse_phone("1.21256E+10", region="US")

    assert isinstance(refused, ck.Rejection)
    assert refused.hint
    assert row.detail == f"{refused.message} {refused.hint}"

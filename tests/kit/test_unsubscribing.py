"""kit.unsubscribe(token): at once, for one merchant, in all its campaigns; harmless to repeat (H3)."""

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import campaignkit as ck
from campaignkit.kit.unsubscribing import Unsubscribed
from campaignkit.message.links import LinkSettings, TokenClaims, make_token
from campaignkit.testing import FakeEmail
from tests.kit.conftest import CONTENT, FRIDAY, Shop, contact

SETTINGS = LinkSettings(base_url="https://shop.example/m", keys={"k1": bytes(range(32))})


@pytest.fixture(params=["memory", "sqlite"])
def linked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    clock, mail = ck.FrozenClock(FRIDAY), FakeEmail()
    store: ck.MemoryStore | ck.SqlStore = ck.MemoryStore()
    if request.param == "sqlite":
        store = ck.SqlStore(f"sqlite:///{tmp_path}/campaigns.db")
        store.upgrade()
    with ck.CampaignKit(store=store, transports={"main": mail}, clock=clock, links=SETTINGS) as kit:
        for merchant_id in ("flora", "rosa"):
            merchant = kit.merchant(merchant_id, zone="America/New_York", region="US")
            merchant.add_sender("main", address="Flora <hello@flora.example>")
        yield Shop(kit=kit, flora=kit.merchant("flora"), clock=clock, mail=mail, store=store)


def claims_of(shop: Shop, campaign: ck.Campaign, number: int = 1) -> TokenClaims:
    rows = shop.kit.merchant(campaign.merchant_id).recipients(campaign.id)
    (row,) = [one for one in rows if one.address == f"p{number}@example.com"]
    return TokenClaims(
        purpose="unsubscribe",
        merchant_id=campaign.merchant_id,
        campaign_id=campaign.id,
        recipient_id=row.recipient_id,
    )


def statuses(shop: Shop, campaign: ck.Campaign) -> dict[str, str]:
    rows = shop.kit.merchant(campaign.merchant_id).recipients(campaign.id)
    return {row.address.partition("@")[0]: row.status.value for row in rows}


def rejection(shop: Shop, token: str) -> str:
    answer = shop.kit.unsubscribe(token)
    assert isinstance(answer, ck.Rejection)
    return str(answer.code)


def test_an_unsubscribe_holds_in_every_campaign_of_the_merchant_and_in_no_other(linked: Shop):
    spring, summer = linked.draft(), linked.draft(name="Summer")
    rosa = linked.kit.merchant("rosa")
    theirs = rosa.create_campaign(name="Spring", sender="main", content=CONTENT)
    rosa.add_recipients(theirs.id, [contact(1)])

    done = linked.kit.unsubscribe(make_token(SETTINGS, claims_of(linked, spring)))

    assert isinstance(done, Unsubscribed)
    assert (done.merchant_id, done.campaign_id, done.is_new) == ("flora", spring.id, True)
    assert statuses(linked, spring) == statuses(linked, summer) == {"p1": "skipped", "p2": "pending", "p3": "pending"}
    assert statuses(linked, theirs) == {"p1": "pending"}


def test_nothing_is_sent_afterwards_and_explain_says_why(linked: Shop):
    campaign = linked.draft()
    linked.kit.unsubscribe(make_token(SETTINGS, claims_of(linked, campaign)))
    linked.flora.schedule(campaign.id)
    linked.kit.run()

    assert sorted(mail.envelope_to for mail in linked.mails) == ["p2@example.com", "p3@example.com"]
    assert linked.flora.explain(campaign.id, "p1@example.com").code == "suppressed"


def test_repeating_is_harmless(linked: Shop):
    token = make_token(SETTINGS, claims_of(linked, linked.draft()))
    answers = [linked.kit.unsubscribe(token) for _ in range(3)]

    assert [getattr(one, "is_new", None) for one in answers] == [True, False, False]


def test_whoever_was_sent_to_can_leave_later(linked: Shop):
    campaign = linked.finished()
    done = linked.kit.unsubscribe(make_token(SETTINGS, claims_of(linked, campaign)))
    later = linked.draft(name="Later")

    assert isinstance(done, Unsubscribed)
    assert "p1" not in {address for address, status in statuses(linked, later).items() if status == "pending"}


@pytest.mark.parametrize("field", ["merchant_id", "campaign_id", "recipient_id"])
def test_69_a_link_of_another_merchant_campaign_or_recipient_finds_nobody(linked: Shop, field: str):
    campaign = linked.draft()
    other = {"merchant_id": "rosa", "campaign_id": "other", "recipient_id": "nobody"}[field]
    changes: dict[str, str] = {field: other}
    token = make_token(SETTINGS, attrs.evolve(claims_of(linked, campaign), **changes))  # type: ignore[arg-type]

    assert rejection(linked, token) == "token_not_found"
    assert set(statuses(linked, campaign).values()) == {"pending"}


def test_a_link_to_a_row_that_was_left_out_finds_nobody(linked: Shop):
    campaign = linked.draft()
    linked.flora.add_recipients(campaign.id, [contact(1, id="cust-9")])
    (left_out,) = linked.flora.exclusions(campaign.id)
    claims = attrs.evolve(claims_of(linked, campaign), recipient_id=left_out.recipient_id)

    assert rejection(linked, make_token(SETTINGS, claims)) == "token_not_found"


def test_a_token_that_is_none_changes_nothing(linked: Shop):
    campaign = linked.draft()
    claims = claims_of(linked, campaign)
    token = make_token(SETTINGS, claims)
    opened = make_token(SETTINGS, attrs.evolve(claims, purpose="open"))

    assert rejection(linked, "") == "token_malformed"
    assert rejection(linked, "x" * 1_000_000) == "token_malformed"
    assert rejection(linked, f"{'b' if token[5] == 'a' else 'a'}".join((token[:5], token[6:]))) == "token_forged"
    assert rejection(linked, opened) == "token_wrong_purpose"
    assert set(statuses(linked, campaign).values()) == {"pending"}


def test_a_kit_without_secrets_reads_no_token():
    with ck.CampaignKit(store=ck.MemoryStore()) as kit, pytest.raises(ValueError, match="without links=LinkSettings"):
        kit.unsubscribe("x")


def test_a_closed_kit_unsubscribes_nobody(linked: Shop):
    token = make_token(SETTINGS, claims_of(linked, linked.draft()))
    linked.kit.close()

    with pytest.raises(RuntimeError, match="closed"):
        linked.kit.unsubscribe(token)

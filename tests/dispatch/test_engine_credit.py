"""No credit, no text: the engine with prices, in virtual time, and its ledger against the provider's own list."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest

import campaignkit as ck
from campaignkit.campaign.campaign import WaitingFor
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.credits import EntryKind
from campaignkit.credits.entries import add_up
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.errors import InsufficientCredits, NotReady
from campaignkit.kit import CampaignKit, Merchant
from campaignkit.message.outbound import OutboundText
from campaignkit.ports import Settlement, Store
from campaignkit.transports.fake import FakeSms
from tests.dispatch.scenes import FRIDAY, ZONE

DAY = timedelta(days=1)
TABLE = ck.PriceTable.of({"48": 2, "49": 3}, version="march", effective_from=FRIDAY - DAY)
CONTENT = ck.SmsContent(text="The tulips are here, {{ customer.name | default: 'you' }}.")
LONG = "very " * 40  # three parts of text


def number_of(place: int) -> str:
    return f"+4860100{place:04}"


def people(count: int, **fields: str) -> Iterator[ck.Contact]:
    for place in range(1, count + 1):
        contact = ck.parse_contact({"phone": number_of(place), **fields}, row_number=place, region="PL")
        assert isinstance(contact, ck.Contact), contact
        yield contact


@attrs.define
class Texting:
    """A shop that texts, and its provider."""

    store: Store
    clock: ck.FrozenClock
    kit: CampaignKit
    shop: Merchant
    fake: FakeSms

    def draft(self, count: int = 4, *, audience: Any = None, **settings: Any) -> str:
        campaign = self.shop.create_campaign(
            name="Spring", channel="sms", sender="texts", **{"content": CONTENT, **settings}
        )
        self.shop.add_recipients(campaign.id, audience or people(count))
        return campaign.id

    def scheduled(self, count: int = 4, *, deadline: datetime | None = None, **settings: Any) -> str:
        campaign_id = self.draft(count, **settings)
        self.shop.schedule(campaign_id, start_at=self.clock.now(), deadline=deadline)
        return campaign_id

    def statuses(self, campaign_id: str) -> Mapping[str, int]:
        return {status.value: count for status, count in self.shop.counts(campaign_id).by_status.items()}

    def balance(self) -> tuple[int, int, int, int]:
        found = self.shop.credits.balance()
        return (found.available, found.held, found.spent, found.expired)

    def wire_parts(self) -> int:
        """Count again, from the texts themselves, what the provider accepted."""
        return sum(ck.count_parts(one.text).parts for one in self.fake.sent if isinstance(one, OutboundText))

    def assert_adds_up(self) -> None:
        statement = self.shop.credits.statement(until=self.clock.now() + timedelta(seconds=1))
        assert add_up(statement.opening, statement.entries) == statement.closing
        closing = statement.closing
        assert (closing.available, closing.held, closing.spent, closing.expired) == self.balance()


def open_scene(store: Store, *, book: ck.PriceBook | None = None, credit: int | None = 100) -> Texting:
    clock, fake = ck.FrozenClock(FRIDAY), FakeSms()
    kit = CampaignKit(store=store, transports={"texts": fake}, clock=clock, prices=book or ck.PriceBook((TABLE,)))
    policy = ck.ConsentPolicy(unknown_allows_sms=True)
    shop = kit.merchant(
        "flora",
        zone=ZONE,
        region="PL",
        consent_policy=policy,
        text_regions=["PL", "DE"],
        pumping=False,  # the numbers of these tests follow upon each other
    )
    shop.add_sender("texts", address="FLORA", channel="sms", limits=[])
    if credit is not None:
        shop.credits.grant(credit, key="invoice-1")
    return Texting(store, clock, kit, shop, fake)


def test_e4_a_text_costs_its_parts_and_the_statement_adds_up(store: Store) -> None:
    scene = open_scene(store)
    campaign_id = scene.scheduled(3)

    scene.kit.run()

    assert scene.statuses(campaign_id) == {"sent": 3}
    assert scene.balance() == (94, 0, 6, 0)
    scene.assert_adds_up()
    row = scene.shop.recipients(campaign_id, limit=1)[0]
    bill = [ck.BillLine(f"fake-{place}", 2) for place in (1, 2, 3)]
    found = scene.shop.credits.reconcile(bill)
    assert (found.matched, found.differences, row.status) == (3, (), RecipientStatus.SENT)


def test_e4_a_bill_may_name_a_text_in_doubt_as_we_named_it_to_the_provider(store: Store) -> None:
    scene = open_scene(store)
    campaign_id = scene.scheduled(1)
    row = scene.shop.recipients(campaign_id, limit=1)[0]
    scene.fake.script(row.address, "lost")
    scene.kit.run()

    found = scene.shop.credits.reconcile([ck.BillLine(f"{row.recipient_id}.{row.generation}", 2)])

    assert [(one.key, one.reason.value) for one in found.differences] == [(f"{row.recipient_id}/1", "billed_in_doubt")]


def test_e3_a_campaign_that_cannot_be_paid_in_full_does_not_start(store: Store) -> None:
    scene = open_scene(store, credit=7)
    campaign_id = scene.draft(4)

    with pytest.raises(NotReady) as refused:
        scene.shop.schedule(campaign_id, start_at=FRIDAY)

    assert refused.value.blockers == ("insufficient_credit",)
    copied = scene.shop.copy(scene.shop.update_campaign(scene.draft(1), partial=True).id)
    assert copied.is_partial
    (finding,) = scene.shop.preflight(campaign_id).blockers
    assert finding.message == "The texts need 8 credits; 7 are available."
    scene.shop.credits.grant(1, key="invoice-2")
    assert scene.shop.preflight(campaign_id).is_ready


def test_e2_credit_that_expires_before_the_last_text_is_not_counted_on(store: Store) -> None:
    scene = open_scene(store, credit=5)
    scene.shop.credits.grant(5, key="voucher", expires_at=FRIDAY + DAY)
    campaign_id = scene.draft(4)
    scene.shop.schedule(campaign_id, start_at=FRIDAY)
    late = scene.draft(4)

    with pytest.raises(NotReady):
        scene.shop.schedule(late, start_at=FRIDAY + 2 * DAY)
    with pytest.raises(NotReady):
        scene.shop.schedule(late, start_at=FRIDAY, deadline=FRIDAY + 2 * DAY)


def test_e3_running_dry_waits_and_a_grant_resumes_it(store: Store) -> None:
    scene = open_scene(store, credit=5)
    campaign_id = scene.scheduled(4, partial=True)

    report = scene.kit.run()

    campaign = scene.shop.campaign(campaign_id)
    assert (report.sent, report.next_at) == (2, None)
    assert (campaign.status, campaign.waiting_for, campaign.next_at, campaign.credit_needed) == (
        CampaignStatus.SCHEDULED,
        WaitingFor.CREDIT,
        None,
        2,
    )
    waiting = [row for row in scene.shop.recipients(campaign_id, limit=10) if row.status is RecipientStatus.PENDING]
    assert [row.reason for row in waiting] == ["no_credit", "no_credit"]
    assert scene.balance() == (1, 0, 4, 0)

    scene.clock.advance(3 * DAY)
    scene.shop.credits.grant(10, key="invoice-2")
    scene.kit.run()

    assert (scene.statuses(campaign_id), scene.shop.campaign(campaign_id).status) == (
        {"sent": 4},
        CampaignStatus.FINISHED,
    )
    assert len({one.to for one in scene.fake.sent if isinstance(one, OutboundText)}) == len(scene.fake.sent) == 4
    scene.assert_adds_up()


@pytest.mark.parametrize("connections", [1, 2, 4])
def test_nothing_cheaper_overtakes_however_few_go_at_a_time(store: Store, connections: int) -> None:
    scene = open_scene(store, credit=5)
    scene.fake.connections = connections
    dear = ck.parse_contact({"phone": number_of(2), "name": LONG}, row_number=2, region="PL")
    first, _, third, fourth = people(4, name="Ann")
    campaign_id = scene.scheduled(audience=[first, dear, third, fourth], partial=True)

    scene.kit.run()

    assert [text.to for text in scene.fake.sent if isinstance(text, OutboundText)] == [number_of(1)]
    assert {row.reason for row in scene.shop.recipients(campaign_id, status="pending")} == {"no_credit"}
    assert (scene.shop.campaign(campaign_id).credit_needed, scene.balance()) == (4, (3, 0, 2, 0))


def test_a_grant_that_is_too_small_changes_nothing(store: Store) -> None:
    scene = open_scene(store, credit=None)
    campaign_id = scene.scheduled(1, partial=True)
    scene.kit.run()
    scene.shop.credits.grant(1, key="invoice-1")

    report = scene.kit.run()

    assert (report.sent, report.next_at, scene.balance()) == (0, None, (1, 0, 0, 0))
    assert scene.shop.campaign(campaign_id).waiting_for is WaitingFor.CREDIT


def test_who_waits_for_credit_expires_at_the_deadline(store: Store) -> None:
    scene = open_scene(store, credit=2)
    campaign_id = scene.scheduled(3, partial=True, deadline=FRIDAY + DAY)

    scene.kit.run()

    assert scene.clock.now() == FRIDAY + DAY
    assert scene.statuses(campaign_id) == {"sent": 1, "expired": 2}
    assert scene.shop.campaign(campaign_id).status is CampaignStatus.FINISHED


def test_credit_that_comes_back_from_a_doubt_resumes_who_waits(store: Store) -> None:
    scene = open_scene(store, credit=2)
    scene.fake.script(number_of(1), "lost")
    campaign_id = scene.scheduled(2, partial=True)
    scene.kit.run()
    assert scene.statuses(campaign_id) == {"in_doubt": 1, "pending": 1}
    assert scene.balance() == (0, 2, 0, 0)

    (attempt,) = store.charged("flora")
    settle_refused(store, attempt.recipient_id, attempt.epoch)
    scene.kit.run()

    assert scene.statuses(campaign_id) == {"failed": 1, "sent": 1}
    assert scene.balance() == (0, 0, 2, 0)
    scene.assert_adds_up()


def settle_refused(store: Store, recipient_id: str, epoch: int) -> None:
    outcome = Outcome(message_id="m", verdict=Verdict.REFUSED, code="number_unknown")
    late = Settlement(
        merchant_id="flora", recipient_id=recipient_id, epoch=epoch, event=RecipientEvent.REFUSE, outcome=outcome
    )
    store.settle([late])


def test_f25_a_lot_that_expires_between_hold_and_settle(store: Store) -> None:
    scene = open_scene(store, credit=None)
    scene.shop.credits.grant(10, key="voucher", expires_at=FRIDAY + DAY)
    scene.fake.script(number_of(1), "lost")
    scene.fake.script(number_of(2), "lost")
    scene.scheduled(2)
    scene.kit.run(until=FRIDAY + timedelta(hours=1))
    scene.clock.advance(DAY)
    first, second = store.charged("flora")

    settle_refused(store, first.recipient_id, first.epoch)
    assert scene.balance() == (0, 2, 0, 8)  # what came back expired with its lot
    scene.clock.advance(5 * DAY)
    scene.kit.run()  # nobody ever learns of the second: it is charged

    assert (scene.balance(), second.is_holding) == ((0, 0, 2, 8), True)
    scene.assert_adds_up()


def test_f26_a_text_keeps_the_price_at_which_it_was_held(store: Store) -> None:
    dearer = ck.PriceTable.of({"48": 5}, version="later", effective_from=FRIDAY + timedelta(hours=1))
    scene = open_scene(store, book=ck.PriceBook((TABLE, dearer)))
    scene.fake.script(number_of(1), "lost")
    scene.fake.script(number_of(2), "deferred")
    campaign_id = scene.scheduled(3)
    scene.kit.tick()
    scene.clock.advance(timedelta(hours=2))
    scene.kit.run()
    scene.clock.advance(5 * DAY)
    scene.kit.run()

    prices = sorted((one.price, one.credit_spent) for one in store.charged("flora"))
    assert prices == [(2, 0), (2, 2), (2, 2), (5, 5)]  # deferred, unknown, sent, and tried again
    assert scene.statuses(campaign_id) == {"sent": 2, "unknown": 1}
    scene.assert_adds_up()


def test_parts_that_the_provider_did_not_take_are_not_charged(store: Store) -> None:
    scene = open_scene(store)
    two_of_three = Outcome(message_id="", verdict=Verdict.ACCEPTED, code="accepted", parts_accepted=2)
    scene.fake.script(number_of(1), two_of_three)
    scene.scheduled(1, content=ck.SmsContent(text=f"{LONG}{LONG}"))

    scene.kit.run()

    (attempt,) = store.charged("flora")
    assert (attempt.price, attempt.credit_spent) == (6, 4)


def test_e4_charged_parts_are_those_on_the_wire(store: Store) -> None:
    scene = open_scene(store, credit=1000)
    endings = ("", "ż", "x" * 140, "ł" * 80)
    audience = [
        ck.parse_contact(
            {"phone": number_of(place), "name": endings[place % 4] or "you"}, row_number=place, region="PL"
        )
        for place in range(1, 41)
    ]
    for place in range(1, 41, 5):
        scene.fake.script(number_of(place), "refused")
    scene.scheduled(audience=audience)

    scene.kit.run()

    assert len(scene.fake.sent) == 32
    assert scene.shop.credits.balance().spent == 2 * scene.wire_parts()
    scene.assert_adds_up()


def test_who_has_no_price_is_told_so_and_fails_alone(store: Store) -> None:
    scene = open_scene(store, book=ck.PriceBook((attrs.evolve(TABLE, prices=(ck.Price("48601000001", 2),)),)))
    campaign_id = scene.scheduled(2)
    told = [one.count for one in scene.shop.preflight(campaign_id).warnings if one.code == "unknown_prefix"]

    scene.kit.run()

    assert told == [1]
    failed = next(row for row in scene.shop.recipients(campaign_id, limit=9) if row.status is RecipientStatus.FAILED)
    assert (failed.reason, scene.statuses(campaign_id)) == ("unknown_prefix", {"sent": 1, "failed": 1})


def test_without_prices_texts_cost_nothing_and_nothing_is_held(store: Store) -> None:
    scene = open_scene(store, credit=None)
    kit = CampaignKit(store=store, transports={"texts": scene.fake}, clock=scene.clock)
    free = attrs.evolve(scene, kit=kit, shop=kit.merchant("flora"))
    campaign_id = free.scheduled(3)

    kit.run()

    assert (free.statuses(campaign_id), list(store.charged("flora"))) == ({"sent": 3}, [])


def test_a_test_text_is_paid_for_and_refunded_if_it_was_not_accepted(store: Store) -> None:
    scene = open_scene(store, credit=3)
    campaign_id = scene.draft(1)
    scene.fake.script(number_of(9), "accepted", "refused")

    for _ in range(2):
        scene.shop.send_test(campaign_id, to=number_of(9))
        if scene.shop.credits.balance().available < 2:
            scene.shop.credits.grant(2, key="invoice-2")

    assert scene.balance() == (3, 0, 2, 0)
    scene.shop.credits.adjust(-3, key="correction")
    with pytest.raises(InsufficientCredits):
        scene.shop.send_test(campaign_id, to=number_of(9))
    assert len(scene.fake.sent) == 1
    scene.assert_adds_up()


def test_e1_an_estimate_tells_what_is_needed_by_country(store: Store) -> None:
    scene = open_scene(store)
    german = ck.parse_contact({"phone": "+4915112345678"}, row_number=9, region="DE")
    campaign_id = scene.draft(audience=[*people(2), german])

    need = scene.shop.credits.estimate(campaign_id)

    assert (need.recipients, need.credits, need.missing(5)) == (3, 7, 2)


def test_e4_a_refund_names_its_message_as_the_statement_does(store: Store) -> None:
    scene = open_scene(store)
    scene.scheduled(1)
    scene.kit.run()
    statement = scene.shop.credits.statement(until=FRIDAY + DAY)
    (spent,) = [entry for entry in statement.entries if entry.kind is EntryKind.SETTLE]

    scene.shop.credits.refund(1, of=spent.key, key="complaint")

    assert scene.balance() == (99, 0, 1, 0)
    scene.assert_adds_up()

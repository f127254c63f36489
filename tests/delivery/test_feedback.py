"""What events come to: in any order, however often, the same."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.addresses.channel import Rejection
from campaignkit.campaign.recipients import Attempt
from campaignkit.campaign.status import Delivery
from campaignkit.delivery.feedback import (
    ID_HORIZON,
    LIFTABLE,
    Feedback,
    FeedbackKind,
    HeardFeedback,
    NamedMessage,
    accept_by,
    delivery_of,
    is_about,
    named_by,
    read_message_id,
    standing_reason,
)
from campaignkit.delivery.sms_feedback import feedback_of_receipt, feedback_of_text
from campaignkit.delivery.sms_keywords import read_keyword
from campaignkit.delivery.sms_receipts import InboundText, ReceiptStatus, SmsReceipt

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
RANKS = list(Delivery)


def heard(kind: FeedbackKind, part: str = "", part_count: int = 1, generation: int = 1) -> HeardFeedback:
    feedback = Feedback(event_key=f"{kind}{part}{generation}", kind=kind)
    return HeardFeedback(
        feedback=feedback, recorded_at=NOW, epoch=1, generation=generation, part=part, part_count=part_count
    )


told = st.builds(
    heard,
    st.sampled_from([kind for kind in FeedbackKind if kind not in {"opted_out", "opted_in", "wrote"}]),
    st.sampled_from(("", "a", "b", "c")),
    st.just(3),
)
histories = st.lists(told, max_size=8)


@given(histories.flatmap(lambda events: st.tuples(st.just(events), st.permutations(events * 2))))
def test_events_in_any_order_and_repeated_come_to_the_same(told):
    events, shuffled = told

    assert delivery_of(shuffled) is delivery_of(events)


@given(histories, told)
def test_delivery_only_moves_down_the_list(events, later):
    assert RANKS.index(delivery_of([*events, later])) >= RANKS.index(delivery_of(events))


def test_delivery_stands_in_the_order_of_the_protocol():
    assert [delivery.value for delivery in RANKS] == ["none", "delivered", "undelivered", "bounced", "complained"]


@pytest.mark.parametrize(
    ("events", "delivery"),
    [
        ([], "none"),
        ([heard(FeedbackKind.IN_TRANSIT)], "none"),
        ([heard(FeedbackKind.DELIVERED)], "delivered"),
        ([heard(FeedbackKind.DELIVERED, part, 3) for part in "ab"], "none"),
        ([heard(FeedbackKind.DELIVERED, part, 3) for part in "abc"], "delivered"),
        ([heard(FeedbackKind.DELIVERED, "a", 3), heard(FeedbackKind.DELIVERED)], "delivered"),
        ([heard(FeedbackKind.DELIVERED, "a", 2), heard(FeedbackKind.UNDELIVERED, "b", 2)], "undelivered"),
        ([heard(FeedbackKind.UNDELIVERED), heard(FeedbackKind.DELIVERED, generation=2)], "delivered"),
        ([heard(FeedbackKind.DELIVERED), heard(FeedbackKind.IN_TRANSIT, generation=2)], "delivered"),
    ],
)
def test_what_parts_and_messages_come_to(events, delivery):
    assert delivery_of(events).value == delivery


@pytest.mark.parametrize("name", ["", "c1ann", ".1", "c1ann.", "c1ann.x", "c1ann.-1", "c1ann.²", "c1ann." + "9" * 20])
def test_what_is_no_id_of_ours_names_nobody(name):
    assert read_message_id(name) is None


def test_the_last_attempt_of_a_message_is_named():
    attempts = [
        Attempt(merchant_id="flora", recipient_id="r", epoch=epoch, generation=generation, began_at=began)
        for epoch, generation, began in ((1, 1, NOW), (2, 1, NOW), (3, 1, None), (4, 2, NOW))
    ]
    named = [named_by(attempts, generation) for generation in (1, 2, 3)]

    assert [one and one.epoch for one in named] == [2, 4, None]


def test_an_event_is_about_one_message_of_its_merchant_or_none():
    mine = NamedMessage(merchant_id="flora", recipient_id="r", epoch=1, generation=1)
    theirs = attrs.evolve(mine, merchant_id="other")
    old = attrs.evolve(mine, named_at=NOW - ID_HORIZON)
    event = Feedback(event_key="k", kind=FeedbackKind.DELIVERED)
    hers = attrs.evolve(event, merchant_id="other")

    assert is_about(event, [mine], None, NOW) is mine
    assert is_about(event, [mine, theirs], None, NOW) is None
    assert is_about(hers, [mine, theirs], None, NOW) is theirs
    assert is_about(hers, [mine], mine, NOW) is None
    assert is_about(event, [], old, NOW) is None
    assert is_about(event, [], old, NOW - timedelta(microseconds=1)) is old


def test_a_doubt_ends_with_what_its_parts_cost():
    attempt = Attempt(merchant_id="flora", recipient_id="r", epoch=2, began_at=NOW, price=6)
    part = attrs.evolve(heard(FeedbackKind.DELIVERED, "a", 3), known_count=2)
    whole = heard(FeedbackKind.IN_TRANSIT)

    spent = [accept_by(attempt, events) for events in ([part], [whole], [part, whole], [whole, part], [])]
    assert [one and one.spent for one in spent] == [4, None, None, None, None]
    assert spent[-1] is None
    assert accept_by(attempt, [heard(FeedbackKind.DELIVERED, generation=2)]) is None


@given(
    st.sampled_from([None, "asked", "hard_bounce", *sorted(LIFTABLE)]), st.sampled_from(["asked", *sorted(LIFTABLE)])
)
def test_what_may_be_lifted_gives_way_to_all_else(before, after):
    stands = standing_reason(before, after)

    assert stands == (before if before is not None and before not in LIFTABLE else after)


# Receipts and texts as events


def receipt(**changes):
    return SmsReceipt(**{"provider_id": "p1", "status": ReceiptStatus.DELIVERED, **changes})


def event_of(given, account="texts", merchant_id=""):
    return feedback_of_receipt(given, account=account, merchant_id=merchant_id)


def test_a_repetition_is_known_by_what_it_says_and_not_by_its_words():
    keys = {event_of(receipt(reply=reply)).event_key for reply in ("", "delivered at last")}

    assert len(keys) == 1


@pytest.mark.parametrize(
    "other",
    [
        event_of(receipt(provider_id="p2")),
        event_of(receipt(status=ReceiptStatus.UNDELIVERED)),
        event_of(receipt(code="expired")),
        event_of(receipt(is_hard=True)),
        event_of(receipt(at=NOW)),
        event_of(receipt(message_id="r.1")),
        event_of(receipt(), account="others"),
        event_of(receipt(), merchant_id="flora"),
    ],
    ids=lambda event: repr(event)[:60],
)
def test_what_says_something_else_is_another_event(other):
    assert other.event_key != event_of(receipt()).event_key


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (receipt(provider_id=""), "missing"),
        (receipt(provider_id="p" * 201), "too_long"),
        (receipt(provider_id="p\x00"), "malformed"),
        (receipt(message_id="r.1\ud800"), "malformed"),
    ],
)
def test_what_no_store_could_keep_is_refused(given, code):
    refused = event_of(given)

    assert isinstance(refused, Rejection)
    assert refused.code == code


def text(words, **changes):
    inbound = InboundText(
        **{"sender": "(212) 555-0143", "to": "+12125550100", "text": words, "provider_id": "SM1"} | changes
    )
    return feedback_of_text(inbound, read_keyword(words), merchant_id="flora", region="US", arrival_id="a1")


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        ("STOP", "opted_out", "opted_out_by_text"),
        ("please stop texting me", "opted_out", "opted_out_by_phrase"),
        ("start", "opted_in", ""),
        ("help", "wrote", ""),
        ("see you at 5", "wrote", ""),
    ],
)
def test_a_text_asks_for_what_its_words_say(words, kind, code):
    event = text(words)

    assert (event.kind, event.code, event.address_key) == (kind, code, "+12125550143")
    assert words not in repr(event)


def test_a_text_without_an_id_is_never_taken_for_a_repetition():
    assert text("stop").event_key == text("stop").event_key
    arrivals = (
        feedback_of_text(
            InboundText(sender="+12125550143", to="100", text="stop"),
            None,
            merchant_id="m",
            region="US",
            arrival_id=one,
        )
        for one in "ab"
    )
    assert len({event.event_key for event in arrivals if not isinstance(event, Rejection)}) == 2


def test_a_text_from_no_number_is_refused():
    refused = text("stop", sender="Flora")

    assert isinstance(refused, Rejection)
    assert refused.field == "sender"

"""The whole kit on both stores: what stops, what goes on, and that everybody is accounted for."""

from datetime import time, timedelta

import attrs
import pytest

from campaignkit.audience.contacts import parse_contact
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.content import EmailContent
from campaignkit.ports import Transport
from campaignkit.testing import FakeEmail
from campaignkit.timing.limits import Interval
from campaignkit.timing.windows import SendWindow
from campaignkit.transports.function import FunctionTransport
from tests.dispatch.scenes import FRIDAY, ZONE, Notebook, PlayedTransport, address_in, address_of, addresses, make_scene


def test_after_pause_returned_nothing_begins(store):
    book = Notebook()
    scene = make_scene(store, FunctionTransport("email", book))
    book.on_accept = lambda address: scene.shop.pause(scene.campaign_id) if address == address_of(3) else None
    scene.kit.run()
    at_rest = list(book.accepted), scene.status, scene.statuses()
    scene.shop.resume(scene.campaign_id)
    scene.kit.run()

    assert at_rest == (addresses(3), "paused", {"sent": 3, "pending": 7})
    assert sorted(book.accepted) == addresses(10)
    assert (scene.status, scene.statuses()) == ("finished", {"sent": 10})


def test_after_cancel_returned_nothing_begins_and_nobody_is_left(store):
    book = Notebook()
    scene = make_scene(store, FunctionTransport("email", book))
    book.on_accept = lambda address: scene.shop.cancel(scene.campaign_id) if address == address_of(3) else None
    scene.kit.run()

    assert book.accepted == addresses(3)
    assert (scene.status, scene.statuses()) == ("cancelled", {"sent": 3, "cancelled": 7})


def test_an_opt_out_that_comes_before_begin_wins(store):
    book = Notebook()
    scene = make_scene(store, FunctionTransport("email", book), recipients=6)
    book.on_accept = lambda _: scene.shop.suppress(address_of(4), reason="asked by phone")
    scene.kit.run()

    assert address_of(4) not in book.accepted
    assert scene.statuses() == {"sent": 5, "skipped": 1}
    assert scene.of(address_of(4)).reason == "suppressed"


def test_an_edit_is_seen_before_the_next_message_begins(store):
    book = Notebook()
    scene = make_scene(store, FunctionTransport("email", book), recipients=5)
    deadline = FRIDAY + timedelta(hours=1)

    def edit(address: str) -> None:
        if address == address_of(2):
            scene.shop.update_campaign(scene.campaign_id, deadline=deadline)
            scene.clock.sleep_until(deadline)

    book.on_accept = edit
    scene.kit.run()

    assert book.accepted == addresses(2)
    assert (scene.status, scene.statuses()) == ("finished", {"sent": 2, "expired": 3})


def test_a_transport_that_raises_leaves_the_cleared_in_doubt_and_gives_the_others_back(store):
    fake = FakeEmail(connections=2)
    fake.script(address_of(3), "raise")
    scene = make_scene(store, fake)
    scene.kit.run()

    sent = {address_in(message) for message in fake.sent}
    assert scene.statuses() == {"sent": 8, "in_doubt": 2}
    assert {scene.of(address_of(3)).status, scene.of(address_of(4)).status} == {"in_doubt"}
    assert sent == set(addresses(10)) - {address_of(3), address_of(4)}
    assert scene.status == "finished"


def test_a_message_without_an_outcome_is_in_doubt(store):
    fake = FakeEmail()
    fake.script(address_of(3), "omit")
    scene = make_scene(store, fake)
    scene.kit.run()

    assert scene.statuses() == {"sent": 9, "in_doubt": 1}
    assert scene.of(address_of(3)).reason == "outcome_missing"


def test_a_lost_reply_is_a_doubt_and_is_not_sent_again(store):
    fake = FakeEmail()
    fake.script(address_of(3), "lost")
    scene = make_scene(store, fake)
    scene.kit.run()

    assert len(fake.sent) == 10
    assert scene.statuses() == {"sent": 9, "in_doubt": 1}


def yield_stranger(batch, clear):
    clear(batch[:1])
    yield Outcome(message_id="stranger", verdict=Verdict.ACCEPTED)


def yield_twice(batch, clear):
    clear(batch[:1])
    yield Outcome(message_id=batch[0].message_id, verdict=Verdict.DEFERRED)
    yield Outcome(message_id=batch[0].message_id, verdict=Verdict.DEFERRED)


def send_without_leave(batch, clear):
    yield Outcome(message_id=batch[0].message_id, verdict=Verdict.ACCEPTED)


def clear_stranger(batch, clear):
    clear([attrs.evolve(batch[0], message_id="stranger")])
    yield from ()


def clear_again(batch, clear):
    clear(batch[:1])
    clear(batch[:1])
    yield from ()


def clear_twice_at_once(batch, clear):
    clear([batch[0], batch[0]])
    yield Outcome(message_id=batch[0].message_id, verdict=Verdict.ACCEPTED)


@pytest.mark.parametrize(
    ("play", "left"),
    [
        pytest.param(yield_stranger, {"in_doubt": 1, "pending": 9}, id="an unknown message"),
        pytest.param(yield_twice, {"pending": 10}, id="two outcomes for one"),
        pytest.param(send_without_leave, {"failed": 1, "pending": 9}, id="sent without leave"),
        pytest.param(clear_stranger, {"pending": 10}, id="cleared an unknown message"),
        pytest.param(clear_again, {"in_doubt": 1, "pending": 9}, id="cleared again"),
        pytest.param(clear_twice_at_once, {"pending": 10}, id="cleared twice at once"),
    ],
)
def test_a_transport_that_breaks_its_laws_stops_the_campaign_and_nobody_is_lost(store, play, left):
    fake = FakeEmail()
    transports: list[Transport] = [PlayedTransport(play), fake]
    scene = make_scene(store, lambda sender: transports[0])
    scene.kit.run()
    at_rest = scene.status, scene.campaign.failure_code, scene.statuses()
    transports.pop(0)
    scene.shop.resume(scene.campaign_id)
    scene.kit.run()

    assert at_rest == ("failed", "transport_broken", left)
    assert scene.statuses() == {"sent": left["pending"]} | {key: n for key, n in left.items() if key != "pending"}
    assert len(fake.sent) == left["pending"]


def blame_the_host(batch, clear):
    allowed = {message.message_id for message in clear(batch).messages}
    for message in batch:
        is_allowed = message.message_id in allowed
        verdict, scope = (Verdict.ACCEPTED, Scope.RECIPIENT) if is_allowed else (Verdict.NOT_SENT, Scope.HOST)
        yield Outcome(message_id=message.message_id, verdict=verdict, scope=scope)


def test_what_begin_refused_is_no_setback_of_the_sender_whatever_the_transport_calls_it(store):
    scene = make_scene(store, PlayedTransport(blame_the_host))
    store.suppress("flora", [address_of(2)], reason="asked")
    pending = store.claim  # an opt-out that is committed between claim and begin
    store.claim = lambda *args, **kwargs: _suppressing(pending(*args, **kwargs), store)
    scene.kit.run()

    assert scene.clock.now() == FRIDAY  # nobody backed off
    assert scene.statuses() == {"sent": 8, "skipped": 2}


def _suppressing(claims, store):
    store.suppress("flora", [address_of(3)], reason="asked")
    return claims


def test_a_deferred_recipient_is_tried_again_after_its_delay(store):
    fake = FakeEmail()
    fake.script(address_of(3), "deferred")
    scene = make_scene(store, fake)
    scene.kit.run()
    trail = store.trail("flora", scene.of(address_of(3)).recipient_id)

    assert trail is not None
    assert [attempt.verdict for attempt in trail.attempts] == ["deferred", "accepted"]
    assert [attempt.began_at for attempt in trail.attempts] == [FRIDAY, FRIDAY + timedelta(minutes=15)]
    assert (scene.status, scene.statuses()) == ("finished", {"sent": 10})


def test_a_recipient_deferred_for_ever_fails_after_the_last_attempt_and_blocks_nobody(store):
    fake = FakeEmail()
    fake.script(address_of(1), *["deferred"] * 9)
    scene = make_scene(store, fake)
    scene.kit.run()

    assert scene.statuses() == {"sent": 9, "failed": 1}
    assert scene.of(address_of(1)).attempt_count == 5
    assert scene.clock.now() == FRIDAY + timedelta(hours=17, minutes=15)


def test_a_refusal_fails_one_recipient_and_no_campaign(store):
    fake = FakeEmail()
    fake.script(address_of(3), "refused")
    scene = make_scene(store, fake)
    scene.kit.run()

    assert (scene.status, scene.statuses()) == ("finished", {"sent": 9, "failed": 1})


@pytest.mark.parametrize("verdict", [Verdict.DEFERRED, Verdict.NOT_SENT, Verdict.REFUSED])
@pytest.mark.parametrize("scope", [Scope.HOST, Scope.GROUP, Scope.CAMPAIGN])
def test_trouble_that_is_wider_than_a_recipient_costs_nobody_an_attempt(store, scope, verdict):
    fake = FakeEmail()
    fake.script(address_of(1), *[Outcome(message_id="", verdict=verdict, scope=scope, code="busy")] * 3)
    scene = make_scene(store, fake)
    scene.kit.run(until=FRIDAY + timedelta(minutes=30))

    assert scene.statuses() == {"sent": 10}
    assert scene.of(address_of(1)).attempt_count == 1
    assert scene.clock.now() >= FRIDAY + timedelta(minutes=2)  # it backed off


def test_a_host_that_asks_for_patience_is_left_alone_for_longer_each_time(store):
    fake = FakeEmail()
    busy = Outcome(message_id="", verdict=Verdict.DEFERRED, scope=Scope.HOST, code="host_busy")
    fake.script(address_of(1), busy, busy, busy)
    scene = make_scene(store, fake, recipients=1)
    scene.kit.run()
    trail = store.trail("flora", scene.of(address_of(1)).recipient_id)

    assert trail is not None
    begins = [attempt.began_at for attempt in trail.attempts]
    assert [begin - FRIDAY for begin in begins if begin] == [timedelta(minutes=minutes) for minutes in (0, 1, 3, 7)]


def test_a_refused_sender_stops_the_campaign_with_everybody_intact_and_resume_goes_on(store):
    fake = FakeEmail()
    refused = Outcome(
        message_id="", verdict=Verdict.REFUSED, scope=Scope.SENDER, code="sender_refused", reply="553 not you"
    )
    fake.script(address_of(1), refused)
    scene = make_scene(store, fake, recipients=1)
    scene.kit.run()
    at_rest = scene.status, scene.campaign.failure_code, scene.campaign.failure_reply, scene.statuses()
    scene.shop.resume(scene.campaign_id)
    scene.kit.run()

    assert at_rest == ("failed", "sender_refused", "553 not you", {"pending": 1})
    assert (scene.status, scene.statuses()) == ("finished", {"sent": 1})
    assert scene.of(address_of(1)).attempt_count == 1


def test_a_recipient_whose_own_message_cannot_be_built_fails_alone(store):
    fake = FakeEmail()
    scene = make_scene(store, fake)
    scene.shop.pause(scene.campaign_id)
    nothing_for_one = EmailContent(subject="Hi", text="{{ customer.greeting | default: 'Hello' }}")
    scene.shop.update_campaign(scene.campaign_id, content=nothing_for_one)
    blank = parse_contact({"email": "blank@example.com", "greeting": "\u200b" * 3, "note": "x"}, row_number=99)
    scene.shop.add_recipients(scene.campaign_id, blank)
    scene.shop.resume(scene.campaign_id)
    scene.kit.run()

    assert scene.status == "finished"
    assert sum(scene.statuses().values()) == 11
    assert scene.statuses()["sent"] >= 10


def test_a_message_that_breaks_its_transport_before_clear_blocks_nobody_else(store):
    accepted: list[str] = []

    def send(batch, clear):
        for message in batch:
            if address_in(message) == address_of(1):
                raise UnicodeEncodeError("ascii", "ż", 0, 1, "a transport's own bug")
            if clear([message]).messages:
                accepted.append(address_in(message))
                yield Outcome(message_id=message.message_id, verdict=Verdict.ACCEPTED)

    scene = make_scene(store, PlayedTransport(send))
    scene.kit.run(until=FRIDAY + timedelta(hours=1))

    assert sorted(accepted) == addresses(10)[1:]
    assert scene.statuses() == {"sent": 9, "pending": 1}


def test_a_gateway_that_is_gone_puts_few_in_doubt_and_the_others_wait_for_its_return(store):
    book = Notebook()
    is_down = True

    def send_one(message):
        if is_down:
            raise ConnectionResetError
        return book(message)

    scene = make_scene(store, FunctionTransport("email", send_one), recipients=50)
    scene.kit.run(until=FRIDAY + timedelta(seconds=30))
    at_first = scene.statuses()
    is_down = False
    scene.kit.run()

    assert at_first == {"in_doubt": 3, "pending": 47}
    assert scene.statuses() == {"in_doubt": 3, "sent": 47}
    assert len(book.accepted) == 47


def test_doubts_here_and_there_halt_nothing(store):
    fake = FakeEmail()
    for number in (2, 3, 5, 6, 8, 9):
        fake.script(address_of(number), "lost")
    scene = make_scene(store, fake)
    scene.kit.run()

    assert scene.statuses() == {"in_doubt": 6, "sent": 4}
    assert scene.clock.now() == FRIDAY


def test_an_interval_is_kept_to_the_second(store):
    begins = []
    scene = make_scene(
        store,
        FunctionTransport("email", Notebook(on_accept=lambda _: begins.append(scene.clock.now() - FRIDAY))),
        interval=Interval(seconds=90),
    )
    scene.kit.run()

    assert begins == [timedelta(seconds=90 * number) for number in range(10)]


def test_a_deadline_ends_who_is_still_waiting(store):
    fake = FakeEmail()
    scene = make_scene(store, fake, interval=Interval(seconds=60), deadline=FRIDAY + timedelta(minutes=4))
    scene.kit.run()

    assert (scene.status, scene.statuses()) == ("finished", {"sent": 4, "expired": 6})
    assert scene.clock.now() == FRIDAY + timedelta(minutes=4)


def test_a_deadline_within_closed_hours_expires_at_that_very_moment(store):
    fake = FakeEmail()
    morning = SendWindow(opens=time(9), closes=time(10, 5), zone=ZONE)
    deadline = FRIDAY + timedelta(hours=2)
    scene = make_scene(store, fake, window=morning, interval=Interval(seconds=60), deadline=deadline)
    scene.kit.run()

    assert (scene.status, scene.statuses()) == ("finished", {"sent": 5, "expired": 5})
    assert scene.clock.now() == deadline


def test_a_host_that_is_gone_for_days_fails_the_campaign_and_nobody_else(store):
    fake = FakeEmail()
    gone = Outcome(message_id="", verdict=Verdict.NOT_SENT, scope=Scope.HOST, code="connect_failed")
    fake.script(address_of(1), *[gone] * 150)
    scene = make_scene(store, fake, recipients=1)
    scene.kit.run()
    at_rest = scene.status, scene.campaign.failure_code, scene.statuses()
    days = (scene.clock.now() - FRIDAY) / timedelta(days=1)
    scene.shop.resume(scene.campaign_id)
    scene.kit.run()

    assert at_rest == ("failed", "host_unreachable", {"pending": 1})
    assert 2.9 < days < 3.2
    assert (scene.status, scene.statuses()) == ("finished", {"sent": 1})


def test_a_missed_start_waits_for_somebody_to_confirm_it(store):
    fake = FakeEmail()
    scene = make_scene(store, fake, starts_at=FRIDAY + timedelta(hours=1))
    scene.clock.sleep_until(FRIDAY + timedelta(hours=3))
    report = scene.kit.run()
    at_rest = scene.status, scene.campaign.waiting_for, scene.statuses()
    scene.shop.resume(scene.campaign_id)
    scene.kit.run()

    assert at_rest == ("paused", "confirmation", {"pending": 10})
    assert [waiting.waiting_for for waiting in report.waiting] == ["confirmation"]
    assert (scene.status, scene.statuses()) == ("finished", {"sent": 10})

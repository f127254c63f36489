"""Texts by SMPP against a real server: the laws of a transport, F21, parts, receipts."""

import os
import threading
import time
from collections.abc import Sequence
from datetime import timedelta

import attrs
import pytest
import smpp34

from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.delivery.sms_receipts import InboundText, ReceiptStatus, SmsReceipt
from campaignkit.message.outbound import OutboundMessage
from campaignkit.message.sms import decode_septets
from campaignkit.ports import SaysDoubtMax
from campaignkit.transports.egress import public_only
from campaignkit.transports.smpp import SmppTimeouts, SmppTransport
from tests.transports.gateways import text, texts
from tests.transports.servers import Gate, mail
from tests.transports.smscs import CLOSE, HOLD, Submit, TinySmsc, pdu, receipt, refused, take_all, taken

QUICK = SmppTimeouts(connect=1, bind=0.5, write=1, response=0.4, enquire=5, throttled=2, unbind=0.3)


def transport_to(server: TinySmsc, **options) -> SmppTransport:
    settings = {
        "system_id": "flora",
        "password": "s3cret",
        "security": "insecure_plaintext",
        "timeouts": QUICK,
        **options,
    }
    return SmppTransport("127.0.0.1", server.port, **settings)


def send(server: TinySmsc, batch: Sequence[OutboundMessage], gate: Gate | None = None, **options) -> list[Outcome]:
    transport = transport_to(server, **options)
    try:
        return list(transport.send(batch, gate or Gate()))
    finally:
        transport.close()


def facts(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.verdict.value, outcome.scope.value, outcome.code


def long_text(number: int = 0, parts: int = 3):
    return text(number, words="a" * 153 * parts, parts=parts)


class TestLaws:
    """What the port demands of every transport."""

    @pytest.mark.parametrize(("window", "doubt_max"), [(1, 1), (1, 8), (4, None), (10, 100)])
    def test_every_text_arrives_once_with_its_own_outcome(self, window, doubt_max):
        gate = Gate()
        with TinySmsc() as server:
            outcomes = send(server, texts(30), gate, window=window, doubt_max=doubt_max)

        assert {facts(outcome) for outcome in outcomes} == {("accepted", "recipient", "accepted")}
        assert sorted(outcome.message_id for outcome in outcomes) == sorted(f"t{number}" for number in range(30))
        assert sorted(one.destination_addr for one in server.submits) == sorted(f"1212555{n:04}" for n in range(30))
        assert max(len(wave) for wave in gate.waves) == min(30, doubt_max or window)
        assert server.connection_count == 1

    def test_what_was_yielded_is_settled_before_the_next_wave_is_cleared(self):
        settled: list[str] = []
        gate = Gate()

        def look() -> None:
            assert sum(len(wave) for wave in gate.waves[:-1]) == len(settled)

        gate.on_clear = look
        with TinySmsc() as server:
            transport = transport_to(server, window=4)
            settled.extend(outcome.message_id for outcome in transport.send(texts(19), gate))
            transport.close()

        assert len(settled) == 19

    def test_it_is_bound_but_nothing_has_arrived_while_leave_is_pending(self):
        with TinySmsc() as server:
            seen: list[tuple[int, int]] = []
            gate = Gate(on_clear=lambda: seen.append((len(server.binds), len(server.submits))))
            send(server, texts(4), gate, window=2)

        assert seen == [(1, 0), (1, 2)]

    def test_what_was_not_cleared_never_arrives(self):
        gate = Gate(refused_ids=frozenset({"t1", "t3"}))
        with TinySmsc() as server:
            outcomes = {one.message_id: one for one in send(server, texts(5), gate)}

        assert len(server.submits) == 3
        assert {facts(outcomes[name]) for name in ("t1", "t3")} == {("not_sent", "recipient", "not_cleared")}

    def test_what_may_no_longer_cross_never_arrives(self):
        gate = Gate(may_cross_answers=(True, False, True, False))
        with TinySmsc() as server:
            outcomes = send(server, texts(4), gate)

        assert len(server.submits) == 2
        assert [outcome.code for outcome in outcomes].count("permission_expired") == 2

    def test_a_clear_that_raises_sends_nothing(self):
        class BeginFailed(Exception):
            pass

        def fail() -> None:
            raise BeginFailed

        with TinySmsc() as server:
            transport = transport_to(server)
            with pytest.raises(BeginFailed):
                list(transport.send(texts(3), Gate(on_clear=fail)))
            after = list(transport.send(texts(2), Gate()))
            transport.close()

        assert len(server.submits) == 2
        assert [outcome.verdict for outcome in after] == [Verdict.ACCEPTED] * 2

    def test_a_consumer_that_stops_early_lets_nothing_more_cross(self):
        gate = Gate()
        with TinySmsc() as server:
            transport = transport_to(server, window=1, doubt_max=10)
            sending = transport.send(texts(10), gate)
            next(iter(sending))
            sending.close()
            time.sleep(0.1)
            transport.close()

        assert len(server.submits) == gate.crossed_count <= 2

    def test_mail_is_no_text_and_one_id_for_two_is_a_bad_call(self):
        with TinySmsc() as server:
            transport = transport_to(server)
            with pytest.raises(TypeError, match="OutboundText"):
                transport.send([mail()], Gate())
            with pytest.raises(ValueError, match="same id"):
                transport.send([text(1), text(1)], Gate())
            with pytest.raises(ValueError, match="receiver"):
                transport_to(server, bind="receiver").send([text(1)], Gate())
            assert list(transport.send([], Gate())) == []

        assert server.connection_count == 0

    def test_it_says_how_many_may_end_in_doubt(self):
        with TinySmsc() as server:
            assert isinstance(transport_to(server), SaysDoubtMax)
            assert transport_to(server, window=3).doubt_max == 3
            for wrong in (0, 101):
                with pytest.raises(ValueError, match="doubt_max"):
                    transport_to(server, doubt_max=wrong)


# Statuses -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x58, ("deferred", "sender", "throttled")),
        (0x14, ("deferred", "sender", "throttled")),
        (0x0B, ("refused", "recipient", "number_unknown")),
        (0x0A, ("not_sent", "sender", "sender_refused")),
        (0x43, ("not_sent", "sender", "request_refused")),
        (0x45, ("deferred", "host", "host_busy")),
        (0x04, ("not_sent", "host", "connection_lost")),
        (0x08, ("in_doubt", "host", "reply_unreadable")),
        (0xFF, ("in_doubt", "host", "reply_unreadable")),
        (0x401, ("in_doubt", "host", "reply_unreadable")),
    ],
)
def test_what_a_status_proves(status, expected):
    with TinySmsc(lambda turn, submit: refused(submit.sequence_number, status)) as server:
        (outcome,) = send(server, [text()])

    assert facts(outcome) == expected
    assert outcome.reply == f"status 0x{status:08X}"
    assert len(server.submits) == 1


def test_a_nack_is_an_answer_and_never_acceptance():
    with TinySmsc(lambda turn, submit: pdu(0x80000000, submit.sequence_number, (3, 0)[turn])) as server:
        outcomes = [*send(server, [text(0)]), *send(server, [text(1)])]

    assert [facts(outcome) for outcome in outcomes] == [
        ("not_sent", "sender", "request_refused"),
        ("in_doubt", "host", "reply_unreadable"),
    ]


def test_an_accepted_text_without_an_id_is_accepted():
    with TinySmsc(lambda turn, submit: pdu(0x80000004, submit.sequence_number)) as server:
        (outcome,) = send(server, [text()])

    assert facts(outcome) == ("accepted", "recipient", "accepted")
    assert outcome.provider_id is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x0E, ("not_sent", "sender", "auth_refused")),
        (0x0F, ("not_sent", "sender", "auth_refused")),
        (0x05, ("not_sent", "host", "host_busy")),
        (0x08, ("not_sent", "host", "host_busy")),
    ],
)
def test_a_refused_bind_stops_everything_before_a_byte(status, expected):
    gate = Gate()
    with TinySmsc(bind_status=status) as server:
        outcomes = send(server, texts(15), gate)

    assert {facts(outcome) for outcome in outcomes} == {expected}
    assert len(outcomes) == 15
    assert gate.waves == []
    assert server.submits == []


def test_a_bind_without_an_answer_is_no_bind():
    with TinySmsc(answers_bind=False) as server:
        outcomes = send(server, texts(2))

    assert {facts(outcome) for outcome in outcomes} == {("not_sent", "host", "connect_failed")}


def test_what_nobody_listens_to_was_not_sent():
    with TinySmsc() as server:
        transport = transport_to(server)
    (outcome,) = transport.send([text()], Gate())

    assert facts(outcome) == ("not_sent", "host", "connect_failed")


def test_75_an_smsc_inside_is_refused_by_the_policy_before_connecting():
    with TinySmsc() as server:
        outcomes = send(server, texts(2), egress=public_only(2775, server.port))

    assert {facts(outcome) for outcome in outcomes} == {("not_sent", "sender", "egress_refused")}
    assert server.connection_count == 0


# F21 ------------------------------------------------------------------------------------------------------------------


def test_f21_answers_out_of_order_find_their_texts():
    held: list[Submit] = []

    def backwards(turn: int, submit: Submit) -> bytes:
        held.append(submit)
        if len(held) < 5:
            return HOLD
        return b"".join(
            refused(one.sequence_number, 0x0B)
            if one.destination_addr.endswith("3")
            else taken(one.sequence_number, f"id-{one.destination_addr}")
            for one in reversed(held)
        )

    with TinySmsc(backwards) as server:
        outcomes = {one.message_id: one for one in send(server, texts(5), window=5)}

    assert outcomes["t3"].verdict is Verdict.REFUSED
    assert {one.provider_id for one in outcomes.values()} == {None, *(f"id-1212555000{n}" for n in (0, 1, 2, 4))}
    assert outcomes["t4"].provider_id == "id-12125550004"


def test_f21_an_answer_to_nothing_is_counted_and_changes_nothing():
    def twice_and_more(turn: int, submit: Submit) -> bytes:
        own = taken(submit.sequence_number, f"id-{turn}")
        return taken(999_999, "foreign") + own + refused(submit.sequence_number, 0x0B)

    with TinySmsc(twice_and_more) as server:
        transport = transport_to(server, window=1)
        outcomes = list(transport.send(texts(3), Gate()))
        transport.listen(0.05)
        unknown = transport.counts.unknown_sequences
        transport.close()

    assert [outcome.provider_id for outcome in outcomes] == ["id-0", "id-1", "id-2"]
    assert unknown == 6


def test_f21_a_lost_bind_leaves_what_is_open_in_doubt_and_gives_the_rest_back():
    def third_closes(turn: int, submit: Submit) -> bytes:
        return (taken(submit.sequence_number, "id-0"), HOLD, CLOSE, HOLD)[turn]

    with TinySmsc(third_closes) as server:
        outcomes = {one.message_id: facts(one) for one in send(server, texts(9), window=3, doubt_max=6)}

    assert outcomes["t0"] == ("accepted", "recipient", "accepted")
    assert outcomes["t1"] == outcomes["t2"] == ("in_doubt", "host", "reply_lost")
    arrived = {f"t{int(one.destination_addr[-4:])}" for one in server.submits}
    for name, found in outcomes.items():
        if found[0] == "not_sent":
            assert name not in arrived
    assert sum(found[0] == "in_doubt" for found in outcomes.values()) <= 3


def test_f21_after_unbind_nothing_more_is_written_and_open_answers_still_count():
    held: list[Submit] = []

    def leave(turn: int, submit: Submit) -> bytes:
        held.append(submit)
        return HOLD if turn == 0 else pdu(0x06, 77) + taken(held[0].sequence_number, "late")

    with TinySmsc(leave) as server:
        outcomes = {one.message_id: facts(one) for one in send(server, texts(6), window=2, doubt_max=4)}

    assert outcomes["t0"] == ("accepted", "recipient", "accepted")
    assert outcomes["t1"] == ("in_doubt", "host", "reply_lost")
    assert {outcomes[f"t{n}"] for n in range(2, 6)} == {("not_sent", "host", "connection_lost")}
    assert len(server.submits) == 2
    assert (0x80000006, 0, 77) in server.heard


def test_f21_a_receipt_before_its_answer_reaches_the_host():
    receipts: list[SmsReceipt] = []

    def early(turn: int, submit: Submit) -> bytes:
        return receipt(5, b"id:abc stat:DELIVRD err:000") + taken(submit.sequence_number, "abc")

    with TinySmsc(early) as server:
        (outcome,) = send(server, [text()], on_receipt=receipts.append)

    assert outcome.provider_id == "abc"
    assert [(one.provider_id, one.status) for one in receipts] == [("abc", ReceiptStatus.DELIVERED)]
    assert (0x80000005, 0, 5) in server.heard


def test_an_answer_that_does_not_come_leaves_its_text_in_doubt_and_the_others_alone():
    def silent_once(turn: int, submit: Submit) -> bytes:
        return HOLD if turn == 1 else take_all(turn, submit)

    with TinySmsc(silent_once) as server:
        outcomes = {one.message_id: facts(one) for one in send(server, texts(4))}

    assert outcomes["t1"] == ("in_doubt", "host", "reply_lost")
    assert {outcomes[name] for name in ("t0", "t2", "t3")} == {("accepted", "recipient", "accepted")}


@pytest.mark.parametrize(
    "babble", [b"HTTP/1.1 400 Bad\r\n\r\n", b"\0\0\0\1" + b"x" * 20, b"\x7f\xff\xff\xff" + b"x" * 20]
)
def test_babble_ends_the_connection(babble):
    with TinySmsc(lambda turn, submit: babble) as server:
        transport = transport_to(server)
        (outcome,) = transport.send([text()], Gate())
        unreadable = transport.counts.unreadable
        transport.close()

    assert facts(outcome) == ("in_doubt", "host", "reply_lost")
    assert unreadable == 1


@pytest.mark.parametrize("cut", range(1, 17))
def test_an_answer_cut_at_any_byte_is_no_answer(cut):
    def cut_off(turn: int, submit: Submit) -> bytes:
        threading.Timer(0.05, server.hang_up).start()
        return taken(submit.sequence_number, "")[:cut]

    with TinySmsc(cut_off) as server:
        (outcome,) = send(server, [text()])

    assert outcome.verdict is Verdict.IN_DOUBT


# Parts ----------------------------------------------------------------------------------------------------------------


def test_a_long_text_is_sent_in_parts_that_a_phone_can_join():
    with TinySmsc() as server:
        (outcome,) = send(server, [text(words="€" * 200, parts=3)])

    first, *_ = server.submits
    assert outcome.parts_accepted == len(server.submits) == 3
    assert outcome.provider_id == "id-0 id-1 id-2"
    assert {one.esm_class for one in server.submits} == {0x40}
    assert {one.data_coding for one in server.submits} == {0}
    assert [one.short_message[:6] for one in server.submits] == [
        first.short_message[:4] + bytes((3, number)) for number in (1, 2, 3)
    ]
    assert "".join(decode_septets(one.short_message[6:]) for one in server.submits) == "€" * 200


def test_letters_outside_the_alphabet_travel_as_ucs2():
    with TinySmsc() as server:
        send(server, [text(words="zażółć 😀")])

    (one,) = server.submits
    assert (one.data_coding, one.esm_class) == (8, 0)
    assert one.short_message.decode("utf-16-be") == "zażółć 😀"


def test_never_one_part_more_than_was_paid_for():
    gate = Gate()
    with TinySmsc() as server:
        outcomes = send(server, [text(0, words="a" * 161, parts=1), text(1)], gate)

    assert [outcome.code for outcome in outcomes] == ["parts_mismatch", "accepted"]
    assert gate.waves == [["t1"]]
    assert len(server.submits) == 1


def test_a_refused_first_part_is_proof_that_nothing_was_sent():
    with TinySmsc(lambda turn, submit: refused(submit.sequence_number, 0x0B)) as server:
        (outcome,) = send(server, [long_text()])

    assert facts(outcome) == ("refused", "recipient", "number_unknown")
    assert len(server.submits) == 1


def test_a_throttled_first_part_defers_the_text_and_stops_the_batch():
    with TinySmsc(lambda turn, submit: refused(submit.sequence_number, 0x58)) as server:
        outcomes = send(server, [long_text(), *texts(9)[1:]], window=1)

    assert facts(outcomes[0]) == ("deferred", "sender", "throttled")
    assert {facts(outcome) for outcome in outcomes[1:]} == {("not_sent", "host", "throttled")}
    assert len(server.submits) == 1


def test_a_throttled_later_part_is_submitted_again_under_the_same_reference():
    def throttle_once(turn: int, submit: Submit) -> bytes:
        return refused(submit.sequence_number, 0x58) if turn == 1 else take_all(turn, submit)

    with TinySmsc(throttle_once) as server:
        (outcome,) = send(server, [long_text()])

    assert facts(outcome) == ("accepted", "recipient", "accepted")
    assert outcome.parts_accepted == len(server.taken) == 3
    assert len(server.submits) == 4
    assert len({one.short_message for one in server.submits}) == 3
    assert outcome.provider_id == "id-0 id-3 id-2"


def test_a_later_part_that_stays_throttled_ends_in_doubt_with_what_was_taken():
    def throttle_second(turn: int, submit: Submit) -> bytes:
        is_second = submit.short_message[5] == 2
        return refused(submit.sequence_number, 0x14) if is_second else take_all(turn, submit)

    with TinySmsc(throttle_second) as server:
        outcomes = send(server, [long_text(), text(7), text(8)], window=1, doubt_max=1)

    assert facts(outcomes[0]) == ("in_doubt", "host", "throttled")
    assert outcomes[0].parts_accepted == 2
    assert part_texts(server.taken) == {1, 3}
    assert facts(outcomes[1]) == ("deferred", "sender", "throttled")  # told once
    assert facts(outcomes[2]) == ("not_sent", "host", "throttled")


def part_texts(submits: list[Submit]) -> set[int]:
    return {one.short_message[5] for one in submits}


def test_a_later_part_that_is_refused_ends_in_doubt():
    def refuse_last(turn: int, submit: Submit) -> bytes:
        return refused(submit.sequence_number, 0x0B) if turn == 2 else take_all(turn, submit)

    with TinySmsc(refuse_last) as server:
        (outcome,) = send(server, [long_text()])

    assert facts(outcome) == ("in_doubt", "host", "number_unknown")
    assert (outcome.parts_accepted, outcome.provider_id) == (2, "id-0 id-1")


def test_a_bind_lost_between_parts_ends_in_doubt():
    with TinySmsc(lambda turn, submit: CLOSE if turn == 1 else take_all(turn, submit)) as server:
        (outcome,) = send(server, [long_text()], window=1)

    assert facts(outcome) == ("in_doubt", "host", "reply_lost")
    assert outcome.parts_accepted == 1


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("Flora", ("Flora", 5, 0)),
        ("+12125550199", ("12125550199", 1, 1)),
        ("72345", ("72345", 3, 0)),
        ("2125550199", ("2125550199", 2, 1)),
    ],
)
def test_senders_say_of_what_kind_they_are(sender, expected):
    with TinySmsc() as server:
        send(server, [attrs.evolve(text(), sender=sender)], validity=timedelta(days=2, hours=3, minutes=4))

    (one,) = server.submits
    assert (one.source_addr, one.source_addr_ton, one.source_addr_npi) == expected
    assert (one.dest_addr_ton, one.dest_addr_npi, one.registered_delivery) == (1, 1, 1)
    assert one.validity_period == "000002030400000R"


# The connection -------------------------------------------------------------------------------------------------------


def test_the_connection_is_kept_between_rounds_and_says_goodbye():
    with TinySmsc() as server:
        transport = transport_to(server)
        for _ in range(3):
            assert len(list(transport.send(texts(4), Gate()))) == 4
        transport.close()

    assert server.connection_count == 1
    assert server.commands()[-1] == 0x06


def test_a_connection_that_died_at_rest_is_replaced_before_anything_is_cleared():
    with TinySmsc() as server:
        transport = transport_to(server)
        list(transport.send(texts(1), Gate()))
        server.hang_up()
        time.sleep(0.05)
        outcomes = list(transport.send(texts(3), Gate()))
        transport.close()

    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 3
    assert server.connection_count == 2


def test_enquiries_are_answered_while_listening():
    with TinySmsc(after_bind=pdu(0x15, 41)) as server:
        transport = transport_to(server)
        transport.listen(0.1)
        transport.close()

    assert (0x80000015, 0, 41) in server.heard


def test_a_silent_smsc_is_asked_and_given_up():
    timeouts = SmppTimeouts(connect=1, bind=0.5, response=0.1, enquire=0.1, unbind=0.1)
    with TinySmsc(answers_enquiries=False) as server:
        transport = transport_to(server, timeouts=timeouts)
        transport.listen(0.6)
        transport.close()

    assert 0x15 in server.commands()
    assert server.connection_count > 1


def test_listening_to_nobody_says_so():
    with TinySmsc(bind_status=0x0E) as server, pytest.raises(ConnectionError, match="auth_refused"):
        transport_to(server).listen(0.1)


def test_a_request_that_is_unknown_here_is_refused_and_counted():
    with TinySmsc(after_bind=pdu(0x103, 9, 0, b"\0" * 5)) as server:
        transport = transport_to(server)
        transport.listen(0.1)
        unreadable = transport.counts.unreadable
        transport.close()

    assert (0x80000000, 3, 9) in server.heard
    assert unreadable == 1


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # of Python 3.12: the servers are threads
def test_a_fork_binds_anew():
    with TinySmsc() as server:
        transport = transport_to(server)
        list(transport.send(texts(1), Gate()))
        child = os.fork()
        if child == 0:
            outcomes = list(transport.send([text(7)], Gate()))
            os._exit(0 if outcomes[0].verdict is Verdict.ACCEPTED else 1)
        _, status = os.waitpid(child, 0)
        after = list(transport.send([text(8)], Gate()))
        transport.close()

    assert status == 0
    assert after[0].verdict is Verdict.ACCEPTED
    assert server.connection_count == 2


def test_verify_binds_and_submits_nothing():
    with TinySmsc() as server:
        transport = transport_to(server)
        assert transport.verify().is_ready
        transport.close()
        assert server.submits == []
    with TinySmsc(bind_status=0x0E) as server:
        check = transport_to(server).verify()

    assert (check.is_ready, check.code) == (False, "auth_refused")
    assert "0x0000000E" in check.reply


def test_settings_that_do_not_fit_into_smpp_are_refused():
    with TinySmsc() as server:
        for wrong in (
            {"password": "ninechars"},
            {"system_id": "x" * 16},
            {"system_id": "żółw"},
            {"window": 0},
            {"validity": timedelta(seconds=1)},
            {"bind": "telephone"},
        ):
            with pytest.raises(ValueError, match=next(iter(wrong)) if "bind" not in wrong else "telephone"):
                transport_to(server, **wrong)
        assert "s3cret" not in repr(transport_to(server))


# Receipts -------------------------------------------------------------------------------------------------------------


def listen_to(*said: bytes, **options) -> tuple[list[SmsReceipt], list[InboundText], TinySmsc, SmppTransport]:
    receipts: list[SmsReceipt] = []
    inbound: list[InboundText] = []
    with TinySmsc(after_bind=b"".join(said)) as server:
        transport = transport_to(server, **{"on_receipt": receipts.append, "on_text": inbound.append, **options})
        transport.listen(0.15)
        transport.close()
    return receipts, inbound, server, transport


def test_receipts_of_every_kind_are_read_and_acknowledged():
    receipts, _, server, transport = listen_to(
        receipt(1, b"id:1 sub:001 dlvrd:001 submit date:2605041200 done date:2605041201 stat:DELIVRD err:000 text:hi"),
        receipt(2, b"", smpp34.Tlv(0x1E, b"2\0"), smpp34.Tlv(0x427, b"\5")),
        receipt(3, b"", smpp34.Tlv(0x1E, b"3"), smpp34.Tlv(0x1403, b"\1\2\3"), esm_class=0),
        receipt(1, b"id:1 stat:DELIVRD"),
    )

    assert [(one.provider_id, one.status.value) for one in receipts] == [
        ("1", "delivered"),
        ("2", "undelivered"),
        ("3", "unknown"),
        ("1", "delivered"),
    ]
    assert server.commands().count(0x80000005) == 4
    assert transport.counts.receipts == 4


def test_hex_there_and_decimal_here_meet():
    receipts, _, _, _ = listen_to(receipt(1, b"id:255 stat:DELIVRD"), submit_id_form="hex", receipt_id_form="decimal")
    with TinySmsc(lambda turn, submit: taken(submit.sequence_number, "00FF")) as server:
        (outcome,) = send(server, [text()], submit_id_form="hex", receipt_id_form="decimal")

    assert outcome.provider_id == receipts[0].provider_id == "255"


def test_a_receipt_that_cannot_be_kept_is_asked_for_again():
    def fail(_receipt: SmsReceipt) -> None:
        raise OSError("disk full")

    _, _, server, transport = listen_to(receipt(4, b"id:1 stat:DELIVRD"), on_receipt=fail)

    assert (0x80000005, 0x64, 4) in server.heard
    assert transport.counts.receipt_failures == 1


def test_a_receipt_that_names_nothing_is_acknowledged_and_counted():
    receipts, _, server, transport = listen_to(receipt(4, b"thank you for choosing us"))

    assert receipts == []
    assert (0x80000005, 0, 4) in server.heard
    assert transport.counts.unreadable == 1


def test_texts_from_people_are_handed_on():
    def said(octets: bytes, coding: int, esm_class: int = 0) -> bytes:
        return smpp34.DeliverSm(
            "12125550143", "72345", octets, data_coding=coding, esm_class=esm_class, sequence_number=9
        ).encode()

    _, inbound, _, _ = listen_to(
        said(b"STOP", 0),
        said("Zażółć".encode("utf-16-be"), 8),
        said("désolé".encode("latin-1"), 3),
        said(b"\5\0\3\7\2\1par", 0, 0x40),
        said(b"\xe9", 0),
    )

    assert [one.text for one in inbound] == ["STOP", "Zażółć", "désolé", "par", "é"]
    assert {(one.sender, one.to) for one in inbound} == {("+12125550143", "72345")}


# Cuts -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(0, 260, 20))
def test_a_connection_cut_after_any_byte_never_calls_unsent_what_arrived(first):
    for cut in range(first, first + 20, 2):
        with TinySmsc(cut_after_received=cut) as server:
            outcomes = {one.message_id: one for one in send(server, [text(0), long_text(1, parts=2)])}

        assert len(outcomes) == 2
        for number in (0, 1):
            arrived = [one for one in server.submits if one.destination_addr == f"1212555{number:04}"]
            outcome = outcomes[f"t{number}"]
            if arrived:
                assert outcome.verdict in {Verdict.ACCEPTED, Verdict.IN_DOUBT}
            assert (outcome.parts_accepted or 0) <= len(arrived)
            if outcome.verdict is Verdict.ACCEPTED:
                assert len(arrived) == number + 1

"""The SMTP transport against a real server: waves, permission, refusals."""

import asyncio
import threading
import time

import pytest

from campaignkit.delivery.outcomes import Verdict
from campaignkit.message.outbound import OutboundText
from campaignkit.ports import SaysDoubtMax
from campaignkit.testing import FakeEmail
from campaignkit.transports.function import FunctionTransport
from tests.transports.mailboxes import Mailbox, plain, send, serve
from tests.transports.servers import Gate, TinySmtp, mail, mails


@pytest.mark.parametrize("connections", [1, 3, 8])
def test_every_message_arrives_once_with_its_own_outcome(connections):
    gate = Gate()
    with serve() as (port, mailbox):
        outcomes = send(plain(port, connections=connections), 20, gate)

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert sorted(outcome.message_id for outcome in outcomes) == sorted(f"m{number}" for number in range(20))
    assert sorted(recipient for recipient, _ in mailbox.accepted) == sorted(f"c{n}@example.com" for n in range(20))
    assert {outcome.provider_id for outcome in outcomes} == {f"Q{number:04}" for number in range(1, 21)}
    assert max(len(wave) for wave in gate.waves) == connections
    assert sum(len(wave) for wave in gate.waves) == 20


def test_the_bytes_arrive_as_they_were_given():
    content = b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\nb.\r\n"
    with serve() as (port, mailbox):
        transport = plain(port)
        list(transport.send([mail(content=content)], Gate()))
        transport.close()

    assert mailbox.accepted[0][1] == content


@pytest.mark.parametrize("connections", [1, 4])
def test_what_was_yielded_is_settled_before_the_next_wave_is_cleared(connections):
    settled: list[str] = []
    gate = Gate()

    def look() -> None:
        assert sum(len(wave) for wave in gate.waves[:-1]) == len(settled)

    gate.on_clear = look
    with serve() as (port, _):
        transport = plain(port, connections=connections)
        for outcome in transport.send(mails(12), gate):
            time.sleep(0.002)  # a consumer that takes its time
            settled.append(outcome.message_id)
        transport.close()

    assert len(settled) == 12


def test_a_slow_answer_to_one_dot_holds_back_the_next_wave():
    class Slow(Mailbox):
        async def handle_DATA(self, server, session, envelope):
            await asyncio.sleep(0.3 if envelope.rcpt_tos == ["c0@example.com"] else 0)
            return await super().handle_DATA(server, session, envelope)

    settled: list[str] = []
    gate = Gate()

    def look() -> None:
        assert sum(len(wave) for wave in gate.waves[:-1]) == len(settled)

    gate.on_clear = look
    with serve(Slow()) as (port, _):
        transport = plain(port, connections=3, wave_wait_seconds=0.05)
        settled.extend(outcome.message_id for outcome in transport.send(mails(7), gate))
        transport.close()

    assert len(settled) == 7
    assert settled.index("m0") < 3  # nobody of the next wave overtook it


def test_nothing_is_accepted_while_permission_is_pending():
    seen: list[int] = []
    with serve() as (port, mailbox):

        def look() -> None:
            time.sleep(0.1)
            seen.append(len(mailbox.accepted))

        send(plain(port, connections=3), 3, Gate(on_clear=look))

    assert seen == [0]


def test_what_was_not_cleared_is_never_accepted():
    gate = Gate(refused_ids=frozenset({"m1", "m3"}))
    with serve() as (port, mailbox):
        outcomes = {outcome.message_id: outcome for outcome in send(plain(port, connections=2), 5, gate)}

    assert {recipient for recipient, _ in mailbox.accepted} == {"c0@example.com", "c2@example.com", "c4@example.com"}
    for number in (1, 3):
        assert (outcomes[f"m{number}"].verdict, outcomes[f"m{number}"].code) == (Verdict.NOT_SENT, "not_cleared")


def test_what_may_no_longer_cross_is_never_accepted():
    gate = Gate(may_cross_answers=(True, False, True))
    with serve() as (port, mailbox):
        outcomes = send(plain(port, connections=3), 3, gate)

    assert len(mailbox.accepted) == 2
    assert [(one.verdict, one.code) for one in outcomes if one.verdict is not Verdict.ACCEPTED] == [
        (Verdict.NOT_SENT, "permission_expired")
    ]


class BeginFailed(Exception):
    pass


def test_a_clear_that_raises_leaves_no_dot_behind():
    def fail() -> None:
        raise BeginFailed

    with serve() as (port, mailbox):
        transport = plain(port, connections=3)
        with pytest.raises(BeginFailed):
            list(transport.send(mails(3), Gate(on_clear=fail)))
        after = send(transport, 2)

    assert [outcome.verdict for outcome in after] == [Verdict.ACCEPTED] * 2
    assert len(mailbox.accepted) == 2


def test_a_consumer_that_stops_early_leaves_no_dot_behind():
    gate = Gate()
    with serve() as (port, mailbox):
        transport = plain(port, connections=2)
        sending = transport.send(mails(10), gate)
        next(iter(sending))
        sending.close()
        transport.close()
        time.sleep(0.1)

    crossed = gate.crossed_count
    assert len(mailbox.accepted) <= crossed <= 2


def test_a_latecomer_joins_the_next_wave():
    class Slow(Mailbox):
        async def handle_RCPT(self, server, session, envelope, address, options):
            await asyncio.sleep(0.5 if address == "c1@example.com" else 0)
            return await super().handle_RCPT(server, session, envelope, address, options)

    gate = Gate()
    with serve(Slow()) as (port, _):
        outcomes = send(plain(port, connections=2, wave_wait_seconds=0.1), 2, gate)

    assert gate.waves == [["m0"], ["m1"]]
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}


def test_sessions_are_kept_between_rounds():
    with TinySmtp() as server:
        transport = plain(server.port, connections=2)
        for _ in range(5):
            assert len(list(transport.send(mails(4), Gate()))) == 4
        transport.close()

    assert server.connection_count == 2
    assert server.commands.count("QUIT") == 2


def test_clear_is_called_in_the_callers_thread():
    threads: list[int] = []
    with serve() as (port, _):
        send(plain(port), 3, Gate(on_clear=lambda: threads.append(threading.get_ident())))

    assert set(threads) == {threading.get_ident()}


def test_refusals_by_recipient_leave_the_others_alone():
    with serve() as (port, mailbox):
        mailbox.refusals = {"c1@example.com": "550 5.1.1 no such user", "c2@example.com": "451 4.7.1 greylisted"}
        mailbox.dot_replies = {"c3@example.com": "554 5.7.1 looks like spam"}
        outcomes = {outcome.message_id: outcome for outcome in send(plain(port, connections=2), 6)}

    found = {name: (outcome.verdict.value, outcome.code) for name, outcome in outcomes.items()}
    assert found == {
        "m0": ("accepted", "accepted"),
        "m1": ("refused", "mailbox_unknown"),
        "m2": ("deferred", "greylisted"),
        "m3": ("refused", "content"),
        "m4": ("accepted", "accepted"),
        "m5": ("accepted", "accepted"),
    }


def test_international_addresses_go_where_they_are_taken():
    batch = [mail(0, to="łódź@example.com"), mail(1)]
    with serve(enable_SMTPUTF8=True) as (port, mailbox):
        transport = plain(port)
        outcomes = list(transport.send(batch, Gate()))
        transport.close()
    with serve(enable_SMTPUTF8=False) as (port, _):
        transport = plain(port)
        refused = {outcome.message_id: outcome for outcome in transport.send(batch, Gate())}
        transport.close()

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert "łódź@example.com" in {recipient for recipient, _ in mailbox.accepted}
    assert (refused["m0"].verdict, refused["m0"].code) == (Verdict.REFUSED, "smtputf8_unsupported")
    assert refused["m1"].verdict is Verdict.ACCEPTED


def test_texts_are_no_mail():
    with pytest.raises(TypeError, match="OutboundEmail"):
        plain(25).send([OutboundText(message_id="t", sender="S", to="+12125550143", text="x")], Gate())


def test_one_id_for_two_messages_is_a_bad_call():
    with pytest.raises(ValueError, match="same id"):
        plain(25).send([mail(1), mail(1, to="other@example.com")], Gate())


def test_an_empty_batch_opens_nothing():
    with TinySmtp() as server:
        assert send(plain(server.port), 0) == []

    assert server.connection_count == 0


# doubt_max: permission ahead of the dots. -----------------------------------------------------------------------------


@pytest.mark.parametrize("extensions", [("PIPELINING",), ("HELP",)], ids=["pipelining", "step by step"])
@pytest.mark.parametrize("connections", [1, 3])
def test_with_doubt_max_permission_is_asked_for_so_many_at_once(connections, extensions):
    gate = Gate()
    with TinySmtp(extensions=extensions) as server:
        outcomes = send(plain(server.port, connections=connections, doubt_max=10), 25, gate)

    assert [len(wave) for wave in gate.waves] == [10, 10, 5]
    assert sorted(outcome.message_id for outcome in outcomes) == sorted(f"m{number}" for number in range(25))
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert len(set(server.accepted)) == len(server.accepted) == 25
    assert server.connection_count == connections


def test_with_doubt_max_what_was_yielded_is_settled_before_the_next_wave():
    settled: list[str] = []
    gate = Gate()

    def look() -> None:
        assert sum(len(wave) for wave in gate.waves[:-1]) == len(settled)

    gate.on_clear = look
    with TinySmtp() as server:
        transport = plain(server.port, connections=3, doubt_max=7)
        settled.extend(outcome.message_id for outcome in transport.send(mails(30), gate))
        transport.close()

    assert len(settled) == 30


def test_with_doubt_max_what_was_not_cleared_is_never_accepted():
    gate = Gate(refused_ids=frozenset({"m0", "m3", "m4", "m9"}))
    with TinySmtp() as server:
        outcomes = {one.message_id: one for one in send(plain(server.port, connections=2, doubt_max=5), 12, gate)}

    refused = {message_id for message_id, one in outcomes.items() if one.code == "not_cleared"}
    assert refused == gate.refused_ids
    assert len(server.accepted) == 8
    assert not any(
        f"Subject: {message_id[1:]}\r\n".encode() in body for message_id in refused for body in server.accepted
    )


@pytest.mark.parametrize("may_cross", range(8))
def test_with_doubt_max_a_lost_permission_stops_every_message_that_has_not_crossed(may_cross):
    answers = (True,) * may_cross + (False,) * 100
    with TinySmtp() as server:
        gate = Gate(may_cross_answers=answers)
        outcomes = send(plain(server.port, connections=2, doubt_max=20), 20, gate)

    verdicts = [outcome.verdict for outcome in outcomes]
    assert len(verdicts) == 20
    assert verdicts.count(Verdict.ACCEPTED) == len(server.accepted) <= may_cross
    assert {outcome.code for outcome in outcomes if outcome.verdict is not Verdict.ACCEPTED} == {"permission_expired"}


def test_doubt_max_is_at_least_one_per_connection_and_at_most_a_hundred():
    for wrong in (3, 101):
        with pytest.raises(ValueError, match="doubt_max"):
            plain(25, connections=4, doubt_max=wrong)
    assert plain(25, connections=4).doubt_max == 4


def test_a_transport_says_how_many_may_end_in_doubt():
    said = [FunctionTransport("email", lambda message: "id-1").doubt_max, plain(25, connections=8).doubt_max]

    assert said == [1, 8]
    assert isinstance(plain(25), SaysDoubtMax)
    assert not isinstance(FakeEmail(), SaysDoubtMax)  # a host's own transport need not say it


def test_a_busy_host_halves_the_sessions_and_they_recover_slowly():
    gate = Gate()
    busy = b"421 4.3.2 busy\r\n"
    with TinySmtp(replies={"DOT": [b"", busy, b""]}) as server:
        transport = plain(server.port, connections=8)
        widths = []
        for count in (8, 10, 40, 10):
            gate.waves.clear()
            list(transport.send(mails(count), gate))
            widths.append(max(map(len, gate.waves)))
        transport.close()

    assert widths == [8, 4, 4, 5]


def test_a_host_that_allows_few_sessions_is_asked_for_no_more():
    gate = Gate()
    with TinySmtp(replies={"CONNECT": [b"", b"", b"421 4.7.0 too many connections\r\n"]}) as server:
        transport = plain(server.port, connections=8)
        first = list(transport.send(mails(9), gate))
        connected = server.connection_count
        gate.waves.clear()
        second = list(transport.send(mails(9), gate))
        transport.close()

    assert {outcome.verdict for outcome in first + second} == {Verdict.ACCEPTED}
    assert max(map(len, gate.waves)) == 2
    assert server.connection_count == connected == 3

"""The connection breaks after every single byte, in both directions; the server says who was right."""

import pytest

from campaignkit.delivery.outcomes import Verdict
from campaignkit.message.outbound import OutboundEmail
from campaignkit.transports.smtp import SmtpTimeouts, SmtpTransport
from campaignkit.transports.smtp.wire import DOT, stuffed_body
from tests.transports.servers import Gate, TinySmtp, mail

QUICK = SmtpTimeouts(connect=5, command=5, body=5, dot=5, quit=0.5)
EXTENSIONS = [("PIPELINING", "8BITMIME"), ("8BITMIME",)]
MAIL = mail(content=b"S: x\r\n\r\n.hi")


def send_one(server: TinySmtp, message: OutboundEmail = MAIL) -> tuple[list[Verdict], Gate]:
    gate = Gate()
    transport = SmtpTransport(
        "127.0.0.1", server.port, security="insecure_plaintext", timeouts=QUICK, local_hostname="me.example"
    )
    try:
        outcomes = list(transport.send([message], gate))
        return [outcome.verdict for outcome in outcomes], gate
    finally:
        transport.close()


def judge(server: TinySmtp, verdicts: list[Verdict], gate: Gate) -> None:
    assert len(verdicts) == 1
    verdict = verdicts[0]
    if server.accepted:
        assert verdict in {Verdict.ACCEPTED, Verdict.IN_DOUBT}
    else:
        assert verdict in {Verdict.NOT_SENT, Verdict.IN_DOUBT}
    if not gate.crossed_count:
        assert verdict is Verdict.NOT_SENT
    assert len(server.accepted) <= 1


@pytest.mark.parametrize("extensions", EXTENSIONS, ids=["pipelining", "step by step"])
def test_a_cut_after_any_byte_from_us_gives_the_right_verdict(extensions):
    seen = set()
    for cut in range(1000):
        with TinySmtp(extensions=extensions, cut_after_received=cut) as server:
            verdicts, gate = send_one(server)
        judge(server, verdicts, gate)
        seen.add(verdicts[0])
        if verdicts == [Verdict.ACCEPTED]:
            break
        assert not server.accepted

    said = sum(len(command) + 2 for command in server.commands if command != "QUIT")
    assert cut == said + len(stuffed_body(MAIL.content) + DOT)  # only the whole terminator is accepted
    assert Verdict.NOT_SENT in seen


@pytest.mark.parametrize("extensions", EXTENSIONS, ids=["pipelining", "step by step"])
def test_a_cut_after_any_byte_from_the_server_gives_the_right_verdict(extensions):
    seen = set()
    for cut in range(1000):
        with TinySmtp(extensions=extensions, cut_after_sent=cut) as server:
            verdicts, gate = send_one(server)
        judge(server, verdicts, gate)
        seen.add((verdicts[0], bool(server.accepted)))
        if verdicts == [Verdict.ACCEPTED]:
            break

    assert verdicts == [Verdict.ACCEPTED]
    assert cut > 100
    # Every cut within the reply to the dot leaves a message that was accepted in doubt.
    assert seen == {(Verdict.NOT_SENT, False), (Verdict.IN_DOUBT, True), (Verdict.ACCEPTED, True)}


@pytest.mark.parametrize("side", ["received", "sent"])
@pytest.mark.parametrize("doubt_max", [1, 3])
@pytest.mark.parametrize("extensions", EXTENSIONS, ids=["pipelining", "step by step"])
def test_a_cut_in_a_row_of_mails_leaves_each_with_the_right_verdict(extensions, doubt_max, side):
    mails = [mail(number, content=b"S: %d\r\n\r\n.hi" % number) for number in range(3)]
    for cut in range(2000):
        with TinySmtp(extensions=extensions, **{f"cut_after_{side}": cut}) as server:
            gate = Gate()
            transport = SmtpTransport(
                "127.0.0.1",
                server.port,
                security="insecure_plaintext",
                timeouts=QUICK,
                local_hostname="me.example",
                connections=1,
                doubt_max=doubt_max,
            )
            outcomes = {outcome.message_id: outcome.verdict for outcome in transport.send(mails, gate)}
            transport.close()

        assert len(outcomes) == 3
        accepted = [f"m{body[3:4].decode()}" for body in server.accepted]
        assert len(set(accepted)) == len(accepted)
        in_doubt = [message_id for message_id, verdict in outcomes.items() if verdict is Verdict.IN_DOUBT]
        assert len(in_doubt) <= 1  # there is one connection, and it carries one dot at a time
        for message_id, verdict in outcomes.items():
            possible = {Verdict.ACCEPTED} if message_id in accepted else {Verdict.NOT_SENT}
            assert verdict in possible | {Verdict.IN_DOUBT}
        if not server.is_cut.is_set():
            break

    assert list(outcomes.values()) == [Verdict.ACCEPTED] * 3

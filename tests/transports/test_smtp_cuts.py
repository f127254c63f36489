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

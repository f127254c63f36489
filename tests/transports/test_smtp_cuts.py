"""The connection breaks after every single byte, in both directions; the server says who was right."""

from collections.abc import Sequence
from typing import Any

import pytest

from campaignkit.delivery.outcomes import Verdict
from campaignkit.message.outbound import OutboundEmail
from campaignkit.transports.smtp import SmtpTimeouts, SmtpTransport
from campaignkit.transports.smtp.wire import DOT, stuffed_body
from tests.transports.servers import Gate, TinySmtp, mail

QUICK = SmtpTimeouts(connect=5, command=5, body=5, dot=5, quit=0.5)
EXTENSIONS = [("PIPELINING", "8BITMIME"), ("8BITMIME",)]
MAIL = mail(content=b"S: x\r\n\r\n.hi")


def send_row(server: TinySmtp, mails: Sequence[OutboundEmail], doubt_max: int = 1) -> tuple[dict[str, Verdict], Gate]:
    """Send *mails* over one connection after the other; return their verdicts by message id."""
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
    try:
        outcomes = list(transport.send(mails, gate))
        assert len({outcome.message_id for outcome in outcomes}) == len(outcomes)
        return {outcome.message_id: outcome.verdict for outcome in outcomes}, gate
    finally:
        transport.close()


def judge(server: TinySmtp, verdict: Verdict, gate: Gate) -> None:
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
            verdicts, gate = send_row(server, [MAIL])
        verdict = verdicts["m0"]
        judge(server, verdict, gate)
        seen.add(verdict)
        if verdict is Verdict.ACCEPTED:
            break
        assert not server.accepted

    said = sum(len(command) + 2 for command in server.commands if command != "QUIT")
    assert cut == said + len(stuffed_body(MAIL.content) + DOT)  # only the whole terminator is accepted
    assert Verdict.NOT_SENT in seen


@pytest.mark.parametrize("extensions", EXTENSIONS, ids=["pipelining", "step by step"])
def test_a_cut_after_any_byte_from_the_server_gives_the_right_verdict(extensions):
    cuts: dict[tuple[Verdict, bool], list[int]] = {}
    for cut in range(1000):
        with TinySmtp(extensions=extensions, cut_after_sent=cut) as server:
            verdicts, gate = send_row(server, [MAIL])
        verdict = verdicts["m0"]
        judge(server, verdict, gate)
        cuts.setdefault((verdict, bool(server.accepted)), []).append(cut)
        if verdict is Verdict.ACCEPTED:
            break

    assert verdict is Verdict.ACCEPTED
    assert cut > 100
    # Of a cut right behind the reply to DATA the client hears before the dot has left, or after: then it is in doubt.
    heard_late = cuts.pop((Verdict.IN_DOUBT, False), [])
    # Every cut within the reply to the dot leaves a message that was accepted in doubt.
    assert cuts.keys() == {(Verdict.NOT_SENT, False), (Verdict.IN_DOUBT, True), (Verdict.ACCEPTED, True)}
    assert heard_late in ([], [cuts[Verdict.IN_DOUBT, True][0] - 1])


@pytest.mark.parametrize("side", ["received", "sent"])
@pytest.mark.parametrize("doubt_max", [1, 3])
@pytest.mark.parametrize("extensions", EXTENSIONS, ids=["pipelining", "step by step"])
def test_a_cut_in_a_row_of_mails_leaves_each_with_the_right_verdict(extensions, doubt_max, side):
    mails = [mail(number, content=b"S: %d\r\n\r\n.hi" % number) for number in range(3)]
    ids = {stuffed_body(message.content) + DOT: message.message_id for message in mails}
    for cut in range(2000):
        where: dict[str, Any] = {f"cut_after_{side}": cut}
        with TinySmtp(extensions=extensions, **where) as server:
            verdicts, gate = send_row(server, mails, doubt_max)
        accepted = [ids[body] for body in server.accepted]
        assert set(verdicts) == set(ids.values())
        assert len(set(accepted)) == len(accepted)
        assert list(verdicts.values()).count(Verdict.IN_DOUBT) <= 1  # one connection carries one dot at a time
        for message_id, verdict in verdicts.items():
            known = Verdict.ACCEPTED if message_id in accepted else Verdict.NOT_SENT
            assert verdict in {known, Verdict.IN_DOUBT}
        if not server.is_cut.is_set():
            break

    assert list(verdicts.values()) == [Verdict.ACCEPTED] * 3
    assert len(gate.waves) == 3 // doubt_max

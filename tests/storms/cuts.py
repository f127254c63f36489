"""The SMTP dialogue cut after every byte, in both directions: what the server accepted against what we said of it."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from campaignkit.delivery.outcomes import Verdict
from campaignkit.message.outbound import OutboundEmail
from campaignkit.transports.smtp.wire import DOT, stuffed_body
from tests.transports.servers import Gate, TinySmtp, mail
from tests.transports.test_smtp_cuts import EXTENSIONS, send_one

HEADER = b"Subject: cut\r\n\r\n"
CONTENTS = {
    "nothing but a header": HEADER,
    "dots": HEADER + b".\r\n..\r\n.hi\r\n.\r\nno end.",
    "a letter": HEADER + b"The tulips are here, and they wait for you.\r\n" * 6,
    "the longest line there may be": HEADER + b"." + b"x" * 997 + b"\r\n",
}
DIRECTIONS = ("received", "sent")  # by the server


@attrs.define
class Cuts:
    """What cutting came to."""

    cut_count: int = 0
    lost: int = 0  # accepted, said we, but the server had it not
    duplicated: int = 0  # the server had it twice
    unexpected: int = 0  # not sent, said we, and would send it again, but the server had it; or we guessed
    incomplete: list[str] = attrs.field(factory=list)  # dialogues that never came to their last byte
    verdicts: Counter[str] = attrs.field(factory=Counter)

    def note(self, server: TinySmtp, verdicts: list[Verdict], gate: Gate) -> None:
        self.cut_count += 1
        self.verdicts.update(verdict.value for verdict in verdicts)
        self.lost += verdicts == [Verdict.ACCEPTED] and not server.accepted
        self.duplicated += len(server.accepted) > 1
        has_right_form = len(verdicts) == 1 and verdicts[0] in {Verdict.ACCEPTED, Verdict.IN_DOUBT, Verdict.NOT_SENT}
        is_denied = bool(server.accepted) and Verdict.NOT_SENT in verdicts
        is_guessed = not gate.crossed_count and verdicts != [Verdict.NOT_SENT]
        self.unexpected += is_denied or is_guessed or not has_right_form


def cut_everywhere(may_go_on: Callable[[], bool] = lambda: True) -> Cuts:
    """Cut dialogues of several sizes after each byte, with and without pipelining, both ways."""
    cuts = Cuts()
    for name, message in _messages():
        for extensions in EXTENSIONS:
            for direction in DIRECTIONS:
                if not _cut_each_byte(cuts, message, extensions, direction, may_go_on):
                    cuts.incomplete.append(f"{name}, {extensions[0]}, {direction}")
    return cuts


def _messages() -> Iterator[tuple[str, OutboundEmail]]:
    for number, (name, content) in enumerate(CONTENTS.items()):
        yield name, mail(number, content=content)


def _cut_each_byte(
    cuts: Cuts, message: OutboundEmail, extensions: tuple[str, ...], direction: str, may_go_on: Callable[[], bool]
) -> bool:
    """Return whether the last byte was reached, which is when the cut comes too late to matter."""
    most = 1000 + len(stuffed_body(message.content) + DOT)
    for byte in range(most):
        if not may_go_on():
            return False
        where: dict[str, Any] = {f"cut_after_{direction}": byte}
        with TinySmtp(extensions=extensions, **where) as server:
            verdicts, gate = send_one(server, message)
        cuts.note(server, verdicts, gate)
        if verdicts == [Verdict.ACCEPTED]:
            return True
    return False

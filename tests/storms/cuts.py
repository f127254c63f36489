"""The SMTP dialogue cut after every byte, in both directions: what the server accepted against what we said of it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from campaignkit.delivery.outcomes import Verdict
from campaignkit.message.outbound import OutboundEmail
from campaignkit.transports.smtp.wire import DOT, stuffed_body
from tests.transports.servers import Gate, TinySmtp, mail
from tests.transports.test_smtp_cuts import EXTENSIONS, send_row

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

    def note(
        self, mails: Sequence[OutboundEmail], accepted: Sequence[bytes], verdicts: Mapping[str, Verdict], gate: Gate
    ) -> None:
        """Compare what the server *accepted* of *mails* with our verdicts by message id."""
        ids = {stuffed_body(message.content) + DOT: message.message_id for message in mails}
        times = Counter(ids[body] for body in accepted)
        self.cut_count += 1
        self.verdicts.update(verdict.value for verdict in verdicts.values())
        self.lost += sum(verdict is Verdict.ACCEPTED and not times[one] for one, verdict in verdicts.items())
        self.duplicated += sum(count > 1 for count in times.values())
        has_right_form = set(verdicts) == set(ids.values()) and set(verdicts.values()) <= _POSSIBLE
        is_denied = any(verdicts[one] is Verdict.NOT_SENT for one in times)
        crossed_count = sum(verdict is not Verdict.NOT_SENT for verdict in verdicts.values())
        self.unexpected += is_denied or crossed_count > gate.crossed_count or not has_right_form


_POSSIBLE = {Verdict.ACCEPTED, Verdict.IN_DOUBT, Verdict.NOT_SENT}


def cut_everywhere(may_go_on: Callable[[], bool] = lambda: True) -> Cuts:
    """Cut dialogues of several sizes after each byte, with and without pipelining, both ways."""
    cuts = Cuts()
    for row in _rows():
        for extensions in EXTENSIONS:
            for direction in DIRECTIONS:
                if not _cut_each_byte(cuts, row, extensions, direction, may_go_on):
                    cuts.incomplete.append(f"{row.name}, {extensions[0]}, {direction}")
    return cuts


@attrs.frozen(kw_only=True)
class _Row:
    """Mails that go over one session."""

    name: str
    mails: tuple[OutboundEmail, ...]
    doubt_max: int = 1


def _rows() -> Iterator[_Row]:
    for number, (name, content) in enumerate(CONTENTS.items()):
        yield _Row(name=name, mails=(mail(number, content=content),))
    three = tuple(mail(number, content=HEADER + b"%d" % number) for number in range(3))
    yield _Row(name="three mails", mails=three)
    yield _Row(name="three mails with one permission", mails=three, doubt_max=3)


def _cut_each_byte(
    cuts: Cuts, row: _Row, extensions: tuple[str, ...], direction: str, may_go_on: Callable[[], bool]
) -> bool:
    """Return whether the last byte was reached, which is when the cut comes too late to matter."""
    most = 1000 * len(row.mails) + sum(len(stuffed_body(message.content) + DOT) for message in row.mails)
    for byte in range(most):
        if not may_go_on():
            return False
        where: dict[str, Any] = {f"cut_after_{direction}": byte}
        with TinySmtp(extensions=extensions, **where) as server:
            verdicts, gate = send_row(server, row.mails, row.doubt_max)
        cuts.note(row.mails, server.accepted, verdicts, gate)
        if all(verdict is Verdict.ACCEPTED for verdict in verdicts.values()) and not server.is_cut.is_set():
            return True
    return False

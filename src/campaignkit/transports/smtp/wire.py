"""SMTP as bytes: messages and addresses in, what goes over the wire out; bytes from the wire in, replies out. Pure.

Source: RFC 5321 sections 2.3.8 (line ends), 4.2 (replies), 4.5.2 (transparency).
"""

import re
from collections.abc import Iterator

from campaignkit.delivery.replies import SmtpReply, parse_reply

__all__ = ["DOT", "ReplyReader", "UnreadableReply", "is_envelope_address", "read_queue_id", "stuffed_body"]

DOT = b".\r\n"  # the body before it ends with CRLF, so this completes the terminator

LINE_LENGTH_MAX = 4096  # bytes; RFC 5321 section 4.5.3.1.5 promises 512
LINE_COUNT_MAX = 100  # lines of one reply; the longest EHLO answers have about 20
KNOWN_MAX = 16  # replies that a session remembers how to read
ADDRESS_LENGTH_MAX = 254  # octets; a path is 256 with its angle brackets, RFC 5321 section 4.5.3.1.3

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?\Z", re.DOTALL)
_PATH = re.compile(r"[^\s<>]+@[^\s<>@]+")
_BARE_LINE_END = re.compile(rb"\r\n|\r|\n")
_QUEUE_IDS = (
    re.compile(r"\bqueued as ([\w.-]{4,64})", re.I),  # Postfix, Exchange
    re.compile(r"\bid=([\w.-]{4,64})", re.I),  # Exim
    re.compile(r"\bInternalId=(\d{4,32})"),  # Exchange
    re.compile(r"\bok\s+\d+\s+qp\s+(\d+)", re.I),  # qmail
    re.compile(r"\bok\s+\d{9,11}\s+([\w.-]{8,64}) - gsmtp", re.I),  # Gmail
    re.compile(r"^(?:2\.\d\.\d\s+)?([\w-]{6,64}) message accepted for delivery", re.I),  # sendmail, OpenSMTPD
    re.compile(r"^ok\s+([0-9a-f]{8,}(?:-[0-9a-f]+){2,})", re.I),  # Amazon SES
)


class UnreadableReply(Exception):
    """What came is not SMTP: too long, too many lines, no code, or codes that contradict each other."""


class ReplyReader:
    """Bytes in, whole replies out; keeps at most one reply's worth of bytes."""

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[bytes] = []
        self._code = b""
        self._known: dict[bytes, SmtpReply] = {}  # what a server says to every MAIL, RCPT and DATA is read once

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come since the last whole reply."""
        return not self._buffer and not self._lines

    def feed(self, received: bytes) -> Iterator[SmtpReply]:
        """Yield the replies that *received* completes, in order; consume all of them.

        Raises:
            UnreadableReply: what came next is no reply; the connection is of no further use.
        """
        *lines, self._buffer = (self._buffer + received).split(b"\n")
        for line in lines:
            known = self._known.get(line)
            reply = known if known is not None and not self._lines else self._take_line(line)
            if reply is not None:
                yield reply
        if len(self._buffer) > LINE_LENGTH_MAX:
            raise UnreadableReply("the server's line is too long")

    def _take_line(self, line: bytes) -> SmtpReply | None:
        found = _LINE.match(line.removesuffix(b"\r"))
        if found is None or len(line) > LINE_LENGTH_MAX:
            raise UnreadableReply("the server's line is no reply")
        code, separator, text = found.groups()
        if self._lines and code != self._code:
            raise UnreadableReply("the lines of one reply have different codes")
        if len(self._lines) >= LINE_COUNT_MAX:
            raise UnreadableReply("the server's reply does not end")
        self._code = code
        self._lines.append(text or b"")
        if separator == b"-":
            return None
        is_single = len(self._lines) == 1
        reply = self._finish()
        # An address stays nowhere longer than it must.
        if is_single and len(self._known) < KNOWN_MAX and b"@" not in line:
            self._known[line] = reply
        return reply

    def _finish(self) -> SmtpReply:
        lines, self._lines = self._lines, []
        return parse_reply(int(self._code), "\n".join(line.decode("utf-8", "replace").strip() for line in lines))


def stuffed_body(content: bytes) -> bytes:
    """Return *content* with CRLF line ends, dots doubled at the start of lines, and a final CRLF.

    >>> stuffed_body(b"a\\n.\\nb")
    b'a\\r\\n..\\r\\nb\\r\\n'
    """
    # Bare line ends are how a message smuggles a second one past a careless server: none leaves.
    crlf_count = content.count(b"\r\n")
    if crlf_count != content.count(b"\n") or crlf_count != content.count(b"\r"):
        content = _BARE_LINE_END.sub(b"\r\n", content)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    if b"\n." in content:
        content = content.replace(b"\n.", b"\n..")
    return b"." + content if content.startswith(b".") else content


def is_envelope_address(address: str) -> bool:
    """Return whether *address* can stand between the angle brackets of MAIL or RCPT.

    It says nothing about whether it exists; it keeps out what would end the command or begin another.
    """
    return (
        len(address) <= ADDRESS_LENGTH_MAX
        and address.isprintable()
        and _PATH.fullmatch(address) is not None
        and len(address.encode()) <= ADDRESS_LENGTH_MAX
    )


def read_queue_id(text: str) -> str | None:
    """Return the id under which the server keeps the message, where its reply to the dot names one recognisably.

    >>> read_queue_id("2.0.0 Ok: queued as 4F9D195432")
    '4F9D195432'
    """
    for pattern in _QUEUE_IDS:
        if found := pattern.search(text):
            return found.group(1)
    return None

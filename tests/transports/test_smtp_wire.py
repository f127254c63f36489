"""SMTP as bytes: replies, stuffing, addresses."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.transports.smtp import wire
from campaignkit.transports.smtp.wire import (
    DOT,
    ReplyReader,
    UnreadableReply,
    is_envelope_address,
    read_queue_id,
    stuffed_body,
)


def receive_body(wire_bytes: bytes) -> tuple[bytes, bytes]:
    """Return the message as a server by the book reads it after 354, and what is left over."""
    lines: list[bytes] = []
    rest = wire_bytes
    while True:
        line, end, rest = rest.partition(b"\r\n")
        assert end, "the message never ended"
        assert b"\r" not in line
        assert b"\n" not in line
        if line == b".":
            return b"".join(lines), rest
        lines.append((line[1:] if line.startswith(b".") else line) + b"\r\n")


def with_crlf(content: bytes) -> bytes:
    normal = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return normal if normal.endswith(b"\r\n") else normal + b"\r\n"


bodies = st.lists(st.sampled_from([b".", b"..", b"\r\n", b"\n", b"\r", b"a", b" ", b"\x00", b"\xff"]), max_size=30).map(
    b"".join
)


@given(bodies | st.binary(max_size=200))
def test_what_is_stuffed_arrives_whole(content):
    received, rest = receive_body(stuffed_body(content) + DOT)

    assert received == with_crlf(content)
    assert rest == b""


@pytest.mark.parametrize("content", [b"a\r\n.\r\nb", b"a\n.\nb", b"a\r.\rb", b".\r\n", b".", b"\r\n.\r\n"])
def test_no_body_can_end_the_message_early(content):
    assert DOT.join([b"\r\n", b""]) not in stuffed_body(content)


def read_all(*chunks: bytes) -> list[tuple[int, str]]:
    reader = ReplyReader()
    return [(reply.code, reply.text) for chunk in chunks for reply in reader.feed(chunk)]


def test_lines_of_one_reply_come_together():
    assert read_all(b"250-a\r\n250-b\r\n250 c\r\n220 x\r\n") == [(250, "a\nb\nc"), (220, "x")]


def test_a_reply_may_have_no_text_and_a_bare_line_feed():
    assert read_all(b"250\r\n250 \n354\n") == [(250, ""), (250, ""), (354, "")]


@given(st.lists(st.integers(1, 12), max_size=12))
def test_replies_do_not_depend_on_how_they_arrive(sizes):
    stream = b"250-first line\r\n250 2.0.0 ok\r\n354 go\r\n421 bye\r\n"
    chunks, start = [], 0
    for size in sizes:
        chunks.append(stream[start : start + size])
        start += size

    assert read_all(*chunks, stream[start:]) == read_all(stream)


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n",
        b"99 x\r\n",
        b"600 x\r\n",
        b"199 x\r\n",
        b"2500 x\r\n",
        b"25\r\n",
        b"\r\n",
        b"250-a\r\n550 b\r\n",
        b"250 " + b"x" * 5000 + b"\r\n",
        b"x" * 5000,
        b"250-again\r\n" * 101,
        b"\xff\xfe\r\n",
        "٢٥٠ ok\r\n".encode(),
    ],
    ids=lambda garbage: repr(garbage[:12]),
)
def test_garbage_is_refused_within_bounds(garbage):
    with pytest.raises(UnreadableReply, match=r"line|reply"):
        read_all(garbage)


def test_replies_before_garbage_are_not_lost():
    reader = ReplyReader()
    replies = reader.feed(b"250 ok\r\nrubbish\r\n")

    assert next(replies).code == 250
    with pytest.raises(UnreadableReply):
        next(replies)


@pytest.mark.parametrize(
    "address",
    [
        "a@b.co",
        "-oX@b.com",
        "o'neil+x@b.co",
        '"a"@b.co',
        "łódź@b.co",
        "a@faß.de",
        "x" * 64 + "@" + "d" * 180 + ".example",
    ],
)
def test_addresses_pass_byte_for_byte(address):
    assert is_envelope_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@b.co",
        "a@",
        "a@b.co\r\nRCPT TO:<x@y.co>",
        "a@b.co\n",
        "a\r@b.co",
        "a\x00@b.co",
        "a b@c.co",
        "a@b.co>",
        "<a@b.co",
        "a\u2028@b.co",
        "a\u00a0@b.co",
        "a\x7f@b.co",
        "a\x85@b.co",
        "a\ud800@b.co",
        "x" * 260 + "@b.co",
        "ł" * 130 + "@b.co",
    ],
)
def test_addresses_that_would_break_the_command_do_not_pass(address):
    assert not is_envelope_address(address)


@pytest.mark.parametrize(
    ("text", "queue_id"),
    [
        ("2.0.0 Ok: queued as 4F9D195432", "4F9D195432"),
        ("OK id=1rLxyz-0001Ab-2C", "1rLxyz-0001Ab-2C"),
        ("2.6.0 <x@y> [InternalId=123456, Hostname=a.b] Queued mail for delivery", "123456"),
        ("ok 1700000000 qp 1234", "1234"),
        ("2.0.0 OK  1700000000 a640c23a62f3a-ab12.34 - gsmtp", "a640c23a62f3a-ab12.34"),
        ("2.0.0 3AHGxyz01 Message accepted for delivery", "3AHGxyz01"),
        (
            "Ok 0102018b5e2f7a3c-5b1c8f6e-1c2d-4e5f-8a9b-0c1d2e3f4a5b-000000",
            "0102018b5e2f7a3c-5b1c8f6e-1c2d-4e5f-8a9b-0c1d2e3f4a5b-000000",
        ),
        ("OK", None),
        ("Message accepted for delivery", None),
        ("", None),
    ],
)
def test_queue_ids_are_found_where_they_can_be_recognised(text, queue_id):
    assert read_queue_id(text) == queue_id


def test_examples_in_docstrings_hold():
    assert doctest.testmod(wire).failed == 0

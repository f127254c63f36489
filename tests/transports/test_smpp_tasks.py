"""One text in parts, whatever the SMSC answers and in whatever order: no sockets."""

import struct
from datetime import timedelta

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.delivery.smpp_replies import SMPP_RULES, submit_verdict
from campaignkit.delivery.sms_receipts import part_ids
from campaignkit.transports.smpp.pdus import (
    Delivery,
    Other,
    PduReader,
    Submit,
    SubmitAnswer,
    UnreadablePdu,
    read_pdu,
    submit_pdu,
)
from campaignkit.transports.smpp.tasks import TextTask, submits_of
from tests.transports.gateways import text
from tests.transports.smscs import pdu, receipt, taken

# What happens next: an answer of that status to the oldest part, to the newest, time passes, or the line ends.
EVENTS = st.lists(
    st.tuples(st.sampled_from(["oldest", "newest", "wait", "lost"]), st.sampled_from([0, 0, 0, 0x58, 0x0B, 0x08])),
    max_size=40,
)


def task_of(parts: int) -> TextTask:
    message = text(words="a" * (153 * parts if parts > 1 else 10), parts=parts)
    submits = submits_of(message)
    assert isinstance(submits, tuple)
    assert len(submits) == parts
    return TextTask(message=message, submits=submits, throttled_seconds=60)


@given(st.integers(1, 5), EVENTS)
def test_whatever_is_answered_the_outcome_says_no_less_than_what_was_taken(part_count, events):
    task = task_of(part_count)
    now, is_lost = 0.0, False
    open_parts: list[int] = []
    written: list[int] = []
    taken_parts: set[int] = set()

    for what, status in [*events, ("lost", 0)]:
        while not is_lost and (part := task.next_part(now)) is not None:
            assert part not in taken_parts
            assert part not in open_parts
            task.note_written(part)
            open_parts.append(part)
            written.append(part)
        if task.outcome is not None:
            break
        if what == "wait":
            now += 10
        elif what == "lost":
            task.note_lost()
            is_lost = True
        elif open_parts:
            part = open_parts.pop(0 if what == "oldest" else -1)
            taken_parts |= {part} if status == 0 else set()
            task.note_answer(part, status, submit_verdict(status), f"id-{part}", now)

    outcome = task.outcome
    assert isinstance(outcome, Outcome)
    if outcome.verdict is Verdict.ACCEPTED:
        assert taken_parts == set(range(part_count))
    elif outcome.verdict is Verdict.IN_DOUBT:
        assert written
        assert outcome.parts_accepted == len(taken_parts)
    else:
        assert taken_parts == set()
        assert set(written) <= {0}
    if open_parts:  # written, and never answered
        assert outcome.verdict is Verdict.IN_DOUBT
    if outcome.code == "connection_lost":
        assert written == []
    assert set(part_ids(outcome.provider_id or "")) == {f"id-{part}" for part in taken_parts}


def test_the_same_text_gives_the_same_bytes():
    assert submits_of(text(words="ż" * 200, parts=3)) == submits_of(text(words="ż" * 200, parts=3))


@pytest.mark.parametrize(
    ("validity", "said"),
    [
        (timedelta(minutes=5), "000000000500000R"),
        (timedelta(hours=36), "000001120000000R"),
        (timedelta(days=63), "000203000000000R"),
    ],
)
def test_how_long_a_text_is_worth_keeping(validity, said):
    (submit,) = submits_of(text(), validity=validity)  # type: ignore[misc]

    assert isinstance(submit, Submit)
    assert submit.validity == said


@given(st.binary(min_size=1, max_size=140), st.integers(1, 0x7FFFFFFF), st.booleans())
def test_a_submit_reads_the_same_in_a_codec_that_others_wrote(octets, sequence, is_joined):
    submit = Submit(
        source="Flora",
        source_ton=5,
        source_npi=0,
        destination="12125550143",
        is_joined=is_joined,
        data_coding=8,
        short_message=octets,
    )
    decoded = smpp34.decode(submit_pdu(sequence, submit))

    assert isinstance(decoded, smpp34.SubmitSm)
    assert (decoded.sequence_number, decoded.short_message) == (sequence, octets)
    assert (decoded.esm_class, decoded.data_coding) == (0x40 if is_joined else 0, 8)
    assert (decoded.source_addr, decoded.destination_addr) == ("Flora", "12125550143")


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=5), st.data())
def test_pdus_come_whole_however_they_are_cut(sequences, data):
    stream = b"".join(taken(sequence, f"id-{sequence}") for sequence in sequences)
    reader, found = PduReader(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += list(reader.feed(stream[:size]))
        stream = stream[size:]

    assert found == [SubmitAnswer(sequence, 0, f"id-{sequence}") for sequence in sequences]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(octets):
    try:
        list(PduReader().feed(octets))
    except UnreadablePdu:
        return


@given(st.binary(max_size=200))
def test_any_body_of_a_delivery_is_read_or_put_aside(body):
    assert isinstance(read_pdu(pdu(0x05, 9, 0, body)), Delivery | Other)


@given(st.data())
def test_a_receipt_with_a_changed_byte_never_raises(data):
    whole = bytearray(
        receipt(5, b"id:1 stat:DELIVRD", smpp34.Tlv(0x1E, b"abc\0"), smpp34.Tlv(0x427, b"\2"), smpp34.Tlv(0x1403, b"x"))
    )
    whole[data.draw(st.integers(16, len(whole) - 1))] = data.draw(st.integers(0, 255))

    assert isinstance(read_pdu(bytes(whole)), Delivery | Other)


@pytest.mark.parametrize("length", [0, 15, 70_001, 0xFFFFFFFF])
def test_an_impossible_length_is_refused_at_once(length):
    with pytest.raises(UnreadablePdu):
        list(PduReader().feed(struct.pack(">LLLL", length, 4, 0, 1)))


def test_the_text_of_a_delivery_may_come_as_a_parameter():
    whole = smpp34.DeliverSm(
        "12125550143", "72345", b"", sequence_number=9, tlvs=[smpp34.Tlv(0x0424, b"STOP")]
    ).encode()
    delivery = read_pdu(whole)

    assert isinstance(delivery, Delivery)
    assert (delivery.content, delivery.is_receipt) == (b"STOP", False)


def test_only_status_0_is_acceptance():
    accepting = {status for status, verdict in SMPP_RULES.items() if verdict.verdict is Verdict.ACCEPTED}

    assert accepting == {0}

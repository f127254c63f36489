"""Mail into a folder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.delivery.outcomes import Scope, Verdict
from campaignkit.message.outbound import OutboundText
from campaignkit.transports import OutboxTransport, TextOutboxTransport
from campaignkit.transports.outbox import _file_name
from tests.transports.servers import Gate, mails


def test_every_mail_becomes_a_file_with_its_bytes(tmp_path):
    outcomes = list(OutboxTransport(tmp_path / "new" / "out").send(mails(3), Gate()))

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == ["m0.eml", "m1.eml", "m2.eml"]
    assert (tmp_path / "new" / "out" / "m1.eml").read_bytes() == mails(3)[1].content
    assert [outcome.provider_id for outcome in outcomes] == ["m0.eml", "m1.eml", "m2.eml"]


def test_what_is_not_cleared_or_may_not_cross_is_never_written(tmp_path):
    gate = Gate(refused_ids=frozenset({"m0"}), may_cross_answers=(False,))
    outcomes = list(OutboxTransport(tmp_path).send(mails(3), gate))

    assert [outcome.code for outcome in outcomes] == ["not_cleared", "permission_expired", "accepted"]
    assert [path.name for path in tmp_path.iterdir()] == ["m2.eml"]


@given(
    st.text(max_size=200) | st.sampled_from(["../../etc/passwd", "/abs", ".", "..", "", "a\x00b", "CON", "a/b", "a_b"])
)
def test_a_file_name_stays_in_its_folder(message_id):
    name = _file_name(message_id)

    assert name.endswith(".eml")
    assert not name.startswith(".")
    assert name.isascii()
    assert name.isprintable()
    assert "/" not in name
    assert "\\" not in name
    assert len(name) < 120


def test_different_ids_have_different_files():
    ids = ["a/b", "a_b", "a b", "a", "A/b", "x" * 80, "x" * 81, "x" * 82]

    assert len({_file_name(one) for one in ids}) == len(ids)


def test_a_full_or_missing_disk_concerns_the_host_and_sends_nothing(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    outbox = OutboxTransport(blocked / "out")
    outcomes = list(outbox.send(mails(2), Gate()))

    assert {(one.verdict, one.scope, one.code) for one in outcomes} == {
        (Verdict.NOT_SENT, Scope.HOST, "folder_unwritable")
    }
    assert outbox.verify().code == "folder_unwritable"


def test_a_failed_write_leaves_nothing_half_written(tmp_path):
    (tmp_path / "m0.eml").mkdir()  # the name is taken by a folder, so the file cannot get it
    outcomes = list(OutboxTransport(tmp_path).send(mails(1), Gate()))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.IN_DOUBT]
    assert [path.name for path in tmp_path.iterdir()] == ["m0.eml"]


def test_writing_the_same_message_again_leaves_one_file(tmp_path):
    for _ in range(2):
        list(OutboxTransport(tmp_path).send(mails(1), Gate()))

    assert [path.name for path in tmp_path.iterdir()] == ["m0.eml"]


def test_texts_are_no_mail(tmp_path):
    with pytest.raises(TypeError, match="OutboundEmail"):
        OutboxTransport(tmp_path).send([OutboundText(message_id="t", sender="S", to="+1", text="x")], Gate())


def texts(*bodies, to="+12125550143"):
    return [
        OutboundText(message_id=f"t{number}", sender="FLORA", to=to, text=body) for number, body in enumerate(bodies)
    ]


def test_every_text_becomes_a_file_with_whom_it_is_for(tmp_path):
    (outcome,) = TextOutboxTransport(tmp_path / "new").send(texts("Zażółć\nto: nobody"), Gate())

    assert (outcome.verdict, outcome.provider_id, outcome.parts_accepted) == (Verdict.ACCEPTED, "t0.txt", 1)
    assert (tmp_path / "new" / "t0.txt").read_text(encoding="utf-8") == (
        "To: +12125550143\nFrom: FLORA\nParts: 1\n\nZażółć\nto: nobody\n"
    )


def test_a_text_that_no_gateway_takes_is_refused_and_costs_no_permission(tmp_path):
    gate = Gate(refused_ids=frozenset({"t2"}), may_cross_answers=(False,))
    outcomes = list(TextOutboxTransport(tmp_path).send(texts("\ud83d", "x" * 161, "a", "b", "c"), gate))

    assert [outcome.code for outcome in outcomes] == [
        "text_malformed",
        "parts_mismatch",
        "not_cleared",
        "permission_expired",
        "accepted",
    ]
    assert gate.waves == [["t2"], ["t3"], ["t4"]]
    assert [path.name for path in tmp_path.iterdir()] == ["t4.txt"]


def test_mails_are_no_texts(tmp_path):
    with pytest.raises(TypeError, match="OutboundText"):
        TextOutboxTransport(tmp_path).send(mails(1), Gate())


@pytest.mark.parametrize("kind", [OutboxTransport, TextOutboxTransport])
def test_the_courtesies(tmp_path, kind):
    outbox = kind(tmp_path)
    outbox.close()

    assert outbox.verify().is_ready
    assert list(tmp_path.iterdir()) == []

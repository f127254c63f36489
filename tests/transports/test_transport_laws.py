"""Every transport of ours keeps every law of its port, and every planted bug breaks one."""

from collections.abc import Callable

import pytest

from campaignkit.testing import FakeEmail, FakeSms, TransportCase, TransportLaws, check_transport
from campaignkit.testing.transport_laws import transport_law_names
from campaignkit.transports import OutboxTransport, TextOutboxTransport
from tests.transports import law_cases
from tests.transports.planted import PLANTED, planted_case

CASES: dict[str, Callable[[], TransportCase]] = {
    "fake mail": lambda: law_cases.fake(FakeEmail, 1),
    "fake texts, three at a time": lambda: law_cases.fake(FakeSms, 3),
    "a function": law_cases.function,
    "a folder of mail": lambda: law_cases.outbox(OutboxTransport),
    "a folder of texts": lambda: law_cases.outbox(TextOutboxTransport),
    "SMTP, one connection": lambda: law_cases.smtp(1),
    "SMTP, four connections": lambda: law_cases.smtp(4),
    "SMTP, four connections, ten in doubt": lambda: law_cases.smtp(4, 10),
    "SMTP, no pipelining": lambda: law_cases.smtp(2, extensions=()),
    "Twilio": law_cases.twilio,
    "Kannel": law_cases.kannel,
    "Kannel, ten in doubt": lambda: law_cases.kannel(4, 10),
    "a described gateway": law_cases.gateway,
    "an SMSC": law_cases.smpp,
    "an SMSC, one at a time": lambda: law_cases.smpp(1),
    "an SMSC, ten in doubt": lambda: law_cases.smpp(4, 10),
}


@pytest.mark.parametrize("make_case", CASES.values(), ids=CASES.keys())
def test_a_transport_of_ours_breaks_no_law(make_case: Callable[[], TransportCase]) -> None:
    assert list(check_transport(make_case)) == []


class TestTheLawsUnderPytest(TransportLaws):
    def make_case(self) -> TransportCase:
        return law_cases.smtp(3)


@pytest.mark.parametrize(("planted", "law"), PLANTED.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_bug_breaks_its_law(planted: type, law: str) -> None:
    assert law in check_transport(lambda: planted_case(planted))


def test_every_law_is_broken_by_some_planted_bug() -> None:
    assert set(transport_law_names()) - set(PLANTED.values()) == set()


def test_a_law_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no law called mail_arrives"):
        check_transport(law_cases.function, laws=["mail_arrives"])


def test_a_transport_that_cannot_be_made_breaks_every_law() -> None:
    def fail() -> TransportCase:
        raise ConnectionError("nobody is there")

    assert list(check_transport(fail)) == list(transport_law_names())

"""Where the transports of texts may connect to, bad input 75, and what they say where their extra is missing."""

import doctest
import subprocess
import sys

import pytest

from campaignkit.transports import egress, texts
from campaignkit.transports.egress import EgressRefused, allow_any, checked_addresses, public_only
from campaignkit.transports.http import HttpTimeouts, TwilioTransport
from tests.transports.gateways import TinyGateway, json_answer, text
from tests.transports.servers import Gate

TAKEN = json_answer(201, {"sid": "SM" + "0" * 32})


@pytest.mark.parametrize("module", [egress, texts])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0"),
        *("fc00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1"),
    ],
)
def test_75_nothing_inside_is_public(address):
    assert not public_only(443)(address, 443)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_75_the_public_net_is_open_on_the_ports_that_were_named(address):
    policy = public_only(80, 443)

    assert policy(address, 443)
    assert not policy(address, 22)


@pytest.mark.parametrize("host", ["localhost", "localhost.", "127.1", "0x7f.1", "2130706433", "::1", "0"])
def test_75_a_host_in_disguise_is_judged_by_its_address(host):
    with pytest.raises((EgressRefused, OSError)):
        checked_addresses(host, 443, public_only(443))


@pytest.mark.parametrize("host", ["", "x" * 300, "a..b", "no-such-host.invalid"])
def test_a_name_that_leads_nowhere_is_an_error_of_the_network(host):
    with pytest.raises((EgressRefused, OSError)):
        checked_addresses(host, 443, public_only(443))


def test_75_the_address_that_was_judged_is_the_one_that_is_connected_to():
    """A name that answers otherwise the next time gains nothing: it is asked once a connection."""
    judged: list[tuple[str, int]] = []

    def once(address: str, port: int) -> bool:
        judged.append((address, port))
        return allow_any(address, port) and address == "127.0.0.1" and len(judged) <= 2

    with TinyGateway(TAKEN) as server:
        transport = TwilioTransport(
            "AC" + "0" * 32, "token", base_url=server.url, egress=once, connections=1, timeouts=HttpTimeouts(total=5)
        )
        outcomes = list(transport.send([text(0), text(1)], Gate()))
        transport.close()

    assert [outcome.code for outcome in outcomes] == ["accepted", "accepted"]
    assert server.connection_count == 1
    assert len(judged) == len({address for address, _ in judged})


@pytest.mark.parametrize(
    ("package", "extra", "code"),
    [
        ("httpcore2", "http", "ck.TwilioTransport('AC' + '0' * 32, 'token')"),
        ("smpplib", "smpp", "ck.SmppTransport('smsc.example', 3550, system_id='flora', password='x')"),
    ],
)
def test_a_missing_extra_is_named(package, extra, code):
    program = f"import sys; sys.modules['{package}'] = None\nimport campaignkit as ck\n" + (
        f"try:\n    {code}\nexcept ck.MissingExtra as error:\n    print(error)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert shown == f"{package} is not installed: pip install 'campaignkit[{extra}]'\n"


def test_a_transport_that_is_not_used_imports_nothing():
    program = "import sys, campaignkit.transports; print([n for n in ('httpcore2', 'smpplib') if n in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert shown == "[]\n"

"""A worker that is told to stop finishes what it hands over, writes it down, and leaves nothing half done."""

import asyncio
import json
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

import campaignkit as ck
from campaignkit.cli.signals import stop_on_signals
from tests.cli.shell import command, mails, wait_until
from tests.transports.mailboxes import Mailbox, serve

# The second transport is slow and the campaign has no interval: the signal then comes amid a batch.
SHOP = """\
import time
import campaignkit as ck

class Slow(ck.OutboxTransport):
    def send(self, batch, clear):
        for outcome in super().send(batch, clear):
            time.sleep(0.005)
            yield outcome

def make_kit():
    transports = {"main": ck.OutboxTransport("outbox"), "slow": Slow("outbox")}
    return ck.CampaignKit(store=ck.SqlStore("sqlite:///campaigns.db"), transports=transports)
"""


def _schedule(folder: Path, *, account: str, people: int) -> str:
    (folder / "shop.py").write_text(SHOP, encoding="utf-8")
    store = ck.SqlStore(f"sqlite:///{folder}/campaigns.db")
    store.upgrade()
    with ck.CampaignKit(store=store) as kit:
        flora = kit.merchant("flora", zone="America/New_York", region="US")
        flora.add_sender(account, address="hello@flora.example")
        interval = ck.Interval(seconds=0.03) if account == "main" else None
        content = ck.EmailContent(subject="Tulips", text="They are in.")
        campaign = flora.create_campaign(name="Spring", sender=account, content=content, interval=interval)
        rows = ({"email": f"p{number}@example.com"} for number in range(people))
        flora.add_recipients(campaign.id, (ck.parse_contact(row) for row in rows))
        flora.schedule(campaign.id)
        return campaign.id


def _counts(folder: Path, campaign_id: str) -> dict[str, int]:
    with ck.CampaignKit(store=ck.SqlStore(f"sqlite:///{folder}/campaigns.db")) as kit:
        counts = kit.merchant("flora").counts(campaign_id)
        return {status.value: count for status, count in counts.by_status.items()}


@pytest.mark.parametrize(
    ("account", "number"),
    [
        pytest.param("main", signal.SIGTERM, id="SIGTERM, interval"),
        pytest.param("slow", signal.SIGTERM, id="SIGTERM amid a batch"),
        pytest.param("main", signal.SIGINT, id="Ctrl-C"),
    ],
)
def test_a_stopped_worker_leaves_everything_settled(account: str, number: signal.Signals, tmp_path: Path) -> None:
    campaign_id = _schedule(tmp_path, account=account, people=250)
    worker = subprocess.Popen(command("worker", "shop:make_kit", "--json"), cwd=tmp_path, stdout=subprocess.PIPE)
    wait_until(lambda: len(mails(tmp_path)) >= 5)
    worker.send_signal(number)
    printed, _ = worker.communicate(timeout=20)

    counts = _counts(tmp_path, campaign_id)
    assert worker.returncode == 0
    assert set(counts) == {"sent", "pending"}  # no CLAIMED, no SENDING, none in doubt
    assert json.loads(printed) == {"sent": counts["sent"]}
    assert counts["sent"] == len(mails(tmp_path)) < 90  # not even the batch of a hundred is finished


MAIL_SHOP = """\
import campaignkit as ck

def make_kit():
    transport = ck.SmtpTransport("127.0.0.1", {port}, security="insecure_plaintext", connections=4)
    return ck.CampaignKit(store=ck.SqlStore("sqlite:///campaigns.db"), transports={{"mail": transport}})
"""


class Slow(Mailbox):
    """A mail host that takes its time with each dot."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked = threading.Event()

    async def handle_DATA(self, server, session, envelope):
        self.is_asked.set()
        await asyncio.sleep(0.5)
        return await super().handle_DATA(server, session, envelope)


def test_a_worker_stopped_amid_a_wave_of_dots_waits_for_its_replies(tmp_path: Path) -> None:
    campaign_id = _schedule(tmp_path, account="mail", people=40)
    mailbox = Slow()
    with serve(mailbox) as (port, _):
        (tmp_path / "shop.py").write_text(MAIL_SHOP.format(port=port), encoding="utf-8")
        worker = subprocess.Popen(command("worker", "shop:make_kit", "--json"), cwd=tmp_path, stdout=subprocess.PIPE)
        assert mailbox.is_asked.wait(20)
        worker.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        worker.send_signal(signal.SIGTERM)  # the second one neither hurries nor harms
        printed, _ = worker.communicate(timeout=20)

    accepted = [recipient for recipient, _ in mailbox.accepted]
    assert (worker.returncode, json.loads(printed)) == (0, {"sent": 4})
    assert len(accepted) == len(set(accepted)) == 4
    assert _counts(tmp_path, campaign_id) == {"sent": 4, "pending": 36}


def test_an_idle_worker_stops_at_once_and_says_what_it_sent(tmp_path: Path) -> None:
    _schedule(tmp_path, account="slow", people=2)
    worker = subprocess.Popen(
        command("worker", "shop:make_kit"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    wait_until(lambda: len(mails(tmp_path)) == 2)
    time.sleep(0.3)
    signalled_at = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    worker.send_signal(signal.SIGTERM)  # as supervisors do that signal the process and its group
    printed, _ = worker.communicate(timeout=20)

    assert (worker.returncode, printed) == (0, "sent 2\n")
    assert time.monotonic() - signalled_at < 3  # the poll would have taken five


def test_a_signal_ends_a_wait() -> None:
    with stop_on_signals() as stop:
        threading.Timer(0.05, signal.raise_signal, [signal.SIGTERM]).start()
        assert stop.wait(20) is True
        assert stop.is_set()


def test_a_second_ctrl_c_interrupts() -> None:
    with stop_on_signals() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.wait(0) is True
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as stop:
        assert stop.wait(0) is False

    assert signal.getsignal(signal.SIGTERM) is before

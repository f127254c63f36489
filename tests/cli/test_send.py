"""`campaignkit send`, and what `status` and `explain` tell of it: sent once, whatever stops it on the way."""

import json
import os
import pty
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import campaignkit as ck
from campaignkit.cli import main
from campaignkit.testing import FakeEmail
from tests.cli.shell import command, mails, run, run_json, wait_until, write_campaign
from tests.transports.servers import TinySmtp

SEND = ("send", "campaign.toml", "contacts.csv", "--yes")
KEYS = ["campaign_id", "status", "waiting_for", "failure_code", "failure_reply", "sent", "added", "preflight", "counts"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_campaign_goes_from_two_files_to_mails(folder: Path) -> None:
    write_campaign(folder)

    done = run(folder, *SEND)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 added, 0 left out, 0 not read.\n")
    assert "up to 1 may end in doubt" in done.stdout
    assert "finished; 3 sent now" in done.stdout
    assert len(mails(folder)) == 3


def test_the_same_command_again_sends_nothing_twice(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_campaign(folder)

    first, second = run_json(capsys, *SEND), run_json(capsys, *SEND)

    assert list(first[1]) == KEYS
    assert (first[0], first[1]["status"], first[1]["sent"]) == (0, "finished", 3)
    assert (second[0], second[1]["status"], second[1]["sent"]) == (0, "finished", 0)
    assert first[1]["campaign_id"] == second[1]["campaign_id"]
    assert len(mails(folder)) == 3


def test_blockers_refuse_it_and_what_was_mended_is_sent(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_campaign(folder)
    campaign = folder / "campaign.toml"
    campaign.write_text(campaign.read_text().replace("customer.name", "customer.nmae"))

    code, document = run_json(capsys, *SEND)

    assert (code, document["error"]["code"]) == (1, "not_ready")
    assert document["error"]["facts"]["blockers"][0]["code"] == "unknown_placeholder"
    assert mails(folder) == []

    write_campaign(folder, people=2)  # somebody left the list meanwhile
    assert main([*SEND]) == 0
    assert len(mails(folder)) == 2


def test_nobody_there_to_be_asked_is_a_no(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_campaign(folder)

    assert main([*SEND[:-1]]) == 1
    assert capsys.readouterr().err.endswith("--yes sends without asking (not_confirmed)\n")
    assert mails(folder) == []


@pytest.mark.parametrize(("answer", "code", "mail_count"), [("y", 0, 3), ("n", 1, 0)])
def test_somebody_at_a_terminal_is_asked(answer: str, code: int, mail_count: int, folder: Path) -> None:
    write_campaign(folder)
    ours, theirs = pty.openpty()
    sending = subprocess.Popen(command(*SEND[:-1]), cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    while b"[y/N]" not in seen:
        seen += os.read(ours, 1000)
    os.write(ours, f"{answer}\n".encode())
    while chunk := _read(ours):
        seen += chunk
    os.close(ours)

    assert b"Send 'Spring' to 3 recipients?" in seen
    assert sending.wait(20) == code
    assert len(mails(folder)) == mail_count


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1000)
    except OSError:  # Linux's way to say that the other side is gone
        return b""


def test_what_was_stopped_goes_on_with_the_same_command(folder: Path) -> None:
    write_campaign(folder, settings="interval_seconds = 0.05", people=15)
    sending = subprocess.Popen(command(*SEND, "--json"), cwd=folder, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    wait_until(lambda: len(mails(folder)) >= 3)
    sending.send_signal(signal.SIGINT)
    printed, _ = sending.communicate(timeout=20)

    report = json.loads(printed)
    by_status = report["counts"]["by_status"]
    assert sending.returncode == 3
    assert set(by_status) == {"sent", "pending"}  # nobody is left claimed or half sent
    assert report["sent"] == by_status["sent"] == len(mails(folder)) < 15

    assert main([*SEND]) == 0
    assert len(mails(folder)) == 15


def test_a_refused_sender_exits_with_3_and_can_be_resumed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refusal = b"550 5.7.1 you may not send\r\n"
    with TinySmtp(replies={"MAIL": refusal}) as server:
        write_campaign(folder, sender=f'smtp = "smtp+insecure-plaintext://127.0.0.1:{server.port}"')
        code, report = run_json(capsys, *SEND)

    assert (code, report["status"]) == (3, "failed")
    assert "5.7.1" in report["failure_reply"]
    assert report["counts"]["by_status"] == {"pending": 3}

    write_campaign(folder)  # by another way
    assert main([*SEND]) == 0
    assert len(mails(folder)) == 3


def test_other_campaigns_of_the_database_are_left_alone(folder: Path) -> None:
    store = ck.SqlStore("sqlite:///campaigns.db")
    store.upgrade()
    with ck.CampaignKit(store=store) as kit:
        flora = kit.merchant("flora", zone="Europe/Warsaw", region="PL")
        flora.add_sender("other", address="other@flora.example")
        other = flora.create_campaign(name="Other", sender="other", content=ck.EmailContent(subject="A", text="B"))
        contact = ck.parse_contact({"email": "ann@example.com"})
        flora.add_recipients(other.id, contact)
        flora.schedule(other.id)

        write_campaign(folder)
        assert main([*SEND]) == 0

        assert flora.campaign(other.id).status is ck.CampaignStatus.SCHEDULED


def test_wrong_settings_and_a_wrong_list_exit_with_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_campaign(folder, settings='inteval_seconds = 1\nkind = "x"')
    assert main([*SEND]) == 2
    assert capsys.readouterr().err == (
        "error: campaign.inteval_seconds: unknown key; did you mean interval_seconds? (invalid_settings)\n"
    )

    write_campaign(folder)
    (folder / "contacts.csv").write_text("name\nAnn\n")
    assert run_json(capsys, *SEND)[1]["error"]["code"] == "no_address_column"

    write_campaign(folder, settings="start_at = 2020-01-01T09:00:00")
    code, document = run_json(capsys, *SEND)
    assert (code, document["error"]["code"]) == (1, "start_in_past")


def test_status_and_explain_tell_what_became_of_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_campaign(folder)
    contacts = folder / "contacts.csv"
    contacts.write_text(f"{contacts.read_text()}c4,Twin,P1@example.com\n")
    assert main([*SEND]) == 0
    capsys.readouterr()

    _, listed = run_json(capsys, "status", "--merchant", "flora")
    _, one = run_json(capsys, "status", listed["campaigns"][0]["campaign_id"], "--merchant", "flora")
    _, story = run_json(capsys, "explain", "Spring", "c4", "--merchant", "flora")

    assert [campaign["name"] for campaign in listed["campaigns"]] == ["Spring"]
    assert one["counts"] == {
        "rows": 4,
        "recipients": 3,
        "by_status": {"sent": 3},
        "by_delivery": {},
        "exclusions": {"duplicate": 1},
        "rejections": {},
    }
    assert (story["code"], list(story)) == ("duplicate", ["recipient_id", "code", "message", "trail"])

    assert main(["explain", "Spring", "p1@EXAMPLE.com", "--merchant", "flora"]) == 0
    assert capsys.readouterr().out.startswith("sent: The provider accepted the message.\n")
    assert main(["status", "Spring", "--merchant", "flora"]) == 0
    assert "left out   duplicate      1" in capsys.readouterr().out
    assert main(["status", "--merchant", "flora"]) == 0
    assert "finished" in capsys.readouterr().out


def test_status_tells_who_is_in_doubt_and_what_can_be_done(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, mail = ck.SqlStore("sqlite:///campaigns.db"), FakeEmail()
    store.upgrade()
    mail.script("ann@example.com", "lost")
    with ck.CampaignKit(store=store, transports={"main": mail}) as kit:
        flora = kit.merchant("flora", zone="Europe/Warsaw", region="PL")
        flora.add_sender("main", address="hello@flora.example")
        spring = flora.create_campaign(name="Spring", sender="main", content=ck.EmailContent(subject="A", text="B"))
        flora.add_recipients(spring.id, ck.parse_contact({"id": "c-7", "email": "ann@example.com"}))
        flora.schedule(spring.id)
        kit.run()

    assert main(["status", "Spring", "--merchant", "flora"]) == 0

    told = capsys.readouterr().out
    assert "In doubt: nobody knows whether the provider took these messages." in told
    assert "c-7: The connection broke while the message was handed over" in told
    assert "resend_in_doubt sends it anew from" in told


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("status", "Winter", "--merchant", "flora"), "campaign_not_found"),
        (("status", "--merchant", "nobody"), "merchant_not_found"),
        (("explain", "Spring", "bob@example.com", "--merchant", "flora"), "recipient_not_found"),
    ],
)
def test_what_is_not_there_exits_with_1(
    words: tuple[str, ...], code: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_campaign(folder)
    main([*SEND])
    capsys.readouterr()

    exit_code, document = run_json(capsys, *words)

    assert (exit_code, document["error"]["code"]) == (1, code)


def test_outside_the_window_it_waits_and_says_so(folder: Path) -> None:
    now = datetime.now(UTC)
    opens, closes = (f"{(now + timedelta(hours=hours)):%H:%M:00}" for hours in (6, 8))
    window = f'window = {{opens = {opens}, closes = {closes}, zone = "UTC"}}'
    write_campaign(folder, settings=window)
    sending = subprocess.Popen(
        command(*SEND), cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert sending.stderr is not None
    said = sending.stderr.readline()
    sending.send_signal(signal.SIGTERM)
    printed, _ = sending.communicate(timeout=20)

    assert said.startswith("waits for window until ")
    assert sending.returncode == 3
    assert "scheduled; 0 sent now" in printed
    assert "it waits for window; the same command goes on with it" in printed
    assert mails(folder) == []


TEXTS = """\
[merchant]
id = "flora"
zone = "Europe/Warsaw"
region = "PL"

[sender]
address = "FLORA"
outbox = "outbox"
country_caps = {PL = 500, "*" = 10}

[campaign]
name = "Spring"
channel = "sms"
kind = "transactional"
content = {text = "Your tulips are here."}
"""


def write_texts(folder: Path) -> None:
    (folder / "campaign.toml").write_text(TEXTS, encoding="utf-8")
    rows = [f"c{last},+486012345{last:02}" for last in range(30)]
    (folder / "contacts.csv").write_text("\n".join(["id,phone", *rows, ""]), encoding="utf-8")


def test_numbers_that_seem_made_up_refuse_it_until_somebody_has_looked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_texts(folder)

    code, document = run_json(capsys, *SEND)
    assert (code, document["error"]["code"]) == (1, "not_ready")
    (found,) = document["error"]["facts"]["blockers"]
    assert (found["code"], found["sign"], found["count"]) == ("pumping_suspected", "numbers_in_a_row", 30)

    code, document = run_json(capsys, *SEND, "--confirm-numbers")
    assert (code, document["status"], document["sent"]) == (0, "finished", 30)


@pytest.mark.parametrize(("answers", "status"), [("yy", 0), ("n", 1)], ids=["yes", "no"])
def test_on_a_terminal_it_asks_whether_somebody_has_looked(folder: Path, answers: str, status: int) -> None:
    write_texts(folder)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command("send", "campaign.toml", "contacts.csv"), cwd=folder, stdin=slave, stdout=subprocess.PIPE, stderr=slave
    )
    os.close(slave)
    for answer in answers:
        os.write(master, f"{answer}\n".encode())
    printed, _ = process.communicate(timeout=60)
    os.close(master)

    assert process.returncode == status
    assert b"30 numbers follow upon each other" in printed

"""``campaignkit preview``: one recipient's message as it would be sent, on the screen and as a file."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

import campaignkit as ck
from campaignkit.cli import main
from campaignkit.cli.console import Console
from campaignkit.cli.drafting import add_contacts, make_draft, set_up_merchant
from campaignkit.cli.plan import read_plan
from campaignkit.cli.preview import report_preview
from campaignkit.testing import FakeEmail
from tests.cli.shell import run, run_json

LIST = """\
id,name,email,phone
c1,Ann,Ann@Example.com,(212) 555-0101
c2,Łukasz,lukasz@example.com,(212) 555-0102
c3,,broken,(212) 555-0103
,Zoë,zoe@example.com,(212) 555-0104
"""
MAIL = """\
[merchant]
id = "flora"
zone = "America/New_York"
region = "US"
values = {name = "Flora", postal_address = "1 Main Street, New York"}

[sender]
address = "Flora <hello@flora.example>"
reply_to = "answers@flora.example"
outbox = "outbox"

[campaign]
name = "Spring"
attachments = ["menu.pdf"]
inline_images = {logo = "logo.png"}
headers = {X-Shop = "12"}
values.event = {name = "Tulip day", day = 2026-05-04}

[campaign.content]
subject = "{{ event.name }}, {{ customer.name }}"
text_file = "spring.txt"
html = '<p>Dear {{ customer.name }} <img src="cid:logo" alt="Flora"></p>'
"""
TEXT = """\
[merchant]
id = "flora"
zone = "America/New_York"
region = "US"
text_opt_out = "STOP to end"

[sender]
address = "FLORA"
outbox = "outbox"

[campaign]
name = "Spring"
channel = "sms"
kind = "transactional"

[campaign.content]
text = "Dear {{ customer.name }}, tulips – all of them – are in. Come and see them. Come and see them."
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "campaign.toml").write_text(MAIL, encoding="utf-8")
    (tmp_path / "contacts.csv").write_text(LIST, encoding="utf-8")
    words = 'Dear {{ customer.title | default: "friend" }} {{ customer.name }},\r\n{{ event.name }} is on '
    text = words + "{{ event.day | date: '%d.%m.' }}\r\n{{ merchant.postal_address }}. Unsubscribe by answering.\r\n"
    (tmp_path / "spring.txt").write_bytes(text.encode())
    (tmp_path / "menu.pdf").write_bytes(b"%PDF-1.4 menu")
    (tmp_path / "logo.png").write_bytes(bytes.fromhex("89504e470d0a1a0a0000000d49484452"))
    return tmp_path


def preview(*words: str) -> list[str]:
    return ["preview", "campaign.toml", "contacts.csv", *words]


def test_the_mail_is_shown_and_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(preview("--to", "LUKASZ@example.com")) == 0
    content = (folder / "preview-c2.eml").read_bytes()
    mail = message_from_bytes(content, policy=default)

    assert capsys.readouterr().out.splitlines() == [
        "subject     Tulip day, Łukasz",
        "from        Flora <hello@flora.example>",
        "to          Łukasz <lukasz@example.com>",
        f"size        {len(content)} bytes, with HTML",
        "file        logo.png (image/png, 16 bytes)",
        "file        menu.pdf (application/pdf, 13 bytes)",
        "written to  preview-c2.eml",
        "",
        "  Dear friend Łukasz,",
        "  Tulip day is on 04.05.",
        "  1 Main Street, New York. Unsubscribe by answering.",
        "",
        'empty: {{ customer.title | default: "friend" }} has no value here.',
        "warning: The message is a picture with hardly any text; many mail programs show no pictures at first. "
        "Say the same in words beside the picture.",
    ]
    assert (mail["X-Shop"], mail["Reply-To"]) == ("12", "answers@flora.example")
    assert not (folder / "outbox").exists()


def test_the_file_is_byte_for_byte_what_is_sent_to_the_same_recipient_at_that_instant(folder: Path) -> None:
    plan, transport = read_plan(folder / "campaign.toml", {}), FakeEmail()
    clock = ck.FrozenClock(ck.SystemClock().now())
    with ck.CampaignKit(store=ck.MemoryStore(), transports={"main": transport}, clock=clock) as kit:
        flora = set_up_merchant(kit, plan)
        campaign = make_draft(flora, plan)
        add_contacts(flora, campaign, plan, folder / "contacts.csv", Console(is_json=True), label="reading")
        for who in ("ann@example.com", "c2", "row 5"):
            report_preview(flora.preview(campaign.id, who), folder / "new", is_forced=False)
        flora.schedule(campaign.id)
        kit.run()

    written = [(folder / "new" / f"preview-{name}.eml").read_bytes() for name in ("c1", "c2", "row-5")]
    assert written == [mail.content for mail in transport.sent if isinstance(mail, ck.OutboundEmail)]


def test_whose_it_is_may_be_said_by_row_or_id_and_is_the_first_by_default(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = [run_json(capsys, *preview(*words))[1] for words in ((), ("--row", "3"), ("--contact", "c2", "--force"))]

    assert [(one["row"], one["contact_id"], one["mail"]["written_to"]) for one in shown] == [
        (2, "c1", "preview-c1.eml"),
        (3, "c2", "preview-c2.eml"),
        (3, "c2", "preview-c2.eml"),
    ]
    assert shown[0]["values"] == {
        "event.name": "Tulip day",
        "customer.name": "Ann",
        "customer.title": None,
        "event.day": "2026-05-04",
        "merchant.postal_address": "1 Main Street, New York",
    }
    assert shown[0]["mail"]["files"][1] == {"name": "menu.pdf", "media_type": "application/pdf", "size": 13}


def test_a_file_that_is_there_is_replaced_only_if_told_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "preview-c1.eml").write_text("mine")

    assert main(preview()) == 1
    assert capsys.readouterr().err == "error: preview-c1.eml is there already; --force replaces it (file_exists)\n"
    assert (folder / "preview-c1.eml").read_text() == "mine"
    assert main(preview("--force")) == 0
    assert (folder / "preview-c1.eml").read_bytes().startswith(b"Date: ")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--to", "bob@example.com"], 1, "gets nothing: nobody of that name stands in the list (not_previewed)"),
        (["--contact", "c3"], 1, "c3 gets nothing: The email address has no @. (not_previewed)"),
        (["--row", "99"], 1, "row 99 gets nothing: nobody of that name"),
        (["--row", "3", "--to", "a@b.example"], 2, "not allowed with argument"),
        (["--out", "campaign.toml"], 1, "error: campaign.toml is there already"),
        (["--out", "campaign.toml/new"], 2, "campaign.toml/new/preview-c1.eml cannot be written: Not a directory"),
    ],
)
def test_what_cannot_be_shown_says_why(
    words: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(preview(*words)) == code
    assert says in capsys.readouterr().err


def test_a_list_of_nobody_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "contacts.csv").write_text("id,email\nc1,broken\n")

    assert main(preview()) == 1
    assert "the list has nobody who would get it" in capsys.readouterr().err


def test_a_text_is_shown_with_its_parts_and_what_would_make_it_cheaper(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "campaign.toml").write_text(TEXT, encoding="utf-8")

    assert main(preview("--to", "212-555-0101")) == 0
    assert capsys.readouterr().out.splitlines() == [
        "from        FLORA",
        "to          +12125550101",
        "encoding    ucs2, 78 16-bit units",
        "parts       2",
        "costly      –",
        "cheaper     – as '-': parts 1",
        "",
        "part 1 of 2: 67 units, 140 octets",
        "  Dear Ann, tulips – all of them – are in. Come and see them. Come an",
        "part 2 of 2: 11 units, 28 octets",
        "  d see them.",
        "",
        "warning: Some characters make the text dearer: with them, not half as much fits in a part. Spell them "
        "otherwise, or let transliterate_template do it. (–: parts 2, spelt otherwise 1)",
    ]
    assert sorted(path.name for path in folder.iterdir() if path.suffix == ".eml") == []


def test_json_of_a_text_holds_each_part(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "campaign.toml").write_text(TEXT, encoding="utf-8")
    code, document = run_json(capsys, *preview("--row", "3"))

    assert (code, document["mail"]) == (0, None)
    assert document["text"]["encoding"] == "ucs2"
    assert "".join(part["text"] for part in document["text"]["parts"]) == document["text"]["text"]
    assert document["text"]["spellings"] == [["Ł", "L"], ["–", "-"]]


def test_texts_are_sent_into_a_folder_and_marketing_says_how_to_stop_it(folder: Path) -> None:
    consenting = "id,phone,consent\nc1,(212) 555-0101,yes\n"
    (folder / "contacts.csv").write_text(consenting)
    (folder / "campaign.toml").write_text(TEXT.replace("transactional", "marketing"), encoding="utf-8")

    done = run(folder, "send", "campaign.toml", "contacts.csv", "--yes")
    (sent,) = (folder / "outbox").glob("*.txt")

    assert done.returncode == 0, done.stderr
    assert sent.read_text(encoding="utf-8").startswith("To: +12125550101\nFrom: FLORA\nParts: 2\n\nDear ")
    assert sent.read_text(encoding="utf-8").endswith("Come and see them. STOP to end\n")

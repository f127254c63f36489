"""The demo tells its story in a pipe, and its judge notices what is planted."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from examples.spring_demo.judge import Books, Check, Mail, Row, judge
from examples.spring_demo.shop import PROJECT, Places

STORY_SECONDS = 240  # less than a minute on an idle machine; the suite's machine is not


@attrs.frozen
class Telling:
    exit_code: int
    text: str
    places: Places


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Telling:
    out = tmp_path_factory.mktemp("spring")
    done = _python("examples.spring_demo", "--out", str(out))
    return Telling(done.returncode, done.stdout, Places(out))


def _python(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Colours are asked for on purpose: a pipe gets none all the same.
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT,
        env={**os.environ, "FORCE_COLOR": "1"},
        capture_output=True,
        timeout=STORY_SECONDS,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_the_story_ends_well(telling):
    assert telling.exit_code == 0, telling.text


def test_a_pipe_gets_plain_text(telling):
    assert all(letter == "\n" or letter.isprintable() for letter in telling.text)


@pytest.mark.parametrize(
    "line",
    [
        r"2,000 rows in spring_customers\.csv",
        r"[\d,]+ people will get the mail",
        r"Warning: \d+ contacts have no address for email",
        r"Refused: unknown_placeholder",
        r"\{\{ customer\.nam \}\} in text, line 1, column 6, .* It hits [\d,]+ people",
        r"The server accepts mail 100 and does not say so",
        r"killed with SIGKILL \(exit status -9\)",
        r"Fri 20:42:00  A second worker starts",
        r"lease is over: 1 mail is in doubt",
        r"Fri 21:00:00  The campaign goes from sending back to scheduled",
        r"run\(until=21:01\) returns",
        r"goes on by itself on Mon 09:00:00",
        r": 421 4\.3\.2 ",
        r"leaves this host alone until Mon 09:0",
        r": 451 4\.7\.1 ",
        r"put off is tried again at Mon 09:16",
        r"Mon 09:1\d:\d\d  \S+@\S+ has the mail, too",
        r": 550 5\.1\.1 ",
        r"ok +twice 0\n",
        r"ok +lost 0\n",
        r"ok +in doubt 1 \(\S+@\S+\)",
        r"ok +2,000 rows = \d+ rejections \+ \d+ exclusions \+ [\d,]+ outcomes",
        r"row \d+: duplicate\n",
        r"already stands in row \d+",
        r"mailbox unknown\n",
        r"Fri 21:00:00  The send window is closed",
        r"An edit is refused: .* is finished",
        r"a draft with no start and 0 recipients",
        r"The delivered mails lie in ",
    ],
)
def test_the_story_is_told(telling, line):
    assert re.search(line, telling.text)


@pytest.mark.parametrize(
    "line",
    [
        r"260 rows in spring_texts\.csv",
        r"\d+ people may get the text",
        r"\d+  have a landline, or a number of some service",
        r"\d+  have a number that looks like next door, and is another country's",
        r"UCS2, 125 units: 2 parts, because of ’ 🌷 –",
        r"to Germany: \d+ parts at 4 credits = \d+",
        r"2  get none: There is no price",
        r"’ as ', – as -\. For 🌷 there is no spelling",
        r"GSM7, 122 units: 1 part\n",
        r"21 people still cost two parts: Łucja, .* have Ł .* in their names",
        r"Refused: insufficient_credit",
        r"The texts need 248 credits; 150 are available\.",
        r"as far as it reaches \(partial=True\)\. It is scheduled for Mon 13:00:00",
        r"The 16 whose bouquets are tied know it; then came the tulips",
        r"The gateway takes text 50 and does not say so",
        r"lease is over: 1 text is in doubt",
        r"its price stays held \(1\)",
        r"301 no such number\. That text costs nothing",
        r"3 credits are left, the next text costs 4",
        r"the campaign is scheduled, and waits for credit",
        r"Mon 16:30:00  Ann pays invoice 8: 120 credits\. She presses nothing else",
        r"Mon 16:3\d:\d\d  The campaign is finished\.",
        r"ok +tulips-2027: 260 rows = \d+ rejections \+ \d+ exclusions \+ 196 outcomes",
        r"ok +in doubt 1 \(\+\d+\): the one whose answer",
        r"ok +\d+ parts by the gateway's count cost 266 credits .* charged 265 \+ 1 held",
        r"ok +before the second invoice texts had left for 147 credits, of 150 paid for",
        r"ok +\d+ lines of the statement: 270 granted = 4 available \+ 1 held \+ 265 spent \+ 0 expired",
        r"t-0050: billed unknown, 1 more than was spent",
        r"row \d+: wrong country\n",
        r"\+\d+: in doubt\n",
        r"The next text costs 4 credits and less is available",
        r"Mon 16:30:00  Credit came; it goes on",
        r"What the gateway took stands in ",
    ],
)
def test_the_half_about_texts_is_told(telling, line):
    assert re.search(line, telling.text)


def test_no_check_failed_unnoticed(telling):
    assert "NOT OK" not in telling.text


def test_every_logged_mail_is_a_file_for_its_recipient(telling):
    lines = [json.loads(line) for line in telling.places.log.read_text().splitlines()]
    mails = [(telling.places.mails / line["file"]).read_text(encoding="utf-8") for line in lines]

    assert lines
    assert all(f"{line['to']}" in mail.partition("\n\n")[0] for line, mail in zip(lines, mails, strict=True))
    assert not any("{{" in mail for mail in mails)


def _with_another_part(lines: list[str]) -> list[str]:
    text = json.loads(lines[41])
    return [*lines[:41], f"{json.dumps({**text, 'parts': text['parts'] + 1})}\n", *lines[42:]]


@pytest.mark.parametrize(
    ("judge_module", "log", "tamper", "noticed"),
    [
        ("judge", "accepted.jsonl", lambda lines: lines + lines[41:42], "twice 1"),
        ("judge", "accepted.jsonl", lambda lines: lines[:41] + lines[42:], "lost 1"),
        ("texts.judge", "texts.jsonl", lambda lines: lines + lines[41:42], "twice 1"),
        ("texts.judge", "texts.jsonl", _with_another_part, r"\d+ parts by the gateway's count cost 267 credits"),
    ],
    ids=[
        "a mail accepted twice",
        "a mail that never arrived",
        "a text taken twice",
        "a part that was not charged",
    ],
)
def test_the_judge_of_the_files_notices_a_planted_fault(telling, tmp_path, judge_module, log, tamper, noticed):
    out = Path(shutil.copytree(telling.places.out, tmp_path / "out"))
    lines = (out / log).read_text().splitlines(keepends=True)
    (out / log).write_text("".join(tamper(lines)))

    done = _python(f"examples.spring_demo.{judge_module}", str(out))

    assert done.returncode == 1
    assert re.search(rf"NOT OK +{noticed}", done.stdout)


# The judge by itself: a small, just world, and what each fault in it is called. ---------------------------------------

MAILS = (
    Mail(number=1, to="Ann@Example.com", file="1.eml"),
    Mail(number=2, to="bob@example.com", file="2.eml", is_withheld=True),
)
BOOKS = Books(
    rows=5,
    rejections={"blank_row": 1},
    exclusions=(Row(row=4, address="ann@example.com", status="skipped", reason="duplicate"),),
    recipients=(
        Row(row=2, address="ann@example.com", status="sent"),
        Row(row=3, address="bob@example.com", status="in_doubt"),
        Row(row=5, address="cy@example.com", status="failed", reason="mailbox_unknown"),
    ),
)


def _judge(mails=MAILS, books=BOOKS, row_count=5, files=None) -> tuple[Check, ...]:
    names = frozenset(mail.file for mail in mails) if files is None else files
    return judge(row_count, mails, names, books)


def _with(status: str, position: int) -> Books:
    rows = list(BOOKS.recipients)
    rows[position] = attrs.evolve(rows[position], status=status)
    return attrs.evolve(BOOKS, recipients=tuple(rows))


def _mail_to(address: str) -> Mail:
    return Mail(number=3, to=address, file="3.eml")


def test_a_just_world_passes():
    assert all(check.is_ok for check in _judge())


@pytest.mark.parametrize(
    ("checks", "failing"),
    [
        (_judge(mails=(*MAILS, _mail_to("ANN@example.com"))), "twice 1 (ann@example.com)"),
        (_judge(mails=MAILS[1:]), "lost 1 (ann@example.com)"),
        (_judge(mails=(*MAILS, _mail_to("cy@example.com"))), "lost 1 (cy@example.com)"),
        (_judge(mails=(*MAILS, _mail_to("nobody@example.com"))), "lost 1 (nobody@example.com)"),
        (_judge(books=_with("pending", 0)), "lost 1 (ann@example.com)"),
        (_judge(books=_with("pending", 2)), "every recipient has an outcome"),
        (_judge(books=_with("sent", 1)), "in doubt 0"),
        (_judge(books=_with("in_doubt", 0)), "in doubt 2"),
        (_judge(row_count=6), "the file has 6 rows"),
        (_judge(row_count=6), "6 rows = 1 rejections + 1 exclusions + 3 outcomes"),
        (_judge(books=attrs.evolve(BOOKS, recipients=BOOKS.recipients[:2])), "5 rows = "),
        (_judge(files=frozenset({"1.eml"})), "accepted 2"),
        (_judge(mails=MAILS[:1]), "accepted 1"),
    ],
    ids=[
        "accepted twice",
        "called sent, never accepted",
        "accepted, called failed",
        "accepted, unknown to the kit",
        "accepted, called pending",
        "somebody still waits",
        "a doubt called sent",
        "a doubt too many",
        "a row that the kit does not know",
        "a row without an end",
        "a recipient who vanished",
        "a mail without a file",
        "a mail missing in the log",
    ],
)
def test_the_judge_notices(checks, failing):
    refused = [check.text for check in checks if not check.is_ok]

    assert any(text.startswith(failing) for text in refused), refused

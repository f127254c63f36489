"""The quickstart goes from a CSV file to an explained result."""

from email import message_from_bytes, policy
from pathlib import Path

import pytest

from examples import quickstart


def test_everybody_with_an_address_gets_one_mail_and_every_row_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quickstart.main(tmp_path)

    printed = capsys.readouterr().out
    mails = [
        message_from_bytes(path.read_bytes(), policy=policy.default) for path in (tmp_path / "outbox").glob("*.eml")
    ]
    assert sorted(str(mail["To"]) for mail in mails) == ["Ann Lee <ann@example.com>", "Bob Ray <bob@example.org>"]
    assert "rows       5\n" in printed
    assert "rejections {'blank_row': 1}\n" in printed
    assert "exclusions {'duplicate': 1, 'malformed': 1}\n" in printed
    assert "recipients {'sent': 2}\n" in printed
    assert "F3: duplicate." in printed


def test_nothing_is_left_beside_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    quickstart.main(tmp_path)

    assert list(elsewhere.iterdir()) == []

"""A letter and one of its mails in, what is wrong with the mail on the wire out: read by two readers, and compared."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from campaignkit.message.attachments import safe_filename
from campaignkit.message.content import SUBJECT_CHARACTERS_MAX, RenderedEmail, one_line, whole_characters
from campaignkit.message.outbound import OutboundEmail
from tests.message.letters import Letter
from tests.message.readers import ReadFile, header_names, is_wire, read_by_python, read_by_rust

__all__ = ["complaints", "expected_names"]


def complaints(
    letter: Letter,
    rendered: RenderedEmail,
    recipient: Mapping[str, Any],
    mail: OutboundEmail,
    *,
    is_signed: bool = False,
) -> Iterator[str]:
    """Yield what is wrong with *mail*: its header set, its lines, its one recipient, or what a reader sees of it.

    Args:
        rendered: The letter's content, filled in for *recipient*.
    """
    names = [*(["DKIM-Signature"] if is_signed else []), *expected_names(letter, recipient)]
    if header_names(mail.content) != names:
        yield f"headers {header_names(mail.content)}, not {names}"
    if not is_wire(mail.content):
        yield "a line end by itself, a NUL or a line over 998 octets"
    by_python, by_rust = read_by_python(mail.content), read_by_rust(mail.content)
    if by_python != by_rust:
        yield f"two readers disagree: {by_python} {by_rust}"
    headers = dict(by_rust.headers)
    if len(headers) != len(by_rust.headers) or sorted(headers) != sorted(names):
        yield f"a reader finds the headers {sorted(headers)}, not {sorted(names)}"
    if headers["To"].count("@") != 1 + _at_signs(recipient["to_name"]) or not _ends_with(headers["To"], mail):
        yield f"To is {headers['To']!r}, not {mail.envelope_to} alone"
    subject = re.sub(" +", " ", whole_characters(one_line(rendered.subject[:SUBJECT_CHARACTERS_MAX])))
    if headers["Subject"].strip(" ") != subject.strip(" "):
        yield f"the subject arrives as {headers['Subject']!r}, not as {subject!r}"
    if by_rust.texts != (_lines(rendered.text),):
        yield f"the text arrives as {by_rust.texts}, not as {_lines(rendered.text)!r}"
    if by_rust.htmls != (() if rendered.html is None else (_lines(rendered.html),)):
        yield f"the HTML arrives as {by_rust.htmls}, not as {rendered.html!r}"
    if sorted(by_rust.files, key=repr) != sorted(_files(letter), key=repr):
        yield f"the files arrive as {by_rust.files}"


def expected_names(letter: Letter, recipient: Mapping[str, Any]) -> list[str]:
    """Return the names of all headers that the mail to *recipient* has, in order."""
    sender = letter.sender
    can_be_left = bool(sender["unsubscribe_mailto"] or recipient["unsubscribe_url"])
    is_automated = sender["is_automated"] if sender["is_automated"] is not None else not can_be_left
    has_parts = letter.content.html is not None or sender["attachments"]
    chosen = {
        "Reply-To": sender["reply_to"],
        "X-Campaign-ID": sender["campaign_id"],
        "List-Id": sender["list_id"],
        "Feedback-ID": sender["feedback_id"],
        "List-Unsubscribe": can_be_left,
        "List-Unsubscribe-Post": recipient["unsubscribe_url"],
        "Precedence": can_be_left,
        "X-Auto-Response-Suppress": can_be_left,
        "Auto-Submitted": is_automated,
        "Content-Transfer-Encoding": not has_parts,
    }
    order = [
        *("Date", "From", "To", "Reply-To", "Subject", "Message-ID", "X-Campaign-ID", "List-Id", "Feedback-ID"),
        *("List-Unsubscribe", "List-Unsubscribe-Post", "Precedence", "X-Auto-Response-Suppress", "Auto-Submitted"),
        *(*sender["extra_headers"], "MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
    ]
    return [name for name in order if chosen.get(name, True)]


def _at_signs(name: str) -> int:
    return name[:200].count("@")


def _ends_with(header: str, mail: OutboundEmail) -> bool:
    return header == mail.envelope_to or header.endswith(f"<{mail.envelope_to}>")


def _lines(text: str) -> str:
    """Return the text that arrives."""
    return re.sub(r"\r\n|\r|\n", "\r\n", whole_characters(text)).removesuffix("\r\n") + "\r\n"


def _files(letter: Letter) -> Iterator[ReadFile]:
    for file in (*letter.sender["inline_images"], *letter.sender["attachments"]):
        yield ReadFile(name=safe_filename(file.filename), media_type=file.media_type, content=file.content)

"""``campaignkit preview``: a campaign file and a list in, the message to one recipient out. Nothing is sent.

Touches the files and the folder that the mail is written to; the campaign lives in memory while the command runs.
"""

import argparse
import os
import re
from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import attrs

from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.cli.console import Console
from campaignkit.cli.drafting import add_contacts, make_draft, set_up_merchant
from campaignkit.cli.plan import Plan, read_plan
from campaignkit.cli.problems import CONFIRMED, FileInTheWay, NotPreviewed, UnwritableFolder
from campaignkit.errors import RecipientNotFound
from campaignkit.kit.kit import CampaignKit
from campaignkit.kit.merchant import Merchant
from campaignkit.kit.previewing import Preview, TextPreview
from campaignkit.message.completeness import MessageFinding
from campaignkit.message.outbound import OutboundEmail, OutboundText
from campaignkit.stores.memory import MemoryStore

__all__ = ["AttachedFile", "MailReport", "PreviewReport", "TextPart", "TextReport", "report_preview", "run_preview"]

_UNSAFE = re.compile(r"[^A-Za-z0-9._@+-]+")
NAME_CHARACTERS_MAX = 80


@attrs.frozen(kw_only=True)
class AttachedFile:
    """A file of a mail, as a mail program names it."""

    name: str
    media_type: str
    size: int  # bytes


@attrs.frozen(kw_only=True)
class MailReport:
    """A mail as its recipient gets it."""

    subject: str
    sender: str
    to: str
    size: int  # bytes, as it travels
    text: str
    has_html: bool
    files: tuple[AttachedFile, ...]
    written_to: str


@attrs.frozen(kw_only=True)
class TextPart:
    """One part of a text message."""

    text: str
    units: int  # septets, or 16-bit units
    octets: int  # on the air, its header included; 140 at most


@attrs.frozen(kw_only=True)
class TextReport:
    """A text message as its recipient gets it."""

    sender: str
    to: str
    text: str
    encoding: str
    units: int
    parts: tuple[TextPart, ...]
    costly_characters: tuple[str, ...]
    spellings: tuple[tuple[str, str], ...]  # cheaper ones: character and spelling
    parts_if_spelled_so: int


@attrs.frozen(kw_only=True)
class PreviewReport:
    """The message to one recipient, and all that is worth knowing about it."""

    row: int | None
    contact_id: str
    values: dict[str, object]
    empty_placeholders: tuple[str, ...]
    findings: tuple[MessageFinding, ...]
    mail: MailReport | None = None
    text: TextReport | None = None


def run_preview(options: argparse.Namespace, console: Console) -> int:
    """Show what one recipient would get, and write a mail as ``.eml``."""
    plan = read_plan(Path(options.campaign_file), os.environ)
    with CampaignKit(store=MemoryStore(), transports={plan.file.sender.id: plan.transport}) as kit:
        merchant = set_up_merchant(kit, plan)
        preview = _preview(merchant, plan, options, console)
    report = report_preview(preview, Path(options.out), is_forced=options.force)
    if console.is_json:
        console.document(report)
    else:
        _tell(report, console)
    return CONFIRMED


def _preview(merchant: Merchant, plan: Plan, options: argparse.Namespace, console: Console) -> Preview:
    campaign = make_draft(merchant, plan)
    add_contacts(merchant, campaign, plan, Path(options.contacts), console, label="reading")
    who = f"row {options.row}" if options.row is not None else options.to or options.contact
    try:
        return merchant.preview(campaign.id, who)
    except RecipientNotFound as error:
        if who is None:
            raise NotPreviewed("the list has nobody who would get it") from error
        try:
            why = merchant.explain(campaign.id, who).message
        except RecipientNotFound:
            why = "nobody of that name stands in the list"
        raise NotPreviewed(f"{who} gets nothing: {why}") from error


def report_preview(preview: Preview, folder: Path, *, is_forced: bool) -> PreviewReport:
    """Return the report of *preview*; a mail is written into *folder*, byte for byte as it would be sent.

    Raises:
        FileInTheWay, UnwritableFolder: it cannot be written there.
    """
    recipient, message = preview.recipient, preview.message
    report = PreviewReport(
        row=recipient.row_number,
        contact_id=recipient.contact_id,
        values=dict(preview.values),
        empty_placeholders=tuple(slot.source for slot in preview.empty_placeholders),
        findings=preview.findings,
    )
    if isinstance(message, OutboundEmail):
        path = folder / _file_name(recipient)
        _write(path, message.content, is_forced=is_forced)
        return attrs.evolve(report, mail=_mail(message, path))
    assert preview.text is not None
    return attrs.evolve(report, text=_text(message, preview.text))


def _mail(message: OutboundEmail, path: Path) -> MailReport:
    mail = message_from_bytes(message.content, policy=default)
    assert isinstance(mail, EmailMessage)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return MailReport(
        subject=str(mail["Subject"]),
        sender=str(mail["From"]),
        to=str(mail["To"]),
        size=len(message.content),
        text="" if text is None else text.get_content(),
        has_html=html is not None,
        files=tuple(map(_file, (part for part in mail.walk() if part.get_filename()))),
        written_to=str(path),
    )


def _file(part: EmailMessage) -> AttachedFile:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return AttachedFile(name=part.get_filename() or "", media_type=part.get_content_type(), size=len(content))


def _text(message: OutboundText, told: TextPreview) -> TextReport:
    return TextReport(
        sender=message.sender,
        to=message.to,
        text=message.text,
        encoding=told.count.encoding.value,
        units=told.count.units,
        parts=tuple(TextPart(text=one.text, units=one.units, octets=len(one.user_data)) for one in told.parts),
        costly_characters=told.count.costly_characters,
        spellings=told.cheaper.spellings,
        parts_if_spelled_so=told.cheaper.parts_if_spelled_so,
    )


def _file_name(recipient: CampaignRecipient) -> str:
    """Return ``preview-<contact>.eml``; the row where the list gives no ids. It stays in its folder."""
    name = recipient.contact_id or (f"row-{recipient.row_number}" if recipient.row_number else recipient.recipient_id)
    return f"preview-{_UNSAFE.sub('_', name)[:NAME_CHARACTERS_MAX]}.eml"


def _write(path: Path, content: bytes, *, is_forced: bool) -> None:
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        with path.open("wb" if is_forced else "xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise FileInTheWay(str(error.filename)) from error
    except OSError as error:
        raise UnwritableFolder(str(path), str(error.strerror)) from error


def _tell(report: PreviewReport, console: Console) -> None:
    for what, told in _facts(report):
        console.line(f"{what:<12}{told}")
    console.line()
    if report.mail is not None:
        _tell_lines(report.mail.text, console)
    elif report.text is not None:
        _tell_parts(report.text, console)
    if report.empty_placeholders or report.findings:
        console.line()
    for source in report.empty_placeholders:
        console.line(f"empty: {source} has no value here.")
    for finding in report.findings:
        sample = f" ({finding.sample})" if finding.sample else ""
        console.line(f"{'blocker' if finding.is_blocker else 'warning'}: {finding.message} {finding.remedy}{sample}")


def _facts(report: PreviewReport) -> Sequence[tuple[str, str]]:
    mail, text = report.mail, report.text
    if mail is not None:
        return [
            ("subject", mail.subject),
            ("from", mail.sender),
            ("to", mail.to),
            ("size", f"{mail.size} bytes, {'with' if mail.has_html else 'without'} HTML"),
            *(("file", f"{file.name} ({file.media_type}, {file.size} bytes)") for file in mail.files),
            ("written to", mail.written_to),
        ]
    assert text is not None
    facts = [
        ("from", text.sender),
        ("to", text.to),
        ("encoding", f"{text.encoding}, {text.units} {'septets' if text.encoding == 'gsm7' else '16-bit units'}"),
        ("parts", str(len(text.parts))),
    ]
    if text.costly_characters:
        facts.append(("costly", " ".join(text.costly_characters)))
    if text.spellings:
        spelt = ", ".join(f"{found} as {spelling!r}" for found, spelling in text.spellings)
        facts.append(("cheaper", f"{spelt}: parts {text.parts_if_spelled_so}"))
    return facts


def _tell_parts(text: TextReport, console: Console) -> None:
    for number, part in enumerate(text.parts, start=1):
        console.line(f"part {number} of {len(text.parts)}: {part.units} units, {part.octets} octets")
        _tell_lines(part.text, console)


def _tell_lines(text: str, console: Console) -> None:
    for line in text.splitlines():
        console.line(f"  {line}".rstrip())

"""The message of a campaign file: its tables in, content and files out, or what is wrong with them. Reads files."""

from functools import partial
from mimetypes import guess_type

import attrs

from campaignkit.cli.reading import Reading
from campaignkit.cli.settings import CampaignTable, ContentTable
from campaignkit.message.attachments import Attachment, InlineImage, check_files
from campaignkit.message.campaign_headers import check_extra_headers
from campaignkit.message.content import EmailContent, SmsContent, Syntax
from campaignkit.message.html_parts import email_from_html
from campaignkit.message.languages import language_of

__all__ = ["Message", "read_message"]


@attrs.frozen(kw_only=True)
class Message:
    """What is sent, with its files."""

    content: EmailContent | SmsContent
    attachments: tuple[Attachment, ...] = ()
    inline_images: tuple[InlineImage, ...] = ()


def read_message(campaign: CampaignTable, reading: Reading) -> Message | None:
    """Return the message; None where *reading* has a problem to tell."""
    before = len(reading.problems)
    table = campaign.content
    reading.attempt("campaign.content.language", lambda: language_of(table.language))
    if table.syntax not in list(Syntax):
        reading.refuse("campaign.content.syntax", f"must be one of {', '.join(Syntax)}")
    if campaign.channel == "sms":
        _refuse_mail_only(campaign, reading)
    attachments, images = _attachments(campaign, reading), _images(campaign, reading)
    reading.attempt("campaign.attachments", lambda: check_files([*attachments, *images]))
    reading.attempt("campaign.headers", lambda: check_extra_headers(campaign.headers))
    text = _part("text", table.text, table.text_file, reading)
    html = _part("html", table.html, table.html_file, reading)
    _require_parts(campaign, reading)
    if len(reading.problems) > before:
        return None
    content = _sms(table, text) if campaign.channel == "sms" else _mail(table, text, html, reading)
    return None if content is None else Message(content=content, attachments=attachments, inline_images=images)


def _refuse_mail_only(campaign: CampaignTable, reading: Reading) -> None:
    content = campaign.content
    given = {
        "content.subject": content.subject,
        "content.html": content.html,
        "content.html_file": content.html_file,
        "attachments": campaign.attachments,
        "inline_images": campaign.inline_images,
        "headers": campaign.headers,
    }
    for name, value in given.items():
        if value:
            reading.refuse(f"campaign.{name}", "a text message has none")


def _require_parts(campaign: CampaignTable, reading: Reading) -> None:
    table, is_mail = campaign.content, campaign.channel != "sms"
    if is_mail and table.subject is None:
        reading.refuse("campaign.content.subject", "missing")
    has_html = is_mail and (table.html is not None or table.html_file is not None)
    if table.text is None and table.text_file is None and not has_html:
        also = ", or else html or html_file, of which a text part is made" if is_mail else ""
        reading.refuse("campaign.content", f"wants text or text_file{also}")


def _sms(table: ContentTable, text: str | None) -> SmsContent:
    assert text is not None  # or it would have been refused
    # The line end that editors put behind the last word is nothing to pay for.
    return SmsContent(text=text.rstrip("\n"), syntax=Syntax(table.syntax), language=table.language)


def _mail(table: ContentTable, text: str | None, html: str | None, reading: Reading) -> EmailContent | None:
    subject, syntax, language = table.subject or "", Syntax(table.syntax), table.language
    if text is not None:
        return EmailContent(subject=subject, text=text, html=html, syntax=syntax, language=language)
    assert html is not None  # or it would have been refused
    made = partial(email_from_html, subject=subject, html=html, syntax=syntax, language=language)
    return reading.attempt("campaign.content.html" if table.html_file is None else "campaign.content.html_file", made)


def _part(name: str, text: str | None, file_name: str | None, reading: Reading) -> str | None:
    if file_name is None:
        return text
    path = f"campaign.content.{name}_file"
    if text is not None:
        reading.refuse(path, f"stands beside {name}; one of them is enough")
        return text
    return reading.text(path, file_name)


def _attachments(campaign: CampaignTable, reading: Reading) -> tuple[Attachment, ...]:
    found = []
    for place, name in enumerate(campaign.attachments):
        octets = reading.octets(f"campaign.attachments[{place}]", name)
        if octets is not None:
            found.append(Attachment(filename=name, content=octets, media_type=_media_type(name)))
    return tuple(found)


def _images(campaign: CampaignTable, reading: Reading) -> tuple[InlineImage, ...]:
    found = []
    for content_id, name in campaign.inline_images.items():
        octets = reading.octets(f"campaign.inline_images.{content_id}", name)
        if octets is not None:
            found.append(InlineImage(content_id=content_id, content=octets, media_type=_media_type(name)))
    return tuple(found)


def _media_type(name: str) -> str:
    """Return what a file of that name is; a packed one is what it is packed as."""
    guessed, packing = guess_type(name, strict=False)
    return guessed if guessed is not None and packing is None else "application/octet-stream"

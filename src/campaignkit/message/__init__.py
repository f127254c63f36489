"""What? Content with placeholders in, one message ready for a transport out.

``EmailContent, SmsContent → compile → render for one recipient → build → OutboundEmail, OutboundText``
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.message.attachments import Attachment, InlineImage, check_files, reject_files, safe_filename
    from campaignkit.message.campaign_headers import FeedbackId, check_extra_headers
    from campaignkit.message.compiled import CompiledContent, CompiledEmail, CompiledText, compile_content
    from campaignkit.message.content import (
        Content,
        EmailContent,
        Rendered,
        RenderedEmail,
        RenderedText,
        SmsContent,
        Syntax,
        check_content,
        content_digest,
    )
    from campaignkit.message.dkim import DkimSigner
    from campaignkit.message.email import CompiledMail, build_email, compile_mail
    from campaignkit.message.fields import NAMESPACES, UnknownField, find_unknown_fields, known_fields
    from campaignkit.message.html_parts import email_from_html, inline_css, text_from_html
    from campaignkit.message.outbound import OutboundEmail, OutboundMessage, OutboundText
    from campaignkit.message.sms import (
        JOINED_PARTS_MAX,
        TEXT_PARTS_MAX,
        PartCounter,
        SmsEncoding,
        SmsParts,
        TextPart,
        build_text,
        cheaper_spellings,
        check_opt_out,
        check_sender_id,
        check_text,
        compile_part_counter,
        count_parts,
        part_reference,
        prepare_text,
        shorten_links,
        split_text,
        transliterate,
        transliterate_template,
        with_opt_out,
    )
    from campaignkit.message.templates import Placeholder, Template, compile_template

__all__ = [
    "JOINED_PARTS_MAX",
    "NAMESPACES",
    "TEXT_PARTS_MAX",
    "Attachment",
    "CompiledContent",
    "CompiledEmail",
    "CompiledMail",
    "CompiledText",
    "Content",
    "DkimSigner",
    "EmailContent",
    "FeedbackId",
    "InlineImage",
    "OutboundEmail",
    "OutboundMessage",
    "OutboundText",
    "PartCounter",
    "Placeholder",
    "Rendered",
    "RenderedEmail",
    "RenderedText",
    "SmsContent",
    "SmsEncoding",
    "SmsParts",
    "Syntax",
    "Template",
    "TextPart",
    "UnknownField",
    "build_email",
    "build_text",
    "cheaper_spellings",
    "check_content",
    "check_extra_headers",
    "check_files",
    "check_opt_out",
    "check_sender_id",
    "check_text",
    "compile_content",
    "compile_mail",
    "compile_part_counter",
    "compile_template",
    "content_digest",
    "count_parts",
    "email_from_html",
    "find_unknown_fields",
    "inline_css",
    "known_fields",
    "part_reference",
    "prepare_text",
    "reject_files",
    "safe_filename",
    "shorten_links",
    "split_text",
    "text_from_html",
    "transliterate",
    "transliterate_template",
    "with_opt_out",
]

_ROOMS = {
    "attachments": ("Attachment", "InlineImage", "check_files", "reject_files", "safe_filename"),
    "campaign_headers": ("FeedbackId", "check_extra_headers"),
    "compiled": ("CompiledContent", "CompiledEmail", "CompiledText", "compile_content"),
    "content": (
        "Content",
        "EmailContent",
        "Rendered",
        "RenderedEmail",
        "RenderedText",
        "SmsContent",
        "Syntax",
        "check_content",
        "content_digest",
    ),
    "dkim": ("DkimSigner",),
    "email": ("CompiledMail", "build_email", "compile_mail"),
    "fields": ("NAMESPACES", "UnknownField", "find_unknown_fields", "known_fields"),
    "html_parts": ("email_from_html", "inline_css", "text_from_html"),
    "outbound": ("OutboundEmail", "OutboundMessage", "OutboundText"),
    "sms": (
        "JOINED_PARTS_MAX",
        "TEXT_PARTS_MAX",
        "PartCounter",
        "SmsEncoding",
        "SmsParts",
        "TextPart",
        "build_text",
        "cheaper_spellings",
        "check_opt_out",
        "check_sender_id",
        "check_text",
        "compile_part_counter",
        "count_parts",
        "part_reference",
        "prepare_text",
        "shorten_links",
        "split_text",
        "transliterate",
        "transliterate_template",
        "with_opt_out",
    ),
    "templates": ("Placeholder", "Template", "compile_template"),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

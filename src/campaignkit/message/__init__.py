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
        check_content,
        content_digest,
    )
    from campaignkit.message.dkim import DkimSigner
    from campaignkit.message.email import CompiledMail, build_email, compile_mail
    from campaignkit.message.html_parts import inline_css, text_from_html
    from campaignkit.message.outbound import OutboundEmail, OutboundMessage, OutboundText
    from campaignkit.message.sms import (
        TEXT_PARTS_MAX,
        SmsEncoding,
        SmsParts,
        build_text,
        check_sender_id,
        check_text,
        count_parts,
    )
    from campaignkit.message.templates import Placeholder, Template, compile_template

__all__ = [
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
    "Placeholder",
    "Rendered",
    "RenderedEmail",
    "RenderedText",
    "SmsContent",
    "SmsEncoding",
    "SmsParts",
    "Template",
    "build_email",
    "build_text",
    "check_content",
    "check_extra_headers",
    "check_files",
    "check_sender_id",
    "check_text",
    "compile_content",
    "compile_mail",
    "compile_template",
    "content_digest",
    "count_parts",
    "inline_css",
    "reject_files",
    "safe_filename",
    "text_from_html",
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
        "check_content",
        "content_digest",
    ),
    "dkim": ("DkimSigner",),
    "email": ("CompiledMail", "build_email", "compile_mail"),
    "html_parts": ("inline_css", "text_from_html"),
    "outbound": ("OutboundEmail", "OutboundMessage", "OutboundText"),
    "sms": ("TEXT_PARTS_MAX", "SmsEncoding", "SmsParts", "build_text", "check_sender_id", "check_text", "count_parts"),
    "templates": ("Placeholder", "Template", "compile_template"),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

"""Mail: what one recipient gets, and who writes to whom, in; the bytes on the wire out. Pure.

The same arguments give the same bytes. What is the same for everybody is computed once, in ``compile_mail``.
Sources: RFC 5322 (format), 2046 (multipart), 2387 (related); see ``campaign_headers`` and ``attachments`` for theirs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TypedDict, Unpack

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.errors import InvalidContent
from campaignkit.message.attachments import (
    ATTACHMENT_BYTES_MAX,
    Attachment,
    CompiledFiles,
    InlineImage,
    check_files,
    compile_files,
    encode_part,
    reject_files,
)
from campaignkit.message.campaign_headers import FeedbackId, MailEnding, compile_ending
from campaignkit.message.compiled import CompiledEmail
from campaignkit.message.content import RenderedEmail
from campaignkit.message.dkim import DkimSigner
from campaignkit.message.headers import date_header, header, identifier, mailbox_header, text_header, wire_address
from campaignkit.message.multipart import alternatives, with_attachments, with_images
from campaignkit.message.outbound import OutboundEmail
from campaignkit.message.templates import Template, Values

__all__ = ["CompiledMail", "build_email", "compile_mail"]

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class CompiledMail:
    """The mails of one campaign from one sender; only what differs per recipient is still open.

    It can be kept and shared. ``compile_mail`` makes it.
    """

    content: CompiledEmail
    from_header: str
    reply_to_header: str  # or empty
    subject_header: str | None  # None: the subject has placeholders
    ending: MailEnding
    envelope_from: str
    files: CompiledFiles
    signer: DkimSigner | None

    def build(
        self,
        values: Values,
        *,
        message_id: str,
        to_name: str,
        to_address: str,
        sent_at: datetime,
        unsubscribe_url: str | None = None,
        envelope_from: str | None = None,
        attachments: Sequence[Attachment] = (),
    ) -> OutboundEmail:
        """Return the whole message for a transport; all else as for ``build_email``, bytes and errors.

        Args:
            unsubscribe_url: This recipient's own.
            envelope_from: This recipient's own; the campaign's unless given.
            attachments: This recipient's own, behind those for everybody.

        Raises:
            InvalidContent: a file may not travel; ``build_or_reject`` returns that as a ``Rejection``.
            InvalidTemplate: full Liquid cannot be filled in; likewise.
        """
        recipient = wire_address(to_address)
        subject_header = self.subject_header
        if subject_header is None:
            subject_header = text_header("Subject", self.content.subject.render(values, single_line=True))
        own_id = identifier("message_id", message_id)
        head = (
            f"{date_header(sent_at)}{self.from_header}{mailbox_header('To', to_name, recipient)}"
            f"{self.reply_to_header}{subject_header}Message-ID: <{own_id}{self.ending.write(own_id, unsubscribe_url)}"
        )
        content = b"".join((head.encode(), *self._body(values, attachments)))
        return OutboundEmail(
            message_id=message_id,
            envelope_from=self.envelope_from if envelope_from is None else wire_address(envelope_from),
            envelope_to=recipient,
            content=content if self.signer is None else self.signer.sign(content),
        )

    def build_or_reject(
        self,
        values: Values,
        *,
        message_id: str,
        to_name: str,
        to_address: str,
        sent_at: datetime,
        unsubscribe_url: str | None = None,
        envelope_from: str | None = None,
        attachments: Sequence[Attachment] = (),
    ) -> OutboundEmail | Rejection:
        """Return what ``build`` returns; or why this recipient can have no mail, whatever others get.

        That is: a file of their own that may not travel, or full Liquid that cannot be filled in with their values.
        """
        files = (*self.files.files, *attachments)
        rejection = reject_files(files, bytes_max=self.files.bytes_max) if attachments else None
        content = rejection or self.content.filled(values)
        if isinstance(content, Rejection):
            return content
        mail = self if content is self.content else attrs.evolve(self, content=content, subject_header=None)
        return mail.build(
            values,
            message_id=message_id,
            to_name=to_name,
            to_address=to_address,
            sent_at=sent_at,
            unsubscribe_url=unsubscribe_url,
            envelope_from=envelope_from,
            attachments=attachments,
        )

    def _body(self, values: Values, attachments: Sequence[Attachment]) -> Sequence[bytes]:
        """Return the headers of the content and the content, in pieces."""
        text, has_mark = self.content.text_body.build(values)
        pieces: Sequence[bytes] = (text,)
        if self.content.html_body is not None:
            html, has_mark_too = self.content.html_body.build(values)
            has_mark = has_mark or has_mark_too
            pieces = alternatives(text, html, has_mark)
        files = self.files
        if files.image_parts:
            pieces = with_images(pieces, files.image_parts, has_mark)
        if attachments:
            check_files((*files.files, *attachments), bytes_max=files.bytes_max)
        elif not files.attached_parts:
            return pieces
        return with_attachments(pieces, (*files.attached_parts, *map(encode_part, attachments)), has_mark)


def compile_mail(
    content: CompiledEmail,
    *,
    from_name: str,
    from_address: str,
    reply_to: str | None = None,
    unsubscribe_mailto: str | None = None,
    campaign_id: str | None = None,
    list_id: str | None = None,
    feedback_id: FeedbackId | None = None,
    is_automated: bool | None = None,
    extra_headers: Mapping[str, str] = _NO_HEADERS,
    envelope_from: str | None = None,
    attachments: Sequence[Attachment] = (),
    inline_images: Sequence[InlineImage] = (),
    attachment_bytes_max: int = ATTACHMENT_BYTES_MAX,
    signer: DkimSigner | None = None,
) -> CompiledMail:
    """Return what is to be computed once for all mails with *content* from one sender.

    Arguments and errors as for ``build_email``. *content* keeps its encoded bodies, so it is worth keeping longer.
    """
    sender = wire_address(from_address)
    # Full Liquid may be different each time without any placeholder.
    has_own_subjects = not isinstance(content.subject, Template) or bool(content.subject.placeholders)
    if inline_images and content.html is None:
        raise InvalidContent("attachments", "there is no HTML part that could show a picture")
    return CompiledMail(
        content=content,
        from_header=mailbox_header("From", from_name, sender),
        reply_to_header="" if reply_to is None else header("Reply-To", wire_address(reply_to)),
        subject_header=None if has_own_subjects else text_header("Subject", content.subject.render({})),
        ending=compile_ending(
            id_domain=sender.rpartition("@")[2],
            campaign_id=campaign_id,
            list_id=list_id,
            feedback_id=feedback_id,
            unsubscribe_mailto=unsubscribe_mailto,
            is_automated=is_automated,
            extra_headers=extra_headers,
        ),
        envelope_from=sender if envelope_from is None else wire_address(envelope_from),
        files=compile_files(attachments, inline_images, bytes_max=attachment_bytes_max),
        signer=signer,
    )


class MailArguments(TypedDict, total=False):
    """What ``compile_mail`` takes besides the names that everybody has to give; ``build_email`` explains them."""

    reply_to: str | None
    unsubscribe_mailto: str | None
    campaign_id: str | None
    list_id: str | None
    feedback_id: FeedbackId | None
    is_automated: bool | None
    extra_headers: Mapping[str, str]
    envelope_from: str | None
    attachments: Sequence[Attachment]
    inline_images: Sequence[InlineImage]
    attachment_bytes_max: int
    signer: DkimSigner | None


def build_email(
    rendered: RenderedEmail,
    *,
    message_id: str,
    from_name: str,
    from_address: str,
    to_name: str,
    to_address: str,
    sent_at: datetime,
    unsubscribe_url: str | None = None,
    **mail: Unpack[MailArguments],
) -> OutboundEmail:
    """Return the whole message for a transport: CRLF line ends, no line over 998 octets, not dot-stuffed.

    Names and subject may hold anything: they become one line, encoded where need be, cut where they have no end (at 200
    and 998 characters). Line ends in bodies become CRLF.
    Domains beyond ASCII become A-labels, in headers and envelope; local parts stay as they are, which needs SMTPUTF8.
    Mail that can be left, by URL or mailbox, is bulk and says so: ``Precedence``, ``X-Auto-Response-Suppress``.

    Args:
        message_id: Ours, stable per recipient and generation; with the sender's domain it is the ``Message-ID`` header.
        sent_at: Goes into ``Date``, in UTC. The caller keeps it with the attempt, so that a retry has the same bytes.
        unsubscribe_url: Where one click, a POST, takes this recipient off: https, up to 900 ASCII characters.
        unsubscribe_mailto: A mailbox that takes opt-outs; marketing mail has one. The message id is in its subject.
        campaign_id: Goes into ``X-Campaign-ID``.
        list_id: Goes into ``List-Id``: dot-separated letters, digits, ``-`` and ``_``.
        feedback_id: Goes into ``Feedback-ID``.
        is_automated: A program wrote this because something happened: ``Auto-Submitted: auto-generated``, which RFC
            3834 forbids for what a person wrote and sent. Unless given, that is all mail that cannot be left.
        extra_headers: Of the merchant, by name; see ``check_extra_headers``.
        envelope_from: Where bounces go; the sender's own address unless given.
        attachments: Files shown beneath the mail.
        inline_images: Pictures that the HTML shows by ``cid:``.
        attachment_bytes_max: What all files may have together.
        signer: Signs the mail.

    Raises:
        ValueError: *sent_at* is naive; an address, an id or the URL is none. ``parse_email`` checks addresses for the
            host.
        InvalidContent: a file may not travel, or an extra header may not stand here.
    """
    content = CompiledEmail(
        subject=Template((rendered.subject,)),
        text=Template((rendered.text,)),
        html=None if rendered.html is None else Template((rendered.html,)),
    )
    return compile_mail(content, from_name=from_name, from_address=from_address, **mail).build(
        {},
        message_id=message_id,
        to_name=to_name,
        to_address=to_address,
        sent_at=sent_at,
        unsubscribe_url=unsubscribe_url,
    )

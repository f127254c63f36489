"""Mail: what one recipient gets, and who writes to whom, in; the bytes on the wire out. Pure.

The same arguments give the same bytes. What is the same for everybody is computed once, in ``compile_mail``.
Sources: RFC 2046 (multipart), 2369 (List-Unsubscribe), 2919 (List-Id), 3834 (Auto-Submitted).
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

import attrs

from campaignkit.message.compiled import CompiledEmail
from campaignkit.message.content import RenderedEmail
from campaignkit.message.headers import date_header, header, identifier, mailbox_header, text_header, wire_address
from campaignkit.message.outbound import OutboundEmail
from campaignkit.message.templates import Template, Values

__all__ = ["CompiledMail", "build_email", "compile_mail"]

# No encoded body holds "=_": quoted-printable has = before digits and line ends, base64 at its end. A text that has it
# may travel as it is, though; then the boundary is a digest of the parts, and nobody can write a text with its own.
BOUNDARY = "=_alternatives"


@attrs.frozen(kw_only=True)
class CompiledMail:
    """The mails of one campaign from one sender; only what differs per recipient is still open.

    It can be kept and shared. ``compile_mail`` makes it.
    """

    content: CompiledEmail
    from_header: str
    reply_to_header: str  # or empty
    subject_header: str | None  # None: the subject has placeholders
    around_message_id: tuple[str, ...]  # headers in which the message id stands between each two of these
    envelope_from: str

    def build(
        self, values: Values, *, message_id: str, to_name: str, to_address: str, sent_at: datetime
    ) -> OutboundEmail:
        """Return the whole message for a transport; all else as for ``build_email``, bytes and errors."""
        recipient = wire_address(to_address)
        subject_header = self.subject_header
        if subject_header is None:
            subject_header = text_header("Subject", self.content.subject.render(values, single_line=True))
        head = (
            f"{date_header(sent_at)}{self.from_header}{mailbox_header('To', to_name, recipient)}"
            f"{self.reply_to_header}{subject_header}"
            f"{identifier('message_id', message_id).join(self.around_message_id)}"
        )
        return OutboundEmail(
            message_id=message_id,
            envelope_from=self.envelope_from,
            envelope_to=recipient,
            content=b"".join((head.encode(), *self._body(values))),
        )

    def _body(self, values: Values) -> Sequence[bytes]:
        """Return the headers of the content and the content, in pieces."""
        text, has_mark = self.content.text_body.build(values)
        if self.content.html_body is None:
            return (text,)
        html, has_mark_too = self.content.html_body.build(values)
        if has_mark or has_mark_too:
            digest = hashlib.sha256(b"\0".join((text, html))).hexdigest()
            opening, between, closing = _delimiters(f"=_{digest[:32]}")
        else:
            opening, between, closing = _DELIMITERS
        return (opening, text, between, html, closing)


def compile_mail(
    content: CompiledEmail,
    *,
    from_name: str,
    from_address: str,
    reply_to: str | None = None,
    unsubscribe_mailto: str | None = None,
    campaign_id: str | None = None,
    list_id: str | None = None,
    envelope_from: str | None = None,
) -> CompiledMail:
    """Return what is to be computed once for all mails with *content* from one sender.

    Arguments and errors as for ``build_email``. *content* keeps its encoded bodies, so it is worth keeping longer.
    """
    sender = wire_address(from_address)
    has_own_subjects = bool(content.subject.placeholders)
    return CompiledMail(
        content=content,
        from_header=mailbox_header("From", from_name, sender),
        reply_to_header="" if reply_to is None else header("Reply-To", wire_address(reply_to)),
        subject_header=None if has_own_subjects else text_header("Subject", content.subject.render({})),
        around_message_id=tuple(_around_message_id(sender, campaign_id, list_id, unsubscribe_mailto)),
        envelope_from=sender if envelope_from is None else wire_address(envelope_from),
    )


def build_email(
    rendered: RenderedEmail,
    *,
    message_id: str,
    from_name: str,
    from_address: str,
    to_name: str,
    to_address: str,
    sent_at: datetime,
    reply_to: str | None = None,
    unsubscribe_mailto: str | None = None,
    campaign_id: str | None = None,
    list_id: str | None = None,
    envelope_from: str | None = None,
) -> OutboundEmail:
    """Return the whole message for a transport: CRLF line ends, no line over 998 octets, not dot-stuffed.

    Names and subject may hold anything: they become one line, encoded where need be, cut where they have no end (at 200
    and 998 characters). Line ends in bodies become CRLF.
    Domains beyond ASCII become A-labels, in headers and envelope; local parts stay as they are, which needs SMTPUTF8.

    Args:
        message_id: Ours, stable per recipient and generation; with the sender's domain it is the ``Message-ID`` header.
        sent_at: Goes into ``Date``, in UTC. The caller keeps it with the attempt, so that a retry has the same bytes.
        unsubscribe_mailto: A mailbox that takes opt-outs; marketing mail has one. The message id is in its subject.
        campaign_id: Goes into ``X-Campaign-ID``.
        list_id: Goes into ``List-Id``: dot-separated letters, digits, ``-`` and ``_``.
        envelope_from: Where bounces go; the sender's own address unless given.

    Raises:
        ValueError: *sent_at* is naive; an address or an id is none. ``parse_email`` checks them for the host.
    """
    content = CompiledEmail(
        subject=Template((rendered.subject,)),
        text=Template((rendered.text,)),
        html=None if rendered.html is None else Template((rendered.html,)),
    )
    mail = compile_mail(
        content,
        from_name=from_name,
        from_address=from_address,
        reply_to=reply_to,
        unsubscribe_mailto=unsubscribe_mailto,
        campaign_id=campaign_id,
        list_id=list_id,
        envelope_from=envelope_from,
    )
    return mail.build({}, message_id=message_id, to_name=to_name, to_address=to_address, sent_at=sent_at)


def _around_message_id(
    sender: str, campaign_id: str | None, list_id: str | None, unsubscribe_mailto: str | None
) -> Iterator[str]:
    """Yield the headers behind the subject, which say whose mail this is and how to leave, cut at each message id."""
    yield "Message-ID: <"
    lines = f"@{sender.rpartition('@')[2]}>\r\n"
    if campaign_id is not None:
        lines += header("X-Campaign-ID", identifier("campaign_id", campaign_id))
    if list_id is not None:
        lines += header("List-Id", f"<{identifier('list_id', list_id)}>")
    if unsubscribe_mailto is not None:
        mailbox = quote(wire_address(unsubscribe_mailto), safe="@")
        yield f"{lines}List-Unsubscribe: <mailto:{mailbox}?subject=unsubscribe%20"
        lines = f">\r\n{header('Precedence', 'bulk')}"
        lines += header("X-Auto-Response-Suppress", "OOF, AutoReply")  # not "All", which also silences bounces
    yield lines + header("Auto-Submitted", "auto-generated") + header("MIME-Version", "1.0")


def _delimiters(boundary: str) -> tuple[bytes, bytes, bytes]:
    """Return what stands before, between and behind two alternatives."""
    head = header("Content-Type", f'multipart/alternative; boundary="{boundary}"')
    delimiter = f"\r\n--{boundary}"
    return f"{head}{delimiter}\r\n".encode(), f"{delimiter}\r\n".encode(), f"{delimiter}--\r\n".encode()


_DELIMITERS = _delimiters(BOUNDARY)

"""Headers of campaigns: how to leave, whose mail this is and what a merchant adds in, lines of header out. Pure.

Sources: RFC 2369 (List-Unsubscribe), 2919 (List-Id), 8058 (one click), 3834 (Auto-Submitted); Gmail's help page on its
feedback loop (Feedback-ID).
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

import attrs

from campaignkit.errors import InvalidContent
from campaignkit.message.content import SUBJECT_CHARACTERS_MAX
from campaignkit.message.headers import header, identifier, text_header, wire_address

__all__ = [
    "EXTRA_HEADERS_MAX",
    "UNSUBSCRIBE_URL_CHARACTERS_MAX",
    "FeedbackId",
    "MailEnding",
    "check_extra_headers",
    "compile_ending",
    "one_click_url",
]

UNSUBSCRIBE_URL_CHARACTERS_MAX = 900  # with the header's name it stands on one line of at most 998
MAILBOX_CHARACTERS_MAX = 500  # percent-encoded, for the same reason
LIST_ID_CHARACTERS_MAX = (
    320  # a name, a dot and any domain; RFC 2919 would like 255, and no sender has that long a domain
)
EXTRA_HEADERS_MAX = 20

# Names that are not ours and begin with no X-, and yet do no harm.
PLAIN_NAMES = frozenset({"comments", "expires", "importance", "keywords", "organization", "priority", "sensitivity"})
# Ours, or such as make some mail service send to somebody else.
RESERVED_NAMES = frozenset({"x-campaign-id", "x-auto-response-suppress", "x-smtpapi", "x-bcc", "x-cc", "x-to"})
RESERVED_BEGINNINGS = ("x-mc-bcc", "x-envelope-", "x-rcpt", "x-receiver", "x-sender", "x-original-", "x-forwarded-")

# Without https only this machine itself, for trying things out, as LinkSettings has it.
_HOST = (
    r"(?:https://(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])|http://(?:localhost|127\.0\.0\.1|\[::1\]))"
)
_ONE_CLICK = re.compile(rf"{_HOST}(?::\d{{1,5}})?(?:[/?][!-;=?-\[\]^-~]*)?", re.ASCII)
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}[A-Za-z0-9]")
_FEEDBACK_FIELD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FEEDBACK_SENDER = re.compile(r"[A-Za-z0-9_.-]{5,15}")


@attrs.frozen(kw_only=True)
class FeedbackId:
    """By what Gmail groups complaints: ``campaign:customer:type:sender``. Nothing in it may name a recipient.

    Gmail counts each field by itself, so no two may hold the same. Fields that are not given are left out.

    >>> FeedbackId(sender="flora-pos", campaign="c1", customer="flora").value
    'c1:flora:flora-pos'
    """

    sender: str  # 5 to 15 characters, the same for all mail of one host
    campaign: str = ""
    customer: str = ""  # the merchant
    mail_type: str = ""

    @property
    def value(self) -> str:
        """The header's value; raises ValueError where Gmail would not take it."""
        fields = [field for field in (self.campaign, self.customer, self.mail_type) if field]
        if not _FEEDBACK_SENDER.fullmatch(self.sender) or not all(map(_FEEDBACK_FIELD.fullmatch, fields)):
            raise ValueError(
                "feedback_id takes letters, digits, - _ and . only: 5 to 15 for sender, up to 64 elsewhere"
            )
        if len({*fields, self.sender}) <= len(fields):
            raise ValueError("no two fields of feedback_id may be the same")
        return ":".join((*fields, self.sender))


@attrs.frozen(kw_only=True)
class MailEnding:
    """What stands behind a message id in the head of a mail; only how to leave differs per recipient."""

    without_link: tuple[str, ...]  # the message id stands between each two of these
    before_link: str
    behind_link: tuple[str, ...]

    def write(self, message_id: str, unsubscribe_url: str | None) -> str:
        """Return the lines, the first of them begun. *message_id* is an identifier."""
        if unsubscribe_url is None:
            return message_id.join(self.without_link)
        return f"{self.before_link}{one_click_url(unsubscribe_url)}{message_id.join(self.behind_link)}"


def compile_ending(
    *,
    id_domain: str,
    campaign_id: str | None,
    list_id: str | None,
    feedback_id: FeedbackId | None,
    unsubscribe_mailto: str | None,
    is_automated: bool | None,
    extra_headers: Mapping[str, str],
) -> MailEnding:
    """Return what is the same for everybody; arguments and errors as for ``build_email``."""
    begin = f"@{id_domain}>\r\n"
    if campaign_id is not None:
        begin += header("X-Campaign-ID", identifier("campaign_id", campaign_id))
    if list_id is not None:
        begin += header("List-Id", f"<{identifier('list_id', list_id, characters_max=LIST_ID_CHARACTERS_MAX)}>")
    if feedback_id is not None:
        begin += header("Feedback-ID", feedback_id.value)
    check_extra_headers(extra_headers)
    extra = "".join(text_header(name, value) for name, value in extra_headers.items())
    automated = header("Auto-Submitted", "auto-generated")
    end = extra + header("MIME-Version", "1.0")
    # Not "All", which also silences bounces.
    bulk = header("Precedence", "bulk") + header("X-Auto-Response-Suppress", "OOF, AutoReply")
    bulk += (automated if is_automated else "") + end
    leave, one_click = "List-Unsubscribe: ", header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    plain = begin + ("" if is_automated is False else automated) + end
    if unsubscribe_mailto is None:
        return MailEnding(
            without_link=(plain,), before_link=f"{begin}{leave}<", behind_link=(f">\r\n{one_click}{bulk}",)
        )
    mailto = _mailto(unsubscribe_mailto)
    return MailEnding(
        without_link=(f"{begin}{leave}{mailto}", f">\r\n{bulk}"),
        before_link=f"{begin}{leave}<",
        behind_link=(f">,\r\n {mailto}", f">\r\n{one_click}{bulk}"),
    )


def one_click_url(url: str) -> str:
    """Return *url*, which can stand in ``List-Unsubscribe``.

    Raises:
        ValueError: it is no https URL of up to 900 ASCII characters. The message does not repeat it.
    """
    if len(url) > UNSUBSCRIBE_URL_CHARACTERS_MAX or not _ONE_CLICK.fullmatch(url):
        raise ValueError("unsubscribe_url must be an https URL of up to 900 ASCII characters")
    return url


def check_extra_headers(headers: Mapping[str, str]) -> None:
    """Return if a merchant may add *headers*: names that begin with ``X-`` and a few harmless others.

    Raises:
        InvalidContent: a name is ours, is none, or makes mail go elsewhere; a value is empty, too long, or holds line
            ends or control characters; there are too many.

    >>> check_extra_headers({"Bcc": "eve@example.com"})
    Traceback (most recent call last):
    campaignkit.errors.InvalidContent: header 'Bcc': it cannot be added; names of one's own begin with X-
    """
    if len(headers) > EXTRA_HEADERS_MAX:
        raise InvalidContent("headers", f"there may be at most {EXTRA_HEADERS_MAX} of one's own")
    for name, value in headers.items():
        problem = _name_problem(name) or _value_problem(value)
        if problem:
            raise InvalidContent(f"header {name[:40]!a}", problem)
    if len({name.lower() for name in headers}) < len(headers):
        raise InvalidContent("headers", "one name is there twice; capitals make no difference")


def _name_problem(name: str) -> str:
    """Return why nobody may add a header of this name, or nothing."""
    lowered = name.lower()
    if not _HEADER_NAME.fullmatch(name):
        return "a name is 2 to 64 letters, digits and -, and begins with a letter"
    if lowered in RESERVED_NAMES or lowered.startswith(RESERVED_BEGINNINGS):
        return "it is written by campaignkit or read by mail services, and cannot be added"
    if lowered not in PLAIN_NAMES and not lowered.startswith("x-"):
        return "it cannot be added; names of one's own begin with X-"
    return ""


def _value_problem(value: str) -> str:
    if not value.strip():
        return "its value is empty"
    if len(value) > SUBJECT_CHARACTERS_MAX:
        return f"its value may have at most {SUBJECT_CHARACTERS_MAX} characters"
    if not value.isprintable():
        return "its value holds a line end or another character that cannot be seen"
    return ""


def _mailto(mailbox: str) -> str:
    quoted = quote(wire_address(mailbox), safe="@")
    if len(quoted) > MAILBOX_CHARACTERS_MAX:
        raise ValueError("unsubscribe_mailto is too long for a header")
    return f"<mailto:{quoted}?subject=unsubscribe%20"

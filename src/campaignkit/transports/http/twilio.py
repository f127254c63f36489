"""Twilio's messages: a text in, a request out; a reply in, its meaning out. Sends through ``HttpTransport``.

Source: Twilio's REST API, resource ``Messages.json`` of version 2010-04-01, and its error codes. It takes no
idempotency key for messages, so what is in doubt stays so until Twilio reports on it.
"""

import base64
import re
from typing import Any
from urllib.parse import urlencode

from campaignkit.delivery.http_replies import (
    TWILIO_RULES,
    HttpReply,
    accepted,
    in_doubt,
    json_body,
    not_sent,
    status_verdict,
    value_at,
)
from campaignkit.delivery.replies import ReplyVerdict
from campaignkit.delivery.twilio_webhooks import MESSAGE_ID_FIELD
from campaignkit.message.outbound import OutboundText
from campaignkit.transports.http.exchange import FORM, Answer, HttpRequest, form_body, require_url
from campaignkit.transports.http.transport import HttpTransport

__all__ = ["TwilioDialect", "TwilioTransport"]

API = "https://api.twilio.com"
_SID = re.compile(r"[A-Z]{2}[0-9a-zA-Z]{32}")
_OVERRIDES = re.compile(r"[A-Za-z0-9=&,._-]*")
_SERVICE = re.compile(r"MG[0-9a-zA-Z]{32}")


class TwilioTransport(HttpTransport):
    """Sends texts through one Twilio account.

    Args:
        username: The account's SID, or an API key's, with its token or secret as *password*.
        status_callback: Where Twilio reports what became of a text; see ``read_twilio_webhook``. Our own id is added to
            the URL, so that a report ends a doubt. Behind a ``#`` may stand what Twilio shall do when it fails, such as
            ``#rc=3&rp=5xx,ct,rt``: connection overrides, which it neither sends nor signs.
        base_url: Another edge of Twilio's, or a stand-in for tests.

    The other options are those of ``HttpTransport``.

    Raises:
        ValueError: an id or URL is none; the message does not repeat it.
    """

    def __init__(
        self,
        account_sid: str,
        password: str,
        *,
        username: str | None = None,
        status_callback: str | None = None,
        base_url: str = API,
        **options: Any,
    ) -> None:
        super().__init__(
            TwilioDialect(account_sid, username or account_sid, password, status_callback, base_url), **options
        )


class TwilioDialect:
    """How Twilio is spoken to. Pure."""

    def __init__(
        self, account_sid: str, username: str, password: str, status_callback: str | None, base_url: str
    ) -> None:
        if not _SID.fullmatch(account_sid) or not _SID.fullmatch(username):
            raise ValueError("a Twilio SID has two capitals and 32 letters or digits")
        require_url(base_url, has_secret=True)
        callback, sharp, overrides = (status_callback or "").partition("#")
        if status_callback is not None:
            require_url(callback, has_secret=False)
        if not _OVERRIDES.fullmatch(overrides):
            raise ValueError("connection overrides are made of names and values, like #rc=3&rp=5xx,ct,rt")
        self._account = f"{base_url.rstrip('/')}/2010-04-01/Accounts/{account_sid}"
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._authorization = ("Authorization", f"Basic {token}")
        self._callback, self._overrides = callback, sharp + overrides

    def write(self, message: OutboundText, /) -> HttpRequest:
        origin = "MessagingServiceSid" if _SERVICE.fullmatch(message.sender) else "From"
        fields = {"To": message.to, origin: message.sender, "Body": message.text}
        if self._callback:
            joint = "&" if "?" in self._callback else "?"
            ours = urlencode({MESSAGE_ID_FIELD: message.message_id})
            fields["StatusCallback"] = f"{self._callback}{joint}{ours}{self._overrides}"
        return HttpRequest(
            method="POST",
            url=f"{self._account}/Messages.json",
            headers=(self._authorization, ("Content-Type", FORM)),
            body=form_body(fields),
        )

    def read(self, message: OutboundText, reply: HttpReply, /) -> Answer:
        del message
        body = json_body(reply)
        code, words = value_at(body, "code"), value_at(body, "message") or ""
        listed = TWILIO_RULES.get(int(code)) if code is not None and code.isascii() and code.isdigit() else None
        verdict = status_verdict(reply, listed=listed)
        if verdict is not None:
            return Answer(verdict=verdict, reply=f"{reply.status} {code or ''} {words}")
        sid = value_at(body, "sid")
        if sid is None or not _SID.fullmatch(sid):
            return Answer(verdict=in_doubt(), reply=f"{reply.status}")
        return Answer(verdict=accepted(), provider_id=sid, parts_accepted=_segments(value_at(body, "num_segments")))

    def probe(self) -> HttpRequest | None:
        return HttpRequest(method="GET", url=f"{self._account}.json", headers=(self._authorization,))

    def read_probe(self, reply: HttpReply, /) -> ReplyVerdict:
        verdict = status_verdict(reply)
        if verdict is not None:
            return verdict
        status = value_at(json_body(reply), "status")
        return accepted() if status == "active" else not_sent("account_suspended" if status else "gateway_unknown")


def _segments(text: str | None) -> int | None:
    """Return the parts that Twilio counted; 0 where a messaging service has not counted yet."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and 0 < int(text[:4]) <= 255 else None

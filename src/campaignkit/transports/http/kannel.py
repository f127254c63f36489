"""Kannel's sendsms interface: a text in, a request out; a reply in, its meaning out. Sends through ``HttpTransport``.

Source: Kannel 1.4.5 User's Guide, chapters "Using the HTTP interface to send SMS messages" and "Delivery reports".
Kannel's answer names no id: the receipt comes to a URL that we give, so our own message id stands in it.
"""

from typing import Any
from urllib.parse import urlencode

from campaignkit.delivery.http_replies import HttpReply, accepted, in_doubt, status_verdict
from campaignkit.delivery.replies import ReplyVerdict
from campaignkit.delivery.sms_receipts import sign_receipt_id
from campaignkit.message.outbound import OutboundText
from campaignkit.message.sms import SmsEncoding, count_parts
from campaignkit.transports.http.exchange import Answer, HttpRequest, require_url
from campaignkit.transports.http.transport import HttpTransport

__all__ = ["KannelDialect", "KannelTransport"]

DLR_MASK = 31  # delivered 1, failed 2, queued 4, accepted 8, rejected 16
_CODINGS = {SmsEncoding.GSM7: "0", SmsEncoding.UCS2: "2"}


class KannelTransport(HttpTransport):
    """Sends texts through the smsbox of a Kannel.

    Args:
        url: ``https://gateway.example:13013/cgi-bin/sendsms``.
        receipt_url: Where Kannel reports what became of a text; see ``read_kannel_receipt``. None: no receipts.
        receipt_key: Signs the message's id in that URL, so that nobody else can report.
        smsc: The id of the connection that Kannel shall use.
        insecure_plaintext: Allow ``http://`` to another machine. The password can be read by everybody on the way.

    The other options are those of ``HttpTransport``.

    Raises:
        ValueError: a URL is none, or would carry the password in plain text; or there is a receipt URL without a key.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str,
        password: str,
        receipt_url: str | None = None,
        receipt_key: bytes | None = None,
        smsc: str | None = None,
        insecure_plaintext: bool = False,
        **options: Any,
    ) -> None:
        require_url(url, has_secret=True, insecure_plaintext=insecure_plaintext)
        super().__init__(KannelDialect(url, username, password, receipt_url, receipt_key, smsc), **options)


class KannelDialect:
    """How Kannel is spoken to. Pure."""

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        receipt_url: str | None,
        receipt_key: bytes | None,
        smsc: str | None,
    ) -> None:
        if receipt_url is not None:
            require_url(receipt_url, has_secret=False)
            if not receipt_key:
                raise ValueError("a receipt URL needs a receipt_key, or anybody could report anything")
        self._url = url
        self._account = {"username": username, "password": password}
        self._receipt_url, self._receipt_key = receipt_url, receipt_key
        self._smsc = {} if smsc is None else {"smsc": smsc}

    def write(self, message: OutboundText, /) -> HttpRequest:
        fields = {
            **self._account,
            **self._smsc,
            "from": message.sender,
            "to": message.to,
            "text": message.text,
            "charset": "UTF-8",
            "coding": _CODINGS[count_parts(message.text).encoding],
        }
        if self._receipt_url is not None:
            fields |= {"dlr-mask": str(DLR_MASK), "dlr-url": self._receipt_url_of(message.message_id)}
        return self._request(fields)

    def read(self, message: OutboundText, reply: HttpReply, /) -> Answer:
        words = reply.body[:200]
        verdict = status_verdict(reply)
        if verdict is None:
            # "0: Accepted for delivery" went to the network, "3: Queued for later delivery" lies in Kannel's own store.
            is_taken = reply.is_whole and words.startswith((b"0: ", b"3: "))
            verdict = accepted() if is_taken else in_doubt()
        return Answer(
            verdict=verdict, provider_id=message.message_id, reply=f"{reply.status} {words.decode('utf-8', 'replace')}"
        )

    def probe(self) -> HttpRequest | None:
        return self._request(self._account)  # without a receiver

    def read_probe(self, reply: HttpReply, /) -> ReplyVerdict:
        verdict = status_verdict(reply)
        is_known = (
            reply.status == 400 and b"receiver" in reply.body.lower()
        )  # asked for only once the password was right
        return accepted() if is_known else verdict or in_doubt()

    def _request(self, fields: dict[str, str]) -> HttpRequest:
        return HttpRequest(method="GET", url=f"{self._url}?{urlencode(fields)}")

    def _receipt_url_of(self, message_id: str) -> str:
        assert self._receipt_url is not None
        assert self._receipt_key is not None
        token = sign_receipt_id(message_id, self._receipt_key)
        # Kannel fills in what stands behind the percent signs, so they are not escaped here.
        known = urlencode({"id": message_id, "token": token}).replace("%", "%%")
        joint = "&" if "?" in self._receipt_url else "?"
        return f"{self._receipt_url}{joint}{known}&type=%d&at=%T&answer=%A&smsc=%i"

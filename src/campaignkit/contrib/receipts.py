"""What SMS providers call: a signed request in, ``kit.record``, an answer out; WSGI and ASGI only carry both.

Nothing is believed that is not signed, nothing that came in is shown again, and nothing is logged. A call is answered
as done whether it says something new, something repeated, or something that nobody knows yet: calling once more would
change nothing. Only a store that is away asks the provider to call again.

Sources: Twilio's documentation on messaging webhooks (an empty ``<Response>`` answers with no text) and on connection
overrides (when it calls again); Kannel 1.4.5 ``smsbox``, which calls again after every status but 200 and 202.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.contrib.exchange import PLAIN, WebRequest, WebResponse, make_response, match_path
from campaignkit.delivery.feedback import RecordVerdict
from campaignkit.delivery.sms_keywords import Keyword, KeywordKind, read_keyword
from campaignkit.delivery.sms_receipts import InboundText, SmsReceipt, read_kannel_receipt, refused_webhook
from campaignkit.delivery.twilio_webhooks import read_twilio_webhook
from campaignkit.errors import StoreUnavailable
from campaignkit.kit.kit import CampaignKit
from campaignkit.kit.recording import Recorded

__all__ = ["Arrival", "ReceiptDoors", "receipt_doors"]

QUERY_CHARACTERS_MAX = 8_192  # more than any provider's call has, and as much as the parsers read
RETRY_SECONDS = 30
_ACCOUNT = r"[A-Za-z0-9_][A-Za-z0-9_.~-]{0,99}"  # stands in a URL that is signed, where nothing may have two spellings
_PATH = re.compile(rf"/(twilio|kannel)/({_ACCOUNT})")
_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.\-_\[\]:]{1,255}(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,99}){0,10}")
_FORM = "application/x-www-form-urlencoded"
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2
# Which field a call is refused for that nobody signed; every other refusal is of one that somebody did.
_PROOFS = frozenset({"signature", "token"})


@attrs.frozen(kw_only=True)
class Arrival:
    """What one signed call brought, and what recording it did."""

    provider: str  # "twilio" or "kannel"
    account: str
    event: SmsReceipt | InboundText
    result: Recorded | Rejection  # a Rejection: nobody could store it, or its number is no merchant's


def _ignore(_arrival: Arrival) -> None:
    """Keep nothing but what the kit records."""


def _of_nobody(_account: str, _number: str) -> str | None:
    return None


def _silent(_merchant_id: str, _kind: KeywordKind) -> str:
    return ""


def _checked_url(public_url: str) -> str:
    plain = public_url.rstrip("/")
    if not _PUBLIC_URL.fullmatch(plain):
        raise ValueError("public_url must be like https://shop.example/hooks: plain, without user, query or fragment")
    return plain


def _by_account(secrets: Mapping[str, Any]) -> Mapping[str, tuple[Any, ...]]:
    """Return each account's secrets; one alone is taken as one, never as its letters."""
    return {account: (one,) if isinstance(one, str | bytes) else tuple(one) for account, one in secrets.items()}


def _names(secrets: Mapping[str, object]) -> str:
    return f"<{', '.join(secrets)}>"


def _copied(owners: Mapping[str, str]) -> Mapping[str, str]:
    return dict(owners)


def _require(kind: type) -> Callable[[object, object, Mapping[str, tuple[object, ...]]], None]:
    def check(_doors: object, _attribute: object, secrets: Mapping[str, tuple[object, ...]]) -> None:
        for account, given in secrets.items():
            if not re.fullmatch(_ACCOUNT, account):
                raise ValueError("an account's name is made of up to 100 letters, digits and _ . ~ -")
            if not given or not all(isinstance(one, kind) and one for one in given):
                raise ValueError(f"account {account!r} needs a secret, {kind.__name__}, or several")

    return check


@attrs.frozen(kw_only=True)
class ReceiptDoors:
    """What the doors need of a host. Its functions may be called from several threads at once.

    Args:
        record_all: ``kit.record_all``.
        public_url: Where providers reach the doors, such as ``https://shop.example/hooks``; they call
            ``…/twilio/<account>`` and ``…/kannel/<account>``. Twilio signs it, so it is taken from here, whatever a
            request says of its host.
        twilio: Auth tokens by account, the sender's ``account``; two of one while it is being changed.
        kannel: The ``receipt_key`` by account; two of one while it is being changed.
        owners: To whom an account belongs alone. What comes in under it changes nothing of another merchant's. Every
            account whose secret a merchant knows has to be here.
        merchant_of: To whom a text was sent, under an account that has no owner: account and number in. None: to
            nobody; the provider gets the same answer, and *on_arrival* hears of it.
        confirmation_of: What Twilio answers, when somebody asked for STOP, START or HELP: merchant and kind in, empty
            for nothing. It is asked once for each STOP that suppressed, START that lifted, and HELP; its text goes out
            at Twilio's price, without credits. Where Twilio answers these words itself, leave it out.
        read_text: What a text asks for; ``read_keyword`` with words of your own.
        on_arrival: Takes what came in after it was recorded, quickly; repeated calls too, as ``duplicate``.

    Raises:
        ValueError: a URL, account or owner that cannot work, or no secret. The message never repeats a secret.
    """

    record_all: Callable[..., list[Recorded | Rejection]]
    public_url: str = attrs.field(converter=_checked_url)
    twilio: Mapping[str, tuple[str, ...]] = attrs.field(
        factory=dict, converter=_by_account, validator=_require(str), repr=_names
    )
    kannel: Mapping[str, tuple[bytes, ...]] = attrs.field(
        factory=dict, converter=_by_account, validator=_require(bytes), repr=_names
    )
    owners: Mapping[str, str] = attrs.field(factory=dict, converter=_copied)
    merchant_of: Callable[[str, str], str | None] = _of_nobody
    confirmation_of: Callable[[str, KeywordKind], str] = _silent
    read_text: Callable[[str], Keyword | None] = read_keyword
    on_arrival: Callable[[Arrival], None] = _ignore

    @owners.validator
    def _check_owners(self, _attribute: object, owners: Mapping[str, str]) -> None:
        unknown = sorted(set(owners) - set(self.twilio) - set(self.kannel))
        if unknown:
            raise ValueError(f"owners names an account that has no door: {unknown[0]!r}")

    def answer(self, request: WebRequest, /) -> WebResponse:
        """Return what *request* gets; 503 where the store is away.

        Raises:
            MerchantNotFound: *owners* or *merchant_of* named a merchant that the kit does not know.

        It raises what the host's functions raise, too.
        """
        found = match_path(_PATH, self.public_url, request.path)
        provider, account = found.groups() if found is not None else ("", "")
        try:
            if provider == "twilio" and account in self.twilio:
                return _answer_twilio(self, account, request)
            if provider == "kannel" and account in self.kannel:
                return _answer_kannel(self, account, request)
        except StoreUnavailable:
            return _refused(503, ("Retry-After", str(RETRY_SECONDS)))
        return _refused(404)


def receipt_doors(
    kit: CampaignKit,
    *,
    public_url: str,
    twilio: Mapping[str, str | Iterable[str]] | None = None,
    kannel: Mapping[str, bytes | Iterable[bytes]] | None = None,
    **options: Any,
) -> ReceiptDoors:
    """Return the doors of *kit*; a secret may stand alone or in a list, the rest by the names of ``ReceiptDoors``.

    Raises:
        ValueError: see ``ReceiptDoors``; or no account is given at all.
    """
    if not twilio and not kannel:
        raise ValueError("doors without an account open for nobody; give twilio={…} or kannel={…}")
    own = {"record_all": kit.record_all, "public_url": public_url, "twilio": twilio or {}, "kannel": kannel or {}}
    return ReceiptDoors(**{**own, **options})


def _answer_twilio(doors: ReceiptDoors, account: str, request: WebRequest) -> WebResponse:
    if request.method != "POST":
        return _refused(405, ("Allow", "POST"))
    if len(request.query) > QUERY_CHARACTERS_MAX:
        return _refused(414)
    if request.content_type.partition(";")[0].strip().lower() != _FORM:
        return _refused(415)
    query = f"?{request.query}" if request.query else ""
    url = f"{doors.public_url}/twilio/{account}{query}"
    event = read_twilio_webhook(url, request.body, request.twilio_signature, doors.twilio[account])
    if isinstance(event, Rejection):
        return _unread(event)
    merchant_id = _merchant_of(doors, account, event)
    if isinstance(event, InboundText) and merchant_id is None:
        message = "the number that this text was sent to is no merchant's"
        unowned = refused_webhook("to", message, event.to, code=RejectionCode.MISSING)
        doors.on_arrival(Arrival(provider="twilio", account=account, event=event, result=unowned))
        return _twiml("")
    result = _record(doors, "twilio", account, event, merchant_id)
    return _refused(400) if isinstance(result, Rejection) else _twiml(_confirmation(doors, merchant_id or "", result))


def _answer_kannel(doors: ReceiptDoors, account: str, request: WebRequest) -> WebResponse:
    if request.method != "GET":
        return _refused(405, ("Allow", "GET"))
    if len(request.query) > QUERY_CHARACTERS_MAX:
        return _refused(414)
    read = [read_kannel_receipt(request.query, key) for key in doors.kannel[account]]
    event = next((one for one in read if isinstance(one, SmsReceipt)), read[0])
    if isinstance(event, Rejection):
        return _unread(event)
    result = _record(doors, "kannel", account, event, _merchant_of(doors, account, event))
    return _refused(400) if isinstance(result, Rejection) else make_response(200, PLAIN, b"")


def _merchant_of(doors: ReceiptDoors, account: str, event: SmsReceipt | InboundText) -> str | None:
    """Return whose *event* must be; None: of a receipt, anybody's; of a text, nobody's."""
    owner = doors.owners.get(account)
    if owner is not None or isinstance(event, SmsReceipt):
        return owner
    return doors.merchant_of(account, event.to)


def _record(
    doors: ReceiptDoors, provider: str, account: str, event: SmsReceipt | InboundText, merchant_id: str | None
) -> Recorded | Rejection:
    (result,) = doors.record_all([event], account=account, merchant_id=merchant_id, read_text=doors.read_text)
    doors.on_arrival(Arrival(provider=provider, account=account, event=event, result=result))
    return result


def _confirmation(doors: ReceiptDoors, merchant_id: str, recorded: Recorded) -> str:
    """Return what to answer somebody who asked for something; nothing when the same call came before."""
    keyword = recorded.keyword
    if keyword is None:
        return ""
    is_first_help = keyword.kind is KeywordKind.HELP and recorded.verdict is RecordVerdict.NEW
    if not (recorded.is_confirmation_due or recorded.is_lifted or is_first_help):
        return ""
    return doors.confirmation_of(merchant_id, keyword.kind)


def _twiml(text: str) -> WebResponse:
    """Return the answer that makes Twilio send *text* to whoever wrote; empty: nothing."""
    words = escape(_NOT_XML.sub("", text), quote=False)
    message = f"<Message>{words}</Message>" if words.strip() else ""
    page = f'<?xml version="1.0" encoding="UTF-8"?>\n<Response>{message}</Response>\n'
    return make_response(200, "text/xml; charset=utf-8", page.encode())


def _unread(rejection: Rejection) -> WebResponse:
    return _refused(403 if rejection.field in _PROOFS else 400)


def _refused(status: int, *headers: tuple[str, str]) -> WebResponse:
    return make_response(status, PLAIN, b"", *headers)

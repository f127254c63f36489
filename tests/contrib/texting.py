"""A florist who texts: a kit with two merchants, its receipt doors, and calls signed as providers sign them."""

import base64
import contextlib
import hashlib
import hmac
from collections.abc import Iterator
from urllib.parse import urlencode

import attrs

import campaignkit as ck
from campaignkit.contrib.exchange import WebRequest, WebResponse
from campaignkit.contrib.receipts import Arrival, ReceiptDoors, receipt_doors
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.delivery.sms_receipts import sign_receipt_id
from campaignkit.ports import Store
from campaignkit.testing import FakeSms
from tests.contrib.conftest import FORM, NOW

TOKEN, OTHER_TOKEN, KEY = "the account's token", "the other shop's own", b"32 random bytes or more, kept safe"
PUBLIC = "https://shop.example/hooks"
ANN, BOB, CARL = "+12125550143", "+12125550199", "+12125550177"
OUR_NUMBER, UNKNOWN_NUMBER = "+12125550100", "+12125550111"


@attrs.define
class TextShop:
    """A shop that texts through one account beside another shop, which has an account of its own."""

    kit: ck.CampaignKit
    flora: ck.Merchant
    provider: FakeSms
    arrivals: list[Arrival]
    doors: ReceiptDoors

    def sent(self, *numbers: str) -> ck.Campaign:
        campaign = self.flora.create_campaign(
            name="Tulips",
            channel="sms",
            sender="texts",
            content=ck.SmsContent(text="Hi {{ customer.name }}"),
            kind="transactional",
        )
        people = [{"name": f"Guest {place}", "phone": number} for place, number in enumerate(numbers)]
        self.flora.add_recipients(campaign.id, [ck.parse_contact(one, region="US") for one in people])
        for place, number in enumerate(numbers, start=len(self.provider.sent) + 1):
            self.provider.script(number, accepted_as(f"SM{place}"))
        self.flora.schedule(campaign.id)
        self.kit.run()
        return campaign

    def reaches(self, number: str) -> bool:
        """Return whether a campaign to Bob and *number* reaches both."""
        return self.flora.counts(self.sent(BOB, number).id).by_status[ck.RecipientStatus.SENT] == 2

    def twilio(self, fields: dict[str, str], *, account: str = "texts", query: str = "", **said: str) -> WebResponse:
        """Call as Twilio does; *said* is what is different."""
        path = f"/twilio/{account}"
        url = f"{PUBLIC}{path}" + (f"?{query}" if query else "")
        request = WebRequest(
            method=said.get("method", "POST"),
            path=path,
            query=query,
            content_type=said.get("content_type", FORM),
            body=urlencode(fields).encode(),
            twilio_signature=said.get("signature", sign(url, fields, said.get("token", TOKEN))),
        )
        return self.doors.answer(request)

    def kannel(self, query: str, *, method: str = "GET") -> WebResponse:
        return self.doors.answer(WebRequest(method=method, path="/kannel/kannel", query=query))

    def writes(self, words: str, provider_id: str = "SM900", *, to: str = OUR_NUMBER, **said: str) -> WebResponse:
        """Let Ann write *words*."""
        return self.twilio(wrote(words, provider_id, to=to), **said)


def sign(url: str, fields: dict[str, str], token: str = TOKEN) -> str:
    words = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), words.encode(), hashlib.sha1).digest()).decode()


def accepted_as(provider_id: str) -> Outcome:
    return Outcome(message_id="", verdict=Verdict.ACCEPTED, provider_id=provider_id)


def reported(provider_id: str = "SM1", status: str = "delivered", **more: str) -> dict[str, str]:
    return {"MessageSid": provider_id, "MessageStatus": status, **more}


def wrote(words: str, provider_id: str, *, to: str = OUR_NUMBER) -> dict[str, str]:
    return {"MessageSid": provider_id, "SmsStatus": "received", "From": ANN, "To": to, "Body": words}


def kannel_query(message_id: str, kind: int = 1, *, key: bytes = KEY, at: str = "1777888999") -> str:
    named = urlencode({"id": message_id, "token": sign_receipt_id(message_id, key)})
    return f"{named}&type={kind}&at={at}&answer=&smsc=main"


def merchant_of(account: str, number: str) -> str | None:
    return {("texts", OUR_NUMBER): "flora"}.get((account, number))


@contextlib.contextmanager
def open_shop(store: Store) -> Iterator[TextShop]:
    arrivals, provider = list[Arrival](), FakeSms()
    with ck.CampaignKit(store=store, transports={"texts": provider}, clock=ck.FrozenClock(NOW)) as kit:
        flora = kit.merchant("flora", zone="America/New_York", region="US", pumping=False)
        kit.merchant("other", zone="America/New_York", region="US")
        flora.add_sender("texts", address="Flora", channel="sms")
        doors = receipt_doors(
            kit,
            public_url=PUBLIC,
            twilio={"texts": TOKEN, "others-own": [OTHER_TOKEN]},
            kannel={"kannel": KEY},
            owners={"others-own": "other"},
            merchant_of=merchant_of,
            on_arrival=arrivals.append,
        )
        yield TextShop(kit=kit, flora=flora, provider=provider, arrivals=arrivals, doors=doors)

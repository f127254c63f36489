"""The second half's scene: a pile of cards, a price list, two campaigns of texts, and the gateway that takes them."""

from datetime import datetime, time, timedelta
from pathlib import Path

import campaignkit as ck
from examples.spring_demo.shop import PROJECT, ZONE

CARDS = PROJECT / "examples" / "data" / "spring_texts.csv"

# The Monday on which the last mail left.
NOON = datetime(2027, 3, 15, 12, 0, tzinfo=ZONE)  # Ann reads the cards
START = datetime(2027, 3, 15, 13, 0, tzinfo=ZONE)
RECOVERY = datetime(2027, 3, 15, 13, 15, tzinfo=ZONE)  # a second worker takes over
PAYDAY = datetime(2027, 3, 15, 16, 30, tzinfo=ZONE)  # Ann buys more credit
EVENING = datetime(2027, 3, 15, 18, 0, tzinfo=ZONE)
END_OF_MARCH = datetime(2027, 4, 1, 0, 0, tzinfo=ZONE)

TULIPS_KEY, ORDERS_KEY = "tulips-2027", "orders-2027-03-15"
SENDER = "FLORA"
COUNTRIES = ("US", "DE", "AU")  # where Flora's texts may go; that nobody knows the price for Australia is a slip
PRICES = {"1": 1, "49": 4}  # credits for one part, by what a number begins with
A_MINUTE = ck.Limit(30, per=timedelta(minutes=1))  # what the gateway lets Flora send
VOUCHER_CREDITS, FIRST_CREDITS, SECOND_CREDITS = 20, 130, 120

# Typed where quotes curl by themselves.
DEAR_TEXT = (
    '{{ customer.first_name | default: "Hello" }}, Flora’s tulips are in 🌷 – the second bunch is on us until Easter. '
    "Show this text at the counter. Reply STOP to end."
)
ORDER_TEXT = '{{ customer.first_name | default: "Hello" }}, your bouquet is tied and waits at the counter. Flora'

GATEWAY_TABLE = {
    "format": "json",
    "headers": {"Authorization": "Bearer {secret.token}"},
    "fields": {"number": "{to}", "from": "{sender}", "text": "{text}"},
    "id": {"path": "id"},
    "error_at": {"path": "error.code"},
    "success": {"statuses": [200], "at": {"path": "state"}, "values": ["queued"]},
    "errors": [{"values": [301], "code": "number_unknown", "verdict": "refused", "scope": "recipient"}],
}


def open_text_kit(database: Path, clock: ck.FrozenClock, *, port: int | None = None) -> ck.CampaignKit:
    """Return a kit on *database* that knows what texts cost; without a port it can do everything but send."""
    transports: dict[str, ck.GatewayTransport] = {}
    if port is not None:
        # One text at a time, so that a crash leaves no more than one in doubt.
        transports["texts"] = ck.GatewayTransport(
            {"url": f"http://127.0.0.1:{port}/v1/send", **GATEWAY_TABLE},
            secrets={"token": "of this telling"},
            connections=1,
        )
    names = {"1": "North America", "49": "Germany"}
    prices = tuple(ck.Price(prefix, count, names[prefix]) for prefix, count in PRICES.items())
    table = ck.PriceTable(version="spring 2027", effective_from=datetime(2027, 1, 1, tzinfo=ZONE), prices=prices)
    return ck.CampaignKit(
        store=ck.SqlStore(f"sqlite:///{database}"),
        transports=transports,
        clock=clock,
        prices=ck.PriceBook((table,)),
        randomness=lambda: 0.5,
    )


def create_tulips(flora: ck.Merchant) -> ck.Campaign:
    """Return the draft of the texts to everybody, as it was typed."""
    return flora.create_campaign(
        name="The tulips are in",
        channel="sms",
        sender="texts",
        content=ck.SmsContent(text=DEAR_TEXT),
        window=ck.SendWindow(opens=time(9), closes=time(21), zone=ZONE.key),
        key=TULIPS_KEY,
    )


def create_orders(flora: ck.Merchant) -> ck.Campaign:
    """Return the draft of the texts to those whose bouquet is tied: transactional, so it goes first."""
    return flora.create_campaign(
        name="Your bouquet is tied",
        channel="sms",
        sender="texts",
        content=ck.SmsContent(text=ORDER_TEXT),
        kind="transactional",
        key=ORDERS_KEY,
    )


def find_texts(flora: ck.Merchant, key: str) -> ck.Campaign:
    """Return the campaign of this half with that key."""
    return next(campaign for campaign in flora.campaigns() if campaign.key == key)


def price_of(number: str) -> int | None:
    """Return what one part to *number* costs by the printed list, the longest prefix first; None: it says nothing.

    >>> price_of("+12125550143"), price_of("+4917139200020"), price_of("+61491570156")
    (1, 4, None)
    """
    for prefix in sorted(PRICES, key=len, reverse=True):
        if number.startswith(f"+{prefix}"):
            return PRICES[prefix]
    return None

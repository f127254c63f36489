"""Monday noon: cards are read, the text is made cheaper, the credit is found too small. A CSV in, a database out."""

from collections.abc import Iterator

import attrs

import campaignkit as ck
from campaignkit.errors import NotReady
from examples.spring_demo.children import StoryFailed
from examples.spring_demo.preparation import tell_reasons
from examples.spring_demo.shop import Places, local
from examples.spring_demo.texts.scene import (
    A_MINUTE,
    CARDS,
    COUNTRIES,
    DEAR_TEXT,
    END_OF_MARCH,
    FIRST_CREDITS,
    NOON,
    SENDER,
    START,
    VOUCHER_CREDITS,
    create_orders,
    create_tulips,
    open_text_kit,
)
from examples.spring_demo.voice import Voice

__all__ = ["Prepared", "prepare_texts"]

PAGE = 500
NAMES_MAX = 5
REASONS = {
    "consent_denied": "said no to texts",
    "consent_unknown": "never said whether texts are welcome; for texts that is a no",
    "duplicate": "filled in a card before",
    "malformed": "have a number that cannot be one",
    "not_textable": "have a landline, or a number of some service",
    "no_address": "have no number at all",
    "wrong_country": "have a number that looks like next door, and is another country's",
    "ambiguous": "have two numbers in one cell",
    "blank_row": "are empty",
}


@attrs.frozen
class Prepared:
    """Both campaigns are ready to go."""

    orders_count: int
    tulips_count: int
    abroad_row: int  # of a number that looks like next door


def prepare_texts(places: Places, voice: Voice) -> Prepared:
    """Return how many are to get a text; all else that is known lies in the database."""
    with open_text_kit(places.database, ck.FrozenClock(NOON)) as kit:
        flora = kit.merchant("flora", text_regions=COUNTRIES, actor=ck.Actor("ann", email="ann@flora.example"))
        flora.add_sender("texts", address=SENDER, channel="sms", limits=[A_MINUTE])
        tulips = create_tulips(flora)
        tulips_count = _add_cards(flora, tulips.id, voice)
        _make_cheaper(flora, tulips.id, voice)
        orders_count = _schedule(flora, tulips.id, voice)
        abroad_row = _find_abroad(flora, tulips.id)
    return Prepared(orders_count, tulips_count, abroad_row)


def _add_cards(flora: ck.Merchant, tulips_id: str, voice: Voice) -> int:
    voice.act("9. Monday noon: a pile of cards with numbers for texts")
    flora.add_recipients(tulips_id, ck.read_contacts(CARDS, region="US"))
    counts = flora.counts(tulips_id)
    voice.say(f"{counts.rows:,} rows in {CARDS.name}")
    voice.say(f"{counts.recipients:,} people may get the text", "bold")
    voice.say(f"{sum(counts.exclusions.values()):,} rows are left out:")
    tell_reasons(counts.exclusions, REASONS, voice)
    voice.say(f"{sum(counts.rejections.values()):,} rows are no cards:")
    tell_reasons(counts.rejections, REASONS, voice)
    return counts.recipients


def _find_abroad(flora: ck.Merchant, tulips_id: str) -> int:
    for row in flora.exclusions(tulips_id, limit=PAGE):
        if row.reason == "wrong_country" and row.row_number is not None:
            return row.row_number
    raise StoryFailed("nobody's number is of another country")


def _make_cheaper(flora: ck.Merchant, tulips_id: str, voice: Voice) -> None:
    """Tell why every text costs double, and write it so that most do not."""
    voice.act("10. One tulip makes every text cost double")
    _show_one(flora, tulips_id, voice)
    _tell_estimate(flora, tulips_id, voice)
    done = ck.transliterate_template(DEAR_TEXT)
    spellings = ", ".join(f"{one.found} as {one.spelling}" for one in done.replacements)
    left = " ".join(one.found for one in done.left)
    voice.say(f"Some may be spelt otherwise: {spellings}. For {left} there is no spelling; Ann takes it out.")
    flora.update_campaign(tulips_id, content=ck.SmsContent(text=done.text.replace(f" {left}", "")))
    _show_one(flora, tulips_id, voice)
    _tell_estimate(flora, tulips_id, voice)
    _tell_dear_names(flora, tulips_id, voice)


def _show_one(flora: ck.Merchant, tulips_id: str, voice: Voice) -> None:
    shown = flora.preview(tulips_id)
    if shown.text is None or not isinstance(shown.message, ck.OutboundText):
        raise StoryFailed("the preview of a text shows none")
    count = shown.text.count
    voice.say(f"“{shown.message.text}”")
    cause = f", because of {' '.join(count.costly_characters)}" if count.costly_characters else ""
    voice.say(f"   {count.encoding.upper()}, {count.units} units: {_counted(count.parts, 'part')}{cause}", "yellow")


def _tell_estimate(flora: ck.Merchant, tulips_id: str, voice: Voice) -> None:
    need = flora.credits.estimate(tulips_id)
    voice.say(f"All of them: {_counted(need.parts, 'part')}, {need.credits} credits", "bold")
    for country in need.by_country:
        price = country.credits // country.parts
        told = f"{country.country}: {_counted(country.parts, 'part')} at {_counted(price, 'credit')}"
        voice.say(f"{country.recipients:>6}  to {told} = {country.credits}")
    for refused in need.refused:
        voice.say(f"{refused.count:>6}  get none: {refused.message} ({', '.join(refused.samples)})")


def _tell_dear_names(flora: ck.Merchant, tulips_id: str, voice: Voice) -> None:
    """Tell whose text still takes more parts: it is filled in before it is counted."""
    names: dict[str, None] = {}
    letters: dict[str, None] = {}
    dear_count = 0
    for row in _recipients(flora, tulips_id):
        if ck.count_parts(row.fields.get("first_name", "")).encoding is ck.SmsEncoding.GSM7:
            continue
        shown = flora.preview(tulips_id, row.recipient_id)
        if shown.text is not None and shown.text.count.parts > 1:
            dear_count += 1
            letters.update(dict.fromkeys(shown.text.count.costly_characters))
            names[str(shown.values["customer.first_name"])] = None
    told = ", ".join(list(names)[:NAMES_MAX])
    voice.say(f"{dear_count} people still cost two parts: {told} … have {' '.join(letters)} in their names.", "yellow")
    voice.say("Nobody likes to be misspelt, so they keep their letters.")


def _recipients(flora: ck.Merchant, campaign_id: str) -> Iterator[ck.CampaignRecipient]:
    after: str | None = None
    while page := flora.recipients(campaign_id, after=after, limit=PAGE):
        yield from page
        after = page[-1].recipient_id


def _schedule(flora: ck.Merchant, tulips_id: str, voice: Voice) -> int:
    """Schedule both campaigns, and return how many bouquets are tied."""
    voice.act("11. The credit does not pay for all")
    flora.credits.grant(VOUCHER_CREDITS, key="voucher", expires_at=END_OF_MARCH, note="a present of the provider")
    flora.credits.grant(FIRST_CREDITS, key="invoice-7")
    voice.say(
        f"Flora has {FIRST_CREDITS} credits by invoice 7, and a voucher of {VOUCHER_CREDITS} that expires in March."
    )
    orders = create_orders(flora)
    flora.add_recipients(orders.id, ck.read_contacts(CARDS, region="US"), where=ck.Equals("order", "ready"))
    _tell_refusal(flora, tulips_id, voice)
    flora.update_campaign(tulips_id, partial=True)
    scheduled = flora.schedule(tulips_id, start_at=START)
    voice.say(f"Ann sends as far as it reaches (partial=True). It is {scheduled.status} for {local(START)}.", "green")
    orders_count = flora.counts(orders.id).recipients
    flora.schedule(orders.id, start_at=START)
    voice.say(
        f"And {orders_count} bouquets are tied. Those texts are scheduled last, and go first: they were asked for."
    )
    return orders_count


def _tell_refusal(flora: ck.Merchant, tulips_id: str, voice: Voice) -> None:
    try:
        flora.schedule(tulips_id, start_at=START)
    except NotReady as refused:
        voice.say(f"Refused: {', '.join(refused.blockers)}", "red")
    else:
        raise StoryFailed("texts were scheduled that nobody has paid for")
    for blocker in flora.preflight(tulips_id).blockers:
        voice.say(f"{blocker.message} {blocker.remedy}")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

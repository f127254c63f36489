"""Pause and cancel take effect within one wave, and nobody waits long behind a large campaign."""

from collections.abc import Callable
from datetime import timedelta

import attrs
import pytest

from campaignkit.message.outbound import OutboundEmail
from campaignkit.stores import MemoryStore
from campaignkit.testing import FakeEmail
from campaignkit.testing.faults import FaultyStore
from tests.dispatch.mail_hosts import MailShop, mail_shop
from tests.dispatch.scenes import CONTENT, FRIDAY, ZONE, contacts, make_scene

CONNECTIONS = 8
TOMORROW = FRIDAY + timedelta(days=1)


@attrs.define
class AtBegin:
    """Does something just before the store is asked for leave the n-th time."""

    turn: int
    act: Callable[[], object] = lambda: None
    count: int = 0

    def __call__(self, name: str, /) -> None:
        self.count += name == "begin.before"
        if self.count == self.turn and name == "begin.before":
            self.act()


def call_off(shop: MailShop, how: str) -> object:
    verb = shop.scene.shop.pause if how == "pause" else shop.scene.shop.cancel
    return verb(shop.campaign_id)


@pytest.mark.parametrize("how", ["pause", "cancel"])
@pytest.mark.parametrize("wave", [1, 3])
def test_what_is_called_off_amid_a_batch_begins_no_wave_and_bothers_the_host_no_more(how: str, wave: int) -> None:
    at_begin = AtBegin(wave)
    to = [f"c{number:02}@example.com" for number in range(100)]
    with mail_shop({}, to, connections=CONNECTIONS, store=FaultyStore(MemoryStore(), at_begin)) as shop:
        at_begin.act = lambda: call_off(shop, how)
        shop.run()
        sent = (wave - 1) * CONNECTIONS
        envelopes = sum(command.startswith("MAIL") for command in shop.server.commands)
        rest = "pending" if how == "pause" else "cancelled"

        assert at_begin.count == wave  # it is not even asked again
        assert len(shop.server.accepted) == sent
        assert sent + CONNECTIONS <= envelopes <= sent + 2 * CONNECTIONS  # the wave, and what was pipelined with it
        assert shop.statuses() == {key: n for key, n in (("sent", sent), (rest, 100 - sent)) if n}
        if how == "pause":
            shop.resume()
            shop.run()
            assert shop.statuses() == {"sent": 100}
            assert len(shop.server.accepted) == 100


def test_a_campaign_that_is_edited_amid_a_batch_goes_on_with_the_edit_at_once() -> None:
    at_begin = AtBegin(2)
    to = [f"c{number:02}@example.com" for number in range(40)]
    with mail_shop({}, to, connections=CONNECTIONS, store=FaultyStore(MemoryStore(), at_begin)) as shop:
        at_begin.act = lambda: shop.scene.shop.update_campaign(
            shop.campaign_id, deadline=FRIDAY + FRIDAY.resolution * 9
        )
        shop.run()

        assert shop.statuses() == {"sent": 40}
        assert shop.scene.clock.now() == FRIDAY


def test_twenty_small_shops_do_not_wait_for_thousands_of_another() -> None:
    fake = FakeEmail(connections=CONNECTIONS)
    scene = make_scene(MemoryStore(), fake, recipients=5000)  # with 100,000 it is the same, and takes longer to add
    shops = [scene.kit.merchant(f"small{number:02}", zone=ZONE, region="PL") for number in range(20)]
    for shop in shops:
        shop.add_sender("main", address="Shop <hello@small.example>", limits=[])
        campaign = shop.create_campaign(name="Small", sender="main", content=CONTENT)
        shop.add_recipients(campaign.id, contacts(10))
        shop.schedule(campaign.id)
    scene.kit.tick(max_messages=600)
    froms = [message.envelope_from for message in fake.sent if isinstance(message, OutboundEmail)]
    places = [place for place, address in enumerate(froms) if address == "hello@small.example"]

    assert len(places) == 20 * 10
    assert places[-1] < 100 + 20 * 10  # behind one batch of the large one and each other

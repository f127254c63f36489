"""From a mail as it was sent to what its links do: every link of one real mail, followed."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

import campaignkit as ck
from campaignkit.contrib.exchange import WebRequest, WebResponse
from campaignkit.contrib.web import LinkEvent, link_doors
from campaignkit.message.outbound import OutboundEmail
from campaignkit.testing import FakeEmail
from tests.contrib.conftest import FORM, NOW, ONE_CLICK, SETTINGS, contact

CONTENT = ck.EmailContent(
    subject="Tulips",
    text="They are in. Leave: {{ link.unsubscribe }}",
    html='<a href="https://flora.example/tulips?a=1&amp;b=2">Tulips</a> <a href="{{ link.unsubscribe }}">Leave</a>',
)


@pytest.fixture
def sent() -> Iterator[tuple[ck.CampaignKit, ck.Merchant, list[EmailMessage]]]:
    mail = FakeEmail()
    with ck.CampaignKit(
        store=ck.MemoryStore(), transports={"main": mail}, clock=ck.FrozenClock(NOW), links=SETTINGS
    ) as kit:
        flora = kit.merchant("flora", zone="America/New_York", region="US")
        flora.add_sender("main", address="Flora <hello@flora.example>", limits=[])
        campaign = flora.create_campaign(
            name="Spring", sender="main", content=CONTENT, track_clicks=True, track_opens=True
        )
        flora.add_recipients(campaign.id, [contact(number) for number in range(2)])
        flora.schedule(campaign.id)
        kit.run()
        outbound = [one for one in mail.sent if isinstance(one, OutboundEmail)]
        yield kit, flora, [message_from_bytes(one.content, EmailMessage, policy=policy.default) for one in outbound]


def asked(kit: ck.CampaignKit, events: list[LinkEvent], method: str, url: str, body: bytes = b"") -> WebResponse:
    assert url.startswith("https://shop.example/m/")
    request = WebRequest(method=method, path=url.removeprefix("https://shop.example"), body=body, content_type=FORM)
    return link_doors(kit, on_event=events.append).answer(request)


def html_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def test_each_link_of_a_mail_does_what_it_says(sent: tuple[ck.CampaignKit, ck.Merchant, list[EmailMessage]]):
    kit, flora, mails = sent
    events: list[LinkEvent] = []
    click, leave = re.findall(r'<a href="([^"]+)"', html_of(mails[0]))
    (picture,) = re.findall(r'<img src="([^"]+)"', html_of(mails[0]))

    led = asked(kit, events, "GET", click)
    assert (led.status, dict(led.headers)["Location"]) == (302, "https://flora.example/tulips?a=1&b=2")
    assert asked(kit, events, "GET", picture).status == 200
    assert asked(kit, events, "GET", leave).status == 200
    assert asked(kit, events, "POST", leave, ONE_CLICK).status == 200

    assert [str(event.kind) for event in events] == ["clicked", "opened", "unsubscribed"]
    assert len({event.recipient_id for event in events}) == 1
    (campaign,) = flora.campaigns()
    later = flora.copy(campaign.id)
    added = flora.add_recipients(later.id, [contact(number) for number in range(2)])
    assert (added.added, added.excluded) == (1, 1)


def test_one_click_is_the_first_address_of_the_header(
    sent: tuple[ck.CampaignKit, ck.Merchant, list[EmailMessage]],
):
    kit, _, mails = sent
    url = re.match(r"<(https:[^>]+)>, <mailto:[^>]+>$", str(mails[0]["List-Unsubscribe"]).replace("\n", ""))
    assert url is not None
    assert mails[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    assert asked(kit, [], "POST", url[1], ONE_CLICK).status == 200
    done = kit.unsubscribe(url[1].rpartition("/")[2])
    assert isinstance(done, ck.Unsubscribed)
    assert not done.is_new


def test_no_two_people_have_one_link_in_common(sent: tuple[ck.CampaignKit, ck.Merchant, list[EmailMessage]]):
    _, _, (one, other) = sent
    links = [set(re.findall(r'"(https://shop\.example/[^"]+)"', html_of(mail))) for mail in (one, other)]

    assert [len(each) for each in links] == [3, 3]
    assert not links[0] & links[1]

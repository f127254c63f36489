"""What stands in a mail: URLs and return paths; what a campaign's links cost is made once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.addresses.channel import Rejection
from campaignkit.message.compiled import compile_content
from campaignkit.message.content import EmailContent
from campaignkit.message.headers import wire_address
from campaignkit.message.links import (
    CampaignLinks,
    LinkSettings,
    TokenClaims,
    bounce_address,
    click_url,
    link_names,
    open_url,
    read_bounce_address,
    read_token,
    unsubscribe_url,
)

SETTINGS = LinkSettings(base_url="https://shop.example/m", keys={"k1": bytes(range(32))})
RECIPIENT = "019b2c3d4e5f00000007a1b2c3d4e5f6"
CAMPAIGN = "019b2c3d4e5f00000001a1b2c3d4e5f6"
MAKERS = {"unsubscribe": (unsubscribe_url, "u"), "click": (click_url, "c"), "open": (open_url, "o")}


def claims_for(purpose: str, merchant_id: str = "flora", recipient_id: str = RECIPIENT) -> TokenClaims:
    return TokenClaims(
        purpose=purpose,
        merchant_id=merchant_id,
        campaign_id="" if purpose == "bounce" else CAMPAIGN,
        recipient_id=recipient_id,
        target=2 if purpose == "click" else None,
    )


def links(**changes: object) -> CampaignLinks:
    said = {"settings": SETTINGS, "merchant_id": "flora", "campaign_id": CAMPAIGN, **changes}
    return CampaignLinks(**said)  # type: ignore[arg-type]


@pytest.mark.parametrize("purpose", MAKERS)
def test_a_url_is_the_base_a_folder_and_the_token(purpose):
    make, folder = MAKERS[purpose]
    url = make(SETTINGS, claims_for(purpose))
    start, _, token = url.rpartition("/")

    assert start == f"https://shop.example/m/{folder}"
    assert read_token(SETTINGS, token, purpose=purpose) == claims_for(purpose)
    assert len(url) <= 100


@pytest.mark.parametrize("purpose", MAKERS)
def test_claims_for_something_else_make_no_url(purpose):
    make, _ = MAKERS[purpose]

    for other in {*MAKERS, "bounce"} - {purpose}:
        with pytest.raises(ValueError, match=f"for {other}, not for {purpose}"):
            make(SETTINGS, claims_for(other))


# Return paths.


def test_72_a_bounce_says_whose_it_is():
    address = bounce_address(SETTINGS, domain="bounces.shop.example", claims=claims_for("bounce"))
    assert isinstance(address, str)

    assert read_bounce_address(SETTINGS, address) == claims_for("bounce")
    assert wire_address(address) == address


@pytest.mark.parametrize("spell", [str.upper, str.title, str.swapcase, lambda one: f"<{one}>"])
def test_a_return_path_survives_folded_case_and_brackets(spell):
    address = bounce_address(SETTINGS, domain="bounces.shop.example", claims=claims_for("bounce"))
    assert isinstance(address, str)

    assert read_bounce_address(SETTINGS, spell(address)) == claims_for("bounce")


@pytest.mark.parametrize(
    "merchant_id",
    ["1", "flora", "fifteen-letters", "7d4f3c52-0c4d-4a69-9c3e-3f1b6f0e1a2b", "7d4f3c520c4d4a699c3e3f1b6f0e1a2b"],
)
@pytest.mark.parametrize("generation", [1, 3])
def test_every_usual_merchant_fits_into_64_octets(merchant_id, generation):
    claims = TokenClaims(purpose="bounce", merchant_id=merchant_id, recipient_id=RECIPIENT, generation=generation)
    address = bounce_address(SETTINGS, domain="bounces.shop.example", claims=claims)
    assert isinstance(address, str)

    assert len(address.partition("@")[0]) <= 64
    assert read_bounce_address(SETTINGS, address) == claims


def test_ids_that_leave_no_room_have_no_return_path():
    too_long = claims_for("bounce", merchant_id="sixteen-letters!")
    answer = bounce_address(SETTINGS, domain="bounces.shop.example", claims=too_long)

    assert isinstance(answer, Rejection)
    assert (answer.code, answer.field) == ("too_long", "bounce_address")
    assert links(merchant_id="sixteen-letters!", bounce_domain="b.example").bounce_address(RECIPIENT) is None


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("", "token_malformed"),
        ("b+@bounces.shop.example", "token_malformed"),
        ("ann@example.com", "token_malformed"),
        ("ann+tag@example.com", "token_malformed"),
        ("b+tag@example.com", "token_malformed"),
        (f"b+{'a' * 56}@example.com", "token_unknown_key"),
        (f"b+{'a' * 63}@example.com", "token_malformed"),
        (f"b+{'0' * 56}@example.com", "token_malformed"),
        ("b+ąę@example.com", "token_malformed"),
        ("b+" + "a" * 1_000_000, "token_malformed"),
        ("b+aaaa@x\nTo: y@z", "token_malformed"),
    ],
)
def test_72_what_is_no_return_path_of_ours_is_refused(address, code):
    answer = read_bounce_address(SETTINGS, address)

    assert isinstance(answer, Rejection)
    assert answer.code == code


def test_72_a_bounce_for_a_victim_cannot_be_forged():
    """One bit anywhere, and it is nobody's bounce."""
    address = bounce_address(SETTINGS, domain="bounces.shop.example", claims=claims_for("bounce"))
    assert isinstance(address, str)
    local, _, domain = address.partition("@")

    for place in range(2, len(local)):
        for letter in "abcdefghijklmnopqrstuvwxyz234567".replace(local[place], ""):
            changed = f"{local[:place]}{letter}{local[place + 1 :]}@{domain}"
            assert isinstance(read_bounce_address(SETTINGS, changed), Rejection)


@pytest.mark.parametrize(
    "domain", ["", "localhost", "Shop.example", "a..b", "shop.example\n", "żółw.example", "x" * 300]
)
def test_a_domain_for_bounces_is_one(domain):
    with pytest.raises(ValueError, match="domain for bounces"):
        bounce_address(SETTINGS, domain=domain, claims=claims_for("bounce"))
    with pytest.raises(ValueError, match="domain for bounces"):
        links(bounce_domain=domain)


# All links of one campaign.


@given(st.text("0123456789abcdef-x", min_size=1, max_size=40), st.integers(1, 9))
def test_what_is_made_once_per_campaign_gives_the_same_urls(recipient_id, generation):
    made = links(names=("unsubscribe", "open", "click_2"), target_count=2, bounce_domain="b.example").values(
        recipient_id, generation
    )
    expected = {
        name: make(
            SETTINGS,
            TokenClaims(
                purpose=name.partition("_")[0],
                merchant_id="flora",
                campaign_id=CAMPAIGN,
                recipient_id=recipient_id,
                generation=generation,
                target=2 if name == "click_2" else None,
            ),
        )
        for name, make in (("unsubscribe", unsubscribe_url), ("open", open_url), ("click_2", click_url))
    }

    assert made == expected


def test_headers_and_return_path_come_from_the_same_place():
    made = links(bounce_domain="bounces.shop.example")

    assert made.unsubscribe_url(RECIPIENT) == unsubscribe_url(SETTINGS, claims_for("unsubscribe"))
    assert made.bounce_address(RECIPIENT) == bounce_address(
        SETTINGS, domain="bounces.shop.example", claims=claims_for("bounce")
    )
    assert links().bounce_address(RECIPIENT) is None
    assert links().values(RECIPIENT) == {}


def test_names_that_nothing_stands_for_are_left_out():
    made = links(names=("click_1", "click_3", "click_0", "clicks", "unsubscribe"), target_count=2)

    assert set(made.values(RECIPIENT)) == {"click_1", "unsubscribe"}


def test_a_mail_asks_for_its_links_by_name():
    content = EmailContent(
        subject="{{ customer.name }}",
        text="Leave: {{ link.unsubscribe }}",
        html='<a href="{{ link.click_1 }}">a</a><a href="{{ link.click_1 }}">b</a>{{ link.open }}',
    )
    compiled = compile_content(content)
    names = link_names(compiled.placeholders)
    made = links(names=names, target_count=1).values(RECIPIENT)
    rendered = compiled.render({"link": made, "customer": {"name": "Ann"}})

    assert names == ("click_1", "open", "unsubscribe")
    assert rendered.text == f"Leave: {made['unsubscribe']}"
    assert rendered.html is not None
    assert rendered.html.count(made["click_1"]) == 2


@pytest.mark.parametrize("changes", [{"merchant_id": ""}, {"campaign_id": ""}, {"merchant_id": "x" * 10_000}])
def test_82_ids_that_no_token_can_carry_are_refused_once(changes):
    with pytest.raises(ValueError, match="_id must have"):
        links(**changes)

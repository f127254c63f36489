"""What links answer: scanners change nothing, one POST unsubscribes, clicks lead to stored links only."""

import re
from datetime import timedelta
from typing import Any

import attrs
import pytest

import campaignkit as ck
from campaignkit.contrib.exchange import WebRequest
from campaignkit.contrib.texts import page_texts
from campaignkit.contrib.web import LinkEventKind, link_doors
from tests.contrib.conftest import NOW, ONE_CLICK, SETTINGS, Florist

MULTIPART = "multipart/form-data; boundary=xYz"


def multipart(name: str = "List-Unsubscribe", value: str = "One-Click", end: str = "\r\n") -> bytes:
    lines = ("--xYz", f'Content-Disposition: form-data; name="{name}"', "", value, "--xYz--", "")
    return end.join(lines).encode()


# Bad input 70.


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_70_a_scanner_that_opens_the_link_changes_nothing(florist: Florist, method: str):
    for _ in range(3):
        response = florist.ask(method, florist.path("unsubscribe"))
        assert response.status == 200

    assert florist.statuses == ["pending"] * 3
    assert florist.events == []


def test_70_one_click_works_without_cookies(florist: Florist):
    response = florist.ask("POST", florist.path("unsubscribe", 1), ONE_CLICK)

    assert response.status == 200
    assert florist.statuses == ["pending", "skipped", "pending"]
    assert not any(name.lower() == "set-cookie" for name, _ in response.headers)
    assert not any(name.lower() == "location" for name, _ in response.headers)
    (event,) = florist.events
    assert (event.kind, event.recipient_id, event.at) == (
        LinkEventKind.UNSUBSCRIBED,
        florist.recipient_ids[1],
        NOW + timedelta(minutes=1),
    )


def test_a_second_click_is_harmless(florist: Florist):
    path = florist.path("unsubscribe")
    first, second = (florist.ask("POST", path, ONE_CLICK) for _ in range(2))

    assert first == second
    assert len(florist.events) == 1


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", ONE_CLICK),
        ("application/x-www-form-urlencoded; charset=utf-8", ONE_CLICK + b"\r\n"),
        ("", ONE_CLICK),
        ("text/plain", ONE_CLICK),
        ("application/x-www-form-urlencoded", b"a=b&List-Unsubscribe=One-Click"),
        (MULTIPART, multipart()),
        (MULTIPART, multipart(end="\n")),
        ('multipart/form-data; charset=utf-8; boundary="xYz"', multipart()),
        ("Multipart/Form-Data;boundary=xYz", multipart()),
    ],
)
def test_70_both_kinds_of_forms_are_understood(florist: Florist, content_type: str, body: bytes):
    assert florist.ask("POST", florist.path("unsubscribe"), body, content_type).status == 200
    assert florist.statuses[0] == "skipped"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b""),
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=Yes"),
        ("application/x-www-form-urlencoded", b"x=List-Unsubscribe=One-Click"),
        ("application/x-www-form-urlencoded", b"\xff\xfe" * 100),
        ("application/x-www-form-urlencoded", b"a=b&" * 10_000 + ONE_CLICK),
        ("application/json", b'{"List-Unsubscribe": "One-Click"}'),
        (MULTIPART, ONE_CLICK),
        (MULTIPART, multipart(name="Other")),
        (MULTIPART, multipart(value="No")),
        (MULTIPART, b"--xYz" * 10_000),
        ("multipart/form-data", multipart()),
        (f"multipart/form-data; boundary={'x' * 100_000}", multipart()),
        ('multipart/form-data; boundary="', multipart()),
    ],
)
def test_a_post_that_does_not_say_so_unsubscribes_nobody(florist: Florist, content_type: str, body: bytes):
    assert florist.ask("POST", florist.path("unsubscribe"), body, content_type).status == 400
    assert florist.statuses == ["pending"] * 3


def test_the_page_has_a_button_that_posts_what_one_click_does(florist: Florist):
    page = florist.ask("GET", florist.path("unsubscribe")).body.decode()
    field = re.search(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', page)
    assert field is not None

    assert '<form method="post">' in page
    assert florist.ask("POST", florist.path("unsubscribe"), f"{field[1]}={field[2]}".encode()).status == 200
    assert florist.statuses[0] == "skipped"


@pytest.mark.parametrize(
    ("language", "asked", "done"),
    [
        ("en", "Do you want to get no more of these messages?", "You are unsubscribed"),
        ("pl", "Czy chcesz przestać otrzymywać te wiadomości?", "Gotowe, wypisano"),
        ("pl-PL", "Rezygnuję", "Nie wyślemy więcej"),
        ("xx", "Unsubscribe", "You will get no more"),
    ],
)
def test_pages_speak_the_merchants_language(florist: Florist, language: str, asked: str, done: str):
    florist.doors = attrs.evolve(florist.doors, language_of=lambda _merchant_id: language)
    path = florist.path("unsubscribe")

    page = florist.ask("GET", path).body.decode()
    assert asked in page
    assert f'<html lang="{"pl" if language.startswith("pl") else "en"}">' in page
    assert done in florist.ask("POST", path, ONE_CLICK).body.decode()


def test_the_shops_name_is_escaped(florist: Florist):
    florist.doors = attrs.evolve(florist.doors, name_of=lambda _merchant_id: '<b>Flora & "Söhne"</b>{shop}')
    for method, body in (("GET", b""), ("POST", ONE_CLICK)):
        page = florist.ask(method, florist.path("unsubscribe"), body).body.decode()
        assert "<b>" not in page
        assert "&lt;b&gt;Flora &amp; &quot;Söhne&quot;" in page


def test_nothing_that_came_in_is_shown(florist: Florist):
    for path in ("/u/<script>alert(1)</script>", "/<script>", "/u/%3Cscript%3E", "/c/<img>", "/u/\x00\n"):
        for method in ("GET", "POST", "DELETE", "<b>"):
            response = florist.ask(method, path, b"<script>=<script>", "<script>")
            assert b"script" not in response.body
            assert b"<b>" not in response.body


@pytest.mark.parametrize("change", [{"recipient_id": "nobody"}, {"campaign_id": "other"}, {"merchant_id": "other"}])
def test_a_link_that_belongs_to_nobody_says_no_more(florist: Florist, change: dict[str, Any]):
    response = florist.ask("POST", florist.path("unsubscribe", **change), ONE_CLICK)
    unreadable = florist.ask("POST", "/u/xxxx", ONE_CLICK)

    assert response == unreadable
    assert response.status == 404
    assert florist.statuses == ["pending"] * 3


# Clicks: bad input 68.


def test_a_click_leads_to_the_stored_link(florist: Florist):
    response = florist.ask("GET", florist.path("click", 2))

    assert response.status == 302
    assert dict(response.headers)["Location"] == "https://shop.example/sale?a=1&b=2"
    (event,) = florist.events
    assert (event.kind, event.target, event.url, event.user_agent, event.recipient_id) == (
        LinkEventKind.CLICKED,
        1,
        "https://shop.example/sale?a=1&b=2",
        "Test/1.0",
        florist.recipient_ids[2],
    )


def test_a_head_of_a_click_leads_there_too_and_is_no_click(florist: Florist):
    response = florist.ask("HEAD", florist.path("click"))

    assert (response.status, dict(response.headers)["Location"]) == (302, "https://shop.example/sale?a=1&b=2")
    assert florist.events == []


@pytest.mark.parametrize("target", [2, 3, 4, 5, 65_535])
def test_68_what_is_stored_and_dangerous_or_not_stored_leads_nowhere(florist: Florist, target: int):
    response = florist.ask("GET", florist.path("click", target=target))

    assert response.status == 404
    assert "Location" not in dict(response.headers)
    assert florist.events == []


@pytest.mark.parametrize(
    "ending",
    ["?u=//evil", "?u=https://good@evil", "//evil", "/\\evil", "\\evil", "%2F%2Fevil", "@evil", "\r\nLocation: x"],
)
def test_68_nothing_behind_a_token_leads_elsewhere(florist: Florist, ending: str):
    response = florist.ask("GET", florist.path("click") + ending)

    assert response.status == 404
    assert "Location" not in dict(response.headers)


# Openings.


def test_a_picture_shows_that_a_mail_was_opened(florist: Florist):
    response = florist.ask("GET", florist.path("open"))

    assert (response.status, dict(response.headers)["Content-Type"]) == (200, "image/gif")
    assert response.body.startswith(b"GIF89a\x01\x00\x01\x00")
    assert response.body.endswith(b"\x3b")
    assert [event.kind for event in florist.events] == [LinkEventKind.OPENED]


def test_a_picture_of_nobody_is_a_picture_all_the_same(florist: Florist):
    response = florist.ask("GET", "/o/xxxx")

    assert (response.status, dict(response.headers)["Content-Type"]) == (404, "image/gif")
    assert florist.ask("HEAD", florist.path("open")).body == b""
    assert florist.events == []


# All of them.


@pytest.mark.parametrize(
    ("method", "purpose", "allowed"),
    [
        ("PUT", "unsubscribe", "GET, HEAD, POST"),
        ("get", "unsubscribe", "GET, HEAD, POST"),
        ("OPTIONS", "click", "GET, HEAD"),
        ("POST", "click", "GET, HEAD"),
        ("POST", "open", "GET, HEAD"),
    ],
)
def test_other_methods_are_refused(florist: Florist, method: str, purpose: str, allowed: str):
    response = florist.ask(method, florist.path(purpose), ONE_CLICK)

    assert (response.status, dict(response.headers)["Allow"]) == (405, allowed)
    assert florist.statuses == ["pending"] * 3
    assert florist.events == []


@pytest.mark.parametrize("made_for", ["unsubscribe", "click", "open"])
@pytest.mark.parametrize("folder", ["u", "c", "o"])
def test_69_a_link_serves_its_own_purpose_only(florist: Florist, made_for: str, folder: str):
    token = florist.path(made_for).rpartition("/")[2]
    is_own = made_for[0] == folder
    method, body = ("POST", ONE_CLICK) if folder == "u" else ("GET", b"")

    assert florist.ask(method, f"/{folder}/{token}", body).status in ({200, 302} if is_own else {404})


@pytest.mark.parametrize("path", ["", "/", "/u", "/u/", "/x/abc", "/u/a/b", "/m", f"/u/{'x' * 2_000_000}", "u/abc"])
def test_other_paths_are_not_found(florist: Florist, path: str):
    assert florist.ask("GET", path).status == 404


def test_the_path_of_the_base_may_stand_before_a_link(florist: Florist):
    assert florist.ask("GET", f"/m{florist.path('unsubscribe')}").status == 200
    assert florist.ask("GET", f"{florist.path('unsubscribe')}/").status == 200
    assert florist.ask("GET", f"/m/m{florist.path('unsubscribe')}").status == 404


@pytest.mark.parametrize("base", ["https://shop.example/u", "https://shop.example/u/u"])
def test_a_base_that_looks_like_a_folder_of_links_is_no_trouble(florist: Florist, base: str):
    florist.doors = attrs.evolve(florist.doors, settings=attrs.evolve(SETTINGS, base_url=base))
    path = florist.path("unsubscribe")

    assert florist.ask("GET", path).status == 200
    assert florist.ask("GET", base.removeprefix("https://shop.example") + path).status == 200


def test_every_answer_is_kept_by_nobody_and_framed_by_nobody(florist: Florist):
    for method, path in (
        ("GET", florist.path("unsubscribe")),
        ("GET", florist.path("click")),
        ("GET", florist.path("open")),
        ("HEAD", florist.path("unsubscribe")),
        ("DELETE", florist.path("unsubscribe")),
        ("GET", "/nothing"),
    ):
        response = florist.ask(method, path)
        headers = dict(response.headers)
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert method == "HEAD" or int(headers["Content-Length"]) == len(response.body)
        assert len(headers) == len(response.headers)


def test_an_event_keeps_little_of_what_a_program_says_of_itself(florist: Florist):
    request = WebRequest(method="GET", path=florist.path("open"), user_agent="x" * 10_000, remote_address="192.0.2.7")
    florist.doors.answer(request)

    assert len(florist.events[0].user_agent) == 300
    assert florist.events[0].remote_address == "192.0.2.7"
    assert "192.0.2.7" not in repr(florist.events[0])


def test_what_the_hosts_function_raises_goes_through(florist: Florist):
    def on_event(_event: object) -> None:
        raise ConnectionError("queue is down")

    florist.doors = attrs.evolve(florist.doors, on_event=on_event)

    with pytest.raises(ConnectionError, match="queue is down"):
        florist.ask("GET", florist.path("open"))


def test_a_kit_without_secrets_has_no_doors():
    with ck.CampaignKit(store=ck.MemoryStore()) as kit, pytest.raises(ValueError, match="without links"):
        link_doors(kit, target_of=lambda *_: None)


def test_the_doors_keep_real_time_and_no_events_unless_told(florist: Florist):
    plain = link_doors(florist.kit, target_of=florist.doors.target_of)

    assert plain.answer(WebRequest(method="GET", path=florist.path("open"))).status == 200
    assert plain.now().utcoffset() == timedelta(0)
    assert plain.language_of("flora") == "en"


def test_every_language_has_every_sentence():
    for language in ("en", "pl"):
        texts = attrs.asdict(page_texts(language))
        assert texts["language"] == language
        assert all(texts.values())
        assert "{shop}" in texts["ask_of"]
        assert "{shop}" in texts["done_of"]

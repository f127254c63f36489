"""Short links by the host's own shortener: asked once for each, its answer looked at, the rest named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.message.sms import count_parts, shorten_links

LONG = "https://flora.example/spring/tulips-and-roses?from=sms"


def to_short(link):
    return "https://fl.example/t"


@pytest.mark.parametrize(
    ("text", "shortened"),
    [
        (LONG, "https://fl.example/t"),
        (f"See {LONG}.", "See https://fl.example/t."),
        (f"({LONG}), „{LONG}”…", "(https://fl.example/t), „https://fl.example/t”…"),
        (f"here:({LONG})!", "here:(https://fl.example/t)!"),
        (f"{LONG}(a)", "https://fl.example/t"),
        (LONG.replace("https", "HTTP"), "https://fl.example/t"),
        ("https://żółw.example/bardzo/długa", "https://fl.example/t"),
        (f"a\n{LONG}\nb", "a\nhttps://fl.example/t\nb"),
        ("flora.example/spring/tulips-and-roses ann@flora.example", None),
        ("ftp://flora.example/spring/tulips-and-roses", None),
        ("xhttps://flora.example/spring/tulips-and-roses", None),
        ("tulips are in", None),
        ("", None),
    ],
)
def test_web_links_are_shortened_and_nothing_else(text, shortened):
    done = shorten_links(text, to_short)

    assert done.text == (text if shortened is None else shortened)
    assert bool(done.shortened) == (shortened is not None)
    assert done.kept == ()


def test_a_link_is_asked_for_once_and_counted():
    asked = []

    def shorten(link):
        asked.append(link)
        return f"https://s.example/{len(asked)}"

    done = shorten_links(f"{LONG} {LONG}/b {LONG}", shorten)

    assert asked == [LONG, f"{LONG}/b"]
    assert done.text == "https://s.example/1 https://s.example/2 https://s.example/1"
    assert [(one.link, one.short, one.count) for one in done.shortened] == [
        (LONG, "https://s.example/1", 2),
        (f"{LONG}/b", "https://s.example/2", 1),
    ]


def test_what_was_saved_is_told():
    done = shorten_links(f"{'a' * 130} {LONG}", to_short)

    assert (done.old.parts, done.new.parts, done.parts_saved) == (2, 1, 1)
    assert done.new == count_parts(done.text)
    assert "aaa" not in repr(done)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        None,
        7,
        "fl.example/t",
        "ftp://fl.example/t",
        "javascript:alert(1)",
        "https://",
        "https://a b",
        "https://fl.example/\n",
        "https://fl.example/ż",
        "https://x@fl.example",
        "https://fl.example\\t",
        "https://[::1",
        "https://fl:999999/",
        "https://-a.example",
        " https://fl.example",
        "//evil.example",
    ],
)
def test_an_answer_that_is_no_link_is_not_taken(answer):
    done = shorten_links(f"See {LONG}", lambda link: answer)

    assert done.text == f"See {LONG}"
    assert [(one.link, one.reason.value, one.count) for one in done.kept] == [(LONG, "no_link", 1)]
    assert done.parts_saved == 0


@pytest.mark.parametrize("answer", [LONG, f"{LONG}x", f"https://fl.example/{'~' * 30}"])
def test_an_answer_that_is_not_shorter_is_not_taken(answer):
    done = shorten_links(f"See {LONG}", lambda link: answer)

    assert [one.reason.value for one in done.kept] == ["not_shorter"]


def test_a_link_with_a_placeholder_stays():
    link = "https://flora.example/{{ customer.code }}/spring"

    done = shorten_links(f"See {link}, {LONG}", to_short)

    assert done.text == f"See {link}, https://fl.example/t"
    assert [(one.link, one.reason.value) for one in done.kept] == [(link, "holds_placeholder")]


def test_two_links_in_one_word_stay():
    done = shorten_links(f"{LONG},{LONG}", to_short)

    assert [one.reason.value for one in done.kept] == ["several_links"]
    assert shorten_links(f"{LONG}&to=https://b.example/", to_short).text == "https://fl.example/t"


def test_what_the_shortener_raises_goes_through():
    def shorten(link):
        raise TimeoutError("the shortener does not answer")

    with pytest.raises(TimeoutError):
        shorten_links(LONG, shorten)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([LONG, "https://a.example/", "{{ a.b }}", "żółw", ".", ")", "(", " ", ",", "\n"])))
def test_all_but_the_links_stays(pieces):
    text = "".join(pieces)
    seen = []

    def shorten(link):
        seen.append(link)
        return "http://s.io"

    done = shorten_links(text, shorten)

    restored = done.text
    for one in sorted(done.shortened, key=lambda one: one.link):
        assert one.link in text
        assert one.link in seen
    if len(done.shortened) == 1:
        restored = restored.replace("http://s.io", done.shortened[0].link)
        assert restored == text
    assert done.text.count("http://s.io") == sum(one.count for one in done.shortened)

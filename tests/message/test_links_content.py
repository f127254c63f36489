"""Links of a content: found with their places, made trackable, checked (bad inputs 42 and 68)."""

import time
from html import escape, unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.addresses.channel import Rejection
from campaignkit.message.compiled import compile_content
from campaignkit.message.content import EmailContent, SmsContent
from campaignkit.message.links import LinkPlan, check_links, check_target, find_links, rewrite_links
from campaignkit.message.links.html import find_attributes
from campaignkit.message.links.rewriting import TARGETS_MAX
from campaignkit.message.links.targets import find_problem
from campaignkit.message.templates import PLACEHOLDERS_MAX


def mail(html: str, text: str = "Hello") -> EmailContent:
    return EmailContent(subject="Hello", text=text, html=html)


def codes(html: str = "<p>", text: str = "Hello", **options: Any) -> list[str]:
    return [str(finding.code) for finding in check_links(mail(html, text), **options)]


# finding


def test_a_link_has_its_place():
    (link,) = find_links(mail('<p>\n  <a class="x"\n   href="https://shop.example/?a=1&amp;b=2">Go</a>'))

    assert (link.field, link.line, link.column) == ("html", 3, 10)
    assert link.url == "https://shop.example/?a=1&b=2"


def test_places_are_right_however_many_links_a_line_has():
    html = "\n".join("<a href='https://a.example/1'>x</a>" * count for count in (3, 0, 1, 2))
    lines = html.split("\n")

    for link in find_links(mail(html)):
        assert lines[link.line - 1][link.column - 1 :].startswith("https://a.example/1'")
        assert html[link.start : link.end] == link.url


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("See https://shop.example.", ["https://shop.example"]),
        ("See (https://shop.example/a_(b)), or", ["https://shop.example/a_(b)"]),
        ("HTTPS://SHOP.example!?", ["HTTPS://SHOP.example"]),
        ("<https://shop.example/x>", ["https://shop.example/x"]),
        ("„https://shop.example/x”", ["https://shop.example/x"]),
        ("https://a.example\nhttp://b.example", ["https://a.example", "http://b.example"]),
        ("https://shop.example/{{ customer.code }}.", ["https://shop.example/{{ customer.code }}"]),
        ('https://shop.example/{{ customer.code | default: "a b" }}', None),
        ("mailto:ann@example.com xhttps://no.example data: 4.05", []),
        ("https://", ["https://"]),
    ],
)
def test_links_of_a_text(text, urls):
    assert [link.url for link in find_links(SmsContent(text=text))] == ([text] if urls is None else urls)


@pytest.mark.parametrize(
    ("html", "urls"),
    [
        ("<a href=https://a.example/x>", ["https://a.example/x"]),
        ("<A HREF='https://a.example'>", ["https://a.example"]),
        ('<a href = " https://a.example ">', ["https://a.example"]),
        ('<a href="https://a.example" href="https://b.example">', ["https://a.example"]),
        (
            '<area href="https://a.example"><form action="https://b.example">',
            ["https://a.example", "https://b.example"],
        ),
        ('<img src="https://a.example/x.png"><link href="https://a.example/x.css">', []),
        ('<!-- <a href="https://a.example"> -->', []),
        ('<!--[if mso]><v:rect href="https://a.example"><![endif]-->', ["https://a.example"]),
        ("<style>a[href='https://a.example']{}</style><a href='https://b.example'>", ["https://b.example"]),
        ("<script>'<a href=\"https://a.example\">'</script>", []),
        ("<title><a href='https://a.example'></title>", []),
        ("<a title='>' href='https://a.example'>", ["https://a.example"]),
        ("</p href='https://a.example'><p><a href='https://b.example'>", ["https://b.example"]),
        ("a < b <a href='https://a.example'> 3<4", ["https://a.example"]),
        ("<!--><a href='https://a.example'>-->", ["https://a.example"]),
        ("<!---><a href='https://a.example'>", ["https://a.example"]),
        ("<!-- --!><a href='https://a.example'>", ["https://a.example"]),
        ("<plaintext><a href='https://a.example'>", []),
        ("</><a href='https://a.example'>", ["https://a.example"]),
        ("<?xml <a href='https://a.example'><a href='https://b.example'>", ["https://b.example"]),
        ("<a href='https://a.example", []),
        ('<a href="{{ customer.link | default: "https://a.example" }}">', []),
        ('<a {% if x %}href="https://a.example"{% endif %}>', ["https://a.example"]),
        ('<a href="&#104;ttps://a.example">', ["https://a.example"]),
        ('<a href="/sale">', []),
        ("<a href>", []),
        ("<", []),
    ],
)
def test_links_of_html(html, urls):
    assert [link.url for link in find_links(mail(html))] == urls


class _Library(HTMLParser):
    """The standard library's reading of start tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.read: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        seen: set[str] = set()
        for name, value in attrs:
            if name not in seen and value is not None:
                self.read.append((tag, name, value))
            seen.add(name)


def _attributes() -> st.SearchStrategy[str]:
    name = st.sampled_from(["href", "HREF", "src", "title", "data-x", "v:y"])
    value = st.text("abc:/.?=&;#<' \n", max_size=8)
    quoted = st.builds(lambda one: f'="{one}"', value)
    single = st.builds(lambda one: f"='{one}'", value.map(lambda one: one.replace("'", "")))
    bare = st.builds(lambda one: f"={one}", st.text("abc:/.?#", min_size=1, max_size=8))
    # Some releases of html.parser disagree with the standard about blanks before =, so none are made here.
    return st.builds(lambda one, other: f" {one}{other}", name, st.one_of(quoted, single, bare, st.just("")))


def _html() -> st.SearchStrategy[str]:
    tag = st.builds(
        lambda name, attributes: f"<{name}{''.join(attributes)}>",
        st.sampled_from(["a", "A", "p", "img", "v:rect", "td"]),
        st.lists(_attributes(), max_size=3),
    )
    pieces = st.one_of(
        tag,
        st.sampled_from(["</a>", "</p >", "text", "1 > 2", "\n", "<!-- <a href='x'> -->", "<!doctype html>", "&amp;"]),
        st.sampled_from(["<style>a{}<b></style>", "<script>'<a href=x>'</script>", "<br>", '<br title="y"/>']),
    )
    return st.lists(pieces, max_size=12).map("".join)


@given(_html())
def test_attributes_are_those_that_the_library_reads(html):
    library = _Library()
    library.feed(html)
    library.close()
    ours = [(one.tag, one.name, unescape(html[one.start : one.end])) for one in find_attributes(html)]

    assert ours == library.read


@given(st.text("<>!-/a'\"= \n{%}[if]script", max_size=60))
def test_every_source_is_read_without_an_error(source):
    for one in find_attributes(source):
        assert 0 <= one.start <= one.end <= len(source)
    check_links(mail(source, source))


@pytest.mark.parametrize(
    "source",
    [
        "<",
        "<a ",
        "<a '",
        '<a "',
        "<!--",
        "<!",
        "</a",
        "<style>",
        "<a b=",
        "{{",
        "{%",
        "<a href='{{",
        "https://",
        "[",
        "&",
    ],
)
def test_much_of_anything_unclosed_is_read_in_one_pass(source):
    html = (source * 200_000)[:200_000]
    started = time.process_time()
    check_links(mail(html, html))

    assert time.process_time() - started < 20  # quadratic, it takes many minutes


# rewriting


def test_web_links_become_placeholders_and_targets():
    html = (
        "<a href=\"https://shop.example/a\">A</a> <a href='https://shop.example/b?x=1&amp;y=2'>B</a>"
        ' <a href=https://shop.example/a>A</a> <a href="mailto:ann@shop.example">M</a> <a href="#top">T</a>'
    )
    plan = rewrite_links(mail(html, "https://shop.example/a"))

    assert plan.content.html == (
        "<a href=\"{{ link.click_1 }}\">A</a> <a href='{{ link.click_2 }}'>B</a>"
        ' <a href="{{ link.click_1 }}">A</a> <a href="mailto:ann@shop.example">M</a> <a href="#top">T</a>'
    )
    assert plan.targets == ("https://shop.example/a", "https://shop.example/b?x=1&y=2")
    assert plan.content.text == "https://shop.example/a"
    assert [plan.target(number) for number in (0, 1, 2, 3, -1)] == [None, *plan.targets, None, None]


def test_links_of_a_customers_own_stay_as_they_are():
    html = '<a href="https://shop.example/?c={{ customer.code }}">A</a><a href="{{ link.unsubscribe }}">B</a>'
    plan = rewrite_links(mail(html))

    assert plan.content.html == html
    assert [link.url for link in plan.untracked] == ["https://shop.example/?c={{ customer.code }}"]


def test_a_host_may_leave_links_alone():
    html = '<a href="https://shop.example/a">A</a><a href="https://maps.example/b">B</a>'
    plan = rewrite_links(mail(html), is_tracked=lambda url: "maps" not in url)

    assert plan.targets == ("https://shop.example/a",)
    assert [link.url for link in plan.untracked] == ["https://maps.example/b"]


def test_an_edited_mail_keeps_the_numbers_of_its_links():
    """Mails of the earlier version are on their way, and their numbers must lead where they led."""
    earlier = rewrite_links(mail('<a href="https://shop.example/a">A</a><a href="https://shop.example/b">B</a>'))
    html = '<a href="https://shop.example/c">C</a><a href="https://shop.example/b">B</a>'
    edited = rewrite_links(mail(html), known_targets=earlier.targets)

    assert edited.targets == (*earlier.targets, "https://shop.example/c")
    assert edited.content.html == '<a href="{{ link.click_3 }}">C</a><a href="{{ link.click_2 }}">B</a>'
    text_only = EmailContent(subject="S", text="T")
    assert rewrite_links(text_only, known_targets=earlier.targets).targets == earlier.targets


def test_a_mail_without_html_has_nothing_to_rewrite():
    content = EmailContent(subject="S", text="https://shop.example")

    assert rewrite_links(content) == LinkPlan(content=content, targets=())


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>x</p>", "<p>x</p>{}"),
        ("<body><p>x</p></body></html>", "<body><p>x</p>{}</body></html>"),
        ("<BODY>İ</BODY >", "<BODY>İ{}</BODY >"),
    ],
)
def test_the_picture_that_shows_an_opening_stands_at_the_end(html, expected):
    rewritten = rewrite_links(mail(html), with_open_picture=True).content.html
    picture = '<img src="{{ link.open }}" width="1" height="1" alt="" style="border:0">'

    assert rewritten == expected.format(picture)


def test_there_are_never_more_targets_or_placeholders_than_a_mail_may_have():
    links = "".join(f'<a href="https://shop.example/{number}">x</a>' for number in range(TARGETS_MAX + 5))
    many = '<a href="https://shop.example/1">x</a>' * (PLACEHOLDERS_MAX + 5)

    plan = rewrite_links(mail(links))
    assert len(plan.targets) == TARGETS_MAX
    assert len(plan.untracked) == 5

    crowded = rewrite_links(mail("{{ customer.name }}" * 10 + many), with_open_picture=True)
    assert len(crowded.untracked) == 5 + 10 + 1
    compile_content(crowded.content)


@given(_html())
def test_a_rewritten_mail_filled_with_its_targets_has_the_links_it_had(html):
    plan = rewrite_links(mail(html or "x"))
    compiled = compile_content(plan.content)
    targets = {f"click_{number}": target for number, target in enumerate(plan.targets, start=1)}
    rendered = compiled.render({"link": targets})
    assert rendered.html is not None

    before = [_stored(link.url) for link in find_links(mail(html or "x"))]
    assert [_stored(link.url) for link in find_links(mail(rendered.html))] == before


def _stored(url: str) -> str:
    target = check_target(url)
    return url if isinstance(target, Rejection) else target


# Bad input 68.


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("//evil.example", "link_no_host"),
        ("/sale", "link_no_host"),
        ("sale.html", "link_no_host"),
        ("?u=//evil", "link_no_host"),
        ("https:evil.example", "link_no_host"),
        ("https:/evil.example", "link_no_host"),
        ("https:///evil.example", "link_no_host"),
        ("https://", "link_no_host"),
        ("https://:443/", "link_no_host"),
        ("https://?x", "link_no_host"),
        ("https://good.example@evil.example", "link_user_info"),
        ("https://good.example:x@evil.example/", "link_user_info"),
        ("https://@evil.example", "link_user_info"),
        ("https://good.example%40evil.example", "link_malformed"),
        ("https://good.example\\@evil.example", "link_malformed"),
        ("\\\\evil.example", "link_malformed"),
        ("/\\evil.example", "link_malformed"),
        ("https:\\\\evil.example", "link_malformed"),
        ("https://evil.example\\x", "link_malformed"),
        ("https://ev il.example", "link_malformed"),
        (" https://evil.example", "link_malformed"),
        ("https://evil.example/a\tb", "link_malformed"),
        ("https://evil.example/\r\nSet-Cookie: x", "link_malformed"),
        ("https://evil.example/\u202egnp.exe", "link_malformed"),
        ("https://evil\u200b.example", "link_malformed"),
        ("https://evil.example/\ud800", "link_malformed"),
        ("https://evil.example:99999/", "link_malformed"),
        ("https://evil.example:8a/", "link_malformed"),
        ("https://evil.example:-1/", "link_malformed"),
        ("https://[::1", "link_malformed"),
        ("https://[zz]/", "link_malformed"),
        ("https://a..example", "link_malformed"),
        ("https://-a.example", "link_malformed"),
        ("https://evil.example/%zz", "link_malformed"),
        ("https://" + "a" * 64 + ".example", "link_malformed"),
        ("https://" + "a." * 130 + "example", "link_malformed"),
        ("javascript:alert(1)", "link_scheme_forbidden"),
        ("JaVaScRiPt:alert(1)", "link_scheme_forbidden"),
        ("java\nscript:alert(1)", "link_scheme_forbidden"),
        ("\x01javascript:alert(1)", "link_scheme_forbidden"),
        ("java\u200bscript:alert(1)", "link_scheme_forbidden"),
        ("data:text/html;base64,AA", "link_scheme_forbidden"),
        ("vbscript:x", "link_scheme_forbidden"),
        ("file:///etc/passwd", "link_scheme_forbidden"),
        ("blob:https://a.example/x", "link_scheme_forbidden"),
        ("htps://shop.example", "link_scheme_unknown"),
        ("ftp://shop.example", "link_scheme_unknown"),
        ("", "link_empty"),
        ("https://shop.example/" + "x" * 2_000, "link_too_long"),
        ("https://shop/", "link_host_without_dot"),
        ("http://shop.example/", "link_insecure"),
        ("mailto:ann@shop.example", None),
        ("tel:+12125550143", None),
        ("https://shop.example", None),
        ("https://shop.example./a?b=//evil#c@d", None),
        ("https://shop.example:8443/a%20b", None),
        ("https://xn--w-uga1v8h.example", None),
        ("https://żółw.example/ą?ć", None),
        ("https://192.0.2.1/", None),
        ("https://[2001:db8::1]:8443/", None),
    ],
)
def test_68_a_link_and_what_is_wrong_with_it(url, problem):
    assert find_problem(url) == problem

    is_target = problem in {None, "link_insecure", "link_host_without_dot"} and url.startswith("http")
    assert isinstance(check_target(url), str) is is_target


def test_a_stored_target_is_ascii_and_leads_to_the_same_page():
    assert check_target("HTTPS://Żółw.example/ą b".replace(" ", "")) == "https://xn--w-uga1v8h.example/%C4%85b"
    assert check_target("https://shop.example/a%20b?c=%C4%85&d=[1]#e") == "https://shop.example/a%20b?c=%C4%85&d=[1]#e"


@given(st.text(max_size=30), st.sampled_from(["https://shop.example/", "https://", "", "http://a.example?"]))
def test_what_may_be_stored_may_be_stored_again(rest, start):
    target = check_target(start + rest)

    if isinstance(target, str):
        assert target.isascii()
        assert target.isprintable()
        assert not set('<>"\\ `') & set(target)
        assert check_target(target) == target


# checking


def test_a_mail_with_good_links_has_no_findings():
    html = (
        '<a href="https://shop.example">A</a><a href="{{ link.unsubscribe }}">U</a><a href="mailto:a@b.example">M</a>'
        '<a href="tel:+48123456789">T</a><a href="#top">T</a><img src="cid:logo"><img src="https://shop.example/l.png">'
        '<a href="https://shop.example/{{ customer.code }}">C</a><a href="{{link.click_1}}">C</a>'
    )

    assert check_links(mail(html, "https://shop.example/x {{ link.unsubscribe }}")) == ()


@pytest.mark.parametrize(
    ("html", "code", "is_blocker"),
    [
        ('<a href="javascript:alert(1)">', "link_scheme_forbidden", True),
        ('<a href="&#106;avascript:alert(1)">', "link_scheme_forbidden", True),
        ('<a href="data:text/html,x">', "link_scheme_forbidden", True),
        ('<img src="data:image/png;base64,AA">', "link_scheme_forbidden", False),
        ('<img src="logo.png">', "link_no_host", False),
        ('<a href="">', "link_empty", False),
        ('<a href="#">', "link_empty", False),
        ('<a href="sale">', "link_no_host", True),
        ('<a href="//evil.example">', "link_no_host", True),
        ('<a href="https://good.example@evil.example">', "link_user_info", True),
        ('<a href="https://shop">', "link_host_without_dot", False),
        ('<a href="http://shop.example">', "link_insecure", False),
        ('<a href="htps://shop.example">', "link_scheme_unknown", False),
        ('<a href="https://shop.example/*|CODE|*">', "link_unresolved", True),
        ('<a href="https://shop.example/%%code%%">', "link_unresolved", True),
        ('<a href="https://shop.example/[CODE]">', "link_unresolved", True),
        ('<a href="https://shop.example/[[code]]">', "link_unresolved", True),
        ('<a href="https://shop.example/${code}">', "link_unresolved", True),
        ('<a href="https://shop.example/{code}">', "link_unresolved", True),
        ('<a href="https://shop.example/{{ code">', "link_unresolved", True),
        ('<a href="https://shop.example/%7B%7Bcode%7D%7D">', "link_unresolved", True),
        ('<a href="https://{{ customer.shop }}.example">', "link_personal", False),
        ('<a href="https://shop{{ customer.shop }}">', "link_personal", False),
        ('<a href="{{ customer.page }}">', "link_personal", False),
        ('<a href="{{ customer.page }}/x">', "link_personal", False),
        ('<a href="http://shop.example/{{ customer.code }}">', "link_insecure", False),
        ('<a href="https://shop.example/ {{ customer.code }}">', "link_malformed", True),
        ("{{ link.unsubscribed }}", "link_name_unknown", True),
    ],
)
def test_42_a_mail_is_told_what_is_wrong_with_a_link(html, code, is_blocker):
    (finding,) = check_links(mail(html))

    assert (finding.code, finding.is_blocker) == (code, is_blocker)
    assert finding.message


def test_findings_come_in_order_with_their_places():
    html = '<a href="x">\n<a href="http://a.example"> {{ link.click_9 }}'
    findings = check_links(mail(html, "one\n http://b.example"), target_count=8)

    assert [(one.field, one.line, one.column, str(one.code), one.link) for one in findings] == [
        ("text", 2, 2, "link_insecure", "http://b.example"),
        ("html", 1, 10, "link_no_host", "x"),
        ("html", 2, 10, "link_insecure", "http://a.example"),
        ("html", 2, 29, "link_name_unknown", "link.click_9"),
    ]


def test_a_subject_may_ask_for_a_link_that_is_none():
    (finding,) = check_links(EmailContent(subject="{{ link.nothing }}", text="x"))

    assert (finding.field, finding.code) == ("subject", "link_name_unknown")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (True, None),
        (False, "the page does not answer"),
        ("404 not found", "404 not found"),
        ("", "the page does not answer"),
    ],
)
def test_pages_are_asked_for_by_the_hosts_function_alone(answer, message):
    findings = check_links(mail('<a href="https://shop.example">'), reach=lambda _url: answer)

    assert [one.message for one in findings] == ([] if message is None else [message])
    assert all(one.code == "link_unreachable" and not one.is_blocker for one in findings)


def test_each_page_is_asked_for_once_and_only_so_many():
    asked: list[str] = []

    def reach(url: str) -> bool:
        asked.append(url)
        return True

    html = "".join(f'<a href="https://shop.example/{number % 5}#{number}">x</a>' for number in range(20))
    html += '<a href="https://shop.example/{{ customer.code }}"><a href="mailto:a@b.example"><a href="//x">'

    assert codes(html, reach=reach) == ["link_no_host"]
    assert asked == [f"https://shop.example/{number}" for number in range(5)]
    asked.clear()
    assert codes(html, reach=reach, reach_max=3) == ["link_not_tried", "link_no_host"]
    assert len(asked) == 3


@pytest.mark.parametrize("url", ["https://shop.example/?u=//evil", "https://shop.example/?u=https://good@evil"])
def test_68_what_stands_in_a_query_is_data(url):
    assert rewrite_links(mail(f'<a href="{escape(url)}">x</a>')).targets == (url,)

"""HTML parts made ready on the template: styles go inline, a text part is made, placeholders stay where they stood."""

import re
import sys
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.errors import InvalidContent, MissingExtra
from campaignkit.message.html_parts import email_from_html, inline_css, text_from_html
from campaignkit.message.templates import compile_template

NAME = '{{ customer.name | default: "friend" }}'
NEWSLETTER = f"""<!DOCTYPE html>
<html><head><title>Spring at {{{{ merchant.name }}}}</title>
<style>p {{ color: #333 }} .big {{ font-size: 20px }} @media (max-width: 600px) {{ .big {{ font-size: 16px }} }}</style>
<link rel="stylesheet" href="https://evil.example/x.css"></head>
<body><div style="display:none">Preview for {NAME}</div>
<p class="big">Dear {NAME}, &amp; all</p>
<table><tr><td>Tulips</td><td>2&nbsp;€</td></tr></table>
<ul><li>Monday<li>{{{{ event.date }}}}</ul>
<p title="For {NAME}"><a href="https://flora.example/?c={{{{ customer.code }}}}&amp;x=1">Your page</a>,
<a href="mailto:hello@flora.example">hello@flora.example</a> <a href="#top">Top</a></p>
<img src="cid:logo" alt="Our shop"></body></html>
"""


class Outline(HTMLParser):
    """What a mail program makes of HTML: tags with attributes, and text, blanks apart."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, sorted((name, re.sub(r"\s+", " ", value or "")) for name, value in attributes)))

    def handle_endtag(self, tag):
        self.found.append(tag)

    def handle_data(self, data):
        if data.strip():
            self.found.append(" ".join(data.split()))


def outline(html):
    reader = Outline()
    reader.feed(html)
    reader.close()
    return reader.found


def placeholders(source):
    return [placeholder.source for placeholder in compile_template(source, field="html").placeholders]


# Styles ---------------------------------------------------------------------------------------------------------------


def test_styles_go_inline_and_what_cannot_stays():
    inlined = inline_css(NEWSLETTER)

    assert '<p class="big" style="color: #333;font-size: 20px;">' in inlined
    assert "@media (max-width: 600px)" in inlined
    assert "p { color" not in inlined
    assert "evil.example" not in inlined


def test_placeholders_survive_byte_for_byte():
    inlined = inline_css(NEWSLETTER)

    assert sorted(placeholders(inlined)) == sorted(placeholders(NEWSLETTER))
    assert f"Dear {NAME}, &amp; all" in inlined
    assert f'title="For {NAME}"' in inlined
    assert '"https://flora.example/?c={{ customer.code }}&amp;x=1"' in inlined


def test_doing_it_twice_changes_nothing_more():
    once = inline_css(NEWSLETTER)

    assert outline(inline_css(once)) == outline(once)


def test_html_without_styles_is_not_touched():
    html = "<P class=a>Hello {{ customer.name }}<br/>"

    assert inline_css(html) is html


def test_a_placeholder_in_a_style_goes_where_the_style_goes():
    inlined = inline_css("<style>p { color: {{ merchant.color }} }</style><p>a</p><p>b</p>")

    assert inlined.count('<p style="color: {{ merchant.color }};">') == 2


def test_tags_of_a_template_stay_around_the_rows_of_a_table():
    source = (
        "<style>td { color: red }</style><table>{% for item in ticket.items %}"
        '<tr><td>{% if item.a > 1 %}{{ item.name }}{% endif %}</td></tr>{% endfor %}</table>{% raw %}"<"{% endraw %}'
    )

    inlined = inline_css(source)

    codes = re.findall(r"\{[{%].*?[}%]\}", source)
    assert re.findall(r"\{[{%].*?[}%]\}", inlined) == codes
    assert re.search(r"<table>\{% for item in ticket.items %\}(<tbody>)?<tr>", inlined)
    assert re.search(r"</tr>\{% endfor %\}(</tbody>)?</table>", inlined)
    assert "<!--" not in inlined


def test_a_file_or_an_address_is_never_read(tmp_path):
    sheet = tmp_path / "secret.css"
    sheet.write_text("p { color: hotpink }")

    inlined = inline_css(
        f'<style>@import url("file://{sheet}"); p {{ margin: 0 }}</style>'
        f'<link rel="stylesheet" href="file://{sheet}"><link rel="stylesheet" href="{sheet}"><p>a</p>'
    )

    assert "hotpink" not in inlined


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ("<p {% if a.b %}class='x'{% endif %}>a</p>", "put it into quotes"),
        ("<{{ a.b }}>a</p>", "put it into quotes"),
        ("<p {{ a.b }}=1>a</p>", "put it into quotes"),
        ("a{{ a.b }}<table><tr>{{ c.d }}<td>{{ e.f }}{{ g.h }}</table>", None),
        ("<table><tr><td>{{ e.f }}</td>{{ c.d }}</tr></table>", "rows of a table"),
        ("<p>" * 30_000, "too long for so many elements"),
        ("x" * 1_000_001, "at most 1000000 bytes"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_code_that_cannot_stay_in_its_place_is_refused(html, problem):
    source = f"<style>p {{ color: red }} {'a' * 4_000 if problem and 'long' in problem else ''}</style>{html}"
    if problem is None:
        assert placeholders(inline_css(source)) != []
        return

    with pytest.raises(InvalidContent, match=problem):
        inline_css(source)


pieces = st.lists(
    st.sampled_from(
        [
            *("<p class=a>", "</p>", "<b>", "</b>", "<br>", "Hello ", "ż & 1 < 2", "&amp;", "<!-- {{ a.b }} -->", "\n"),
            *("{{ customer.name }}", NAME, '<a href="{{ link.url }}">', "</a>", "<ul><li>", "</ul>", "&lt;b&gt;"),
            *("<table><tr><td>", "</td></tr></table>", '<i title="{{ a.b }}">', "</i>", "<title>{{ t.t }}</title>"),
        ]
    ),
    max_size=14,
).map("".join)


@settings(max_examples=250, deadline=None)
@given(pieces)
def test_filling_in_before_or_after_gives_the_same_mail(body):
    source = f"<style>p, .a {{ color: red }} b {{ top: 0 }}</style>{body}"
    values = {"customer": {"name": "Ann <b> & Ćo"}, "link": {"url": "https://a.b/?c=1&d=2"}, "a": {"b": "x"}}
    try:
        inlined = inline_css(source)
    except InvalidContent as error:
        assert "rows of a table" in str(error)  # noqa: PT017
        return

    after = compile_template(inlined, field="html").render(values, escape=True)
    before = inline_css(compile_template(source, field="html").render(values, escape=True))
    assert outline(after) == outline(before)


# Text -----------------------------------------------------------------------------------------------------------------


def test_a_text_part_says_what_the_html_says():
    assert text_from_html(NEWSLETTER) == (
        f"Dear {NAME}, & all\n"
        "\n"
        "Tulips  2 €\n"
        "\n"
        "  * Monday\n"
        "  * {{ event.date }}\n"
        "\n"
        "Your page (https://flora.example/?c={{ customer.code }}&x=1), hello@flora.example Top\n"
        "\n"
        "[Our shop]\n"
    )


def test_visible_placeholders_survive_in_their_order():
    text = text_from_html(inline_css(NEWSLETTER))

    assert placeholders(text) == [NAME, "{{ event.date }}", "{{ customer.code }}"]


def test_a_default_is_no_html_in_a_text_part():
    assert text_from_html('{{ a.b | default: "Tom &amp; Ann" }}') == '{{ a.b | default: "Tom & Ann" }}\n'
    assert text_from_html('{{ a.b | default: "&quot;" }}') == '{{ a.b | default: "&quot;" }}\n'


def test_tags_of_a_template_stay_around_their_words():
    assert text_from_html("<p>{% if a.b > 1 %}many{% else %}few{% endif %} left</p>") == (
        "{% if a.b > 1 %}many{% else %}few{% endif %} left\n"
    )


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ("", "no words"),
        ("<p> </p>", "no words"),
        ("<style>p { color: red }</style><!-- words -->", "no words"),
        ("<div>" * 300 + "a", "elements within each other"),
        ("<table>{% for a in b.c %}<tr><td>x</td></tr>{% endfor %}</table>", "parts of a table"),
        ("<table>{% for a in b.c %}<tr><td>{{ a.d }}</td></tr>{% endfor %}</table>", "parts of a table"),
        ("<table><tr><td>{% if a.b %}x<br>y{% endif %}<td>z</table>", "parts of a table"),
        ("x" * 1_000_001, "at most 1000000 bytes"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_become_text_is_refused(html, problem):
    with pytest.raises(InvalidContent, match=problem):
        text_from_html(html)


@settings(max_examples=250, deadline=None)
@given(pieces)
def test_text_of_any_html_keeps_each_visible_placeholder(body):
    try:
        text = text_from_html(f"<p>Hi</p>{body}")
    except InvalidContent as error:
        assert "parts of a table" in str(error)  # noqa: PT017
        return

    visible = re.sub(r"(?s)<!--.*?-->|<title>.*?</title>|<i[^>]*>", "", body)
    wanted = [code for code in placeholders(visible) if "link.url" not in code]
    assert [code for code in placeholders(text) if "link.url" not in code] == wanted
    assert text.endswith("\n")


# Both at once --------------------------------------------------------------------------------------------------------


def test_a_mail_of_html_alone_has_its_styles_inline_and_says_the_same_as_text():
    html = "<style>.b {color: red} .off {display: none}</style><p class=b>Hi {{ customer.name }}</p><p class=off>No</p>"
    mail = email_from_html(subject="Tulips", html=html, language="pl", syntax="liquid")

    assert (mail.subject, mail.text, mail.language, mail.syntax) == (
        "Tulips",
        "Hi {{ customer.name }}\n",
        "pl",
        "liquid",
    )
    assert mail.html is not None
    assert 'style="color: red;"' in mail.html
    as_it_was = email_from_html(subject="Tulips", html=html, inline=False)
    assert (as_it_was.html, "No" in as_it_was.text) == (html, True)
    with pytest.raises(ValueError, match="klingon"):
        email_from_html(subject="Tulips", html=html, syntax="klingon")


# The extra ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "package", "shown"),
    [(inline_css, "css_inline", "css-inline"), (text_from_html, "lxml", "inscriptis")],
    ids=["css", "lxml"],
)
def test_without_the_extra_it_says_what_to_install(monkeypatch, function, package, shown):
    monkeypatch.setitem(sys.modules, package, None)  # what Python does with a package that is not there

    with pytest.raises(MissingExtra, match=rf"{shown} is not installed: pip install 'campaignkit\[html\]'"):
        function(NEWSLETTER)

"""Placeholders: what compiles, what is refused and where, and that rendering never raises nor renders twice."""

import time

import attrs
import markupsafe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.errors import InvalidTemplate
from campaignkit.message.compiled import CompiledEmail, compile_content
from campaignkit.message.content import EmailContent, RenderedEmail, RenderedText, SmsContent
from campaignkit.message.templates import (
    PLACEHOLDERS_MAX,
    VALUE_CHARACTERS_MAX,
    Placeholder,
    Template,
    compile_template,
)

ANN = {"customer": {"name": "Ann"}}


def compiled(source: str) -> Template:
    return compile_template(source, field="text")


def refusal(source: str) -> InvalidTemplate:
    with pytest.raises(InvalidTemplate) as caught:
        compiled(source)
    return caught.value


# What compiles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "{{customer.name}}",
        "{{ customer.name }}",
        "{{\tcustomer.name\n}}",
        '{{ customer.name | default: "friend" }}',
        "{{customer.name|default:'friend'}}",
        '{{ customer.name  |  default  :  "" }}',
    ],
)
def test_a_placeholder_is_filled(source):
    assert compiled(f"Dear {source}!").render(ANN) == "Dear Ann!"


def test_a_placeholder_knows_its_place():
    source = 'Dear\nthe {{ customer.first_name2 | default: "it\'s" }}'

    assert compiled(source).placeholders == (
        Placeholder(
            field="text",
            namespace="customer",
            name="first_name2",
            default="it's",
            line=2,
            column=5,
            source='{{ customer.first_name2 | default: "it\'s" }}',
        ),
    )


def test_no_default_and_an_empty_default_are_told_apart():
    no_default, empty = compiled("{{ a.b }}{{ a.b | default: '' }}").placeholders

    assert (no_default.default, empty.default) == (None, "")


@pytest.mark.parametrize("text", ["", "}}", "{ { a.b } }", "{a.b}", "%}", "{# a #}", "100 % {", "a { b"])
def test_other_braces_are_text(text):
    assert compiled(text).render(ANN) == text


def test_34_format_strings_stay_text():
    text = "{0.__init__.__globals__} {customer} %(name)s $name ${name}"

    assert compiled(text).render(ANN) == text


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "customer",
        "name.",
        ".name",
        "a.b.c",
        "customer.Name",
        "customer. name",
        "2a.b",
        "''.__class__",
        "a.b()",
        "a['b']",
        "a.b + 1",
        "- a.b -",
        "żółw.imię",
        "a.b\0",
    ],
)
def test_33_35_whatever_else_stands_in_braces_is_refused(inside):
    error = refusal(f"Dear {{{{{inside}}}}}")

    assert (error.code, error.field, error.line, error.column) == ("invalid_template", "text", 1, 6)
    assert "is no placeholder; write {{ customer.name }}" in str(error)


def test_the_refusal_repeats_what_was_written():
    assert str(refusal("\n\n Hi {{ Name }}")) == (
        "text, line 3, column 5: {{ Name }} is no placeholder; "
        'write {{ customer.name }} or {{ customer.name | default: "friend" }}'
    )


@pytest.mark.parametrize(
    ("source", "is_liquid"),
    [
        ("{{ a.b.c }}", True),
        ("{{ a.b[0] }}", True),
        ("{{ a['b'] }}", True),
        ("{% if a.b %}", True),
        ("{{ a.b | append: 'x' }}", True),
        ("{{ Name }}", False),
        ("{{ a.b | frobnicate }}", False),
    ],
)
def test_the_extra_is_named_where_it_would_understand(source, is_liquid):
    needs = 'needs the extra campaignkit[templates] and content with syntax="liquid"'

    assert (needs in refusal(source).problem) is is_liquid


def test_what_it_repeats_of_an_endless_tag_is_short():
    assert len(str(refusal("{{" + "x" * 100_000 + "}}"))) < 250


@pytest.mark.parametrize("tag", ["{% if a %}", "{%include 'x'%}", "{% for i in (1..100000000) %}", "{%"])
def test_35_38_tags_are_refused(tag):
    error = refusal(f"a\nb {tag}")

    assert (error.line, error.column) == (2, 3)
    assert "{% if %}" in error.problem


@pytest.mark.parametrize(
    "source",
    [
        "a\n\nb {{ customer.name",
        "a\n\nb {{ customer.name \n and {{ customer.name }}",
        "a\n\nb {{",
        "a\r\n\r\nb {{ a.b }",
    ],
)
def test_39_an_unclosed_placeholder_is_named_with_its_line(source):
    error = refusal(source)

    assert (error.line, error.column, error.problem) == (3, 3, "this placeholder is not closed with }}")


def test_38_placeholders_are_bounded():
    compiled("{{ a.b }}" * PLACEHOLDERS_MAX)

    assert "more than 1000 placeholders" in refusal("{{ a.b }} " * (PLACEHOLDERS_MAX + 1)).problem


def test_38_compiling_a_megabyte_takes_a_moment():
    before = time.perf_counter()
    for source in (
        "{" * 1_000_000,
        "{{" * 500_000,
        "{{ a.b " + " " * 1_000_000,
        '{{ a.b | default: "' + "x" * 1_000_000,
    ):
        refusal(source) if "{{" in source else None

    assert time.perf_counter() - before < 2


# Rendering ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [{}, {"customer": {}}, {"customer": {"name": ""}}, {"other": {"name": "Ann"}}])
def test_what_is_missing_or_empty_becomes_the_default_or_nothing(values):
    assert compiled('[{{ customer.name }}][{{ customer.name | default: "friend" }}]').render(values) == "[][friend]"


def test_40_a_value_that_holds_a_placeholder_is_not_rendered_again():
    values = {"customer": {"name": "{{ secret.key }}"}, "secret": {"key": "hunter2"}}

    assert compiled("Dear {{ customer.name }}").render(values) == "Dear {{ secret.key }}"


def test_36_a_value_that_holds_its_own_name_ends():
    assert compiled("{{ a.b }}").render({"a": {"b": "{{ a.b }}"}}) == "{{ a.b }}"


def test_38_values_are_cut():
    assert len(compiled("{{ a.b }}").render({"a": {"b": "x" * 10**6}})) == VALUE_CHARACTERS_MAX


def test_41_values_are_escaped_in_html_only():
    content = EmailContent(subject="{{ customer.name }}", text="{{ customer.name }}", html="<b>{{ customer.name }}</b>")
    evil = "<script>alert('&')</script>\""

    rendered = compile_content(content).render({"customer": {"name": evil}})

    assert rendered == RenderedEmail(subject=evil, text=evil, html=f"<b>{markupsafe.escape(evil)}</b>")


def test_a_default_is_the_authors_own_html():
    template = compiled('<b>{{ a.b | default: "<i>you</i>" }}</b>')

    assert template.render({}, escape=True) == "<b><i>you</i></b>"


@pytest.mark.parametrize("ending", ["\r\n", "\n\n\n", "\u2028", "\x85", "\v\f", "\0"], ids=ascii)
def test_23_25_line_ends_in_a_value_become_one_space_in_the_subject(ending):
    content = EmailContent(subject="For {{ customer.name }}!", text="{{ customer.name }}")

    rendered = compile_content(content).render({"customer": {"name": f"Ann{ending}Bcc: eve@example.com"}})

    assert rendered.subject == "For Ann Bcc: eve@example.com!"


def test_26_half_a_surrogate_pair_in_a_value_is_replaced():
    assert compiled("{{ a.b }}").render({"a": {"b": "\ud83c"}}) == "\ufffd"


def test_both_kinds_of_content_compile():
    email = compile_content(EmailContent(subject="{{ a.b }}", text="{{ a.c }}", html="{{ a.d }}"))
    text = compile_content(SmsContent(text="{{ a.b }}!"))

    assert [(slot.field, slot.name) for slot in email.placeholders] == [("subject", "b"), ("text", "c"), ("html", "d")]
    assert [(slot.field, slot.name) for slot in text.placeholders] == [("text", "b")]
    assert text.render({"a": {"b": "Hi"}}) == RenderedText(text="Hi!")


def test_mail_without_html_renders_without_html():
    email = compile_content(EmailContent(subject="s", text="t"))

    assert isinstance(email, CompiledEmail)
    assert email.html is None
    assert email.render({}) == RenderedEmail(subject="s", text="t", html=None)


def test_an_error_in_each_field_names_the_field():
    good = EmailContent(subject="s", text="t", html="h")
    for field in ("subject", "text", "html"):
        with pytest.raises(InvalidTemplate) as caught:
            compile_content(attrs.evolve(good, **{field: "{{ x }}"}))
        assert caught.value.field == field


# Laws -----------------------------------------------------------------------------------------------------------------

names = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)
pieces = st.one_of(
    st.text().filter(lambda text: "{" not in text),
    st.tuples(names, names, st.none() | st.text().filter(lambda text: not set(text) & set('"{}'))),
)
wild = st.text(st.characters(exclude_categories=()))


def written(piece):
    if isinstance(piece, str):
        return piece
    namespace, name, default = piece
    return (
        f"{{{{ {namespace}.{name} }}}}" if default is None else f'{{{{ {namespace}.{name} | default: "{default}" }}}}'
    )


@settings(deadline=None)
@given(
    st.lists(pieces), st.dictionaries(names, st.dictionaries(names, st.text(st.characters(exclude_characters="\0"))))
)
def test_a_template_is_its_literals_and_its_values_in_order(parts, values):
    def filled(piece):
        if isinstance(piece, str):
            return piece
        namespace, name, default = piece
        return values.get(namespace, {}).get(name) or default or ""

    assert compiled("".join(map(written, parts))).render(values) == "".join(map(filled, parts))


@settings(deadline=None)
@given(wild, wild)
def test_compiling_returns_or_refuses_and_rendering_never_raises(source, value):
    try:
        template = compiled(source)
    except InvalidTemplate:
        return

    assert template.render({"a": {"b": value}}) == source
    compiled("{{ a.b }}").render({"a": {"b": value}}, escape=True, single_line=True).encode()


@settings(deadline=None)
@given(st.text(alphabet="{}%. |:ab_\"'default\n", max_size=40))
def test_sources_of_braces_keep_every_literal(source):
    try:
        template = compiled(source)
    except InvalidTemplate as refused:
        place = source.split("\n")[refused.line - 1][refused.column - 1 :]
        kept = None
    else:
        place = "{{"
        kept = "".join(piece if isinstance(piece, str) else piece.source for piece in template.pieces)

    assert place.startswith(("{{", "{%"))
    assert kept in (None, source)

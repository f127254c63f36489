"""The core's placeholders are a subset of Liquid: what they accept, Liquid accepts, and both give the same text."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.errors import InvalidTemplate
from campaignkit.message.filters import FILTERS
from campaignkit.message.languages import LANGUAGES, language_of
from campaignkit.message.liquid import compile_liquid
from campaignkit.message.templates import compile_template
from tests.message.liquid_cases import differences, random_case

ENGLISH = language_of("en")


@settings(deadline=None, max_examples=100)
@given(st.randoms(use_true_random=False), st.sampled_from(sorted(LANGUAGES)))
def test_the_core_our_liquid_and_the_library_give_the_same(random: Random, tag: str):
    source, values = random_case(random)

    assert differences(source, values, language_of(tag)) == []


@settings(deadline=None, max_examples=1_000)
@given(st.text(alphabet="{}| .:,\"'ab1\n-", max_size=30), st.booleans())
def test_what_the_core_accepts_of_any_text_liquid_accepts_with_the_same_outcome(inside, in_braces):
    source = f"{{{{ a.b{inside} }}}}" if in_braces else inside
    values = {"a": {"b": "x <y>"}}
    try:
        core = compile_template(source, field="html").render(values, escape=True)
    except InvalidTemplate:
        return

    assert compile_liquid(source, field="html", language=ENGLISH).render(values) == core


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(FILTERS), st.text(alphabet="\"'1a,: -", max_size=8))
def test_what_the_core_accepts_as_arguments_liquid_accepts_too(name, arguments):
    source = f"{{{{ a.b | {name}{arguments} }}}}"
    try:
        core = compile_template(source, field="text").render({"a": {"b": "2026-05-04"}})
    except InvalidTemplate:
        return

    assert compile_liquid(source, field="text", language=ENGLISH).render({"a": {"b": "2026-05-04"}}) == core


@pytest.mark.parametrize("word", ["for", "limit", "empty", "true", "contains"])
def test_words_that_liquid_keeps_for_itself_name_no_field(word):
    for path in (f"{word}.b", f"a.{word}"):
        with pytest.raises(InvalidTemplate, match=f"{word} is a word of the language"):
            compile_template(f"{{{{ {path} }}}}", field="text")
        with pytest.raises(InvalidTemplate):
            compile_liquid(f"{{{{ {path} }}}}", field="text", language=ENGLISH)


@pytest.mark.parametrize("name", ["size", "first", "last"])
def test_a_namespace_has_no_size_of_its_own(name):
    source, values = f"[{{{{ a.{name} }}}}]", {"a": {"b": "x"}}

    assert compile_template(source, field="text").render(values) == "[]"
    assert compile_liquid(source, field="text", language=ENGLISH).render(values) == "[]"
    assert compile_liquid(source, field="text", language=ENGLISH).render({"a": {name: "XL"}}) == "[XL]"


@pytest.mark.parametrize("text", ["03/04/2026", "May 4, 2026", "now", "today", "20260504"])
def test_nobody_guesses_at_a_date_nor_asks_a_clock(text):
    source = '{{ a.b | date: "%Y-%m-%d" }}'

    assert compile_template(source, field="text").render({"a": {"b": text}}) == text
    assert compile_liquid(source, field="text", language=ENGLISH).render({"a": {"b": text}}) == text

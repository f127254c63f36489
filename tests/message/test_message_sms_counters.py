"""The parts of a template for each recipient: what is counted once gives what is counted for each."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.message.sms import compile_part_counter, count_parts
from campaignkit.message.sms.alphabet import SmsEncoding
from campaignkit.message.sms.counting import count_units, full_parts, part_count
from campaignkit.message.templates import compile_template
from tests.message.sms_texts import make_text

runs = st.randoms(use_true_random=False).map(make_text).filter(lambda text: "{" not in text)
halves = st.text(st.sampled_from("a€ж😀\ud83d\ude00"), max_size=80)
words = st.one_of(runs, halves, st.text(st.sampled_from("ab €ł😀\x1b`"), max_size=12))


@settings(max_examples=300, deadline=None)
@given(st.lists(words, min_size=1, max_size=4), st.lists(words, min_size=3, max_size=3))
def test_it_says_what_is_counted_of_the_rendered_text(constants, values):
    slots = [f"{{{{ customer.name_{number} }}}}" for number in range(len(constants))]
    source = "".join(text for pair in zip(constants, slots, strict=True) for text in pair)
    template = compile_template(source.replace("{%", ""), field="text")
    customer = {"customer": {f"name_{number}": value for number, value in enumerate(values)}}

    counted = compile_part_counter(template).count(customer)

    assert counted == count_parts(template.render(customer)).parts


@pytest.mark.parametrize(
    ("source", "name", "parts"),
    [
        ("a" * 160 + "{{ customer.name }}", "", 1),
        ("a" * 160 + "{{ customer.name }}", "b", 2),
        ("a" * 152 + "{{ customer.name }}" + "a" * 151, "€", 2),
        ("a" * 152 + "{{ customer.name }}" + "a" * 152, "€", 3),  # 306 septets, and one is lost at the edge
        ("a" * 70 + "{{ customer.name }}", "ż", 2),
        ("ж" * 66 + "{{ customer.name }}" + "ж" * 66, "😀", 3),
        ("ж" * 66 + "{{ customer.name | default: '😀' }}" + "ж" * 66, "", 3),
        ("{{ customer.name }}", "", 1),
        ("", "", 1),
    ],
)
def test_counted_by_hand(source, name, parts):
    counter = compile_part_counter(compile_template(source, field="text"))

    assert counter.count({"customer": {"name": name}}) == parts


@settings(max_examples=300, deadline=None)
@given(words)
def test_the_short_way_says_the_same_or_nothing(text):
    counted = count_parts(text)
    units, pairs = count_units(text, counted.encoding)

    assert units == counted.units
    assert part_count(text) == counted.parts
    if counted.units > (160 if counted.encoding is SmsEncoding.GSM7 else 70):
        several = 153 if counted.encoding is SmsEncoding.GSM7 else 67
        assert full_parts(units, pairs, several) in (None, counted.parts)

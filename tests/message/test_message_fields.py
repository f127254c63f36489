"""Fields that nobody knows are named before the start, with what may have been meant."""

import pytest

from campaignkit.message.compiled import compile_content
from campaignkit.message.content import EmailContent, SmsContent
from campaignkit.message.fields import NAMESPACES, find_unknown_fields, known_fields

BEYOND_THE_CORE = "{% comment %}{% endcomment %}"


def unknown(text: str, **namespaces: list[str] | None) -> list[tuple[str, str | None]]:
    content = compile_content(SmsContent(text=text, syntax="liquid"))
    found = find_unknown_fields(content.placeholders, known_fields(**namespaces))
    return [(f"{one.placeholder.namespace}.{one.placeholder.name}", one.likely) for one in found]


@pytest.mark.parametrize("namespace", [*NAMESPACES, "link"])
def test_the_standard_namespaces_may_have_any_field(namespace):
    assert unknown(f"{{{{ {namespace}.whatever }}}}") == []


@pytest.mark.parametrize("rest", ["", BEYOND_THE_CORE], ids=["core", "liquid"])
@pytest.mark.parametrize(
    ("written", "likely"),
    [
        ("customer.nmae", "customer.name"),
        ("customr.name", "customer.name"),
        ("customer.telephone", None),
        ("saloon.chair", "salon.chair"),
        ("evnt.place", "event.place"),
        ("x.y", None),
        ("events.starts_at", "event.starts_at"),
    ],
)
def test_an_unknown_field_has_a_likely_spelling_where_one_is_near(written, likely, rest):
    found = unknown(f"{{{{ {written} }}}}{rest}", customer=["name", "email", "first_name"], salon=None)

    assert found == [(written, likely)]


def test_a_field_that_has_a_default_is_unknown_all_the_same():
    assert unknown('{{ customer.nmae | default: "you" }}', customer=["name"]) == [("customer.nmae", "customer.name")]


def test_a_field_is_named_once_for_each_part_at_its_first_place():
    content = compile_content(EmailContent(subject="{{ a.b }}", text="x {{ a.b }}{{ a.b }}", html="{{ customer.a }}"))

    found = find_unknown_fields(content.placeholders, known_fields())

    assert [one.sentence for one in found] == [
        "subject, line 1, column 1: a.b is unknown",
        "text, line 1, column 3: a.b is unknown",
    ]


def test_what_liquid_takes_from_a_known_field_is_known():
    source = (
        "{{ order.buyer.city }}{% for i in order.items %}{{ i.x }}{% endfor %}{{ order['items'] }}{{ now }}"
        "{% assign x = 1 %}{{ x }}"
    )

    assert unknown(source, order=["items", "buyer"]) == [("now.", None)]
    assert unknown("{% for pair in customer %}{{ pair[0] }}{% endfor %}", customer=["name"]) == []
    assert unknown("{{ order.buyer.city }}", order=["buyer.city"]) == []

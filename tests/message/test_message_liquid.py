"""Full Liquid: what it renders, what it lists before sending, and that one recipient's failure is a Rejection."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from types import MappingProxyType

import attrs
import markupsafe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.errors import InvalidTemplate, MissingExtra
from campaignkit.message.compiled import CompiledEmail, CompiledText, compile_content
from campaignkit.message.content import EmailContent, RenderedText, SmsContent, Syntax, content_digest, one_line
from campaignkit.message.email import compile_mail
from campaignkit.message.languages import language_of
from campaignkit.message.liquid import LiquidTemplate, compile_liquid
from campaignkit.message.values import Values
from tests.message.letters import random_letter

ORDER: Values = {
    "customer": {"name": "Ann <b>", "points": 5, "is_member": False, "since": date(2020, 5, 4)},
    "order": {"items": [{"name": "Rose", "price": "12.5"}, {"name": "Lily", "price": Decimal(3)}], "tags": ("a", "b")},
}


def liquid(source: str, field: str = "text") -> LiquidTemplate:
    return compile_liquid(source, field=field, language=language_of("en"))


def mail(text: str, html: str | None = None, subject: str = "s") -> CompiledEmail:
    return compile_content(EmailContent(subject=subject, text=text, html=html, syntax=Syntax.LIQUID))


# What it renders ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% for i in order.items %}{{ i.name }} {{ i.price | money: 'EUR' }};{% endfor %}", "Rose €12.50;Lily €3.00;"),
        ("{% if customer.is_member %}member{% else %}guest{% endif %}", "guest"),
        ("{{ order.items.size }} {{ order.tags | join: '+' }} {{ order.tags.first }}", "2 a+b a"),
        ("{{ customer.name | split: ' ' | first }}", "Ann"),
        ("{{ customer.points | plus: 1 | times: 2 }}", "12"),
        ("{{ customer.since }} {{ customer.since | date: '%Y' }} {{ customer.is_member }}", "2020-05-04 2020 false"),
        ("{% assign x = customer.name %}{% capture y %}[{{ x }}]{% endcapture %}{{ y }}", "[Ann <b>]"),
        ("{% unless order.missing %}none{% endunless %}{{ order.missing.far }}", "none"),
        ("{% raw %}{{ x }}{% endraw %}{% comment %}{{ y }}{% endcomment %}", "{{ x }}"),
        ("{{- customer.points -}} !", "5!"),
        ("{{ order.items | map: 'name' | sort | join: ', ' }}", "Lily, Rose"),
        ("a\r\nb\n{{ customer.points }}\r", "a\r\nb\n5\r"),
        ("{{ customer['name'] }}{% for pair in customer %}{{ pair[0] }},{% endfor %}", None),
    ],
)
def test_liquid_is_rendered(source, text):
    expected = "Ann <b>name,points,is_member,since," if text is None else text

    assert liquid(source).fill(ORDER) == expected


def test_in_html_and_only_there_values_are_escaped_whatever_they_pass_through():
    source = (
        "{{ customer.name }}|{% assign x = customer.name %}{{ x | upcase }}|{% capture y %}{{ x }}{% endcapture %}"
        "{{ y }}|{{ '<i>' | append: customer.name }}|{{ customer.name | default: '<i>' }}|"
        "{{ customer.no | default: '<i>' }}"
    )

    assert liquid(source).render(ORDER).count("<b>") == 4
    assert liquid(source, "html").fill(ORDER) == (
        "Ann &lt;b&gt;|ANN &lt;B&gt;|Ann &lt;b&gt;|<i>Ann &lt;b&gt;|Ann &lt;b&gt;|<i>"
    )


def test_a_host_that_marks_a_value_as_safe_is_not_believed():
    values = {"a": {"b": markupsafe.Markup("<script>")}}

    for source in ("{{ a.b }}", "{{ a.b }}{% comment %}{% endcomment %}"):
        content = EmailContent(subject="s", text="t", html=source, syntax="liquid")
        assert compile_content(content).render(values).html == "&lt;script&gt;"


@attrs.define
class Record:
    """A host's own object, with something to hide."""

    secret: str = "hunter2"

    def __str__(self) -> str:
        raise AssertionError("nobody asks a host's object how it is shown")


@pytest.mark.parametrize("source", ["[{{ a.b }}]", "[{{ a.b }}]{% comment %}{% endcomment %}"], ids=["core", "liquid"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Ann", "Ann"),
        (None, ""),
        (0, "0"),
        (True, "true"),
        (False, "false"),
        (1234567, "1234567"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+2"), "100"),
        (2.5, "2.5"),
        (10**5000, ""),
        (date(2026, 5, 4), "2026-05-04"),
        (datetime(2026, 5, 4, 14, 30, tzinfo=UTC), "2026-05-04 14:30:00+00:00"),
        (Record(), ""),
        ({1, 2}, ""),
    ],
    ids=lambda value: str(type(value).__name__),
)
def test_both_languages_show_a_value_the_same_way(source, value, shown):
    content = SmsContent(text=source, syntax="liquid")

    assert compile_content(content).render({"a": {"b": value}}) == RenderedText(text=f"[{shown}]")


def test_a_mapping_of_the_hosts_own_kind_will_do_and_only_named_fields_are_asked_for():
    asked: list[str] = []

    class Lazy(Mapping[str, object]):
        def __getitem__(self, key):
            asked.append(key)
            return {"city": "Kraków"} if key == "address" else "x"

        def __iter__(self):
            return iter(["address", "secret"])

        def __len__(self):
            return 2

    assert liquid("{{ customer.address.city }}").fill(MappingProxyType({"customer": Lazy()})) == "Kraków"
    assert set(asked) == {"address"}


def test_a_list_that_holds_itself_ends():
    loop: list[object] = ["x"]
    loop.append(loop)

    assert liquid("{% for i in a.b %}{{ i[0] }}{% endfor %}").fill({"a": {"b": loop}}) == "x"


# What is listed before sending ----------------------------------------------------------------------------------------


def listed(source: str) -> list[tuple[str, str, str | None, int, int]]:
    return [(one.namespace, one.name, one.default, one.line, one.column) for one in liquid(source).placeholders]


def test_placeholders_are_listed_with_their_places():
    source = (
        "Dear {{ customer.name }}\n{% for i in order.items %}{{ i.name }}{% endfor %}\n"
        "{{ a.b.c }} {{ d['e'] }} {{ f[g.h] }} {{ order.items.size }} {% assign x = y.z %}{{ x }}"
    )

    assert listed(source) == [
        ("customer", "name", None, 1, 6),
        ("order", "items", None, 2, 13),
        ("a", "b.c", None, 3, 1),
        ("d", "e", None, 3, 13),
        ("f", "", None, 3, 26),
        ("g", "h", None, 3, 26),
        ("order", "items", None, 3, 39),
        ("y", "z", None, 3, 76),
    ]
    assert liquid("a {{ b.c | upcase }}").placeholders[0].source == "{{ b.c | upcase }}"


def test_what_the_author_reckons_may_be_missing_has_a_default():
    source = "{{ a.b | default: 'friend' }}{% if c.d %}{{ c.d }}{% endif %}{{ e.f | upcase | default: g.h }}"

    assert [(one[:3]) for one in listed(source)] == [
        ("a", "b", "friend"),
        ("c", "d", ""),
        ("c", "d", ""),
        ("e", "f", ""),
        ("g", "h", None),
    ]


def test_a_listed_placeholder_is_found_in_the_values():
    found = [
        one.find({"a": {"b": {"c": 5}}, "d": {}})
        for one in liquid("{{ a.b.c }}{{ a.x.c }}{{ d.e }}{{ f }}").placeholders
    ]

    assert found == [5, None, None, None]


# What is refused when it is saved -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "line", "column", "problem"),
    [
        ("a\n {% if x.y %}b", 2, 2, "the tag if is not closed with {% endif %}"),
        ("{% for i in a.b %}{% if i %}{% endif %}", 1, 1, "the tag for is not closed"),
        ("a\n\n {{ a.b", 3, 2, "this placeholder is not closed with }}"),
        ("{{ a.b {{ c.d }}", 1, 1, "this placeholder is not closed with }}"),
        ("{% if a.b", 1, 1, "this tag is not closed with %}"),
        ("{% raw %}{{", 1, 1, "the tag raw is not closed with {% endraw %}"),
        ("x{% endif %}", 1, 5, "unexpected tag 'endif'"),
        ("{% frobnicate %}", 1, 4, "unexpected tag 'frobnicate'"),
        ("{{  }}", 1, 1, "this placeholder is empty"),
        ("{{ a..b }}", 1, 5, "expected end of expression"),
        ("{{ a.b | foo }}", 1, 10, "there is no filter foo"),
        ("{{ a.b | appendd: 'x' }}", 1, 10, "perhaps append is meant"),
        ("{{ a.b | append }}", 1, 10, "append: missing a required argument"),
        ("{{ a.b | upcase: 1 }}", 1, 10, "upcase: too many positional arguments"),
        ("{% assign x = a.b | truncate: 1, 2, 3 %}", 1, 21, "truncate: too many"),
        ("{{ a.b | money: 'eur' }}", 1, 10, "three capital letters"),
        ("{{ a.b | date }}", 1, 10, "date is written date:"),
        ("{% break %}", 1, 4, "break stands outside of a loop"),
        ("{% if a.b %}{% continue %}{% endif %}", 1, 16, "continue stands outside of a loop"),
        ("{{ 5 | divided_by: 0 }}", 1, 8, "can't divide by 0"),
        ("{% if a.b %}" * 40 + "{% endif %}" * 40, 1, None, "nesting limit"),
        ("{{ a" + "[b" * 60 + "]" * 60 + " }}", 1, 1, "more than 20 brackets"),
        ("{{ a.b" + " " * 300 + " }}", 1, 1, "more than 200 blanks in a row"),
        ("{{ '" + "x" * 4_000 + "' }}", 1, 1, "at most 4000 characters"),
        ("{{ a.b }}" * 2_001, 1, 2_000 * 9 + 1, "more than 2000 tags"),
        ("x" * 1_000_001, 1, 1, "at most 1000000 characters"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_work_is_refused_with_its_place(source, line, column, problem):
    with pytest.raises(InvalidTemplate) as caught:
        liquid(source)

    assert problem in caught.value.problem
    assert (caught.value.line, column or caught.value.column) == (line, caught.value.column)


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="{}%| .:,\"'ab1\n-[]()=<", max_size=40), st.text(max_size=20))
def test_whatever_is_written_is_refused_with_a_place_or_filled_in_or_rejected(source, value):
    try:
        template = liquid(source)
    except InvalidTemplate as refused:
        has_place = 1 <= refused.line <= source.count("\n") + 1 and refused.column >= 1
        outcome: object = "" if has_place else refused
    else:
        outcome = template.fill({"a": {"b": value}})

    assert isinstance(outcome, str | Rejection)


_TAGS = [
    *("{{ a.b }}", "{{ a.b | split: '' }}", "{{ a.b | times: 3 }}", "{{ a.c | sort }}", "{{ a.c | uniq | join: a.b }}"),
    *(
        "{% for i in a.c %}",
        "{% endfor %}",
        "{% if a.b > a.c %}",
        "{% else %}",
        "{% endif %}",
        "{{ i }}",
        "{% cycle 1, 2 %}",
    ),
    *(
        "{% assign x = a.c | concat: a.c %}",
        "{{ x | sum }}",
        "{{ x | map: 'y' }}",
        "{{ a.b | date: a.b }}",
        "{% break %}",
    ),
    *("{{ a.b | slice: a.b, 3 }}", "{{ a.b | round: a.b }}", "{{ a.b | modulo: a.b }}", "{{ a.b | truncate: a.b }}"),
    *(
        "{{ a.b | money: a.b }}",
        "{{ a.c | number }}",
        "{{ a.b | ceil }}",
        "{% case a.b %}",
        "{% when a.c %}",
        "{% endcase %}",
    ),
    *("{{ a.b | where: 'x', a.b }}", "{{ (a.b..9) | join }}", "{{ a.b | replace: '', a.b }}", "{{ a.b | url_decode }}"),
]
_ODD = st.one_of(
    st.text(max_size=5), st.integers(), st.floats(), st.decimals(), st.booleans(), st.none(), st.dates(), st.binary(),
    st.lists(st.one_of(st.integers(), st.text(max_size=3), st.none(), st.dictionaries(st.just("x"), st.integers()))),
)  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(_TAGS), max_size=6), _ODD, _ODD)
def test_filling_in_never_raises(tags, one, other):
    try:
        template = liquid("".join(tags))
    except InvalidTemplate:
        return

    assert isinstance(template.fill({"a": {"b": one, "c": other}}), str | Rejection)


# One recipient's failure ----------------------------------------------------------------------------------------------


def test_what_fails_for_one_recipient_is_a_rejection_and_the_others_go_out():
    content = mail("a\nb {{ 100 | divided_by: customer.points }}")

    filled = content.filled({"customer": {"points": 0}})

    assert filled == Rejection(
        code=RejectionCode.MALFORMED,
        field="text",
        message="line 2 of the template cannot be filled in for this recipient: divided_by: can't divide by 0",
    )
    other = content.filled({"customer": {"points": 4}})
    assert isinstance(other, CompiledEmail)
    assert other.render({}).text == "a\nb 25"
    with pytest.raises(InvalidTemplate, match="text, line 2, column 12: divided_by: can't divide by 0"):
        content.render({"customer": {"points": 0}})


@pytest.mark.parametrize("field", ["subject", "text", "html"])
def test_a_part_that_is_empty_for_one_recipient_is_a_rejection(field):
    sources = {"subject": "s", "text": "t", "html": "h", field: "{% if a.b %}x{% endif %} "}
    content = mail(sources["text"], sources["html"], sources["subject"])

    assert isinstance(content.filled({"a": {"b": 1}}), CompiledEmail)
    assert content.filled({}) == Rejection(
        code=RejectionCode.MISSING, field=field, message=f"the {field} is empty once it is filled in"
    )


def test_a_text_message_is_filled_in_too():
    content = compile_content(SmsContent(text="{{ 8 | divided_by: a.b }}", syntax="liquid"))

    assert isinstance(content.filled({"a": {"b": 0}}), Rejection)
    filled = content.filled({"a": {"b": 2}})
    assert isinstance(filled, CompiledText)
    assert filled.render({}) == content.render({"a": {"b": 2}}) == RenderedText(text="4")


def test_of_liquid_the_core_fills_in_what_it_understands_and_escapes_what_stands_beside_an_engine():
    content = mail("{% if a.b %}{{ a.b }}{% endif %}", "<p>{{ a.b }}", "{{ a.b | upcase }}")

    kinds = [type(part).__name__ for part in (content.subject, content.text, content.html)]
    assert kinds == ["Template", "LiquidTemplate", "Template"]
    filled = content.filled({"a": {"b": "<x>\n"}})
    assert isinstance(filled, CompiledEmail)
    assert attrs.astuple(filled.render({})) == ("<X> ", "<x>\n", "<p>&lt;x&gt;\n")


def test_content_of_the_core_is_filled_in_when_it_is_built():
    email = compile_content(EmailContent(subject="s", text="{{ a.b }}"))
    text = compile_content(SmsContent(text="{{ a.b }}"))

    assert email.filled({}) is email
    assert text.filled({}) is text


@settings(deadline=None, max_examples=80)
@given(st.randoms(use_true_random=False))
def test_mail_in_liquid_has_the_bytes_of_mail_in_core_syntax(random: Random):
    letter = random_letter(random)
    subject = one_line(letter.content.subject)  # as ``check_content`` wants it
    core = compile_content(attrs.evolve(letter.content, subject=subject))
    content = CompiledEmail(
        subject=liquid(subject, "subject"),
        text=liquid(letter.content.text),
        html=None if letter.content.html is None else liquid(letter.content.html, "html"),
    )
    core_mail, liquid_mail = compile_mail(core, **letter.sender), compile_mail(content, **letter.sender)

    for values, recipient in letter.recipients:
        filled = content.filled(values)
        if isinstance(filled, Rejection):
            rendered = core.render(values)
            assert not all(
                part.strip() for part in (rendered.subject, rendered.text, rendered.html) if part is not None
            )
            continue
        own = attrs.evolve(liquid_mail, content=filled, subject_header=None)
        assert (
            own.build({}, **recipient) == core_mail.build(values, **recipient) == liquid_mail.build(values, **recipient)
        )


# The extra ------------------------------------------------------------------------------------------------------------


def test_without_the_extra_liquid_is_refused_by_name_and_the_core_goes_on():
    code = """
import sys
sys.modules["liquid"] = None
import campaignkit as ck
from campaignkit.message.compiled import compile_content
print(compile_content(ck.SmsContent(text="{{ a.b }}")).render({"a": {"b": "x"}}).text)
try:
    compile_content(ck.SmsContent(text="{% if a.b %}x{% endif %}", syntax="liquid"))
except ck.MissingExtra as error:
    print(error)
"""

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert shown.splitlines() == ["x", "python-liquid is not installed: pip install 'campaignkit[templates]'"]
    assert MissingExtra.code == "missing_extra"


def test_the_core_does_not_load_liquid():
    code = (
        "import sys, campaignkit as ck\nfrom campaignkit.message.compiled import compile_content\n"
        "compile_content(ck.SmsContent(text='{{ a.b | upcase }}'))\n"
        "print([name for name in ('liquid', 'babel', 'markupsafe', 'pytz') if name in sys.modules])"
    )

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert shown.strip() == "[]"


def test_the_digest_of_content_is_what_it_was_before_there_was_a_choice():
    plain = SmsContent(text="Hello")

    assert content_digest(plain).startswith("fa2e31391b877c4d")
    others = [attrs.evolve(plain, syntax="liquid"), attrs.evolve(plain, language="pl")]
    assert len({content_digest(one) for one in (plain, *others)}) == 3


def test_stored_content_without_the_new_fields_is_what_it_was():
    assert EmailContent(subject="s", text="t") == EmailContent(
        subject="s", text="t", syntax="placeholders", language="en"
    )
    with pytest.raises(ValueError, match="'jinja' is not a valid Syntax"):
        SmsContent(text="t", syntax="jinja")

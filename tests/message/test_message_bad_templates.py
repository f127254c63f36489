"""Bad inputs 33 to 42, by number, in both template languages: each has its fixed end, and none of them runs."""

import time

import pytest

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.errors import InvalidContent, InvalidTemplate
from campaignkit.message.compiled import CompiledEmail, compile_content
from campaignkit.message.content import EmailContent, SmsContent, Syntax, check_content
from campaignkit.message.fields import find_unknown_fields, known_fields

CORE, LIQUID = Syntax.PLACEHOLDERS, Syntax.LIQUID
BEYOND_THE_CORE = {CORE: "", LIQUID: "{% comment %}{% endcomment %}"}  # which leaves it to python-liquid
SECONDS_MAX = 5  # of CPU; each takes some hundredths


def rendered(source, values, syntax):
    """Return the text of one recipient; or the code of what was said instead."""
    try:
        content = compile_content(SmsContent(text=source + BEYOND_THE_CORE[syntax], syntax=syntax))
    except InvalidTemplate as error:
        return error.code
    filled = content.filled(values)
    return str(filled.code) if isinstance(filled, Rejection) else filled.render(values).text


REFUSED = "invalid_template"
GROW = "{{% assign x = {first} %}}{{% for i in (1..99) %}}{{% assign x = x | {more} %}}{{% endfor %}}"
VALUES = {"customer": {"name": "Ann", "n": 7}, "a": {"b": "{{ customer.name }}", "c": "{{ a.c }}"}}


@pytest.mark.parametrize(
    ("number", "source", "core", "liquid"),
    [
        (33, "{{ ''.__class__ }}", REFUSED, REFUSED),
        (33, "{{ ''['__class__'] }}", REFUSED, REFUSED),
        (33, "[{{ customer.__class__ }}]", "[]", "[]"),
        (33, "[{{ customer.name.__class__.__mro__ }}]", REFUSED, "[]"),
        (33, "[{{ customer.name.__len__ }}{{ customer.n.real }}]", REFUSED, "[]"),
        (33, "[{{ customer['__init__']['__globals__'] }}]", REFUSED, "[]"),
        (33, "[{{ customer | map: '__class__' | first }}]", REFUSED, "[]"),
        (33, "{{ customer.name() }}", REFUSED, REFUSED),
        (34, "{0.__init__.__globals__}", "{0.__init__.__globals__}", "{0.__init__.__globals__}"),
        (34, "%(name)s ${name} {customer}", "%(name)s ${name} {customer}", "%(name)s ${name} {customer}"),
        (35, "{% include 'x' %}", REFUSED, REFUSED),
        (35, "{% render 'x' %}", REFUSED, REFUSED),
        (35, "{% layout 'x' %}", REFUSED, REFUSED),
        (35, "{% include '/etc/passwd' %}", REFUSED, REFUSED),
        (35, "[{{ env.path }}{{ os.environ }}]", "[]", "[]"),
        (35, "[{{ environment }}]", REFUSED, "[]"),
        (35, "[{{ now }}{{ today }}]", REFUSED, "[]"),
        (35, "{{ customer.name | safe }}", REFUSED, REFUSED),
        (36, "{{ a.c }}", "{{ a.c }}", "{{ a.c }}"),
        (36, "{% capture x %}{{ x }}{{ x }}a{% endcapture %}" * 30 + "{{ x }}", REFUSED, REFUSED),
        (38, "{% for i in (1..100000000) %}x{% endfor %}", REFUSED, REFUSED),
        (38, "{{ (1..100000000) | join }}", REFUSED, REFUSED),
        (38, "{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}", REFUSED, REFUSED),
        (38, "{% for i in (1..9999) %}{% for j in (1..9999) %}x{% endfor %}{% endfor %}", REFUSED, REFUSED),
        (38, "{% for i in (1..9999) %}{{ '" + "x" * 3_000 + "' }}{% endfor %}", REFUSED, REFUSED),
        (38, "{% tablerow i in (1..9999) %}{% cycle 'a', 'b' %}{% endtablerow %}" * 20, REFUSED, REFUSED),
        (38, "{% for i in (1..9999) %}" + "{{ '' }}" * 100 + "{% endfor %}", REFUSED, REFUSED),
        (38, "".join(f"{{% assign v{number} = 1 %}}" for number in range(1_001)), REFUSED, REFUSED),
        (38, "{% for i in (1..2000) %}{% assign x = (1..10000) | sort %}{% endfor %}", REFUSED, REFUSED),
        (38, "{{ (1..1001) | uniq | size }}", REFUSED, REFUSED),
        (38, GROW.format(first="'xx'", more="append: x"), REFUSED, REFUSED),
        (38, GROW.format(first="'xx'", more="replace: '', x"), REFUSED, REFUSED),
        (38, GROW.format(first="99", more="times: x"), REFUSED, REFUSED),
        (38, GROW.format(first="'a,b' | split: ','", more="concat: x"), REFUSED, REFUSED),
        (38, "{% for i in (1..customer.n) %}{{ (1..99999999) | size }}{% endfor %}", REFUSED, "too_long"),
        (38, f"{{{{ a.b | replace: '', '{'x' * 3_000}' | replace: 'x', '{'y' * 900}' }}}}", REFUSED, "too_long"),
        (38, "{% if a.b %}" * 31 + "{% endif %}" * 31, REFUSED, REFUSED),
        (38, "{{ a" + "[a" * 900 + "]" * 900 + " }}", REFUSED, REFUSED),
        (38, "{{ a.b" + " | upcase" * 11 + " }}", REFUSED, "{{ CUSTOMER.NAME }}"),
        (38, "{{" * 400_000, REFUSED, REFUSED),
        (38, "{%" * 400_000, REFUSED, REFUSED),
        (38, "{{" + " " * 900_000 + "}}", REFUSED, REFUSED),
        (38, "{{ a.b" + " " * 900_000 + "x }}", REFUSED, REFUSED),
        (38, "{% raw %}" * 100_000, REFUSED, REFUSED),
        (38, "{{ a.b }}" * 100_000, REFUSED, REFUSED),
        (38, "{% if a.b and " + "a.b and " * 100_000 + "a.b %}x{% endif %}", REFUSED, REFUSED),
        (39, "a\n\nb {{ customer.name", REFUSED, REFUSED),
        (39, "a\n\nb {% if customer.name %}", REFUSED, REFUSED),
        (40, "{{ a.b }}", "{{ customer.name }}", "{{ customer.name }}"),
        (40, "{{ a.b | upcase }}", "{{ CUSTOMER.NAME }}", "{{ CUSTOMER.NAME }}"),
        (40, "{% assign x = a.b %}{{ x }}", REFUSED, "{{ customer.name }}"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_bad_template_has_its_fixed_end(number, source, core, liquid):
    began = time.process_time()

    assert rendered(source, VALUES, CORE) == core
    assert rendered(source, VALUES, LIQUID) == liquid
    assert time.process_time() - began < SECONDS_MAX


@pytest.mark.parametrize("syntax", Syntax)
def test_37_an_unknown_variable_is_named_before_the_start_and_is_nothing_when_it_is_sent(syntax):
    rest = BEYOND_THE_CORE[syntax]
    subject, text = f"Hi {{{{ custommer.name }}}}{rest}", f"x\n{{{{ customer.nmae }}}} {{{{ event.at }}}}{rest}"
    content = compile_content(EmailContent(subject=subject, text=text, syntax=syntax))

    unknown = find_unknown_fields(content.placeholders, known_fields(customer=("name", "email")))

    assert [one.sentence for one in unknown] == [
        "subject, line 1, column 4: custommer.name is unknown; perhaps customer.name is meant",
        "text, line 2, column 1: customer.nmae is unknown; perhaps customer.name is meant",
    ]
    filled = content.filled({})
    assert isinstance(filled, CompiledEmail)
    assert filled.render({}).subject == "Hi "


@pytest.mark.parametrize("syntax", Syntax)
@pytest.mark.parametrize("opening", ["{{ customer.name", "{{ customer.name | default: 'x", "{{"])
def test_39_an_unclosed_tag_is_named_with_its_line(syntax, opening):
    with pytest.raises(InvalidTemplate) as caught:
        compile_content(SmsContent(text=f"a\nb\n c {opening}\n and more", syntax=syntax))

    assert (caught.value.line, caught.value.column) == (3, 4)


@pytest.mark.parametrize("syntax", Syntax)
def test_41_a_script_in_a_name_is_escaped_in_html_only(syntax):
    rest = BEYOND_THE_CORE[syntax]
    plain, html = f"{{{{ a.b }}}}{rest}", f"<p>{{{{ a.b }}}}{{{{ a.b | upcase }}}}{rest}"
    content = EmailContent(subject=plain, text=plain, html=html, syntax=syntax)
    evil = "<script>alert('&')</script>\""

    filled = compile_content(content).filled({"a": {"b": evil}})

    assert isinstance(filled, CompiledEmail)
    mail = filled.render({"a": {"b": evil}})
    assert (mail.subject, mail.text) == (evil, evil)
    assert mail.html is not None
    assert "<script" not in mail.html.lower()
    assert mail.html.startswith("<p>&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;&#34;&lt;SCRIPT&gt;")


@pytest.mark.parametrize("syntax", Syntax)
def test_42_a_link_that_runs_a_script_is_refused_as_it_is_written(syntax):
    with pytest.raises(InvalidContent, match="a link may not begin with javascript:"):
        check_content(EmailContent(subject="s", text="t", html='<a href="JavaScript:x">', syntax=syntax))


@pytest.mark.parametrize("syntax", Syntax)
@pytest.mark.parametrize("value", ["javascript:alert(1)", " java\tscript:x", "DATA:text/html,x", "vbscript:x"])
@pytest.mark.parametrize(
    "html",
    ['<a href="{{ a.b }}">', "<a HREF = {{ a.b }}>", "<form action='{{ a.b }}/x'>", "<a href={{ a.no }}{{ a.b }}>"],
)
def test_42_a_value_that_makes_a_link_run_a_script_is_a_rejection(syntax, value, html):
    html += BEYOND_THE_CORE[syntax]
    content = compile_content(EmailContent(subject="s", text="t", html=html, syntax=syntax))

    refused = content.filled({"a": {"b": value}})

    assert isinstance(refused, Rejection)
    assert (refused.code, refused.field) == (RejectionCode.MALFORMED, "html")
    assert refused.message.startswith("a link begins with ")
    for harmless in ("https://shop.example/?javascript:x", "&#106;avascript:x", "mailto:ann@example.com"):
        assert isinstance(content.filled({"a": {"b": harmless}}), CompiledEmail)

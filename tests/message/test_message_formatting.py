"""Numbers, money and dates: Babel writes them the same way, and what is none comes back as it is."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from babel import Locale
from babel.dates import format_date as babel_date
from babel.dates import format_time as babel_time
from babel.numbers import format_currency, format_decimal
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.errors import InvalidTemplate
from campaignkit.message.compiled import compile_content
from campaignkit.message.content import EmailContent, SmsContent
from campaignkit.message.formatting import (
    format_date,
    format_local_date,
    format_local_time,
    format_money,
    format_number,
)
from campaignkit.message.languages import LANGUAGES, for_text_messages, language_of

TAGS = sorted(LANGUAGES)
amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
days = st.dates(min_value=date(1000, 1, 1), max_value=date(9999, 12, 31))


def babel_locale(tag):
    return Locale.parse(tag.replace("-", "_"))


@settings(deadline=None)
@given(st.sampled_from(TAGS), amounts)
def test_numbers_are_written_as_babel_writes_them(tag, amount):
    expected = format_decimal(amount, format="#,##0.00", locale=babel_locale(tag))

    assert format_number(amount, language_of(tag), 2) == expected.replace("-0.00", "0.00").replace("-0,00", "0,00")


@settings(deadline=None)
@given(st.sampled_from(TAGS), amounts, st.sampled_from(["EUR", "USD", "GBP", "PLN", "CHF", "JPY", "CAD", "KWD"]))
def test_money_is_written_as_babel_writes_it_with_a_blank_between_letters_and_digits(tag, amount, currency):
    digits = {"JPY": 0, "KWD": 3}.get(currency, 2)
    rounded = amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    expected = format_currency(rounded or abs(rounded), currency, locale=babel_locale(tag), currency_digits=True)
    for letters in ("CHF", "PLN", "KWD"):
        expected = expected.replace(letters, f"{letters}\xa0") if tag.startswith("en") else expected

    assert format_money(amount, language_of(tag), currency) == expected


@settings(deadline=None)
@given(st.sampled_from(TAGS), days, st.times())
def test_dates_and_times_are_written_as_babel_writes_them(tag, day, time):
    language, locale = language_of(tag), babel_locale(tag)
    moment = datetime.combine(day, time)

    assert format_local_date(day, language) == babel_date(day, "long", locale)
    assert format_local_date(moment, language, "full") == babel_date(day, "full", locale)
    assert format_local_time(moment, language) == babel_time(time, "short", locale=locale).replace("\u202f", " ")
    assert format_date(day, language, "%B") == babel_date(day, "LLLL", locale)
    assert format_date(day, language, "%d %B") == babel_date(day, "dd MMMM", locale)
    assert format_date(day, language, "%b, %a") == babel_date(day, "MMM, EEE", locale)


@settings(deadline=None)
@given(days, st.times(), st.lists(st.sampled_from([*"aAbBdeHIjmMpSyYFTRD%", *(f"-{one}" for one in "dmyHIMSj"), ""])))
def test_english_dates_are_what_the_c_library_gives(day, time, names):
    form = "-".join(f"%{name}" if name else "ł" for name in names)
    moment = datetime.combine(day, time)

    assert format_date(moment, language_of("en"), form) == moment.strftime(form)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", ""),
        ("12,50", "12,50"),
        ("1e9", "1e9"),
        ("two", "two"),
        (True, "True"),
        (Decimal("NaN"), "NaN"),
        (Decimal("1E+99"), "1E+99"),
        (2**200, str(2**200)),
        ("1" * 31, "1" * 31),
        (float("inf"), "inf"),
        (-0.0, "0,0"),
        (Decimal("-0.001"), "-0,001"),
        ("1234.5", "1.234,5"),
        (1234, "1.234"),
        (0.1, "0,1"),
    ],
    ids=str,
)
def test_plain_numbers_get_separators_and_all_else_comes_back_as_it_is(value, shown):
    assert format_number(value, language_of("de")) == shown


def test_halves_are_rounded_away_from_zero():
    english = language_of("en")

    assert [format_number(value, english, 1) for value in ("0.25", "0.35", "-0.25", "-0.04")] == [
        "0.3",
        "0.4",
        "-0.3",
        "0.0",
    ]
    assert format_money("2.675", english, "USD") == "$2.68"


@pytest.mark.parametrize(
    "value", ["2026-02-30", "2026-13-01", "4.05.2026", "0999-01-01", "2026-05-04T25:00", 5, None, "yesterday"]
)
def test_what_is_no_iso_date_comes_back_as_it_is(value):
    assert format_date(value, language_of("en"), "%Y") == str(value)


def test_a_moment_is_shown_in_its_own_zone():
    assert format_date("2026-05-04T12:00Z", language_of("en"), "%H:%M") == "12:00"
    assert format_date(datetime(2026, 5, 4, 12, tzinfo=UTC), language_of("en"), "%H:%M") == "12:00"


def test_text_messages_have_plain_blanks():
    french = for_text_messages(language_of("fr"))

    assert format_money("1234567.5", french, "EUR") == "1 234 567,50 €"
    text = compile_content(SmsContent(text='{{ a.b | money: "EUR" }}', language="pl"))
    assert text.render({"a": {"b": "1234"}}).text == "1 234,00 €"
    assert for_text_messages(language_of("de")).group == "."


def test_content_speaks_the_merchants_language():
    source = '{{ event.day | local_date: "full" }}, {{ event.price | money: "PLN" }}'
    values = {"event": {"day": date(2026, 5, 4), "price": Decimal("1234.5")}}

    for tag in ("", "{% comment %}{% endcomment %}"):
        content = EmailContent(subject="s", text=tag + source, language="pl-PL", syntax="liquid")
        mail = compile_content(content)
        assert mail.render(values).text == "poniedziałek, 4 maja 2026, 1\xa0234,50\xa0zł"


def test_a_language_that_the_table_lacks_is_a_bad_call():
    with pytest.raises(ValueError, match="language 'xx' is not in the table; it has en, en-GB, pl"):
        EmailContent(subject="s", text="t", language="xx")


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("upcas", "there is no filter upcas; perhaps upcase is meant"),
        ("xyz", "there is no filter xyz; there are default, upcase"),
        ("append: 'x'", 'the filter append needs the extra campaignkit[templates] and content with syntax="liquid"'),
        ("upcase: 1", "upcase takes nothing behind it"),
        ("default", 'default is written default: "friend"'),
        ("default: 5", 'default is written default: "friend"'),
        ('truncate: "5"', "truncate is written truncate: 20"),
        ("truncate: 1, '.', 2", "truncate is written truncate: 20"),
        ('money: "eur"', "it takes a currency of three capital letters"),
        ("money", 'money is written money: "EUR"'),
        ("number: 10", "it takes a number of digits from 0 to 9"),
        ('date: "%Q"', "%Q is no directive of a date; there are %% %A"),
        ('date: "%"', "% is no directive of a date"),
        ('date: "<b>%d"', "its form may not hold quotes, &, < or >"),
        ('local_date: "tiny"', 'it takes "short", "long" or "full"'),
    ],
)
def test_a_filter_that_cannot_work_is_refused_when_it_is_saved_with_its_place(written, problem):
    with pytest.raises(InvalidTemplate) as caught:
        compile_content(SmsContent(text=f"Hi\n {{{{ a.b | strip | {written} }}}}"))

    assert (caught.value.line, caught.value.column) == (2, 20 - 1)
    assert problem in caught.value.problem

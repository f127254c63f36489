"""Filters: what each is true of, and what becomes of those of whom nobody can say."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.audience.targeting import Answer, History, describe

NOW = datetime(2026, 3, 9, 9, tzinfo=ZoneInfo("America/New_York"))  # a Monday, the day after summer time began
YES, NO, ABSENT, UNCLEAR = Answer.YES, Answer.NO, Answer.ABSENT, Answer.UNCLEAR


def contact_of(**row) -> ck.Contact:
    contact = ck.parse_contact({"name": "Ann", "email": "ann@example.com", **row}, region="US")
    assert isinstance(contact, ck.Contact)
    return contact


def answer(where, contact=None, **row) -> Answer:
    (said,) = ck.Targeting(where, now=NOW).answers(contact or contact_of(**row))
    return said


AT_NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("where", "fact", "expected"),
    [
        (ck.Equals("fact", "Kraków"), "  KRAKÓW ", YES),
        (ck.Equals("fact", "Krako\u0301w"), "Kraków", YES),
        (ck.Equals("fact", "New  York"), "new york", YES),
        (ck.Equals("fact", "Kraków"), "Krakow", NO),
        (ck.Equals("fact", "12"), "12.0", NO),
        (ck.Equals("fact", 12), "12.0", YES),
        (ck.Equals("fact", 12), "13", NO),
        (ck.Equals("fact", 0.1), "0.10", YES),
        (ck.Equals("fact", 12), "a dozen", UNCLEAR),
        (ck.Equals("fact", 1200), "1,200", UNCLEAR),
        (ck.Equals("fact", 12), "١٢", UNCLEAR),
        (ck.Equals("fact", True), "Tak", YES),
        (ck.Equals("fact", True), "no", NO),
        (ck.Equals("fact", False), "0", YES),
        (ck.Equals("fact", True), "perhaps", UNCLEAR),
        (ck.Equals("fact", date(2026, 3, 9)), "2026-03-09", YES),
        (ck.Equals("fact", date(2026, 3, 9)), "2026-03-10T02:00:00Z", YES),  # still the 9th in New York
        (ck.Equals("fact", date(2026, 3, 9)), "9.3.2026", UNCLEAR),
        (ck.Equals("fact", AT_NOON), "2026-03-09T08:00", YES),  # a time without a zone is New York's
        (ck.Equals("fact", "x"), "   ", ABSENT),
        (ck.OneOf("fact", ["a", "b"]), "B", YES),
        (ck.OneOf("fact", ["a", "b"]), "c", NO),
        (ck.OneOf("fact", [1, 2]), "c", UNCLEAR),
        (ck.OneOf("fact", [1, "c"]), "c", YES),
        (ck.OneOf("fact", [1, "d"]), "c", NO),
        (ck.Contains("fact", "ROSE"), "red roses", YES),
        (ck.Contains("fact", "tulip"), "red roses", NO),
        (ck.Before("fact", date(2026, 3, 9)), "2026-03-08", YES),
        (ck.Before("fact", date(2026, 3, 9)), "2026-03-09", NO),
        (ck.Before("fact", date(2026, 3, 9)), "2026-03-09T03:59:00Z", YES),  # the evening before in New York
        (ck.Before("fact", AT_NOON), "2026-03-09", YES),  # a day begins at its midnight
        (ck.Before("fact", AT_NOON), "2026-03-09T08:00:00-04:00", NO),
        (ck.Before("fact", date(2026, 3, 9)), "03/08/2026", UNCLEAR),
        (ck.Before("fact", date(2026, 3, 9)), "2026-02-30", UNCLEAR),
        (ck.Before("fact", date(2026, 3, 9)), "0001-01-01T00:00:00+23:00", UNCLEAR),
        (ck.After("fact", date(2026, 3, 9)), "2026-03-10", YES),
        (ck.After("fact", date(2026, 3, 9)), "2026-03-09", NO),
        (ck.After("fact", AT_NOON), "2026-03-09 12:00:01+00:00", YES),
        (ck.AtLeast("fact", 10), "10", YES),
        (ck.AtLeast("fact", 10), "9.99", NO),
        (ck.AtLeast("fact", 10), "ten", UNCLEAR),
        (ck.AtMost("fact", 10), "-3", YES),
        (ck.AtMost("fact", 10.5), "10.51", NO),
        (ck.WithinDays("fact", 7), "2026-03-09", YES),
        (ck.WithinDays("fact", 7), "2026-03-02", YES),
        (ck.WithinDays("fact", 7), "2026-03-01", NO),
        (ck.WithinDays("fact", 7), "2026-03-10", NO),  # yet to come
        (ck.WithinDays("fact", 7), "2026-03-09T13:00:01Z", NO),
        (ck.WithinDays("fact", 7), "2026-03-02T13:00:00Z", YES),
        (ck.WithinDays("fact", 7), "2026-03-02T12:59:59Z", NO),
        (ck.WithinDays("fact", 7), "last week", UNCLEAR),
        (ck.IsSet("fact"), "x", YES),
        (ck.IsSet("fact"), " ", NO),
        (ck.IsSet("fact", False), " ", YES),
        (ck.IsSet("fact", False), "x", NO),
    ],
    ids=str,
)
def test_what_a_filter_says_of_a_fact(where, fact, expected):
    assert answer(where, fact=fact) is expected


@pytest.mark.parametrize(
    "where",
    [
        ck.Equals("nowhere", "x"),
        ck.OneOf("nowhere", ["x"]),
        ck.Contains("nowhere", "x"),
        ck.Before("nowhere", date(2026, 1, 1)),
        ck.After("nowhere", date(2026, 1, 1)),
        ck.AtLeast("nowhere", 1),
        ck.AtMost("nowhere", 1),
        ck.WithinDays("nowhere", 1),
    ],
    ids=str,
)
def test_whoever_lacks_the_fact_is_let_in_by_neither_a_filter_nor_its_not(where):
    contact = contact_of()

    assert not ck.Targeting(where, now=NOW)(contact)
    assert not ck.Targeting(ck.Not(where), now=NOW)(contact)
    assert ck.Targeting(ck.AnyOf([where, ck.IsSet("nowhere", False)]), now=NOW)(contact)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Ann Lee"),
        ("first_name", "Ann"),
        ("contact_id", "c-7"),
        ("email", "ann@example.com"),
        ("email_domain", "example.com"),
        ("phone", "+12125550143"),
        ("phone_country", "US"),
        ("zone", "Europe/Warsaw"),
        ("consent_email", "granted"),
        ("consent_sms", "denied"),
        ("Favourite flower", "Tulip"),
        ("favourite_flower", "Tulip"),
    ],
)
def test_a_field_is_a_contacts_own_or_a_column_by_either_name(field, value):
    row = {"id": "c-7", "name": "Ann Lee", "phone": "(212) 555-0143", "zone": "Europe/Warsaw", "newsletter": "yes"}
    contact = contact_of(**row, **{"sms consent": "no", "Favourite flower": "Tulip"})

    assert answer(ck.Equals(field, value), contact) is YES


def test_what_a_host_put_into_attributes_is_read_as_it_prints():
    contact = ck.Contact(attributes={"since": date(2026, 3, 1), "points": 12})  # type: ignore[dict-item]

    assert answer(ck.After("since", date(2026, 2, 1)), contact) is YES
    assert answer(ck.AtLeast("points", 12), contact) is YES


def test_a_hosts_function_is_asked_by_name_and_may_not_know():
    albums: dict[str, set[str]] = {"c-1": {"spring"}, "c-2": set()}
    functions: dict[str, Callable[..., bool | None]] = {
        "has_photos": lambda contact: bool(albums[contact.contact_id]) if contact.contact_id in albums else None,
        "in_album": lambda contact, album: album in albums.get(contact.contact_id, ()),
    }
    people = [contact_of(id=name) for name in ("c-1", "c-2", "c-3")]

    def let_in(where):
        return [person.contact_id for person in people if ck.Targeting(where, predicates=functions)(person)]

    assert let_in(ck.Predicate("has_photos")) == ["c-1"]
    assert let_in(ck.Not(ck.Predicate("has_photos"))) == ["c-2"]
    assert let_in(ck.Predicate("in_album", "spring")) == ["c-1"]
    with pytest.raises(ValueError, match="no function is registered under 'has_video'"):
        let_in(ck.Predicate("has_video"))


def test_history_is_known_by_contact_and_by_every_address():
    history = History()
    history.note(contact_id="c-1", address_key="old@example.com", is_certain=True)
    history.note(contact_id="", address_key="+12125550143", is_certain=True)
    history.note(contact_id="c-9", address_key="doubt@example.com", is_certain=False)
    got = ck.Got("spring")
    targeting = ck.Targeting(got, histories={got: history})

    assert targeting.answers(contact_of(id="c-1")) == (YES,)
    assert targeting.answers(contact_of(id="c-2", email="old@example.com")) == (YES,)
    assert targeting.answers(contact_of(id="c-2", phone="(212) 555-0143")) == (YES,)
    assert targeting.answers(contact_of(id="c-2", email="doubt@example.com")) == (UNCLEAR,)
    assert targeting.answers(contact_of(id="c-2")) == (NO,)
    assert targeting.answers(contact_of(id="@old@example.com")) == (NO,)  # an id is no address
    with pytest.raises(ValueError, match="the history of 'summer' is not at hand"):
        ck.Targeting(ck.Got("summer"), histories={got: history})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ck.Equals("", "x"), "field must be a name"),
        (lambda: ck.Equals("f", "x" * 1001), "at most 1000 characters"),
        (lambda: ck.Equals("f", float("nan")), "no number"),
        (lambda: ck.Equals("f", datetime(2026, 1, 1)), "aware"),  # noqa: DTZ001 - that is what is refused
        (lambda: ck.Before("f", datetime(2026, 1, 1)), "aware"),  # noqa: DTZ001
        (lambda: ck.OneOf("f", []), "1 to 1000 values"),
        (lambda: ck.Contains("f", " "), "contains wants a text"),
        (lambda: ck.WithinDays("f", 0), "1 to 36500"),
        (lambda: ck.WithinDays("f", True), "1 to 36500"),
        (lambda: ck.AllOf([]), "at least one"),
        (lambda: ck.Targeting(ck.WithinDays("f", 1)), "now="),
        (lambda: ck.Targeting(ck.IsSet("f"), now=datetime(2026, 1, 1)), "aware"),  # noqa: DTZ001
    ],
)
def test_77_a_filter_that_nothing_could_match_is_a_bad_call(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: ck.Equals("f", None),  # type: ignore[arg-type]
        lambda: ck.OneOf("f", "ab"),
        lambda: ck.Before("f", "2026-01-01"),  # type: ignore[arg-type]
        lambda: ck.AtLeast("f", "12"),  # type: ignore[arg-type]
        lambda: ck.IsSet("f", "no"),  # type: ignore[arg-type]
        lambda: ck.Not("f"),  # type: ignore[arg-type]
        lambda: ck.AllOf(["f"]),  # type: ignore[list-item]
    ],
)
def test_a_value_of_another_type_is_a_bad_call(make):
    with pytest.raises(TypeError):
        make()


def test_a_filter_is_told_in_words():
    where = ck.AllOf([ck.AnyOf([ck.Equals("city", "Kraków"), ck.IsSet("city", False)]), ck.Not(ck.Got("spring"))])

    assert describe(where) == "(city is Kraków or city is not known) and not (got campaign spring)"
    assert describe(ck.Got("welcome", "day-3")) == "got step day-3 of welcome"
    assert describe(ck.OneOf("n", [1, 2, 3, 4, 5, 6])) == "n is one of 1, 2, 3, 4, 5 …"


texts = st.sampled_from(["", "Kraków", "12", "12.5", "yes", "no", "2026-03-08", "2026-03-09T10:00:00Z", "9.3.26", "~"])
facts = st.fixed_dictionaries({"a": texts, "b": texts})
fields = st.sampled_from(["a", "b", "c"])
moments = st.one_of(
    st.dates(date(2026, 3, 7), date(2026, 3, 10)),
    st.datetimes(datetime(2026, 3, 7), datetime(2026, 3, 10), timezones=st.just(timezone(timedelta(hours=1)))),  # noqa: DTZ001
)
values = st.one_of(texts, st.integers(10, 13), st.just(12.5), st.booleans(), moments)
leaves = st.one_of(
    st.builds(ck.Equals, fields, values),
    st.builds(ck.OneOf, fields, st.lists(values, min_size=1, max_size=3)),
    st.builds(ck.Contains, fields, st.sampled_from(["1", "KRA", "2026"])),
    st.builds(ck.Before, fields, moments),
    st.builds(ck.After, fields, moments),
    st.builds(ck.AtLeast, fields, st.integers(11, 13)),
    st.builds(ck.AtMost, fields, st.sampled_from([11, 12.5, 13])),
    st.builds(ck.WithinDays, fields, st.integers(1, 3)),
    st.builds(ck.IsSet, fields, st.booleans()),
)
filters = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(ck.AllOf, st.lists(inner, min_size=1, max_size=3)),
        st.builds(ck.AnyOf, st.lists(inner, min_size=1, max_size=3)),
        st.builds(ck.Not, inner),
    ),
    max_leaves=6,
)
people = facts.map(lambda row: contact_of(**row))


def is_in(where, person) -> bool:
    return ck.Targeting(where, now=NOW)(person)


@given(filters, people)
def test_nobody_is_let_in_both_by_a_filter_and_by_its_not(where, person):
    assert not (is_in(where, person) and is_in(ck.Not(where), person))
    assert is_in(ck.Not(ck.Not(where)), person) == is_in(where, person)


@given(filters, filters, people)
def test_and_or_and_not_keep_de_morgans_laws(one, other, person):
    assert is_in(ck.Not(ck.AllOf([one, other])), person) == is_in(ck.AnyOf([ck.Not(one), ck.Not(other)]), person)
    assert is_in(ck.AllOf([one, other]), person) == (is_in(one, person) and is_in(other, person))
    assert is_in(ck.AnyOf([one, other]), person) == (is_in(one, person) or is_in(other, person))


@given(leaves, people)
def test_a_fact_that_is_known_and_comparable_is_on_one_side_of_a_filter(where, person):
    (said,) = ck.Targeting(where, now=NOW).answers(person)

    assert (is_in(where, person) or is_in(ck.Not(where), person)) == (said in {YES, NO})


@given(fields, moments, people)
def test_before_equal_and_after_share_out_all_dates(field, moment, person):
    sides = [is_in(kind(field, moment), person) for kind in (ck.Before, ck.Equals, ck.After)]
    (said,) = ck.Targeting(ck.Equals(field, moment), now=NOW).answers(person)

    assert sum(sides) == (said in {YES, NO})

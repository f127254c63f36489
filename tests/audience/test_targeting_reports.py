"""What a filter did to a list, and whom another choice would reach."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.addresses import Rejection
from campaignkit.audience.targeting.matching import leaves_of
from campaignkit.audience.targeting.reports import PATTERNS_MAX
from tests.audience.test_targeting import facts, filters

NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)


def people_of(*rows: dict[str, str]) -> list[ck.Contact | Rejection]:
    return [
        ck.parse_contact({"email": f"p{number}@example.com", **row}, region="US", row_number=number)
        for number, row in enumerate(rows, start=2)
    ]


def test_each_part_says_how_many_it_alone_left_out():
    city = [{"city": "Kraków"}] * 3 + [{"city": "Łódź"}] * 2 + [{"city": ""}]
    points = ["10", "20", "x", "20", "5", "20"]
    people = people_of(*({**row, "points": number} for row, number in zip(city, points, strict=True)))
    report = ck.build_audience(
        people, where=ck.AllOf([ck.Equals("city", "Kraków"), ck.AtLeast("points", 20)])
    ).targeting

    assert report is not None
    assert (report.seen_count, report.passed_count, report.excludes_everybody) == (6, 1, False)
    assert ck.to_dict(report.filters) == [
        {
            "path": "where.all[0]",
            "label": "city is Kraków",
            "matched_count": 3,
            "unmatched_count": 2,
            "absent_count": 1,
            "unclear_count": 0,
            "excluded_alone_count": 2,  # p5, and p7 who says no city
        },
        {
            "path": "where.all[1]",
            "label": "points is at least 20",
            "matched_count": 3,
            "unmatched_count": 2,
            "absent_count": 0,
            "unclear_count": 1,
            "excluded_alone_count": 2,
        },
    ]


def test_an_exclusion_names_the_part_that_left_it_out():
    people = people_of({"city": "Łódź", "points": "20"}, {"city": "Łódź", "points": "1"})
    where = ck.AllOf([ck.Equals("city", "Kraków"), ck.Not(ck.Equals("points", 1))])
    details = [exclusion.detail for exclusion in ck.build_audience(people, where=where).exclusions]

    assert details == [
        "The chosen filter leaves this contact out: city is Kraków.",
        "The chosen filter leaves this contact out: city is Kraków; not (points is 1).",
    ]


def test_a_filter_that_excludes_everybody_says_which_choice_would_reach_how_many():
    rows = [{"album": "spring"}] * 4 + [{"album": "Summer"}] * 2 + [{"album": "", "email": ""}]
    report = ck.build_audience(people_of(*rows), where=ck.Equals("album", "winter")).targeting

    assert report is not None
    assert report.excludes_everybody
    assert [(choice.label, choice.reach_count) for choice in report.alternatives] == [
        ("not (album is winter)", 6),
        ("without album is winter", 6),
        ("album is spring", 4),
        ("album is Summer", 2),
    ]


def test_a_hosts_choice_that_reaches_nobody_is_told_with_its_opposite():
    people = people_of({}, {}, {"consent": "no"})
    targeting = ck.Targeting(ck.Predicate("has_photos"), predicates={"has_photos": lambda _: False})
    report = ck.build_audience(people, where=targeting).targeting

    assert report is not None
    assert [(choice.label, choice.reach_count) for choice in report.alternatives] == [
        ("not (has_photos)", 2),  # the third would not be reached by any choice
        ("without has_photos", 2),
    ]


def test_what_is_no_choice_among_few_is_not_offered():
    rows = [{"email": f"q{number}@example.com", "note": "n" * 61} for number in range(3)]
    where = ck.AllOf([ck.Equals("email", "x@example.com"), ck.Equals("note", "x")])
    report = ck.build_audience(people_of(*rows), where=where).targeting

    assert report is not None
    assert report.alternatives == ()


def test_a_part_that_is_true_of_nobody_is_named():
    report = ck.build_audience(
        people_of({"a": "1"}), where=ck.AnyOf([ck.Equals("a", 1), ck.WithinDays("b", 3)]), now=NOW
    ).targeting

    assert report is not None
    assert [part.label for part in report.matching_nobody] == ["b is within the last 3 days"]


def test_a_function_is_one_part_without_a_name():
    report = ck.build_audience(people_of({}, {}), where=lambda contact: contact.row_number == 2).targeting

    assert report is not None
    assert [(part.matched_count, part.excluded_alone_count) for part in report.filters] == [(1, 1)]


def test_without_a_filter_there_is_no_report():
    assert ck.build_audience(people_of({})).targeting is None


def test_more_kinds_of_contacts_than_are_kept_in_mind_are_counted_all_the_same():
    names = [f"n{number}" for number in range(11)]
    where = ck.AllOf(ck.IsSet(name) for name in names)
    people = [
        ck.Contact(attributes={name: "x" for number, name in enumerate(names) if flags >> number & 1})
        for flags in range(PATTERNS_MAX + 1000)
    ]
    report = ck.build_audience([*people, *people], where=where).targeting

    assert report is not None
    assert report.seen_count == 2 * len(people)
    for number, part in enumerate(report.filters):
        assert part.matched_count == 2 * sum(flags >> number & 1 for flags in range(len(people)))
        assert part.matched_count + part.unmatched_count == report.seen_count


@settings(max_examples=200, deadline=None)
@given(filters, st.lists(facts, max_size=6))
def test_the_counts_of_every_part_add_up_to_all_who_were_seen(where, rows):
    people = people_of(*rows)
    audience = ck.build_audience(people, where=where, now=NOW)
    report = audience.targeting

    assert report is not None
    assert (report.seen_count, report.passed_count) == (len(rows), len(audience.recipients))
    assert [part.path for part in report.filters] == [path for _, path, _ in leaves_of(where)]
    for part in report.filters:
        counts = (part.matched_count, part.unmatched_count, part.absent_count, part.unclear_count)
        assert sum(counts) == len(rows)
        assert part.excluded_alone_count <= report.seen_count - report.passed_count


@settings(max_examples=100, deadline=None)
@given(st.lists(filters, min_size=2, max_size=3), st.lists(facts, min_size=1, max_size=5))
def test_a_choice_reaches_as_many_as_it_says(parts, rows):
    people = people_of(*rows)
    report = ck.build_audience(people, where=ck.AllOf(parts), now=NOW).targeting

    assert report is not None
    if all(isinstance(part, ck.AllOf | ck.AnyOf | ck.Not) for part in parts) or report.passed_count:
        return
    for index, part in enumerate(parts):
        rest = [other for number, other in enumerate(parts) if number != index]
        for choice in report.alternatives:
            if choice.path == f"where.all[{index}]" and choice.label.startswith("without "):
                assert len(ck.build_audience(people, where=ck.AllOf(rest), now=NOW).recipients) == choice.reach_count
            if choice.path == f"where.all[{index}]" and choice.label.startswith("not ("):
                other = ck.AllOf([*rest, ck.Not(part)])
                assert len(ck.build_audience(people, where=other, now=NOW).recipients) == choice.reach_count


@pytest.mark.parametrize("count", [1, 40])
def test_a_report_is_plain_data(count):
    report = ck.build_audience(people_of(*[{"a": str(n)} for n in range(count)]), where=ck.Equals("a", "x")).targeting

    assert ck.to_dict(report)["seen_count"] == count

"""Filters go through JSON and TOML and come back equal; what is wrong is told by its path."""

import json
import tomllib
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import campaignkit as ck
from tests.audience.test_targeting import filters

more = st.one_of(
    filters,
    st.builds(ck.Got, st.sampled_from(["spring", "../x", "' OR 1=1"]), st.sampled_from(["", "day-3"])),
    st.builds(ck.Predicate, st.sampled_from(["has_photos", "ist schön"]), st.sampled_from([None, "", "album"])),
)


def as_toml(value) -> str:
    """Spell plain data as TOML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {as_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value)


@given(more)
def test_a_filter_comes_back_equal_from_json_and_toml(where):
    form = ck.filter_to_dict(where)

    assert ck.filter_from_dict(json.loads(json.dumps(form))) == where
    assert ck.filter_from_dict(tomllib.loads(f"where = {as_toml(form)}")["where"]) == where
    assert ck.filter_to_dict(ck.filter_from_dict(form)) == form


def test_a_toml_file_may_write_its_own_dates():
    form = tomllib.loads('where = {any = [{field = "since", before = 2026-03-09}, {field = "at", in = [2026-03-09]}]}')

    assert ck.filter_from_dict(form["where"]) == ck.AnyOf(
        [ck.Before("since", date(2026, 3, 9)), ck.OneOf("at", [date(2026, 3, 9)])]
    )


def test_instants_keep_their_moment():
    form = {"field": "at", "equals": {"datetime": "2026-03-09T09:00:00+01:00"}}

    assert ck.filter_from_dict(form) == ck.Equals("at", datetime(2026, 3, 9, 8, tzinfo=UTC))


def nested(depth: int) -> dict[str, object]:
    form: dict[str, object] = {"field": "f", "is_set": True}
    for _ in range(depth):
        form = {"not": form}
    return form


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ([], "where: must be a table"),
        ({}, "where: wants one of equals, in,"),
        ({"field": "f"}, "where: wants one of equals, in,"),
        ({"feild": "f", "equals": 1}, "where.feild: unknown key; did you mean field?"),
        ({"field": "f", "equal": 1}, "where.equal: unknown key; did you mean equals?"),
        ({"field": "f", "equals": 1, "in": [1]}, "where.in: unknown key"),
        ({"equals": 1}, "where.field: missing"),
        ({"field": 7, "equals": 1}, "where.field: must be text"),
        ({"field": "", "equals": 1}, "where.equals: field must be a name"),
        ({"field": "f", "equals": None}, "where.equals: must be text, a number, true or false, or a date"),
        ({"field": "f", "equals": {"date": "2026-13-01"}}, "where.equals: is no date"),
        ({"field": "f", "equals": {"date": "2026-12-01T00:00:00Z"}}, "where.equals: is no date"),
        ({"field": "f", "equals": {"day": "2026-12-01"}}, "where.equals.day: unknown key"),
        ({"field": "f", "equals": {}}, "where.equals: must be either a date or a datetime"),
        ({"field": "f", "in": "abc"}, "where.in: must be a list of values"),
        ({"field": "f", "in": [1, None]}, "where.in[1]: must be text"),
        ({"field": "f", "in": []}, "where.in: one_of wants 1 to 1000 values"),
        ({"field": "f", "before": "tomorrow"}, "where.before: is no date"),
        ({"field": "f", "before": "2026-01-01T09:00"}, "where.before: a datetime in a filter must be aware"),
        ({"field": "f", "after": 7}, "where.after: must be a date"),
        ({"field": "f", "within_days": "7"}, "where.within_days: within_days wants 1 to 36500"),
        ({"field": "f", "at_least": "7"}, "where.at_least: at_least and at_most want a number"),
        ({"field": "f", "contains": 7}, "where.contains: contains wants a text"),
        ({"field": "f", "is_set": "no"}, "where.is_set: is_set is true or false"),
        ({"all": {}}, "where.all: must be a list of filters"),
        ({"all": []}, "where.all: all and any want at least one filter"),
        ({"any": [{"all": [nested(0), {"field": "f", "withn_days": 7}]}]}, "where.any[0].all[1].withn_days: unknown"),
        ({"any": [{"not": 7}]}, "where.any[0].not: must be a table"),
        ({"not": nested(0), "field": "f"}, "where.field: unknown key"),
        ({"got": 7}, "where.got: must be text"),
        ({"got": "x", "stp": "y"}, "where.stp: unknown key; did you mean step?"),
        ({"predicate": "p", "argument": None}, "where.argument: missing"),
        ({"predicate": ""}, "where.predicate: name must be a name"),
        (nested(40), "nested deeper than 16"),
        ({"any": [nested(0)] * 300}, "where.any[199]: more than 200 filters"),
        ({"any": [{"any": [nested(0)] * 150}, {"any": [nested(0)] * 150}]}, "more than 200 filters"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_by_its_path(form, message):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole message is compared below
        ck.filter_from_dict(form)

    assert message in str(refused.value)
    assert str(refused.value).startswith("where")


def test_the_path_begins_with_what_the_host_calls_it():
    with pytest.raises(ValueError, match=r"^campaign\.audience\.equals: must be"):
        ck.filter_from_dict({"field": "f", "equals": None}, path="campaign.audience")

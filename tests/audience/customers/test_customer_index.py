"""What somebody types at the counter finds the customer, and says why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.audience.customers.index import CustomerIndex
from campaignkit.audience.customers.mismatches import check_edit
from campaignkit.audience.customers.records import Customer, CustomerStatus
from tests.audience.customers.people import person, phone, populations

SHOP = (
    person("12", "Ann Lee", "0143", "ann.lee@flora.com", loyalty_id="K-77"),
    person("13", "Zoë Kowalska-Król", "0188", "zoe@example.com"),
    person("14", "William Miller", "0199", notes=("big",)),
    person("15", "Bob Miller", "0199"),
)


def _index(*more: Customer) -> CustomerIndex:
    return CustomerIndex([*SHOP, *more], region="US")


@pytest.mark.parametrize(
    ("query", "ids", "reason"),
    [
        pytest.param("(212) 555-0143", ["12"], "phone", id="phone in national form"),
        pytest.param("+1 212.555.0143", ["12"], "phone", id="phone in international form"),
        pytest.param("0143", ["12"], "partial_phone", id="the last digits"),
        pytest.param("555-01", ["12", "13", "14", "15"], "partial_phone", id="some digits"),
        pytest.param("143", ["12"], "partial_phone", id="three digits"),
        pytest.param("43", [], None, id="two digits are too few"),
        pytest.param("ANN.LEE@flora.com", ["12"], "email", id="email in any case"),
        pytest.param("@flora", ["12"], "partial_email", id="part of an email"),
        pytest.param("lee ann", ["12"], "name", id="name in any order"),
        pytest.param("zoe krol", ["13"], "name", id="no accents"),
        pytest.param("bill miller", ["14"], "nickname", id="nickname"),
        pytest.param("kowal", ["13"], "partial_name", id="the beginning of a name"),
        pytest.param("kowlaska", ["13"], "similar_name", id="a slip of the finger"),
        pytest.param("k-77", ["12"], "loyalty_id", id="card"),
        pytest.param("13", ["13"], "id", id="the shop's own number"),
        pytest.param("  ", [], None, id="blank"),
        pytest.param("nobody here", [], None, id="nobody"),
    ],
)
def test_a_query_finds(query: str, ids: list[str], reason: str | None) -> None:
    matches = _index().find(query).matches

    assert sorted(match.customer.customer_id for match in matches) == ids
    assert all(match.reasons[0] == reason and match.message for match in matches)


def test_the_best_comes_first() -> None:
    found = _index(person("16", "Leeann King")).find("lee")

    assert [match.customer.customer_id for match in found] == ["12", "16"]
    assert found.matches[0].score > found.matches[1].score


def test_a_result_says_when_there_is_more() -> None:
    found = _index().find("555", limit=3)

    assert (len(found), found.total_count, found.has_more) == (3, 4, True)
    assert not _index().find("555").has_more


def test_filters_say_what_they_hide() -> None:
    filters = {"has notes": lambda one: bool(one.notes), "has email": lambda one: one.email is not None}

    found = _index().find("miller", filters=filters)

    assert [(one.filter, one.count) for one in found.hidden] == [("has email", 2), ("has notes", 1)]
    assert found.total_count == 0


@pytest.mark.parametrize(
    ("customer", "code", "instead"),
    [
        pytest.param(
            person("20", "Una Hill", "0150", status=CustomerStatus.MERGED, merged_into="21"),
            "merged",
            "12",
            id="merged",
        ),
        pytest.param(person("20", "Una Hill", "0150", status=CustomerStatus.BLOCKED), "blocked", "", id="blocked"),
        pytest.param(person("20", "Una Hill"), "incomplete", "", id="incomplete"),
    ],
)
def test_a_match_that_cannot_be_chosen_says_why(customer: Customer, code: str, instead: str) -> None:
    between = person("21", "Una Hill-Lee", "0151", status=CustomerStatus.MERGED, merged_into="12")

    match = next(one for one in _index(customer, between).find("una hill") if one.customer.customer_id == "20")

    assert match.obstacle is not None
    assert (match.is_choosable, match.obstacle.code, match.obstacle.use_instead) == (False, code, instead)
    assert instead in match.obstacle.message


def test_the_index_lives() -> None:
    index = _index()
    index.add(person("16", "Ivo Hall", "0160"))
    index.replace(person("12", "Ann Scott", "0161"))
    index.remove("13")

    assert [match.customer.customer_id for match in index.find("0160")] == ["16"]
    assert [match.customer.customer_id for match in index.find("scott")] == ["12"]
    assert (len(index.find("lee")), len(index.find("kowalska")), len(index)) == (0, 0, 4)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        pytest.param(lambda index: index.add(person("12")), "an id of its own", id="add twice"),
        pytest.param(lambda index: index.add(person("")), "an id of its own", id="no id"),
        pytest.param(lambda index: index.replace(person("99")), "there is no customer '99'", id="replace nobody"),
        pytest.param(lambda index: index.remove("99"), "there is no customer '99'", id="remove nobody"),
        pytest.param(lambda index: index.find("x", limit=0), "at least one", id="no limit"),
        pytest.param(
            lambda index: index.check_new(person("", "A"), on_duplicate="maybe"), "maybe", id="no such setting"
        ),
    ],
)
def test_bad_calls_are_refused(act, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        act(_index())


@given(populations(), st.text(max_size=12))
def test_any_query_is_answered(records: list[Customer], query: str) -> None:
    found = CustomerIndex(records, region="PL").find(query, limit=2)

    assert len(found) <= 2
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)


@given(populations())
def test_everybody_is_found_by_id_phone_and_email(records: list[Customer]) -> None:
    index = CustomerIndex(records)
    for one in records:
        queries = [one.customer_id, *(number.e164 for number in one.phones), *(email.address for email in one.emails)]
        for query in queries:
            assert one in [match.customer for match in index.find(query, limit=99)]


@pytest.mark.parametrize(
    ("customer", "setting", "verdict"),
    [
        pytest.param(person("", "Annie Lee", "0143"), "ask", "ask", id="asked"),
        pytest.param(person("", "Annie Lee", "0143"), "refuse", "refuse", id="refused"),
        pytest.param(person("", "Ann Scott", "0143"), "refuse", "ask", id="only likely: asked"),
        pytest.param(person("", "Annie Lee", "0143"), "create", "create", id="the merchant does not mind"),
        pytest.param(person("", "Tom Lee", "0143"), "refuse", "create", id="a relative is welcome"),
        pytest.param(person("", "Eva Hill", "0177"), "refuse", "create", id="new"),
    ],
)
def test_before_creating_the_index_is_asked(customer: Customer, setting: str, verdict: str) -> None:
    checked = _index().check_new(customer, on_duplicate=setting)

    assert checked.verdict == verdict
    assert bool(checked.suggestions) is ("looks like customer 12" in checked.message)


def test_a_merged_look_alike_points_to_its_survivor() -> None:
    merged = person("20", "Una Hill", "0150", status=CustomerStatus.MERGED, merged_into="12")

    checked = _index(merged).check_new(person("", "Una Hill", "0150"))

    assert checked.message == "This looks like customer 12: they have the same phone number."


def test_a_name_and_a_phone_of_different_customers_are_a_mismatch() -> None:
    mismatch = _index().find_mismatch("Ann Lee", phone("(212) 555-0188"))

    assert mismatch is not None
    assert [one.customer_id for one in mismatch.by_name] == ["12"]
    assert [one.customer_id for one in mismatch.by_phone] == ["13"]
    assert mismatch.message == "The name fits customer 12, the phone number belongs to customer 13."


@pytest.mark.parametrize(
    ("name", "tel"),
    [
        pytest.param("LEE, Annie", "0143", id="the same person"),
        pytest.param("Bob Miller", "0199", id="one of a household"),
        pytest.param("Ann Lee", "0177", id="a new number"),
        pytest.param("", "0143", id="no name"),
    ],
)
def test_what_fits_is_no_mismatch(name: str, tel: str) -> None:
    assert _index().find_mismatch(name, phone(f"(212) 555-{tel}")) is None


@pytest.mark.parametrize(
    ("after", "is_warned"),
    [
        pytest.param(person("12", "Bob Lee", "0143", "ann.lee@flora.com"), True, id="another given name"),
        pytest.param(person("12", "Zoe King", "0177"), True, id="nothing left"),
        pytest.param(person("12", "Ann Miller", "0143"), False, id="a married name"),
        pytest.param(person("12", "Annie Lee", "0177"), False, id="a new phone"),
        pytest.param(person("12", "", "0143"), False, id="no name"),
    ],
)
def test_an_edit_that_makes_another_person_is_a_warning(after: Customer, is_warned: bool) -> None:
    warning = check_edit(SHOP[0], after)

    assert (warning is not None) is is_warned
    assert warning is None or warning.code == "other_person"

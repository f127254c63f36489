"""One row: what becomes of its fields, its key, what templates see."""

import pickle

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses import Rejection, RejectionCode, parse_email
from campaignkit.audience import Consent, ConsentState, Contact, parse_contact
from campaignkit.audience.columns import Field, arrange, fold, snake_case


def contact_of(row, **options) -> Contact:
    contact = parse_contact(row, **options)
    assert isinstance(contact, Contact)
    return contact


def test_a_readable_row_with_broken_fields_is_a_contact_that_names_them():
    row = {"name": "Ann", "email": "ann@", "phone": "hello", "zone": "Mars/Olympus", "consent": "ask her"}
    contact = contact_of(row, region="US", row_number=5)

    assert (contact.name, contact.email, contact.phone, contact.zone) == ("Ann", None, None, None)
    assert [(broken.field, broken.row_number) for broken in contact.rejections] == [
        ("email", 5),
        ("phone", 5),
        ("zone", 5),
        ("consent", 5),
    ]


def test_a_missing_address_is_no_broken_field():
    assert contact_of({"name": "Ann", "email": None, "phone": ""}).rejections == ()


@pytest.mark.parametrize("row", [{}, {"name": None}, {"name": " ", "email": ""}, {"phone": float("nan")}])
def test_a_blank_row_is_a_rejection(row):
    rejection = parse_contact(row, row_number=3)

    assert isinstance(rejection, Rejection)
    assert (rejection.code, rejection.row_number) == (RejectionCode.BLANK_ROW, 3)


def test_a_row_keeps_all_that_it_says():
    contact = contact_of(
        {
            "Customer No": 17,
            "First name": "Ann",
            "Surname": "Lee",
            "E-mail": "ann@example.com",
            "Mobile": "(212) 555-0143",
            "Phone": "(212) 555-0199",
            "Time zone": "America/New_York",
            "Favourite flower": "tulips",
            "Visits": 3,
        },
        region="US",
    )

    assert contact.phone is not None
    assert (contact.contact_id, contact.name, contact.zone) == ("17", "Ann Lee", "America/New_York")
    assert contact.phone.e164 == "+12125550143"
    assert contact.attributes == {"Phone": "(212) 555-0199", "Favourite flower": "tulips", "Visits": "3"}


def test_the_second_phone_serves_where_the_first_is_blank():
    contact = contact_of({"Mobile": " ", "Phone": "+1 212 555 0199"})

    assert contact.phone is not None
    assert contact.phone.e164 == "+12125550199"


def test_templates_see_every_column_and_the_standard_names_win():
    fields = contact_of(
        {"Name": "Ann Lee", "E-mail": "Ann@Example.com", "First_Name ": "", "Ulubiony kwiat": "róża"}
    ).fields

    assert fields == {
        "name": "Ann Lee",
        "first_name": "Ann",
        "email": "Ann@example.com",
        "phone": "",
        "ulubiony_kwiat": "róża",
    }


@pytest.mark.parametrize(
    ("row", "name", "first_name"),
    [
        ({"name": "Ann Lee"}, "Ann Lee", "Ann"),
        ({"name": "Lee, Ann"}, "Lee, Ann", "Ann"),
        ({"name": "Mrs. Lee"}, "Mrs. Lee", ""),
        ({"name": "  Ann \n Lee "}, "Ann Lee", "Ann"),
        ({"first name": "Mary Ann", "last name": "Lee"}, "Mary Ann Lee", "Mary Ann"),
        ({"Imię": "Łucja", "Nazwisko": "Żak"}, "Łucja Żak", "Łucja"),
        ({"Vorname": "Jürgen", "Name": "Groß"}, "Jürgen Groß", "Jürgen"),
        ({"Prénom": "Noël", "Nom": "Petit"}, "Noël Petit", "Noël"),
        ({"Nombre": "José Luis Núñez"}, "José Luis Núñez", "José"),
        ({"Nombre": "José", "Apellidos": "Núñez"}, "José Núñez", "José"),
        ({"email": "ann@example.com"}, "", ""),
    ],
    ids=lambda value: str(value)[:30],
)
def test_names_are_put_together(row, name, first_name):
    contact = contact_of(row)

    assert (contact.name, contact.fields["first_name"]) == (name, first_name)


@pytest.mark.parametrize("name", ["Ann\0Lee", "Ann\ud800", "x" * 1001], ids=["NUL", "surrogate", "too long"])
def test_a_name_that_cannot_be_written_is_refused(name):
    contact = contact_of({"name": name, "email": "ann@example.com"})

    assert contact.name == ""
    assert [broken.field for broken in contact.rejections] == ["name"]


def test_a_number_in_the_phone_column_is_refused_not_guessed():
    contact = contact_of({"phone": 2125550143}, region="US")

    assert contact.phone is None
    assert "text" in contact.rejections[0].message


def test_the_same_row_has_the_same_key_and_a_corrected_one_another():
    row = {"name": "Ann", "email": "ann@example.con", "note": "x"}
    key = contact_of(row, row_number=2).key

    assert contact_of(dict(reversed(row.items())), row_number=2).key == key
    assert contact_of(row, row_number=3).key != key
    assert contact_of({**row, "email": "ann@example.com"}, row_number=2).key != key
    assert contact_of({**row, "note": "y"}, row_number=2).key != key
    assert len(key) == 32


def test_a_contact_of_the_hosts_own_making_has_a_key_too():
    email = parse_email("ann@example.com")
    assert not isinstance(email, Rejection)
    ann = Contact(name="Ann", email=email)

    assert ann.key == Contact(name="Ann", email=email).key
    assert ann.key != Contact(name="Bob", email=email).key
    assert attrs.evolve(ann, zone="Europe/Warsaw").key == ann.key


def test_a_contact_travels_and_hides_itself_in_logs():
    contact = contact_of({"name": "Ann Lee", "email": "ann@example.com", "phone": "+12125550143", "note": "secret"})

    assert pickle.loads(pickle.dumps(contact)) == contact
    assert not [word for word in ("Lee", "ann@", "212555", "secret") if word in repr(contact)]


def test_a_wrong_country_is_a_bad_call():
    with pytest.raises(ValueError, match="'Poland' is not a country code"):
        parse_contact({"phone": "601234567"}, region="Poland")


GRANTED, DENIED, UNKNOWN = ConsentState.GRANTED, ConsentState.DENIED, ConsentState.UNKNOWN


@pytest.mark.parametrize(
    ("cells", "email", "sms"),
    [
        ({}, UNKNOWN, UNKNOWN),
        ({"Marketing": "yes"}, GRANTED, GRANTED),
        ({"Opt-in": "Nein"}, DENIED, DENIED),
        ({"Newsletter": "tak"}, GRANTED, UNKNOWN),
        ({"Email consent": "nie", "SMS consent": "TRUE"}, DENIED, GRANTED),
        ({"Marketing": "no", "SMS consent": "yes"}, DENIED, DENIED),
        ({"Marketing": "-"}, UNKNOWN, UNKNOWN),
        ({"Marketing": "✗"}, DENIED, DENIED),
        ({"Marketing": "only at Easter"}, DENIED, DENIED),
        ({"Unsubscribed": "1"}, DENIED, UNKNOWN),
        ({"Unsubscribed": "0"}, UNKNOWN, UNKNOWN),
        ({"Do not contact": "x"}, DENIED, DENIED),
        ({"consent_sms": True}, UNKNOWN, GRANTED),
        ({"consent_sms": 0}, UNKNOWN, DENIED),
    ],
    ids=str,
)
def test_consent_is_read_and_a_no_always_counts(cells, email, sms):
    assert contact_of({"name": "Ann", **cells}).consent == Consent(email=email, sms=sms)


values = st.one_of(st.none(), st.text(max_size=20), st.integers(), st.booleans(), st.floats(), st.binary(max_size=5))
names = st.one_of(st.sampled_from([*Field, "E-Mail", "Telefon", "Vorname", "Newsletter"]), st.text(max_size=10))


@given(st.dictionaries(names.map(str), values, max_size=8))
@settings(deadline=None)
def test_any_row_is_a_contact_or_blank(row):
    contact = parse_contact(row, region="US")
    if isinstance(contact, Rejection):
        assert contact.code is RejectionCode.BLANK_ROW
    else:
        assert contact == parse_contact(row, region="US")
        assert {"name", "first_name", "email", "phone"} <= set(contact.fields)


@given(st.lists(st.text(max_size=12), unique=True, max_size=6))
@settings(deadline=None)
def test_every_column_is_used_or_left_for_templates(header):
    layout = arrange(header)
    used = {name for columns in layout.columns.values() for name in columns}

    assert used | set(layout.others) == set(header)


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)
    assert snake_case(snake_case(text)) == snake_case(text)

"""Columns are known by the names that shops give them, in five languages."""

import pytest

from campaignkit.audience import Contact, read_contacts
from campaignkit.audience.columns import VOCABULARY, Field, arrange, fold

HEADERS = {
    "English": {"contact_id": "Customer No.", "first_name": "First Name", "last_name": "Last name", "email": "E-mail",
                "phone": "Mobile Phone", "zone": "Time zone", "consent": "Marketing consent",
                "consent_email": "Newsletter", "consent_sms": "SMS opt-in", "opt_out": "Do not contact"},
    "Polish": {"contact_id": "Nr klienta", "first_name": "Imię", "last_name": "Nazwisko", "email": "Adres e-mail",
               "phone": "Telefon komórkowy", "zone": "Strefa czasowa", "consent": "Zgoda marketingowa",
               "consent_email": "Zgoda na e-mail", "consent_sms": "Zgoda na SMS", "opt_out": "Sprzeciw"},
    "German": {"contact_id": "Kunden-Nr.", "first_name": "Vorname", "last_name": "Nachname", "email": "E-Mail-Adresse",
               "phone": "Handy", "zone": "Zeitzone", "consent": "Werbeeinwilligung",
               "consent_email": "Einwilligung E-Mail", "consent_sms": "SMS-Einwilligung", "opt_out": "Werbesperre"},
    "French": {"contact_id": "Numéro client", "first_name": "Prénom", "last_name": "Nom", "email": "Courriel",
               "phone": "Portable", "zone": "Fuseau horaire", "consent": "Consentement",
               "consent_email": "Consentement e-mail", "consent_sms": "Consentement SMS", "opt_out": "Refus"},
    "Spanish": {"contact_id": "Número de cliente", "first_name": "Nombre", "last_name": "Apellidos",
                "email": "Correo electrónico", "phone": "Móvil", "zone": "Zona horaria", "consent": "Consentimiento",
                "consent_email": "Boletín", "consent_sms": "Consentimiento SMS", "opt_out": "No contactar"},
}  # fmt: skip


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("spell", [str, str.upper, str.lower, lambda name: name.replace(" ", "_")], ids=range(4))
def test_every_question_is_recognised_in_every_language(header, spell):
    layout = arrange([*map(spell, header.values()), "?"])

    assert {field: fold(layout.of(Field(field))[0]) for field in header} == {
        field: fold(name) for field, name in header.items()
    }
    assert layout.others == ("?",)


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_list_in_every_language_is_read_to_the_same_contact(header):
    cells = {"contact_id": "7", "first_name": "Ann", "last_name": "Lee", "email": "ann@example.com",
             "phone": "+12125550143", "zone": "Europe/Paris", "consent": "", "consent_email": "1", "consent_sms": "0",
             "opt_out": ""}  # fmt: skip
    lines = [f"{';'.join(header.values())}\n", f"{';'.join(cells[field] for field in header)}\n"]
    (contact,) = read_contacts(lines)

    assert isinstance(contact, Contact)
    assert contact.email is not None
    assert contact.phone is not None
    assert (contact.contact_id, contact.name, contact.zone) == ("7", "Ann Lee", "Europe/Paris")
    assert (contact.consent.email, contact.consent.sms) == ("granted", "denied")
    assert not contact.attributes


def test_a_phrase_answers_one_question_only():
    phrases = [" ".join(phrase.split()) for phrases in VOCABULARY.values() for phrase in phrases.split(",")]

    assert sorted(phrases) == sorted(set(phrases))
    assert [phrase for phrase in phrases if fold(phrase) != phrase] == []


def test_numbered_columns_come_after_the_plain_one():
    layout = arrange(["E-mail 2", "Phone 3", "E-mail", "Phone 1", "Name 2", "Mobile"])

    assert layout.of(Field.EMAIL) == ("E-mail", "E-mail 2")
    assert layout.of(Field.PHONE) == ("Mobile", "Phone 1", "Phone 3")


def test_a_broken_first_email_gives_way_to_a_good_second_one():
    (contact,) = read_contacts(["E-mail,E-mail 2\n", "ann@,ann@example.com\n"])

    assert isinstance(contact, Contact)
    assert contact.email is not None
    assert contact.email.address == "ann@example.com"
    assert [broken.field for broken in contact.rejections] == ["email"]

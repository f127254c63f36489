"""Columns of contact lists: header names in, what each one answers out. Pure.

Names are recognised in English, Polish, German, French and Spanish, whatever their case, accents and punctuation.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache

import attrs

from campaignkit.errors import UnknownColumn

__all__ = ["ColumnMap", "Field", "Layout", "arrange", "fold", "snake_case"]

ColumnMap = Mapping[str, str | int]  # a question, by a value of ``Field`` → a column, by its name or counted from 1


class Field(StrEnum):
    """A question that a column may answer. The values are the keys of a host's own mapping."""

    CONTACT_ID = "contact_id"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    PHONE = "phone"
    ZONE = "zone"
    CONSENT = "consent"  # for every channel
    CONSENT_EMAIL = "consent_email"
    CONSENT_SMS = "consent_sms"
    OPT_OUT = "opt_out"  # the other way round: yes means no
    OPT_OUT_EMAIL = "opt_out_email"
    OPT_OUT_SMS = "opt_out_sms"


# Best first: a mobile is a better phone than a landline. Each phrase is written as ``fold`` leaves it.
VOCABULARY: Mapping[Field, str] = {
    Field.CONTACT_ID: """contact id, customer id, customer no, customer number, client id, client no, member id, id,
        id klienta, nr klienta, numer klienta, kundennummer, kunden nr, kundennr, numero client, no client, id client,
        numero de cliente, id cliente""",
    Field.NAME: """name, full name, customer name, client name, contact name, customer, client, contact,
        imie i nazwisko, nazwisko i imie, nazwa, nazwa klienta, klient, vollstandiger name, kundenname, kunde,
        nom complet, nom et prenom, prenom et nom, nombre completo, nombre y apellidos, nombre y apellido, cliente""",
    Field.FIRST_NAME: "first name, firstname, given name, forename, imie, vorname, prenom, nombre",
    Field.LAST_NAME: """last name, lastname, surname, family name, nazwisko, nachname, familienname, nom,
        nom de famille, apellidos, apellido""",
    Field.EMAIL: """email, e mail, email address, e mail address, mail, customer email, contact email, primary email,
        adres email, adres e mail, adres mailowy, poczta elektroniczna, e mail klienta, email klienta,
        e mail adresse, emailadresse, mailadresse, adresse e mail, adresse email, adresse mail, adresse electronique,
        courriel, mel, correo electronico, correo, direccion de correo electronico, direccion de correo,
        work email, home email, private email, email prywatny, email sluzbowy, e mail privat, e mail geschaftlich,
        email personnel, email professionnel, secondary email""",
    Field.PHONE: """mobile, mobile phone, mobile number, cell, cell phone, cellphone, cell number, sms number,
        komorka, telefon komorkowy, tel komorkowy, tel kom, numer komorkowy, handy, handynummer, mobil, mobiltelefon,
        mobilnummer, portable, telephone portable, tel portable, mobile telephone, movil, telefono movil, celular,
        telefono celular, numero de movil, numero de portable, numero portable, no portable, gsm, natel, mobile no,
        numer telefonu komorkowego, nr komorki, nr kom, phone mobile, phone, phone number, telephone, telephone number,
        tel, tel no, phone no, contact number, customer phone,
        telefon, numer telefonu, nr telefonu, telefon kontaktowy, telefonnummer, rufnummer, festnetz,
        numero de telephone, no de telephone, telefono, numero de telefono, telefono de contacto, tel fixe, fixe,
        telefono fijo, festnetznummer, telefon stacjonarny, home phone, work phone, landline, business phone""",
    Field.ZONE: """zone, time zone, timezone, tz, iana time zone, strefa czasowa, zeitzone, fuseau horaire, fuseau,
        zona horaria, huso horario""",
    Field.CONSENT: """consent, marketing, marketing consent, consent marketing, opt in, optin, opted in, subscribed,
        accepts marketing, marketing opt in, zgoda, zgoda marketingowa, zgoda na marketing, zgody marketingowe,
        einwilligung, werbeeinwilligung, marketing einwilligung, einwilligung marketing, einwilligung werbung,
        consentement, consentement marketing, accord marketing, consentimiento, consentimiento marketing,
        acepta publicidad""",
    Field.CONSENT_EMAIL: """consent email, email consent, e mail consent, email opt in, e mail opt in, email marketing,
        email marketing consent, accepts email marketing, email subscribed, newsletter, newsletter consent,
        zgoda email, zgoda e mail, zgoda na email, zgoda na e mail, zgoda na newsletter, e mail einwilligung,
        newsletter einwilligung, einwilligung e mail, einwilligung email, einwilligung newsletter, consentement email,
        consentement e mail, infolettre, consentimiento email, consentimiento correo, boletin, suscrito""",
    Field.CONSENT_SMS: """consent sms, sms consent, text consent, sms opt in, text opt in, sms marketing,
        sms marketing consent, accepts sms marketing, sms subscribed, zgoda sms, zgoda na sms, sms einwilligung,
        einwilligung sms, consentement sms, consentimiento sms""",
    Field.OPT_OUT: """opt out, optout, opted out, do not contact, no marketing, sprzeciw, sprzeciw marketingowy,
        werbesperre, keine werbung, werbewiderspruch, refus, ne pas contacter, no contactar, baja""",
    Field.OPT_OUT_EMAIL: """opt out email, email opt out, e mail opt out, do not email, unsubscribed,
        email unsubscribed, wypisany, abgemeldet, desabonne, desinscrit""",
    Field.OPT_OUT_SMS: "opt out sms, sms opt out, text opt out, do not text, sms unsubscribed",
}

_UNDECOMPOSED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})


@attrs.frozen(kw_only=True)
class Layout:
    """Which columns answer which question, best first, and which are left for templates."""

    columns: Mapping[Field, tuple[str, ...]]
    others: tuple[str, ...]

    def of(self, field: Field) -> tuple[str, ...]:
        """Return the columns that answer *field*, best first."""
        return self.columns.get(field, ())


def arrange(header: Sequence[str], chosen: ColumnMap | None = None) -> Layout:
    """Return what the columns of *header* answer; what is *chosen* by the host goes before what is recognised.

    Raises:
        UnknownColumn: *chosen* names a column that is not there, or counts further than there are any.
        ValueError: *chosen* asks a question that no column answers.
        TypeError: *chosen* names a column by neither text nor number.

    >>> arrange(["E-Mail", "Imię i nazwisko", "Ulubiony kwiat"]).others
    ('Ulubiony kwiat',)
    """
    found: dict[Field, tuple[str, ...]] = {
        _field(field): (_column(name, header),) for field, name in (chosen or {}).items()
    }
    taken = {name for names in found.values() for name in names}
    free = [name for name in header if name not in taken]
    for field in Field:
        if field not in found and (names := _recognise(field, free)):
            found[field] = names
    _settle_name(found)
    used = {name for field, names in found.items() for name in (names if _takes_all(field) else names[:1])}
    return Layout(columns=found, others=tuple(name for name in header if name not in used))


def fold(text: str) -> str:
    """Return *text* in small plain letters, every run of other characters a single blank. 100 characters tell enough.

    >>> fold("  Adresse_E-Mail "), fold("Téléphone"), fold("Życzenia (2)")
    ('adresse e mail', 'telephone', 'zyczenia 2')
    """
    return _fold(text[:100])


@lru_cache(maxsize=10_000)  # headers come from customers' files
def _fold(text: str) -> str:
    # Decomposing first: a mathematical 𝓐 is a capital letter only once it is plain, and folding twice changes nothing.
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold().translate(_UNDECOMPOSED))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", " ", plain).strip()


def snake_case(text: str) -> str:
    """Return the name under which a template finds a column.

    >>> snake_case("Favourite flower"), snake_case("Straße & Nr.")
    ('favourite_flower', 'strasse_nr')
    """
    return fold(text).replace(" ", "_")


def _field(name: str) -> Field:
    if name not in frozenset(Field):
        raise ValueError(f"columns answer {', '.join(Field)}; not {name!r}")
    return Field(name)


def _column(name: str | int, header: Sequence[str]) -> str:
    if isinstance(name, bool) or not isinstance(name, str | int):
        raise TypeError(f"a column is its name, or its number counted from 1; not {name!r}")
    if isinstance(name, int):
        if 1 <= name <= len(header):
            return header[name - 1]
        raise UnknownColumn(str(name), tuple(header))
    if name in header:
        return name
    for column in header:
        if fold(column) == fold(name):
            return column
    raise UnknownColumn(name, tuple(header))


def _recognise(field: Field, names: Sequence[str]) -> tuple[str, ...]:
    """Return those of *names* that answer *field*, best first; ``Phone 3`` ranks after ``Phone`` and ``Phone 2``."""
    found = ((_rank(fold(name), _ranks(field)), name) for name in names)
    return tuple(name for _, name in sorted((item for item in found if item[0]), key=lambda item: item[0]))


def _rank(name: str, ranks: Mapping[str, int]) -> tuple[int, int] | tuple[()]:
    """Return how good a column of this name is, the least being the best; () if it answers something else."""
    if name in ranks:
        return ranks[name], 0
    plain, _, number = name.rpartition(" ")
    if plain in ranks and number.isdecimal():
        return ranks[plain], int(number)
    return ()


@cache  # one entry a field
def _ranks(field: Field) -> Mapping[str, int]:
    return {" ".join(phrase.split()): rank for rank, phrase in enumerate(VOCABULARY[field].split(","))}


def _takes_all(field: Field) -> bool:
    return field.startswith((Field.CONSENT, Field.OPT_OUT))


def _settle_name(found: dict[Field, tuple[str, ...]]) -> None:
    """Read ``Vorname; Name`` as first and last name: beside a first name, German says Name for the surname."""
    first, full = found.get(Field.FIRST_NAME, ()), found.get(Field.NAME, ())
    if first and full and Field.LAST_NAME not in found and (fold(first[0]), fold(full[0])) == ("vorname", "name"):
        found[Field.LAST_NAME] = found.pop(Field.NAME)

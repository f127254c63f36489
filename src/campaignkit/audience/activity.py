"""Activity: a contact in, the day on which it was last seen, as its own columns say, out. Pure.

Lists say it in a column such as *Last order* or *Ostatnia wizyta*. Days are read in the forms that tills and
spreadsheets write; a form that could be another day as well is read as its country does.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta

from campaignkit.audience.columns import fold

__all__ = ["is_last_seen_column", "last_seen", "read_day"]

_LAST_SEEN = """last seen, last order, last order date, last order at, last purchase, last purchase date, last bought,
    last visit, last visit date, last visited, last sale, last sale date, last transaction, last transaction date,
    last activity, last activity date, last active, last contact, last invoice, date of last order,
    date of last purchase, date of last visit, most recent order, most recent purchase,
    ostatnie zamowienie, data ostatniego zamowienia, ostatni zakup, data ostatniego zakupu, ostatnia wizyta,
    data ostatniej wizyty, ostatnia transakcja, data ostatniej transakcji, ostatnia aktywnosc,
    letzte bestellung, letzter kauf, letzter einkauf, letzter besuch, letzte aktivitat, datum letzte bestellung,
    datum der letzten bestellung, letztes kaufdatum, letzter umsatz,
    derniere commande, date de derniere commande, dernier achat, date du dernier achat, derniere visite,
    date de derniere visite, derniere activite,
    ultimo pedido, fecha ultimo pedido, fecha del ultimo pedido, ultima compra, fecha ultima compra,
    fecha de la ultima compra, ultima visita, fecha ultima visita, ultima actividad"""
_NAMES = frozenset(" ".join(phrase.split()) for phrase in _LAST_SEEN.split(","))

_YEAR_FIRST = re.compile(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})(?!\d)")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
_SERIAL = re.compile(r"[2-6]\d{4}(?:[.,]\d+)?")  # 1954 to 2091
_SPREADSHEET_EPOCH = date(1899, 12, 30)  # day 0 of Excel, which believes that 1900 was a leap year
_MONTH_FIRST = frozenset({"US", "PH", "PR", "GU", "AS", "MP", "VI", "FM", "MH", "PW"})  # 3/4/2026 is in March


def is_last_seen_column(name: str) -> bool:
    """Return whether a column of this name says when a customer came last, in one of five languages.

    >>> is_last_seen_column("Last_Order"), is_last_seen_column("Ostatnia wizyta"), is_last_seen_column("Last name")
    (True, True, False)
    """
    return fold(name) in _NAMES


def last_seen(attributes: Mapping[str, str], *, region: str | None = None) -> date | None:
    """Return the latest day in the columns that say when a contact came last; None where none can be read.

    Args:
        attributes: Those of a Contact.
        region: See ``read_day``.

    >>> last_seen({"Last visit": "2025-03-04", "Last order": "12.11.2025 10:30", "Birthday": "2026-01-01"})
    datetime.date(2025, 11, 12)
    """
    days = (read_day(text, region=region) for name, text in attributes.items() if text and is_last_seen_column(name))
    return max((day for day in days if day is not None), default=None)


def read_day(text: str, *, region: str | None = None) -> date | None:
    """Return the day that *text* begins with, None if it is none. A time of day after it is not looked at.

    Args:
        region: Country code; it tells whether the day or the month comes first between slashes. Without it the day.

    >>> read_day("2026-03-04T10:00:00Z"), read_day("4.3.26")
    (datetime.date(2026, 3, 4), datetime.date(2026, 3, 4))
    >>> read_day("3/4/2026", region="US"), read_day("3/4/2026", region="FR"), read_day("3/14/2026")
    (datetime.date(2026, 3, 4), datetime.date(2026, 4, 3), datetime.date(2026, 3, 14))
    >>> read_day("never") is None, read_day("45720")
    (True, datetime.date(2025, 3, 4))
    """
    plain = text.strip()[:40]
    if _SERIAL.fullmatch(plain):
        return _SPREADSHEET_EPOCH + timedelta(days=int(plain[:5]))
    if found := _YEAR_FIRST.match(plain):
        return _day(int(found[1]), int(found[3]), int(found[4]))
    if found := _YEAR_LAST.match(plain):
        year = int(found[4]) + (2000 if len(found[4]) == 2 else 0)
        first, second = int(found[1]), int(found[3])
        is_month_first = found[2] != "." and (region or "").upper() in _MONTH_FIRST
        in_order = (first, second) if is_month_first else (second, first)
        return _day(year, *in_order) or _day(year, *reversed(in_order))
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None

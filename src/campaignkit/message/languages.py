"""How a merchant's language writes numbers, money and dates: a tag in, a row of the table out. Pure.

Source: Unicode CLDR, as Babel 2.18 has it; short dates are given four digits of the year.
"""

from collections.abc import Mapping

import attrs

__all__ = ["LANGUAGES", "Language", "for_text_messages", "language_of"]

_NO_BREAK = "\xa0"
_NARROW_NO_BREAK = "\u202f"


@attrs.frozen(kw_only=True)
class Language:
    """One row of the table. Months begin with January, days of the week with Monday."""

    tag: str
    decimal: str
    group: str
    currency_first: bool = False  # $5, not 5 $
    blank: str = _NO_BREAK  # between an amount and its currency
    currencies: Mapping[str, str] = attrs.field(eq=False)  # signs by ISO 4217 code; the others are written by theirs
    months: tuple[str, ...]  # as they stand beside a day
    months_alone: tuple[str, ...]
    months_short: tuple[str, ...]
    days: tuple[str, ...]
    days_short: tuple[str, ...]
    short_date: str  # these four in the directives of ``date``
    long_date: str
    full_date: str
    time: str = "%H:%M"


def language_of(tag: str) -> Language:
    """Return the row for *tag*, or for the language that it is a form of: ``"pl-PL"`` is ``"pl"``.

    Raises:
        ValueError: the table has no such language.

    >>> language_of("pl-PL").tag
    'pl'
    """
    row = LANGUAGES.get(tag) or LANGUAGES.get(tag.partition("-")[0])
    if row is None:
        raise ValueError(f"language {tag!r} is not in the table; it has {', '.join(LANGUAGES)}")
    return row


def for_text_messages(language: Language) -> Language:
    """Return *language* with plain blanks: one that does not break would make a text message dearer."""
    group = " " if language.group in (_NO_BREAK, _NARROW_NO_BREAK) else language.group
    return attrs.evolve(language, blank=" ", group=group)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ENGLISH_MONTHS = _words("January February March April May June July August September October November December")
_ENGLISH_DAYS = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_ENGLISH_SHORT_DAYS = _words("Mon Tue Wed Thu Fri Sat Sun")
_GERMAN_MONTHS = _words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")
_FRENCH_MONTHS = _words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre")
_SPANISH_MONTHS = _words(
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
)
_ITALIAN_MONTHS = _words(
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
)

LANGUAGES: Mapping[str, Language] = {
    row.tag: row
    for row in (
        Language(
            tag="en",
            decimal=".",
            group=",",
            currency_first=True,
            currencies={"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$"},
            months=_ENGLISH_MONTHS,
            months_alone=_ENGLISH_MONTHS,
            months_short=_words("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
            days=_ENGLISH_DAYS,
            days_short=_ENGLISH_SHORT_DAYS,
            short_date="%-m/%-d/%Y",
            long_date="%B %-d, %Y",
            full_date="%A, %B %-d, %Y",
            time="%-I:%M %p",
        ),
        Language(
            tag="en-GB",
            decimal=".",
            group=",",
            currency_first=True,
            currencies={"EUR": "€", "USD": "US$", "GBP": "£", "JPY": "JP¥", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$"},
            months=_ENGLISH_MONTHS,
            months_alone=_ENGLISH_MONTHS,
            months_short=_words("Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec"),
            days=_ENGLISH_DAYS,
            days_short=_ENGLISH_SHORT_DAYS,
            short_date="%d/%m/%Y",
            long_date="%-d %B %Y",
            full_date="%A, %-d %B %Y",
        ),
        Language(
            tag="pl",
            decimal=",",
            group=_NO_BREAK,
            currencies={"EUR": "€", "PLN": "zł"},
            months=_words(
                "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"
            ),
            months_alone=_words(
                "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień"
            ),
            months_short=_words("sty lut mar kwi maj cze lip sie wrz paź lis gru"),
            days=_words("poniedziałek wtorek środa czwartek piątek sobota niedziela"),
            days_short=_words("pon. wt. śr. czw. pt. sob. niedz."),
            short_date="%-d.%m.%Y",
            long_date="%-d %B %Y",
            full_date="%A, %-d %B %Y",
        ),
        Language(
            tag="de",
            decimal=",",
            group=".",
            currencies={"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "AU$", "NZD": "NZ$"},
            months=_GERMAN_MONTHS,
            months_alone=_GERMAN_MONTHS,
            months_short=_words("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
            days=_words("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
            days_short=_words("Mo. Di. Mi. Do. Fr. Sa. So."),
            short_date="%d.%m.%Y",
            long_date="%-d. %B %Y",
            full_date="%A, %-d. %B %Y",
        ),
        Language(
            tag="fr",
            decimal=",",
            group=_NARROW_NO_BREAK,
            currencies={"EUR": "€", "USD": "$US", "GBP": "£GB", "CAD": "$CA", "AUD": "$AU", "NZD": "$NZ"},
            months=_FRENCH_MONTHS,
            months_alone=_FRENCH_MONTHS,
            months_short=_words("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
            days=_words("lundi mardi mercredi jeudi vendredi samedi dimanche"),
            days_short=_words("lun. mar. mer. jeu. ven. sam. dim."),
            short_date="%d/%m/%Y",
            long_date="%-d %B %Y",
            full_date="%A %-d %B %Y",
        ),
        Language(
            tag="es",
            decimal=",",
            group=".",
            currencies={"EUR": "€", "USD": "US$"},
            months=_SPANISH_MONTHS,
            months_alone=_SPANISH_MONTHS,
            months_short=_words("ene feb mar abr may jun jul ago sept oct nov dic"),
            days=_words("lunes martes miércoles jueves viernes sábado domingo"),
            days_short=_words("lun mar mié jue vie sáb dom"),
            short_date="%-d/%-m/%Y",
            long_date="%-d de %B de %Y",
            full_date="%A, %-d de %B de %Y",
            time="%-H:%M",
        ),
        Language(
            tag="it",
            decimal=",",
            group=".",
            currencies={"EUR": "€", "GBP": "£", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$"},
            months=_ITALIAN_MONTHS,
            months_alone=_ITALIAN_MONTHS,
            months_short=_words("gen feb mar apr mag giu lug ago set ott nov dic"),
            days=_words("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
            days_short=_words("lun mar mer gio ven sab dom"),
            short_date="%d/%m/%Y",
            long_date="%-d %B %Y",
            full_date="%A %-d %B %Y",
        ),
    )
}

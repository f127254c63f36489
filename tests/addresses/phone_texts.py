"""Phone texts as people write them, good and bad, made of phonenumbers' own numbering plans by a given ``Random``."""

import re
from collections.abc import Callable
from functools import cache
from random import Random

import phonenumbers
from phonenumbers import PhoneMetadata

REGIONS = tuple(sorted(phonenumbers.SUPPORTED_REGIONS))
NOWHERE = tuple(sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS))
KINDS = (
    "mobile",
    "fixed_line",
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)
DIAL_OUT = ("00", "011", "0011", "010", "810", "119", "14", "16", "99", "001")
SEPARATORS = ("", "", "", " ", "-", ".", "(", ")", "/", "  ", " - ")
VANITY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def make_text(random: Random) -> tuple[str, str | None]:
    """Return a text and the country that it is read in."""
    region = random.choice(REGIONS)
    write = random.choice(WRITERS)
    text = write(random, region, _mutate(random, national_number(random, region)))
    return text, region if random.random() < 0.7 else random.choice((*REGIONS, *[None] * 60))


def national_number(random: Random, region: str, kinds: tuple[str, ...] = KINDS) -> str:
    """Return a national number that is very likely to exist: an example of phonenumbers, its tail drawn anew."""
    example = random.choice(_examples(region, kinds))
    drawn = random.choice((2, 3, 4, 6))
    return example[:-drawn] + _digits(random, drawn) if len(example) > drawn + 2 else example


def e164(random: Random, region: str, kinds: tuple[str, ...] = ("mobile", "fixed_line")) -> str:
    """Return a number of *region* in E.164, very likely one that exists."""
    return f"+{phonenumbers.country_code_for_region(region)}{national_number(random, region, kinds)}"


@cache
def _examples(region: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return numbers that the patterns of the plan describe; all kinds have a share, and all branches at the start."""
    plan = PhoneMetadata.metadata_for_region(region)
    assert plan is not None
    described = [getattr(plan, kind) for kind in kinds if getattr(plan, kind) is not None]
    random = Random(f"{region} {kinds}")
    found = [one.example_number for one in described if one.example_number]
    for one in described:
        found += [text for _ in range(40) if (text := _draw(random, one)) is not None]
    return tuple(found) or ("12345678",)


def _draw(random: Random, described) -> str | None:
    """Return a number of one kind, found by changing the digits of its example where the pattern lets it."""
    if not described.example_number:
        return None
    digits = list(described.example_number)
    pattern = re.compile(described.national_number_pattern)
    for place in random.sample(range(len(digits)), len(digits)):
        kept, digits[place] = digits[place], random.choice("0123456789")
        if not pattern.fullmatch("".join(digits)):
            digits[place] = kept
    return "".join(digits)


def _mutate(random: Random, national: str) -> str:
    place = random.randrange(len(national))
    match random.randrange(12):
        case 0 | 1:
            return national[:place] + random.choice("0123456789") + national[place + 1 :]
        case 2:
            return national[:-1] or "1"
        case 3:
            return national + random.choice("0123456789")
        case 4:
            return _digits(random, len(national))
        case 5:
            return _digits(random, random.randint(1, 20))
        case _:
            return national


def _digits(random: Random, count: int) -> str:
    return "".join(random.choice("0123456789") for _ in range(count))


def _code(random: Random, region: str) -> str:
    own = str(phonenumbers.country_code_for_region(region))
    return str(random.choice(NOWHERE)) if random.random() < 0.05 else own


def _trunk(random: Random, region: str) -> str:
    plan = PhoneMetadata.metadata_for_region(region)
    assert plan is not None
    return plan.national_prefix or random.choice("018")


def _spaced(random: Random, region: str, national: str) -> str:
    begun = random.choice((f"+{_code(random, region)}", _trunk(random, region), ""))
    return begun + "".join(digit + random.choice(SEPARATORS) for digit in national)


def _official(random: Random, region: str, national: str) -> str:
    number = phonenumbers.PhoneNumber(int(_code(random, region)), int(national))
    return phonenumbers.format_number(number, random.choice((1, 2, 3)))


def _extension(random: Random, region: str, national: str) -> str:
    label = random.choice((" x", " ext. ", ";ext=", " extension ", "#", ",,", " anexo ", "~", " доб "))
    return f"+{_code(random, region)} {national}{label}{_digits(random, random.randint(1, 8))}"


def _vanity(random: Random, region: str, national: str) -> str:
    letters = "".join(random.choice(VANITY) for _ in range(random.randint(1, 7)))
    return f"{random.choice(('', '1-', '+1 '))}{national[:3]}-{letters}{random.choice(('', ' 12'))}"


def _unicode(random: Random, region: str, national: str) -> str:
    zero = random.choice(("０", "٠", "०", "০", "۰", "߀"))
    plus = random.choice(("+", "＋", "＋＋", ""))
    changed = national if random.random() < 0.8 else national[:4]
    return f"{plus}{_code(random, region)}{''.join(chr(ord(zero) + int(digit)) for digit in changed)}"


def _words(random: Random, region: str, national: str) -> str:
    before = random.choice(("tel. ", "Tel:", "tel:", "ask Ann, ", "ann@b.com ", "(mobile) ", "\u00a0", "O", "#", "x "))
    behind = random.choice(("", "", " (wife)", " or 555", " / 2", ".", "@example.com", " home", ";isub=12", "/x12"))
    return f"{before}{national[: random.randint(0, 20)]}{behind}"


def _several(random: Random, region: str, national: str) -> str:
    return f"{national}{random.choice((' / ', ', ', ';', ' or ', ' ', '+', '/', chr(10)))}{national}"


def _context(random: Random, region: str, national: str) -> str:
    context = random.choice((f"+{_code(random, region)}", "example.com", "", "+", "1a-"))
    return f"{random.choice(('', 'tel:'))}{national[:8]};phone-context={context}"


def _noise(random: Random, region: str, national: str) -> str:
    alphabet = random.choice(("0123456789 ()-./+", "0123456789+", "0123456789.,Ee+-", "019ab@. ;/\\x#*~", "1+＋ \t\n_"))
    return "".join(random.choice(alphabet) for _ in range(random.randint(0, 18)))


WRITERS: tuple[Callable[[Random, str, str], str], ...] = (
    lambda random, region, national: f"+{_code(random, region)}{national}",
    lambda random, region, national: f"+{_code(random, region)}{national}",
    lambda random, region, national: f"+{_code(random, region)}{_trunk(random, region)}{national}",
    lambda random, region, national: f"＋{_code(random, region)} {national}",
    lambda random, region, national: national,
    lambda random, region, national: national,
    lambda random, region, national: _trunk(random, region) + national,
    lambda random, region, national: _trunk(random, region) + national,
    lambda random, region, national: f"{random.choice(DIAL_OUT)}{_code(random, region)}{national}",
    lambda random, region, national: f"{_code(random, region)}{national}",
    lambda random, region, national: f"{_code(random, region)}{_trunk(random, region)}{national}",
    lambda random, region, national: f"({national[:3]}) {national[3:6]}-{national[6:]}",
    lambda random, region, national: f"+52 1 {national}",
    lambda random, region, national: f"{random.choice(('+54 9 ', '+54', '0'))}{national[:4]} 15 {national[4:]}",
    lambda random, region, national: f"+39 0{national}",
    lambda random, region, national: national[: random.randint(1, 6)],
    _spaced,
    _spaced,
    _official,
    _extension,
    _vanity,
    _unicode,
    _words,
    _several,
    _context,
    _noise,
)

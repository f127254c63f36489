"""Lists of mobile numbers as shops of several kinds have them, made by a given ``Random``."""

from random import Random

# Beginnings of mobile numbers by country, and how many digits a national number has.
MOBILES = {
    "PL": ("48", ("50", "51", "53", "57", "60", "66", "69", "72", "73", "78", "79", "88"), 9),
    "DE": (
        "49",
        ("151", "152", "157", "159", "160", "162", "163", "170", "171", "172", "173", "175", "176", "179"),
        11,
    ),
    "FR": ("33", ("6", "7"), 9),
    "GB": ("44", ("71", "73", "74", "75", "77", "78", "79"), 10),
    "LT": ("370", ("6",), 8),
    "LV": ("371", ("2",), 8),
    "LU": ("352", ("621", "661", "691"), 9),
    "LI": ("423", ("72", "73", "74", "77", "78", "79"), 7),
    "CH": ("41", ("75", "76", "77", "78", "79"), 9),
    "AT": ("43", ("650", "660", "664", "676", "677", "678", "680", "681", "688", "699"), 10),
    "AD": ("376", ("32", "33", "34", "35", "36"), 6),
    "ES": ("34", ("6", "71", "72", "73", "74"), 9),
    "FO": ("298", ("21", "22", "23", "24", "25", "26", "27", "28", "5", "71", "72", "73", "74", "75"), 6),
    "US": ("1", ("212", "305", "312", "415", "512", "617", "702", "813", "917"), 10),
    "JM": ("1", ("8763", "8764", "8765", "8768"), 10),
}


def mobile(random: Random, country: str) -> str:
    """Return a number of *country*, its last digits drawn evenly."""
    code, beginnings, digits = MOBILES[country]
    begun = random.choice(beginnings)
    rest = digits - len(begun)
    return f"+{code}{begun}{random.randrange(10**rest):0{rest}}"


def shop(random: Random, **customers: int) -> list[str]:
    """Return so many numbers of each country, mixed."""
    numbers = [mobile(random, country) for country, count in customers.items() for _ in range(count)]
    random.shuffle(numbers)
    return numbers


def town(random: Random, count: int, exchanges: tuple[str, ...]) -> list[str]:
    """Return numbers of one American town: all lie in a few blocks of ten thousand, the first the fullest."""
    weights = range(len(exchanges), 0, -1)
    return [f"{random.choices(exchanges, weights)[0]}{random.randrange(10_000):04}" for _ in range(count)]


def firm(random: Random, count: int, start: int) -> list[str]:
    """Return the phones that one firm has bought at once."""
    return [f"+48{start + place}" for place in range(count)]

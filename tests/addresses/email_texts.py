"""Made-up email addresses, good and bad, for comparing two judges: a source of randomness in, text out. Pure."""

from random import Random

__all__ = ["make_email_text"]

_ATOM = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+-/=?^_`{|}~"
_HOST = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-"
_FOREIGN = "éłßñøжЖдαωאبक京東ıİſKａＡ。．\u0301\u200d\u00ad·"
_NASTY = "\0\t\n\r\x0b\x1f\x7f\x85 \u00a0\u200b\u200f\u2028\ufeff\ud800\ue000@\"'()<>[]\\,;:.-_=?%＠"
_ROLES = ("info", "Sales", "ABUSE", "WebMaster", "news", "noc", "information", "sales.", "info+shop")
_ODD_LOCALS = (
    "", ".", "..", ".a", "a.", "a..b", '"a b"', '"a@b"', '"ann"', '"a\\"b"', 'a"b"', "=?utf-8?q?ann?=", "=?", "?==?",
    "=?x?=", "a b", "Ann <ann", "<ann", "mailto:ann", "ann@home", "a\\b", "(c)ann", "-oX", "xn--ann", "K",
)  # fmt: skip
_ODD_DOMAINS = (
    "", ".", "b", "b.", ".b.com", "b..com", "b.com.", "-b.com", "b-.com", "b.-com", "b.com-", "b.c-m", "ab--c.com",
    "ab--.com", "a--b.com", "xn--fa-hia.de", "XN--FA-HIA.DE", "xn--.de", "xn--a.com", "axn--b.com", "xn--zzzzzz99.com",
    "b.xn--p1ai", "faß.de", "FASS.de", "łódź.pl", "gmàil.com", "b.1", "b.c1", "b.1c", "192.0.2.1", "[192.0.2.1]",
    "[IPv6:::1]", "b_c.com", "localhost", "b.localhost", "shop.test", "SHOP.Test", "test", "b.invalid", "b.local",
    "b.onion", "b.arpa", "in-addr.arpa", "b.example", "example.com", "b.latest", "b.com:25", "b.com>", "b,com",
    "אב.com", "1.xn--4dbc.com", "b。com", "ｅxample.com", "gmail.com", "GoogleMail.com", "outlook.com", "gmial.com",
)  # fmt: skip
_WRAPS = ("{}", "{}", "{}", "{}", " {}", "{} ", "\t{} \t", "{}\n", "\u00a0{}", "<{}>", "Ann <{}>", '"Ann" <{}>',
          "mailto:{}", "{};ann@example.com", "{},{}", "{} (home)", "'{}'")  # fmt: skip


def make_email_text(source: Random) -> str:
    """Return an address from pieces of the grammar, right or wrong at every limit, perhaps wrapped or mutilated."""
    text = f"{_make_local(source)}@{_make_domain(source)}"
    if source.random() < 0.3:
        text = source.choice(_WRAPS).replace("{}", text)
    for _ in range(source.choice((0, 0, 0, 0, 1, 1, 2))):
        text = _mutilate(text, source)
    return text


def _make_local(source: Random) -> str:
    kind = source.randrange(10)
    if kind == 0:
        return source.choice(_ROLES)
    if kind == 1:
        return source.choice(_ODD_LOCALS)
    if kind == 2:
        return _letters(source, _ATOM + _FOREIGN, source.choice((1, 3, 9, 32, 33)))
    if kind == 3:
        return _letters(source, _ATOM, source.choice((1, 63, 64, 65)))
    return ".".join(_letters(source, _ATOM, source.randint(1, 9)) for _ in range(source.randint(1, 3)))


def _make_domain(source: Random) -> str:
    kind = source.randrange(8)
    if kind < 2:
        return source.choice(_ODD_DOMAINS)
    if kind == 2:
        return f"{_letters(source, _HOST + _FOREIGN, source.randint(1, 8))}.{source.choice(('com', 'pl', 'рф'))}"
    if kind == 3:
        return f"{_letters(source, _HOST, source.choice((61, 62, 63, 64)))}.com"
    if kind == 4:  # near the most that a domain, and an address, may have
        return ".".join(["b" * 61] * 3 + ["c" * source.randint(1, 66)])
    labels = [_letters(source, _HOST, source.randint(1, 9)) for _ in range(source.randint(1, 3))]
    return ".".join([*labels, source.choice(("com", "co.uk", "de", "test", "Local", "x1", "c"))])


def _letters(source: Random, alphabet: str, count: int) -> str:
    return "".join(source.choices(alphabet, k=count))


def _mutilate(text: str, source: Random) -> str:
    place = source.randint(0, len(text))
    letter = source.choice(_NASTY + _FOREIGN + _ATOM)
    return text[:place] + source.choice((letter, "", letter * 2)) + text[place + source.choice((0, 1)) :]

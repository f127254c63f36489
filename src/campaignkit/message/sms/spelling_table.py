"""Spellings in GSM-7 for characters that are not in it: data, to read and to change. Pure.

Accented letters are not listed where leaving the accent away is right: ``spelling`` does that by the decompositions of
the Unicode Character Database. What stands here wins over it.

Sources: Unicode CLDR, transform Latin-ASCII (letters without decomposition, punctuation); for Hungarian the custom of
writing ő and ű as ö and ü, which GSM-7 has. Every right side is GSM-7 without its extension; a test says so.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["EXTENSION_SPELLINGS", "SPELLINGS"]

# Each row: the characters, and what each of them becomes.
_ROWS: tuple[tuple[str, str], ...] = (
    # Letters that Unicode does not take apart: Polish, Croatian and Vietnamese, Turkish, Icelandic, Maltese, Sami.
    ("ł", "l"),
    ("Ł", "L"),
    ("đð", "d"),
    ("ĐÐ", "D"),
    ("ı", "i"),
    ("þ", "th"),
    ("Þ", "Th"),
    ("ħ", "h"),
    ("Ħ", "H"),
    ("ŧ", "t"),
    ("Ŧ", "T"),
    ("ŋ", "n"),
    ("Ŋ", "N"),
    ("œ", "oe"),
    ("Œ", "OE"),
    ("ĸ", "q"),
    ("ſ", "s"),
    ("ẞ", "SS"),
    ("ə", "e"),
    ("Ə", "E"),
    # Hungarian.
    ("ő", "ö"),
    ("Ő", "Ö"),
    ("ű", "ü"),
    ("Ű", "Ü"),
    # Catalan's raised point is part of its letter.
    ("ŀ", "l"),
    ("Ŀ", "L"),
    # Quotes and accents that stand alone.
    ("“”„‟«»″〝〞❝❞", '"'),
    ("‘’‚‛‹›′ʼʻʹ´`❛❜", "'"),
    # Dashes, hyphens, bullets, the minus sign.
    ("‐‑‒–—―−⁃•‣", "-"),
    ("…", "..."),
    ("‥", ".."),
    ("⁄∕", "/"),
    ("×", "x"),
    ("∗", "*"),
    ("‼", "!!"),
    ("⁉", "!?"),
    # Signs with a usual spelling.
    ("™", "(TM)"),
    ("®", "(R)"),
    ("©", "(C)"),
    ("№", "No."),
    ("℠", "(SM)"),
    ("￥", "¥"),
    ("￡", "£"),
    ("₺", "TL"),
    # Look-alikes of letters that GSM-7 has: increment, n-ary sum and product.
    ("∆", "Δ"),
    ("∑", "Σ"),
    ("∏", "Π"),
    # Blanks: no-break, en, em and thinner ones, ideographic, tab.
    ("\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "),
    # Line ends of other systems.
    ("\u0085\u2028\u2029\v", "\n"),
    # What nobody sees and a copy brings along: zero-width blank, word joiner, byte order mark, soft hyphen.
    ("\u200b\u2060\ufeff\u00ad", ""),
)

SPELLINGS: Mapping[str, str] = MappingProxyType(
    {character: spelling for characters, spelling in _ROWS for character in characters}
)

# Two septets become one. The euro has no shorter spelling: EUR takes three.
EXTENSION_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {"[": "(", "]": ")", "{": "(", "}": ")", "\\": "/", "|": "/", "~": "-", "\f": "\n"}
)

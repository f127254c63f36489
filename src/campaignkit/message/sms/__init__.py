"""Text messages: what a text costs, its parts, cheaper spellings, opt-out words and short links. Pure.

``text → transliterate → with_opt_out → shorten_links → count_parts → split_text → TextPart``
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.message.sms.alphabet import (
        ReferenceBits,
        SmsEncoding,
        decode_septets,
        encode_septets,
        is_gsm7,
        pack_septets,
    )
    from campaignkit.message.sms.checking import (
        SENDER_ID_CHARACTERS_MAX,
        TEXT_PARTS_MAX,
        build_text,
        check_sender_id,
        check_text,
        prepare_text,
    )
    from campaignkit.message.sms.counters import PartCounter, compile_part_counter
    from campaignkit.message.sms.counting import Keep, SmsParts, count_parts
    from campaignkit.message.sms.links import KeptLink, KeptReason, ShortenedLink, ShortenedText, shorten_links
    from campaignkit.message.sms.opt_out import OPT_OUT_WORDS, WithOptOut, check_opt_out, has_opt_out, with_opt_out
    from campaignkit.message.sms.spelling import (
        CheaperSpellings,
        LeftCharacter,
        LeftReason,
        Replacement,
        Transliteration,
        cheaper_spellings,
        transliterate,
        transliterate_template,
    )
    from campaignkit.message.sms.spelling_table import EXTENSION_SPELLINGS, SPELLINGS
    from campaignkit.message.sms.splitting import JOINED_PARTS_MAX, TextPart, part_reference, split_text

__all__ = [
    "EXTENSION_SPELLINGS",
    "JOINED_PARTS_MAX",
    "OPT_OUT_WORDS",
    "SENDER_ID_CHARACTERS_MAX",
    "SPELLINGS",
    "TEXT_PARTS_MAX",
    "CheaperSpellings",
    "Keep",
    "KeptLink",
    "KeptReason",
    "LeftCharacter",
    "LeftReason",
    "PartCounter",
    "ReferenceBits",
    "Replacement",
    "ShortenedLink",
    "ShortenedText",
    "SmsEncoding",
    "SmsParts",
    "TextPart",
    "Transliteration",
    "WithOptOut",
    "build_text",
    "cheaper_spellings",
    "check_opt_out",
    "check_sender_id",
    "check_text",
    "compile_part_counter",
    "count_parts",
    "decode_septets",
    "encode_septets",
    "has_opt_out",
    "is_gsm7",
    "pack_septets",
    "part_reference",
    "prepare_text",
    "shorten_links",
    "split_text",
    "transliterate",
    "transliterate_template",
    "with_opt_out",
]

_ROOMS = {
    "alphabet": ("ReferenceBits", "SmsEncoding", "decode_septets", "encode_septets", "is_gsm7", "pack_septets"),
    "checking": (
        "SENDER_ID_CHARACTERS_MAX",
        "TEXT_PARTS_MAX",
        "build_text",
        "check_sender_id",
        "check_text",
        "prepare_text",
    ),
    "counters": ("PartCounter", "compile_part_counter"),
    "counting": ("Keep", "SmsParts", "count_parts"),
    "links": ("KeptLink", "KeptReason", "ShortenedLink", "ShortenedText", "shorten_links"),
    "opt_out": ("OPT_OUT_WORDS", "WithOptOut", "check_opt_out", "has_opt_out", "with_opt_out"),
    "spelling": (
        "CheaperSpellings",
        "LeftCharacter",
        "LeftReason",
        "Replacement",
        "Transliteration",
        "cheaper_spellings",
        "transliterate",
        "transliterate_template",
    ),
    "spelling_table": ("EXTENSION_SPELLINGS", "SPELLINGS"),
    "splitting": ("JOINED_PARTS_MAX", "TextPart", "part_reference", "split_text"),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

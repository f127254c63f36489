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
    from campaignkit.message.sms.splitting import JOINED_PARTS_MAX, TextPart, part_reference, split_text

__all__ = [
    "JOINED_PARTS_MAX",
    "SENDER_ID_CHARACTERS_MAX",
    "TEXT_PARTS_MAX",
    "Keep",
    "PartCounter",
    "ReferenceBits",
    "SmsEncoding",
    "SmsParts",
    "TextPart",
    "build_text",
    "check_sender_id",
    "check_text",
    "compile_part_counter",
    "count_parts",
    "decode_septets",
    "encode_septets",
    "is_gsm7",
    "pack_septets",
    "part_reference",
    "prepare_text",
    "split_text",
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
    "splitting": ("JOINED_PARTS_MAX", "TextPart", "part_reference", "split_text"),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

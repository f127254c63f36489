"""A filled-in text in, the message for a transport out, or why it cannot be sent; and sender names. Pure."""

import re
from collections.abc import Collection

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.message.content import RenderedText
from campaignkit.message.outbound import OutboundText
from campaignkit.message.sms.counting import part_count

__all__ = ["SENDER_ID_CHARACTERS_MAX", "TEXT_PARTS_MAX", "build_text", "check_sender_id", "check_text", "prepare_text"]

TEXT_PARTS_MAX = 10  # the standard has room for 255, gateways stop at 6 to 10 and drop the rest
SENDER_ID_CHARACTERS_MAX = 11  # TS 23.040, 9.1.2.5: an alphanumeric sender has ten octets of septets

_SENDER_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 ]*(?<! )")


def prepare_text(
    rendered: RenderedText, *, message_id: str, sender: str, to: str, parts_max: int = TEXT_PARTS_MAX
) -> OutboundText | Rejection:
    """Return what ``check_text`` has against the text, else what ``build_text`` makes of it; parts are counted once."""
    parts = part_count(rendered.text)
    return _refused_text(rendered.text, parts, parts_max) or OutboundText(
        message_id=message_id, sender=sender, to=to, text=rendered.text, parts=parts
    )


def build_text(rendered: RenderedText, *, message_id: str, sender: str, to: str) -> OutboundText:
    """Return the message for a transport, with its parts counted.

    Args:
        message_id: Ours, stable per recipient and generation.
        to: E.164.
    """
    text = rendered.text
    return OutboundText(message_id=message_id, sender=sender, to=to, text=text, parts=part_count(text))


def check_text(rendered: RenderedText, *, parts_max: int = TEXT_PARTS_MAX) -> Rejection | None:
    """Return why the text cannot be sent to its recipient: nothing is left of it, or it takes too many parts."""
    return _refused_text(rendered.text, part_count(rendered.text), parts_max)


def check_sender_id(sender: str, *, protected: Collection[str] = ()) -> Rejection | None:
    """Return why *sender* cannot stand as the sender of a text: a number, or up to 11 letters, digits and blanks.

    Args:
        protected: Names that nobody may take (banks, offices, other shops), in any case and however spaced. There is no
            built-in list.

    >>> check_sender_id("Flora"), check_sender_id("+12125550143")
    (None, None)
    >>> check_sender_id("Flora Florist").message
    'a sender name has at most 11 characters'
    """
    if _without_blanks(sender) in {_without_blanks(name) for name in protected}:
        return _refused_sender(RejectionCode.MALFORMED, "this sender name is protected and cannot be used")
    if _SENDER_NUMBER.fullmatch(sender):
        return None
    if len(sender) > SENDER_ID_CHARACTERS_MAX:
        return _refused_sender(
            RejectionCode.TOO_LONG, f"a sender name has at most {SENDER_ID_CHARACTERS_MAX} characters"
        )
    if not _SENDER_NAME.fullmatch(sender):
        return _refused_sender(RejectionCode.MALFORMED, "a sender name is made of letters A to Z, digits and blanks")
    return None


def _refused_text(text: str, parts: int, parts_max: int) -> Rejection | None:
    if not text.strip():
        return Rejection(code=RejectionCode.MISSING, field="text", message="the text is empty once it is filled in")
    if parts <= parts_max:
        return None
    return Rejection(
        code=RejectionCode.TOO_LONG,
        field="text",
        message=f"the text takes {parts} parts once it is filled in, at most {parts_max} are sent",
    )


def _refused_sender(code: RejectionCode, message: str) -> Rejection:
    return Rejection(code=code, field="sender", message=message)


def _without_blanks(name: str) -> str:
    return "".join(name.split()).casefold()

"""Cells other than addresses: text in; a name, a zone, what was said about consent, or a Rejection, out. Pure."""

import unicodedata
from collections.abc import Iterable

from campaignkit.addresses.channel import Rejection, RejectionCode, shorten
from campaignkit.addresses.zones import is_zone
from campaignkit.audience.columns import Field
from campaignkit.audience.consent import Consent, ConsentState, read_answer, strictest

__all__ = ["parse_name", "parse_zone", "read_consent", "text_of", "unclear_consent"]

NAME_MAX = 1_000  # characters; longer ones are texts in the wrong column
ANSWER_MAX = 16  # characters of an answer that is remembered: longer ones are notes, and private
KNOWN_MAX = 1_000  # combinations of answers remembered; a list has a handful, row after row

_KNOWN_CONSENT: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[Consent, tuple[str, ...]]] = {}


def text_of(value: object) -> str:
    """Return *value* as the text that a cell of a file would hold; "" for what stands for an empty cell.

    >>> text_of(17), text_of(None), text_of(float("nan"))
    ('17', '', '')
    """
    if isinstance(value, str):
        return value
    is_nan = isinstance(value, float) and value != value  # how tables spell an empty cell
    return "" if value is None or is_nan else str(value)


def parse_name(text: str, row_number: int | None) -> str | Rejection:
    """Return a name with single blanks between its words, "" for a blank one, or why it cannot be one."""
    name = " ".join(text.split())
    if len(name) > NAME_MAX:
        code, message = RejectionCode.TOO_LONG, "The name is longer than any name; another column may have slipped in."
    elif not name.isprintable() and any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in name):
        code, message = RejectionCode.MALFORMED, "The name holds characters that cannot be written."
    else:
        return name
    return Rejection(code=code, field="name", message=message, value=shorten(text), row_number=row_number)


def parse_zone(text: str, row_number: int | None) -> str | Rejection | None:
    """Return the IANA name in *text*, None for a blank one, or a Rejection of what this machine knows no zone for."""
    name = text.strip()
    if not name:
        return None
    if is_zone(name):
        return name
    message = "The time zone is unknown; write it like Europe/Warsaw or America/New_York."
    code = RejectionCode.MALFORMED
    return Rejection(code=code, field="zone", message=message, value=shorten(name), row_number=row_number)


def read_consent(fields: tuple[str, ...], answers: tuple[str, ...]) -> tuple[Consent, tuple[str, ...]]:
    """Return what *answers* say together, and those of them that are neither a yes nor a no: these bind like a no.

    Args:
        fields: Values of ``Field``, one for each answer.

    >>> read_consent(("consent_email", "opt_out_sms"), ("yes", "x"))[0].sms
    <ConsentState.DENIED: 'denied'>
    """
    known = _KNOWN_CONSENT.get((fields, answers))
    if known is not None:
        return known
    read = _read_consent(map(Field, fields), answers)
    if len(_KNOWN_CONSENT) < KNOWN_MAX and all(len(answer) <= ANSWER_MAX for answer in answers):
        _KNOWN_CONSENT[fields, answers] = read
    return read


def unclear_consent(answer: str, row_number: int | None) -> Rejection:
    """Return the Rejection of an answer that is neither a yes nor a no."""
    message = "The consent is neither a yes nor a no; nothing is sent here until it is one."
    code = RejectionCode.AMBIGUOUS
    return Rejection(code=code, field="consent", message=message, value=shorten(answer), row_number=row_number)


def _read_consent(fields: Iterable[Field], answers: tuple[str, ...]) -> tuple[Consent, tuple[str, ...]]:
    said: dict[Field, list[ConsentState]] = {}
    unclear = []
    for field, text in zip(fields, answers, strict=True):
        answer = read_answer(text)
        if answer is None:
            unclear.append(text)
        said.setdefault(field, []).append(_meaning(field, answer))
    consent = Consent(
        email=_binding(said, (Field.CONSENT, Field.OPT_OUT, Field.CONSENT_EMAIL, Field.OPT_OUT_EMAIL)),
        sms=_binding(said, (Field.CONSENT, Field.OPT_OUT, Field.CONSENT_SMS, Field.OPT_OUT_SMS)),
    )
    return consent, tuple(unclear)


def _binding(said: dict[Field, list[ConsentState]], fields: Iterable[Field]) -> ConsentState:
    return strictest(state for field in fields for state in said.get(field, ()))


def _meaning(field: Field, answer: ConsentState | None) -> ConsentState:
    """Return what an answer in this column says about consent: an unclear one binds like a no."""
    if answer is None:
        return ConsentState.DENIED
    if field.startswith(Field.OPT_OUT):
        return ConsentState.DENIED if answer is ConsentState.GRANTED else ConsentState.UNKNOWN
    return answer

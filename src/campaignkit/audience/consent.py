"""Consent: what a contact said, in; may this channel be used, out. Pure.

A no always counts. Silence counts as a yes for email, with a warning, and as a no for texts unless the merchant decides
otherwise. What is not marketing needs no consent to marketing.
"""

from collections.abc import Iterable
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.audience.columns import fold

__all__ = ["KINDS", "Consent", "ConsentState", "ConsentVerdict", "judge_consent", "read_answer", "strictest"]

KINDS = frozenset({"marketing", "transactional", "standing"})  # steps of journeys are marketing until told otherwise


class ConsentState(StrEnum):
    """What is known about one channel."""

    GRANTED = "granted"
    DENIED = "denied"
    UNKNOWN = "unknown"


class ConsentVerdict(StrEnum):
    """Whether a message may go."""

    ALLOWED = "allowed"
    ALLOWED_UNKNOWN = "allowed_unknown"  # nobody asked; worth a warning
    DENIED = "denied"
    UNKNOWN = "unknown"  # nobody asked, and that is not enough


@attrs.frozen(kw_only=True)
class Consent:
    """What a contact said about each channel."""

    email: ConsentState = ConsentState.UNKNOWN
    sms: ConsentState = ConsentState.UNKNOWN

    def on(self, channel: Channel) -> ConsentState:
        """Return what is known about *channel*."""
        match channel:
            case Channel.EMAIL:
                return self.email
            case Channel.SMS:
                return self.sms


def judge_consent(
    consent: Consent, channel: Channel, *, kind: str = "marketing", allow_unknown: bool = False
) -> ConsentVerdict:
    """Return whether *consent* lets a message of this *kind* go by *channel*.

    Args:
        kind: One of ``KINDS``; a transactional message asks for no consent to marketing.
        allow_unknown: The merchant takes silence for a yes to texts.

    >>> judge_consent(Consent(), Channel.EMAIL), judge_consent(Consent(), Channel.SMS)
    (<ConsentVerdict.ALLOWED_UNKNOWN: 'allowed_unknown'>, <ConsentVerdict.UNKNOWN: 'unknown'>)
    """
    if kind not in KINDS:
        raise ValueError(f"a campaign is marketing or transactional, not {kind!r}")
    if kind == "transactional":
        return ConsentVerdict.ALLOWED
    match consent.on(channel):
        case ConsentState.GRANTED:
            return ConsentVerdict.ALLOWED
        case ConsentState.DENIED:
            return ConsentVerdict.DENIED
        case ConsentState.UNKNOWN:
            is_enough = allow_unknown or channel is Channel.EMAIL
            return ConsentVerdict.ALLOWED_UNKNOWN if is_enough else ConsentVerdict.UNKNOWN


_ANSWERS = {
    ConsentState.GRANTED: """yes, y, true, t, 1, on, x, ok, granted, accepted, agreed, subscribed, active, opt in,
        opted in, tak, prawda, ja, j, wahr, oui, vrai, si""",
    ConsentState.DENIED: """no, n, false, f, 0, off, denied, refused, declined, unsubscribed, inactive, never, stop,
        opt out, opted out, do not contact, nie, falsz, nein, falsch, non, faux""",
    ConsentState.UNKNOWN: ", unknown, n a, na, none, null, nieznane, unbekannt, inconnu, desconocido",
}
_STATES = {" ".join(answer.split()): state for state, answers in _ANSWERS.items() for answer in answers.split(",")}
_MARKS = {"✓": "yes", "✔": "yes", "☑": "yes", "✗": "no", "✘": "no", "❌": "no", "-": "", "–": "", "—": "", "?": ""}


def read_answer(text: str) -> ConsentState | None:
    """Return what a cell of a consent column says; None where it is neither a yes, a no, nor silence.

    >>> read_answer("Tak"), read_answer(" - "), read_answer("ask her")
    (<ConsentState.GRANTED: 'granted'>, <ConsentState.UNKNOWN: 'unknown'>, None)
    """
    mark = text.strip()
    answer = _MARKS.get(mark, fold(mark))
    is_riddle = bool(mark) and not answer and mark not in _MARKS
    return None if is_riddle else _STATES.get(answer)


def strictest(states: Iterable[ConsentState]) -> ConsentState:
    """Return the state that binds where several were given: any no, else any yes."""
    said = set(states)
    for state in (ConsentState.DENIED, ConsentState.GRANTED):
        if state in said:
            return state
    return ConsentState.UNKNOWN

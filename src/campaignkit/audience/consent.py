"""Consent: what a contact said, in; may this message go by this channel, out. Pure.

A no always counts. What silence means is the merchant's decision, a ``ConsentPolicy``: by default it is enough for
email, with a warning, and not for texts. What is not marketing needs no consent to marketing.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.audience.columns import fold

__all__ = [
    "KINDS",
    "Consent",
    "ConsentEntry",
    "ConsentPolicy",
    "ConsentState",
    "ConsentVerdict",
    "judge_consent",
    "merge_consents",
    "read_answer",
    "strictest",
]

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


def _tidy_topic(topic: str) -> str:
    """Return the form that topics are compared in; refuse what is no text."""
    if not isinstance(topic, str):
        raise TypeError(f"a topic is text, such as 'offers', not {topic!r}")
    return " ".join(topic.split()).casefold()


def _refuse_silence(_: object, __: object, state: ConsentState) -> None:
    if state is ConsentState.UNKNOWN:
        raise ValueError("an entry is granted or denied; who said nothing has none")


def _refuse_naive(_: object, __: object, at: datetime | date | None) -> None:
    if isinstance(at, datetime) and at.tzinfo is None:
        raise ValueError("the date of a consent must be a date, or a datetime that is aware")


@attrs.frozen(kw_only=True)
class ConsentEntry:
    """One thing that a contact said about one channel, or about one topic on it, with its source and date."""

    channel: Channel = attrs.field(converter=Channel)
    state: ConsentState = attrs.field(converter=ConsentState, validator=_refuse_silence)
    topic: str = attrs.field(default="", converter=_tidy_topic)  # "offers"; empty: the channel as a whole
    source: str = ""  # where it was said: "till", "sign-up form", "reply STOP"
    at: datetime | date | None = attrs.field(default=None, validator=_refuse_naive)  # None: nobody wrote it down


def _to_entries(entries: Iterable[ConsentEntry]) -> tuple[ConsentEntry, ...]:
    return tuple(entries)


@attrs.frozen(kw_only=True)
class Consent:
    """All that a contact said. ``email`` and ``sms`` are answers about a whole channel without a date."""

    email: ConsentState = ConsentState.UNKNOWN
    sms: ConsentState = ConsentState.UNKNOWN
    entries: tuple[ConsentEntry, ...] = attrs.field(default=(), converter=_to_entries)

    def on(self, channel: Channel, topic: str = "") -> ConsentState:
        """Return what is known about *topic* on *channel*; without a topic, about the channel.

        Of the dated entries about one channel and topic the latest stands, of equal dates the stricter; an entry
        without a date may be the latest, so it always speaks. Between what stands the strictest wins. A grant for one
        topic is none for another, nor for a campaign that names none; a no to any topic binds a campaign that names
        none, because it might be about that topic.

        >>> said = [("denied", date(2025, 1, 2)), ("granted", date(2026, 3, 4))]
        >>> consent = Consent(entries=[ConsentEntry(channel="sms", state=state, at=at) for state, at in said])
        >>> consent.on(Channel.SMS), consent.on(Channel.EMAIL)
        (<ConsentState.GRANTED: 'granted'>, <ConsentState.UNKNOWN: 'unknown'>)
        """
        match channel:
            case Channel.EMAIL:
                plain = self.email
            case Channel.SMS:
                plain = self.sms
        if not self.entries:
            return plain
        return strictest([plain, *_standing(self.entries, channel, _tidy_topic(topic))])

    def heard(self, *entries: ConsentEntry) -> "Consent":
        """Return this consent with *entries* added; nothing that was said before is forgotten."""
        return attrs.evolve(self, entries=(*self.entries, *entries))


@attrs.frozen(kw_only=True)
class ConsentPolicy:
    """What it means that nobody asked: a merchant's setting. A no binds whatever stands here."""

    unknown_allows_email: bool = attrs.field(default=True, validator=attrs.validators.instance_of(bool))
    unknown_allows_sms: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

    def allows_unknown(self, channel: Channel) -> bool:
        """Return whether silence is enough for marketing by *channel*."""
        match channel:
            case Channel.EMAIL:
                return self.unknown_allows_email
            case Channel.SMS:
                return self.unknown_allows_sms


_USUAL_POLICY = ConsentPolicy()


def judge_consent(
    consent: Consent,
    channel: Channel,
    *,
    kind: str = "marketing",
    topic: str = "",
    policy: ConsentPolicy = _USUAL_POLICY,
) -> ConsentVerdict:
    """Return whether *consent* lets a message of this *kind* about *topic* go by *channel*.

    Args:
        kind: One of ``KINDS``; a transactional message asks for no consent to marketing.
        policy: What silence means to the merchant.

    >>> judge_consent(Consent(), Channel.EMAIL), judge_consent(Consent(), Channel.SMS)
    (<ConsentVerdict.ALLOWED_UNKNOWN: 'allowed_unknown'>, <ConsentVerdict.UNKNOWN: 'unknown'>)
    """
    if kind not in KINDS:
        raise ValueError(f"a campaign is marketing or transactional, not {kind!r}")
    if kind == "transactional":
        return ConsentVerdict.ALLOWED
    match consent.on(channel, topic):
        case ConsentState.GRANTED:
            return ConsentVerdict.ALLOWED
        case ConsentState.DENIED:
            return ConsentVerdict.DENIED
        case ConsentState.UNKNOWN:
            is_enough = policy.allows_unknown(channel)
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


def merge_consents(consents: Iterable[Consent]) -> Consent:
    """Return the consent of people who turned out to be one: the strictest plain answers, and all that was said.

    >>> no = ConsentEntry(channel="sms", state="denied", at=date(2025, 1, 2))
    >>> merge_consents([Consent(sms=ConsentState.GRANTED), Consent(entries=[no])]).on(Channel.SMS)
    <ConsentState.DENIED: 'denied'>
    """
    several = tuple(consents)
    return Consent(
        email=strictest(one.email for one in several),
        sms=strictest(one.sms for one in several),
        entries=tuple(dict.fromkeys(entry for one in several for entry in one.entries)),
    )


def _standing(entries: Iterable[ConsentEntry], channel: Channel, topic: str) -> Iterator[ConsentState]:
    """Return the states that speak about *topic* on *channel*, each heard to its end."""
    by_topic: dict[str, list[ConsentEntry]] = {}
    for entry in entries:
        if entry.channel is channel:
            by_topic.setdefault(entry.topic, []).append(entry)
    for subject, said in by_topic.items():
        state = _last_word(said)
        if subject in {"", topic} or (not topic and state is ConsentState.DENIED):
            yield state


def _last_word(said: Sequence[ConsentEntry]) -> ConsentState:
    """Return what stands of entries about one channel and topic."""
    states = [entry.state for entry in said if entry.at is None]
    dated = [entry for entry in said if entry.at is not None]
    if dated:
        states.append(max(dated, key=_rank).state)
    return strictest(states)


def _rank(entry: ConsentEntry) -> tuple[datetime, bool]:
    """Return what the latest entry has most of. Of one day without a time, a yes is its beginning and a no its end."""
    is_denied = entry.state is ConsentState.DENIED
    if isinstance(entry.at, datetime):
        return entry.at.astimezone(UTC), is_denied
    assert entry.at is not None
    return datetime.combine(entry.at, time.max if is_denied else time.min, UTC), is_denied

"""When refusals of single recipients are really about the sender or the content: outcomes in, what stops out. Pure.

What was counted is kept with the sender's health, so that all workers count together and a restart forgets nothing.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from campaignkit.campaign.senders import ContentRefusal, SenderHealth
from campaignkit.delivery.http_replies import SMS_MENDING_CODES
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.delivery.replies import MENDING_CODES

__all__ = ["THROTTLED", "Breaker", "Trip", "Watch", "domain_of", "find_trip", "refuses_sender", "watched"]

# One provider's policy may refuse one recipient; five distinct domains in a row without a success refuse the sender.
POLICY_DOMAINS = 5
# The same refusal of the content five times in fifty is about the content.
CONTENT_REPEATS = 5
CONTENT_WINDOW = 50
# A content that is hardly ever sent is not judged by what was said of it long ago.
REFUSAL_KEPT = timedelta(days=7)
SHAPE_LENGTH_MAX = 120  # characters

THROTTLED = "throttled"
_IS_BACK = frozenset({Verdict.REFUSED, Verdict.DEFERRED, Verdict.NOT_SENT})
_CODE = re.compile(r"[245]\d\d|[245]\.\d{1,3}\.\d{1,3}")


@attrs.frozen(kw_only=True)
class Trip:
    """Why a campaign stops: a stable code, and what the provider said last."""

    code: str
    reply: str


@attrs.frozen(kw_only=True)
class Watch:
    """What refusals of one sender, and of one content, add up to."""

    policy_domains: tuple[str, ...] = ()  # in a row without a success
    content_refusals: tuple[ContentRefusal, ...] = ()  # of the last fifty answers

    @classmethod
    def of(cls, health: SenderHealth, content_id: str) -> "Watch":
        """Return what is kept."""
        return cls(
            policy_domains=health.policy_domains, content_refusals=tuple(health.content_refusals.get(content_id, ()))
        )

    def kept_in(self, health: SenderHealth, content_id: str) -> SenderHealth:
        """Return *health* with this kept in it."""
        refusals = {**health.content_refusals, content_id: self.content_refusals}
        left = {identity: some for identity, some in refusals.items() if some}
        return attrs.evolve(health, policy_domains=self.policy_domains, content_refusals=left)

    def after(self, outcome: Outcome, domain: str, at: datetime) -> "Watch":
        """Return the watch after *outcome*, of a message to *domain*."""
        domains, refusals = self._policy_after(outcome, domain), self._content_after(outcome, at)
        if domains == self.policy_domains and refusals is self.content_refusals:
            return self  # as nearly always, once per message
        return Watch(policy_domains=domains, content_refusals=refusals)

    def trip_by(self, outcome: Outcome) -> Trip | None:
        """Return what *outcome*, the last of those counted, makes of the campaign; None: it goes on."""
        if refuses_sender(outcome):
            return Trip(code=outcome.code or "sender_refused", reply=outcome.reply)
        if _is_policy(outcome) and len(self.policy_domains) >= POLICY_DOMAINS:
            return Trip(code="policy_refused", reply=outcome.reply)
        if _is_content(outcome) and self._most_alike() >= CONTENT_REPEATS:
            return Trip(code="content_refused", reply=outcome.reply)
        return None

    def _policy_after(self, outcome: Outcome, domain: str) -> tuple[str, ...]:
        if outcome.verdict is Verdict.ACCEPTED:
            return ()
        if not _is_policy(outcome) or domain in self.policy_domains or len(self.policy_domains) >= POLICY_DOMAINS:
            return self.policy_domains
        return (*self.policy_domains, domain)

    def _content_after(self, outcome: Outcome, at: datetime) -> tuple[ContentRefusal, ...]:
        if outcome.verdict is Verdict.NOT_SENT or not (self.content_refusals or _is_content(outcome)):
            return self.content_refusals
        aged = (attrs.evolve(one, age=one.age + 1) for one in self.content_refusals)
        kept = tuple(one for one in aged if one.age < CONTENT_WINDOW and at - one.at < REFUSAL_KEPT)
        return (*kept, ContentRefusal(shape=_shape(outcome.reply), at=at)) if _is_content(outcome) else kept

    def _most_alike(self) -> int:
        return max(Counter(one.shape for one in self.content_refusals).values(), default=0)


class Breaker:
    """Watches one batch, from where the sender's health stood, and says when nothing more of it must begin."""

    def __init__(self, watch: Watch, domains: Mapping[str, str], at: datetime) -> None:
        self._watch = watch
        self._domains = domains  # by message id
        self._at = at
        self.trip: Trip | None = None

    def see(self, outcome: Outcome) -> None:
        """Count *outcome*; the first that stops the campaign stays in ``trip``."""
        self._watch = self._watch.after(outcome, self._domains[outcome.message_id], self._at)
        self.trip = self.trip or self._watch.trip_by(outcome)


def find_trip(health: SenderHealth, content_id: str, outcomes: Sequence[Outcome]) -> Trip | None:
    """Return what stops a campaign by what all workers counted, if one of *outcomes* added to it."""
    watch = Watch.of(health, content_id)
    return next((trip for trip in map(watch.trip_by, reversed(outcomes)) if trip is not None), None)


def watched(watch: Watch, outcomes: Iterable[Outcome], domains: Mapping[str, str], at: datetime) -> Watch:
    """Return *watch* after all *outcomes*."""
    for outcome in outcomes:
        watch = watch.after(outcome, domains[outcome.message_id], at)
    return watch


def refuses_sender(outcome: Outcome) -> bool:
    """Return whether the sender itself is refused and waiting will not help; a throttle is no refusal.

    A deferral that will not clear by waiting (``421 4.7.1 [TS03]``) is one.
    """
    if outcome.scope is not Scope.SENDER or outcome.verdict not in _IS_BACK or outcome.code == THROTTLED:
        return False
    return outcome.verdict is not Verdict.DEFERRED or outcome.code in MENDING_CODES | SMS_MENDING_CODES


def domain_of(address: str) -> str:
    """Return what stands behind the @; a phone number stands for itself."""
    return address.rpartition("@")[2].lower()


def _is_policy(outcome: Outcome) -> bool:
    return outcome.code == "policy"


def _is_content(outcome: Outcome) -> bool:
    return outcome.code == "content" and outcome.verdict is Verdict.REFUSED


def _shape(reply: str) -> str:
    """Return a reply without what differs from mail to mail: queue ids, addresses, numbers; its own codes stay."""
    words = reply.replace("-", " ").split()
    telling = [word for place, word in enumerate(words) if word.isalpha() or (place < 2 and _CODE.fullmatch(word))]
    return " ".join(telling)[:SHAPE_LENGTH_MAX] or "content"

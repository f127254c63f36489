"""When refusals of single recipients are really about the sender or the content. Counts in memory; no I/O."""

from collections import Counter, deque

from campaignkit.delivery.outcomes import Outcome, Verdict

__all__ = ["Breaker"]

# One provider's policy may refuse one recipient; five distinct domains in a row without a success refuse the sender.
POLICY_DOMAINS = 5
# The same refusal of the content five times in fifty is about the content.
CONTENT_REPEATS = 5
CONTENT_WINDOW = 50


class Breaker:
    """Watches the outcomes of one campaign and says when it must stop."""

    def __init__(self) -> None:
        self._recent: deque[str] = deque(maxlen=CONTENT_WINDOW)
        self._policy_domains: set[str] = set()

    def watch(self, outcome: Outcome, domain: str) -> str | None:
        """Count *outcome* and return the code of what the campaign fails with, or None."""
        if outcome.verdict is Verdict.ACCEPTED:
            self._policy_domains.clear()
        elif outcome.code == "policy":
            self._policy_domains.add(domain)
        is_content = outcome.code == "content" and outcome.verdict is Verdict.REFUSED
        self._recent.append(_shape(outcome.reply) if is_content else "")
        if len(self._policy_domains) >= POLICY_DOMAINS:
            return "policy_refused"
        repeats = Counter(shape for shape in self._recent if shape)
        return "content_refused" if repeats and max(repeats.values()) >= CONTENT_REPEATS else None


def _shape(reply: str) -> str:
    """Return a reply without what differs from mail to mail: queue ids, addresses, numbers."""
    return " ".join(word for word in reply.split() if word.isalpha())[:120] or "content"

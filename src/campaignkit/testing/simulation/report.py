"""What one simulation came to: its findings, its counts, and every step that led there. Values only."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import attrs

from campaignkit.testing.simulation.stage import TraceLine

__all__ = ["Finding", "SimulationReport", "digest_of", "instant"]

LINES_SHOWN = 40
FINDINGS_SHOWN = 10


@attrs.frozen
class Finding:
    """A law that did not hold."""

    law: str  # stable: "lost", "duplicated", "unexpected", "over_limit" …
    detail: str
    step: int  # the number of the line of the trace after which it was seen

    def __str__(self) -> str:
        return f"{self.law} (step {self.step}): {self.detail}"


@attrs.frozen(kw_only=True)
class SimulationReport:
    """What one seed came to. The same seed has the same report, whatever the process."""

    seed: int
    weather: str  # which faults there were, in words
    step_count: int
    digest: str  # of the trace: equal where every step is
    findings: tuple[Finding, ...]
    trace: tuple[TraceLine, ...] = attrs.field(repr=False)
    span: timedelta  # of virtual time
    crash_count: int
    freeze_count: int
    fault_count: int  # calls of the store that failed on purpose
    accepted_count: int  # messages that the provider took
    recovered_count: int  # recipients that were held by a worker when it died, and came to their end all the same
    answers: Mapping[str, int]  # of begin, by verdict
    statuses: Mapping[str, int]  # of recipients, at the end

    @property
    def is_right(self) -> bool:
        return not self.findings

    @property
    def in_doubt_count(self) -> int:
        return self.statuses.get("in_doubt", 0) + self.statuses.get("unknown", 0)

    def count(self, law: str) -> int:
        """Return how often *law* did not hold."""
        return sum(finding.law == law for finding in self.findings)

    def told(self, *, until: int | None = None, lines: int = LINES_SHOWN) -> str:
        """Return the last steps up to the step *until*, all if it is left out."""
        end = len(self.trace) if until is None else until + 1
        return "\n".join(map(str, self.trace[max(end - lines, 0) : end]))

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in sorted(self.statuses.items()))
        head = (
            f"seed {self.seed}: {self.step_count} steps in {self.span}, {self.crash_count} crashes, "
            f"{self.freeze_count} freezes, {self.fault_count} failing calls; {counts}"
        )
        if self.is_right:
            return f"{head}: right"
        shown = [f"  ! {finding}" for finding in self.findings[:FINDINGS_SHOWN]]
        steps = self.told(until=self.findings[0].step)
        return "\n".join([f"{head}: NOT right", f"  weather: {self.weather}", *shown, steps])


def digest_of(trace: Iterable[TraceLine]) -> str:
    """Return what tells one trace from another."""
    lines = (f"{line.number} {line.at.isoformat()} {line.actor} {line.what}\n" for line in trace)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def instant(at: datetime) -> str:
    """Return an instant as findings show it."""
    return f"{at:%d %H:%M:%S.%f}"

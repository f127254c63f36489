"""The status tables in, their diagrams and words in docs/status.md out. Touches that one file.

``python docs/draw_status.py`` writes what stands between the page's markers anew; a test fails while it is not.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from campaignkit.campaign.status import (
    CAMPAIGN_TRANSITIONS,
    RECIPIENT_TRANSITIONS,
    CampaignStatus,
    RecipientStatus,
    status_label,
)

__all__ = ["PAGE", "diagram", "drawn", "words"]

PAGE = Path(__file__).with_name("status.md")

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


def diagram(table: Mapping[S, Mapping[E, S]]) -> str:
    """Return a mermaid diagram of *table*: the first status is the start, one without moves an end.

    >>> from campaignkit.campaign.status import RecipientEvent, RecipientStatus
    >>> end = RecipientStatus.CANCELLED
    >>> print(diagram({RecipientStatus.PENDING: {RecipientEvent.CANCEL: end}, end: {}}))
    stateDiagram-v2
        [*] --> pending
        pending --> cancelled: cancel
        cancelled --> [*]
    """
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in _arrows(table))])


def words(statuses: Iterable[CampaignStatus | RecipientStatus]) -> str:
    """Return a table of what users read for each status, in English and in Polish."""
    rows = [f"| `{one}` | {status_label(one)} | {status_label(one, 'pl')} |" for one in statuses]
    return "\n".join(["| status | English | Polish |", "|---|---|---|", *rows])


def drawn(page: str) -> str:
    """Return *page* with everything between its markers written anew.

    Raises:
        ValueError: a marker is missing.
    """
    for name, text in _parts().items():
        before, begin, rest = page.partition(f"<!-- drawn: {name} -->\n")
        _old, end, after = rest.partition("<!-- end -->")
        if not begin or not end:
            raise ValueError(f"the page has no place for {name}")
        page = f"{before}{begin}{text}\n{end}{after}"
    return page


def _parts() -> Mapping[str, str]:
    return {
        "campaign diagram": f"```mermaid\n{diagram(CAMPAIGN_TRANSITIONS)}\n```",
        "campaign words": words(CampaignStatus),
        "recipient diagram": f"```mermaid\n{diagram(RECIPIENT_TRANSITIONS)}\n```",
        "recipient words": words(RecipientStatus),
    }


def _arrows(table: Mapping[S, Mapping[E, S]]) -> Iterator[str]:
    yield f"[*] --> {next(iter(table))}"
    for status, moves in table.items():
        events_by_target: dict[S, list[str]] = {}
        for event, target in moves.items():
            events_by_target.setdefault(target, []).append(event.value)
        for target, events in events_by_target.items():
            yield f"{status} --> {target}: {', '.join(events)}"
        if not moves:
            yield f"{status} --> [*]"


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

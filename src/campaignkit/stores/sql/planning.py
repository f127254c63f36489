"""Who still waits, in SQL: a campaign's pending recipients in order of their ids, those alike in a row as one.

They are read by pages and told as runs, so that no more than a page is held of what is stored.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.status import RecipientStatus
from campaignkit.ports import Backlog
from campaignkit.ports.planning import destination_of
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.schema import Instants, has_status, recipients
from campaignkit.stores.sql.statements import Statement

__all__ = ["backlog"]

PAGE = 20_000  # rows; smaller ones cost more statements, larger ones memory


def _page(*, has_end: bool, has_address: bool) -> sa.Select[Any]:
    column = recipients.c
    address = (column.channel, column.address) if has_address else ()
    query = sa.select(column.recipient_id, column.zones, column.not_before, *address).where(
        column.merchant_id == sa.bindparam("merchant"),
        column.campaign_id == sa.bindparam("campaign"),
        has_status(RecipientStatus.PENDING),
        column.recipient_id > sa.bindparam("after"),
    )
    if has_end:
        query = query.where(column.recipient_id < sa.bindparam("before"))
    return query.order_by(column.recipient_id).limit(sa.bindparam("most"))


_ALL = Statement(("merchant", "campaign", "after", "most"), lambda _: _page(has_end=False, has_address=False))
_ALL_TO = Statement(("merchant", "campaign", "after", "most"), lambda _: _page(has_end=False, has_address=True))
_EARLIER = Statement(
    ("merchant", "campaign", "after", "before", "most"), lambda _: _page(has_end=True, has_address=False)
)
_EARLIER_TO = Statement(
    ("merchant", "campaign", "after", "before", "most"), lambda _: _page(has_end=True, has_address=True)
)


def backlog(
    driver: Driver, merchant_id: str, campaign_id: str, *, before: str | None, by_destination: bool
) -> Sequence[Backlog]:
    """Return the runs of pending recipients in order of their ids."""
    alike = _alike_to if by_destination else _alike
    zones_of, instants = _ZonesOf(), Instants()
    return [
        Backlog(sum(1 for _ in run), zones_of[zones], instants[not_before], *destination)
        for (zones, not_before, *destination), run in groupby(
            _rows(driver, merchant_id, campaign_id, before, has_address=by_destination), alike
        )
    ]


_alike = itemgetter(1, 2)  # zones, not_before


def _alike_to(row: Sequence[Any]) -> tuple[str, int, str]:
    _, zones, not_before, channel, address = row
    return zones, not_before, destination_of(channel, address)


def _rows(
    driver: Driver, merchant_id: str, campaign_id: str, before: str | None, *, has_address: bool
) -> Iterator[Sequence[Any]]:
    after = ""
    while True:
        if before is None:
            page = driver.rows(_ALL_TO if has_address else _ALL, (merchant_id, campaign_id, after, PAGE))
        else:
            earlier = _EARLIER_TO if has_address else _EARLIER
            page = driver.rows(earlier, (merchant_id, campaign_id, after, before, PAGE))
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1][0]


class _ZonesOf(dict[str, tuple[str, ...]]):
    """The zones of one list by their stored text: thousands of recipients share a few."""

    def __missing__(self, text: str) -> tuple[str, ...]:
        zones = self[text] = tuple(text.split(",")) if text else ()
        return zones

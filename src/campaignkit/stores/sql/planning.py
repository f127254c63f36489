"""Who still waits, in SQL: a campaign's pending recipients in order of their ids, those alike in a row as one.

They are read by pages and told as runs, so that no more than a page is held of what is stored.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.status import RecipientStatus
from campaignkit.ports import PREFIX_LENGTH, Backlog
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.schema import Instants, has_status, recipients
from campaignkit.stores.sql.statements import Statement

__all__ = ["backlog"]

PAGE = 20_000  # rows; smaller ones cost more statements, larger ones memory


def _page(*, has_end: bool) -> sa.Select[Any]:
    column = recipients.c
    query = sa.select(column.recipient_id, column.zones, column.not_before, column.channel, column.address).where(
        column.merchant_id == sa.bindparam("merchant"),
        column.campaign_id == sa.bindparam("campaign"),
        has_status(RecipientStatus.PENDING),
        column.recipient_id > sa.bindparam("after"),
    )
    if has_end:
        query = query.where(column.recipient_id < sa.bindparam("before"))
    return query.order_by(column.recipient_id).limit(sa.bindparam("most"))


_ALL = Statement(("merchant", "campaign", "after", "most"), lambda _: _page(has_end=False))
_EARLIER = Statement(("merchant", "campaign", "after", "before", "most"), lambda _: _page(has_end=True))


def backlog(
    driver: Driver, merchant_id: str, campaign_id: str, *, before: str | None, by_destination: bool
) -> Sequence[Backlog]:
    """Return the runs of pending recipients in order of their ids."""
    rows = _rows(driver, merchant_id, campaign_id, before)
    if by_destination:
        alike = ((zones, not_before, _destination(channel, address)) for zones, not_before, channel, address in rows)
    else:
        alike = ((zones, not_before, "") for zones, not_before, _, _ in rows)
    zones_of, instants = _ZonesOf(), Instants()
    return [
        Backlog(sum(1 for _ in run), zones_of[zones], instants[not_before], destination)
        for (zones, not_before, destination), run in groupby(alike)
    ]


def _rows(
    driver: Driver, merchant_id: str, campaign_id: str, before: str | None
) -> Iterator[tuple[str, int, str, str]]:
    after = ""
    while True:
        if before is None:
            page = driver.rows(_ALL, (merchant_id, campaign_id, after, PAGE))
        else:
            page = driver.rows(_EARLIER, (merchant_id, campaign_id, after, before, PAGE))
        for _, zones, not_before, channel, address in page:
            yield zones, not_before, channel, address
        if len(page) < PAGE:
            return
        after = page[-1][0]


class _ZonesOf(dict[str, tuple[str, ...]]):
    """The zones of one list by their stored text: thousands of recipients share a few."""

    def __missing__(self, text: str) -> tuple[str, ...]:
        zones = self[text] = tuple(text.split(",")) if text else ()
        return zones


def _destination(channel: str, address: str) -> str:
    if channel == Channel.SMS:
        return address[:PREFIX_LENGTH]
    return address.rpartition("@")[2].lower()

"""A worker that is told to stop begins no further wave, however many messages are left."""

import attrs
import pytest

from tests.kit.conftest import Shop


@attrs.define
class StopAfter:
    """A stop that is set once so many mails have left."""

    shop: Shop
    mail_count: int

    def is_set(self) -> bool:
        return len(self.shop.mails) >= self.mail_count

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


@pytest.mark.parametrize("verb", ["serve", "run", "tick"])
def test_a_stopped_worker_leaves_the_rest_pending(shop: Shop, verb: str) -> None:
    campaign = shop.draft(people=250)
    shop.flora.schedule(campaign.id)

    stop = StopAfter(shop, mail_count=1)
    getattr(shop.kit, verb)(stop=stop)

    by_status = shop.flora.counts(campaign.id).by_status
    assert dict(by_status) == {"sent": 1, "pending": 249}  # the wave that had begun, and nothing after it


def test_a_tick_says_whether_its_bounds_or_the_end_of_the_work_ended_it(shop: Shop) -> None:
    campaign = shop.draft(people=3)
    assert not shop.kit.tick(max_messages=0).has_more
    shop.flora.schedule(campaign.id)

    told = [shop.kit.tick(max_messages=count) for count in (0, 2, 2, 0)]
    assert [(one.sent, one.has_more) for one in told] == [(0, True), (2, True), (1, False), (0, False)]

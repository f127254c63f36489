"""What was counted survives its process: a store closed and opened anew on the same file."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from campaignkit.clocks import FrozenClock
from campaignkit.delivery.begin import BeginVerdict
from campaignkit.ports import Clock
from campaignkit.stores.sql import SqlStore
from campaignkit.stores.sql.schema import limit_counters
from campaignkit.testing.store_laws.bench import START, Bench
from campaignkit.timing.limits import FrequencyCap, Interval, Limit, LimitRule, LimitScope

DAY = timedelta(days=1)
RULES: dict[str, LimitRule] = {
    "rolling": Limit(1, per=DAY),
    "by the calendar": Limit(1, per="day", zone="Europe/Warsaw"),
    "counted by hundredths": Limit(101, per=DAY, counted="recipients"),
    "an interval": Interval(60, jitter=60),
}


class ForgetsWhatItCounted(SqlStore):
    """Keeps limits for as long as its process lives."""

    def __init__(self, url: str, *, clock: Clock) -> None:
        super().__init__(url, clock=clock)
        with self._engine.begin() as connection:
            connection.execute(sa.delete(limit_counters))


def begin_after_restart(folder: Path, store_class: type[SqlStore], rule: LimitRule) -> BeginVerdict:
    """Use *rule* up, open the file anew with *store_class*, and return what begin says to one more."""
    url, clock, scopes = (
        f"sqlite:///{folder}/campaigns.db",
        FrozenClock(START),
        (LimitScope("sender/flora/a", (rule,)),),
    )
    count = rule.count if isinstance(rule, Limit) else 1
    before = SqlStore(url, clock=clock)
    before.upgrade()
    bench = Bench(before, clock)
    bench.campaign()
    *claims, last = bench.claims(*(f"n{number:03}" for number in range(count + 1)))
    assert set(bench.begin_all(claims, limit_scopes=scopes, draw=1.0)) == {BeginVerdict.GO}
    before.close()
    clock.advance(timedelta(seconds=119))

    after = store_class(url, clock=clock)
    verdict = Bench(after, clock).begin(last, limit_scopes=scopes)
    after.close()
    return verdict


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_what_was_counted_survives_a_restart(tmp_path: Path, rule: LimitRule) -> None:
    assert begin_after_restart(tmp_path, SqlStore, rule) is BeginVerdict.LIMITED


def test_a_store_that_forgets_what_it_counted_would_be_found_out(tmp_path: Path) -> None:
    assert begin_after_restart(tmp_path, ForgetsWhatItCounted, RULES["rolling"]) is BeginVerdict.GO


def test_a_cap_survives_a_restart(tmp_path: Path) -> None:
    url, clock, cap = f"sqlite:///{tmp_path}/campaigns.db", FrozenClock(START), FrequencyCap(messages=1, days=7)
    before = SqlStore(url, clock=clock)
    before.upgrade()
    bench = Bench(before, clock)
    bench.campaign("c1")
    bench.campaign("c2")
    (spring,), (summer,) = bench.claims("ann", campaign_id="c1"), bench.claims("ann", campaign_id="c2")
    bench.begin(spring, cap=cap)
    before.close()

    after = SqlStore(url, clock=clock)
    verdict = Bench(after, clock).begin(summer, cap=cap)
    after.close()
    assert verdict is BeginVerdict.CAPPED

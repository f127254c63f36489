"""The benchmarks: ``python -m tests.benchmarks [name …]``; writes docs/figures.json and docs/figures.md."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from tests.benchmarks import (
    audience,
    contact_lists,
    credit,
    duplicates,
    emails,
    forecasts,
    imports,
    limits,
    links,
    mail,
    memory,
    phones,
    recovery,
    send_times,
    signing,
    sms_parts,
    store_waves,
    store_waves_postgres,
    texts_on_the_wire,
    transport,
    whole_campaign,
    workers,
)
from tests.benchmarks.figures import Figure, save
from tests.benchmarks.sink import SinkMissing

BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "store": store_waves.measure,
    "store_postgres": store_waves_postgres.measure,
    "emails": emails.measure,
    "phones": phones.measure,
    "contact_lists": contact_lists.measure,
    "audience": audience.measure,
    "duplicates": duplicates.measure,
    "import": imports.measure,
    "forecast": forecasts.measure,
    "limits": limits.measure,
    "links": links.measure,
    "mail": mail.measure,
    "dkim": signing.measure,
    "campaign": whole_campaign.measure,
    "send_times": send_times.measure,
    "quiet_hours": send_times.measure_quiet_hours,
    "sms_parts": sms_parts.measure,
    "credit": credit.measure,
    "texts_on_the_wire": texts_on_the_wire.measure,
    "transport": transport.measure,
    "memory": memory.measure,
    "recovery": recovery.measure,
    "workers": workers.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, all by default; 1 if something had to be left out."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(BENCHMARKS)}")
    names: list[str] = parser.parse_args(arguments).names or list(BENCHMARKS)
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}")
    left_out = [name for name in names if not _measure(name)]
    print(f"docs/figures.md is written; left out: {', '.join(left_out) or 'nothing'}")
    return 1 if left_out else 0


def _measure(name: str) -> bool:
    print(f"{name}", flush=True)
    began_at = time.monotonic()
    try:
        figures = BENCHMARKS[name]()
    except SinkMissing as missing:
        print(f"!!! {name} IS SKIPPED: {missing}", flush=True)
        return False
    save(name, figures, time.monotonic() - began_at)
    for figure in figures:
        print(f"  {figure.work}: {figure.measured}   {figure.ratio}   {figure.verdict or ''}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())

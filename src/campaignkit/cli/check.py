"""``campaignkit check``: a list of contacts in, what is wrong with it out. Reads one file, writes one if asked to."""

import argparse
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from campaignkit.addresses.channel import Rejection
from campaignkit.audience.contacts import Contact
from campaignkit.audience.imports import read_contacts
from campaignkit.audience.rejections import write_rejections
from campaignkit.audience.selection import stream_audience
from campaignkit.cli.console import Console
from campaignkit.cli.list_report import Addresses, ListReport, ListTally, Trouble
from campaignkit.cli.problems import CONFIRMED, REFUSED, UsageProblem

__all__ = ["run_check"]

COUNTRIES_SHOWN = 8
SUGGESTIONS_SHOWN = 10


def run_check(options: argparse.Namespace, console: Console) -> int:
    """Print what is wrong with a list; return 0 if it is good to be sent to, else 1."""
    path = Path(options.contacts)
    tally = ListTally(options.channel, stale_before=_stale_before(options.stale_after), region=options.region)
    try:
        contacts = read_contacts(path, region=options.region, columns=_columns(options.column))
    except ValueError as error:
        raise UsageProblem(str(error)) from error
    with console.watched(f"reading {path.name}", contacts) as watched:
        taken = (tally.take(became) for became in stream_audience(watched, options.channel, kind=options.kind))
        if options.rejections is None:
            for _ in taken:
                pass
        else:
            _write_rejections(Path(options.rejections), path, taken)
    report = tally.report()
    if console.is_json:
        console.document(report)
    else:
        _tell(report, console)
    return CONFIRMED if report.is_good else REFUSED


def _stale_before(days: int) -> date:
    if days < 1:
        raise UsageProblem("--stale-after wants a number of days, 1 or more")
    try:
        return datetime.now(UTC).date() - timedelta(days=days)
    except OverflowError as error:
        raise UsageProblem("--stale-after reaches back beyond the calendar") from error


def _write_rejections(target: Path, source: Path, items: Iterable[Contact | Rejection]) -> None:
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageProblem("--rejections would overwrite the list itself")
    try:
        write_rejections(target, items)
    except OSError as error:
        raise UsageProblem(f"--rejections cannot be written: {error.strerror or error}") from error


def _columns(pairs: Iterable[str]) -> Mapping[str, str | int] | None:
    columns: dict[str, str | int] = {}
    for pair in pairs:
        what, equals, column = pair.partition("=")
        if not equals:
            raise UsageProblem(f"--column wants WHAT=COLUMN, such as email=Adres, not {pair!r}")
        columns[what.strip()] = column.strip()
    return columns or None


def _tell(report: ListReport, console: Console) -> None:
    whom = {"email": "by email", "sms": "by text message"}[report.channel]
    console.line(f"{report.rows} rows: {report.recipients} can be written to {whom}.")
    console.line(f"{report.excluded} are left out, {report.rejected} are empty or unreadable.")
    if report.unknown_consent:
        console.line(f"{report.unknown_consent} of those who can be written to were never asked about it.")
    _tell_addresses(report, console)
    _tell_troubles("Left out:", report.exclusions, console)
    _tell_troubles("Empty or unreadable:", report.rejections, console)
    _tell_troubles("Fields that cannot be used:", report.broken_fields, console)
    _tell_suggestions(report, console)
    _tell_stale(report, console)


def _tell_addresses(report: ListReport, console: Console) -> None:
    names = ("", "valid", "usable", "repeated", "broken", "missing", "yes", "no", "not asked")
    console.line()
    console.line("Addresses, and what those that can be used said about being written to:")
    console.table(names, [("emails", *_cells(report.emails)), ("phones", *_cells(report.phones))])
    if report.countries:
        shown = [f"{one.region or 'no country'} {one.count}" for one in report.countries[:COUNTRIES_SHOWN]]
        more = ["…"] if len(report.countries) > COUNTRIES_SHOWN else []
        console.line(f"Countries of the phones: {', '.join(shown + more)}")


def _cells(counted: Addresses) -> tuple[int, ...]:
    said = (counted.granted, counted.denied, counted.unknown)
    return (counted.valid, counted.usable, counted.duplicates, counted.broken, counted.missing, *said)


def _tell_troubles(title: str, troubles: tuple[Trouble, ...], console: Console) -> None:
    if not troubles:
        return
    console.line()
    console.line(title)
    rows = ((one.count, one.code, one.field, one.message, _places(one.count, one.rows)) for one in troubles)
    has_fields = any(trouble.field for trouble in troubles)
    columns = ("count", "code", "field", "why", "rows")
    if has_fields:
        console.table(columns, rows)
    else:
        console.table((*columns[:2], *columns[3:]), ((*row[:2], *row[3:]) for row in rows))


def _tell_suggestions(report: ListReport, console: Console) -> None:
    if not report.suggestions:
        return
    shown = report.suggestions[:SUGGESTIONS_SHOWN]
    console.line()
    console.line("Slips of the keyboard? Nothing was changed:")
    rows = ((one.count, one.domain, one.suggested, _places(one.count, one.rows)) for one in shown)
    console.table(("count", "written", "perhaps", "rows"), rows)
    if len(report.suggestions) > len(shown):
        console.line(f"and {len(report.suggestions) - len(shown)} more.")


def _tell_stale(report: ListReport, console: Console) -> None:
    stale = report.stale
    if stale is None:
        return
    console.line()
    rows = f" (rows {_places(stale.count, stale.rows)})" if stale.rows else ""
    console.line(f"{stale.count} were last seen before {stale.before}, by {', '.join(stale.columns)}{rows}.")
    if stale.undated:
        console.line(f"{stale.undated} have no day there that can be read.")


def _places(count: int, rows: tuple[int, ...]) -> str:
    return ", ".join(map(str, rows)) + (" …" if count > len(rows) else "")

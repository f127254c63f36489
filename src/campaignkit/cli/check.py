"""``campaignkit check``: a list of contacts in, what is wrong with it out. Reads one file."""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.audience.contacts import Contact
from campaignkit.audience.imports import read_contacts
from campaignkit.audience.selection import Audience, ExclusionReason, build_audience
from campaignkit.cli.console import Console
from campaignkit.cli.problems import CONFIRMED, REFUSED, UsageProblem

__all__ = ["ListReport", "Trouble", "report_list", "run_check"]

ROWS_MAX = 5  # named of each kind of trouble


@attrs.frozen(kw_only=True)
class Trouble:
    """One kind of thing that is wrong, and where."""

    code: str  # stable
    field: str = ""
    message: str  # one sentence
    count: int
    rows: tuple[int, ...]  # the first few; the header of the file is row 1


@attrs.frozen(kw_only=True)
class ListReport:
    """What a list comes to by one channel: ``rows = recipients + excluded + rejected``."""

    channel: str
    rows: int
    recipients: int
    excluded: int
    rejected: int
    unknown_consent: int  # recipients whom nobody asked about the channel
    exclusions: tuple[Trouble, ...]  # readable rows that get nothing
    rejections: tuple[Trouble, ...]  # rows that are empty or cannot be read
    broken_fields: tuple[Trouble, ...]  # of readable rows, whether they are written to or not

    @property
    def is_good(self) -> bool:
        """Whether somebody can be written to and every row could be read."""
        unreadable = any(trouble.code == RejectionCode.UNREADABLE_ROW for trouble in self.rejections)
        return self.recipients > 0 and not unreadable


def run_check(options: argparse.Namespace, console: Console) -> int:
    """Print what is wrong with a list; return 0 if it is good to be sent to, else 1."""
    path = Path(options.contacts)
    try:
        contacts = read_contacts(path, region=options.region, columns=_columns(options.column))
    except ValueError as error:
        raise UsageProblem(str(error)) from error
    with console.watched(f"reading {path.name}", contacts) as watched:
        audience = build_audience(watched, options.channel, kind=options.kind)
    report = report_list(audience, options.channel)
    if console.is_json:
        console.document(report)
    else:
        _tell(report, console)
    return CONFIRMED if report.is_good else REFUSED


def report_list(audience: Audience, channel: str) -> ListReport:
    """Return what *audience* tells about the list that it was built from."""
    exclusions, rejections = audience.exclusions, audience.rejections
    people = [one.contact for one in audience.recipients] + [one.contact for one in exclusions]
    left_out = (
        (str(one.reason), "", _DUPLICATE if one.reason is ExclusionReason.DUPLICATE else one.detail, _row(one.contact))
        for one in exclusions
    )
    return ListReport(
        channel=channel,
        rows=len(people) + len(rejections),
        recipients=len(audience.recipients),
        excluded=len(exclusions),
        rejected=len(rejections),
        unknown_consent=audience.unknown_consent_count,
        exclusions=_group(left_out),
        rejections=_group(_facts(rejections)),
        broken_fields=_group(_facts(one for contact in people for one in contact.rejections)),
    )


_DUPLICATE = "This address already stands in an earlier row."
_Fact = tuple[str, str, str, int]  # code, field, sentence, row


def _facts(rejections: Iterable[Rejection]) -> Iterator[_Fact]:
    return ((str(one.code), one.field, one.message, one.row_number or 0) for one in rejections)


def _row(contact: Contact) -> int:
    return contact.row_number or 0


def _group(facts: Iterable[_Fact]) -> tuple[Trouble, ...]:
    """Return one Trouble for each code, field and sentence, the most frequent first."""
    rows: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for code, field, message, row in facts:
        rows[code, field, message].append(row)
    troubles = (
        Trouble(code=code, field=field, message=message, count=len(found), rows=tuple(sorted(found)[:ROWS_MAX]))
        for (code, field, message), found in rows.items()
    )
    return tuple(sorted(troubles, key=lambda trouble: (-trouble.count, trouble.code, trouble.field, trouble.message)))


def _columns(pairs: Iterable[str]) -> Mapping[str, str] | None:
    columns = {}
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
    _tell_troubles("Left out:", report.exclusions, console)
    _tell_troubles("Empty or unreadable:", report.rejections, console)
    _tell_troubles("Fields that cannot be used:", report.broken_fields, console)


def _tell_troubles(title: str, troubles: tuple[Trouble, ...], console: Console) -> None:
    if not troubles:
        return
    console.line()
    console.line(title)
    rows = ((one.count, one.code, one.field, one.message, _places(one)) for one in troubles)
    has_fields = any(trouble.field for trouble in troubles)
    columns = ("count", "code", "field", "why", "rows")
    if has_fields:
        console.table(columns, rows)
    else:
        console.table((*columns[:2], *columns[3:]), ((*row[:2], *row[3:]) for row in rows))


def _places(trouble: Trouble) -> str:
    more = " …" if trouble.count > len(trouble.rows) else ""
    return ", ".join(map(str, trouble.rows)) + more

"""``campaignkit duplicates``: a list of customers in; who stands in it twice, and why, out. Reads one file."""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.audience.contacts import Contact
from campaignkit.audience.customers.checking import customer_from
from campaignkit.audience.customers.comparing import MatchKind
from campaignkit.audience.customers.duplicates import DuplicateGroup, HeldBack, SystemFault, find_duplicates
from campaignkit.audience.customers.records import Customer
from campaignkit.audience.imports import read_contacts
from campaignkit.cli.console import Console
from campaignkit.cli.problems import CONFIRMED, REFUSED, UsageProblem

__all__ = ["DuplicatesReport", "GroupReport", "MemberReport", "run_duplicates"]


@attrs.frozen(kw_only=True)
class MemberReport:
    """One record of a group, and where it stands."""

    row: int  # the header of the file is row 1
    customer_id: str
    name: str
    phone: str
    email: str


@attrs.frozen(kw_only=True)
class GroupReport:
    """Records that belong together."""

    kind: str  # "same", "likely", "household"
    score: float
    evidence: tuple[str, ...]  # codes, heaviest first
    members: tuple[MemberReport, ...]


@attrs.frozen(kw_only=True)
class DuplicatesReport:
    """What a list of customers comes to: ``rows = customers + unreadable``."""

    rows: int
    customers: int
    unreadable: int  # rows that are empty or cannot be read
    surplus: int  # records beyond the first of each group of one person
    groups: tuple[GroupReport, ...]
    held_back: tuple[HeldBack, ...]
    faults: tuple[SystemFault, ...]


def run_duplicates(options: argparse.Namespace, console: Console) -> int:
    """Print who stands in a list twice; return 0 if nobody does, else 1. Households are no duplicates."""
    path = Path(options.customers)
    try:
        contacts = read_contacts(path, region=options.region)
    except ValueError as error:
        raise UsageProblem(str(error)) from error
    with console.watched(f"reading {path.name}", contacts) as watched:
        customers, unreadable = _number(watched, options.region)
    report = _report(customers, unreadable)
    if console.is_json:
        console.document(report)
    else:
        _tell(report, console)
    return REFUSED if report.surplus or any(one.reason == "giant_group" for one in report.held_back) else CONFIRMED


def _number(items: Iterable[Contact | Rejection], region: str | None) -> tuple[list[tuple[int, Customer]], int]:
    """Return the customers with their rows, and how many rows held none."""
    customers, unreadable = [], 0
    for item in items:
        if isinstance(item, Rejection):
            unreadable += 1
        else:
            customers.append((item.row_number or 0, customer_from(item, region=region)[0]))
    return customers, unreadable


def _report(numbered: list[tuple[int, Customer]], unreadable: int) -> DuplicatesReport:
    # By row for the time being: lists of orders repeat the ids of those who order, and others have no ids at all.
    by_row = {f"{row:012}": customer for row, customer in numbered}
    found = find_duplicates(attrs.evolve(customer, customer_id=row) for row, customer in by_row.items())
    groups = tuple(_group_report(group, by_row) for group in found)
    return DuplicatesReport(
        rows=len(numbered) + unreadable,
        customers=len(numbered),
        unreadable=unreadable,
        surplus=sum(len(group.members) - 1 for group in groups if group.kind != MatchKind.HOUSEHOLD),
        groups=groups,
        held_back=found.held_back,
        faults=found.faults,
    )


def _group_report(group: DuplicateGroup, by_row: Mapping[str, Customer]) -> GroupReport:
    return GroupReport(
        kind=group.kind.value,
        score=group.score,
        evidence=tuple(one.code.value for one in group.evidence),
        members=tuple(_member_report(int(one.customer_id), by_row[one.customer_id]) for one in group.members),
    )


def _member_report(row: int, customer: Customer) -> MemberReport:
    phone = customer.phone.key if customer.phone else ""
    email = customer.email.address if customer.email else ""
    return MemberReport(row=row, customer_id=customer.customer_id, name=customer.name, phone=phone, email=email)


def _tell(report: DuplicatesReport, console: Console) -> None:
    console.line(f"{report.rows} rows: {report.customers} customers, {report.unreadable} empty or unreadable.")
    console.line(f"{report.surplus} of them repeat somebody who stands in the list already.")
    if report.groups:
        console.line()
        rows = [row for number, group in enumerate(report.groups, start=1) for row in _rows_of(number, group)]
        console.table(("group", "kind", "score", "row", "name", "phone", "email", "evidence"), rows)
    for title, messages in (
        ("Held back, since it tells nothing about who somebody is:", [one.message for one in report.held_back]),
        ("Faults of a system:", [one.message for one in report.faults]),
    ):
        if messages:
            console.line()
            console.line(title)
            for message in messages:
                console.line(f"- {message}")


def _rows_of(number: int, group: GroupReport) -> list[tuple[object, ...]]:
    evidence = ", ".join(code.replace("_", " ") for code in group.evidence)
    return [
        (
            number,
            group.kind,
            f"{group.score:.2f}",
            one.row,
            one.name,
            one.phone,
            one.email,
            evidence if place == 0 else "",
        )
        for place, one in enumerate(group.members)
    ]

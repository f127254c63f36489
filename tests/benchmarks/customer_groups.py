"""Customers of a labelled list in; the groups that find_duplicates makes of them, with seconds and memory, out.

A process of its own, which imports no more than a shop that looks for duplicates would.
"""

import csv
import gc
import json
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from campaignkit.addresses.email import EmailAddress
from campaignkit.addresses.phone import PhoneNumber
from campaignkit.audience.customers.comparing import MatchKind
from campaignkit.audience.customers.duplicates import find_duplicates
from campaignkit.audience.customers.records import Customer, PostalAddress
from tests.benchmarks.peers.peak import peak_mib

__all__ = ["read_rows"]


def read_rows(path: Path, separator: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a list, without the blanks around names and values."""
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter=separator, skipinitialspace=True):
            yield {(name or "").strip(): (value or "").strip() for name, value in row.items()}


def _customer(position: int, row: Mapping[str, str]) -> Customer:
    """Return a record of any of the lists; the addresses are canonical, so that nobody is charged for parsing them."""
    email, phone = row.get("email"), row.get("phone")
    first = row.get("first") or row.get("given_name") or " ".join(_known(row, "fname_c1", "fname_c2"))
    last = row.get("last") or row.get("surname") or " ".join(_known(row, "lname_c1", "lname_c2"))
    street = f"{row.get('street_number', '')} {row.get('address_1', '')}".strip()
    home = PostalAddress(street=street, city=row.get("suburb", ""), postcode=row.get("postcode", ""))
    return Customer(
        customer_id=str(position),
        name=f"{first} {last}".strip(),
        email=EmailAddress(address=email, key=email, domain=sys.intern(email.rpartition("@")[2])) if email else None,
        phone=PhoneNumber(e164=phone) if phone else None,
        birthday=_birthday(row),
        addresses=(home,) if row.get("postcode") else (),
    )


def _known(row: Mapping[str, str], *names: str) -> list[str]:
    return [row[name] for name in names if row.get(name, "NA") not in ("", "NA")]


def _birthday(row: Mapping[str, str]) -> date | None:
    written = row.get("date_of_birth") or "".join(row.get(part, "").zfill(2) for part in ("by", "bm", "bd"))
    try:
        return date(int(written[:4]), int(written[4:6]), int(written[6:8]))
    except ValueError:  # the lists have days that do not exist
        return None


def _child() -> dict[str, Any]:
    job = json.load(sys.stdin)
    customers = [_customer(*numbered) for numbered in enumerate(read_rows(Path(job["path"]), job["separator"]))]
    gc.collect()  # what loading left behind is no part of the work; the collector stays on
    began_at = time.process_time()
    found = find_duplicates(customers)
    seconds = time.process_time() - began_at
    peak = peak_mib()
    persons = [group for group in found if group.kind is not MatchKind.HOUSEHOLD]
    groups = [[int(member.customer_id) for member in group.members] for group in persons]
    same = [ids for group, ids in zip(persons, groups, strict=True) if group.kind is MatchKind.SAME]
    return {"seconds": seconds, "peak_mib": peak, "groups": groups, "same": same}


if __name__ == "__main__":
    print(json.dumps(_child()))

"""A list of contacts cleaned as it is usually written: csv or pandas, email-validator, phonenumbers, a dict of keys.

Run in the peers' environment. ``copy`` only reads the rows and writes them again, the least that any tool does.
"""
# mypy: disable-error-code="import-not-found,import-untyped,no-any-return"

import csv
import json
import resource
import sys
from typing import Any

from peak import peak_mib

Job = dict[str, Any]


def clean_email(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return ""


def clean_phone(text: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def with_csv(job: Job) -> int:
    first_rows: dict[str, int] = {}
    with open(job["path"], encoding="utf-8-sig", newline="") as file:
        for row_number, row in enumerate(csv.DictReader(file), start=2):
            email, phone = clean_email(row["E-mail"]), clean_phone(row["Mobile"])
            if email or phone:
                first_rows.setdefault(email or phone, row_number)
    return len(first_rows)


def with_pandas(job: Job) -> int:
    import pandas

    table = pandas.read_csv(job["path"], dtype=str, keep_default_na=False, encoding="utf-8-sig")
    table["email"] = table["E-mail"].map(clean_email)
    table["phone"] = table["Mobile"].map(clean_phone)
    table["key"] = table["email"].where(table["email"] != "", table["phone"])
    return len(table[table["key"] != ""].drop_duplicates("key"))


def copy(job: Job) -> int:
    with (
        open(job["path"], encoding="utf-8-sig", newline="") as file,
        open(job["path"] + ".copy", "w", encoding="utf-8", newline="") as target,
    ):
        csv.writer(target).writerows(csv.reader(file))
    return 0


def main() -> None:
    job = json.load(sys.stdin)
    kept = {"csv": with_csv, "pandas": with_pandas, "copy": copy}[job["peer"]](job)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"kept": kept, "cpu": used.ru_utime + used.ru_stime, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()

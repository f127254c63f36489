"""Customers for the tests: written in a line, or generated so that they often meet."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from campaignkit.addresses.email import EmailAddress, parse_email
from campaignkit.addresses.phone import PhoneNumber, parse_phone
from campaignkit.audience.customers.records import Customer, PostalAddress


def phone(text: str) -> PhoneNumber:
    parsed = parse_phone(text, region="US")
    assert isinstance(parsed, PhoneNumber)
    return parsed


def email(text: str) -> EmailAddress:
    parsed = parse_email(text)
    assert isinstance(parsed, EmailAddress)
    return parsed


def person(customer_id: str, name: str = "", tel: str = "", mail: str = "", **more: Any) -> Customer:
    """Return a customer; ``tel`` are the last four digits of a New York number."""
    return Customer(
        customer_id=customer_id,
        name=name,
        phone=phone(f"(212) 555-{tel}") if tel else None,
        email=email(mail) if mail else None,
        **more,
    )


def home(street: str = "", postcode: str = "", city: str = "") -> tuple[PostalAddress, ...]:
    return (PostalAddress(street=street, postcode=postcode, city=city),)


_NAMES = ("Ann Lee", "LEE, Annie", "Ann Leee", "Bob Lee", "Bob Miller", "A. Lee", "Walk-in customer", "Łucja Nowak", "")
_PHONES = tuple(phone(f"(212) 555-01{number}") for number in range(40, 45))
_EMAILS = tuple(email(f"{name}@example.com") for name in ("ann.lee", "annlee", "bob", "lucja"))


@st.composite
def populations(draw: st.DrawFn, max_size: int = 9) -> list[Customer]:
    """Return customers with ids of their own, few names and few addresses, so that many of them match."""
    count = draw(st.integers(0, max_size))
    return [
        Customer(
            customer_id=f"c{number}",
            name=draw(st.sampled_from(_NAMES)),
            phone=draw(st.sampled_from((None, *_PHONES))),
            email=draw(st.sampled_from((None, None, *_EMAILS))),
            birthday=draw(st.sampled_from((None, None, date(1980, 12, 3), date(1980, 3, 12), date(1991, 1, 1)))),
            addresses=draw(st.sampled_from(((), home("5 Oak Street", "10001"), home("5 Oak St", "10001")))),
            orders=tuple(draw(st.lists(st.sampled_from(("o1", "o2", "o3")), max_size=2, unique=True))),
            notes=tuple(draw(st.lists(st.sampled_from(("likes roses", "back door")), max_size=1))),
            preferences=draw(st.dictionaries(st.just("colour"), st.sampled_from(("red", "white")), max_size=1)),
            source=draw(st.sampled_from(("till 1", "web"))),
        )
        for number in range(count)
    ]

"""Mismatches: a name and a phone that point to different people, an edit that makes a record another person. Pure."""

from collections.abc import Sequence
from enum import StrEnum

import attrs

from campaignkit.audience.customers.comparing import Profile, are_different, folded_name, profile_of
from campaignkit.audience.customers.names import Likeness, NameParts, compare_names, split_name
from campaignkit.audience.customers.records import Customer

__all__ = ["Mismatch", "MismatchCode", "check_edit", "compare_pointers"]


class MismatchCode(StrEnum):
    """What does not fit. The values are stable."""

    NAME_AND_PHONE = "name_and_phone"  # they point to different customers
    OTHER_PERSON = "other_person"  # an edit makes somebody else of the record


@attrs.frozen(kw_only=True)
class Mismatch:
    """A warning, with the records to look at."""

    code: MismatchCode
    message: str  # one sentence for a shopkeeper
    by_name: tuple[Customer, ...] = ()
    by_phone: tuple[Customer, ...] = ()


def check_edit(before: Customer, after: Customer) -> Mismatch | None:
    """Return a warning where an edit turns the record into another person, as when the wrong one was open.

    A new phone, a new mailbox or a married name is an edit; another given name is not, nor is a new name with nothing
    left of what the record had.

    >>> ann = Customer(customer_id="1", name="Ann Lee")
    >>> check_edit(ann, Customer(customer_id="1", name="Bob Miller")).code.value
    'other_person'
    """
    one, other = profile_of(before), profile_of(after)
    if not one.name or not other.name or not (are_different(one, other) or _has_nothing_left(one, other)):
        return None
    message = "This edit makes another person of the record; was the right customer open?"
    return Mismatch(code=MismatchCode.OTHER_PERSON, message=message, by_name=(before,))


def compare_pointers(name: str, by_name: Sequence[Customer], by_phone: Sequence[Customer]) -> Mismatch | None:
    """Return a warning where *by_phone*, who have the phone that was given, are all of other names than *name*."""
    wanted = split_name(folded_name(name).split())
    if not by_phone or not wanted.given or any(_is_called(wanted, one) for one in by_phone):
        return None
    owner = by_phone[0]
    message = f"The phone number belongs to customer {owner.customer_id}, who has another name."
    if by_name:
        ids = ", ".join(one.customer_id for one in by_name[:3])
        message = f"The name fits customer {ids}, the phone number belongs to customer {owner.customer_id}."
    return Mismatch(code=MismatchCode.NAME_AND_PHONE, message=message, by_name=tuple(by_name), by_phone=tuple(by_phone))


def _has_nothing_left(one: Profile, other: Profile) -> bool:
    names = compare_names(one.parts, other.parts)
    is_renamed = max(names.given, names.family) <= Likeness.UNKNOWN
    keys = {*one.phones, *one.emails, one.loyalty_id} - {""}
    return is_renamed and keys.isdisjoint((*other.phones, *other.emails, other.loyalty_id))


def _is_called(wanted: NameParts, customer: Customer) -> bool:
    """Return whether *customer* may be called so; a record without a name may be anybody."""
    name = folded_name(customer.name)
    if not name:
        return True
    names = compare_names(wanted, split_name(name.split(), customer.first_name))
    return names.given is not Likeness.DIFFERENT and names.family is not Likeness.DIFFERENT

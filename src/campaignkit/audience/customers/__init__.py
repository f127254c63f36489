"""Who is who? A shop's records in; which are one person, who fits what was typed, and how to merge them, out.

``form → Customer | Rejections → Match | DuplicateGroup → MergePlan``
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.audience.customers.checking import check_customer, customer_from
    from campaignkit.audience.customers.comparing import MatchKind
    from campaignkit.audience.customers.duplicates import DuplicateGroup, Duplicates, find_duplicates
    from campaignkit.audience.customers.index import CustomerIndex
    from campaignkit.audience.customers.merging import MergePlan, apply_changes, plan_merge
    from campaignkit.audience.customers.mismatches import check_edit
    from campaignkit.audience.customers.records import Customer, CustomerStatus, PostalAddress
    from campaignkit.audience.customers.redirects import redirects_of, resolve_redirect

__all__ = [
    "Customer",
    "CustomerIndex",
    "CustomerStatus",
    "DuplicateGroup",
    "Duplicates",
    "MatchKind",
    "MergePlan",
    "PostalAddress",
    "apply_changes",
    "check_customer",
    "check_edit",
    "customer_from",
    "find_duplicates",
    "plan_merge",
    "redirects_of",
    "resolve_redirect",
]

_HOMES = {
    "Customer": "records",
    "CustomerIndex": "index",
    "CustomerStatus": "records",
    "DuplicateGroup": "duplicates",
    "Duplicates": "duplicates",
    "MatchKind": "comparing",
    "MergePlan": "merging",
    "PostalAddress": "records",
    "apply_changes": "merging",
    "check_customer": "checking",
    "check_edit": "mismatches",
    "customer_from": "checking",
    "find_duplicates": "duplicates",
    "plan_merge": "merging",
    "redirects_of": "redirects",
    "resolve_redirect": "redirects",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

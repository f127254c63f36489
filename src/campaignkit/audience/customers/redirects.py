"""Redirects: ids of records that were merged, in; the id of the record that stands for them now, out. Pure."""

from collections.abc import Iterable, Mapping

from campaignkit.audience.customers.records import Customer

__all__ = ["flatten_redirects", "redirects_of", "resolve_redirect"]


def resolve_redirect(record_id: str, redirects: Mapping[str, str]) -> str:
    """Return the id that *record_id* leads to, itself where it was never merged.

    A host that sends to contact ids asks this for each pending recipient of a merged customer.

    Raises:
        ValueError: the redirects go round in a circle.

    >>> resolve_redirect("3", {"3": "2", "2": "1"}), resolve_redirect("7", {})
    ('1', '7')
    """
    seen = {record_id}
    while record_id in redirects:
        record_id = redirects[record_id]
        if record_id in seen:
            raise ValueError(f"the redirects of {record_id!r} go round in a circle")
        seen.add(record_id)
    return record_id


def flatten_redirects(redirects: Mapping[str, str]) -> dict[str, str]:
    """Return redirects of which each leads to its end in one step.

    Raises:
        ValueError: they go round in a circle.

    >>> flatten_redirects({"3": "2", "2": "1"})
    {'3': '1', '2': '1'}
    """
    return {record_id: resolve_redirect(record_id, redirects) for record_id in redirects}


def redirects_of(customers: Iterable[Customer]) -> dict[str, str]:
    """Return where each merged record of *customers* leads, in one step.

    Raises:
        ValueError: they go round in a circle.
    """
    return flatten_redirects({one.customer_id: one.merged_into for one in customers if one.is_merged})

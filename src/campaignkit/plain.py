"""Any result of campaignkit into plain data with stable keys: dicts, lists, strings, numbers. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any

import attrs

__all__ = ["to_dict"]


def to_dict(result: object) -> Any:
    """Return *result* as data that ``json.dumps`` takes.

    Values become dicts by their field names, instants ISO 8601 strings, durations seconds, bytes their length. Full
    addresses are in it: it is the host's own data, for the host's own screens.

    Raises:
        TypeError: *result* holds something that is not one of campaignkit's values.

    >>> from datetime import timedelta
    >>> to_dict({"wait": timedelta(minutes=1), "zones": ("Europe/Warsaw",)})
    {'wait': 60.0, 'zones': ['Europe/Warsaw']}
    """
    kind = type(result)
    if attrs.has(kind):
        return {field.name.lstrip("_"): to_dict(getattr(result, field.name)) for field in attrs.fields(kind)}
    if isinstance(result, Mapping):
        return {str(to_dict(key)): to_dict(value) for key, value in result.items()}
    return _scalar(result)


def _scalar(value: object) -> Any:
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case bytes():
            return len(value)
        case frozenset() | set():
            return sorted(to_dict(item) for item in value)
        case Iterable():
            return [to_dict(item) for item in value]
        case _:
            raise TypeError(f"{type(value).__name__} is not a campaignkit value")

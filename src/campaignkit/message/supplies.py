"""What a host supplies for one recipient, once: a coupon's code, a portal's link, a receipt. Values only. Pure.

It is asked for before the first message to that recipient, kept, and the same at every try after it.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from campaignkit.message.attachments import Attachment
from campaignkit.message.values import Values, plain_value, shown

__all__ = ["NO_SUPPLY", "Supplier", "Supply", "SupplyRequest", "kept_values", "supply_body", "supply_of"]


@attrs.frozen(kw_only=True)
class SupplyRequest:
    """For whom something is asked."""

    merchant_id: str
    campaign_id: str
    recipient_id: str
    contact_id: str  # the host's own; empty where it gave none
    fields: Mapping[str, str] = attrs.field(repr=False)  # the recipient's, as placeholders see them
    is_test: bool = False  # a test send or a preview: what is answered is kept for nobody, so no coupon need be used up


@attrs.frozen(kw_only=True)
class Supply:
    """What a host answers."""

    values: Values = attrs.field(factory=dict, repr=False)  # namespace → name → value
    attachments: Sequence[Attachment] = ()


NO_SUPPLY = Supply()
Supplier = Callable[[SupplyRequest], Supply]


def kept_values(values: Values) -> dict[str, dict[str, Any]]:
    """Return *values* as a store keeps them: whole numbers, truths and floats as they are, lists and mappings likewise.

    Days and moments become text in the form that filters read, as do decimals; what is no value becomes nothing.
    """
    return {namespace: {name: _kept(value) for name, value in named.items()} for namespace, named in values.items()}


def supply_body(supply: Supply) -> dict[str, Any]:
    """Return *supply* as plain data."""
    files = [
        {"filename": one.filename, "media_type": one.media_type, "content": b64encode(one.content).decode()}
        for one in supply.attachments
    ]
    return {"values": kept_values(supply.values), "attachments": files}


def supply_of(body: Mapping[str, Any]) -> Supply:
    """Return the supply that *body* describes."""
    files = tuple(
        Attachment(filename=one["filename"], media_type=one["media_type"], content=b64decode(one["content"]))
        for one in body["attachments"]
    )
    return Supply(values=body["values"], attachments=files)


def _kept(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _kept(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_kept(inner) for inner in value]
    plain = plain_value(value)
    return plain if isinstance(plain, str | int | float) else shown(plain)

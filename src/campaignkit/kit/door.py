"""The one door through which every verb of a merchant passes."""

import functools
from collections.abc import Callable
from enum import StrEnum
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import attrs

__all__ = ["Actor", "Permission", "Visitor", "verb"]

P = ParamSpec("P")
R = TypeVar("R")


class Permission(StrEnum):
    """What a verb asks for. The first six are those of the CRM whose campaigns this library takes over."""

    VIEW_CAMPAIGN = "view_campaign"
    CREATE_CAMPAIGN = "create_campaign"
    EDIT_CAMPAIGN = "edit_campaign"
    DELETE_CAMPAIGN = "delete_campaign"
    ADD_RECIPIENT = "add_recipient"
    REMOVE_RECIPIENT = "remove_recipient"
    SEND_CAMPAIGN = "send_campaign"
    CONFIGURE_SENDER = "configure_sender"
    SUPPRESS_ADDRESS = "suppress_address"
    GRANT_CREDIT = "grant_credit"


@attrs.frozen
class Actor:
    """Who acts through a merchant's handle: the name that the timeline keeps, and where test sends go."""

    name: str
    email: str | None = attrs.field(default=None, repr=False, kw_only=True)


class Visitor(Protocol):
    """Whose verbs pass the door."""

    def enter(self, permission: Permission, /) -> None:
        """Return if the verb may run now; raise otherwise, with nothing changed."""
        ...


V = TypeVar("V", bound=Visitor)


def verb(permission: Permission) -> Callable[[Callable[Concatenate[V, P], R]], Callable[Concatenate[V, P], R]]:
    """Make a method enter by the door before it runs."""

    def through_the_door(method: Callable[Concatenate[V, P], R]) -> Callable[Concatenate[V, P], R]:
        @functools.wraps(method)
        def entered(visitor: V, /, *args: P.args, **kwargs: P.kwargs) -> R:
            visitor.enter(permission)
            return method(visitor, *args, **kwargs)

        entered.permission = permission  # type: ignore[attr-defined]
        return entered

    return through_the_door

"""A store whose every call a judge sees: the call, its answer, and what it changed."""

from collections.abc import Callable
from typing import Any, cast

import attrs

from campaignkit.ports import Store

__all__ = ["Call", "watched"]


@attrs.frozen
class Call:
    """One call of a store that had its effect."""

    actor: str
    verb: str
    arguments: tuple[Any, ...] = attrs.field(repr=False)
    options: dict[str, Any] = attrs.field(repr=False)
    result: Any = attrs.field(repr=False)


class _WatchedStore:
    """Hands every call on, and then tells of it."""

    def __init__(self, store: Store, actor: str, see: Callable[[Call], None]) -> None:
        self._store = store
        self._actor = actor
        self._see = see

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        call = getattr(self._store, verb)

        def passed(*arguments: Any, **options: Any) -> Any:
            result = call(*arguments, **options)
            self._see(Call(self._actor, verb, arguments, options, result))
            return result

        self.__dict__[verb] = passed
        return passed

    def bind_clock(self, clock: object, /) -> None:
        """Keep the store's own clock, which has the true time; that of a process may be wrong."""

    def close(self) -> None:
        """Leave the store open: a process that ends takes only itself away."""


def watched(store: Store, actor: str, see: Callable[[Call], None]) -> Store:
    """Return *store* as *actor* uses it; *see* is told of each call that had its effect, before anything else is."""
    return cast("Store", _WatchedStore(store, actor, see))

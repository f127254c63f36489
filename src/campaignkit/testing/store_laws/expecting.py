"""``with expect(error)``: the block raises that error, or the law is broken. Needs no pytest."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["expect"]


@contextmanager
def expect(error: type[Exception]) -> Iterator[None]:
    """Pass if the block raises *error*."""
    try:
        yield
    except error:
        return
    raise AssertionError(f"{error.__name__} was not raised")

"""``${NAME}`` in a URL: filled from the environment, so that no file holds a password. Pure."""

import re
from collections.abc import Mapping
from urllib.parse import quote

__all__ = ["MissingVariable", "fill_url", "has_password"]

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PASSWORD = re.compile(r"://[^/@:]*:(.+)@")


class MissingVariable(ValueError):
    """The environment lacks a variable, or it is empty."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the environment has no {name}")


def fill_url(url: str, environ: Mapping[str, str]) -> str:
    """Return *url* with each ``${NAME}`` replaced and escaped; one that is nothing but ``${NAME}`` is taken as it is.

    Raises:
        MissingVariable: the environment has no such variable.

    >>> fill_url("smtp://flora:${PASSWORD}@mail.example", {"PASSWORD": "a/b@c"})
    'smtp://flora:a%2Fb%40c@mail.example'
    """
    whole = _PLACEHOLDER.fullmatch(url)
    if whole is not None:
        return _value(whole[1], environ)
    return _PLACEHOLDER.sub(lambda found: quote(_value(found[1], environ), safe=""), url)


def has_password(url: str) -> bool:
    """Return whether a password stands in *url* itself.

    >>> has_password("smtp://flora:secret@mail.example"), has_password("smtp://flora:${PASSWORD}@mail.example")
    (True, False)
    """
    found = _PASSWORD.search(url)
    return found is not None and _PLACEHOLDER.fullmatch(found[1]) is None


def _value(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name)
    if not value:
        raise MissingVariable(name)
    return value

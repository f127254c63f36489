"""Fields that a campaign knows: placeholders and known fields in, the unknown ones with a likely spelling out. Pure."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

import attrs

from campaignkit.message.links.urls import LINK_NAMESPACE
from campaignkit.message.templates import Placeholder

__all__ = ["NAMESPACES", "KnownFields", "UnknownField", "find_unknown_fields", "known_fields"]

# Those that campaigns of every trade speak of; a host adds its own.
NAMESPACES = ("customer", "merchant", "merchandise", "ticket", "event", "membership", "donation")

KnownFields = Mapping[str, Collection[str] | None]  # namespace → its fields; None: it may have any


@attrs.frozen(kw_only=True)
class UnknownField:
    """A placeholder that nobody will have a value for, as far as the host says."""

    placeholder: Placeholder
    likely: str | None  # "customer.name", where one of the known is spelt alike

    @property
    def sentence(self) -> str:
        """What is wrong, where, and what may have been meant."""
        one = self.placeholder
        hint = f"; perhaps {self.likely} is meant" if self.likely else ""
        return f"{one.field}, line {one.line}, column {one.column}: {_full_name(one)} is unknown{hint}"


def known_fields(**namespaces: Collection[str] | None) -> KnownFields:
    """Return the standard namespaces and that of signed links, each with any field, and *namespaces* in their place.

    >>> known = known_fields(customer=("name", "email"), salon=None)
    >>> sorted(known["customer"]), known["event"], "salon" in known
    (['email', 'name'], None, True)
    """
    given = {name: None if fields is None else frozenset(fields) for name, fields in namespaces.items()}
    return {**dict.fromkeys((*NAMESPACES, LINK_NAMESPACE)), **given}


def find_unknown_fields(placeholders: Iterable[Placeholder], known: KnownFields) -> tuple[UnknownField, ...]:
    """Return those of *placeholders* that are not among *known*, in their order, each name once for each part.

    >>> from campaignkit.message.templates import compile_template
    >>> template = compile_template("Dear {{ customer.nmae }}", field="text")
    >>> [one.sentence for one in find_unknown_fields(template.placeholders, known_fields(customer=["name"]))]
    ['text, line 1, column 6: customer.nmae is unknown; perhaps customer.name is meant']
    """
    unknown = {
        (one.field, _full_name(one)): UnknownField(placeholder=one, likely=_likely(one, known))
        for one in reversed(tuple(placeholders))
        if not _is_known(one, known)
    }
    return tuple(reversed(unknown.values()))


def _is_known(placeholder: Placeholder, known: KnownFields) -> bool:
    if placeholder.namespace not in known:
        return False
    fields, name = known[placeholder.namespace], placeholder.name
    return fields is None or name in ("", *fields) or name.partition(".")[0] in fields


def _likely(placeholder: Placeholder, known: KnownFields) -> str | None:
    """Return the known field that is spelt most like *placeholder*."""
    name = placeholder.name
    spellings = [
        f"{namespace}.{field}" for namespace, fields in known.items() for field in (fields or (name,)) if field
    ]
    found = get_close_matches(_full_name(placeholder), sorted({*spellings, *known}), n=1, cutoff=0.75)
    return found[0] if found else None


def _full_name(placeholder: Placeholder) -> str:
    return f"{placeholder.namespace}.{placeholder.name}" if placeholder.name else placeholder.namespace

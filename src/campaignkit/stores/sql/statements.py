"""Hot statements as text: SQLAlchemy writes each once per dialect, the driver runs it.

``Connection.execute`` prepares statement and parameters anew at each call, which takes longer than the database does.
Values are as the driver takes them: instants are microseconds.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

__all__ = ["Parameters", "Statement", "is_among"]

Parameters = tuple[Any, ...]
Arrange = Callable[[Parameters], Any]


def is_among(column: sa.Column[str], name: str, *, is_sqlite: bool) -> sa.ColumnElement[bool]:
    """Return the condition that *column* is one of the parameter *name*, ``Driver.array``: one text for any number."""
    if not is_sqlite:
        return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(column.type)))
    array = sa.func.json_each(sa.bindparam(name)).table_valued("value")
    return column.in_(sa.select(array.c.value))


class Statement:
    """A statement with parameters, written for a dialect when it is first used there.

    Args:
        names: Its parameters, in the order in which tuples give them.
        write: Builds it; told whether it is for SQLite.
    """

    def __init__(self, names: tuple[str, ...], write: Callable[[bool], sa.Executable]) -> None:
        self._names = names
        self._write = write
        self._prepared: dict[str, tuple[str, Arrange]] = {}  # by dialect and driver, so a few at most

    def prepared_for(self, dialect: Dialect) -> tuple[str, Arrange]:
        """Return its text, and what turns a tuple of parameters into what the driver wants."""
        key = f"{dialect.name}+{dialect.driver}"
        if key not in self._prepared:
            self._prepared[key] = self._prepare(dialect)
        return self._prepared[key]

    def _prepare(self, dialect: Dialect) -> tuple[str, Arrange]:
        statement: Any = self._write(dialect.name == "sqlite")
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        return str(compiled), self._arrange(compiled)

    def _arrange(self, compiled: SQLCompiler) -> Arrange:
        # What a dialect adds by itself, as SQLite's OFFSET beside a LIMIT.
        constants = {name: value for name, value in compiled.params.items() if name not in self._names}
        if compiled.positiontup is None:
            return lambda parameters: dict(zip(self._names, parameters, strict=True)) | constants
        places = [[*self._names, *constants].index(name) for name in compiled.positiontup]
        if places == list(range(len(self._names))):
            return tuple
        # A slice where there is one: itemgetter of a single place would return no tuple.
        pick = itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))
        added = tuple(constants.values())
        return (lambda parameters: pick(parameters + added)) if added else pick

"""One statement for many rows, given to the driver as text. SQLAlchemy itself writes that text, once per dialect.

``Connection.execute`` with a list prepares the parameters of every row anew, which takes longer than the database does.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

__all__ = ["RowStatement"]

Row = Mapping[str, Any]


class RowStatement:
    """An insert or update that runs once for every row.

    Args:
        names: The columns of an insert; an update names its parameters itself.
    """

    def __init__(self, statement: sa.Insert | sa.Update, names: Sequence[str] = ()) -> None:
        self._statement = statement
        self._names = names
        self._prepared: dict[str, tuple[str, Callable[[Row], Any]]] = {}  # by dialect and driver

    def run(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Run it for *rows*, if there are any. Values are as the driver takes them: instants are microseconds."""
        if not rows:
            return
        dialect = connection.dialect
        key = f"{dialect.name}+{dialect.driver}"
        if key not in self._prepared:
            self._prepared[key] = self._prepare(dialect)
        text, parameters_of = self._prepared[key]
        connection.exec_driver_sql(text, [parameters_of(row) for row in rows])

    def _prepare(self, dialect: Dialect) -> tuple[str, Callable[[Row], Any]]:
        compiled = self._statement.compile(dialect=dialect, column_keys=list(self._names) or None)
        assert isinstance(compiled, SQLCompiler)
        # What a row leaves out must not become NULL by itself, so only the statement's own values are filled in.
        constants = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
        if compiled.positiontup is None:
            return str(compiled), lambda row: {**constants, **row}
        in_order = itemgetter(*compiled.positiontup)
        return str(compiled), lambda row: in_order({**constants, **row})

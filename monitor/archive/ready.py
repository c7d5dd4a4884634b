"""Statements of the straight line, compiled once: an article takes about twenty, and building and wrapping them cost more than running."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.compiler import SQLCompiler

from monitor.archive.columns import IdList, TextList

Process = Callable[[Any], Any]
Insert = sqlite.Insert | postgresql.Insert


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """What is said differently on the two databases while a statement is built."""

    is_postgres: bool

    def insert(self, table: sa.Table) -> Insert:
        """An insert that knows ``on_conflict``; it fetches nothing that was not asked for."""
        return (postgresql.insert(table) if self.is_postgres else sqlite.insert(table)).inline()

    def among(self, column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
        """Whether a column is one of the values of a parameter: one text of SQL however many there are."""
        kind = IdList() if isinstance(column.type, sa.Integer) else TextList()
        values = sa.bindparam(name, type_=kind)
        if self.is_postgres:
            return column == sa.func.any(values)
        return column.in_(sa.select(sa.column("value")).select_from(sa.func.json_each(values)))

    def each(self, name: str) -> sa.ColumnElement[int]:
        """A column of the numbers of a parameter: many rows by one statement, at a third of what a statement for each costs."""
        values = sa.bindparam(name, type_=IdList())
        if self.is_postgres:
            return sa.func.unnest(values).table_valued("value").render_derived().c.value
        return sa.func.json_each(values).table_valued("value").c.value


Build = Callable[[Make], sa.Executable]


class Ready:
    """One statement, compiled on first use for the very values it is given then: an insert fills just those columns ever after."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._compiled: dict[str, _Compiled] = {}

    def on(self, connection: sa.Connection, values: Mapping[str, Any]) -> _Compiled:
        """The statement for the connection's database."""
        name = connection.dialect.name
        compiled = self._compiled.get(name)
        if compiled is None:
            statement = self._build(Make(is_postgres=name == "postgresql"))
            compiled = self._compiled[name] = _Compiled(statement, tuple(values), connection.dialect)
        return compiled


class _Compiled:
    """SQL with its parameters' order and the conversions of its values, run on the driver's own cursor."""

    __slots__ = ("_binds", "_constants", "_names", "_positions", "_results", "_sql")

    def __init__(self, statement: sa.Executable, keys: Sequence[str], dialect: sa.Dialect) -> None:
        columns = list(keys) if isinstance(statement, sa.Insert) else None
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        assert not compiled.post_compile_params, "use Make.among for lists"
        self._sql = compiled.string
        self._positions: Sequence[str] | None = compiled.positiontup
        self._constants = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        processors: Mapping[str, Any] = compiled._bind_processors  # noqa: SLF001
        self._binds: Mapping[str, Process] = {name: process for name, process in processors.items() if callable(process)}
        self._names = tuple(column.keyname for column in compiled._result_columns)  # noqa: SLF001
        self._results = [
            (name, process)
            for name, column in zip(self._names, compiled._result_columns, strict=True)  # noqa: SLF001
            if not isinstance(column.type, sa.Numeric | sa.Float)  # numbers come as numbers from both drivers
            and (process := column.type._cached_result_processor(dialect, None)) is not None  # noqa: SLF001
        ]

    def rows(self, connection: sa.Connection, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run it and return its rows by column name."""
        rows = [dict(zip(self._names, row, strict=True)) for row in self.tuples(connection, values)]
        for name, process in self._results:
            for row in rows:
                row[name] = process(row[name])
        return rows

    def tuples(self, connection: sa.Connection, values: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        """Run it and return its rows as the driver gives them."""
        cursor = self._run(connection, values)
        try:
            return cursor.fetchall()
        finally:
            cursor.close()

    def do(self, connection: sa.Connection, values: Mapping[str, Any]) -> int:
        """Run it and return how many rows it touched."""
        cursor = self._run(connection, values)
        count = cursor.rowcount
        cursor.close()
        return int(count)

    def do_many(self, connection: sa.Connection, values: Sequence[Mapping[str, Any]]) -> None:
        """Run it for many rows."""
        cursor = _cursor(connection)
        try:
            cursor.executemany(self._sql, [self._bound(v) for v in values])
        except connection.dialect.loaded_dbapi.Error as error:
            raise _wrapped(connection, cursor, self._sql, error) from error
        finally:
            cursor.close()

    def _run(self, connection: sa.Connection, values: Mapping[str, Any]) -> DBAPICursor:
        cursor = _cursor(connection)
        try:
            cursor.execute(self._sql, self._bound(values))
        except connection.dialect.loaded_dbapi.Error as error:
            raise _wrapped(connection, cursor, self._sql, error) from error
        return cursor

    def _bound(self, values: Mapping[str, Any]) -> Any:
        bound = {**self._constants, **values}
        for name, process in self._binds.items():
            bound[name] = process(bound[name])
        return bound if self._positions is None else [bound[name] for name in self._positions]


def _cursor(connection: sa.Connection) -> DBAPICursor:
    return connection.connection.cursor()


def _wrapped(connection: sa.Connection, cursor: DBAPICursor, sql: str, error: Exception) -> sa.exc.DBAPIError:
    """The driver's error as SQLAlchemy would raise it, without the values: they may be anybody's text."""
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)  # type: ignore[arg-type]
    made = sa.exc.DBAPIError.instance(sql, None, error, dialect.loaded_dbapi.Error, connection_invalidated=is_lost, dialect=dialect)
    assert isinstance(made, sa.exc.DBAPIError)
    return made

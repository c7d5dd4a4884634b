"""One transaction of the archive, as the writes and reads take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monitor.archive.ready import Insert, Ready

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tx:
    """A connection inside a transaction; ``can_write`` tells the writer's from a reader's.

    ``ending`` are rows that are written when all else of the transaction is, in order.
    """

    connection: sa.Connection
    can_write: bool
    ending: list[tuple[Ready, Mapping[str, Any]]] = field(default_factory=list)

    @property
    def is_postgres(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    def run(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> sa.CursorResult[Any]:
        """Execute one statement."""
        return self.connection.execute(statement, values)

    def run_many(self, statement: sa.Executable, values: Sequence[Mapping[str, Any]]) -> None:
        """Execute one statement for many rows; for none it does nothing."""
        if values:
            self.connection.execute(statement, values)

    def do(self, statement: Ready, **values: Any) -> int:
        """Execute a ready statement and return how many rows it touched."""
        return statement.on(self.connection, values).do(self.connection, values)

    def do_many(self, statement: Ready, values: Sequence[Mapping[str, Any]]) -> None:
        """Execute a ready statement for many rows; for none it does nothing."""
        if values:
            statement.on(self.connection, values[0]).do_many(self.connection, values)

    def at_end(self, statement: Ready, **values: Any) -> None:
        """Execute a ready statement once all else of the transaction is done; whoever began it calls ``finish``."""
        self.ending.append((statement, values))

    def finish(self) -> None:
        """Write what was left for the end."""
        for statement, rows in groupby(self.ending, key=lambda row: row[0]):
            self.do_many(statement, [values for _, values in rows])
        self.ending.clear()

    def get(self, statement: Ready, **values: Any) -> list[dict[str, Any]]:
        """Every row of a ready statement, by column name."""
        return statement.on(self.connection, values).rows(self.connection, values)

    def tuples(self, statement: Ready, **values: Any) -> Sequence[tuple[Any, ...]]:
        """Every row of a ready statement as the driver gives it: for many rows of plain numbers."""
        return statement.on(self.connection, values).tuples(self.connection, values)

    def rows(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """Every row, by column name."""
        return cast("Sequence[Row]", self.run(statement, values).mappings().all())

    def row(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> Row | None:
        """The first row, if any."""
        return cast("Row | None", self.run(statement, values).mappings().first())

    def value(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        return self.run(statement, values).scalar()

    def insert(self, table: sa.Table) -> Insert:
        """An insert that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update`` of this database."""
        return postgresql.insert(table) if self.is_postgres else sqlite.insert(table)

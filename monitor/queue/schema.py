"""The queue's own tables: made and brought up to date by ``presswatch db upgrade``, and checked before a node joins."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.schema import SchemaManager

from monitor.errors import ArchiveError, WrongRevision

KEY: Final = "queue_schema"
"""The word in ``meta`` that tells up to which of the library's migrations the tables are."""

_OURS: Final = (
    # one look decides whether a source is queued already, and whether its host is taken, however many jobs wait
    "CREATE INDEX IF NOT EXISTS presswatch_jobs_subject ON procrastinate_jobs (queueing_lock) WHERE status IN ('todo', 'doing')",
    "CREATE INDEX IF NOT EXISTS presswatch_jobs_lock ON procrastinate_jobs (lock, priority DESC, id) WHERE status IN ('todo', 'doing')",
    # rows live for seconds: what is dead must not pile up
    "ALTER TABLE procrastinate_jobs SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)",
    "ALTER TABLE procrastinate_jobs SET (autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000)",
    "ALTER TABLE procrastinate_events SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)",
)


def migrations() -> tuple[str, ...]:
    """The names of the library's migrations, the oldest first; a new schema holds them all."""
    found = (entry.name for entry in files("procrastinate.sql").joinpath("migrations").iterdir())
    return tuple(sorted(name for name in found if name.endswith(".sql")))


def upgrade(url: str) -> str:
    """Make the queue's tables, or bring them to the installed library's, in one transaction; return where they are now."""
    last = migrations()[-1]
    with psycopg.connect(url, connect_timeout=5) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (0x50_72_65_73_76,))
        for statement in _missing(_found(connection)):
            connection.execute(statement.encode())
        for statement in _OURS:
            connection.execute(statement.encode())
        connection.execute("DELETE FROM meta WHERE key = %s", (KEY,))
        connection.execute("INSERT INTO meta (key, value) VALUES (%s, %s)", (KEY, last))
    return last


def _found(connection: psycopg.Connection[Any]) -> str | None:
    row = connection.execute("SELECT value FROM meta WHERE key = %s", (KEY,)).fetchone()
    return row[0] if row else None


def _missing(found: str | None) -> list[str]:
    if found is None:
        return [SchemaManager.get_schema()]
    _refuse_newer(found)
    folder = files("procrastinate.sql").joinpath("migrations")
    return [folder.joinpath(name).read_text(encoding="utf-8") for name in migrations() if name > found]


def _refuse_newer(found: str) -> None:
    if found > migrations()[-1]:
        raise WrongRevision(
            f"the queue's tables are at {found}, newer than procrastinate {procrastinate.__version__} here knows; nothing was changed."
            " Install the newer version of Presswatch on this node"
        )


async def check(connector: Any) -> None:
    """Refuse tables that are not the installed library's."""
    try:
        rows = await connector.execute_query_all_async("SELECT value FROM meta WHERE key = %(key)s", key=KEY)
    except ConnectorException as error:
        raise ArchiveError(f"the queue cannot be read: {error.__cause__ or error}") from error
    found, last = (rows[0]["value"] if rows else None), migrations()[-1]
    if found is not None:
        _refuse_newer(found)
    if found != last:
        raise WrongRevision(f"the queue's tables are at {found or 'none'}, this version needs {last}. Run: presswatch db upgrade")

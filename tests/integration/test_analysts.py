"""The read-only role of docs/sql.md on a real server: what its login can ask, and all that it cannot do."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from monitor.archive import Archive, migrate
from monitor.archive.engine import address
from monitor.clock import FixedClock
from tests.archives import NOW, furnish
from tests.databases import newest_postgres

SCRIPT = Path(__file__).parents[2] / "deploy" / "postgresql" / "analysts.sql"


@pytest.fixture
def analyst(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A login that the script made, twice over, on a furnished archive."""
    archive = Archive.open(postgres_url, clock=FixedClock(NOW))
    archive.write_now(furnish)
    archive.close()
    name = f'anna "{urlsplit(postgres_url).path[1:]}"'
    program = [str(newest_postgres() / "bin" / "psql"), "-q", "-d", postgres_url, "-v", "ON_ERROR_STOP=1", "-v", f"analyst={name}"]
    for _ in range(2):
        done = subprocess.run([*program, "-f", str(SCRIPT)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    migrate.upgrade(address(postgres_url), now=NOW)  # makes the views anew, and keeps the rights
    with psycopg.connect(postgres_url, user=name, autocommit=True) as connection:
        yield connection
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        quoted = '"' + name.replace('"', '""') + '"'
        admin.execute(f"DROP OWNED BY {quoted}; DROP ROLE {quoted}".encode())


def test_an_analyst_reads_every_public_view_and_no_table(analyst: psycopg.Connection) -> None:
    for view in migrate.view_names():
        assert analyst.execute(f"SELECT count(*) FROM {view}".encode()).fetchone() is not None
    for table in ("articles", "article_texts", "deliveries", "meta", "alembic_version"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            analyst.execute(f"SELECT * FROM {table}".encode())


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM articles",
        "UPDATE v_outlet_health SET outlet = 'x'",
        "CREATE TABLE mine (a int)",
        "CREATE TEMPORARY TABLE mine (a int)",
        "DROP VIEW v_articles",
        "COPY v_articles TO '/tmp/presswatch-copied'",
        "SELECT pg_read_file('/etc/passwd')",
        "ALTER ROLE presswatch_analysts SUPERUSER",
        "SET ROLE postgres",
    ],
)
def test_an_analyst_changes_nothing_even_after_taking_off_what_can_be_taken_off(analyst: psycopg.Connection, statement: str) -> None:
    analyst.execute("SET default_transaction_read_only = off")
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)):
        analyst.execute(statement.encode())


def test_an_analyst_begins_with_limits(analyst: psycopg.Connection) -> None:
    shown = [
        analyst.execute(f"SHOW {name}".encode()).fetchone() for name in ("statement_timeout", "default_transaction_read_only", "timezone")
    ]
    assert shown == [("1min",), ("on",), ("UTC",)]
    analyst.execute("SET statement_timeout = '100ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        analyst.execute("SELECT pg_sleep(5)")

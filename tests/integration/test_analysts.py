"""The read-only role of docs/sql.md on a real server: what its login can ask, and all that it cannot do."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from monitor.archive import Archive, migrate
from monitor.archive import analyst as asking
from monitor.archive.engine import address
from monitor.clock import FixedClock
from monitor.errors import ArchiveError
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


# ---- presswatch archive sql, which has the archive's own login


@pytest.fixture
def owner_url(postgres_url: str) -> Iterator[str]:
    """An archive that belongs to a plain login, as docs/operations.md makes it."""
    name = f"owner_{urlsplit(postgres_url).path[1:]}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN".encode())
        relations = admin.execute(
            "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
        )
        for relation, kind in relations.fetchall():
            admin.execute(f"ALTER {'TABLE' if kind == 'r' else 'VIEW'} public.{relation} OWNER TO {name}".encode())
    parts = urlsplit(postgres_url)
    yield parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}").geturl()
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER; DROP OWNED BY {name}; DROP ROLE {name}".encode())


def answered(url: str, question: str) -> list[dict[str, object]]:
    return list(asking.ask(address(url), question))


BEYOND_READING = (
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_export(1, '/tmp/presswatch-written')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
    "SELECT pg_reload_conf()",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY v_articles TO '/tmp/presswatch-written'",
    "SET ROLE postgres",
    "RESET ROLE",
    "WITH gone AS (DELETE FROM articles RETURNING 1) SELECT * FROM gone",
    "SELECT 1; DROP VIEW v_articles",
    "SELECT * INTO mine FROM v_articles",
    "CREATE TABLE mine AS SELECT 1",
)


def test_an_administrators_login_answers_questions_without_his_powers(postgres_url: str) -> None:
    for question in BEYOND_READING:
        with pytest.raises(ArchiveError):
            answered(postgres_url, question)
    assert answered(postgres_url, "SELECT count(*) AS n FROM v_articles") == [{"n": 0}]


@pytest.mark.parametrize("login", ["postgres_url", "owner_url"])
def test_where_there_is_the_group_of_analysts_questions_are_its_own(login: str, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue(login)
    request.getfixturevalue("analyst")  # runs the script, which lets the archive's owner become the group
    assert answered(url, "SELECT current_user AS who, count(*) AS n FROM v_articles") == [{"who": "presswatch_analysts", "n": 3}]
    for table in ("articles", "meta", "alembic_version"):
        with pytest.raises(ArchiveError, match=f"permission denied for table {table}; the public views begin with v_"):
            answered(url, f"SELECT * FROM {table}")
    for question in ("SELECT rolpassword FROM pg_authid", *BEYOND_READING):
        with pytest.raises(ArchiveError):
            answered(url, question)
    assert not Path("/tmp/presswatch-written").exists()

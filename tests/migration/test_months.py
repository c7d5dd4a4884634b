"""An archive of PostgreSQL from before there were months: taken over whole, wherever it was killed, beside daemons of the old version."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic import command

from monitor.archive import Archive, Tx, migrate, months, moving, reads, search, seen, takeover, upkeep
from monitor.archive import tables as t
from monitor.archive.engine import Address, address, writer_engine
from monitor.archive.lock import HOLDER_KEY
from monitor.clock import FixedClock
from monitor.errors import ArchiveBusy
from tests.archives import NOW, entry, furnish, list_entries, settle
from tests.databases import Databases
from tests.dying import DIES

CLOCK = FixedClock(NOW)
BEFORE = "0005"


@pytest.fixture
def source(sqlite_url: str) -> Iterator[Archive]:
    """The same archive on SQLite, where it stays as it is."""
    archive = Archive.open(sqlite_url, clock=CLOCK)
    archive.write_now(furnish)
    for n in range(20):
        archive.write_now(lambda tx, n=n: settle(tx, *list_entries(tx, entry("alpenpost", f"more {n}"))))  # type: ignore[misc]
    yield archive
    archive.close()


@pytest.fixture
def old(postgres: Databases, source: Archive) -> Address:
    """An archive of the revision before months, with everything that the views show."""
    where = address(postgres.empty())
    engine = writer_engine(where)
    with engine.begin() as connection:
        command.upgrade(migrate.settings(connection), BEFORE)
        for table in moving.tables():
            rows = source.read_now(lambda tx, table=table: [dict(row) for row in tx.rows(moving._ours(table))])  # type: ignore[misc]
            if rows:
                connection.execute(sa.insert(table), rows)
        tx = Tx(connection=connection, can_write=True)
        search.index_after(tx, 0)
        search.finish_index(tx)
        moving._finish(tx)
    engine.dispose()
    return where


def kept(archive: Archive) -> list[list[dict[str, object]]]:
    return archive.read_now(lambda tx: [[dict(row) for row in reads.listing(tx, view)] for view in reads.VIEWS])


def check(where: Address, source: Archive) -> None:
    """All is there, in the first month, and goes on."""
    archive = Archive.open(where.url.render_as_string(hide_password=False), clock=CLOCK)
    assert kept(archive) == kept(source)
    assert upkeep.verify(archive) == []
    first = archive.read_now(months.months)[0]
    assert (first.suffix.startswith("until_"), first.first) == (True, None)
    (fresh,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "new")))
    last = source.read_now(lambda tx: tx.value(sa.select(sa.func.max(t.articles.c.article_id))))
    assert archive.write_now(lambda tx: settle(tx, fresh)).article_id == last + 1
    archive.close()


def test_what_was_there_is_the_first_month(old: Address, source: Archive) -> None:
    said: list[str] = []
    migrate.upgrade(old, now=NOW, report=said.append)
    assert said == ["keys of articles: 23 of 23", f"{old.shown} is at revision {migrate.head()}"]
    check(old, source)


_DIES = "from monitor.archive import takeover\ntakeover.BATCH = 5\n" + DIES


def test_killed_anywhere_the_old_version_goes_on_and_the_next_try_makes_it_whole(old: Address, source: Archive) -> None:
    prepared = 0
    for after in (7, 11, 30, 45, 60, 85):
        url = old.url.render_as_string(hide_password=False)
        died = subprocess.run([sys.executable, "-c", _DIES, url, str(after)], check=False)
        assert died.returncode == -signal.SIGKILL, after
        assert migrate.current(old) == BEFORE
        engine = writer_engine(old)
        with engine.connect() as connection:
            written = "INSERT INTO articles SELECT * FROM articles WHERE article_id = 1 ON CONFLICT (key) DO NOTHING"
            connection.exec_driver_sql(written)
            number = int(connection.scalar(sa.select(sa.func.count()).select_from(seen.url_seen)) or 0)
        engine.dispose()
        assert number >= prepared, "what was done stays"
        prepared = number
    assert prepared == 23
    migrate.upgrade(old, now=NOW)
    check(old, source)


def test_what_daemons_wrote_while_it_was_prepared_is_right_at_the_end(
    old: Address, source: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeover, "BATCH", 5)
    monkeypatch.setattr(takeover, "SLACK", 10)
    engine = writer_engine(old)
    takeover.prepare(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM url_seen WHERE article_id = 20")  # committed after later ones
        connection.exec_driver_sql("UPDATE url_seen SET article_id = 1 WHERE article_id = 21")  # forgotten, and read once more
    engine.dispose()
    migrate.upgrade(old, now=NOW)
    check(old, source)


def test_a_daemon_of_the_old_version_goes_on_until_it_is_ended(old: Address, source: Archive) -> None:
    engine = writer_engine(old)
    with engine.connect() as daemon:
        daemon.execute(sa.text("SELECT pg_advisory_lock_shared(:key)"), {"key": HOLDER_KEY})
        daemon.commit()
        with pytest.raises(ArchiveBusy, match="is prepared, and a daemon holds it; end every daemon"):
            migrate.upgrade(old, now=NOW)
        assert migrate.current(old) == BEFORE
    engine.dispose()
    migrate.upgrade(old, now=NOW)
    check(old, source)

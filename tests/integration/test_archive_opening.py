"""Opening, holding, writing in batches, dying and coming back."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from monitor.archive import Archive, Tx, engine, lock, migrate, reads, writer, writes
from monitor.archive.engine import address, sqlite_module
from monitor.clock import FixedClock
from monitor.errors import ArchiveBusy, ArchiveError, ArchiveFull, WrongRevision
from tests.archives import NOW, damage, entry, list_entries, outlet
from tests.databases import Server, postgres_server

CLOCK = FixedClock(NOW)


@pytest.fixture
def archive(archive_url: str) -> Iterator[Archive]:
    opened = Archive.open(archive_url, clock=CLOCK, hold=True)
    yield opened
    opened.close()


def note(tx: Tx, key: str, value: str = "x") -> str:
    writes.put_meta(tx, key, value)
    return value


def noting(key: object) -> Callable[[Tx], str]:
    return lambda tx: note(tx, str(key))


# ---- the writer


async def test_a_write_returns_what_it_did_once_others_can_read_it(archive: Archive) -> None:
    assert await archive.write(lambda tx: note(tx, "a", "1")) == "1"
    assert await archive.read(lambda tx: reads.meta(tx, "a")) == "1"


async def test_one_bad_item_fails_alone(archive: Archive) -> None:
    def bad(tx: Tx) -> None:
        note(tx, "bad")
        raise KeyError("mine")

    def refused(tx: Tx) -> None:
        note(tx, "refused")
        tx.run(sa.text("INSERT INTO meta (key, value) VALUES ('good', 'y')"))

    good = [archive.write(noting(k)) for k in ("good", "also", "more")]
    results = await asyncio.gather(good[0], archive.write(bad), good[1], archive.write(refused), good[2], return_exceptions=True)
    assert [type(r) for r in results] == [str, KeyError, str, sa.exc.IntegrityError, str]
    kept = await archive.read(lambda tx: {k for k in ("good", "bad", "also", "refused", "more") if reads.meta(tx, k)})
    assert kept == {"good", "also", "more"}


async def test_what_is_queued_together_is_committed_together(archive_url: str) -> None:
    commits: list[str] = []
    archive = Archive.open(archive_url, clock=CLOCK, at_point=commits.append)
    began, held = threading.Event(), threading.Event()

    def wait(_: Tx) -> None:
        began.set()
        held.wait(10)

    first = asyncio.ensure_future(archive.write(wait))
    await asyncio.to_thread(began.wait, 10)
    rest = [asyncio.ensure_future(archive.write(noting(i))) for i in range(250)]
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(first, *rest)
    archive.close()
    assert commits.count("after commit") == 4  # the first, and 250 in portions of a hundred


async def test_what_assigns_stories_comes_behind_the_rest_of_its_batch(archive: Archive) -> None:
    began, held = threading.Event(), threading.Event()
    order: list[str] = []

    def wait(_: Tx) -> None:
        began.set()
        held.wait(10)

    first = asyncio.ensure_future(archive.write(wait))
    await asyncio.to_thread(began.wait, 10)
    works = [("story 1", True), ("poll 1", False), ("story 2", True), ("poll 2", False)]

    def note(name: str) -> Callable[[Tx], None]:
        return lambda _: order.append(name)

    rest = [asyncio.ensure_future(archive.write(note(name), last=last)) for name, last in works]
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(first, *rest)
    assert order == ["poll 1", "poll 2", "story 1", "story 2"]


async def test_a_cancelled_write_that_has_not_begun_is_not_done(archive: Archive) -> None:
    began, held = threading.Event(), threading.Event()

    def wait(_: Tx) -> None:
        began.set()
        held.wait(10)

    first = asyncio.ensure_future(archive.write(wait))
    await asyncio.to_thread(began.wait, 10)
    second = asyncio.ensure_future(archive.write(noting("second")))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait([second])  # the loop has passed the cancellation on before the writer is let go
    held.set()
    await first
    await archive.write(noting("third"))
    assert await archive.read(lambda tx: (reads.meta(tx, "second"), reads.meta(tx, "third"))) == (None, "x")


def test_a_reader_cannot_write(archive: Archive) -> None:
    with pytest.raises(ArchiveError):
        archive.read_now(lambda tx: note(tx, "a"))


def test_closing_writes_what_is_queued_and_takes_no_more(archive_url: str) -> None:
    archive = Archive.open(archive_url, clock=CLOCK)
    futures = [archive._writer.submit(noting(i)) for i in range(30)]
    archive.close()
    assert all(f.result(0) == "x" for f in futures)
    with pytest.raises(ArchiveError, match="closed"):
        archive._writer.submit(lambda tx: note(tx, "late"))


# ---- holding


def test_a_second_daemon_is_refused_and_told_who_holds_the_archive(archive: Archive, archive_url: str) -> None:
    with pytest.raises(ArchiveBusy, match="another daemon holds the archive") as refused:
        Archive.open(archive_url, clock=CLOCK, hold=True)
    if archive.where.is_sqlite:
        assert f"pid {os.getpid()}" in str(refused.value)
        assert lock.holder(archive.where.path) == os.getpid()
    assert refused.value.exit_code == 75
    beside = Archive.open(archive_url, clock=CLOCK, create=False)
    beside.write_now(lambda tx: note(tx, "by hand"))
    beside.close()
    assert archive.read_now(lambda tx: reads.meta(tx, "by hand")) == "x"


def test_the_next_daemon_may_hold_what_the_last_one_left(archive_url: str) -> None:
    for _ in range(2):
        Archive.open(archive_url, clock=CLOCK, hold=True).close()
    where = address(archive_url)
    if where.is_sqlite:
        assert lock.holder(where.path) is None


_KILLED = """
import sys
from datetime import UTC, datetime
from monitor.archive import Archive, writes
from monitor.clock import FixedClock
archive = Archive.open(sys.argv[1], clock=FixedClock(datetime(2026, 11, 24, tzinfo=UTC)), hold=True)
for i in range(10_000):
    archive._writer.submit(lambda tx: writes.put_meta(tx, f"n{i}", "x")).result()
    print(i, flush=True)
"""


def test_kill_9_loses_nothing_that_was_committed(archive_url: str) -> None:
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", _KILLED, archive_url], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(40)]
        process.send_signal(signal.SIGKILL)
        process.wait()
        told += [int(line) for line in process.stdout.read().split() if line.strip()]
        process.stdout.close()
        archive = _open_patiently(archive_url)
        last = max(told)
        assert archive.read_now(lambda tx, n=last: [i for i in range(n + 1) if reads.meta(tx, f"n{i}") is None]) == []  # type: ignore[misc]
        archive.close()


def _open_patiently(url: str) -> Archive:
    """PostgreSQL needs a moment to see that the holder is dead."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return Archive.open(url, clock=CLOCK, hold=True)
        except ArchiveBusy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


# ---- SQLite in trouble


def test_a_locked_file_is_waited_for(sqlite_url: str) -> None:
    archive = Archive.open(sqlite_url, clock=CLOCK, hold=True)
    with closing(sqlite_module().connect(sqlite_url, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        future = archive._writer.submit(lambda tx: note(tx, "a"))
        with pytest.raises(TimeoutError):
            future.result(0.3)
        other.execute("COMMIT")
        assert future.result(15) == "x"
    archive.close()


def test_a_lock_that_stays_is_told(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_PRAGMAS", ("busy_timeout=50", *engine._PRAGMAS[1:]))
    monkeypatch.setattr(writer, "PATIENCE_S", 0.3)
    archive = Archive.open(sqlite_url, clock=CLOCK, hold=True)
    with closing(sqlite_module().connect(sqlite_url, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ArchiveError, match="another process has locked the archive"):
            archive._writer.submit(lambda tx: note(tx, "a")).result(15)
        with pytest.raises(ArchiveError, match="another process has locked the archive"):
            archive.write_now(lambda tx: note(tx, "a"))
    assert archive._writer.submit(lambda tx: note(tx, "a")).result(15) == "x"
    archive.close()


def test_a_full_disk_is_told_and_heals_itself(sqlite_url: str) -> None:
    archive = Archive.open(sqlite_url, clock=CLOCK, hold=True)
    archive.write_now(lambda tx: writes.put_outlets(tx, [outlet("Alpenpost")], NOW))

    def narrow(tx: Tx) -> None:
        pages = tx.value(sa.text("PRAGMA page_count"))
        tx.run(sa.text(f"PRAGMA max_page_count={pages + 8}"))

    archive._writer.submit(narrow).result()
    many = [entry("alpenpost", f"n{i}", text="x" * 4_000) for i in range(40)]
    small = archive._writer.submit(lambda tx: note(tx, "small"))
    small.result()
    with pytest.raises(ArchiveFull, match="no space left for the archive"):
        archive._writer.submit(lambda tx: list_entries(tx, *many)).result()
    assert len(archive._writer.submit(lambda tx: list_entries(tx, *many)).result()) == 40  # a new connection knows no limit
    assert archive.read_now(lambda tx: reads.meta(tx, "small")) == "x"
    archive.close()


def test_a_damaged_file_is_refused_with_the_way_out(sqlite_url: str) -> None:
    archive = Archive.open(sqlite_url, clock=CLOCK)
    archive.write_now(lambda tx: writes.put_outlets(tx, [outlet("Alpenpost")], NOW))
    archive.write_now(lambda tx: list_entries(tx, *(entry("alpenpost", f"n{i}") for i in range(500))))
    archive.close()
    path = Path(sqlite_url)
    before = damage(path)
    with pytest.raises(ArchiveError, match=r"is damaged .* Restore the last backup: presswatch db restore FILE"):
        Archive.open(sqlite_url, clock=CLOCK, hold=True)
    assert path.read_bytes() == before


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be read as one " * 100)
    with pytest.raises(ArchiveError, match="is damaged"):
        Archive.open(str(path), clock=CLOCK)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="nor the folder it would be in"):
        Archive.open(str(tmp_path / "no" / "archive.db"), clock=CLOCK)


def test_a_missing_archive_is_told_where_none_may_be_made(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="there is no archive at"):
        Archive.open(str(tmp_path / "archive.db"), clock=CLOCK, create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "://", "sqlite:///:memory:"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(ArchiveError, match="write a path"):
        address(url)


def test_the_file_is_kept_as_it_should(sqlite_url: str) -> None:
    archive = Archive.open(sqlite_url, clock=CLOCK, hold=True)
    settings = archive._writer.submit(
        lambda tx: {p: tx.value(sa.text(f"PRAGMA {p}")) for p in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")}
    ).result()
    archive.close()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_times_are_text_that_sorts(sqlite_url: str) -> None:
    archive = Archive.open(sqlite_url, clock=CLOCK)
    archive.write_now(lambda tx: writes.put_outlets(tx, [outlet("Alpenpost")], NOW))
    archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    archive.close()
    with closing(sqlite3.connect(sqlite_url)) as plain:
        assert plain.execute("SELECT published_at, seen_at, day, is_first_pass FROM entries").fetchone() == (
            "2026-11-24T13:53:00Z",
            "2026-11-24T13:58:00.250Z",
            "2026-11-24",
            1,
        )


# ---- PostgreSQL in trouble


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    with postgres_server() as server:
        yield server


def test_a_restart_of_postgresql_is_survived(own_server: Server) -> None:
    url = own_server.admin_url
    migrate.upgrade(address(url), now=NOW)
    archive = Archive.open(url, clock=CLOCK, hold=True)
    for i in range(3):
        assert archive._writer.submit(noting(f"before {i}")).result(10) == "x"
        assert archive.read_now(lambda tx, i=i: reads.meta(tx, f"before {i}")) == "x"  # type: ignore[misc]
        own_server.stop(signal.SIGQUIT)
        future = archive._writer.submit(noting(f"meanwhile {i}"))
        with pytest.raises(ArchiveError):
            archive.read_now(lambda tx: reads.meta(tx, "x"))
        own_server.start()
        returned = time.monotonic()
        assert future.result(30) == "x"
        assert time.monotonic() - returned < 5
        assert archive.read_now(lambda tx, i=i: reads.meta(tx, f"meanwhile {i}")) == "x"  # type: ignore[misc]
    archive.close()


def test_sessions_ended_by_the_administrator_lose_nothing(postgres_url: str) -> None:
    archive = Archive.open(postgres_url, clock=CLOCK, hold=True)
    futures = []
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        for i in range(60):
            futures.append(archive._writer.submit(noting(i)))
            if i % 20 == 10:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            futures[-1].result(20)
    assert archive.read_now(lambda tx: [i for i in range(60) if reads.meta(tx, str(i)) is None]) == []
    archive.close()


def test_a_lost_lock_is_taken_again_or_told(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "PATIENCE_S", 0.5)
    archive = Archive.open(postgres_url, clock=CLOCK, hold=True)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    other = _open_patiently(postgres_url)
    with pytest.raises(ArchiveBusy, match="another daemon holds the archive"):
        archive._writer.submit(lambda tx: note(tx, "a")).result(15)
    other.close()
    assert archive._writer.submit(lambda tx: note(tx, "a")).result(15) == "x"
    archive.close()


def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError) as refused:
        Archive.open(f"postgresql://me:hunter2@/db?host={tmp_path}", clock=CLOCK)
    assert "hunter2" not in str(refused.value)
    assert refused.value.exit_code == 69


def test_a_database_without_our_schema_names_the_command(postgres: object, archive_url: str) -> None:
    from tests.databases import Databases

    assert isinstance(postgres, Databases)
    with pytest.raises(WrongRevision, match="Run: presswatch db upgrade") as refused:
        Archive.open(postgres.empty(), clock=CLOCK)
    assert refused.value.exit_code == 78


async def test_a_node_frozen_in_a_transaction_is_cut_off_by_the_server(postgres_url: str) -> None:
    node = Archive.open(postgres_url, clock=CLOCK, hold=True, node="one")
    assert await node.write(lambda tx: tx.value(sa.text("SHOW idle_in_transaction_session_timeout"))) == "10s"
    node.close()


async def test_two_nodes_never_both_assign_a_story_at_a_time(postgres_url: str) -> None:
    one, two = Archive.open(postgres_url, clock=CLOCK), Archive.open(postgres_url, clock=CLOCK)
    inside, most = 0, 0

    def assign(tx: Tx) -> None:
        nonlocal inside, most
        writes.lock_stories(tx)
        inside += 1
        most = max(most, inside)
        time.sleep(0.05)
        inside -= 1

    await asyncio.gather(*(archive.write(assign) for archive in (one, two) for _ in range(3)))
    one.close()
    two.close()
    assert most == 1

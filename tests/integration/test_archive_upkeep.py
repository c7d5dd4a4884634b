"""Size, health, backups, restoring, analysts' questions, and turns at hosts."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from crawler.ports import RobotsCopy
from monitor.archive import Archive, HostRows, RobotsRows, analyst, backup, migrate, reads, upkeep, writes
from monitor.archive.engine import address, writer_engine
from monitor.clock import FixedClock, SystemClock
from monitor.errors import ArchiveBusy, ArchiveError, ArchiveFull, WrongRevision
from tests.archives import NOW, damage, furnish
from tests.databases import ENVIRONMENT, newest_postgres

CLOCK = FixedClock(NOW)
SYSTEM = SystemClock()


@pytest.fixture
def archive(archive_url: str) -> Iterator[Archive]:
    opened = Archive.open(archive_url, clock=CLOCK)
    opened.write_now(furnish)
    yield opened
    opened.close()


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own client programs, as new as the server: the wheel's for its server, those on the path for a given one."""
    if ENVIRONMENT in os.environ:
        return
    monkeypatch.setenv("PATH", f"{newest_postgres() / 'bin'}{os.pathsep}{os.environ['PATH']}")


# ---- size and health


def test_an_archive_is_measured(archive: Archive) -> None:
    measured = upkeep.size(archive)
    assert measured.revision == migrate.head()
    assert measured.size > 0
    assert measured.engine.startswith(("SQLite 3.", "PostgreSQL 1"))
    assert set(measured.rows) >= {"articles", "deliveries"}
    if archive.where.is_sqlite:
        assert measured.rows["articles"] == 3
        assert measured.free


def test_a_sound_archive_has_no_problems(archive: Archive) -> None:
    assert upkeep.verify(archive) == []
    assert upkeep.verify(archive, is_quick=True) == []


def test_what_contradicts_itself_is_named(archive: Archive) -> None:
    def spoil(tx: object) -> None:
        for statement in (
            "DELETE FROM article_texts WHERE article_id = 1",
            "UPDATE articles SET rules_version = NULL WHERE article_id = 2",
        ):
            tx.run(sa.text(statement))  # type: ignore[attr-defined]

    archive.write_now(spoil)
    assert upkeep.verify(archive) == ["1 articles without their text", "1 articles no rule ever looked at"]


def test_a_checkpoint_empties_the_log(archive: Archive) -> None:
    assert upkeep.checkpoint(archive) >= 0
    assert upkeep.verify(archive) == []


# ---- backups


@pytest.mark.usefixtures("tools")
def test_a_backup_holds_everything_and_can_be_put_back(archive: Archive, archive_url: str, tmp_path: Path) -> None:
    kept, steps = tmp_path / "kept.backup", list[tuple[int, int]]()
    before = archive.read_now(lambda tx: [reads.listing(tx, view) for view in reads.VIEWS])
    backup.backup(archive.where, kept, progress=lambda done, all_: steps.append((done, all_)))
    with pytest.raises(ArchiveError, match="exists already"):
        backup.backup(archive.where, kept)
    with pytest.raises(ArchiveError, match=f"there is no folder {tmp_path / 'nowhere'}; nothing was written"):
        backup.backup(archive.where, tmp_path / "nowhere" / "kept.backup")
    archive.write_now(lambda tx: tx.run(sa.text("UPDATE articles SET headline = 'spoilt'")))
    archive.close()
    aside = backup.restore(archive.where, kept, now=NOW, check=migrate.check_revision)
    again = Archive.open(archive_url, clock=CLOCK)
    assert again.read_now(lambda tx: [reads.listing(tx, view) for view in reads.VIEWS]) == before
    assert upkeep.verify(again) == []
    again.close()
    if archive.where.is_sqlite:
        assert steps[-1][0] == steps[-1][1] > 0
        assert aside is not None
        old = Archive.open(str(aside), clock=CLOCK)
        assert {r["headline"] for r in old.read_now(lambda tx: reads.listing(tx, "v_articles"))} == {"spoilt"}
        old.close()


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("fault", ["cut short", "a view of somebody's"])
def test_a_backup_that_cannot_be_put_back_changes_nothing(postgres_url: str, tmp_path: Path, fault: str) -> None:
    archive, kept = Archive.open(postgres_url, clock=CLOCK), tmp_path / "kept.backup"
    archive.write_now(furnish)
    backup.backup(archive.where, kept)
    archive.write_now(lambda tx: tx.run(sa.text("UPDATE articles SET headline = 'newer'")))
    if fault == "cut short":
        kept.write_bytes(kept.read_bytes()[: kept.stat().st_size * 2 // 3])
    else:
        archive.write_now(lambda tx: tx.run(sa.text("CREATE VIEW mine AS SELECT article_id FROM v_articles")))
    with pytest.raises(ArchiveError, match=r"(pg_restore|psql) failed, and nothing was changed"):
        backup.restore(archive.where, kept, now=NOW, check=migrate.check_revision)
    assert {r["headline"] for r in archive.read_now(lambda tx: reads.listing(tx, "v_articles"))} == {"newer"}
    archive.close()


def test_a_backup_is_one_moment_while_the_archive_is_written_to(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "PAGES", 1)
    archive = Archive.open(sqlite_url, clock=CLOCK, hold=True)
    archive.write_now(furnish)
    written = 0

    def write(_done: int, _all: int) -> None:
        nonlocal written
        if written < 50:
            written += 1
            archive._writer.submit(lambda tx: writes.put_meta(tx, f"n{written}", "x" * 3_000)).result()

    kept = backup.backup(archive.where, tmp_path / "kept.db", progress=write)
    archive.close()
    copy = Archive.open(str(kept), clock=CLOCK)
    assert written == 50
    assert copy.read_now(lambda tx: tx.value(sa.text("SELECT count(*) FROM meta WHERE key LIKE 'n%'"))) == 0
    assert upkeep.verify(copy) == []
    copy.close()


@pytest.mark.parametrize("somebody_reads", [False, True])
def test_a_still_copy_holds_what_the_log_held_and_stops_nobody_after_it(sqlite_url: str, tmp_path: Path, *, somebody_reads: bool) -> None:
    archive = Archive.open(sqlite_url, clock=CLOCK, hold=True)
    archive.write_now(furnish)
    with archive.snapshot() as tx:
        if somebody_reads:
            tx.value(sa.text("SELECT count(*) FROM articles"))
            archive.write_now(lambda tx: writes.put_meta(tx, "late", "x"))
        backup.copy_still(Path(sqlite_url), tmp_path / "kept.db")
    archive.write_now(lambda tx: writes.put_meta(tx, "after", "x"))
    archive.close()
    copied = Archive.open(str(tmp_path / "kept.db"), clock=CLOCK)
    assert len(copied.read_now(lambda tx: reads.listing(tx, "v_articles"))) == 3
    assert copied.read_now(lambda tx: (reads.meta(tx, "late"), reads.meta(tx, "after"))) == ("x" if somebody_reads else None, None)
    assert upkeep.verify(copied) == []
    copied.close()


def test_nothing_is_restored_under_a_running_daemon(sqlite_url: str, tmp_path: Path) -> None:
    archive = Archive.open(sqlite_url, clock=CLOCK, hold=True)
    kept = backup.backup(archive.where, tmp_path / "kept.db")
    with pytest.raises(ArchiveBusy):
        backup.restore(archive.where, kept, now=NOW, check=migrate.check_revision)
    archive.close()


def test_what_is_no_good_backup_is_not_restored(sqlite_url: str, tmp_path: Path) -> None:
    where, before = address(sqlite_url), Path(sqlite_url).read_bytes()
    torn = tmp_path / "torn.db"
    torn.write_bytes(before[:3_000] + b"\0" * 9_000)
    other = tmp_path / "other.db"
    other.write_bytes(b"")
    newer = backup.backup(where, tmp_path / "newer.db")
    with writer_engine(address(str(newer))).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for path, error, words in (
        (torn, ArchiveError, "is damaged"),
        (other, ArchiveError, "no archive of Presswatch"),
        (newer, WrongRevision, "newer version"),
        (tmp_path / "none.db", ArchiveError, "there is no backup"),
    ):
        with pytest.raises(error, match=words):
            backup.restore(where, path, now=NOW, check=migrate.check_revision)
    assert Path(sqlite_url).read_bytes() == before


def test_a_backup_that_finds_no_space_names_its_own_disk(sqlite_url: str, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)], check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here: that takes root")
    try:
        with pytest.raises(ArchiveError, match=rf"no space left for {disk / 'kept.backup'}; nothing was written"):
            backup.backup(address(sqlite_url), disk / "kept.backup")
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_damaged_archive_gives_no_backup(sqlite_url: str, tmp_path: Path) -> None:
    path = Path(sqlite_url)
    before = damage(path)
    with pytest.raises(ArchiveError, match=rf"the archive {path} is damaged .* presswatch db restore FILE"):
        backup.backup(address(sqlite_url), tmp_path / "kept.backup")
    assert not list(tmp_path.glob("kept.backup*"))
    assert path.read_bytes() == before


def test_missing_programs_of_postgresql_are_named(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArchiveError, match="pg_dump is not installed"):
        backup.backup(address(postgres_url), tmp_path / "kept")


# ---- analysts


def answers(archive: Archive, sql: str, timeout_s: float = 30) -> list[dict[str, object]]:
    return list(analyst.ask(archive.where, sql, timeout_s=timeout_s))


def test_a_question_is_answered_with_real_times(archive: Archive) -> None:
    (row,) = answers(archive, "SELECT headline, seen_at, '100%' AS share FROM v_articles WHERE article_id = 1;")
    assert row == {"headline": "Title of a", "seen_at": NOW, "share": "100%"}
    assert answers(archive, "WITH n AS (SELECT count(*) AS c FROM v_articles) SELECT c FROM n") == [{"c": 3}]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM articles",
        "UPDATE meta SET value = 'x'",
        "DROP VIEW v_articles",
        "CREATE TABLE x (a int)",
        "INSERT INTO meta VALUES ('a', 'b')",
        "ATTACH DATABASE '/tmp/presswatch-attached.db' AS other",
        "PRAGMA journal_mode=DELETE",
        "VACUUM",
        "COMMIT; DELETE FROM articles",
        "SELECT 1; DELETE FROM articles",
        "WITH gone AS (DELETE FROM meta RETURNING key) SELECT key FROM gone",
        "SELECT nothing FROM nowhere",
        "SELECT load_extension('/tmp/presswatch-extension')",
        "SELECT writefile('/tmp/presswatch-written', 'x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT * FROM pragma_journal_mode",
        "SELECT nextval('articles_article_id_seq')",
        "SELECT pg_read_file('/etc/passwd')::bytea || lo_from_bytea(0, 'x')::text::bytea",
        "COPY articles TO '/tmp/presswatch-written'",
        "INSERT INTO article_index (article_index) VALUES ('delete-all')",
        "REINDEX",
        "EXPLAIN DELETE FROM articles",
        "",
        ";",
        "-- nothing",
    ],
)
def test_only_a_single_select_is_answered(archive: Archive, sql: str) -> None:
    with pytest.raises(ArchiveError):
        answers(archive, sql)
    assert len(archive.read_now(lambda tx: reads.listing(tx, "v_articles"))) == 3
    assert not Path("/tmp/presswatch-attached.db").exists()
    assert not Path("/tmp/presswatch-written").exists()


@pytest.mark.parametrize("unknown", ["SELECT 1 AS one FROM v_storys", "SELECT headlin FROM v_stories"])
def test_a_question_with_a_name_nobody_knows_is_told_where_the_names_stand(archive: Archive, unknown: str) -> None:
    with pytest.raises(ArchiveError, match=r"(v_storys|headlin).*; presswatch db views prints the public views and their columns"):
        answers(archive, unknown)


@pytest.mark.parametrize(
    "endless",
    [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0",
        "WITH a AS (SELECT 1 AS x UNION ALL SELECT 2), b AS (SELECT p.x FROM a p, a q, a r, a s, a t, a u) SELECT count(*) FROM b p, b q, b r, b s, b t, b u",
    ],
    ids=["counted", "nothing found", "every with every"],
)
def test_a_question_without_an_end_is_cut(archive: Archive, endless: str) -> None:
    with pytest.raises(ArchiveError, match=r"no answer within 0\.3 s"):
        answers(archive, endless, timeout_s=0.3)


def test_a_question_cannot_give_itself_more_time(postgres_url: str) -> None:
    slow_later = "SELECT set_config('statement_timeout', '0', false), CASE WHEN i > 1000 THEN pg_sleep(0.05)::text END AS x FROM generate_series(1, 2000) i"
    with pytest.raises(ArchiveError, match=r"no answer within 0\.5 s"):
        list(analyst.ask(address(postgres_url), slow_later, timeout_s=0.5))


@pytest.mark.parametrize(
    "huge",
    [
        "SELECT zeroblob(900000000)",
        "SELECT hex(zeroblob(400000000))",
    ],
)
def test_an_answer_that_would_take_all_memory_is_refused(sqlite_url: str, huge: str) -> None:
    program = (
        "import sys; from monitor.archive import analyst; from monitor.archive.engine import address\n"
        "try: print(sum(len(str(row)) for row in analyst.ask(address(sys.argv[1]), sys.argv[2])))\n"
        "except analyst.ArchiveError as error: print('refused:', error)"
    )  # in a process of its own, because the limit is a process's
    done = subprocess.run([sys.executable, "-c", program, sqlite_url, huge], capture_output=True, text=True, check=False)
    assert done.stdout == "refused: the answer takes more than 512 MB; ask for fewer rows or shorter columns\n", done.stderr


def test_values_of_every_kind_can_be_shown(archive: Archive) -> None:
    (row,) = answers(archive, "SELECT day, day, count(*) * 1.5 AS n, 'soon' AS made_at FROM v_articles GROUP BY day")
    assert row == {"day": "2026-11-24", "day_2": "2026-11-24", "n": 4.5, "made_at": "soon"}
    (row,) = answers(
        archive, "SELECT sum(a.word_count) AS words, p.shingles FROM articles a JOIN prints p ON p.article_id = a.article_id GROUP BY 2"
    )
    assert isinstance(row["words"], int)
    assert isinstance(row["shingles"], str)


# ---- hosts


async def test_turns_at_a_host_are_given_first_come_first_served(archive: Archive) -> None:
    clock = FixedClock(NOW)
    hosts = HostRows(archive, clock)
    assert [await hosts.reserve("a.example", 2.0) for _ in range(3)] == [0.0, 2.0, 4.0]
    assert await hosts.reserve("b.example", 2.0) == 0.0
    clock.advance(10)
    assert await hosts.reserve("a.example", 2.0) == 0.0


async def test_a_restart_remembers_turns_and_holds(archive: Archive) -> None:
    clock = FixedClock(NOW)
    hosts = HostRows(archive, clock)
    for _ in range(4):
        await hosts.reserve("a.example", 30.0)
    await hosts.hold("b.example", NOW + timedelta(minutes=5), "429")
    await hosts.keep()
    clock.advance(10)
    again = HostRows(archive, clock)
    assert await again.reserve("a.example", 30.0) == pytest.approx(110.0)
    assert await again.held_until("b.example") == NOW + timedelta(minutes=5)
    assert await again.held_until("a.example") is None


async def test_a_full_disk_stops_no_request_and_turns_are_remembered_once_there_is_space(sqlite_url: str) -> None:
    archive, clock = Archive.open(sqlite_url, clock=CLOCK, hold=True), FixedClock(NOW)
    hosts, write = HostRows(archive, clock), archive.write

    async def full(_work: object) -> None:
        raise ArchiveFull("no space left")

    archive.write = full  # type: ignore[method-assign, assignment]
    for seconds in (0, 2, 2):
        clock.advance(seconds)
        assert await hosts.reserve("a.example", 60.0) >= 0.0
    await hosts.hold("b.example", NOW + timedelta(minutes=5), "429")
    assert await hosts.held_until("b.example") == NOW + timedelta(minutes=5)
    archive.write = write  # type: ignore[method-assign]
    await hosts.keep()
    assert await HostRows(archive, clock).reserve("a.example", 60.0) > 100
    archive.close()


async def test_a_hold_stops_a_host_and_stretches_its_spacing_for_a_day(archive: Archive) -> None:
    clock = FixedClock(NOW)
    hosts = HostRows(archive, clock)
    await hosts.hold("a.example", NOW + timedelta(seconds=60), "429")
    await hosts.hold("a.example", NOW + timedelta(seconds=10), "503")
    assert await hosts.held_until("a.example") == NOW + timedelta(seconds=60)
    assert await hosts.reserve("a.example", 1.0) == 60.0
    assert await hosts.reserve("a.example", 1.0) == 64.0
    clock.advance(12 * 3600)
    assert await hosts.held_until("a.example") is None
    assert await hosts.reserve("a.example", 1.0) == 0.0
    assert await hosts.reserve("a.example", 1.0) == pytest.approx(2.5)
    clock.advance(13 * 3600)
    assert [await hosts.reserve("a.example", 1.0) for _ in range(2)] == [0.0, 1.0]


async def test_the_distance_is_kept_from_the_request_not_from_the_booking(archive: Archive) -> None:
    clock = FixedClock(NOW)
    hosts = HostRows(archive, clock)
    assert await hosts.reserve("a.example", 1.0) == 0.0
    clock.advance(0.9)  # so long it took to connect
    assert await hosts.confirm("a.example")
    assert await hosts.reserve("a.example", 1.0) == pytest.approx(1.0)


async def test_turns_are_remembered_while_the_daemon_runs(archive: Archive) -> None:
    clock = FixedClock(NOW)
    hosts = HostRows(archive, clock)
    await hosts.reserve("a.example", 60.0)
    clock.advance(2)
    await asyncio.gather(hosts.reserve("b.example", 1.0), hosts.reserve("c.example", 1.0))
    assert await HostRows(archive, clock).reserve("a.example", 60.0) == pytest.approx(58.0)


async def test_a_copy_of_robots_txt_is_kept_and_replaced(archive: Archive) -> None:
    robots = RobotsRows(archive)
    copy = RobotsCopy(host="https://a.example", state="ok", body="User-agent: *\nDisallow: /x", fetched_at=NOW, good_at=NOW)
    assert await robots.load("https://a.example") is None
    await robots.store(copy)
    assert await robots.load("https://a.example") == copy
    gone = RobotsCopy(host="https://a.example", state="unreachable", body=copy.body, fetched_at=NOW, good_at=NOW, error="timeout")
    await robots.store(gone)
    assert await robots.load("https://a.example") == gone


async def test_what_no_longer_fits_into_memory_is_read_from_the_archive_again(archive: Archive) -> None:
    robots = RobotsRows(archive, most=5_000)
    copies = [
        RobotsCopy(host=f"https://{n}.example", state="ok", body=f"# {n}\n" + "x" * 1_000, fetched_at=NOW, good_at=NOW) for n in range(9)
    ]
    for copy in copies:
        await robots.store(copy)
    assert [await robots.load(copy.host) for copy in copies] == copies

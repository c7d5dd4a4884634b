"""A whole archive copied from one database into another."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.archive import Archive, moving, reads, search, upkeep, writes
from monitor.archive import tables as t
from monitor.clock import FixedClock
from monitor.errors import ArchiveBusy, ArchiveError
from monitor.rules.nodes import Term
from tests.acceptance.conftest import PROGRAM
from tests.archives import NOW, entry, furnish, list_entries, settle
from tests.databases import Databases

CLOCK = FixedClock(NOW)


@pytest.fixture
def pair(sqlite_url: str, postgres_url: str) -> Iterator[tuple[Archive, Archive]]:
    """A furnished SQLite archive and an empty one on PostgreSQL."""
    source, target = (Archive.open(url, clock=CLOCK) for url in (sqlite_url, postgres_url))
    source.write_now(furnish)
    yield source, target
    source.close()
    target.close()


def test_a_copy_holds_the_same_and_can_be_written_to(pair: tuple[Archive, Archive]) -> None:
    source, target = pair
    told: list[tuple[int, int]] = []
    copied = moving.copy(source, target, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (copied, copied)
    moving.index(target)
    assert moving.differences(source, target) == []
    assert upkeep.verify(target) == []
    for name in reads.VIEWS:
        query = sa.text(f"SELECT count(*) FROM {name}")
        assert source.read_now(lambda tx, query=query: tx.value(query)) == target.read_now(lambda tx, query=query: tx.value(query))  # type: ignore[misc]
    found = [
        list(archive.read_now(lambda tx: list(search.search(tx, lambda a: a.key, needs=reads.needs_of(Term(text="北京"), ())))))
        for archive in pair
    ]
    assert found[0] == found[1] != []
    (fresh,) = target.write_now(lambda tx: list_entries(tx, entry("alpenpost", "new")))
    assert target.write_now(lambda tx: settle(tx, fresh)).article_id > 0, "ids go on after the copied ones"


@pytest.mark.parametrize("after", [1, 3, 7])
def test_a_copy_that_was_broken_off_goes_on_where_it_was(
    pair: tuple[Archive, Archive], after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = pair
    monkeypatch.setattr(moving, "BATCH", 2)
    calls = 0

    def fall(_done: int, _total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        moving.copy(source, target, progress=fall)
    total = sum(source.read_now(moving._counts).values())
    assert 0 < moving.copy(source, target) < total
    assert moving.differences(source, target) == []


def test_what_differs_is_named(pair: tuple[Archive, Archive]) -> None:
    source, target = pair
    moving.copy(source, target)
    target.write_now(lambda tx: tx.run(sa.update(t.article_texts).values(text="forged").where(t.article_texts.c.article_id == 1)))
    target.write_now(lambda tx: tx.run(sa.delete(t.polls).where(t.polls.c.poll_id == 1)))
    found = moving.differences(source, target)
    assert sorted(found) == ["article_texts: rows that differ", "polls: 3 rows there, 2 here"]


def test_a_target_in_use_is_refused(pair: tuple[Archive, Archive]) -> None:
    source, target = pair
    target.write_now(lambda tx: writes.put_meta(tx, "rules_version", "x"))
    with pytest.raises(ArchiveError, match="no empty archive"):
        moving.copy(source, target)


def test_a_source_that_a_daemon_holds_is_refused(pair: tuple[Archive, Archive]) -> None:
    source, _ = pair
    holder = Archive.open(str(source.where.path), clock=CLOCK, hold=True)
    with pytest.raises(ArchiveBusy):
        Archive.open(str(source.where.path), clock=CLOCK, hold=True)
    holder.close()


def test_the_command_makes_no_target_where_there_is_no_source(tmp_path: Path) -> None:
    command = [PROGRAM, "db", "copy", str(tmp_path / "nowhere.db"), str(tmp_path / "new.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, cwd=tmp_path)
    assert done.returncode == 69
    assert "there is no archive at" in done.stderr
    assert not (tmp_path / "new.db").exists()


def test_the_command_copies_and_says_so(sqlite_url: str, postgres: Databases, tmp_path: Path) -> None:
    source = Archive.open(sqlite_url, clock=CLOCK)
    source.write_now(furnish)
    source.close()
    url = postgres.empty()
    done = subprocess.run(
        [PROGRAM, "db", "copy", f"sqlite:///{sqlite_url}", url], capture_output=True, text=True, timeout=100, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "holds the same" in done.stderr
    again = subprocess.run([PROGRAM, "db", "copy", sqlite_url, url], capture_output=True, text=True, timeout=100, check=False, cwd=tmp_path)
    assert again.returncode == 69
    assert "no empty archive" in again.stderr

"""The schema's revisions: made whole or not at all, resumed after a kill, found in the wheel, refused where they are newer."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import monitor
from monitor.archive import Archive, migrate, reads, upkeep, writes
from monitor.archive.engine import Address, address, writer_engine
from monitor.archive.lock import HolderLock
from monitor.archive.seen import url_seen
from monitor.archive.tables import metadata
from monitor.clock import FixedClock
from monitor.errors import ArchiveBusy, ArchiveError, WrongRevision
from tests.archives import NOW, furnish
from tests.databases import Databases
from tests.dying import DIES

ROOT = Path(__file__).parents[2]
CLOCK = FixedClock(NOW)


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    """An address where no archive is yet."""
    if request.param == "sqlite":
        return address(str(tmp_path / "archive.db"))
    databases: Databases = request.getfixturevalue("postgres")
    return address(databases.empty())


def url(where: Address) -> str:
    return str(where.path) if where.is_sqlite else where.url.render_as_string(hide_password=False)


def run(where: Address, *statements: str) -> None:
    engine = writer_engine(where)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


# ---- from nothing


def test_the_revisions_make_exactly_the_tables_of_the_code(empty: Address) -> None:
    assert migrate.current(empty) is None
    assert migrate.upgrade(empty, now=NOW) is None
    assert migrate.current(empty) == migrate.head() == migrate.known()[-1]
    differences = compared(empty, metadata, leaving=r"article_index|alembic_version")
    if empty.is_sqlite:
        assert differences == []
        return
    keys = compared(empty, url_seen.metadata, leaving=r"^(?!.*url_seen)")
    assert keys == []
    months = r"_(until_)?\d{4}_\d\d\b|url_seen"
    assert [(d[0], d[1].name) for d in differences if not re.search(months, str(d))] == [("add_constraint", "uq_articles_key")], (
        "keys are unique over all months by url_seen"
    )


def compared(where: Address, made: sa.MetaData, *, leaving: str) -> list[Any]:
    """What the tables differ in from those of the code."""
    engine = writer_engine(where)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        differences = compare_metadata(context, made)
    engine.dispose()
    return [d for d in differences if not re.search(leaving, str(d))]


def test_an_upgrade_that_has_nothing_to_do_does_nothing(archive_url: str) -> None:
    where, lines = address(archive_url), list[str]()
    assert migrate.upgrade(where, now=NOW, report=lines.append) is None
    assert lines == [f"{where.shown} is at revision {migrate.head()}"]


def test_an_upgrade_that_was_killed_anywhere_is_made_whole_by_the_next(empty: Address) -> None:
    for after in (3, 11, 37, 60, 90):
        died = subprocess.run([sys.executable, "-c", DIES, url(empty), str(after)], check=False)
        assert died.returncode == -signal.SIGKILL, after
        assert migrate.current(empty) is None
    migrate.upgrade(empty, now=NOW)
    archive = Archive.open(url(empty), clock=CLOCK)
    archive.write_now(furnish)
    assert upkeep.verify(archive) == []
    archive.close()


# ---- from an older revision


@pytest.fixture
def next_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Pretend that a later version came with one revision more."""
    folder = tmp_path / "alembic"
    shutil.copytree(ROOT / "alembic", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9998_more.py").write_text(
        "from __future__ import annotations\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n"
        f'revision = "9998"\ndown_revision = "{migrate.head()}"\n\n\n'
        'def upgrade() -> None:\n    with op.batch_alter_table("articles") as articles:\n'
        '        articles.add_column(sa.Column("mood", sa.Text(), nullable=True))\n'
    )
    return lambda: monkeypatch.setattr(migrate, "script_location", lambda: folder)


def test_sqlite_is_upgraded_at_the_start_after_a_copy(sqlite_url: str, next_revision: Callable[[], None]) -> None:
    archive = Archive.open(sqlite_url, clock=CLOCK)
    archive.write_now(furnish)
    before = archive.read_now(lambda tx: [reads.listing(tx, view) for view in reads.VIEWS])
    archive.close()
    old = migrate.head()
    next_revision()
    archive = Archive.open(sqlite_url, clock=CLOCK, hold=True)
    assert archive.read_now(lambda tx: [reads.listing(tx, view) for view in reads.VIEWS]) == before
    assert archive.read_now(lambda tx: tx.value(sa.text("SELECT count(mood) FROM articles"))) == 0
    archive.close()
    (copy,) = Path(sqlite_url).parent.glob(f"{Path(sqlite_url).name}.{old}.*.backup")
    assert migrate.current(address(str(copy))) == old


def test_without_space_for_the_copy_nothing_is_changed(
    sqlite_url: str, next_revision: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, path = migrate.head(), Path(sqlite_url)
    left = path.with_name(f"{path.name}.{old}.2026-11-20T000000Z.backup.part")
    left.write_bytes(b"half a copy")
    next_revision()
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=1_000))
    with pytest.raises(ArchiveError, match=r"there is no space beside it .* nothing was changed"):
        Archive.open(sqlite_url, clock=CLOCK, hold=True)
    assert migrate.current(address(sqlite_url)) == old
    assert not left.exists()
    monkeypatch.undo()


def test_sqlite_is_not_upgraded_under_a_running_daemon(sqlite_url: str, next_revision: Callable[[], None]) -> None:
    lock = HolderLock(Path(sqlite_url))
    lock.take()
    next_revision()
    with pytest.raises(ArchiveBusy):
        Archive.open(sqlite_url, clock=CLOCK)
    lock.release()
    Archive.open(sqlite_url, clock=CLOCK).close()


def test_postgresql_is_upgraded_only_when_told(postgres_url: str, next_revision: Callable[[], None]) -> None:
    archive = Archive.open(postgres_url, clock=CLOCK)
    archive.write_now(furnish)
    archive.close()
    next_revision()
    with pytest.raises(WrongRevision, match="Run: presswatch db upgrade"):
        Archive.open(postgres_url, clock=CLOCK)
    migrate.upgrade(address(postgres_url), now=NOW)
    archive = Archive.open(postgres_url, clock=CLOCK)
    assert len(archive.read_now(lambda tx: reads.listing(tx, "v_articles"))) == 3
    archive.close()


def test_an_archive_of_a_newer_version_is_refused_untouched(archive_url: str) -> None:
    run(address(archive_url), "UPDATE alembic_version SET version_num = '9999'")
    for refused in (lambda: Archive.open(archive_url, clock=CLOCK), lambda: migrate.upgrade(address(archive_url), now=NOW)):
        with pytest.raises(WrongRevision, match="written by a newer version") as told:
            refused()
        assert told.value.exit_code == 78
    assert migrate.current(address(archive_url)) == "9999"


# ---- views


def test_changed_views_need_no_revision(archive_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = (*migrate.view_statements(), "CREATE VIEW v_more AS SELECT article_id FROM v_articles")
    monkeypatch.setattr(migrate, "view_statements", lambda: statements)
    where = address(archive_url)
    if not where.is_sqlite:
        with pytest.raises(WrongRevision, match="presswatch db upgrade"):
            Archive.open(archive_url, clock=CLOCK)
        migrate.upgrade(where, now=NOW)
    archive = Archive.open(archive_url, clock=CLOCK)
    assert archive.read_now(lambda tx: tx.rows(sa.text("SELECT * FROM v_more"))) == []
    archive.close()
    monkeypatch.undo()
    migrate.upgrade(where, now=NOW)
    archive = Archive.open(archive_url, clock=CLOCK)
    with pytest.raises(ArchiveError):
        archive.read_now(lambda tx: tx.rows(sa.text("SELECT * FROM v_more")))
    archive.close()


def test_who_could_read_the_views_still_can(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, role = address(postgres_url), f"analyst {os.getpid()}"
    run(where, f'CREATE ROLE "{role}"', f'GRANT SELECT ON v_articles, v_stories TO "{role}"')
    monkeypatch.setattr(migrate, "_digest", lambda: "other")
    migrate.upgrade(where, now=NOW)
    run(where, f'SET ROLE "{role}"; SELECT count(*) FROM v_articles; SELECT count(*) FROM v_stories')
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        run(where, f'SET ROLE "{role}"; SELECT count(*) FROM v_alerts')
    run(where, f'DROP OWNED BY "{role}"', f'DROP ROLE "{role}"')


def test_a_view_that_somebody_built_upon_ours_is_not_dropped(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where = address(postgres_url)
    run(where, "CREATE VIEW mine AS SELECT article_id FROM v_articles")
    monkeypatch.setattr(migrate, "_digest", lambda: "other")
    with pytest.raises(ArchiveError, match="view mine depends on view v_articles"):
        migrate.upgrade(where, now=NOW)
    run(where, "SELECT * FROM mine")


# ---- where the revisions are


def test_nothing_shadows_the_alembic_package() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_the_revisions_of_an_installed_package_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "monitor"
    (package / "_alembic").mkdir(parents=True)
    monkeypatch.setattr(monitor, "__file__", str(package / "__init__.py"))
    with pytest.raises(ArchiveError, match="install presswatch again"):
        migrate.script_location()
    (package / "_alembic" / "env.py").touch()
    assert migrate.script_location() == package / "_alembic"


_WHEEL = """
import sys
from datetime import UTC, datetime
from monitor.archive import Archive, migrate, reads
from monitor.clock import FixedClock
assert str(migrate.script_location()).startswith(sys.argv[2]), migrate.script_location()
archive = Archive.open(sys.argv[1], clock=FixedClock(datetime(2026, 11, 24, tzinfo=UTC)))
assert archive.read_now(lambda tx: reads.listing(tx, "v_articles")) == []
archive.close()
"""


def test_the_wheel_holds_what_an_archive_is_made_from(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    assert (unpacked / "monitor" / "_datasette" / "metadata.yaml").is_file()
    program = [sys.executable, "-c", _WHEEL, str(tmp_path / "archive.db"), str(unpacked)]
    done = subprocess.run(
        program, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(unpacked)}, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert writes.__name__ == "monitor.archive.writes"

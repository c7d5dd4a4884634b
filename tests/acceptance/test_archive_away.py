"""Drills: the archive full, locked or away under a running daemon. Each prints what it saw; nothing may be lost, and nobody restarts anything."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psycopg
import pytest
import sqlalchemy as sa

from monitor.archive import Archive, migrate
from monitor.archive.engine import address, sqlite_module
from monitor.clock import SystemClock
from monitor.demo.newsstand import Newsstand
from monitor.errors import ArchiveFull
from tests.acceptance.conftest import Daemon, Sink, settings
from tests.databases import Server, postgres_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_200)]

HEADLINE = "Deepseek stellt sein neues Modell R2 vor"
TEXT = "Die Firma Deepseek aus Hangzhou hat ihr neues Sprachmodell R2 vorgestellt. " * 12


Tell = Callable[[str], None]


@pytest.fixture
def tell(capfd: pytest.CaptureFixture[str]) -> Tell:
    """Writes a figure to the terminal, whatever is captured."""

    def say(line: str) -> None:
        with capfd.disabled():
            sys.stdout.write(f"\n  {line}\n")
            sys.stdout.flush()

    return say


class Press:
    """Publishes articles that are told, each a story of its own, and knows what must have arrived."""

    def __init__(self, desk: Daemon, stand: Newsstand) -> None:
        self._desk = desk
        self._stand = stand
        self._outlets = [o.outlet_id for o in stand.outlets()][:4]
        self.published = 0

    def publish(self, count: int = 1) -> None:
        for _ in range(count):
            number = self.published
            words = " ".join(f"Ort{number * 7 + i} meldet Zahl{number * 13 + i}." for i in range(60))
            self._stand.publish(self._outlets[number % 4], f"{HEADLINE}, Bericht {number}", f"{words}\n\n{TEXT}")
            self.published += 1

    async def arrived(self, *, seconds: float = 60.0) -> float:
        """Wait until everything is archived and told; return how long that took."""
        began = time.monotonic()
        query = "SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM deliveries WHERE status <> 'sent')"
        await self._desk.until(lambda: self._desk.rows(query) == [(self.published, 0)], seconds=seconds)
        return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def readiness(port: int) -> int:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, TimeoutError):
        return 0


async def finish(desk: Daemon, press: Press, sink: Sink) -> None:
    """Stop it and see that nothing is missing, doubled or damaged."""
    assert await desk.stop() == 0
    assert desk.rows("SELECT count(*), count(DISTINCT key) FROM articles") == [(press.published, press.published)]
    assert desk.verify() == "the archive is whole\n"
    assert "Traceback" not in desk.said
    assert sink.doubled == 0, "no process died, so nothing may come twice"


# ---- SQLite


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], check=False, capture_output=True).returncode:
        pytest.skip("a disk of its own needs the right to mount one")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill_up(disk: Path) -> None:
    with (disk / "filler").open("ab", buffering=0) as filler:
        for size in (65_536, 4_096, 512):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError:
                continue


async def test_a_full_disk_ten_times(tmp_path: Path, small_disk: Path, stand: Newsstand, sink: Sink, tell: Tell) -> None:
    port = free_port()
    desk = settings(tmp_path, stand, sink, archive=str(small_disk / "archive.db"), listen=f"127.0.0.1:{port}", storm="off", stories="off")
    press, took = Press(desk, stand), []
    await desk.start()
    for _ in range(10):
        press.publish(2)
        await press.arrived()
        fill_up(small_disk)
        press.publish(3)
        await desk.until(lambda: readiness(port) == 503, seconds=90)
        await asyncio.sleep(5)
        assert desk.is_running
        (small_disk / "filler").unlink()
        took.append(await press.arrived())
        await desk.until(lambda: readiness(port) == 200, seconds=30)
    tell(f"disk full 10 times: everything there {max(took):.1f} s after space came back, at the latest")
    assert max(took) <= 30
    await finish(desk, press, sink)


async def test_what_was_in_the_outbox_is_sent_while_the_disk_is_full(
    tmp_path: Path, small_disk: Path, stand: Newsstand, sink: Sink, tell: Tell
) -> None:
    desk = settings(tmp_path, stand, sink, archive=str(small_disk / "archive.db"), storm="off", stories="off")
    press = Press(desk, stand)
    await desk.start()
    press.publish()
    await press.arrived()
    sink.status = 503
    press.publish(3)
    await desk.until(lambda: desk.rows("SELECT count(*) FROM deliveries WHERE status IN ('pending', 'retry')") == [(3,)])
    fill_up(small_disk)
    sink.status = 200
    began = time.monotonic()
    await desk.until(lambda: len(set(sink.keys)) == 4, seconds=120)
    tell(f"disk full: 3 messages of the outbox sent within {time.monotonic() - began:.1f} s, {sink.doubled} of them more than once")
    (small_disk / "filler").unlink()
    await press.arrived(seconds=120)
    assert await desk.stop() == 0
    assert desk.verify() == "the archive is whole\n"


def test_the_disk_is_full_at_an_upgrade(tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch, tell: Tell) -> None:
    path, old, now = small_disk / "archive.db", migrate.head(), SystemClock().now()
    archive = Archive.open(str(path), clock=SystemClock())
    archive.write_now(lambda tx: tx.run(sa.text("INSERT INTO meta VALUES ('large', :text)"), {"text": "x" * 6_000_000}))
    archive.close()
    versions = tmp_path / "alembic" / "versions"
    shutil.copytree(migrate.script_location(), versions.parent, ignore=shutil.ignore_patterns("__pycache__"))
    (versions / "9998_more.py").write_text(
        f'from alembic import op\n\nrevision = "9998"\ndown_revision = "{old}"\n\n\n'
        'def upgrade() -> None:\n    op.execute("CREATE TABLE twice AS SELECT * FROM meta")\n'
    )
    monkeypatch.setattr(migrate, "script_location", lambda: versions.parent)
    for free, words in ((3_000_000, "first copies the archive"), (9_000_000, "no space left for the archive")):
        fill_up(small_disk)
        with (small_disk / "filler").open("r+b") as filler:
            filler.truncate((small_disk / "filler").stat().st_size - free)
        with pytest.raises(ArchiveFull, match=words):
            migrate.upgrade(address(str(path)), now=now)
        assert migrate.current(address(str(path))) == old
        assert not list(small_disk.glob("*.backup*")), "what is too much on a full disk"
        (small_disk / "filler").unlink()
    migrate.upgrade(address(str(path)), now=now)
    assert migrate.current(address(str(path))) == "9998"
    with closing(sqlite_module().connect(path)) as whole:
        assert whole.execute("SELECT count(*) FROM twice WHERE key = 'large'").fetchone() == (1,)
        assert whole.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    tell(f"disk full before and in the middle of an upgrade: refused, then left at revision {old}; done once there was space")


async def test_a_file_locked_by_somebody_for_5_15_and_60_seconds(tmp_path: Path, stand: Newsstand, sink: Sink, tell: Tell) -> None:
    desk = settings(tmp_path, stand, sink, storm="off", stories="off")
    press = Press(desk, stand)
    await desk.start()
    press.publish()
    await press.arrived()
    for seconds in (5, 15, 60):
        with closing(sqlite_module().connect(desk.archive, isolation_level=None, timeout=30)) as other:
            other.execute("BEGIN EXCLUSIVE")
            press.publish(3)
            await asyncio.sleep(seconds)
            assert desk.is_running
            other.execute("COMMIT")
        tell(f"locked for {seconds} s: everything there {await press.arrived():.1f} s after")
    await finish(desk, press, sink)


# ---- PostgreSQL


@pytest.fixture
def server() -> Iterator[Server]:
    with postgres_server() as own:
        yield own


async def test_postgresql_stopped_and_started_twenty_times(
    tmp_path: Path, server: Server, stand: Newsstand, sink: Sink, tell: Tell
) -> None:
    migrate.upgrade(address(server.admin_url), now=SystemClock().now())
    desk = settings(tmp_path, stand, sink, archive=server.admin_url, storm="off", stories="off")
    press, took = Press(desk, stand), []
    await desk.start()
    press.publish()
    await _there(desk, press)
    for _ in range(20):
        server.stop(signal.SIGQUIT)
        press.publish()
        await asyncio.sleep(1.5)
        server.start()
        took.append(await _there(desk, press))
    tell(f"PostgreSQL stopped 20 times: an article of the meantime there {max(took):.1f} s after its return, at the latest")
    await finish(desk, press, sink)


async def test_sessions_of_postgresql_ended_and_the_server_frozen(
    tmp_path: Path, server: Server, stand: Newsstand, sink: Sink, tell: Tell
) -> None:
    migrate.upgrade(address(server.admin_url), now=SystemClock().now())
    desk = settings(tmp_path, stand, sink, archive=server.admin_url, storm="off", stories="off")
    press = Press(desk, stand)
    await desk.start()
    press.publish()
    await _there(desk, press)
    for _ in range(10):
        press.publish(2)
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await asyncio.sleep(3)
    ended = await _there(desk, press)
    processes = _processes(server)
    _send(processes, signal.SIGSTOP)
    press.publish(2)
    await asyncio.sleep(30)
    _send(processes, signal.SIGCONT)
    tell(
        f"all sessions ended every 3 s for 30 s: everything there {ended:.1f} s after; frozen for 30 s: {await _there(desk, press):.1f} s after"
    )
    await finish(desk, press, sink)


async def test_another_server_takes_over_behind_the_same_address(
    tmp_path: Path, server: Server, stand: Newsstand, sink: Sink, tell: Tell
) -> None:
    migrate.upgrade(address(server.admin_url), now=SystemClock().now())
    standby = server.standby()
    try:
        desk = settings(tmp_path, stand, sink, archive=server.admin_url, storm="off", stories="off")
        press = Press(desk, stand)
        await desk.start()
        press.publish(4)
        await _there(desk, press)
        press.publish(4)
        server.stop(signal.SIGQUIT)
        press.publish(2)
        await asyncio.sleep(3)
        standby.take_over(server)
        tell(f"another server took over behind the same address: everything there {await _there(desk, press):.1f} s after")
        await finish(desk, press, sink)
    finally:
        standby.stop(signal.SIGQUIT)


async def _there(desk: Daemon, press: Press) -> float:
    """The same wait, by a client that may itself find the server away."""
    began = time.monotonic()
    for _ in range(600):
        try:
            await press.arrived(seconds=60)
        except psycopg.Error:
            await asyncio.sleep(0.1)
        else:
            return time.monotonic() - began
    pytest.fail(f"the server does not answer; the daemon said:\n{desk.said[-3000:]}")


def _send(processes: list[int], number: signal.Signals) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):  # a worker of the server that was done
            os.kill(pid, number)


def _processes(server: Server) -> list[int]:
    """The server's own process and all its children."""
    assert server.pid is not None
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return [server.pid, *map(int, children)]

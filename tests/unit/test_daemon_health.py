"""When the watchdog is fed, what readiness says, and what a probe hears."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import structlog
from click.testing import CliRunner

from monitor.archive import Archive
from monitor.cli.app import cli
from monitor.clock import FixedClock
from monitor.daemon.health import BEAT_S, WRITE_S, check, stuck
from monitor.daemon.jobs import Every, Jobs, Timed, _Steady
from monitor.daemon.node import Node
from monitor.daemon.tick import Tick
from monitor.errors import ArchiveError
from monitor.metrics import Metrics
from tests.unit.test_daemon import NOW


def parts(
    *, beat_at: float = 0.0, writing_s: float = 0.0, is_writable: bool = True, give: Callable[[], Awaitable[int]] | None = None
) -> Any:
    """As much of a daemon as is asked here; ``fed`` counts what systemd heard."""

    async def one() -> int:
        return 1

    made = SimpleNamespace(
        seen=asyncio.Event(),
        clock=FixedClock(NOW), metrics=Metrics(), crawl=SimpleNamespace(beat_at=beat_at), archive=SimpleNamespace(writing_s=writing_s), fed=0,
        line=SimpleNamespace(is_writable=is_writable, flights=SimpleNamespace(entries={1}, is_first_pass=True)),
        queue=SimpleNamespace(tick=give or one), node=Node(name="test"),
    )  # fmt: skip

    def alive() -> None:
        made.fed += 1
        made.seen.set()

    made.notifier = SimpleNamespace(alive=alive)
    return made


@pytest.mark.parametrize(
    ("broken", "fed"), [({}, 1), ({"beat_at": -BEAT_S}, 0), ({"writing_s": WRITE_S}, 0), ({"beat_at": 1.0 - BEAT_S, "writing_s": WRITE_S - 1.0}, 1)]
)  # fmt: skip
async def test_the_watchdog_is_fed_only_while_spider_and_writer_move(broken: dict[str, Any], fed: int) -> None:
    daemon = parts(**broken)
    await Tick(daemon, asyncio.Event())()
    assert daemon.fed == fed


async def test_a_tick_that_hangs_feeds_no_more() -> None:
    async def hang() -> int:
        await asyncio.Event().wait()
        return 0

    daemon = parts(give=hang)
    jobs = Jobs([Timed(name="tick", when=Every(0.02), work=Tick(daemon, asyncio.Event()))], ZoneInfo("UTC"))
    jobs.start()
    await daemon.seen.wait()
    await asyncio.sleep(0.2)
    jobs.stop()
    assert daemon.fed == 1


async def test_an_archive_that_is_away_is_told_once_and_the_watchdog_stays_fed() -> None:
    calls = 0
    third = asyncio.Event()

    async def away() -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            third.set()
        raise ArchiveError("the server is away")

    daemon = parts(give=away)
    with structlog.testing.capture_logs() as told:
        jobs = Jobs([Timed(name="tick", when=Every(0.02), work=Tick(daemon, asyncio.Event()))], ZoneInfo("UTC"))
        jobs.start()
        await third.wait()
        jobs.stop()
    assert daemon.fed >= 3
    assert [event["reason"] for event in told if event["log_level"] == "warning"] == ["the server is away"]


@pytest.mark.parametrize("jump_s", [-3600.0, 10 * 365 * 86_400.0])
async def test_a_clock_that_jumps_has_everything_planned_anew(jump_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.daemon.jobs._LOOK_S", 0.01)
    runs = asyncio.Queue[None]()
    jobs = Jobs([Timed(name="tick", when=Every(0.05), work=lambda: runs.put(None))], ZoneInfo("UTC"), apart=lambda: 0.0)
    jobs.start()
    await asyncio.wait_for(runs.get(), 10)
    (job,) = jobs._scheduler.get_jobs()
    job.modify(next_run_time=job.next_run_time + timedelta(seconds=abs(jump_s)))  # as the wall clock's jump leaves it behind or ahead
    jobs._apart = lambda: jump_s
    await asyncio.wait_for(runs.get(), 10)
    jobs.stop()


def test_an_interval_counts_nothing_it_missed() -> None:
    trigger = _Steady(1.0)
    assert trigger.get_next_fire_time(NOW, NOW + timedelta(days=3650)) == NOW + timedelta(days=3650, seconds=1)


async def test_readiness_says_why_not() -> None:
    assert (await check(parts()))["ready"]
    state = await check(parts(is_writable=False, beat_at=-BEAT_S))
    assert state["why"] == ["the spider does not move", "the archive takes no writes"]
    assert stuck(parts(is_writable=False)) == ()  # a restart would not help a full disk


def test_a_writer_that_hangs_is_seen(tmp_path: Path) -> None:
    archive = Archive.open(f"sqlite:///{tmp_path}/archive.db", clock=FixedClock(NOW))
    begun, end = threading.Event(), threading.Event()

    def hang(_tx: object) -> None:
        begun.set()
        end.wait(30)

    async def write() -> None:
        assert archive.writing_s == 0.0
        writing = asyncio.create_task(archive.write(hang))
        await asyncio.to_thread(begun.wait, 30)
        assert archive.writing_s > 0.0
        end.set()
        await writing
        assert archive.writing_s == 0.0

    asyncio.run(write())
    archive.close()


class _Answering(BaseHTTPRequestHandler):
    state: dict[str, Any]

    def do_GET(self) -> None:
        body = json.dumps(self.state).encode()
        self.send_response(200 if self.state["ready"] else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """Say nothing."""


@pytest.mark.parametrize(
    ("state", "code", "said"),
    [
        ({"ready": True}, 0, "ready\n"),
        ({"ready": False, "why": ["the spider does not move"]}, 1, "not ready: the spider does not move\n"),
        ({"ready": False}, 1, "not ready: it is not ready\n"),
    ],
)
def test_a_probe_hears_how_the_daemon_is(tmp_path: Path, state: dict[str, Any], code: int, said: str) -> None:
    answering = type("Answering", (_Answering,), {"state": state})
    with HTTPServer(("127.0.0.1", 0), answering) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        done = health(tmp_path, f"127.0.0.1:{server.server_port}")
    assert (done.exit_code, done.stdout) == (code, said)


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "off"])
def test_a_probe_hears_that_nobody_is_there(tmp_path: Path, listen: str) -> None:
    done = health(tmp_path, listen)
    assert done.exception is not None
    assert getattr(done.exception, "exit_code", None) == 69


def health(folder: Path, listen: str) -> Any:
    """Ask as a container does."""
    config = folder / "presswatch.yaml"
    config.write_text(f"archive: {folder}/archive.db\nlisten: '{listen}'\noutlets: []\nentities: []\nthemes: []\n")
    return CliRunner().invoke(cli, ["--config", str(config), "status", "--health"])

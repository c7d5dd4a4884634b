"""A newsstand, a sink that takes webhooks, and the daemon as a process between them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp import web

from monitor.demo.newsstand import Newsstand
from monitor.demo.script import Script, load
from tests.databases import Databases, _sqlite_files, postgres, postgres_url, sqlite_url

__all__ = ["_sqlite_files", "postgres", "postgres_url", "sqlite_url"]

PROGRAM = str(Path(sys.executable).parent / "presswatch")


class Sink:
    """An HTTP endpoint that notes every webhook it takes; ``status`` is what it answers."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.status = 200
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"

    async def close(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        if self.status == 200:
            self.taken.append(await request.json())
            self.keys.append(request.headers["Idempotency-Key"])
        return web.Response(status=self.status)

    @property
    def doubled(self) -> int:
        """How many messages came more than once."""
        return sum(n - 1 for n in Counter(self.keys).values())


_DAEMONS: list[Daemon] = []
"""Those of the test that runs, so that a failed one leaves none behind."""


class Daemon:
    """The daemon as a process with settings of its own folder; ``archive`` is a path or a URL of PostgreSQL."""

    def __init__(self, folder: Path, archive: str) -> None:
        self.folder = folder
        self.config = folder / "presswatch.yaml"
        self.archive = archive
        self.log = folder / "daemon.log"
        self._process: asyncio.subprocess.Process | None = None
        _DAEMONS.append(self)

    async def start(self, *arguments: str, crash_at: str | None = None) -> None:
        """Start it; ``crash_at`` makes it die at a named point."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PRESSWATCH_")}
        if crash_at:
            environment["PRESSWATCH_CRASH_AT"] = crash_at
        with self.log.open("a") as log:
            self._process = await asyncio.create_subprocess_exec(
                PROGRAM, "--config", str(self.config), "run", "--log-format", "logfmt", *arguments, stdout=log, stderr=log, env=environment
            )  # fmt: skip

    async def kill(self) -> None:
        """End it without a word, if it runs."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it politely and return its exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await asyncio.wait_for(self._process.wait(), 30)

    async def ended(self) -> int:
        """Wait until it ends by itself."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), 60)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    def reload(self) -> None:
        """Ask it to read its settings again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def said(self) -> str:
        """Everything it wrote so far."""
        return self.log.read_text() if self.log.exists() else ""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask its archive, beside it."""
        if not self.is_sqlite:
            with psycopg.connect(self.archive, autocommit=True) as server:
                return list(server.execute(query.encode()))
        if not Path(self.archive).exists():
            return []
        with closing(sqlite3.connect(f"file:{self.archive}?mode=ro", uri=True, timeout=10)) as archive:
            try:
                return list(archive.execute(query))
            except sqlite3.OperationalError:
                return []  # the schema is being made

    @property
    def is_sqlite(self) -> bool:
        return not self.archive.startswith("postgresql://")

    def verify(self) -> str:
        """Have the archive read through by the command for it; return what it says."""
        done = self.call("archive", "verify")
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command on the same settings."""
        command = [PROGRAM, "--config", str(self.config), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    async def until(self, condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
        """Wait for something to come true; what was said by then is the failure's message."""
        for _ in range(int(seconds / 0.1)):
            if condition():
                return
            if not self.is_running:
                pytest.fail(f"the daemon ended by itself; it said:\n{self.said[-6000:]}")
            await asyncio.sleep(0.1)
        pytest.fail(f"did not happen in {seconds} s; the daemon said:\n{self.said[-6000:]}")


def settings(folder: Path, stand: Newsstand | None, sink: Sink | None, **more: object) -> Daemon:
    """Write settings that watch every outlet of the stand and tell the sink; on SQLite, unless ``archive`` says otherwise."""
    (folder / "outlets").mkdir(exist_ok=True)
    outlets = [] if stand is None else [_block(o) for o in stand.outlets()]
    (folder / "outlets" / "stand.yaml").write_text(json.dumps({"outlets": outlets}, ensure_ascii=False))
    channels: Sequence[Mapping[str, object]] = [] if sink is None else [{"name": "hook", "kind": "webhook", "url": sink.url}]
    main = {
        "archive": str(folder / "archive.db"),
        "contact": "https://presswatch.example/test",
        "timezone": "Europe/Zurich",
        "allow_networks": ["127.0.0.0/8"],
        "poll_every": "1s",
        "poll_at_least": "1s",
        "spacing": "0s",
        "listen": "off",
        "workers": 1,
        "entities": [str(_seeds() / "entities.yaml")],
        "themes": [str(_seeds() / "themes.yaml")],
        "channels": channels,
        "subscriptions": [{"to": c["name"], "themes": ["*"]} for c in channels],
        **more,
    }
    (folder / "presswatch.yaml").write_text(json.dumps(main, ensure_ascii=False))
    return Daemon(folder, str(main["archive"]))


def _block(outlet: Any) -> dict[str, object]:
    return {
        "name": outlet.name, "home": outlet.home, "language": outlet.language, "country": outlet.country, "tier": 1, "spacing": "0s",
        "poll_every": "1s", "sources": [{s.kind.value: s.url, **({"fields": dict(s.fields)} if s.fields else {})} for s in outlet.sources],
    }  # fmt: skip


def _seeds() -> Path:
    return Path(__file__).parents[2] / "seeds"


@pytest.fixture(autouse=True)
async def _no_daemon_outlives_its_test() -> AsyncIterator[None]:
    yield
    for daemon in _DAEMONS:
        await daemon.kill()
    _DAEMONS.clear()


@pytest.fixture
def sqlite_desk(tmp_path: Path, stand: Newsstand, sink: Sink) -> Daemon:
    """A daemon that watches the stand and tells the sink, on a SQLite file it makes itself: where the database has no part."""
    return settings(tmp_path, stand, sink)


@pytest.fixture(params=["sqlite", "postgres", "fleet"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, stand: Newsstand, sink: Sink) -> Daemon:
    """The same on one database, on the other, and as one of several nodes on that."""
    if request.param == "sqlite":
        return settings(tmp_path, stand, sink)
    databases: Databases = request.getfixturevalue("postgres")
    if request.param == "postgres":
        return settings(tmp_path, stand, sink, archive=databases.ready())
    return settings(tmp_path, stand, sink, archive=databases.with_queue(), role="all", node="desk", lease="3s")


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    endpoint = Sink()
    await endpoint.start()
    yield endpoint
    await endpoint.close()


@pytest.fixture
async def stand() -> AsyncIterator[Newsstand]:
    """The shipped outlets with nothing printed yet."""
    empty = Newsstand(Script(papers=load().papers), base_address=f"127.0.{80 + _worker()}.1")
    await empty.start()
    yield empty
    await empty.close()


def _worker() -> int:
    """The number of this test process, so that two never share an address."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return int(name.removeprefix("gw"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """As one of several nodes a killed daemon's work waits for its lease: of the points to die at two are enough for every day."""
    for item in items:
        if (
            "killed_at_a_named_point" in item.name
            and "fleet" in item.name
            and not any(p in item.name for p in ("before commit", "after send"))
        ):
            item.add_marker(pytest.mark.slow)

"""What ten thousand sources cost one daemon: CPU per poll, how late its loop runs, memory, and what broken hosts do to the others.

    python -m tests.benchmarks.fleet [--sources 10000] [--polls 3000] [--per-s 30] [--json]

The daemon runs in this process, on a SQLite archive in which every source is known and due in its turn; the hosts are another process.
CPU is told apart by thread: the archive's writer, its readers, and the loop. ``--polls 50000`` is the full run (half an hour).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crawler import cadence, urls
from crawler.model import Poll, PollStatus
from monitor import logs
from monitor.archive import Archive, Tx, writes
from monitor.archive import tables as t
from monitor.archive.engine import sqlite_module
from monitor.clock import SystemClock
from monitor.config.load import load
from monitor.config.settings import Settings
from monitor.daemon.parts import Purpose
from monitor.daemon.run import Daemon
from tests.benchmarks.fleet import hosts

WARM_UP = 300
"""Polls before the measurement begins."""
LAG_STEP_S = 0.02
MUST = {"CPU ms per poll": 2.5, "above the archive's write": 1.5, "loop lag p99 ms": 100.0, "delay with broken hosts": 1.3}


@dataclass(slots=True, kw_only=True)
class Found:
    """What one run showed; CPU in seconds by thread, lateness from the time a poll was due to its end, in seconds."""

    polls: int = 0
    wall_s: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    lags: list[float] = field(default_factory=list)
    rss: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    @property
    def per_poll_ms(self) -> float:
        """All CPU of the process."""
        return sum(self.cpu.values()) * 1e3 / self.polls

    @property
    def unwritten_ms(self) -> float:
        """The same without the archive's writer."""
        return (sum(self.cpu.values()) - self.cpu.get("archive-writer", 0.0)) * 1e3 / self.polls


def main() -> int:
    """Run the fleet whole, then with a fifth of it broken; 1 where a figure does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--polls", type=int, default=3_000)
    parser.add_argument("--per-s", type=float, default=30.0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    logs.configure(level="error", form="text", redactor=logs.Redactor())
    whole = run(given, faulty=False)
    broken = run(given, faulty=True)
    figures = {
        "CPU ms per poll": whole.per_poll_ms,
        "above the archive's write": whole.unwritten_ms,
        "loop lag p99 ms": at(whole.lags, 0.99) * 1e3,
        "delay with broken hosts": at(broken.late, 0.99) / at(whole.late, 0.99),
    }
    if given.json:
        print(json.dumps({"figures": figures, "whole": told(whole), "broken": told(broken)}, indent=1))
    else:
        show(given, whole, broken, figures)
    return int(any(figures[name] > most for name, most in MUST.items()))


def run(given: argparse.Namespace, *, faulty: bool) -> Found:
    """Start the hosts, furnish an archive, and watch the daemon work."""
    fleet = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.fleet.hosts", *(["--faulty"] if faulty else [])], stdout=subprocess.PIPE, text=True
    )
    assert fleet.stdout is not None
    try:
        port = int(fleet.stdout.readline())
        with tempfile.TemporaryDirectory(prefix="presswatch-fleet-") as folder:
            settings = _settings(Path(folder), port, given)
            due = furnish(settings, given.per_s)
            return asyncio.run(watch(settings, due, given.polls))
    finally:
        fleet.terminate()
        fleet.wait(10)


def _settings(folder: Path, port: int, given: argparse.Namespace) -> Settings:
    """Write and read the settings of a fleet: each source polled once in ``sources / per_s`` seconds."""
    every = f"{given.sources / given.per_s:.0f}s"
    outlets = [
        {"name": f"Host {n}", "home": f"http://{hosts.address(n)}:{port}/", "sources": [{"feed": f"http://{hosts.address(n)}:{port}/feed"}]}
        for n in range(given.sources)
    ]
    (folder / "outlets").mkdir()
    (folder / "outlets" / "fleet.yaml").write_text(json.dumps({"outlets": outlets}))
    main = {
        "archive": str(folder / "archive.db"), "contact": "https://presswatch.example/fleet", "allow_networks": ["127.0.0.0/8"],
        "poll_every": every, "poll_at_least": every, "requests_per_hour": given.per_s * 3960, "listen": "off", "workers": 1,
    }  # fmt: skip
    (folder / "presswatch.yaml").write_text(json.dumps(main))
    return load(folder / "presswatch.yaml", environ={})


def furnish(settings: Settings, per_s: float) -> dict[str, datetime]:
    """Make an archive that has known every source for long, and let them come due one after another; return when each is due."""
    clock = SystemClock()
    archive = Archive.open(settings.archive, clock=clock)
    start = clock.now() + timedelta(seconds=15)
    due = {s.source_id: start + timedelta(seconds=n / per_s) for n, s in enumerate(s for o in settings.outlets for s in o.sources)}

    def fill(tx: Tx) -> None:
        now = clock.now()
        writes.put_outlets(tx, settings.outlets, now)
        state = _known_state(now).to_json()
        tx.run(
            sa.update(t.sources).values(
                state=state, etag=hosts.ETAG, body_hash="", unconditional_at=now, last_poll_at=now, last_ok_at=now, last_new_at=now
            )
        )
        tx.run_many(
            sa.update(t.sources).where(t.sources.c.source_id == sa.bindparam("of")).values(next_at=sa.bindparam("at")),
            [{"of": source_id, "at": at} for source_id, at in due.items()],
        )
        origins = [
            {"origin": urls.origin(o.home), "state": "absent", "body": "", "fetched_at": now, "good_at": now} for o in settings.outlets
        ]
        tx.run_many(sa.insert(t.robots), origins)

    archive.write_now(fill)
    archive.close()
    return due


def _known_state(now: datetime) -> cadence.FeedState:
    """A source that lists thirty items of the last days."""
    listed = tuple(now - timedelta(hours=3 * n) for n in range(hosts.ITEMS))
    poll = Poll(source_id="", outlet_id="", at=now, status=PollStatus.OK, url="", window_size=hosts.ITEMS, listed_times=listed)
    return cadence.observe(cadence.initial(tier=2), poll, now)


async def watch(settings: Settings, due: dict[str, datetime], polls: int) -> Found:
    """Let the daemon poll until enough is seen."""
    found = Found()
    daemon = Daemon(settings, purpose=Purpose(), reload=lambda: settings, redactor=logs.Redactor())
    running = asyncio.create_task(daemon.run())
    path = settings.archive_path
    assert path is not None
    while not running.done() and done(path) < WARM_UP:  # noqa: ASYNC110 - the archive is asked from outside, as everybody would
        await asyncio.sleep(0.5)
    if running.done():
        raise SystemExit(f"the daemon ended: {running.exception() or running.result()}")
    gc.collect()
    before, began, first = cpu(), time.monotonic(), done(path)
    lagging = asyncio.create_task(_lag(found))
    while (now := done(path)) - first < polls and not running.done():
        found.rss.append(rss_mib())
        await asyncio.sleep(2.0)
    after = cpu()
    found.polls, found.wall_s = now - first, time.monotonic() - began
    found.cpu = {name: after[name] - before.get(name, 0.0) for name in after}
    lagging.cancel()
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    found.late = lateness(path, due, first)
    return found


async def _lag(found: Found) -> None:
    """Note how late a short sleep ends, again and again."""
    while True:
        began = time.monotonic()
        await asyncio.sleep(LAG_STEP_S)
        found.lags.append(time.monotonic() - began - LAG_STEP_S)


def done(path: Path) -> int:
    """How many polls were recorded; asked by the daemon's own SQLite, since a second library in one process would drop its locks."""
    with closing(sqlite_module().connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as archive:
        return int(archive.execute("SELECT coalesce(max(poll_id), 0) FROM polls").fetchone()[0])


def lateness(path: Path, due: dict[str, datetime], after: int) -> list[float]:
    """Seconds from when each first poll of a sound host was due to its end."""
    with closing(sqlite_module().connect(f"file:{path}?mode=ro", uri=True)) as archive:
        rows = archive.execute(
            "SELECT source_id, min(at), duration_s, outlet_id FROM polls GROUP BY source_id HAVING min(poll_id) > ?", (after,)
        )
        sound = [row for row in rows if not hosts.behaviour(int(row[3].rpartition("-")[2]))]
    return [(datetime.fromisoformat(at) - due[source_id]).total_seconds() + duration for source_id, at, duration, _ in sound]


def cpu() -> dict[str, float]:
    """CPU seconds by kind of thread of this process."""
    names = {thread.native_id: re.sub(r"[_-]?\d+$", "", thread.name) for thread in threading.enumerate()}
    spent: dict[str, float] = defaultdict(float)
    for task in Path("/proc/self/task").iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        spent[names.get(int(task.name), "other")] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def rss_mib() -> float:
    """Resident memory of this process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found.group(1)) / 1024 if found else 0.0


def at(values: list[float], share: float) -> float:
    """A quantile."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def told(found: Found) -> dict[str, Any]:
    """A run as numbers."""
    return {
        "polls": found.polls,
        "per_s": found.polls / found.wall_s,
        "cpu_ms": {name: s * 1e3 / found.polls for name, s in sorted(found.cpu.items(), key=lambda item: -item[1])},
        "lag_ms": {name: at(found.lags, share) * 1e3 for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))},
        "rss_mib": [round(found.rss[n * (len(found.rss) - 1) // 5]) for n in range(6)],
        "late_s": {name: at(found.late, share) for name, share in (("p50", 0.5), ("p99", 0.99))},
    }


def show(given: argparse.Namespace, whole: Found, broken: Found, figures: dict[str, float]) -> None:
    """Print both runs and the figures to hold."""
    print(f"{given.sources} sources, {given.per_s:g} polls/s wanted")
    for name, found in (("all sound", whole), ("a fifth broken", broken)):
        f = told(found)
        print(f"\n{name}: {f['polls']} polls, {f['per_s']:.1f}/s, RSS by fifths {' '.join(map(str, f['rss_mib']))} MiB")
        print("  CPU ms/poll  " + "  ".join(f"{thread} {ms:.2f}" for thread, ms in f["cpu_ms"].items() if ms >= 0.005))
        print(f"  loop lag ms  p50 {f['lag_ms']['p50']:.1f}  p99 {f['lag_ms']['p99']:.1f}  max {f['lag_ms']['max']:.1f}")
        print(f"  due to done  p50 {f['late_s']['p50']:.2f} s  p99 {f['late_s']['p99']:.2f} s (sound hosts)")
    print()
    for name, most in MUST.items():
        print(f"  {'ok ' if figures[name] <= most else 'NO '} {name}: {figures[name]:.2f} (must: <= {most:g})")


if __name__ == "__main__":
    sys.exit(main())

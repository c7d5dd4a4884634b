"""A long run under small faults everywhere: what grows, what leaks, what is lost.

    python -m tests.benchmarks.soak PATH/TO/fakeworld.py [--duration 72000] [--speed 20] [--prob 0.02] [--keep FOLDER]

``--duration`` is in seconds of the world: at ``--speed 20`` an hour holds 72,000 of them. When the faults are over the archive is asked
what is left to do, and waited for until every source has answered well since, no entry waits for its fetch and no message for its channel:
an outlet that answered 429 is left alone for a quarter of an hour, twice in a row for half an hour. Since that is real time, in which a fast
world publishes what it else does in ten hours, lists hold everything (``--window``): what a short list drops is another drill's.
Prints the slope of memory after the first third (a new archive fills SQLite's page caches: up to 64 MB for the writer), open files at both
ends, the world's verdict, and for everything missing or false what ``presswatch why`` says of it. Exit 1 where something was lost, doubled or broken, or where files stay open.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median
from typing import Any

from monitor.clock import SystemClock
from tests.benchmarks import rig, soak_trace

EVERY_S = 10.0
LISTS = ["feed", "sitemap", "section"]
FAULTS: tuple[dict[str, Any], ...] = (
    {"mode": "status", "code": 500}, {"mode": "status", "code": 403, "what": LISTS}, {"mode": "retry-after", "seconds": 5}, {"mode": "reset"},
    {"mode": "truncate"}, {"mode": "slow", "seconds": 5}, {"mode": "drip", "what": "article"}, {"mode": "empty"}, {"mode": "hang"},
    {"mode": "gzip-bomb", "mb": 60, "what": LISTS}, {"mode": "endless-headers"}, {"mode": "redirect-loop", "what": LISTS},
    {"mode": "deep", "what": "article"}, {"mode": "control-chars", "what": "feed"},
)  # fmt: skip
"""Those after which nothing may be missing once they are over: an article whose page is refused, a bomb or a circle is known by its teaser alone."""
LEAKED_FILES = 5
SLOPE_MB_H = 1.0
_STARTED = 6
"""The sample of a daemon that has surely started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The daemon's process at one moment: seconds since the start, RSS in bytes, how much of that is its own and no file's, open files."""

    at_s: float
    rss: int
    own: int
    files: int


def sample(daemon: rig.Daemon, began: float) -> Sample:
    """Look at the daemon alone: its children are made anew every few hundred pages."""
    pid = daemon.process.pid
    pages, shared = map(int, Path(f"/proc/{pid}/statm").read_text().split()[1:3])
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Sample(at_s=time.monotonic() - began, rss=pages * 4096, own=(pages - shared) * 4096, files=files)


def soak(world: rig.World, daemon: rig.Daemon, archive: Path, given: argparse.Namespace) -> list[Sample]:
    """Let the script play and look at the process every ten seconds."""
    began, over = time.monotonic(), time.monotonic() + given.duration / given.speed
    samples: list[Sample] = []
    while time.monotonic() < over:
        time.sleep(EVERY_S)
        if daemon.process.poll() is not None:
            sys.exit(f"the daemon ended by itself with {daemon.process.returncode}")
        samples.append(sample(daemon, began))
    world.clear()
    world.ask("/sink", {"webhook": "up"})
    finish(daemon, archive, given.patience)
    samples.append(sample(daemon, began))
    return samples


def finish(daemon: rig.Daemon, archive: Path, patience_s: float) -> None:
    """Wait until the daemon has nothing left to do, or patience ends; say once a minute what it waits for."""
    since, patience = SystemClock().now(), time.monotonic() + patience_s
    looks = 0
    while left := soak_trace.due(archive, since):
        if daemon.process.poll() is not None:
            sys.exit(f"the daemon ended by itself with {daemon.process.returncode}")
        if time.monotonic() > patience:
            print(f"patience ended: {left}", flush=True)
            return
        if looks % 12 == 0:
            print(f"waiting: {left}", flush=True)
        looks += 1
        time.sleep(5.0)


def slope_mb_h(samples: list[Sample], of: Callable[[Sample], int]) -> float:
    """Growth of memory after the first third, by least squares."""
    late = samples[len(samples) // 3 :]
    if len(late) < 2:
        return 0.0
    return linear_regression([s.at_s / 3600 for s in late], [of(s) / 1e6 for s in late]).slope


def show(samples: list[Sample]) -> list[str]:
    """Print the figures; return what is wrong with them."""
    third = samples[len(samples) // 3 :]
    first, last = samples[min(_STARTED, len(samples) - 1)], samples[-1]
    slope, own = slope_mb_h(samples, lambda s: s.rss), slope_mb_h(samples, lambda s: s.own)
    flat = median(s.files for s in third)
    print(
        f"{last.at_s / 60:.0f} min · RSS {first.rss / 1e6:.0f} -> {last.rss / 1e6:.0f} MB, peak {max(s.rss for s in samples) / 1e6:.0f} MB"
    )
    print(f"slope after the first third {slope:+.1f} MB/h, {own:+.1f} of it without mapped files (a day's run: < {SLOPE_MB_H} MB/h)")
    print(f"open files {first.files} -> {last.files}, median {flat:.0f}, most {max(s.files for s in samples)}")
    return [f"open files {first.files} -> {last.files}"] if last.files - first.files > LEAKED_FILES else []


def main() -> int:
    """Run the soak and print what it saw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    rig.options(parser, duration=72_000.0, speed=20.0, articles=100, window=100, prob=0.02, net=3, patience=4_000.0)
    parser.add_argument(
        "--without", action="append", default=[], metavar="MODE", help="leave a fault out; a 429 alone is waited for a quarter of an hour"
    )
    given = parser.parse_args()
    chosen = [fault for fault in FAULTS if fault["mode"] not in given.without]
    folder = given.keep or Path(tempfile.mkdtemp(prefix="presswatch-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "archive.db"
    world = rig.World(given.world, given)
    try:
        config = rig.settings(world, folder, given)
        daemon = rig.Daemon(config, folder / "daemon.log")
        world.ask("/faults", [{"what": "any", **fault, "outlets": "all", "prob": given.prob / len(chosen)} for fault in chosen])
        world.ask("/sink", {"webhook": {"mode": "flaky", "prob": given.prob}})
        samples = soak(world, daemon, archive, given)
        stopped_s = daemon.stop()
        articles = rig.archived(archive)
        report = world.ask("/report", {"archive": articles})
        amiss = soak_trace.amiss(world.ask("/truth"), soak_trace.keys(articles), world.ask("/deliveries?n=1000000"))
    finally:
        world.close()
    with (folder / "samples.csv").open("w", newline="") as out:
        csv.writer(out).writerows((round(s.at_s), s.rss, s.own, s.files) for s in samples)
    wrong = show(samples) + rig.judge(report, kills=0)
    wrong += soak_trace.integrity(archive)
    log = (folder / "daemon.log").read_text()
    print("\n".join(soak_trace.trace(config, amiss)))
    print(json.dumps({k: report[k] for k in ("published", "archivable", "archive", "alerts", "violations") if k in report}, indent=1))
    print(f"stopped in {stopped_s:.1f} s · tracebacks {log.count('Traceback')} · {folder}")
    print("\n".join(["WRONG:", *wrong]) if wrong else "nothing missing, doubled, foreign or forbidden; no file left open")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())

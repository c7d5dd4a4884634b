"""Every fault of the fake world on a third of its outlets, group by group: what a broken outlet may cost the others, which is nothing."""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.clock import SystemClock
from tests.benchmarks.rig import Daemon, World, settings

DOCUMENTS = ["feed", "sitemap", "section", "article"]
LISTS = ["feed", "sitemap", "section"]
Fault = Mapping[str, Any]

GROUPS: Mapping[str, Sequence[Fault]] = {
    "none": (),
    "silent": ({"mode": "hang"}, {"mode": "drip"}, {"mode": "slow"}, {"mode": "endless-headers"}),
    "broken off": ({"mode": "reset"}, {"mode": "truncate"}, {"mode": "endless"}, {"mode": "empty"}),
    "bombs": ({"mode": "gzip-bomb"}, {"mode": "deflate-bomb"}, {"mode": "huge"}, {"mode": "deep"}),
    "redirects": (
        {"mode": "redirect-loop"},
        {"mode": "redirect-chain"},
        {"mode": "redirect"},
        {"mode": "redirect-canary"},
        {"mode": "redirect-file"},
        {"mode": "cookie-wall"},
    ),
    "hostile feeds": (
        {"mode": "xml-bomb", "what": LISTS},
        {"mode": "xxe", "what": LISTS},
        {"mode": "hostile-links", "what": LISTS},
        {"mode": "trap", "what": "section"},
        {"mode": "naughty", "what": LISTS},
    ),
    "bad feeds": (
        {"mode": "bad-charset"},
        {"mode": "control-chars"},
        {"mode": "bad-dates", "what": LISTS},
        {"mode": "dup-guid", "what": LISTS},
        {"mode": "no-guid", "what": LISTS},
    ),
    "liars": ({"mode": "captcha"}, {"mode": "soft-404"}, {"mode": "etag-liar"}, {"mode": "no-validators"}, {"mode": "status"}),
    "floods": ({"mode": "flood", "n": 3_000, "what": LISTS}, {"mode": "flood", "what": LISTS, "count": 6}),
    "asked to wait": (
        {"mode": "retry-after", "seconds": 7, "prob": 0.3},
        {"mode": "retry-after", "seconds": 7, "http_date": True, "prob": 0.3},
    ),
    "robots.txt": (
        {"mode": "status", "what": "robots"},
        {"mode": "hang", "what": "robots"},
        {"mode": "redirect-canary", "what": "robots"},
        {"mode": "retry-after", "seconds": 7, "what": "robots"},
    ),
}
"""What is switched on in turn, each for its share of a group's time; the last two groups leave hosts alone for long."""

SETTLE_S = 12.0
_LEAK = re.compile(r"CANARY-SECRET|root:x:0:0|\b49\b")
_CLOCK = re.compile(r"\d\d:\d\d(:\d\d)?")
_KEY = re.compile(r"(o\d+a\d+)\.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a group did; ``p99_s`` is from publication to archive at the healthy outlets, ``missing`` what they lack."""

    group: str
    faults: int
    fired: int
    healthy: int
    missing: int
    untold: int
    faulty: int
    kept: int
    p99_s: float
    canary: int
    robots: int
    others: Mapping[str, int]
    inside: int
    tracebacks: int
    rss_mib: float

    @property
    def wrong(self) -> list[str]:
        """Everything that must not be."""
        counts = {
            "healthy articles missing": self.missing,
            "healthy alerts missing": self.untold,
            "canary": self.canary,
            "robots violations": self.robots,
            "requests inside Retry-After": self.inside,
            "tracebacks": self.tracebacks,
            **self.others,
        }
        return [f"{self.group}: {what} {n}" for what, n in counts.items() if n]


def run(program: Path, given: argparse.Namespace, folder: Path) -> list[Verdict]:
    """Play the groups one after another, each in a world and an archive of its own, printing a line for each."""
    chosen = list(GROUPS) if given.faults == ["all"] else [*dict.fromkeys(["none", *given.faults])]
    print(f"{'group':14} {'faults':>6} {'fired':>6} {'healthy':>9} {'untold':>6} {'faulty':>9} {'p99 s':>6} {'x':>5} "
          f"{'canary':>6} {'robots':>6} {'inside':>6} {'RSS MiB':>7}")  # fmt: skip
    verdicts: list[Verdict] = []
    for name in chosen:
        verdict = _group(name, program, given, folder / name.replace(" ", "-").replace(".", "-"))
        verdicts.append(verdict)
        v, base = verdict, verdicts[0].p99_s
        print(f"{v.group:14} {v.faults:6} {v.fired:6} {v.healthy - v.missing:4}/{v.healthy:<4} {v.untold:6} {v.kept:4}/{v.faulty:<4} {v.p99_s:6.2f} "
              f"{v.p99_s / base if base else 0:5.2f} {v.canary:6} {v.robots:6} {v.inside:6} {v.rss_mib:7.0f}", flush=True)  # fmt: skip
    return verdicts


def modes(world: World) -> set[str]:
    """The faults the world knows, to see that none is left out."""
    return set(world.ask("/")["modes"])


def _group(name: str, program: Path, given: argparse.Namespace, folder: Path) -> Verdict:
    folder.mkdir(parents=True, exist_ok=True)
    epoch = SystemClock().now()
    world = World(program, given, epoch=epoch.isoformat())
    third = list(range(0, given.outlets, 3))
    try:
        if left := modes(world) - {fault["mode"] for group in GROUPS.values() for fault in group}:
            raise SystemExit(f"no group holds {', '.join(sorted(left))}")
        daemon = Daemon(settings(world, folder, given), folder / "daemon.log")
        try:
            fired = _play(GROUPS[name], world, daemon, third, given.duration)
            over = time.monotonic() + given.patience
            while True:
                verdict = _judge(name, world, daemon, folder, third, epoch, fired)
                if not (verdict.missing or verdict.untold) or time.monotonic() > over:
                    break
                time.sleep(3.0)
        finally:
            daemon.stop()
    finally:
        world.close()
    return verdict


def _play(faults: Sequence[Fault], world: World, daemon: Daemon, third: Sequence[int], duration_s: float) -> int:
    """Switch the faults on and off in turn; return how often they struck."""
    fired = 0
    for fault in faults or ({},):
        if fault:
            world.ask("/faults", {"what": DOCUMENTS, **fault, "outlets": third})
        over = time.monotonic() + duration_s / max(len(faults), 1)
        while time.monotonic() < over:
            time.sleep(1.0)
            daemon.watch()
        fired += sum(f["fired"] for f in world.ask("/faults"))
        world.clear()
    time.sleep(SETTLE_S)
    return fired


def _judge(name: str, world: World, daemon: Daemon, folder: Path, third: Sequence[int], epoch: datetime, fired: int) -> Verdict:
    """Hold what the daemon archived and told against what the world published and saw."""
    now = world.ask("/state")["time"]
    due = [a for a in world.ask("/truth") if a["at"] <= now - SETTLE_S and not a["robots_disallowed"]]
    healthy = {a["key"]: a for a in due if a["outlet"] not in third}
    faulty = {a["key"] for a in due if a["outlet"] in third}
    archived = _archived(folder / "archive.db")
    waits = sorted((archived[key] - epoch).total_seconds() - a["at"] for key, a in healthy.items() if key in archived and a["at"] > 0)
    told = [{key for d in world.ask("/deliveries?n=1000000") if d["channel"] == c for key in d["keys"]} for c in ("webhook", "smtp")]
    wanted = {key for key, a in healthy.items() if a["entities"]}
    report = world.ask("/report", {})
    violations = _without_clocks(dict(report["violations"]), report["violation_list"])
    return Verdict(
        group=name,
        faults=len(GROUPS[name]),
        fired=fired,
        healthy=len(healthy),
        missing=len(healthy.keys() - archived.keys()),
        untold=sum(len(wanted - keys) for keys in told),
        faulty=len(faulty),
        kept=len(faulty & archived.keys()),
        p99_s=waits[int(len(waits) * 0.99)] if waits else 0.0,
        canary=violations.pop("ssrf-canary", 0),
        robots=violations.pop("robots", 0),
        others=violations,
        inside=inside(world.ask("/hits?n=1000000"), GROUPS[name]),
        tracebacks=(folder / "daemon.log").read_text().count("Traceback"),
        rss_mib=daemon.peak_rss / 2**20,
    )


def _without_clocks(counts: dict[str, int], told: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Leave out leaks that are none: the world looks for 49 beside "7*7", and finds the minute of a message's own times."""
    clocks = sum(v["kind"] == "leak-in-alert" and not _LEAK.search(_CLOCK.sub("", v["text"])) for v in told)
    left = counts.get("leak-in-alert", 0) - clocks
    return {kind: n for kind, n in {**counts, "leak-in-alert": left}.items() if n > 0}


def _archived(path: Path) -> dict[str, datetime]:
    """When each article was archived, by the key in its URL."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as archive:
        rows = archive.execute("SELECT coalesce(url, key), archived_at FROM articles")
        found = ((_KEY.search(urllib.parse.unquote(url)), at) for url, at in rows)
        return {match[1]: datetime.fromisoformat(at) for match, at in found if match}


def inside(hits: Sequence[Mapping[str, Any]], faults: Sequence[Fault]) -> int:
    """Count the requests a host got while it had asked to be left alone."""
    wait_s = max((fault["seconds"] for fault in faults if fault["mode"] == "retry-after"), default=0)
    until: dict[int, float] = {}
    wrong = 0
    for hit in hits:
        wrong += hit["at"] < until.get(hit["outlet"], 0.0)
        if wait_s and "retry-after" in hit["faults"]:
            # A date in the header is cut to the second, so the last one may be broken by up to one.
            until[hit["outlet"]] = hit["at"] + wait_s - 1.0
    return wrong


def report(verdicts: Sequence[Verdict]) -> int:
    """Say what was wrong; 1 where something was."""
    wrong = [line for verdict in verdicts for line in verdict.wrong]
    print(json.dumps({"groups": len(verdicts), "faults": sum(v.faults for v in verdicts), "wrong": len(wrong)}))
    print(
        "\n".join(["WRONG:", *wrong]) if wrong else "canary 0, robots 0, no request inside a Retry-After window, healthy outlets complete"
    )
    return 1 if wrong else 0

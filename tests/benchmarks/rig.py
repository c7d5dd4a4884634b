"""A drill against a world of fake outlets that keeps the truth: what it published, what it was asked, what it was told.

    python -m tests.benchmarks.rig PATH/TO/fakeworld.py [--outlets 20] [--articles 30] [--duration 60] [--kills 0] [--fault MODE:WHAT ...]
    python -m tests.benchmarks.rig PATH/TO/fakeworld.py --faults all --outlets 24 --articles 40 --duration 120

Starts the world and the daemon as processes, waits until everything is quiet, and prints the world's verdict. Exit 1 where an article or an
alert is missing, doubled or foreign, or a rule of politeness or safety was broken. With --faults every fault of the world is put on a third
of the outlets, group by group, ``duration`` seconds each, and the table says what the healthy ones noticed of it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

KINDS = {"rss": "feed", "atom": "feed", "json": "feed", "sitemap": "sitemap", "section": "listing"}
THEMES = {
    "deepseek-r2": '"Deepseek R2" OR 深度求索R2',
    "nvidia-sanctions": '"Nvidia-Sanktionen" OR "sanctions on Nvidia" OR "sanctions contre Nvidia" OR 英伟达制裁',
    "hangzhou-startups": '"Start-ups aus Hangzhou" OR "Hangzhou start-ups" OR "start-up de Hangzhou" OR 杭州初创企业',
}
QUIET_S = 90.0


class World:
    """The fake world as a process, asked over its control port."""

    def __init__(self, program: Path, given: argparse.Namespace, *, epoch: str | None = None) -> None:
        self.port, self.control = 18080 + given.net * 100, 18090 + given.net * 100
        self._process = subprocess.Popen(
            [sys.executable, str(program), "--outlets", str(given.outlets), "--articles", str(given.articles), "--duration", str(given.duration),
             "--seed", str(given.seed), "--match-rate", str(given.match_rate), "--backlog", str(given.backlog), "--window", str(given.window),
             "--speed", str(given.speed), "--port", str(self.port), "--control-port", str(self.control), "--net", str(given.net),
             *(("--epoch", epoch) if epoch else ())],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def ask(self, path: str, body: object = None) -> Any:
        """Call the control port; a body makes it a POST."""
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.control}{path}", data=data, timeout=120) as answer:
            return json.loads(answer.read())

    def clear(self) -> None:
        """Switch every fault off."""
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.control}/faults", method="DELETE"), timeout=120).close()

    def close(self) -> None:
        """End the world."""
        self._process.terminate()
        self._process.wait(10)


def settings(world: World, folder: Path, given: argparse.Namespace) -> Path:
    """Write the settings of a daemon that watches the world: every outlet, three themes, a webhook and a mailbox."""
    outlets = [
        {
            "name": seed["name"], "home": seed["home"], "language": seed["lang"], "country": "CH", "tier": 1, "poll_every": f"{given.poll:g}s",
            "spacing": "0s", "sources": [{KINDS[seed["kind"]]: seed["url"]}],
        }
        for seed in world.ask("/seeds")
    ]  # fmt: skip
    (folder / "outlets").mkdir()
    (folder / "outlets" / "world.yaml").write_text(json.dumps({"outlets": outlets}, ensure_ascii=False))
    themes = {t: {"label": t, "need": "the drill", "severity": "high", "rules": {"all": query}} for t, query in THEMES.items()}
    (folder / "themes.yaml").write_text(json.dumps({"themes": themes}, ensure_ascii=False))
    main = {
        "archive": str(folder / "archive.db"),
        "contact": "https://presswatch.example/drill",
        "timezone": "UTC",
        "allow_networks": [f"127.0.{given.net}.0/24"],
        "poll_every": f"{given.poll:g}s",
        "poll_at_least": f"{given.poll:g}s",
        "spacing": "0s",
        "stories": False,
        "storm": False,
        "listen": "off",
        "workers": 2,
        "channels": [
            {"name": "hook", "kind": "webhook", "url": f"http://127.0.0.1:{world.control + 1}/hook"},
            {
                "name": "mail",
                "kind": "email",
                "host": "127.0.0.1",
                "port": world.control + 2,
                "tls": "off",
                "to": "desk@presswatch.example",
            },
        ],
        "subscriptions": [{"to": c, "themes": ["*"], "follow_ups": "off"} for c in ("hook", "mail")],
    }
    path = folder / "presswatch.yaml"
    path.write_text(json.dumps(main))
    return path


class Daemon:
    """The daemon as a process, killed and started again at will."""

    def __init__(self, config: Path, log: Path) -> None:
        self._command = [str(Path(sys.executable).parent / "presswatch"), "--config", str(config), "run", "--log-format", "logfmt"]
        self._log = log
        self.peak_rss = 0
        self.start()

    def start(self, crash_at: str | None = None) -> None:
        """Start it, perhaps to die at a named point."""
        extra = {"PRESSWATCH_CRASH_AT": crash_at} if crash_at else {}
        with self._log.open("a") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, env={**os.environ, **extra})

    def kill(self) -> None:
        """End it without a word, and start it again."""
        self.process.kill()
        self.process.wait()
        self.start()

    def watch(self) -> None:
        """Note its memory (RSS in bytes)."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        self.peak_rss = max(self.peak_rss, int(found.group(1)) * 1024 if found else 0)

    def stop(self) -> float:
        """End it politely; return the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return time.monotonic() - began


def archived(path: Path) -> list[dict[str, str]]:
    """Every article with its text, as the world judges it."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as archive:
        rows = archive.execute(
            "SELECT coalesce(a.url, a.key), a.headline || ' ' || x.text FROM articles a JOIN article_texts x USING (article_id)"
        )
        return [{"url": url, "text": text} for url, text in rows]


def wait(world: World, daemon: Daemon, given: argparse.Namespace) -> None:
    """Let the script play, killing on the way, then until nothing is missing or patience ends."""
    rng = random.Random(given.seed)
    left = given.kills
    over = time.monotonic() + given.duration / given.speed
    while time.monotonic() < over:
        time.sleep(rng.uniform(0.5, 6.0) if left else 1.0)
        daemon.watch()
        if left:
            daemon.kill()
            left -= 1
    while left:
        time.sleep(rng.uniform(0.5, 6.0))
        daemon.kill()
        left -= 1
    if given.fault:
        world.clear()
    settle(world, daemon, given.patience)


def settle(world: World, daemon: Daemon, patience_s: float) -> None:
    """Wait until every alert that is due was told, or patience ends."""
    patience = time.monotonic() + patience_s
    while time.monotonic() < patience:
        time.sleep(3)
        daemon.watch()
        report = world.ask("/report", {})
        if all(a["missing"] == 0 for a in report["alerts"].values()):
            time.sleep(5)
            return


def faults(world: World, given: argparse.Namespace) -> None:
    """Break a third of the outlets as asked: ``mode``, or ``mode:what``."""
    for fault in given.fault:
        mode, _, what = fault.partition(":")
        world.ask("/faults", {"mode": mode, "what": what or "any", "outlets": list(range(0, given.outlets, 3)), "prob": given.prob})


def judge(report: dict[str, Any], kills: int) -> list[str]:
    """Name everything that is wrong."""
    archive = report["archive"]
    wrong = [f"articles {name}: {archive[name]}" for name in ("missing", "duplicated", "foreign", "disallowed") if archive[name]]
    wrong += [f"violations: {report['violations']}"] if report["violations"] else []
    for channel, alerts in report["alerts"].items():
        wrong += [f"{channel} {name}: {alerts[name]}" for name in ("missing", "false") if alerts[name]]
        if alerts["duplicates_after_ack"] > kills:
            wrong.append(f"{channel} duplicates: {alerts['duplicates_after_ack']} with {kills} kills")
    return wrong


def options(parser: argparse.ArgumentParser, **defaults: float) -> None:
    """Add what every drill against a world takes; ``defaults`` replaces some."""
    parser.add_argument("world", type=Path)
    for name, kind, default in (
        ("outlets", int, 20), ("articles", int, 30), ("duration", float, 60.0), ("seed", int, 7), ("match-rate", float, 0.08), ("backlog", int, 3),
        ("window", int, 30), ("speed", float, 1.0), ("poll", float, 2.0), ("net", int, 1), ("prob", float, 1.0), ("patience", float, QUIET_S),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=kind, default=defaults.get(name, default))
    parser.add_argument("--keep", type=Path, help="a folder to keep archive and log in")


def main() -> int:
    """Run the drill and print the verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options(parser)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--fault", action="append", default=[], help="mode or mode:what, on a third of the outlets")
    parser.add_argument("--faults", nargs="+", help="all, or names of groups: every fault in turn instead of one drill")
    given = parser.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="presswatch-rig-"))
    folder.mkdir(parents=True, exist_ok=True)
    if given.faults:
        from tests.benchmarks import rig_faults  # it stands on this module

        return rig_faults.report(rig_faults.run(given.world, given, folder))
    world = World(given.world, given)
    try:
        faults(world, given)
        daemon = Daemon(settings(world, folder, given), folder / "daemon.log")
        wait(world, daemon, given)
        stopped_s = daemon.stop()
        report = world.ask("/report", {"archive": archived(folder / "archive.db")})
    finally:
        world.close()
    wrong = judge(report, given.kills)
    log = (folder / "daemon.log").read_text()
    print(
        json.dumps(
            {k: report[k] for k in ("published", "archivable", "archive", "alerts", "violations", "politeness") if k in report}, indent=1
        )
    )
    print(
        f"kills {given.kills} · peak RSS {daemon.peak_rss / 2**20:.0f} MiB · stopped in {stopped_s:.1f} s · tracebacks {log.count('Traceback')} · {folder}"
    )
    print("\n".join(["WRONG:", *wrong]) if wrong else "nothing missing, doubled, foreign or forbidden")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What a daemon under a soak still has to do, and why an item of the world's truth is not where it should be: in the archive's own words."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import urllib.parse
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

_MOST = 80
"""So many items are traced; every one costs a process."""
_SINKS = ("webhook", "smtp")
_KEY = re.compile(r"(o\d+a\d+)\.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is left to do: sources that have not answered well since the faults ended, entries to be fetched, messages to be sent."""

    sources: int
    entries: int
    deliveries: int
    next_at: str | None

    def __bool__(self) -> bool:
        """Say whether anything is left."""
        return bool(self.sources or self.entries or self.deliveries)

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"{self.sources} sources not read since, {self.entries} entries and {self.deliveries} messages waiting, next at {self.next_at}"
        )


def due(path: Path, since: datetime) -> Due:
    """Ask the archive what the daemon has still to do; ``since`` is when the faults ended."""
    written = since.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as archive:
        sources, source_at = archive.execute(
            "SELECT count(*), min(next_at) FROM sources WHERE coalesce(last_ok_at, '') < :since"
            " AND NOT (last_error IS 'robots.txt disallows' AND last_poll_at >= :since)",
            {"since": written},
        ).fetchone()
        entries, entry_at = archive.execute("SELECT count(*), min(next_at) FROM entries WHERE state = 'new'").fetchone()
        deliveries, delivery_at = archive.execute(
            "SELECT count(*), min(next_at) FROM deliveries WHERE status IN ('pending', 'held', 'retry')"
        ).fetchone()
    times = [at for at in (source_at, entry_at, delivery_at) if at]
    return Due(sources=sources, entries=entries, deliveries=deliveries, next_at=min(times, default=None))


def keys(articles: Sequence[Mapping[str, str]]) -> set[str]:
    """The world's keys of what was archived."""
    found = (_KEY.search(urllib.parse.unquote(article["url"])) for article in articles)
    return {match[1] for match in found if match}


def integrity(path: Path) -> list[str]:
    """What SQLite itself, and the archive's own promises, find wrong."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as archive:
        (said,) = archive.execute("PRAGMA integrity_check").fetchone()
        (unjudged,) = archive.execute("SELECT count(*) FROM articles WHERE rules_version IS NULL OR rules_version = ''").fetchone()
    return [f"integrity: {said}"] * (said != "ok") + [f"articles without a verdict of the rules: {unjudged}"] * (unjudged > 0)


def amiss(
    truth: Sequence[Mapping[str, Any]], archived: Collection[str], deliveries: Sequence[Mapping[str, Any]]
) -> list[tuple[str, Mapping[str, Any]]]:
    """Name everything that is not as the world has it, each article once: not archived, not told on a channel, or told without reason."""
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    wanted = [a for a in truth if a["published"] and not a["robots_disallowed"]]
    for article in wanted:
        if article["key"] not in archived:
            found[article["key"]] = ("not archived", article)
    for sink in _SINKS:
        told = {key for d in deliveries if d["channel"] == sink for key in d["keys"]}
        acked = {key for d in deliveries if d["channel"] == sink and d["acked"] for key in d["keys"]}
        for article in wanted:
            if article["entities"] and article["key"] not in acked:
                found.setdefault(article["key"], (f"not told on {sink}", article))
        for article in truth:
            if not article["entities"] and article["key"] in told:
                found.setdefault(article["key"], (f"told falsely on {sink}", article))
    return list(found.values())


def trace(config: Path, items: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Ask ``presswatch why`` of each item; a line for what it is and one for each gate it came to."""
    lines: list[str] = []
    for what, article in items[:_MOST]:
        lines.append(
            f"{what}: {article['key']} of world second {article['at']:.0f}, {', '.join(article['entities']) or 'no match'}, {article['url']}"
        )
        lines += [f"    {said}" for said in _why(config, article["url"])]
    return lines


def _why(config: Path, url: str) -> list[str]:
    command = [str(Path(sys.executable).parent / "presswatch"), "--config", str(config), "why", url, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return (done.stdout + done.stderr).splitlines()
    answer = answer[0] if isinstance(answer, list) else answer
    return [f"{gate['gate']} {gate['standing']}: {' · '.join(gate['said'])}" for gate in answer["gates"]]

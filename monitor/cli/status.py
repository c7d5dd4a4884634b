"""presswatch status: what works, and what needs a look."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click

from monitor.cli import fleet
from monitor.cli.config import shown_url
from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Show, ago, listing, local, width_of
from monitor.config.terminal import width

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.archive import Archive
    from monitor.config.settings import Settings

_SAID_BY_ROWS = frozenset({"silent", "blocked", "dead"})
Rows = list[dict[str, Any]]

_CELLS: Final = 100
"""Where nobody knows how wide it may be."""
_ENOUGH: Final = 1000
"""Articles from which a size per article is worth a forecast."""


@click.command("status")
@click.option("--health", is_flag=True, help="Only ask the running daemon whether it works: exit 0, 1, or 69 where none answers.")
@listing
@shared
@pass_given
def command(given: Given, show: Show, *, health: bool) -> None:
    """Say what works and what needs a look; exit 1 where something does, marked with '!'."""
    if health:
        _health(given)
        return
    settings = given.settings()
    now = given.clock.now()
    with given.archive(settings) as archive:
        facts = _facts(archive, settings, now)
    if show.is_table:
        click.echo("\n".join(_lines(facts, settings, now, width(sys.stdout) or _CELLS)))
    else:
        show.one(facts)
    if facts["attention"]:
        raise click.exceptions.Exit(1)


def _health(given: Given) -> None:
    """Ask the daemon itself, as a probe does."""
    from monitor.cli.health import ask  # noqa: PLC0415 - only probes pay

    why = ask(given.settings(secrets=True))
    click.echo(f"not ready: {why}" if why else "ready")
    if why:
        raise click.exceptions.Exit(1)


def _facts(archive: Archive, settings: Settings, now: datetime) -> dict[str, Any]:
    """Gather counts and everything that needs a look."""
    from monitor.archive import reads, upkeep  # noqa: PLC0415 - the database is paid for only by commands that ask it

    counts = archive.read_now(lambda tx: reads.status(tx, now))
    sources = archive.read_now(lambda tx: reads.listing(tx, "v_outlet_health"))
    dead = archive.read_now(lambda tx: reads.listing(tx, "v_deliveries", reads.Filter(status=("dead",), limit=1000)))
    notices = archive.read_now(reads.open_notices)
    nodes = archive.read_now(reads.nodes)
    queue = archive.read_now(lambda tx: reads.queue_states(tx, settings.lease_s)) if nodes else ()
    return {
        "archive": shown_url(settings.archive),
        "archive_bytes": upkeep.archive_bytes(archive),
        "days_until_full": _days_until_full(upkeep.archive_bytes(archive), upkeep.free_bytes(archive), counts),
        "daemon_pid": _daemon(settings),
        **counts,
        "nodes": [{**asdict(node), "is_silent": node.is_silent(now)} for node in nodes],
        "queue": [asdict(state) for state in queue],
        "attention": [*_troubled(sources, now), *_failed(dead), *_noticed(notices, sources), *fleet.attention(nodes, queue, now)],
    }


def _daemon(settings: Settings) -> int | None:
    """Return the process that holds the archive's lock."""
    from monitor.archive.lock import holder  # noqa: PLC0415 - the database is paid for only by commands that ask it

    path = settings.archive_path
    return holder(path) if path is not None and path.exists() else None


def _troubled(sources: Rows, now: datetime) -> Rows:
    """Return sources that fail or are silent."""
    found: Rows = []
    for row in sources:
        if row["failures"]:
            times = "once" if row["failures"] == 1 else f"{row['failures']} times"
            said = f"{row['last_status']} {times}" + (f" ({row['last_error']})" if row["last_error"] else "")
            found.append({"what": "source", "subject": _door(row), "said": said, "next_at": row["next_at"]})
        elif row["is_silent"]:
            said = f"silent for {ago(row['last_new_at'], now)}"
            found.append({"what": "source", "subject": _door(row), "said": said, "next_at": row["next_at"]})
    return found


def _door(row: Mapping[str, Any]) -> str:
    """Name a source so that two of one outlet are told apart."""
    return f"{row['outlet']} {row['section'] or urlsplit(row['url']).path} ({row['kind']})"


def _failed(dead: Rows) -> Rows:
    by_channel: dict[str, Rows] = {}
    for row in {row["delivery_id"]: row for row in dead}.values():
        by_channel.setdefault(row["channel"], []).append(row)
    return [
        {
            "what": "channel",
            "subject": channel,
            "said": f"{len(rows)} messages given up; the last: {rows[0]['error']}. presswatch alerts resend --failed --channel {channel}",
            "next_at": None,
        }
        for channel, rows in by_channel.items()
    ]


def _noticed(notices: Rows, sources: Rows) -> Rows:
    """Return open notices that say more than the sources' own rows; a missing contact is no trouble, only slow."""
    known = {row["source_id"]: row for row in sources}
    return [
        {
            "what": row["kind"],
            "subject": _door(known[row["subject"]]) if row["subject"] in known else row["subject"],
            "said": row["text"],
            "next_at": None,
        }
        for row in notices
        if row["kind"] != "contact" and not (row["kind"] in _SAID_BY_ROWS and row["subject"] in known)
    ]


def _days_until_full(size: int, free: int | None, counts: Mapping[str, Any]) -> int | None:
    """Say how long the disk lasts at the pace of the last week; None on a server and before a day's worth is known."""
    daily = counts["articles_last_week"] / 7
    if free is None or not daily or counts["articles"] < _ENOUGH:
        return None
    return int(free / (size / counts["articles"] * daily))


def _lines(facts: Mapping[str, Any], settings: Settings, now: datetime, cells: int) -> list[str]:
    """Return the screen, each line within ``cells``."""
    pid, days, delay = facts["daemon_pid"], facts["days_until_full"], facts["median_delay_s"]
    running = f"running, pid {pid}" if pid else "no daemon is running here" if settings.archive_path else fleet.headline(facts["nodes"])
    healthy = facts["sources"] - facts["sources_failing"] - facts["sources_silent"]
    pieces = {
        "daemon": [running, f"last poll {_past(facts['last_poll_at'], now)}"],
        "archive": [
            f"{facts['articles']:,} articles, {size(facts['archive_bytes'])}",
            *([f"disk full in {days:,} days at this pace"] if days is not None else []),
        ],
        "sources": [f"{facts['sources']} watched, {healthy} healthy", *_polled(facts), f"{facts['entries_waiting']:,} entries waiting"],
        "alerts": [
            f"{facts['alerts_today']} today",
            *_sent(facts),
            *([f"median {delay:.0f} s from first sight to message"] if delay else []),
        ],
    }
    told = [*pieces.items(), *fleet.lines(facts["nodes"], facts["queue"])]
    lines = [line for title, said in told for line in _flowed(title, said, cells)]
    for row in facts["attention"]:
        later = f"; next try {local(row['next_at'], settings.timezone)}" if row["next_at"] else ""
        lines += _wrapped(f"{row['subject']}: {row['said']}{later}", cells)
    return lines


def _polled(facts: Mapping[str, Any]) -> list[str]:
    never = facts["sources_never_polled"]
    found = f"last hour {facts['polls_last_hour']:,} polls, {facts['entries_last_hour']:,} new entries, {facts['articles_last_hour']:,} articles"
    return [*([f"{never} never polled"] if never else []), found]


def _sent(facts: Mapping[str, Any]) -> list[str]:
    waiting = facts["outbox_pending"] + facts["outbox_retry"]
    return [f"{facts['sent_today']} messages sent, {waiting} waiting, {facts['outbox_held']} held, {facts['dead']} given up"]


def _flowed(title: str, pieces: Sequence[str], cells: int) -> list[str]:
    """Put pieces on as few lines as fit, none of them broken."""
    lines = [f"{title:<9}{pieces[0]}"]
    for piece in pieces[1:]:
        longer = f"{lines[-1]} · {piece}"
        if width_of(longer) <= cells:
            lines[-1] = longer
        else:
            lines.append(" " * 9 + piece)
    return lines


def _wrapped(text: str, cells: int) -> list[str]:
    """Break one thing that needs a look between its words; a command stays in one piece, to be copied."""
    lines, indent = ["  !"], "   "
    for word in re.findall(r"presswatch [a-z].*|\S+", text):
        if width_of(f"{lines[-1]} {word}") <= cells or lines[-1] in {"  !", indent}:
            lines[-1] += f" {word}"
        else:
            lines.append(f"{indent} {word}")
    return lines


def _past(value: object, now: datetime) -> str:
    said = ago(value, now)
    return said if said == "never" else f"{said} ago"


def size(count: int) -> str:
    """Return bytes as people say them."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError

"""presswatch status: what works, and what needs a look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from monitor.cli.config import shown_url
from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Show, ago, listing, local

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.archive import Archive
    from monitor.config.settings import Settings

Rows = list[dict[str, Any]]


@click.command("status")
@listing
@shared
@pass_given
def command(given: Given, show: Show) -> None:
    """Say what works and what needs a look; exit 1 where something does, marked with '!'."""
    settings = given.settings()
    now = given.clock.now()
    with given.archive(settings) as archive:
        facts = _facts(archive, settings, now)
    if show.is_table:
        click.echo("\n".join(_lines(facts, settings, now)))
    else:
        show.one(facts)
    if facts["attention"]:
        raise click.exceptions.Exit(1)


def _facts(archive: Archive, settings: Settings, now: datetime) -> dict[str, Any]:
    """Gather counts and everything that needs a look."""
    from monitor.archive import reads, upkeep  # noqa: PLC0415 - the database is paid for only by commands that ask it

    counts = archive.read_now(lambda tx: reads.status(tx, now))
    sources = archive.read_now(lambda tx: reads.listing(tx, "v_outlet_health"))
    dead = archive.read_now(lambda tx: reads.listing(tx, "v_deliveries", reads.Filter(status=("dead",), limit=1000)))
    notices = archive.read_now(reads.open_notices)
    return {
        "archive": shown_url(settings.archive),
        "archive_bytes": upkeep.archive_bytes(archive),
        "daemon_pid": _daemon(settings),
        **counts,
        "attention": [*_troubled(sources, now), *_failed(dead), *_noticed(notices, sources)],
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
    """Return open notices that say more than the sources' own rows."""
    known = {row["source_id"] for row in sources}
    return [
        {"what": row["kind"], "subject": row["subject"], "said": row["text"], "next_at": None}
        for row in notices
        if row["subject"] not in known
    ]


def _lines(facts: Mapping[str, Any], settings: Settings, now: datetime) -> list[str]:
    pid = facts["daemon_pid"]
    running = f"running, pid {pid}" if pid else "no daemon is running here" if settings.archive_path else "archive on a server"
    healthy = facts["sources"] - facts["sources_failing"] - facts["sources_silent"]
    delay = facts["median_delay_s"]
    waiting = facts["outbox_pending"] + facts["outbox_retry"]
    polled = f"last hour {facts['polls_last_hour']:,} polls, {facts['entries_last_hour']:,} new entries, {facts['articles_last_hour']:,} articles"
    sent = f"today {facts['alerts_today']}, {facts['sent_today']} messages sent, {waiting} waiting, {facts['outbox_held']} held, {facts['dead']} given up"
    typical = f" · median {delay:.0f} s from first sight to message" if delay is not None else ""
    lines = [
        f"{running} · archive {size(facts['archive_bytes'])}, {facts['articles']:,} articles · last poll {_past(facts['last_poll_at'], now)}",
        f"sources   {facts['sources']} watched, {healthy} healthy · {polled} · {facts['entries_waiting']:,} waiting",
        f"alerts    {sent}{typical}",
    ]
    for row in facts["attention"]:
        later = f"; next try {local(row['next_at'], settings.timezone)}" if row["next_at"] else ""
        lines.append(f"  ! {row['subject']}: {row['said']}{later}")
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

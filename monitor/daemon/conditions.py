"""What is wrong with sources, outlets and the budget: told once when it begins and once when it is over, also across restarts.

What was told stands in the archive's notices; a condition is a notice that no recovery has followed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from crawler import cadence, health
from crawler.model import PollStatus, Source
from monitor.archive import Tx, reads, writes
from monitor.archive.shapes import chunks
from monitor.daemon.parts import Parts
from monitor.daemon.watch import Watch

_REFUSALS: Final = frozenset({PollStatus.BLOCKED.value, PollStatus.REFUSED_ROBOTS.value})
_IN_A_ROW: Final = 3
_OVERFLOW_TOLD = timedelta(hours=24)
_HISTORY = timedelta(days=28)
_PAGES: Final = 140
_OUTLETS_AT_A_TIME: Final = 200
_GAUGES_AT_A_TIME: Final = 200
_OVERSPENT: Final = 1.2
_OVER: Final[Mapping[str, str]] = {
    "silent": "publishes again",
    "blocked": "lets us in again",
    "dead": "answers again",
    "overflow": "is asked often enough again: its list has not run over for a day",
    "extraction": "is read as well as before again",
    "budget": "polls are within the budget again",
    "contact": "a contact is set",
}
_BY_SOURCE: Final = ("silent", "blocked", "dead", "overflow")
_BY_SETTINGS: Final = ("budget", "contact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is wrong now; ``subject`` is a source, an outlet or "settings", ``who`` its name for people."""

    kind: str
    subject: str
    who: str
    text: str


async def look_at_sources(parts: Parts) -> None:
    """Compare every source with its own habit, and the spending with the budget."""
    watch, now = parts.in_force.watch, parts.clock.now()
    found = await parts.archive.read(lambda tx: tuple(of_sources(tx, watch, now)))
    silent = {c.subject for c in found if c.kind == "silent"}
    for number, source_id in enumerate(watch.sources):
        parts.metrics.source_silent.labels(source_id).set(source_id in silent)
        if number % _GAUGES_AT_A_TIME == 0:
            await asyncio.sleep(0)  # ten thousand in one go would hold the loop up
    await parts.archive.write(lambda tx: _mark_silent(tx, silent, now))
    await _tell(parts, _BY_SOURCE, found)
    await _tell(parts, _BY_SETTINGS, tuple(of_settings(parts)))


async def look_at_outlets(parts: Parts) -> None:
    """Compare how every outlet's last pages were read with how they were read before."""
    watch, now = parts.in_force.watch, parts.clock.now()
    found: list[Condition] = []
    for some in chunks(sorted(watch.desk.outlets), _OUTLETS_AT_A_TIME):
        found += await parts.archive.read(partial(_of_outlets, watch=watch, some=some, now=now))
    await _tell(parts, ("extraction",), found)


def of_sources(tx: Tx, watch: Watch, now: datetime) -> Iterator[Condition]:
    """What is wrong with sources, by what the archive remembers of them."""
    lost = reads.overflows(tx, now - _OVERFLOW_TOLD)
    for row in reads.source_states(tx):
        source, outlet = watch.sources.get(row["source_id"]), watch.desk.outlets.get(row["outlet_id"])
        if source is None or outlet is None or not row["state"]:
            continue
        who = f"{outlet.name}, {door(source)}"
        for kind, text in _of_source(row, cadence.FeedState.from_json(row["state"]), lost.get(source.source_id, 0), now):
            yield Condition(kind=kind, subject=source.source_id, who=who, text=f"{who} {text}")


def _of_source(row: Mapping[str, Any], state: cadence.FeedState, lost: int, now: datetime) -> Iterator[tuple[str, str]]:
    if cadence.is_silent(state, now):
        since = f"since {row['last_new_at']:%d %b, %H:%M} UTC" if row["last_new_at"] else "since it was added"
        yield "silent", f"lists nothing new {since}, against its habit"
    if cadence.is_dead(state, now):
        since = f"since {row['last_ok_at']:%d %b %Y}" if row["last_ok_at"] else "since it was added"
        yield "dead", f"has not answered {since} ({row['last_status']}); it is asked daily, later weekly. Mend or remove it"
    elif row["last_status"] in _REFUSALS and row["failures"] >= _IN_A_ROW:
        yield "blocked", f"refuses us ({row['last_status']}), {row['failures']} polls in a row"
    if lost:
        yield (
            "overflow",
            f"was full of new entries at {lost} polls of the last day, so some were lost; give it a shorter poll_every or a sitemap",
        )


def of_settings(parts: Parts) -> Iterator[Condition]:
    """What the settings make impossible."""
    settings, price = parts.in_force.settings, parts.line.price
    if not settings.contact:
        said = "no contact is set, so outlets are asked at most hourly; set contact in presswatch.yaml"
        yield Condition(kind="contact", subject="settings", who="", text=said)
    if price is not None and price.spent > _OVERSPENT * price.expected:
        said = (
            f"{price.spent:.0f} polls an hour where the budget of requests_per_hour allows {price.expected:.0f}; raise it, or poll_at_least"
        )
        yield Condition(kind="budget", subject="settings", who="", text=said)


def _of_outlets(tx: Tx, *, watch: Watch, some: Sequence[str], now: datetime) -> list[Condition]:
    found = []
    for outlet_id, pages in reads.readings(tx, some, now - _HISTORY, _PAGES).items():
        said = health.failing(pages[: health.RECENT], pages[health.RECENT :])
        if said:
            who = watch.desk.outlets[outlet_id].name
            found.append(
                Condition(kind="extraction", subject=outlet_id, who=who, text=f"{who} is read worse than before: {'; '.join(said)}")
            )
    return found


def door(source: Source) -> str:
    """Name a source so that two of one outlet are told apart."""
    return f"{source.kind.value} {source.section or urlsplit(source.url).path or '/'}"


def _mark_silent(tx: Tx, silent: set[str], now: datetime) -> None:
    for row in reads.source_states(tx):
        if (row["source_id"] in silent) != (row["silent_at"] is not None):
            writes.put_silence(tx, row["source_id"], now if row["source_id"] in silent else None)


async def _tell(parts: Parts, kinds: Sequence[str], found: Sequence[Condition]) -> None:
    """Tell what began and what is over since it was last looked."""
    told = {(n["kind"], n["subject"]): n for n in await parts.archive.read(reads.open_notices) if n["kind"] in kinds}
    now = {(c.kind, c.subject): c for c in found}
    for kind in kinds:
        parts.metrics.conditions.labels(kind).set(sum(c.kind == kind for c in found))
    for key, condition in now.items():
        if key not in told:
            await parts.notices.tell(condition.kind, condition.subject, condition.text)
    for kind, subject in told.keys() - now.keys():
        await parts.notices.tell(kind, subject, f"{_name(parts.in_force.watch, subject)}{_OVER[kind]}", is_recovery=True)


def _name(watch: Watch, subject: str) -> str:
    """A subject as a person knows it, also where it has left the settings."""
    source, outlet = watch.sources.get(subject), watch.desk.outlets.get(subject)
    if source is not None:
        return f"{watch.desk.outlets[source.outlet_id].name}, {door(source)} "
    return "" if subject == "settings" else f"{outlet.name if outlet else subject} "

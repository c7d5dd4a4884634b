"""Killed two hundred times while it delivers: nothing is lost, and what comes twice was killed between sending and marking."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from monitor.archive import Archive, Tx, reads, writes
from monitor.clock import FixedClock
from tests.archives import RULES, entry, list_entries, outlet, settle
from tests.delivering import run
from tests.sinks import Seen, http_sink

KILLS = 200
MESSAGES = 3_000


def fill(tx: Tx, first: int, count: int) -> None:
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    if first == 0:
        writes.put_outlets(tx, [outlet("Alpenpost")], now)
        writes.put_rules(tx, RULES, now)
    for listed in list_entries(tx, *(entry("alpenpost", f"a{n}") for n in range(first, first + count)), at=now):
        settle(tx, listed, now=now)


def unsent(archive: Archive) -> int:
    standing = archive.read_now(reads.outbox)
    return sum(n for status, n in standing.items() if status != "dead")


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_killed_two_hundred_times_nothing_is_lost_and_little_comes_twice(archive_url: str) -> None:
    archive = Archive.open(archive_url, clock=FixedClock(datetime(2026, 1, 5, 12, tzinfo=UTC)))
    for first in range(0, MESSAGES, 500):
        archive.write_now(lambda tx, first=first: fill(tx, first, 500))  # type: ignore[misc]
    source, kills = random.Random(11), 0
    births = multiprocessing.get_context("forkserver")
    births.set_forkserver_preload(["tests.delivering"])
    async with http_sink() as sink:
        while unsent(archive):
            process = births.Process(target=run, args=(archive_url, f"{sink.address}/hook"), daemon=True)
            process.start()
            seen = len(sink.seen)
            await until(lambda seen=seen: len(sink.seen) > seen or not unsent(archive))  # type: ignore[misc]
            if kills < KILLS:
                await asyncio.sleep(source.uniform(0.0, 0.1))
                kills += 1
            else:
                await until(lambda: not unsent(archive))
            process.kill()
            await asyncio.to_thread(process.join)
        taken = Counter(key_of(seen) for seen in sink.seen)
    archive.close()
    doubled = sum(taken.values()) - len(taken)
    assert len(taken) == MESSAGES
    assert kills == KILLS
    assert doubled <= kills, f"{doubled} twice, {kills} kills"


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something to come true in another process."""
    for _ in range(60_000):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come true in ten minutes")


def key_of(seen: Seen) -> str:
    return seen.headers["idempotency-key"]

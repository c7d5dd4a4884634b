"""Killed two hundred times while it delivers: nothing is lost, and what comes twice was killed between sending and marking."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from datetime import UTC, datetime

import pytest

from monitor.archive import Archive, Tx, reads, writes
from monitor.clock import FixedClock
from tests.archives import RULES, entry, list_entries, outlet, settle
from tests.sinks import Seen, http_sink

KILLS = 200
MESSAGES = 6_000


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
@pytest.mark.parametrize("archive_url", ["sqlite", "postgres"], indirect=True)
async def test_killed_two_hundred_times_nothing_is_lost_and_little_comes_twice(archive_url: str) -> None:
    archive = Archive.open(archive_url, clock=FixedClock(datetime(2026, 1, 5, 12, tzinfo=UTC)))
    for first in range(0, MESSAGES, 500):
        archive.write_now(lambda tx, first=first: fill(tx, first, 500))  # type: ignore[misc]
    source, kills = random.Random(11), 0
    async with http_sink() as sink:
        while unsent(archive):
            before = len(sink.seen)
            process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.delivering", archive_url, f"{sink.address}/hook")
            if kills >= KILLS:
                while unsent(archive):
                    await asyncio.sleep(0.5)
            else:
                while len(sink.seen) <= before + 1 and unsent(archive):
                    await asyncio.sleep(0.02)
                await asyncio.sleep(source.uniform(0.0, 0.15))
                kills += 1
            process.kill()
            await process.wait()
        taken = Counter(key_of(seen) for seen in sink.seen)
    archive.close()
    doubled = sum(taken.values()) - len(taken)
    print(f"{len(taken)} messages taken, {doubled} twice, {kills} kills")
    assert len(taken) == MESSAGES
    assert kills >= min(KILLS, MESSAGES // 60)
    assert doubled <= kills


def key_of(seen: Seen) -> str:
    return seen.headers["idempotency-key"]

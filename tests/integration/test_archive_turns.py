"""Turns at hosts that several nodes share on a real PostgreSQL: one at a time, and nobody meets the request of a node that was frozen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from monitor.archive import Archive, SharedHostRows
from monitor.clock import SystemClock, through_sleep

SYSTEM = SystemClock()
HOST = "a.example"


class Node:
    """One of two; ``asleep_s`` is how long it was frozen."""

    def __init__(self, url: str, name: str, request_s: float, fresh_s: float) -> None:
        self.asleep_s = 0.0
        self.is_live = True
        self.archive = Archive.open(url, clock=SYSTEM)
        self.turns = SharedHostRows(
            self.archive,
            SYSTEM,
            by=name,
            request_s=request_s,
            fresh_s=fresh_s,
            is_live=lambda: self.is_live,
            monotonic=lambda: through_sleep() + self.asleep_s,
        )

    async def close(self) -> None:
        await self.turns.close()
        self.archive.close()

    def busy(self) -> tuple[object, ...] | None:
        """Who has the host, and until when that is believed."""
        with psycopg.connect(self.archive.where.dsn, autocommit=True) as server:
            return server.execute("SELECT busy_by, busy_until FROM hosts WHERE host = %s", (HOST,)).fetchone()


@asynccontextmanager
async def two(url: str, request_s: float, fresh_s: float) -> AsyncIterator[tuple[Node, Node]]:
    made = Node(url, "node 0", request_s, fresh_s), Node(url, "node 1", request_s, fresh_s)
    yield made
    for node in made:
        await node.close()


@pytest.fixture
async def nodes(postgres_url: str) -> AsyncIterator[tuple[Node, Node]]:
    async with two(postgres_url, 30.0, 60.0) as made:
        yield made


async def take(node: Node, spacing_s: float = 0.0) -> None:
    assert await node.turns.reserve(HOST, spacing_s) == 0.0
    assert await asyncio.wait_for(node.turns.enter(HOST, spacing_s), 10)


async def until_free(node: Node) -> None:
    async with asyncio.timeout(30):
        while node.busy() != (None, None):  # noqa: ASYNC110 - it is the database that changes
            await asyncio.sleep(0.02)


async def test_nodes_share_the_turns_at_a_host(nodes: tuple[Node, Node]) -> None:
    waits = [await nodes[i % 2].turns.reserve(HOST, 10.0) for i in range(4)]
    assert waits == pytest.approx([0, 10, 20, 30], abs=1.0)
    assert await nodes[0].turns.reserve(HOST, 10.0, most_s=20.0) > 20.0
    assert await nodes[1].turns.reserve(HOST, 10.0) == pytest.approx(40.0, abs=1.0), "a turn too far away was told and not booked"


async def test_a_hold_reaches_the_other_node_with_its_next_turn(nodes: tuple[Node, Node]) -> None:
    first, second, now = nodes[0].turns, nodes[1].turns, SYSTEM.now()
    await first.hold(HOST, now + timedelta(days=3_650), "429")
    await second.hold(HOST, now + timedelta(seconds=5), "503")
    assert await second.reserve(HOST, 1.0) > 86_400
    assert await second.held_until(HOST) == pytest.approx(now + timedelta(days=3_650), abs=timedelta(milliseconds=1))
    assert not await second.enter(HOST, 1.0)


async def test_a_host_is_the_others_once_it_is_left(nodes: tuple[Node, Node]) -> None:
    first, second = nodes
    await take(first)
    assert await second.turns.reserve(HOST, 0.0) == 0.0
    waiting = asyncio.create_task(second.turns.enter(HOST, 0.0))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    first.turns.leave(HOST)
    assert await asyncio.wait_for(waiting, 10)
    assert not await first.turns.confirm(HOST)
    assert await second.turns.confirm(HOST)


async def test_a_turn_that_got_old_is_asked_for_anew_before_the_request_goes_out(nodes: tuple[Node, Node]) -> None:
    first, _ = nodes
    await take(first)
    before = first.busy()
    assert await first.turns.confirm(HOST)
    assert first.busy() == before, "it is fresh"
    first.asleep_s += 100.0
    assert await first.turns.confirm(HOST)
    assert first.busy() != before


async def test_a_frozen_node_finds_its_turn_gone_when_it_wakes_up_and_the_other_waited_for_its_request(postgres_url: str) -> None:
    request_s = 0.5
    async with two(postgres_url, request_s, 0.2) as (first, second):
        before = through_sleep()
        await take(first)
        await take(second)
        assert through_sleep() - before > request_s
        first.asleep_s = 60.0
        assert not await first.turns.confirm(HOST)
        first.turns.leave(HOST)
        await asyncio.sleep(0.3)
        assert (first.busy() or ())[0] == "node 1", "who lost its turn takes nobody else's away"


async def test_a_node_that_lost_its_lease_gets_no_turn_and_keeps_none(nodes: tuple[Node, Node]) -> None:
    first, _ = nodes
    await take(first)
    first.is_live = False
    assert not await first.turns.confirm(HOST)
    assert not await first.turns.enter(HOST, 0.0)
    assert await first.turns.reserve("b.example", 0.0) > 600


async def test_who_comes_late_to_a_host_is_not_followed_before_its_spacing(nodes: tuple[Node, Node]) -> None:
    first, second = nodes
    spacing_s = 0.5
    await take(first, spacing_s)
    assert await second.turns.reserve(HOST, spacing_s) > 0
    assert await first.turns.reserve(HOST, spacing_s, most_s=5.0) > spacing_s, "booked behind the second"
    await asyncio.sleep(3 * spacing_s)
    first.turns.leave(HOST)
    assert await asyncio.wait_for(second.turns.enter(HOST, spacing_s), 10)
    entered = through_sleep()
    second.turns.leave(HOST)
    assert await asyncio.wait_for(first.turns.enter(HOST, spacing_s), 10), "its turn has long come"
    assert through_sleep() - entered > 0.9 * spacing_s


async def test_the_distance_is_kept_from_the_request_not_from_the_booking(nodes: tuple[Node, Node]) -> None:
    first, _ = nodes
    await take(first, 10.0)
    first.asleep_s = 5.0  # so long it took to connect
    assert await first.turns.confirm(HOST)
    first.asleep_s = 0.0
    first.turns.leave(HOST)
    assert await first.turns.reserve(HOST, 10.0) > 10.0


async def test_what_was_left_is_freed_though_the_connection_broke(nodes: tuple[Node, Node]) -> None:
    first, _ = nodes
    await take(first)
    with psycopg.connect(first.archive.where.dsn, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    first.turns.leave(HOST)
    await until_free(first)


async def test_one_who_was_called_back_while_asking_keeps_nothing(nodes: tuple[Node, Node]) -> None:
    first, _ = nodes
    asking = asyncio.create_task(first.turns.reserve(HOST, 0.0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})
    first.turns.leave(HOST)
    await until_free(first)

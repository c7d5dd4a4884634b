"""The queue of several nodes on a real PostgreSQL: who gets what, and who may write what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from structlog.testing import capture_logs

from crawler.model import Outlet, Source, SourceKind
from monitor.archive import Archive, Tx, fenced, finish, reads, writes
from monitor.clock import SystemClock, through_sleep
from monitor.errors import ArchiveError, ClaimLost, WrongRevision
from monitor.model import Claim, NodeState
from monitor.queue import ALL_ROLES, News, Role, claims, schema
from monitor.queue.claims import FencedJobs
from monitor.queue.procrastinate import FleetQueue
from tests.databases import Databases

CLOCK = SystemClock()
LEASE_S = 2.0


@dataclass
class Hands:
    """A crew that notes what it is given; ``work`` is what it does for a source."""

    work: Callable[[str, Claim], Any]
    crawled: list[tuple[str, Claim]] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    recalls: int = 0

    async def give(self) -> int:
        return 0

    async def follow(self) -> None: ...

    async def crawl(self, source_id: str, claim: Claim, *, poll: Mapping[str, str | None] | None = None) -> bool:
        self.crawled.append((source_id, claim))
        return bool(await self.work(source_id, claim))

    async def deliver(self, channel: str, claim: Claim) -> bool:
        self.delivered.append(channel)
        return False

    def recall(self) -> None:
        self.recalls += 1


class Fleet:
    """Nodes on one archive that watches a few sources, two of them on one host."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.archive = Archive.open(url, clock=CLOCK)
        self.queues: list[FleetQueue] = []
        outlets = [
            Outlet(
                outlet_id=name, name=name, home=f"http://{name}.example/",
                sources=tuple(
                    Source(source_id=f"{name}#{i}", outlet_id=name, kind=SourceKind.FEED, url=f"http://{name}.example/{i}") for i in range(n)
                ),
            )
            for name, n in (("alpha", 2), ("beta", 1), ("gamma", 1))
        ]  # fmt: skip
        self.archive.write_now(lambda tx: writes.put_outlets(tx, outlets, CLOCK.now()))

    async def join(self, hands: Hands, roles: frozenset[Role] = ALL_ROLES) -> FleetQueue:
        queue = FleetQueue(self.url, roles=roles, node=f"node {len(self.queues)}", lease_s=LEASE_S)
        self.queues.append(queue)
        await queue.start(hands)
        return queue

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as server:
            return list(server.execute(query.encode()))

    def do(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as server:
            server.execute(statement.encode())

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110 - it is the database that changes
                await asyncio.sleep(0.05)

    async def end(self) -> None:
        await asyncio.gather(*(queue.close() for queue in self.queues))
        self.archive.close()

    async def asleep(self) -> tuple[FleetQueue, FleetQueue, list[Claim], asyncio.Event]:
        """Return a crawler whose three jobs go on until they are woken, the scheduler that gave them, its claims, and what wakes them."""
        claims, woken = list[Claim](), asyncio.Event()

        async def sleep(_source_id: str, claim: Claim) -> bool:
            claims.append(claim)
            await woken.wait()
            return False

        crawler = await self.join(Hands(sleep), frozenset({Role.CRAWLER}))
        scheduler = await self.join(Hands(sleep), frozenset({Role.SCHEDULER}))
        await scheduler.tick()
        await self.until(lambda: len(claims) == 3)
        return crawler, scheduler, claims, woken

    async def polled(self, source_id: str, claim: Claim) -> bool:
        """Do as a poll does: move the source on and end the job, in one transaction under the claim."""

        def record(tx: Tx) -> None:
            writes.postpone_source(tx, source_id, CLOCK.now(), CLOCK.now() + timedelta(hours=1))
            finish(tx, claim)

        await self.archive.write(fenced(record, claim))
        return True


@pytest.fixture
async def fleet(postgres: Databases) -> AsyncIterator[Fleet]:
    made = Fleet(postgres.with_queue())
    yield made
    await made.end()


async def test_what_is_due_is_done_once_by_one_node(fleet: Fleet) -> None:
    hands = [Hands(fleet.polled) for _ in range(2)]
    nodes = [await fleet.join(hand) for hand in hands]
    for _ in range(3):
        await asyncio.gather(*(node.tick() for node in nodes))
    await fleet.until(lambda: len([*hands[0].crawled, *hands[1].crawled]) == 4)
    await fleet.until(lambda: fleet.rows("SELECT count(*) FROM procrastinate_jobs") == [(0,)])
    assert sorted(s for hand in hands for s, _ in hand.crawled) == ["alpha#0", "alpha#1", "beta#0", "gamma#0"]
    assert sum([await node.tick() for node in nodes]) == 0
    assert await nodes[0].is_drained()


async def test_sources_of_one_host_take_turns(fleet: Fleet) -> None:
    gate, inside, most = asyncio.Event(), set[str](), list[int]()

    async def work(source_id: str, claim: Claim) -> bool:
        inside.add(source_id)
        most.append(len([s for s in inside if s.startswith("alpha")]))
        await gate.wait()
        inside.discard(source_id)
        return await fleet.polled(source_id, claim)

    hands = [Hands(work) for _ in range(2)]
    nodes = [await fleet.join(hand) for hand in hands]
    await nodes[0].tick()
    await fleet.until(lambda: len(inside) == 3)
    gate.set()
    await fleet.until(lambda: len([*hands[0].crawled, *hands[1].crawled]) == 4)
    assert max(most) == 1


async def test_several_jobs_are_claimed_in_one_go_and_those_not_begun_are_given_back(fleet: Fleet) -> None:
    scheduler = await fleet.join(Hands(work=fleet.polled), frozenset({Role.SCHEDULER}))
    await scheduler.tick()
    jobs = FencedJobs(scheduler._connector, lease_s=LEASE_S, monotonic=through_sleep, at_once={"crawl": 8})
    worker = await jobs.register_worker()
    first = await jobs.fetch_job(["crawl"], worker)
    assert first is not None
    states = "SELECT status::text, count(*) FROM procrastinate_jobs WHERE queue_name = 'crawl' GROUP BY 1 ORDER BY 1"
    assert fleet.rows(states) == [("doing", 3), ("todo", 1)], "of the two on one host only one"
    await jobs.unregister_worker(worker)
    assert fleet.rows(states) == [("doing", 1), ("todo", 3)]
    assert fleet.rows("SELECT id FROM procrastinate_jobs WHERE status = 'doing'") == [(first.id,)]


async def test_what_was_claimed_by_a_statement_whose_answer_was_lost_is_given_back(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = await fleet.join(Hands(work=fleet.polled), frozenset({Role.SCHEDULER}))
    await scheduler.tick()
    jobs = FencedJobs(scheduler._connector, lease_s=LEASE_S, monotonic=through_sleep, at_once={"crawl": 8})
    worker = await jobs.register_worker()
    ask = scheduler._connector.execute_query_all_async

    async def lose(query: str, **values: Any) -> Any:
        await ask(query, **values)
        raise ConnectorException

    with monkeypatch.context() as broken:
        broken.setattr(scheduler._connector, "execute_query_all_async", lose)
        assert await jobs.fetch_job(["crawl"], worker) is None
    doing = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"
    assert fleet.rows(doing) == [(3,)]
    first = await jobs.fetch_job(["crawl"], worker)
    assert first is not None
    assert first.attempts == 1, "given back and claimed anew"
    assert fleet.rows(doing) == [(3,)]


async def test_a_job_that_could_not_be_ended_is_given_back_by_its_living_worker(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = await fleet.join(Hands(work=fleet.polled), frozenset({Role.SCHEDULER}))
    await scheduler.tick()
    jobs = FencedJobs(scheduler._connector, lease_s=60.0, monotonic=through_sleep, at_once={"crawl": 1})
    worker = await jobs.register_worker()
    first = await jobs.fetch_job(["crawl"], worker)
    assert first is not None

    async def away(_job: Any, _status: Status, *, delete_job: bool) -> None:
        raise ConnectorException

    with monkeypatch.context() as broken:
        broken.setattr(claims, "_AGAIN_S", (0.0,))
        broken.setattr(jobs, "_end", away)
        await jobs.finish_job(first, Status.FAILED, delete_job=False)
    states = f"SELECT attempts FROM procrastinate_jobs WHERE id = {first.id} AND worker_id = {worker}"
    assert fleet.rows(states) == [(0,)], "it hangs on this worker, which lives"
    await jobs.fetch_job(["crawl"], worker)
    assert fleet.rows(states) in ([], [(1,)])


async def test_no_more_is_claimed_than_can_be_begun(fleet: Fleet) -> None:
    scheduler = await fleet.join(Hands(work=fleet.polled), frozenset({Role.SCHEDULER}))
    await scheduler.tick()
    jobs = FencedJobs(scheduler._connector, lease_s=LEASE_S, monotonic=through_sleep, at_once={"crawl": 2})
    worker = await jobs.register_worker()
    first, second = [await jobs.fetch_job(["crawl"], worker) for _ in range(2)]
    assert first is not None
    assert second is not None
    doing = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"
    assert fleet.rows(doing) == [(2,)]
    await jobs.finish_job(first, Status.SUCCEEDED, delete_job=True)
    await jobs.fetch_job(["crawl"], worker)
    assert fleet.rows(doing) == [(2,)]


async def test_what_is_due_is_queued_while_another_node_puts_articles_into_stories(fleet: Fleet) -> None:
    scheduler = await fleet.join(Hands(work=fleet.polled), frozenset({Role.SCHEDULER}))
    with fleet.archive.snapshot() as other:
        writes.lock_stories(other)
        assert await scheduler.tick() == 4


async def test_the_work_of_a_silent_worker_is_given_to_another_and_its_own_write_is_refused(fleet: Fleet) -> None:
    frozen, scheduler, claims, woken = await fleet.asleep()
    frozen_ids = {claim.job_id for claim in claims}
    fleet.do("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    other = Hands(fleet.polled)
    await scheduler.tick()
    await fleet.join(other, frozenset({Role.CRAWLER}))
    await fleet.until(lambda: frozen_ids <= {claim.job_id for _, claim in other.crawled})
    with pytest.raises(ClaimLost):
        await fleet.archive.write(fenced(lambda _tx: None, claims[0]))
    assert isinstance(frozen, FleetQueue)
    woken.set()


async def test_a_node_that_lost_its_lease_writes_nothing_even_where_nobody_took_its_work_yet(fleet: Fleet) -> None:
    _frozen, _scheduler, claims, woken = await fleet.asleep()
    await fleet.archive.write(fenced(lambda _tx: None, claims[0]))
    for work in (
        fenced(lambda _tx: None, replace(claims[0], is_live=lambda: False)),
        partial(finish, claim=replace(claims[0], is_live=lambda: False)),
    ):
        with pytest.raises(ClaimLost, match="lease"):
            await fleet.archive.write(work)
    woken.set()


async def test_a_late_return_ends_nobody_elses_job(fleet: Fleet) -> None:
    """The library would end the job by its number alone; a run that was given away is left to whoever has it now."""
    _frozen, _scheduler, _claims, woken = await fleet.asleep()
    fleet.do("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    fleet.do("UPDATE procrastinate_jobs SET attempts = attempts + 1 WHERE status = 'doing'")  # as if given back and claimed again
    woken.set()
    await asyncio.sleep(0.5)
    assert fleet.rows("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") == [(3,)]


async def test_the_hosts_of_a_dead_node_may_be_asked_again_and_those_of_a_frozen_one_not_yet(fleet: Fleet) -> None:
    now, frozen = CLOCK.now(), Archive.open(fleet.url, clock=CLOCK, hold=True, node="frözen")
    for name in ("dead", "frözen"):
        state = NodeState(
            node_id=name, roles=("crawler",), host="here", pid=1, version="1", rules_version="1", error=None, in_flight=1, lease_s=0.1,
            started_at=now - timedelta(hours=1), beat_at=now - timedelta(minutes=1),
        )  # fmt: skip
        fleet.archive.write_now(partial(writes.put_node, node=state))
        fleet.do(f"INSERT INTO hosts (host, busy_until, busy_by) VALUES ('{name}.example', now() + interval '1 hour', '{name}')")
    queue = await fleet.join(Hands(work=fleet.polled), frozenset({Role.SCHEDULER}))
    await queue.tick()
    assert fleet.rows("SELECT host FROM hosts WHERE busy_until IS NULL") == [("dead.example",)]
    await asyncio.to_thread(frozen.close)
    sessions = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE locktype = 'advisory' AND datname = current_database()"
    await fleet.until(lambda: fleet.rows(sessions) == [(0,)])
    await queue.tick()
    assert fleet.rows("SELECT busy_by FROM hosts") == [(None,), (None,)], "its process ended, and its requests with it"


async def test_a_job_queued_anew_does_not_keep_the_dead_one_from_being_given_back(fleet: Fleet) -> None:
    _frozen, scheduler, _claims, woken = await fleet.asleep()
    fleet.queues[0].stop()
    fleet.do(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)"
        " SELECT queue_name, task_name, lock, queueing_lock, args FROM procrastinate_jobs WHERE status = 'doing' AND queueing_lock = 'crawl beta#0'"
    )
    async with asyncio.timeout(60):
        while fleet.rows("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") != [(0,)]:  # its last beat may still come
            fleet.do("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
            await scheduler.tick()
    assert fleet.rows("SELECT count(*) FROM procrastinate_jobs WHERE queueing_lock = 'crawl beta#0'") == [(1,)]
    woken.set()


async def test_stopping_gives_back_what_is_not_done(fleet: Fleet) -> None:
    begun, never = list[str](), asyncio.Event()

    async def hang(source_id: str, claim: Claim) -> bool:
        begun.append(source_id)
        await never.wait()
        return False

    node = await fleet.join(Hands(hang))
    await node.tick()
    await fleet.until(lambda: len(begun) == 3)
    await node.close()
    assert fleet.rows("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY status") == [("todo", 4)]


async def test_a_worker_that_cannot_beat_calls_back_its_work_and_joins_again(fleet: Fleet) -> None:
    begun, never = list[str](), asyncio.Event()

    async def hang(source_id: str, claim: Claim) -> bool:
        begun.append(source_id)
        await never.wait()
        return False

    hands = Hands(hang)
    node = await fleet.join(hands)
    await node.tick()
    await fleet.until(lambda: len(begun) == 3)
    before = fleet.rows("SELECT id FROM procrastinate_workers ORDER BY id")
    assert node.may_ask()
    with psycopg.connect(fleet.url) as server:
        server.execute("LOCK TABLE procrastinate_workers IN ACCESS EXCLUSIVE MODE")
        await fleet.until(lambda: hands.recalls == 1)
        assert not node.may_ask()
    await fleet.until(node.may_ask)
    assert fleet.rows("SELECT id FROM procrastinate_workers ORDER BY id") != before


async def test_a_restarted_server_is_joined_again(fleet: Fleet) -> None:
    hands = Hands(fleet.polled)
    node = await fleet.join(hands)
    fleet.do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    async with asyncio.timeout(30):
        while len(hands.crawled) < 4:
            await node.tick()
            await asyncio.sleep(0.2)


async def test_a_channel_is_sent_over_by_one_node_until_it_is_drained(fleet: Fleet) -> None:
    hands = [Hands(fleet.polled) for _ in range(2)]
    nodes = [await fleet.join(hand, frozenset({Role.DELIVERER})) for hand in hands]
    fleet.do(
        "INSERT INTO deliveries (channel, subscription_id, kind, status, severity, next_at, created_at, day, attempts, message_id)"
        " VALUES ('hook', 's', 'test', 'pending', 1, now(), now(), '2026-11-24', 0, 'one')"
    )
    nodes[0].wake()
    nodes[1].wake()
    await fleet.until(lambda: any(node.holds("hook") for node in nodes))
    assert [node.holds("hook") for node in nodes].count(True) == 1
    assert [list(node.channels() or ()) for node in nodes].count(["hook"]) == 1
    (owner,) = (node for node in nodes if node.holds("hook"))
    claim = owner.claim("hook")
    assert claim is not None
    await fleet.archive.write(fenced(lambda tx: writes.mark_dead(tx, 1, error="x"), claim))
    owner.drained(["hook"])
    await fleet.until(lambda: not owner.holds("hook"))
    with pytest.raises(ClaimLost):
        await fleet.archive.write(fenced(lambda _tx: None, owner.claim("hook")))


async def test_a_chore_is_done_once_for_all_nodes(fleet: Fleet) -> None:
    done: list[int] = []

    async def chore() -> None:
        done.append(1)

    nodes = [await fleet.join(Hands(fleet.polled)) for _ in range(3)]
    async with asyncio.timeout(60):
        while not done:  # a node whose server is slow asks again with its next tick
            for node in nodes:
                await node.tick()
                await node.once("sweep", 1e9, chore)()
            await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    assert done == [1]


async def test_a_chore_that_fails_is_told(fleet: Fleet) -> None:
    async def chore() -> None:
        raise ArchiveError("no new month")

    node = await fleet.join(Hands(fleet.polled))
    with capture_logs() as said:
        async with asyncio.timeout(60):
            while not any(line.get("reason") == "no new month" for line in said):
                await node.tick()
                await node.once("sweep", 1e9, chore)()
                await asyncio.sleep(0.1)
    assert ("sweep", "warning") in [(line.get("job"), line["log_level"]) for line in said]


async def test_a_job_that_fails_for_a_reason_nobody_foresaw_is_told_and_one_of_a_server_away_is_not(fleet: Fleet) -> None:
    async def work(source_id: str, _claim: Claim) -> bool:
        if source_id == "beta#0":
            raise RuntimeError("a fault of ours")
        raise ArchiveError("away")

    hands = Hands(work)
    node = await fleet.join(hands)
    with capture_logs() as said:
        await node.tick()
        await fleet.until(lambda: fleet.rows("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'") == [(4,)])
    told = [line for line in said if line["event"] == "job failed"]
    assert [(line["job"], line["reason"]) for line in told] == [("crawl beta#0", "RuntimeError('a fault of ours')")]


async def test_news_reach_the_other_nodes(fleet: Fleet) -> None:
    first, second = [await fleet.join(Hands(fleet.polled)) for _ in range(2)]
    hearing = asyncio.create_task(second.heard())
    for _ in range(50):  # until the other one listens
        await first.announce(News(version="v2", node="node 0"))
        with suppress(TimeoutError):
            assert await asyncio.wait_for(asyncio.shield(hearing), 0.2) == News(version="v2", node="node 0")
            return
    pytest.fail("nothing was heard")


async def test_how_the_queue_stands_is_told(fleet: Fleet) -> None:
    claims, woken = list[Claim](), asyncio.Event()

    async def sleep(source_id: str, claim: Claim) -> bool:
        claims.append(claim)
        await woken.wait()
        return False

    node = await fleet.join(Hands(sleep))
    await node.tick()
    await fleet.until(lambda: len(claims) == 3)
    state, *others = fleet.archive.read_now(lambda tx: reads.queue_states(tx, LEASE_S))
    assert (state.kind, state.waiting, state.doing, state.stalled, state.failed) == ("crawl", 1, 3, 0, 0)
    assert state.oldest_s is not None
    assert [(other.kind, other.waiting, other.doing) for other in others] == [("deliver", 0, 0), ("maintain", 0, 0)]
    woken.set()


def test_the_queues_tables_are_made_once_and_known_again(postgres: Databases) -> None:
    url = postgres.ready()
    assert schema.upgrade(url) == schema.upgrade(url) == schema.migrations()[-1]


async def test_a_node_refuses_tables_that_are_missing_or_newer(postgres: Databases) -> None:
    for url, value in ((postgres.ready(), None), (postgres.with_queue(), "99.00.00_01_pre_later.sql")):
        if value is not None:
            with psycopg.connect(url) as server:
                server.execute("UPDATE meta SET value = %s WHERE key = %s", (value, schema.KEY))
        queue = FleetQueue(url, roles=ALL_ROLES, node="late", lease_s=LEASE_S)
        with pytest.raises(WrongRevision, match="newer" if value else "presswatch db upgrade"):
            await queue.start(Hands(lambda *_: None))
        await queue.close()

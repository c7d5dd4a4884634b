"""The queue of many nodes: procrastinate on the archive's PostgreSQL, with fenced claims, a tick and a reaper of our own."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final

import procrastinate
import structlog
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from psycopg_pool import AsyncConnectionPool

from crawler import urls
from monitor.clock import through_sleep
from monitor.errors import ArchiveError, PresswatchError
from monitor.model import Claim
from monitor.queue import Crew, News, Role, Work, schema, unforeseen
from monitor.queue.claims import GIVE_BACK, FencedJobs, text_of, transaction
from monitor.queue.shift import Shift

_log = structlog.get_logger("presswatch.queue")

AT_ONCE: Final = {"crawl": 64, "deliver": 256, "maintain": 2}
"""Sources a node works on at once, channels it sends over, chores it does."""
KINDS: Final = {Role.CRAWLER: "crawl", Role.DELIVERER: "deliver", Role.SCHEDULER: "maintain"}
WAITING: Final = 2_000
"""Crawl jobs that wait at most: the rest stays due in its own table, where waiting costs nothing."""
MANY: Final = 200
"""Waiting jobs from which the planner has to know that there are many."""
ANALYZE_S: Final = 600.0
TICK_KEY: Final = 0x50_72_65_73_77
"""Of the advisory lock that one tick of all nodes holds; no other lock of ours has this number."""
NEWS: Final = "presswatch_settings"
GIVE_UP_H: Final = 24
"""Hours that a failed job is kept for looking at."""
_SHORT_S: Final = 0.05

_DUE_SOURCES: Final = text_of("due_sources")
_DUE_CHANNELS: Final = text_of("due_channels")
_STALLED: Final = text_of("stalled")
_FREE_HOSTS: Final = text_of("free_hosts")
_OPEN: Final = "SELECT count(*) AS n FROM procrastinate_jobs WHERE queue_name = 'crawl' AND status IN ('todo', 'doing')"
_ANY_OPEN: Final = "SELECT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing')) AS is_open"
_FORGET: Final = (
    "DELETE FROM procrastinate_jobs j WHERE j.status IN ('failed', 'aborted', 'cancelled')"
    " AND NOT EXISTS (SELECT 1 FROM procrastinate_events e WHERE e.job_id = j.id AND e.at > now() - make_interval(hours => %(hours)s))"
)


class FleetQueue:
    """Implements ``monitor.queue.Queue`` for one node of several.

    ``lease_s`` is how long a node may be silent before the others take over what it had claimed.
    """

    def __init__(self, url: str, *, roles: Collection[Role], node: str, lease_s: float) -> None:
        unforeseen.listen()
        self._crew: Crew | None = None
        self._roles = frozenset(roles)
        self._node = node
        self._lease_s = lease_s
        self._connector = procrastinate.PsycopgConnector(
            conninfo=url,
            min_size=2,
            max_size=8,
            timeout=5.0,
            configure=_configure,
            pool_factory=_unchecked,
            kwargs={"connect_timeout": 3, "application_name": f"presswatch {node}"},
        )
        self._app = procrastinate.App(connector=self._connector)
        self._jobs = self._app.job_manager = FencedJobs(self._connector, lease_s=lease_s, monotonic=through_sleep, at_once=AT_ONCE)
        self._tasks = {kind: self._app.task(name=kind, queue=kind, pass_context=True)(work) for kind, work in self._works().items()}
        self._shifts = [self._shift(kind) for role, kind in KINDS.items() if role in self._roles]
        self._chores: dict[str, Work] = {}
        self._sending: dict[str, tuple[Claim, asyncio.Event]] = {}
        self._woken = asyncio.Event()
        self._ready = asyncio.Event()
        self._beside: list[asyncio.Task[None]] = []
        self._analyzed_at = -ANALYZE_S
        self._news: asyncio.Queue[News] = asyncio.Queue()

    async def start(self, crew: Crew) -> None:
        """Join the others."""
        self._crew = crew
        try:
            await self._app.open_async()
            await schema.check(self._connector)
        except ConnectorException as error:
            raise ArchiveError(f"the queue cannot be joined: {error.__cause__ or error}") from error
        for shift in self._shifts:
            shift.start()
        self._beside = [
            asyncio.create_task(self._listen(), name="settings-news"),
            asyncio.create_task(self._follow(), name="queue-follow"),
        ]

    def may_ask(self) -> bool:
        """While its crawling worker holds a lease."""
        return any(shift.is_live for shift in self._shifts if shift.kind == "crawl")

    # ---- the tick

    async def tick(self) -> int:
        """Queue what is due and take back what dead nodes held; one node at a time, and every node may."""
        self._ready.set()
        if Role.SCHEDULER not in self._roles:
            return 0
        try:
            async with transaction(self._connector) as connection:
                if not await self._is_first(connection):
                    return 0
                await self._reap(connection)
                due = [*await self._due_sources(connection), *await self._due_channels(connection)]
                if due:
                    await self._jobs.batch_defer_jobs_async(due, connection=connection)
            await self._tell_planner(len(due))
        except (AlreadyEnqueued, ConnectorException) as error:
            _log.debug("tick failed; the next one comes", reason=repr(error.__cause__ or error))
            return 0
        return len(due)

    async def _is_first(self, connection: Any) -> bool:
        (row,) = await self._all(connection, "SELECT pg_try_advisory_xact_lock(%(key)s) AS is_first", key=TICK_KEY)
        return bool(row["is_first"])

    async def _reap(self, connection: Any) -> None:
        """Give back job by job: one that collides must not keep the others."""
        for row in await self._all(connection, _STALLED, lease_s=self._lease_s):
            try:
                async with connection.transaction():
                    await self._all(connection, GIVE_BACK, job=row["id"])
            except UniqueViolation:
                continue  # queued anew this very moment; the next tick ends it
            _log.info("job of a silent node given back", job=row["id"])
        freed = await self._all(connection, _FREE_HOSTS)
        if freed:
            _log.info("hosts of a dead node may be asked again", hosts=len(freed))

    async def _due_sources(self, connection: Any) -> list[Any]:
        (row,) = await self._all(connection, _OPEN)
        room = WAITING - int(row["n"])
        rows = await self._all(connection, _DUE_SOURCES, most=room) if room > 0 else ()
        return [self._job("crawl", row["source_id"], lock=f"host {host_of(row['url'])}", poll=row["poll"]) for row in rows]

    async def _due_channels(self, connection: Any) -> list[Any]:
        rows = await self._all(connection, _DUE_CHANNELS)
        return [self._job("deliver", row["channel"], lock=f"channel {row['channel']}") for row in rows]

    def _job(self, kind: str, subject: str, *, lock: str, **more: Any) -> Any:
        task = self._tasks[kind].configure(lock=lock, queueing_lock=f"{kind} {subject}")
        return task.make_new_job(subject=subject, **more)

    async def _tell_planner(self, queued: int) -> None:
        """Fetching reads every waiting job where the planner does not know that there are many."""
        now = through_sleep()
        if queued >= MANY or now - self._analyzed_at >= ANALYZE_S:
            self._analyzed_at = now
            await self._connector.execute_query_async("ANALYZE procrastinate_jobs")

    async def _all(self, connection: Any, query: str, **values: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = await self._connector.execute_query_all_async_with_connection(connection, query, **values)
        return rows

    # ---- between the ticks

    def wake(self) -> None:
        """Tick soon: messages were booked that somebody should send."""
        self._woken.set()

    async def _follow(self) -> None:
        while True:
            await self._woken.wait()
            await asyncio.sleep(_SHORT_S)
            self._woken.clear()
            await self._book_channels()

    async def _book_channels(self) -> None:
        """Queue the channels with something to send; a node that is no scheduler does this too, so that messages need not wait for one."""
        try:
            async with transaction(self._connector) as connection:
                due = await self._due_channels(connection)
                if due:
                    await self._jobs.batch_defer_jobs_async(due, connection=connection)
        except (AlreadyEnqueued, ConnectorException) as error:
            _log.debug("channels not queued; the next tick does it", reason=repr(error.__cause__ or error))

    # ---- delivery

    def channels(self) -> Collection[str] | None:
        """Those it has claimed."""
        return tuple(self._sending)

    def claim(self, channel: str) -> Claim | None:
        """The claim it holds."""
        held = self._sending.get(channel)
        return held[0] if held is not None else _NO_CLAIM

    def holds(self, channel: str) -> bool:
        """As far as it knows."""
        held = self._sending.get(channel)
        return held is not None and held[0].is_live()

    def drained(self, channels: Collection[str]) -> None:
        """Let these channels go."""
        for channel in channels:
            if channel in self._sending:
                self._sending[channel][1].set()

    async def _deliver(self, context: Any, *, subject: str) -> None:
        claim, is_empty = self._jobs.claim_of(context.job), asyncio.Event()
        while (held := self._sending.get(subject)) is not None:  # a claim we lost, whose last message is still on its way
            held[1].set()
            await asyncio.sleep(_SHORT_S)
        self._sending[subject] = (claim, is_empty)
        try:
            assert self._crew is not None
            await self._crew.deliver(subject, claim)
            await is_empty.wait()
        finally:
            self._sending.pop(subject, None)

    # ---- the other kinds of work

    async def _crawl(self, context: Any, *, subject: str, poll: dict[str, str | None] | None = None) -> None:
        claim = self._jobs.claim_of(context.job)
        assert self._crew is not None
        # what the tick read of a source is true until it is polled, and that is now, unless this is a second run
        if await self._crew.crawl(subject, claim, poll=poll if claim.attempts == 0 else None):
            self._jobs.ended(claim)

    async def _maintain(self, context: Any, *, subject: str, timestamp: int) -> None:  # noqa: ARG002 - the library's signature
        await self._ready.wait()
        work = self._chores.get(subject)
        if work is None:  # a node of another version asked for it
            return
        try:
            await work()
        except PresswatchError as error:  # the library's log is off, and nobody else would hear of it
            _log.warning("job failed; it is tried again at its time", job=subject, reason=str(error))
            raise

    def once(self, name: str, seconds: float, work: Work) -> Work:
        """Queue it once for each stretch of ``seconds``, however many nodes ask."""
        self._chores[name] = work

        async def ask() -> None:
            if Role.SCHEDULER not in self._roles:
                return
            slot = int(time.time_ns() / 1e9 // seconds * seconds)
            job = self._job("maintain", name, lock=f"chore {name}", timestamp=slot)
            try:
                await self._jobs.defer_periodic_job(job, periodic_id=name, defer_timestamp=slot)
            except (AlreadyEnqueued, ConnectorException) as error:
                _log.debug("chore not queued", job=name, reason=repr(error.__cause__ or error))

        return ask

    async def forget_failed(self) -> None:
        """Forget jobs that failed a while ago."""
        await self._connector.execute_query_async(_FORGET, hours=GIVE_UP_H)

    # ---- news

    async def announce(self, news: News) -> None:
        """Tell every node that listens."""
        said = json.dumps({"version": news.version, "node": news.node})
        try:
            await self._connector.execute_query_async("SELECT pg_notify(%(channel)s, %(said)s)", channel=NEWS, said=said)
        except ConnectorException as error:
            _log.warning("other nodes could not be told of new settings; they find them by themselves", reason=repr(error.__cause__))

    async def heard(self) -> News:
        """Wait until another node says so."""
        return await self._news.get()

    async def _listen(self) -> None:
        async def hear(*, channel: str, payload: str) -> None:  # noqa: ARG001 - the library's signature
            said = json.loads(payload)
            if said["node"] != self._node:
                self._news.put_nowait(News(version=said["version"], node=said["node"]))

        while True:
            with suppress(ConnectorException):
                await self._connector.listen_notify(on_notification=hear, channels=[NEWS])
            await asyncio.sleep(1.0)

    # ---- ends

    async def is_drained(self) -> bool:
        """Whether no node has anything left."""
        try:
            row = await self._connector.execute_query_one_async(_ANY_OPEN)
        except ConnectorException:
            return False
        return not row["is_open"]

    def stop(self) -> None:
        """Claim nothing more."""
        for shift in self._shifts:
            shift.stop()

    async def close(self) -> None:
        """Give back what is not done and leave."""
        self.stop()
        for _, is_empty in self._sending.values():
            is_empty.set()
        await asyncio.gather(*(shift.close() for shift in self._shifts))
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        with suppress(ConnectorException):
            await self._app.close_async()

    def _works(self) -> dict[str, Any]:
        return {"crawl": self._crawl, "deliver": self._deliver, "maintain": self._maintain}

    def _shift(self, kind: str) -> Shift:
        return Shift(
            self._app,
            self._jobs,
            kind=kind,
            concurrency=AT_ONCE[kind],
            lease_s=self._lease_s,
            is_told=kind == "deliver",
            lost=self._lost,
        )

    def _lost(self, kind: str) -> None:
        """Call back what is on its way: others are at it."""
        if kind == "crawl" and self._crew is not None:
            self._crew.recall()


_NO_CLAIM: Final = Claim(job_id=0, worker_id=0, attempts=-1, is_live=lambda: False)
"""Of a channel that was let go: nothing may be marked under it."""


def host_of(url: str) -> str:
    """The host that polls of a source are asked of; sources without a readable address share one."""
    try:
        return urls.host_key(url)
    except ValueError:
        return ""


def _unchecked(**options: Any) -> AsyncConnectionPool[Any]:
    """A pool that asks no connection whether it lives before each use: every use of ours takes a broken one as a server that is away."""
    return AsyncConnectionPool(**{**options, "check": None})


async def _configure(connection: Any) -> None:
    """Each statement its own transaction; a frozen node drops its row locks before the others wait long."""
    await connection.set_autocommit(True)
    await connection.execute("SET idle_in_transaction_session_timeout = '5s'")

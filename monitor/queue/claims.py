"""procrastinate's JobManager, fenced: a job is ended or given back only by the worker and the run that hold it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any, Final

import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager, NotificationCallback

from monitor.model import Claim
from monitor.queue.lease import Lease

_log = structlog.get_logger("presswatch.queue")

_AGAIN_S: Final = (0.2, 0.5, 1.0, 2.0, 4.0)
_HELD: Final = (
    "SELECT id FROM procrastinate_jobs WHERE id = %(job)s AND worker_id = %(worker)s AND attempts = %(attempts)s"
    " AND status = 'doing' FOR UPDATE"
)
_FINISH: Final = "SELECT procrastinate_finish_job_v1(%(job)s, %(status)s, %(delete)s)"


def text_of(name: str) -> str:
    """Return one of the statements beside this module."""
    return files("monitor.queue").joinpath(f"{name}.sql").read_text(encoding="utf-8")


GIVE_BACK: Final = text_of("give_back")
_CLAIM: Final = text_of("claim_jobs")
_UNKNOWN: Final = (
    "SELECT id FROM procrastinate_jobs WHERE worker_id = %(worker)s AND status = 'doing' AND NOT id = ANY(%(known)s) FOR UPDATE"
)
BATCH: Final = 16
"""Jobs claimed at once at most: each trip to the server costs as much as a poll's whole record."""


class QuietJob(Job):  # type: ignore[misc]  # procrastinate is untyped for us
    """A job told by its name alone: the library describes each four times at length for a log that is off."""

    def log_context(self) -> dict[str, Any]:
        return {"name": self.queueing_lock}

    @property
    def call_string(self) -> str:
        return f"{self.task_name}[{self.id}]"


class FencedJobs(JobManager):  # type: ignore[misc]  # procrastinate is untyped for us
    """Adds what the library leaves open: it ends jobs by their number alone, and so a node that wakes up would end another node's run.

    ``ended`` notes claims whose job was ended in the transaction that did the work: there is nothing left to do for them here.
    ``at_once`` is how many jobs of a queue its worker does at a time: several are claimed in one go, and none that would have to wait here.
    """

    def __init__(self, connector: Any, *, lease_s: float, monotonic: Callable[[], float], at_once: Mapping[str, int]) -> None:
        super().__init__(connector)
        self._at_once = at_once
        self._claimed: dict[int, deque[QuietJob]] = {}
        self._in_hand: dict[int, set[int]] = {}
        self._unsure: set[int] = set()
        self._lease_s = lease_s
        self._monotonic = monotonic
        self._leases: dict[int, Lease] = {}
        self._ended: set[tuple[int, int]] = set()

    # ---- claims

    def claim_of(self, job: Job) -> Claim:
        """Return the claim that a fetched job is."""
        lease = self._leases.get(job.worker_id or 0)
        return Claim(
            job_id=job.id, worker_id=job.worker_id, attempts=job.attempts, is_live=lease.is_live if lease is not None else lambda: False
        )

    def ended(self, claim: Claim) -> None:
        """Note that the job of a claim was ended with its work."""
        self._ended.add((claim.job_id, claim.attempts))

    def lease_of(self, worker_id: int | None) -> Lease | None:
        """Return the lease of a worker of this node."""
        return self._leases.get(worker_id or 0)

    # ---- what the worker calls

    async def register_worker(self) -> int:
        sent_at = self._monotonic()
        worker_id = int(await super().register_worker())
        self._leases[worker_id] = Lease(self._lease_s, self._monotonic, sent_at)
        return worker_id

    async def unregister_worker(self, worker_id: int) -> None:
        for job in self._claimed.pop(worker_id, ()):  # claimed and not begun
            await self.finish_job(job, Status.ABORTED, delete_job=False)
        self._in_hand.pop(worker_id, None)
        self._unsure.discard(worker_id)
        lease = self._leases.pop(worker_id, None)
        if lease is not None:
            lease.lose()
        try:
            await super().unregister_worker(worker_id)
        except ConnectorException:
            _log.debug("worker could not say goodbye; its lease runs out", worker=worker_id)

    async def update_heartbeat(self, worker_id: int) -> None:
        """Beat, without ever ending the worker: one that cannot beat loses its lease, and is started again by its supervisor."""
        sent_at, lease = self._monotonic(), self._leases.get(worker_id)
        try:
            await asyncio.wait_for(self._beat(worker_id), self._lease_s / 2)
        except (ConnectorException, TimeoutError) as error:
            _log.debug("heartbeat failed", worker=worker_id, reason=repr(error))
        else:
            if lease is not None:
                lease.beaten(sent_at)

    async def _beat(self, worker_id: int) -> None:
        """Beat over another connection where the first turns out to be broken: after a restart of the server they all are."""
        for wait_s in _AGAIN_S[:2]:
            try:
                return await super().update_heartbeat(worker_id)  # type: ignore[no-any-return]
            except ConnectorException:
                await asyncio.sleep(wait_s)
        return await super().update_heartbeat(worker_id)  # type: ignore[no-any-return]

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """Return the next job, from those claimed in one go; none while the server is away, or once the lease is lost."""
        lease = self._leases.get(worker_id)
        if lease is None or not lease.is_live():
            return None
        claimed = self._claimed.setdefault(worker_id, deque())
        if not claimed:
            try:
                claimed.extend(await self._claim(tuple(queues or ()), worker_id))
            except ConnectorException as error:
                self._unsure.add(worker_id)
                _log.debug("no job claimed", worker=worker_id, reason=repr(error.__cause__ or error))
        return claimed.popleft() if claimed else None

    async def _claim(self, queues: Sequence[str], worker_id: int) -> list[QuietJob]:
        in_hand = self._in_hand.setdefault(worker_id, set())
        if worker_id in self._unsure:
            await self._give_back_unknown(worker_id, in_hand)
        room = sum(self._at_once[name] for name in queues) - len(in_hand)
        values = {"queues": list(queues), "worker": worker_id, "most": max(1, min(room, BATCH))}
        jobs = [QuietJob.from_row(row) for row in await self.connector.execute_query_all_async(_CLAIM, **values)]
        in_hand.update(job.id for job in jobs)
        return jobs

    async def _give_back_unknown(self, worker_id: int, in_hand: set[int]) -> None:
        """Give back what was claimed by a statement whose answer was lost: a living worker's jobs are taken by nobody."""
        async with transaction(self.connector) as connection:
            run = self.connector.execute_query_all_async_with_connection
            for row in await run(connection, _UNKNOWN, worker=worker_id, known=sorted(in_hand)):
                await run(connection, GIVE_BACK, job=row["id"])
        self._unsure.discard(worker_id)

    async def listen_for_jobs(self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None) -> None:
        """Listen for ever: the worker does not notice when its listener ends."""
        while True:
            try:
                await super().listen_for_jobs(on_notification=on_notification, queues=queues)
            except ConnectorException:
                await asyncio.sleep(1.0)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001 - the library's signature
        """End a job that was not ended with its work; one that was cut off is given back."""
        key = (int(job.id), int(job.attempts))
        try:
            if key not in self._ended:
                await self._end_patiently(job, status, delete_job=delete_job)
        finally:
            self._ended.discard(key)
            self._in_hand.get(job.worker_id, set()).discard(job.id)

    async def _end_patiently(self, job: Job, status: Status, *, delete_job: bool) -> None:
        for wait_s in (*_AGAIN_S, None):
            try:
                return await self._end(job, status, delete_job=delete_job)
            except ConnectorException as error:
                lease = self._leases.get(job.worker_id)
                is_live = lease is not None and lease.is_live()
                if wait_s is None or not is_live:
                    if is_live:  # nobody takes it from a living worker, which gives it back itself before it claims more
                        self._unsure.add(job.worker_id)
                    _log.debug("job left to the others", job=job.id, reason=repr(error.__cause__ or error))
                    return None
            await asyncio.sleep(wait_s)
        return None

    async def _end(self, job: Job, status: Status, *, delete_job: bool) -> None:
        held = {"job": job.id, "worker": job.worker_id, "attempts": job.attempts}
        async with transaction(self.connector) as connection:
            run = self.connector.execute_query_all_async_with_connection
            if not await run(connection, _HELD, **held):
                return
            if status is Status.ABORTED:
                await run(connection, GIVE_BACK, job=job.id)
            else:
                await run(connection, _FINISH, job=job.id, status=status.value, delete=delete_job)


@asynccontextmanager
async def transaction(connector: Any) -> AsyncIterator[Any]:
    """A connection of the pool inside a transaction; the driver's errors become the library's, as everywhere."""
    try:
        async with connector.pool.connection() as connection, connection.transaction():
            yield connection
    except psycopg.Error as error:
        raise ConnectorException from error

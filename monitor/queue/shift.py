"""One of procrastinate's workers on this node, kept at work: it is started again whenever it ends or its lease is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog
from procrastinate.worker import Worker

from monitor.queue.claims import FencedJobs

_log = structlog.get_logger("presswatch.queue")

_AGAIN_S: Final = (0.5, 1.0, 2.0, 4.0)
_LOOK_S: Final = 0.3
"""Seconds between two looks for work where there was none."""
_GRACE_S: Final = 4.0
"""How long work in hand may take once the daemon is told to stop; then it is given back."""


class Shift:
    """Claims jobs of one kind, at most ``concurrency`` at a time; ``is_told`` hears of each at once. ``lost`` is called when the claims of this node are no longer its own."""

    def __init__(
        self, app: Any, jobs: FencedJobs, *, kind: str, concurrency: int, lease_s: float, is_told: bool, lost: Callable[[str], None]
    ) -> None:
        self._app = app
        self._jobs = jobs
        self.kind = kind
        self._concurrency = concurrency
        self._lease_s = lease_s
        self._is_told = is_told
        self._lost = lost
        self._worker: Any = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_live(self) -> bool:
        """Whether its worker holds a lease."""
        lease = self._jobs.lease_of(self._worker.worker_id) if self._worker is not None else None
        return lease is not None and lease.is_live()

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._supervise(), name=f"shift-{self.kind}")

    def stop(self) -> None:
        """Claim nothing more; what is in hand may end within a few seconds."""
        self._stopping.set()
        if self._worker is not None:
            self._worker.stop()

    async def close(self) -> None:
        """Wait until everything is ended or given back."""
        self.stop()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _supervise(self) -> None:
        tries = 0
        while not self._stopping.is_set():
            self._worker = self._made()
            running = asyncio.create_task(self._worker.run(), name=f"worker-{self.kind}")
            lived_s = await self._watch(running)
            if self._stopping.is_set():
                return
            tries = 0 if lived_s > self._lease_s else tries + 1
            error = None if running.cancelled() else running.exception()
            pause_s = _AGAIN_S[min(tries, len(_AGAIN_S) - 1)]
            _log.warning(
                "queue left; joining again",
                kind=self.kind,
                reason=repr(error.__cause__ or error) if error else "lease lost",
                retry_s=pause_s,
            )
            await asyncio.sleep(pause_s)

    async def _watch(self, running: asyncio.Task[None]) -> float:
        """Wait for the worker to end, and end it once its lease is lost; return how long it lived."""
        started = asyncio.get_running_loop().time()
        while not running.done():
            await asyncio.wait({running}, timeout=self._lease_s / 10)
            lease = self._jobs.lease_of(self._worker.worker_id)
            if not running.done() and lease is not None and not lease.is_live():
                self._worker.shutdown_graceful_timeout = 0.0  # whatever it has in hand is another's
                running.cancel()
                self._lost(self.kind)
                await asyncio.wait({running})
        return asyncio.get_running_loop().time() - started

    def _made(self) -> Any:
        return Worker(
            app=self._app,
            name=self.kind,
            queues=[self.kind],
            concurrency=self._concurrency,
            update_heartbeat_interval=self._lease_s / 4,
            stalled_worker_timeout=4 * self._lease_s,
            fetch_job_polling_interval=_LOOK_S,
            listen_notify=self._is_told,
            abort_job_polling_interval=3600.0,  # nobody asks a job to abort
            shutdown_graceful_timeout=_GRACE_S,
            install_signal_handlers=False,
            delete_jobs="successful",
        )

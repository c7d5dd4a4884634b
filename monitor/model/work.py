"""Work shared by several nodes: the claim of one of them to a piece of it, and how they all stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A node's right to a piece of work: the ``attempts``-th run of a job, by one worker.

    ``is_live`` says whether the node may still believe in it; only the database knows, and every write asks it.
    """

    job_id: int
    worker_id: int
    attempts: int
    is_live: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """What a node says of itself, every few seconds. ``error`` is why it goes on with the settings before; None where it is up to date."""

    node_id: str
    roles: tuple[str, ...]
    host: str
    pid: int
    version: str
    rules_version: str | None
    error: str | None
    in_flight: int
    lease_s: float
    started_at: datetime
    beat_at: datetime

    def is_silent(self, now: datetime) -> bool:
        """Whether the others have stopped waiting for it."""
        return now - self.beat_at > timedelta(seconds=self.lease_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """How one kind of work stands: jobs waiting and being done, how long the oldest has waited, and how many a dead node left behind."""

    kind: str
    waiting: int
    doing: int
    stalled: int
    failed: int
    oldest_s: float | None

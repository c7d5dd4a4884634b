"""What delivery needs from outside; the archive implements it and the daemon wires it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.model import Brief, Delivery


class Outbox(Protocol):
    """The rows of the outbox. Every method may raise ArchiveError; a write has happened when it returns.

    Unsent are the rows ``pending`` and ``retry``, and those ``held`` whose time has come.
    """

    async def due(self, now: datetime, limit: int, busy: Collection[str]) -> Sequence[Delivery]:
        """Return unsent rows due by ``now``, grave ones first, then by time; none of the ``busy`` channels."""

    async def probe(self, channel: str, after: int, now: datetime) -> Delivery | None:
        """Return the channel's next unsent row by id after ``after``, from the lowest again past the highest, due or waiting for a retry."""

    async def brief(self, delivery: Delivery) -> Brief | None:
        """Return what the row has to say; None where it is not to be sent any more: sent, muted, joined into another."""

    async def sent(self, delivery: Delivery, now: datetime) -> None:
        """Mark it sent."""

    async def retry(self, delivery: Delivery, now: datetime, next_at: datetime, error: str) -> None:
        """Count an attempt, keep the error, and make it due at ``next_at``."""

    async def dead(self, delivery: Delivery, now: datetime, error: str) -> None:
        """Give it up, with the reason; it is listed and may be resent."""

    async def make_due(self, channel: str, now: datetime) -> None:
        """Make every row of the channel that waits for a retry due at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitNews:
    """A channel's circuit opened, with the reason of the last failure, or closed again."""

    channel: str
    is_open: bool
    reason: str
    at: datetime


CircuitChanged = Callable[[CircuitNews], Awaitable[None]]
"""Called once when a circuit opens and once when it closes; may raise ArchiveError, and is not called again then."""

Crash = Callable[[str], None]
"""Called at "before send", "after send", "before mark" and "after mark"; a drill ends the process there."""

"""What is remembered of messages beside the archive: marks it could not take yet, and when each one that fails is given up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from monitor.delivery.policy import Options, last_try
from monitor.errors import ArchiveError
from monitor.model import Delivery

_log = structlog.get_logger()

_KNOWN_ENDS = 20_000

Write = Callable[[], Awaitable[None]]


class Marks:
    """Writes marks, keeps those that failed by delivery id, and repeats them; what is in here is not to be sent again."""

    def __init__(self) -> None:
        self._owed: dict[int, Write] = {}
        self._skipped: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._owed) + len(self._skipped)

    def __contains__(self, delivery_id: object) -> bool:
        return delivery_id in self._owed or delivery_id in self._skipped

    @property
    def owed(self) -> int:
        """How many marks the archive could not take yet."""
        return len(self._owed)

    def skip(self, delivery: Delivery, until: float) -> None:
        """Leave a row alone for a while that is listed as due and yet not to be sent: it is being changed by somebody else."""
        self._skipped[delivery.delivery_id or 0] = until

    def forget(self, now: float) -> None:
        """Look again at rows whose while is over."""
        self._skipped = {i: until for i, until in self._skipped.items() if until > now}

    async def book(self, delivery: Delivery, write: Write) -> None:
        """Write a mark, or owe it."""
        try:
            await write()
        except ArchiveError as error:
            _log.error("delivery could not be marked; it is kept in memory", channel=delivery.channel, reason=str(error))
            self._owed[delivery.delivery_id or 0] = write

    async def settle(self) -> None:
        """Write what is owed, in order, as far as the archive takes it."""
        for delivery_id, write in list(self._owed.items()):
            try:
                await write()
            except ArchiveError:
                return
            self._owed.pop(delivery_id, None)


class Ends:
    """When each failing message is given up: fixed when it first fails, forgotten when it is settled or the daemon ends."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._ends: dict[int, datetime] = {}

    def of(self, delivery: Delivery, now: datetime) -> datetime:
        """Return the end of a message that failed now."""
        known = self._ends.get(delivery.delivery_id or 0)
        if known is not None:
            return known
        end = last_try(delivery, now, self._options)
        if len(self._ends) < _KNOWN_ENDS:
            self._ends[delivery.delivery_id or 0] = end
        return end

    def drop(self, delivery: Delivery) -> None:
        """Forget a message that is sent or dead."""
        self._ends.pop(delivery.delivery_id or 0, None)

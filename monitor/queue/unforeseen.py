"""What is heard of procrastinate's log: the job that failed for a reason nobody foresaw."""

from __future__ import annotations

import logging

import structlog
from procrastinate.exceptions import ConnectorException

from monitor.errors import PresswatchError

_log = structlog.get_logger("presswatch.queue")


class _Unforeseen(logging.Handler):
    """Tells a fault of ours; a server that is away and a claim that was lost are told where they are met, and heal."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if getattr(record, "action", "") == "job_error" and not isinstance(error, (PresswatchError, ConnectorException)):
            _log.error("job failed", job=getattr(record, "job", {}).get("name"), reason=repr(error))


_UNFORESEEN = _Unforeseen()


def listen() -> None:
    """Hear the library from now on, in the whole process; it tells of every job, and of nothing else that we do not see ourselves."""
    logger = logging.getLogger("procrastinate")
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    logger.addHandler(_UNFORESEEN)

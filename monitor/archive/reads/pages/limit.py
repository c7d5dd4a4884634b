"""How long a page may keep a reader: the readers are few, and the daemon needs them too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from monitor.archive.tx import Tx

_STEPS = 20_000
"""SQLite's virtual machine asks about the time every so many steps."""


@contextmanager
def within(tx: Tx, seconds: float) -> Iterator[None]:
    """End any statement that runs when the time is up; it fails as the database's own errors do."""
    if tx.is_postgres:
        tx.run(sa.text("SELECT set_config('statement_timeout', :ms, true)"), {"ms": str(int(seconds * 1000))})
        yield
        return
    driver: Any = tx.connection.connection.driver_connection
    end = time.monotonic() + seconds
    driver.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, _STEPS)

"""A process that upgrades an archive and is killed behind one of its statements."""

from __future__ import annotations

# Called with the archive and the number of the statement.
DIES = """
import os, signal, sys
import sqlalchemy as sa
from monitor.archive import migrate
from monitor.archive.engine import address
from datetime import UTC, datetime
left = int(sys.argv[2])
@sa.event.listens_for(sa.Engine, "after_cursor_execute")
def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
migrate.upgrade(address(sys.argv[1]), now=datetime(2026, 11, 24, tzinfo=UTC))
"""

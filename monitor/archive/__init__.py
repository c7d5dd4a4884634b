"""Where everything is kept: the only room that talks to the databases."""

from __future__ import annotations

from monitor.archive import reads, writes
from monitor.archive.archive import Archive
from monitor.archive.fence import fenced, finish, hold
from monitor.archive.hosts import HostRows, RobotsRows
from monitor.archive.turns import SharedHostRows
from monitor.archive.tx import Tx
from monitor.archive.writes import Revision, Stored

__all__ = ["Archive", "HostRows", "Revision", "RobotsRows", "SharedHostRows", "Stored", "Tx", "fenced", "finish", "hold", "reads", "writes"]

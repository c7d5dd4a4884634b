"""The one-daemon rule: on SQLite a locked file beside the archive that names its holder, on PostgreSQL an advisory lock."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from monitor.errors import ArchiveBusy

HOLDER_KEY = 0x50_72_65_73_73
"""Of the advisory lock a daemon's writer holds on PostgreSQL as long as its session lives; nodes that share the archive share it."""


class HolderLock:
    """An exclusive flock; the kernel releases it when the holder dies, however it dies."""

    def __init__(self, archive: Path) -> None:
        self.path = archive.with_name(archive.name + ".lock")
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock or raise ArchiveBusy with the holder's pid."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise ArchiveBusy(
                f"another daemon holds the archive (pid {holder}, {self.path}); this one stops. End that daemon, or give this one its own archive"
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go; the file stays, because removing it would race with the next holder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def holder(archive: Path) -> int | None:
    """Tell the pid of the daemon that holds the archive, if one does."""
    lock = HolderLock(archive)
    if not lock.path.exists():
        return None
    try:
        descriptor = os.open(lock.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(descriptor, 32).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(descriptor)
    return None

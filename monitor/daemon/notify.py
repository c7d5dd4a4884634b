"""Tell systemd how the daemon is: READY, WATCHDOG, RELOADING, STOPPING (sd_notify(3))."""

from __future__ import annotations

import os
import socket
import time


class Notifier:
    """Sends datagrams to the socket that systemd names, or does nothing where there is none.

    ``address`` is NOTIFY_SOCKET, ``watchdog_usec`` WATCHDOG_USEC; a leading @ means the abstract name space.
    """

    def __init__(self, address: str | None, watchdog_usec: str | None = None) -> None:
        self._address = "\0" + address[1:] if address and address.startswith("@") else address
        self.watchdog_s = int(watchdog_usec) / 1_000_000 if watchdog_usec and watchdog_usec.isdigit() else None

    def ready(self, status: str) -> None:
        """Starting, or reloading, is done."""
        self._send(f"READY=1\nSTATUS={status}\nMAINPID={os.getpid()}")

    def alive(self) -> None:
        """Feed the watchdog; only called while scheduler and spider move."""
        self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """A reload began; ``ready`` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The daemon is on its way out."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send(f"STATUS={text}")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            try:
                sock.connect(self._address)
                sock.sendall(text.encode())
            except OSError:
                return  # a service manager that went away must not take the daemon with it

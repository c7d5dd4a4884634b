"""What pages may do to the child that reads them, told by the entry's title; it runs in children."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from dataclasses import replace

from crawler.extract.page import read
from crawler.model import Arrival, Article


def read_page(arrival: Arrival) -> Article:
    """Read a page, or be broken by it."""
    match arrival.entry.title:
        case "endless loop":
            while True:
                pass
        case "hang in C":
            time.sleep(3600)
        case "memory bomb":
            hoard = [bytearray(64 * 1024 * 1024) for _ in range(1000)]
            hoard.clear()
        case "crash":
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGSEGV)
            ctypes.string_at(0)
        case "unpicklable":
            raise Unpicklable(lambda: None)
        case "pid":
            return replace(read(arrival), text=str(os.getpid()))
        case _:
            pass
    return read(arrival)


class Unpicklable(Exception):
    """An error that cannot cross from one process to another."""

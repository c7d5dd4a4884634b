"""The fleet: one server that is a host of its own on every address of 127.0.0.0/8, each with one feed that stands still.

Of five hosts one may hang (answers nothing) or drip (a byte at a time). Written on bare transports, so that the fleet costs less than
the daemon that is measured beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys

ITEMS = 30
ETAG = '"stands-still"'
DRIP_S = 0.5


def address(number: int) -> str:
    """The address of the host with a number; from 127.64.0.1 on, 250 to a block."""
    return f"127.{64 + number // 62_500}.{number // 250 % 250}.{number % 250 + 1}"


def number(host: str) -> int:
    """The inverse of ``address``."""
    _, high, middle, low = map(int, host.split("."))
    return (high - 64) * 62_500 + middle * 250 + low - 1


def feed() -> bytes:
    """The one feed of every host: thirty items of two days, as many outlets write it."""
    items = "".join(
        f"<item><title>Notice number {n} of the day</title><link>http://fleet.example/{n}.html</link><guid>{n}</guid>"
        f"<pubDate>Tue, 24 Nov 2026 {n % 24:02}:{n * 7 % 60:02}:00 GMT</pubDate><description>What happened on the quay at hour {n}, told in one "
        f"sentence that is about as long as such sentences are.</description></item>"
        for n in range(ITEMS)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Fleet</title><language>en</language>{items}</channel></rss>'.encode()


BODY = feed()
_ROBOTS = b"User-agent: *\nDisallow: /private/\n"
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nETag: " + ETAG.encode() + b"\r\nContent-Length: %d\r\n\r\n%s"
_SAME = b"HTTP/1.1 304 Not Modified\r\nETag: " + ETAG.encode() + b"\r\n\r\n"


class Host(asyncio.Protocol):
    """One connection; what it answers depends on the address it came to."""

    def __init__(self, *, faulty: bool) -> None:
        self._faulty = faulty
        self._transport: asyncio.Transport | None = None
        self._read = b""
        self._dripping: asyncio.Task[None] | None = None
        self._behaviour = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer, here = transport.get_extra_info("peername")[0], transport.get_extra_info("sockname")[0]
        if not peer.startswith("127."):  # the socket listens on every address of the machine; only loopback is the fleet
            transport.abort()
        elif self._faulty:
            self._behaviour = behaviour(number(here))

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            self._answer(head)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._dripping is not None:
            self._dripping.cancel()

    def _answer(self, head: bytes) -> None:
        assert self._transport is not None
        if self._behaviour == "hang":
            return
        if head.startswith(b"GET /robots.txt"):
            answer = _OK % (b"text/plain", len(_ROBOTS), _ROBOTS)
        elif ETAG.encode() in head and not self._behaviour:
            answer = _SAME
        else:
            answer = _OK % (b"application/rss+xml", len(BODY), BODY)
        if self._behaviour == "drip":
            self._dripping = asyncio.ensure_future(self._drip(answer))
        else:
            self._transport.write(answer)

    async def _drip(self, answer: bytes) -> None:
        assert self._transport is not None
        for byte in answer:
            self._transport.write(bytes((byte,)))
            await asyncio.sleep(DRIP_S)


def behaviour(number: int) -> str:
    """Of five hosts in a row one is broken, by turns in one way and the other."""
    if number % 5:
        return ""
    return "hang" if number % 10 else "drip"


async def serve(port: int, *, faulty: bool) -> None:
    """Serve until told to stop, or until whoever started us is gone, saying the port on a line of its own."""
    loop, stopped, parent = asyncio.get_running_loop(), asyncio.Event(), os.getppid()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(lambda: Host(faulty=faulty), "0.0.0.0", port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    while not stopped.is_set() and os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), 1.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faulty", action="store_true")
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(given.port, faulty=given.faulty))
    sys.exit(0)

"""Name resolution that a slow name server cannot bring to a stand."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from threading import Thread

from aiohttp.abc import AbstractResolver, ResolveResult

_FLAGS = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
_FOUND = list[ResolveResult]


class Names(AbstractResolver):
    """Asks the system, each name in a thread of its own, at most ``most`` at a time.

    The loop's own pool has six threads on two cores: six names whose servers do not answer would hold up every other outlet for as long
    as the system's resolver waits. The threads are daemons, so that they do not hold up the end of the process either.
    """

    def __init__(self, *, most: int = 128) -> None:
        self._room = asyncio.Semaphore(most)

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> _FOUND:
        """Return a name's addresses; raises OSError where it has none."""
        await self._room.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_FOUND] = loop.create_future()

        def tell(found: _FOUND | OSError) -> None:
            self._room.release()
            if answer.done():
                return
            if isinstance(found, OSError):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def ask() -> None:
            found = _look_up(host, port, family)
            with suppress(RuntimeError):  # the loop is gone, and with it whoever asked
                loop.call_soon_threadsafe(tell, found)

        Thread(target=ask, name=f"name {host}", daemon=True).start()
        return await answer

    async def close(self) -> None:
        """Hold nothing: lookups under way end by themselves, unheard."""


def _look_up(host: str, port: int, family: int) -> _FOUND | OSError:
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG)
    except OSError as error:
        return error
    except UnicodeError as error:
        return OSError(f"{host!r} is no host name: {error}")
    return [
        ResolveResult(hostname=host, host=str(address[0]), port=int(address[1]), family=kind, proto=proto, flags=_FLAGS)
        for kind, _, proto, _, address in infos
    ]

"""The download handler that asks the guard before any address is dialled."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import yarl
from aiohttp.abc import AbstractResolver
from scrapy import Request
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler, _ClientResponse
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response

from crawler import guard
from crawler.spiders.settings import CrawlSettings
from crawler.spiders.transfer import Transfer
from crawler.spiders.trouble import Cause, Trouble
from crawler.spiders.unpack import Packed, TooLarge, unpack

CUT = "cut"
"""Flag of a response whose body broke off."""

_MOST_SESSIONS = 256
_UNPACKED_BESIDE = 16 * 1024
"""Packed bytes from which a body is unpacked in a thread: they may become a thousand times as many."""
_NO_QUOTE = re.compile(r":?\s*\n|: b['\"]")
"""Where the library begins to quote what the server sent, over several lines."""
_REFUSALS: ContextVar[list[str]] = ContextVar("refusals")
_TRANSFER: ContextVar[Transfer] = ContextVar("transfer")

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


class Refused(OSError):
    """The guard does not let this address be dialled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What decides which connections a request may use; requests with different doors share none.

    Otherwise a connection opened for an outlet with open networks would serve one without.
    """

    open_networks: tuple[str, ...] = ()
    verify_tls: bool = True
    ca_file: str | None = None
    proxy: str | None = None


class _LastLook(aiohttp.ClientRequest):
    """A request that asks whether it may go when it is connected and nothing is sent yet: names, connections and TLS take their time."""

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        await _TRANSFER.get().go()
        return await super().send(conn)


class GuardedHandler(AiohttpDownloadHandler):  # type: ignore[misc]  # Scrapy is untyped for us
    """Scrapy's aiohttp handler with a guarded socket factory, exact limits and unpacking.

    A request carries ``meta["door"]`` (Door), ``meta["transfer"]`` (Transfer), ``meta["limit"]`` (bytes) and ``meta["cut"]`` (read up to
    the limit instead of refusing). Raises Trouble, never a library's own error.
    """

    # Scrapy calls the handler experimental and warns at every start; we pin Scrapy and test the handler on hostile servers.
    experimental = False

    def __init__(self, crawler: Crawler) -> None:
        # The parent's constructor would open a session of its own, unguarded and never used.
        super(AiohttpDownloadHandler, self).__init__(crawler)
        self._limits: CrawlSettings = crawler.spider.limits
        self._resolver: AbstractResolver = crawler.spider.resolver
        self._sessions: dict[Door, aiohttp.ClientSession] = {}
        self._contexts: dict[tuple[bool, str | None], ssl.SSLContext] = {}
        self._running: set[asyncio.Future[Any]] = set()

    async def download_request(self, request: Request) -> Response:
        """Fetch one document over one hop."""
        limits, task = self._limits, asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            with request.meta["transfer"].running():
                async with asyncio.timeout(limits.total_s):
                    response: Response = await super().download_request(request)
                    return response
        except TimeoutError as error:
            raise Trouble(Cause.TIMEOUT, f"no whole answer within {limits.total_s:g} s") from error
        finally:
            self._running.discard(task)

    @asynccontextmanager
    async def _make_request(self, request: Request, timeout: float) -> AsyncIterator[_ClientResponse]:  # noqa: ARG002, ASYNC109 - Scrapy's signature
        door: Door = request.meta["door"]
        refusals: list[str] = []
        token = _REFUSALS.set(refusals)
        _TRANSFER.set(request.meta["transfer"])  # this task carries out no other
        try:
            async with await self._answer(request, door) as response:
                yield response
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise  # the total limit, told by download_request
            raise _trouble(error, refusals) from error
        finally:
            _REFUSALS.reset(token)

    async def _answer(self, request: Request, door: Door) -> _ClientResponse:
        """Send the request and wait for the head of the answer."""
        session = self._session_for(door)
        try:
            async with asyncio.timeout(self._limits.headers_s):
                response = await session.request(
                    request.method,
                    # Scrapy has quoted what must be quoted; a second normalisation would break signed URLs.
                    yarl.URL(request.url, encoded=True),
                    headers=self._request_headers(request).to_tuple_list(),
                    ssl=self._context_for(door) if request.url.startswith("https:") else True,
                    allow_redirects=False,
                    proxy=door.proxy,
                )
        except TimeoutError as error:
            raise Trouble(Cause.TIMEOUT, f"no answer within {self._limits.headers_s:g} s") from error
        return cast("_ClientResponse", response)

    async def _read_response(self, response: _ClientResponse, request: Request) -> Response:
        headers = Headers(list(response.raw_headers))  # as bytes: Scrapy's own way raises on names and values that are no UTF-8
        if not 200 <= response.status < 300:
            return Response(request.url, status=response.status, headers=headers)  # the body says nothing we use, and may never end
        limit, may_cut = int(request.meta["limit"]), bool(request.meta["cut"])
        if not may_cut and (response.content_length or 0) > limit:
            raise Trouble(Cause.TOO_LARGE, f"announced {response.content_length} bytes, {limit} are allowed", http_status=response.status)
        read, is_cut = await self._body(response, limit + 1)
        if len(read) > limit:
            if not may_cut:
                read.clear()  # the error keeps this frame alive for a while
                raise Trouble(Cause.TOO_LARGE, f"larger than {limit} bytes", http_status=response.status)
            del read[limit:]
            is_cut = True
        body, breaks_off = await _unpacked(bytes(read), headers, limit, response.status, may_cut=may_cut)
        flags = [CUT] if is_cut or breaks_off else []
        return Response(request.url, status=response.status, headers=headers, body=body, flags=flags)

    async def _body(self, response: _ClientResponse, most: int) -> tuple[bytearray, bool]:
        """Read ``most`` bytes and little more, giving up on a server that drips; says whether the body broke off."""
        limits, loop = self._limits, asyncio.get_running_loop()
        started = loop.time()
        body = bytearray()
        try:
            while len(body) < most:
                patience = max(limits.slow_after_s, (len(body) + 1) / limits.slow_bytes_per_s)
                async with asyncio.timeout_at(started + patience):
                    piece = await response.content.readany()
                if not piece:
                    break
                body += piece
        except aiohttp.ClientPayloadError:
            return body, True
        except TimeoutError as error:
            body.clear()
            raise Trouble(Cause.TIMEOUT, f"slower than {limits.slow_bytes_per_s:g} bytes/s", http_status=response.status) from error
        return body, False

    def _session_for(self, door: Door) -> aiohttp.ClientSession:
        """Return the session whose connections this door may use, opening it on first use."""
        self._sessions[door] = session = self._sessions.pop(door, None) or self._open_session(door)
        if len(self._sessions) > _MOST_SESSIONS:  # doors of settings that were since reloaded: the one unused for longest goes
            retired = self._sessions.pop(next(iter(self._sessions)))
            closing = asyncio.ensure_future(retired.close())
            self._running.add(closing)
            closing.add_done_callback(self._running.discard)
        return session

    def _open_session(self, door: Door) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=0,  # bounded before the clock of a request starts, not while it runs
            limit_per_host=0,
            resolver=self._resolver,
            ttl_dns_cache=60,
            # What the operator wrote as a proxy is dialled as written; everything else passes the guard.
            socket_factory=None if door.proxy else _guarded(door.open_networks),
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            request_class=_LastLook,
            response_class=_ClientResponse,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            trust_env=False,
        )

    def _context_for(self, door: Door) -> ssl.SSLContext:
        key = (door.verify_tls, door.ca_file)
        context = self._contexts.get(key)
        if context is None:
            context = ssl.create_default_context()
            if door.ca_file:
                context.load_verify_locations(cafile=door.ca_file)
            if not door.verify_tls:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._contexts[key] = context
        return context

    async def close(self) -> None:
        """End what is still on the wire (Scrapy leaves a cancelled request's transfer running) and all connections."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()


def _guarded(open_networks: tuple[str, ...]) -> Callable[[AddressInfo], socket.socket]:
    """Return a socket factory that refuses every address the guard refuses: literals, odd spellings and resolved names alike."""

    def dial(info: AddressInfo) -> socket.socket:
        family, kind, proto, _name, address = info
        reason = guard.may_dial(str(address[0]), int(address[1]), open_networks=open_networks)
        if reason is not None:
            _REFUSALS.get([]).append(reason)
            raise Refused(reason)
        return socket.socket(family, kind, proto)

    return dial


async def _unpacked(body: bytes, headers: Headers, limit: int, status: int, *, may_cut: bool) -> tuple[bytes, bool]:
    codings = b",".join(headers.getlist("Content-Encoding")).decode("latin-1").split(",")
    try:
        if len(body) > _UNPACKED_BESIDE:
            body, is_cut = await asyncio.to_thread(unpack, body, codings, limit, may_cut=may_cut)
        else:
            body, is_cut = unpack(body, codings, limit, may_cut=may_cut)
    except TooLarge as error:
        raise Trouble(Cause.TOO_LARGE, str(error), http_status=status) from error
    except Packed as error:
        raise Trouble(Cause.CONTENT, str(error), http_status=status) from error
    headers.pop("Content-Encoding", None)
    return body, is_cut


def refusal_of(error: BaseException | None) -> str | None:
    """Return the guard's reason where a refusal stands anywhere behind an error."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, Refused):
            return str(error)
        seen.add(id(error))
        error = getattr(error, "os_error", None) or error.__cause__ or error.__context__
    return None


def _trouble(error: Exception, refusals: list[str]) -> Trouble:
    """Say what a library's error means; several addresses tried at once hide a refusal in a joint error, hence the list."""
    reason = refusal_of(error) or (refusals[0] if refusals else None)
    if reason is not None:
        return Trouble(Cause.ADDRESS, reason)
    if isinstance(error, aiohttp.InvalidURL):
        return Trouble(Cause.ADDRESS, f"not an address we dial: {error}")
    is_answer = isinstance(error, aiohttp.ClientResponseError)  # no proper one, but the server was reached
    return Trouble(Cause.SERVER_ERROR if is_answer else Cause.UNREACHABLE, _told(error)[:300])


def _told(error: Exception) -> str:
    """Why a server was not reached, in words for a person; never a library's own text where that may hold a proxy's password."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            why = f"TLS failed: {getattr(error.certificate_error, 'verify_message', None) or error.certificate_error}"
        case aiohttp.ClientConnectorDNSError():
            why = "the host name does not resolve"
        case aiohttp.ClientConnectorError():
            what = "TLS failed" if isinstance(error, aiohttp.ClientSSLError) else "no connection"
            why = f"{what}: {error.os_error.strerror or error.os_error}"
        case aiohttp.ClientResponseError():
            why = f"no proper HTTP answer: {_NO_QUOTE.split(error.message, maxsplit=1)[0].lower()}"
        case aiohttp.ServerDisconnectedError():
            why = "the server hung up without an answer"
        case _:
            why = f"{type(error).__name__}: {error}"
    return why

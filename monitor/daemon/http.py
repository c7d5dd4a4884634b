"""The daemon's own HTTP server: health, readiness, metrics and a feed of alerts per theme; loopback unless told otherwise."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from monitor import metrics

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'",
    "Cache-Control": "no-store",
}
Check = Callable[[], Awaitable[dict[str, object]]]
Feed = Callable[[str], Awaitable[bytes | None]]


class Server:
    """Serves what its callables return; ``check`` answers with ``ready`` and, where it is false, ``why``."""

    def __init__(self, *, listen: tuple[str, int], counters: metrics.Metrics, check: Check, feed: Feed) -> None:
        self._host, self._port = listen
        self._counters = counters
        self._check = check
        self._feed = feed
        self._runner: web.AppRunner | None = None
        self.app = web.Application(middlewares=[_guarded])
        self.app.router.add_get("/healthz", self._healthz)
        self.app.router.add_get("/readyz", self._readyz)
        self.app.router.add_get("/metrics", self._metrics)
        self.app.router.add_get("/alerts/{theme}.atom", self._atom)

    @property
    def address(self) -> str:
        """Where it listens, with the port it really got."""
        port = self._port
        if self._runner and self._runner.addresses:
            port = self._runner.addresses[0][1]
        return f"http://{self._host}:{port}"

    async def start(self) -> None:
        """Bind; raises OSError where the address is taken."""
        self._runner = web.AppRunner(self.app, access_log=None, handle_signals=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def close(self) -> None:
        """Stop serving."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        state = await self._check()
        return web.Response(
            text=json.dumps(state, ensure_ascii=False) + "\n", content_type="application/json", status=200 if state["ready"] else 503
        )

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._counters.page(), headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _atom(self, request: web.Request) -> web.Response:
        body = await self._feed(request.match_info["theme"])
        if body is None:
            raise web.HTTPNotFound(text="no such theme\n")
        return web.Response(body=body, headers={"Content-Type": "application/atom+xml; charset=utf-8"})


@web.middleware
async def _guarded(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """Give every answer, errors included, the same defensive headers."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(_HEADERS)
        raise
    response.headers.update(_HEADERS)
    return response

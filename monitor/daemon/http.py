"""The daemon's own HTTP server: health, readiness, metrics, a feed of alerts per theme, and the pages; loopback unless told otherwise."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from monitor import metrics
from monitor.links import Standing
from monitor.web import acts, guard
from monitor.web.routes import Pages
from monitor.web.site import Site

_MOST_BODY = 16_384
_MOST_LINE = 65_536
"""Of a request's first line: the longest query that a page takes, each of its characters written as up to twelve bytes, fits."""
_PATIENCE_S = 3.0
"""A page that is being read when the daemon ends may still come; nobody's open connection holds the end up."""
Check = Callable[[], Awaitable[dict[str, object]]]
Feed = Callable[[str], Awaitable[bytes | None]]
Stuck = Callable[[], tuple[str, ...]]
Route = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Serves what its callables return; ``check`` answers with ``ready`` and, where it is false, ``why``; ``stuck`` says what a restart would move."""

    def __init__(self, *, listen: tuple[str, int], counters: metrics.Metrics, check: Check, stuck: Stuck, feed: Feed, site: Site) -> None:
        self._host, self._port = listen
        self._counters = counters
        self._check = check
        self._stuck = stuck
        self._feed = feed
        self._site = site
        self._runner: web.AppRunner | None = None
        self.app = web.Application(middlewares=[self._guarded], client_max_size=_MOST_BODY)
        self.app.on_response_prepare.append(_defended)
        self.app.router.add_get("/healthz", self._healthz)
        self.app.router.add_get("/readyz", self._readyz)
        self.app.router.add_get("/metrics", self._metrics)
        self.app.router.add_get("/alerts/{theme}.atom", self._atom)
        Pages(site).add_to(self.app)

    @property
    def address(self) -> str:
        """Where it listens, with the port it really got."""
        port = self._port
        if self._runner and self._runner.addresses:
            port = self._runner.addresses[0][1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{port}"

    async def start(self) -> None:
        """Bind; raises OSError where the address is taken."""
        self._runner = web.AppRunner(
            self.app, access_log=None, handle_signals=False, shutdown_timeout=_PATIENCE_S, max_line_size=_MOST_LINE
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def close(self) -> None:
        """Stop serving."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Route) -> web.StreamResponse:
        """Decide about every request before anything else sees it, also about those that lead nowhere."""
        is_signed = acts.signed(self._site, request) is Standing.GOOD
        match guard.answer(self._site.door, acts.asked(request, is_signed=is_signed)):
            case guard.Answer.PASS:
                return await handler(request)
            case guard.Answer.NEEDS_TOKEN:
                return self._closed(request)
            case guard.Answer.WRONG_HOST:
                raise web.HTTPMisdirectedRequest(text="this address serves this machine alone; name it as localhost, or set public_url\n")
            case guard.Answer.WRONG_ORIGIN:
                raise web.HTTPForbidden(text="this form was not sent by a page of this Presswatch\n")
            case guard.Answer.WRONG_METHOD:
                raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD", "POST"), text="pages are read, nothing else\n")

    def _closed(self, request: web.Request) -> web.Response:
        """Ask people for the token in a form, programs by a challenge; feed readers know the one with a password."""
        if request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("Accept", "") and "." not in request.path:
            return acts.closed(self._site, guard.own_path(request.path_qs))
        scheme = "Basic" if request.path.endswith(".atom") else "Bearer"
        challenge = {"WWW-Authenticate": f'{scheme} realm="Presswatch"'}
        return web.Response(status=401, text="send the token: Authorization: Bearer ...\n", headers=challenge)

    async def _healthz(self, request: web.Request) -> web.Response:
        why = self._stuck()
        if not why:
            return web.Response(text="ok\n")
        told = "; ".join(why) if acts.may_look(self._site, request) else "stuck"
        return web.Response(text=told + "\n", status=503)

    async def _readyz(self, request: web.Request) -> web.Response:
        state = await self._check()
        told = state if acts.may_look(self._site, request) else {"ready": state["ready"]}
        return web.Response(
            text=json.dumps(told, ensure_ascii=False) + "\n", content_type="application/json", status=200 if state["ready"] else 503
        )

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._counters.page(), headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _atom(self, request: web.Request) -> web.Response:
        body = await self._feed(request.match_info["theme"])
        if body is None:
            raise web.HTTPNotFound(text="no such theme\n")
        return web.Response(body=body, headers={"Content-Type": "application/atom+xml; charset=utf-8"})


async def _defended(_request: web.Request, response: web.StreamResponse) -> None:
    """Give every answer, errors included, the same defensive headers; a page has a policy of its own."""
    for name, value in guard.HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.pop("Server", None)

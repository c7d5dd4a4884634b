"""How an outlet of the newsstand misbehaves when it is told to."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from html import escape

from aiohttp import web

MIB = 1024 * 1024
CANARY = "http://127.0.9.9/secret"

_WALL = "<!doctype html><html><head><title>Just a moment...</title></head><body><h1>Checking your browser</h1></body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way of misbehaving: at one outlet or all (None), for one kind of document or any, so many times or for ever (None)."""

    mode: str
    outlet_id: str | None = None
    what: str = "any"
    times: int | None = None
    options: Mapping[str, str | float] = field(default_factory=dict)

    def number(self, name: str, default: float) -> float:
        """A numeric option."""
        return float(self.options.get(name, default))

    def text(self, name: str, default: str) -> str:
        """An option in words."""
        return str(self.options.get(name, default))


class Faults:
    """The faults in force; of several that fit the newest is taken."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._used: dict[int, int] = {}

    def put(self, mode: str, outlet_id: str | None = None, *, what: str = "any", times: int | None = None, **options: str | float) -> Fault:
        """Put a fault in force; ``what`` is feed, sitemap, listing, json_api, article, robots or any. Raises ValueError on an unknown mode."""
        if mode not in MODES:
            raise ValueError(f"no fault is called {mode!r}; there are {', '.join(sorted(MODES))}")
        fault = Fault(mode=mode, outlet_id=outlet_id, what=what, times=times, options=options)
        self._faults.insert(0, fault)
        return fault

    def clear(self, fault: Fault | None = None) -> None:
        """Take one fault away, or all."""
        self._faults = [] if fault is None else [f for f in self._faults if f is not fault]

    def take(self, outlet_id: str, what: str) -> Fault | None:
        """The fault that meets a request, counted."""
        for fault in self._faults:
            if fault.outlet_id not in {None, outlet_id} or fault.what not in {"any", what}:
                continue
            used = self._used.get(id(fault), 0)
            if fault.times is not None and used >= fault.times:
                continue
            self._used[id(fault)] = used + 1
            return fault
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request that meets a fault."""

    request: web.BaseRequest
    fault: Fault
    now: datetime
    what: str


Misbehave = Callable[[Visit], Awaitable[web.StreamResponse | None]]


async def misbehave(visit: Visit) -> web.StreamResponse | None:
    """Answer as the fault says; None where the right answer is to be given after all."""
    return await MODES[visit.fault.mode](visit)


async def _status(visit: Visit) -> web.StreamResponse:
    return web.Response(status=int(visit.fault.number("status", 500)), text="not today")


async def _retry_after(visit: Visit) -> web.StreamResponse:
    wait_s = visit.fault.number("seconds", 7)
    is_date = visit.fault.text("form", "seconds") == "date"
    when = format_datetime(visit.now + timedelta(seconds=wait_s), usegmt=True) if is_date else f"{wait_s:.0f}"
    return web.Response(status=int(visit.fault.number("status", 429)), headers={"Retry-After": when})


async def _hang(_visit: Visit) -> web.StreamResponse:
    await asyncio.sleep(3600)
    return web.Response()


async def _slow(visit: Visit) -> None:
    await asyncio.sleep(visit.fault.number("seconds", 2))


async def _drip(visit: Visit) -> web.StreamResponse:
    """A byte or so at a time."""
    response = await _opened(visit)
    while True:
        await response.write(b" " * int(visit.fault.number("bytes", 1)))
        await asyncio.sleep(visit.fault.number("delay", 0.2))


async def _endless(visit: Visit) -> web.StreamResponse:
    response = await _opened(visit)
    while True:
        await response.write(b"<p>und so weiter</p>\n" * 2000)
        await asyncio.sleep(0)


async def _endless_headers(visit: Visit) -> web.StreamResponse:
    transport = visit.request.transport
    assert transport is not None
    transport.write(b"HTTP/1.1 200 OK\r\n")
    for n in range(200_000):
        if transport.is_closing():
            break
        transport.write(b"X-%d: und so weiter\r\n" % n)
        await asyncio.sleep(0)
    return web.Response()


async def _bomb(visit: Visit) -> web.StreamResponse:
    coding = visit.fault.text("coding", "gzip")
    body = await asyncio.to_thread(_packed, int(visit.fault.number("mb", 64)), coding)
    return web.Response(body=body, headers={"Content-Encoding": visit.fault.text("header", coding), "Content-Type": _media_type(visit)})


@lru_cache(maxsize=4)
def _packed(megabytes: int, coding: str) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if coding == "gzip" else 15)
    zeros = bytes(MIB)
    return b"".join([*(packer.compress(zeros) for _ in range(megabytes)), packer.flush()])


async def _redirect(visit: Visit) -> web.StreamResponse:
    return web.Response(status=int(visit.fault.number("status", 302)), headers={"Location": visit.fault.text("to", CANARY)})


async def _redirect_loop(visit: Visit) -> web.StreamResponse:
    """Each hop another URL, so that only counting ends it."""
    hop = int(visit.request.query.get("hop", "0")) + 1
    return web.Response(status=302, headers={"Location": f"{visit.request.path}?hop={hop}"})


async def _reset(visit: Visit) -> web.StreamResponse:
    transport = visit.request.transport
    assert transport is not None
    transport.abort()
    return web.Response()


async def _truncate(visit: Visit) -> web.StreamResponse:
    """Promise more than comes."""
    response = web.StreamResponse(headers={"Content-Type": _media_type(visit), "Content-Length": "100000"})
    await response.prepare(visit.request)
    await response.write(b"<?xml version='1.0'?><rss version='2.0'><channel><title>Halb")
    return await _reset(visit)


async def _empty(visit: Visit) -> web.StreamResponse:
    return web.Response(body=b"", headers={"Content-Type": _media_type(visit)})


async def _wall(_visit: Visit) -> web.StreamResponse:
    return web.Response(text=_WALL, content_type="text/html")


async def _not_found_as_200(_visit: Visit) -> web.StreamResponse:
    return web.Response(text="<html><body><main><h1>404</h1><p>Seite nicht gefunden.</p></main></body></html>", content_type="text/html")


async def _xml_bomb(visit: Visit) -> web.StreamResponse:
    entities = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 11))
    return _xml(
        visit,
        f"<!DOCTYPE l [<!ENTITY a0 'lol'>{entities}]><rss version='2.0'><channel><title>&a10;</title><item><title>&a10;</title></item></channel></rss>",
    )


async def _xxe(visit: Visit) -> web.StreamResponse:
    to = visit.fault.text("to", CANARY)
    return _xml(
        visit,
        f"<!DOCTYPE l SYSTEM '{to}/dtd' [<!ENTITY f SYSTEM 'file:///etc/hostname'><!ENTITY n SYSTEM '{to}/entity'>]>"
        f"<rss version='2.0'><channel><title>x</title><item><title>[&f;][&n;]</title><link>/a/xxe</link></item></channel></rss>",
    )


def hostile_links(address: str, port: int) -> tuple[str, ...]:
    """Every spelling by which a link may try to reach an address it must not."""
    a, b, c, d = (int(part) for part in address.split("."))
    number = (a << 24) + (b << 16) + (c << 8) + d
    return (
        f"http://{address}:{port}/plain",
        f"http://{number}:{port}/decimal",
        f"http://{hex(number)}:{port}/hex",
        f"http://0{a:o}.0{b:o}.0{c:o}.0{d:o}:{port}/octal",
        f"http://0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}:{port}/dotted-hex",
        f"http://{a}.{(b << 16) + (c << 8) + d}:{port}/short",
        f"http://{a}.{b}.{(c << 8) + d}:{port}/shorter",
        f"http://[::ffff:{address}]:{port}/mapped",
        f"http://[::ffff:{(a << 8) + b:x}:{(c << 8) + d:x}]:{port}/mapped-hex",
        f"http://[::{address}]:{port}/compatible",
        f"http://outlet.example\\@{address}:{port}/backslash",
        f"http://outlet.example@{address}:{port}/user",
        f"http://{_circled(address)}:{port}/circled",
        f"http://{_wide(address)}:{port}/wide",
        f"//{address}:{port}/relative",
        f"HTTP://{address}:{port}/upper",
        f"http:\\\\{address}:{port}/slashes",
        f"http:/{address}:{port}/one-slash",
        f"http://{address.replace('.', '。')}:{port}/ideographic",
        f"http://{address}.:{port}/dot",
        f" http://{address}:{port}/space",
        f"http://localhost:{port}/name",
        f"http://{address}:{port}#@outlet.example/fragment",
        "file:///etc/hostname",
        "data:text/html,<p>data</p>",
        f"ftp://{address}/file",
        f"gopher://{address}:{port}/_x",
        "javascript:alert(1)",
    )


async def _hostile_links(visit: Visit) -> web.StreamResponse:
    links = hostile_links(visit.fault.text("to", "127.0.9.9"), int(visit.fault.number("port", 80)))
    items = "".join(f"<item><title>Falle {n}</title><link>{escape(link)}</link></item>" for n, link in enumerate(links))
    return _xml(visit, f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>")


async def _flood(visit: Visit) -> web.StreamResponse:
    base = f"{visit.request.scheme}://{visit.request.host}"
    items = "".join(
        f"<item><title>Meldung {n}</title><link>{base}/flut/{n}</link></item>" for n in range(int(visit.fault.number("n", 10_000)))
    )
    return _xml(visit, f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>")


async def _huge(visit: Visit) -> web.StreamResponse:
    body = b"<!doctype html><html><body>" + b"<p>und so weiter</p>" * (int(visit.fault.number("mb", 50)) * MIB // 20)
    return web.Response(body=body, headers={"Content-Type": _media_type(visit)})


async def _deep(visit: Visit) -> web.StreamResponse:
    n = int(visit.fault.number("n", 50_000))
    return web.Response(text=f"<!doctype html><html><body>{'<div>' * n}tief{'</div>' * n}</body></html>", content_type="text/html")


async def _control_characters(visit: Visit) -> web.StreamResponse:
    return _xml(
        visit,
        "<rss version='2.0'><channel><title>x</title><item><title>Null &#0; Escape \x1b Waise &#xD800; Ende</title>"
        "<link>/a/control</link></item></channel></rss>",
    )


async def _liar(visit: Visit) -> web.StreamResponse | None:
    """Say that nothing changed, for ever."""
    headers = visit.request.headers
    return web.Response(status=304) if "If-None-Match" in headers or "If-Modified-Since" in headers else None


async def _opened(visit: Visit) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": _media_type(visit)})
    await response.prepare(visit.request)
    return response


def _xml(_visit: Visit, text: str) -> web.Response:
    return web.Response(body=f"<?xml version='1.0' encoding='utf-8'?>{text}".encode(), headers={"Content-Type": "application/xml"})


def _media_type(visit: Visit) -> str:
    return "text/html" if visit.what in {"article", "listing"} else "text/plain" if visit.what == "robots" else "application/xml"


def _circled(address: str) -> str:
    return "".join(chr(0x2460 + int(digit) - 1) if digit in "123456789" else "⓪" if digit == "0" else digit for digit in address)


def _wide(address: str) -> str:
    return "".join(chr(0xFF10 + int(digit)) if digit.isdigit() else "．" for digit in address)


MODES: Mapping[str, Misbehave] = {
    "status": _status,
    "retry-after": _retry_after,
    "hang": _hang,
    "slow": _slow,
    "drip": _drip,
    "endless": _endless,
    "endless-headers": _endless_headers,
    "bomb": _bomb,
    "redirect": _redirect,
    "redirect-loop": _redirect_loop,
    "reset": _reset,
    "truncate": _truncate,
    "empty": _empty,
    "wall": _wall,
    "soft-404": _not_found_as_200,
    "xml-bomb": _xml_bomb,
    "xxe": _xxe,
    "hostile-links": _hostile_links,
    "flood": _flood,
    "huge": _huge,
    "deep": _deep,
    "control-characters": _control_characters,
    "liar": _liar,
}

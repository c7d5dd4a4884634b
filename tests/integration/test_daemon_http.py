"""The daemon's HTTP server, asked for real: health, metrics, feeds, and who is let in."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import aiohttp
import pytest

from monitor.archive import Archive
from monitor.clock import FixedClock
from monitor.daemon.http import Server
from monitor.metrics import Metrics
from monitor.web.guard import HEADERS
from monitor.web.site import Site
from tests.archives import NOW, furnish
from tests.serving import KEY, PAGES, SETTINGS, Served, serving

TOKEN = "an opening word of some length"


@pytest.fixture
async def archive(sqlite_url: str) -> AsyncIterator[Archive]:
    opened = Archive.open(sqlite_url, clock=FixedClock(NOW))
    opened.write_now(furnish)
    yield opened
    opened.close()


@pytest.fixture
async def home(archive: Archive) -> AsyncIterator[Served]:
    async with serving(archive, FixedClock(NOW)) as served:
        yield served


@pytest.fixture
async def closed(archive: Archive) -> AsyncIterator[Served]:
    async with serving(archive, FixedClock(NOW), listen=("0.0.0.0", 0), token=TOKEN) as served:
        yield served


async def test_health_metrics_and_feeds_answer_with_defensive_headers(archive: Archive) -> None:
    state: dict[str, object] = {"ready": True, "why": []}
    stuck: tuple[str, ...] = ()

    async def check() -> dict[str, object]:
        return state

    async def feed(theme: str) -> bytes | None:
        return b"<feed/>" if theme == "deepseek-next" else None

    counters = Metrics()
    counters.prepare(version="1", outlets=["nzz"], themes=["deepseek-next"], channels=["desk"])
    site = Site(archive=archive, clock=FixedClock(NOW), settings=lambda: SETTINGS, key=lambda: KEY)
    server = Server(listen=("127.0.0.1", 0), counters=counters, check=check, stuck=lambda: stuck, feed=feed, site=site)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{server.address}/healthz") as answer:
                assert (answer.status, await answer.text()) == (200, "ok\n")
                assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
            async with session.get(f"{server.address}/readyz") as answer:
                assert answer.status == 200
            state |= {"ready": False, "why": ["the archive takes no writes"]}
            async with session.get(f"{server.address}/readyz") as answer:
                assert answer.status == 503
                assert (await answer.json())["why"] == ["the archive takes no writes"]
            async with session.get(f"{server.address}/healthz") as answer:
                assert answer.status == 200, "a restart gives a full disk no room"
            stuck = ("the spider does not move",)
            async with session.get(f"{server.address}/healthz") as answer:
                assert (answer.status, await answer.text()) == (503, "the spider does not move\n")
            async with session.get(f"{server.address}/metrics") as answer:
                text = await answer.text()
                assert 'presswatch_alerts_total{reason="first report",theme="deepseek-next"} 0.0' in text
                assert "presswatch_build_info" in text
            async with session.get(f"{server.address}/alerts/deepseek-next.atom") as answer:
                assert answer.headers["Content-Type"].startswith("application/atom+xml")
            async with session.get(f"{server.address}/alerts/nothing.atom") as answer:
                assert answer.status == 404
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
    finally:
        await server.close()


EVERYWHERE = (
    *PAGES,
    "/healthz",
    "/readyz",
    "/metrics",
    "/style.css",
    "/alerts/models.atom",
    "/nothing",
    "/stories/77",
    "/today.json",
    "/stories/x",
)


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_answer_defends_itself(home: Served, path: str) -> None:
    answer = await home.get(path)
    for name, value in HEADERS.items():
        if name == "Content-Security-Policy":
            assert answer.headers[name].startswith("default-src 'none'")
            assert "unsafe" not in answer.headers[name]
        elif (name, path) != ("Cache-Control", "/style.css"):
            assert answer.headers[name] == value
    assert "Server" not in answer.headers
    if answer.status >= 400:
        assert answer.headers["Content-Type"].startswith("text/plain")


async def test_a_fault_of_ours_is_told_in_plain_text_and_defended(home: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.archive.reads.pages.today", lambda tx, now: 1 / 0)
    answer = await home.get("/", Accept="text/html")
    assert answer.status == 500
    assert "ZeroDivisionError" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"


async def test_a_name_bound_to_this_machine_by_somebody_else_opens_nothing(home: Served) -> None:
    for path in (*PAGES, "/metrics", "/alerts/models.atom", "/today.json", "/nothing"):
        answer = await home.get(path, Host="evil.example")
        assert answer.status == 421, path
        assert "Nordlicht" not in answer.text


async def test_beyond_loopback_everything_is_closed_but_what_probes_ask(closed: Served) -> None:
    for path in EVERYWHERE:
        answer = await closed.get(path)
        opens = path in {"/healthz", "/readyz", "/style.css"}
        assert answer.status == (200 if opens else 401), path
        assert opens or answer.text == "send the token: Authorization: Bearer ...\n"
    assert (await closed.get("/readyz")).text == '{"ready": true}\n'
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"):
        assert (await closed.ask(method, "/")).status in {401, 403, 405}


@pytest.mark.parametrize("path", [*PAGES, "/metrics", "/alerts/models.atom", "/today.json"])
async def test_the_token_opens_everything(closed: Served, path: str) -> None:
    assert (await closed.get(path, Authorization=f"Bearer {TOKEN}")).status == 200
    assert (await closed.get(path, Authorization="Bearer " + TOKEN[:-1])).status == 401


async def test_a_feed_reader_asks_for_a_password(closed: Served) -> None:
    answer = await closed.get("/alerts/models.atom")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Presswatch"'
    password = base64.b64encode(f"reader:{TOKEN}".encode()).decode()
    assert (await closed.get("/alerts/models.atom", Authorization=f"Basic {password}")).status == 200


async def test_people_hand_in_the_token_once_and_are_where_they_wanted_to_be(closed: Served) -> None:
    form = await closed.get("/stories/1?from=0", Accept="text/html")
    assert form.status == 401
    assert 'name="next" value="/stories/1?from=0"' in form.text
    assert "Nordlicht" not in form.text
    assert '<form method="post" action="../token">' in form.text
    deeper = await closed.get("/search?q=a/b/c", Accept="text/html")
    assert '<form method="post" action="./token">' in deeper.text
    wrong = await closed.post("/token", data={"token": "guess", "next": "/stories/1"})
    assert (wrong.status, "That was not it." in wrong.text) == (401, True)
    right = await closed.post("/token", data={"token": TOKEN, "next": "/stories/1?from=0"})
    assert (right.status, right.headers["Location"]) == (303, "./stories/1?from=0")
    cookie = right.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert TOKEN not in cookie
    held = cookie.partition(";")[0]
    assert (await closed.get("/stories/1", Cookie=held)).status == 200
    closed.change(token="another one")
    assert (await closed.get("/stories/1", Cookie=held)).status == 401


async def test_over_tls_the_cookie_stays_on_tls(archive: Archive) -> None:
    async with serving(archive, FixedClock(NOW), token=TOKEN, public_url="https://news.example/") as served:
        right = await served.post("/token", data={"token": TOKEN, "next": "//evil.example"}, origin="https://news.example")
        assert "Secure" in right.headers["Set-Cookie"]
        assert right.headers["Location"] == "./"


async def test_a_form_of_another_site_hands_in_nothing(closed: Served) -> None:
    for origin in ("https://evil.example", "null", None):
        answer = await closed.post("/token", data={"token": TOKEN}, origin=origin)
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers


async def test_a_body_is_no_place_to_fill_the_memory(closed: Served) -> None:
    answer = await closed.post("/token", data={"token": "x" * 1_000_000})
    assert answer.status == 413


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data; boundary=x", b"garbage", 415),
        ("multipart/form-data", b"garbage", 415),
        ("text/plain", b"token=guess", 415),
        ("application/x-www-form-urlencoded; charset=nothing", b"token=%ff", 401),
        ("application/x-www-form-urlencoded", b"token=\xff\xfe&next", 401),
        ("application/x-www-form-urlencoded", b"", 401),
    ],
)
async def test_what_a_stranger_sends_instead_of_the_form_is_no_fault_of_ours(closed: Served, kind: str, body: bytes, status: int) -> None:
    answer = await closed.ask("POST", "/token", data=body, headers={"Origin": closed.address, "Content-Type": kind})
    assert (answer.status, "Set-Cookie" in answer.headers) == (status, False)


async def test_nobody_who_holds_a_connection_holds_the_end_up(archive: Archive) -> None:
    async with asyncio.timeout(30), serving(archive, FixedClock(NOW)) as served:
        port = int(served.address.rpartition(":")[2])
        _, half = await asyncio.open_connection("127.0.0.1", port)
        half.write(b"GET /stories/1 HTTP/1.1\r\nHost: 127.0")
        _, idle = await asyncio.open_connection("127.0.0.1", port)
        assert (await served.get("/")).status == 200
    half.close()
    idle.close()

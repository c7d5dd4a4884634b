"""Servers that mean harm, or are merely broken, cost one place on the wire and little memory."""

from __future__ import annotations

import asyncio
import gzip
import resource
import socket
import threading
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from crawler.model import Failure, FailureReason, Page, PollStatus, SourceKind
from crawler.ports import FetchOrder
from crawler.spiders.settings import MIB
from tests.crawl_fakes import PAGE, Raw, Reply, Site, crawling, entry, feed_reply, outlet_of, rss, until

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


async def _hang(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def _drip_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _drip_body(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _stop_in_body(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Length: 1000\r\n\r\n<p>")
    await writer.drain()
    await asyncio.sleep(60)


async def _endless_body(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"\r\n")
    while True:
        writer.write(b"<p>on and on</p>" * 4096)
        await writer.drain()


async def _endless_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: and more\r\n" * 4096)
        await writer.drain()


async def _one_long_header(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"y" * 65536)
        await writer.drain()


async def _no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()


async def _nothing(_writer: asyncio.StreamWriter) -> None:
    """Hang up."""


async def _announce_much(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Length: 99999999999\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(60)


async def _bad_length(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Length: many\r\n\r\nx")
    await writer.drain()


async def _bad_chunks(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nnonsense")
    await writer.drain()


HOSTILE: dict[str, tuple[Raw, set[FailureReason]]] = {
    "hang": (_hang, {FailureReason.TIMEOUT}),
    "head drips": (_drip_head, {FailureReason.TIMEOUT, FailureReason.UNREACHABLE}),
    "body drips": (_drip_body, {FailureReason.TIMEOUT}),
    "body stops": (_stop_in_body, {FailureReason.TIMEOUT}),
    "endless body": (_endless_body, {FailureReason.TOO_LARGE}),
    "endless head": (_endless_head, {FailureReason.SERVER_ERROR}),
    "one long header": (_one_long_header, {FailureReason.SERVER_ERROR}),
    "no HTTP": (_no_http, {FailureReason.SERVER_ERROR}),
    "hang up": (_nothing, {FailureReason.UNREACHABLE}),
    "announces much": (_announce_much, {FailureReason.TOO_LARGE}),
    "bad length": (_bad_length, {FailureReason.SERVER_ERROR}),
    "bad chunks": (_bad_chunks, {FailureReason.SERVER_ERROR}),
}


@pytest.mark.parametrize("raw", [_no_http, _bad_length, _one_long_header])
async def test_what_a_server_says_instead_of_http_is_not_repeated(raw: Raw) -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/robots.txt", Reply(status=404))
        site.raw("/feed", raw)
        outlet = outlet_of(site.url("/feed"))
        poll, _ = await rig.poll(outlet.sources[0], outlet)
        assert poll.status is PollStatus.SERVER_ERROR
        assert (poll.error or "").startswith("no proper HTTP answer: ")
        assert not any(sign in (poll.error or "") for sign in ("\n", "OpenSSH", "'many'", "yyy"))


@pytest.mark.parametrize("name", HOSTILE)
async def test_it_costs_its_own_host_a_moment_and_the_others_nothing(name: str) -> None:
    raw, reasons = HOSTILE[name]
    async with Site() as bad, Site("127.0.0.6") as good, crawling(concurrent=2, headers_s=0.6, total_s=1.5, slow_after_s=0.4) as rig:
        bad.raw("/a", raw)
        good.answer("/a", PAGE)
        outlet = outlet_of(bad.url("/feed"))
        started = rig.clock.monotonic()
        assert rig.crawl.submit(FetchOrder(entry=entry(bad.url("/a"), outlet), outlet=outlet))
        for _ in range(20):
            assert rig.crawl.submit(FetchOrder(entry=entry(good.url("/a"), outlet), outlet=outlet))
        await rig.sink.until(21)
        results = [arrival.result for arrival in rig.sink.arrivals]
        failures = [result for result in results if isinstance(result, Failure)]
        assert [f.reason in reasons for f in failures] == [True], failures
        assert rig.clock.monotonic() - started < 4
        await until(lambda: rig.crawl.busy == 0)


async def test_the_whole_answer_must_come_within_the_limit_however_fast_it_comes() -> None:
    async with Site() as site, crawling(total_s=0.8, headers_s=0.5, slow_after_s=0.3, slow_bytes_per_s=10.0) as rig:

        async def steady(writer: asyncio.StreamWriter) -> None:
            writer.write(HEAD + b"\r\n")
            while True:
                writer.write(b"." * 500)
                await writer.drain()
                await asyncio.sleep(0.02)

        site.raw("/a", steady)
        outlet = outlet_of(site.url("/feed"))
        failure = await rig.fetch(site.url("/a"), outlet)
        assert isinstance(failure, Failure)
        assert (failure.reason, failure.detail) == (FailureReason.TIMEOUT, "no whole answer within 0.8 s")


@cache
def _zeros(megabytes: int, wbits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    zeros = bytes(MIB)
    return b"".join([*(packer.compress(zeros) for _ in range(megabytes)), packer.flush()])


BOMBS: dict[str, Callable[[], tuple[bytes, str]]] = {
    "gzip": lambda: (_zeros(300, 31), "gzip"),
    "deflate": lambda: (_zeros(300, 15), "deflate"),
    "raw deflate": lambda: (_zeros(300, -15), "deflate"),
    "gzip members": lambda: (gzip.compress(bytes(MIB)) * 40, "gzip"),
    "empty gzip members": lambda: (gzip.compress(b"") * 5000, "gzip"),
    "gzip in gzip": lambda: (gzip.compress(_zeros(300, 31)), "gzip, gzip"),
    "brotli": lambda: (b"\x00" * 100, "br"),
    "zstd": lambda: (b"\x28\xb5\x2f\xfd" + bytes(100), "zstd"),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_bombs_are_refused_within_bounded_memory_and_time(name: str) -> None:
    body, coding = BOMBS[name]()
    async with Site() as site, crawling() as rig:
        site.answer("/feed", Reply(body=body, headers={"Content-Encoding": coding}))
        outlet = outlet_of(site.url("/feed"))
        before, started = _peak_mib(), rig.clock.monotonic()
        poll, _ = await rig.poll(outlet.sources[0], outlet)
        assert poll.status in {PollStatus.TOO_LARGE, PollStatus.BAD_CONTENT}
        assert poll.validators is None
        assert _peak_mib() - before < 64
        assert rig.clock.monotonic() - started < 2


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize(("wbits", "coding"), [(31, "gzip"), (31, "x-gzip"), (15, "deflate"), (-15, "deflate")])
async def test_packed_answers_are_read(wbits: int, coding: str) -> None:
    async with Site() as site, crawling() as rig:
        packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
        body = packer.compress(rss(site.url("/a"))) + packer.flush()
        site.answer("/feed", Reply(body=body, headers={"Content-Encoding": coding, "Content-Type": "text/xml"}))
        outlet = outlet_of(site.url("/feed"))
        poll, entries = await rig.poll(outlet.sources[0], outlet)
        assert (poll.status, len(entries)) == (PollStatus.OK, 1)


async def test_a_packed_answer_that_breaks_off_is_cut_not_broken() -> None:
    async with Site() as site, crawling() as rig:
        links = [site.url(f"/{n}") for n in range(400)]
        site.answer(
            "/feed", Reply(body=gzip.compress(rss(*links))[:-200], headers={"Content-Encoding": "gzip", "Content-Type": "text/xml"})
        )
        outlet = outlet_of(site.url("/feed"))
        poll, entries = await rig.poll(outlet.sources[0], outlet)
        assert (poll.status, poll.is_truncated, poll.validators) == (PollStatus.OK, True, None)
        assert 0 < len(entries) < 400


async def test_sitemaps_may_be_larger_than_feeds() -> None:
    async with Site() as site, crawling(body_limit=10_000, sitemap_limit=1_000_000) as rig:
        body = b"<!-- " + b"x" * 20_000 + b" -->" + rss(site.url("/a"))
        site.answer("/feed", Reply(body=body))
        outlet = outlet_of(site.url("/feed"))
        assert (await rig.poll(outlet.sources[0], outlet))[0].status is PollStatus.TOO_LARGE
        maps = outlet_of(site.url("/feed"), kind=SourceKind.SITEMAP)
        assert (await rig.poll(maps.sources[0], maps))[0].status is not PollStatus.TOO_LARGE


async def test_an_error_page_without_end_is_an_error_like_any_other() -> None:
    async with Site() as site, crawling() as rig:

        async def endless_404(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 404 Not Found\r\n\r\n")
            while True:
                writer.write(b"nothing here " * 4096)
                await writer.drain()

        site.raw("/a", endless_404)
        outlet = outlet_of(site.url("/feed"))
        failure = await rig.fetch(site.url("/a"), outlet)
        assert isinstance(failure, Failure)
        assert failure.reason is FailureReason.GONE


async def test_own_headers_go_to_the_outlets_own_hosts_and_no_further(tmp_path: Path) -> None:
    secret = tmp_path / "headers"
    secret.write_text("# access of the desk\nCookie: session=s3cr3t\nX-Reader: desk\n\n", encoding="utf-8")
    async with Site() as own, Site("127.0.0.6") as other, crawling() as rig:
        outlet = outlet_of(own.url("/feed"), headers_file=str(secret))
        own.answer("/feed", feed_reply(own.url("/a")))
        own.answer("/a", PAGE)
        own.answer("/out", Reply(status=302, headers={"Location": other.url("/back")}))
        other.answer("/back", Reply(status=302, headers={"Location": own.url("/a")}))
        other.answer("/b", PAGE)
        await rig.poll(outlet.sources[0], outlet)
        for url in (own.url("/a"), own.url("/out"), other.url("/b")):
            assert isinstance(await rig.fetch(url, outlet), Page)
        assert [hit.headers.get("cookie") for hit in own.hits if hit.path == "/a"] == ["session=s3cr3t", None]  # back by way of another
        carried = {(hit.path, hit.headers.get("cookie"), hit.headers.get("x-reader")) for hit in own.hits if hit.path != "/robots.txt"}
        assert carried >= {("/feed", "session=s3cr3t", "desk"), ("/a", "session=s3cr3t", "desk"), ("/out", "session=s3cr3t", "desk")}
        assert all("cookie" not in hit.headers and "x-reader" not in hit.headers for hit in other.hits)


@pytest.mark.parametrize("content", [None, "no header at all\n", "Cookie session=s3cr3t\n"])
async def test_a_headers_file_that_cannot_be_used_stops_the_request_and_tells_no_secret(tmp_path: Path, content: str | None) -> None:
    secret = tmp_path / "headers"
    if content is not None:
        secret.write_text(content, encoding="utf-8")
    async with Site() as own, crawling() as rig:
        own.answer("/feed", feed_reply(own.url("/a")))
        outlet = outlet_of(own.url("/feed"), headers_file=str(secret))
        poll, _ = await rig.poll(outlet.sources[0], outlet)
        assert poll.status is PollStatus.UNREACHABLE
        assert "headers_file" in (poll.error or "")
        assert "s3cr3t" not in (poll.error or "")
        assert "/feed" not in own.paths()


async def test_a_proxy_is_dialled_as_written_and_asked_for_the_outlet() -> None:
    async with Site("127.0.9.8") as proxy, crawling(allow_networks=("192.0.2.0/24",)) as rig:
        proxy.answer("http://192.0.2.7/a", PAGE)
        outlet = outlet_of("http://192.0.2.7/feed", proxy=proxy.base)
        page = await rig.fetch("http://192.0.2.7/a", outlet)
        assert isinstance(page, Page)
        await until(lambda: rig.crawl.busy == 0)
        assert all("proxy-authorization" not in hit.headers for hit in proxy.hits)
        assert proxy.paths() == ["http://192.0.2.7/robots.txt", "http://192.0.2.7/a", "http://192.0.2.7/.well-known/tdmrep.json"]
        refused = await rig.fetch("http://10.0.0.1/a", outlet)
        assert isinstance(refused, Failure)
        assert refused.reason is FailureReason.ADDRESS


async def test_a_proxy_that_wants_a_password_gets_it_and_the_outlet_does_not() -> None:
    async with Site("127.0.9.8") as proxy, crawling(allow_networks=("192.0.2.0/24",)) as rig:
        proxy.answer("http://192.0.2.7/a", PAGE)
        outlet = outlet_of("http://192.0.2.7/feed", proxy=proxy.base.replace("http://", "http://desk:s3cr3t@"))
        page = await rig.fetch("http://192.0.2.7/a", outlet)
        assert isinstance(page, Page)
        assert {hit.headers.get("proxy-authorization") for hit in proxy.hits} == {"Basic ZGVzazpzM2NyM3Q="}
        assert all("authorization" not in hit.headers for hit in proxy.hits)


async def test_names_whose_servers_do_not_answer_hold_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    ask, silence = socket.getaddrinfo, threading.Event()

    def slow_for_some(host: str, port: int, **options: Any) -> Any:
        if host.startswith("tar"):
            silence.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return ask("127.0.0.6" if host == "good.example" else host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow_for_some)
    async with Site("127.0.0.6") as good, crawling(headers_s=1.0) as rig:
        good.answer("/a", PAGE)
        outlet = outlet_of(good.url("/feed"))
        try:
            for n in range(40):
                assert rig.crawl.submit(FetchOrder(entry=entry(f"http://tar{n}.example:8080/a", outlet), outlet=outlet))
            assert rig.crawl.submit(FetchOrder(entry=entry(f"http://good.example:{good.port}/a", outlet), outlet=outlet))
            await rig.sink.until(1, within_s=0.9)
            assert isinstance(rig.sink.arrivals[0].result, Page)
            await rig.sink.until(41)
            late = [arrival.result for arrival in rig.sink.arrivals[1:]]
            assert {r.reason for r in late if isinstance(r, Failure)} == {FailureReason.UNREACHABLE}
        finally:
            silence.set()


async def test_a_name_that_is_none_is_unreachable() -> None:
    async with crawling() as rig:
        outlet = outlet_of("http://no-such-host.invalid:8080/feed")
        poll, _ = await rig.poll(outlet.sources[0], outlet)
        assert poll.status is PollStatus.UNREACHABLE
        assert "does not resolve" in (poll.error or "")

"""Polls and fetches against real servers on loopback."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from crawler.model import Failure, FailureReason, Page, PollStatus, SourceRead, Validators
from crawler.ports import FetchOrder, PollOrder
from crawler.runner import CrawlSettings
from crawler.sources import NeedsFallback
from tests.crawl_fakes import PAGE, Hit, Reply, Site, crawling, entry, feed_reply, outlet_of, rss, until

STATUSES = {
    400: (PollStatus.BAD_CONTENT, FailureReason.CLIENT_ERROR),
    401: (PollStatus.BLOCKED, FailureReason.BLOCKED),
    403: (PollStatus.BLOCKED, FailureReason.BLOCKED),
    404: (PollStatus.GONE, FailureReason.GONE),
    410: (PollStatus.GONE, FailureReason.GONE),
    418: (PollStatus.BAD_CONTENT, FailureReason.CLIENT_ERROR),
    429: (PollStatus.BUSY, FailureReason.BUSY),
    451: (PollStatus.BLOCKED, FailureReason.BLOCKED),
    500: (PollStatus.SERVER_ERROR, FailureReason.SERVER_ERROR),
    502: (PollStatus.SERVER_ERROR, FailureReason.SERVER_ERROR),
    503: (PollStatus.BUSY, FailureReason.BUSY),
}


async def test_a_poll_brings_entries_and_validators_and_the_next_one_is_conditional() -> None:
    async with Site() as site, crawling() as rig:

        def feed(hit: Hit) -> Reply:
            if hit.headers.get("if-none-match") == '"v1"':
                return Reply(status=304)
            return feed_reply(site.url("/a"), site.url("/b"), ETag='"v1"', Last_Modified="Tue, 24 Nov 2026 08:00:00 GMT")

        site.answer("/feed", feed)
        outlet = outlet_of(site.url("/feed"))
        poll, entries = await rig.poll(outlet.sources[0], outlet)
        assert (poll.status, poll.http_status, poll.window_size) == (PollStatus.OK, 200, 2)
        assert [e.url for e in entries] == [site.url("/a"), site.url("/b")]
        assert poll.validators is not None
        assert (poll.validators.etag, poll.validators.last_modified) == ('"v1"', "Tue, 24 Nov 2026 08:00:00 GMT")
        again, none = await rig.poll(outlet.sources[0], outlet, poll.validators)
        assert (again.status, again.http_status, none) == (PollStatus.UNCHANGED, 304, ())
        assert again.validators == poll.validators
        assert site.hits[-1].headers["if-modified-since"] == "Tue, 24 Nov 2026 08:00:00 GMT"


async def test_we_say_who_we_are_and_what_we_read() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/feed", feed_reply(site.url("/a")))
        outlet = outlet_of(site.url("/feed"))
        await rig.poll(outlet.sources[0], outlet)
        assert site.paths()[:2] == ["/robots.txt", "/feed"]
        for hit in site.hits[:2]:
            assert hit.headers["user-agent"] == "Presswatch/9.9 (+https://desk.example/)"
            assert hit.headers["accept-encoding"] == "gzip, deflate"
            assert hit.headers["accept-language"].startswith("de")
            assert "cookie" not in hit.headers
            assert "referer" not in hit.headers


async def test_an_unchanged_body_is_not_read_again_though_the_etag_changed() -> None:
    async with Site() as site, crawling() as rig:
        etags = iter(('"1"', '"2"'))
        site.answer("/feed", lambda _: feed_reply(site.url("/a"), ETag=next(etags)))
        outlet = outlet_of(site.url("/feed"))
        first, _ = await rig.poll(outlet.sources[0], outlet)
        second, entries = await rig.poll(outlet.sources[0], outlet, first.validators)
        assert (second.status, second.http_status, entries) == (PollStatus.UNCHANGED, 200, ())
        assert second.validators is not None
        assert second.validators.etag == '"2"'
        assert second.validators.body_hash == hashlib.sha256(rss(site.url("/a"))).hexdigest()


async def test_at_least_every_six_hours_a_poll_asks_for_the_whole_list() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/feed", lambda hit: Reply(status=304) if "if-none-match" in hit.headers else feed_reply(site.url("/new")))
        outlet = outlet_of(site.url("/feed"))
        old = Validators(etag='"stuck"', unconditional_at=rig.clock.now() - timedelta(hours=6, seconds=1))
        poll, entries = await rig.poll(outlet.sources[0], outlet, old)
        assert (poll.status, len(entries)) == (PollStatus.OK, 1)
        assert poll.validators is not None
        assert poll.validators.unconditional_at == poll.at
        fresh = replace(old, unconditional_at=rig.clock.now() - timedelta(hours=5, minutes=59))
        assert (await rig.poll(outlet.sources[0], outlet, fresh))[0].status is PollStatus.UNCHANGED


@pytest.mark.parametrize("status", STATUSES)
async def test_every_status_means_one_thing_for_polls_and_one_for_pages(status: int) -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/x", Reply(status=status))
        outlet = outlet_of(site.url("/x"))
        poll, entries = await rig.poll(outlet.sources[0], outlet)
        rig.slots.held.clear()
        failure = await rig.fetch(site.url("/x"), outlet)
        assert isinstance(failure, Failure)
        assert ((poll.status, failure.reason), entries) == (STATUSES[status], ())
        assert poll.http_status == failure.http_status == status
        assert poll.validators is None
        assert str(status) in (poll.error or "")


async def test_an_unasked_304_is_no_answer() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/feed", Reply(status=304))
        outlet = outlet_of(site.url("/feed"))
        assert (await rig.poll(outlet.sources[0], outlet))[0].status is PollStatus.BAD_CONTENT


async def test_what_is_no_feed_is_bad_content_and_a_bot_wall_is_a_refusal() -> None:
    async with Site() as site, crawling() as rig:
        outlet = outlet_of(site.url("/feed"))
        site.answer("/feed", Reply(body=b"<!doctype html><html><head><title>Just a moment...</title></head><body>Checking</body></html>"))
        assert (await rig.poll(outlet.sources[0], outlet))[0].status is PollStatus.BLOCKED
        site.answer("/feed", Reply(status=403, headers={"cf-mitigated": "challenge"}))
        assert (await rig.poll(outlet.sources[0], outlet))[0].status is PollStatus.BLOCKED


async def test_a_page_comes_with_its_bytes_headers_and_permission() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/robots.txt", Reply(body=b"User-agent: *\nDisallow: /private\n"))
        site.answer("/a", replace(PAGE, headers={"tdm-reservation": "1", "tdm-policy": "/tdm.json", "X-Odd": "\xe4"}))
        outlet = outlet_of(site.url("/feed"))
        page = await rig.fetch(site.url("/a") + "#part", outlet)
        assert isinstance(page, Page)
        assert (page.http_status, page.body, page.final_url) == (200, PAGE.body, site.url("/a"))
        assert page.headers["x-odd"] == "\xe4"
        assert page.robots == "robots.txt allows"
        assert page.tdm.startswith("reserved by header")


async def test_a_second_look_asks_only_for_what_changed_and_a_first_one_for_all() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/a", lambda hit: Reply(status=304) if hit.headers.get("if-none-match") == '"1"' else PAGE)
        outlet = outlet_of(site.url("/feed"))
        known = replace(entry(site.url("/a"), outlet), validators=Validators(etag='"1"'))
        for is_recheck, outcome in ((True, FailureReason.UNCHANGED), (False, None)):
            count = len(rig.sink.arrivals)
            assert rig.crawl.submit(FetchOrder(entry=replace(known, is_recheck=is_recheck), outlet=outlet))
            await rig.sink.until(count + 1)
            result = rig.sink.arrivals[-1].result
            assert (result.reason if isinstance(result, Failure) else None) is outcome


@pytest.mark.parametrize("kind", ["application/pdf", "image/jpeg", "video/mp4", "application/octet-stream"])
async def test_what_is_no_page_is_not_read_as_one(kind: str) -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/a", Reply(body=b"%PDF-1.7", headers={"Content-Type": kind}))
        outlet = outlet_of(site.url("/feed"))
        failure = await rig.fetch(site.url("/a"), outlet)
        assert isinstance(failure, Failure)
        assert failure.reason is FailureReason.NOT_A_PAGE


async def test_an_empty_answer_is_a_servers_fault_and_tried_again() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/a", Reply(body=b" \n", headers={"Content-Type": "text/html"}))
        failure = await rig.fetch(site.url("/a"), outlet_of(site.url("/feed")))
        assert isinstance(failure, Failure)
        assert (failure.reason.is_passing, failure.detail) == (True, "answered with nothing")


async def test_an_entry_without_a_link_is_not_fetched() -> None:
    async with Site() as site, crawling() as rig:
        outlet = outlet_of(site.url("/feed"))
        assert rig.crawl.submit(FetchOrder(entry=entry(None, outlet), outlet=outlet))
        await rig.sink.until(1)
        failure = rig.sink.arrivals[0].result
        assert isinstance(failure, Failure)
        assert failure.reason is FailureReason.NO_LINK
        assert site.hits == []


async def test_an_answer_that_breaks_off_is_tried_again_and_then_taken_as_it_is() -> None:
    async with Site() as site, crawling() as rig:

        async def half(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 500\r\n\r\n<html><body><p>Half")
            await writer.drain()

        site.raw("/a", half)
        outlet = outlet_of(site.url("/feed"))
        first = await rig.fetch(site.url("/a"), outlet, tries=0)
        assert isinstance(first, Failure)
        assert first.reason is FailureReason.UNREACHABLE
        second = await rig.fetch(site.url("/a"), outlet, tries=1)
        assert isinstance(second, Page)
        assert second.body.endswith(b"Half")


async def test_a_feed_that_breaks_off_is_read_and_stores_no_validators() -> None:
    async with Site() as site, crawling() as rig:

        async def half(writer: asyncio.StreamWriter) -> None:
            writer.write(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Type: text/xml\r\nContent-Length: 9000\r\n\r\n')
            writer.write(rss(site.url("/a"), site.url("/b"))[:-20])
            await writer.drain()

        site.raw("/feed", half)
        outlet = outlet_of(site.url("/feed"))
        poll, entries = await rig.poll(outlet.sources[0], outlet)
        assert (poll.status, poll.is_truncated, poll.validators) == (PollStatus.OK, True, None)
        assert entries[0].url == site.url("/a")


async def test_a_full_queue_says_so_and_one_full_host_does_not_fill_it() -> None:
    async with Site() as slow, Site("127.0.0.6") as other, crawling(queue_size=10, host_queue_size=3) as rig:
        slow.answer("/a", replace(PAGE, delay_s=0.3))
        other.answer("/a", PAGE)
        outlet = outlet_of(slow.url("/feed"))
        taken = [rig.crawl.submit(FetchOrder(entry=entry(slow.url("/a"), outlet), outlet=outlet)) for _ in range(5)]
        assert taken == [True, True, True, False, False]
        assert rig.crawl.crowded_hosts == {"127.0.0.5"}
        assert rig.crawl.submit(FetchOrder(entry=entry(other.url("/a"), outlet), outlet=outlet))
        await rig.sink.until(4)
        await until(lambda: rig.crawl.busy == 0)


async def test_fetching_waits_while_the_sink_does() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/a", PAGE)
        outlet = outlet_of(site.url("/feed"))
        rig.sink.gate.clear()
        for _ in range(100):
            assert rig.crawl.submit(FetchOrder(entry=entry(site.url("/a"), outlet), outlet=outlet))
        await until(lambda: rig.sink.waiting == 64)
        beat = rig.crawl.beat_at
        await until(lambda: rig.crawl.beat_at > beat)  # time enough for many more, had they been let
        assert site.paths().count("/a") <= 65
        rig.sink.gate.set()
        await rig.sink.until(100)


async def test_a_spider_that_ends_is_started_again_and_the_queue_outlives_it() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/a", PAGE)
        outlet = outlet_of(site.url("/feed"))
        assert isinstance(await rig.fetch(site.url("/a"), outlet), Page)
        assert rig.crawl._crawler is not None
        await rig.crawl._crawler.stop_async()
        assert isinstance(await rig.fetch(site.url("/a"), outlet), Page)


async def test_the_heart_beats_while_there_is_nothing_to_do() -> None:
    async with crawling() as rig:
        before = rig.crawl.beat_at
        await until(lambda: rig.crawl.beat_at > before)


async def test_closing_does_not_wait_for_a_host_that_hangs_and_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    async with Site() as site, crawling() as rig:
        site.answer("/a", replace(PAGE, delay_s=60))
        outlet = outlet_of(site.url("/feed"))
        assert rig.crawl.submit(FetchOrder(entry=entry(site.url("/a"), outlet), outlet=outlet))
        await until(lambda: "/a" in site.paths())
        started = asyncio.get_running_loop().time()
        await rig.crawl.close()
        assert asyncio.get_running_loop().time() - started < 2
        assert not rig.crawl.submit(PollOrder(source=outlet.sources[0], outlet=outlet, validators=Validators()))
    assert asyncio.all_tasks() <= before


async def test_a_crawl_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.runner.scrapy_settings", lambda _: {"TWISTED_REACTOR_ENABLED": False, "SCHEDULER": "json.JSONDecoder"})
    with pytest.raises(RuntimeError, match="did not start"):
        async with crawling():
            pass  # pragma: no cover


async def test_settings_are_adopted_while_running() -> None:
    async with Site() as site, crawling(allow_networks=()) as rig:
        site.answer("/a", PAGE)
        outlet = outlet_of(site.url("/feed"))
        assert isinstance(await rig.fetch(site.url("/a"), outlet), Failure)
        rig.crawl.adopt(CrawlSettings(spacing_s=0.0, allow_networks=("127.0.0.5/32",), contact="mailto:new@desk.example", version="9.9"))
        assert isinstance(await rig.fetch(site.url("/a"), outlet), Page)
        assert site.hits[-1].headers["user-agent"] == "Presswatch/9.9 (+mailto:new@desk.example)"


async def test_a_reader_that_breaks_costs_its_poll_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/feed", feed_reply(site.url("/a")))
        outlet = outlet_of(site.url("/feed"))

        def broken(_kind: object) -> object:
            raise ZeroDivisionError("a bug of ours")

        with monkeypatch.context() as patched:
            patched.setattr("crawler.sources.load", broken)
            poll, _ = await rig.poll(outlet.sources[0], outlet)
        assert (poll.status, poll.error) == (PollStatus.BAD_CONTENT, "internal error: ZeroDivisionError: a bug of ours")
        assert (await rig.poll(outlet.sources[0], outlet))[0].status is PollStatus.OK


async def test_the_second_reader_is_asked_and_what_the_first_found_is_kept_where_it_found_more(monkeypatch: pytest.MonkeyPatch) -> None:
    outlet = outlet_of("http://127.0.0.5/feed")
    one, two = entry("http://127.0.0.5/1", outlet), entry("http://127.0.0.5/2", outlet)

    async def patient(_body: bytes, **_: object) -> SourceRead:
        return SourceRead(entries=(one,), parser="patient")

    for so_far, expected in ((None, "patient"), (SourceRead(entries=(one, two), parser="quick"), "quick")):

        def quick(_body: bytes, so_far: SourceRead | None = so_far, **_: object) -> SourceRead:
            raise NeedsFallback("odd", so_far=so_far)

        async with Site() as site, crawling(fallback=patient) as rig:
            site.answer("/feed", Reply(body=b"<rss/>"))
            with monkeypatch.context() as patched:
                patched.setattr("crawler.sources.load", lambda _kind, quick=quick: quick)
                watched = outlet_of(site.url("/feed"))
                poll, _ = await rig.poll(watched.sources[0], watched)
            assert (poll.status, poll.parser) == (PollStatus.OK, expected)

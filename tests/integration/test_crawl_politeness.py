"""robots.txt, Retry-After, one request at a time, spacing, reservations: shown from the servers' own logs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from crawler.model import Failure, FailureReason, Page, PollStatus, TdmPolicy, Validators
from crawler.ports import FetchOrder, PollOrder, RobotsCopy
from tests.crawl_fakes import PAGE, Reply, Site, crawling, entry, feed_reply, outlet_of, until

ROBOTS = b"User-agent: *\nDisallow: /private\nCrawl-delay: 0.2\n\nUser-agent: Presswatch\nDisallow: /not-for-us\n"


async def test_robots_is_obeyed_for_sources_pages_and_redirects() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/robots.txt", Reply(body=ROBOTS))
        site.answer("/feed", feed_reply(site.url("/a")))
        site.answer("/not-for-us/feed", feed_reply(site.url("/a")))
        site.answer("/a", PAGE)
        site.answer("/moved", Reply(status=301, headers={"Location": "/not-for-us/b"}))
        outlet = outlet_of(site.url("/feed"), site.url("/not-for-us/feed"))
        assert (await rig.poll(outlet.sources[0], outlet))[0].status is PollStatus.OK
        assert (await rig.poll(outlet.sources[1], outlet))[0].status is PollStatus.REFUSED_ROBOTS
        for path in ("/not-for-us/a", "/moved"):
            refused = await rig.fetch(site.url(path), outlet)
            assert isinstance(refused, Failure)
            assert (refused.reason, refused.robots) == (FailureReason.ROBOTS, "robots.txt disallows")
        assert isinstance(await rig.fetch(site.url("/private"), outlet), Failure)  # allowed, but not there
        assert not [path for path in site.paths() if path.startswith("/not-for-us")]


async def test_robots_is_asked_for_once_however_many_wait_for_it() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/robots.txt", Reply(body=ROBOTS, delay_s=0.1))
        site.answer("/a", PAGE)
        outlets = [outlet_of(site.url("/feed")) for _ in range(20)]
        for outlet in outlets:
            assert rig.crawl.submit(FetchOrder(entry=entry(site.url("/a"), outlet), outlet=outlet))
        await rig.sink.until(1)
        assert site.paths().count("/robots.txt") == 1


@pytest.mark.parametrize(
    ("status", "is_fetched"), [(404, True), (403, True), (410, True), (500, False), (502, False), (503, False), (429, False)]
)
async def test_without_robots_we_go_on_and_with_a_broken_one_we_do_not(status: int, *, is_fetched: bool) -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/robots.txt", Reply(status=status))
        site.answer("/feed", feed_reply(site.url("/a")))
        outlet = outlet_of(site.url("/feed"))
        poll, _ = await rig.poll(outlet.sources[0], outlet)
        assert (poll.status is PollStatus.OK) == is_fetched
        assert ("/feed" in site.paths()) == is_fetched
        if not is_fetched:
            assert poll.status in {PollStatus.UNREACHABLE, PollStatus.BUSY}
            assert str(status) in (poll.error or "")


async def test_the_last_good_robots_serves_for_a_day_when_the_new_one_is_broken() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/robots.txt", Reply(status=500))
        site.answer("/a", PAGE)
        outlet = outlet_of(site.url("/feed"))
        now = rig.clock.now()

        async def kept_from(good_at: datetime) -> Page | Failure:
            body = ROBOTS.decode()
            rig.robots.copies[site.base] = RobotsCopy(
                host=site.base, state="unreachable", body=body, fetched_at=now - timedelta(minutes=16), good_at=good_at
            )
            return await rig.fetch(site.url("/a"), outlet)

        assert isinstance(await kept_from(now - timedelta(hours=23)), Page)
        late = await kept_from(now - timedelta(hours=25))
        assert isinstance(late, Failure)
        assert not late.reason.is_refusal


async def test_robots_follows_five_redirects_and_takes_a_circle_for_no_rules() -> None:
    async with Site() as site, Site("127.0.0.6") as other, crawling() as rig:
        for hop in range(4):
            site.answer(f"/r{hop}", Reply(status=302, headers={"Location": f"/r{hop + 1}"}))
        site.answer("/robots.txt", Reply(status=302, headers={"Location": "/r0"}))
        site.answer("/r4", Reply(body=b"User-agent: *\nDisallow: /a\n"))
        site.answer("/a", PAGE)
        outlet = outlet_of(site.url("/feed"))
        refused = await rig.fetch(site.url("/a"), outlet)
        assert isinstance(refused, Failure)
        assert refused.reason is FailureReason.ROBOTS
        other.answer("/robots.txt", Reply(status=302, headers={"Location": "/robots.txt"}))
        other.answer("/a", PAGE)
        assert isinstance(await rig.fetch(other.url("/a"), outlet), Page)


async def test_a_robots_file_beyond_half_a_mebibyte_is_read_that_far() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/robots.txt", Reply(body=b"User-agent: *\nDisallow: /a\n" + b"# filler\n" * 100_000 + b"Disallow: /b\n"))
        site.answer("/b", PAGE)
        outlet = outlet_of(site.url("/feed"))
        assert isinstance(await rig.fetch(site.url("/a"), outlet), Failure)
        assert isinstance(await rig.fetch(site.url("/b"), outlet), Page)


@pytest.mark.parametrize("is_date", [False, True])
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_stops_the_whole_host_and_no_request_goes_out_meanwhile(status: int, *, is_date: bool) -> None:
    async with Site() as site, crawling(patience_s=10.0) as rig:
        when = format_datetime(rig.clock.now() + timedelta(seconds=2), usegmt=True) if is_date else "1"
        site.answer("/feed", Reply(status=status, headers={"Retry-After": when}))
        site.answer("/a", PAGE)
        outlet = outlet_of(site.url("/feed"))
        poll, _ = await rig.poll(outlet.sources[0], outlet)
        assert (poll.status, poll.http_status) == (PollStatus.BUSY, status)
        assert poll.retry_after_s is not None
        assert 0.5 < poll.retry_after_s <= 2
        until_at = rig.slots.held["127.0.0.5"]
        assert isinstance(await rig.fetch(site.url("/a"), outlet), Page)
        assert rig.clock.now() >= until_at
        assert rig.slots.reasons == [("127.0.0.5", f"answered {status}")]


async def test_a_long_hold_answers_at_once_without_asking_anybody() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/feed", Reply(status=429, headers={"Retry-After": "3600"}))
        site.answer("/a", PAGE)
        outlet = outlet_of(site.url("/feed"))
        await rig.poll(outlet.sources[0], outlet)
        asked = len(site.hits)
        failure = await rig.fetch(site.url("/a"), outlet)
        assert isinstance(failure, Failure)
        assert failure.reason is FailureReason.PUT_OFF
        assert failure.retry_after_s is not None
        assert 3500 < failure.retry_after_s <= 3600
        assert len(site.hits) == asked


async def test_without_retry_after_a_host_is_left_alone_longer_each_time() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/feed", Reply(status=503))
        outlet = outlet_of(site.url("/feed"))
        holds = []
        for _ in range(3):
            poll, _ = await rig.poll(outlet.sources[0], outlet)
            assert poll.retry_after_s is not None
            holds.append(round(poll.retry_after_s / 60))
            rig.slots.held.clear()
        assert holds == [15, 30, 60]


async def test_one_request_per_host_at_a_time_whatever_is_ordered() -> None:
    async with Site() as site, Site("127.0.0.6") as other, crawling() as rig:
        for path in ("/a", "/b", "/feed"):
            site.answer(path, replace(PAGE, delay_s=0.02))
        other.answer("/to-site", Reply(status=302, headers={"Location": site.url("/a")}))
        outlet = outlet_of(site.url("/feed"))
        for n in range(30):
            url = other.url("/to-site") if n % 3 == 0 else site.url("/ab"[:1] + "ab"[n % 2])
            assert rig.crawl.submit(FetchOrder(entry=entry(url, outlet), outlet=outlet))
            assert rig.crawl.submit(PollOrder(source=outlet.sources[0], outlet=outlet, validators=Validators()))
        await rig.sink.until(60)
        assert {hit.open_at_once for hit in site.hits} == {1}
        ordered = sorted(site.hits, key=lambda hit: hit.started)
        assert all(one.ended <= two.started for one, two in pairwise(ordered))


async def test_requests_to_a_host_keep_their_distance_and_a_crawl_delay_widens_it() -> None:
    async with Site() as site, Site("127.0.0.6") as slow, crawling(spacing_s=0.15) as rig:
        slow.answer("/robots.txt", Reply(body=b"User-agent: *\nCrawl-delay: 0.4\nDisallow: /x\n"))
        for one in (site, slow):
            one.answer("/a", PAGE)
            outlet = outlet_of(one.url("/feed"))
            for _ in range(4):
                assert rig.crawl.submit(FetchOrder(entry=entry(one.url("/a"), outlet), outlet=outlet))
        await rig.sink.until(8)
        for one, spacing in ((site, 0.15), (slow, 0.4)):
            starts = [hit.started for hit in one.hits if hit.path == "/a"]
            # over all turns: one arrival may be late by what the machine is busy with, and the next then comes closer
            assert starts[-1] - starts[0] >= 0.9 * spacing * (len(starts) - 1)


async def test_turns_too_far_away_are_refused_and_not_booked() -> None:
    async with Site() as site, crawling(spacing_s=30.0, pace_patience_s=0.5) as rig:
        site.answer("/a", PAGE)
        rig.robots.copies[site.base] = RobotsCopy(
            host=site.base, state="absent", body="", fetched_at=rig.clock.now(), good_at=rig.clock.now()
        )
        outlet = outlet_of(site.url("/feed"))
        await rig.fetch(site.url("/a"), outlet)
        for _ in range(3):
            failure = await rig.fetch(site.url("/a"), outlet)
            assert isinstance(failure, Failure)
            assert failure.reason is FailureReason.PUT_OFF
            assert failure.retry_after_s is not None
            assert 20 < failure.retry_after_s <= 30


async def test_an_outlet_may_set_its_own_distance_and_name() -> None:
    async with Site() as site, crawling(spacing_s=5.0) as rig:
        site.answer("/robots.txt", Reply(body=b"User-agent: deskbot\nDisallow: /b\n"))
        site.answer("/a", PAGE)
        outlet = outlet_of(site.url("/feed"), spacing_s=0.0, user_agent="Deskbot/2 (+mailto:desk@paper.example)")
        assert isinstance(await rig.fetch(site.url("/a"), outlet), Page)
        refused = await rig.fetch(site.url("/b"), outlet)
        assert isinstance(refused, Failure)
        assert refused.reason is FailureReason.ROBOTS
        assert {hit.headers["user-agent"] for hit in site.hits} == {outlet.user_agent}


@pytest.mark.parametrize(
    ("policy", "reason"), [(TdmPolicy.RECORD, None), (TdmPolicy.TEASER, FailureReason.TDM_TEASER), (TdmPolicy.SKIP, FailureReason.TDM)]
)
async def test_a_reservation_in_the_sites_file_is_recorded_or_obeyed(policy: TdmPolicy, reason: FailureReason | None) -> None:
    async with Site() as site, crawling(on_tdm=policy) as rig:
        site.answer("/.well-known/tdmrep.json", Reply(body=b'[{"location": "/a*", "tdm-reservation": 1, "tdm-policy": "/policy.json"}]'))
        for path in ("/a1", "/a2", "/b"):
            site.answer(path, PAGE)
        outlet = outlet_of(site.url("/feed"))
        if policy is TdmPolicy.RECORD:  # the first page is not held up by the question
            first = await rig.fetch(site.url("/a1"), outlet)
            assert first.tdm == "no statement in the page; the site's file was not read yet"
            await until(lambda: rig.crawl.busy == 0)
        for path in ("/a1", "/a2"):
            result = await rig.fetch(site.url(path), outlet)
            assert result.tdm.startswith("reserved by file")
            assert (result.reason if isinstance(result, Failure) else None) is reason
        free = await rig.fetch(site.url("/b"), outlet)
        assert isinstance(free, Page)
        assert free.tdm == "no statement"
        assert site.paths().count("/.well-known/tdmrep.json") == 1


async def test_a_reservation_in_the_page_itself_needs_no_file() -> None:
    async with Site() as site, crawling(on_tdm=TdmPolicy.SKIP) as rig:
        site.answer(
            "/a", Reply(body=b'<!doctype html><html><head><meta name="tdm-reservation" content="1"></head><body><p>Text.</p></body></html>')
        )
        outlet = outlet_of(site.url("/feed"))
        failure = await rig.fetch(site.url("/a"), outlet)
        assert isinstance(failure, Failure)
        assert (failure.reason, failure.tdm) == (FailureReason.TDM, "reserved by meta")
        assert "/.well-known/tdmrep.json" not in site.paths()


async def test_redirects_are_followed_five_times_and_circles_are_seen() -> None:
    async with Site() as site, crawling() as rig:
        for hop in range(9):
            site.answer(f"/{hop}", Reply(status=302, headers={"Location": f"./{hop + 1}#part"}))
        site.answer("/9", PAGE)
        site.answer("/circle", Reply(status=302, headers={"Location": "/circle"}))
        outlet = outlet_of(site.url("/feed"))
        page = await rig.fetch(site.url("/4"), outlet)
        assert isinstance(page, Page)
        assert (page.url, page.final_url) == (site.url("/4"), site.url("/9"))
        for path, hops in (("/3", 6), ("/circle", 1)):
            await until(lambda: rig.crawl.busy == 0)
            before = len(site.hits)
            failure = await rig.fetch(site.url(path), outlet)
            assert isinstance(failure, Failure)
            assert failure.reason is FailureReason.REDIRECTS
            assert len(site.hits) - before == hops


async def test_a_host_that_hangs_holds_up_its_own_orders_alone() -> None:
    async with Site() as hung, Site("127.0.0.6") as well, crawling(concurrent=2, headers_s=1.0) as rig:
        hung.answer("/a", replace(PAGE, delay_s=60))
        well.answer("/a", PAGE)
        outlet = outlet_of(hung.url("/feed"))
        for _ in range(3):
            assert rig.crawl.submit(FetchOrder(entry=entry(hung.url("/a"), outlet), outlet=outlet))
        for _ in range(50):
            assert rig.crawl.submit(FetchOrder(entry=entry(well.url("/a"), outlet), outlet=outlet))
        await until(lambda: sum(isinstance(a.result, Page) for a in rig.sink.arrivals) == 50)
        assert sum(isinstance(a.result, Failure) for a in rig.sink.arrivals) <= 1
        await rig.sink.until(53)
        late = [a.result.reason for a in rig.sink.arrivals if isinstance(a.result, Failure)]
        assert late == [FailureReason.TIMEOUT] * 3


async def test_a_turn_that_is_lost_while_connecting_sends_nothing_and_is_taken_anew() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/feed", feed_reply(site.url("/a")))
        outlet = outlet_of(site.url("/feed"))
        rig.slots.lost.add("127.0.0.5")
        poll, _ = await rig.poll(outlet.sources[0], outlet)
        assert poll.status is PollStatus.OK
        assert site.connections == 2, "the first was connected, and closed without a word"
        assert site.paths()[:2] == ["/robots.txt", "/feed"]
        await until(lambda: not rig.slots.entered)


async def test_what_is_recalled_is_cut_off_before_the_host_is_left() -> None:
    ended = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client hangs up
        ended.set()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.5", 0) as server, crawling() as rig:
        url = f"http://127.0.0.5:{server.sockets[0].getsockname()[1]}/a"
        outlet = outlet_of(url)
        assert rig.crawl.submit(FetchOrder(entry=entry(url, outlet), outlet=outlet))
        await until(lambda: bool(rig.slots.entered))
        await asyncio.sleep(0.1)
        assert not ended.is_set()
        rig.crawl.recall()
        await asyncio.wait_for(ended.wait(), 10)
        await until(lambda: not rig.slots.entered)

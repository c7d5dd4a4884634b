"""Nobody reaches what is not theirs: every hostile spelling, redirect and name leads to a canary that must stay silent."""

from __future__ import annotations

import pytest

from crawler.model import Failure, FailureReason, Page, PollStatus
from monitor.demo.faults import hostile_links
from tests.crawl_fakes import PAGE, Reply, Site, StubResolver, crawling, feed_reply, outlet_of

CANARY = "127.0.9.9"
OPEN = ("127.0.0.5/32",)
SPELLINGS = range(len(hostile_links(CANARY, 80)))


async def test_the_list_of_spellings_is_long_enough() -> None:
    assert len(SPELLINGS) >= 17


async def test_no_spelling_of_a_link_reaches_the_canary() -> None:
    async with Site() as site, Site(CANARY) as canary, crawling(allow_networks=OPEN) as rig:
        outlet = outlet_of(site.url("/feed"))
        for link in hostile_links(CANARY, canary.port):
            failure = await rig.fetch(link, outlet)
            assert isinstance(failure, Failure), link
            assert failure.reason is FailureReason.ADDRESS, (link, failure)
        assert canary.connections == 0
        assert site.hits == []


async def test_no_spelling_of_a_source_reaches_the_canary() -> None:
    async with Site(CANARY) as canary, crawling(allow_networks=OPEN) as rig:
        for link in hostile_links(CANARY, canary.port):
            outlet = outlet_of(link)
            poll, _ = await rig.poll(outlet.sources[0], outlet)
            assert poll.status is PollStatus.REFUSED_ADDRESS, (link, poll)
        assert canary.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_reaches_the_canary_by_any_spelling(status: int) -> None:
    async with Site() as site, Site(CANARY) as canary, crawling(allow_networks=OPEN) as rig:
        outlet = outlet_of(site.url("/feed"))
        for link in hostile_links(CANARY, canary.port):
            site.answer("/hop", Reply(status=status, headers={"Location": link.encode().decode("latin-1")}))
            outcome = await rig.fetch(site.url("/hop"), outlet)
            assert isinstance(outcome, Failure), link
            assert outcome.reason in {FailureReason.ADDRESS, FailureReason.GONE}, (link, outcome)
        assert canary.connections == 0


async def test_robots_redirected_to_the_canary_means_that_nothing_is_fetched() -> None:
    async with Site() as site, Site(CANARY) as canary, crawling() as rig:
        site.answer("/robots.txt", Reply(status=302, headers={"Location": canary.url("/robots.txt")}))
        site.answer("/feed", feed_reply(site.url("/a")))
        outlet = outlet_of(site.url("/feed"))
        poll, _ = await rig.poll(outlet.sources[0], outlet)
        assert poll.status is PollStatus.UNREACHABLE
        assert site.paths() == ["/robots.txt"]
        assert canary.connections == 0


async def test_a_name_that_leads_inside_is_refused_at_the_dial_and_a_public_looking_one_beside_it_does_not_help() -> None:
    table = {
        "inside.example": [[CANARY]],
        "mixed.example": [[CANARY, "::ffff:127.0.9.9", "::1"]],
        "metadata.example": [["169.254.169.254"]],
        "shared.example": [["100.64.0.1"]],
        "mapped.example": [["::ffff:127.0.9.9"]],
    }
    async with Site(CANARY) as canary, crawling(resolver=StubResolver(table), allow_networks=()) as rig:
        for name in table:
            outlet = outlet_of(f"http://{name}:8080/feed")
            poll, _ = await rig.poll(outlet.sources[0], outlet)
            assert poll.status is PollStatus.REFUSED_ADDRESS, (name, poll)
            assert "not a public address" in (poll.error or "") or "hides" in (poll.error or ""), poll
        assert canary.connections == 0


async def test_a_name_that_is_rebound_between_two_requests_is_refused() -> None:
    async with Site("127.0.0.7") as site, Site(CANARY, port=0) as canary:
        resolver = StubResolver({"news.example": [["127.0.0.7"], [CANARY]]})
        async with Site(CANARY, port=site.port) as twin, crawling(resolver=resolver) as rig:
            site.answer("/a", Reply(body=PAGE.body, headers={"Connection": "close"}))
            outlet = outlet_of(f"http://news.example:{site.port}/feed")
            # robots.txt goes out to the first address; the cache of names is emptied as time would do
            first = await rig.fetch(f"http://news.example:{site.port}/a", outlet)
            assert isinstance(first, Page)
            await _forget_names(rig.crawl)
            second = await rig.fetch(f"http://news.example:{site.port}/a", outlet)
            assert isinstance(second, Failure)
            assert second.reason is FailureReason.ADDRESS
            assert twin.connections == canary.connections == 0


async def _forget_names(crawl: object) -> None:
    """End the sessions, with their names and connections."""
    from crawler.runner import Crawl

    assert isinstance(crawl, Crawl)
    assert crawl._crawler is not None
    for handler in crawl._crawler.engine.downloader.handlers._handlers.values():
        await handler.close()


async def test_a_connection_opened_for_one_outlet_does_not_serve_another_that_may_not_dial_it() -> None:
    resolver = StubResolver({"news.example": [["127.0.0.7"]]})
    async with Site("127.0.0.7") as site, crawling(resolver=resolver, allow_networks=()) as rig:
        site.answer("/a", PAGE)
        url = f"http://news.example:{site.port}/a"
        trusted = outlet_of(url, allow_networks=("127.0.0.7/32",))
        assert isinstance(await rig.fetch(url, trusted), Page)
        seen = site.connections
        stranger = outlet_of(url, allow_networks=("10.0.0.0/8",))
        refused = await rig.fetch(url, stranger)
        assert isinstance(refused, Failure)
        assert refused.reason is FailureReason.ADDRESS
        assert site.connections == seen


async def test_ports_beyond_the_usual_are_for_open_networks_alone() -> None:
    async with crawling(allow_networks=()) as rig:
        outlet = outlet_of("http://news.example:6379/feed")
        poll, _ = await rig.poll(outlet.sources[0], outlet)
        assert (poll.status, poll.error) == (PollStatus.REFUSED_ADDRESS, "port 6379 is not one of 80, 443, 8080, 8443")

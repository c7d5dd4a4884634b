"""Sitemap indexes: the newest parts are read with the index, each conditionally, within a limit."""

from __future__ import annotations

from datetime import timedelta

from crawler.model import Poll, PollStatus, SourceKind
from monitor.clock import SystemClock
from tests.crawl_fakes import Hit, Reply, Rig, Site, crawling, outlet_of

_NOW = SystemClock().now()


def index(*parts: tuple[str, int]) -> Reply:
    rows = "".join(f"<sitemap><loc>{url}</loc><lastmod>{(_NOW - timedelta(days=age)).date()}</lastmod></sitemap>" for url, age in parts)
    return _xml(f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</sitemapindex>')


def urlset(*links: str) -> Reply:
    rows = "".join(f"<url><loc>{link}</loc><lastmod>{_NOW.date()}</lastmod></url>" for link in links)
    return _xml(f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>')


def _xml(text: str) -> Reply:
    return Reply(body=f'<?xml version="1.0"?>{text}'.encode(), headers={"Content-Type": "application/xml"})


async def _poll(rig: Rig, site: Site, known: Poll | None = None) -> tuple[Poll, list[str | None]]:
    outlet = outlet_of(site.url("/index.xml"), kind=SourceKind.SITEMAP)
    poll, entries = await rig.poll(outlet.sources[0], outlet, known.validators if known else None)
    return poll, [entry.url for entry in entries]


async def test_the_parts_of_an_index_are_read_newest_first_within_the_limit() -> None:
    async with Site() as site, crawling(further_documents=2) as rig:
        site.answer("/index.xml", index((site.url("/old.xml"), 9), (site.url("/new.xml"), 0), (site.url("/mid.xml"), 3)))
        for name in ("old", "new", "mid"):
            site.answer(f"/{name}.xml", urlset(site.url(f"/{name}-1"), site.url(f"/{name}-2")))
        poll, links = await _poll(rig, site)
        assert (poll.status, poll.is_truncated, poll.window_size) == (PollStatus.OK, False, 4)
        assert links == [site.url(f"/{name}") for name in ("new-1", "new-2", "mid-1", "mid-2")]
        assert site.paths()[:4] == ["/robots.txt", "/index.xml", "/new.xml", "/mid.xml"]
        assert poll.validators is None  # an index that stands still says nothing of its parts


async def test_parts_that_stand_still_are_not_sent_again() -> None:
    async with Site() as site, crawling() as rig:
        site.answer("/index.xml", index((site.url("/part.xml"), 0)))

        def part(hit: Hit) -> Reply:
            reply = urlset(site.url("/a"))
            if hit.headers.get("if-none-match") == '"1"':
                return Reply(status=304)
            return Reply(body=reply.body, headers={**reply.headers, "ETag": '"1"'})

        site.answer("/part.xml", part)
        first, links = await _poll(rig, site)
        assert (first.status, links) == (PollStatus.OK, [site.url("/a")])
        second, none = await _poll(rig, site, first)
        assert (second.status, none) == (PollStatus.UNCHANGED, [])


async def test_a_part_that_cannot_be_had_is_told_and_costs_itself_alone() -> None:
    async with Site() as site, Site("127.0.9.9") as canary, crawling() as rig:
        site.answer("/index.xml", index((site.url("/gone.xml"), 0), (canary.url("/part.xml"), 1), (site.url("/part.xml"), 2)))
        site.answer("/part.xml", urlset(site.url("/a")))
        poll, links = await _poll(rig, site)
        assert (poll.status, poll.is_partial, links) == (PollStatus.OK, True, [site.url("/a")])
        assert canary.connections == 0


async def test_an_index_of_itself_ends() -> None:
    async with Site() as site, crawling(further_documents=3) as rig:
        site.answer("/index.xml", index((site.url("/index.xml"), 0)))
        poll, links = await _poll(rig, site)
        assert (poll.status, links) == (PollStatus.EMPTY, [])
        assert site.paths().count("/index.xml") <= 4

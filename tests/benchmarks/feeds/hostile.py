"""Feeds made to hurt, each read in a process of its own: CPU seconds, peak memory, and the good items that were kept."""

from __future__ import annotations

import gc
import multiprocessing
import resource
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

from crawler.model import SourceRead
from crawler.sources import Unreadable
from tests.benchmarks.feeds.material import read

GOOD = 3
LIMIT_S, LIMIT_MB = 2.0, 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one hostile feed cost; ``kept`` counts the good items found, None where the format has none to keep."""

    name: str
    size_mb: float
    cpu_s: float
    peak_mb: float
    kept: int | None
    wanted: int | None
    said: str

    @property
    def is_held(self) -> bool:
        """Within the limits and nothing good lost."""
        return self.cpu_s < LIMIT_S and self.peak_mb < LIMIT_MB and (self.wanted is None or (self.kept or 0) >= self.wanted)


def cases() -> Iterator[tuple[str, Callable[[], bytes], int | None]]:
    """Yield (name, what makes the feed, how many good items it holds)."""
    yield "entity bomb", lambda: _doctype(_laughs(9)) + _rss(b"<item><title>&a9;</title></item>"), GOOD
    yield (
        "quadratic entity",
        lambda: _doctype(b'<!ENTITY x "%s">' % (b"x" * 200)) + _rss(b"<item><title>" + b"&x;" * 100_000 + b"</title></item>"),
        GOOD,
    )
    yield "external entity", lambda: _doctype(b'<!ENTITY x SYSTEM "file:///etc/passwd">') + _rss(b"<item><title>&x;</title></item>"), GOOD
    yield "lone surrogate", lambda: _rss(b"<item><title>&#xD800;&#55555;</title></item>"), GOOD
    yield "100k nested tags", lambda: _rss(b"<item><title>" + b"<b>" * 100_000 + b"</title></item>"), GOOD
    yield "100k nested and closed", lambda: _rss(b"<item><title>" + b"<b>" * 100_000 + b"</b>" * 100_000 + b"</title></item>"), GOOD
    yield "300k unclosed items", lambda: _rss(b"<item>" * 300_000), GOOD
    yield (
        "author against patterns x 20",
        lambda: _rss((b"<item><title>q</title><author>" + b"a@" * 3_000 + b"(</author></item>") * 20),
        GOOD,
    )
    yield "1 MB of <", lambda: _rss(b"<item><title>" + b"<" * 1_000_000 + b"</title></item>"), GOOD
    yield "1 MB of &", lambda: _rss(b"<item><title>" + b"&" * 1_000_000 + b"</title></item>"), GOOD
    yield "100k items", lambda: _rss(b"".join(_item(n) for n in range(100_000))), 100_000
    yield "50k items, one broken", lambda: _rss(b"".join(_item(n) for n in range(50_000)) + b"<item><title>a<b>c</title></item>"), 50_000
    yield "20k broken items", lambda: _rss(b"<item><title>a <b>c <i>d</title><link>/x</link></item>" * 20_000), GOOD
    yield "20 MB title", lambda: _rss(b"<item><title>" + b"a" * 20_000_000 + b"</title></item>"), GOOD
    yield "12 MB attribute", lambda: _rss(b'<item x="' + b"a" * 12_000_000 + b'"><title>d</title></item>'), GOOD - 1
    yield "12 MB root attribute", lambda: b'<rss x="' + b"a" * 12_000_000 + b'">' + _rss(b"")[len(b"<rss>") :], GOOD
    yield "200k attributes", lambda: _rss(b"<item " + b" ".join(b'a%d="x"' % n for n in range(200_000)) + b"><title>d</title></item>"), GOOD
    yield "100k CDATA openings", lambda: _rss(b"<item><title>" + b"<![CDATA[" * 100_000 + b"</title></item>"), GOOD
    yield "200k comment openings", lambda: _rss(b"<item><title>" + b"<!--" * 200_000 + b"</title></item>"), GOOD
    yield (
        "100k scripts unclosed",
        lambda: _rss(b"<item><description><![CDATA[" + b"<a <script> <!-- " * 100_000 + b"]]></description></item>"),
        GOOD,
    )
    yield (
        "20k odd dates",
        lambda: _rss(b"".join(b"<item><title>q%d</title><pubDate>%s</pubDate></item>" % (n, b"1 " * 30) for n in range(20_000))),
        GOOD,
    )
    yield "300k entities", lambda: _rss(b"<item><title>" + b"&uuml;" * 300_000 + b"</title></item>"), GOOD
    yield "control characters", lambda: _rss(b"<item><title>\x00\x1b[31m" + b"\x01" * 100_000 + b"</title></item>"), GOOD
    yield "UTF-16 said to be gb2312", lambda: _rss(b"").decode().replace("utf-8", "gb2312").encode("utf-16"), GOOD
    yield "JSON 100k deep", lambda: b"[" * 100_000, None
    yield "JSON 100k digits", lambda: b'{"items":[%s,{"id":1%s}]}' % (b",".join(_object(n) for n in range(GOOD)), b"0" * 100_000), GOOD
    yield (
        "JSON wrong types",
        lambda: b'{"title":[1],"items":[%s,7,[],{"id":{},"tags":7,"authors":"x"}]}' % b",".join(_object(n) for n in range(GOOD)),
        GOOD,
    )
    yield "JSON 100k items", lambda: b'{"items":[%s]}' % b",".join(_object(n) for n in range(100_000)), 100_000


def pages() -> Iterator[tuple[str, str, Callable[[], bytes], int | None]]:
    """Yield (name, kind, what makes it, how many good links it holds) of hostile pages, sitemaps and listings."""
    yield "page of 100k links", "listing", lambda: _page(b"".join(b"<a href=/t/x-%d>go</a>" % n for n in range(100_000))), GOOD
    yield (
        "page of 100k links in a box",
        "listing",
        lambda: _page(b"<section>" + b"<p><a href=/t/x>go</a></p>" * 100_000 + b"</section>"),
        GOOD,
    )
    yield "page of 200k <br>", "listing", lambda: _page(b"<br>" * 200_000), GOOD
    yield "page of 100k nested <div>", "listing", lambda: _page(b"<div>" * 100_000), GOOD
    yield "page of 100k nested <a>", "listing", lambda: _page(b"<a href=/x>" * 100_000), GOOD
    yield "page with a 8 MB attribute", "listing", lambda: _page(b'<a href="/' + b"a" * 8_000_000 + b'">x</a>'), GOOD
    yield "page of 1 MB of <", "listing", lambda: _page(b"<" * 1_000_000), GOOD
    yield "sitemap of 50k URLs", "sitemap", lambda: _sitemap(50_000), 50_000
    yield "news sitemap of 33 MB, read to 50k", "sitemap", lambda: _news_sitemap(100_000), 50_000
    yield "sitemap bomb, 300 MB of zeros", "sitemap", lambda: _zip_bomb(_sitemap(GOOD)[:-9], 300), GOOD
    yield (
        "JSON listing of 100k, read to 20k",
        "json_api",
        lambda: b'{"results":[%s]}' % b",".join(_object(n) for n in range(100_000)),
        20_000,
    )


def run(wanted: str = "") -> list[Outcome]:
    """Read every hostile feed in a child; ``wanted`` picks those whose name holds it."""
    context = multiprocessing.get_context("fork")
    outcomes = []
    every = [*((name, "feed", make, good) for name, make, good in cases()), *pages()]
    for name, kind, make, good in every:
        if wanted in name:
            ours, theirs = context.Pipe(duplex=False)
            child = context.Process(target=_child, args=(theirs, name, kind, make, good))
            child.start()
            outcomes.append(ours.recv())
            child.join()
    return outcomes


def _child(pipe: Connection, name: str, kind: str, make: Callable[[], bytes], good: int | None) -> None:
    body = make()
    gc.freeze()  # as the daemon does with what it holds: what this process was forked from is none of the feed's cost
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    found: SourceRead | None = None
    try:
        found = read(body, fallback=False, kind=kind)
    except Unreadable:
        found = None
    cpu_s = time.process_time() - started
    peak_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024.0
    kept = sum(1 for entry in found.entries if entry.title.startswith("Good") or "/good" in (entry.url or "")) if found else 0
    said = "unreadable" if found is None else "; ".join(found.repairs)[:70]
    pipe.send(Outcome(name=name, size_mb=len(body) / 1e6, cpu_s=cpu_s, peak_mb=peak_mb, kept=kept, wanted=good, said=said))


def _item(number: int) -> bytes:
    return (
        b"<item><title>Good %d</title><link>https://a.example/%d</link><pubDate>Sat, 07 Sep 2024 00:00:01 GMT</pubDate><description>Some words</description></item>"
        % (number, number)
    )


def _object(number: int) -> bytes:
    return b'{"id":"%d","url":"https://a.example/%d","title":"Good %d","date_published":"2024-09-07T00:00:01Z"}' % (number, number, number)


def _rss(middle: bytes) -> bytes:
    """Three good items, what hurts between the second and the third."""
    return (
        b'<?xml version="1.0" encoding="utf-8"?><rss><channel><title>t</title>'
        + _item(900_001)
        + _item(900_002)
        + middle
        + _item(900_003)
        + b"</channel></rss>"
    )


def _page(middle: bytes) -> bytes:
    teasers = b"".join(
        b"<article><h2><a href='/2024/09/07/good-words-of-day-%d'>Good headline of five words %d</a></h2></article>" % (n, n)
        for n in range(GOOD)
    )
    return b"<!DOCTYPE html><html><head><title>t</title></head><body>" + teasers + middle + b"</body></html>"


def _sitemap(urls: int) -> bytes:
    return (
        b"<urlset>"
        + b"".join(b"<url><loc>https://a.example/good/%d</loc><lastmod>2026-12-30</lastmod></url>" % n for n in range(urls))
        + b"</urlset>"
    )


def _news_sitemap(urls: int) -> bytes:
    """Twice as many URLs as the protocol allows, each with all that the news extension has."""
    return (
        b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">'
        + b"".join(
            b"<url><loc>https://a.example/good/%d</loc><lastmod>2026-12-30T10:00:00Z</lastmod><news:news><news:publication><news:name>The Daily A"
            b"</news:name><news:language>en</news:language></news:publication><news:publication_date>2026-12-30T10:00:00Z</news:publication_date>"
            b"<news:title>Good %d</news:title></news:news></url>\n" % (n, n)
            for n in range(urls)
        )
        + b"</urlset>"
    )


def _zip_bomb(start: bytes, megabytes: int) -> bytes:
    zipper = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join([zipper.compress(start), *(zipper.compress(b"\0" * 1_000_000) for _ in range(megabytes)), zipper.flush()])


def _doctype(subset: bytes) -> bytes:
    return b"<!DOCTYPE rss [" + subset + b"]>"


def _laughs(depth: int) -> bytes:
    return b'<!ENTITY a0 "lol">' + b"".join(b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(depth))

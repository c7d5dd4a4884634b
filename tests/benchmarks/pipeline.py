"""The whole line beside bare extraction and beside a trivial script: pages a second, CPU a page, memory.

    python -m tests.benchmarks.pipeline [--pages 200] [--workers 2]

Serves invented pages of real size from a process of its own; reads them (1) with the child processes alone, (2) with the daemon, from
polling the feeds to the committed articles, and (3) with forty lines of scrapy and trafilatura. Limits: line / bare >= 0.8, CPU a page
/ script <= 1.15 as a goal, RSS of the daemon without its children < 200 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from crawler.children import Children
from crawler.model import Arrival, Article, Entry, Outlet, Page, Source, SourceKind
from monitor.demo.newsstand import WINDOW, Newsstand
from monitor.demo.script import Door, Paper, Piece, Script

SCRIPT = """
import sys, scrapy, trafilatura
from scrapy.crawler import CrawlerProcess

class Spider(scrapy.Spider):
    name = "trivial"
    custom_settings = {"ROBOTSTXT_OBEY": True, "LOG_LEVEL": "ERROR", "CONCURRENT_REQUESTS_PER_DOMAIN": 1, "REMOTE_CONTROL_ENABLED": False,
                       "TELNETCONSOLE_ENABLED": False, "RANDOMIZE_DOWNLOAD_DELAY": False}
    async def start(self):
        for url in sys.argv[1:]:
            yield scrapy.Request(url, self.feed)
    def feed(self, response):
        response.selector.remove_namespaces()
        for link in response.xpath("//item/link/text()").getall():
            yield scrapy.Request(link, self.article)
    def article(self, response):
        found = trafilatura.bare_extraction(response.body, url=response.url, fast=True, with_metadata=True)
        self.crawler.stats.inc_value("pages", 1 if found and found.text else 0)
    def closed(self, reason):
        print("pages", self.crawler.stats.get_value("pages"))

process = CrawlerProcess()
process.crawl(Spider)
process.start()
"""
SECTIONS = 14
"""Links around every text. With them a page costs what 51 real news pages cost in the median, 12 ms of CPU to read (measured once)."""
SYLLABLES = ("ka", "ro", "lin", "tes", "mar", "vo", "del", "sun", "bri", "gen", "pol", "fra", "wei", "zu", "hal", "nor", "ti", "ces")
WORDS = {
    "de": [
        "die",
        "der",
        "und",
        "in",
        "zu",
        "den",
        "das",
        "nicht",
        "von",
        "sie",
        "ist",
        "des",
        "sich",
        "mit",
        "dem",
        "dass",
        "er",
        "es",
        "ein",
        "ich",
        "auf",
        "so",
        "eine",
        "auch",
        "als",
        "an",
        "nach",
        "wie",
        "im",
        "für",
        "Stadt",
        "Preis",
    ],
    "en": [
        "the",
        "of",
        "and",
        "to",
        "in",
        "is",
        "that",
        "for",
        "it",
        "as",
        "was",
        "with",
        "be",
        "by",
        "on",
        "not",
        "he",
        "his",
        "but",
        "at",
        "are",
        "this",
        "have",
        "from",
        "or",
        "had",
        "an",
        "they",
        "which",
        "one",
        "city",
        "price",
    ],
    "fr": [
        "de",
        "la",
        "le",
        "et",
        "les",
        "des",
        "en",
        "un",
        "du",
        "une",
        "que",
        "est",
        "pour",
        "qui",
        "dans",
        "a",
        "par",
        "plus",
        "pas",
        "au",
        "sur",
        "ne",
        "se",
        "ce",
        "il",
        "sont",
        "ville",
        "prix",
        "avec",
        "son",
        "mais",
        "comme",
    ],
}


def script(pages: int, seed: int = 11) -> Script:
    """Outlets in three languages with ``WINDOW`` invented articles each."""
    rng = random.Random(seed)
    papers, pieces = [], []
    for n in range(-(-pages // WINDOW)):
        language = ("de", "en", "fr")[n % 3]
        outlet_id = f"blatt-{n}"
        sections = tuple(f"Ressort {k}" for k in range(SECTIONS))
        door = Door(kind=SourceKind.FEED, path="/rss.xml")
        papers.append(
            Paper(outlet_id=outlet_id, name=f"Blatt {n}", language=language, country="CH", doors=(door,), sections=sections, style="broad")
        )
        pieces += [_piece(rng, f"s{n}-{k}", outlet_id, language) for k in range(min(WINDOW, pages - n * WINDOW))]
    return Script(papers=tuple(papers), pieces=tuple(pieces), changes=())


def _piece(rng: random.Random, article_id: str, outlet_id: str, language: str) -> Piece:
    """Function words of the language between invented names, so that articles differ as articles do."""
    names = ["".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))) for _ in range(80)]

    def sentence() -> str:
        words = [rng.choice(WORDS[language]) if rng.random() < 0.55 else rng.choice(names) for _ in range(rng.randint(9, 22))]
        return " ".join(words).capitalize() + "."

    paragraphs = [" ".join(sentence() for _ in range(rng.randint(3, 5))) for _ in range(rng.randint(10, 24))]
    return Piece(article_id=article_id, outlet_id=outlet_id, headline=sentence()[:70], text="\n\n".join(paragraphs), lead=sentence())


def serve(pages: int) -> None:
    """Open the stand, say where, and stay until the parent closes our input."""

    async def stay() -> None:
        stand = Newsstand(script(pages), base_address="127.0.78.1")
        await stand.start()
        print(
            json.dumps([{"name": o.name, "home": o.home, "language": o.language, "feed": o.sources[0].url} for o in stand.outlets()]),
            flush=True,
        )
        await asyncio.to_thread(sys.stdin.read)
        await stand.close()

    asyncio.run(stay())


def arrivals(outlets: list[dict[str, str]]) -> list[Arrival]:
    """Fetch every page once, by hand."""
    now, found = datetime.now(UTC), []  # noqa: TID251 - a benchmark is no part of the line
    for row in outlets:
        source = Source(source_id="bench", outlet_id="bench", kind=SourceKind.FEED, url=row["feed"])
        outlet = Outlet(outlet_id="bench", name=row["name"], home=row["home"], language=row["language"], sources=(source,))
        feed = urllib.request.urlopen(row["feed"]).read().decode()
        for url in re.findall(r"<link>([^<]*/artikel/[^<]+)</link>", feed):
            with urllib.request.urlopen(url) as answer:
                headers, body = {k.lower(): v for k, v in answer.headers.items()}, answer.read()
            entry = Entry(key=url, url=url, outlet_id="bench", source_id="bench", seen_at=now)
            page = Page(url=url, final_url=url, http_status=200, headers=headers, body=body, fetched_at=now)
            found.append(Arrival(entry=entry, outlet=outlet, result=page))
    return found


def bare(pages: list[Arrival], workers: int) -> float:
    """Pages a second of the child processes alone."""

    async def run() -> float:
        children = Children(workers)
        await children.start()
        began = time.perf_counter()
        read: list[Article] = await asyncio.gather(*(children.read(p) for p in pages))
        spent = time.perf_counter() - began
        await children.close()
        assert all(a.text for a in read), "a page was not read"
        return len(pages) / spent

    return asyncio.run(run())


def line(outlets: list[dict[str, str]], workers: int) -> tuple[float, float, int, float]:
    """Pages a second from the first poll to the last committed article, CPU seconds, articles, and the daemon's own RSS in MiB."""
    folder = Path(tempfile.mkdtemp(prefix="presswatch-bench-"))
    (folder / "outlets").mkdir()
    rows = [
        {
            "name": o["name"],
            "home": o["home"],
            "language": o["language"],
            "country": "CH",
            "spacing": "0s",
            "sources": [{"feed": o["feed"]}],
        }
        for o in outlets
    ]
    (folder / "outlets" / "bench.yaml").write_text(json.dumps({"outlets": rows}))
    config = {"archive": str(folder / "archive.db"), "contact": "https://presswatch.example/bench", "allow_networks": ["127.0.0.0/8"],
              "spacing": "0s", "listen": "off", "workers": workers}  # fmt: skip
    (folder / "presswatch.yaml").write_text(json.dumps(config))
    (folder / "themes.yaml").write_text(json.dumps({"themes": {"stadt": {"label": "s", "need": "n", "rules": {"a": "Stadt AND Preis"}}}}))
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "presswatch"), "--config", str(folder / "presswatch.yaml"), "run", "--once"],
        stdout=subprocess.DEVNULL, stderr=(folder / "log").open("w"),
    )  # fmt: skip
    peak, spent = 0.0, {}
    while process.poll() is None:
        peak = max(peak, _rss(process.pid))
        spent.update(_cpu(process.pid))
        time.sleep(0.05)
    with closing(sqlite3.connect(folder / "archive.db")) as archive:
        (count, first, last) = archive.execute(
            "SELECT count(*), (SELECT min(julianday(at)) FROM polls), max(julianday(archived_at)) FROM articles"
        ).fetchone()
    spent_s = (last - first) * 86_400 if count else 0.0
    return count / max(spent_s, 1e-6), sum(spent.values()), count, peak


def _cpu(pid: int) -> dict[int, float]:
    """CPU seconds so far of a process and all below it, by process: children that a fork server started are nobody's to wait for."""
    found: dict[int, float] = {}
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            found[one] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            waiting += [int(child) for child in Path(f"/proc/{one}/task/{one}/children").read_text().split()]
        except OSError:
            continue
    return found


def _rss(pid: int) -> float:
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found.group(1)) / 1024 if found else 0.0


def trivial(outlets: list[dict[str, str]]) -> float:
    """CPU seconds of the forty lines."""
    program = Path(tempfile.mkdtemp(prefix="presswatch-bench-")) / "trivial.py"
    program.write_text(SCRIPT)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, str(program), *(o["feed"] for o in outlets)], check=True, capture_output=True, text=True)
    assert not outlets or f"pages {len(outlets) * WINDOW}" in done.stdout, done.stdout + done.stderr[-2000:]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print every figure beside its limit; exit 1 where the line is too slow or too large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--workers", type=int, default=min(os.cpu_count() or 1, 2))
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.pages)
        return 0
    stand = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.pipeline", "--serve", "--pages", str(given.pages)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert stand.stdout is not None
    assert stand.stdin is not None
    outlets = json.loads(stand.stdout.readline())
    try:
        pages = arrivals(outlets)
        size = sum(len(p.result.body) for p in pages if isinstance(p.result, Page)) / len(pages) / 1024
        rate = bare(pages, given.workers)
        _, idle_cpu, _, _ = line([], given.workers)
        whole, cpu, count, rss = line(outlets, given.workers)
        idle_script, script_cpu = trivial([]), trivial(outlets)
    finally:
        stand.stdin.close()
        stand.wait(20)
    per_page, per_page_script = (cpu - idle_cpu) / max(count, 1) * 1000, (script_cpu - idle_script) / len(pages) * 1000
    print(f"{len(pages)} pages of {size:.0f} KiB, {given.workers} child processes; {count} articles archived")
    print(f"{'figure':<46}{'reached':>10}{'limit':>10}")
    print(f"{'bare extraction, pages/s':<46}{rate:>10.1f}")
    print(f"{'whole line, pages/s':<46}{whole:>10.1f}")
    print(f"{'whole line / bare extraction':<46}{whole / rate:>10.2f}{'>= 0.8':>10}")
    print(f"{'CPU a page, whole line, ms':<46}{per_page:>10.1f}")
    print(f"{'CPU a page, forty-line script, ms':<46}{per_page_script:>10.1f}")
    print(f"{'CPU a page, line / script':<46}{per_page / per_page_script:>10.2f}{'<= 1.15':>10}")
    print(f"{'RSS of the daemon without children, MiB':<46}{rss:>10.0f}{'< 200':>10}")
    return 0 if whole / rate >= 0.8 and rss < 200 and count == len(pages) else 1


if __name__ == "__main__":
    raise SystemExit(main())

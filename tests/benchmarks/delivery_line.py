"""From an article's page to its message, and an outbox of thousands behind a channel that takes five a second: on a real archive.

    python -m tests.benchmarks.delivery --real [--messages 10000]

Pages arrive at 20 a second and go the whole line: child process, rules, story, decision, SQLite as the daemon opens it, webhook on
loopback. The clock of the outbox is the machine's.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from aiohttp import web

from crawler.children import Children, Limits
from crawler.model import Arrival, Page
from monitor.archive import Archive, Tx, writes
from monitor.channels import load
from monitor.clock import FixedClock, SystemClock
from monitor.config import load as config
from monitor.config.settings import Settings
from monitor.daemon.outbox import ArchiveOutbox
from monitor.daemon.watch import InForce
from monitor.delivery import Deliverer
from monitor.model import ChannelSettings, RuleSet, Subscription
from monitor.pipeline import Desk, process
from monitor.queue.local import LocalQueue
from monitor.rules.engine import compile_rules
from tests.archives import RULES, entry, list_entries, outlet, settle
from tests.delivering import Alone
from tests.sinks import Seen, http_sink

RATE = 20.0
PAGES = 600
LIMIT = 5
SEED_TEXT = "Das Start-up Deepseek aus Hangzhou verschiebt R2. Die Exportkontrollen für Chips von Nvidia hätten die Beschaffung verteuert."


@dataclass(slots=True)
class Times:
    """When each page had arrived and when its message was taken."""

    arrived: dict[str, float] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)

    def take(self, seen: Seen) -> web.Response:
        for told in json.loads(seen.body)["stories"]:
            self.taken.setdefault(told["article"]["url"], time.monotonic())
        return web.Response()


def page(number: int) -> str:
    """An invented page; every third one is about what somebody watches."""
    source = random.Random(number)
    words = ["".join(source.choices("abcdefghijklmnoprstuvwz", k=source.randint(3, 11))) for _ in range(320)]
    paragraphs = "".join(f"<p>{' '.join(words[n : n + 40]).capitalize()}.</p>" for n in range(0, 320, 40))
    told = f"<p>{SEED_TEXT}</p>" if number % 3 == 0 else ""
    title = f"Deepseek verschiebt R2: {words[0]} {words[1]}" if number % 3 == 0 else f"{words[0]} {words[1]} {words[2]}".capitalize()
    return f"<html lang=de><head><title>{title}</title></head><body><article><h1>{title}</h1>{told}{paragraphs}</article></body></html>"


async def line(pages: int = PAGES) -> None:
    """Print how long a message takes after its page, while 20 pages a second arrive, and what a page costs."""
    clock, times = SystemClock(), Times()
    settings = config.load(None, environ={}, secrets=False)
    paper = outlet("Alpenpost")
    with tempfile.TemporaryDirectory() as folder:
        async with http_sink(times.take) as sink:
            archive = Archive.open(str(Path(folder) / "archive.db"), clock=clock, hold=True)
            archive.write_now(lambda tx: writes.put_outlets(tx, [paper], clock.now()))
            archive.write_now(lambda tx: writes.put_rules(tx, settings.rules, clock.now()))
            wish = Subscription(subscription_id="desk-1", channel="desk", themes=("*",), storm=False)
            desk = Desk(
                themes={t.theme_id: t for t in settings.rules.themes}, outlets={paper.outlet_id: paper}, subscriptions=[wish], stories=False
            )
            deliverer, task = _delivering(archive, clock, settings, sink.address)
            children, engine = Children(2, Limits()), compile_rules(settings.rules)
            await children.start()

            async def arrive(number: int) -> None:
                now = clock.now()
                listed = replace(entry(paper.outlet_id, f"p{number}"), published_at=now, seen_at=now)
                (stored,) = await archive.write(lambda tx: list_entries(tx, listed, at=now))
                fetched = Page(
                    url=stored.key, final_url=stored.key, http_status=200, headers={}, body=page(number).encode(), fetched_at=now
                )
                times.arrived[stored.key] = time.monotonic()
                done = await process(Arrival(entry=stored, outlet=paper, result=fetched), children, archive, engine, clock, desk)
                if done.deliveries:
                    deliverer.wake()

            await arrive(-1)
            began, running, cpu = time.monotonic(), [], _cpu()
            for number in range(pages):
                await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
                running.append(asyncio.create_task(arrive(number)))
            await asyncio.gather(*running)
            while len(times.taken) < pages // 3 and time.monotonic() - began < 240:  # noqa: ASYNC110 - a benchmark looks from outside
                await asyncio.sleep(0.1)
            spent = (_cpu() - cpu) / pages
            await deliverer.close()
            await task
            await children.close()
            archive.close()
    delays = sorted(times.taken[url] - times.arrived[url] for url in times.taken)
    print(
        f"\npage to message, {RATE:g} pages a second, {len(delays)} messages, {1000 * spent:.1f} ms CPU a page in the daemon, reading not counted"
    )
    print(f"  median {_of(delays, 0.5):.2f} s, p95 {_of(delays, 0.95):.2f} s, worst {delays[-1]:.2f} s   (asked: p95 1.5)")


def _of(values: Sequence[float], share: float) -> float:
    return values[min(int(share * len(values)), len(values) - 1)]


def _delivering(archive: Archive, clock: SystemClock, settings: Settings, address: str) -> tuple[Deliverer, asyncio.Task[None]]:
    channel = load(ChannelSettings(name="desk", kind="webhook", options={"url": f"{address}/hook"}))
    deliverer = Deliverer(ArchiveOutbox(archive, cast("InForce", Alone(settings)), LocalQueue()), {"desk": channel}, clock)
    return deliverer, asyncio.create_task(deliverer.run())


@dataclass(slots=True)
class Slow:
    """Takes five a second and says so, until it is lifted."""

    times: list[float] = field(default_factory=list)
    keys: Counter[str] = field(default_factory=Counter)
    is_lifted: bool = False

    def take(self, seen: Seen) -> web.Response:
        now = time.monotonic()
        if not self.is_lifted and sum(1 for at in self.times[-LIMIT:] if now - at < 1.0) >= LIMIT:
            return web.Response(status=429, headers={"Retry-After": "1"})
        self.times.append(now)
        self.keys[seen.headers["idempotency-key"]] += 1
        return web.Response()


async def flood(count: int, slow_s: float = 30.0) -> None:
    """Print what happens to an outbox that is due at once, first behind the limit, then without it."""
    clock, slow = SystemClock(), Slow()
    settings = Settings(archive="", timezone="UTC", rules=RuleSet(entities=(), themes=(), version="0"), state_folder=Path())
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "archive.db")
        archive = Archive.open(path, clock=FixedClock(clock.now()), create=True)
        archive.write_now(lambda tx: writes.put_outlets(tx, [outlet("Alpenpost")], clock.now()))
        archive.write_now(lambda tx: writes.put_rules(tx, RULES, clock.now()))
        for first in range(0, count, 500):
            archive.write_now(lambda tx, first=first: _fill(tx, first, 500, clock))  # type: ignore[misc]
        before, began = _rss(), time.monotonic()
        async with http_sink(slow.take) as sink:
            deliverer, task = _delivering(archive, clock, settings, sink.address)
            await asyncio.sleep(slow_s)
            limited, middle = len(slow.times), _rss()
            slow.is_lifted = True
            while len(slow.keys) < count and time.monotonic() - began < 600:  # noqa: ASYNC110 - a benchmark looks from outside
                await asyncio.sleep(0.2)
            await deliverer.close()
            await task
        archive.close()
    print(f"\n{count:,} due at once behind a channel that takes {LIMIT} a second (429, Retry-After: 1) for {slow_s:g} s, then all")
    print(f"  first out after {slow.times[0] - began:.1f} s (asked: 10), {limited / slow_s:.1f} a second while limited, {limited} by then")
    print(
        f"  sent {len(slow.keys):,}, twice {sum(slow.keys.values()) - len(slow.keys)}; RSS {before:.0f} MB before, {middle:.0f} limited, {_rss():.0f} at the end"
    )


def _fill(tx: Tx, first: int, count: int, clock: SystemClock) -> None:
    now = clock.now()
    for listed in list_entries(tx, *(entry("alpenpost", f"a{n}") for n in range(first, first + count)), at=now):
        settle(tx, listed, now=now)


def _cpu() -> float:
    return time.process_time()


def _rss() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

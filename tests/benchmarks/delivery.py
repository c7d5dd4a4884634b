"""How fast messages are written and sent, and what 10,000 of them do to memory.

    python -m tests.benchmarks.delivery [--messages 10000] [--real]

Writing is CPU time of one process. The storm runs in a time of its own: 10,000 rows due at once against a channel that takes five a
second. ``--real`` measures the line and a real archive (delivery_line.py). Sending goes to a server in the same process over loopback, by our webhook and, as the peer, by Apprise's json:// plugin.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import structlog

from monitor.channels import Channel, load
from monitor.clock import SystemClock
from monitor.delivery import Deliverer
from monitor.model import ChannelSettings, DeliveryKind, MessageFormat
from monitor.render import message
from tests.benchmarks import delivery_line
from tests.briefs import ALSO, GERMAN, alert, brief, chinese, story
from tests.outbox import FakeChannel, FakeOutbox, World, rows
from tests.sinks import http_sink


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--real", action="store_true", help="only the whole line and a real outbox: page to message, thousands due at once")
    parser.add_argument("--pages", type=int, default=delivery_line.PAGES)
    given = parser.parse_args()
    count = given.messages
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    if given.real:
        asyncio.run(delivery_line.line(given.pages))
        asyncio.run(delivery_line.flood(count))
        return
    writing()
    asyncio.run(storm(count))
    asyncio.run(sending(min(count, 3_000)))


def writing() -> None:
    """Messages written per CPU second."""
    long = story(
        "Sehr langer Titel über die Lage der Chipindustrie " * 9,
        GERMAN * 20,
        also=ALSO,
        alerts=tuple(alert(i, f"theme-{i}") for i in range(12)),
    )
    many = tuple(story(f"Story number {i}", story_id=i, alerts=(alert(i, story_id=i),), also=ALSO) for i in range(100))
    print(f"{'written per CPU second':32}" + "".join(f"{form.value:>10}" for form in MessageFormat))
    for name, said, limit in (
        ("one story, German", brief(story(also=ALSO)), 1000),
        ("one story, Chinese", brief(chinese()), 1000),
        ("12 themes, 450-letter headline", brief(long), 1000),
        ("digest of 100 stories", brief(*many, kind=DeliveryKind.DIGEST), 0),
        ("the same for a chat of 4,000", brief(*many, kind=DeliveryKind.DIGEST), 4000),
    ):
        figures = [_per_second(lambda form=form, said=said, limit=limit: message(said, form, limit)) for form in MessageFormat]  # type: ignore[misc]
        print(f"{name:32}" + "".join(f"{figure:10,.0f}" for figure in figures))


def _per_second(work: Callable[[], object]) -> float:
    work()
    began, done = time.process_time(), 0
    while time.process_time() - began < 0.5:
        work()
        done += 1
    return done / (time.process_time() - began)


async def storm(count: int) -> None:
    """Everything due at once, five a second."""
    channel, outbox = FakeChannel(rate_per_minute=300), FakeOutbox(rows(count))
    said = brief(story(also=ALSO))
    outbox.brief_of = lambda row: replace(said, delivery=row)
    world = World({"slow": channel, "desk": channel}, outbox)
    gc.collect()
    tracemalloc.start()
    before, cpu = tracemalloc.get_traced_memory()[0], time.process_time()
    async with world:
        await world.time.until(lambda: len(channel.taken) == count // 10)
        tenth = tracemalloc.get_traced_memory()[0] - before
        await world.time.until(lambda: len(channel.taken) == count)
        most = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    times = [at for at, _ in channel.tried]
    minute = max(sum(1 for t in times[i : i + 301] if t < at + 60 - 1e-6) for i, at in enumerate(times))
    print(f"\n{count:,} due at once, 300 a minute allowed (its own time)")
    print(
        f"  first out after {times[0]:.1f} s, last after {times[-1] / 60:.1f} min, most in any minute {minute}, sent {len(set(channel.taken)):,}"
    )
    print(f"  rows in memory at most {max(outbox.asked)}, heap after a tenth {tenth / 1e6:+.1f} MB, peak {most / 1e6:+.1f} MB")
    print(f"  CPU {1e3 * (time.process_time() - cpu) / count:.2f} ms a message, the tracing of memory included")


async def sending(count: int) -> None:
    """Over loopback, the outbox in memory."""
    print("\nsent over loopback, one in flight")
    for name, url, kind, number in (
        ("webhook", "{}/hook", "webhook", count),
        ("apprise json://", "json://{}/hook", "apprise", min(count, 500)),
    ):
        async with http_sink() as sink:
            address = sink.address if kind == "webhook" else sink.address.partition("://")[2]
            options = {"url": url.format(address)} | ({"secret": "key"} if kind == "webhook" else {})
            channel = load(ChannelSettings(name="desk", kind=kind, options=options))
            print(f"  {name:18}{await _drain(channel, number)}")


async def _drain(channel: Channel, count: int) -> str:
    clock = SystemClock()
    outbox = FakeOutbox([replace(row, due_at=clock.now(), created_at=clock.now()) for row in rows(count)])
    said = brief(story(also=ALSO))
    outbox.brief_of = lambda row: replace(said, delivery=row)
    deliverer = Deliverer(outbox, {"desk": channel}, clock)
    began, cpu = time.monotonic(), time.process_time()
    task = asyncio.create_task(deliverer.run())
    while "pending" in {outbox.rows[count].status.value, outbox.rows[1].status.value}:
        outbox.marked.clear()
        await outbox.marked.wait()
    wall, spent = time.monotonic() - began, time.process_time() - cpu
    await deliverer.close()
    await task
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{count / wall:7,.0f}/s   {1e3 * spent / count:.2f} ms CPU a message, both ends   RSS peak {peak:.0f} MB"


if __name__ == "__main__":
    main()

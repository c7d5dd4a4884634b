"""Several nodes on one PostgreSQL beside a lone daemon: what the shared queue costs, and where it ends.

    python -m tests.benchmarks.scale [--pages 200] [--seconds 20] [--jobs 3000] [--nodes 1 2 4] [--only queue|polls|pages]

(1) The queue alone: jobs that do nothing, drained by 1, 2 and 4 processes, and where that ends by its CPU; with thousands waiting, with
and without what the schema adds for that; and one tick that finds so many sources due, of which it queues no more than the cap. (2) Polls that bring nothing, a lone daemon and one node in turns on the same server: CPU a poll. (3) Pages that cost
what real ones cost, by a lone daemon and by 1, 2 and 4 nodes: articles a second and CPU an article. Limits: CPU an article, one
node / lone daemon <= 1.15; CPU an empty poll <= 2.0. The server's CPU is told apart; ratios hold within one run only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from crawler.model import Outlet, Source, SourceKind
from monitor.archive import Archive, writes
from monitor.clock import SystemClock
from monitor.demo.newsstand import WINDOW, Newsstand
from monitor.demo.script import Script
from monitor.model import Claim
from monitor.queue import Role
from monitor.queue.procrastinate import WAITING, FleetQueue
from tests.benchmarks.pipeline import _cpu, script
from tests.databases import Databases, packaged_postgres, postgres_server

PROGRAM = str(Path(sys.executable).parent / "presswatch")
PATIENCE_S = 240.0
QUIET = 60
"""Outlets that are polled for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a run did and took: seconds on the clock, CPU seconds of the nodes and of the server."""

    done: int
    seconds: float
    cpu_s: float
    server_s: float

    @property
    def rate(self) -> float:
        return self.done / max(self.seconds, 1e-9)

    @property
    def cpu_ms(self) -> float:
        return 1_000 * self.cpu_s / max(self.done, 1)

    @property
    def server_ms(self) -> float:
        return 1_000 * self.server_s / max(self.done, 1)


class Bench:
    """A server with fresh databases, and an account of the CPU it takes."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._databases = Databases(server.admin_url)

    def database(self) -> str:
        return self._databases.with_queue()

    def cpu_s(self) -> float:
        """CPU seconds of the server so far: its own, and of the backends that ended."""
        total = 0.0
        for one in _cpu(self._server._process.pid):
            try:
                fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += sum(int(fields[n]) for n in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")
        return total


# ---- (1) the queue alone


class Idle:
    """A crew that has nothing to do."""

    async def give(self) -> int:
        return 0

    async def follow(self) -> None: ...

    async def crawl(self, source_id: str, claim: Claim, *, poll: Mapping[str, str | None] | None = None) -> bool:
        return False

    async def deliver(self, channel: str, claim: Claim) -> bool:
        return False

    def recall(self) -> None: ...


async def drain(url: str) -> None:
    """Do nothing for every waiting job, until none is left."""
    queue = FleetQueue(url, roles={Role.CRAWLER}, node=f"bench {os.getpid()}", lease_s=20.0)
    await queue.start(Idle())
    while not await queue.is_drained():  # noqa: ASYNC110 - the database tells nobody
        await asyncio.sleep(0.05)
    await queue.close()


def queue_alone(bench: Bench, jobs: int, processes: int, *, is_bare: bool = False) -> Cost:
    """Drain so many waiting jobs; ``is_bare`` takes away our index and tells the planner nothing."""
    url = bench.database()
    with psycopg.connect(url, autocommit=True) as server:
        if is_bare:
            server.execute("DROP INDEX presswatch_jobs_lock")
            server.execute("ALTER TABLE procrastinate_jobs SET (autovacuum_enabled = off)")
        server.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)"
            " SELECT 'crawl', 'crawl', 'host ' || n, 'crawl ' || n, jsonb_build_object('subject', n::text) FROM generate_series(1, %s) n",
            (jobs,),
        )
        if not is_bare:
            server.execute("ANALYZE procrastinate_jobs")
    before = bench.cpu_s()
    command = [sys.executable, "-m", "tests.benchmarks.scale", "--drain", url]
    workers = [subprocess.Popen(command) for _ in range(processes)]
    began, cpu = None, dict[int, float]()
    with psycopg.connect(url, autocommit=True) as server:
        while any(worker.poll() is None for worker in workers):
            left = (server.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() or (0,))[0]
            if began is None and left < jobs:
                began, cpu_before = time.monotonic(), sum(sum(_cpu(w.pid).values()) for w in workers)
            for worker in workers:
                cpu |= _cpu(worker.pid)
            if left == 0:
                break
            time.sleep(0.05)
    ended = time.monotonic()
    for worker in workers:
        worker.wait(60)
    assert began is not None
    return Cost(done=jobs, seconds=ended - began, cpu_s=sum(cpu.values()) - cpu_before, server_s=bench.cpu_s() - before)


async def tick_alone(bench: Bench, sources: int) -> tuple[int, float]:
    """Let so many sources be due; return how many one tick queues, and its seconds."""
    url, now = bench.database(), SystemClock().now()
    archive = Archive.open(url, clock=SystemClock())
    outlets = [
        Outlet(
            outlet_id=f"o{n}", name=f"o{n}", home=f"http://o{n}.example/",
            sources=(Source(source_id=f"o{n}#1", outlet_id=f"o{n}", kind=SourceKind.FEED, url=f"http://o{n}.example/feed"),),
        )
        for n in range(sources)
    ]  # fmt: skip
    archive.write_now(lambda tx: writes.put_outlets(tx, outlets, now))
    archive.close()
    queue = FleetQueue(url, roles={Role.SCHEDULER}, node="bench", lease_s=20.0)
    await queue.start(Idle())
    began = time.monotonic()
    queued = await queue.tick()
    seconds = time.monotonic() - began
    await queue.close()
    return queued, seconds


# ---- (2) and (3): daemons


async def serve(pages: int) -> None:
    """Open the stand, say where, and stay until the parent closes our input."""
    made = script(pages or QUIET * WINDOW)
    first = {piece.outlet_id: piece for piece in made.pieces}
    stand = Newsstand(made if pages else Script(papers=made.papers, pieces=tuple(first.values())), base_address="127.0.79.1")
    await stand.start()
    found = [{"name": o.name, "home": o.home, "language": o.language, "feed": o.sources[0].url} for o in stand.outlets()]
    print(json.dumps(found), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await stand.close()


def node(folder: Path, url: str, outlets: Sequence[dict[str, str]], **more: object) -> subprocess.Popen[bytes]:
    """Start a daemon on the stand's outlets."""
    folder.mkdir(parents=True)
    rows = [
        {"name": o["name"], "home": o["home"], "language": o["language"], "country": "CH", "spacing": "0s", "sources": [{"feed": o["feed"]}]}
        for o in outlets
    ]  # fmt: skip
    (folder / "outlets").mkdir()
    (folder / "outlets" / "bench.yaml").write_text(json.dumps({"outlets": rows}))
    (folder / "themes.yaml").write_text(json.dumps({"themes": {"stadt": {"label": "s", "need": "n", "rules": {"a": "Stadt AND Preis"}}}}))
    settings = {"archive": url, "contact": "https://presswatch.example/bench", "allow_networks": ["127.0.0.0/8"], "spacing": "0s",
                "listen": "off", "workers": 1, "poll_every": "1s", "poll_at_least": "1s", "recheck_after": [], **more}  # fmt: skip
    (folder / "presswatch.yaml").write_text(json.dumps(settings))
    with (folder / "log").open("w") as log:
        return subprocess.Popen([PROGRAM, "--config", str(folder / "presswatch.yaml"), "run"], stdout=log, stderr=log)


@contextmanager
def asking(url: str) -> Iterator[Callable[[str], int]]:
    """One connection to count over: making one costs the server as much as an article."""
    with psycopg.connect(url, autocommit=True) as server:
        yield lambda query: int((server.execute(query.encode()).fetchone() or (0,))[0])


def count(url: str, query: str) -> int:
    with asking(url) as asked:
        return asked(query)


def wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"gave up waiting for {what}")
        time.sleep(0.05)


def end(nodes: Sequence[subprocess.Popen[bytes]]) -> None:
    for one in nodes:
        one.send_signal(signal.SIGTERM)
    for one in nodes:
        one.wait(60)


def polls(bench: Bench, outlets: Sequence[dict[str, str]], seconds: float, **more: object) -> Cost:
    """Polls that bring nothing, once everything has been read."""
    url, folder = bench.database(), Path(tempfile.mkdtemp(prefix="presswatch-bench-"))
    nodes = [node(folder / "n", url, outlets, **more)]
    query = "SELECT count(*) FROM polls WHERE new = 0"
    wait(lambda: count(url, query) > len(outlets), "the first polls")
    time.sleep(3)
    polled, cpu, server, began = count(url, query), _cpu(nodes[0].pid)[nodes[0].pid], bench.cpu_s(), time.monotonic()
    time.sleep(seconds)
    ended = time.monotonic()
    cost = Cost(
        done=count(url, query) - polled,
        seconds=ended - began,
        cpu_s=_cpu(nodes[0].pid)[nodes[0].pid] - cpu,
        server_s=bench.cpu_s() - server,
    )
    end(nodes)
    return cost


def pages(bench: Bench, outlets: Sequence[dict[str, str]], wanted: int, nodes_wanted: int, **more: object) -> Cost:
    """Everything the stand has, by so many nodes that are all waiting before the first poll."""
    url, folder = bench.database(), Path(tempfile.mkdtemp(prefix="presswatch-bench-"))
    more |= {"poll_every": "1h", "poll_at_least": "1h"}
    nodes = [node(folder / f"n{n}", url, [], **more, **({"node": f"n{n}"} if more.get("role") else {})) for n in range(nodes_wanted)]
    wait(lambda: all("event=started" in (folder / f"n{n}" / "log").read_text() for n in range(nodes_wanted)), "the nodes")
    time.sleep(2)
    cpu = dict[int, float]()
    for n in range(nodes_wanted):
        rows = [{"name": o["name"], "home": o["home"], "language": o["language"], "country": "CH", "spacing": "0s",
                 "sources": [{"feed": o["feed"]}]} for o in outlets]  # fmt: skip
        (folder / f"n{n}" / "outlets" / "bench.yaml").write_text(json.dumps({"outlets": rows}))
    for one in nodes:
        one.send_signal(signal.SIGHUP)

    def is_done() -> bool:
        for one in nodes:
            cpu.update(_cpu(one.pid))
        return asked("SELECT count(*) FROM articles") >= wanted

    with asking(url) as asked:
        wait(lambda: asked("SELECT count(*) FROM sources") > 0, "the first settings")  # what reading them takes is no cost of an article
        before, server = sum(sum(_cpu(one.pid).values()) for one in nodes), bench.cpu_s()
        wait(is_done, f"{wanted} articles")
    spent = sum(cpu.values()) - before
    seconds = count(
        url, "SELECT ceil(1000 * extract(epoch FROM (SELECT max(archived_at) FROM articles) - (SELECT min(at) FROM polls)))::int"
    )
    cost = Cost(done=wanted, seconds=seconds / 1_000, cpu_s=spent, server_s=bench.cpu_s() - server)
    end(nodes)
    return cost


# ---- the page


def tell(name: str, cost: Cost, unit: str) -> None:
    print(f"{name:<48}{cost.rate:>8.1f} {unit}/s{cost.cpu_ms:>9.2f} ms CPU{cost.server_ms:>9.2f} ms server")


def tell_ratio(name: str, ratio: float, limit: float) -> bool:
    print(f"{name:<48}{ratio:>8.2f} {f'(limit {limit})':<14}{'' if ratio <= limit else '  MISSED'}")
    return ratio <= limit


def tell_queue(bench: Bench, given: argparse.Namespace) -> None:
    for n in given.nodes:
        cost = queue_alone(bench, given.jobs, n)
        tell(f"queue alone, {given.jobs} waiting, {n} process(es)", cost, "jobs")
        print(f"    ends by CPU at {1_000 / cost.server_ms:,.0f} jobs/s a core of the server, {1_000 / cost.cpu_ms:,.0f} jobs/s a process")
    queued, seconds = asyncio.run(tick_alone(bench, given.jobs))
    print(f"one tick with {given.jobs} sources due: {queued} queued (cap {WAITING}) in {1_000 * seconds:,.0f} ms")
    tell("the same, 1 process, library's own schema, no ANALYZE", queue_alone(bench, given.jobs, 1, is_bare=True), "jobs")


def tell_polls(bench: Bench, outlets: Sequence[dict[str, str]], given: argparse.Namespace) -> bool:
    lone, one = [], []
    for _ in range(given.rounds):
        lone.append(polls(bench, outlets, given.seconds))
        tell("empty polls, lone daemon", lone[-1], "polls")
        one.append(polls(bench, outlets, given.seconds, role="all", node="one"))
        tell("empty polls, one node of a fleet", one[-1], "polls")
    return tell_ratio("CPU an empty poll, node / lone daemon", min(c.cpu_ms for c in one) / min(c.cpu_ms for c in lone), 2.0)


def tell_pages(bench: Bench, outlets: Sequence[dict[str, str]], given: argparse.Namespace) -> bool:
    lone = pages(bench, outlets, given.pages, 1)
    tell("pages, lone daemon", lone, "articles")
    by_nodes = {}
    for n in given.nodes:
        by_nodes[n] = pages(bench, outlets, given.pages, n, role="all")
        tell(f"pages, {n} node(s)", by_nodes[n], "articles")
    return tell_ratio("CPU an article, one node / lone daemon", by_nodes[min(by_nodes)].cpu_ms / lone.cpu_ms, 1.15)


def main() -> int:
    """Print every figure; exit 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=3_000)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--only", choices=["queue", "polls", "pages"])
    parser.add_argument("--drain", help=argparse.SUPPRESS)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        asyncio.run(serve(given.serve))
        return 0
    if given.drain:
        asyncio.run(drain(given.drain))
        return 0
    is_good = True
    with ExitStack() as ending:
        server = ending.enter_context(postgres_server(packaged_postgres()))
        bench = Bench(server)
        print(server.version)
        if given.only in {None, "queue"}:
            tell_queue(bench, given)
        if given.only in {None, "polls"}:
            with _stand(0) as outlets:
                is_good &= tell_polls(bench, outlets, given)
        if given.only in {None, "pages"}:
            with _stand(given.pages) as outlets:
                is_good &= tell_pages(bench, outlets, given)
    return 0 if is_good else 1


@contextmanager
def _stand(pages: int) -> Iterator[list[dict[str, str]]]:
    """The outlets of the pipeline's benchmark, in a process of their own; without pages, many that have one article each."""
    command = [sys.executable, "-m", "tests.benchmarks.scale", "--serve", str(pages)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(20)


if __name__ == "__main__":
    raise SystemExit(main())

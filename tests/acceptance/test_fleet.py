"""Several nodes as processes: killed, frozen, cut off from their database; judged from outside, by the outlets and by the sink."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from subprocess import CompletedProcess

import psycopg
import pytest

from monitor.demo.newsstand import Hit, Newsstand
from monitor.queue import schema
from tests.acceptance.conftest import Daemon, Sink, settings
from tests.acceptance.test_first_light import GERMAN, TEXT
from tests.databases import Databases, Server, packaged_postgres, postgres_server

LEASE_S = 3.0
SLOW_S = 0.15
"""How long an outlet takes to answer: long enough for two requests to meet."""


@dataclass
class Rig:
    """Nodes on one archive, outlets that publish, a sink; what was done to the nodes is counted."""

    folder: Path
    stand: Newsstand
    sink: Sink
    url: str
    nodes: list[Daemon] = field(default_factory=list)
    kills: int = 0
    pauses: int = 0
    published: int = 0
    server: Server | None = None

    async def join(self, count: int, **more: object) -> None:
        """Start so many nodes."""
        for number in range(count):
            folder = self.folder / f"node-{number}"
            folder.mkdir()
            node = settings(folder, self.stand, self.sink, archive=self.url, role="all", node=folder.name, lease=f"{LEASE_S:g}s", **more)
            self.nodes.append(node)
            await node.start()
        for node in self.nodes:
            await node.until(lambda node=node: "started" in node.said)  # type: ignore[misc]

    def publish(self, count: int = 1) -> None:
        """Print articles, each at another outlet, each on something of its own."""
        outlets = [o.outlet_id for o in self.stand.outlets()]
        for _ in range(count):
            number = self.published = self.published + 1
            text = f"Ausgabe {number} meldet aus {number * 7} Orten und {number * 13} Ämtern Neues.\n\n{TEXT}"
            self.stand.publish(outlets[number % len(outlets)], f"{GERMAN}, Folge {number}", text)

    async def kill(self, node: Daemon) -> None:
        """End a node without a word and start it again."""
        self.kills += 1
        await node.kill()
        await node.start()

    async def freeze(self, node: Daemon, seconds: float) -> None:
        """Stop a node past its lease, then let it wake up as if nothing had been."""
        self.pauses += 1
        node.send(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        node.send(signal.SIGCONT)

    async def quiet(self, seconds: float = 120.0) -> None:
        """Wait until every article is on record and every message was taken."""
        try:
            await self.nodes[0].until(self._is_quiet, seconds=seconds)
        except pytest.fail.Exception:
            pytest.fail(f"not quiet after {seconds:g} s: {self._open()}")
        for node in self.nodes:
            await node.stop()

    def _is_quiet(self) -> bool:
        try:
            done = self.nodes[0].rows(
                "SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM deliveries WHERE status <> 'sent'),"
                " (SELECT count(*) FROM alerts a WHERE NOT EXISTS (SELECT 1 FROM delivery_alerts d WHERE d.alert_id = a.alert_id))"
            )
        except psycopg.OperationalError:
            return False
        return done == [(self.published, 0, 0)]

    def _open(self) -> str:
        """What is not done yet."""
        queries = (
            "SELECT count(*) FROM articles",
            "SELECT url, state, reason, tries, next_at FROM entries WHERE article_id IS NULL",
            "SELECT source_id, last_status, last_error, next_at, now() FROM sources WHERE next_at > now() + interval '5 s' OR next_at < now() - interval '5 s'",
            "SELECT queueing_lock, status, attempts, worker_id FROM procrastinate_jobs",
            "SELECT host, busy_by, busy_until, held_until FROM hosts WHERE busy_until IS NOT NULL",
            "SELECT delivery_id, status, attempts, next_at, error FROM deliveries WHERE status <> 'sent'",
        )
        return "\n".join(f"{query}\n    {self.nodes[0].rows(query)}" for query in queries)

    # ---- judgements

    def judge(self) -> str:
        """Hold what the outlets, the sink and the archive saw against what was done; return the figures."""
        faults, node = self.kills + self.pauses, self.nodes[0]
        again = {path: n - 1 for path, n in self.fetches().items() if n > 1}
        figures = (
            f"articles {self.published}, kills {self.kills}, pauses {self.pauses}; pages fetched again {sum(again.values())}"
            f" (one page at most {max(again.values(), default=0)}), messages doubled {self.sink.doubled} of {len(self.sink.taken)},"
            f" overlaps {len(self.overlaps())} in {len(self.stand.hits)} requests"
        )
        if self.server is not None:
            figures += f"; deadlocks {self.server.said.count('deadlock detected')}; {self.server.version}"
        assert node.rows("SELECT count(*), count(DISTINCT key) FROM articles") == [(self.published, self.published)], figures
        assert node.rows("SELECT count(*) FROM deliveries WHERE status <> 'sent'") == [(0,)], figures
        assert not self.overlaps(), figures
        assert max(again.values(), default=0) <= faults, figures
        assert self.sink.doubled <= faults, figures
        assert {key for (key,) in node.rows("SELECT message_id FROM deliveries")} == set(self.sink.keys), figures
        assert node.verify() == "the archive is whole\n"
        assert not [node.said for node in self.nodes if "Traceback" in node.said], f"a traceback; {figures}"
        return figures

    def fetches(self) -> Counter[str]:
        """How often each article's page was given out."""
        return Counter(f"{hit.outlet_id}{hit.path}" for hit in self.stand.hits if hit.what == "article" and hit.status == 200)

    def overlaps(self) -> list[tuple[Hit, Hit]]:
        """Requests to one host that were open at once, from the outlet's side."""
        by_host: dict[str, list[Hit]] = defaultdict(list)
        for hit in self.stand.hits:
            by_host[hit.outlet_id].append(hit)
        return [
            (one, other) for hits in by_host.values() for one, other in pairwise(hits) if one.ended is not None and other.began < one.ended
        ]


@pytest.fixture
def rig(tmp_path: Path, stand: Newsstand, sink: Sink, postgres: Databases) -> Rig:
    stand.faults.put("slow", seconds=SLOW_S)
    return Rig(folder=tmp_path, stand=stand, sink=sink, url=postgres.with_queue())


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of this test's own, that it may stop."""
    with postgres_server(packaged_postgres()) as started:
        yield started


@pytest.fixture
def own_rig(tmp_path: Path, stand: Newsstand, sink: Sink, server: Server) -> Rig:
    stand.faults.put("slow", seconds=SLOW_S)
    url = Databases(server.admin_url).ready()
    schema.upgrade(url)
    return Rig(folder=tmp_path, stand=stand, sink=sink, url=url, server=server)


@pytest.mark.timeout(300)
async def test_two_nodes_share_the_work_and_one_killed_and_one_frozen_lose_nothing(rig: Rig) -> None:
    await rig.join(2)
    rig.publish(8)
    await rig.nodes[0].until(lambda: bool(rig.sink.taken))
    await rig.kill(rig.nodes[0])
    rig.publish(8)
    await rig.nodes[0].until(lambda: rig.nodes[0].said.count("event=started") == 2)
    rig.publish(8)
    await asyncio.sleep(1)
    await rig.freeze(rig.nodes[1], LEASE_S + 2)
    await rig.quiet()
    rig.judge()


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_three_nodes_with_one_killed_or_frozen_every_five_seconds_for_three_minutes(
    own_rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = own_rig
    rng = random.Random(20261124)
    await rig.join(3)
    frozen: dict[Daemon, asyncio.Task[None]] = {}
    for _ in range(36):
        rig.publish(6)
        node = rng.choice([n for n in rig.nodes if n not in frozen or frozen[n].done()])
        if rng.random() < 0.5:
            await rig.kill(node)
        else:
            frozen[node] = asyncio.create_task(rig.freeze(node, LEASE_S + 2 * rng.random()))
        await asyncio.sleep(5)
    await asyncio.gather(*frozen.values())
    await rig.quiet(180)
    with capsys.disabled():
        print(f"\n{rig.judge()}")  # noqa: T201 - a drill prints its figures


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_database_stopped_hard_ten_times_loses_nothing(own_rig: Rig, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    rig = own_rig
    await rig.join(3)
    for number in range(10):
        rig.publish(6)
        await asyncio.sleep(5)
        await asyncio.to_thread(server.stop, signal.SIGQUIT)
        await asyncio.sleep(0.5 if number % 3 else LEASE_S + 1)
        await asyncio.to_thread(server.start)
        rig.pauses += 1
    await rig.quiet(180)
    with capsys.disabled():
        print(f"\n{rig.judge()}")  # noqa: T201 - a drill prints its figures


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_every_connection_ended_every_three_seconds_loses_nothing(own_rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig = own_rig
    await rig.join(3)
    for _ in range(20):
        rig.publish(4)
        with psycopg.connect(rig.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        rig.pauses += 1
        await asyncio.sleep(3)
    await rig.quiet(180)
    with capsys.disabled():
        print(f"\n{rig.judge()}")  # noqa: T201 - a drill prints its figures


async def test_a_second_node_is_welcome_and_a_lone_daemon_is_not(rig: Rig) -> None:
    await rig.join(2)
    lone = settings(rig.folder, rig.stand, rig.sink, archive=rig.url)
    await lone.start()
    assert await lone.ended() == 75
    assert "holds the archive" in lone.said
    for node in rig.nodes:
        assert await node.stop() == 0


async def test_rules_are_taken_by_all_nodes_together_and_one_that_cannot_says_so(rig: Rig) -> None:
    await rig.join(2)
    first, second = rig.nodes
    themes = rig.folder / "themes.yaml"
    _write_theme(themes, "Ahrenfels")
    _point_to(first, themes)
    first.reload()
    await first.until(lambda: "settings reloaded" in first.said)
    await second.until(lambda: "settings not followed" in second.said)
    told = await _until_status(first, lambda text: "! node-1" in text)
    assert told.returncode == 1
    assert "it goes on with" in told.stdout
    _point_to(second, themes)
    second.reload()
    await second.until(lambda: "settings reloaded" in second.said)
    await _until_well(first)
    _write_theme(themes, "Birkenau")  # both see the one file; either may be first
    first.reload()
    await second.until(lambda: second.said.count("settings reloaded") == 2)
    await _until_well(first)


async def _until_well(node: Daemon) -> None:
    await _until_status(node, lambda text: "! node-" not in text)


async def _until_status(node: Daemon, holds: Callable[[str], bool]) -> CompletedProcess[str]:
    """Ask until it holds: a node's row is written a moment after its log line."""
    async with asyncio.timeout(60):
        while not holds((told := await asyncio.to_thread(node.call, "status")).stdout):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.5)
    return told


def _write_theme(path: Path, word: str) -> None:
    path.write_text(f"themes:\n  places:\n    label: Places\n    need: What happens there\n    rules:\n      name: '{word}'\n")


def _point_to(node: Daemon, themes: Path) -> None:
    text = json.loads(node.config.read_text())
    text["themes"] = [str(themes)]
    node.config.write_text(json.dumps(text))

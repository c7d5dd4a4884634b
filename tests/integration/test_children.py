from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crawler.children import Children, Limits
from crawler.model import Arrival, Completeness, ExtractStatus, FailureReason, Source, SourceKind
from crawler.sources import Unreadable
from tests import pages, poison

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def children(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Children]:
    monkeypatch.setattr("crawler.extract.read_page", poison.read_page)
    made = Children(2, Limits(page_s=1.0))
    await made.start()
    yield made
    await made.close()


def good(number: int = 0) -> Arrival:
    return pages.arrival(pages.markup(title=f"Harbour bridge reopens, part {number}"), of=pages.entry(title=f"part {number}"))


def bad(kind: str) -> Arrival:
    return pages.arrival(pages.markup(), of=pages.entry(title=kind, summary="What the feed said of it."))


async def test_a_page_is_read_in_a_child(children: Children) -> None:
    article = await children.read(good())
    assert article.headline == "Harbour bridge reopens, part 0"
    assert article.text.splitlines() == list(pages.ENGLISH)
    assert article.extract_status is ExtractStatus.OK


async def test_an_arrival_without_a_page_asks_no_child() -> None:
    article = await Children().read(pages.arrival(FailureReason.BLOCKED))
    assert (article.completeness, article.extract_status) == (Completeness.TEASER, ExtractStatus.NO_PAGE)


@pytest.mark.parametrize("kind", ["endless loop", "hang in C", "memory bomb", "crash", "unpicklable"])
async def test_a_poison_page_costs_only_itself(children: Children, kind: str) -> None:
    readings = [children.read(good(i)) for i in range(3)] + [children.read(bad(kind))] + [children.read(good(i)) for i in range(3, 6)]
    articles = await asyncio.gather(*readings)
    poisoned = articles.pop(3)
    assert poisoned.extract_status is ExtractStatus.FAILED
    assert (poisoned.headline, poisoned.text) == (kind, "What the feed said of it.")
    assert [a.extract_status for a in articles] == [ExtractStatus.OK] * 6


async def test_a_hanging_page_is_given_up_at_its_limit(children: Children) -> None:
    started = time.monotonic()
    article = await children.read(bad("hang in C"))
    assert article.extract_status is ExtractStatus.FAILED
    assert time.monotonic() - started > 3.5


async def test_a_child_killed_while_idle_is_replaced(children: Children) -> None:
    pid = int((await children.read(bad("pid"))).text)
    os.kill(pid, signal.SIGKILL)
    articles = await asyncio.gather(*(children.read(good(i)) for i in range(8)))
    assert [a.extract_status for a in articles] == [ExtractStatus.OK] * 8


async def test_children_are_replaced_after_their_share_of_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.extract.read_page", poison.read_page)
    made = Children(1, Limits(readings=3))
    await made.start()
    try:
        pids = [(await made.read(bad("pid"))).text for _ in range(8)]
    finally:
        await made.close()
    assert len(set(pids)) >= 3


async def test_no_more_readings_are_under_way_than_twice_the_children(children: Children) -> None:
    waiting = [asyncio.ensure_future(children.read(good(i))) for i in range(20)]
    await asyncio.sleep(0)
    assert children._turns.locked()
    assert all(a.extract_status is ExtractStatus.OK for a in await asyncio.gather(*waiting))


async def test_a_clock_that_jumps_fails_no_page(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    once = children._once
    calls = 0

    async def jumped(*args: object) -> object:
        nonlocal calls
        calls += 1
        return TimeoutError("Task timeout") if calls == 1 else await once(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(children, "_once", jumped)
    assert (await children.read(good())).extract_status is ExtractStatus.OK


async def test_a_feed_is_read_in_a_child(children: Children) -> None:
    body = b"<rss version='2.0'><channel><title>Gazette</title><item><title>Bridge</title><link>https://gazette.example/b</link></item></channel></rss>"
    source = Source(source_id="gazette#00000001", outlet_id="gazette", kind=SourceKind.FEED, url="https://gazette.example/feed")
    read = await children.read_feed(body, source=source, outlet=pages.outlet(), url=source.url, headers={}, now=pages.FETCHED_AT)
    assert [entry.title for entry in read.entries] == ["Bridge"]


async def test_what_is_no_feed_is_unreadable(children: Children) -> None:
    source = Source(source_id="gazette#00000001", outlet_id="gazette", kind=SourceKind.FEED, url="https://gazette.example/feed")
    with pytest.raises(Unreadable):
        await children.read_feed(b"\0\1\2", source=source, outlet=pages.outlet(), url=source.url, headers={}, now=pages.FETCHED_AT)


async def test_closing_ends_every_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.extract.read_page", poison.read_page)
    made = Children(2)
    await made.start()
    pid = int((await made.read(bad("pid"))).text)
    await made.close()
    assert not _is_alive(pid)


async def test_asking_before_the_start_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match=r"start\(\) them first"):
        await Children().read(good())


PARENT = """
import asyncio, os
from unittest.mock import patch
from crawler.children import Children
from tests import poison
from tests.integration.test_children import bad

async def main():
    with patch("crawler.extract.read_page", poison.read_page):
        children = Children(1)
        await children.start()
        print((await children.read(bad("pid"))).text, flush=True)
        await children.read(bad("hang in C"))

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_children_die_with_their_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    parent = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert parent.stdout is not None
    with parent.stdout as told:
        pid = int(told.readline())
        parent.kill()
        parent.wait(10)
        told.read()  # ends when the last child that holds the pipe has ended
    assert not _is_alive(pid)


def _is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return "State:\tZ" not in status

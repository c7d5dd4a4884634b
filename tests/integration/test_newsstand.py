"""The newsstand itself, and the crawl against it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler.model import Failure, FailureReason, Outlet, Page, PollStatus, SourceKind, Validators
from crawler.ports import FetchOrder, PollOrder
from monitor.demo import script
from monitor.demo.faults import MODES
from monitor.demo.newsstand import Newsstand
from monitor.errors import ConfigError
from tests.crawl_fakes import Rig, crawling, entry, patient_reader, until

SHIPPED = script.load()
_BASES: Iterator[str] = (f"127.0.{net}.1" for net in range(100, 250))


@asynccontextmanager
async def stand_of(play: script.Script = SHIPPED, *, speed: float = 1.0) -> AsyncIterator[Newsstand]:
    stand = Newsstand(play, base_address=next(_BASES), speed=speed)
    await stand.start()
    try:
        yield stand
    finally:
        await stand.close()


@asynccontextmanager
async def watching(stand: Newsstand, **settings: Any) -> AsyncIterator[Rig]:
    async with crawling(fallback=patient_reader, **{"allow_networks": (), **settings}) as rig:
        yield rig


def _by_id(stand: Newsstand) -> dict[str, Outlet]:
    return {outlet.outlet_id: outlet for outlet in stand.outlets()}


async def test_every_outlet_is_read_with_all_that_is_out_and_its_pages_are_had() -> None:
    async with stand_of() as stand, watching(stand) as rig:
        for outlet in stand.outlets():
            for source in outlet.sources:
                poll, entries = await rig.poll(source, outlet)
                out = [p for p in SHIPPED.pieces if p.outlet_id == outlet.outlet_id and p.at <= 0]
                assert (poll.status, poll.error, poll.is_partial) == (PollStatus.OK, None, False), outlet.name
                assert {entry.title for entry in entries} >= {p.headline for p in out}
                assert source.kind is SourceKind.LISTING or all(entry.published_at for entry in entries)
                assert poll.validators is not None
                assert (await rig.poll(source, outlet, poll.validators))[0].status is PollStatus.UNCHANGED
                page = await rig.fetch(entries[-1].url or "", outlet)
                assert isinstance(page, Page)
                assert 20_000 < len(page.body) < 200_000


async def test_charsets_are_as_broken_as_in_life_and_are_read_all_the_same() -> None:
    async with stand_of() as stand, watching(stand) as rig:
        outlet = _by_id(stand)["qingqiao-ribao"]
        _, entries = await rig.poll(outlet.sources[0], outlet)
        assert "沈若喆" in {author for entry in entries for author in entry.authors}
        page = await rig.fetch(stand.url("chadian"), outlet)
        assert isinstance(page, Page)
        with pytest.raises(UnicodeDecodeError):
            page.body.decode("gb2312")
        assert "charset=gb2312" in page.headers["content-type"]


async def test_the_script_plays_on_time_and_in_order() -> None:
    async with stand_of(speed=200.0) as stand, watching(stand) as rig:
        await asyncio.wait_for(stand.played.wait(), 10)
        outlet = _by_id(stand)["seeufer-anzeiger"]
        _, entries = await rig.poll(outlet.sources[0], outlet)
        titles = [entry.title for entry in entries]
        assert "Deepseek verschiebt R2 um ein Quartal, Zulieferer verlieren" in titles
        assert titles[0].startswith("Chinas zweite Reihe")


async def test_a_copy_says_the_same_under_another_headline() -> None:
    pieces = {piece.article_id: piece for piece in SHIPPED.pieces}
    assert pieces["r2-kopie"].text == pieces["r2-agentur"].text
    assert pieces["r2-kopie"].headline != pieces["r2-agentur"].headline


async def test_what_a_test_publishes_changes_and_withdraws_is_seen_at_once() -> None:
    async with stand_of() as stand, watching(stand) as rig:
        outlet = _by_id(stand)["wolkenpost"]
        url = stand.publish("wolkenpost", "Neues vom Turm", "Er steht.\n\nNoch.", article_id="turm")
        _, entries = await rig.poll(outlet.sources[0], outlet)
        assert url in {entry.url for entry in entries}
        stand.change("turm", headline="Neues vom schiefen Turm")
        _, entries = await rig.poll(outlet.sources[0], outlet)
        assert "Neues vom schiefen Turm" in {entry.title for entry in entries}
        stand.change("turm", is_withdrawn=True)
        gone = await rig.fetch(url, outlet)
        assert isinstance(gone, Failure)
        assert gone.reason is FailureReason.GONE


async def test_every_fault_costs_its_outlet_alone() -> None:
    odd = sorted(set(MODES) - {"liar", "slow", "flood", "huge", "deep"})
    async with stand_of() as stand, watching(stand, headers_s=1.5, total_s=3.0, slow_after_s=0.5) as rig:
        outlets = stand.outlets()
        bad, good = outlets[0], outlets[1]
        for mode in odd:
            fault = stand.faults.put(mode, bad.outlet_id, what="feed")
            count = len(rig.sink.polls)
            assert rig.crawl.submit(PollOrder(source=bad.sources[0], outlet=bad, validators=Validators()))
            assert rig.crawl.submit(PollOrder(source=good.sources[0], outlet=good, validators=Validators()))
            await rig.sink.until(count + 2)
            told = {poll.outlet_id: poll for poll, _ in rig.sink.polls[-2:]}
            assert told[good.outlet_id].status is PollStatus.OK, mode
            assert told[bad.outlet_id].status in _EXPECTED[mode], (mode, told[bad.outlet_id])
            stand.faults.clear(fault)
            rig.slots.held.clear()
        await until(lambda: rig.crawl.busy == 0)


_EXPECTED = {
    "status": {PollStatus.SERVER_ERROR},
    "retry-after": {PollStatus.BUSY},
    "hang": {PollStatus.TIMEOUT},
    "drip": {PollStatus.TIMEOUT},
    "endless": {PollStatus.TOO_LARGE},
    "endless-headers": {PollStatus.SERVER_ERROR},
    "bomb": {PollStatus.TOO_LARGE},
    "redirect": {PollStatus.REFUSED_ADDRESS},
    "redirect-loop": {PollStatus.REDIRECT_LOOP},
    "reset": {PollStatus.UNREACHABLE},
    "truncate": {PollStatus.EMPTY, PollStatus.BAD_CONTENT},
    "empty": {PollStatus.BAD_CONTENT},
    "wall": {PollStatus.BLOCKED},
    "soft-404": {PollStatus.BAD_CONTENT},
    "xml-bomb": {PollStatus.OK, PollStatus.EMPTY, PollStatus.BAD_CONTENT},
    "xxe": {PollStatus.OK, PollStatus.EMPTY, PollStatus.BAD_CONTENT},
    "hostile-links": {PollStatus.OK},
    "control-characters": {PollStatus.OK},
}


async def test_a_busy_reader_is_seen_in_the_log() -> None:
    async with stand_of() as stand, watching(stand) as rig:
        outlet = _by_id(stand)["brueckenblatt"]
        for _ in range(5):
            assert rig.crawl.submit(FetchOrder(entry=entry(stand.url("kartoffelmarkt"), outlet), outlet=outlet))
        await rig.sink.until(5)
        hits = [hit for hit in stand.hits if hit.outlet_id == "brueckenblatt"]
        assert {hit.open_at_once for hit in hits} == {1}
        assert [hit.what for hit in hits][:2] == ["robots", "article"]
        assert all(hit.status and hit.ended for hit in hits)


async def test_all_kinds_of_sources_stand_on_it() -> None:
    doors = tuple(
        script.Door(kind=kind, path=path, form=form)
        for kind, path, form in (
            (SourceKind.SITEMAP, "/news.xml", ""),
            (SourceKind.LISTING, "/alle", ""),
            (SourceKind.JSON_API, "/api", ""),
            *((SourceKind.FEED, f"/{form}", form) for form in script.FORMS),
        )
    )
    paper = replace(SHIPPED.papers[0], doors=doors)
    async with stand_of(replace(SHIPPED, papers=(paper, *SHIPPED.papers[1:]))) as stand, watching(stand) as rig:
        outlet = stand.outlets()[0]
        assert [source.kind for source in outlet.sources] == [door.kind for door in doors]
        for source in outlet.sources:
            poll, entries = await rig.poll(source, outlet)
            assert (poll.status, poll.error) == (PollStatus.OK, None), source
            assert {(entry.url, entry.title) for entry in entries} == {
                (stand.url("hafenmauer"), "Die Hafenmauer wird zum dritten Mal geflickt")
            }


def test_a_broken_script_is_told_as_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text("outlets:\n  - {id: a}\narticles: []\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        script.load(path)
    path.write_text("outlets: [\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        script.load(path)


def test_the_long_read_names_everything_the_watch_was_made_for() -> None:
    text = next(piece.text for piece in SHIPPED.pieces if piece.article_id == "schatten")
    assert 1000 <= len(text.split()) <= 1300
    for name in _NAMED:
        assert name in text, name


_NAMED = (
    "Deepseek", "R1", "R2", "Liang Wenfeng", "Liangs Unternehmen", "Unitree", "Wang Xingxing", "Manycore", "sechs kleinen Drachen", "Alibaba", "Qwen",
    "Apple", "Huawei", "Pangu", "Baidu", "Ernie", "Bytedance", "Doubao", "Open AI", "Ilya Sutskever", "Nvidia-Chips", "Exportkontrollen", "China Mobile",
    "China Unicom", "China Telecom", "Zhejiang-Universität", "Zhejiang Sci-Tech-University", "Zhejiang Sci-Tech University", "Tsinghua",
    "Peking University", "Shanghai Jiaotong University", "Stanford", "Beijing Academy of Artificial Intelligence", "BAAI", "Wudao 3.0", "Flag Open",
    "Chinese Academy of Sciences", "CCTV", "Staatsrat", "Provinz Zhejiang", "Stadt Peking", "Schanghaier Viertel West Bund", "Hangzhou", "Xi Jinping",
    "Li Qiang", "Tilly Zhang", "Gavekal Dragonomics", "Financial Times", "Telekomkonzerne", "Trainingsdaten", "Mai",
)  # fmt: skip

"""Commands that ask outlets, against a newsstand on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crawler.model import Outlet
from monitor.demo.newsstand import Newsstand
from monitor.demo.script import load

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str


@dataclass(slots=True, kw_only=True)
class Beat:
    """Settings that watch a newsstand."""

    stand: Newsstand
    config: Path

    async def run(self, *arguments: str) -> Said:
        code = "from monitor.cli import main; main()"
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.config.parent), "PYTHONPATH": str(ROOT)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code, "-c", str(self.config), *arguments),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 90)
        return Said(code=process.returncode or 0, out=out.decode(), err=err.decode())


def yaml_of(outlet: Outlet) -> dict[str, object]:
    """Write an outlet as a person would; JSON is YAML."""
    sources = []
    for source in outlet.sources:
        block: dict[str, object] = {source.kind.value: source.url}
        block |= {"fields": dict(source.fields)} if source.fields else {}
        block |= {"links": source.link_pattern} if source.link_pattern else {}
        sources.append(block)
    return {
        "name": outlet.name,
        "id": outlet.outlet_id,
        "home": outlet.home,
        "language": outlet.language,
        "spacing": "0s",
        "sources": sources,
    }


@pytest.fixture
async def beat(tmp_path: Path) -> AsyncIterator[Beat]:
    stand = Newsstand(load(), base_address="127.0.91.1")
    await stand.start()
    (tmp_path / "outlets").mkdir()
    blocks = {"outlets": [yaml_of(outlet) for outlet in stand.outlets()]}
    (tmp_path / "outlets" / "stand.yaml").write_text(json.dumps(blocks, ensure_ascii=False))
    config = tmp_path / "presswatch.yaml"
    config.write_text("archive: archive.db\nallow_networks: [127.0.91.0/24]\ntimezone: UTC\n")
    yield Beat(stand=stand, config=config)
    await stand.close()


async def test_outlets_check_asks_every_source_and_reads_some_of_its_articles(beat: Beat) -> None:
    outlet = next(o for o in beat.stand.outlets() if o.sources)
    said = await beat.run("outlets", "check", outlet.outlet_id, "--articles", "2", "--json")
    rows = json.loads(said.out)
    assert len(rows) == len(outlet.sources)
    assert all(row["http_status"] == 200 for row in rows), said.err
    assert sum(row["entries"] for row in rows) > 0
    assert "Traceback" not in said.err


async def test_outlets_check_marks_a_source_that_is_gone_and_ends_with_1(beat: Beat) -> None:
    path = beat.config.parent / "outlets" / "stand.yaml"
    blocks = json.loads(path.read_text())
    gone = blocks["outlets"][0]
    gone["sources"] = [{"feed": f"{gone['home'].rstrip('/')}/no-such-feed.xml"}]
    path.write_text(json.dumps(blocks, ensure_ascii=False))
    said = await beat.run("outlets", "check", gone["id"])
    assert said.code == 1
    assert "! " in said.out
    assert "gone" in said.out
    assert "1 of 1 sources need a look" in said.err


async def test_no_more_than_the_settings_allow_is_dialled(beat: Beat) -> None:
    beat.config.write_text("archive: archive.db\nallow_networks: [10.0.0.0/8]\n")
    outlet = beat.stand.outlets()[0]
    said = await beat.run("outlets", "check", outlet.outlet_id)
    assert said.code == 1
    assert "refused address" in said.out
    assert beat.stand.hits == []


async def test_outlets_check_keeps_pages_and_shows_selectors_beside_the_general_way(beat: Beat, tmp_path: Path) -> None:
    path = beat.config.parent / "outlets" / "stand.yaml"
    blocks = json.loads(path.read_text())
    block = next(b for b in blocks["outlets"] if b["sources"])
    block["selectors"] = {"body": "p + p"}
    path.write_text(json.dumps(blocks, ensure_ascii=False))
    kept = tmp_path / "kept"
    said = await beat.run("outlets", "check", block["id"], "--articles", "1", "--save-fixture", str(kept))
    assert "Traceback" not in said.err
    pages = sorted((kept / block["id"]).glob("*.html"))
    assert pages, said.out + said.err
    told = json.loads(pages[0].with_suffix(".json").read_text())
    assert told["read"]["how"] == "selectors"
    assert told["default"]["how"] != "selectors"
    assert len(told["read"]["text"]) < len(told["default"]["text"])
    assert str(pages[0]) in said.out
    assert "default    " in said.out
    assert "selectors  " in said.out
    assert "  - " in said.out

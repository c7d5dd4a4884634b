"""Settings change under a running daemon: by signal or by themselves, whole or broken."""

from __future__ import annotations

import json
import random
from itertools import count
from pathlib import Path

import pytest

from monitor.config.load import load
from monitor.errors import ConfigError
from tests.acceptance.conftest import Daemon, settings
from tests.accidents import line_accident

MUTANTS = 50
ENTITIES = """\
entities:
  acme:
    label: Acme
    aliases: {"*": [Acme, {term: "=R2", near: "@acme", within: s}], zh: [顶峰]}
"""
THEMES = """\
themes:
  deals:
    label: Deals
    need: What Acme buys.
    severity: high
    languages: [de, en, zh]
    min_relevance: 20
    rules:
      buys: '@acme NEAR/6 (buys OR kauft OR 收购)'
      more: 'title:"Acme Werke" OR ATLEAST/2(@acme) OR /Acme-[0-9]+/'
    examples:
      match: [{lang: en, text: "Acme buys a rival."}]
      ignore: [{lang: en, text: "The weather was fine."}]
"""
DEBRIS = (
    b"\x00", b"\xff\xfe", b"[[[[", b"{", b"'", b'"', b"&a ", b"*a ", b"!!python/object:os.system ", b"\t", b"- ", b": ", b"? ", b"|", b"(" * 400,
    b"NEAR/99999999999999999999", b" NOT ", b"ATLEAST/0(", b"/((((a+)+)+)+$/", b"\r", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"<<: *x\n", b"---\n", b"[" * 2000,
)  # fmt: skip


def mutant(number: int) -> bytes:
    """The theme file after up to four accidents."""
    source = random.Random(number)
    data = THEMES.encode()
    for _ in range(source.randint(1, 4)):
        data = accident(source, data) or b"\n"
    return data


def accident(source: random.Random, data: bytes) -> bytes:
    """Lose bytes, double them, put some in, cut the end off, or shuffle the lines."""
    start = source.randrange(len(data) + 1)
    end = start + source.randint(1, 30)
    match source.randrange(5):
        case 0:
            return data[:start] + source.choice(DEBRIS) + data[start:]
        case 1:
            return data[:start] + data[end:]
        case 2:
            return data[:start]
        case 3:
            return data[:end] + data[start:]
        case _:
            lines = data.split(b"\n")
            return b"\n".join(source.sample(lines, len(lines)))


@pytest.fixture
def desk(tmp_path: Path) -> Daemon:
    (tmp_path / "entities.yaml").write_text(ENTITIES)
    (tmp_path / "themes.yaml").write_text(THEMES)
    return settings(tmp_path, None, None, entities=["entities.yaml"], themes=["themes.yaml"])


def answers(desk: Daemon) -> int:
    """How often it said what became of a reload: in the log's words, once for each."""
    return desk.said.count("settings reloaded") + desk.said.count("kind=rules-invalid")


@pytest.mark.timeout(300)
async def test_fifty_broken_theme_files_never_stop_the_daemon(desk: Daemon) -> None:
    themes = desk.folder / "themes.yaml"
    await desk.start()
    await desk.until(lambda: "started" in desk.said)
    for number in range(MUTANTS):
        before = answers(desk)
        themes.write_bytes(mutant(number))
        desk.reload()
        await desk.until(lambda before=before: answers(desk) > before)  # type: ignore[misc]
    themes.write_text(THEMES.replace("kauft", "kaufte"))
    before = desk.said.count("settings reloaded")
    desk.reload()
    await desk.until(lambda: desk.said.count("settings reloaded") > before)
    await desk.until(lambda: any("kaufte" in query for (query,) in desk.rows("SELECT query FROM rules")))
    assert await desk.stop() == 0
    assert "Traceback" not in desk.said
    assert desk.said.count("settings not reloaded") >= MUTANTS // 2


def is_broken(desk: Daemon) -> bool:
    try:
        load(desk.config, environ={})
    except ConfigError:
        return True
    return False


@pytest.mark.timeout(300)
async def test_fifty_lines_broken_in_any_file_change_nothing(desk: Daemon) -> None:
    main = json.loads(desk.config.read_text())
    good = {
        "presswatch.yaml": "".join(f"{key}: {json.dumps(value)}\n" for key, value in main.items()),
        "entities.yaml": ENTITIES,
        "themes.yaml": THEMES,
    }
    desk.config.write_text(good["presswatch.yaml"])
    await desk.start()
    await desk.until(lambda: "started" in desk.said)
    broken, numbers = 0, count()
    while broken < MUTANTS:
        number = next(numbers)
        name = sorted(good)[number % len(good)]
        (desk.folder / name).write_text(line_accident(good[name], number))
        if is_broken(desk):
            before = desk.said.count("kind=rules-invalid")
            desk.reload()
            await desk.until(lambda before=before: desk.said.count("kind=rules-invalid") > before)  # type: ignore[misc]
            broken += 1
        (desk.folder / name).write_text(good[name])
    assert "settings reloaded" not in desk.said, "none of them came into force"
    assert await desk.stop() == 0
    assert "Traceback" not in desk.said
    assert desk.said.count("settings not reloaded") >= MUTANTS
    for name in good:
        assert f"{desk.folder / name}:" in desk.said, "each told with its file"


async def test_a_changed_file_is_read_without_being_asked(desk: Daemon) -> None:
    themes = desk.folder / "themes.yaml"
    await desk.start()
    await desk.until(lambda: "started" in desk.said)
    themes.write_text(THEMES.replace("NEAR/6", "NEER/6"))
    await desk.until(lambda: "settings not reloaded" in desk.said)
    assert "themes.yaml:9:20:" in desk.said, "the place in the file"
    themes.write_text(THEMES.replace("label: Deals", "label: Bargains"))
    await desk.until(lambda: "settings reloaded" in desk.said)
    await desk.until(lambda: desk.rows("SELECT label FROM themes") == [("Bargains",)])
    assert desk.said.count("settings not reloaded") == 1, "one broken file is told once"
    assert await desk.stop() == 0

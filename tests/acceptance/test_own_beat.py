"""The pages a newcomer copies from: every command of them, in an empty home."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from monitor.config import folders
from monitor.config.load import load
from monitor.demo.newsstand import Newsstand
from tests.acceptance.conftest import PROGRAM
from tests.databases import Databases

ROOT = Path(__file__).parents[2]
README = (ROOT / "seeds" / "README.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
TEXT = """Harbour Line will run two ferries a day from December instead of six, the company told passengers on Tuesday.

The boats will leave in the morning and in the evening. Commuters said that they had not been asked, and the council wants a meeting.

A spokesman said that fuel had become too dear for crossings with a dozen passengers. In spring the company wants to look at it again.

The mayor recalled that the town had paid for the landing stages only two years ago, on the promise of a boat every two hours all year round."""


def commands(page: str) -> str:
    return "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))


async def shell(home: Path, script: str) -> tuple[int, str]:
    """Run commands in an empty home, as a person who types them; stop at the first that fails."""
    environment = {"PATH": f"{Path(PROGRAM).parent}:{os.environ['PATH']}", "HOME": str(home), "LANG": "C.UTF-8"}
    environment |= {k: os.environ[k] for k in ("PYTHONPATH",) if k in os.environ}
    process = await asyncio.create_subprocess_exec(
        "sh", "-e", "-c", script, cwd=home, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await asyncio.wait_for(process.communicate(), 100)
    return process.returncode or 0, out.decode()


async def test_a_beat_of_ones_own_is_made_by_the_commands_of_the_page(tmp_path: Path, stand: Newsstand) -> None:
    base = stand.base("lantern-quay-gazette")
    stand.publish("lantern-quay-gazette", "Harbour Line cuts its winter ferries", TEXT)
    script = commands(README.split("## Where the outlets")[0])
    script = script.replace("https://herald.example/feed.xml", f"{base}/feeds/all.rss").replace("https://herald.example", base)
    script = script.replace("cd ~/.config/presswatch", "cd ~/.config/presswatch\necho 'allow_networks: [127.0.0.0/8]' >> presswatch.yaml")
    code, said = await shell(tmp_path, script)
    assert code == 0, said
    assert "3 examples hold" in said
    assert "Harbour Line cuts its winter ferries" in said
    assert "first report" in said
    assert "Traceback" not in said


async def test_postgresql_is_set_up_by_the_commands_of_the_page(tmp_path: Path, postgres: Databases) -> None:
    section = OPERATIONS.split("\n## PostgreSQL\n")[1].split("\n## ")[0]
    folder = tmp_path / ".config" / "presswatch"
    folder.mkdir(parents=True)
    (folder / "presswatch.yaml").write_text("archive_url_file: archive.url\n")
    script = commands(section).replace("postgresql://presswatch@/presswatch?host=/var/run/postgresql", postgres.empty())
    refused, said = await shell(tmp_path, f"cd ~/.config/presswatch\necho '{postgres.empty()}' > archive.url\npresswatch run --once")
    assert (refused, "Run: presswatch db upgrade" in said) == (78, True), said
    (folder / "archive.url").unlink()
    code, said = await shell(tmp_path, script)
    assert code == 0, said
    assert "is at revision" in said


@pytest.mark.parametrize("kind", ["outlets", "entities", "themes"])
def test_the_page_says_where_everything_comes_from(kind: str) -> None:
    settings = load(folders.seeds() / folders.FILE, environ={})
    ids = {
        "outlets": [o.outlet_id for o in settings.outlets],
        "entities": [e.entity_id for e in settings.rules.entities],
        "themes": [t.theme_id for t in settings.rules.themes],
    }[kind]
    section = README.split(f"## Where the {kind} come from")[1].split("\n## ")[0]
    assert [name for name in ids if f"`{name}`" not in section] == []
    assert set(re.findall(r"^\| `([\w-]+)`", section, re.MULTILINE)) <= set(ids)

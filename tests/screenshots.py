"""Takes the pictures of docs/pages.md: the daemon on its newsstand, looked at with a real browser.

    python -m tests.screenshots [FOLDER]

Needs Chromium; writes one PNG per page into ``docs/pages``, or into the folder given.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.chromium import Tab, browsing, executable

PROGRAM: Final = Path(sys.executable).with_name("presswatch")
FOLDER: Final = Path(__file__).parents[1] / "docs" / "pages"
MOST_BYTES: Final = 150_000
ARTICLES: Final = 22
"""So many the newsstand has out when its script has been played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture: which page, how wide, how much of it, in which scheme."""

    name: str
    path: str
    width: int
    height: int
    dark: bool = False


def pictures(story: int, alert: int) -> tuple[Picture, ...]:
    """Every picture of the page."""
    return (
        Picture(name="today", path="/", width=768, height=720),
        Picture(name="story", path=f"/stories/{story}", width=360, height=1200, dark=True),
        Picture(name="alert", path=f"/alerts/{alert}", width=360, height=1200),
        Picture(name="theme", path="/themes/deepseek-next", width=768, height=860, dark=True),
        Picture(name="outlets", path="/outlets", width=768, height=800),
        Picture(name="search", path="/search?q=Deepseek+NEAR/8+(R2+OR+V4", width=768, height=470),
        Picture(name="try", path="/rules/try?q=Deepseek+AND+R2&rule=deepseek-next/about", width=768, height=900),
    )


def main() -> int:
    """Take every picture; exit 1 where one is larger than a page of docs should carry."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    given = parser.parse_args()
    if executable() is None:
        sys.exit("no Chromium here (Debian: apt install chromium)")
    given.folder.mkdir(parents=True, exist_ok=True)
    return asyncio.run(take(given.folder))


async def take(folder: Path) -> int:
    """Run the daemon, wait until its day is played, and look."""
    with tempfile.TemporaryDirectory(prefix="presswatch-pictures-") as home:
        port = free_port()
        environment = {"HOME": home, "PATH": os.environ["PATH"], "TZ": "Europe/Zurich", "PRESSWATCH_TIMEZONE": "Europe/Zurich"}
        daemon = await asyncio.create_subprocess_exec(
            *(str(PROGRAM), "run", "--demo", "--listen", f"127.0.0.1:{port}"),
            env=environment, cwd=home, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            today = await played(address)
            await judged(address)
            async with browsing() as tab:
                return await looked(tab, address, today, folder)
        finally:
            daemon.send_signal(signal.SIGTERM)
            await daemon.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def played(address: str) -> dict[str, Any]:
    """Wait until the newsstand's script is over and everything was sent."""
    async with aiohttp.ClientSession() as session:
        for _ in range(180):
            try:
                async with session.get(f"{address}/today.json") as answer:
                    told: dict[str, Any] = await answer.json()
            except aiohttp.ClientConnectionError:
                told = {"articles": 0}
            if told["articles"] >= ARTICLES and _correction_is_told(told):
                await asyncio.sleep(2)
                return told
            await asyncio.sleep(1)
    raise TimeoutError(f"the newsstand brought only {told['articles']} articles")


def _correction_is_told(told: dict[str, Any]) -> bool:
    return any("headline changed" in story["why"] for theme in told["themes"] for story in theme["stories"])


async def judged(address: str) -> None:
    """Mark the first alert as useful, by the form on its page."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{address}/alerts/1") as answer:
            form = re.search(r'formaction="\.\.(/alerts/1/useful[^"]*)"', await answer.text())
        assert form is not None
        async with session.post(address + form[1], headers={"Origin": address}) as answer:
            assert answer.status == 200


async def looked(tab: Tab, address: str, today: dict[str, Any], folder: Path) -> int:
    """Take the pictures of the largest story and of everything around it."""
    story = max((s for theme in today["themes"] for s in theme["stories"]), key=lambda s: s["outlets"])
    largest = 0
    for picture in pictures(story["story_id"], 1):
        await tab.dress(picture.width, dark=picture.dark)
        await tab.go(address + picture.path)
        path = folder / f"{picture.name}.png"
        await tab.picture(path, height=picture.height)
        size = (await asyncio.to_thread(path.stat)).st_size
        largest = max(largest, size)
        print(f"{path}: {size:,} bytes" + (" (too large)" if size > MOST_BYTES else ""))  # noqa: T201 - a command that talks
    return int(largest > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())

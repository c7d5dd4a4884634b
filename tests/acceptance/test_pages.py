"""From an outlet's page to a mark by its reader: the message links to the daemon's pages, and what it links to works."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from monitor.demo.newsstand import Newsstand
from tests.acceptance.conftest import Sink, settings
from tests.acceptance.test_first_light import GERMAN, TEXT
from tests.acceptance.test_service import free_port

TOKEN = "an opening word of some length"


async def test_a_message_leads_to_its_page_and_its_reader_marks_it(tmp_path: Path, stand: Newsstand, sink: Sink) -> None:
    home = f"http://127.0.0.1:{free_port()}"
    desk = settings(tmp_path, stand, sink, listen=home.removeprefix("http://"), public_url=home, token=TOKEN)
    stand.publish("seeufer-anzeiger", GERMAN, TEXT)
    await desk.start()
    await desk.until(lambda: len(sink.taken) == 1)
    (story,) = sink.taken[0]["stories"]
    async with aiohttp.ClientSession() as session:
        async with session.get(story["page"]) as closed:
            assert (closed.status, GERMAN in await closed.text()) == (401, False)
        async with session.get(story["page"], headers={"Authorization": f"Bearer {TOKEN}"}) as page:
            assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
            assert "first report" in await page.text()
        async with session.get(story["links"]["noise"]) as shown:
            assert "Mark as noise" in await shown.text()
        assert desk.rows("SELECT count(*) FROM marks") == [(0,)]
        async with session.post(story["links"]["noise"], headers={"Origin": home}) as done:
            assert "Marked as noise." in await done.text()
        async with session.get(f"{home}/today.json", headers={"Authorization": f"Bearer {TOKEN}"}) as today:
            told = await today.json()
    assert await desk.stop() == 0
    assert desk.rows("SELECT verdict FROM marks") == [("noise",)]
    assert {s["why"][0] for theme in told["themes"] for s in theme["stories"]} == {"first report"}
    assert "Traceback" not in desk.said

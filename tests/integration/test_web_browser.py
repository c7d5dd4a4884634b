"""The pages in a real browser: nothing scrolls sideways, nothing runs, keys and forms work without a script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from monitor.archive import Archive
from monitor.clock import FixedClock
from tests.archives import NOW, furnish
from tests.chromium import Tab, browsing, executable
from tests.hostile import HOSTILE, furnish_badly
from tests.serving import PAGES, Served, serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(executable() is None, reason="no Chromium here (Debian: apt install chromium)"),
]
WIDTHS = (360, 768, 1440)
LATER = NOW + timedelta(minutes=30)


@pytest.fixture
async def tab() -> AsyncIterator[Tab]:
    async with browsing() as opened:
        yield opened


@pytest.fixture
async def hostile(sqlite_url: str) -> AsyncIterator[tuple[Served, int]]:
    archive = Archive.open(sqlite_url, clock=FixedClock(LATER))
    big = archive.write_now(furnish_badly)
    async with serving(archive, FixedClock(LATER), rules=HOSTILE) as served:
        yield served, big
    archive.close()


@pytest.fixture
async def served(sqlite_url: str) -> AsyncIterator[Served]:
    archive = Archive.open(sqlite_url, clock=FixedClock(LATER))
    archive.write_now(furnish)
    async with serving(archive, FixedClock(LATER)) as running:
        yield running
    archive.close()


async def sideways(tab: Tab) -> int:
    """How far the page scrolls to the side."""
    return int(await tab.value("document.scrollingElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("width", WIDTHS)
async def test_nothing_scrolls_sideways_and_nothing_runs_whatever_the_texts(hostile: tuple[Served, int], tab: Tab, width: int) -> None:
    served, big = hostile
    paths = (
        "/", "/outlets", "/themes/models", "/themes/wide", f"/stories/{big}", "/alerts/1", "/search?q=Nordlicht", "/search?q=Nordlicht+AND+(", "/rules/try",
        "/rules/try?q=Nordlicht&rule=models/shown", served.signed(3, "mute"), *(f"/stories/{n}" for n in range(1, big)),
    )  # fmt: skip
    for dark in (False, True):
        await tab.dress(width, dark=dark)
        for path in paths if not dark else paths[:6]:
            await tab.go(served.address + path)
            assert await sideways(tab) <= 0, (path, width)
            assert await tab.value("document.querySelectorAll('script').length") == 0
    await tab.value("document.querySelector('main').append(Object.assign(document.createElement('pre'), {className: 'wide'}))")
    await tab.value("document.querySelector('.wide').style.width = '3000px'")
    assert await sideways(tab) > 0  # it would be seen
    foreign = [r["url"] for r in tab.requests if not r["url"].startswith(served.address)]
    assert foreign == []
    assert tab.said == []


async def test_both_schemes_are_dressed(served: Served, tab: Tab) -> None:
    seen = []
    for dark in (False, True):
        await tab.dress(768, dark=dark)
        await tab.go(served.address)
        seen.append(await tab.value("getComputedStyle(document.body).backgroundColor"))
    assert seen == ["rgb(251, 250, 247)", "rgb(22, 23, 25)"]


async def test_keys_walk_through_a_page_in_reading_order_and_are_seen(served: Served, tab: Tab) -> None:
    await tab.dress(768)
    await tab.go(served.address + "/")
    order, outlined = [], []
    for _ in range(9):
        await tab.press("Tab")
        order.append(await tab.value("document.activeElement.textContent.trim().slice(0, 24)"))
        outlined.append(await tab.value("getComputedStyle(document.activeElement).outlineStyle"))
    assert order[:5] == ["Skip to the content", "Today", "Outlets", "Search", "Try a rule"]
    assert order[5:8] == ["Bergen", "Title of a", "alert #2"]
    assert set(outlined) == {"solid"}


async def test_a_mark_is_one_click_away_also_without_scripts(served: Served, tab: Tab) -> None:
    await tab.ask("Emulation.setScriptExecutionDisabled", value=True)
    await tab.dress(360)
    await tab.go(served.address + "/alerts/1")
    await tab.click("form.acts button:nth-of-type(2)")
    sent = [r for r in tab.requests if r["method"] == "POST"]
    assert [r["url"].partition("?")[0] for r in sent] == [f"{served.address}/alerts/1/noise"]
    assert "Marked as noise." in await tab.value("document.body.textContent")
    assert '"verdict":"noise"' in (await served.get("/alerts/1.json")).text


async def test_the_token_is_handed_in_by_a_form_and_opens_the_pages(sqlite_url: str, tab: Tab) -> None:
    archive = Archive.open(sqlite_url, clock=FixedClock(LATER))
    archive.write_now(furnish)
    async with serving(archive, FixedClock(LATER), token="a long token") as served:
        await tab.dress(360)
        await tab.go(served.address + "/stories/1")
        assert await tab.value("document.querySelector('h1').textContent") == "These pages are closed"
        await tab.value("document.querySelector('#token').focus()")
        await tab.ask("Input.insertText", text="a long token")
        await tab.click("button.main")
        assert await tab.value("document.querySelector('h1').textContent") == "Title of a"
        assert await tab.value("location.pathname") == "/stories/1"
    archive.close()


async def test_every_page_is_drawn_without_a_complaint_of_the_browser(served: Served, tab: Tab) -> None:
    await tab.dress(768)
    for path in PAGES:
        await tab.go(served.address + path)
    assert tab.said == []

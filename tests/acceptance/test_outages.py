"""Channels that are down or refuse: everything arrives once they are back, once; what was refused waits for a word."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from monitor.demo.newsstand import Newsstand
from tests.acceptance.conftest import Daemon, Sink, settings
from tests.acceptance.test_first_light import GERMAN, TEXT

PIECES = 8


def publish(stand: Newsstand) -> None:
    outlets = [o.outlet_id for o in stand.outlets()]
    for number in range(PIECES):
        text = f"Ausgabe {number} der Nachrichten aus {number * 7} Orten.\n\n{TEXT}"
        stand.publish(outlets[number % 4], f"{GERMAN}, Teil {number}", text)


def standing(desk: Daemon) -> dict[str, int]:
    return dict(desk.rows("SELECT status, count(*) FROM deliveries GROUP BY status"))


@pytest.mark.timeout(240)
async def test_a_channel_down_for_a_whole_run_gets_everything_once_when_it_is_back(tmp_path: Path, stand: Newsstand, sink: Sink) -> None:
    desk = settings(tmp_path, stand, sink, stories="off")
    sink.status = 503
    publish(stand)
    await desk.start()
    await desk.until(lambda: sum(standing(desk).values()) == PIECES and "channel is down" in desk.said)
    assert await desk.stop() == 0
    assert "sent" not in standing(desk)
    sink.status = 200
    await desk.start()
    await desk.until(lambda: standing(desk) == {"sent": PIECES}, seconds=60)
    assert await desk.stop() == 0
    assert (len(sink.taken), sink.doubled) == (PIECES, 0)


@pytest.mark.timeout(240)
async def test_what_a_channel_refuses_is_listed_and_sent_again_when_somebody_says_so(tmp_path: Path, stand: Newsstand, sink: Sink) -> None:
    desk = settings(tmp_path, stand, sink, stories="off")
    sink.status = 422
    publish(stand)
    await desk.start()
    await desk.until(lambda: standing(desk) == {"dead": PIECES})
    failed = await asyncio.to_thread(desk.call, "alerts", "list", "--failed", "--json")
    assert "answered 422" in failed.stdout
    numbers = {row["alert_id"] for row in json.loads(failed.stdout)}
    assert numbers == {number for (number,) in desk.rows("SELECT alert_id FROM alerts")}
    sink.status = 200
    again = await asyncio.to_thread(desk.call, "alerts", "resend", "--failed")
    assert (again.returncode, again.stderr) == (0, f"{PIECES} messages are due again\n")
    await desk.until(lambda: standing(desk) == {"sent": PIECES})
    assert await desk.stop() == 0
    assert (len(sink.taken), sink.doubled) == (PIECES, 0)
    nothing = await asyncio.to_thread(desk.call, "alerts", "list", "--failed")
    assert "nothing failed" in nothing.stderr

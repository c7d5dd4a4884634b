"""News about Presswatch itself reaches whoever asked for it, over a channel that works."""

from __future__ import annotations

import json
from pathlib import Path

from monitor.demo.newsstand import Newsstand
from tests.acceptance.conftest import Sink, settings
from tests.acceptance.test_first_light import GERMAN, TEXT


async def test_a_dead_channel_is_told_over_another_and_its_recovery_too(tmp_path: Path, stand: Newsstand, sink: Sink) -> None:
    other = Sink()
    await other.start()
    try:
        desk = settings(
            *(tmp_path, stand, sink),
            channels=[{"name": "hook", "kind": "webhook", "url": sink.url}, {"name": "desk", "kind": "webhook", "url": other.url}],
            subscriptions=[{"to": "hook", "themes": ["*"]}, {"to": "desk", "notices": ["channel-dead", "rules-invalid"]}],
        )
        sink.status = 500
        for number in range(4):
            stand.publish("seeufer-anzeiger", f"{GERMAN}, Ausgabe {number}", f"Bericht {number} aus Ort {number * 13}.\n\n{TEXT}")
        await desk.start()
        await desk.until(lambda: any("down" in json.dumps(m) for m in other.taken), seconds=90)
        sink.status = 200
        await desk.until(lambda: any("again" in json.dumps(m) for m in other.taken), seconds=90)
        await desk.until(lambda: len(sink.taken) > 0)
        assert await desk.stop() == 0
        assert sink.doubled == 0
    finally:
        await other.close()

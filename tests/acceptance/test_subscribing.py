"""What a subscriber meets: links that lead to the pages, a first digest, and a word outside that all is well."""

from __future__ import annotations

import json
from pathlib import Path

from monitor.demo.newsstand import Newsstand
from tests.acceptance.conftest import Sink, settings
from tests.acceptance.test_first_light import GERMAN, TEXT
from tests.sinks import http_sink


async def test_messages_link_to_their_page_the_heartbeat_goes_and_a_new_subscription_begins_with_a_digest(
    tmp_path: Path, stand: Newsstand, sink: Sink
) -> None:
    async with http_sink() as watch:
        more = {"public_url": "https://watch.example.org", "heartbeat_url": f"{watch.address}/ping/planted"}
        desk = settings(tmp_path, stand, sink, **more)
        stand.publish("seeufer-anzeiger", GERMAN, TEXT)
        await desk.start()
        await desk.until(lambda: len(sink.taken) == 1)
        await desk.until(lambda: len(watch.seen) > 0)
        other = Sink()
        await other.start()
        written = json.loads(desk.config.read_text())
        written["channels"].append({"name": "later", "kind": "webhook", "url": other.url})
        written["subscriptions"].append({"to": "later", "themes": ["deepseek-next"]})
        desk.config.write_text(json.dumps(written))
        desk.reload()
        await desk.until(lambda: len(other.taken) == 1)
        assert await desk.stop() == 0
        await other.close()
    story = sink.taken[0]["stories"][0]
    number = min(alert["alert_id"] for alert in story["alerts"])
    assert story["page"] == f"https://watch.example.org/alerts/{number}"
    assert story["links"]["mute"].startswith(f"https://watch.example.org/alerts/{number}/mute?k=")
    (digest,) = other.taken
    assert (digest["kind"], digest["stories"][0]["article"]["headline"]) == ("digest", GERMAN)
    assert {alert["theme"] for alert in digest["stories"][0]["alerts"]} == {"deepseek-next"}
    assert len(sink.taken) == 1
    assert "planted" not in desk.said
    assert (tmp_path / "links.key").stat().st_mode & 0o077 == 0

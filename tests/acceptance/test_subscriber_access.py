"""What a subscriber's access is made of stands nowhere but in the requests it is for: not in the log, the archive, the metrics or a message."""

from __future__ import annotations

import asyncio
import json
import socket
import urllib.request
from pathlib import Path

from monitor.demo.newsstand import Newsstand
from tests.acceptance.conftest import Sink, settings
from tests.acceptance.test_first_light import GERMAN, TEXT

COOKIE, BEARER, PASSWORD = "planted-cookie-8412", "planted-bearer-5530", "planted-password-9071"


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


async def test_planted_tokens_are_found_nowhere(tmp_path: Path, stand: Newsstand, sink: Sink) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    desk = settings(tmp_path, stand, sink, listen=f"127.0.0.1:{port}", log_level="debug")
    (tmp_path / "outlets" / "access.headers").write_text(f"Cookie: session={COOKIE}\nAuthorization: Bearer {BEARER}\n")
    file = tmp_path / "outlets" / "stand.yaml"
    blocks = json.loads(file.read_text())["outlets"]
    blocks[0]["headers_file"] = "access.headers"
    blocks[1]["proxy"] = f"http://desk:{PASSWORD}@127.0.0.1:9/"  # nobody answers there: what is told of it must not repeat it
    file.write_text(json.dumps({"outlets": blocks}, ensure_ascii=False))
    own = next(iter(stand.outlets())).outlet_id
    stand.publish(own, GERMAN, TEXT)
    await desk.start()
    await desk.until(lambda: len(sink.taken) == 1)
    await desk.until(lambda: bool(desk.rows("SELECT 1 FROM polls WHERE status = 'unreachable'")))
    metrics = await asyncio.to_thread(read, f"http://127.0.0.1:{port}/metrics")
    assert await desk.stop() == 0
    sent = [h for h in stand.hits if h.headers.get("authorization") == f"Bearer {BEARER}"]
    assert {h.outlet_id for h in sent} == {own}, "sent to its own outlet, and to no other"
    shown = desk.call("config", "show", "--json").stdout + desk.call("status").stdout + desk.call("outlets", "list", "--json").stdout
    archive = await asyncio.to_thread(lambda: b"".join(path.read_bytes() for path in tmp_path.glob("archive.db*")))
    places = {
        "log": desk.said,
        "archive": archive.decode("latin-1"),
        "metrics": metrics,
        "message": json.dumps(sink.taken),
        "commands": shown,
    }
    leaks = [(name, token) for name, text in places.items() for token in (COOKIE, BEARER, PASSWORD) if token in text]
    assert leaks == []

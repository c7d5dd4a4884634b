"""The daemon's HTTP server, asked for real."""

from __future__ import annotations

import aiohttp

from monitor.daemon.http import Server
from monitor.metrics import Metrics


async def test_health_metrics_and_feeds_answer_with_defensive_headers() -> None:
    state: dict[str, object] = {"ready": True, "why": []}

    async def check() -> dict[str, object]:
        return state

    async def feed(theme: str) -> bytes | None:
        return b"<feed/>" if theme == "deepseek-next" else None

    counters = Metrics()
    counters.prepare(version="1", outlets=["nzz"], themes=["deepseek-next"], channels=["desk"])
    server = Server(listen=("127.0.0.1", 0), counters=counters, check=check, feed=feed)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{server.address}/healthz") as answer:
                assert (answer.status, await answer.text()) == (200, "ok\n")
                assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
            async with session.get(f"{server.address}/readyz") as answer:
                assert answer.status == 200
            state |= {"ready": False, "why": ["the archive takes no writes"]}
            async with session.get(f"{server.address}/readyz") as answer:
                assert answer.status == 503
                assert (await answer.json())["why"] == ["the archive takes no writes"]
            async with session.get(f"{server.address}/metrics") as answer:
                text = await answer.text()
                assert 'presswatch_alerts_total{reason="first report",theme="deepseek-next"} 0.0' in text
                assert "presswatch_build_info" in text
            async with session.get(f"{server.address}/alerts/deepseek-next.atom") as answer:
                assert answer.headers["Content-Type"].startswith("application/atom+xml")
            async with session.get(f"{server.address}/alerts/nothing.atom") as answer:
                assert answer.status == 404
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
    finally:
        await server.close()

"""The daemon as a service: what it tells the service manager, over a real socket."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.demo.newsstand import Newsstand
from tests.acceptance.conftest import Daemon, Sink, settings
from tests.acceptance.test_first_light import GERMAN, TEXT


class Manager:
    """The socket of a service manager; ``heard`` are the datagrams so far."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        while True:
            try:
                self.heard.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return self.heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    path = tmp_path / "notify"
    listening = Manager(path)
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    monkeypatch.setenv("WATCHDOG_USEC", "90000000")
    yield listening
    listening.close()


async def test_a_service_manager_hears_ready_alive_reloading_and_stopping(tmp_path: Path, manager: Manager, sink: Sink) -> None:
    desk = settings(tmp_path, None, sink)
    await desk.start()
    await desk.until(lambda: "WATCHDOG=1" in manager.listen())
    assert manager.heard[0].startswith("READY=1\nSTATUS=watching 0 outlets\nMAINPID=")
    before = time.monotonic_ns() // 1000
    desk.reload()
    await desk.until(lambda: sum(m.startswith("READY=1") for m in manager.listen()) == 2)
    (reloading,) = (m for m in manager.heard if m.startswith("RELOADING=1"))
    asked_at = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", reloading)
    assert asked_at
    assert before <= int(asked_at[1]) <= time.monotonic_ns() // 1000
    assert manager.heard.index(reloading) < max(i for i, m in enumerate(manager.heard) if m.startswith("READY=1"))
    assert await desk.stop() == 0
    assert manager.listen()[-1] == "STOPPING=1"


async def test_a_daemon_that_stands_still_is_not_alive(tmp_path: Path, manager: Manager, sink: Sink) -> None:
    desk: Daemon = settings(tmp_path, None, sink)
    await desk.start()
    await desk.until(lambda: "WATCHDOG=1" in manager.listen())
    assert desk._process is not None
    desk._process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(0.2)
    count = len(manager.listen())
    await asyncio.sleep(2.5)
    assert len(manager.listen()) == count
    desk._process.send_signal(signal.SIGCONT)
    await desk.until(lambda: len(manager.listen()) > count)
    assert await desk.stop() == 0


async def test_metrics_move_and_hold_no_address(tmp_path: Path, stand: Newsstand, sink: Sink) -> None:
    port = free_port()
    desk = settings(tmp_path, stand, sink, listen=f"127.0.0.1:{port}")
    stand.publish("seeufer-anzeiger", GERMAN, TEXT)
    await desk.start()
    await desk.until(
        lambda: "message sent" in desk.said and "first pass done" in desk.said
    )  # said once the message and a second tick are counted
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
        page = await answer.text()
    assert desk.call("status", "--health").stdout == "ready\n"
    assert await desk.stop() == 0
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    assert all("://" not in value and GERMAN not in value for sample in samples for value in sample.labels.values())
    moved = {sample.name for sample in samples if sample.value > 0}
    assert {
        f"presswatch_{what}_seconds_count" for what in ("poll_duration", "fetch_duration", "extract_duration", "delivery_lag", "loop_lag")
    } <= moved
    assert {"presswatch_polls_total", "presswatch_articles_total", "presswatch_alerts_total", "presswatch_deliveries_total"} <= moved
    assert {"process_resident_memory_bytes", "process_open_fds"} <= moved


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])

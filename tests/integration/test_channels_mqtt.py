"""Messages over MQTT against a real broker, where both a client and a broker are installed (paho-mqtt; Debian: mosquitto)."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from monitor.channels import check, load
from monitor.errors import ChannelBusy
from monitor.model import ChannelSettings
from monitor.render import message
from tests.briefs import ALSO, brief, story
from tests.naughty import NAUGHTY

BROKER = shutil.which("mosquitto", path="/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin")
HAS_CLIENT = importlib.util.find_spec("paho") is not None
needs_both = pytest.mark.skipif(not (BROKER and HAS_CLIENT), reason="no mosquitto or no paho-mqtt")


def settings(port: int) -> ChannelSettings:
    return ChannelSettings(name="desk", kind="apprise", options={"url": f"mqtt://127.0.0.1:{port}/presswatch/alerts?qos=1"})


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    """A broker on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    (tmp_path / "broker.conf").write_text(f"listener {free} 127.0.0.1\nallow_anonymous true\n")
    broker = await asyncio.create_subprocess_exec(
        str(BROKER), "-c", str(tmp_path / "broker.conf"), stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
    )
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", free)
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            break
    yield free
    broker.terminate()
    await broker.wait()


class Listener:
    """Hears a topic and keeps what is said on it."""

    def __init__(self, port: int) -> None:
        mqtt: Any = importlib.import_module("paho.mqtt.client")
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        subscribed = asyncio.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("presswatch/alerts", 1)
        self._client.on_subscribe = lambda *_: loop.call_soon_threadsafe(subscribed.set)
        self._client.on_message = lambda _c, _u, said: loop.call_soon_threadsafe(self.heard.put_nowait, said.payload.decode())
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self.is_there = subscribed.wait

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@needs_both
async def test_a_message_and_the_naughtiest_strings_arrive_as_text(port: int) -> None:
    channel, listener = load(settings(port)), Listener(port)
    await asyncio.wait_for(listener.is_there(), 10)
    await channel.send(message(brief(story(also=ALSO)), channel.format, channel.body_limit))
    said = await asyncio.wait_for(listener.heard.get(), 10)
    assert said.startswith("Chinas KI-Wunder: wie Deepseek das Silicon Valley erschreckt")
    assert "deepseek-next · first report · #812" in said
    for text in NAUGHTY[:12]:
        await channel.send(message(brief(story(text or "x", text, marks=())), channel.format, channel.body_limit))
        heard = await asyncio.wait_for(listener.heard.get(), 10)
        assert "@everyone" not in heard
        assert "\x1b" not in heard
    listener.close()


@needs_both
async def test_a_broker_that_is_away_is_busy(port: int) -> None:
    channel = load(settings(port + 1 if port < 65_535 else port - 1))
    with pytest.raises(ChannelBusy):
        await asyncio.wait_for(channel.send(message(brief(), channel.format, channel.body_limit)), 30)


@pytest.mark.skipif(HAS_CLIENT, reason="paho-mqtt is installed")
def test_what_a_service_needs_and_is_not_there_is_named() -> None:
    (problem,) = check(settings(1883))
    assert problem.message.startswith("mqtt:// needs paho-mqtt")
    assert "pip install" in (problem.hint or "")

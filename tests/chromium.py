"""A real browser for tests: headless Chromium driven over its own protocol, without any network but loopback."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"),
    *("--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--remote-debugging-port=0", "--hide-scrollbars"),
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=127.0.0.1;localhost",
)
"""Whatever it wants of the world besides the pages ends at a closed port."""


def executable() -> str | None:
    """The browser of this machine, if any."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Tab:
    """One page of the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._session: str | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self.said: list[str] = []
        self.requests: list[dict[str, Any]] = []

    async def listen(self) -> None:
        """Take what the browser says until it says nothing more."""
        async for message in self._socket:
            told = message.json()
            if "id" in told:
                self._waiting.pop(told["id"]).set_result(told)
            elif told["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif told["method"] in {
                "Runtime.exceptionThrown",
                "Page.javascriptDialogOpening",
                "Runtime.consoleAPICalled",
                "Log.entryAdded",
            }:
                self.said.append(str(told["params"]))
            elif told["method"] == "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"])

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the browser for one thing."""
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        asked: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session is not None:
            asked["sessionId"] = self._session
        await self._socket.send_json(asked)
        told = await asyncio.wait_for(answer, 30)
        if "error" in told:
            raise RuntimeError(f"{method}: {told['error']}")
        return dict(told["result"])

    async def open(self) -> None:
        """Make the page and hear of all that it does."""
        target = await self.ask("Target.createTarget", url="about:blank")
        attached = await self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            await self.ask(f"{domain}.enable")

    async def dress(self, width: int, *, dark: bool = False, height: int = 900) -> None:
        """Give the page a width and a scheme."""
        await self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.ask("Emulation.setEmulatedMedia", features=[scheme])

    async def go(self, url: str) -> None:
        """Open an address and wait until it is there."""
        self._loaded.clear()
        told = await self.ask("Page.navigate", url=url)
        assert not told.get("errorText"), f"{url}: {told['errorText']}"
        await asyncio.wait_for(self._loaded.wait(), 30)

    async def click(self, selector: str) -> None:
        """Click what a selector finds, as a person would, and wait for the page that follows."""
        await self.value(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
        box = await self.value(
            f"(() => {{const r = document.querySelector({selector!r}).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]}})()"
        )
        self._loaded.clear()
        for kind in ("mousePressed", "mouseReleased"):
            await self.ask("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)
        await asyncio.wait_for(self._loaded.wait(), 30)

    async def press(self, key: str) -> None:
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            await self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode={"Tab": 9, "Enter": 13}[key])

    async def value(self, expression: str) -> Any:
        """Ask for a value on the page; the page's own policy forbids scripts, the protocol does not need them."""
        told = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def picture(self, path: Path, *, height: int | None = None) -> None:
        """Write what it looks like: the whole page, or its upper part."""
        size = (await self.ask("Page.getLayoutMetrics"))["cssContentSize"]
        tall = min(size["height"], height or size["height"])
        clip = {"x": 0, "y": 0, "width": size["width"], "height": tall, "scale": 1}
        shot = await self.ask("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(shot["data"]))


@asynccontextmanager
async def browsing() -> AsyncIterator[Tab]:
    """Run a browser for as long as it is needed; it and what it wrote are gone afterwards."""
    program = executable()
    assert program is not None, "no Chromium here"
    folder = Path(tempfile.mkdtemp(prefix="presswatch-chromium-"))
    process = await asyncio.create_subprocess_exec(
        *(program, *FLAGS, f"--user-data-dir={folder}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        port, path = await _address(folder / "DevToolsActivePort", process)
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{port}{path}", max_msg_size=2**28) as socket,
        ):
            tab = Tab(socket)
            listening = asyncio.create_task(tab.listen())
            await tab.open()
            yield tab
            listening.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def _address(file: Path, process: asyncio.subprocess.Process) -> tuple[str, str]:
    for _ in range(600):
        if process.returncode is not None:
            raise RuntimeError(f"the browser ended with {process.returncode}")
        with contextlib.suppress(FileNotFoundError):
            lines = (await asyncio.to_thread(file.read_text)).splitlines()
            if len(lines) >= 2:
                return lines[0], lines[1]
        await asyncio.sleep(0.1)
    raise TimeoutError("the browser did not start")

"""The daemon's real HTTP server over a real archive, for tests of the pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import aiohttp

from monitor.archive import Archive
from monitor.clock import Clock
from monitor.config.settings import Settings
from monitor.daemon.http import Server
from monitor.metrics import Metrics
from monitor.web.site import Site
from tests.archives import RULES

KEY: Final = b"k" * 32
SETTINGS: Final = Settings(archive="unused", timezone="Europe/Zurich", rules=RULES, state_folder=Path("/nonexistent"))
PAGES: Final = (
    "/", "/stories/1", "/alerts/1", "/themes/models", "/outlets", "/search", "/search?q=Nordlicht", "/search?q=Nordlicht+AND", "/rules/try",
    "/rules/try?q=Nordlicht&rule=models/shown",
)  # fmt: skip
"""Every page of an archive that ``tests.archives.furnish`` filled."""


@dataclass(slots=True)
class Answered:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str
    body: bytes


@dataclass(slots=True)
class Served:
    """A running server, asked over HTTP; redirects are not followed."""

    site: Site
    address: str
    session: aiohttp.ClientSession
    settings: list[Settings] = field(default_factory=list)

    async def get(self, path: str, **headers: str) -> Answered:
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, *, data: Mapping[str, str] | None = None, origin: str | None = "", **headers: str) -> Answered:
        """Send a form as a browser on our own page does; another ``origin``, or None for none."""
        if origin is not None:
            headers["Origin"] = origin or self.address
        return await self.ask("POST", path, headers=headers, data=dict(data or {}))

    async def ask(self, method: str, path: str, **more: Any) -> Answered:
        async with self.session.request(method, f"{self.address}{path}", allow_redirects=False, **more) as answer:
            body = await answer.read()
            return Answered(answer.status, answer.headers, body.decode(), body)

    def signed(self, alert_id: int, act: str) -> str:
        """The path of a form on an alert's page."""
        return f"/alerts/{alert_id}/{act}?k={self.site.signatures(alert_id)[act]}"

    def change(self, **changed: Any) -> None:
        """Reload other settings."""
        self.settings[0] = replace(self.settings[0], **changed)


@asynccontextmanager
async def serving(archive: Archive, clock: Clock, **changed: Any) -> AsyncIterator[Served]:
    """Serve an archive for as long as it is needed."""
    settings = [replace(SETTINGS, **{"listen": ("127.0.0.1", 0), **changed})]
    site = Site(archive=archive, clock=clock, settings=lambda: settings[0], key=lambda: KEY)

    async def check() -> dict[str, object]:
        return {"ready": True, "why": [], "version": "1"}

    async def feed(theme: str) -> bytes | None:
        return b"<feed/>" if theme == "models" else None

    server = Server(listen=("127.0.0.1", 0), counters=Metrics(), check=check, stuck=lambda: (), feed=feed, site=site)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Served(site, server.address, session, settings)
    finally:
        await server.close()


# ---- what a page is made of


@dataclass(slots=True)
class Element:
    """One element with its attributes and the text inside."""

    name: str
    attributes: dict[str, str]
    text: str = ""


class Outline(HTMLParser):
    """A page as a list of elements in reading order; nesting is checked on the way."""

    VOID: Final = frozenset({"meta", "link", "input", "br", "hr", "img"})
    OPTIONAL: Final = frozenset({"path", "option"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{e.name}> is never closed" for e in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> has an attribute twice")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open[-1].name != tag and self._open[-1].name in self.OPTIONAL:
            self._open.pop()
        if not self._open or self._open[-1].name != tag:
            self.faults.append(f"</{tag}> closes <{self._open[-1].name if self._open else 'nothing'}>")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, *names: str) -> list[Element]:
        return [e for e in self.elements if e.name in names]


def accessibility(text: str) -> list[str]:
    """What a screen reader or a keyboard would stumble over on a page; empty where nothing is."""
    page = Outline(text)
    faults = list(page.faults)
    faults += [f"{len(page.all(name))} <{name}>" for name in ("main", "h1", "title", "header", "footer") if len(page.all(name)) != 1]
    faults += ["no language"] if page.all("html")[0].attributes.get("lang") != "en" else []
    faults += ["the skip link leads nowhere"] if not any(e.attributes.get("id") == "main" for e in page.elements) else []
    levels = [int(e.name[1]) for e in page.all("h1", "h2", "h3", "h4", "h5")]
    faults += [f"h{after} follows h{before}" for before, after in pairwise(levels) if after > before + 1]
    ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    faults += [f"id {name} stands twice" for name in {i for i in ids if ids.count(i) > 1}]
    for e in page.elements:
        faults += [f"{e.name} is named by a missing {name}" for name in e.attributes.get("aria-labelledby", "").split() if name not in ids]
        faults += [
            f"{e.name} is described by a missing {name}" for name in e.attributes.get("aria-describedby", "").split() if name not in ids
        ]
    labels = {e.attributes.get("for") for e in page.all("label")}
    faults += [
        f"the field {e.attributes.get('name')} has no label"
        for e in page.all("input", "select", "textarea")
        if e.attributes.get("type") != "hidden" and e.attributes.get("id") not in labels
    ]
    faults += [f"an empty {e.name}" for e in page.all("a", "button", "h1", "h2", "h3", "h4") if not e.text.strip()]
    faults += ["a picture without words"] * sum(
        not (e.attributes.get("role") == "img" and e.attributes.get("aria-label")) and e.attributes.get("aria-hidden") != "true"
        for e in page.all("svg")
    )
    navs = [e.attributes.get("aria-label") for e in page.all("nav")]
    faults += ["two landmarks of one name"] if len(navs) != len(set(navs)) or None in navs else []
    faults += [f"a forced order of keys on {e.name}" for e in page.elements if int(e.attributes.get("tabindex", "0")) > 0]
    return faults


def active(text: str) -> list[str]:
    """What of a page could do something: scripts, handlers, frames, styles in the line, addresses that are none."""
    page = Outline(text)
    found = [f"<{e.name}>" for e in page.all("script", "style", "iframe", "object", "embed", "img", "base", "video", "audio", "template")]
    for e in page.elements:
        found += [f"{e.name} {name}" for name in e.attributes if name.startswith("on") or name in {"style", "srcdoc", "ping"}]
        for name in ("href", "src", "action", "formaction", "xlink:href"):
            value = e.attributes.get(name)
            if value is not None and re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|\\", value) and not re.match(r"https?://[^/]", value):
                found.append(f"{e.name} {name}={value[:60]}")
    return found

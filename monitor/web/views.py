"""How a page is written: its value into HTML, in the reader's time zone, cut so that it stays small."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from hashlib import sha256
from importlib import resources
from typing import Any, Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from monitor.render import phrases
from monitor.render.changes import Change, How
from monitor.render.clean import address, cut, line, plain
from monitor.render.snippet import Part
from monitor.web import charts

MOST_BYTES: Final = 60_000
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """How much is shown: graphemes of a headline, characters of an excerpt, entries of a list, forms; ``share`` of the first step's bytes."""

    headline: int
    excerpt: int
    rows: int
    forms: int
    share: float


STEPS: Final = (
    Cuts(headline=200, excerpt=300, rows=60, forms=6, share=1.0),
    Cuts(headline=140, excerpt=220, rows=30, forms=4, share=0.75),
    Cuts(headline=100, excerpt=120, rows=15, forms=3, share=0.55),
    Cuts(headline=80, excerpt=0, rows=10, forms=2, share=0.3),
    Cuts(headline=60, excerpt=0, rows=5, forms=1, share=0.1),
)
"""What is shown less of, in order, until a page is small enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every page has around it. ``path`` is its own; links are relative to it, so that a proxy may serve the pages in any folder."""

    title: str
    path: str
    now: datetime
    timezone: str
    json: str | None = None
    has_forms: bool = False

    @property
    def root(self) -> str:
        """The way up from here to where the pages begin."""
        return "../" * max(self.path.count("/") - 1, 0) or "./"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def page(name: str, value: object, frame: Frame, **more: object) -> str:
    """Write a page with as much detail as fits into 60 kB."""
    template, at = _environment().get_template(f"{name}.html.j2"), 0
    while True:
        body = template.render(page=value, frame=frame, cuts=STEPS[at], say=_Say(frame), style=style_version(), **more)
        size = len(body.encode("utf-8", "replace"))
        if size <= MOST_BYTES or at == len(STEPS) - 1:
            return body
        at = next_step(at, size)


def next_step(at: int, size: int) -> int:
    """Return the step after ``at`` that is likely to fit: writing a page costs too much to try each."""
    wanted = STEPS[at].share * MOST_BYTES / size
    return next((i for i in range(at + 1, len(STEPS)) if STEPS[i].share <= wanted), len(STEPS) - 1)


@cache
def style() -> bytes:
    """Return the style of all pages."""
    return (resources.files("monitor.web") / "style.css").read_bytes()


@cache
def style_version() -> str:
    """Return what changes when the style does, so that browsers may keep it."""
    return sha256(style()).hexdigest()[:12]


class _Say:
    """The words that depend on the reader's zone and on now."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._zone = frame.zone
        self._now = frame.now

    def when(self, at: datetime | None) -> Markup:
        """Say a moment: "13:58" of today, "24 Nov, 13:58" of another day."""
        if at is None:
            return Markup("never")
        return Markup('<time datetime="{}">{}</time>').format(
            at.strftime("%Y-%m-%dT%H:%M:%SZ"), phrases.hour(at, self._zone, beside=self._now)
        )

    def moment(self, at: datetime) -> Markup:
        """Say a moment with its zone."""
        year = self._now.astimezone(self._zone).year
        return Markup('<time datetime="{}">{}</time>').format(at.strftime("%Y-%m-%dT%H:%M:%SZ"), phrases.moment(at, self._zone, year=year))

    def day(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%A}, {phrases.day(at, self._zone)}"


# ---- filters


def text(value: str, most: int = 200) -> str:
    """One clean line of a text of others."""
    return cut(line(value), most)


def parts(value: Sequence[Part], most: int = 300) -> Markup:
    """Parts of a text with its evidence marked, at most so many characters; nothing inside is markup."""
    found, left = [], most
    for part in value:
        said = _clean(part.text)
        if left <= 0:
            break
        if len(said) > left:
            said = cut(said, left)
        found.append(Markup("<mark>{}</mark>").format(said) if part.is_evidence else escape(said))
        left -= len(said)
    shown = Markup("").join(found)
    return shown + Markup("…") if left <= 0 and sum(len(p.text) for p in value) > most and not shown.endswith("…") else shown


def changed(value: Sequence[Change], most: int = 900) -> Markup:
    """What came and what went."""
    tags = {How.ADDED: Markup("<ins>{}</ins>"), How.REMOVED: Markup("<del>{}</del>")}
    found, left = [], most
    for change in value:
        said = cut(_clean(change.text), max(left, 1))
        found.append(tags[change.how].format(said) if change.how in tags else escape(said))
        left -= len(said)
        if left <= 0:
            break
    return Markup("").join(found)


def _clean(said: str) -> str:
    """A piece of a line: spaces at its edges stay, they part it from its neighbours."""
    return " ".join(plain(said).split("\n")) if "\n" in said else plain(said)


def tag(value: str) -> Markup:
    """The ``lang`` and ``dir`` of a text, so that a browser breaks and a screen reader speaks it rightly."""
    language = Markup(' lang="{}"').format(value) if _LANGUAGE.fullmatch(value) and value != "und" else Markup("")
    return language + Markup(' dir="auto"')


@lru_cache(maxsize=256)
def language(value: str) -> str:
    """The name of a language."""
    return phrases.language(value) or "unknown language"


def behind(seconds: int) -> str:
    """How long after: "first", "+5 min", "+2 h 10 min", "+3 d"."""
    if seconds <= 0:
        return "first"
    return f"+{length(seconds)}"


def length(seconds: float) -> str:
    """A stretch of time in at most two units."""
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        minutes = whole % _HOUR // _MINUTE
        return f"{whole // _HOUR} h" + (f" {minutes} min" if minutes else "")
    return f"{whole // _DAY} d"


def number(value: float) -> str:
    """A number with its thousands parted."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def count(value: int, one: str, many: str = "") -> str:
    """Say "1 story" or "1,204 stories"."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def query(values: Mapping[str, Any], **changed_to: Any) -> str:
    """A query string of what is not empty."""
    said = {**values, **changed_to}
    return urlencode({k: v for k, v in said.items() if v not in {None, ""}}, errors="replace")


def in_path(name: str) -> str:
    """Return a name as one part of a path."""
    return quote(name, safe="")


def short_day(value: date) -> str:
    """Say "24 Nov"."""
    return f"{value.day} {value:%b}"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("monitor.web", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    made.filters |= {
        "text": text, "parts": parts, "changed": changed, "tag": tag, "language": language, "behind": behind,
        "number": number, "href": lambda url: address(url) or "", "short_day": short_day,
    }  # fmt: skip
    made.globals |= {"count": count, "query": query, "charts": charts}
    return made

"""What a reader saw in a feed, in one form for every reader, and whether it is what a test expects."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crawler.model import SourceRead

_HTML_4 = {0x2329: 0x27E8, 0x232A: 0x27E9}  # lang and rang, which HTML 5 moved
_TAG = re.compile(r"<[A-Za-z/!?][^<>]*>")


@dataclass(slots=True)
class Item:
    """One item; every field lists what would be a right answer for it."""

    title: list[str] = field(default_factory=list)
    link: list[str] = field(default_factory=list)
    guid: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    dates: list[tuple[int, ...]] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    image: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Seen:
    """One feed."""

    title: str = ""
    language: str = ""
    ttl: str = ""
    items: list[Item] = field(default_factory=list)
    merged: bool = False


def of_ours(read: SourceRead | None) -> Seen:
    """Bring our reading into the common form."""
    if read is None:
        return Seen()
    seen = Seen(title=read.title or "", language=read.language or "", ttl=str(int(read.ttl_s // 60)) if read.ttl_s else "")
    seen.merged = any("listed twice" in repair for repair in read.repairs)
    for entry in read.entries:
        seen.items.append(
            Item(
                title=[entry.title], link=[entry.url or ""], guid=[entry.guid or ""], text=[entry.summary, entry.text],
                dates=[_six(at) for at in (entry.published_at, entry.modified_at) if at], authors=list(entry.authors), tags=list(entry.tags),
                image=[entry.image_url or ""],
            )
        )  # fmt: skip
    return seen


def of_feedparser(found: Any) -> Seen:
    """Bring feedparser's reading into the common form."""
    feed = found.get("feed", {})
    seen = Seen(title=str(feed.get("title", "")), language=str(feed.get("language", "")), ttl=str(feed.get("ttl", "")))
    for entry in found.get("entries", ()):
        dates = [entry.get(f"{name}_parsed") for name in ("published", "updated", "created")]
        seen.items.append(
            Item(
                title=[entry.get("title", "")], link=[entry.get("link", "")], guid=[entry.get("id", "")],
                text=[entry.get("summary", ""), *(part.get("value", "") for part in entry.get("content", ()))],
                dates=[tuple(at[:6]) for at in dates if at], authors=[a.get("name", "") for a in entry.get("authors", ())],
                tags=[value for tag in entry.get("tags", ()) for value in (tag.get("term"), tag.get("label")) if value],
                image=[m.get("url", "") for m in entry.get("media_thumbnail", ())],
            )
        )  # fmt: skip
    return seen


def plain(text: str) -> str:
    """A text without its tags."""
    return html.unescape(_TAG.sub("", text)).strip()


def is_like(got: str, wanted: str) -> bool:
    """Equal but for tags, entities and white space: what a reader of plain text would call the same."""
    return bool(_soft(got) & _soft(wanted))


def any_like(got: Sequence[str], wanted: str) -> bool:
    """One of several answers is like the wanted one."""
    return any(is_like(one, wanted) for one in got)


def item_says(item: Item, wanted: Mapping[str, object]) -> dict[str, bool]:
    """Compare an item with a golden one of the same field names."""
    said: dict[str, bool] = {}
    for name, value in wanted.items():
        got = getattr(item, name)
        said[name] = (
            value in got if name == "dates" else all(any_like(got, str(v)) for v in (value if isinstance(value, list) else [value]))
        )
    return said


def _soft(text: str) -> set[str]:
    """The forms in which a text may rightly come: as it is, or as the markup it was."""
    bare = html.unescape(_TAG.sub("", text)).translate(_HTML_4)
    return {"".join(form.split()) for form in (text, bare, html.unescape(bare))}


def _six(at: datetime) -> tuple[int, ...]:
    return at.timetuple()[:6]

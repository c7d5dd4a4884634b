"""gofeed's golden files: what another library's authors expect of a feed, for the fields we keep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crawler.urls import canonical_url
from tests.benchmarks.feeds.seen import Seen, is_like, item_says


def pairs(files: Mapping[str, bytes]) -> list[tuple[str, bytes, dict[str, Any]]]:
    """Return (name, feed, golden) of every XML feed that has its golden file beside it."""
    found = []
    for name, body in sorted(files.items()):
        golden = files.get(name.removesuffix(".xml") + ".json") if name.endswith(".xml") else None
        if golden is not None:
            found.append((name, body, json.loads(golden)))
    return found


def json_feeds(files: Mapping[str, bytes]) -> list[tuple[str, bytes, dict[str, Any]]]:
    """Return (name, feed, what it says itself) of every JSON feed; the format is its own golden file."""
    return [
        (name, body, json.loads(body))
        for name, body in sorted(files.items())
        if "/json/" in name or name.endswith(("json10_feed.json", "json11_feed.json", "sample.json"))
        if name.endswith(".json") and not name.endswith("_expected.json")
    ]


def is_right(seen: Seen, golden: Mapping[str, Any]) -> bool:
    """Whether a reading agrees with a golden file in every field that we keep."""
    items = [item for item in golden.get("items") or golden.get("entries") or [] if _wanted(item)]
    if golden.get("title") and not is_like(seen.title, golden["title"]):
        return False
    if golden.get("language") and seen.language != golden["language"]:
        return False
    if len(seen.items) < len(items):
        return False
    return all(all(item_says(got, _wanted(item)).values()) for got, item in zip(seen.items, items, strict=False))


def _wanted(item: Mapping[str, Any]) -> dict[str, object]:
    """A golden item's fields by our names, whichever of gofeed's three shapes it has."""
    wanted: dict[str, object] = {}
    guid = item.get("guid") or item.get("id")
    for name, value in (
        ("title", item.get("title")),
        ("guid", guid.get("value") if isinstance(guid, dict) else guid),
        ("link", _link(item)),
        ("text", [t for t in (_text(item.get(k)) for k in ("description", "summary", "content", "content_html")) if t]),
        ("authors", _names(item)),
        (
            "tags",
            [
                t
                for c in item.get("categories") or item.get("tags") or []
                if (t := c.get("value") or c.get("term") if isinstance(c, dict) else c)
            ],
        ),
        ("dates", _date(item)),
    ):
        if value:
            wanted[name] = value
    return wanted


def _link(item: Mapping[str, Any]) -> str | None:
    links = item.get("links") or []
    alternate = next(
        (link["href"] for link in links if isinstance(link, dict) and link.get("rel", "alternate") == "alternate" and link.get("href")),
        None,
    )
    link = item.get("link") or item.get("url") or alternate
    try:
        return canonical_url(link) if link else None
    except ValueError:
        return None


def _text(value: object) -> str | None:
    value = value.get("value") if isinstance(value, dict) else value
    return value if isinstance(value, str) else None


def _names(item: Mapping[str, Any]) -> list[str]:
    people = item.get("authors") or [item.get("author")]
    return [person["name"] for person in people if isinstance(person, dict) and person.get("name")]


def _date(item: Mapping[str, Any]) -> tuple[int, ...] | None:
    text = next((item[k] for k in ("publishedParsed", "pubDateParsed", "updatedParsed", "date_published") if item.get(k)), None)
    return datetime.fromisoformat(text).astimezone(UTC).timetuple()[:6] if text else None

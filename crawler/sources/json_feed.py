"""JSON Feed 1.0 and 1.1, item by item, so that one bad item never loses the feed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from crawler.clean import one_line, plain_text, title_text
from crawler.model import SourceRead
from crawler.sources import Unreadable
from crawler.sources.document import Repairs
from crawler.sources.draft import NAME_MAX, TITLE_MAX, Draft, Reading, language_tag

DIGITS_MAX = 18
ITEMS_MAX = 100_000
_BROKEN_MAX = 100


def _int(digits: str) -> int | str:
    """Numbers of any length; what no machine counts with stays text."""
    return int(digits) if len(digits) <= DIGITS_MAX else digits


_ITEMS = re.compile(r'"items"\s*:\s*\[\s*(?=\{)')
_NEXT_ITEM = re.compile(r",\s*\{")
_DECODER = json.JSONDecoder(parse_int=_int, strict=False)


def load_json(data: bytes, repairs: Repairs) -> Any:
    """Parse JSON, whatever follows it; raises Unreadable on what cannot be parsed, however deep or long."""
    text = data.decode("utf-8", "replace").strip()
    try:
        found, end = _DECODER.raw_decode(text)
    except RecursionError as error:
        raise Unreadable("JSON nested too deep") from error
    except ValueError as error:
        raise Unreadable(f"not valid JSON: {one_line(str(error))[:100]}") from error
    repairs.note("text after the JSON dropped", int(end < len(text)))
    return found


def read_feed(data: bytes, reading: Reading) -> SourceRead:
    """Read a JSON Feed into entries; of one that is no valid JSON, the items that are."""
    is_broken = False
    try:
        feed = load_json(data, reading.repairs)
    except Unreadable:
        feed, is_broken = {"items": list(islice(_salvaged(data.decode("utf-8", "replace")), ITEMS_MAX))}, True
        if not feed["items"]:
            raise
        reading.repairs.note("not valid JSON: what is broken left out")
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(feed, dict) or not isinstance(items, list):
        raise Unreadable("JSON, but no JSON Feed: it has no list of items")
    taken = items[:ITEMS_MAX]
    objects = [item for item in taken if isinstance(item, dict)]
    reading.repairs.note("items that are no objects left out", len(taken) - len(objects))
    reading.repairs.note("items beyond the first 100,000 left out", len(items) - len(taken))
    said = texts_in(feed)
    return SourceRead(
        entries=reading.entries(map(_draft, objects)),
        parser="json",
        is_partial=is_broken or len(objects) < len(items),
        is_truncated=len(taken) < len(items),
        repairs=reading.repairs.lines(),
        title=title_text(said.get("title", ""))[:TITLE_MAX] or None,
        language=language_tag(said.get("language") or reading.language),
        tz_offset_s=reading.tz_offset_s,
    )


def _salvaged(text: str) -> Iterator[Any]:
    """The items of a feed that breaks off or breaks in between; what begins inside a broken one says nothing and is left out later."""
    opening = _ITEMS.search(text)
    at, broken = (opening.end() if opening else -1), 0
    while at >= 0 and broken < _BROKEN_MAX:
        try:
            item, at = _DECODER.raw_decode(text, at)
            yield item
        except (ValueError, RecursionError):
            at, broken = at + 1, broken + 1
        following = _NEXT_ITEM.search(text, at)
        at = following.end() - 1 if following else -1


def texts_in(item: Mapping[str, object]) -> dict[str, str]:
    """Return an object's fields that are text, numbers among them; nothing else."""
    said = {key: value if isinstance(value, str) else str(value) for key, value in item.items() if isinstance(value, str | int | float)}
    for key in [key for key, value in item.items() if isinstance(value, bool)]:
        del said[key]
    return said


def _draft(item: Mapping[str, object]) -> Draft:
    said = texts_in(item)
    draft = Draft(
        guid=said.get("id"),
        title=one_line(said.get("title", "")),
        summary=one_line(said.get("summary", "")),
        text=plain_text(said.get("content_html", "")) or plain_text(said.get("content_text", "").replace("<", "&lt;")),
        language=said.get("language"),
        image=said.get("image") or said.get("banner_image"),
        authors=_names(item.get("authors")) or _names([item.get("author")]),
    )
    for rank, key in enumerate(("url", "external_url")):
        if link := said.get(key, "").strip():
            draft.links[rank] = link
    if not draft.links and (draft.guid or "").startswith("http"):
        draft.links[2] = draft.guid or ""
    for dates, key in ((draft.published, "date_published"), (draft.modified, "date_modified")):
        if written := said.get(key, "").strip():
            dates[1] = written
    tags = item.get("tags")
    draft.tags = [one_line(tag)[:NAME_MAX] for tag in tags if isinstance(tag, str) and tag.strip()] if isinstance(tags, list) else []
    return draft


def _names(authors: object) -> list[str]:
    people = authors if isinstance(authors, list) else []
    names = [one_line(texts_in(person).get("name", "")) for person in people if isinstance(person, dict)]
    return [name[:NAME_MAX] for name in names if name]

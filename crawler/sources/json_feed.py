"""JSON Feed 1.0 and 1.1, item by item, so that one bad item never loses the feed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crawler.clean import one_line, plain_text, title_text
from crawler.model import SourceRead
from crawler.sources import Unreadable
from crawler.sources.document import Repairs
from crawler.sources.draft import NAME_MAX, TITLE_MAX, Draft, Reading, language_tag

DIGITS_MAX = 18


def _int(digits: str) -> int | str:
    """Numbers of any length; what no machine counts with stays text."""
    return int(digits) if len(digits) <= DIGITS_MAX else digits


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
    """Read a JSON Feed into entries."""
    feed = load_json(data, reading.repairs)
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(feed, dict) or not isinstance(items, list):
        raise Unreadable("JSON, but no JSON Feed: it has no list of items")
    drafts = [_draft(item) for item in items if isinstance(item, dict)]
    reading.repairs.note("items that are no objects left out", len(items) - len(drafts))
    return SourceRead(
        entries=reading.entries(drafts),
        parser="json",
        is_partial=len(drafts) < len(items),
        repairs=reading.repairs.lines(),
        title=title_text(text_in(feed, "title"))[:TITLE_MAX] or None,
        language=language_tag(text_in(feed, "language") or reading.language),
        tz_offset_s=reading.tz_offset_s,
    )


def text_in(item: Mapping[str, object], key: str) -> str:
    """Return a field as text: strings and numbers, nothing else."""
    value = item.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _draft(item: Mapping[str, object]) -> Draft:
    draft = Draft(guid=text_in(item, "id") or None)
    for rank, key in enumerate(("url", "external_url")):
        if text_in(item, key).strip():
            draft.links[rank] = text_in(item, key).strip()
    if not draft.links and (draft.guid or "").startswith("http"):
        draft.links[2] = draft.guid or ""
    draft.title = one_line(text_in(item, "title"))
    draft.summary = one_line(text_in(item, "summary"))
    draft.text = plain_text(text_in(item, "content_html")) or plain_text(text_in(item, "content_text").replace("<", "&lt;"))
    for field, key in ((draft.published, "date_published"), (draft.modified, "date_modified")):
        if text_in(item, key).strip():
            field[1] = text_in(item, key)
    draft.language = text_in(item, "language") or None
    draft.image = text_in(item, "image") or text_in(item, "banner_image") or None
    draft.authors = _names(item.get("authors")) or _names([item.get("author")])
    tags = item.get("tags")
    draft.tags = [one_line(tag)[:NAME_MAX] for tag in tags if isinstance(tag, str) and tag.strip()] if isinstance(tags, list) else []
    return draft


def _names(authors: object) -> list[str]:
    people = authors if isinstance(authors, list) else []
    names = (one_line(text_in(person, "name")) for person in people if isinstance(person, dict))
    return [name[:NAME_MAX] for name in names if name]

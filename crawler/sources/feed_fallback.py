"""The second reader of feeds: feedparser, which takes what is hardly a feed; slow and long-winded, so it only ever runs in a limited child."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax import SAXException

import feedparser

from crawler.clean import one_line, plain_text, title_text
from crawler.model import Outlet, Source, SourceRead
from crawler.sources import Unreadable
from crawler.sources.decode import to_utf8
from crawler.sources.draft import NAME_MAX, TITLE_MAX, Draft, Reading, language_tag

PARSER = "feedparser"
_WRONG = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, ArithmeticError, SAXException)


def read(body: bytes, *, source: Source, outlet: Outlet, url: str, headers: Mapping[str, str], now: datetime) -> SourceRead:
    """Read a feed the lenient way; see ``crawler.sources.Read``. Raises Unreadable where nothing was found."""
    decoded = to_utf8(body, content_type=headers.get("content-type", ""), language=outlet.language)
    reading = Reading(source=source, outlet=outlet, base=url, now=now)
    for repair in decoded.repairs:
        reading.repairs.note(repair)
    said = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    try:
        found = feedparser.parse(decoded.data, response_headers=said, sanitize_html=False, resolve_relative_uris=False)
        drafts = list(_drafts(found))
    except _WRONG as error:
        raise Unreadable(f"feedparser gave up: {type(error).__name__}") from error
    if not drafts and not found.get("version"):
        raise Unreadable("no feed that any reader knows")
    feed = found.get("feed", {})
    return SourceRead(
        entries=reading.entries(drafts),
        parser=PARSER,
        is_partial=bool(found.get("bozo")),
        repairs=reading.repairs.lines(),
        title=title_text(str(feed.get("title", "")))[:TITLE_MAX] or None,
        language=language_tag(str(feed.get("language", ""))),
        tz_offset_s=reading.tz_offset_s,
    )


def _drafts(found: Any) -> Iterator[Draft]:
    for item in found.get("entries", ()):
        draft = Draft(guid=item.get("id"), title=title_text(item.get("title", "")), summary=plain_text(item.get("summary", "")))
        if item.get("link"):
            draft.links[0] = item["link"]
        draft.text = max((plain_text(part.get("value", "")) for part in item.get("content", ())), key=len, default="")
        for rank, (kept, name) in enumerate(((draft.published, "published"), (draft.published, "created"), (draft.modified, "updated"))):
            parsed = dict.get(item, f"{name}_parsed")  # its own ``get`` takes one date for another, and warns
            if parsed:
                kept[rank] = datetime.fromtimestamp(timegm(parsed), UTC).isoformat()
        draft.authors = [one_line(person.get("name", ""))[:NAME_MAX] for person in item.get("authors", ()) if person.get("name")]
        draft.tags = [one_line(tag.get("label") or tag.get("term") or "")[:NAME_MAX] for tag in item.get("tags", ())]
        yield draft

"""JSON listings: whatever an API calls its fields, mapped by paths; the Federal Register's and Hugging Face's among them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache

from crawler.clean import one_line, plain_text, title_text
from crawler.model import Outlet, Source, SourceRead
from crawler.sources import Unreadable
from crawler.sources.decode import to_utf8
from crawler.sources.draft import LIST_MAX, NAME_MAX, Draft, Reading, language_tag
from crawler.sources.json_feed import load_json

FIELDS = ("items", "url", "guid", "title", "summary", "text", "published", "modified", "authors", "tags", "language", "image", "section")
ITEMS_MAX = 20_000
_ALSO = {"published_at": "published", "modified_at": "modified", "image_url": "image"}  # as an entry's own fields are called
KNOWN = (*FIELDS, *_ALSO)

# What APIs commonly say, for fields that the source does not map.
_USUAL = {
    "items": ("$", "items", "results", "articles", "entries", "docs", "documents", "posts", "news", "data", "data.items", "data.list", "response.docs", "list"),
    "url": ("url", "html_url", "link", "href", "web_url", "webUrl", "canonical_url", "permalink", "shareUrl"),
    "guid": ("id", "guid", "_id", "document_number", "uuid"),
    "title": ("title", "headline", "headline.main", "name", "webTitle"),
    "summary": ("summary", "abstract", "description", "excerpt", "teaser", "brief", "digest", "intro"),
    "text": ("content", "body", "content_html", "text"),
    "published": ("published_at", "publishedAt", "published", "publication_date", "date_published", "pub_date", "pubDate", "created_at", "createdAt", "date", "ctime"),
    "modified": ("updated_at", "updatedAt", "modified", "modified_at", "lastModified", "date_modified"),
    "authors": ("authors[*].name", "authors[*]", "author.name", "author", "byline"),
    "tags": ("tags[*].name", "tags[*]", "topics[*]", "keywords[*]", "categories[*]"),
    "language": ("language", "lang"),
    "image": ("image.url", "image", "image_url", "thumbnail", "cover"),
    "section": ("section", "category", "type"),
}  # fmt: skip
Steps = tuple[str | int | None, ...]

_STEP = re.compile(r"\.?([^.\[\]{}]+)|\[(\d{1,6}|\*|'[^']*'|\"[^\"]*\")\]")
_PLACE = re.compile(r"\{([^{}]*)\}")
_JSONP = re.compile(rb"^\s*(?://[^\n]*\n\s*)?[\w$.]{1,80}\s*\(\s*(?=[\[{])")


def read(body: bytes, *, source: Source, outlet: Outlet, url: str, headers: Mapping[str, str], now: datetime) -> SourceRead:
    """Read a JSON listing; see ``crawler.sources.Read``.

    ``source.fields`` maps our fields (``FIELDS``) to paths as ``results``, ``agencies[*].name``, ``links[0]['href']``, or to a template
    as ``https://huggingface.co/{id}``; a field that is not mapped is looked for under its usual names.
    """
    decoded = to_utf8(body, content_type=headers.get("content-type", ""), language=outlet.language)
    reading = Reading(source=source, outlet=outlet, base=url, now=now, language=headers.get("content-language"))
    for repair in decoded.repairs:
        reading.repairs.note(repair)
    data = load_json(_JSONP.sub(b"", decoded.data), reading.repairs)
    fields = {_ALSO.get(name, name): path for name, path in source.fields.items()}
    items = _items(data, fields)
    taken = items[:ITEMS_MAX]
    objects = [item for item in taken if isinstance(item, dict)]
    reading.repairs.note("items that are no objects left out", len(taken) - len(objects))
    reading.repairs.note("items beyond the first 20,000 left out", len(items) - len(taken))
    is_truncated = len(items) > len(taken)
    return SourceRead(
        entries=reading.entries(_draft(item, fields) for item in objects),
        parser="json_api",
        is_partial=len(objects) < len(items),
        is_truncated=is_truncated,
        repairs=reading.repairs.lines(),
        language=language_tag(reading.language),
        tz_offset_s=reading.tz_offset_s,
    )


def problem(path: str) -> str | None:
    """Say what is wrong with a path or a template, for the one who wrote it; None where it is one."""
    wrong = next((place for place in _PLACE.findall(path) or [path] if _steps(place) is None), None)
    return None if wrong is None else f"'{wrong}' is no path; write a.b, a[0].b or a[*].b"


def find(data: object, path: str) -> list[object]:
    """Return everything a path leads to, in order; nothing where it leads nowhere."""
    steps = _steps(path)
    return _follow(data, steps) if steps is not None else []


def _follow(data: object, steps: Steps) -> list[object]:
    found: list[object] = [data]
    for step in steps:
        found = [inner for each in found for inner in _enter(each, step)]
    return found


@lru_cache(maxsize=1_024)
def _steps(path: str) -> Steps | None:
    """``$.a[0].b[*]`` as ("a", 0, "b", None); None for what is no path."""
    text = path.strip().removeprefix("$")
    steps: list[str | int | None] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if not step or step.end() == at:
            return None
        if step[1] is not None:
            steps.append(None if step[1] == "*" else step[1].strip())
        else:
            steps.append(None if step[2] == "*" else int(step[2]) if step[2].isdigit() else step[2][1:-1])
        at = step.end()
    return tuple(steps)


def _enter(data: object, step: str | int | None) -> Iterator[object]:
    if step is None:
        if isinstance(data, list):
            yield from data
        elif isinstance(data, dict):
            yield from data.values()
    elif isinstance(step, int):
        if isinstance(data, list) and step < len(data):
            yield data[step]
    elif isinstance(data, dict) and step in data:
        yield data[step]


def _items(data: object, fields: Mapping[str, str]) -> list[object]:
    """The list of items: where the mapping says, else the first usual place that holds a list of objects."""
    for path in (fields["items"],) if "items" in fields else _USUAL["items"]:
        found = find(data, path)
        if len(found) == 1 and isinstance(found[0], list) and (not found[0] or isinstance(found[0][0], dict)):
            return found[0]
        if path.rstrip().endswith("]") and found:
            return found
    where = f"under {fields['items']!r}" if "items" in fields else "where lists usually are"
    raise Unreadable(f"no list of items {where}")


def _draft(item: Mapping[str, object], fields: Mapping[str, str]) -> Draft:
    draft = Draft(
        guid=_text(item, "guid", fields) or None,
        title=title_text(_text(item, "title", fields)),
        summary=plain_text(_text(item, "summary", fields)),
        text=plain_text(_text(item, "text", fields)),
        language=_text(item, "language", fields) or None,
        image=_text(item, "image", fields) or None,
        section=one_line(_text(item, "section", fields))[:NAME_MAX] or None,
        authors=_names(item, "authors", fields),
        tags=_names(item, "tags", fields),
    )
    link = _text(item, "url", fields).strip()
    if link:
        draft.links[1] = link
    for kept, name in ((draft.published, "published"), (draft.modified, "modified")):
        written = _text(item, name, fields).strip()
        if written:
            kept[1] = written
    return draft


def _text(item: Mapping[str, object], name: str, fields: Mapping[str, str]) -> str:
    return next(iter(_texts(item, name, fields)), "")


def _texts(item: Mapping[str, object], name: str, fields: Mapping[str, str]) -> list[str]:
    """Every text of a field: by template, by mapped path, or by the first usual path that leads to one."""
    if name in fields and "{" in fields[name]:
        return [_filled(item, fields[name])]
    for path in (fields[name],) if name in fields else _USUAL[name]:
        if path in item:  # a plain name, as most are
            values = [item[path]]
        elif path.isalnum():
            continue
        else:
            values = find(item, path)
        found = [text for value in values if (text := _written(value))]
        if found:
            return found
    return []


def _filled(item: Mapping[str, object], template: str) -> str:
    """A template with its places filled; nothing where one of them has no value."""
    parts = {place: next((text for value in find(item, place) if (text := _written(value))), "") for place in _PLACE.findall(template)}
    return _PLACE.sub(lambda place: parts[place[1]], template) if all(parts.values()) else ""


def _written(value: object) -> str:
    """A value as text: strings, numbers, and objects of languages' texts by their first."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _names(item: Mapping[str, object], name: str, fields: Mapping[str, str]) -> list[str]:
    return [text[:NAME_MAX] for written in _texts(item, name, fields)[:LIST_MAX] if (text := title_text(written))]

"""Feeds: RSS 0.9x to 2.0, RDF, Atom and JSON Feed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crawler.clean import one_line
from crawler.model import Entry, Outlet, Source, SourceRead
from crawler.sources import NeedsFallback, Unreadable, json_feed
from crawler.sources.decode import to_utf8
from crawler.sources.document import LOSSES, Document, Element, clean, find_root, own_entities, parse, root_pattern, salvage
from crawler.sources.draft import TITLE_MAX, Draft, Reading, language_tag
from crawler.sources.elements import ITEM, XML, Add, name_of, text_of, written_title
from crawler.urls import resolve

PARSER = "lxml"
ITEM_NAMES = ("item", "entry")

_ROOTS = root_pattern("rss", "feed", "rdf", "channel")
_WEB_PAGE = re.compile(rb"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERIODS_S = {"hourly": 3_600.0, "daily": 86_400.0, "weekly": 604_800.0, "monthly": 2_592_000.0, "yearly": 31_536_000.0}


@dataclass(slots=True)
class _Channel:
    """What a feed says of itself."""

    title: str | None = None
    language: str | None = None
    ttl_s: float | None = None
    period_s: float | None = None
    frequency: float = 1.0
    skip_hours: list[int] = field(default_factory=list)
    skip_days: list[int] = field(default_factory=list)


def read(body: bytes, *, source: Source, outlet: Outlet, url: str, headers: Mapping[str, str], now: datetime) -> SourceRead:
    """Read a feed; see ``crawler.sources.Read``.

    Raises Unreadable on what is no feed at all, NeedsFallback where another reader may find more than was found here.
    """
    decoded = to_utf8(body, content_type=headers.get("content-type", ""), language=outlet.language)
    reading = Reading(source=source, outlet=outlet, base=_base(url, headers), now=now, language=headers.get("content-language"))
    for repair in decoded.repairs:
        reading.repairs.note(repair)
    data = decoded.data.lstrip()
    if data[:1] in (b"{", b"["):
        return json_feed.read_feed(data, reading)
    at = find_root(data, _ROOTS)
    if at < 0:
        raise _no_feed(data)
    if _is_junk(data[:at]):
        reading.repairs.note("text before the feed dropped")
    document = parse(clean(data[at:], reading.repairs, own_entities(data[:at])))
    return _read_document(document, reading)


def _base(url: str, headers: Mapping[str, str]) -> str:
    location = headers.get("content-location")
    try:
        return resolve(location, url) if location else url
    except ValueError:
        return url


def _no_feed(data: bytes) -> Exception:
    if not data:
        return Unreadable("the answer is empty")
    if _WEB_PAGE.search(data[:4096]):
        return Unreadable("a web page, not a feed")
    if data[:1] != b"<":
        return Unreadable("neither XML nor JSON")
    return NeedsFallback("XML of an unknown kind")


def _is_junk(head: bytes) -> bool:
    return bool(re.sub(rb"<[?!][^<>]*>|\s+", b"", head)) and b"<!DOCTYPE" not in head.upper() and b"<!--" not in head


def _read_document(document: Document, reading: Reading) -> SourceRead:
    if document.is_whole:
        walk = _Walk(document, reading)
        return _result(reading.entries(walk.drafts(document.root)), walk.channel, reading, is_partial=False)
    return _read_broken(document, reading)


def _read_broken(document: Document, reading: Reading) -> SourceRead:
    """Read a document piece by piece; where that finds nothing, another reader may."""
    reading.repairs.note(f"not well-formed: {one_line(document.error)}")
    walk = _Walk(document, reading)
    entries = reading.entries(draft for root in salvage(document.data, ITEM_NAMES, reading.repairs) for draft in walk.drafts(root))
    found = _result(entries, walk.channel, reading, is_partial=not LOSSES.isdisjoint(reading.repairs.counts))
    if not found.entries:
        raise NeedsFallback(f"not well-formed: {one_line(document.error)}", so_far=found)
    return found


def _result(entries: tuple[Entry, ...], channel: _Channel, reading: Reading, *, is_partial: bool) -> SourceRead:
    ttl_s = channel.ttl_s if channel.ttl_s is not None else channel.period_s / max(channel.frequency, 1.0) if channel.period_s else None
    return SourceRead(
        entries=entries,
        parser=PARSER,
        is_partial=is_partial,
        repairs=reading.repairs.lines(),
        title=channel.title,
        language=language_tag(channel.language or reading.language),
        ttl_s=ttl_s,
        skip_hours=tuple(sorted(set(channel.skip_hours))),
        skip_days=tuple(sorted(set(channel.skip_days))),
        tz_offset_s=reading.tz_offset_s,
    )


class _Walk:
    """Goes over a feed's elements once; element names are looked up once each."""

    def __init__(self, document: Document, reading: Reading) -> None:
        self.channel = _Channel()
        self._names: dict[object, str] = {}
        self._has_bases = self._has_languages = b"xml:" in document.data  # seldom, and then both are looked for
        self._has_subjects = b":about" in document.data
        self._adds: dict[object, Add | None] = {}
        self._reading = reading
        self._core = str(document.root.tag).rpartition("}")[0][1:]

    def drafts(self, root: Element) -> Iterator[Draft]:
        """Yield a draft for every item, wherever the dialect puts it."""
        if self._has_languages and root.get(f"{XML}lang"):
            self.channel.language = self.channel.language or root.get(f"{XML}lang")
        for child in (root, *root):
            name = self._name(child.tag)
            if child is root or name == "channel":
                yield from self._container(child)

    def _container(self, container: Element) -> Iterator[Draft]:
        for child in container:
            name = self._name(child.tag)
            if name in ITEM_NAMES:
                yield self._draft(child)
            elif name == "items":
                yield from self._container(child)
            elif name:
                self._note(name, child)

    def _draft(self, item: Element) -> Draft:
        draft = Draft()
        adds = self._adds
        for child in item:
            tag = child.tag
            add = adds[tag] if tag in adds else self._learn(tag)
            if add:
                add(draft, child)
        if self._has_languages:
            draft.language = draft.language or item.get(f"{XML}lang")
        if self._has_bases:
            draft.base = self._base_of(item)
        about = item.get("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about") if self._has_subjects else None
        if about:
            draft.guid = draft.guid or about
            draft.links.setdefault(7, about)
        return draft

    def _name(self, tag: object) -> str:
        if tag not in self._names:
            self._names[tag] = name_of(tag, self._core)
        return self._names[tag]

    def _learn(self, tag: object) -> Add | None:
        add = self._adds[tag] = ITEM.get(self._name(tag))
        return add

    def _base_of(self, item: Element) -> str:
        """Resolve the xml:base of an item and all around it, from outside in."""
        written = [value for node in (item, *item.iterancestors()) if (value := node.get(f"{XML}base"))]
        base = self._reading.base
        for value in reversed(written):
            try:
                base = resolve(value, base)
            except ValueError:
                continue
        return base

    def _note(self, name: str, element: Element) -> None:
        """Keep what the channel says of itself."""
        channel = self.channel
        if name == "title":
            channel.title = channel.title or written_title(element)[:TITLE_MAX] or None
        elif name in ("language", "dc:language"):
            channel.language = channel.language or text_of(element)[:40] or None
        elif name == "ttl":
            minutes = _number(text_of(element))
            channel.ttl_s = minutes * 60.0 if minutes is not None else channel.ttl_s
        elif name == "sy:updateperiod":
            channel.period_s = _PERIODS_S.get(text_of(element).lower())
        elif name == "sy:updatefrequency":
            channel.frequency = _number(text_of(element)) or 1.0
        elif name in ("skiphours", "skipdays"):
            _skip(channel, element)


def _skip(channel: _Channel, element: Element) -> None:
    for child in element:
        text = text_of(child).lower()
        if text in _DAYS:
            channel.skip_days.append(_DAYS.index(text))
        elif (hour := _number(text)) is not None and hour <= 24:
            channel.skip_hours.append(int(hour) % 24)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text, re.ASCII) else None

"""Sitemaps: lists of URLs, indexes of further lists, and news sitemaps with title and date; plain, zipped, or one URL a line."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crawler.clean import one_line
from crawler.model import Outlet, Source, SourceRead
from crawler.sources import Unreadable, feed
from crawler.sources.dates import latest_in_url, parse_date
from crawler.sources.decode import to_utf8
from crawler.sources.document import LOSSES, Element, clean, find_root, own_entities, parse, root_pattern, salvage
from crawler.sources.draft import NAME_MAX, TITLE_MAX, Draft, Reading
from crawler.sources.elements import name_of, text_of, written_title
from crawler.urls import resolve

WINDOW = timedelta(days=14)
UNPACKED_MAX = 50 * 1024 * 1024
_MEMBERS_MAX = 100
URLS_MAX = 50_000
"""As many as the protocol allows (sitemaps.org)."""
WHOLE_MAX = 1_000
FURTHER_MAX = 1_000

_ROOTS = root_pattern("urlset", "sitemapindex", "rss", "feed", "rdf")
_ITEM_NAMES = ("url", "sitemap")
_PIECES_OVER = 4 * 1024 * 1024
_GZIP = b"\x1f\x8b"


@dataclass(slots=True, kw_only=True)
class _Sorted:
    """What a sitemap listed: drafts within the window, further documents with their dates."""

    since: datetime | None
    drafts: list[Draft] = field(default_factory=list)
    further: list[tuple[datetime | None, str]] = field(default_factory=list)
    seen: int = 0
    is_cut: bool = False


def read(body: bytes, *, source: Source, outlet: Outlet, url: str, headers: Mapping[str, str], now: datetime) -> SourceRead:
    """Read a sitemap; see ``crawler.sources.Read``.

    Of a list longer than 1,000, what is dated before a window of 14 days is left out and counted in ``repairs``. ``further`` holds the
    documents of an index that may hold something newer, newest first.
    """
    return read_since(body, source=source, outlet=outlet, url=url, headers=headers, now=now, since=now - WINDOW)


def read_since(
    body: bytes, *, source: Source, outlet: Outlet, url: str, headers: Mapping[str, str], now: datetime, since: datetime | None
) -> SourceRead:
    """Read a sitemap with a window of one's own, None for all of it; for backfills."""
    unpacked, is_cut = _unpacked(body)
    decoded = to_utf8(unpacked, content_type=headers.get("content-type", ""), language=outlet.language)
    reading = Reading(source=source, outlet=outlet, base=url, now=now, language=headers.get("content-language"))
    for repair in decoded.repairs:
        reading.repairs.note(repair)
    data = decoded.data.lstrip()
    at = find_root(data, _ROOTS)
    found = _Sorted(since=since)
    if at < 0:
        _sort_lines(data, found)
    elif _is_feed(data, at):
        return feed.read(body, source=source, outlet=outlet, url=url, headers=headers, now=now)
    else:
        _sort_document(clean(data[at:], reading.repairs, own_entities(data[:at])), found, reading)
    return _result(found, reading, is_cut=is_cut)


def _is_feed(data: bytes, at: int) -> bool:
    name = re.split(rb"[\s/>]", data[at + 1 : at + 100], maxsplit=1)[0].rpartition(b":")[2]
    return name.lower() in {b"rss", b"feed", b"rdf"}


def _unpacked(body: bytes) -> tuple[bytes, bool]:
    """Unzip what is zipped, in one member or several, up to a size; what comes beyond it, or after damage, is cut off."""
    if not body.startswith(_GZIP):
        return body[:UNPACKED_MAX], len(body) > UNPACKED_MAX
    data, rest = bytearray(), body
    for _ in range(_MEMBERS_MAX):
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            data += unpacker.decompress(rest, UNPACKED_MAX - len(data))
        except zlib.error as error:
            if data:
                break
            raise Unreadable("damaged gzip") from error
        rest = unpacker.unused_data
        if not unpacker.eof or not rest.startswith(_GZIP) or len(data) == UNPACKED_MAX:
            break
    if data.startswith(_GZIP):
        raise Unreadable("zipped twice")
    return bytes(data), not unpacker.eof or rest.startswith(_GZIP)


def _sort_document(data: bytes, found: _Sorted, reading: Reading) -> None:
    names: dict[object, str] = {}
    core: str | None = None
    for root in _roots(data, reading):
        core = str(root.tag).rpartition("}")[0][1:] if core is None else core
        for element in root:
            if found.seen >= URLS_MAX:
                found.is_cut = True
                return
            _sort(element, found, reading, names, core)


def _roots(data: bytes, reading: Reading) -> Iterator[Element]:
    """The document's root, or several where it is broken or so long that its tree would take five times its size."""
    if len(data) <= _PIECES_OVER:
        document = parse(data)
        if document.is_whole:
            yield document.root
            return
        reading.repairs.note(f"not well-formed: {one_line(document.error)}")
    yield from salvage(data, _ITEM_NAMES, reading.repairs)


def _sort(element: Element, found: _Sorted, reading: Reading, names: dict[object, str], core: str) -> None:
    """Take one url or sitemap element."""
    parts = [(name, child) for child in element if (name := _name(child.tag, names, core))]
    location = next((text_of(child) for name, child in parts if name == "loc"), "")
    if not location:
        return
    found.seen += 1
    modified = next((text_of(child) for name, child in parts if name == "lastmod"), "")
    if _name(element.tag, names, core) == "sitemap":
        _sort_further(location, modified, found, reading)
        return
    draft = Draft(links={1: location.replace(" ", "%20")})
    if modified:
        draft.modified[1] = modified
    for name, child in parts:
        if name in ("news:news", "image:image"):
            _more(child, draft, names, core)
    found.drafts.append(draft)


def _more(element: Element, draft: Draft, names: dict[object, str], core: str) -> None:
    """What Google's news and image extensions add."""
    for child in element:
        name = _name(child.tag, names, core)
        if name == "news:title":
            draft.title = draft.title or written_title(child)
        elif name == "news:publication_date":
            draft.published[1] = text_of(child)
        elif name in ("news:keywords", "news:stock_tickers"):
            draft.tags += [tag[:NAME_MAX] for part in text_of(child)[:TITLE_MAX].split(",") if (tag := part.strip())]
        elif name == "news:publication":
            draft.language = next((text_of(each) for each in child if _name(each.tag, names, core) == "news:language"), None)
        elif name == "image:loc":
            draft.image = draft.image or text_of(child)


def _name(tag: object, names: dict[object, str], core: str) -> str:
    if tag not in names:
        names[tag] = name_of(tag, core)
    return names[tag]


def _within(found: _Sorted, reading: Reading) -> list[Draft]:
    """What a long list dates within the window, by its own dates or by the one its URL tells; what tells none is kept."""
    since = found.since
    if since is None or len(found.drafts) <= WHOLE_MAX:
        return found.drafts
    kept = [draft for draft in found.drafts if (at := _newest(draft, reading.outlet.country)) is None or at >= since]
    reading.repairs.note("older than the window left out", len(found.drafts) - len(kept))
    return kept


def _newest(draft: Draft, country: str) -> datetime | None:
    written = (*draft.published.values(), *draft.modified.values())
    dates = [at for text in written if (at := parse_date(text, country=country))]
    return max(dates) if dates else latest_in_url(draft.links[1])


def _sort_further(location: str, modified: str, found: _Sorted, reading: Reading) -> None:
    try:
        url = resolve(location.replace(" ", "%20"), reading.base)
    except ValueError as error:
        reading.repairs.note(f"sitemaps left out since the URL {error}")
        return
    at = parse_date(modified, country=reading.outlet.country) if modified else latest_in_url(url)
    if at is not None and found.since is not None and at < found.since:
        reading.repairs.note("further sitemaps older than the window left out")
        return
    found.further.append((at, url))


def _sort_lines(data: bytes, found: _Sorted) -> None:
    """A sitemap may be a text of URLs, one a line."""
    every = data.decode("utf-8", "replace").splitlines()
    lines = [line.strip() for line in every[:URLS_MAX]]
    found.is_cut = len(every) > URLS_MAX
    if not data or not all(line.startswith(("http://", "https://")) for line in lines if line):
        raise Unreadable("the answer is empty" if not data else "no sitemap")
    for line in filter(None, lines):
        found.seen += 1
        found.drafts.append(Draft(links={1: line}))


def _result(found: _Sorted, reading: Reading, *, is_cut: bool) -> SourceRead:
    newest_first = sorted(found.further, key=lambda each: each[0].timestamp() if each[0] else float("inf"), reverse=True)
    further = tuple(dict.fromkeys(url for _, url in newest_first))
    reading.repairs.note("further sitemaps left out", max(len(further) - FURTHER_MAX, 0))
    is_truncated = is_cut or found.is_cut
    return SourceRead(
        entries=reading.entries(_within(found, reading)),
        parser="sitemap",
        is_partial=is_truncated or not LOSSES.isdisjoint(reading.repairs.counts),
        is_truncated=is_truncated,
        repairs=reading.repairs.lines(),
        language=reading.language,
        tz_offset_s=reading.tz_offset_s,
        further=further[:FURTHER_MAX],
    )

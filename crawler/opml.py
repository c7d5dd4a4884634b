"""Lists of feeds as OPML: what other readers export, and what they import."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from crawler.clean import one_line
from crawler.model import Outlet, SourceKind
from crawler.sources import Unreadable
from crawler.sources.decode import to_utf8
from crawler.sources.document import Element, Repairs, clean, find_root, parse, root_pattern
from crawler.urls import canonical_url, resolve

_ROOTS = root_pattern("opml")
_NAME_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of a list: its name, its URL, the outlet's home page where given, and the folders it lay in."""

    name: str
    url: str
    home: str | None = None
    language: str | None = None
    folders: tuple[str, ...] = ()


def read(body: bytes) -> tuple[Outline, ...]:
    """Return every feed of a list once, in order, however deep in folders; raises Unreadable on what is no OPML."""
    data = to_utf8(body).data
    at = find_root(data, _ROOTS)
    if at < 0:
        raise Unreadable("no OPML: it has no <opml> element")
    root = parse(clean(data[at:], Repairs())).root
    found: dict[str, Outline] = {}
    for outline in _outlines(root):
        found.setdefault(canonical_url(outline.url), outline)
    return tuple(found.values())


def write(outlets: Iterable[Outlet], *, title: str) -> str:
    """Return the feeds of outlets as OPML 2.0, a folder for each country; only what other readers can poll."""
    folders: dict[str, list[str]] = {}
    for outlet in outlets:
        for source in outlet.sources:
            if source.kind is SourceKind.FEED:
                folders.setdefault(outlet.country or "other", []).append(_line(outlet, source.url, source.section))
    body = "\n".join(
        f"    <outline text={quoteattr(folder)}>\n{chr(10).join(lines)}\n    </outline>" for folder, lines in sorted(folders.items())
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n'
        f"  <head>\n    <title>{escape(one_line(title))}</title>\n  </head>\n  <body>\n{body}\n  </body>\n</opml>\n"
    )


def _line(outlet: Outlet, url: str, section: str | None) -> str:
    name = f"{outlet.name}: {section}" if section else outlet.name
    language = f" language={quoteattr(outlet.language)}" if outlet.language else ""
    said = f"text={quoteattr(one_line(name))} xmlUrl={quoteattr(url)} htmlUrl={quoteattr(outlet.home)}"
    return f'      <outline type="rss" {said}{language}/>'


def _outlines(root: Element) -> Iterator[Outline]:
    """Walk the outlines; attribute names are taken without regard to case, as writers do."""
    for node in root.iter():
        if not isinstance(node.tag, str) or node.tag.lower() != "outline":
            continue
        said = {str(name).lower(): str(value) for name, value in node.attrib.items()}
        try:
            url = resolve(re.sub(r"^feed:(?://)?(?=https?:)", "", said.get("xmlurl", "").strip()).replace("feed://", "http://"))
        except ValueError:
            continue
        home = said.get("htmlurl", "").strip()
        yield Outline(
            name=one_line(said.get("text") or said.get("title") or "")[:_NAME_MAX] or url,
            url=url,
            home=home or None,
            language=said.get("language", "").strip() or None,
            folders=tuple(reversed([name for parent in node.iterancestors() if (name := _folder(parent))])),
        )


def _folder(node: Element) -> str:
    return one_line(node.get("text") or node.get("title") or "")[:_NAME_MAX] if str(node.tag).lower() == "outline" else ""

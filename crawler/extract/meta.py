"""The head of a page as names and values: meta elements, links, the title, its headings; read once, asked by all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape

from lxml.html import HtmlElement

from crawler.clean import one_line

_MAX_VALUES = 50
_MAX_CHARS, _MAX_TITLE = 2_000, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands in meta, link, title and h1; every value one clean line, names in lower case."""

    meta: dict[str, list[str]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    title: str = ""
    headings: tuple[str, ...] = ()
    language: str = ""

    def first(self, *names: str) -> str:
        """Return the first value of the first name that has one."""
        return next((values[0] for name in names if (values := self.meta.get(name))), "")

    def all(self, *names: str) -> list[str]:
        """Return every value of these names in order."""
        return [value for name in names for value in self.meta.get(name, ())]


def read(root: HtmlElement) -> Head:
    """Return a page's head, wherever broken markup has put its parts."""
    meta: dict[str, list[str]] = {}
    links: dict[str, str] = {}
    for element in root.iter("meta", "link"):
        names = element.attrib
        if element.tag == "link":
            if "href" in names:
                links.setdefault(names.get("rel", "").strip().lower(), names["href"].strip()[:_MAX_CHARS])
            continue
        value = one_line(unescape(names.get("content", "")[:_MAX_CHARS]))
        if not value:
            continue
        for name in {names.get("property"), names.get("name"), names.get("itemprop"), names.get("http-equiv")}:
            if name and len(values := meta.setdefault(name.strip().lower(), [])) < _MAX_VALUES:
                values.append(value)
    return Head(
        meta=meta,
        links=links,
        title=one_line((root.findtext(".//title") or "")[:_MAX_TITLE]),
        headings=_headings(root.iter("h1")),
        language=root.get("lang") or "",
    )


def _headings(found: Iterable[HtmlElement]) -> tuple[str, ...]:
    lines = (one_line(" ".join(heading.itertext())) for heading, _ in zip(found, range(10), strict=False))
    return tuple(line[:_MAX_TITLE] for line in lines if line)

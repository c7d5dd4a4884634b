"""What a page tells machines of itself in JSON-LD: its article node, among all that is said of other things."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import Any, cast

from lxml.html import HtmlElement

from crawler.extract.measures import bare

Node = Mapping[str, Any]

_MAX_CHARS = 1_000_000
_MAX_NODES = 2_000
_ARTICLE = re.compile(r"(?:Article|BlogPosting|Report|Review|LiveBlogPosting|Blog|SocialMediaPosting)$")
_CDATA = re.compile(r"^\s*(?:/[/*]\s*)?<!(?:\[CDATA\[|--)(?:\s*\*/)?|(?:/[/*]\s*)?(?:\]\]|--)>(?:\s*\*/)?\s*$")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_TAG = re.compile(r"<[^<>]{1,200}>")


def nodes(root: HtmlElement) -> list[Node]:
    """Return every JSON-LD node of the page in order, those of ``@graph`` and of nested lists included."""
    found: list[Node] = []
    for script in root.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            found.extend(_walk(_load(script.text or "")))
        if len(found) > _MAX_NODES:
            break
    return found[:_MAX_NODES]


def article(found: Sequence[Node], *, urls: Sequence[str], titles: Sequence[str]) -> Node | None:
    """Return the node that speaks of this page: an article whose URL or headline is the page's, or the only one there is."""
    articles = [node for node in found if is_article(node)]
    if not articles:
        return None
    places = {_place(url) for url in urls if url}
    for node in articles:
        if any(_place(url) in places for url in _urls(node)):
            return node
    names = {bare(title) for title in titles if title}
    for node in articles:
        if bare(text(node.get("headline")) or text(node.get("name"))) in names:
            return node
    return articles[0] if len(articles) == 1 else None


def is_article(node: Node) -> bool:
    """Tell whether a node speaks of an article of any sort."""
    return any(_ARTICLE.search(kind) for kind in kinds(node))


def kinds(node: Node) -> list[str]:
    """Return the node's types without their vocabulary's address."""
    return [kind.rpartition("/")[2].strip() for kind in strings(node.get("@type"))]


def text(value: object) -> str:
    """Return a value as one plain line; of several the first."""
    for found in strings(value):
        line = " ".join(_TAG.sub("", unescape(unescape(found))).split())
        if line:
            return line
    return ""


def strings(value: object) -> list[str]:
    """Return every string a value holds at its top: itself, a list's, or a node's name or value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, bool):
        return [str(value)]
    if isinstance(value, list):
        return [found for item in value[:100] for found in strings(item)]
    if isinstance(value, dict):
        return strings(value.get("@value") or value.get("name") or value.get("url") or value.get("@id"))
    return []


def by_id(found: Sequence[Node]) -> dict[str, Node]:
    """Return nodes by their ``@id``, the fullest of each, for references between them."""
    known: dict[str, Node] = {}
    for node in found:
        name = node.get("@id")
        if isinstance(name, str) and len(node) > len(known.get(name, {})):
            known[name] = node
    return known


def _urls(node: Node) -> list[str]:
    main = node.get("mainEntityOfPage")
    said = [*strings(node.get("url")), *strings(node.get("@id")), *(strings(main.get("@id")) if isinstance(main, dict) else strings(main))]
    return [url for url in said if url.startswith("http")]


def _place(url: str) -> str:
    """A URL without scheme, query and fragment: the same page by any of its addresses."""
    bare_url = url.partition("://")[2].partition("#")[0].partition("?")[0].rstrip("/").lower()
    return bare_url.removeprefix("www.")


def _load(script: str) -> object:
    source = _CDATA.sub("", script[:_MAX_CHARS].strip()).strip().rstrip(";")
    if not source:
        return None
    for candidate in (source, _TRAILING_COMMA.sub(r"\1", source)):
        try:
            return cast("object", json.loads(candidate, strict=False))
        except (ValueError, RecursionError):
            continue
    return _first_value(source)


def _first_value(source: str) -> object:
    """Read what stands before a script's error."""
    try:
        return cast("object", json.JSONDecoder(strict=False).raw_decode(source)[0])
    except (ValueError, RecursionError):
        return None


def _walk(value: object, depth: int = 0) -> Iterator[Node]:
    if depth > 6:
        return
    if isinstance(value, list):
        for item in value[:_MAX_NODES]:
            yield from _walk(item, depth + 1)
    elif isinstance(value, dict):
        if "@graph" not in value or "@type" in value:
            yield value
        for name in ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement"):
            if isinstance(value.get(name), (list, dict)):
                yield from _walk(value[name], depth + 1)

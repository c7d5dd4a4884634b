"""A page's bytes as one parsed tree, within bounds that no page can push."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import cast

from lxml import etree
from lxml.html import HtmlElement, document_fromstring

from crawler.sources.decode import to_utf8

MAX_BYTES = 4 * 1024 * 1024
_MAX_DEPTH = 100
_MAX_ALIKE = 40
_TAG = re.compile(
    r"<(/?)(div|span|section|article|main|center|font|b|i|em|strong|ul|ol|dl|blockquote|table|a|time|label|small|big|u|s|sub|sup|mark|code|q|cite|"
    r"ins|del|tt|var|kbd|abbr|form|header|footer|nav|aside|figure|details|address|pre|button|bdi|bdo)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_MARKUP = re.compile(r"<[A-Za-z!?]")
_FILES = (
    b"%PDF",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"RIFF",
    b"\xd0\xcf\x11\xe0",
    b"OggS",
    b"ID3",
    b"\x00\x00\x00",
)
_HUGE_ATTRIBUTE = re.compile(rb"""=(?:"[^"]{65536,}"|'[^']{65536,}')""")
# The parser's time grows with the square of an element's attributes: 100,000 of them would take it a minute.
_HUGE_TAG = re.compile(rb"<([A-Za-z][\w-]{0,40})[^<>]{65536,}")
_LONG = 256 * 1024
_HEAD = 1_024
# lxml.html asks Python for the class of every element it hands out, a fifth of the reading; no form needs its own class here.
_PLAIN = etree.ElementDefaultClassLookup(element=HtmlElement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A parsed page: its root, how many elements it has, whether only its beginning was read."""

    root: HtmlElement
    nodes: int
    is_cut: bool = False


def parse(body: bytes, *, content_type: str = "", language: str = "") -> Tree | None:
    """Return the page's tree, None where the bytes are no page: empty, binary, or without one element."""
    if is_binary(body):
        return None
    if len(body) > MAX_BYTES:
        body = _HUGE_ATTRIBUTE.sub(b"=''", body)
    if len(body) > _LONG:
        body = _HUGE_TAG.sub(rb"<\1", body)
    markup = to_utf8(body[:MAX_BYTES], content_type=content_type, language=language).data.decode("utf-8", "replace")
    if not _MARKUP.search(markup):
        return None
    markup = _CONTROL.sub("", markup)
    root, errors = _parse(markup)
    for flat in (flatten, level):
        if root is not None and any("depth" in error.message for error in errors):
            root, errors = _parse(flat(markup))
    if root is None:
        return None
    return Tree(root=root, nodes=int(cast("float", root.xpath("count(//*)"))), is_cut=len(body) > MAX_BYTES)


def is_binary(body: bytes) -> bool:
    """Tell bytes that are no text: nothing, or files of other kinds."""
    head = body[:_HEAD].lstrip()
    return not head or (head.startswith(_FILES) and not head.startswith(b"\x00\x00\x00<"))


def flatten(markup: str) -> str:
    """Take out the tags of a kind below a depth of its own that no honest page reaches; the parser gives up on a page that nests without end.

    What nests without end is a wrapper. The rest of the page keeps its structure, which tells the article from what stands around it.
    """
    depths: Counter[str] = Counter()

    def keep(tag: re.Match[str]) -> str:
        name = tag[2].lower()
        if tag[1]:
            depths[name] = max(depths[name] - 1, 0)
            return tag[0] if depths[name] < _MAX_ALIKE else " "
        depths[name] += 1
        return tag[0] if depths[name] <= _MAX_ALIKE else " "

    return _TAG.sub(keep, markup)


def level(markup: str) -> str:
    """Take out all tags below a depth; for pages that nest many kinds of them into each other."""
    depth = 0

    def keep(tag: re.Match[str]) -> str:
        nonlocal depth
        if tag[1]:
            depth = max(depth - 1, 0)
            return tag[0] if depth < _MAX_DEPTH else " "
        depth += 1
        return tag[0] if depth <= _MAX_DEPTH else " "

    return _TAG.sub(keep, markup)


def _parse(markup: str) -> tuple[HtmlElement | None, list[etree._LogEntry]]:
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, default_doctype=False, huge_tree=False
    )
    parser.set_element_class_lookup(_PLAIN)
    try:
        root = document_fromstring(markup.encode("utf-8"), parser=parser, ensure_head_body=False)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None, []
    return root, list(parser.error_log.filter_from_fatals())

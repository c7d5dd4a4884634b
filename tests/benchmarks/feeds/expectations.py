"""The expectations in comments of feedparser's and feedvalidator's test files, read as syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

import feedparser

from crawler.urls import canonical_url
from tests.benchmarks.feeds.seen import Item, Seen, any_like, is_like, plain

Check = Callable[[Seen], bool]
Path = tuple[str | int, ...]

_WIDE = ("utf-8", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp037")
_ITEM_FIELDS = {
    ("title",): "title", ("title_detail", "value"): "title", ("link",): "link", ("id",): "guid", ("guid",): "guid", ("summary",): "text",
    ("description",): "text", ("summary_detail", "value"): "text", ("content", 0, "value"): "text", ("content", 1, "value"): "text",
    ("author",): "authors", ("author_detail", "name"): "authors", ("authors", 0, "name"): "authors", ("authors", 1, "name"): "authors",
    ("category",): "tags", ("tags", 0, "term"): "tags", ("tags", 1, "term"): "tags", ("tags", 2, "term"): "tags", ("tags", 0, "label"): "tags",
    ("media_thumbnail", 0, "url"): "image",
}  # fmt: skip
_DATES = {"published", "updated", "created", "issued", "modified", "date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a test file wants: ``checks`` is None where it asks for something we do not keep."""

    text: str
    checks: tuple[Check, ...] | None
    headers: dict[str, str]


def expectation(body: bytes) -> Expectation | None:
    """Read a file's expectation; None where it has none."""
    for codec in _WIDE:
        text = body.decode(codec, "replace")
        found = re.search(r"Expect:\s*(.+?)\s*(?:-->.*)?$", text, re.MULTILINE)
        if found:
            headers = {name.lower(): value.strip() for name, value in re.findall(r"^Header:\s*([\w-]+):([^\r\n]*)", text, re.MULTILINE)}
            return Expectation(text=found[1], checks=_checks(found[1]), headers=headers)
    return None


def _checks(text: str) -> tuple[Check, ...] | None:
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    found: list[Check] = []
    for part in parts:
        if _is_about_bozo(part):
            continue
        checks = _compared(part)
        if checks is None:
            return None
        found += checks
    return tuple(found) or None


def _is_about_bozo(node: ast.expr) -> bool:
    name = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) else node
    return isinstance(name, ast.Name) and name.id == "bozo"


def _compared(node: ast.expr) -> list[Check] | None:
    """``path == path == literal``: one check for each path."""
    if not isinstance(node, ast.Compare) or not all(isinstance(op, ast.Eq) for op in node.ops):
        return None
    *places, literal = [node.left, *node.comparators]
    if not isinstance(literal, ast.Constant | ast.Tuple):
        return None
    checks = [_check(place, ast.literal_eval(literal)) for place in places]
    return [c for c in checks if c] if all(checks) else None


def _check(place: ast.expr, wanted: object) -> Check | None:
    if isinstance(place, ast.Call) and isinstance(place.func, ast.Name) and place.func.id == "len" and len(place.args) == 1:
        return (lambda seen: len(seen.items) == wanted) if _path(place.args[0]) == ("entries",) else None
    path = _path(place)
    if path is None:
        return None
    if path[0] == "feed":
        return _feed_check(path[1:], wanted)
    if path[0] == "entries" and len(path) > 2 and isinstance(path[1], int):
        return _item_check(path[1], path[2:], wanted)
    return None


def _feed_check(path: Path, wanted: object) -> Check | None:
    if path in {("title",), ("title_detail", "value")}:
        return lambda seen: is_like(seen.title, str(wanted))
    if path == ("language",):
        return lambda seen: seen.language == wanted
    if path == ("ttl",):
        return lambda seen: seen.ttl == wanted
    return None


def _item_check(index: int, path: Path, wanted: object) -> Check | None:
    name = str(path[0]).removesuffix("_parsed")
    if name in _DATES and len(path) == 1:
        date = wanted[:6] if isinstance(wanted, tuple) else _date(str(wanted))
        return (lambda seen: date in _item(seen, index).dates) if date else None
    field = _ITEM_FIELDS.get(path)
    if field is None:
        return None
    text = re.sub(r"\s*\(\S+@\S+\)$", "", str(wanted)) if field == "authors" else str(wanted)
    if not plain(text):
        return None  # markup alone: nothing that a reader of plain text keeps
    if field == "link":
        text = canonical_url(text)
    return lambda seen: any_like(getattr(_item(seen, index), field), text)


def _date(text: str) -> tuple[int, ...] | None:
    parsed = feedparser.datetimes._parse_date(text)
    return tuple(parsed[:6]) if parsed else None


def _item(seen: Seen, index: int) -> Item:
    """Items of one identity are kept once, so that the second of two is the first."""
    if index >= len(seen.items) and seen.merged:
        index = len(seen.items) - 1
    return seen.items[index] if index < len(seen.items) else Item()


def _path(node: ast.expr) -> Path | None:
    """``entries[0]['title']`` and ``entries[0].title`` as ("entries", 0, "title")."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        inner = _path(node.value)
        return (*inner, node.attr) if inner else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str | int):
        inner = _path(node.value)
        return (*inner, node.slice.value) if inner else None
    return None

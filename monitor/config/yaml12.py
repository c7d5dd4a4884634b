"""Reads YAML 1.2 core scalars with the line and column of every value; refuses duplicate keys, tags, anchors and deep nesting.

YAML 1.1 turns ``[de, no]`` into ``["de", False]`` and ``12:30`` into 750: a multilingual tool cannot load that. The tree is built
from parser events, because composing it recurses in C and dies on deep nesting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import yaml

from monitor.errors import Problem

Path = tuple[str | int, ...]
Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]

MAX_DEPTH: Final = 24
MAX_BYTES: Final = 16 * 1024 * 1024

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?[0-9]+")
_OCT_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)")
_WORDS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MUST_BE_QUOTED: Final = "@`*&!%|>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a value stands: its first character, its key's (or its own, in a list), the slice of the file, and how it is quoted."""

    line: int
    column: int
    key_line: int
    key_column: int
    start: int
    end: int
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file read: ``value`` as plain Python values, ``spots`` by path, ``problems`` where it is no YAML we take.

    ``is_whole`` says that everything was read nevertheless: of a key that stands twice the first counts, so that the rest is looked at too.
    """

    file: str
    text: str
    value: Value
    spots: Mapping[Path, Spot]
    problems: tuple[Problem, ...] = ()
    lines: tuple[str, ...] = ()
    is_whole: bool = True

    def problem(self, line: int, column: int, message: str, hint: str | None = None) -> Problem:
        """Return a problem with the source line it stands in."""
        source = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return Problem(place=self.file, line=line, column=column, message=message, source_line=source, hint=hint)

    def at(self, path: Path, message: str, hint: str | None = None, *, key: bool = False) -> Problem:
        """Return a problem at the value of a path, or at its key; at the nearest parent where the path does not exist."""
        known = path
        while known and known not in self.spots:
            known = known[:-1]
        spot = self.spots.get(known)
        if spot is None:
            return self.problem(1, 1, message, hint)
        if key and known == path:
            return self.problem(spot.key_line, spot.key_column, message, hint)
        return self.problem(spot.line, spot.column, message, hint)


class _Mark(Protocol):
    """A position as the parser tells it, counting from 0."""

    line: int
    column: int
    index: int


@dataclass(slots=True)
class _Frame:
    """A mapping or list being filled; ``key`` waits for its value."""

    value: list[Value] | dict[str, Value]
    path: Path
    key: str | None = None
    key_line: int = 0
    key_column: int = 0
    is_key_next: bool = True


@dataclass(slots=True)
class _Tree:
    document: Document
    spots: dict[Path, Spot]
    problems: list[Problem]
    stack: list[_Frame] = field(default_factory=list)
    root: Value = None


def read(data: bytes, *, file: str) -> Document:
    """Read one file; syntax errors and refused forms are in ``problems`` of what is returned, nothing is raised."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _not_utf8(data, error, file)
    lines = tuple(text.splitlines())
    document = Document(file=file, text=text, value=None, spots={}, lines=lines)
    if len(data) > MAX_BYTES:
        problem = document.problem(1, 1, f"the file has {len(data):,} bytes; at most {MAX_BYTES:,} are read")
        return Document(file=file, text=text, value=None, spots={}, lines=lines, problems=(problem,), is_whole=False)
    tree = _Tree(document=document, spots={}, problems=[])
    is_whole = True
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if not _take(tree, event):
                is_whole = False
                break
    except yaml.YAMLError as error:
        tree.problems.append(_syntax(document, error))
        is_whole = False
    return Document(file=file, text=text, value=tree.root, spots=tree.spots, problems=tuple(tree.problems), lines=lines, is_whole=is_whole)


def _not_utf8(data: bytes, error: UnicodeDecodeError, file: str) -> Document:
    before = data[: error.start].decode("utf-8", errors="replace")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    source = data.splitlines()[line - 1].decode("utf-8", errors="replace")
    problem = Problem(
        place=file, line=line, column=column, message="the file is not UTF-8", source_line=source, hint="save it as UTF-8 in your editor"
    )
    return Document(file=file, text="", value=None, spots={}, problems=(problem,), is_whole=False)


def _take(tree: _Tree, event: yaml.Event) -> bool:
    """Add one event to the tree; False ends the reading."""
    if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent | yaml.AliasEvent) and not _is_plain(tree, event):
        return False
    if isinstance(event, yaml.DocumentStartEvent) and tree.spots:
        tree.problems.append(_mark(tree.document, event.start_mark, "one file holds one document; a second one starts here"))
        return False
    if isinstance(event, yaml.ScalarEvent):
        _scalar(tree, event)
    elif isinstance(event, yaml.CollectionStartEvent):
        return _open(tree, event)
    elif isinstance(event, yaml.CollectionEndEvent):
        tree.stack.pop()
    return True


def _is_plain(tree: _Tree, event: yaml.ScalarEvent | yaml.CollectionStartEvent | yaml.AliasEvent) -> bool:
    """Anchors, aliases and tags have no use here; mostly they are a value that should have stood in quotes."""
    sign = "*" if isinstance(event, yaml.AliasEvent) else "&" if event.anchor else "!" if event.tag else ""
    if sign:
        hint = "put the value in quotes: '…'"
        tree.problems.append(_mark(tree.document, event.start_mark, f"a value that begins with {sign} must stand in quotes", hint))
    return not sign


def _open(tree: _Tree, event: yaml.CollectionStartEvent) -> bool:
    if len(tree.stack) >= MAX_DEPTH:
        tree.problems.append(_mark(tree.document, event.start_mark, f"nested deeper than {MAX_DEPTH} levels"))
        return False
    value: list[Value] | dict[str, Value] = {} if isinstance(event, yaml.MappingStartEvent) else []
    frame = tree.stack[-1] if tree.stack else None
    if frame is not None and isinstance(frame.value, dict) and frame.is_key_next:
        tree.problems.append(_mark(tree.document, event.start_mark, "a key must be text", "put it in quotes"))
        return False
    path = _place(tree, event, value)
    tree.stack.append(_Frame(value=value, path=path))
    return True


def _scalar(tree: _Tree, event: yaml.ScalarEvent) -> None:
    frame = tree.stack[-1] if tree.stack else None
    if frame is not None and isinstance(frame.value, dict) and frame.is_key_next:
        _key(tree, frame, event)
        return
    _place(tree, event, event.value if event.style else plain(event.value))


def _key(tree: _Tree, frame: _Frame, event: yaml.ScalarEvent) -> None:
    mark = event.start_mark
    assert mark is not None
    frame.key, frame.key_line, frame.key_column, frame.is_key_next = event.value, mark.line + 1, mark.column + 1, False
    if event.value in frame.value:
        first = tree.spots[(*frame.path, event.value)]
        message = f"'{event.value}' stands twice; the first is in line {first.key_line}"
        tree.problems.append(_mark(tree.document, mark, message, "keep one of them"))


def _place(tree: _Tree, event: yaml.ScalarEvent | yaml.CollectionStartEvent, value: Value) -> Path:
    """Put a value where it belongs and remember its spot; return its path."""
    start, end = event.start_mark, event.end_mark
    assert start is not None
    assert end is not None
    line, column = start.line + 1, start.column + 1
    style = (event.style or "") if isinstance(event, yaml.ScalarEvent) else ""
    frame = tree.stack[-1] if tree.stack else None
    path: Path = ()
    key_line, key_column = line, column
    if frame is None:
        tree.root = value
    elif isinstance(frame.value, list):
        path = (*frame.path, len(frame.value))
        frame.value.append(value)
    else:
        assert frame.key is not None
        path, key_line, key_column = (*frame.path, frame.key), frame.key_line, frame.key_column
        frame.value.setdefault(frame.key, value)
        frame.is_key_next = True
    spot = Spot(line=line, column=column, key_line=key_line, key_column=key_column, start=start.index, end=end.index, style=style)
    tree.spots.setdefault(path, spot)
    return path


def plain(text: str) -> Value:
    """Return what an unquoted scalar means in YAML 1.2's core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= 4096 and (text[0].isascii() and (text[0].isdigit() or text[0] in "+-.")):
        return _number(text)
    return text


def _number(text: str) -> Value:
    if _OCT_HEX.fullmatch(text):
        return int(text, 0)
    if _INT.fullmatch(text):
        return int(text) if len(text) < 40 else text
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITE.fullmatch(text) or text in {".nan", ".NaN", ".NAN"}:
        return float(text.replace(".", "", 1))
    return text


def scalar_text(document: Document, path: Path) -> tuple[str, int, int] | None:
    """Return a multi-line text as it stands in the file, with the line and column of its first character.

    Folded and block scalars lose their line ends in YAML; a query keeps them, so that its errors can be shown where they are: columns
    of later lines are columns of the file. None where the plain value serves, on one line.
    """
    spot = document.spots.get(path)
    if spot is None or spot.style in {"|", ">"}:
        return _block_text(document, spot) if spot else None
    raw = document.text[spot.start : spot.end].rstrip()
    if "\n" not in raw:
        return None
    if spot.style:
        return raw[1:-1], spot.line, spot.column + 1
    return raw, spot.line, spot.column


def _block_text(document: Document, spot: Spot) -> tuple[str, int, int]:
    """Skip the line of the indicator and blank lines."""
    rows = document.text[spot.start : spot.end].splitlines()[1:]
    line = spot.line + 1
    while rows and not rows[0].strip():
        rows, line = rows[1:], line + 1
    if not rows:
        return "", spot.line, spot.column
    indent = len(rows[0]) - len(rows[0].lstrip(" "))
    rows[0] = rows[0][indent:]
    return "\n".join(rows).rstrip(), line, indent + 1


def _mark(document: Document, mark: _Mark | None, message: str, hint: str | None = None) -> Problem:
    assert mark is not None  # events of a stream carry marks
    return document.problem(mark.line + 1, mark.column + 1, message, hint)


def _syntax(document: Document, error: yaml.YAMLError) -> Problem:
    """Say in our words what the parser stumbled over."""
    if isinstance(error, yaml.reader.ReaderError):
        before = document.text[: error.position]
        column = len(before) - (before.rfind("\n") + 1) + 1
        return document.problem(before.count("\n") + 1, column, "a control character stands here", "delete it")
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return document.problem(1, 1, f"not YAML: {error}")
    if error.context_mark is not None and "quoted scalar" in (error.context or ""):
        return _mark(document, error.context_mark, "this quote is never closed", "close it, or double a quote that is meant")
    line, column = min(error.problem_mark.line + 1, max(len(document.lines), 1)), error.problem_mark.column + 1
    message, hint = _guess(document.lines[line - 1] if document.lines else "", column, error.problem or "it cannot be read")
    return document.problem(line, column, message, hint)


def _guess(source: str, column: int, what: str) -> tuple[str, str]:
    """Name the slip that is most likely behind a syntax error."""
    sign = source[column - 1 : column]
    if sign and sign in _MUST_BE_QUOTED and "token" in what:
        return f"a value that begins with {sign} must stand in quotes", "put the value in quotes: '…'"
    if "\t" in source[: column + 1]:
        return "a tab stands here; YAML is indented with spaces", "replace the tab by two spaces"
    if "${" in source[:column]:
        return f"not YAML: {what}", "inside { } and [ ], put a value with ${…} in quotes"
    return f"not YAML: {what}", "look at the indentation, colons and quotes of this line and the one before"

"""Says what is wrong in a file: place, source line, a caret under the spot, and what was perhaps meant."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from wcwidth import wcswidth, wcwidth

from monitor.errors import Problem

_WIDEST: Final = 120
_LEFT: Final = 40


def render(problem: Problem) -> str:
    """Return one problem as a person reads it: ``file:line:column: message``, the source line, a caret, ``hint:``."""
    code = f"{problem.code}: " if problem.code else ""
    head = f"{problem.place}:{problem.line}:{problem.column}: {code}{problem.message}"
    rows = [head]
    if problem.source_line.strip():
        source, before = _window(problem.source_line, problem.column - 1)
        rows += [f"{problem.line:>5} | {source}", f"{'':>5} | {' ' * _width(before)}^"]
    if problem.hint:
        rows.append(f"        hint: {problem.hint}")
    return "\n".join(rows)


def render_all(problems: Sequence[Problem], *, word: str = "problem") -> str:
    """Return all problems in the order of files and lines, and their number."""
    ordered = with_lines(in_order(problems))
    count = f"{len(ordered)} {word}" + ("s" if len(ordered) != 1 else "")
    return "\n\n".join([*(render(p) for p in ordered), count])


def with_lines(problems: Iterable[Problem]) -> list[Problem]:
    """Show the lines of the files themselves, which whoever found the problems need not have had at hand."""
    files: dict[str, list[str]] = {}
    found: list[Problem] = []
    for problem in problems:
        if problem.place not in files:
            files[problem.place] = _lines_of(Path(problem.place))
        lines = files[problem.place]
        is_there = 0 < problem.line <= len(lines)
        found.append(replace(problem, source_line=lines[problem.line - 1]) if is_there else problem)
    return found


def _lines_of(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:  # a flag, a variable, a query typed on the command line
        return []


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Sort by file as first met, then line and column; the same problem said twice is said once."""
    known = list(dict.fromkeys(problems))
    files = list(dict.fromkeys(p.place for p in known))
    return sorted(known, key=lambda p: (files.index(p.place), p.line, p.column))


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return a hint naming the nearest known word, None where none is near."""
    by_fold = {k.casefold(): k for k in known}
    folded = word.casefold().replace("_", "-")
    near = difflib.get_close_matches(folded, by_fold, n=1, cutoff=0.6) or difflib.get_close_matches(word.casefold(), by_fold, n=1)
    return f"did you mean '{by_fold[near[0]]}'?" if near else None


def one_of(words: Iterable[str]) -> str:
    """Join words as a choice."""
    return ", ".join(words)


def _window(line: str, column: int) -> tuple[str, str]:
    """Return the part of a line that fits a screen, and what of it stands before the caret."""
    shown = "".join(_visible(c) for c in line)
    column = min(column, len(shown))
    if len(shown) <= _WIDEST:
        return shown.rstrip(), shown[:column]
    start = max(0, column - _LEFT)
    cut = shown[start : start + _WIDEST].rstrip()
    lead = "…" if start else ""
    tail = "…" if start + _WIDEST < len(shown) else ""
    return lead + cut + tail, lead + shown[start:column]


def _visible(character: str) -> str:
    """Keep one cell for what would move the line: tabs, controls, reversals of direction."""
    if character == "\t":
        return " "
    return "�" if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Cs"} else character


def _width(text: str) -> int:
    """Return terminal cells; a Chinese character takes two."""
    width = wcswidth(text)
    return width if width >= 0 else sum(max(wcwidth(c), 0) for c in text)

"""What can be wrong in a query: the codes, and how a mistake becomes a problem with its place and hint."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crawler.model import Place
from monitor.errors import Problem


class Code(StrEnum):
    """The codes of the rule language."""

    EMPTY = "E-empty"
    JUXT = "E-juxt"
    MIX = "E-mix"
    CASE = "E-case"
    FIELD = "E-field"
    ENTITY = "E-entity"
    NEAR = "E-near"
    NEAR_OPERAND = "E-nearop"
    CHAIN = "E-chain"
    NEGATIVE = "E-neg"
    PAREN = "E-paren"
    END = "E-end"
    QUOTE = "E-quote"
    WILD = "E-wild"
    WILD_CJK = "E-wildcjk"
    AT_LEAST = "E-atleast"
    REGEX = "E-regex"
    META = "E-meta"
    SHORT = "E-short"
    TERM = "E-term"
    CHAR = "E-char"


class Doubt(StrEnum):
    """What is allowed and likely not meant."""

    CAPITALS = "W-capitals"
    ONE_CHARACTER = "W-one-character"
    FAR = "W-far"
    COMMON = "W-common"
    INSIDE = "W-inside"
    IDLE = "W-idle"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong, or doubtful, at an offset of a query."""

    code: Code | Doubt
    at: int
    message: str
    hint: str | None = None


def problems(mistakes: Iterable[Mistake], query: str, place: Place | None = None) -> tuple[Problem, ...]:
    """Turn mistakes into problems in reading order, shifted to where the query's first character stands in its file."""
    return tuple(_problem(mistake, query, place) for mistake in sorted(mistakes, key=lambda m: m.at))


def _problem(mistake: Mistake, query: str, place: Place | None) -> Problem:
    before = query[: mistake.at]
    row = before.count("\n")
    column = len(before) - (before.rfind("\n") + 1) + 1
    indent = place.column - 1 if place and row == 0 else 0
    return Problem(
        place=place.file if place else "query",
        line=row + (place.line if place else 1),
        column=column + indent,
        message=mistake.message,
        source_line=" " * indent + query.split("\n")[row].rstrip("\r"),
        hint=mistake.hint,
        code=mistake.code.value,
    )


def did_you_mean(word: str, known: Iterable[str], form: str = "{}") -> str | None:
    """Return a hint that names the nearest known word in its ``form``; None where none is near."""
    names: Sequence[str] = sorted(known)
    near = difflib.get_close_matches(word.casefold().replace("_", "-"), names, n=1, cutoff=0.6)
    return f"did you mean {form.format(near[0])}?" if near else None

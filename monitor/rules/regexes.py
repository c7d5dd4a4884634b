"""Regular expressions of rules: only such as run in linear time, and only with a literal the engine can look for first."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

FEWEST_LETTERS: Final = 3
MOST_GROUPS: Final = 60
_QUANTIFIER: Final = re.compile(r"([*+?]|\{(\d+)(?:,\d*)?\})[?+]?")
_GROUP: Final = re.compile(r"\(\?(?:P?<\w+>|([a-zA-Z]*)(?:-[a-zA-Z]+)?([:)]))")
_CLASS: Final = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:[pP](?:\{[^}]*\}|.)|x(?:\{[^}]*\}|..)|[0-7]{1,3}|.)", re.DOTALL)


class Bad(ValueError):
    """A pattern that is not taken; ``at`` is the offset inside it."""

    def __init__(self, message: str, at: int, hint: str) -> None:
        super().__init__(message)
        self.at, self.hint = at, hint


class _Match(Protocol):
    def span(self) -> tuple[int, int]: ...


class Searcher(Protocol):
    """A compiled pattern."""

    def finditer(self, text: str) -> Iterator[_Match]: ...


@dataclass(frozen=True, slots=True)
class _Need:
    """Of these literals a text must hold one; none where it need hold nothing."""

    literals: tuple[str, ...] = ()

    @property
    def shortest(self) -> int:
        return min(map(len, self.literals), default=0)


def check(pattern: str) -> tuple[str, ...]:
    """Return the literals one of which every match holds, letters only; raise ``Bad`` for a pattern that is not taken."""
    if pattern.count("(") > MOST_GROUPS:
        raise Bad(f"more than {MOST_GROUPS} groups in a regular expression", pattern.index("("), "write several rules")
    try:
        compiled(pattern)
    except ImportError:
        raise Bad(
            "regular expressions need google-re2, which is not installed here", 0, "pip install google-re2, or write words and *"
        ) from None
    except ValueError as error:
        raise Bad(f"not a regular expression in linear time: {error}", _place(pattern, str(error)), "no look-around, no \\1") from None
    need, _ = _alternatives(pattern, 0)
    if need.shortest < FEWEST_LETTERS:
        raise Bad(
            "a regular expression needs a literal of 3 letters in a row in every branch",
            0,
            "the engine looks for it first: /GPT-?\\d+ Turbo/",
        )
    return need.literals


def find(pattern: str, text: str) -> list[tuple[int, int]]:
    """Return where a pattern that was checked matches in an original text, left to right; never nothing, since it has a literal."""
    return [match.span() for match in compiled(pattern).finditer(text)]


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Searcher:
    """Compile with google-re2; raise ``ValueError`` with its words, ``ImportError`` where there is no such library."""
    import re2  # noqa: PLC0415 - few rule sets hold a regular expression

    options = re2.Options()
    options.log_errors = False
    try:
        found: Searcher = re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise ValueError(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from None
    return found


def _place(pattern: str, said: str) -> int:
    """Return where a refused pattern goes wrong: where Python's own parser stumbles too, else where the refused piece stands."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except re.error as error:
        return min(error.pos or 0, max(len(pattern) - 1, 0))
    except OverflowError:
        return 0
    return max(pattern.find(said.rpartition(": ")[2]), 0)


def _alternatives(pattern: str, at: int) -> tuple[_Need, int]:
    """Read branches up to the end or a closing parenthesis; return what they all together need, and where they end."""
    branches: list[_Need] = []
    while True:
        need, at = _branch(pattern, at)
        branches.append(need)
        if at >= len(pattern) or pattern[at] == ")":
            break
        at += 1
    whole = tuple(dict.fromkeys(literal for branch in branches for literal in branch.literals))
    return (_Need(whole) if all(branch.literals for branch in branches) else _Need()), at


def _branch(pattern: str, at: int) -> tuple[_Need, int]:
    """Read one branch; return the most telling thing it needs."""
    best, run = _Need(), ""
    while at < len(pattern) and pattern[at] not in "|)":
        piece, group, at = _piece(pattern, at)
        quantifier = _QUANTIFIER.match(pattern, at)
        fewest = _fewest(quantifier) if quantifier else 1
        at = quantifier.end() if quantifier else at
        if piece and fewest:
            run += piece
        if group is not None and fewest and group.shortest > best.shortest:
            best = group
        if not piece or quantifier:
            best, run = _longer(best, run), ""
    return _longer(best, run), at


def _longer(best: _Need, run: str) -> _Need:
    return _Need((run,)) if len(run) > best.shortest else best


def _fewest(quantifier: re.Match[str]) -> int:
    return int(quantifier[2]) if quantifier[2] else int(quantifier[1] == "+")


def _piece(pattern: str, at: int) -> tuple[str, _Need | None, int]:
    """Read one letter, group, class or escape; return the letter if it is one, what a group needs, and where the piece ends."""
    character = pattern[at]
    if character == "(":
        opened = _GROUP.match(pattern, at)
        if opened and opened[2] == ")":
            return "", None, opened.end()
        need, end = _alternatives(pattern, opened.end() if opened else at + 1)
        return "", need, end + 1
    if character == "[":
        matched = _CLASS.match(pattern, at)
        return "", None, matched.end() if matched else at + 1
    if character == "\\":
        if pattern.startswith("\\Q", at):
            end = pattern.find("\\E", at)
            return "", None, len(pattern) if end < 0 else end + 2
        escaped = _ESCAPE.match(pattern, at)
        return "", None, escaped.end() if escaped else at + 1
    return (character if character.isalpha() else ""), None, at + 1

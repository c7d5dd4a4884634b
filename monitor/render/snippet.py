"""The few words of an article that prove why it matters, with the evidence marked."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.model import Evidence
from monitor.render.clean import cut, defuse, line

_JOINERS = "\u200d\ufe0e\ufe0f"
_SENTENCE_ENDS = ".!?。！？…\n"
_LEAD = 0.35
"""How much of the width may stand before the first piece of evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a snippet; marked where it is evidence."""

    text: str
    is_evidence: bool = False


def snippet(text: str, evidence: Iterable[Evidence], *, width: int) -> tuple[Part, ...]:
    """Return about ``width`` characters of the text around the most telling evidence; its beginning where there is none."""
    spans = _spans(text, evidence)
    if width <= 0 or not text.strip():
        return ()
    start = _start(text, _best(spans, width), width) if spans else 0
    end = _end(text, start, width)
    parts = _parts(text, start, end, spans)
    if start > 0:
        parts = [Part(text="… "), *parts]
    if end < len(text.rstrip()):
        parts = [*parts, Part(text="\u00a0…")]
    return tuple(parts)


def _spans(text: str, evidence: Iterable[Evidence]) -> list[tuple[int, int, str]]:
    """Return the spans in the body as (start, end, term), sorted, none overlapping."""
    found = sorted((e.start, -e.end, e.term) for e in evidence if e.field == "body" and 0 <= e.start < e.end <= len(text))
    kept: list[tuple[int, int, str]] = []
    for start, minus_end, term in found:
        if not kept or start >= kept[-1][1]:
            kept.append((start, -minus_end, term))
    return kept


def _best(spans: Sequence[tuple[int, int, str]], width: int) -> tuple[int, int, str]:
    """Return the span to begin with: the one whose window holds the most different terms, the earliest of equals."""
    room = int(width * (1 - _LEAD))

    def telling(index: int) -> tuple[int, int]:
        inside = [s for s in spans[index : index + 40] if s[1] <= spans[index][0] + room]
        return len({s[2] for s in inside}), len(inside)

    return spans[max(range(len(spans)), key=lambda i: (*telling(i), -i))]


def _start(text: str, first: tuple[int, int, str], width: int) -> int:
    """Return where to begin: at the sentence if it is near, else at a word, never inside a character."""
    earliest = max(0, first[0] - int(width * _LEAD))
    if earliest == 0:
        return 0
    before = text[earliest : first[0]]
    for at in range(len(before) - 1, -1, -1):
        if before[at] in _SENTENCE_ENDS and (at + 1 == len(before) or before[at + 1].isspace() or before[at] in "。！？\n"):
            return _forward(text, earliest + at + 1, first[0])
    space = next((i for i, c in enumerate(before) if c.isspace()), None)
    return _forward(text, earliest if space is None else earliest + space, first[0])


def _forward(text: str, at: int, limit: int) -> int:
    while at < limit and (text[at].isspace() or _continues(text, at)):
        at += 1
    return at


def _end(text: str, start: int, width: int) -> int:
    """Return where to stop: at a word's end where one is near, never inside a character."""
    end = start + width
    if end >= len(text):
        return len(text)
    near = text[max(start, end - 24) : end + 1]
    space = max((i for i, c in enumerate(near) if c.isspace()), default=None)
    if space is not None:
        return max(start, end - 24) + space
    while end > start and _continues(text, end):
        end -= 1
    return end


def _continues(text: str, at: int) -> bool:
    """A character of the text continues the one before: a mark, a joiner, or what follows a joiner."""
    return unicodedata.combining(text[at]) != 0 or text[at] in _JOINERS or text[at - 1] == "\u200d"


def _parts(text: str, start: int, end: int, spans: Sequence[tuple[int, int, str]]) -> list[Part]:
    parts: list[Part] = []
    at = start
    for first, last, _ in spans:
        if first < at or last > end:
            continue
        parts += _plain(text[at:first])
        parts.append(_evidence(text[first:last]))
        at = last
    parts += _plain(text[at:end])
    return parts


def _plain(text: str) -> list[Part]:
    """Return a stretch between evidence with the spaces at its edges kept, all others single."""
    if not text:
        return []
    core = defuse(line(text))
    left = " " if text[0].isspace() and core else ""
    right = " " if text[-1].isspace() else ""
    return [Part(text=f"{left}{core}{right}")]


def _evidence(text: str) -> Part:
    """Mark what begins and ends with a letter or digit; other edges would defeat the marks of Markdown."""
    surface = defuse(cut(line(text), 60))
    return Part(text=surface, is_evidence=bool(surface) and surface[0].isalnum() and surface[-1].isalnum())

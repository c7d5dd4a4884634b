"""What the rules find in one article: mentions, matches and their evidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Code points ``start`` to ``end`` of the original ``field`` ("title" or "body"); ``surface`` is the text there."""

    field: str
    start: int
    end: int
    surface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One span that proves a match: the term or ``@entity`` of the rule, the alias that hit, and the distances of its NEARs in words."""

    term: str
    field: str
    start: int
    end: int
    surface: str
    alias: str | None = None
    distances: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """An entity's spans in one article, sorted."""

    entity_id: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule's hit on an article. ``relevance`` 0-100 says how much the article is about it."""

    rule_id: str
    theme_id: str
    relevance: int
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the engine found in one article; ``below`` are matches under their theme's ``min_relevance``, kept for ``why``."""

    mentions: tuple[Mention, ...]
    matches: tuple[Match, ...]
    version: str
    below: tuple[Match, ...] = ()

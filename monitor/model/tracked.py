"""What is tracked: entities with their aliases, themes with their rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from crawler.model import Place

ANY_LANGUAGE = "*"


class Severity(IntEnum):
    """How much a theme matters; ordered, spelled in lower case in files and views."""

    LOW = 1
    NORMAL = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """The spelling in files, views and messages."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One name of an entity; ``term`` in the rule language (a word, a phrase, or ``=exact``).

    With ``near`` (a query: a term, phrase or ``@entity``) it counts only within ``within`` of it: 0..100 words, "s" or "p".
    """

    term: str
    near: str | None = None
    within: int | str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A tracked name. ``aliases`` maps an article language or "*" to its names; ``excluded`` are the phrases of ``not:``."""

    entity_id: str
    label: str
    kind: str = ""
    aliases: Mapping[str, tuple[Alias, ...]]
    excluded: tuple[str, ...] = ()
    country: str | None = None
    is_salient: bool = True
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named boolean query of a theme; ``rule_id`` is ``<theme_id>/<name>``. ``place`` is where the query's first character stands."""

    rule_id: str
    theme_id: str
    name: str
    query: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text that a theme must match, or must ignore."""

    text: str
    language: str
    should_match: bool
    title: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """An information need. ``languages`` empty means all; ``min_relevance`` 0-100."""

    theme_id: str
    label: str
    need: str
    severity: Severity = Severity.NORMAL
    languages: tuple[str, ...] = ()
    min_relevance: int = 0
    rules: tuple[Rule, ...] = ()
    examples: tuple[Example, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Everything the engine is built from. ``version`` is a digest of it: equal sets have equal versions."""

    entities: tuple[Entity, ...]
    themes: tuple[Theme, ...]
    version: str

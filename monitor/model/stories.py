"""What a story is, and what assigning an article to one needs and says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property


class HowAssigned(StrEnum):
    """How an article came to its story."""

    NEW = "new story"
    SAME_TEXT = "same text"
    SAME_EVENT = "same event"
    OFF = "stories off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One typed feature of title and lead: ``kind`` w words, g countries, n numbers, s concepts, a happenings, e entities, z CJK bigrams, k sounds.

    Where a concept, country or sound was read from a word, ``value`` names that word's stem after a space: it counts only where the word does not.
    """

    kind: str
    value: str
    in_title: bool
    hash: int


class Features(tuple[Feature, ...]):  # noqa: SLOT001 - it keeps what it was asked once
    """All features of one article, with what is asked of them again and again: the same article is a candidate of many."""

    @cached_property
    def by_hash(self) -> Mapping[int, Feature]:
        """Each feature by its hash."""
        return {f.hash: f for f in self}

    @cached_property
    def in_title(self) -> frozenset[int]:
        """Those of the title."""
        return frozenset(f.hash for f in self if f.in_title)

    @cached_property
    def stems(self) -> frozenset[str]:
        """The words."""
        return frozenset(f.value for f in self if f.kind == "w")

    @cached_property
    def beside(self) -> Mapping[int, str]:
        """The stem of the word that a concept, country or sound was read from."""
        return {f.hash: f.value.partition(" ")[2] for f in self if " " in f.value}

    @cached_property
    def lengths(self) -> tuple[tuple[int, str, bool], ...]:
        """Hash, kind and whether it stands in the title, of what is read from no word beside it: one mention counts once."""
        return tuple((f.hash, f.kind, f.in_title) for f in self.by_hash.values() if " " not in f.value)

    @cached_property
    def numbers(self) -> frozenset[int]:
        """The numbers."""
        return frozenset(f.hash for f in self if f.kind == "n")

    @cached_property
    def happenings(self) -> frozenset[int]:
        """What happened."""
        return frozenset(f.hash for f in self if f.kind == "a")

    @cached_property
    def title_happenings(self) -> frozenset[int]:
        """What happened, as the title says."""
        return self.happenings & self.in_title


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What the story rooms keep of one article: ``shingles`` 64-bit signed hashes, features, title words and numbers."""

    shingles: tuple[int, ...]
    features: Features
    word_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An article the archive hands over as perhaps of the same story; ``idf`` weights ride in ``History``."""

    article_id: int
    story_id: int
    outlet_id: str
    source_id: str
    language: str
    headline: str
    at: datetime
    word_count: int
    shingles: tuple[int, ...] = ()
    features: Features = field(default_factory=Features)
    agency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryAssignment:
    """Where an article belongs. ``story_id`` None opens a story; ``merged`` stories join into it; ``related`` are shown, never silencing."""

    story_id: int | None
    how: HowAssigned
    score: float = 0.0
    matched_article_id: int | None = None
    merged: tuple[int, ...] = ()
    related: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One article of a story, as later decisions and messages need it."""

    article_id: int
    outlet_id: str
    outlet_name: str
    language: str
    headline: str
    url: str
    at: datetime
    agency: str | None = None
    country: str = ""
    tier: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The cluster of articles on one event. ``reports`` are in the order they were seen, the first one first."""

    story_id: int
    first_at: datetime
    last_at: datetime
    reports: tuple[Report, ...]

    @property
    def outlets(self) -> tuple[str, ...]:
        """Outlet ids in order of appearance."""
        return tuple(dict.fromkeys(r.outlet_id for r in self.reports))

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages in order of appearance."""
        return tuple(dict.fromkeys(r.language for r in self.reports))

    @property
    def voices(self) -> int:
        """How many independent sources tell it: outlets with one agency's text count once."""
        return len({f"agency:{r.agency}" if r.agency else r.outlet_id for r in self.reports})

"""Matches articles against a rule set: one pass over the text for all rules at once, then a closer look at those it may concern."""

from __future__ import annotations

import gc
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from crawler.model import Article
from monitor.errors import ConfigError, Problem, QueryError
from monitor.model import Entity, Evidence, Findings, Match, Mention, Rule, RuleSet, Span, Theme
from monitor.rules.anchors import anchors, cost_by
from monitor.rules.evaluate import Anchor, Evaluation, Proof
from monitor.rules.lexer import Writings
from monitor.rules.nodes import EntityRef, Node
from monitor.rules.parser import parse
from monitor.rules.reading import Reading
from monitor.rules.relevance import relevance
from monitor.rules.scanner import Scanner
from monitor.rules.vocabulary import Vocabulary, track
from monitor.text.languages import UNKNOWN, primary

MOST_PASSAGES: Final = 10_000
"""Passages a match or mention names at most, the first ones: more are no proof but a burden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A rule with its parsed query, and what its theme asks of an article."""

    rule: Rule
    node: Node
    languages: frozenset[str]
    min_relevance: int

    def wants(self, language: str) -> bool:
        """Whether the theme covers articles of a language; of an unknown one it may."""
        return not self.languages or language in self.languages or language == UNKNOWN


class Engine:
    """A compiled rule set. It holds no state of the articles it has seen: any thread may ask it."""

    def __init__(
        self, rules: Sequence[CompiledRule], vocabulary: Vocabulary, version: str, frequencies: Mapping[str, int] | None = None
    ) -> None:
        self.rules, self.vocabulary, self.version = tuple(rules), vocabulary, version
        cost = cost_by(frequencies, lambda entity_id: (name.search.term for name in vocabulary.entities[entity_id].names))
        by_anchor: dict[Anchor, list[int]] = {}
        by_entity: dict[str, list[int]] = {}
        for index, rule in enumerate(self.rules):
            for leaf in dict.fromkeys(anchors(rule.node, cost) or ()):
                if isinstance(leaf, EntityRef):
                    by_entity.setdefault(leaf.entity_id, []).append(index)
                else:
                    by_anchor.setdefault(leaf, []).append(index)
        named = [(name, entity_id) for entity_id, entity in vocabulary.entities.items() for name in entity.names]
        self._by_entity, self._entities_of = by_entity, tuple(entity_id for _, entity_id in named)
        self._order = {entity_id: place for place, entity_id in enumerate(vocabulary.entities)}
        self._anchors: tuple[Anchor, ...] = (*(name for name, _ in named), *by_anchor)  # every alias first, then what rules are found by
        self._rules_of = _Lists(by_anchor.values())
        self._scanned = frozenset(self._anchors)
        self._scanner = Scanner(self._anchors)

    def match(self, article: Article) -> Findings:
        """Return the mentions and matches of one article."""
        reading = Reading(article)
        seen = self._scanner.seen(reading)
        candidates: set[int] = set()
        named: set[str] = set()
        aliases = len(self._entities_of)
        for place in seen:
            if place < aliases:
                named.add(self._entities_of[place])
            else:
                candidates.update(self._rules_of[place - aliases])
        for entity_id in named:
            candidates.update(self._by_entity.get(entity_id, ()))
        evaluation = Evaluation(
            reading, self.vocabulary, scanned=self._scanned, seen={self._anchors[place]: spots for place, spots in seen.items()}
        )
        return find(
            evaluation, [self.rules[index] for index in sorted(candidates)], sorted(named, key=self._order.__getitem__), self.version
        )

    def match_by_asking_all(self, article: Article) -> Findings:
        """Return what ``match`` does, by asking every rule: what the fast way is held against."""
        return find(Evaluation(Reading(article), self.vocabulary), self.rules, self.vocabulary.entities, self.version)


class _Lists:
    """Many short lists of numbers in two flat arrays: a tuple for each of 200,000 would take five times the memory."""

    def __init__(self, lists: Iterable[Sequence[int]]) -> None:
        self._starts, self._numbers = array("I", [0]), array("I")
        for numbers in lists:
            self._numbers.extend(numbers)
            self._starts.append(len(self._numbers))

    def __getitem__(self, place: int) -> Sequence[int]:
        return self._numbers[self._starts[place] : self._starts[place + 1]]


def find(evaluation: Evaluation, rules: Iterable[CompiledRule], entities: Iterable[str], version: str) -> Findings:
    """Put rules and entities to one article."""
    language = evaluation.reading.language
    matches: list[Match] = []
    below: list[Match] = []
    for rule in rules:
        if rule.wants(language) and evaluation.is_true(rule.node):
            match = proven(evaluation, rule.node, rule.rule.rule_id, rule.rule.theme_id)
            (matches if match.relevance >= rule.min_relevance else below).append(match)
    mentions = tuple(mention for entity_id in entities if (mention := _mention(evaluation, entity_id)) is not None)
    return Findings(mentions=mentions, matches=tuple(matches), version=version, below=tuple(below))


def _mention(evaluation: Evaluation, entity_id: str) -> Mention | None:
    hits = evaluation.mentions(entity_id)
    if not hits:
        return None
    places = [evaluation.reading.original((hit.start, hit.end)) for hit in hits[:MOST_PASSAGES]]
    return Mention(entity_id=entity_id, spans=tuple(Span(field=f, start=s, end=e, surface=x) for f, s, e, x in places))


def proven(evaluation: Evaluation, node: Node, rule_id: str, theme_id: str) -> Match:
    """Return the match of a query that is true, with its evidence in reading order, each passage once."""
    proof = Proof()
    evaluation.prove(node, proof)
    reading = evaluation.reading
    evidence = []
    for spot in sorted(proof.hits)[:MOST_PASSAGES]:
        _, _, term, alias = proof.hits[spot]
        field, start, end, surface = reading.original(spot)
        distances = tuple(sorted({(half + 1) // 2 for half in proof.halves[spot]})) if spot in proof.halves else ()
        evidence.append(Evidence(term=term, alias=alias, field=field, start=start, end=end, surface=surface, distances=distances))
    return Match(rule_id=rule_id, theme_id=theme_id, relevance=relevance(reading, proof.hits), evidence=tuple(evidence))


# ---- compiling


def compile_rules(rules: RuleSet, *, frequencies: Mapping[str, int] | None = None) -> Engine:
    """Build the engine of a rule set; raise ``ConfigError`` with every problem of every query and alias.

    ``frequencies`` says in how many articles a search token (``monitor.text.tokens``) stands, from the archive where there is one.
    """
    with _uncollected():
        writings: Writings = {}
        tracked, wrong = track(rules.entities, writings)
        known = {entity.entity_id for entity in rules.entities}
        compiled: list[CompiledRule] = []
        for theme in rules.themes:
            compiled += _compile_theme(theme, known, writings, wrong)
        if wrong:
            raise ConfigError(wrong)
        return Engine(compiled, Vocabulary(tracked), rules.version, frequencies)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Spare the garbage collector looking again and again through a growing rule set, in which nothing is garbage: a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _compile_theme(theme: Theme, known: Collection[str], writings: Writings, wrong: list[Problem]) -> list[CompiledRule]:
    compiled: list[CompiledRule] = []
    languages = frozenset(map(primary, theme.languages))
    for rule in theme.rules:
        try:
            node = parse(rule.query, entities=known, place=rule.place, writings=writings)
        except QueryError as error:
            wrong += error.problems
        else:
            compiled.append(CompiledRule(rule=rule, node=node, languages=languages, min_relevance=theme.min_relevance))
    return compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query by itself, as a search of the archive asks it."""

    node: Node
    vocabulary: Vocabulary

    def match(self, article: Article) -> Match | None:
        """Return the match of an article, with rule id "query", or None."""
        evaluation = Evaluation(Reading(article), self.vocabulary)
        return proven(evaluation, self.node, "query", "") if evaluation.is_true(self.node) else None


def compile_query(query: str, entities: Sequence[Entity] = ()) -> Query:
    """Make one query ready; raise ``QueryError`` for what is wrong with it, ``ConfigError`` for what is wrong with the entities."""
    writings: Writings = {}
    tracked, wrong = track(entities, writings)
    if wrong:
        raise ConfigError(wrong)
    return Query(node=parse(query, entities={entity.entity_id for entity in entities}, writings=writings), vocabulary=Vocabulary(tracked))

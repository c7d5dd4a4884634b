"""Matches articles against a rule set: one pass over the text for all rules at once, then a closer look at those it may concern."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from crawler.model import Article
from monitor.errors import ConfigError, Problem, QueryError
from monitor.model import Entity, Evidence, Findings, Match, Mention, Rule, RuleSet, Span, Theme
from monitor.rules.evaluate import Evaluation
from monitor.rules.lexer import Writings
from monitor.rules.nodes import Node
from monitor.rules.parser import parse
from monitor.rules.proximity import Hit
from monitor.rules.reading import Original, Reading, Spot
from monitor.rules.relevance import relevance
from monitor.rules.vocabulary import Vocabulary, track
from monitor.text.languages import UNKNOWN, primary


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

    def __init__(self, rules: Sequence[CompiledRule], vocabulary: Vocabulary, version: str) -> None:
        self.rules, self.vocabulary, self.version = tuple(rules), vocabulary, version

    def match(self, article: Article) -> Findings:
        """Return the mentions and matches of one article."""
        evaluation = Evaluation(Reading(article), self.vocabulary)
        return find(evaluation, self.rules, self.vocabulary.entities, self.version)


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
    places = [evaluation.reading.original((hit.start, hit.end)) for hit in hits]
    return Mention(entity_id=entity_id, spans=tuple(Span(field=f, start=s, end=e, surface=x) for f, s, e, x in places))


def proven(evaluation: Evaluation, node: Node, rule_id: str, theme_id: str) -> Match:
    """Return the match of a query that is true, with its evidence in reading order, each passage once."""
    found: dict[Spot, tuple[Hit, list[int]]] = {}
    for hit, halves in evaluation.evidence(node):
        _, distances = found.setdefault((hit.start, hit.end), (hit, []))
        if halves is not None:
            distances.append((halves + 1) // 2)
    reading = evaluation.reading
    evidence = [_evidence(hit, reading.original(spot), distances) for spot, (hit, distances) in sorted(found.items())]
    return Match(rule_id=rule_id, theme_id=theme_id, relevance=relevance(reading, found), evidence=tuple(evidence))


def _evidence(hit: Hit, place: Original, distances: Iterable[int]) -> Evidence:
    return Evidence(
        term=hit.term,
        alias=hit.alias,
        field=place.field,
        start=place.start,
        end=place.end,
        surface=place.surface,
        distances=tuple(dict.fromkeys(distances)),
    )


# ---- compiling


def compile_rules(rules: RuleSet, *, frequencies: Mapping[str, int] | None = None) -> Engine:
    """Build the engine of a rule set; raise ``ConfigError`` with every problem of every query and alias.

    ``frequencies`` says in how many articles a search token (``monitor.text.tokens``) stands, from the archive where there is one.
    """
    writings: Writings = {}
    tracked, wrong = track(rules.entities, writings)
    known = {entity.entity_id for entity in rules.entities}
    compiled: list[CompiledRule] = []
    for theme in rules.themes:
        compiled += _compile_theme(theme, known, writings, wrong)
    if wrong:
        raise ConfigError(wrong)
    return Engine(compiled, Vocabulary(tracked), rules.version)


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

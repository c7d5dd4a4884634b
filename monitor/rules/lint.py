"""Says what is wrong with a rule set before it is used, and what is likely not meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from crawler.model import Article, Place
from monitor.errors import ConfigError, Problem
from monitor.model import Alias, Entity, Example, Rule, RuleSet, Theme
from monitor.rules.anchors import anchors, cost_by
from monitor.rules.engine import Engine, compile_rules
from monitor.rules.lexer import Distance, Lexer, Token
from monitor.rules.mistakes import Doubt, Mistake, problems
from monitor.rules.nodes import Term, show
from monitor.rules.parser import parse
from monitor.text.boundaries import KINDS, Kind, is_bounded
from monitor.text.fold import fold

FARTHEST_WISE: Final = 30
COMMON_SHARE: Final = 0.2
IDLE_AFTER: Final = 10_000
"""Articles without a match after which a rule is worth a look."""

_LONGEST_CAPITALS: Final = 4
_MOST_TOLD: Final = 3
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


def check(rules: RuleSet) -> list[Problem]:
    """Return every error: of queries and aliases, and where there is none, the examples that do not hold."""
    try:
        engine = compile_rules(rules)
    except ConfigError as error:
        return list(error.problems)
    return [
        problem for theme in rules.themes for example in theme.examples if (problem := _check_example(engine, theme, example)) is not None
    ]


def _check_example(engine: Engine, theme: Theme, example: Example) -> Problem | None:
    found = engine.match(example_article(example))
    if example.should_match == any(match.theme_id == theme.theme_id for match in found.matches):
        return None
    below = next((match for match in found.below if match.theme_id == theme.theme_id), None)
    if below is not None:
        message = f"relevance is {below.relevance}, the theme asks for {theme.min_relevance}"
    elif example.should_match:
        message = "no rule of the theme matches this example"
    else:
        match = next(match for match in found.matches if match.theme_id == theme.theme_id)
        terms = ", ".join(dict.fromkeys(f"{evidence.term} ({evidence.surface})" for evidence in match.evidence))
        message = f"this example is to be ignored, but '{match.rule_id}' matches by {terms}"
    place = example.place or theme.place or Place(file="themes.yaml", line=1)
    hint = f"see why: presswatch rules explain {theme.theme_id} --lang {example.language} --text '…'"
    return Problem(
        place=place.file,
        line=place.line,
        column=place.column,
        message=message,
        source_line=" " * (place.column - 1) + example.text.split("\n")[0],
        hint=hint,
    )


def example_article(example: Example) -> Article:
    """Return an example as an article."""
    return Article(
        key="example",
        url="https://example.org/",
        outlet_id="example",
        source_id="example#0",
        headline=example.title,
        text=example.text,
        language=example.language,
        seen_at=_LONG_AGO,
    )


# ---- what is likely not meant


def warnings(
    rules: RuleSet, *, frequencies: Mapping[str, int] | None = None, articles: int = 0, matched: Mapping[str, int] | None = None
) -> list[Problem]:
    """Return what is allowed and likely not meant, of a rule set without errors.

    With ``frequencies`` (articles that hold a search token) of an archive of so many ``articles`` also terms too common to look for; with
    ``matched`` (rule id to matches among the last ``IDLE_AFTER`` articles) also rules that find nothing.
    """
    known = {entity.entity_id for entity in rules.entities}
    doubts = [doubt for entity in rules.entities for doubt in _of_entity(entity)]
    doubts += _insides(rules.entities)
    for theme in rules.themes:
        for rule in theme.rules:
            doubts += problems(_of_query(rule.query, known), rule.query, rule.place)
            doubts += _too_common(rule, rules, frequencies, articles)
            if matched is not None and not matched.get(rule.rule_id):
                doubts += problems(
                    [Mistake(Doubt.IDLE, 0, f"no match in the last {IDLE_AFTER:,} articles", "see why: presswatch rules explain")],
                    rule.query,
                    rule.place,
                )
    return doubts


def _of_query(query: str, entities: set[str]) -> Iterator[Mistake]:
    for token in Lexer(query, entities, {}).tokens():
        if isinstance(token.value, Term) and _is_shouted(token.value.text, is_exact=token.value.is_exact):
            term = token.value.text
            yield Mistake(Doubt.CAPITALS, token.at, f"'{term}' also finds '{term.lower()}'", f"write ={term} for these capitals only")
        elif isinstance(token.value, Distance) and token.value.most > FARTHEST_WISE:
            yield _far(token, token.value)


def _far(token: Token, distance: Distance) -> Mistake:
    return Mistake(
        Doubt.FAR, token.at, f"{distance.most} words apart is hardly near", f"NEAR/s or NEAR/p, or at most {FARTHEST_WISE} words"
    )


def _is_shouted(text: str, *, is_exact: bool) -> bool:
    return not is_exact and 1 < len(text) <= _LONGEST_CAPITALS and text.isalpha() and text.isupper()


def _of_entity(entity: Entity) -> Iterator[Problem]:
    for aliases in entity.aliases.values():
        for alias in aliases:
            name = alias.term.strip('"')
            doubts: list[Mistake] = []
            if alias.near is None and _is_shouted(name, is_exact=False):
                doubts.append(
                    Mistake(Doubt.CAPITALS, 0, f"'{name}' also finds '{name.lower()}'", f'write "={name}" for these capitals only')
                )
            if alias.near is None and len(name) == 1 and KINDS[name] is Kind.SPACELESS:
                doubts.append(
                    Mistake(
                        Doubt.ONE_CHARACTER, 0, f"'{name}' stands inside many other words", "write the full name, or anchor it with near:"
                    )
                )
            yield from problems(doubts, alias.term, alias.place or entity.place)


def _insides(entities: tuple[Entity, ...]) -> list[Problem]:
    """Say of each entity which of its aliases stand inside aliases of others, so that both are found at once; once for each entity."""
    names = [
        (entity, alias, fold(_bare(alias)))
        for entity in entities
        for aliases in entity.aliases.values()
        for alias in aliases
        if alias.near is None
    ]
    by_name: dict[str, list[tuple[Entity, Alias]]] = {}
    for entity, alias, folded in names:
        by_name.setdefault(folded, []).append((entity, alias))
    found: dict[str, dict[str, tuple[Entity, Alias, Alias]]] = {}
    for outer, outer_alias, folded in names:
        for inner, alias in _inside(folded, by_name):
            if inner.entity_id != outer.entity_id and folded not in {fold(phrase.strip('"')) for phrase in inner.excluded}:
                found.setdefault(inner.entity_id, {}).setdefault(outer.entity_id, (inner, alias, outer_alias))
    return [problem for entity in entities if entity.entity_id in found for problem in _told_once(found[entity.entity_id])]


def _told_once(outers: Mapping[str, tuple[Entity, Alias, Alias]]) -> tuple[Problem, ...]:
    inner, first, _ = next(iter(outers.values()))
    shown = ", ".join(f"'{outer.term}' of @{entity_id}" for entity_id, (_, _, outer) in list(outers.items())[:_MOST_TOLD])
    more = f" and of {len(outers) - _MOST_TOLD} more" if len(outers) > _MOST_TOLD else ""
    hint = f"list under 'not:' the phrases in which @{inner.entity_id} is not meant"
    return problems(
        [Mistake(Doubt.INSIDE, 0, f"an alias of @{inner.entity_id} stands inside {shown}{more}", hint)],
        first.term,
        first.place or inner.place,
    )


def _bare(alias: Alias) -> str:
    return alias.term.removeprefix("=").strip('"~*')


def _inside(folded: str, names: Mapping[str, list[tuple[Entity, Alias]]]) -> Iterator[tuple[Entity, Alias]]:
    """Yield the aliases that stand, as words of their own, in a folded one."""
    for start in range(len(folded)):
        for end in range(start + 1, len(folded) + 1):
            if folded[start:end] in names and is_bounded(folded, start, end):
                yield from names[folded[start:end]]


def _too_common(rule: Rule, rules: RuleSet, frequencies: Mapping[str, int] | None, articles: int) -> tuple[Problem, ...]:
    """Say which rule can be found only by terms that stand in more than a fifth of the archive."""
    if not frequencies or not articles:
        return ()
    node = parse(rule.query, entities={entity.entity_id for entity in rules.entities})
    cost = cost_by(frequencies, lambda _: ())
    common = [leaf for leaf in anchors(node, cost) or () if isinstance(leaf, Term) and cost(leaf) > COMMON_SHARE * articles]
    said = [
        Mistake(Doubt.COMMON, 0, f"{show(leaf)} stands in {cost(leaf) / articles:.0%} of the archive", "add a rarer term with AND")
        for leaf in common[:1]
    ]
    return problems(said, rule.query, rule.place)

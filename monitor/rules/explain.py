"""Shows how a rule answers one article: every branch with yes or no, the nearest miss, and a hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from crawler.model import Article
from monitor.model import Match, Span
from monitor.rules.engine import CompiledRule, Engine, proven
from monitor.rules.evaluate import Evaluation, Proof, Ranges
from monitor.rules.misses import Miss, near_miss, term_miss, unmet
from monitor.rules.nodes import And, AtLeast, EntityRef, Meta, Near, Node, Not, Or, Pattern, Scoped, Term, show
from monitor.rules.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One part of a query and its answer: the passages that prove it or, where it fails, what came nearest and what might help."""

    query: str
    is_true: bool
    passages: tuple[Span, ...] = ()
    note: str = ""
    hint: str = ""
    children: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAnswer:
    """A rule's answer to one article; ``match`` is there when its query holds, ``obstacle`` when something beside the query stands in the way."""

    rule_id: str
    branch: Branch
    match: Match | None
    obstacle: str = ""

    @property
    def is_match(self) -> bool:
        return self.match is not None and not self.obstacle


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What the rules of a theme, or one rule, say of one article."""

    target: str
    language: str
    answers: tuple[RuleAnswer, ...]

    @property
    def is_match(self) -> bool:
        return any(answer.is_match for answer in self.answers)


def explain(engine: Engine, theme_or_rule: str, article: Article) -> Explanation:
    """Put a theme's rules, or one rule, to an article; raise ``LookupError`` where the engine has no such theme or rule."""
    rules = [rule for rule in engine.rules if theme_or_rule in {rule.rule.theme_id, rule.rule.rule_id}]
    if not rules:
        raise LookupError(f"there is no theme or rule '{theme_or_rule}'")
    evaluation = Evaluation(Reading(article), engine.vocabulary)
    return Explanation(target=theme_or_rule, language=article.language, answers=tuple(_answer(evaluation, rule) for rule in rules))


def _answer(evaluation: Evaluation, rule: CompiledRule) -> RuleAnswer:
    match = None
    obstacle = ""
    if evaluation.is_true(rule.node):
        match = proven(evaluation, rule.node, rule.rule.rule_id, rule.rule.theme_id)
        if match.relevance < rule.min_relevance:
            obstacle = f"relevance is {match.relevance}, the theme asks for {rule.min_relevance}"
    if not rule.wants(evaluation.reading.language):
        obstacle = f"the article is in {evaluation.reading.language}, the theme asks for {', '.join(sorted(rule.languages))}"
    return RuleAnswer(rule_id=rule.rule.rule_id, branch=_branch(evaluation, rule.node, None), match=match, obstacle=obstacle)


def _branch(evaluation: Evaluation, node: Node, within: Ranges | None) -> Branch:
    is_true = evaluation.is_true(node, within)
    miss = Miss() if is_true else _miss(evaluation, node, within)
    return Branch(
        query=show(node),
        is_true=is_true,
        passages=_passages(evaluation, node, within, is_true=is_true),
        note=miss.note,
        hint=miss.hint,
        children=tuple(_branch(evaluation, child, inner) for child, inner in _parts(evaluation, node, within)),
    )


def _parts(evaluation: Evaluation, node: Node, within: Ranges | None) -> Iterator[tuple[Node, Ranges | None]]:
    match node:
        case And() | Or():
            yield from ((child, within) for child in node.children)
        case Near():
            yield from ((node.left, within), (node.right, within))
        case Scoped():
            if not isinstance(node.child, Term | Pattern | EntityRef):
                yield node.child, evaluation.narrow(node, within)
        case Not() | AtLeast():
            yield node.child, within
        case Term() | Pattern() | EntityRef() | Meta():
            pass
        case _:
            assert_never(node)


def _passages(evaluation: Evaluation, node: Node, within: Ranges | None, *, is_true: bool) -> tuple[Span, ...]:
    """Return what a part that holds has found; of AND and OR their parts tell it."""
    if not is_true or isinstance(node, And | Or | Not | Meta):
        return ()
    proof = Proof()
    evaluation.prove(node, proof, within)
    places = [evaluation.reading.original(spot) for spot in sorted(proof.hits)]
    return tuple(Span(field=field, start=start, end=end, surface=surface) for field, start, end, surface in places)


def _miss(evaluation: Evaluation, node: Node, within: Ranges | None) -> Miss:
    """Return what came nearest to a part that does not hold; of AND and OR their parts tell it."""
    match node:
        case Term() | EntityRef() | Pattern():
            miss = term_miss(evaluation, node, within)
        case Scoped() if isinstance(node.child, Term | Pattern | EntityRef):
            miss = term_miss(evaluation, node.child, evaluation.narrow(node, within))
        case Near():
            miss = near_miss(evaluation, node, within)
        case AtLeast():
            found = len(evaluation.occurrences(node.child, within))
            miss = Miss(f"{found} found, {node.count} asked for") if found else Miss()
        case Not():
            miss = Miss("what must not be there is there")
        case Meta():
            miss = Miss(unmet(evaluation.reading, node))
        case _:
            miss = Miss()
    return miss


# ---- as text


def lines(explanation: Explanation) -> Iterator[str]:
    """Yield an explanation as a person reads it: a tree of yes and no."""
    for answer in explanation.answers:
        verdict = "MATCH" if answer.is_match else "NO MATCH"
        relevance = f" (relevance {answer.match.relevance})" if answer.match else ""
        yield f"{answer.rule_id}: {verdict}{relevance} in {explanation.language}"
        if answer.obstacle:
            yield f"  {answer.obstacle}"
        yield from _tree(answer.branch, depth=1)


def _tree(branch: Branch, *, depth: int) -> Iterator[str]:
    indent = "  " * depth
    yield f"{indent}{'yes' if branch.is_true else 'no '} {_shortened(branch.query)}{_told(branch.passages)}"
    if branch.note:
        yield f"{indent}    nearest: {branch.note}"
    if branch.hint:
        yield f"{indent}    hint: {branch.hint}"
    for child in _worth_showing(branch.children):
        yield from _tree(child, depth=depth + 1)


_MANY = 6
_WIDEST = 100


def _worth_showing(children: Sequence[Branch]) -> Iterable[Branch]:
    """Of a long list show what holds and what nearly did."""
    if len(children) <= _MANY:
        return children
    return [child for child in children if child.is_true or child.note] or children[:_MANY]


def _shortened(query: str) -> str:
    return query if len(query) <= _WIDEST else f"{query[: _WIDEST - 1]}…"


def _told(passages: Sequence[Span]) -> str:
    if not passages:
        return ""
    shown = ", ".join(f"{span.field} {span.start}-{span.end} «{span.surface}»" for span in passages[:_MANY])
    return f": {shown}{' …' if len(passages) > _MANY else ''}"

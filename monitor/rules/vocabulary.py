"""The terms and entities of a rule set, made ready to be found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crawler.model import Place
from monitor.errors import Problem, QueryError
from monitor.model import Alias, Entity
from monitor.rules.lexer import FARTHEST, Writings
from monitor.rules.mistakes import Code, Mistake, problems
from monitor.rules.nodes import And, AtLeast, EntityRef, Meta, Near, Node, Not, Or, Scoped, Term, Unit
from monitor.rules.parser import parse, unfit
from monitor.rules.terms import TermSearch, term_mistake
from monitor.text.languages import applies

_QUOTES = '"„“”«»'


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Name:
    """One alias of an entity: for articles in ``language`` ("*" any), with ``near`` only where that is near."""

    search: TermSearch
    language: str
    near: Node | None = None
    unit: Unit = Unit.SENTENCE
    most: int = 0

    @property
    def shown(self) -> str:
        """The alias as the evidence names it."""
        return self.search.term.text


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tracked:
    """An entity with its names, and the phrases in which a name means something else."""

    entity_id: str
    names: tuple[Name, ...]
    excluded: tuple[TermSearch, ...]
    shown: str
    _chosen: dict[str, tuple[Name, ...]] = field(default_factory=dict)

    def names_in(self, language: str) -> tuple[Name, ...]:
        """Return the names that count in an article of a language."""
        found = self._chosen.get(language)
        if found is None:
            found = self._chosen[language] = tuple(name for name in self.names if applies(name.language, language))
        return found


class Vocabulary:
    """Every term of a rule set once, and its entities by id."""

    def __init__(self, entities: Iterable[Tracked] = ()) -> None:
        self.entities = {entity.entity_id: entity for entity in entities}
        self._searches: dict[Term, TermSearch] = {}

    def search(self, term: Term) -> TermSearch:
        """Return a term ready to be found; made when first asked for."""
        found = self._searches.get(term)
        if found is None:
            found = self._searches[term] = TermSearch(term)
        return found


def track(entities: Sequence[Entity], writings: Writings) -> tuple[list[Tracked], list[Problem]]:
    """Make entities ready; return with them what is wrong with their aliases, anchors and excluded phrases."""
    known = {entity.entity_id for entity in entities}
    wrong: list[Problem] = []
    tracked = [
        Tracked(
            entity_id=entity.entity_id,
            shown=f"@{entity.entity_id}",
            names=tuple(
                name
                for language, aliases in entity.aliases.items()
                for alias in aliases
                if (name := _name(alias, language, entity, known, writings, wrong)) is not None
            ),
            excluded=tuple(
                TermSearch(term)
                for phrase in entity.excluded
                if (term := _term(phrase, entity.place, wrong, may_be_short=False)) is not None
            ),
        )
        for entity in entities
    ]
    wrong += _circles(entities, tracked)
    return tracked, wrong


def _name(alias: Alias, language: str, entity: Entity, known: set[str], writings: Writings, wrong: list[Problem]) -> Name | None:
    place = alias.place or entity.place
    term = _term(alias.term, place, wrong, may_be_short=alias.near is not None or alias.term.startswith("="))
    if term is None:
        return None
    if alias.near is None:
        return Name(search=TermSearch(term), language=language)
    distance = _distance(alias.within)
    if distance is None:
        mistake = Mistake(
            Code.NEAR, 0, f"within: {alias.within} is no distance", f"0 to {FARTHEST} words, s for the sentence, p for the paragraph"
        )
        wrong += problems([mistake], alias.term, place)
        return None
    anchor = _anchor(alias.near, place, known, writings, wrong)
    return None if anchor is None else Name(search=TermSearch(term), language=language, near=anchor, unit=distance[0], most=distance[1])


def _term(text: str, place: Place | None, wrong: list[Problem], *, may_be_short: bool) -> Term | None:
    """Read an alias: a word, a phrase with or without quotation marks, or one of them behind ``=``."""
    is_exact = text.startswith("=")
    bare = text.removeprefix("=").strip()
    if len(bare) > 1 and bare[0] in _QUOTES and bare[-1] in _QUOTES:
        bare = bare[1:-1]
    bare = " ".join(bare.split())
    mistake = term_mistake(bare, 0, is_phrase=True)
    if mistake is None or (mistake.code is Code.SHORT and may_be_short):
        return Term(text=bare, is_exact=is_exact, is_phrase=" " in bare)
    wrong += problems([mistake], text, place)
    return None


def _distance(within: int | str | None) -> tuple[Unit, int] | None:
    if within is None or within == "s":
        return Unit.SENTENCE, 0
    if within == "p":
        return Unit.PARAGRAPH, 0
    if isinstance(within, str):
        within = int(within) if within.isascii() and within.isdigit() and len(within) <= 4 else -1
    return (Unit.WORDS, within) if 0 <= within <= FARTHEST else None


def _anchor(near: str, place: Place | None, known: set[str], writings: Writings, wrong: list[Problem]) -> Node | None:
    try:
        node = parse(near, entities=known, place=place, writings=writings)
    except QueryError as error:
        wrong += error.problems
        return None
    bad = unfit(node)
    if bad is None:
        return node
    wrong += problems(
        [Mistake(Code.NEAR_OPERAND, 0, f"an alias cannot be near {bad}", "near: takes a term, phrase, @entity or (A OR B)")], near, place
    )
    return None


def _circles(entities: Sequence[Entity], tracked: Sequence[Tracked]) -> list[Problem]:
    """Say which entities are anchored to each other in a circle; to itself an entity may be: that means its names without anchor."""
    leads = {
        entity.entity_id: {i for name in entity.names if name.near for i in named(name.near)} - {entity.entity_id} for entity in tracked
    }
    wrong: list[Problem] = []
    for entity in entities:
        seen: set[str] = set()
        open_ = set(leads[entity.entity_id])
        while open_:
            one = open_.pop()
            seen.add(one)
            open_ |= leads.get(one, set()) - seen
        if entity.entity_id in seen:
            message = f"the aliases of '{entity.entity_id}' are anchored in a circle"
            wrong += problems([Mistake(Code.ENTITY, 0, message, "let one entity of the circle have names without near:")], "", entity.place)
    return wrong


def named(node: Node) -> set[str]:
    """Return the entities a query names."""
    match node:
        case EntityRef():
            return {node.entity_id}
        case Scoped() | Not() | AtLeast():
            return named(node.child)
        case And() | Or():
            return set().union(*map(named, node.children))
        case Near():
            return named(node.left) | named(node.right)
        case Meta() | _:
            return set()

"""Finds what came nearest to a part of a query that does not hold, and what a person might write instead."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from monitor.model import ANY_LANGUAGE
from monitor.rules.evaluate import Evaluation, Ranges
from monitor.rules.nodes import EntityRef, Meta, MetaField, Near, Node, Term, Unit, operator, show
from monitor.rules.proximity import Group, Hit
from monitor.rules.reading import Reading, Spot
from monitor.rules.terms import run_end, run_start
from monitor.rules.vocabulary import Name, Tracked
from monitor.text.boundaries import KINDS, Kind
from monitor.text.fold import fold
from monitor.text.languages import ENDINGS
from monitor.text.words import halves_between

_UNBOUNDED: Final = 10**9
_MOST_SPOTS: Final = 40
_SHORTEST_STEM: Final = 4
_LONGEST_ENDING: Final = 3


@dataclass(frozen=True, slots=True)
class Miss:
    """What came nearest, and what might help; both may be empty."""

    note: str = ""
    hint: str = ""


# ---- terms and entities


def term_miss(evaluation: Evaluation, node: Node, within: Ranges | None) -> Miss:
    """Return why a term or entity was not found."""
    if within is not None and evaluation.is_true(node):
        return Miss(f"{_surface(evaluation, evaluation.occurrences(node)[0][0])} stands outside of the field asked for")
    if isinstance(node, EntityRef):
        return _entity_miss(evaluation, evaluation.vocabulary.entities[node.entity_id])
    return _word_miss(evaluation, node) if isinstance(node, Term) else Miss()


def _word_miss(evaluation: Evaluation, term: Term) -> Miss:
    reading = evaluation.reading
    if term.is_exact:
        loose = Term(text=term.text, is_phrase=term.is_phrase)
        found = evaluation.hits(loose)
        if found:
            return Miss(f"{_surface(evaluation, found[0])} stands in other letters", f"write {show(loose)} for any case")
    needle = fold(term.text.rstrip("~"), chinese=reading.is_chinese).strip()
    if set("*?") & set(needle) or not needle:
        return Miss()
    at = reading.text.find(needle)
    if at >= 0:
        return _inside_a_word(evaluation, term, (at, at + len(needle)))
    return _other_spelling(evaluation, needle)


def _inside_a_word(evaluation: Evaluation, term: Term, spot: Spot) -> Miss:
    text = evaluation.reading.text
    start, end = run_start(text, spot[0]), run_end(text, spot[1])
    word = _surface(evaluation, (start, end))
    if start == spot[0] and text[spot[1] : end] in ENDINGS.get(evaluation.reading.language, ()):
        return Miss(f"{word} is an inflected form", f"write {show(term)}~ for the endings of the language")
    wild = f"{'*' * (start < spot[0])}{term.text}{'*' * (end > spot[1])}"
    return Miss(f"it stands only inside {word}", f"write {wild} to find it there")


def _other_spelling(evaluation: Evaluation, needle: str) -> Miss:
    """Look for the same letters without accents, and without gaps."""
    text = evaluation.reading.text
    for plain, said in ((_without_marks, "accents"), (_without_gaps, "spaces or hyphens")):
        wanted = plain(needle)
        if len(wanted) < _SHORTEST_STEM:
            continue
        shadow, places = _shadow(text, plain)
        at = shadow.find(wanted)
        while at >= 0:
            spot = places[at], places[at + len(wanted) - 1] + 1
            if _stands_alone(text, spot):
                return Miss(f"{_surface(evaluation, spot)} differs in {said}", "list both spellings with OR, or as aliases")
            at = shadow.find(wanted, at + 1)
    return _other_form(evaluation, needle)


def _other_form(evaluation: Evaluation, needle: str) -> Miss:
    """Look for a word that begins as this one does but for its last letters."""
    text, stem = evaluation.reading.text, needle[: max(_SHORTEST_STEM, len(needle) - _LONGEST_ENDING)]
    if len(stem) < _SHORTEST_STEM or any(KINDS[character] is not Kind.WORD for character in needle):
        return Miss()
    at = text.find(stem)
    while at >= 0:
        end = run_end(text, at)
        if run_start(text, at) == at and text[at:end].isalpha():
            alike = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(needle, text[at:end], strict=False)))
            return Miss(f"{_surface(evaluation, (at, end))} begins alike", f"{alike}* finds every word that does")
        at = text.find(stem, at + 1)
    return Miss()


def _shadow(text: str, plain: Callable[[str], str]) -> tuple[str, list[int]]:
    """Return a text made plain character by character, with where each character comes from."""
    pieces = [(plain(character), at) for at, character in enumerate(text)]
    return "".join(piece for piece, _ in pieces), [at for piece, at in pieces for _ in piece]


def _without_marks(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")


def _without_gaps(text: str) -> str:
    return text.replace(" ", "")


def _stands_alone(text: str, spot: Spot) -> bool:
    return run_start(text, spot[0]) == spot[0] and (KINDS[text[spot[1] - 1]] is not Kind.WORD or run_end(text, spot[1]) == spot[1])


def _entity_miss(evaluation: Evaluation, entity: Tracked) -> Miss:
    reading = evaluation.reading
    names = entity.names_in(reading.article.language)
    for name in names:
        spots = evaluation.spots(name)
        if spots and name.near is not None:
            return _anchor_miss(evaluation, name, name.near, spots[0])
        if spots:
            return Miss(f"{_surface(evaluation, spots[0])} stands inside a phrase that 'not:' excludes")
    for name in entity.names:
        if name not in names and (spots := evaluation.spots(name)):
            note = f"{_surface(evaluation, spots[0])} counts only in articles in {name.language}; this one is in {reading.language}"
            return Miss(note, f"move the alias to '{ANY_LANGUAGE}' if it is the same everywhere")
    return next((miss for name in names if (miss := _word_miss(evaluation, name.search.term)).note), Miss())


def _anchor_miss(evaluation: Evaluation, name: Name, near: Node, spot: Spot) -> Miss:
    surface = _surface(evaluation, spot)
    group = Group(evaluation.occurrences(near))
    if not group.spots:
        return Miss(f"{surface} stands there, but {show(near)} nowhere")
    asked = f"{name.most} words" if name.unit is Unit.WORDS else f"one {_LARGER[name.unit][0]}"
    return Miss(f"{surface} is not within {asked} of {show(near)}: {_apart(evaluation, [spot], group.spots)}")


# ---- NEAR and metadata

_LARGER: Final = {Unit.SENTENCE: ("sentence", "NEAR/p"), Unit.PARAGRAPH: ("paragraph", "AND")}


def near_miss(evaluation: Evaluation, node: Near, within: Ranges | None) -> Miss:
    """Return how far apart the two sides are at best."""
    left, right = Group(evaluation.occurrences(node.left, within)), Group(evaluation.occurrences(node.right, within))
    if not left.spots or not right.spots:
        return Miss()
    if node.is_negated:
        return Miss(f"every {show(node.left)} has {show(node.right)} near it")
    apart = _apart(evaluation, left.spots, right.spots)
    if node.unit is not Unit.WORDS:
        return Miss(f"{apart}, not in one {_LARGER[node.unit][0]}", f"{_LARGER[node.unit][1]} asks for less")
    return Miss(f"{apart}, {operator(node)} asked for" + (" in this order" if node.is_ordered else ""))


def _apart(evaluation: Evaluation, left: Iterable[Spot], right: list[Spot]) -> str:
    """Say how many words stand between the two nearest spots."""
    reading = evaluation.reading
    best = min(_distances(reading, list(left)[:_MOST_SPOTS], right), default=None)
    if best is None:
        return "one side stands in the title, the other in the body"
    halves, first, second = best
    words = (halves + 1) // 2
    return f"{words} {'word' if words == 1 else 'words'} between {_surface(evaluation, first)} and {_surface(evaluation, second)}"


def _distances(reading: Reading, left: Iterable[Spot], right: list[Spot]) -> Iterator[tuple[int, Spot, Spot]]:
    for spot in left:
        for other in right[:_MOST_SPOTS]:
            first, second = (spot, other) if spot <= other else (other, spot)
            if first != second and not first[0] < reading.body_at <= second[0]:
                halves = halves_between(reading.text, first[1], second[0], _UNBOUNDED) if first[1] < second[0] else 0
                yield halves or 0, first, second


def unmet(reading: Reading, node: Meta) -> str:
    """Say what an article has in the place of the metadata asked for."""
    article = reading.article
    has = {
        MetaField.LANG: article.language,
        MetaField.SITE: article.url,
        MetaField.SECTION: article.section or "",
        MetaField.AUTHOR: ", ".join(article.authors),
    }[node.field]
    return f"the article has {node.field.value} '{has}'" if has else f"the article has no {node.field.value}"


def _surface(evaluation: Evaluation, spot: Spot | Hit) -> str:
    return f"«{evaluation.reading.original((spot[0], spot[1]))[3]}»"

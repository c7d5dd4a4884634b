"""Chooses by which terms a rule is found, its anchors: the rarest part of it that must be there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias, assert_never

from monitor.rules.nodes import And, AtLeast, EntityRef, Leaf, Meta, Near, Node, Not, Or, Pattern, Scoped, Term
from monitor.text.tokens import search_tokens

Cost: TypeAlias = Callable[[Leaf], float]

_ENTITY: Final = 2.0**-7
_PATTERN: Final = 0.5
_MOST_LETTERS: Final = 14
_LETTERS_OF_ONE: Final = 3  # a Chinese or Korean character tells as much as three letters
_FIRST_OF_DENSE: Final = "\u2e80"
_WILD: Final = frozenset("*?~")


def anchors(node: Node, cost: Cost) -> list[Leaf] | None:
    """Return leaves one of which every match holds, the cheapest there are; None where nothing must be there."""
    found = _anchors(node, cost)
    return found[1] if found else None


def _anchors(node: Node, cost: Cost) -> tuple[float, list[Leaf]] | None:
    match node:
        case Term() | Pattern() | EntityRef():
            return cost(node), [node]
        case And():
            return _cheapest(node.children, cost)
        case Or():
            return _all(node.children, cost)
        case Near():
            return _anchors(node.left, cost) if node.is_negated else _cheapest((node.left, node.right), cost)
        case Scoped() | AtLeast():
            return _anchors(node.child, cost)
        case Not() | Meta():
            return None
        case _:
            assert_never(node)


def _cheapest(children: Sequence[Node], cost: Cost) -> tuple[float, list[Leaf]] | None:
    found = [part for child in children if (part := _anchors(child, cost)) is not None]
    return min(found, key=_price, default=None)


def _all(children: Sequence[Node], cost: Cost) -> tuple[float, list[Leaf]] | None:
    price, leaves = 0.0, list[Leaf]()
    for child in children:
        part = _anchors(child, cost)
        if part is None:
            return None
        price += part[0]
        leaves += part[1]
    return price, leaves


def cost_by(frequencies: Mapping[str, int] | None, names: Callable[[str], Iterable[Term]]) -> Cost:
    """Return what estimates how many articles hold a leaf: counted in an archive (by search token), guessed from its length without one.

    ``names`` returns the terms an entity goes by.
    """
    if not frequencies:
        return _guess
    most = max(frequencies.values())

    def count(leaf: Leaf) -> float:
        if isinstance(leaf, EntityRef):
            return sum(map(count, names(leaf.entity_id)))
        if isinstance(leaf, Pattern):
            return _guess(leaf) * most
        words = [word for word in leaf.text.split() if not _WILD.intersection(word)]
        if not words:
            return _guess(leaf) * most
        # A phrase stands in no more articles than its rarest word.
        return min((frequencies.get(token, 0) for token in _whole_tokens(" ".join(words))), default=0) + _guess(leaf)

    return count


def _whole_tokens(text: str) -> list[str]:
    """Return a term's tokens without the single characters that end a run."""
    tokens = search_tokens(text)
    return [token for token in tokens if len(token) > 1] or tokens


def _guess(leaf: Leaf) -> float:
    if isinstance(leaf, EntityRef):
        return _ENTITY
    if isinstance(leaf, Pattern):
        return _PATTERN
    letters = len(leaf.text) * (_LETTERS_OF_ONE if leaf.text[-1] >= _FIRST_OF_DENSE else 1)
    return 2.0 ** -min(letters, _MOST_LETTERS)


def _price(part: tuple[float, list[Leaf]]) -> float:
    return part[0]

"""Chooses by which terms a rule is found: the anchors, the rarest part of it that must be there, and looks for all of them in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.rules.nodes import And, AtLeast, EntityRef, Leaf, Meta, Near, Node, Not, Or, Pattern, Scoped, Term

Cost = Callable[[Leaf], float]


def anchors(node: Node, cost: Cost) -> tuple[float, tuple[Leaf, ...]] | None:
    """Return leaves one of which every match holds, with what they cost; None where nothing must be there."""
    match node:
        case Term() | Pattern() | EntityRef():
            return cost(node), (node,)
        case And():
            return _cheapest(node.children, cost)
        case Near():
            return anchors(node.left, cost) if node.is_negated else _cheapest((node.left, node.right), cost)
        case Or():
            parts = [anchors(child, cost) for child in node.children]
            found = [part for part in parts if part is not None]
            return (sum(part[0] for part in found), tuple(leaf for part in found for leaf in part[1])) if len(found) == len(parts) else None
        case Scoped() | AtLeast():
            return anchors(node.child, cost)
        case Not() | Meta():
            return None


def _cheapest(children: Sequence[Node], cost: Cost) -> tuple[float, tuple[Leaf, ...]] | None:
    found = [part for child in children if (part := anchors(child, cost)) is not None]
    return min(found, key=lambda part: part[0], default=None)

"""How likely a block belongs to the article: small decision trees, fitted by ``tests.benchmarks.extraction_fit`` and kept as data."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from crawler.extract.features import NAMES

Node: TypeAlias = "tuple[int, float, Node, Node] | float"

_EARLY = 20
_HOPELESS = -2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Trees whose answers add up to the log-odds; a node is (feature, threshold, at most it, above it), a leaf a number."""

    start: float
    trees: tuple[Node, ...]

    def odds(self, row: Sequence[float]) -> float:
        """Return a block's log-odds; what the first trees call hopeless, the rest are not asked about."""
        total = self.start + _sum(self.trees[:_EARLY], row)
        return total if total < _HOPELESS else total + _sum(self.trees[_EARLY:], row)


def _sum(trees: tuple[Node, ...], row: Sequence[float]) -> float:
    total = 0.0
    for tree in trees:
        node: Any = tree
        while node.__class__ is tuple:  # a third faster than isinstance, a million times a minute
            node = node[2] if row[node[0]] <= node[1] else node[3]
        total += node
    return total


def probability(odds: float) -> float:
    """Return the probability that log-odds mean."""
    return 1.0 / (1.0 + math.exp(-max(min(odds, 30.0), -30.0)))


@cache
def load() -> Forest:
    """Return the forest that is shipped."""
    return parse(files("crawler.extract").joinpath("forest.json").read_text("utf-8"))


def parse(text: str) -> Forest:
    """Return a forest from its JSON. Raises ValueError where it was fitted to other features than these."""
    kept = json.loads(text)
    if kept["names"] != list(NAMES):
        raise ValueError("forest.json was fitted to other features: run python -m tests.benchmarks.extraction_fit again")
    return Forest(start=kept["start"], trees=tuple(map(_node, kept["trees"])))


def _node(kept: Any) -> Node:
    if isinstance(kept, list):
        feature, threshold, below, above = kept
        return (int(feature), float(threshold), _node(below), _node(above))
    return float(kept)

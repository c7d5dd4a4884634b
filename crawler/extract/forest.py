"""How likely a block belongs to the article: small decision trees, fitted by ``tests.benchmarks.extraction_fit`` and kept as data."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from crawler.extract.features import NAMES

Node: TypeAlias = "tuple[int, float, Node, Node] | float"
Judge: TypeAlias = Callable[..., float]

_EARLY = 20
_HOPELESS = -2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Trees whose answers add up to the log-odds: the first few, and the rest."""

    start: float
    early: Judge
    late: Judge

    def odds(self, row: Sequence[float]) -> float:
        """Return a block's log-odds; what the first trees call hopeless, the rest are not asked about."""
        total = self.start + self.early(*row)
        return total if total < _HOPELESS else total + self.late(*row)


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
    trees = tuple(map(_node, kept["trees"]))
    return Forest(start=float(kept["start"]), early=_judge(trees[:_EARLY]), late=_judge(trees[_EARLY:]))


def _node(kept: Any) -> Node:
    """A node is (feature, threshold, at most it, above it), a leaf a number."""
    if isinstance(kept, list):
        feature, threshold, below, above = kept
        return (int(feature), float(threshold), _node(below), _node(above))
    return float(kept)


def _judge(trees: Sequence[Node]) -> Judge:
    """Write the trees as one function of a row's numbers: walking them node by node takes two and a half times as long."""
    numbers = ", ".join(f"f{at}" for at in range(len(NAMES)))
    added = "".join(f"    total += {_written(tree)}\n" for tree in trees)
    made: dict[str, Any] = {}
    exec(f"def judge({numbers}):\n    total = 0.0\n{added}    return total\n", made)  # noqa: S102 - of our own data, and numbers alone
    return made["judge"]  # type: ignore[no-any-return]


def _written(node: Node) -> str:
    if isinstance(node, tuple):
        feature, threshold, below, above = node
        return f"({_written(below)} if f{feature} <= {threshold!r} else {_written(above)})"
    return repr(node)

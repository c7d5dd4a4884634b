"""How likely two articles report one event: pair features and a logistic score over them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.model import Features
from monitor.stories import weights
from monitor.stories.frequencies import USUAL, Frequencies

KIND_WEIGHT = {"w": 1.0, "g": 0.7, "n": 1.0, "s": 1.0, "a": 1.0, "e": 1.0, "z": 0.6, "k": 0.8}
COMMON = 5.0
COMMON_KINDS = frozenset("sag")
STRONG = 3.5
STRONG_KINDS = frozenset("wkne")
HOUR_S = 3_600.0
SOON_H = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One article, ready to be compared: its features and how long it is by their weights in the window."""

    features: Features
    norm: float
    title_norm: float
    outlet_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """The article that is to be placed: beside its side the weight of each feature, its square, and which are strong."""

    side: Side
    weights: Mapping[int, float]
    squares: Mapping[int, float]
    strong: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What two articles share: the vector the score reads, and how many strong features the guards find."""

    vector: tuple[float, ...]
    strong: int
    strong_titles: int


def arriving(features: Features, language: str, outlet_id: str, at: datetime, frequencies: Frequencies) -> Arriving:
    """Weigh the features of the article that is to be placed, by how rare they are."""
    weighed = {h: _weight(f.kind, frequencies.idf(h, language)) for h, f in features.by_hash.items()}
    squares = {h: weight**2 for h, weight in weighed.items()}
    return Arriving(
        side=_side(features, squares, outlet_id, at),
        weights=weighed,
        squares=squares,
        strong=frozenset(h for h, f in features.by_hash.items() if f.kind in STRONG_KINDS and weighed[h] >= STRONG),
    )


def standing(features: Features, outlet_id: str, at: datetime, arrival: Arriving) -> Side:
    """Weigh a candidate's features as the arriving article does; those it does not share count as usual."""
    return _side(features, arrival.squares, outlet_id, at)


def _weight(kind: str, rarity: float) -> float:
    """What the tables know is common, even in a window too young to show it."""
    return KIND_WEIGHT[kind] * (min(rarity, COMMON) if kind in COMMON_KINDS else rarity)


_USUAL_SQUARES = {kind: _weight(kind, USUAL) ** 2 for kind in KIND_WEIGHT}


def _side(features: Features, known: Mapping[int, float], outlet_id: str, at: datetime) -> Side:
    squares = [(known[h] if h in known else _USUAL_SQUARES[kind], in_title) for h, kind, in_title in features.lengths]
    return Side(
        features=features,
        norm=math.sqrt(sum([square for square, _ in squares])),
        title_norm=math.sqrt(sum([square for square, in_title in squares if in_title])),
        outlet_id=outlet_id,
        at=at,
    )


def compare(arrival: Arriving, b: Side) -> Pair:
    """Compare two articles whose shared features weigh the same on both sides."""
    a = arrival.side
    shared = _shared(a.features, b.features)
    in_titles = [h for h in shared if h in a.features.in_title and h in b.features.in_title]
    strong = arrival.strong.intersection(shared)
    dot = sum([arrival.squares[h] for h in shared])
    dot_title = sum([arrival.squares[h] for h in in_titles])
    hours = abs((a.at - b.at).total_seconds()) / HOUR_S
    vector = (
        dot / (a.norm * b.norm) if dot else 0.0,
        dot_title / (a.title_norm * b.title_norm) if dot_title else 0.0,
        math.sqrt(dot) / min(a.norm, b.norm) if dot else 0.0,
        *_sums(arrival, shared),
        float(_differ(a.features.numbers, b.features.numbers)),
        float(not a.features.numbers.isdisjoint(in_titles)),
        min(len(a.features.happenings & b.features.happenings), 3) / 3.0,
        float(_other_happenings(a.features, b.features)),
        float(_differ(a.features.title_happenings, b.features.title_happenings)),
        hours / 24.0,
        math.log1p(hours) / 4.0,
        float(hours < SOON_H),
        float(a.outlet_id == b.outlet_id),
    )
    return Pair(vector=vector, strong=len(strong), strong_titles=len(strong.intersection(in_titles)))


def _shared(a: Features, b: Features) -> list[int]:
    """Features both have; beside a word that both have, its concept or its sound says nothing more."""
    both = a.by_hash.keys() & b.by_hash.keys()
    words = a.stems & b.stems
    return [h for h in both if not (a.beside.get(h) in words or b.beside.get(h) in words)] if words else list(both)


def _sums(arrival: Arriving, shared: list[int]) -> tuple[float, ...]:
    sums = dict.fromkeys("kn", 0.0)
    for h in shared:
        kind = arrival.side.features.by_hash[h].kind
        if kind in sums:
            sums[kind] += arrival.weights[h] / 10.0
    return tuple(sums.values())


def _differ(one: frozenset[int], other: frozenset[int]) -> bool:
    """Both say something, and nothing the other says."""
    return bool(one and other) and one.isdisjoint(other)


def _other_happenings(a: Features, b: Features) -> bool:
    """Both headlines say what happened, and nowhere do the two agree on it."""
    if not a.title_happenings or not b.title_happenings:
        return False
    return a.title_happenings.isdisjoint(b.happenings) and b.title_happenings.isdisjoint(a.happenings)


def score(pair: Pair, *, within: bool) -> float:
    """The logit of the two being one event; ``within`` one language the model is another than across."""
    bias, *rest = weights.WITHIN if within else weights.ACROSS
    return bias + sum(weight * value for weight, value in zip(rest, pair.vector, strict=True))

"""How likely two articles report one event: pair features and a logistic score over them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.model import Feature
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
    """One article, ready to be compared: its features with their weights in the window, and what is asked of it again and again."""

    features: Mapping[int, Feature]
    weights: Mapping[int, float]
    stems: frozenset[str]
    strong: frozenset[int]
    numbers: frozenset[int]
    happenings: frozenset[int]
    title_happenings: frozenset[int]
    norm: float
    title_norm: float
    outlet_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What two articles share: the vector the score reads, and how many strong features the guards find."""

    vector: tuple[float, ...]
    strong: int
    strong_titles: int


def arriving(features: Iterable[Feature], language: str, outlet_id: str, at: datetime, frequencies: Frequencies) -> Side:
    """Weigh the features of the article that is to be placed, by how rare they are."""
    kept = {f.hash: f for f in features}
    weighed = {h: _weight(f.kind, frequencies.idf(h, language)) for h, f in kept.items()}
    return _side(kept, weighed, outlet_id, at)


def standing(features: Iterable[Feature], outlet_id: str, at: datetime, arrival: Side) -> Side:
    """Weigh a candidate's features as the arriving article does; those it does not share count as usual."""
    kept = {f.hash: f for f in features}
    known = arrival.weights
    weighed = {h: known[h] if h in known else _weight(f.kind, USUAL) for h, f in kept.items()}
    return _side(kept, weighed, outlet_id, at)


def _weight(kind: str, rarity: float) -> float:
    """What the tables know is common, even in a window too young to show it."""
    return KIND_WEIGHT[kind] * (min(rarity, COMMON) if kind in COMMON_KINDS else rarity)


def _side(kept: Mapping[int, Feature], weighed: Mapping[int, float], outlet_id: str, at: datetime) -> Side:
    """What stands beside a word is no length of its own: one mention counts once."""
    squares = [(weighed[h] ** 2, f.in_title) for h, f in kept.items() if " " not in f.value]
    return Side(
        features=kept,
        weights=weighed,
        stems=frozenset(f.value for f in kept.values() if f.kind == "w"),
        strong=frozenset(h for h, f in kept.items() if f.kind in STRONG_KINDS and weighed[h] >= STRONG),
        numbers=frozenset(h for h, f in kept.items() if f.kind == "n"),
        happenings=frozenset(h for h, f in kept.items() if f.kind == "a"),
        title_happenings=frozenset(h for h, f in kept.items() if f.kind == "a" and f.in_title),
        norm=math.sqrt(sum(square for square, _ in squares)),
        title_norm=math.sqrt(sum(square for square, in_title in squares if in_title)),
        outlet_id=outlet_id,
        at=at,
    )


def compare(a: Side, b: Side) -> Pair:
    """Compare two articles whose shared features weigh the same on both sides."""
    shared = _shared(a, b)
    in_titles = [h for h in shared if a.features[h].in_title and b.features[h].in_title]
    strong = a.strong.intersection(shared)
    dot = sum(a.weights[h] ** 2 for h in shared)
    dot_title = sum(a.weights[h] ** 2 for h in in_titles)
    hours = abs((a.at - b.at).total_seconds()) / HOUR_S
    vector = (
        dot / (a.norm * b.norm) if dot else 0.0,
        dot_title / (a.title_norm * b.title_norm) if dot_title else 0.0,
        math.sqrt(dot) / min(a.norm, b.norm) if dot else 0.0,
        *_sums(a, shared),
        float(bool(a.numbers and b.numbers) and a.numbers.isdisjoint(b.numbers)),
        float(any(a.features[h].kind == "n" for h in in_titles)),
        min(len(a.happenings & b.happenings), 3) / 3.0,
        float(_other_happenings(a, b)),
        float(bool(a.title_happenings and b.title_happenings) and a.title_happenings.isdisjoint(b.title_happenings)),
        hours / 24.0,
        math.log1p(hours) / 4.0,
        float(hours < SOON_H),
        float(a.outlet_id == b.outlet_id),
    )
    return Pair(vector=vector, strong=len(strong), strong_titles=len(strong.intersection(in_titles)))


def _shared(a: Side, b: Side) -> list[int]:
    """Features both have; beside a word that both have, its concept or its sound says nothing more."""
    words = a.stems & b.stems
    return [h for h in a.features.keys() & b.features.keys() if not (_beside(a.features[h]) in words or _beside(b.features[h]) in words)]


def _beside(feature: Feature) -> str:
    """The stem a concept or a sound stands beside; a word stands for itself alone."""
    return feature.value.partition(" ")[2]


def _sums(a: Side, shared: list[int]) -> tuple[float, ...]:
    sums = dict.fromkeys("kn", 0.0)
    for h in shared:
        kind = a.features[h].kind
        if kind in sums:
            sums[kind] += a.weights[h] / 10.0
    return tuple(sums.values())


def _other_happenings(a: Side, b: Side) -> bool:
    """Both headlines say what happened, and nowhere do the two agree on it."""
    if not a.title_happenings or not b.title_happenings:
        return False
    return a.title_happenings.isdisjoint(b.happenings) and b.title_happenings.isdisjoint(a.happenings)


def score(pair: Pair, *, within: bool) -> float:
    """The logit of the two being one event; ``within`` one language the model is another than across."""
    bias, *rest = weights.WITHIN if within else weights.ACROSS
    return bias + sum(weight * value for weight, value in zip(rest, pair.vector, strict=True))

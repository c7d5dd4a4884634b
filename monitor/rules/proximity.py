"""Decides which of two groups of occurrences are near each other, in time that grows with their number and not with its square."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeAlias

from monitor.rules.nodes import Unit
from monitor.rules.reading import Reading, Spot


class Hit(NamedTuple):
    """One occurrence in the folded article: ``term`` as the rule writes it, with the ``alias`` that hit where the term is an entity."""

    start: int
    end: int
    term: str
    alias: str | None = None


Occurrence: TypeAlias = tuple[Hit, ...]
"""What counts as one for its operator: a single hit, or those of a NEAR that stand together."""


class Group:
    """The occurrences on one side of a NEAR, by the spots of their hits."""

    def __init__(self, occurrences: Sequence[Occurrence]) -> None:
        self.by_spot: dict[Spot, list[Occurrence]] = {}
        for occurrence in occurrences:
            for hit in occurrence:
                self.by_spot.setdefault((hit[0], hit[1]), []).append(occurrence)
        self.spots = sorted(self.by_spot)
        self._starts = [spot[0] for spot in self.spots]

    @cached_property
    def _by_end(self) -> list[Spot]:
        return sorted(self.spots, key=_end)

    @cached_property
    def _reaching(self) -> list[tuple[Spot, Spot]]:
        """For each spot the two that reach farthest to the right among those that start no later."""
        reaching: list[tuple[Spot, Spot]] = []
        first = second = (-1, -1)
        for spot in self.spots:
            if spot[1] > first[1]:
                first, second = spot, first
            elif spot[1] > second[1]:
                second = spot
            reaching.append((first, second))
        return reaching

    def after(self, spot: Spot) -> Spot | None:
        """Return the nearest that starts where a spot has ended, or later."""
        found = bisect_left(self._starts, spot[1])
        return self.spots[found] if found < len(self.spots) else None

    def before(self, spot: Spot) -> Spot | None:
        """Return the nearest that has ended where a spot starts."""
        found = bisect_right(self._by_end, spot[0], key=_end)
        return self._by_end[found - 1] if found else None

    def starting_inside(self, spot: Spot) -> Spot | None:
        """Return one that starts behind the start of a spot and before its end."""
        found = bisect_right(self._starts, spot[0])
        return self.spots[found] if found < len(self.spots) and self._starts[found] < spot[1] else None

    def reaching_into(self, spot: Spot, *, may_start_there: bool) -> Spot | None:
        """Return another one that starts before a spot, or ``may_start_there`` with it, and ends inside or behind it."""
        found = (bisect_right if may_start_there else bisect_left)(self._starts, spot[0])
        if not found:
            return None
        return next((other for other in self._reaching[found - 1] if other != spot and other[1] > spot[0]), None)


def _end(spot: Spot) -> int:
    return spot[1]


class Nearness(NamedTuple):
    """How near: in which unit, how many words at most, whether the left side must come first."""

    unit: Unit
    most: int
    is_ordered: bool = False


def partners(reading: Reading, spot: Spot, others: Group, near: Nearness, *, is_left: bool) -> Iterator[tuple[Spot, int]]:
    """Yield the nearest of the other side on each hand that are near, with the half words between.

    Of spots on one hand the nearest decides: if it is not near, none is. Spots that overlap have no words between; a spot is never near
    itself. ``is_left`` says on which side of an ordered NEAR ``spot`` stands.
    """
    for other in _candidates(spot, others, near, is_left=is_left):
        first, second = (spot, other) if spot <= other else (other, spot)
        halves = reading.halves_between(first, second, near.unit, near.most)
        if halves is not None:
            yield other, halves


def _candidates(spot: Spot, others: Group, near: Nearness, *, is_left: bool) -> Iterator[Spot]:
    if is_left or not near.is_ordered:
        yield from _present(others.starting_inside(spot), others.after(spot))
    if not is_left or not near.is_ordered:
        yield from _present(others.reaching_into(spot, may_start_there=not near.is_ordered), others.before(spot))


def _present(*spots: Spot | None) -> Iterator[Spot]:
    return (spot for spot in spots if spot is not None)


class Together(NamedTuple):
    """What takes part in a NEAR: occurrences of both sides, those of them that stand together, and each spot's words to the nearest."""

    left: list[Occurrence]
    right: list[Occurrence]
    joined: list[Occurrence]
    halves: dict[Spot, int]


def are_near(reading: Reading, left: Group, right: Group, near: Nearness) -> bool:
    """Whether any two of the groups are near each other."""
    fewer, others, is_left = (left, right, True) if len(left.spots) <= len(right.spots) else (right, left, False)
    return any(True for spot in fewer.spots for _ in partners(reading, spot, others, near, is_left=is_left))


def together(reading: Reading, left: Group, right: Group, near: Nearness) -> Together:
    """Return everything that takes part."""
    halves: dict[Spot, int] = {}
    pairs: dict[tuple[Spot, Spot], None] = {}
    for group, others, is_left in ((left, right, True), (right, left, False)):
        for spot in group.spots:
            for other, between in partners(reading, spot, others, near, is_left=is_left):
                halves[spot] = min(between, halves.get(spot, between))
                pairs[(spot, other) if is_left else (other, spot)] = None
    lefts, rights = dict.fromkeys(pair[0] for pair in pairs), dict.fromkeys(pair[1] for pair in pairs)
    return Together(
        left=_occurrences(left, lefts),
        right=_occurrences(right, rights),
        joined=[_join(left.by_spot[one][0], right.by_spot[other][0]) for one, other in pairs],
        halves=halves,
    )


def free(reading: Reading, left: Group, right: Group, near: Nearness) -> list[Occurrence]:
    """Return the left occurrences of which no hit is near one on the right."""
    bound = {id(occurrence) for spot in left.spots if _has_partner(reading, spot, right, near) for occurrence in left.by_spot[spot]}
    return [occurrence for occurrence in _occurrences(left, left.spots) if id(occurrence) not in bound]


def _has_partner(reading: Reading, spot: Spot, others: Group, near: Nearness) -> bool:
    return next(partners(reading, spot, others, near, is_left=True), None) is not None


def _occurrences(group: Group, spots: Iterable[Spot]) -> list[Occurrence]:
    return list(dict.fromkeys(occurrence for spot in spots for occurrence in group.by_spot[spot]))


def _join(one: Occurrence, other: Occurrence) -> Occurrence:
    return tuple(sorted({*one, *other}, key=lambda hit: (hit.start, hit.end)))

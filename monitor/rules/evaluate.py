"""Answers of one article what a query asks: whether it is true, and by which occurrences."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import accumulate
from typing import TypeAlias

from monitor.rules import regexes
from monitor.rules.nodes import And, AtLeast, EntityRef, Leaf, Meta, Near, Node, Not, Or, Pattern, Scoped, Term, show
from monitor.rules.proximity import Group, Hit, Nearness, Occurrence, Together, are_near, free, partners, together
from monitor.rules.reading import Reading, Spot
from monitor.rules.terms import TermSearch
from monitor.rules.vocabulary import Name, Tracked, Vocabulary
from monitor.text.fold import fold
from monitor.text.languages import GENITIVE

Ranges: TypeAlias = tuple[Spot, ...]
_EVERYWHERE: Ranges | None = None


class Evaluation:
    """Queries put to one article; what was found for one is not looked for again by the next."""

    def __init__(
        self, reading: Reading, vocabulary: Vocabulary, *, scanned: Set[TermSearch] = frozenset(), seen: Set[TermSearch] = frozenset()
    ) -> None:
        """``scanned`` are terms somebody has looked for already, ``seen`` those of them that may stand in the article."""
        self.reading, self._vocabulary = reading, vocabulary
        self._scanned, self._seen = scanned, seen
        self._takes_genitive = reading.language in GENITIVE
        self._hits: dict[Leaf, list[Hit]] = {}
        self._entities: dict[str, list[Hit]] = {}
        self._open = set[str]()
        self._together: dict[tuple[Near, Ranges | None], Together] = {}

    # ---- truth

    def is_true(self, node: Node, within: Ranges | None = _EVERYWHERE) -> bool:
        """Whether a query holds, inside some ranges of the folded article."""
        match node:
            case Term() | Pattern() | EntityRef():
                return bool(self.hits(node, within))
            case And():
                return all(self.is_true(child, within) for child in node.children)
            case Or():
                return any(self.is_true(child, within) for child in node.children)
            case Not():
                return not self.is_true(node.child, within)
            case Near():
                return self._is_near(node, within)
            case Scoped():
                return self.is_true(node.child, self._narrow(node, within))
            case AtLeast():
                return _count_apart(self.occurrences(node.child, within)) >= node.count
            case Meta():
                return self.reading.has(node)

    def _is_near(self, node: Near, within: Ranges | None) -> bool:
        left = self.occurrences(node.left, within)
        if not left:
            return False
        right = self.occurrences(node.right, within)
        if node.is_negated:
            return bool(not right or free(self.reading, Group(left), Group(right), _nearness(node)))
        return bool(right) and are_near(self.reading, Group(left), Group(right), _nearness(node))

    def _narrow(self, node: Scoped, within: Ranges | None) -> Ranges:
        ranges = self.reading.ranges(node.scope)
        if within is None:
            return ranges
        return tuple((max(a, c), min(b, d)) for a, b in ranges for c, d in within if max(a, c) < min(b, d))

    # ---- occurrences

    def occurrences(self, node: Node, within: Ranges | None = _EVERYWHERE) -> Sequence[Occurrence]:
        """Return what an operand of NEAR or ATLEAST finds, in no order."""
        match node:
            case Term() | Pattern() | EntityRef():
                return [(hit,) for hit in self.hits(node, within)]
            case Or():
                return [occurrence for child in node.children for occurrence in self.occurrences(child, within)]
            case Scoped():
                return self.occurrences(node.child, self._narrow(node, within))
            case Near():
                return self._free(node, within) if node.is_negated else self.taking_part(node, within).joined
            case _:
                return ()

    def taking_part(self, node: Near, within: Ranges | None = _EVERYWHERE) -> Together:
        """Return what takes part in a NEAR."""
        found = self._together.get((node, within))
        if found is None:
            left, right = Group(self.occurrences(node.left, within)), Group(self.occurrences(node.right, within))
            found = self._together[node, within] = together(self.reading, left, right, _nearness(node))
        return found

    def _free(self, node: Near, within: Ranges | None) -> list[Occurrence]:
        left, right = Group(self.occurrences(node.left, within)), Group(self.occurrences(node.right, within))
        return free(self.reading, left, right, _nearness(node))

    # ---- evidence

    def evidence(self, node: Node, within: Ranges | None = _EVERYWHERE) -> Iterator[tuple[Hit, int | None]]:
        """Yield the hits that prove a true query, with the half words to their nearest partner where a NEAR counted them."""
        match node:
            case Term() | Pattern() | EntityRef():
                yield from ((hit, None) for hit in self.hits(node, within))
            case And():
                for child in node.children:
                    yield from self.evidence(child, within)
            case Or():
                for child in node.children:
                    if self.is_true(child, within):
                        yield from self.evidence(child, within)
            case Near():
                yield from self._near_evidence(node, within)
            case Scoped():
                yield from self.evidence(node.child, self._narrow(node, within))
            case AtLeast():
                yield from ((hit, None) for occurrence in self.occurrences(node.child, within) for hit in occurrence)
            case Not() | Meta():
                return

    def _near_evidence(self, node: Near, within: Ranges | None) -> Iterator[tuple[Hit, int | None]]:
        if node.is_negated:
            yield from ((hit, None) for occurrence in self._free(node, within) for hit in occurrence)
            return
        found = self.taking_part(node, within)
        for occurrence in (*found.left, *found.right):
            for hit in occurrence:
                yield hit, found.halves.get((hit.start, hit.end))

    # ---- hits of one leaf

    def hits(self, leaf: Leaf, within: Ranges | None = _EVERYWHERE) -> list[Hit]:
        """Return the hits of a term, pattern or entity, left to right."""
        if isinstance(leaf, EntityRef):
            found = self.mentions(leaf.entity_id)
        elif leaf in self._hits:
            found = self._hits[leaf]
        else:
            found = self._hits[leaf] = self._find(leaf)
        if within is None or not found:
            return found
        return [hit for hit in found if any(start <= hit.start and hit.end <= end for start, end in within)]

    def _find(self, leaf: Term | Pattern) -> list[Hit]:
        if isinstance(leaf, Pattern):
            return self._find_pattern(leaf)
        shown = show(leaf)
        return [Hit(start, end, shown) for start, end in self.spots(self._vocabulary.search(leaf))]

    def spots(self, search: TermSearch, *, genitive: bool = False) -> list[Spot]:
        """Return where a term stands."""
        if search in self._scanned and search not in self._seen:
            return []
        reading = self.reading
        finder = search.chinese if reading.is_chinese else search.plain
        spots = finder.find(reading.text, reading.language, genitive=genitive)
        if spots and search.term.is_exact:
            return [spot for spot in spots if search.is_same_case(reading.original(spot).surface, reading.language)]
        return spots

    def _find_pattern(self, pattern: Pattern) -> list[Hit]:
        """Search title and body as they are written; a match of nothing, or of what nobody sees, is none."""
        reading, shown = self.reading, show(pattern)
        chinese = reading.is_chinese
        if not any(fold(literal, chinese=chinese)[:-1] in reading.text for literal in pattern.literals):
            return []
        hits: list[Hit] = []
        for field, original in (("title", reading.article.headline), ("body", reading.article.text)):
            for start, end in regexes.find(pattern.text, original):
                spot = reading.folded(field, start, end)
                if spot is not None:
                    hits.append(Hit(*spot, shown))
        return hits

    # ---- entities

    def mentions(self, entity_id: str) -> list[Hit]:
        """Return an entity's hits: the longest alias wherever several overlap, none inside an excluded phrase, anchored ones near their anchor."""
        entity = self._vocabulary.entities[entity_id]
        if entity_id in self._open:  # an anchor that names its own entity means the names without anchor
            return self._name_hits(entity, [name for name in entity.names_in(self.reading.article.language) if name.near is None])
        if entity_id not in self._entities:
            self._open.add(entity_id)
            self._entities[entity_id] = self._name_hits(entity, entity.names_in(self.reading.article.language))
            self._open.discard(entity_id)
        return self._entities[entity_id]

    def _name_hits(self, entity: Tracked, names: Iterable[Name]) -> list[Hit]:
        hits: list[Hit] = []
        for name in names:
            spots = self.spots(name.search, genitive=self._takes_genitive and name.search.is_plain)
            if spots and name.near is not None:
                spots = self._anchored(spots, name, name.near)
            hits += [Hit(start, end, entity.shown, name.shown) for start, end in spots]
        if not hits:
            return hits
        closed = [spot for search in entity.excluded for spot in self.spots(search, genitive=self._takes_genitive and search.is_plain)]
        return _longest(_outside(hits, closed))

    def _anchored(self, spots: Sequence[Spot], name: Name, near: Node) -> list[Spot]:
        anchors = Group(self.occurrences(near))
        nearness = Nearness(name.unit, name.most)
        return [spot for spot in spots if any(True for _ in partners(self.reading, spot, anchors, nearness, is_left=True))]


def _nearness(node: Near) -> Nearness:
    return Nearness(node.unit, node.most, node.is_ordered)


def _outside(hits: list[Hit], closed: list[Spot]) -> list[Hit]:
    """Leave out the hits that lie inside one of the closed spots."""
    if not closed:
        return hits
    closed = sorted(closed)
    starts = [start for start, _ in closed]
    reach = list(accumulate((end for _, end in closed), max))
    return [hit for hit in hits if not (before := bisect_right(starts, hit.start)) or reach[before - 1] < hit.end]


def _longest(hits: list[Hit]) -> list[Hit]:
    """Keep of overlapping hits the longest, of equal ones the first."""
    kept: list[Hit] = []
    bunch: list[Hit] = []
    reach = -1
    for hit in sorted(hits, key=_start):
        if hit.start >= reach:
            kept += _longest_of(bunch)
            bunch = []
        bunch.append(hit)
        reach = max(reach, hit.end)
    return kept + _longest_of(bunch)


def _longest_of(bunch: list[Hit]) -> list[Hit]:
    if len(bunch) < 2:
        return bunch
    kept: list[Hit] = []
    for hit in sorted(bunch, key=lambda hit: (hit.start - hit.end, hit.start)):
        if all(hit.end <= other.start or other.end <= hit.start for other in kept):
            kept.append(hit)
    return sorted(kept, key=_start)


def _start(hit: Hit) -> int:
    return hit.start


def _count_apart(occurrences: Iterable[Occurrence]) -> int:
    """Count occurrences that do not overlap, as many as there can be."""
    spans = sorted((max(hit.end for hit in one), min(hit.start for hit in one)) for one in occurrences)
    count, free_at = 0, -1
    for end, start in spans:
        if start >= free_at:
            count, free_at = count + 1, end
    return count

"""Answers of one article what a query asks: whether it is true, and by which occurrences."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate, chain
from types import MappingProxyType
from typing import Final, TypeAlias, assert_never, cast

from monitor.rules import regexes
from monitor.rules.nodes import And, AtLeast, EntityRef, Leaf, Meta, Near, Node, Not, Or, Pattern, Scoped, Term, show
from monitor.rules.proximity import Group, Hit, Nearness, Occurrence, Together, are_near, free, partners, together
from monitor.rules.reading import Reading, Spot
from monitor.rules.terms import TermSearch
from monitor.rules.vocabulary import Name, Tracked, Vocabulary
from monitor.text.fold import fold
from monitor.text.languages import GENITIVE

Ranges: TypeAlias = tuple[Spot, ...]
Anchor: TypeAlias = Term | Pattern | Name

_Seldom: TypeAlias = Leaf | Meta | Scoped | Not | Near | AtLeast

_NONE: Final[tuple[Hit, ...]] = ()
NOTHING_SEEN: Final[Mapping[Anchor, Sequence[Spot]]] = MappingProxyType({})


class Proof:
    """Evidence while it is gathered: each spot once, and the half words to its nearest partner in each NEAR that counted them."""

    __slots__ = ("halves", "hits")

    def __init__(self) -> None:
        self.hits: dict[Spot, Hit] = {}
        self.halves: dict[Spot, list[int]] = {}


class Evaluation:
    """Queries put to one article; what was found for one is not looked for again by the next."""

    def __init__(
        self,
        reading: Reading,
        vocabulary: Vocabulary,
        *,
        scanned: AbstractSet[Anchor] = frozenset(),
        seen: Mapping[Anchor, Sequence[Spot]] = NOTHING_SEEN,
    ) -> None:
        """``scanned`` is what somebody has looked for already, ``seen`` what of it may stand in the article, as ``Scanner.seen`` says."""
        self.reading, self.vocabulary = reading, vocabulary
        self._scanned, self._seen = scanned, seen
        self._takes_genitive = reading.language in GENITIVE
        self._hits: dict[Term | Pattern, Sequence[Hit]] = {}
        self._entities: dict[str, Sequence[Hit]] = {}
        self._open = set[str]()
        self._together: dict[tuple[Near, Ranges | None], Together] = {}

    # ---- truth

    def is_true(self, node: Node, within: Ranges | None = None) -> bool:
        """Whether a query holds, inside some ranges of the folded article."""
        kind = type(node)  # asked for every rule that may match: an ``if`` costs a fifth of a ``match``, a loop half of any()
        if kind is Term and within is None:
            return bool(self._leaf_hits(cast("Term", node)))
        if kind is Or or kind is And:
            is_decisive = kind is Or
            for child in cast("Or | And", node).children:
                is_true = bool(self._leaf_hits(child)) if within is None and type(child) is Term else self.is_true(child, within)
                if is_true is is_decisive:
                    return is_decisive
            return not is_decisive
        return self._is_seldom_true(cast("_Seldom", node), within)

    def _is_seldom_true(self, node: _Seldom, within: Ranges | None) -> bool:
        match node:
            case Term() | Pattern() | EntityRef():
                return bool(self.hits(node, within))
            case Near():
                return self._is_near(node, within)
            case Not():
                return not self.is_true(node.child, within)
            case Scoped():
                return self.is_true(node.child, self.narrow(node, within))
            case AtLeast():
                return _count_apart(self.occurrences(node.child, within)) >= node.count
            case Meta():
                return self.reading.has(node)
            case _:
                assert_never(node)

    def _is_near(self, node: Near, within: Ranges | None) -> bool:
        left = self.occurrences(node.left, within)
        if not left:
            return False
        right = self.occurrences(node.right, within)
        if node.is_negated:
            return bool(not right or free(self.reading, Group(left), Group(right), _nearness(node)))
        return bool(right) and are_near(self.reading, Group(left), Group(right), _nearness(node))

    def narrow(self, node: Scoped, within: Ranges | None) -> Ranges:
        """Return the ranges a scope leaves of those around it."""
        ranges = self.reading.ranges(node.scope)
        if within is None:
            return ranges
        return tuple((max(a, c), min(b, d)) for a, b in ranges for c, d in within if max(a, c) < min(b, d))

    # ---- occurrences

    def occurrences(self, node: Node, within: Ranges | None = None) -> Sequence[Occurrence]:
        """Return what an operand of NEAR or ATLEAST finds, in no order."""
        match node:
            case Term() | Pattern() | EntityRef():
                return [(hit,) for hit in self.hits(node, within)]
            case Or():
                return [occurrence for child in node.children for occurrence in self.occurrences(child, within)]
            case Scoped():
                return self.occurrences(node.child, self.narrow(node, within))
            case Near():
                return self._free(node, within) if node.is_negated else self.taking_part(node, within).joined
            case _:
                raise TypeError(f"{show(node)} has no place in the text")  # the parser lets none through

    def taking_part(self, node: Near, within: Ranges | None = None) -> Together:
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

    def prove(self, node: Node, proof: Proof, within: Ranges | None = None) -> None:
        """Gather the hits that prove a true query."""
        match node:
            case Term() | Pattern() | EntityRef():
                _note(proof, self.hits(node, within))
            case And() | Or():
                for child in node.children:
                    if isinstance(child, Term) and within is None:
                        _note(proof, self._leaf_hits(child))
                    elif isinstance(node, And) or self.is_true(child, within):
                        self.prove(child, proof, within)
            case Near():
                self._prove_near(node, proof, within)
            case Scoped():
                self.prove(node.child, proof, self.narrow(node, within))
            case AtLeast():
                _note(proof, chain.from_iterable(self.occurrences(node.child, within)))
            case Not() | Meta():
                pass
            case _:
                assert_never(node)

    def _prove_near(self, node: Near, proof: Proof, within: Ranges | None) -> None:
        if node.is_negated:
            _note(proof, chain.from_iterable(self._free(node, within)))
            return
        found = self.taking_part(node, within)
        _note(proof, chain.from_iterable((*found.left, *found.right)))
        for spot, halves in found.halves.items():
            proof.halves.setdefault(spot, []).append(halves)

    # ---- hits of one leaf

    def hits(self, leaf: Leaf, within: Ranges | None = None) -> Sequence[Hit]:
        """Return the hits of a term, pattern or entity, left to right."""
        found = self.mentions(leaf.entity_id) if isinstance(leaf, EntityRef) else self._leaf_hits(leaf)
        if within is None or not found:
            return found
        return [hit for hit in found if any(start <= hit[0] and hit[1] <= end for start, end in within)]

    def _leaf_hits(self, leaf: Term | Pattern) -> Sequence[Hit]:
        found = self._hits.get(leaf)
        if found is not None:
            return found
        is_scanned = leaf in self._scanned
        if is_scanned and leaf not in self._seen:
            return _NONE
        if isinstance(leaf, Pattern):
            found = self._find_pattern(leaf)
        else:
            search = self.vocabulary.search(leaf)
            spots = self._kept(search, _apart(self._seen[leaf])) if is_scanned and search.is_plain else self._find(search)
            found = [Hit(start, end, search.shown) for start, end in spots]
        self._hits[leaf] = found
        return found

    def spots(self, name: Name) -> list[Spot]:
        """Return where an alias stands, anchored or not."""
        return self._find(name.search, genitive=self._takes_genitive and name.search.takes_genitive)

    def _find(self, search: TermSearch, *, genitive: bool = False) -> list[Spot]:
        reading = self.reading
        finder = search.chinese if reading.is_chinese else search.plain
        return self._kept(search, finder.find(reading.text, reading.language, genitive=genitive))

    def _kept(self, search: TermSearch, spots: list[Spot]) -> list[Spot]:
        """Leave out what is not in the case an exact term wants."""
        if not spots or not search.term.is_exact:
            return spots
        reading = self.reading
        return [spot for spot in spots if search.is_same_case(reading.original(spot)[3], reading.language)]

    def _find_pattern(self, pattern: Pattern) -> list[Hit]:
        """Search title and body as they are written."""
        reading, shown = self.reading, show(pattern)
        if not any(fold(literal, chinese=reading.is_chinese)[:-1] in reading.text for literal in pattern.literals):
            return []
        hits: list[Hit] = []
        for field, original in (("title", reading.article.headline), ("body", reading.article.text)):
            for start, end in regexes.find(pattern.text, original):
                spot = reading.folded(field, start, end)
                assert spot is not None  # every match holds letters
                hits.append(Hit(*spot, shown))
        return hits

    # ---- entities

    def mentions(self, entity_id: str) -> Sequence[Hit]:
        """Return an entity's hits: the longest alias wherever several overlap, none inside an excluded phrase, anchored ones near their anchor."""
        entity = self.vocabulary.entities[entity_id]
        names = entity.names_in(self.reading.article.language)
        if entity_id in self._open:  # an anchor that names its own entity means the names without anchor
            return self._name_hits(entity, [name for name in names if name.near is None])
        found = self._entities.get(entity_id)
        if found is None:
            self._open.add(entity_id)
            found = self._entities[entity_id] = self._name_hits(entity, names)
            self._open.discard(entity_id)
        return found

    def _name_hits(self, entity: Tracked, names: Iterable[Name]) -> list[Hit]:
        hits: list[Hit] = []
        for name in names:
            if name in self._scanned and name not in self._seen:
                continue
            spots = self.spots(name)
            if spots and name.near is not None:
                spots = self._anchored(spots, name, name.near)
            hits += [Hit(start, end, entity.shown, name.shown) for start, end in spots]
        if not hits:
            return hits
        closed = [
            spot for search in entity.excluded for spot in self._find(search, genitive=self._takes_genitive and search.takes_genitive)
        ]
        return _longest(_outside(hits, closed))

    def _anchored(self, spots: Sequence[Spot], name: Name, near: Node) -> list[Spot]:
        anchors = Group(self.occurrences(near))
        nearness = Nearness(name.unit, name.most)
        return [spot for spot in spots if any(True for _ in partners(self.reading, spot, anchors, nearness, is_left=True))]


def _apart(spots: Sequence[Spot]) -> list[Spot]:
    """Of spots of one length, left to right, leave out those that overlap the one before."""
    kept: list[Spot] = []
    free_at = 0
    for spot in spots:
        if spot[0] >= free_at:
            kept.append(spot)
            free_at = spot[1]
    return kept


def _nearness(node: Near) -> Nearness:
    return Nearness(node.unit, node.most, node.is_ordered)


def _note(proof: Proof, hits: Iterable[Hit]) -> None:
    known = proof.hits
    for hit in hits:
        known.setdefault(hit[:2], hit)


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

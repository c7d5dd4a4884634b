"""What tells an article's blocks from the page around it, as numbers: one row for each block."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from crawler.extract.blocks import Block, Box, Mark, Place, Walk

_PARAGRAPH = 80.0
_ENDS = frozenset(".!?…。！？；”“\"»’')）」』:：")
_RUNNING = frozenset({"p", "blockquote"})
_TAGS = {
    "p": 1, "div": 2, "li": 3, "td": 4, "h1": 5, "h2": 6, "h3": 7, "h4": 8, "h5": 8, "h6": 8, "blockquote": 9, "figcaption": 10, "section": 11, "article": 12,
}  # fmt: skip
_NOTHING = (0.0, 1.0, 0.0, 0.0, 9.0, 0.0, 0.0)
_APART = Place.ASIDE | Place.NAV | Place.FOOTER | Place.FORM | Place.HIDDEN
_FOREIGN = Mark.RELATED | Mark.COMMENT | Mark.NAV | Mark.NOTICE | Mark.OFFER | Mark.AD
_BITS = {
    "place": "ARTICLE MAIN ASIDE NAV LIST FIGURE QUOTE BODY FORM",
    "own": "CAPTION LEAD BYLINE CONTENT RELATED",
    "near": "CAPTION BYLINE CONTENT",
    "outer": "CAPTION OFFER BYLINE LEAD RELATED SHARE CONTENT",
}
_PLACE_BITS, _OWN_BITS, _NEAR_BITS, _OUTER_BITS = (
    tuple(getattr(Place if kind == "place" else Mark, name) for name in names.split()) for kind, names in _BITS.items()
)
_BLOCK_NAMES = "weight link bold ends stops shout ellipsis tag depth copies in_description in_body alike alike_share since_title from_first past_last position"
_BOX_NAMES = "box_share box_link box_paragraphs box_blocks box_mean sub_share sub_link around_share around_link score below_top above_top top_height top_share"
_AROUND_NAMES = "weight link tag ends below_top same_box alike"
NAMES = (
    *_BLOCK_NAMES.split(),
    *_BOX_NAMES.split(),
    *(f"{kind}_{name.lower()}" for kind, names in _BITS.items() for name in names.split()),
    *(f"{name}{at:+d}" for at in (-2, -1, 1, 2) for name in _AROUND_NAMES.split()),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the page says of itself that helps to know its text: title, description, JSON-LD body; empty where it is silent."""

    title: str = ""
    description: str = ""
    body: str = ""


class Boxes:
    """The boxes weighed: how much running text each holds, and which one is the article's likeliest."""

    def __init__(self, walk: Walk, title_at: int) -> None:
        boxes, size = walk.boxes, len(walk.boxes)
        self.good = [0.0] * size
        self.all = [0.0] * size
        self.paragraphs = [0] * size
        self.blocks = [0] * size
        self.score = [0.0] * size
        for at, block in enumerate(walk.blocks):
            self._count(block, boxes, is_early=at < title_at)
        self.sub_good, self.sub_all = self.good[:], self.all[:]
        for i in range(size - 1, 0, -1):
            parent = boxes[i].parent
            self.sub_good[parent] += self.sub_good[i]
            self.sub_all[parent] += self.sub_all[i]
        self.total = self.sub_good[0] or 1.0
        self.top = max(range(size), key=self.score.__getitem__)
        self.below, self.above, self.height = self._distances(boxes)

    def _count(self, block: Block, boxes: Sequence[Box], *, is_early: bool) -> None:
        i, good = block.box, block.weight * (1.0 - block.link)
        self.good[i] += good
        self.all[i] += block.weight
        self.blocks[i] += 1
        if block.weight < _PARAGRAPH or block.link > 0.35 or block.tag[0] == "h":
            return
        if block.tag in _RUNNING:
            self.paragraphs[i] += 1
        if block.place & _APART:
            return
        gain = 1.0 + min(good / 100.0, 5.0)
        if block.outer & _FOREIGN:
            gain *= 0.3 if (block.own | block.near) & _FOREIGN else 0.6
        if is_early:
            gain *= 0.4
        if block.tag == "li":
            gain *= 0.4
        for share in (1.0, 0.6, 0.3, 0.15):
            self.score[i] += gain * share
            i = boxes[i].parent
            if i < 0:
                return

    def _distances(self, boxes: Sequence[Box]) -> tuple[list[int], list[int], list[int]]:
        """How far below the top a box lies (9 = not below), how far outside its line, and how far up that line it leaves."""
        line: dict[int, int] = {}
        i, step = self.top, 0
        while i >= 0:
            line[i] = step
            i, step = boxes[i].parent, step + 1
        below, above, height = [9] * len(boxes), [0] * len(boxes), [0] * len(boxes)
        for i, box in enumerate(boxes):
            parent = box.parent
            if i in line:
                below[i], height[i] = (0 if i == self.top else 9), line[i]
            else:
                below[i] = below[parent] + 1 if below[parent] < 9 else 9
                above[i], height[i] = above[parent] + 1, height[parent]
        return below, above, height

    def row(self, i: int, boxes: Sequence[Box]) -> list[float]:
        """The numbers all blocks of a box share."""
        parent = boxes[i].parent if boxes[i].parent >= 0 else i
        everything, around = self.sub_all[i] or 1.0, self.sub_all[parent] or 1.0
        count = self.blocks[i] or 1
        return [
            self.good[i] / self.total,
            1.0 - self.good[i] / (self.all[i] or 1.0),
            min(self.paragraphs[i], 20),
            min(count, 50),
            self.all[i] / count,
            self.sub_good[i] / self.total,
            1.0 - self.sub_good[i] / everything,
            self.sub_good[parent] / self.total,
            1.0 - self.sub_good[parent] / around,
            self.score[i] / (self.score[self.top] or 1.0),
            self.below[i],
            self.above[i],
            self.height[i],
            self.sub_good[self.top] / self.total,
        ]


def rows(walk: Walk, hints: Hints) -> list[list[float]]:
    """Return each block's numbers in the order of ``NAMES``."""
    if not walk.blocks:
        return []
    title_at = _title_at(walk.blocks, hints.title)
    boxes = Boxes(walk, title_at)
    found = _own_rows(walk, hints, boxes, title_at)
    _look_around(walk.blocks, boxes, found)
    return found


def _own_rows(walk: Walk, hints: Hints, boxes: Boxes, title_at: int) -> list[list[float]]:
    """What a block shows by itself, and by the box and the places it stands in."""
    blocks, count = walk.blocks, len(walk.blocks)
    shared: dict[int, list[float]] = {}
    first, last = _reach(blocks, boxes)
    copies = Counter([block.text for block in blocks])
    makes, alike = _alike(blocks)
    description, body = _folded(hints.description)[:300], _folded(hints.body)
    found: list[list[float]] = []
    for at, block in enumerate(blocks):
        text = block.text
        kin = alike[makes[at]]
        if block.box not in shared:
            shared[block.box] = boxes.row(block.box, walk.boxes)
        found.append([
            block.weight,
            block.link,
            block.bold,
            text[-1] in _ENDS,
            _stops(text) / (block.weight + 20.0),
            text.isupper(),
            text[-1] == "…" or text[-3:] == "...",
            _TAGS.get(block.tag, 0),
            block.depth,
            copies[text] - 1,
            _is_said(text, description),
            _is_within(text, body),
            kin[0],
            kin[1] / boxes.total,
            at - title_at if title_at >= 0 else 1000.0,
            at - first,
            at - last,
            at / count,
            *shared[block.box],
            *_bits(block.place, block.own, block.near, block.outer),
        ])  # fmt: skip
    return found


@lru_cache(maxsize=4_096)
def _bits(place: int, own: int, near: int, outer: int) -> tuple[int, ...]:
    kinds = ((place, _PLACE_BITS), (own, _OWN_BITS), (near, _NEAR_BITS), (outer, _OUTER_BITS))
    return tuple([1 if marks & bit else 0 for marks, bits in kinds for bit in bits])


def _look_around(blocks: Sequence[Block], boxes: Boxes, found: list[list[float]]) -> None:
    """Add to each row what the two blocks before and after it are."""
    below = boxes.below
    shown = [((row[0], row[1], row[7], row[3], below[b.box]), b.box, b.tag, b.own) for row, b in zip(found, blocks, strict=True)]
    framed = (None, None, *shown, None, None)
    for at, (_, box, tag, own) in enumerate(shown):
        row = found[at]
        for beside in (framed[at], framed[at + 1], framed[at + 3], framed[at + 4]):
            if beside is None:
                row += _NOTHING
            else:
                row += beside[0]
                row += (beside[1] == box, beside[2] == tag and beside[3] == own)


Make: TypeAlias = tuple[str, int, int, int, int]


def _alike(blocks: Sequence[Block]) -> tuple[list[Make], dict[Make, list[float]]]:
    """Of what make each block is; how many blocks are of one make, and how much running text they hold."""
    makes = [(block.tag, block.own, block.near, block.depth, block.place) for block in blocks]
    alike: dict[Make, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for make, block in zip(makes, blocks, strict=True):
        kin = alike[make]
        kin[0] += 1.0
        kin[1] += block.weight * (1.0 - block.link)
    return makes, alike


def _stops(text: str) -> int:
    """Count what parts sentences; the ideographic marks thrice, as their letters count."""
    stops = text.count(",") + text.count(". ")
    return stops if text.isascii() else stops + 3 * (text.count("，") + text.count("。") + text.count("、"))


def _is_said(text: str, description: str) -> bool:
    """Whether the block says what the page's description says."""
    return len(text) > 20 and bool(description) and (text[:60].casefold() in description or description[:60] in text[:400].casefold())


def _is_within(text: str, body: str) -> float:
    """Whether the JSON-LD body holds the block's beginning; a half where there is nothing to tell by."""
    return float(text[:60].casefold() in body) if body and len(text) > 20 else 0.5


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _title_at(blocks: Sequence[Block], title: str) -> int:
    """Where the title stands as a heading: the first that says it, else the first of the highest rank; -1 where there is none."""
    wanted = _folded(title)
    fallback = -1
    for at, block in enumerate(blocks):
        if block.tag[0] != "h" or block.tag not in ("h1", "h2"):
            continue
        text = _folded(block.text)
        if wanted and (text == wanted or (len(text) > 15 and (text in wanted or wanted in text))):
            return at
        if fallback < 0 and block.tag == "h1":
            fallback = at
    return fallback


def _reach(blocks: Sequence[Block], boxes: Boxes) -> tuple[int, int]:
    """The first and the last paragraph below the top box."""
    found = [at for at, block in enumerate(blocks) if boxes.below[block.box] < 9 and block.weight >= _PARAGRAPH and block.link < 0.3]
    return (found[0], found[-1]) if found else (0, len(blocks) - 1)

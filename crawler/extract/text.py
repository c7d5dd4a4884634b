"""The article's text out of the page's tree: blocks judged one by one, a second opinion where they are doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cssselect import SelectorError
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement
from trafilatura import bare_extraction

from crawler.extract import boilerplate, forest
from crawler.extract.blocks import Block, Walk
from crawler.extract.features import NAMES, Hints, rows
from crawler.extract.measures import bare, weight
from crawler.extract.tree import Tree

_DOUBT = 0.1
"""The share of text in the balance above which a page gets a second opinion: one page in four, for +.005 F1."""
_SECOND_OPINION = 1.5
"""What the second opinion adds to a block's log-odds, or takes from them."""
_SECOND_MAX_NODES = 6_000
_LEAD = 3.0
"""What a lead gains: 1.7 % more of the known sentences of European pages, against .0006 F1 on sets whose texts begin below it."""
_LEAD_REACH, _LEAD_LINK, _LEAD_WEIGHT = 6, 0.3, 40.0
_IN_DESCRIPTION, _SINCE_TITLE, _LINK, _WEIGHT = map(NAMES.index, ("in_description", "since_title", "link", "weight"))
_COPY_CHARS = 60
_OFFER_WEIGHT = 800.0
_PROBE_CHARS = 200
_RESCUE_SHARE, _RESCUE_CHARS = 0.35, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The text that was chosen, paragraphs one a line, and how: blocks, second opinion, json-ld, selectors.

    ``asides`` are lines of it that were left out as every page of an outlet says them; they may still name an agency.
    """

    text: str
    how: str
    asides: tuple[str, ...] = ()


def read(tree: Tree, walk: Walk, hints: Hints, selector: str | None = None) -> Reading:
    """Return the article's text, empty where the page has none; ``selector`` is an outlet's own for its article's body."""
    chosen = _outermost(_find(tree.root, selector)) if selector else []
    if chosen:
        return _compose([block for part in chosen for block in Walk(part).blocks], hints, how="selectors")
    reading = _judge(tree, walk, hints)
    if len(hints.body) >= _RESCUE_CHARS and len(reading.text) < _RESCUE_SHARE * len(hints.body):
        return Reading(text=hints.body, how="json-ld")
    return reading


def drop(root: HtmlElement, selectors: Sequence[str]) -> None:
    """Take out what an outlet's settings name, but never the page itself."""
    for selector in selectors:
        for element in _find(root, selector):
            if element.getparent() is not None and element.tag != "body":
                element.drop_tree()


def selected_line(root: HtmlElement, selector: str) -> str:
    """Return the first text that an outlet's own selector finds."""
    return next((line for element in _find(root, selector) if (line := " ".join(" ".join(element.itertext()).split()))), "")


def _judge(tree: Tree, walk: Walk, hints: Hints) -> Reading:
    """Ask the forest of each block; where much hangs in the balance ask trafilatura too."""
    blocks, judge = walk.blocks, forest.load()
    numbers = rows(walk, hints)
    odds = [judge.odds(row) for row in numbers]
    doubt = _doubt(blocks, odds)
    odds = [one + _LEAD * _is_lead(row) for one, row in zip(odds, numbers, strict=True)]
    how = "blocks"
    if doubt > _DOUBT and tree.nodes <= _SECOND_MAX_NODES:
        second = _second_opinion(tree.root)
        if second:
            odds = [_swayed(one, block, second) for one, block in zip(odds, blocks, strict=True)]
            how = "second opinion"
    return _compose([block for block, one in zip(blocks, odds, strict=True) if one >= 0.0], hints, how=how)


def _is_lead(row: Sequence[float]) -> bool:
    """Whether a block below the title says what the description says: the lead, which many pages keep apart from their text."""
    return bool(row[_IN_DESCRIPTION]) and 0 < row[_SINCE_TITLE] <= _LEAD_REACH and row[_LINK] < _LEAD_LINK and row[_WEIGHT] >= _LEAD_WEIGHT


def _swayed(odds: float, block: Block, second: str) -> float:
    return odds + (_SECOND_OPINION if bare(block.text)[:_PROBE_CHARS] in second else -_SECOND_OPINION)


def _doubt(blocks: Sequence[Block], odds: Sequence[float]) -> float:
    """How much text hangs in the balance, as a share of what is likely the article's."""
    likely = wavering = 0.0
    for block, one in zip(blocks, odds, strict=True):
        chance = forest.probability(one)
        size = block.weight * (1.0 - 0.5 * block.link)
        likely += size * chance
        wavering += size * min(chance, 1.0 - chance)
    return wavering / likely if likely else 1.0


def _second_opinion(root: HtmlElement) -> str:
    """Return trafilatura's text, bare, or nothing where it finds none worth hearing; its slow ways would add nothing but two fifths of the cost."""
    found = bare_extraction(root, fast=True, favor_precision=True, include_comments=False, with_metadata=False)
    return bare(found.text) if found and len(found.text or "") > _PROBE_CHARS else ""


def _compose(blocks: Sequence[Block], hints: Hints, *, how: str) -> Reading:
    """One line a block, without the title, what stands there twice, and what every page of an outlet says."""
    title, seen = bare(hints.title), set[str]()
    lines: list[str] = []
    asides: list[str] = []
    for block in blocks:
        text = block.text
        if (len(text) >= _COPY_CHARS and text in seen) or (title and len(text) < len(hints.title) + 40 and bare(text) == title):
            continue
        if boilerplate.is_boilerplate(text, link=block.link):
            asides.append(text)
            continue
        seen.add(text)
        lines.append(text)
    lines = _before_wall(lines)
    return Reading(text="\n".join(lines), how=how, asides=tuple(asides))


def _before_wall(lines: list[str]) -> list[str]:
    """Leave out a wall and the offers behind it; what goes on long behind such a line goes on, for it was no wall."""
    if not boilerplate.has_wall("\n".join(lines)):
        return lines
    for at, line in enumerate(lines):
        if at and boilerplate.is_wall(line) and sum(map(weight, lines[at + 1 :])) < _OFFER_WEIGHT:
            return lines[:at]
    return lines


def _outermost(found: Sequence[HtmlElement]) -> list[HtmlElement]:
    chosen = set(found)
    return [element for element in found if not any(outer in chosen for outer in element.iterancestors())]


def _find(root: HtmlElement, selector: str) -> list[HtmlElement]:
    """Return what a CSS selector finds, nothing where it is none: settings are checked elsewhere, a page is read anyway."""
    try:
        return list(CSSSelector(selector, translator="html")(root))
    except (SelectorError, ValueError):
        return []

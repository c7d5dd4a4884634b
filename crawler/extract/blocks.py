"""A page's visible text as blocks, each with where it stands: one walk over the tree, linear in its size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from lxml.html import HtmlElement

MAX_BLOCKS = 4_000
"""No article has more; what follows is lists."""


class Place:
    """Elements a block stands in, as bits (plain integers: an IntFlag's ``|`` would be a third of the walk)."""

    ARTICLE = 1
    MAIN = 2
    ASIDE = 4
    NAV = 8
    FOOTER = 16
    HEADER = 32
    FORM = 64
    LIST = 128
    TABLE = 256
    FIGURE = 512
    QUOTE = 1024
    BODY = 2048  # itemprop="articleBody"
    HIDDEN = 4096


class Mark:
    """What class and id say an element is for, as bits."""

    CONTENT = 1
    COMMENT = 2
    RELATED = 4
    SHARE = 8
    AD = 16
    OFFER = 32
    BYLINE = 64
    CAPTION = 256
    NAV = 512
    NOTICE = 1024
    LEAD = 2048


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_SKIPPED = _words(
    "area audio canvas datalist dialog embed frameset head iframe img input link map math meta meter noframes noscript object optgroup "
    "option param picture progress script select source style svg template textarea title track video"
)
_INLINE = _words(
    "a abbr acronym b bdi bdo big cite code data del dfn em font g-emoji i ins kbd label mark nobr q rb rp rt rtc ruby s samp small span strike "
    "strong sub sup time tt u var wbr"
)
_BREAKS = _words("br hr")
_BOLD = _words("b strong")
# Elements that hold one thought; any other is a box of blocks.
_LEAVES = _words("p li h1 h2 h3 h4 h5 h6 td th dt dd tr tbody thead tfoot blockquote figcaption caption address pre summary legend center")
_PLACES = {
    "article": Place.ARTICLE, "main": Place.MAIN, "aside": Place.ASIDE, "nav": Place.NAV, "footer": Place.FOOTER, "header": Place.HEADER,
    "form": Place.FORM, "button": Place.FORM, "ul": Place.LIST, "ol": Place.LIST, "dl": Place.LIST, "table": Place.TABLE, "figure": Place.FIGURE,
    "figcaption": Place.FIGURE, "blockquote": Place.QUOTE,
}  # fmt: skip
_ROLES = {
    "navigation": Place.NAV, "search": Place.NAV, "banner": Place.HEADER, "complementary": Place.ASIDE, "contentinfo": Place.FOOTER,
    "dialog": Place.ASIDE, "main": Place.MAIN, "article": Place.ARTICLE,
}  # fmt: skip
# What words in class and id mean; a word is a run of letters, ``articleBody`` holds two.
_WORDS = {
    Mark.COMMENT: r"comment|disqus|komment|^respond|^repl(?:y|ies)$|discuss|leserbrief|pinglun|livefyre|^coral$|^opinie$|yorum|^reacti(?:on|e)s?$|coment",
    Mark.RELATED: r"relat|recommend|recirc|teaser|popular|trending|^(?:more|most|also|next|further|latest|weiter|mehr|lesen|siehe|leer|lire|hot|rank|feed)|"
    r"linklist|^cards?$|carousel|slider|promo|outbrain|taboola|similar|onward|topstor|tuijian|xiangguan|readmore|readnext|readalso|swiper",
    Mark.SHARE: r"^shar(?:e|ing)|social|^follow|facebook|twitter|whatsapp|^sns|teilen|partag|compart|condivid|fenxiang|addthis|sharedaddy",
    Mark.AD: r"^ads?$|^ad(?:slot|unit|box)|advert|sponsor|anzeige|werbung|banner|^dfp|^gpt|publicit|affiliate|guanggao|reklam|annonc",
    Mark.OFFER: r"newsletter|subscri|^sign(?:up|in)|^login|^regist|paywall|^piano|^abos?$|^abon|donat|membership|^optin|mailing|^cta$|suscri|iscri|mailchimp",
    Mark.BYLINE: r"byline|author|^autor|^dates?$|^datum|^time|^meta$|^metadata|^sources?$|credit|copyright|publish|^tags?$|^topics?|categor|keyword|kicker|dateline|"
    r"^infos?$|^rubri|reading|laiyuan|zuozhe|attribution|^eyebrow|^labels?$|^badge",
    Mark.CAPTION: r"caption|^fig|imag|galler|photo|media|^img|picture|slideshow|video|player|^embed|^bild|^fotos?$|legend|audio|podcast|infobox|factbox|"
    r"pullquote|tweet|instagram|tupian",
    Mark.NAV: r"^nav|menu|footer|breadcrumb|paginat|^pager|^skip|toolbar|masthead|topbar|^side|^rails?$|^aside|widget|sitemap|search|^lang|^logo|drawer|"
    r"offcanvas|^tools?$|^print|^toc$|^bottom",
    Mark.NOTICE: r"cookie|consent|gdpr|modal|popup|overlay|toast|privacy|tooltip|^sr$|hidden|screenreader|noprint|disclaim|correction|notice|legal|alert|"
    r"warning|feedback|mianze|shengming",
    Mark.LEAD: r"^lead$|^lede|^intro|summary|standfirst|^dek$|subtitle|subhead|vorspann|abstract|excerpt|^chap(?:eau|o)$|entradilla|bajada|sommario|"
    r"ingress|^deck$|^desc|strapline|tagline|daoyu|daodu|zhaiyao|^anleser|^teasertext",
    Mark.CONTENT: r"^body|content|^text|^copy$|^inhalt|prose|editor|wysiwyg|zhengwen|neirong|cuerpo|^corps$|^testo$|^tresc|paragraph|^para$|absatz|artibody",
}  # fmt: skip
# What readers wrote below the article; whole names only, for a page may be called "comments-open".
_COMMENTS = _words(
    "comments comment-list commentlist comment_list comments-list comments-area comments-section comment-section comments-container comment-respond "
    "comment-form commentform commentsection comment-body comments-wrapper comments-wrap respond disqus_thread disqus-thread disqus fb-comments "
    "kommentare leserkommentare comentarios commentaires reacties kommentarer comments__list comments-block comments-module livefyre "
    "post-comments article-comments article__comments comments-app comment-thread comment-container pinglun"
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_MEANINGS = [(mark, re.compile(pattern)) for mark, pattern in _WORDS.items()]
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


@dataclass(slots=True)
class Box:
    """An element that holds blocks: its parent box, tag and marks; ``blocks`` and ``boxes`` count what it holds itself."""

    parent: int
    tag: str
    mark: int
    blocks: int = 0
    boxes: int = 0


@dataclass(slots=True)
class Block:
    """A stretch of text between two breaks.

    ``weight`` is its length in characters, Han and Kana counting thrice, for they say as much; ``link`` and ``bold`` the share of it that is linked,
    or bold; ``own`` and ``outer`` the marks of its element and of all around it; ``box`` the index of the box it stands in.
    """

    text: str
    weight: float
    link: float
    bold: float
    tag: str
    own: int
    near: int
    outer: int
    place: int
    box: int
    depth: int
    element: HtmlElement


@dataclass(slots=True)
class _Spot:
    """Where the walk stands."""

    tag: str
    own: int
    near: int
    outer: int
    place: int
    box: int
    depth: int
    element: HtmlElement


class Walk:
    """The blocks and boxes of a page, in reading order."""

    def __init__(self, root: HtmlElement) -> None:
        self.blocks: list[Block] = []
        self.boxes: list[Box] = []
        self._parts: list[str] = []
        self._linked = self._bold = 0
        self._in_link = self._in_bold = 0
        body = root.find("body")
        body = root if body is None else body
        self._spot = _Spot("body", 0, 0, 0, 0, -1, 0, body)
        self._enter(body, dict(body.items()))
        self._fold()

    @property
    def is_cut(self) -> bool:
        """Whether the page went on beyond what is read of any."""
        return len(self.blocks) >= MAX_BLOCKS

    def _enter(self, element: HtmlElement, names: Mapping[str, str]) -> None:
        """Walk an element that breaks the line; ``names`` are its attributes, taken out once, for they are asked for by nine names."""
        outside = self._spot
        if self._parts:
            self._flush(outside)
        tag = element.tag
        place, own = outside.place | _PLACES.get(tag, 0), 0
        if names:
            named = f"{names.get('class', '')} {names.get('id', '')}"
            own = marks(named) if named != " " else 0
            place |= _declared(names)
        box = outside.box
        if tag not in _LEAVES or not self.boxes:
            self.boxes.append(Box(box, tag, own))
            box = len(self.boxes) - 1
        spot = self._spot = _Spot(tag, own, outside.own, outside.outer | own, place, box, outside.depth + 1, element)
        if element.text:
            self._add(element.text)
        for child in element:
            self._visit(child)
            if child.tail:
                self._add(child.tail)
        if self._parts:
            self._flush(spot)
        self._spot = outside

    def _visit(self, element: HtmlElement) -> None:
        tag = element.tag
        if tag in _INLINE:
            self._pass(element, tag)
        elif tag in _BREAKS:
            self._flush(self._spot)
        elif tag not in _SKIPPED and tag.__class__ is str and len(self.blocks) < MAX_BLOCKS:
            names = dict(element.items())
            if not names or not _is_comments(names):
                self._enter(element, names)

    def _pass(self, element: HtmlElement, tag: str) -> None:
        """Walk an element that stays in the line."""
        is_link, is_bold = tag == "a", tag in _BOLD
        self._in_link += is_link
        self._in_bold += is_bold
        if element.text:
            self._add(element.text)
        for child in element:
            self._visit(child)
            if child.tail:
                self._add(child.tail)
        self._in_link -= is_link
        self._in_bold -= is_bold

    def _add(self, text: str) -> None:
        self._parts.append(text)
        if self._in_link:
            self._linked += len(text.strip())
        if self._in_bold:
            self._bold += len(text.strip())

    def _flush(self, spot: _Spot) -> None:
        if not self._parts:
            return
        text = " ".join("".join(self._parts).split())
        if text and len(self.blocks) < MAX_BLOCKS:
            size = len(text)
            weight = size if text.isascii() else size + 2 * len(_WIDE.findall(text))
            block = Block(
                text, weight, min(self._linked / size, 1.0), min(self._bold / size, 1.0), spot.tag, spot.own, spot.near, spot.outer, spot.place, spot.box,
                spot.depth, spot.element,
            )  # fmt: skip
            self.blocks.append(block)
        self._parts.clear()
        self._linked = self._bold = 0

    def _fold(self) -> None:
        """Give the blocks of boxes that hold but one to the box around, so that wrapped paragraphs stand side by side."""
        boxes = self.boxes
        for block in self.blocks:
            boxes[block.box].blocks += 1
        for box in boxes:
            if box.parent >= 0:
                boxes[box.parent].boxes += 1
        into = list(range(len(boxes)))
        for i in range(len(boxes) - 1, 0, -1):
            box = boxes[i]
            if box.blocks <= 1 and not box.boxes:
                around = boxes[box.parent]
                around.boxes -= 1
                around.blocks += box.blocks
                into[i] = box.parent
        for i in range(1, len(boxes)):
            into[i] = into[into[i]] if into[i] != i else i
        for block in self.blocks:
            block.box = into[block.box]


@lru_cache(maxsize=8_192)
def marks(named: str) -> int:
    """Return what an element's class and id say it is for."""
    found = 0
    for word in _WORD.findall(named[:300]):
        found |= _meaning(word)
    return found


@lru_cache(maxsize=16_384)
def _meaning(word: str) -> int:
    lower = word.lower()
    return sum(mark for mark, pattern in _MEANINGS if pattern.search(lower))


def _is_comments(names: Mapping[str, str]) -> bool:
    """Tell the box of readers' comments."""
    name = names.get("id")
    if name and name.lower() in _COMMENTS:
        return True
    named = names.get("class", "")
    return "omme" in named and not _COMMENTS.isdisjoint(named.lower().split())


def _declared(names: Mapping[str, str]) -> int:
    """What attributes say outright: hidden, roles, the article's body."""
    place = 0
    if "hidden" in names or names.get("aria-hidden") == "true" or ("style" in names and _UNSEEN.search(names["style"])):
        place |= Place.HIDDEN
    role = names.get("role")
    if role:
        place |= _ROLES.get(role, 0)
    if "articleBody" in names.get("itemprop", ""):
        place |= Place.BODY
    return place

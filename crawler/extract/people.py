"""Who wrote an article: what the page tells machines first, then what it shows beside the title."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from html import unescape
from typing import cast

from lxml import etree
from lxml.html import Element, HtmlElement
from trafilatura.metadata import extract_author

from crawler.clean import one_line
from crawler.extract import jsonld, shown
from crawler.extract.blocks import Block
from crawler.extract.jsonld import Node
from crawler.extract.measures import bare
from crawler.extract.meta import Head

_META = (
    "author", "article:author", "og:article:author", "dc.creator", "dcterms.creator", "dc.contributor", "sailthru.author", "parsely-author", "byl", "byline",
    "cxenseparse:author", "authors", "article.author", "citation_author", "creator", "rbauthors", "shareaholic:article_author_name", "vr:author", "mediator_author",
)  # fmt: skip
_BY = re.compile(
    r"^(?:(?:written |reported |reviewed |story |text |words )?by|von|par|por|di|da|door|av|af|od|przez|text(?:e)?|autor(?:in|en|es|a)?|author|auteur|"
    r"作者|记者|記者|撰文|文|本报记者|新华社记者|공동취재|기자명)\s*[:：|/]?\s+|^(?:作者|记者|記者|撰文|文)\s*[:：|/丨]\s*|^(?:by|von)\s*:\s*",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"\s*(?:;|；|、|\||•|·|\s[-–—/]\s|\s&\s|(?:,\s?|\s)(?:and|und|et|e|y|og|och|en|i|oraz|im Gespräch mit)\s(?=[^\W\d_])|,\s(?!(?:Jr|Sr|PhD|Ph\.D|MD|M\.D|DVM|Dr|RD|CPA|CFP|MS|MPH|RN|II|III)\b))\s*"
)
_NOISE = re.compile(
    r"https?:|www\.|@|\d{3}|[{}<>=]|^(?:admin|administrator|editor|redaktion|root|unknown|null|none|undefined|staff|author|name|by|webmaster|wordpress|taboola|未知|佚名|匿名|"
    r"not available|n/a)$|(?:责任编辑|責任編輯|责编|編輯|编辑|来源|來源|版权|校对|审核)\s*[:：]",
    re.IGNORECASE,
)
_TRADE = re.compile(r"\s(?:writer|reporter|correspondent|columnist|contributor|korrespondent(?:in)?|redakteur(?:in)?)$", re.IGNORECASE)
# Where a byline goes over into a date, the names are told.
_DATE = re.compile(
    r"(?:am |on |le |el )?(?:\d{1,2}(?:\.|st|nd|rd|th)?|(?:mon|tues|wednes|thurs|fri|satur|sun)day|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|"
    r"(?:\d{1,2}\.? )?(?:january|january?|jan|februar[iy]?|feb|märz|march|mar|april|apr|mai|may|jun[ei]?|jul[iy]?|august|aug|september|sept?|o[ck]tober|o[ck]t|november|nov|"
    r"de[cz]ember|de[cz]|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|"
    r"octubre|noviembre|diciembre)\.?(?: \d{1,4}.*)?)",
    re.IGNORECASE,
)
# What a careless byline drags behind the name: dates, weekdays, "updated", the outlet's own trade.
_TAIL = re.compile(
    r"\s+(?:(?:am |on |le |el )?(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|"
    r"(?:januar[iy]?|jan|februar[iy]?|feb|märz|march|mar|april|apr|mai|may|jun[ei]?|jul[iy]?|august|aug|september|sept?|o[ck]tober|november|nov|de[cz]ember)\b|"
    r"stand|updated|published|posted|aktualisiert|veröffentlicht|min read|\d).*$|\s*[(（].*$|，?(?:记者|记者站)$|\s(?:기자|특파원)$|(?<=[\u4e00-\u9fff])\s+[\u4e00-\u9fff]{4,}$|\s+(?:企鹅号|关注|(?-i:on|am)|alle artikel|all articles)$",
    re.IGNORECASE,
)
# Taiwan's way: "記者林志豪／台南報導"
_DATELINED = re.compile(r"(?:記者|记者)\s?([\u4e00-\u9fff]{2,4}(?:、[\u4e00-\u9fff]{2,4}){0,2})\s?[／/]")
_LABEL = re.compile(
    r"(?<=[\u4e00-\u9fff])\s?(?:出版|發布|發佈|发布|发表|更新|時間|时间|日期|来源|來源|浏览|阅读)(?:[时時日][间間期])?[:：]"
)
_BEFORE_DATE = re.compile(r"[\s,|–—-]+(?:(?:le|am|on|el|il|om|den|em|op|dne|dnia|du)(?:\s[^\W\d]{2,10}\.?)?)?[\s,|–—-]*$")
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_CLASSED = re.compile(
    r"(?:^|[\s_-])(?:author|autor|byline|auteur|redakteur|journalist)(?:[_-]*(?:name|link|info|title|meta|text|by))?(?:$|\s)", re.IGNORECASE
)
_NAME = re.compile(
    r"(?:[^\W\d_a-z][\w\u0900-\u0dff\u0e00-\u0e7f'’.-]+[ ]){1,3}[^\W\d_a-z][\w\u0900-\u0dff\u0e00-\u0e7f'’.-]+|[\u4e00-\u9fff·]{2,8}"
)
# Among date and source: "2026-11-24 来源：海港日报 作者：张伟"
_SIGNED = re.compile(r"(?:作者|记者|記者|撰文)\s*[:：]\s*([\u4e00-\u9fff·]{2,8}(?:[、 ][\u4e00-\u9fff·]{2,8}){0,3})")
# Every element that trafilatura takes for a byline says one of these words in an attribute, or is of a kind that HTML does not know.
_WITH_ATTRIBUTES = etree.XPath("//*[@*]")
_UNKNOWN = ("author", "rel")
_CLAIM = re.compile(
    "[Aa]uthor|[Bb]yl|BBL|username|screenname|writer|zuozhe|bianji|xiaobian|channel-name|submitted-by|posted-by|journalist-name"
)
_DROPS = frozenset({"a", "div", "section", "span", "time", "figure"})
_DROPPED_BY = ("class", "id", "data-component")
_MAX_NAMES, _MAX_CHARS = 12, 80
_MAX_NODES = 6_000
_MAX_LINE = 500


def read(
    root: HtmlElement, head: Head, node: Node, known: Mapping[str, Node], near_title: Sequence[Block], sites: Collection[str]
) -> tuple[str, ...]:
    """Return the authors' names, in order, each once; the site's own name (``sites``, bare) only where no person is named."""
    told = _names(_told(node, known))
    if people := _people(told, sites):
        return people
    said = _names(part for value in head.all(*_META) for part in _parts(value))
    if people := _people(said, sites):
        return people
    shown = _names(_shown(root, near_title))
    if people := _people(shown, sites):
        return people
    return told or said or shown or _sought(root)


def _sought(root: HtmlElement) -> tuple[str, ...]:
    """Leave the search to trafilatura, but not among more elements than any article's page needs: it would take a quarter of the reading."""
    if cast("float", root.xpath("count(//*)")) > _MAX_NODES:
        return ()
    page = claimants(root)
    return () if page is None else _names(_parts((extract_author(page) or "").replace(";", " ; ")))


def claimants(root: HtmlElement) -> HtmlElement | None:
    """Return a page of those elements alone that may call themselves a byline, in bare copies of what they stand in; None where there are none.

    trafilatura finds the same in it as in the whole page, of which it asks a dozen questions of each element.
    """
    if next(root.iter(*_UNKNOWN), None) is not None:
        return root
    found: dict[HtmlElement, None] = {}
    for element in cast("list[HtmlElement]", _WITH_ATTRIBUTES(root)):
        if _CLAIM.search(" ".join(element.values())) and not any(outer in found for outer in element.iterancestors()):
            found[element] = None
    return _alone(found) if found else None


def _alone(claims: Iterable[HtmlElement]) -> HtmlElement:
    page = Element("html")
    copies: dict[HtmlElement, HtmlElement] = {}
    for claim in claims:
        inside = page
        for outer in reversed(list(claim.iterancestors())):
            if outer not in copies:
                names = {name: value for name in _DROPPED_BY if (value := outer.get(name))}
                copies[outer] = etree.SubElement(inside, outer.tag if outer.tag in _DROPS else "p", names)
            inside = copies[outer]
        inside.append(deepcopy(claim))
    return page


def _people(names: Iterable[str], sites: Collection[str]) -> tuple[str, ...]:
    """Return the names but the site's own."""
    return tuple(name for name in names if bare(name) not in sites)


def _told(node: Node, known: Mapping[str, Node]) -> Iterator[str]:
    for value in _listed(node.get("author") or node.get("creator")):
        person = known.get(str(value.get("@id")), value) if isinstance(value, dict) and "name" not in value else value
        for name in jsonld.strings(person.get("name") if isinstance(person, dict) else person):
            yield from _parts(name)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value] if value else []


def _shown(root: HtmlElement, near_title: Sequence[Block]) -> Iterator[str]:
    """Links and elements that say they name the author; else lines beside the title that begin with a word for it; else what is classed so."""
    classed = ""
    found = False
    for element in root.iter("a", "span", "address", "p", "div", "li", "strong", "em"):
        names = element.attrib
        if "author" in names.get("rel", "").split() or "author" in names.get("itemprop", "").split():
            found = True
            yield from _parts(" ".join(element.itertext())[:200])
        elif not classed and _CLASSED.search(names.get("class", "")):
            line = one_line(" ".join(element.itertext())[:200])
            classed = line if _NAME.fullmatch(_BY.sub("", line)) else ""
    if found:
        return
    for block in near_title:
        if len(block.text) <= _MAX_CHARS and _BY.match(block.text):
            yield from _parts(block.text)
            return
        if signed := _SIGNED.search(block.text):
            yield from _parts(signed[1])
            return
    yield from _parts(classed)


def _parts(text: str) -> Iterator[str]:
    """Split a byline into names."""
    if found := _DATELINED.search(text[:_MAX_CHARS]):
        text = found[1]
    line = _BY.sub("", _undated(one_line(unescape(text)))).strip(" ,|-–—:：·•")
    yield from (part for part in _SPLIT.split(line) if part)


def _undated(line: str) -> str:
    """Cut a byline where it goes over into a date or another label."""
    line = _LABEL.split(line, maxsplit=1)[0]
    if any(map(str.isdigit, line)) and (dated := shown.find(line[:_MAX_LINE], country="", now=_ANY_TIME)) and dated.start:
        return _BEFORE_DATE.sub("", line[: dated.start])
    return line


def _names(parts: Iterable[str]) -> tuple[str, ...]:
    """Keep what can be a name, each once."""
    kept: dict[str, str] = {}
    for part in parts:
        if kept and _DATE.fullmatch(part):
            break
        name = _TAIL.sub("", _BY.sub("", one_line(part))).strip(" ,|-–—:：·•()（）[]")
        if kept and _TRADE.search(name):
            continue
        if 1 < len(name) <= _MAX_CHARS and not _NOISE.search(name) and len(name.split()) <= 8:
            kept.setdefault(bare(name), name)
        if len(kept) == _MAX_NAMES:
            break
    return tuple(kept.values())

"""Section pages: the articles a page links to, by a pattern or by the shape that article links share. Only this page, never deeper."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from statistics import median
from urllib.parse import unquote

from lxml import etree

from crawler.clean import one_line
from crawler.model import Outlet, Source, SourceRead
from crawler.sources import Unreadable
from crawler.sources.dates import latest_in_url
from crawler.sources.decode import to_utf8
from crawler.sources.document import Element
from crawler.sources.draft import SUMMARY_MAX, TITLE_MAX, Draft, Reading, language_tag
from crawler.urls import Address, canonical_url, parse, resolve

try:
    import re2
except ImportError:  # no wheel for this Python: the pattern is the operator's own, and URLs are short
    re2 = re

LINKS_MAX, ANCHORS_MAX = 5_000, 20_000
BODY_MAX = 8 * 1024 * 1024

_TEXT_MAX = 2_000
_NEAR = 4  # how far up a teaser's box is looked for
_BOX_NODES, _BOX_LINKS = 300, 4
_CHROME = {"nav", "header", "footer", "aside", "form"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BOXES = {"article", "li", "section", "td"}
_SERVICE = re.compile(
    r"/(?:tags?|categor(?:y|ies)|categorias?|themen?|temas?|topics?|dossiers?|authors?|autor(?:en)?|login|signin|register|signup|account|subscri\w*|abo(?:nnement)?s?|newsletters?|"
    r"about|impressum|kontakt|contact|privacy|datenschutz|terms|agb|search|suche|recherche|rss|feeds?|page|seite|shop|jobs|karriere|help|hilfe|faq|"
    r"werbung|advertis\w*|cookies?|mentions-legales|calendar|kalender)(?:[/.?_-]|$)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(slots=True)
class _Link:
    """One article that may be: every anchor that leads to it put together."""

    url: str
    address: Address
    title: str = ""
    summary: str = ""
    date: str = ""
    in_chrome: bool = True
    in_heading: bool = False
    order: int = 0
    shape: str = field(default="")


@dataclass(slots=True)
class _Box:
    """What was found in an anchor, or in the box of a teaser around it."""

    links: int = 0
    heading: str = ""
    date: str = ""
    paragraphs: list[str] = field(default_factory=list)


def read(body: bytes, *, source: Source, outlet: Outlet, url: str, headers: Mapping[str, str], now: datetime) -> SourceRead:
    """Read a section page; see ``crawler.sources.Read``.

    With ``source.link_pattern`` every link whose absolute URL it finds; without, the links of the shapes that look like articles.
    """
    decoded = to_utf8(body[:BODY_MAX], content_type=headers.get("content-type", ""), language=outlet.language)
    reading = Reading(source=source, outlet=outlet, base=url, now=now, language=headers.get("content-language"))
    for repair in decoded.repairs:
        reading.repairs.note(repair)
    root = parse_page(decoded.data)
    page = _Page(root, url)
    links = page.links()
    if not links:
        raise Unreadable("a page without links")
    chosen = _by_pattern(links, source.link_pattern) if source.link_pattern else _by_shape(links, url)
    return SourceRead(
        entries=reading.entries(_draft(link) for link in chosen),
        parser="listing",
        is_partial=page.is_cut,
        is_truncated=page.is_cut,
        repairs=reading.repairs.lines(),
        title=one_line(root.findtext(".//title") or "")[:TITLE_MAX] or None,
        language=language_tag(root.get("lang") or reading.language),
        tz_offset_s=reading.tz_offset_s,
    )


def parse_page(data: bytes) -> Element:
    """Parse a web page; raises Unreadable on what is none."""
    parser = etree.HTMLParser(encoding="utf-8", recover=True, no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None or root.tag != "html":
        raise Unreadable("no web page")
    return root


class _Page:
    """Gathers a page's links; what stands around them is looked at once for each box, and never far into it."""

    def __init__(self, root: Element, url: str) -> None:
        self._root = root
        self._boxes: dict[Element, _Box] = {}
        base = root.find(".//base[@href]")
        self._base = _resolved(base.get("href"), url) if base is not None else url
        self._own, self._site = canonical_url(url), _site(parse(url).host)
        self.is_cut = False

    def links(self) -> list[_Link]:
        """Every link to the same site, in page order, anchors to one URL put together."""
        found: dict[str, _Link] = {}
        for count, anchor in enumerate(self._root.iter("a")):
            if len(found) >= LINKS_MAX or count >= ANCHORS_MAX:
                self.is_cut = True
                break
            link = self._link(anchor)
            if link is None:
                continue
            known = found.setdefault(link.url, link)
            if known is link:
                link.order = len(found)
            else:
                _merge(known, link)
        return list(found.values())

    def _link(self, anchor: Element) -> _Link | None:
        href = (anchor.get("href") or "").strip()
        if not href or href.startswith("#"):
            return None
        try:
            url = canonical_url(href, self._base)
        except ValueError:
            return None
        link = _Link(url=url, address=parse(url))
        if url == self._own or _site(link.address.host) != self._site:
            return None
        link.in_chrome, link.in_heading, box = _surroundings(anchor)
        self._read_teaser(anchor, box, link)
        return link

    def _read_teaser(self, anchor: Element, box_node: Element | None, link: _Link) -> None:
        inside = _look_into(anchor)
        around = self._box(box_node) if box_node is not None else _Box()
        link.in_heading = link.in_heading or bool(inside.heading)
        link.title = inside.heading or _text(anchor) or one_line(anchor.get("title") or anchor.get("aria-label") or "")
        near = inside.paragraphs or (around.paragraphs if link.in_heading else [])
        link.summary = next((text for text in near if text != link.title), "")[:SUMMARY_MAX]
        link.date = inside.date or around.date

    def _box(self, node: Element) -> _Box:
        """What a teaser's box holds; a box of many links is nobody's own."""
        if node not in self._boxes:
            box = _look_into(node)
            self._boxes[node] = box if box.links <= _BOX_LINKS else _Box()
        return self._boxes[node]


def _look_into(node: Element) -> _Box:
    box = _Box()
    for inner in islice(node.iter(), _BOX_NODES):
        tag = inner.tag
        if tag == "a":
            box.links += 1
        elif tag in _HEADINGS:
            box.heading = box.heading or _text(inner)
        elif tag == "time":
            box.date = box.date or inner.get("datetime") or _text(inner)
        elif tag == "p" and len(box.paragraphs) < _BOX_LINKS and (text := _text(inner)):
            box.paragraphs.append(text)
    return box


def _resolved(href: str, base: str) -> str:
    try:
        return resolve(href, base)
    except ValueError:
        return base


def _surroundings(anchor: Element) -> tuple[bool, bool, Element | None]:
    """Whether a link stands in the page's furniture, in a heading, and the box of the teaser it belongs to."""
    in_chrome = in_heading = False
    box = None
    for distance, node in enumerate(islice(anchor.iterancestors(), 3 * _NEAR)):
        tag = node.tag
        if tag in _CHROME and not (tag == "header" and box is not None):
            in_chrome = True
        if tag in _HEADINGS and distance < _NEAR:
            in_heading = True
        if box is None and distance < _NEAR and tag in _BOXES:
            box = node
    return in_chrome, in_heading, box


def _text(node: Element) -> str:
    """The first words of an element; pages that hide books in an anchor are cut short."""
    parts: list[str] = []
    length = 0
    for text in islice(node.itertext("*"), _BOX_NODES):
        parts.append(text)
        length += len(text)
        if length > _TEXT_MAX:
            break
    return one_line(" ".join(parts)[:_TEXT_MAX])


def _merge(known: _Link, again: _Link) -> None:
    """A picture, a heading and "read more" often lead to one article: the heading's words count, else the longest."""
    if (again.in_heading and not known.in_heading) or (again.in_heading == known.in_heading and len(again.title) > len(known.title)):
        known.title = again.title or known.title
    known.in_heading = known.in_heading or again.in_heading
    known.in_chrome = known.in_chrome and again.in_chrome
    known.summary = known.summary or again.summary
    known.date = known.date or again.date


def _site(host: str) -> str:
    """The part of a host that names the site, near enough without a list of public suffixes."""
    labels = host.removeprefix("www.").split(".")
    if host.replace(".", "").isdigit() or host.startswith("["):
        return host
    second = labels[-2] if len(labels) > 2 else ""
    return ".".join(
        labels[-3:] if second in {"co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "go"} and len(labels[-1]) == 2 else labels[-2:]
    )


def problem(pattern: str) -> str | None:
    """Say what is wrong with a link pattern, for the one who wrote it; None where it is one."""
    try:
        _compiled(pattern)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        return f"'{pattern}' is no pattern: {one_line(said.decode('utf-8', 'replace') if isinstance(said, bytes) else str(said))[:100]}"
    return None


def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that no URL makes slow, without the library's own lines on stderr."""
    if re2 is re:
        return re.compile(pattern)
    options = re2.Options()
    options.log_errors = False
    compiled: re.Pattern[str] = re2.compile(pattern, options)
    return compiled


def _by_pattern(links: list[_Link], pattern: str) -> list[_Link]:
    wrong = problem(pattern)
    if wrong:
        raise Unreadable(f"link_pattern {wrong}")
    compiled = _compiled(pattern)
    return [link for link in links if compiled.search(link.url)]


def _by_shape(links: list[_Link], url: str) -> list[_Link]:
    """Group links by the shape of their URLs and keep the groups that read like headlines."""
    groups: defaultdict[str, list[_Link]] = defaultdict(list)
    for link in links:
        groups[_shape(link.address)].append(link)
    depth = parse(url).path.rstrip("/").count("/")
    chosen = [link for group in groups.values() if _is_articles(group) for link in group if _is_article(link, depth)]
    return sorted(chosen, key=lambda link: link.order)


def _shape(address: Address) -> str:
    """What URLs of one kind have in common: their host, how deep they are, and what each part is made of."""
    segments = unquote(address.path).strip("/").split("/")
    return "/".join([address.host, *(_segment(segment, is_last=i == len(segments) - 1) for i, segment in enumerate(segments))])


def _segment(segment: str, *, is_last: bool) -> str:
    stem, dot, ending = segment.rpartition(".")
    name, tail = (stem, dot + ending) if is_last and dot and len(ending) <= 5 else (segment, "")
    if name.isdigit():
        return "0" + tail
    is_slug = name.count("-") + name.count("_") >= 2 or bool(_NUMBER.search(name)) or len(name) > 30
    return ("slug" if is_slug or is_last else "word") + tail


def _is_articles(group: list[_Link]) -> bool:
    if all(link.in_chrome for link in group):
        return False
    return median(_score(link) for link in group) >= 3.0


def _is_article(link: _Link, depth: int) -> bool:
    return _score(link) >= 2.0 and link.address.path.strip("/").count("/") + 1 >= min(depth, 1)


def _score(link: _Link) -> float:
    """How much a link is like one to an article: a headline's length, a telling URL, a place in the page's middle."""
    path = unquote(link.address.path)
    last = path.rstrip("/").rpartition("/")[2]
    score = min(_headline_words(link.title) / 2.0, 2.5)
    score += 1.0 if link.in_heading else 0.0
    score += 0.5 if link.date or link.summary else 0.0
    score += 1.5 if latest_in_url(link.url) else 0.0
    score += 1.0 if last.count("-") + last.count("_") >= 3 else 0.0
    score += 1.0 if re.search(r"\d{4,}", last) else 0.0
    score -= 3.0 if _SERVICE.search(path) else 0.0
    score -= 2.0 if link.in_chrome else 0.0
    score -= 2.0 if not path.strip("/") else 0.0
    return score


def _headline_words(title: str) -> float:
    """Words, where two characters of a script without spaces make one."""
    return len(_WORDS.findall(_HAN.sub("", title))) + len(_HAN.findall(title)) / 2.0


def _draft(link: _Link) -> Draft:
    draft = Draft(links={1: link.url}, title=link.title, summary=link.summary)
    if link.date:
        draft.published[1] = link.date
    return draft

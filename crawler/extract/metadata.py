"""What a page says of itself: title, times, authors, canonical URL, section, tags, image. Each by a ladder, the surest rung first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml.html import HtmlElement

from crawler.clean import one_line
from crawler.extract import jsonld, meta, people, when
from crawler.extract.blocks import Block
from crawler.extract.from_entry import result_time
from crawler.extract.jsonld import Node
from crawler.extract.measures import bare
from crawler.extract.meta import Head
from crawler.extract.when import Around, Times
from crawler.model import Arrival, Page
from crawler.urls import canonical_url, host_key, resolve

_SEPARATOR = re.compile(r"\s+[|–—·•:»\-_]+\s+|\s*[_|｜]\s*|\s+-{1,2}\s*|[-－—](?=[^-]{2,12}$)")
# How the names of sites, channels and columns end that Chinese titles carry after a dash or low line.
_HAN_SITE = re.compile(
    r"[\u4e00-\u9fff](?:网站?|網站?|[日晚早时時]?[报報]|频道|頻道|新[闻聞]|资讯|在线|在線|客户端|订阅|官网|周刊|杂志|雜誌|电视台|電視台|社区?|专栏|專欄)$"
)
_MAX_HAN_SITE = 24
_BRACKET = re.compile(r"\s*[（(【\[]")
_LEAST_NAME = 12
_HEADINGS = frozenset({"h1", "h2"})
_TITLE_BLOCKS = 100
_ALIASES = ("www.", "m.", "amp.", "mobile.", "mobil.")
_KEYWORDS = ("article:tag", "news_keywords", "keywords", "parsely-tags", "sailthru.tags")
_MAX_TITLE, _MAX_TAGS, _MAX_TAG_CHARS = 500, 30, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What was found; empty where the page is silent. ``node`` is the JSON-LD of the article, ``description`` what teasers quote."""

    title: str = ""
    description: str = ""
    times: Times = field(default_factory=Times)
    authors: tuple[str, ...] = ()
    canonical_url: str | None = None
    site_name: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    image_url: str | None = None
    language: str = ""
    head: Head = field(default_factory=Head)
    node: Node = field(default_factory=dict)
    nodes: tuple[Node, ...] = ()


def read(root: HtmlElement, blocks: Sequence[Block], arrival: Arrival) -> Metadata:
    """Return what the page says of itself."""
    page = arrival.result
    assert isinstance(page, Page)
    head = meta.read(root)
    canonical = _canonical(head, page.final_url)
    nodes = jsonld.nodes(root)
    said = head.first("og:title", "twitter:title", "title") or head.title
    urls = [page.final_url, canonical or "", arrival.entry.url or ""]
    node = jsonld.article(nodes, urls=urls, titles=[said, head.title, arrival.entry.title, *head.headings]) or {}
    site = head.first("og:site_name", "application-name") or _publisher(node)
    sites = {bare(site), bare(_publisher(node)), *_host_names(page.final_url)} - {""}
    title = _title(head, node, sites, blocks)
    beside = when.near(blocks, title_at(blocks, title))
    around = Around(country=arrival.outlet.country.upper(), url=page.final_url, now=result_time(arrival))
    return Metadata(
        title=title,
        description=head.first("og:description", "description", "twitter:description", "dc.description"),
        times=when.read(root, head, node, beside, around),
        authors=people.read(root, head, node, jsonld.by_id(nodes) if nodes else {}, beside, sites),
        canonical_url=canonical,
        site_name=site or None,
        section=jsonld.text(node.get("articleSection"))
        or head.first("article:section", "parsely-section", "section", "dc.subject")
        or None,
        tags=_tags(head, node),
        image_url=_image(head, node, page.final_url),
        language=head.language or head.first("content-language", "og:locale"),
        head=head,
        node=node,
        nodes=tuple(nodes),
    )


def title_at(blocks: Sequence[Block], title: str) -> int:
    """Return where the title stands as a heading: the first that says it, else the first h1, else any line that says it; 0 where there is none."""
    wanted = bare(title)
    fallback = said = 0
    for at, block in enumerate(blocks):
        if block.tag in _HEADINGS:
            if wanted and bare(block.text) == wanted:
                return at
            if not fallback and block.tag == "h1":
                fallback = at
        elif wanted and not said and len(block.text) < len(title) + 40 and bare(block.text) == wanted:
            said = at
    return fallback or said


def _title(head: Head, node: Node, sites: set[str], blocks: Sequence[Block]) -> str:
    """Let the page's titles vote: JSON-LD, og:title, the heading, the window's title; a name of the site at the end counts for nothing."""
    shared = (head.first("og:title", "twitter:title") or head.first("title", "dc.title", "headline"))[:_MAX_TITLE]
    lines = [block.text for block in blocks[:_TITLE_BLOCKS] if 8 < len(block.text) < len(head.title) and block.link < 0.5]
    window = _without_site(head.title, sites, (*head.headings, *lines))
    told = (jsonld.text(node.get("headline")) or jsonld.text(node.get("name")))[:_MAX_TITLE]
    heading = _heading(head.headings, [told, shared, window])
    votes: dict[str, float] = {}
    spelled: dict[str, str] = {}
    for weight, found in ((1.0, told), (0.9, _without_site(shared, sites, (*head.headings, told))), (0.95, heading), (0.45, window)):
        key = bare(found)
        if key and key not in sites:
            votes[key] = votes.get(key, 0.0) + weight
            spelled.setdefault(key, found)
    if not votes:
        return one_line(shared or window)
    return one_line(spelled[max(votes, key=votes.__getitem__)])


def _heading(headings: Sequence[str], others: Sequence[str]) -> str:
    """Return the h1 that shares most with what else the page is called; the only one where there is but one."""
    names = [words for other in others if (words := set(other.casefold().split()))]
    if not headings or not names:
        return headings[0] if len(headings) == 1 else ""
    best = max(headings, key=lambda heading: max(_overlap(set(heading.casefold().split()), words) for words in names))
    return best if len(headings) == 1 or any(_overlap(set(best.casefold().split()), words) > 0.5 for words in names) else ""


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(len(one | other), 1)


def _without_site(title: str, sites: set[str], known: Sequence[str]) -> str:
    """Take the site's name off a title's end or beginning: where it is that name, or where what stays is known from elsewhere."""
    names = {bare(name) for name in known if name}
    for name in known:  # a portal names the source behind the heading: "Bridge open again (The Gazette) - Portal"
        if (
            len(title) < 2 * len(name) + _MAX_HAN_SITE
            and len(name) >= _LEAST_NAME
            and title.startswith(name)
            and _BRACKET.match(title, len(name))
        ):
            return name
    for mark in _SEPARATOR.finditer(title):
        for kept, cut in ((title[: mark.start()], title[mark.end() :]), (title[mark.end() :], title[: mark.start()])):
            if kept and (bare(kept) in names or (cut and _is_site(bare(cut), sites))):
                return kept.strip(" |_-–—·")
    return title


def _is_site(name: str, sites: set[str]) -> bool:
    """Whether a part of a title is the site's name, or begins or ends with it as "the FullStack blog" does."""
    if len(name) <= _MAX_HAN_SITE and _HAN_SITE.search(name):
        return True
    return any(site and (name == site or (len(site) > 3 and len(name) < 2 * len(site) + 4 and site in name)) for site in sites)


def _host_names(url: str) -> set[str]:
    """Return what a site may be called by its host: ``nachrichten.example`` is also "nachrichten"."""
    host = _site(url)
    return {bare(host), bare(host.partition(".")[0]), bare(host.rpartition(".")[0].rpartition(".")[2])} - {""}


def _publisher(node: Node) -> str:
    publisher = node.get("publisher")
    return jsonld.text(publisher.get("name") if isinstance(publisher, Mapping) else publisher)


def _tags(head: Head, node: Node) -> tuple[str, ...]:
    said = jsonld.strings(node.get("keywords")) or next((values for name in _KEYWORDS if (values := head.all(name))), [])
    parts = (one_line(part) for value in said for part in re.split(r"[,;，；、|]", value))
    return tuple(dict.fromkeys(part for part in parts if 0 < len(part) <= _MAX_TAG_CHARS))[:_MAX_TAGS]


def _image(head: Head, node: Node, url: str) -> str | None:
    found = node.get("image")
    told = found.get("url") if isinstance(found, Mapping) else found
    for said in (
        head.first("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src"),
        *jsonld.strings(told),
    ):
        if said:
            try:
                return resolve(said, url)
            except ValueError:
                continue
    return None


def _canonical(head: Head, url: str) -> str | None:
    """Return what the page calls itself, where that is on its own site and no mere front page."""
    own = _canonical_form(url, url)
    for said in (head.links.get("canonical", ""), head.first("og:url")):
        found = _canonical_form(said, url) if said else None
        if found and own and _is_same_site(found, own) and (_path(found) or not _path(own)):
            return found
    return own


def _path(url: str) -> str:
    return url.partition("://")[2].partition("/")[2]


def _is_same_site(one: str, other: str) -> bool:
    mine, theirs = _site(one), _site(other)
    return mine == theirs or mine.endswith(f".{theirs}") or theirs.endswith(f".{mine}")


def _site(url: str) -> str:
    try:
        host = host_key(url)
    except ValueError:
        return ""
    return next((host.removeprefix(alias) for alias in _ALIASES if host.startswith(alias)), host)


def _canonical_form(url: str, base: str) -> str | None:
    """Return the canonical form of a link found on a page, None where it is no link."""
    try:
        return canonical_url(url, base)
    except ValueError:
        return None

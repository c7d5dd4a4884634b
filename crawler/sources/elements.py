"""The elements of RSS, RDF and Atom and of the modules they borrow, and what each adds to a draft."""

from __future__ import annotations

import html
import re
from base64 import b64decode
from collections.abc import Callable

from lxml import etree

from crawler.clean import one_line, plain_text, title_text
from crawler.sources.document import Element
from crawler.sources.draft import NAME_MAX, TEXT_MAX, TITLE_MAX, Draft

XML = "{http://www.w3.org/XML/1998/namespace}"

_SPACES = {
    "http://purl.org/rss/1.0/": "", "http://my.netscape.com/rdf/simple/0.9/": "", "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://my.netscape.com/publish/formats/rss-0.91.dtd": "", "http://backend.userland.com/rss": "", "http://backend.userland.com/rss2": "",
    "http://backend.userland.com/rss191": "", "http://blogs.law.harvard.edu/tech/rss": "", "http://backend.userland.com/rss1": "",
    "http://cyber.law.harvard.edu/rss": "", "http://cyber.law.harvard.edu/rss/rss.html": "", "http://purl.org/net/rss1.1#": "", "rss2": "", "rss": "",
    "http://www.w3.org/2005/atom": "atom:", "http://purl.org/atom/ns#": "atom:", "http://example.com/newformat#": "atom:",
    "http://example.com/necho": "atom:", "http://purl.org/echo/": "atom:", "uri/of/echo/namespace#": "atom:", "http://purl.org/pie/": "atom:",
    "http://www.w3.org/2005/atom/": "atom:", "https://www.w3.org/2005/atom": "atom:", "http://www.w3.org/2005/atom#": "atom:",
    "http://purl.org/dc/elements/1.1/": "dc:", "http://purl.org/dc/elements/1.0/": "dc:", "http://purl.org/dc/elements/1.1": "dc:",
    "https://purl.org/dc/elements/1.1/": "dc:", "http://purl.org/dc/terms/": "dcterms:", "http://purl.org/dc/terms": "dcterms:",
    "http://purl.org/rss/1.0/modules/content/": "content:", "http://purl.org/rss/1.0/modules/content": "content:",
    "http://search.yahoo.com/mrss/": "media:", "http://search.yahoo.com/mrss": "media:", "https://search.yahoo.com/mrss/": "media:",
    "https://search.yahoo.com/mrss": "media:", "http://www.rssboard.org/media-rss": "media:", "http://search.yahoo.com/rss/": "media:",
    "http://purl.org/rss/1.0/modules/syndication/": "sy:", "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:", "https://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://example.com/dtds/podcast-1.0.dtd": "itunes:", "http://www.w3.org/1999/xhtml": "xhtml:", "http://www.w3.org/xhtml": "xhtml:",
    "http://www.pheedo.com/namespace/pheedo": "pheedo:", "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://prismstandard.org/namespaces/basic/2.0/": "prism:", "http://prismstandard.org/namespaces/1.2/basic/": "prism:",
    "http://prismstandard.org/namespaces/basic/3.0/": "prism:",
    "http://www.google.com/schemas/sitemap-news/0.9": "news:", "https://www.google.com/schemas/sitemap-news/0.9": "news:",
    "http://www.google.com/schemas/sitemap-news/0.9/": "news:", "http://www.google.com/schemas/sitemap-image/1.1": "image:",
    "http://www.google.com/schemas/sitemap-video/1.1": "video:",
}  # fmt: skip
_PREFIXES = frozenset(space.removesuffix(":") for space in _SPACES.values())
_CORE_PREFIXES = {"rss", "atom"}
_HTML_TYPES = {"html", "text/html", "xhtml", "application/xhtml+xml", "text/xhtml"}
_RAW_MAX = 4 * TEXT_MAX
_PACKED, _OCTETS = "base64", "application/octet-stream"
_LOOKS_MARKED_UP = re.compile(r"</[A-Za-z][A-Za-z0-9]*\s*>|<(?:br|hr|img|p)\b[^<>]*/?>|&(?:[A-Za-z]{2,8}|#x?[0-9A-Fa-f]{2,6});")
_IMG = re.compile(r"""<img\s[^<>]{0,1000}?\bsrc\s*=\s*["']([^"'<>]{1,2000})["']""")
_EMAIL = re.compile(r"[<(]?\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}[>)]?")

Add = Callable[[Draft, Element], None]


def name_of(tag: object, core: str) -> str:
    """Return an element's name with a prefix of ours: ``title``, ``dc:date``; "" where the namespace is foreign.

    Names are taken without regard to case. ``core`` is the root's own namespace, whatever it is; undeclared prefixes mean what they usually mean.
    """
    if not isinstance(tag, str):
        return ""
    space, _, local = tag.rpartition("}")
    if not space:
        prefix, colon, rest = local.partition(":")
        if not colon:
            return local.lower()
        return _of_prefix(prefix.lower(), rest.lower())
    uri = space[1:].strip()
    known = _SPACES.get(uri.lower())
    if known is None:
        return local.lower() if uri == core else ""
    return "" if known == "rdf:" and local.lower() != "li" else _core(known) + local.lower()


def text_of(element: Element) -> str:
    """Return what an element holds as text, markup and all, tidied on one line."""
    return one_line(element.text or "") if len(element) == 0 else one_line(plain_text(markup_of(element)))


def markup_of(element: Element) -> str:
    """Return what stands inside an element as markup."""
    written: str = etree.tostring(element, encoding="unicode", with_tail=False)
    return written[written.find(">") + 1 : written.rfind("</")]


def written_title(element: Element) -> str:
    """Return a title's text, whichever way its markup was written."""
    if len(element):
        return title_text(markup_of(element)[:_RAW_MAX])
    raw = _text_in(element)
    return title_text(raw) if _is_markup(element, raw) else one_line(raw)


def written_text(element: Element) -> str:
    """Return the text of a summary or content element, one paragraph a line."""
    if len(element):
        return plain_text(markup_of(element)[:_RAW_MAX])
    raw = _text_in(element)
    return plain_text(raw) if _is_markup(element, raw) else one_line(raw)


def _text_in(element: Element) -> str:
    """An element's text as far as it is read, unpacked where Atom says that it is packed as base64."""
    raw = element.text or ""
    if element.get("mode") != _PACKED and element.get("type") != _OCTETS:
        return raw if len(raw) <= _RAW_MAX else raw[:_RAW_MAX]
    try:
        return b64decode(raw.encode()).decode()[:_RAW_MAX]
    except ValueError:
        return ""


def _of_prefix(prefix: str, local: str) -> str:
    if prefix in _CORE_PREFIXES:
        return local
    return f"{prefix}:{local}" if prefix in _PREFIXES else ""


def _core(prefix: str) -> str:
    return "" if prefix == "atom:" else prefix


def _is_markup(element: Element, raw: str) -> bool:
    """Whether text is escaped markup: always in RSS, by its type in Atom, and in Atom that forgot to say so."""
    if "<" not in raw and "&" not in raw:
        return False
    kind, is_atom = (element.get("type") or "").lower(), "tom" in str(element.tag) or "echo" in str(element.tag)
    if kind in _HTML_TYPES or kind == _OCTETS or (not kind and not is_atom and element.get("mode") is None):
        return True
    return kind != "text" and bool(_LOOKS_MARKED_UP.search(raw))


def _title(draft: Draft, element: Element) -> None:
    draft.title = draft.title or written_title(element)


def _media_title(draft: Draft, element: Element) -> None:
    draft.spare_title = draft.spare_title or written_title(element)


def _summary(draft: Draft, element: Element) -> None:
    text = written_text(element)
    if not draft.summary:
        draft.summary = text
    elif text != draft.summary:
        draft.text = draft.text or text
    draft.picture = draft.picture or _picture_in(element.text or "")


def _spare_summary(draft: Draft, element: Element) -> None:
    draft.spare_summary = draft.spare_summary or written_text(element)


def _content(draft: Draft, element: Element) -> None:
    """Full text; content elsewhere is a link, content of another type no text."""
    if element.get("src"):
        draft.links.setdefault(3, element.get("src", ""))
        return
    kind = (element.get("type") or "text").lower()
    if "/" in kind and not kind.startswith("text/") and kind not in _HTML_TYPES and kind != _OCTETS:
        return
    text = written_text(element)
    if len(text) > len(draft.text):
        draft.text = text
    draft.picture = draft.picture or _picture_in(element.text or "")


def _picture_in(markup: str) -> str | None:
    """The first picture of a text, for items that name none themselves."""
    at = markup.find("<img")
    found = _IMG.match(markup, at) if at >= 0 else None
    return html.unescape(found[1]) if found else None


def _link(draft: Draft, element: Element) -> None:
    """RSS writes the link as text, Atom as ``href``; both are met in both."""
    url = _url_in(element.get("href") or element.text or "")
    if not url:
        return
    rel = element.get("rel")
    if rel is None:
        draft.links.setdefault(1, url)
        return
    rel = rel.lower().rpartition("/")[2]
    kind = (element.get("type") or "").lower()
    if rel == "alternate":
        draft.links.setdefault(2 if not kind or "html" in kind else 4, url)
    elif rel == "enclosure" and kind.startswith("image/"):
        draft.image = draft.image or url
    elif rel == "via":
        draft.links.setdefault(6, url)


def _url_in(written: str) -> str:
    """A URL as it was meant, where it was escaped once too often."""
    return written.strip().replace("&amp;", "&")


def _original_link(draft: Draft, element: Element) -> None:
    draft.links.setdefault(0, _url_in(element.text or ""))


def _guid(draft: Draft, element: Element) -> None:
    text = text_of(element)
    if not text or draft.guid:
        return
    draft.guid = text
    if (element.get("isPermaLink") or element.get("ispermalink") or "true").strip().lower() != "false" and text[:4].lower() == "http":
        draft.links.setdefault(5, text)


def _date(field: str, rank: int) -> Add:
    def add(draft: Draft, element: Element) -> None:
        text = (element.text or "").strip()
        if text:
            getattr(draft, field).setdefault(rank, text)

    return add


def _author(draft: Draft, element: Element) -> None:
    """``a@b.example (Name)``, ``Name <a@b.example>`` or Atom's ``<name>``: the name without the address."""
    names = [child for child in element if str(child.tag).rpartition("}")[2].lower() == "name"] or [element]
    for each in names:
        text = one_line((each.text or "")[:TITLE_MAX])
        name = _EMAIL.sub("", text).strip(" ()<>,;\"'") or text
        if name:
            draft.authors.append(name[:NAME_MAX])


def _tag(draft: Draft, element: Element) -> None:
    """RSS writes the tag as text, Atom as label and term, iTunes as attribute and within one another."""
    for written in (element.get("label"), element.text, element.get("term"), element.get("text")):
        text = title_text(written[:TITLE_MAX]) if written else ""
        if text:
            draft.tags.append(text[:NAME_MAX])
    for child in element:
        _tag(draft, child)


def _tags(draft: Draft, element: Element) -> None:
    draft.tags += [tag[:NAME_MAX] for part in (element.text or "")[:TITLE_MAX].split(",") if (tag := one_line(part))]


def _language(draft: Draft, element: Element) -> None:
    draft.language = draft.language or text_of(element) or None


def _image(draft: Draft, element: Element) -> None:
    """media:content, media:thumbnail, itunes:image, enclosure and the image element in their several ways."""
    kind, medium = (element.get("type") or "").lower(), (element.get("medium") or "").lower()
    url = element.get("url") or element.get("href") or ""
    name = str(element.tag).rpartition("}")[2].lower()
    if name in {"content", "enclosure"} and not (
        medium == "image" or kind.startswith("image/") or (not kind and not medium and _is_picture(url))
    ):
        url = ""
    if not url and name == "image":
        url = next((child.text or "" for child in element if str(child.tag).rpartition("}")[2].lower() == "url"), element.text or "")
    if url.strip():
        draft.image = draft.image or url.strip()


def _is_picture(url: str) -> bool:
    return url.partition("?")[0].lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"))


def _media_content(draft: Draft, element: Element) -> None:
    """A media:content or media:group may hold title, description and thumbnail of its own."""
    _image(draft, element)
    for child in element:
        add = _MEDIA.get(str(child.tag).rpartition("}")[2].lower())
        if add:
            add(draft, child)


_MEDIA: dict[str, Add] = {
    "thumbnail": _image,
    "content": _image,
    "description": _spare_summary,
    "title": _media_title,
    "category": _tag,
}

ITEM: dict[str, Add] = {
    "title": _title,
    "dc:title": _media_title,
    "media:title": _media_title,
    "itunes:title": _media_title,
    "description": _summary,
    "summary": _summary,
    "abstract": _summary,
    "tagline": _spare_summary,
    "dc:description": _spare_summary,
    "dcterms:abstract": _spare_summary,
    "itunes:summary": _spare_summary,
    "itunes:subtitle": _spare_summary,
    "media:description": _spare_summary,
    "media:text": _spare_summary,
    "content": _content,
    "content:encoded": _content,
    "encoded": _content,
    "xhtml:body": _content,
    "body": _content,
    "fullitem": _content,
    "link": _link,
    "feedburner:origlink": _original_link,
    "pheedo:origlink": _original_link,
    "guid": _guid,
    "id": _guid,
    "pubdate": _date("published", 1),
    "published": _date("published", 1),
    "issued": _date("published", 1),
    "dcterms:issued": _date("published", 2),
    "prism:publicationdate": _date("published", 3),
    "dc:date": _date("published", 4),
    "dcterms:available": _date("published", 5),
    "dcterms:created": _date("published", 5),
    "created": _date("published", 5),
    "updated": _date("modified", 1),
    "modified": _date("modified", 1),
    "dcterms:modified": _date("modified", 2),
    "lastbuilddate": _date("modified", 3),
    "author": _author,
    "dc:creator": _author,
    "dc:author": _author,
    "itunes:author": _author,
    "managingeditor": _author,
    "category": _tag,
    "tags": _tags,
    "itunes:keywords": _tags,
    "media:keywords": _tags,
    "dc:subject": _tag,
    "itunes:category": _tag,
    "media:category": _tag,
    "language": _language,
    "dc:language": _language,
    "enclosure": _image,
    "image": _image,
    "itunes:image": _image,
    "media:thumbnail": _image,
    "media:content": _media_content,
    "media:group": _media_content,
}

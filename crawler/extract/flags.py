"""What sort of text an article is: wire copy, live blog, opinion or press release; behind a paywall; whole or cut."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from urllib.parse import urlsplit

from crawler.clean import plain_text
from crawler.extract import boilerplate, jsonld
from crawler.extract.jsonld import Node
from crawler.extract.measures import bare, weight, word_count
from crawler.extract.metadata import Metadata
from crawler.model import Completeness, Genre

_AGENCIES = {
    "dpa": r"dpa(?:-\w+)?|Deutsche Presse-Agentur", "Reuters": r"Reuters|ロイター(?:通信)?|路透社?", "AFP": r"AFP|Agence France[- ]Presse|法新社", "AP": r"AP|(?:The )?Associated Press",
    "APA": r"APA(?:-\w+)?|Austria Presse Agentur", "Keystone-SDA": r"(?:Keystone-)?SDA|(?:Keystone-)?ATS|Schweizerische Depeschenagentur", "epd": r"epd", "KNA": r"KNA",
    "SID": r"SID|Sport-Informations-Dienst", "AWP": r"AWP", "Bloomberg": r"Bloomberg(?: News)?", "ANSA": r"ANSA|Ansa", "EFE": r"(?:Agencia )?EFE", "Lusa": r"Lusa", "PAP": r"PAP",
    "Europa Press": r"Europa Press", "ČTK": r"[ČC]TK", "MTI": r"MTI", "TASS": r"TASS|ТАСС", "Interfax": r"Interfax|Интерфакс", "RIA Novosti": r"РИА Новости|RIA Novosti",
    "Ukrinform": r"Ukrinform|Укрінформ|Укринформ", "Anadolu": r"AA|Anadolu(?: Agency| Ajansı)?", "Belga": r"Belga", "ANP": r"ANP", "NTB": r"NTB", "TT": r"TT", "Ritzau": r"Ritzau",
    "STT": r"STT", "Xinhua": r"Xinhua|新华社|新華社|新华网", "CNS": r"中新社|中新网|China News Service", "CNA": r"中央社", "Kyodo": r"Kyodo(?: News)?|共同(?:通信(?:社)?)?", "Jiji": r"Jiji(?: Press)?|時事(?:通信(?:社)?)?",
    "Yonhap": r"Yonhap|연합뉴스", "Newsis": r"Newsis|뉴시스", "News1": r"뉴스1", "PTI": r"PTI|Press Trust of India", "ANI": r"ANI", "IANS": r"IANS", "PA Media": r"PA Media|Press Association", "UPI": r"UPI",
}  # fmt: skip
_NAME = {name: re.compile(rf"(?<![A-Za-z-])(?:{pattern})(?![A-Za-z])") for name, pattern in _AGENCIES.items()}
_SMALL_NAME = {name: re.compile(pattern.pattern, re.IGNORECASE) for name, pattern in _NAME.items()}
_ALL = "|".join(f"(?:{pattern})" for pattern in _AGENCIES.values())
# Such as "BERLIN (dpa) -", "(Reuters)", "(sda)", "新华社北京11月20日电", "(서울=연합뉴스)", "【東京共同】", "［東京　24日　ロイター］", "dpa" alone,
# or "Quelle: dpa", or "Mit Material von dpa" at the end.
_SIGNED = re.compile(
    rf"[(\[（［【](?:[^\s()\[\]]{{1,8}}\s?[=＝]\s?|[^\s\W\da-z]{{2,6}}|[^()\[\]（）［］\n]{{2,12}}\s)(?:{_ALL})\s*[)\]）］】]|"
    rf"[(\[（/]\s*(?i:{_ALL})(?:\s*[/,+&]\s*[\w-]+)*\s*[)\]）]|^\W*(?:{_ALL})(?:\s*/\s*[\w-]+)*\W*$|"
    rf"(?:Quelle|Source|Fuente|Fonte|来源|來源|Mit Material von|Material von|With inputs? from|©|\(c\))\s*[:：]?\s*(?:der |the )?(?:{_ALL})(?!\w)|"
    rf"^\W*(?:新华社|中新社|中新网|中央社)[^，。]{{0,24}}[电電]",
    re.MULTILINE,
)
_REUTERS_DESK = re.compile(r"\((?:Reporting|Writing|Additional reporting) by [^)]{3,300}\)")
_EDGE_CHARS = 240

_LIVE = re.compile(r"/live(?:/|$)|live-?(?:blog|ticker|updates?|coverage)|news-?(?:blog|ticker)|/en-direct|minuto-a-minuto")
_LIVE_TITLE = re.compile(
    r"live-?(?:blog|ticker)\b|^(?:\W*live\b\s*[:|–-])|\bnewsblog\b|live updates?\b|\ben direct\s*[:|,]|直播[:：｜|]|【直播】", re.IGNORECASE
)
_OPINION = re.compile(
    r"(?:^|[/_-])(?:opinions?|op-?eds?|commentary|commentisfree|columns?|columnists?|editorials?|kommentare?|meinung(?:en)?|kolumnen?|leitartikel|gastkommentare?|"
    r"tribunes?|editoriaux|chroniques?|opinie|opinione|opiniao|opinioni|editoriales|columnas?|pinglun|guandian)(?:$|[/_.-])"
)
_OPINION_TITLE = re.compile(
    r"^(?:opinion|kommentar|meinung|kolumne|leitartikel|gastkommentar|editorial|op-?ed|tribune|chronique|opinión|commento|opinie|社论|评论|時評|社評|社説)\s*[:：|–—-]",
    re.IGNORECASE,
)
_OPINION_SECTIONS = (
    "opinion opinions oped editorial editorials commentary comment columns columnists meinung kommentar kommentare kolumne kolumnen leitartikel tribune idees debats opinión "
    "opinie opinione opinioni editoriali 评论 社论 观点 時評 言论 社説 オピニオン 오피니언 사설 칼럼"
)
_RELEASE = re.compile(
    r"(?:^|[/_-])(?:press-?releases?|news-?releases?|pressemitteilung(?:en)?|medienmitteilung(?:en)?|communiques?(?:-de-presse)?|comunicados?|presseportal)(?:$|[/_.-])"
)
_RELEASE_HOSTS = ("prnewswire.", "businesswire.", "globenewswire.", "presseportal.", "prweb.", "einpresswire.", "accesswire.", "newswire.")

_TIERS = frozenset({"locked", "paid", "premium", "subscriber", "subscribers", "metered", "plus", "paywall"})
_CHALLENGES = frozenset(
    map(bare, ("Just a moment...", "Attention Required! | Cloudflare", "Access denied", "Access to this page has been denied", "Are you a robot?", "Pardon Our Interruption",
               "Security check", "Human Verification", "Please verify you are a human", "百度安全验证", "安全验证", "访问验证", "403 Forbidden", "404 Not Found", "Robot Check",
               "Verifying you are human", "DDoS-Guard", "Request Rejected", "Bot Verification", "Client Challenge", "人机验证", "Un momento…", "Nur einen Moment…", "Einen Moment bitte..."))
)  # fmt: skip
_CUT_CHARS = 1_500
_TEASER_WEIGHT = 350.0


def body(node: Node) -> str:
    """Return JSON-LD's article body, one paragraph a line; it is often cut, so it checks and never decides."""
    found = node.get("articleBody") or node.get("text")
    if not isinstance(found, str):
        return ""
    lines = plain_text(found) if "<" in found else unescape(found)
    return "\n".join(line for part in lines.split("\n") if (line := " ".join(part.split())))


def is_challenge(title: str) -> bool:
    """Tell a page that asks for proof of humanity, or says there is nothing, from an article."""
    return bare(title) in _CHALLENGES


def agency(authors: Sequence[str], text: str, node: Node, asides: Sequence[str] = ()) -> str | None:
    """Return the wire service that the byline, the text's edges or the lines left out of it name."""
    for name in (
        *authors,
        jsonld.text(node.get("sourceOrganization")),
        jsonld.text(node.get("creditText")),
        jsonld.text(node.get("provider")),
    ):
        found = _agency_in(name) if name and len(name) <= 40 else None
        if found:
            return found
    for edge in (text[:_EDGE_CHARS], text[-_EDGE_CHARS:], *asides):
        signed = _SIGNED.search(edge)
        if signed and (found := _agency_in(signed[0])):
            return found
    return "Reuters" if _REUTERS_DESK.search(text[-2 * _EDGE_CHARS :]) else None


def _agency_in(line: str) -> str | None:
    """Return the agency that a line names first, in capitals sooner than without."""
    for names in (_NAME, _SMALL_NAME):
        found = [(match.start(), name) for name, pattern in names.items() if (match := pattern.search(line))]
        if found:
            return min(found)[1]
    return None


def genre(known: Metadata, url: str) -> Genre:
    """Return what the page says it is: by its JSON-LD type, its address, its section or its title."""
    kinds = set(jsonld.kinds(known.node))
    parts = urlsplit(url)
    path, section = parts.path.lower(), bare(known.section or "")
    if "LiveBlogPosting" in kinds or _LIVE.search(path) or _LIVE_TITLE.search(known.title):
        return Genre.LIVE
    if (
        "OpinionNewsArticle" in kinds
        or section in _OPINION_SECTIONS.split()
        or _OPINION.search(path.rpartition("/")[0] + "/")
        or _OPINION_TITLE.search(known.title)
    ):
        return Genre.OPINION
    if any(host in (parts.hostname or "") for host in _RELEASE_HOSTS) or _RELEASE.search(path):
        return Genre.PRESS_RELEASE
    return Genre.NEWS


def is_paywalled(known: Metadata, everything: Sequence[str], text: str) -> bool:
    """Tell a page that keeps its text from readers without an account: by its own word, or by a wall after a short text."""
    if _is_closed(known.node) or any(_is_closed(part) for part in known.nodes if jsonld.is_article(part)):
        return True
    tier = known.head.first("article:content_tier", "article:content-tier", "og:article:content_tier").casefold()
    if tier in _TIERS and tier != "metered":
        return True
    if weight(text) > 2 * _CUT_CHARS:
        return False
    return any(map(boilerplate.is_wall, everything))


def _is_closed(node: Node) -> bool:
    return str(node.get("isAccessibleForFree", "")).rpartition("/")[2].casefold() == "false"


def completeness(known: Metadata, text: str, *, is_paywalled: bool, is_cut: bool) -> Completeness:
    """Return how much of the article ``text`` is, by what the page says of its length and by how it ends."""
    size = weight(text)
    if (
        size < _TEASER_WEIGHT
        and known.description
        and (bare(text)[:80] in bare(known.description) or bare(known.description)[:80] in bare(text))
    ):
        return Completeness.TEASER
    ends_open = text.rstrip().endswith(("…", "...", "[…]", "[...]"))
    if is_cut or ends_open or (is_paywalled and size < _CUT_CHARS):
        return Completeness.PARTIAL
    words = jsonld.text(str(known.node.get("wordCount", "")))
    if words.isdigit() and word_count(text) < 0.5 * int(words) < 10_000:
        return Completeness.PARTIAL
    return Completeness.PARTIAL if weight(body(known.node)) > 1.6 * size else Completeness.FULL

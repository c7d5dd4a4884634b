"""One article as the rules read it: title and body folded into one text, and the way from there back to the original."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from crawler.model import Article
from monitor.rules.nodes import Meta, MetaField, Scope, Unit
from monitor.text.boundaries import is_bounded
from monitor.text.fold import Folded, fold
from monitor.text.languages import CHINESE, primary
from monitor.text.words import halves_between, sentence_ends

SEPARATOR: Final = "\x1e"
"""Stands between title and body; the fold leaves none in either."""

LONGEST_GAP: Final = 4_000
"""Characters beyond which nothing is a counted number of words away: 100 words of 40 characters."""

Spot: TypeAlias = tuple[int, int]
"""Start and end in the folded article."""


class Reading:
    """An article while it is matched. ``text`` is what terms are looked for in, ``body_at`` where in it the body begins."""

    def __init__(self, article: Article) -> None:
        self.article = article
        self.language = primary(article.language)
        self.is_chinese = self.language in CHINESE
        self._title = Folded(article.headline, chinese=self.is_chinese)
        self._body = Folded(article.text, chinese=self.is_chinese)
        self.text = f"{self._title.text}{SEPARATOR}{self._body.text}"
        self.body_at = len(self._title.text) + 1

    def ranges(self, scope: Scope) -> tuple[Spot, ...]:
        """Return the stretches of the text a scope covers."""
        title = (0, self.body_at - 1)
        if scope is Scope.TITLE:
            return (title,)
        return (title, self.lead) if scope is Scope.LEAD else ((self.body_at, len(self.text)),)

    @cached_property
    def lead(self) -> Spot:
        """The first paragraph of the body that is not empty."""
        start = self.body_at
        while start < len(self.text):
            end = self.text.find("\n", start)
            end = len(self.text) if end < 0 else end
            if self.text[start:end].strip():
                return start, end
            start = end + 1
        return len(self.text), len(self.text)

    # ---- distance

    def halves_between(self, first: Spot, second: Spot, unit: Unit, most: int) -> int | None:
        """Return the half words from one spot to the next, 0 where none are counted; None where they are not near each other."""
        if first[0] < self.body_at <= second[0]:
            return None
        if first[1] >= second[0]:
            return 0
        if unit is Unit.WORDS:
            is_far = second[0] - first[1] > LONGEST_GAP
            return None if is_far else halves_between(self.text, first[1], second[0], 2 * most)
        if self.text.find("\n", first[1], second[0]) >= 0:
            return None
        return None if unit is Unit.SENTENCE and self._is_sentence_between(first, second) else 0

    def _is_sentence_between(self, first: Spot, second: Spot) -> bool:
        field, _, end = self._original(first)
        ends = self._title_ends if field == "title" else self._body_ends
        found = bisect_left(ends, end)
        return found < len(ends) and ends[found] < self._original(second)[1]

    @cached_property
    def _title_ends(self) -> list[int]:
        return sentence_ends(self.article.headline, self.language)

    @cached_property
    def _body_ends(self) -> list[int]:
        return sentence_ends(self.article.text, self.language)

    # ---- the way to the original and back

    def original(self, spot: Spot) -> tuple[str, int, int, str]:
        """Return where a spot stands in the original, "title" or "body", start and end, and how it is written there."""
        field, start, end = self._original(spot)
        return field, start, end, (self.article.headline if field == "title" else self.article.text)[start:end]

    def _original(self, spot: Spot) -> tuple[str, int, int]:
        if spot[0] < self.body_at:
            start, end = self._title.span(*spot)
            return "title", start, end
        start, end = self._body.span(spot[0] - self.body_at, spot[1] - self.body_at)
        return "body", start, end

    def folded(self, field: str, start: int, end: int) -> Spot | None:
        """Return where an original passage stands in the folded text; None where nothing is left of it."""
        shift, part = (0, self._title) if field == "title" else (self.body_at, self._body)
        spot = part.folded_span(start, end)
        return (spot[0] + shift, spot[1] + shift) if spot else None

    # ---- what else is known of the article

    def has(self, meta: Meta) -> bool:
        """Whether the article's metadata are as asked."""
        if meta.field is MetaField.LANG:
            return self.language == primary(meta.value)
        if meta.field is MetaField.SITE:
            return any(_is_site(host, _host_key(meta.value)) for host in self._hosts)
        values = self.article.authors if meta.field is MetaField.AUTHOR else (self.article.section or "",)
        return any(_names(fold(value, chinese=self.is_chinese), fold(meta.value, chinese=self.is_chinese).strip()) for value in values)

    @cached_property
    def _hosts(self) -> tuple[str, ...]:
        return tuple(_host_key(_host(url)) for url in (self.article.url, self.article.canonical_url) if url)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _host_key(host: str) -> str:
    """Return a host in lower case and ASCII, so that zürich.ch and xn--zrich-kva.ch are one."""
    try:
        return host.lower().strip(".").encode("idna").decode("ascii")
    except UnicodeError:
        return host.lower().strip(".")


def _is_site(host: str, site: str) -> bool:
    return host == site or host.endswith(f".{site}")


def _names(text: str, value: str) -> bool:
    at = text.find(value)
    while at >= 0:
        if is_bounded(text, at, at + len(value)):
            return True
        at = text.find(value, at + 1)
    return False

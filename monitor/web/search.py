"""The rule language over the archive: the newest hits, and how they spread over outlets, languages and days."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from crawler.model import Article
from monitor.archive import Tx, reads
from monitor.archive.reads.pages.items import excerpt, marked
from monitor.archive.reads.pages.trial import outlet_names, stories_of
from monitor.errors import ConfigError, QueryError
from monitor.model import Findings, Match, Rule, RuleSet, Severity, Theme
from monitor.render.snippet import Part
from monitor.text.languages import primary
from monitor.web.queries import Mistake, made_ready, mistakes, too_long

SHOWN: Final = 20
COUNTED: Final = 150
"""Facets count the newest hits up to this number: counting all of a common word would take minutes."""
BUDGET_S: Final = 1.5
_FACETS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is searched for; empty fields mean everything, ``before`` an article to go on behind."""

    query: str = ""
    outlet: str = ""
    language: str = ""
    day: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HitItem:
    """An article that the query found, and where."""

    article_id: int
    story_id: int | None
    outlet_id: str
    outlet: str
    language: str
    url: str
    headline: tuple[Part, ...]
    excerpt: tuple[Part, ...]
    at: datetime
    relevance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One value of outlet, language or day, and how many of the counted hits have it."""

    value: str
    label: str
    hits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """What was found. ``counted`` hits stand behind the facets, and ``is_all`` says that there are no others; where the time was up before the
    archive was through, ``reached`` is how far back it came.
    """

    wanted: Wanted
    mistakes: tuple[Mistake, ...] = ()
    hits: tuple[HitItem, ...] = ()
    counted: int = 0
    is_all: bool = True
    reached: datetime | None = None
    outlets: tuple[Facet, ...] = ()
    languages: tuple[Facet, ...] = ()
    days: tuple[Facet, ...] = ()
    older: int | None = None


def search_page(tx: Tx, wanted: Wanted, rules: RuleSet, *, monotonic: Callable[[], float] = time.monotonic) -> SearchPage:
    """Answer a search within its time."""
    if not wanted.query.strip():
        return SearchPage(wanted=wanted)
    if wrong := too_long(wanted.query) or _no_day(wanted.day):
        return SearchPage(wanted=wanted, mistakes=wrong)
    try:
        engine = made_ready(rules, _theme(wanted.query))
    except (QueryError, ConfigError) as error:
        return SearchPage(wanted=wanted, mistakes=mistakes(error.problems))
    needs = reads.needs_of(engine.rules[0].node, rules.entities)
    end = monotonic() + BUDGET_S
    found, last, is_all = _found(tx, _filter(wanted), needs, engine.match, lambda: monotonic() > end)
    shown = found[:SHOWN]
    names = outlet_names(tx)
    stories = stories_of(tx, [a.article_id for a, _ in shown if a.article_id is not None])
    return SearchPage(
        wanted=wanted,
        hits=tuple(_hit(article, match, names, stories) for article, match in shown),
        counted=len(found),
        is_all=is_all,
        reached=None if is_all or len(found) >= COUNTED or last is None else last.seen_at,
        outlets=_facets((a.outlet_id for a, _ in found), lambda name: names.get(name, name)),
        languages=_facets((primary(a.language) for a, _ in found), str),
        days=_days(found),
        older=_older(found, last, is_all=is_all),
    )


def _theme(query: str) -> Theme:
    rule = Rule(rule_id="search/query", theme_id="search", name="query", query=query)
    return Theme(theme_id="search", label="", need="", severity=Severity.NORMAL, rules=(rule,))


def _filter(wanted: Wanted) -> reads.Filter:
    day = _day(wanted.day)
    return reads.Filter(
        since=day,
        until=day,
        outlets=(wanted.outlet,) if wanted.outlet else (),
        languages=(wanted.language,) if wanted.language else (),
        before=wanted.before,
    )


def _no_day(text: str) -> tuple[Mistake, ...]:
    """Refuse to show everything to somebody who asked for a day."""
    if not text or _day(text) is not None:
        return ()
    return (
        Mistake(line=0, column=0, code="", message=f"'{text[:40]}' is not a day; days are written as 2026-11-24", hint=None, picture=""),
    )


def _day(text: str) -> datetime | None:
    """Read a day as the archive writes it; None for anything else."""
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC) + timedelta(hours=12) if text else None
    except ValueError:
        return None


def _found(
    tx: Tx, where: reads.Filter, needs: reads.Needs, match: Callable[[Article], Findings], is_over: Callable[[], bool]
) -> tuple[list[tuple[Article, Match]], Article | None, bool]:
    """Return the newest hits, the last article looked at, and whether there is nothing left to look at."""
    found: list[tuple[Article, Match]] = []
    last: Article | None = None
    for article in reads.candidates(tx, needs, where, batch=COUNTED, is_over=is_over):
        last = article
        matches = match(article).matches
        if matches:
            found.append((article, matches[0]))
        if len(found) >= COUNTED or is_over():
            return found, last, False
    return found, last, not is_over()


def _older(found: Sequence[tuple[Article, Match]], last: Article | None, *, is_all: bool) -> int | None:
    """Where to go on: behind the last hit that is shown, or where the time was up."""
    if len(found) > SHOWN:
        return found[SHOWN - 1][0].article_id
    return last.article_id if last is not None and not is_all else None


def _hit(article: Article, match: Match, names: dict[str, str], stories: dict[int, int]) -> HitItem:
    assert article.article_id is not None
    return HitItem(
        article_id=article.article_id,
        story_id=stories.get(article.article_id),
        outlet_id=article.outlet_id,
        outlet=names.get(article.outlet_id, article.outlet_id),
        language=article.language,
        url=article.canonical_url or article.url,
        headline=marked(article.headline, match.evidence),
        excerpt=excerpt(article.text, match.evidence),
        at=article.published_at or article.seen_at,
        relevance=match.relevance,
    )


def _facets(values: Iterable[str], label: Callable[[str], str]) -> tuple[Facet, ...]:
    counts = Counter(values)
    return tuple(Facet(value=value, label=label(value), hits=hits) for value, hits in counts.most_common(_FACETS))


def _days(found: Sequence[tuple[Article, Match]]) -> tuple[Facet, ...]:
    counts = Counter((a.published_at or a.seen_at).astimezone(UTC).date().isoformat() for a, _ in found)
    return tuple(Facet(value=day, label=day, hits=hits) for day, hits in sorted(counts.items(), reverse=True)[:_FACETS])

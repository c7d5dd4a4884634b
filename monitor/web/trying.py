"""A rule on trial: what a query would have found and told in the last week, beside a rule in force; nothing is saved."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from crawler.model import Article
from monitor.archive import Tx, reads
from monitor.archive.reads import trials
from monitor.archive.reads.pages.items import excerpt, marked
from monitor.archive.reads.pages.trial import Recorded, grown, outlet_names, recorded
from monitor.backtest import Telling, Trial, only
from monitor.errors import ConfigError, QueryError
from monitor.model import Findings, Match, Rule, RuleSet, Severity, Theme
from monitor.render.snippet import Part
from monitor.rules.parser import parse
from monitor.text.languages import primary
from monitor.web.queries import Mistake, mistakes, too_long

SPAN: Final = timedelta(days=7)
LOOK_S: Final = 0.8
DECIDE_S: Final = 1.2
"""Seconds from the start until which articles are looked at, and until which the stories they joined are decided about; two is the limit."""
MOST_HITS: Final = 2_000
SAMPLES: Final = 6
_BATCH: Final = 200
_MOST_REPORTS: Final = 3_000
_THEME: Final = "trial"
_DAY_S: Final = 86_400.0
_LEAST_DAYS: Final = 1 / 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An article that was found, and what in it."""

    story_id: int
    outlet: str
    language: str
    headline: tuple[Part, ...]
    excerpt: tuple[Part, ...]
    relevance: int
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The rule in force beside the one on trial: ``lost`` are articles that it found and this one does not."""

    rule_id: str
    query: str
    matches: int
    kept: int
    added: int
    lost: int
    lost_samples: tuple[Sample, ...]
    lost_words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TryPage:
    """What came of a trial. ``is_sampled``: the time was up, and everything counts only the newest articles, back to ``since``;
    ``is_undecided``: it was up while alerts were being decided, of which there are more then.
    """

    query: str
    rule_id: str
    mistakes: tuple[Mistake, ...] = ()
    is_tried: bool = False
    is_sampled: bool = False
    is_undecided: bool = False
    since: datetime | None = None
    days: float = 0.0
    articles: int = 0
    looked: int = 0
    matches: int = 0
    stories: int = 0
    alerts: int = 0
    alerts_a_day: float = 0.0
    most_in_a_day: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    outlets: Mapping[str, int] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
    present: Present | None = None
    yaml: str = ""


@dataclass(slots=True)
class _Look:
    """What a look through the archive brought; ``first`` is the oldest article it covers."""

    hits: dict[int, tuple[Article, Match]] = field(default_factory=dict)
    looked: int = 0
    first: int = 1
    since: datetime | None = None
    is_cut: bool = False


def try_page(
    tx: Tx, query: str, rule_id: str, rules: RuleSet, now: datetime, *, monotonic: Callable[[], float] = time.monotonic
) -> TryPage:
    """Try a query; with a rule's id by that theme's languages and relevance, and beside what the rule found."""
    beside = next((rule for theme in rules.themes for rule in theme.rules if rule.rule_id == rule_id), None)
    query = query if query.strip() or beside is None else beside.query
    page = TryPage(query=query, rule_id=beside.rule_id if beside else "")
    if not query.strip():
        return page
    if wrong := too_long(query):
        return replace(page, mistakes=wrong)
    try:
        trial = _trial(query, beside, rules)
    except (QueryError, ConfigError) as error:
        return replace(page, mistakes=mistakes(error.problems))
    start = monotonic()
    week = _midnight(now - SPAN)
    over = trials.stretch(tx, week)
    needs = reads.needs_of(trial.engine.rules[0].node, rules.entities)
    look = _look(tx, trial, needs, week, lambda: monotonic() - start > LOOK_S)
    since = max(week, look.since if look.is_cut and look.since else _beginning(tx, over, week))
    is_decided = _decide(tx, trial, look, lambda: monotonic() - start > DECIDE_S)
    return _told(tx, replace(page, is_undecided=not is_decided), trial, look, beside, week=week, since=since, now=now, articles=over.count)


def _midnight(at: datetime) -> datetime:
    """The archive is asked by whole days, so that whole days are counted."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _beginning(tx: Tx, over: trials.Stretch, week: datetime) -> datetime:
    """When the first article was seen: an archive younger than a week must not make its alerts look rare."""
    first = reads.article(tx, over.first) if over.count else None
    return first.seen_at if first else week


def _trial(query: str, beside: Rule | None, rules: RuleSet) -> Trial:
    """Make the query the only rule of a theme like the one it may replace."""
    parse(query, entities={entity.entity_id for entity in rules.entities})
    like = next((t for t in rules.themes if beside is not None and t.theme_id == beside.theme_id), None)
    theme = Theme(
        theme_id=_THEME,
        label="",
        need="",
        severity=like.severity if like else Severity.NORMAL,
        languages=like.languages if like else (),
        min_relevance=like.min_relevance if like else 0,
        rules=(Rule(rule_id=f"{_THEME}/rule", theme_id=_THEME, name="rule", query=query),),
    )
    return Trial(only(RuleSet(entities=rules.entities, themes=(theme,), version=_THEME), [_THEME]))


def _look(tx: Tx, trial: Trial, needs: reads.Needs, week: datetime, is_over: Callable[[], bool]) -> _Look:
    """Put the query to the newest articles first, until the time is up."""
    look = _Look()
    for article in reads.candidates(tx, needs, reads.Filter(since=week), batch=_BATCH, is_over=is_over):
        look.looked += 1
        found = trial.engine.match(article)
        assert article.article_id is not None
        if found.matches:
            look.hits[article.article_id] = (article, found.matches[0])
        if is_over() or len(look.hits) >= MOST_HITS:
            look.first, look.since, look.is_cut = article.article_id, article.seen_at, True
            break
    return look


def _decide(tx: Tx, trial: Trial, look: _Look, is_over: Callable[[], bool]) -> bool:
    """Let the stories of the hits grow article by article, and have it decided at each whether to speak; False where the time was up."""
    telling = Telling()
    for seen in grown(tx, look.hits, first=look.first, most=_MOST_REPORTS):
        assert seen.article.article_id is not None
        article, match = look.hits.get(seen.article.article_id, (seen.article, None))
        findings = Findings(mentions=(), matches=(match,) if match else (), version=_THEME)
        trial.judge(replace(seen, article=article), telling.add(seen), findings)
        if is_over():
            return False
    return True


def _told(
    tx: Tx, page: TryPage, trial: Trial, look: _Look, beside: Rule | None, *, week: datetime, since: datetime, now: datetime, articles: int
) -> TryPage:
    tally, names = trial.tallies[_THEME], outlet_names(tx)
    days = max((now - since).total_seconds() / _DAY_S, _LEAST_DAYS if look.is_cut else 1.0)
    hits = list(look.hits.values())
    return replace(
        page,
        is_tried=True,
        is_sampled=look.is_cut,
        since=since,
        days=round(days, 2),
        articles=articles,
        looked=look.looked,
        matches=len(hits),
        stories=len(tally.stories),
        alerts=tally.alerts,
        alerts_a_day=round(tally.alerts / days, 1),
        most_in_a_day=max(tally.days.values(), default=0),
        reasons=dict(tally.reasons.most_common()),
        languages=dict(Counter(primary(a.language) for a, _ in hits).most_common(10)),
        outlets=dict(Counter(names.get(a.outlet_id, a.outlet_id) for a, _ in hits).most_common(10)),
        samples=_samples(hits, {i: h.story_id for i, h in tally.hits.items()}, names),
        present=_present(tx, beside, look, week, names) if beside else None,
        yaml=as_yaml(beside, page.query),
    )


def _samples(hits: Sequence[tuple[Article, Match]], stories: Mapping[int, int], names: Mapping[str, str]) -> tuple[Sample, ...]:
    """Return the newest hits, of different stories as far as there are enough."""
    newest: dict[int, tuple[Article, Match]] = {}
    for article, match in hits:
        newest.setdefault(stories.get(article.article_id or 0, -(article.article_id or 0)), (article, match))
    return tuple(
        Sample(
            story_id=story_id,
            outlet=names.get(article.outlet_id, article.outlet_id),
            language=article.language,
            headline=marked(article.headline, match.evidence),
            excerpt=excerpt(article.text, match.evidence),
            relevance=match.relevance,
            found=tuple(dict.fromkeys(e.surface for e in match.evidence))[:8],
        )
        for story_id, (article, match) in list(newest.items())[:SAMPLES]
    )


def _present(tx: Tx, rule: Rule, look: _Look, week: datetime, names: Mapping[str, str]) -> Present:
    """Say what the rule in force has that the one on trial lacks."""
    found = recorded(tx, rule.rule_id, week, first=look.first)  # the days of the look: an article may be older than our sight of it
    lost = [r for r in found if r.article_id not in look.hits]
    words = Counter(word.casefold() for r in lost for word in r.found)
    ours = {r.article_id for r in found}
    return Present(
        rule_id=rule.rule_id,
        query=rule.query,
        matches=len(found),
        kept=len(found) - len(lost),
        added=sum(i not in ours for i in look.hits),
        lost=len(lost),
        lost_samples=tuple(_lost(r, names) for r in lost[:SAMPLES]),
        lost_words=tuple(word for word, _ in words.most_common(12)),
    )


def _lost(r: Recorded, names: Mapping[str, str]) -> Sample:
    return Sample(
        story_id=r.story_id,
        outlet=names.get(r.outlet_id, r.outlet_id),
        language=r.language,
        headline=(Part(text=r.headline),),
        excerpt=(Part(text=r.snippet),),
        relevance=r.relevance,
        found=r.found,
    )


def as_yaml(beside: Rule | None, query: str) -> str:
    """Return what to paste into themes.yaml."""
    theme, name = (beside.theme_id, beside.name) if beside else ("my-theme", "my-rule")
    said = " ".join(query.split()).replace("'", "''")
    about = "" if beside else "    label: What messages call it\n    need: What you want to know, in a sentence\n"
    return f"themes:\n  {theme}:\n{about}    rules:\n      {name}: '{said}'\n"

"""Puts rules to the past: what they would have found, and which alerts would have been made of it, article by article."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from sys import intern
from typing import Final

from monitor import alerting
from monitor.archive.reads.trials import Seen
from monitor.archive.writes.findings import snippet
from monitor.model import Alert, Entity, Findings, Match, Past, Reason, Report, RuleSet, Story, Theme
from monitor.rules.engine import Engine, compile_rules

_ENTITY: Final = re.compile(r"@([a-z0-9-]+)")
_SURFACES: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One article that a theme matched: ``terms`` counts the different terms that prove it, ``found`` what stands in the text."""

    article_id: int
    story_id: int
    headline: str
    outlet_id: str
    language: str
    relevance: int
    terms: int
    found: tuple[str, ...]
    snippet: str


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one theme found: its hits by article, matches too weak for it, alerts by UTC day and by reason."""

    hits: dict[int, Hit] = field(default_factory=dict)
    below: int = 0
    days: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def stories(self) -> set[int]:
        """Return the stories that the hits belong to."""
        return {hit.story_id for hit in self.hits.values()}

    @property
    def alerts(self) -> int:
        """Return how many alerts there would have been."""
        return self.days.total()

    @property
    def languages(self) -> Counter[str]:
        """Count hits by language."""
        return Counter(hit.language for hit in self.hits.values())

    @property
    def outlets(self) -> Counter[str]:
        """Count hits by outlet."""
        return Counter(hit.outlet_id for hit in self.hits.values())


class Telling:
    """The stories as they grew, shared by all rule sets that are tried on the same articles."""

    def __init__(self) -> None:
        self._reports: dict[int, list[Report]] = {}

    def add(self, seen: Seen) -> Story:
        """Put an article into its story and return the story as it stood then; later merges are known already."""
        article = seen.article
        assert article.article_id is not None
        report = Report(
            article_id=article.article_id,
            outlet_id=intern(article.outlet_id),
            outlet_name="",
            language=intern(article.language),
            headline="",
            url="",
            at=article.published_at or article.seen_at,
            agency=intern(article.agency) if article.agency else None,
        )
        reports = self._reports.setdefault(seen.story_id, [])
        reports.append(report)
        return Story(story_id=seen.story_id, first_at=reports[0].at, last_at=report.at, reports=tuple(reports))


class Trial:
    """One rule set on trial, as if it had been watched from the first article on.

    Alerts are decided by the room that decides them in the daemon. Texts and headlines are those of today: what a revision once said
    (headline changed, correction, withdrawn) is not told again.
    """

    def __init__(self, rules: RuleSet, *, frequencies: Mapping[str, int] | None = None) -> None:
        self.engine: Engine = compile_rules(rules, frequencies=frequencies)
        self.tallies: dict[str, Tally] = {theme.theme_id: Tally() for theme in rules.themes}
        self._themes: dict[str, Theme] = {theme.theme_id: theme for theme in rules.themes}
        self._alerts: dict[int, list[Alert]] = {}

    def take(self, seen: Seen, story: Story) -> None:
        """Put the rules to one article."""
        self.judge(seen, story, self.engine.match(seen.article))

    def judge(self, seen: Seen, story: Story, findings: Findings) -> None:
        """Count and decide by what the rules found in an article."""
        for theme_id in {match.theme_id for match in findings.below} - {match.theme_id for match in findings.matches}:
            self.tallies[theme_id].below += 1
        by_theme: dict[str, list[Match]] = {}
        for match in findings.matches:
            by_theme.setdefault(match.theme_id, []).append(match)
        for theme_id, matches in by_theme.items():
            hit = _hit(seen, matches)
            self.tallies[theme_id].hits[hit.article_id] = hit
        told = self._alerts.get(seen.story_id, [])
        for theme_id in dict.fromkeys([*by_theme, *(alert.theme_id for alert in told)]):
            self._decide(seen, story, theme_id, by_theme.get(theme_id, ()), told)

    def _decide(self, seen: Seen, story: Story, theme_id: str, matches: Sequence[Match], told: Sequence[Alert]) -> None:
        theme, past = self._themes[theme_id], Past(alerts=tuple(told))
        verdict = alerting.decide(theme, story, seen.article, matches, past, seen.at, first_pass=seen.is_first_pass)
        for alert in alerting.alerts(theme, story, seen.article, matches, verdict, seen.at):
            made = self._alerts.setdefault(seen.story_id, [])
            made.append(replace(alert, alert_id=len(made) + 1))
            self.tallies[theme_id].days[f"{seen.at:%Y-%m-%d}"] += 1
            self.tallies[theme_id].reasons[_reason(alert)] += 1


def try_out(trials: Sequence[Trial], articles: Iterable[Seen]) -> Iterable[Seen]:
    """Put every article to every rule set; yield it again when that is done."""
    telling = Telling()
    for seen in articles:
        story = telling.add(seen)
        for trial in trials:
            trial.take(seen, story)
        yield seen


def only(rules: RuleSet, theme_ids: Iterable[str]) -> RuleSet:
    """Return the rule set of some themes, with the entities that they name and those that these are anchored to."""
    wanted = set(theme_ids)
    themes = tuple(theme for theme in rules.themes if theme.theme_id in wanted)
    known = {entity.entity_id: entity for entity in rules.entities}
    named: dict[str, Entity] = {}
    queries = [rule.query for theme in themes for rule in theme.rules]
    while queries:
        for name in _ENTITY.findall(queries.pop()):
            entity = known.get(name)
            if entity is not None and name not in named:
                named[name] = entity
                queries += [alias.near for aliases in entity.aliases.values() for alias in aliases if alias.near]
    return replace(rules, themes=themes, entities=tuple(entity for entity in rules.entities if entity.entity_id in named))


def _hit(seen: Seen, matches: Sequence[Match]) -> Hit:
    article, best = seen.article, max(matches, key=lambda match: match.relevance)
    assert article.article_id is not None
    return Hit(
        article_id=article.article_id,
        story_id=seen.story_id,
        headline=article.headline,
        outlet_id=intern(article.outlet_id),
        language=intern(article.language),
        relevance=best.relevance,
        terms=max(len({evidence.term for evidence in match.evidence}) for match in matches),
        found=tuple(dict.fromkeys(evidence.surface for evidence in best.evidence))[:_SURFACES],
        snippet=snippet(best.evidence, article.headline, article.text),
    )


def _reason(alert: Alert) -> str:
    match alert.reason:
        case Reason.MORE_OUTLETS:
            return f"now in {alert.detail} outlets"
        case Reason.NEW_LANGUAGE:
            return f"first in {alert.detail}"
        case reason:
            return reason.value

"""Whether the world changed enough to speak, and why: asked once per theme and story, whoever listens."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from statistics import median

from crawler.model import Article, ExtractStatus, FailureReason, Genre
from monitor.model import Alert, HowAssigned, Match, Past, Reason, Said, Story, Theme, Verdict

OUTLET_STEPS = (3, 10, 30)
FIRST_PASS_AGE = timedelta(hours=24)
HEADLINE_SHARED = 0.7
"""A headline that keeps this share of its words, and its numbers, was polished, not changed."""

_WORD = re.compile(r"\w+")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_CORRECTION = re.compile(
    r"""\b(?:
      correction\s*(?:[:\-–(]|to\s+this|made|appended) | corrected\s+(?:version|on|at|to)\b | clarification\s*:
    | (?:earlier|previous|original)\s+version\s+of\s+th(?:is|e)\s+(?:article|story|report|headline|post)
    | (?:article|story|report|headline)\s+(?:has\s+been|was)\s+(?:corrected|amended|clarified)
    | korrektur\s*: | korrigendum | berichtigung\s*: | korrekturhinweis | richtigstellung
    | (?:früheren|vorherigen|ursprünglichen|ersten)\s+(?:version|fassung)\s+(?:dieses|des)\s+(?:artikels|beitrags|textes|berichts)
    | (?:erratum|rectificatif)\b | une\s+(?:première|précédente)\s+version\s+de\s+(?:cet|ce)\b | (?:article|texte)\s+(?:corrigé|rectifié)\b
    | (?:errata\s+corrige | rettifica\s*: | fe\s+de\s+errat(?:as|ores)) | corrección\s*: | una\s+versi[oó]n\s+anterior\s+de\s+est[ea]
    | sprostowanie\b | rectificatie\s*:
    )
    | 更正 | 勘误 | 勘誤 | 訂正""",
    re.IGNORECASE | re.VERBOSE,
)


def decide(
    theme: Theme,
    story: Story,
    article: Article,
    matches: Sequence[Match],
    history: Past,
    now: datetime,
    *,
    first_pass: bool = False,
    earlier: Article | None = None,
    how: HowAssigned | None = None,
) -> Verdict:
    """Say whether the theme has something new to tell of the story, with every reason, strongest first.

    ``history`` holds the alerts of the story and of all that merged into it; a theme that spoke of the story goes on hearing of it, also
    through articles that no rule of it matches. ``earlier`` is the state the article was in before, where
    this is a revision of it; ``how`` the way it came to its story; ``first_pass`` says that its source was never polled before.
    """
    told = tuple(a for a in history.alerts if a.theme_id == theme.theme_id)
    if not matches and not told:
        reasons: tuple[Said, ...] = (Said(reason=Reason.NO_MATCH),)
    elif not told:
        reasons = (Said(reason=_first(article, now, first_pass=first_pass, earlier=earlier)),)
    else:
        reasons = _follow_ups(story, article, told, earlier) or (Said(reason=_silence(how)),)
    return Verdict(theme_id=theme.theme_id, reasons=reasons)


def alerts(theme: Theme, story: Story, article: Article, matches: Sequence[Match], verdict: Verdict, now: datetime) -> tuple[Alert, ...]:
    """Make one alert of every reason of the verdict that speaks."""
    return tuple(
        Alert(
            theme_id=theme.theme_id,
            story_id=story.story_id,
            article_id=article.article_id,
            reason=said.reason,
            detail=said.detail,
            severity=theme.severity,
            relevance=max((m.relevance for m in matches), default=0),
            language=article.language,
            outlet_id=article.outlet_id,
            rules=tuple(dict.fromkeys(m.rule_id for m in matches)),
            decided_at=now,
        )
        for said in verdict.reasons
        if said.reason.speaks
    )


def _first(article: Article, now: datetime, *, first_pass: bool, earlier: Article | None) -> Reason:
    """The theme never spoke of this story: it does now, unless what it would tell is old or gone.

    An article without a date may be news: silence would lose it.
    """
    if article.is_backfill or (earlier is not None and _is_gone(article)):
        return Reason.TOO_OLD
    if first_pass and article.published_at is not None and now - article.published_at > FIRST_PASS_AGE:
        return Reason.TOO_OLD
    return Reason.FIRST_REPORT


def _silence(how: HowAssigned | None) -> Reason:
    return Reason.SAME_TEXT if how is HowAssigned.SAME_TEXT else Reason.ALREADY_TOLD


def _follow_ups(story: Story, article: Article, told: Sequence[Alert], earlier: Article | None) -> tuple[Said, ...]:
    """What is new since the theme last spoke; in the order of strength, nothing that was said before."""
    if article.is_backfill:
        return (Said(reason=Reason.TOO_OLD),)
    found = [_more_outlets(story, told), _new_language(story, article, told), *_revision(article, earlier)]
    said = {(a.reason, a.detail) for a in told}
    return tuple(s for s in found if s is not None and (s.reason, s.detail) not in said)


def _known_at_first(story: Story, told: Sequence[Alert]) -> Story:
    """The story as it stood when the theme first spoke of it: what it implied then needs no telling.

    By the order in which articles were seen, never by their own dates, which outlets set as they like.
    """
    first = min(told, key=lambda a: (a.decided_at, a.alert_id or 0))
    for index, report in enumerate(story.reports):
        if report.article_id == first.article_id:
            return replace(story, reports=story.reports[: index + 1])
    return replace(story, reports=())


def _more_outlets(story: Story, told: Sequence[Alert]) -> Said | None:
    """The highest step reached; steps jumped over, as by a merge, are not told after it."""
    before = _step(_known_at_first(story, told).voices)
    spoken = max((int(a.detail) for a in told if a.reason is Reason.MORE_OUTLETS), default=0)
    reached = _step(story.voices)
    return Said(reason=Reason.MORE_OUTLETS, detail=str(reached)) if reached > max(before, spoken) else None


def _step(voices: int) -> int:
    return max((step for step in OUTLET_STEPS if step <= voices), default=0)


def _new_language(story: Story, article: Article, told: Sequence[Alert]) -> Said | None:
    language = _primary(article.language)
    known = {_primary(tag) for tag in _known_at_first(story, told).languages} | {_primary(a.language) for a in told}
    if language in known or language == "und":
        return None
    return Said(reason=Reason.NEW_LANGUAGE, detail=language)


def _primary(tag: str) -> str:
    return tag.split("-", 1)[0].casefold()


# ---- revisions


def _revision(article: Article, earlier: Article | None) -> tuple[Said, ...]:
    """What an article's new state says; once per outlet and story, so that a page that is polished all day speaks once."""
    if earlier is None:
        return ()
    if _is_gone(article):
        return () if _is_gone(earlier) else (Said(reason=Reason.WITHDRAWN, detail=article.outlet_id),)
    if earlier.extract_status is not ExtractStatus.OK and article.extract_status is ExtractStatus.OK:
        return ()  # the page was read for the first time: what its list said of it was not changed by anybody
    found = []
    if article.genre is not Genre.LIVE and headline_changed(earlier.headline, article.headline):
        found.append(Said(reason=Reason.HEADLINE_CHANGED, detail=article.outlet_id))
    if _marks(article) > _marks(earlier):
        found.append(Said(reason=Reason.CORRECTION, detail=article.outlet_id))
    return tuple(found)


def _is_gone(article: Article) -> bool:
    return article.failure is FailureReason.GONE


def _marks(article: Article) -> int:
    return len(_CORRECTION.findall(f"{article.headline}\n{article.text}"))


def headline_changed(before: str, after: str) -> bool:
    """Whether a headline says something else now: other numbers, or too few of its words kept."""
    old, new = _units(before), _units(after)
    if not old or not new:
        return False
    if {u for u in old if u.isdigit()} != {u for u in new if u.isdigit()}:
        return True
    return len(old & new) / max(len(old), len(new)) < HEADLINE_SHARED


def _units(headline: str) -> set[str]:
    """Folded words; of scripts without spaces, pairs of characters."""
    units: set[str] = set()
    for word in _WORD.findall(unicodedata.normalize("NFKC", headline).casefold()):
        if _UNSPACED.search(word):
            units.update(word[i : i + 2] for i in range(max(len(word) - 1, 1)))
        else:
            units.add(word)
    return units


# ---- unusual volume

WEEKS = 8
MIN_SAME_WEEKDAY = 4
MIN_DAYS = 5
MIN_STORIES = 5
UNUSUAL = 4.0
"""Robust deviations above the usual day; below it a theme's ordinary busy days speak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """How a day compares with the theme's usual one; ``deviations`` are robust standard deviations."""

    stories: int
    usual: float
    deviations: float

    @property
    def is_unusual(self) -> bool:
        return self.stories >= MIN_STORIES and self.deviations >= UNUSUAL


def volume(daily: Mapping[date, int], today: date) -> Volume | None:
    """Compare a theme's stories of today with its usual day of this weekday; None where too little is known.

    ``daily`` holds stories (not articles, which one event multiplies) per local day; days watched without a story must stand there as 0.
    The usual day is a median and the spread a median deviation, never below a Poisson count's: one earlier burst teaches nothing.
    """
    sample = _comparable(daily, today)
    if sample is None:
        return None
    usual = median(sample)
    spread = 1.4826 * median(abs(n - usual) for n in sample)
    stories = daily.get(today, 0)
    return Volume(stories=stories, usual=usual, deviations=(stories - usual) / max(spread, math.sqrt(usual), 1.0))


def unusual_volume(daily: Mapping[date, int], today: date) -> Said | None:
    """Say so where a theme has far more stories today than on its usual day; the detail holds day, stories and the usual: ``2026-11-24 14/3``."""
    found = volume(daily, today)
    if found is None or not found.is_unusual:
        return None
    return Said(reason=Reason.UNUSUAL_VOLUME, detail=f"{today.isoformat()} {found.stories}/{found.usual:g}")


def _comparable(daily: Mapping[date, int], today: date) -> list[int] | None:
    """Days like today: the same weekday where there are enough, else workdays with workdays and weekends with weekends."""
    past = {day: n for day, n in daily.items() if timedelta(0) < today - day <= timedelta(weeks=WEEKS)}
    same = [n for day, n in past.items() if day.weekday() == today.weekday()]
    if len(same) >= MIN_SAME_WEEKDAY:
        return same
    alike = [n for day, n in past.items() if _is_weekend(day) == _is_weekend(today)]
    return alike if len(alike) >= MIN_DAYS else None


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5

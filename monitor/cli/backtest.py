"""presswatch rules backtest: what rules would have found in the archive, and what a change adds and loses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Show, Since, SinceType, listing
from monitor.cli.progress import progress

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.model import Article
    from monitor.archive import Tx
    from monitor.cli.progress import Advance
    from monitor.config.settings import Settings
    from monitor.rules.engine import Engine

_SAMPLES: Final = 5
_LOUDEST: Final = 3
_TICK: Final = 200


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one theme found: articles with their stories, days, languages and outlets."""

    stories: dict[int, int] = field(default_factory=dict)
    days: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    outlets: Counter[str] = field(default_factory=Counter)
    samples: dict[int, dict[str, Any]] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)

    def add(self, article: Article, story_id: int, relevance: int) -> None:
        """Count an article; the first one of a story counts as the day's alert."""
        assert article.article_id is not None
        self.stories[article.article_id] = story_id
        self.languages[article.language] += 1
        self.outlets[article.outlet_id] += 1
        if story_id not in self._seen:
            self._seen.add(story_id)
            self.days[f"{article.seen_at:%Y-%m-%d}"] += 1
        self.samples[article.article_id] = {
            "article_id": article.article_id,
            "headline": article.headline,
            "outlet_id": article.outlet_id,
            "language": article.language,
            "relevance": relevance,
        }


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a rule set found, by theme, in how many articles of which languages."""

    articles: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    themes: dict[str, Tally] = field(default_factory=dict)


@click.command("backtest")
@click.argument("themes", metavar="[THEME]...", nargs=-1)
@click.option("--since", type=SinceType(), default="30d", show_default=True, help="24h, 7d, 2026-11-01 or 2026-11-01T14:30.")
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of changed themes or entities: say what it adds, loses and keeps.",
)
@listing
@shared
@pass_given
def command(given: Given, themes: Sequence[str], since: Since, against: Path | None, show: Show) -> None:
    """Try themes on the archive: matches, stories and alerts a day, per language and outlet, with samples."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only here

    from monitor.cli.rules import in_place_of  # noqa: PLC0415 - this command belongs to that group

    settings = given.settings()
    begin = since.at(given.clock.now(), ZoneInfo(settings.timezone))
    changed = given.settings(overrides=in_place_of([against])) if against else None
    days = max(1.0, (given.clock.now() - begin).total_seconds() / 86_400.0)
    found = _tried(given, settings, changed, begin)
    wanted = _wanted(themes, settings, changed)
    marks = _marks(given, settings, begin) if changed else {}
    rows = [_row(theme, found[0], found[1] if changed else None, days, marks) for theme in wanted]
    if not show.is_table:
        show(rows, ())
        return
    names = ", ".join(name for name, _ in found[0].languages.most_common())
    click.echo(f"{days:.0f} days, {found[0].articles:,} articles" + (f" in {names}" if names else ""))
    for row in rows:
        click.echo("\n".join(_lines(row)))


def _wanted(themes: Sequence[str], settings: Settings, changed: Settings | None) -> list[str]:
    known = list(dict.fromkeys(theme.theme_id for s in filter(None, (settings, changed)) for theme in s.rules.themes))
    for name in themes:
        if name not in known:
            raise click.UsageError(f"there is no theme '{name}'; themes: {', '.join(known)}")
    return list(themes) or known


def _tried(given: Given, settings: Settings, changed: Settings | None, begin: datetime) -> tuple[Outcome, Outcome]:
    """Put one or two rule sets to every article since then."""
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it
    from monitor.rules.engine import compile_rules  # noqa: PLC0415 - rules are paid for only by those who compile them

    engines = [compile_rules(s.rules) for s in (settings, changed) if s is not None]
    outcomes = (Outcome(), Outcome())
    with given.archive(settings) as archive, archive.snapshot() as tx, progress("reading articles") as advance:
        total = int(archive.read_now(lambda other: reads.status(other, given.clock.now()))["articles"])
        _put(tx, engines, outcomes, reads.articles(tx, since=begin), total, advance)
    return outcomes


def _put(tx: Tx, engines: Sequence[Engine], outcomes: Sequence[Outcome], articles: Iterable[Article], total: int, advance: Advance) -> None:
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    for number, article in enumerate(articles, start=1):
        assert article.article_id is not None
        if number % _TICK == 0:
            advance(number, total)
        story_id: int | None = None
        for engine, outcome in zip(engines, outcomes, strict=False):
            outcome.articles += 1
            outcome.languages[article.language] += 1
            best: dict[str, int] = {}
            for match in engine.match(article).matches:
                best[match.theme_id] = max(match.relevance, best.get(match.theme_id, 0))
            for theme, relevance in best.items():
                story_id = reads.story_of(tx, article.article_id).story_id if story_id is None else story_id
                outcome.themes.setdefault(theme, Tally()).add(article, story_id, relevance)


def _marks(given: Given, settings: Settings, begin: datetime) -> dict[int, str]:
    """Return what readers said of alerts, by the article that spoke."""
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    with given.archive(settings) as archive:
        rows = archive.read_now(lambda tx: reads.listing(tx, "v_alerts", reads.Filter(since=begin)))
    return {row["article_id"]: row["verdict"] for row in rows if row["verdict"]}


def _row(theme: str, before: Outcome, after: Outcome | None, days: float, marks: Mapping[int, str]) -> dict[str, Any]:
    tally = before.themes.get(theme, Tally())
    stories = len(set(tally.stories.values()))
    row: dict[str, Any] = {
        "theme_id": theme,
        "matches": len(tally.stories),
        "stories": stories,
        "alerts_a_day": round(stories / days, 2),
        "most_in_a_day": max(tally.days.values(), default=0),
        "languages": dict(tally.languages.most_common()),
        "outlets": dict(tally.outlets.most_common()),
        "samples": list(tally.samples.values())[-_SAMPLES:],
    }
    if after is not None:
        row["against"] = _compared(tally, after.themes.get(theme, Tally()), marks)
    return row


def _compared(old: Tally, new: Tally, marks: Mapping[int, str]) -> dict[str, Any]:
    """Say what a change adds, loses and keeps, samples of both sides, and which marked alerts it would have lost."""
    added, lost = [i for i in new.stories if i not in old.stories], [i for i in old.stories if i not in new.stories]
    return {
        "added": len(added),
        "lost": len(lost),
        "kept": len(old.stories) - len(lost),
        "added_samples": [new.samples[i] for i in added[-_SAMPLES:]],
        "lost_samples": [old.samples[i] for i in lost[-_SAMPLES:]],
        "lost_marked": dict(Counter(marks[i] for i in lost if i in marks)),
    }


def _lines(row: Mapping[str, Any]) -> list[str]:
    """Return a theme as a person reads it."""
    pace = f"{row['alerts_a_day']:g} alerts a day, most in one day {row['most_in_a_day']}"
    lines = [f"{row['theme_id']}: {row['matches']} matches in {row['stories']} stories ({pace})"]
    if row["matches"]:
        loudest = ", ".join(f"{name} {count}" for name, count in list(row["outlets"].items())[:_LOUDEST])
        lines.append("  " + "   ".join(f"{name} {count}" for name, count in row["languages"].items()) + f"   loudest: {loudest}")
        lines += [_sample(sample, " ") for sample in row["samples"]]
    if "against" in row:
        change = row["against"]
        marked = "".join(f"; loses {count} marked {verdict}" for verdict, count in change["lost_marked"].items())
        lines.append(f"  the change: added {change['added']}, lost {change['lost']}, kept {change['kept']}{marked}")
        lines += [_sample(sample, "+") for sample in change["added_samples"]]
        lines += [_sample(sample, "-") for sample in change["lost_samples"]]
    return lines


def _sample(sample: Mapping[str, Any], sign: str) -> str:
    return f"  {sign} {sample['article_id']}  {sample['outlet_id']} ({sample['language']}, {sample['relevance']}): {sample['headline']}"

"""presswatch rules backtest: what rules would have found and told in the archive, and what a change adds and loses."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Show, Since, SinceType, folded, listing
from monitor.cli.numbers import counted
from monitor.cli.progress import passing
from monitor.config.terminal import width

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.backtest import Hit, Tally, Trial
    from monitor.config.settings import Settings

_SAMPLES: Final = 5
_LOUDEST: Final = 3
_DAY_S: Final = 86_400.0
_INDENT: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The articles that were read: how many, in which languages, over how many days."""

    articles: int
    languages: Mapping[str, int]
    days: float


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
    """Try themes on the archive: matches, stories and alerts a day, per language and outlet, with samples.

    Alerts are decided as the daemon decides them, article by article in the order they were archived, as if the themes had been watched
    from the first day on. Texts are those of today, so changed headlines and corrections are not told.
    """
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only here

    from monitor.cli.rules import in_place_of  # noqa: PLC0415 - this command belongs to that group

    settings = given.settings()
    begin = since.at(given.clock.now(), ZoneInfo(settings.timezone))
    changed = given.settings(overrides=in_place_of([against])) if against else None
    wanted = _wanted(themes, settings, changed)
    span, trials = _tried(given, [settings, changed] if changed else [settings], wanted, begin)
    marks = _marks(given, settings, begin) if changed else {}
    rows = [_row(theme, trials, span, marks) for theme in wanted]
    if not show.is_table:
        show(rows, ())
        return
    names = ", ".join(span.languages)
    click.echo(f"{counted(round(span.days), 'day')}, {counted(span.articles, 'article')}" + (f" in {names}" if names else ""))
    for row in rows:
        click.echo("\n".join(part for line in _lines(row) for part in folded(line, width(sys.stdout), _INDENT)))


def _wanted(themes: Sequence[str], settings: Settings, changed: Settings | None) -> list[str]:
    known = list(dict.fromkeys(theme.theme_id for s in filter(None, (settings, changed)) for theme in s.rules.themes))
    for name in themes:
        if name not in known:
            from monitor.config.problems import did_you_mean  # noqa: PLC0415 - only the unlucky pay

            raise click.UsageError(f"there is no theme '{name}'; " + (did_you_mean(name, known) or f"themes: {', '.join(known)}"))
    return list(dict.fromkeys(themes)) or known


def _tried(given: Given, tried: Sequence[Settings], wanted: Sequence[str], begin: datetime) -> tuple[Span, list[Trial]]:
    """Put one or two rule sets to every article since then."""
    from monitor.archive.reads import token_counts, trials  # noqa: PLC0415 - the database is paid for only by commands that ask it
    from monitor.backtest import Trial, only, try_out  # noqa: PLC0415 - rules are paid for only by those who compile them

    languages: Counter[str] = Counter()
    first: datetime | None = None
    with given.archive(tried[0]) as archive, archive.snapshot() as tx:
        over = trials.stretch(tx, begin)
        frequencies = token_counts(tx)
        made = [Trial(only(settings.rules, wanted), frequencies=frequencies) for settings in tried]
        for seen in passing("reading articles", try_out(made, trials.seen(tx, over)), over.count):
            first = first or seen.at
            languages[seen.article.language] += 1
    # An archive that is younger than the time asked for must not make its alerts look rare.
    begin = max(begin, first) if first else begin
    days = max(1.0, (given.clock.now() - begin).total_seconds() / _DAY_S)
    return Span(articles=languages.total(), languages=dict(languages.most_common()), days=days), made


def _marks(given: Given, settings: Settings, begin: datetime) -> dict[int, str]:
    """Return what readers said of alerts, by the article that spoke."""
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    with given.archive(settings) as archive:
        rows = archive.read_now(lambda tx: reads.listing(tx, "v_alerts", reads.Filter(since=begin)))
    return {row["article_id"]: row["verdict"] for row in rows if row["verdict"]}


# ---- what is said of a theme


def _row(theme: str, trials: Sequence[Trial], span: Span, marks: Mapping[int, str]) -> dict[str, Any]:
    tally = _tally(trials[0], theme)
    thin = sorted((hit for hit in tally.hits.values() if hit.terms == 1), key=lambda hit: (hit.relevance, -hit.article_id))
    row: dict[str, Any] = {
        "theme_id": theme,
        "articles": span.articles,
        "days": round(span.days, 1),
        **_counts(tally, span.days),
        "below_relevance": tally.below,
        "reasons": dict(tally.reasons.most_common()),
        "languages": dict(tally.languages.most_common()),
        "outlets": dict(tally.outlets.most_common()),
        "samples": _samples(list(tally.hits.values())),
        "one_term": len(thin),
        "one_term_samples": [asdict(hit) for hit in thin[:_SAMPLES]],
    }
    if len(trials) > 1:
        changed = _tally(trials[1], theme)
        row["against"] = {**_counts(changed, span.days), **_compared(tally, changed, marks)}
    return row


def _tally(trial: Trial, theme: str) -> Tally:
    from monitor.backtest import Tally  # noqa: PLC0415 - rules are paid for only by those who compile them

    return trial.tallies.get(theme) or Tally()


def _counts(tally: Tally, days: float) -> dict[str, Any]:
    return {
        "matches": len(tally.hits),
        "stories": len(tally.stories),
        "alerts": tally.alerts,
        "matches_a_day": round(len(tally.hits) / days, 2),
        "stories_a_day": round(len(tally.stories) / days, 2),
        "alerts_a_day": round(tally.alerts / days, 2),
        "most_in_a_day": max(tally.days.values(), default=0),
    }


def _compared(old: Tally, new: Tally, marks: Mapping[int, str]) -> dict[str, Any]:
    """Say what a change adds, loses and keeps, samples of both sides, and which marked alerts it would have lost."""
    added, lost = [hit for i, hit in new.hits.items() if i not in old.hits], [hit for i, hit in old.hits.items() if i not in new.hits]
    return {
        "added": len(added),
        "lost": len(lost),
        "kept": len(old.hits) - len(lost),
        "added_samples": _samples(added),
        "lost_samples": _samples(lost),
        "lost_marked": dict(Counter(marks[hit.article_id] for hit in lost if hit.article_id in marks)),
    }


def _samples(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """Return the newest hits, of different stories as far as there are enough."""
    newest: dict[int, Hit] = {}
    for hit in reversed(hits):
        newest.setdefault(hit.story_id, hit)
    chosen = list(newest.values())[:_SAMPLES]
    chosen += [hit for hit in reversed(hits) if hit not in chosen][: _SAMPLES - len(chosen)]
    return [asdict(hit) for hit in chosen]


def _lines(row: Mapping[str, Any]) -> list[str]:
    """Return a theme as a person reads it."""
    lines = [f"{row['theme_id']}: {_pace(row)}"]
    if row["matches"]:
        loudest = ", ".join(f"{name} {count}" for name, count in list(row["outlets"].items())[:_LOUDEST])
        lines.append("  " + ", ".join(f"{name} {count}" for name, count in row["languages"].items()) + f"; loudest: {loudest}")
        lines.append("  alerts: " + (", ".join(f"{reason} × {count}" for reason, count in row["reasons"].items()) or "none"))
    if row["below_relevance"]:
        lines.append(f"  below the theme's relevance: {counted(row['below_relevance'], 'match', 'matches')} more")
    for sample in row["samples"]:
        lines += _sample(sample, " ")
    if row["one_term"]:
        lines.append(f"  {counted(row['one_term'], 'match rests', 'matches rest')} on one term alone; the weakest are worth a look:")
        for sample in row["one_term_samples"]:
            lines += _sample(sample, "?")
    if "against" in row:
        lines += _change(row["against"])
    return lines


def _pace(counts: Mapping[str, Any]) -> str:
    found = f"{counted(counts['matches'], 'match', 'matches')} in {counted(counts['stories'], 'story', 'stories')}"
    pace = f"{counts['matches_a_day']:g}, {counts['stories_a_day']:g} and {counts['alerts_a_day']:g} a day"
    return f"{found}, {counted(counts['alerts'], 'alert')} ({pace}; at most {counted(counts['most_in_a_day'], 'alert')} in one day)"


def _change(change: Mapping[str, Any]) -> list[str]:
    marked = "".join(f"; loses {count} marked {verdict}" for verdict, count in change["lost_marked"].items())
    lines = [
        f"  the change: added {change['added']}, lost {change['lost']}, kept {change['kept']}{marked}",
        f"  with it: {_pace(change)}",
    ]
    for sign, samples in (("+", change["added_samples"]), ("-", change["lost_samples"])):
        for sample in samples:
            lines += _sample(sample, sign)
    return lines


def _sample(sample: Mapping[str, Any], sign: str) -> list[str]:
    who = f"{sample['outlet_id']} ({sample['language']}, {sample['relevance']})"
    return [f"  {sign} {sample['article_id']}  {who}: {sample['headline']}", f"      {' · '.join(sample['found'])}"]

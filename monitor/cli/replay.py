"""presswatch rules replay: what a new rule would have found is recorded as if it had been there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Show, Since, SinceType, listing
from monitor.cli.numbers import counted
from monitor.cli.progress import passing

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.archive import Archive
    from monitor.config.settings import Settings
    from monitor.model import RuleSet
    from monitor.pipeline import Desk
    from monitor.replay import Found

_BATCH: Final = 100


@click.command("replay")
@click.argument("theme", metavar="THEME")
@click.option("--since", type=SinceType(), required=True, help="24h, 7d, 2026-11-01 or 2026-11-01T14:30.")
@click.option("--alert", is_flag=True, help="Also tell: one first report for every story the theme never spoke of.")
@listing
@shared
@pass_given
def command(given: Given, theme: str, since: Since, show: Show, *, alert: bool) -> None:
    """Record the matches of a theme over archived articles, beside a running daemon.

    What is recorded already stays. Without --alert nobody is told.
    """
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only here

    from monitor.archive.writes import put_rules  # noqa: PLC0415 - the database is paid for only by commands that ask it
    from monitor.backtest import only  # noqa: PLC0415 - rules are paid for only by those who compile them
    from monitor.replay import Replayed, record, tell  # noqa: PLC0415 - the database is paid for only by commands that ask it

    settings = given.settings(secrets=alert)
    if theme not in {known.theme_id for known in settings.rules.themes}:
        raise click.UsageError(f"there is no theme '{theme}'; see them all: presswatch rules list")
    begin, now = since.at(given.clock.now(), ZoneInfo(settings.timezone)), given.clock.now()
    with given.archive(settings) as archive:
        count, found = _matched(archive, only(settings.rules, [theme]), begin)
        archive.write_now(partial(put_rules, rules=settings.rules, now=now))
        done = Replayed()
        for at in range(0, len(found), _BATCH):
            done += archive.write_now(partial(record, found=found[at : at + _BATCH], now=now))
        for one in _newest(found) if alert else ():
            done += archive.write_now(partial(tell, one=one, theme_id=theme, desk=_desk(settings), now=now))
    if show.is_table:
        click.echo(
            f"{theme}: {counted(count, 'article')} read, {counted(done.matches, 'match', 'matches')} recorded,"
            f" {done.below:,} below the theme's relevance; {counted(done.alerts, 'alert')} in {counted(done.deliveries, 'message')}"
            + ("" if alert else " (without --alert nobody is told)")
        )
    else:
        show.one({"theme_id": theme, "articles": count, **asdict(done)})


def _matched(archive: Archive, rules: RuleSet, begin: datetime) -> tuple[int, list[Found]]:
    """Put the rules to every article since then; return how many there were, and what was found."""
    from monitor.archive.reads import token_counts, trials  # noqa: PLC0415 - the database is paid for only by commands that ask it
    from monitor.replay import Found  # noqa: PLC0415 - the same
    from monitor.rules.engine import compile_rules  # noqa: PLC0415 - rules are paid for only by those who compile them

    found: list[Found] = []
    with archive.snapshot() as tx:
        engine = compile_rules(rules, frequencies=token_counts(tx))
        over = trials.stretch(tx, begin)
        for seen in passing("reading articles", trials.seen(tx, over), over.count):
            findings = engine.match(seen.article)
            if findings.matches or findings.below:
                assert seen.article.article_id is not None
                found.append(Found(article_id=seen.article.article_id, story_id=seen.story_id, findings=findings))
    return over.count, found


def _newest(found: Sequence[Found]) -> Sequence[Found]:
    """Return the newest match of every story that has one, the oldest story first."""
    by_story: dict[int, Found] = {}
    for one in found:
        if one.findings.matches:
            by_story.pop(one.story_id, None)
            by_story[one.story_id] = one
    return list(by_story.values())


def _desk(settings: Settings) -> Desk:
    from monitor import routing  # noqa: PLC0415 - only those who alert
    from monitor.pipeline import Desk  # noqa: PLC0415 - the same

    return Desk(
        themes={theme.theme_id: theme for theme in settings.rules.themes},
        outlets={outlet.outlet_id: outlet for outlet in settings.outlets},
        subscriptions=routing.with_defaults(settings.subscriptions, settings.channels),
        stories=settings.stories,
        storms=settings.storm,
    )

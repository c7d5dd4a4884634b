"""What the archive knows of rules that are checked: how common their terms are, and which of them find anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from monitor.cli.given import Given
from monitor.cli.progress import passing
from monitor.errors import ArchiveError

if TYPE_CHECKING:
    from monitor.archive import Tx
    from monitor.archive.reads import trials
    from monitor.config.settings import Settings
    from monitor.model import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookback:
    """In how many of so many ``articles`` each token stands; matches by rule, None where there are too few articles to tell."""

    frequencies: Mapping[str, int]
    articles: int
    matched: Mapping[str, int] | None


def look_back(given: Given, settings: Settings) -> Lookback | None:
    """Ask the archive; None where there is none yet, or it does not answer."""
    if settings.archive_path is not None and not settings.archive_path.exists():
        return None
    try:
        with given.archive(settings) as archive, archive.snapshot() as tx:
            return _asked(tx, settings.rules)
    except ArchiveError as error:
        click.echo(f"the archive does not answer ({error}); checking without it", err=True)
        return None


def _asked(tx: Tx, rules: RuleSet) -> Lookback:
    from monitor.archive.reads import COUNTED, token_counts, trials  # noqa: PLC0415 - the database is paid for only by commands that ask it
    from monitor.rules.lint import IDLE_AFTER  # noqa: PLC0415 - rules are paid for only by those who compile them

    over = trials.newest(tx, IDLE_AFTER)
    frequencies = token_counts(tx)
    matched = _matched(tx, rules, over, frequencies) if over.count >= IDLE_AFTER else None
    return Lookback(frequencies=frequencies, articles=min(over.count, COUNTED), matched=matched)


def _matched(tx: Tx, rules: RuleSet, over: trials.Stretch, frequencies: Mapping[str, int]) -> Mapping[str, int]:
    """Put the rules as they are now to the newest articles: what a daemon recorded says nothing of a rule that was changed since."""
    from monitor.archive.reads import trials  # noqa: PLC0415 - the same
    from monitor.rules.engine import compile_rules  # noqa: PLC0415 - the same

    engine, matched = compile_rules(rules, frequencies=frequencies), Counter[str]()
    for seen in passing("reading articles", trials.seen(tx, over), over.count):
        findings = engine.match(seen.article)
        matched.update(match.rule_id for match in (*findings.matches, *findings.below))
    return matched

"""presswatch rules: what is looked for, whether it holds, and why a text matches or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from monitor.cli import backtest, replay
from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Column, Filters, Show, filters, listing
from monitor.cli.lookback import look_back
from monitor.cli.numbers import counted
from monitor.cli.texts import Text, takes_text
from monitor.errors import ConfigError, Problem

if TYPE_CHECKING:
    from crawler.model import Article
    from monitor.config.settings import Settings
    from monitor.model import Evidence, Findings, Match, Theme

_AROUND: Final = 60
_COLUMNS: Final = (
    Column(title="THEME", show=lambda row: row["theme_id"]),
    Column(title="RULE", show=lambda row: row["rule"]),
    Column(title="SEVERITY", show=lambda row: row["severity"].word),
    Column(title="QUERY", show=lambda row: row["query"], gives_way=True),
    Column(title="WHERE", show=lambda row: row["place"], keeps_end=True),
)


@click.group("rules")
def command() -> None:
    """What is looked for, whether it holds, and why a text matches or not."""


command.add_command(backtest.command)
command.add_command(replay.command)


@command.command("list")
@filters("theme")
@listing
@shared
@pass_given
def listed(given: Given, filters: Filters, show: Show) -> None:
    """List themes and their rules."""
    themes = _themes(given.settings(), filters.themes)
    show(list(_rows(themes)), _COLUMNS, empty="no rules; write some into themes.yaml")


@command.command("check")
@click.argument("files", metavar="[FILE]...", type=click.Path(path_type=Path, exists=True, dir_okay=False), nargs=-1)
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option("--archive/--no-archive", "asks_archive", default=True, help="Also ask it for terms too common and rules that find nothing.")
@listing
@shared
@pass_given
def check(given: Given, files: Sequence[Path], show: Show, *, strict: bool, asks_archive: bool) -> None:
    """Parse every query and run every example; exit 1 where one does not hold.

    FILEs of themes or entities are checked in place of the settings' own, as they would work together with everything else.
    """
    found, warnings = _checked(given, files, asks_archive=asks_archive)
    if not show.is_table:
        from monitor.config.problems import with_lines  # noqa: PLC0415 - only here

        found, warnings = with_lines(found), with_lines(warnings)
        show([{**asdict(problem), "is_warning": problem in warnings} for problem in (*found, *warnings)], (), empty="all hold")
    else:
        _tell(warnings, "warning")
        _tell(found, "problem")
    if found or (strict and warnings):
        raise click.exceptions.Exit(1)


@command.command("test")
@click.argument("target", metavar="THEME|RULE")
@takes_text
@click.option("--expect", type=click.Choice(["match", "none"]), help="Exit 0 exactly when this is so.")
@listing
@shared
@pass_given
def test(given: Given, target: str, text: Text, expect: str | None, show: Show) -> None:
    """Try a theme, or one rule as THEME/RULE, on a text; exit 1 where it does not match.

    presswatch rules test deepseek-next --text "Deepseek verschiebt R2." --lang de
    """
    from monitor.rules.engine import compile_rules  # noqa: PLC0415 - rules are paid for only by those who compile them

    settings = given.settings()
    theme, rule = _target(settings, target)
    engine = compile_rules(settings.rules)
    article = text.read(given, settings)
    found, below = _of(engine.match(article), theme, rule)
    if show.is_table:
        click.echo("\n".join(_verdict(settings, theme, target, article, found, below)))
    else:
        show.one(_as_row(target, article, found, below))
    is_expected = bool(found) is (expect != "none")
    if not is_expected:
        raise click.exceptions.Exit(1)


@command.command("explain")
@click.argument("target", metavar="THEME|RULE")
@takes_text
@listing
@shared
@pass_given
def explained(given: Given, target: str, text: Text, show: Show) -> None:
    """Say branch by branch why a theme or rule matches a text or not, what came nearest, and what might help."""
    from monitor.rules.engine import compile_rules  # noqa: PLC0415 - rules are paid for only by those who compile them
    from monitor.rules.explain import explain, lines  # noqa: PLC0415 - the same

    settings = given.settings()
    _target(settings, target)
    found = explain(compile_rules(settings.rules), target, text.read(given, settings))
    if show.is_table:
        click.echo("\n".join(lines(found)))
    else:
        show.one({**asdict(found), "is_match": found.is_match})


# ---- list


def _themes(settings: Settings, wanted: Sequence[str]) -> list[Theme]:
    known = {theme.theme_id: theme for theme in settings.rules.themes}
    for name in wanted:
        if name not in known:
            raise click.UsageError(_no_theme(name, list(known)))
    return [known[name] for name in wanted] or list(known.values())


def _no_theme(name: str, known: Sequence[str]) -> str:
    from monitor.config.problems import did_you_mean  # noqa: PLC0415 - only the unlucky pay

    return f"there is no theme '{name}'; " + (did_you_mean(name, known) or f"themes: {', '.join(known)}")


def _rows(themes: Sequence[Theme]) -> Iterator[dict[str, Any]]:
    for theme in themes:
        for rule in theme.rules:
            yield {
                "theme_id": theme.theme_id,
                "theme": theme.label,
                "rule": rule.name,
                "severity": theme.severity,
                "languages": theme.languages,
                "min_relevance": theme.min_relevance,
                "query": rule.query,
                "place": str(rule.place or ""),
            }


# ---- check


def _checked(given: Given, files: Sequence[Path], *, asks_archive: bool) -> tuple[list[Problem], list[Problem]]:
    """Return what is wrong and what is doubtful; sum up where nothing is wrong."""
    try:
        settings = given.settings(lint=True, overrides=in_place_of(files))
    except ConfigError as error:
        return list(error.problems), []
    from monitor.rules import lint  # noqa: PLC0415 - rules are paid for only by those who compile them

    themes = settings.rules.themes
    examples = sum(len(theme.examples) for theme in themes)
    held = counted(examples, "example holds", "examples hold")
    entities = counted(len(settings.rules.entities), "entity", "entities")
    said = f"{counted(len(themes), 'theme')}, {counted(settings.rule_count, 'rule')}, {entities}; {held}"
    click.echo(said, err=True)
    past = look_back(given, settings) if asks_archive else None
    if past is None:
        return [], lint.warnings(settings.rules)
    return [], lint.warnings(settings.rules, frequencies=past.frequencies, articles=past.articles, matched=past.matched)


def in_place_of(files: Sequence[Path]) -> dict[str, object]:
    """Return overrides that put files in the place of the local ones of their kind, known by their first key."""
    from monitor.config import yaml12  # noqa: PLC0415 - only here

    found: dict[str, list[str]] = {}
    for path in files:
        value = yaml12.read(path.read_bytes(), file=str(path)).value
        kind = "entities" if isinstance(value, dict) and "entities" in value else "themes"
        found.setdefault(kind, []).append(str(path.absolute()))
    return dict(found)


def _tell(problems: Sequence[Problem], word: str) -> None:
    if problems:
        from monitor.config.problems import render_all  # noqa: PLC0415 - only the unlucky pay

        click.echo(render_all(problems, word=word), err=True)


# ---- test


def _target(settings: Settings, target: str) -> tuple[Theme, str | None]:
    """Return the theme and, where one was named, the rule's id."""
    known = {theme.theme_id: theme for theme in settings.rules.themes}
    name, separator, rule = target.partition("/")
    theme = known.get(name)
    if theme is None:
        raise click.UsageError(_no_theme(name, list(known)))
    if separator and rule not in {r.name for r in theme.rules}:
        raise click.UsageError(f"{name} has no rule '{rule}'; it has {', '.join(r.name for r in theme.rules)}")
    return theme, target if separator else None


def _of(findings: Findings, theme: Theme, rule: str | None) -> tuple[list[Match], list[Match]]:
    """Return the matches of a theme or rule, and those below the theme's relevance."""

    def wanted(match: Match) -> bool:
        return match.rule_id == rule if rule else match.theme_id == theme.theme_id

    return [m for m in findings.matches if wanted(m)], [m for m in findings.below if wanted(m)]


def _verdict(
    settings: Settings, theme: Theme, target: str, article: Article, found: Sequence[Match], below: Sequence[Match]
) -> Iterator[str]:
    """Yield the verdict and what proves it."""
    if not found and not below:
        yield f"{target}: NO MATCH in {article.language}"
        if theme.languages and article.language.partition("-")[0] not in {tag.partition("-")[0] for tag in theme.languages}:
            yield f"  the theme asks for {', '.join(theme.languages)}"
        yield "  presswatch rules explain says what was missing"
        return
    best = max(match.relevance for match in (*found, *below))
    if found:
        yield f"{target}: MATCH (relevance {best}) in {article.language}"
    else:
        yield f"{target}: NO MATCH in {article.language}: relevance {best} is below the theme's {theme.min_relevance}"
    for match in (*found, *below):
        yield f"  {match.rule_id.partition('/')[2]}"
        yield from (f"    {line}" for line in marked(article, match.evidence))
    if found:
        told = [s.channel for s in settings.subscriptions if "*" in s.themes or theme.theme_id in s.themes]
        yield "would tell: " + (", ".join(dict.fromkeys(told)) or "nobody, no subscription wants this theme")


def marked(article: Article, evidence: Sequence[Evidence]) -> Iterator[str]:
    """Yield headline and paragraphs that hold evidence, the evidence in brackets."""
    in_title = [(e.start, e.end) for e in evidence if e.field == "title"]
    if in_title:
        yield f"headline  {_bracketed(article.headline, in_title, 0, len(article.headline))}"
    begin = 0
    for number, paragraph in enumerate(article.text.split("\n"), start=1):
        end = begin + len(paragraph)
        spans = [(e.start, e.end) for e in evidence if e.field == "body" and begin <= e.start < max(end, begin + 1)]
        if spans:
            first, last = max(begin, min(spans)[0] - _AROUND), min(end, max(s[1] for s in spans) + _AROUND)
            lead, tail = "… " if first > begin else "", " …" if last < end else ""
            yield f"text ¶{number:<3} {lead}{_bracketed(article.text, spans, first, last)}{tail}"
        begin = end + 1


def _bracketed(text: str, spans: Sequence[tuple[int, int]], first: int, last: int) -> str:
    """Return a piece of a text with brackets around spans; overlapping ones share theirs."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    parts, at = [], first
    for start, end in joined:
        parts += [text[at:start], "[", text[start:end], "]"]
        at = end
    return "".join([*parts, text[at:last]])


def _as_row(target: str, article: Article, found: Sequence[Match], below: Sequence[Match]) -> dict[str, Any]:
    return {
        "target": target,
        "is_match": bool(found),
        "language": article.language,
        "relevance": max((match.relevance for match in (*found, *below)), default=0),
        "matches": [asdict(match) for match in found],
        "below": [asdict(match) for match in below],
    }

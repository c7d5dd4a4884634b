"""What search and trial share: a query made ready, and its mistakes as a page shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from monitor.backtest import only
from monitor.config.problems import render
from monitor.errors import Problem
from monitor.model import RuleSet, Theme
from monitor.rules.engine import Engine, compile_rules
from monitor.rules.parser import parse

LONGEST: Final = 4_000
"""Characters of a query that a page takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong with a query; ``picture`` is the line with a caret below the spot, and ``line`` 0 where it is not in the query."""

    line: int
    column: int
    code: str
    message: str
    hint: str | None
    picture: str


def mistakes(problems: Iterable[Problem]) -> tuple[Mistake, ...]:
    """Say what is wrong as the command line does."""
    return tuple(
        Mistake(
            line=p.line,
            column=p.column,
            code=p.code or "",
            message=p.message,
            hint=p.hint,
            picture="\n".join(row for row in render(p).splitlines()[1:] if not row.lstrip().startswith("hint:")),
        )
        for p in problems
    )


def too_long(query: str) -> tuple[Mistake, ...]:
    """Refuse what no person typed."""
    if len(query) <= LONGEST:
        return ()
    said = f"the query has {len(query):,} characters; {LONGEST:,} are taken here"
    return (Mistake(line=1, column=LONGEST + 1, code="", message=said, hint=None, picture=""),)


def made_ready(rules: RuleSet, theme: Theme) -> Engine:
    """Compile one theme with the entities that it names; raise QueryError or ConfigError for what is wrong with it."""
    for rule in theme.rules:
        parse(rule.query, entities={entity.entity_id for entity in rules.entities})
    whole = RuleSet(entities=rules.entities, themes=(theme,), version="page")
    return compile_rules(only(whole, [theme.theme_id]))

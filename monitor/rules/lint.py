"""Says what is wrong with a rule set before it is used, and what is likely not meant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from crawler.model import Article, Place
from monitor.errors import ConfigError, Problem
from monitor.model import Example, RuleSet, Theme
from monitor.rules.engine import Engine, compile_rules

_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


def check(rules: RuleSet) -> list[Problem]:
    """Return every error: of queries and aliases, and where there is none, the examples that do not hold."""
    try:
        engine = compile_rules(rules)
    except ConfigError as error:
        return list(error.problems)
    return [
        problem for theme in rules.themes for example in theme.examples if (problem := _check_example(engine, theme, example)) is not None
    ]


def _check_example(engine: Engine, theme: Theme, example: Example) -> Problem | None:
    found = engine.match(example_article(example))
    if example.should_match == any(match.theme_id == theme.theme_id for match in found.matches):
        return None
    below = next((match for match in found.below if match.theme_id == theme.theme_id), None)
    if below is not None:
        message = f"relevance is {below.relevance}, the theme asks for {theme.min_relevance}"
    elif example.should_match:
        message = "no rule of the theme matches this example"
    else:
        match = next(match for match in found.matches if match.theme_id == theme.theme_id)
        terms = ", ".join(dict.fromkeys(f"{evidence.term} ({evidence.surface})" for evidence in match.evidence))
        message = f"this example is to be ignored, but '{match.rule_id}' matches by {terms}"
    place = example.place or theme.place or Place(file="themes.yaml", line=1)
    hint = f"see why: presswatch rules explain {theme.theme_id} --lang {example.language} --text '…'"
    return Problem(
        place=place.file,
        line=place.line,
        column=place.column,
        message=message,
        source_line=" " * (place.column - 1) + example.text.split("\n")[0],
        hint=hint,
    )


def example_article(example: Example) -> Article:
    """Return an example as an article."""
    return Article(
        key="example",
        url="https://example.org/",
        outlet_id="example",
        source_id="example#0",
        headline=example.title,
        text=example.text,
        language=example.language,
        seen_at=_LONG_AGO,
    )

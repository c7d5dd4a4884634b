"""The page on the rule language tells the truth."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.model import Article
from monitor.rules.engine import compile_query
from monitor.rules.parser import parse

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text()


def _relevance(headline: str, paragraphs: list[str], length: int, language: str) -> int:
    """Ask the engine for the relevance of an article that is filled up to a length."""
    text = "\n".join(paragraphs)
    text += "\n" + "." * (length - len(headline) - len(text) - 1)
    article = Article(
        key="k",
        url="",
        outlet_id="",
        source_id="",
        headline=headline,
        text=text,
        language=language,
        seen_at=datetime(2026, 11, 24, tzinfo=UTC),
    )
    assert len(article.headline) + len(article.text) == length
    found = compile_query("Acme").match(article)
    assert found is not None
    return found.relevance


@pytest.mark.parametrize(
    ("headline", "paragraphs", "length", "language", "said"),
    [
        ("Acme verkauft", ["Heute verkauft Acme."], 600, "de", 56),
        ("Am See", ["Es war still.", "Nur Acme nicht."], 6_000, "de", 7),
        ("Acme公司", ["今天", "Acme。Acme。", "Acme。Acme。"], 400, "zh", 53),
    ],
)
def test_the_worked_examples_are_what_the_engine_says(headline: str, paragraphs: list[str], length: int, language: str, said: int) -> None:
    assert _relevance(headline, paragraphs, length, language) == said
    assert f"relevance {said}" in PAGE


def test_every_translation_from_other_services_parses() -> None:
    table = PAGE[PAGE.index("## From other services") : PAGE.index("Their bare words")]
    queries = re.findall(r"\| `([^`]+)` \|$", table, flags=re.MULTILINE)
    assert len(queries) == 10
    for query in queries:
        parse(query, entities=())


def test_every_query_of_the_second_column_parses() -> None:
    queries = re.findall(
        r"^\| `(?:NEAR/n|NEAR/s|A NOT NEAR/n B|ATLEAST/n\(x\)|title:|/regex/)[^|]*\|[^|]*\| `([^`]+)`", PAGE, flags=re.MULTILINE
    )
    assert len(queries) >= 5
    for query in queries:
        parse(query, entities={"nvidia", "unitree", "deepseek"})


@pytest.mark.parametrize(
    "page", ["README.md", "docs/operations.md", "docs/sql.md", "docs/rules.md", "docs/decisions.md", "seeds/README.md"]
)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), f"{page} links {target}"

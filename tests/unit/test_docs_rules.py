"""The page on the rule language tells the truth."""

from __future__ import annotations

import re
from math import log2
from pathlib import Path

import pytest

from monitor.rules.parser import parse

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text()


@pytest.mark.parametrize(("weight", "length", "said"), [(8, 600, 56), (1, 6000, 7), (9, 1200, 53)])
def test_the_worked_examples_are_worked_right(weight: int, length: int, said: int) -> None:
    assert round(100 * weight / (weight + 4 * log2(2 + length / 600))) == said
    assert f"relevance {said}" in PAGE


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

"""docs/pages.md keeps what it says."""

from __future__ import annotations

import re
from pathlib import Path

from monitor.web.search import BUDGET_S, COUNTED
from monitor.web.views import MOST_BYTES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "pages.md").read_text(encoding="utf-8")


def test_its_pictures_are_there_and_small() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE)
    assert len(shown) == 7
    assert sorted(shown) == sorted(f"pages/{path.name}" for path in (DOCS / "pages").iterdir())
    assert [name for name in shown if (DOCS / name).stat().st_size > 150_000] == []


def test_its_limits_are_those_in_force() -> None:
    assert f"at most {MOST_BYTES // 1000} kB" in PAGE
    assert f"the newest {COUNTED}" in PAGE
    assert BUDGET_S == 1.5

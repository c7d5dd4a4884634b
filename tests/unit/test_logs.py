"""Every event speaks the vocabulary that operations.md promises to whoever filters the log."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "critical", "log"}
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def vocabulary() -> set[str]:
    """The keys of the page's section on logs."""
    section = PAGE.split("### Logs\n")[1].split("\n#")[0]
    return {word for line in re.findall(r"^(?:`\w+` ?)+\.?$", section, re.MULTILINE) for word in re.findall(r"`(\w+)`", line)}


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            owner = node.func.value
            if (isinstance(owner, ast.Name) and owner.id == "_log") or (isinstance(owner, ast.Attribute) and owner.attr == "_log"):
                yield node


def test_keys_of_events_are_of_the_vocabulary() -> None:
    odd: dict[str, set[str]] = {}
    for path in (*ROOT.glob("monitor/**/*.py"), *ROOT.glob("crawler/**/*.py")):
        used = {keyword.arg for call in calls(path) for keyword in call.keywords if keyword.arg and keyword.arg != "exc_info"}
        if used - vocabulary():
            odd[str(path.relative_to(ROOT))] = used - vocabulary()
    assert odd == {}, "say it with a known key, or name the new one in docs/operations.md"


def test_there_is_a_vocabulary_and_somebody_speaks_it() -> None:
    assert {
        "outlet",
        "source",
        "url",
        "article_id",
        "story_id",
        "theme",
        "rule",
        "channel",
        "reason",
        "status",
        "duration_s",
    } <= vocabulary()
    assert sum(len(list(calls(path))) for path in ROOT.glob("monitor/**/*.py")) > 20

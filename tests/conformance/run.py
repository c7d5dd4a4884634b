"""Reads cases of the rule language and says which of them do not hold.

A case is a JSON object: ``id``, ``rule`` (``query`` and, where it names any, ``entities``: id to ``{lang: [alias, …], "not": […]}``, an
anchored alias being an object ``{"term", "near", "within"}``), and either ``title``, ``text``, ``lang``, ``match`` and the exact ``spans``
``[field, start, end, surface]``, or ``error`` with ``code``, ``line`` and ``col``. Metadata of the article may stand beside them:
``url``, ``site`` or ``source``, ``section``, ``author`` or ``authors``, also gathered under ``meta``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawler.model import Article
from monitor.errors import ConfigError, QueryError
from monitor.model import Alias, Entity, Rule, RuleSet, Theme
from monitor.rules.engine import compile_query, compile_rules

_SEEN_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def cases(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the cases of a file, blank lines skipped."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def failure(case: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the answer to a case; None where it is right."""
    try:
        found = _answer(case)
    except (QueryError, ConfigError) as error:
        first = error.problems[0]
        found = {"error": {"code": first.code, "line": first.line, "col": first.column}}
        found["error"] = {key: value for key, value in found["error"].items() if key in case.get("error", found["error"])}
    expected = _expected(case)
    return None if found == expected else f"expected {_json(expected)}, found {_json(found)}"


def _expected(case: Mapping[str, Any]) -> dict[str, Any]:
    if "error" in case:
        return {"error": {key: case["error"][key] for key in ("code", "line", "col") if key in case["error"]}}
    expected: dict[str, Any] = {"match": case["match"]}
    if "spans" in case:
        expected["spans"] = [list(span) for span in case["spans"]]
    return expected


def _answer(case: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the engine and the single query alike; they must agree."""
    rule = case["rule"]
    query: str = rule["query"]
    entities = [entity(name, aliases) for name, aliases in (rule.get("entities") or {}).items()]
    article = article_of(case)
    alone = compile_query(query, entities).match(article)
    theme = Theme(theme_id="t", label="t", need="", rules=(Rule(rule_id="t/r", theme_id="t", name="r", query=query),))
    matches = compile_rules(RuleSet(entities=tuple(entities), themes=(theme,), version="1")).match(article).matches
    if (alone.evidence if alone else None) != (matches[0].evidence if matches else None):
        return {"disagree": [alone is not None, bool(matches)]}
    if "error" in case:
        return {"error": None}
    answer: dict[str, Any] = {"match": bool(matches)}
    if "spans" in case:
        answer["spans"] = [[e.field, e.start, e.end, e.surface] for m in matches for e in m.evidence]
    return answer


def entity(entity_id: str, aliases: Mapping[str, Sequence[Any]]) -> Entity:
    """Build an entity from the form it has in a case."""
    return Entity(
        entity_id=entity_id,
        label=entity_id,
        aliases={language: tuple(map(_alias, names)) for language, names in aliases.items() if language != "not"},
        excluded=tuple(aliases.get("not", ())),
    )


def _alias(alias: str | Mapping[str, Any]) -> Alias:
    return Alias(term=alias) if isinstance(alias, str) else Alias(term=alias["term"], near=alias.get("near"), within=alias.get("within"))


def article_of(case: Mapping[str, Any]) -> Article:
    """Build the article of a case."""
    case = {**case, **(case.get("meta") or {})}
    site = case.get("site") or case.get("source") or "example.org"
    url = case.get("url") or (site if "://" in site else f"https://{site}/")
    authors = case.get("authors") or case.get("author") or ()
    return Article(
        key="case",
        url=url,
        outlet_id="outlet",
        source_id="outlet#0",
        headline=case.get("title") or "",
        text=case.get("text") or "",
        language=case.get("lang") or "und",
        seen_at=_SEEN_AT,
        section=case.get("section"),
        authors=(authors,) if isinstance(authors, str) else tuple(authors),
    )


def report(path: Path) -> tuple[list[str], int, int]:
    """Return a line for each failing case of a file, how many passed and how many failed."""
    lines: list[str] = []
    passed = 0
    for number, case in enumerate(cases(path), 1):
        wrong = failure(case)
        if wrong is None:
            passed += 1
        else:
            lines.append(f"{case.get('id', number)}: {wrong}  # {case.get('why', '')}")
    return lines, passed, len(lines)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def summary(lines: Iterable[str], passed: int, failed: int) -> str:
    """Return the report as it is printed."""
    return "\n".join([*lines, f"{passed} passed, {failed} failed"])

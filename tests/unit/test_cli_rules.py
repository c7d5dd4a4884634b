from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crawler.model import Article
from monitor.cli import app
from monitor.cli.app import cli
from monitor.cli.given import Given
from monitor.cli.rules import marked
from monitor.clock import FixedClock
from monitor.model import Evidence

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ENTITIES = """\
entities:
  acme:
    label: Acme
    aliases: {"*": [Acme], zh: [顶峰]}
"""
THEMES = """\
themes:
  deals:
    label: Deals
    need: What Acme buys.
    severity: high
    rules:
      buys: '@acme NEAR/6 (buys OR kauft OR 收购)'
      sells: '@acme AND sells'
    examples:
      match: [{lang: en, text: "Acme buys a rival."}]
      ignore: [{lang: en, text: "Acme reports earnings."}]
  german:
    label: German only
    need: What is said in German.
    languages: [de]
    min_relevance: 90
    rules: {any: '@acme'}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "entities.yaml").write_text(ENTITIES)
    (tmp_path / "themes.yaml").write_text(THEMES)
    path = tmp_path / "presswatch.yaml"
    path.write_text("timezone: UTC\nchannels:\n  - {name: desk, kind: stdout}\nsubscriptions:\n  - {to: desk, themes: [deals]}\n")
    return path


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["-c", str(config), *arguments], obj=Given(clock=FixedClock(NOW)), catch_exceptions=False)


def test_a_match_shows_what_proves_it_and_who_would_be_told(config: Path) -> None:
    done = run(config, "rules", "test", "deals", "--title", "Big news", "--text", "Today Acme buys a rival.", "--lang", "en")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("deals: MATCH (relevance ")
    assert lines[1:] == ["  buys", "    text ¶1   Today [Acme] [buys] a rival.", "would tell: desk"]


def test_no_match_is_a_negative_answer_unless_it_was_expected(config: Path) -> None:
    text = ("--text", "Acme reports earnings.", "--lang", "en")
    assert run(config, "rules", "test", "deals", *text).exit_code == 1
    assert run(config, "rules", "test", "deals", *text, "--expect", "none").exit_code == 0
    assert run(config, "rules", "test", "deals", *text, "--expect", "match").exit_code == 1
    assert run(config, "rules", "test", "deals", "--text", "Acme sells", "--lang", "en", "--expect", "none").exit_code == 1


def test_one_rule_is_tried_by_its_own_name(config: Path) -> None:
    text = ("--text", "Acme sells.", "--lang", "en")
    assert run(config, "rules", "test", "deals/buys", *text).exit_code == 1
    assert run(config, "rules", "test", "deals/sells", *text).exit_code == 0
    done = run(config, "rules", "test", "deals/nothing", *text)
    assert (done.exit_code, "it has buys, sells" in done.stderr) == (2, True)


def test_a_theme_of_other_languages_and_a_low_relevance_say_so(config: Path) -> None:
    assert "the theme asks for de" in run(config, "rules", "test", "german", "--text", "Acme.", "--lang", "en").stdout
    long = "Acme. " + "Noch ein langer Satz ohne den Namen. " * 60
    assert "is below the theme's 90" in run(config, "rules", "test", "german", "--text", long, "--lang", "de").stdout


def test_a_file_with_a_headline_and_a_saved_page_are_read(config: Path) -> None:
    text = config.parent / "a.txt"
    text.write_text("Acme kauft zu\n\nDer Konzern schweigt.\n")
    shown = json.loads(run(config, "rules", "test", "deals", "--file", str(text), "--lang", "de", "--json").stdout)
    assert [e["field"] for e in shown["matches"][0]["evidence"]] == ["title", "title"]
    page = config.parent / "a.html"
    body = "".join(
        f"<p>Heute {'kauft Acme einen Rivalen, ' if n == 1 else ''}und sonst geschieht wenig, sagt der Sprecher.</p>" for n in range(6)
    )
    page.write_text(
        f"<!doctype html><html lang=de><head><title>Nachricht</title></head><body><article><h1>Nachricht</h1>{body}</article></body></html>"
    )
    assert run(config, "rules", "test", "deals", "--file", str(page)).exit_code == 0


def test_the_language_is_detected_where_none_is_named(config: Path) -> None:
    text = "今天顶峰公司宣布收购一家竞争对手，交易金额尚未公布，预计明年完成。"
    shown = json.loads(run(config, "rules", "test", "deals", "--text", text, "--json").stdout)
    assert (shown["language"], shown["is_match"]) == ("zh", True)


@pytest.mark.parametrize("arguments", [(), ("--text", "a", "--article", "1")])
def test_exactly_one_text_is_tried(config: Path, arguments: tuple[str, ...]) -> None:
    done = run(config, "rules", "test", "deals", *arguments)
    assert done.exit_code == 2
    assert "exactly one of" in done.stderr


def test_rules_test_brings_no_heavy_library(config: Path) -> None:
    heavy = ("scrapy", "twisted", "sqlalchemy", "apprise", "trafilatura")
    code = (
        "import sys\nfrom monitor.cli.app import run\n"
        f"code = run(['-c', {str(config)!r}, 'rules', 'test', 'deals', '--text', 'Acme buys', '--lang', 'en'])\n"
        f"print('LOADED', code, *[m for m in {heavy!r} if m in sys.modules])"
    )
    environment = {"HOME": str(config.parent), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "LOADED 0"


def test_an_explanation_says_branch_by_branch_what_was_missing(config: Path) -> None:
    far = "Acme, said the old man who had been sitting there all day long, buys nothing."
    done = run(config, "rules", "explain", "deals/buys", "--text", far, "--lang", "en")
    assert done.exit_code == 0
    assert done.stdout.startswith("deals/buys: NO MATCH in en\n")
    assert "«Acme»" in done.stdout
    assert "nearest:" in done.stdout
    found = json.loads(run(config, "rules", "explain", "deals", "--text", "Acme sells.", "--lang", "en", "--json").stdout)
    assert (found["is_match"], len(found["answers"])) == (True, 2)
    assert run(config, "rules", "explain", "nothing", "--text", "a").exit_code == 2


def test_what_is_likely_not_meant_is_a_warning_and_an_error_only_where_asked(config: Path) -> None:
    themes = config.parent / "themes.yaml"
    themes.write_text(THEMES.replace("'@acme AND sells'", "'@acme AND WHO'"))
    done = run(config, "rules", "check")
    assert done.exit_code == 0
    assert f"{themes}:8:25:" in done.stderr
    assert "1 warning" in done.stderr
    assert run(config, "rules", "check", "--strict").exit_code == 1
    (row,) = json.loads(run(config, "rules", "check", "--json").stdout)
    assert row["is_warning"] is True


def test_rules_list_shows_query_and_place(config: Path) -> None:
    rows = json.loads(run(config, "rules", "list", "--json").stdout)
    assert [(r["theme_id"], r["rule"], r["severity"]) for r in rows] == [
        ("deals", "buys", "high"),
        ("deals", "sells", "high"),
        ("german", "any", "normal"),
    ]
    assert rows[0]["place"] == f"{config.parent / 'themes.yaml'}:7"
    assert "did you mean 'deals'?" in run(config, "rules", "list", "--theme", "deal").stderr


def test_rules_check_counts_what_holds(config: Path) -> None:
    done = run(config, "rules", "check")
    assert done.exit_code == 0
    assert "2 themes, 3 rules, 1 entity; 2 examples hold" in done.stderr


def test_rules_check_tells_queries_and_other_mistakes_at_once_and_ends_with_1(config: Path) -> None:
    themes = config.parent / "themes.yaml"
    themes.write_text(THEMES.replace("@acme AND sells", "@acm AND sells").replace("severity: high", "severity: high\n    nead: x"))
    done = run(config, "rules", "check")
    assert done.exit_code == 1
    assert "unknown key 'nead'" in done.stderr
    themes.write_text(THEMES.replace("@acme AND sells", "@acm AND sells").replace("'@acme'", "'@acme near x'"))
    config.write_text(config.read_text() + "nonsense: 1\n")
    done = run(config, "rules", "check")
    assert "unknown key 'nonsense'" in done.stderr
    config.write_text(config.read_text().replace("nonsense: 1\n", "workers: 3\n"))
    done = run(config, "rules", "check")
    assert f"{themes}:8:15: E-entity" in done.stderr
    assert "      sells: '@acm AND sells'" in done.stderr
    assert "E-case" in done.stderr
    assert done.exit_code == 1


def test_an_example_that_does_not_hold_is_a_problem_with_its_place(config: Path) -> None:
    themes = config.parent / "themes.yaml"
    themes.write_text(THEMES.replace("Acme buys a rival.", "Acme rests."))
    rows = json.loads(run(config, "rules", "check", "--json").stdout)
    assert [(r["line"], r["column"], r["is_warning"]) for r in rows] == [(10, 32, False)]
    assert rows[0]["message"] == "no rule of the theme matches this example"


def test_a_file_is_checked_in_the_place_of_the_settings_own(config: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(THEMES.replace("@acme AND sells", "@nobody"))
    done = run(config, "rules", "check", str(other))
    assert done.exit_code == 1
    assert f"{other}:8:15: E-entity" in done.stderr


def test_a_daemon_does_not_start_on_rules_that_do_not_hold(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "themes.yaml").write_text(THEMES.replace("Acme buys a rival.", "Acme rests."))
    assert app.run(["-c", str(config), "run", "--once"]) == 78
    assert "no rule of the theme matches this example" in capsys.readouterr().err
    assert not (config.parent / "archive.db").exists()


def test_evidence_is_marked_where_it_stands() -> None:
    body = "Erster Absatz.\n" + "x" * 100 + " Acme kauft " + "y" * 100
    article = Article(key="k", url="", outlet_id="", source_id="", headline="Acme", text=body, language="de", seen_at=NOW)

    def span(field: str, word: str) -> Evidence:
        start = (body if field == "body" else article.headline).index(word)
        return Evidence(term=word, field=field, start=start, end=start + len(word), surface=word)

    lines = list(marked(article, [span("title", "Acme"), span("body", "Acme"), span("body", "Acme kauft")]))
    assert lines[0] == "headline  [Acme]"
    assert lines[1] == "text ¶2   … " + "x" * 59 + " [Acme kauft] " + "y" * 59 + " …"

"""Rules put to the archive, on both databases: backtests, replays, searches, relevance; each held against the daemon's own way."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner, Result

from crawler.model import Arrival, Article, Entry, Page
from monitor.archive import Archive, Tx, reads, writes
from monitor.backtest import only
from monitor.cli import app
from monitor.cli.app import cli
from monitor.cli.given import Given
from monitor.clock import FixedClock
from monitor.config.load import load
from monitor.config.settings import Settings
from monitor.model import Reason
from monitor.pipeline import Desk, process
from monitor.rules.engine import compile_query, compile_rules
from tests.archives import NOW, article, entry, list_entries, outlet

T = TypeVar("T")

LATER = NOW + timedelta(hours=1)
ENTITIES = """\
entities:
  nordlicht:
    label: Nordlicht
    aliases:
      "*": [Nordlicht, {term: "=R2", near: "@hersteller", within: s}]
      zh: [北光]
  hersteller:
    label: Hersteller
    aliases: {de: [Hersteller], en: [maker]}
  unused: {label: Unused, aliases: {"*": [Fahrrad]}}
"""
THEMES = """\
themes:
  models:
    label: Models
    need: New models of Nordlicht.
    rules:
      shown: '@nordlicht AND (Modell* OR model* OR modèle* OR 模型)'
  prices:
    label: Prices
    need: What things cost.
    min_relevance: 40
    rules: {any: 'Preis*'}
"""
LONG = "Am See geschah sonst wenig, sagt der Wirt, und am Abend wurde es still. " * 40
EVENT = (
    "Der Hersteller Nordlicht zeigte in Bergen ein neues Modell namens Polaris, das im Frühjahr in 40 Ländern verkauft werden soll."
    " Die Vorstellung in der Grieghalle verfolgten 1200 Gäste, teilte Nordlicht am Montag mit."
)
PIECES = (
    ("alpenpost", "a", "Nordlicht zeigt Polaris", EVENT, "de"),
    ("fjord-times", "b", "Nordlicht zeigt Polaris", EVENT, "de"),
    ("linzer-bote", "c", "Neues aus Bergen: Nordlicht zeigt Polaris", EVENT, "de"),
    ("courrier", "d", "Nordlicht zeigt Polaris", EVENT, "fr"),
    ("alpenpost", "e", "Preise steigen", "Die Preise für Brot steigen. Der Preis für Milch bleibt.", "de"),
    ("linzer-bote", "f", "Am See", f"{LONG}Der Preisrichter kam spät.", "de"),
    ("courrier", "g", "北京新闻", "在北京，北光公司发布新模型。杭州市场平静。", "zh-Hans"),
    ("fjord-times", "h", "Plain words", "The maker showed R2. It's the C++ build, a 3.5 beta for autoindustrie fans.", "en"),
)


class Newsroom:
    """An archive that the straight line itself filled, by the settings of a folder."""

    def __init__(self, folder: Path, url: str) -> None:
        self.config = folder / "presswatch.yaml"
        self.config.write_text(
            f"archive: {url}\ntimezone: UTC\nchannels:\n  - {{name: desk, kind: stdout}}\nsubscriptions:\n  - {{to: desk, themes: ['*']}}\n"
        )
        (folder / "entities.yaml").write_text(ENTITIES)
        (folder / "themes.yaml").write_text(THEMES)
        self.archive = Archive.open(url, clock=FixedClock(NOW))
        outlets = [outlet(name) for name in ("Alpenpost", "Fjord Times", "Linzer Bote", "Courrier")]
        self.archive.write_now(lambda tx: writes.put_outlets(tx, outlets, NOW))

    def settings(self) -> Settings:
        return load(self.config, environ={}, secrets=False)

    def publish(self, pieces: tuple[tuple[str, str, str, str, str], ...] = PIECES, *, is_watched: bool = True) -> None:
        """Take articles down the line, one a minute; unless watched, under rules that know no theme."""
        settings = self.settings()
        rules = settings.rules if is_watched else only(settings.rules, [])
        desk = Desk(
            themes={theme.theme_id: theme for theme in rules.themes},
            outlets={},
            subscriptions=settings.subscriptions,
        )
        clock, engine = FixedClock(NOW), compile_rules(rules)
        for number, (outlet_id, name, headline, text, language) in enumerate(pieces):
            at = NOW + timedelta(minutes=number)
            (listed,) = self.archive.write_now(
                lambda tx, outlet_id=outlet_id, name=name, at=at: list_entries(tx, entry(outlet_id, name), at=at)  # type: ignore[misc]
            )
            read = article(listed, headline=headline, text=text, language=language, published_at=at)
            asyncio.run(process(_arrival(listed), _Reads(read), _Writes(self.archive), engine, clock, desk))
            clock.advance(60)

    def ask(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, ["-c", str(self.config), *arguments], obj=Given(clock=FixedClock(LATER)), catch_exceptions=False)

    def rows(self, *arguments: str) -> list[dict[str, object]]:
        found = json.loads(self.ask(*arguments, "--json").stdout or "[]")
        return found if isinstance(found, list) else [found]

    def articles(self) -> list[Article]:
        return self.archive.read_now(lambda tx: list(reads.articles(tx)))

    def count(self, view: str, **narrow: object) -> int:
        return len(self.archive.read_now(lambda tx: list(reads.listing(tx, view, reads.Filter(**narrow)))))  # type: ignore[arg-type]


class _Reads:
    def __init__(self, article: Article) -> None:
        self._article = article

    async def read(self, _arrival: Arrival) -> Article:
        return self._article


class _Writes:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def write(self, work: Callable[[Tx], T], *, last: bool = False) -> T:
        return self._archive.write_now(work)


def _arrival(listed: Entry) -> Arrival:
    page = Page(url=listed.key, final_url=listed.key, http_status=200, headers={}, body=b"", fetched_at=NOW)
    return Arrival(entry=listed, outlet=outlet("Alpenpost"), result=page)


@pytest.fixture
def newsroom(tmp_path: Path, archive_url: str) -> Iterator[Newsroom]:
    made = Newsroom(tmp_path, archive_url)
    yield made
    made.archive.close()


# ---- backtest


def test_a_backtest_finds_the_alerts_that_the_daemon_made(newsroom: Newsroom) -> None:
    newsroom.publish()
    made = newsroom.archive.read_now(lambda tx: list(reads.listing(tx, "v_alerts", reads.Filter())))
    said = Counter((row["theme_id"], row["reason"]) for row in made)
    assert said["models", Reason.FIRST_REPORT.value] >= 1
    assert said["models", Reason.MORE_OUTLETS.value] == 1
    assert said["models", Reason.NEW_LANGUAGE.value] == 1
    for row in newsroom.rows("rules", "backtest", "--since", "7d"):
        assert row["alerts"] == sum(n for (theme, _), n in said.items() if theme == row["theme_id"])


def test_a_backtest_tells_reasons_languages_outlets_and_evidence(newsroom: Newsroom) -> None:
    newsroom.publish()
    (row,) = newsroom.rows("rules", "backtest", "models", "--since", "7d")
    assert (row["matches"], row["stories"]) == (5, 2)
    assert row["reasons"] == {"first report": 2, "now in 3 outlets": 1, "first in fr": 1}
    assert row["languages"] == {"de": 3, "fr": 1, "zh-Hans": 1}
    assert row["outlets"] == {"courrier": 2, "alpenpost": 1, "fjord-times": 1, "linzer-bote": 1}
    assert row["alerts_a_day"] == 4.0, "the archive is younger than a week: one day counts"
    newest = row["samples"][0]  # type: ignore[index]
    assert newest["found"] == ["北光", "模型"]
    shown = newsroom.ask("rules", "backtest", "models", "--since", "7d").stdout
    assert "models: 5 matches in 2 stories, 4 alerts (5, 2 and 4 a day; at most 4 alerts in one day)" in shown
    assert "北光 · 模型" in shown


def test_a_backtest_points_at_matches_by_one_term_and_at_those_too_weak(newsroom: Newsroom) -> None:
    newsroom.publish()
    (row,) = newsroom.rows("rules", "backtest", "prices", "--since", "7d")
    assert (row["matches"], row["one_term"], row["below_relevance"]) == (1, 1, 1)
    assert row["one_term_samples"][0]["headline"] == "Preise steigen"  # type: ignore[index]
    shown = newsroom.ask("rules", "backtest", "prices", "--since", "7d").stdout
    assert "below the theme's relevance: 1 match more" in shown
    assert "1 match rests on one term alone" in shown


def test_a_change_of_rules_is_compared_also_in_alerts(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.publish()
    other = tmp_path / "other.yaml"
    other.write_text(THEMES.replace("'@nordlicht AND (Modell* OR model* OR modèle* OR 模型)'", "'@nordlicht AND (模型 OR C++)'"))
    (row,) = newsroom.rows("rules", "backtest", "models", "--since", "7d", "--against", str(other))
    change = row["against"]
    assert isinstance(change, dict)
    assert (change["added"], change["lost"], change["kept"]) == (1, 4, 1)
    assert (change["matches"], change["alerts"]) == (2, 2)
    assert [sample["found"] for sample in change["added_samples"]] == [["R2", "C++"]], "the anchor's entity came along"


def test_a_theme_of_the_starter_takes_only_the_entities_it_names(newsroom: Newsroom) -> None:
    rules = only(newsroom.settings().rules, ["models"])
    assert [theme.theme_id for theme in rules.themes] == ["models"]
    assert [entity.entity_id for entity in rules.entities] == ["nordlicht", "hersteller"]


def test_nothing_archived_is_said_and_a_theme_misspelt_is_told(newsroom: Newsroom) -> None:
    assert "1 day, 0 articles" in newsroom.ask("rules", "backtest", "--since", "24h").stdout
    done = newsroom.ask("rules", "backtest", "modles")
    assert (done.exit_code, "did you mean 'models'?" in done.stderr) == (2, True)


# ---- replay


def test_a_replay_records_matches_and_tells_nobody(newsroom: Newsroom) -> None:
    newsroom.publish(is_watched=False)
    assert newsroom.count("v_matches") == 0
    (done,) = newsroom.rows("rules", "replay", "models", "--since", "7d")
    assert (done["articles"], done["matches"], done["alerts"], done["deliveries"]) == (8, 5, 0, 0)
    assert newsroom.count("v_matches", themes=["models"]) == 5
    assert (newsroom.count("v_alerts"), newsroom.count("v_deliveries")) == (0, 0)
    newsroom.rows("rules", "replay", "models", "--since", "7d")
    assert newsroom.count("v_matches") == 5, "a second replay finds the same and adds nothing"


def test_a_replay_keeps_what_other_themes_found(newsroom: Newsroom) -> None:
    newsroom.publish()
    before = newsroom.count("v_matches", themes=["prices"])
    newsroom.rows("rules", "replay", "models", "--since", "7d")
    assert newsroom.count("v_matches", themes=["prices"]) == before == 1


def test_a_replay_that_alerts_tells_every_story_once(newsroom: Newsroom) -> None:
    newsroom.publish(is_watched=False)
    (done,) = newsroom.rows("rules", "replay", "models", "--since", "7d", "--alert")
    assert (done["matches"], done["alerts"], done["deliveries"]) == (5, 2, 2)
    (again,) = newsroom.rows("rules", "replay", "models", "--since", "7d", "--alert")
    assert (again["alerts"], again["deliveries"]) == (0, 0)
    assert newsroom.count("v_alerts") == 2


def test_a_replay_says_nothing_of_stories_that_the_theme_told(newsroom: Newsroom) -> None:
    newsroom.publish()
    before = newsroom.count("v_alerts")
    (done,) = newsroom.rows("rules", "replay", "models", "--since", "7d", "--alert")
    assert done["alerts"] == 0
    assert newsroom.count("v_alerts") == before
    assert newsroom.ask("rules", "replay", "nothing", "--since", "7d").exit_code == 2


# ---- check


def test_a_check_asks_the_archive_for_common_terms_and_idle_rules(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    newsroom.publish()
    (newsroom.config.parent / "themes.yaml").write_text(
        THEMES + "  loose:\n    label: Loose\n    need: Anything.\n    rules: {name: Nordlicht, nowhere: Nirgendwo, weak: Preisrichter}\n"
    )

    def told(*options: str) -> list[tuple[object, object]]:
        return [(row["code"], row["line"]) for row in newsroom.rows("rules", "check", *options) if row["code"] in {"W-common", "W-idle"}]

    assert told() == [("W-common", 15)], "eight articles are too few to call a rule idle"
    monkeypatch.setattr("monitor.rules.lint.IDLE_AFTER", 6)
    assert told() == [("W-common", 15), ("W-idle", 15)]
    assert told("--no-archive") == []
    assert "Nordlicht stands in " in newsroom.ask("rules", "check").stderr
    assert "no match in the last 6 articles" in newsroom.ask("rules", "check").stderr


# ---- relevance


def test_a_match_below_the_relevance_asked_for_is_kept_and_not_told(newsroom: Newsroom) -> None:
    newsroom.publish()
    assert newsroom.count("v_alerts", themes=["prices"]) == 1
    (weak,) = (one for one in newsroom.articles() if one.headline == "Am See")
    trail = newsroom.archive.read_now(lambda tx: reads.about_article(tx, weak.article_id or 0))
    assert ([row["rule_id"] for row in trail.below], trail.matches, trail.alerts) == (["prices/any"], (), ())
    found = compile_rules(newsroom.settings().rules).match(weak)
    assert (found.matches, [match.rule_id for match in found.below]) == ((), ["prices/any"])
    assert found.below[0].relevance < 40


# ---- search


QUERIES = (
    "Nordlicht",
    "@nordlicht",
    "@nordlicht NOT Polaris",
    "=R2",
    '"neues Modell"',
    "Modell* AND Bergen",
    "*industrie",
    "Pr?is*",
    "Preis~",
    "北京",
    "杭州 AND 模型",
    "北光 NEAR/5 模型",
    "模型 ONEAR/9 市场",
    "C++",
    '"3.5 beta"',
    "It's",
    "/Polar[a-z]+/",
    "title:Polaris",
    "lead:(Preise OR 北光)",
    "ATLEAST/2(Preis*)",
    "Preis* NOT NEAR/3 Milch",
    "Nordlicht AND lang:fr",
    "Bergen AND site:courrier.example",
    "(Milch OR 杭州) AND (Brot OR 北京)",
    "@hersteller NEAR/s @nordlicht",
    "Nirgendwo",
)


def test_a_search_answers_what_asking_every_article_answers(newsroom: Newsroom) -> None:
    newsroom.publish()
    entities = newsroom.settings().rules.entities
    for query in QUERIES:
        asked = compile_query(query, entities)
        every = {one.article_id for one in newsroom.articles() if asked.match(one)}
        found = newsroom.rows("archive", "search", query)
        assert {row["article_id"] for row in found} == every, query
        assert bool(found) is (query != "Nirgendwo"), f"{query}: every other query is made to find something"
        assert all(row["evidence"] for row in found), query


def test_a_search_that_is_no_query_says_where_and_ends_with_2(newsroom: Newsroom, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["-c", str(newsroom.config), "archive", "search", "Nordlicht Polaris"]) == 2
    assert "E-juxt" in capsys.readouterr().err


def test_what_the_archive_counts_changes_the_speed_of_rules_and_no_answer(newsroom: Newsroom) -> None:
    newsroom.publish()
    rules = newsroom.settings().rules
    counts = newsroom.archive.read_now(reads.token_counts)
    assert counts["nordlicht"] >= 4
    counted, guessed = compile_rules(rules, frequencies=counts), compile_rules(rules)
    for one in newsroom.articles():
        assert counted.match(one) == guessed.match(one)

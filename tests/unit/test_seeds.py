"""The shipped seeds: they load, their examples hold, and bare model numbers never fire alone."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import pytest

from crawler.model import Article
from monitor.config import folders
from monitor.config.load import load
from monitor.config.settings import Settings
from monitor.rules.engine import Engine, compile_rules

HEADLINES = {"deepseek-next", "nvidia-sanctions", "hangzhou-startups"}


@cache
def seeds() -> Settings:
    return load(folders.seeds() / folders.FILE, environ={}, lint=True)


@cache
def engine() -> Engine:
    return compile_rules(seeds().rules)


def themes_of(text: str, language: str) -> set[str]:
    article = Article(
        key="k", url="", outlet_id="", source_id="", headline="", text=text, language=language, seen_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    return {match.theme_id for match in engine().match(article).matches}


def test_the_seeds_load_with_every_example_holding() -> None:
    assert {theme.theme_id for theme in seeds().rules.themes} >= HEADLINES


def test_nzz_leads_and_four_languages_are_watched() -> None:
    languages = {outlet.language.partition("-")[0] for outlet in seeds().outlets}
    assert languages >= {"de", "en", "zh", "fr"}
    nzz = next(outlet for outlet in seeds().outlets if outlet.outlet_id == "nzz")
    assert nzz.tier == 1
    assert len(nzz.sources) >= 3


def test_every_headline_theme_has_examples_in_four_languages_on_both_sides() -> None:
    for theme in seeds().rules.themes:
        if theme.theme_id in HEADLINES:
            assert {e.language for e in theme.examples if e.should_match} >= {"de", "en", "zh", "fr"}, theme.theme_id
            assert len({e.language for e in theme.examples if not e.should_match}) >= 3, theme.theme_id


def test_ids_are_easy_to_type() -> None:
    assert all(outlet.outlet_id.isascii() for outlet in seeds().outlets)


@pytest.mark.parametrize("language", ["de", "en", "fr", "zh"])
@pytest.mark.parametrize(
    "text",
    [
        "R2 launch delayed. Der Start von R2 wird verschoben. R2发布推迟。",
        "V4 launch, release, preview: V4 wird vorgestellt, V4发布上线。",
        "H20: export ban, licence, sanctions. H20出口管制，许可。",
        "Rivian R2 launch. R2-D2 returns. Cloudflare R2 release. V4 engine.",
    ],
)
def test_a_bare_model_number_never_fires_without_its_anchor(text: str, language: str) -> None:
    assert themes_of(text, language) == set()


@pytest.mark.parametrize(
    ("text", "language", "theme"),
    [
        ("Deepseek verschiebt den Start von R2.", "de", "deepseek-next"),
        ("DeepSeek-V4-Pro将于本周发布。", "zh", "deepseek-next"),
        ("Nvidia braucht für den H20 eine Exportlizenz.", "de", "nvidia-sanctions"),
        ("杭州六小龍之一遞交招股書。", "zh", "hangzhou-startups"),
    ],
)
def test_with_its_anchor_it_does(text: str, language: str, theme: str) -> None:
    assert theme in themes_of(text, language)

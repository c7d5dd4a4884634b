"""The shipped seeds: they load, their examples hold, and bare model numbers never fire alone."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import pytest

from crawler.model import Article
from monitor.config import folders
from monitor.config.load import load
from monitor.config.settings import Settings
from monitor.demo.script import load as load_script
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


SEED_ENTITIES = {
    "deepseek", "deepseek-r1", "deepseek-flagship", "unitree", "manycore", "alibaba", "huawei", "nvidia", "apple", "baidu", "bytedance", "openai",
    "china-mobile", "china-unicom", "china-telecom", "six-little-dragons", "qwen", "pangu", "wudao", "flagopen", "ernie", "doubao", "liang-wenfeng",
    "wang-xingxing", "xi-jinping", "li-qiang", "ilya-sutskever", "tilly-zhang", "zhejiang-university", "zhejiang-sci-tech-university", "tsinghua",
    "peking-university", "sjtu", "stanford", "baai", "cas", "cctv", "chinese-state", "hangzhou", "zhejiang", "china", "shanghai", "west-bund",
    "financial-times", "gavekal",
}  # fmt: skip


def test_the_invented_feature_names_every_entity_and_every_theme_it_touches() -> None:
    piece = next(p for p in load_script().pieces if p.article_id == "schatten")
    article = Article(
        key="k",
        url="",
        outlet_id="",
        source_id="",
        headline=piece.headline,
        text=piece.text,
        language="de",
        seen_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    found = engine().match(article)
    assert {m.entity_id for m in found.mentions} >= SEED_ENTITIES
    untouched = {"china-ai-chips", "china-labs"}
    assert {m.theme_id for m in found.matches} == {t.theme_id for t in seeds().rules.themes} - untouched


def test_the_beat_is_whole() -> None:
    assert len(seeds().outlets) >= 60
    assert len(seeds().rules.themes) == 16
    for theme in seeds().rules.themes:
        assert theme.need
        assert len({e.language for e in theme.examples if e.should_match}) >= 2, theme.theme_id
        assert len({e.language for e in theme.examples if not e.should_match}) >= 2, theme.theme_id


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ernie und Bert veröffentlichen ein neues Lied.", "de"),
        ("Rivian shows the R2 and delays its launch.", "en"),
        ("Cloudflare R2 storage release delayed.", "en"),
        ("Water is H2O, and China exports much of it.", "en"),
        ("Zhangzhou start-ups look for investors.", "en"),
        ("A superpower needs allies, the cosmic and seismic shifts show.", "en"),
        ("The many-core processor has 1,024 cores.", "en"),
        ("Pangu split heaven and earth in the myth.", "en"),
        ("Kimi Antonelli won the race.", "en"),
        ("早餐店推出新口味豆包。", "zh"),
        ("他在山中悟道多年。", "zh"),
        ("六小龄童出席活动。", "zh"),
    ],
)
def test_the_known_hazards_stay_silent(text: str, language: str) -> None:
    assert themes_of(text, language) == set()


HAZARDS = (
    *("Ernie und Bert", "Bernie", "Rivian R2", "Cloudflare R2", "R2-D2", "R²", "R-2 visa", "Brembo V4", "宇树发布机器人R1", "H2O", "H20", "高速公路H20"),
    *("Zhangzhou", "superpower", "Supermacht", "Seismic", "cosmic", "manycore processor", "Many-Core-Prozessor", "DeepSeek rival", "Deepseek-Konkurrent"),
    *("myth Pangu", "盘古开天辟地", "Pangu team", "pangolin", "Kimi won", "Kimi Räikkönen", "minimax algorithm", "悟道多年", "豆包", "字节", "苹果"),
    *("Big Apple", "Ascent GX10", "High-Protein-Chips", "Deutsche Telekom", "high-flyer", "Liang Hua", "Li Qiang", "北大人民医院", "六小龄童"),
    *("four dragons", "six tigers", "AI chip dragons", "Brain Corp", "moonshot project", "Agile Robots", "named Humanoid", "Optimus", "DLSS", "seltener Erden"),
)  # fmt: skip


@pytest.mark.parametrize("hazard", HAZARDS)
def test_every_known_hazard_stands_as_an_example_to_ignore(hazard: str) -> None:
    ignored = [e.text for theme in seeds().rules.themes for e in theme.examples if not e.should_match]
    assert any(hazard in text for text in ignored)


def test_a_rival_of_deepseek_is_not_deepseek() -> None:
    assert not themes_of("DeepSeek rival StepFun is delayed, fund says.", "en") & {"deepseek-next", "deepseek-company"}

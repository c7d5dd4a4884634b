"""Invented pages broken in every way of the fuzz command, and the command itself: it must see what it looks for."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from crawler import extract
from crawler.model import Arrival, Article, ExtractStatus
from tests import manners, pages
from tests.benchmarks import extraction_fuzz as fuzz
from tests.benchmarks.extraction_score import Sample

SAMPLES = [
    Sample(sample_id=manner.name, set_name="invented", url=f"https://{n}.example/a/b", html=manner.markup)
    for n, manner in enumerate(manners.everyone())
]
COUNT = 60


def test_no_broken_page_breaks_the_reading() -> None:
    tried = Counter[str]()
    found = list(fuzz.fuzz(SAMPLES, seed=7, is_over=lambda: tried["pages"] >= COUNT, tried=tried))
    assert [(one.sample_id, one.seed, one.ways, one.fault) for one in found] == []
    assert tried["pages"] == COUNT
    assert {way.__name__ for way in fuzz.WAYS} <= set(tried)


def test_a_seed_breaks_a_page_the_same_way_again() -> None:
    assert fuzz.broken(SAMPLES[0], SAMPLES[1], 11) == fuzz.broken(SAMPLES[0], SAMPLES[1], 11)
    assert fuzz.broken(SAMPLES[0], SAMPLES[1], 11) != fuzz.broken(SAMPLES[0], SAMPLES[1], 12)


def _article(**values: object) -> Article:
    return replace(extract.teaser(pages.arrival(b"")), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("article", "fault"),
    [
        (_article(text="A line <div class='x'> and more"), "markup in the text: <div class='x'>"),
        (_article(text="A\x07line"), "control characters in the text"),
        (_article(extract_status=ExtractStatus.FAILED), "ended as failed with the headline 'As listed'"),
        (_article(), ""),
    ],
)
def test_a_broken_law_is_seen(monkeypatch: pytest.MonkeyPatch, article: Article, fault: str) -> None:
    monkeypatch.setattr(extract, "read_page", lambda _arrival: article)
    assert fuzz.fault_of(b"<p>A page</p>", pages.URL) == fault


def test_a_crash_and_an_endless_reading_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_arrival: Arrival) -> Article:
        raise KeyError("place")

    def hang(_arrival: Arrival) -> Article:
        while True:
            pass

    monkeypatch.setattr(fuzz, "LIMIT_S", 0.05)
    monkeypatch.setattr(extract, "read_page", crash)
    assert fuzz.fault_of(b"<p>A page</p>", pages.URL) == "KeyError('place')"
    monkeypatch.setattr(extract, "read_page", hang)
    assert fuzz.fault_of(b"<p>A page</p>", pages.URL).startswith("read for more than")


def test_the_command_keeps_what_broke_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pages.jsonl"
    file.write_text(json.dumps({"id": "one", "html": pages.markup(), "url": pages.URL}) + "\n", encoding="utf-8")
    monkeypatch.setattr(extract, "read_page", lambda _arrival: _article(text="<p>"))
    assert fuzz.main([str(file), "--minutes", "0.002", "--keep", str(tmp_path / "kept")]) == 1
    assert list((tmp_path / "kept").glob("*.html"))
    assert "markup in the text: <p>" in capsys.readouterr().out

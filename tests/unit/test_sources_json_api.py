from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model import SourceRead
from crawler.sources import Unreadable, json_api
from tests.readings import read as read_kind

REGISTER = {
    "count": 1,
    "results": [
        {
            "title": "Advanced computing items; <em>correction</em>",
            "type": "Rule",
            "abstract": "What changes.",
            "document_number": "2026-01234",
            "html_url": "https://register.example/documents/2026-01234",
            "publication_date": "2026-02-27",
            "agencies": [{"raw_name": "BUREAU", "name": "Bureau of Industry"}, {"name": "Commerce"}],
        }
    ],
}
REGISTER_FIELDS = {"items": "results", "url": "html_url", "published": "publication_date", "authors": "agencies[*].name", "section": "type"}
HUB = [
    {
        "id": "lab/model-v4",
        "createdAt": "2026-02-20T10:00:00.000Z",
        "lastModified": "2026-02-21T10:00:00.000Z",
        "tags": ["moe", "zh"],
        "likes": 3,
    }
]
HUB_FIELDS = {
    "items": "$",
    "url": "https://hub.example/{id}",
    "title": "{id}",
    "published": "createdAt",
    "modified": "lastModified",
    "tags": "tags[*]",
}


def read(data: object, fields: dict[str, str] | None = None) -> SourceRead:
    body = data if isinstance(data, str | bytes) else json.dumps(data)
    return read_kind(body, kind="json_api", fields=fields)


def test_a_register_of_documents_is_read_by_its_mapping() -> None:
    found = read(REGISTER, REGISTER_FIELDS)
    entry = found.entries[0]
    assert (entry.url, entry.title, entry.summary) == (
        "https://register.example/documents/2026-01234",
        "Advanced computing items; correction",
        "What changes.",
    )
    assert (entry.authors, entry.section, entry.guid) == (("Bureau of Industry", "Commerce"), "Rule", "2026-01234")
    assert entry.published_at == datetime(2026, 2, 27, tzinfo=UTC)
    assert found.parser == "json_api"


def test_a_hub_that_gives_no_urls_is_read_by_a_template() -> None:
    entry = read(HUB, HUB_FIELDS).entries[0]
    assert (entry.url, entry.title, entry.tags) == ("https://hub.example/lab/model-v4", "lab/model-v4", ("moe", "zh"))
    assert entry.modified_at == datetime(2026, 2, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "data",
    [
        [{"url": "https://a.example/1", "title": "T"}],
        {"items": [{"link": "https://a.example/1", "headline": "T"}]},
        {"data": {"list": [{"shareUrl": "https://a.example/1", "name": "T"}]}},
        {"response": {"docs": [{"web_url": "https://a.example/1", "headline": {"main": "T"}}]}},
    ],
)
def test_usual_names_need_no_mapping(data: object) -> None:
    entry = read(data).entries[0]
    assert (entry.url, entry.title) == ("https://a.example/1", "T")


def test_a_list_may_be_gathered_from_several() -> None:
    data = {"days": [{"news": [{"url": "https://a.example/1"}]}, {"news": [{"url": "https://a.example/2"}]}]}
    assert len(read(data, {"items": "days[*].news[*]"}).entries) == 2


def test_dates_may_be_mapped_under_the_names_of_an_entry() -> None:
    entry = read([{"id": 1, "made": "2026-02-20"}], {"published_at": "made"}).entries[0]
    assert entry.published_at == datetime(2026, 2, 20, tzinfo=UTC)


def test_a_template_without_its_value_gives_nothing() -> None:
    entry = read([{"title": "T", "slug": ""}], {"url": "https://a.example/{slug}"}).entries[0]
    assert entry.url is None


def test_one_bad_item_never_loses_the_listing() -> None:
    found = read(
        {"items": [{"url": "https://a.example/1"}, None, [], "x", {"url": ["https://a.example/3"], "title": {"x": 1}, "date": True}]}
    )
    assert [entry.url for entry in found.entries] == ["https://a.example/1"]
    assert found.is_partial
    assert "items that are no objects left out (3)" in found.repairs


def test_padding_around_the_json_is_taken_off() -> None:
    assert len(read('jQuery1_2.cb([{"url": "https://a.example/1"}]);').entries) == 1


def test_a_listing_in_another_charset_is_read() -> None:
    body = json.dumps([{"url": "https://a.example/1", "title": "模型发布新版本"}], ensure_ascii=False).encode("gb18030")
    found = read_kind(body, kind="json_api", headers={"content-type": "application/json; charset=utf-8"}, language="zh")
    assert found.entries[0].title == "模型发布新版本"
    assert found.repairs


def test_ever_so_many_items_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_api, "ITEMS_MAX", 2)
    found = read([{"url": f"https://a.example/{n}"} for n in range(4)])
    assert (len(found.entries), found.is_truncated) == (2, True)
    assert found.repairs == ("items beyond the first 20,000 left out (2)",)


@pytest.mark.parametrize("body", ["", "<html>", "{", "7", '"x"', '{"a": {"b": 1}}', '{"items": 7}', "[" * 100_000])
def test_what_is_no_listing_is_unreadable(body: str) -> None:
    with pytest.raises(Unreadable):
        read(body)


def test_a_path_that_gathers_nothing_is_told() -> None:
    with pytest.raises(Unreadable):
        read({"a": []}, {"items": "a[*]"})


def test_a_mapping_that_leads_nowhere_is_told() -> None:
    with pytest.raises(Unreadable, match="under 'results'"):
        read({"items": []}, {"items": "results"})


DATA = {"a": {"b": [{"c": 1}, {"c": 2}], "d e": "x"}, "f": [[1, 2], [3]]}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b[0].c", [1]),
        ("$.a.b[*].c", [1, 2]),
        ("a.b[5].c", []),
        ("a['d e']", ["x"]),
        ('a["d e"]', ["x"]),
        ("f[*][*]", [1, 2, 3]),
        ("f[1][0]", [3]),
        ("a.*.c", []),
        ("a[*]", [[{"c": 1}, {"c": 2}], "x"]),
        ("a.b.c", []),
        ("a[0]", []),
        ("", [DATA]),
        ("a..b[", []),
        ("a.b.", []),
        ("a['d e'][*]", []),
    ],
)
def test_paths_lead_to_values(path: str, found: list[object]) -> None:
    assert json_api.find(DATA, path) == found


def test_a_wrong_mapping_is_told_before_it_is_used() -> None:
    for well in (REGISTER_FIELDS, HUB_FIELDS, {"published_at": "created"}):
        assert set(well) <= set(json_api.KNOWN)
        assert [json_api.problem(path) for path in well.values()] == [None] * len(well)
    assert "'a[b' is no path" in str(json_api.problem("a[b"))
    assert "'x[' is no path" in str(json_api.problem("https://a.example/{x[}"))


@settings(max_examples=150)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["items", "url", "title", "id", "date", "tags", "author"]), inner, max_size=4)
        ),
        max_leaves=20,
    ),
    st.dictionaries(st.sampled_from(json_api.FIELDS), st.text("abc.[]*{}$0'", max_size=8), max_size=3),
)
def test_whatever_the_json_it_is_read_or_refused(data: object, fields: dict[str, str]) -> None:
    with contextlib.suppress(Unreadable):
        assert all(entry.key for entry in read(data, fields).entries)

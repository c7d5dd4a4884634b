"""Full-text search: the index never hides a match, and both databases answer alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from crawler.model import Article
from monitor.archive import Archive, Tx, reads, search, upkeep, writes
from monitor.clock import FixedClock
from monitor.rules.nodes import And, Node, Or, Pattern, Term
from monitor.text.fold import fold
from tests.archives import NOW, article, entry, findings, outlet

TEXTS = {
    "de": ("Straßburg baut", "Die Gründer der Nordlicht-Werke zogen nach Straßburg. Exportkontrollen folgten.", "de"),
    "en": ("Plain words", "Don't trust the C++ build of nordlicht; it's a 3.5 beta.", "en"),
    "zh": ("杭州新闻", "在杭州市，英伟达宣布制裁消息。中国Nvidia公司。", "zh-Hans"),
    "hant": ("輝達", "輝達在台北發表新產品。", "zh-Hant"),
    "ko": ("소식", "삼성은 서울에서 발표했다.", "ko"),
    "emoji": ("🙂 ok", "Ein Text mit 'Anführung' und \\ Strich und \"Zitat\".", "de"),
}


@pytest.fixture
def archive(archive_url: str) -> Iterator[Archive]:
    opened = Archive.open(archive_url, clock=FixedClock(NOW))
    opened.write_now(lambda tx: writes.put_outlets(tx, [outlet("Alpenpost")], NOW))
    for name, (headline, text, language) in TEXTS.items():
        read = article(entry("alpenpost", name), headline=headline, text=text, language=language)
        opened.write_now(lambda tx, read=read: put(tx, read))  # type: ignore[misc]
    yield opened
    opened.close()


def put(tx: Tx, read: Article) -> int:
    made = writes.put_article(tx, read, NOW).article_id
    writes.put_findings(tx, made, findings(read), NOW)
    return made


def naive(term: str) -> set[str]:
    """What a look at every text finds, boundaries aside."""
    return {name for name, (headline, text, _) in TEXTS.items() if fold(term, chinese=True) in fold(f"{headline}\n{text}", chinese=True)}


def names(archive: Archive, node: Node | None, **narrow: object) -> list[str]:
    needs = reads.needs_of(node, []) if node is not None else ()

    def run(tx: Tx) -> list[str]:
        found = reads.search(tx, lambda a: a, needs=needs, where=reads.Filter(**narrow))  # type: ignore[arg-type]
        return [a.key.rsplit("/", 1)[1] for a, _ in found]

    return archive.read_now(run)


def term(text: str) -> Term:
    return Term(text=text, is_phrase=" " in text)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Straßburg", {"de"}),
        ("STRASSBURG", {"de"}),
        ("Nordlicht", {"de", "en"}),
        ("Export*", {"de"}),
        ("Don't", {"en"}),
        ("C++", {"en"}),
        ("杭州", {"zh"}),
        ("英伟达", {"zh"}),
        ("Nvidia", {"zh"}),
        ("辉达", {"hant"}),
        ("台北", {"hant"}),
        ("台", {"hant"}),
        ("삼성", {"ko"}),
        ("Anführung", {"emoji"}),
        ("Zitat", {"emoji"}),
        ("Nirgendwo", set()),
    ],
)
def test_the_index_finds_what_a_look_at_every_text_finds(archive: Archive, query: str, found: set[str]) -> None:
    assert archive.read_now(search.is_current)
    assert set(names(archive, term(query))) == found
    plain = query.rstrip("*")
    assert naive(plain) >= found


def test_alternatives_and_conditions_are_asked_of_the_index(archive: Archive) -> None:
    assert set(names(archive, Or(children=(term("杭州"), term("Straßburg"))))) == {"de", "zh"}
    assert names(archive, And(children=(term("Nordlicht"), term("beta")))) == ["en"]
    assert len(names(archive, Pattern(text="abc+", literals=("abc",)))) == len(TEXTS)


def test_the_newest_come_first_and_are_narrowed(archive: Archive) -> None:
    assert names(archive, None) == list(reversed(TEXTS))
    assert names(archive, None, limit=2) == ["emoji", "ko"]
    assert names(archive, None, languages=["zh"]) == ["hant", "zh"]
    assert names(archive, None, languages=["zh-Hans"]) == ["zh"]
    assert names(archive, None, outlets=["elsewhere"]) == []
    assert names(archive, None, themes=["models"], limit=1) == ["emoji"]
    assert names(archive, None, themes=["bergen"]) == []
    assert names(archive, None, since=NOW + timedelta(days=1)) == []
    assert names(archive, term("Nordlicht"), until=NOW - timedelta(days=1)) == []


def test_a_revised_text_is_found_by_its_new_words_alone(archive: Archive) -> None:
    changed = article(entry("alpenpost", "de"), headline="Straßburg baut", text="Ein Gletscher schmilzt.")
    archive.write_now(lambda tx: writes.put_article(tx, changed, NOW))
    assert names(archive, term("Gletscher")) == ["de"]
    assert names(archive, term("Exportkontrollen")) == []
    assert names(archive, term("Straßburg")) == ["de"]


async def test_an_item_that_fails_leaves_nothing_in_the_index(archive: Archive) -> None:
    def write(name: str, *, fails: bool = False) -> Awaitable[int]:
        def work(tx: Tx) -> int:
            made = put(tx, article(entry("alpenpost", name), text=f"Zinnober {name}"))
            return made // 0 if fails else made

        return archive.write(work)

    ended = await asyncio.gather(write("one"), write("two", fails=True), write("three"), return_exceptions=True)
    assert isinstance(ended[1], ZeroDivisionError)
    sqlite, postgres = "article_index MATCH :word", "tokens @@ CAST(:word AS tsquery)"
    count = sa.text(f"SELECT count(*) FROM article_index WHERE {sqlite if archive.where.is_sqlite else postgres}")
    assert [archive.read_now(lambda tx, w=word: tx.value(count, {"word": w})) for word in ("zinnober", "two")] == [2, 0]  # type: ignore[misc]
    assert names(archive, term("Zinnober")) == ["three", "one"]


def test_many_hits_come_in_pages_without_a_gap(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "BATCH", 7)
    for i in range(40):
        read = article(entry("alpenpost", f"n{i:02}"), text=f"Gletscher {i}", language="fr" if i % 3 else "it")
        archive.write_now(lambda tx, read=read: put(tx, read))  # type: ignore[misc]
    for i in (3, 13, 33):
        again = article(entry("alpenpost", f"n{i:02}"), text=f"Gletscher neu {i}")
        archive.write_now(lambda tx, again=again: writes.put_article(tx, again, NOW))  # type: ignore[misc]
    assert names(archive, term("Gletscher")) == [f"n{i:02}" for i in reversed(range(40))]
    assert len(names(archive, term("Gletscher"), languages=["it"])) == 12  # two of the fourteen are German now
    assert len(names(archive, None)) == 46


def test_without_a_valid_index_every_article_is_read(archive: Archive) -> None:
    archive.write_now(search.clear_index)
    assert not archive.read_now(search.is_current)
    assert len(names(archive, term("Straßburg"))) == len(TEXTS)
    assert upkeep.reindex(archive) == len(TEXTS)
    assert names(archive, term("Straßburg")) == ["de"]


def test_a_new_tokenizer_makes_the_index_invalid(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "TOKENIZER_VERSION", 999)
    assert len(names(archive, term("Straßburg"))) == len(TEXTS)
    upkeep.reindex(archive)
    assert names(archive, term("Straßburg")) == ["de"]


def test_articles_stream_in_the_order_they_came(archive: Archive) -> None:
    streamed = archive.read_now(lambda tx: [a.key.rsplit("/", 1)[1] for a in reads.articles(tx)])
    assert streamed == list(TEXTS)
    assert archive.read_now(lambda tx: list(reads.articles(tx, since=NOW + timedelta(days=2)))) == []
    assert set(archive.read_now(lambda tx: reads.articles_by_id(tx, [1, 2, 99]))) == {1, 2}


def test_a_text_beyond_all_states_is_found_by_its_last_indexed_form(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "STATES", 4)
    base = article(entry("alpenpost", "much"))
    for word in ("Eins", "Zwei", "Drei", "Vier", "Fünf"):
        archive.write_now(lambda tx, word=word: writes.put_article(tx, replace(base, text=word), NOW))  # type: ignore[misc]
    archive.write_now(search.clear_index)
    upkeep.reindex(archive)
    archive.write_now(lambda tx: writes.put_article(tx, replace(base, text="Sechs"), NOW))
    assert archive.read_now(lambda tx: tx.value(sa.text("SELECT max(revision) FROM articles"))) == 6
    assert [len(names(archive, term(word))) for word in ("Eins", "Fünf")] == [0, 1]


def test_the_words_of_the_newest_articles_are_counted_for_the_rules(archive: Archive) -> None:
    for i in range(4):
        archive.write_now(lambda tx, i=i: put(tx, article(entry("alpenpost", f"n{i}"), text="Gletscher " * 3)))  # type: ignore[misc]
    counts = archive.read_now(reads.token_counts)
    assert counts["gletscher"] == 4
    assert "nordlicht" not in counts
    assert archive.read_now(lambda tx: reads.token_counts(tx, sample=2)) == {}

"""The archive's pure parts: times, keys, needs of a query, snippets, turns at hosts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from crawler.model import Article
from monitor.archive import columns, engine, shapes
from monitor.archive.needs import needs_of
from monitor.archive.search import tokens_of
from monitor.archive.writes.findings import snippet
from monitor.model import Alias, Entity, Evidence
from monitor.rules.nodes import And, AtLeast, EntityRef, Meta, MetaField, Near, Not, Or, Pattern, Scope, Scoped, Term, Unit
from tests.archives import NOW, article, entry

SQLITE, POSTGRES = sqlite.dialect(), postgresql.dialect()  # type: ignore[no-untyped-call]
TIMES = st.integers(631_152_000_000_000, 4_102_444_800_000_000).map(lambda us: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=us))


@given(st.lists(TIMES, min_size=2, max_size=5))
def test_stamps_sort_as_their_times(times: list[datetime]) -> None:
    for millis in (False, True):
        cut = [t.replace(microsecond=t.microsecond // 1000 * 1000 if millis else 0) for t in times]
        assert [columns.stamp(t, millis=millis) for t in sorted(cut)] == sorted(columns.stamp(t, millis=millis) for t in cut)


@given(TIMES)
def test_a_time_survives_its_text(at: datetime) -> None:
    kinds: tuple[tuple[columns.UtcTime, int], ...] = ((columns.UtcTime(), 0), (columns.UtcMillis(), at.microsecond // 1000 * 1000))
    for kind, cut in kinds:
        text = kind.process_bind_param(at, SQLITE)
        assert kind.process_result_value(text, SQLITE) == at.replace(microsecond=cut)
        assert kind.process_bind_param(at, POSTGRES) == at.replace(microsecond=cut)


def test_times_are_written_in_utc_and_none_without_a_zone() -> None:
    east = datetime(2026, 11, 24, 14, 58, tzinfo=timezone(timedelta(hours=1)))
    assert columns.stamp(east) == "2026-11-24T13:58:00Z"
    assert columns.stamp(east, millis=True) == "2026-11-24T13:58:00.000Z"
    with pytest.raises(ValueError, match="without a zone"):
        columns.UtcTime().process_bind_param(NOW.replace(tzinfo=None), SQLITE)


@given(st.text(alphabet=st.characters(), max_size=200))
def test_cleaned_text_can_be_stored_anywhere(text: str) -> None:
    kept = columns.clean(text)
    assert "\0" not in kept
    kept.encode()  # no lone surrogate
    assert columns.clean(kept) == kept


@given(st.text(min_size=1, max_size=4_000))
def test_a_fitted_key_is_short_and_stays_as_it_is(key: str) -> None:
    fitted = shapes.fit_key(key)
    assert len(fitted.encode()) <= columns.MAX_KEY_BYTES
    assert shapes.fit_key(fitted) == fitted


def test_long_keys_that_differ_at_the_end_stay_apart() -> None:
    assert shapes.fit_key("k" * 5_000 + "a") != shapes.fit_key("k" * 5_000 + "b")


@given(st.text(max_size=60), st.text(max_size=60))
def test_title_hashes_overlook_white_space_alone(one: str, other: str) -> None:
    same = one.split() == other.split()
    assert (shapes.title_hash(one) == shapes.title_hash(other)) is same
    assert -(2**63) <= shapes.title_hash(one) < 2**63


# ---- needs

NORDLICHT = Entity(
    entity_id="nordlicht",
    label="Nordlicht",
    aliases={"*": (Alias(term="Nordlicht"), Alias(term='="Polar Light"')), "zh": (Alias(term="北极光"),)},
)


def term(text: str) -> Term:
    return Term(text=text, is_phrase=" " in text)


def words(*nodes: object) -> list[set[str]]:
    """Needs as words, prefixes with a star."""
    (node,) = nodes
    return [{t.text + "*" * t.is_prefix for t in group} for group in needs_of(node, [NORDLICHT])]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("node", "needs"),
    [
        (term("Straße"), [{"strasse"}]),
        (term("export control*"), [{"export"}, {"control*"}]),
        (term("Gründer~"), [{"gründer*"}]),
        (term("Wom?n"), [{"wom*"}]),
        (term("*industrie"), []),
        (term("杭州"), [{"杭州"}]),
        (term("英伟达"), [{"英伟"}, {"伟达"}]),
        (term("州"), [{"州*"}]),
        (term("삼성"), [{"삼성*"}]),
        (term("中国Nvidia"), [{"中国"}, {"nvidia"}]),
        (EntityRef(entity_id="nordlicht"), [{"nordlicht*", "polar", "北极"}]),
        (And(children=(term("a1"), Not(child=term("b1")))), [{"a1"}]),
        (Or(children=(term("alpha"), And(children=(term("be"), term("gamma"))))), [{"alpha", "gamma"}]),
        (Or(children=(term("alpha"), term("*beta"))), []),
        (Near(left=term("x1"), right=term("y1"), unit=Unit.WORDS, most=3), [{"x1"}, {"y1"}]),
        (Near(left=term("x1"), right=term("y1"), unit=Unit.WORDS, most=3, is_negated=True), [{"x1"}]),
        (Scoped(scope=Scope.TITLE, child=AtLeast(count=2, child=term("x1"))), [{"x1"}]),
        (Pattern(text="abc+", literals=("abc",)), []),
        (Meta(field=MetaField.LANG, value="de"), []),
    ],
)
def test_the_index_is_asked_only_for_what_a_match_must_hold(node: object, needs: list[set[str]]) -> None:
    assert words(node) == needs


@given(st.text(alphabet="aäß Z英伟达杭州삼성은-.'0", min_size=1, max_size=40), st.integers(0, 39), st.integers(1, 8))
def test_every_term_that_stands_in_a_text_finds_it(text: str, start: int, length: int) -> None:
    from monitor.text.boundaries import is_bounded
    from monitor.text.fold import fold

    folded = fold(text)
    piece = folded[start : start + length]
    if not piece.strip(" -.'") or not is_bounded(folded, start, start + len(piece)):
        return
    held = tokens_of(text)
    for group in needs_of(Term(text=piece, is_phrase=True), []):
        assert any(h == t.text or (t.is_prefix and h.startswith(t.text)) for t in group for h in held), (piece, group, held)


def test_tokens_are_nothing_either_database_would_cut() -> None:
    tokens = tokens_of("a" * 9_000 + " b\x00c \ud800 x\u200dy " + "漢" * 3)
    assert all(0 < len(t) <= 300 and not any(c.isspace() or ord(c) < 32 for c in t) for t in tokens)
    assert tokens == sorted(set(tokens))


# ---- snippets


def test_a_snippet_shows_the_first_evidence_of_the_text() -> None:
    text = "Anfang. " * 30 + "Nordlicht zeigt\nein Modell. " + "Ende. " * 60
    start = text.index("Nordlicht")
    found = Evidence(term="@nordlicht", field="body", start=start, end=start + 9, surface="Nordlicht")
    line = snippet((Evidence(term="x", field="title", start=0, end=1, surface="T"), found), "Titel", text)
    assert "Nordlicht zeigt ein Modell." in line
    assert line.startswith("… ")
    assert line.endswith(" …")
    assert len(line) <= 250
    assert snippet((), "Titel", text) == "Titel"


# ---- rows


def test_evidence_survives_its_row() -> None:
    evidence = (Evidence(term="a", field="body", start=1, end=2, surface="a", alias="A", distances=(3, 4)),)
    assert shapes.evidence_of(shapes.evidence_row(evidence)) == evidence


def test_an_article_survives_its_row() -> None:
    whole: Article = article(entry("alpenpost", "a"))
    row = {**shapes.article_row(whole), "text": whole.text, "article_id": 5}
    assert shapes.article_of(row).headline == whole.headline
    assert row["day"] == "2026-11-24"
    assert row["url"] is None


# ---- addresses and errors


def test_addresses_never_show_a_password() -> None:
    where = engine.address("postgres://me:hunter2@db.example/news")
    assert where.shown == "postgresql://me:***@db.example/news"
    assert not where.is_sqlite
    assert engine.address("sqlite:////var/lib/a.db").shown == "/var/lib/a.db"


def test_the_wal_reset_bug_is_known_by_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def safe(version: tuple[int, ...]) -> bool:
        monkeypatch.setattr(engine, "sqlite_version", lambda: version)
        return engine.is_safe_sqlite()

    assert [safe(v) for v in ((3, 40, 1), (3, 51, 2), (3, 51, 3), (3, 53, 4), (3, 50, 7), (3, 50, 6), (3, 44, 6))] == [
        *(False, False, True, True, True, False, True)
    ]


def test_an_error_is_told_with_what_to_do() -> None:
    where = engine.address("/tmp/a.db")
    for code, words_ in ((13, "no space left"), (5, "another process has locked"), (11, "db restore FILE"), (10, "cannot be used")):
        raw = engine.sqlite_module().OperationalError("some error")
        raw.sqlite_errorcode = code
        error = sa.exc.OperationalError("SELECT 1", {}, raw)
        assert words_ in str(engine.told(error, where))
        assert engine.ends_transaction(error)
    assert NOW.tzinfo is UTC

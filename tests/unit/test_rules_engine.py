from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model import Article, Place
from monitor.errors import ConfigError, QueryError
from monitor.model import Alias, Entity, Findings, Rule, RuleSet, Theme
from monitor.rules.engine import Engine, compile_query, compile_rules
from monitor.rules.evaluate import Evaluation
from monitor.rules.nodes import And, AtLeast, EntityRef, Meta, MetaField, Near, Node, Not, Or, Pattern, Scope, Scoped, Term, Unit
from monitor.rules.parser import parse
from monitor.rules.proximity import Group, Hit, Nearness, partners
from monitor.rules.reading import Reading
from monitor.rules.vocabulary import Vocabulary
from monitor.text.boundaries import KINDS, Kind, is_bounded
from monitor.text.fold import fold
from monitor.text.languages import ENDINGS, GENITIVE
from tests.conformance.run import cases, failure

_NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)
_CASES: Final = Path(__file__).parent.parent / "conformance" / "cases.jsonl"

_ENTITIES: Final = (
    Entity(
        entity_id="acme",
        label="Acme",
        aliases={"*": (Alias(term="Acme"), Alias(term="Acme Katze"), Alias(term="=ACM")), "zh": (Alias(term="海国"),)},
        excluded=("Acme Hund",),
    ),
    Entity(
        entity_id="rocket",
        label="Rocket",
        aliases={"*": (Alias(term="=X1", near="@acme", within=2), Alias(term="Bär", near="Katze", within="s"))},
    ),
)


def article(text: str, *, title: str = "", language: str = "de", **more: object) -> Article:
    found = Article(
        key="k", url="https://www.example.org/a", outlet_id="o", source_id="o#1", headline=title, text=text, language=language, seen_at=_NOW
    )
    for name, value in more.items():
        object.__setattr__(found, name, value)
    return found


def rule_set(*queries: str, entities: tuple[Entity, ...] = _ENTITIES, **theme: object) -> RuleSet:
    rules = tuple(Rule(rule_id=f"t/{i}", theme_id="t", name=str(i), query=query) for i, query in enumerate(queries))
    return RuleSet(entities=entities, themes=(Theme(theme_id="t", label="T", need="n", rules=rules, **theme),), version="v1")  # type: ignore[arg-type]  # a test's fields


def matched(findings: Findings) -> list[str]:
    return [match.rule_id for match in findings.matches]


@pytest.mark.parametrize("case", list(cases(_CASES)), ids=lambda case: str(case["id"]))
def test_the_language_answers_every_case(case: dict[str, object]) -> None:
    assert failure(case) is None


# ---- the engine is the loop over all rules, and both are what the language says

_TEXT_WORDS: Final = [
    "Katze", "KATZE", "Katzen", "Hund", "hund", "Strasse", "Straße", "Bär", "Ba\u0308r", "Acme", "Acmes", "ACM", "X1", "海", "海国", "國海", "国", "コト", "한국",
    "한국은", "नदी", "नद", "C++", "A&B", "e\u0301te\u0301", "😀", "d’ete", "3,5", "von", "KI", "Ki\u00adno",
]  # fmt: skip
_GAPS: Final = [" ", " ", " ", "-", "", ", ", ". ", "。", "\n", "\n\n", " – ", "\u00a0", "’", "_", "! "]
_TERMS: Final = [
    "Katze", "Hund", "strasse", "Bär", "Katz*", "*und", "K?tze", "Katze~", "Bär~", "海", "國", "海国", "コト", "한국", "नद", "नदी", "C++", "A&B", "été", "=Hund", "=KATZE",
    '"Katze Hund"', '"Hund von"', '"Acme Katz*"', '"海 国"', "Kino", "KI", "@acme", "@rocket", "von", "/Katz[a-z]?/", "/(?i)hund/",
]  # fmt: skip


@st.composite
def texts(draw: st.DrawFn, size: int = 14) -> str:
    words = draw(st.lists(st.sampled_from(_TEXT_WORDS), max_size=size))
    return "".join(word + draw(st.sampled_from(_GAPS)) for word in words)


def _queries(leaf: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    near = st.sampled_from(["NEAR/0", "NEAR/1", "NEAR/3", "ONEAR/1", "ONEAR/3", "NEAR/s", "NEAR/p", "ONEAR/s", "NOT NEAR/1", "NOT NEAR/s"])
    group = st.lists(leaf, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})")
    operand = st.one_of(leaf, group)
    simple_near = st.tuples(operand, near.filter(lambda n: "NOT" not in n), operand).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
    apart = st.tuples(st.one_of(operand, simple_near), near, st.one_of(operand, simple_near)).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
    counted = st.tuples(st.integers(1, 3), st.one_of(operand, simple_near)).map(
        lambda t: f"ATLEAST/{t[0]}({t[1].strip('()') if ' ' not in t[1] else t[1]})"
    )
    positive = st.one_of(leaf, group, simple_near, apart, counted)
    scoped = st.tuples(st.sampled_from(["title:", "lead:", "body:"]), positive).map(lambda t: f"{t[0]}({t[1]})")
    part = st.one_of(positive, scoped)
    return st.one_of(
        part,
        st.tuples(part, part).map(lambda t: f"{t[0]} AND {t[1]}"),
        st.tuples(part, part).map(lambda t: f"{t[0]} NOT {t[1]}"),
        st.tuples(part, part, part).map(lambda t: f"({t[0]} AND {t[1]}) OR {t[2]}"),
        st.tuples(part, part).map(lambda t: f"lang:de AND ({t[0]} OR {t[1]})"),
    )


languages = st.sampled_from(["de", "en", "zh", "yue", "ja", "ko", "und", "de-CH"])
queries = _queries(st.sampled_from(_TERMS))


@settings(max_examples=150, deadline=None)
@given(st.lists(queries, min_size=1, max_size=6), texts(), texts(5), languages)
def test_the_engine_finds_what_asking_every_rule_finds(asked: list[str], text: str, title: str, language: str) -> None:
    engine = compile_rules(rule_set(*asked))
    one = article(text, title=title, language=language)
    assert engine.match(one) == engine.match_by_asking_all(one)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(queries, min_size=1, max_size=4),
    texts(),
    texts(5),
    languages,
    st.dictionaries(st.sampled_from(["katze", "hund", "海国", "acme", "von"]), st.integers(0, 9)),
)
def test_frequencies_change_the_way_and_not_the_answer(
    asked: list[str], text: str, title: str, language: str, frequencies: dict[str, int]
) -> None:
    one = article(text, title=title, language=language)
    assert compile_rules(rule_set(*asked), frequencies=frequencies).match(one) == compile_rules(rule_set(*asked)).match(one)


@settings(max_examples=200, deadline=None)
@given(queries, texts(), texts(5), languages)
def test_the_engine_finds_what_the_plainest_reading_of_the_language_finds(query: str, text: str, title: str, language: str) -> None:
    one = article(text, title=title, language=language)
    found = compile_query(query, _ENTITIES).match(one)
    spots = Plain(one).answer(parse(query, entities={"acme", "rocket"}))
    assert (found is not None) == (spots is not None)
    if found is not None and spots is not None:
        reading = Reading(one)
        assert [(e.field, e.start, e.end) for e in found.evidence] == sorted(
            {reading.original(spot)[:3] for spot in spots}, key=lambda p: (p[0] != "title", p[1:])
        )


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([term for term in _TERMS if term[0] not in '@/"=' and not set(term) & set("*?~")]), texts(), texts(5), languages)
def test_spans_slice_to_text_that_folds_to_the_term(term: str, text: str, title: str, language: str) -> None:
    one = article(text, title=title, language=language)
    found = compile_query(term).match(one)
    chinese = language in {"zh", "yue"}
    for evidence in found.evidence if found else ():
        whole = one.headline if evidence.field == "title" else one.text
        assert whole[evidence.start : evidence.end] == evidence.surface
        assert fold(evidence.surface, chinese=chinese) == fold(term, chinese=chinese)
        assert evidence.surface[0] != "\u00ad"
        assert evidence.surface[-1] != "\u00ad"


Spot = tuple[int, int]


class Plain:
    """The rule language by its plainest reading: every place, every pair, no cleverness. Slow, and short enough to be seen to be right."""

    def __init__(self, one: Article) -> None:
        self.reading = Reading(one)
        self.text, self.body_at = self.reading.text, self.reading.body_at
        self.language, self.chinese = self.reading.language, self.reading.is_chinese

    def answer(self, node: Node) -> set[Spot] | None:
        """Return the evidence, None where the query does not hold."""
        whole = ((0, len(self.text)),)
        return self.evidence(node, whole) if self.holds(node, whole) else None

    def holds(self, node: Node, within: tuple[Spot, ...]) -> bool:  # noqa: PLR0911 - one answer for each kind of node
        match node:
            case And():
                return all(self.holds(child, within) for child in node.children)
            case Or():
                return any(self.holds(child, within) for child in node.children)
            case Not():
                return not self.holds(node.child, within)
            case Meta():
                return self.language == node.value
            case Scoped():
                return self.holds(node.child, self.narrowed(node.scope, within))
            case AtLeast():
                return self.most_apart(self.occurrences(node.child, within)) >= node.count
            case _:
                return bool(self.occurrences(node, within))

    def evidence(self, node: Node, within: tuple[Spot, ...]) -> set[Spot]:
        match node:
            case And():
                return set().union(*(self.evidence(child, within) for child in node.children))
            case Or():
                return set().union(*(self.evidence(child, within) for child in node.children if self.holds(child, within)))
            case Not() | Meta():
                return set()
            case Scoped():
                return self.evidence(node.child, self.narrowed(node.scope, within))
            case AtLeast():
                return {spot for one in self.occurrences(node.child, within) for spot in one}
            case _:
                return {spot for one in self.occurrences(node, within) for spot in one}

    def occurrences(self, node: Node, within: tuple[Spot, ...]) -> set[frozenset[Spot]]:
        match node:
            case Or():
                return set().union(*(self.occurrences(child, within) for child in node.children))
            case Scoped():
                return self.occurrences(node.child, self.narrowed(node.scope, within))
            case Near():
                left, right = self.occurrences(node.left, within), self.occurrences(node.right, within)
                if node.is_negated:
                    return {one for one in left if not any(self.are_near(a, b, node) for a in one for other in right for b in other)}
                return {one | other for one in left for other in right if any(self.are_near(a, b, node) for a in one for b in other)}
            case Term() | Pattern() | EntityRef():
                return {frozenset([spot]) for spot in self.spots(node) if any(a <= spot[0] and spot[1] <= b for a, b in within)}
            case _:
                raise AssertionError(node)

    def are_near(self, one: Spot, other: Spot, node: Near) -> bool:
        if one == other or (node.is_ordered and one[0] >= other[0]):
            return False
        return self.reading.halves_between(min(one, other), max(one, other), node.unit, node.most) is not None

    def narrowed(self, scope: Scope, within: tuple[Spot, ...]) -> tuple[Spot, ...]:
        return tuple((max(a, c), min(b, d)) for a, b in self.reading.ranges(scope) for c, d in within)

    @staticmethod
    def most_apart(occurrences: set[frozenset[Spot]]) -> int:
        spans = {(min(a for a, _ in one), max(b for _, b in one)) for one in occurrences}

        def most(free_from: int) -> int:
            return max((1 + most(end) for start, end in spans if start >= free_from), default=0)

        return most(0)

    def spots(self, leaf: Term | Pattern | EntityRef) -> list[Spot]:
        if isinstance(leaf, Term):
            return self.term_spots(leaf, genitive=False)
        if isinstance(leaf, Pattern):
            found = {"/Katz[a-z]?/": ("Katz", 5), "/(?i)hund/": ("hund", 4)}[f"/{leaf.text}/"]
            return list(self.pattern_spots(*found))
        return self.entity_spots(leaf.entity_id)

    def pattern_spots(self, stem: str, longest: int) -> Iterator[Spot]:
        one = self.reading.article
        for field, whole in (("title", one.headline), ("body", one.text)):
            for at in range(len(whole)):
                same_case = whole[at : at + 4] == stem or (longest == 4 and whole[at : at + 4].lower() == stem)
                if same_case:
                    following = whole[at + 4 : at + 5]
                    spot = self.reading.folded(field, at, at + 4 + (longest == 5 and "a" <= following <= "z"))
                    assert spot is not None
                    yield spot

    def term_spots(self, term: Term, *, genitive: bool) -> list[Spot]:
        takes_s = genitive and not term.is_exact and self.language in GENITIVE
        found: list[Spot] = []
        for start in range(len(self.text)):
            ends = [end for end in range(start + 1, min(len(self.text), start + 40) + 1) if self.fits(term, start, end, takes_s=takes_s)]
            if ends and (not found or found[-1][1] <= start):
                found.append((start, max(ends)))
        return found

    def fits(self, term: Term, start: int, end: int, *, takes_s: bool) -> bool:
        piece = self.text[start:end]
        wanted = fold(term.text, chinese=self.chinese).strip()
        if not is_bounded(self.text, start, end):
            return False
        if term.is_exact:
            return piece == wanted and self.reading.original((start, end))[3] == term.text
        if wanted.endswith("~"):
            return piece in {wanted[:-1], *(wanted[:-1] + ending for ending in ENDINGS.get(self.language, ()))}
        if set(wanted) & set("*?"):
            return self.globs(wanted, piece)
        return piece == wanted or (takes_s and piece == f"{wanted}s" and KINDS[wanted[-1]] is Kind.WORD)

    def globs(self, wanted: str, piece: str) -> bool:
        if not wanted:
            return not piece
        if wanted[0] == "*":
            return self.globs(wanted[1:], piece) or bool(piece and KINDS[piece[0]] is Kind.WORD and self.globs(wanted, piece[1:]))
        is_same = bool(piece) and (wanted[0] == piece[0] or (wanted[0] == "?" and KINDS[piece[0]] is Kind.WORD))
        return is_same and self.globs(wanted[1:], piece[1:])

    def entity_spots(self, entity_id: str) -> list[Spot]:
        entity = next(e for e in _ENTITIES if e.entity_id == entity_id)
        found: set[Spot] = set()
        for key, aliases in entity.aliases.items():
            if key in {"*", self.language} or self.language == "und":
                for alias in aliases:
                    term = Term(text=alias.term.removeprefix("="), is_exact=alias.term.startswith("="))
                    spots = self.term_spots(term, genitive=True)
                    found |= set(spots if alias.near is None else self.anchored(spots, alias))
        closed = [spot for phrase in entity.excluded for spot in self.term_spots(Term(text=phrase), genitive=True)]
        left = [spot for spot in found if not any(a <= spot[0] and spot[1] <= b for a, b in closed)]
        kept: list[Spot] = []
        for spot in sorted(left, key=lambda s: (s[0] - s[1], s[0])):
            if all(spot[1] <= a or b <= spot[0] for a, b in kept):
                kept.append(spot)
        return kept

    def anchored(self, spots: list[Spot], alias: Alias) -> Iterator[Spot]:
        assert alias.near is not None
        anchors = self.entity_spots(alias.near[1:]) if alias.near[0] == "@" else self.term_spots(Term(text=alias.near), genitive=False)
        unit, most = (Unit.WORDS, int(alias.within)) if isinstance(alias.within, int) else (Unit.SENTENCE, 0)
        near = Near(left=Term(text="a"), right=Term(text="b"), unit=unit, most=most)
        return (spot for spot in spots if any(self.are_near(spot, anchor, near) for anchor in anchors))


# ---- what a match carries


def test_a_match_carries_its_evidence() -> None:
    engine = compile_rules(rule_set("@acme NEAR/5 (Hund OR Katze) AND Strasse"))
    found = engine.match(article("Die Acmes mögen den Hund.\nStraße", title="Acme"))
    assert engine.version == found.version == "v1"
    (match,) = found.matches
    assert match.rule_id == "t/0"
    assert match.theme_id == "t"
    assert [(e.term, e.alias, e.field, e.start, e.end, e.surface, e.distances) for e in match.evidence] == [
        ("@acme", "Acme", "body", 4, 9, "Acmes", (2,)),
        ("Hund", None, "body", 20, 24, "Hund", (2,)),
        ("Strasse", None, "body", 26, 32, "Straße", ()),
    ]


def test_mentions_are_recorded_where_no_rule_matches() -> None:
    found = compile_rules(rule_set("Nirgends")).match(article("Acme und ACM, Acme Hund", title="Acme"))
    assert found.matches == ()
    (mention,) = found.mentions
    assert mention.entity_id == "acme"
    assert [(s.field, s.start, s.end, s.surface) for s in mention.spans] == [
        ("title", 0, 4, "Acme"),
        ("body", 0, 4, "Acme"),
        ("body", 9, 12, "ACM"),
    ]


def test_matches_below_the_theme_s_relevance_are_kept_apart() -> None:
    found = compile_rules(rule_set("Katze", min_relevance=50)).match(article("Wort " * 500 + "\nKatze"))
    assert found.matches == ()
    assert [match.rule_id for match in found.below] == ["t/0"]


def test_a_theme_covers_its_languages_and_the_unknown_one() -> None:
    engine = compile_rules(rule_set("Katze", languages=("de", "FR-ca")))
    assert [bool(engine.match(article("Katze", language=tag)).matches) for tag in ("de-AT", "fr", "en", "und", "")] == [
        True,
        True,
        False,
        True,
        True,
    ]


def test_every_rule_of_every_theme_is_answered_in_order() -> None:
    engine = compile_rules(rule_set("Katze", "Hund", "Katze OR Hund", "title:Katze"))
    assert matched(engine.match(article("Hund und Katze"))) == ["t/0", "t/1", "t/2"]


def test_metadata_are_asked_of_the_article() -> None:
    one = article("Katze", canonical_url="https://zürich.example/x", section="Inland & Ausland", authors=("Eva Gruber",))
    asked = {
        "site:example.org": True,
        "site:xn--zrich-kva.example": True,
        "site:zürich.example": True,
        "site:other.example": False,
        "section:ausland": True,
        "section:inlan": False,
        'author:"eva gruber"': True,
        "author:Grube": False,
        "lang:de": True,
        "lang:fr": False,
    }
    for meta, holds in asked.items():
        assert (compile_query(f"{meta} AND Katze").match(one) is not None) is holds, meta


def test_an_article_with_an_odd_url_has_no_site() -> None:
    for url in ("https://[::1", "", "https://xn--" + "a" * 80 + "/"):
        assert compile_query("site:example.org AND Katze").match(article("Katze", url=url)) is None


@pytest.mark.parametrize(
    ("query", "starts"),
    [
        ("lead:(body:Katze)", [0]),
        ("title:(body:Katze)", None),
        ("body:(lead:(Katze OR Hund))", [0]),
        ('Hund NEAR/0 ("Katze Hund" OR "Katze Hund Maus")', None),
        ('"Katze Hund" NEAR/0 (Katze OR Hund)', None),
    ],
)
def test_scopes_inside_each_other_and_groups_that_overlap(query: str, starts: list[int] | None) -> None:
    found = compile_query(query).match(article("Katze im Haus\nKatze, Hund"))
    assert (None if found is None else [e.start for e in found.evidence]) == starts


def test_overlapping_passages_are_near_each_other() -> None:
    for query in (
        'Hund NEAR/0 ("Katze Hund" OR "Katze Hund Maus")',
        'Katze NEAR/0 "Katze Hund"',
        '("Katze Hund" OR "Hund Maus") NEAR/0 Hund',
    ):
        found = compile_query(query).match(article("Eine Katze Hund Maus"))
        assert found is not None, query


def test_regular_expressions_in_traditional_characters_are_found_as_written() -> None:
    engine = compile_rules(rule_set("/國會大廈/", "/(?i)acme[國国]會大/"))
    for language in ("zh", "ja"):
        assert matched(engine.match(article("新國會大廈 ACME國會大", language=language))) == ["t/0", "t/1"]
        assert matched(engine.match(article("新国会大厦", language=language))) == []


def test_wildcards_before_the_rest_of_a_phrase() -> None:
    found = compile_query('"Handel* mit China"').match(article("Handels mit Peking, Handelsbeziehungen mit China"))
    assert found is not None
    assert [e.surface for e in found.evidence] == ["Handelsbeziehungen mit China"]


def test_the_garbage_collector_is_left_as_it_was() -> None:
    gc.disable()
    try:
        compile_rules(rule_set("Katze"))
        assert not gc.isenabled()
    finally:
        gc.enable()
    compile_rules(rule_set("Katze"))
    assert gc.isenabled()


def test_what_has_no_place_in_the_text_has_no_occurrences() -> None:
    evaluation = Evaluation(Reading(article("Katze")), Vocabulary())
    with pytest.raises(TypeError, match="lang:de has no place in the text"):
        evaluation.occurrences(Meta(field=MetaField.LANG, value="de"))


spots = st.tuples(st.integers(2, 30), st.integers(1, 12)).map(  # all in the body: no hit spans headline and text
    lambda s: (s[0], s[0] + s[1])
)


@settings(max_examples=300)
@given(spot=spots, others=st.sets(spots, max_size=8), most=st.sampled_from([0, 1, 3]), ordered=st.booleans(), left=st.booleans())
def test_the_nearest_on_each_hand_decide_for_all(spot: Spot, others: set[Spot], most: int, *, ordered: bool, left: bool) -> None:
    reading = Reading(article(" ".join("abcdefghijklmnopqrstuvw"), title="x"))

    def is_near(other: Spot) -> bool:
        in_order = not ordered or (spot[0] < other[0] if left else other[0] < spot[0])
        return other != spot and in_order and reading.halves_between(min(spot, other), max(spot, other), Unit.WORDS, most) is not None

    group = Group([(Hit(*other, "t"),) for other in others])
    found = [other for other, _ in partners(reading, spot, group, Nearness(Unit.WORDS, most, ordered), is_left=left)]
    assert bool(found) == any(map(is_near, others))
    assert all(map(is_near, found))


def test_an_empty_rule_set_finds_nothing() -> None:
    engine = compile_rules(RuleSet(entities=(), themes=(), version="0"))
    assert engine.match(article("Katze")) == Findings(mentions=(), matches=(), version="0")


def test_half_characters_in_an_article_do_no_harm() -> None:
    found = compile_rules(rule_set("Katze")).match(article("\ud83dKatze\ude00"))
    assert [e.start for match in found.matches for e in match.evidence] == [1]


@pytest.mark.parametrize("count", [10, 5_000])
def test_few_and_many_anchors_are_found_alike(count: int) -> None:
    engine = compile_rules(rule_set(*(f"Wort{i} OR 词{i}" for i in range(count))))
    assert matched(engine.match(article("ein Wort7, kein Wort77x, 有词3", language="zh"))) == ["t/3", "t/7"]


def test_rules_with_long_chains_of_anchors_are_found_by_the_rarest() -> None:
    frequencies = {"katze": 900, "hund": 5, "海国": 1}
    engine = compile_rules(
        rule_set("Katze AND Hund", "Katze AND Hun*", "(Katze OR Hund) AND @acme", "Katze AND /Hund+/", "Hund NOT NEAR/2 Katze"),
        frequencies=frequencies,
    )
    assert matched(engine.match(article("Katze, Hund, Acme und noch viel mehr"))) == ["t/0", "t/1", "t/2", "t/3"]


# ---- what is wrong with a rule set


def test_all_that_is_wrong_with_a_rule_set_is_told_at_once() -> None:
    place = Place(file="entities.yaml", line=3, column=9)
    entities = (
        Entity(
            entity_id="a1", label="A", aliases={"*": (Alias(term="x", place=place), Alias(term="in*"), Alias(term="=X"))}, excluded=("…",)
        ),
        Entity(
            entity_id="b1", label="B", aliases={"*": (Alias(term="Beta", near="@a2", within="s"), Alias(term="Gamma", near="A1 AND B2"))}
        ),
        Entity(
            entity_id="c1",
            label="C",
            aliases={"*": (Alias(term="Delta", near="Katze", within=101), Alias(term="Eta", near="Katze", within="x"))},
        ),
        Entity(entity_id="d1", label="D", aliases={"*": (Alias(term="Theta", near="(@e1 OR Katze) NEAR/2 Hund", within="7"),)}),
        Entity(entity_id="e1", label="E", aliases={"*": (Alias(term="Iota", near="title:@d1", within="p"),)}, place=place),
    )
    with pytest.raises(ConfigError) as raised:
        compile_rules(rule_set("@a1 AND", "Katze Hund", entities=entities))
    assert [problem.code for problem in raised.value.problems] == [
        "E-short", "E-wild", "E-term", "E-entity", "E-nearop", "E-near", "E-near", "E-entity", "E-entity", "E-end", "E-juxt",
    ]  # fmt: skip
    assert str(raised.value.problems[0].place) == "entities.yaml"
    assert (raised.value.problems[0].line, raised.value.problems[0].column) == (3, 9)


def test_a_query_by_itself_says_what_is_wrong() -> None:
    with pytest.raises(QueryError):
        compile_query("Katze Hund")
    with pytest.raises(ConfigError):
        compile_query("Katze", [Entity(entity_id="a1", label="A", aliases={"*": (Alias(term="…"),)})])


def test_aliases_may_stand_in_quotation_marks() -> None:
    entity = Entity(entity_id="a1", label="A", aliases={"*": (Alias(term='"Blaue  Katze"'), Alias(term="=„Die Zeit“"))})
    found = compile_query("@a1", [entity]).match(article("Blaue-Katze, die Zeit, Die Zeit"))
    assert found is not None
    assert [e.surface for e in found.evidence] == ["Blaue-Katze", "Die Zeit"]


# ---- bounds


class Counted:
    """Counts how often the distance between two spots is measured."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        measure = Reading.halves_between

        def counted(reading: Reading, first: Spot, second: Spot, unit: Unit, most: int) -> int | None:
            self.calls += 1
            return measure(reading, first, second, unit, most)

        monkeypatch.setattr(Reading, "halves_between", counted)


@pytest.mark.parametrize(
    "query",
    [
        "Katze",
        "Katze NEAR/100 Hund",
        "Katze NEAR/s Hund",
        "(Katze NEAR/p Hund) NEAR/p Maus",
        "Katze NOT NEAR/p Hund",
        "ATLEAST/1000(Katze)",
        "@acme",
    ],
)
def test_ten_thousand_hits_in_a_megabyte_take_bounded_work_and_memory(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hits = 10_000
    text = "Katze " * hits + "x " * 400_000 + "Hund " * hits + "Maus Acme " * hits
    assert len(text) > 1_000_000
    engine, counted = compile_rules(rule_set(query)), Counted(monkeypatch)
    tracemalloc.start()
    found = engine.match(article(text))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counted.calls <= 12 * hits
    assert peak < 200_000_000
    assert found.mentions


def test_of_more_than_ten_thousand_passages_the_first_are_kept() -> None:
    found = compile_rules(rule_set("Katze", entities=_ENTITIES)).match(article("Katze Acme " * 30_000))
    assert [len(match.evidence) for match in found.matches] == [10_000]
    assert [len(mention.spans) for mention in found.mentions] == [10_000]


@pytest.mark.parametrize("at", [0, 65_530, 65_536, 65_540, 131_071, 200_000])
def test_a_long_article_is_searched_to_its_end(at: int) -> None:
    text = "x" * at + " Katzenkönigreich " + "x" * (200_001 - at)
    engine = compile_rules(rule_set("Katzenkönigreich", "Katzenkönigin", *(f"Katzenkönig{i}" for i in range(9))))
    assert matched(engine.match(article(text))) == ["t/0"]


def test_terms_that_begin_alike_are_told_apart() -> None:
    names = [
        f'"Universität {name}"'
        for name in ("Bern", "Basel", "Genf", "Lausanne", "Zürich", "Luzern", "Freiburg", "Neuenburg", "Chur", "Wil")
    ]
    for count in (3, 10):
        engine = compile_rules(rule_set(*names[:count]))
        assert matched(engine.match(article("Die Universität Basel und die Universität Genfs"))) == ["t/1"]


def test_a_regular_expression_on_a_run_without_end_takes_bounded_work() -> None:
    assert compile_query("/aaaa/ NEAR/3 Katze").match(article("a" * 200_000)) is None
    assert compile_query("/aaaa/ NEAR/3 Katze").match(article("a" * 100_000 + " Katze … " + "a" * 20_000)) is not None


def test_a_run_of_letters_without_end_takes_bounded_work() -> None:
    text = "a" * 200_000 + " " + "ab" * 100_000 + "c"
    found = compile_query("*ab*ba*bc OR aaaa*b OR *aaa? OR =aaa*").match(article(text))
    assert found is not None
    assert [e.end - e.start for e in found.evidence] == [200_000, 200_001]


def test_many_rules_on_one_term_are_compiled_in_bounded_work() -> None:
    engine: Engine = compile_rules(rule_set(*["Katze"] * 20_000))
    assert len(engine.match(article("Katze")).matches) == 20_000

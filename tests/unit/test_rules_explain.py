from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.model import Article
from monitor.model import Alias, Entity, Rule, RuleSet, Theme
from monitor.rules.engine import Engine, compile_rules
from monitor.rules.explain import Branch, Explanation, explain, lines

_ENTITIES = (
    Entity(
        entity_id="acme",
        label="Acme",
        aliases={"*": (Alias(term="Acme"), Alias(term="=ACM")), "zh": (Alias(term="海国"), Alias(term="Haiguo"))},
        excluded=("Acme Hund",),
    ),
    Entity(
        entity_id="rocket",
        label="R",
        aliases={"*": (Alias(term="=X1", near="@acme", within="s"), Alias(term="Komet", near="@acme", within=2))},
    ),
)


def engine(*queries: str, min_relevance: int = 0, languages: tuple[str, ...] = ()) -> Engine:
    rules = tuple(Rule(rule_id=f"t/{i}", theme_id="t", name=str(i), query=query) for i, query in enumerate(queries))
    theme = Theme(theme_id="t", label="T", need="n", rules=rules, min_relevance=min_relevance, languages=languages)
    return compile_rules(RuleSet(entities=_ENTITIES, themes=(theme,), version="1"))


def article(text: str, *, title: str = "", language: str = "de") -> Article:
    return Article(
        key="k", url="https://www.example.org/a", outlet_id="o", source_id="s", headline=title, text=text, language=language, seen_at=datetime(2026, 11, 24, tzinfo=UTC),
        authors=("Eva Gruber",),
    )  # fmt: skip


def branch(query: str, text: str, *, title: str = "", language: str = "de") -> Branch:
    return explain(engine(query), "t", article(text, title=title, language=language)).answers[0].branch


@pytest.mark.parametrize(
    ("query", "text", "note", "hint"),
    [
        ("Katze", "Die Katzenklappe", "it stands only inside «Katzenklappe»", "write Katze* to find it there"),
        ("Klappe", "Die Katzenklappe", "it stands only inside «Katzenklappe»", "write *Klappe to find it there"),
        ("Katze", "Der Katzen", "«Katzen» is an inflected form", "write Katze~ for the endings of the language"),
        ("=WHO", "wer ist who?", "«who» stands in other letters", "write WHO for any case"),
        ('="Die Zeit"', "die Zeit", "«die Zeit» stands in other letters", 'write "Die Zeit" for any case'),
        ("Zürich", "In Zurich", "«Zurich» differs in accents", "list both spellings with OR, or as aliases"),
        ('"Deep Seek"', "Von DeepSeek", "«DeepSeek» differs in spaces or hyphens", "list both spellings with OR, or as aliases"),
        ("Deepseek", "Von Deep-Seek", "«Deep-Seek» differs in spaces or hyphens", "list both spellings with OR, or as aliases"),
        ("Katze", "Nichts davon, nur Hunde", "", ""),
        ("Ka*ze", "Nichts davon", "", ""),
        ("/Kat+ze/", "Nichts davon", "", ""),
        ("title:Katze", "Die Katze", "«Katze» stands outside of the field asked for", ""),
        ("body:(Katze OR Hund)", "Ein Vogel", "", ""),
        ("Katze NEAR/1 Hund", "Katze und der rote Hund", "3 words between «Katze» and «Hund», NEAR/1 asked for", ""),
        ("Katze NEAR/0 Hund", "Katze rot Hund", "1 word between «Katze» and «Hund», NEAR/0 asked for", ""),
        ("Hund ONEAR/9 Katze", "Katze rot Hund", "1 word between «Katze» and «Hund», ONEAR/9 asked for in this order", ""),
        ("Katze NEAR/s Hund", "Katze. Der Hund", "1 word between «Katze» and «Hund», not in one sentence", "NEAR/p asks for less"),
        ("Katze NEAR/p Hund", "Katze.\nDer Hund", "1 word between «Katze» and «Hund», not in one paragraph", "AND asks for less"),
        ("Katze NOT NEAR/1 Hund", "Katze Hund", "every Katze has Hund near it", ""),
        ("Katze NEAR/1 Hund", "Katze", "", ""),
        ("ATLEAST/3(Katze)", "Katze Katze", "2 found, 3 asked for", ""),
        ("ATLEAST/3(Katze)", "Hund", "", ""),
        ("@acme", "Acme Hund", "«Acme» stands inside a phrase that 'not:' excludes", ""),
        ("@acme", "Haiguo", "«Haiguo» counts only in articles in zh; this one is in de", "move the alias to '*' if it is the same everywhere"),
        ("@acme", "Acmesoft", "it stands only inside «Acmesoft»", "write Acme* to find it there"),
        ("@acme", "Nichts", "", ""),
        ("Sanktionen", "Die Sanktion gilt", "«Sanktion» begins alike", "sanktion* finds every word that does"),
        ("kauft", "Gekauft, dann kaufte er", "it stands only inside «Gekauft»", "write *kauft to find it there"),
        ("verkauft", "Weiterverkaufen, der Verkauf", "«Verkauf» begins alike", "verkauf* finds every word that does"),
        ("@rocket", "Der X1", "«X1» stands there, but @acme nowhere", ""),
        ("@rocket", "Acme. Der X1", "«X1» is not within one sentence of @acme: 1 word between «Acme» and «X1»", ""),
        ("@rocket", "Acme und noch ein Komet", "«Komet» is not within 2 words of @acme: 3 words between «Acme» and «Komet»", ""),
    ],
)  # fmt: skip
def test_the_nearest_miss_is_told(query: str, text: str, note: str, hint: str) -> None:
    found = branch(query, text)
    assert not found.is_true
    assert (found.note, found.hint) == (note, hint)


def test_sides_in_title_and_body_are_told() -> None:
    assert (
        branch("Katze NEAR/9 Hund", "Hund", title="Katze").note == "one side stands in the title, the other in the body, NEAR/9 asked for"
    )


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("lang:fr", "the article has lang 'de'"),
        ("site:nzz.ch", "the article has site 'https://www.example.org/a'"),
        ("section:Sport", "the article has no section"),
        ("author:Weber", "the article has author 'Eva Gruber'"),
    ],
)
def test_metadata_are_told(query: str, note: str) -> None:
    found = branch(f"{query} AND Katze", "Katze")
    assert found.children[0].note == note


def test_every_branch_has_its_answer_and_passages() -> None:
    found = branch(
        "(Katze NEAR/1 Hund) OR (Vogel AND title:(Maus OR Katze)) OR ATLEAST/2(Hund)", "Katze, Hund und Vogel", title="Eine Katze"
    )
    assert found.is_true
    assert found.passages == ()
    near, both, count = found.children
    assert [span.surface for span in near.passages] == ["Katze", "Hund"]
    assert [child.query for child in near.children] == ["Katze", "Hund"]
    assert both.is_true
    vogel, scoped = both.children
    assert [(span.field, span.start, span.end) for span in vogel.passages] == [("body", 16, 21)]
    assert [span.field for span in scoped.passages] == ["title"]
    assert [(child.query, child.is_true) for child in scoped.children[0].children] == [("Maus", False), ("Katze", True)]
    assert not count.is_true
    assert count.children[0].is_true


def test_what_must_not_be_there_is_shown() -> None:
    found = branch("Katze NOT Hund", "Katze und Hund")
    _, negated = found.children
    assert not negated.is_true
    assert negated.note == "what must not be there is there"
    assert [span.surface for span in negated.children[0].passages] == ["Hund"]


def test_a_rule_and_a_theme_can_be_explained() -> None:
    two = engine("Katze", "Hund")
    one = article("Der Hund")
    assert [answer.rule_id for answer in explain(two, "t", one).answers] == ["t/0", "t/1"]
    only = explain(two, "t/1", one)
    assert [answer.rule_id for answer in only.answers] == ["t/1"]
    assert only.is_match
    match = only.answers[0].match
    assert match is not None
    assert match == two.match(one).matches[0]
    with pytest.raises(LookupError, match="there is no theme or rule 'x'"):
        explain(two, "x", one)


def test_what_stands_in_the_way_beside_the_query_is_told() -> None:
    low = explain(engine("Katze", min_relevance=90), "t", article("Katze"))
    assert not low.is_match
    assert low.answers[0].obstacle == "relevance is 43, the theme asks for 90"
    foreign = explain(engine("Katze", languages=("fr", "en")), "t", article("Katze"))
    assert not foreign.is_match
    assert foreign.answers[0].obstacle == "the article is in de, the theme asks for en, fr"


def text_of(explanation: Explanation) -> str:
    return "\n".join(lines(explanation))


def test_an_explanation_reads_as_a_tree() -> None:
    shown = text_of(explain(engine("Katze NEAR/1 (Hund OR Vogel) AND Maus", min_relevance=99), "t", article("Katze und ein Hund, Mäuse")))
    assert shown.split("\n") == [
        "t/0: NO MATCH in de",
        "  no  (Katze NEAR/1 (Hund OR Vogel)) AND Maus",
        "    no  Katze NEAR/1 (Hund OR Vogel)",
        "        nearest: 2 words between «Katze» and «Hund», NEAR/1 asked for",
        "      yes Katze: body 0-5 «Katze»",
        "      yes Hund OR Vogel",
        "        yes Hund: body 14-18 «Hund»",
        "        no  Vogel",
        "    no  Maus",
    ]


def test_a_match_reads_with_its_relevance_and_what_stands_in_the_way() -> None:
    shown = text_of(explain(engine("Katze OR Kater", min_relevance=99), "t", article("Katze " * 9)))
    assert shown.startswith(
        "t/0: NO MATCH (relevance 86) in de\n  relevance is 86, the theme asks for 99\n  yes Katze OR Kater\n    yes Katze: body 0-5 «Katze»"
    )
    assert "…" in shown


def test_of_a_long_list_only_what_holds_or_nearly_does_is_shown() -> None:
    words = [f"Wort{i}" for i in range(20)]
    shown = text_of(explain(engine(" OR ".join(words)), "t", article("Wort3 und Wort77x")))
    assert "yes Wort3" in shown
    assert "no  Wort7\n" in shown
    assert "Wort9\n" not in shown
    shown = text_of(explain(engine(" OR ".join(words)), "t", article("nichts")))
    assert shown.count("no  Wort") == 7

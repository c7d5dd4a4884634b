from __future__ import annotations

from crawler.model import Place
from monitor.model import Alias, Entity, Example, Rule, RuleSet, Theme
from monitor.rules import lint

_PLACE = Place(file="themes.yaml", line=5, column=7)


def rule_set(query: str, *examples: Example, entities: tuple[Entity, ...] = (), min_relevance: int = 0) -> RuleSet:
    rule = Rule(rule_id="cats/r", theme_id="cats", name="r", query=query, place=_PLACE)
    theme = Theme(theme_id="cats", label="Cats", need="n", rules=(rule,), examples=examples, min_relevance=min_relevance, place=_PLACE)
    return RuleSet(entities=entities, themes=(theme,), version="1")


def example(text: str, *, should_match: bool, title: str = "", place: Place | None = None) -> Example:
    return Example(text=text, title=title, language="de", should_match=should_match, place=place)


def test_examples_that_hold_say_nothing() -> None:
    rules = rule_set(
        "Katze",
        example("Die Katze", should_match=True),
        example("", title="Katze", should_match=True),
        example("Ein Hund", should_match=False),
    )
    assert lint.check(rules) == []


def test_an_example_that_is_missed_is_an_error_at_its_place() -> None:
    place = Place(file="themes.yaml", line=9, column=20)
    (problem,) = lint.check(rule_set("Katze", example("Ein Hund\nbellt", should_match=True, place=place)))
    assert (problem.place, problem.line, problem.column) == ("themes.yaml", 9, 20)
    assert problem.message == "no rule of the theme matches this example"
    assert problem.source_line == " " * 19 + "Ein Hund"
    assert problem.hint is not None
    assert "presswatch rules explain cats --lang de" in problem.hint


def test_an_example_that_should_be_ignored_names_the_rule_and_the_terms() -> None:
    (problem,) = lint.check(rule_set("Katze OR Kater", example("Die Katze, der Kater, die Katze", should_match=False)))
    assert problem.message == "this example is to be ignored, but 'cats/r' matches by Katze (Katze), Kater (Kater)"
    assert (problem.place, problem.line) == ("themes.yaml", 5)


def test_an_example_below_the_theme_s_relevance_says_so() -> None:
    (problem,) = lint.check(rule_set("Katze", example("Katze", should_match=True), min_relevance=90))
    assert problem.message == "relevance is 43, the theme asks for 90"


def test_a_query_that_cannot_be_parsed_is_the_error() -> None:
    (problem,) = lint.check(rule_set("Katze AND", example("Hund", should_match=True)))
    assert (problem.code, problem.line, problem.column) == ("E-end", 5, 16)


def test_capitals_without_an_equals_sign_are_doubtful() -> None:
    entity = Entity(
        entity_id="ki",
        label="KI",
        aliases={"*": (Alias(term="IPO"), Alias(term="=KI"), Alias(term="ABCDE"), Alias(term="X1", near="Katze"))},
    )
    found = lint.warnings(rule_set("KI OR =WHO OR Nvidia OR ABCDE OR C++ OR title:USA", entities=(entity,)))
    assert [(p.code, p.line, p.column, p.message) for p in found] == [
        ("W-capitals", 1, 1, "'IPO' also finds 'ipo'"),
        ("W-capitals", 5, 7, "'KI' also finds 'ki'"),
        ("W-capitals", 5, 53, "'USA' also finds 'usa'"),
    ]
    assert found[1].hint == "write =KI for these capitals only"


def test_one_chinese_character_is_doubtful_as_an_alias() -> None:
    entity = Entity(
        entity_id="sea", label="S", aliases={"zh": (Alias(term="海", place=_PLACE), Alias(term="黄海"), Alias(term="湖", near="黄海"))}
    )
    (problem,) = lint.warnings(rule_set("@sea", entities=(entity,)))
    assert (problem.code, problem.line) == ("W-one-character", 5)


def test_far_is_hardly_near() -> None:
    found = lint.warnings(rule_set("Katze NEAR/31 Hund AND Katze NEAR/30 Maus AND Katze NEAR/p Hund"))
    assert [(p.code, p.column) for p in found] == [("W-far", 13)]


def test_an_alias_inside_another_entity_s_is_told_once_for_each_entity() -> None:
    inner = Entity(
        entity_id="acme",
        label="A",
        aliases={"*": (Alias(term="Acme"), Alias(term="Acme Labs")), "zh": (Alias(term="海国"),)},
        excluded=("Acme Wine",),
    )
    others = tuple(
        Entity(entity_id=f"o{i}", label="O", aliases={"*": (Alias(term=name),)})
        for i, name in enumerate(["Acme Bank", "Old Acme", "=Acme", "海国号", "Acmesoft", "Acme Wine"])
    )
    found = lint.warnings(rule_set("@acme", entities=(inner, *others)))
    assert [p.code for p in found] == ["W-inside", "W-inside"]
    assert found[0].message == "an alias of @acme stands inside 'Acme Bank' of @o0, 'Old Acme' of @o1, '=Acme' of @o2 and of 1 more"
    assert found[1].message.startswith("an alias of @o2 stands inside 'Acme' of @acme")


def test_terms_too_common_to_look_for_are_told_where_an_archive_counts() -> None:
    frequencies = {"katze": 900, "hund": 30, "the": 990}
    assert lint.warnings(rule_set("Katze AND Hund"), frequencies=frequencies, articles=1_000) == []
    assert (
        lint.warnings(
            rule_set("Katze AND @a1", entities=(Entity(entity_id="a1", label="A", aliases={"*": ()}),)),
            frequencies=frequencies,
            articles=1_000,
        )
        == []
    )
    assert lint.warnings(rule_set("Katze OR Hund")) == []
    (problem,) = lint.warnings(rule_set("Katze OR Hund"), frequencies=frequencies, articles=1_000)
    assert (problem.code, problem.message) == ("W-common", "Katze stands in 90% of the archive")


def test_rules_that_find_nothing_are_told_where_matches_are_counted() -> None:
    (problem,) = lint.warnings(rule_set("Katze"), matched={"cats/other": 3})
    assert (problem.code, problem.message) == ("W-idle", "no match in the last 10,000 articles")
    assert lint.warnings(rule_set("Katze"), matched={"cats/r": 1}) == []

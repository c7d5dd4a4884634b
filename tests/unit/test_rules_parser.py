from __future__ import annotations

import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.model import Place
from monitor.config.problems import render
from monitor.errors import Problem, QueryError
from monitor.rules import regexes
from monitor.rules.lexer import Lexer
from monitor.rules.mistakes import Code
from monitor.rules.nodes import And, AtLeast, EntityRef, Meta, Near, Node, Not, Or, Pattern, Scoped, Term, show
from monitor.rules.parser import parse

_ENTITIES = ("nvidia", "six-little-dragons")


def problems(query: str, place: Place | None = None) -> tuple[Problem, ...]:
    with pytest.raises(QueryError) as raised:
        parse(query, entities=_ENTITIES, place=place)
    return raised.value.problems


def shown(query: str) -> str:
    return show(parse(query, entities=_ENTITIES))


_ONE_OF_EACH: dict[Code, tuple[str, int, int]] = {
    Code.EMPTY: ("\n  ", 1, 1),
    Code.JUXT: ("制裁 AND\n 芯片 出口", 2, 5),
    Code.MIX: ("制裁 OR 芯片 AND 出口", 1, 10),
    Code.CASE: ("制裁 or 芯片", 1, 4),
    Code.FIELD: ("制裁 AND tittle:芯片", 1, 8),
    Code.ENTITY: ("制裁 AND @nvida", 1, 8),
    Code.NEAR: ("制裁 NEAR/999 芯片", 1, 4),
    Code.NEAR_OPERAND: ("制裁 NEAR/2 (芯片 AND 出口)", 1, 4),
    Code.CHAIN: ("制裁 NEAR/2 芯片 NEAR/2 出口", 1, 14),
    Code.NEGATIVE: ("  NOT 制裁", 1, 1),
    Code.PAREN: ("制裁 AND (芯片", 1, 8),
    Code.END: ("制裁 OR\n芯片 OR\n", 2, 6),
    Code.QUOTE: ("制裁 AND 「芯片」 AND „出口", 1, 17),
    Code.WILD: ("制裁 AND ab*", 1, 8),
    Code.WILD_CJK: ("Katze AND 制裁*", 1, 11),
    Code.AT_LEAST: ("制裁 AND ATLEAST/x(芯片)", 1, 8),
    Code.REGEX: ("制裁 AND /芯片(/", 1, 11),
    Code.META: ("制裁 AND lang:中文", 1, 8),
    Code.SHORT: ("制裁 AND x", 1, 8),
    Code.TERM: ("制裁 AND )", 1, 8),
    Code.CHAR: ("制裁 & 芯片", 1, 4),
}


def test_every_code_has_its_example() -> None:
    assert set(_ONE_OF_EACH) == set(Code)


@pytest.mark.parametrize("code", list(_ONE_OF_EACH))
def test_a_mistake_has_its_code_line_column_and_hint(code: Code) -> None:
    query, line, column = _ONE_OF_EACH[code]
    first = problems(query)[0]
    assert (first.code, first.line, first.column) == (code.value, line, column)
    assert first.hint
    assert first.source_line == query.split("\n")[line - 1]


@pytest.mark.parametrize("code", list(_ONE_OF_EACH))
def test_the_caret_stands_under_the_mistake_where_characters_are_wide(code: Code) -> None:
    query, line, column = _ONE_OF_EACH[code]
    lines = render(problems(query)[0]).split("\n")
    if len(lines) == 4:
        before = query.split("\n")[line - 1][: column - 1]
        width = sum(2 if character >= "\u2e80" else 1 for character in before)
        assert lines[2].index("^") - lines[2].index("|") == width + 2


@pytest.mark.parametrize(
    ("query", "code", "column"),
    [
        ("Nvidia near Chips", "E-case", 8),
        ("Nvidia near5 Chips", "E-case", 8),
        ("Nvidia NEAR5 Chips", "E-near", 8),
        ("Nvidia NEAR/-1 Chips", "E-near", 8),
        ("Nvidia NEAR/1.5 Chips", "E-near", 8),
        ("Nvidia NEAR/S Chips", "E-near", 8),
        ("Nvidia NEAR/² Chips", "E-near", 8),
        ("NEAR/3 Chips", "E-term", 1),
        ("ATLEAST/2 Nvidia", "E-atleast", 1),
        ("ATLEAST/99999(Nvidia)", "E-atleast", 1),
        ("ATLEAST/2(NOT Nvidia)", "E-atleast", 1),
        ("ATLEAST/2(Nvidia", "E-paren", 10),
        ("title:NOT Nvidia", "E-term", 7),
        ("title:", "E-end", 7),
        ("lang:", "E-meta", 1),
        ("lang:de", "E-meta", 1),
        ("Nvidia OR site:nzz.ch", "E-meta", 11),
        ("lang:(de OR fr) AND Nvidia", "E-meta", 1),
        ('section:"" AND Nvidia', "E-meta", 1),
        ('section:"… AND Nvidia', "E-quote", 9),
        ("author:… AND Nvidia", "E-meta", 1),
        ("site:@x AND Nvidia", "E-meta", 1),
        ("@ AND Nvidia", "E-entity", 1),
        ("@Nvidia", "E-entity", 1),
        ("= WHO", "E-char", 1),
        ("=(Nvidia)", "E-char", 1),
        ("=A", "E-short", 1),
        ("A~ OR Nvidia", "E-short", 1),
        ('"…" OR Nvidia', "E-term", 1),
        ('"" OR Nvidia', "E-term", 1),
        ("Gründ~er", "E-char", 6),
        ("~ OR Nvidia", "E-wild", 1),
        ("Gründ*~", "E-wild", 1),
        ("*~ OR Nvidia", "E-wild", 1),
        ('"US chip?s a*"', "E-wild", 1),
        ("삼성*", "E-wildcjk", 1),
        ("Nvidia芯片*", "E-wildcjk", 1),
        ("Nvidia（Chips）", "E-char", 7),
        ("Nvi\x00dia", "E-char", 4),
        ("Nvi\ud800dia", "E-char", 4),
        ("Nvidia | AMD", "E-char", 8),
        ("+Nvidia", "E-char", 1),
        ("!Nvidia", "E-char", 1),
        ("Nvidia ]", "E-char", 8),
        ("Nvidia und Chips", "E-juxt", 8),
        ("Nvidia @nvidia", "E-juxt", 8),
        ("/abc", "E-regex", 1),
        ("/ab/", "E-regex", 2),
        ("/(abc|de)/", "E-regex", 2),
        ("/abc?d?/", "E-regex", 2),
        ("/abc**/", "E-regex", 6),
        ("/[[:bogus:]]abc/", "E-regex", 3),
        ("/abc{1001}/", "E-regex", 5),
        ("/abc{99999999999}(/", "E-regex", 2),
        ("/" + "(" * 61 + "abc" + ")" * 61 + "/", "E-regex", 2),
        ("(" * 61 + "Nvidia" + ")" * 61, "E-paren", 61),
        ("NOT " * 70 + "Nvidia", "E-paren", 241),
    ],
)
def test_what_is_wrong_is_told_where_it_is(query: str, code: str, column: int) -> None:
    first = problems(query)[0]
    assert (first.code, first.line, first.column) == (code, 1, column)


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = problems("@nvida AND titel:in* OR\n lang:german x")
    assert [(p.code, p.line, p.column) for p in found] == [
        ("E-entity", 1, 1),
        ("E-field", 1, 12),
        ("E-wild", 1, 18),
        ("E-mix", 1, 22),
        ("E-meta", 2, 2),
        ("E-short", 2, 14),
    ]


def test_what_bad_tokens_look_like_is_not_told_too() -> None:
    assert [p.code for p in problems("and")] == ["E-case"]
    assert [p.code for p in problems('"Nvidia AND Chips')] == ["E-quote"]
    assert [p.code for p in problems("Nvidia, AMD OR Intel AND Arm")] == ["E-char"]


def test_problems_are_shifted_to_the_file() -> None:
    place = Place(file="themes.yaml", line=7, column=12)
    first, second = problems("@nvida AND\n  in*", place)
    assert (first.place, first.line, first.column) == ("themes.yaml", 7, 12)
    assert first.source_line == " " * 11 + "@nvida AND"
    assert (second.line, second.column) == (8, 3)
    assert second.source_line == "  in*"


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("@nvida", "did you mean @nvidia?"),
        ("@Six_Little_Dragons", "did you mean @six-little-dragons?"),
        ("@zzz", "entities are named in entities.yaml"),
        ("titel:Nvidia", "did you mean title:?"),
        ("source:nzz.ch AND Nvidia", "did you mean site:?"),
        ("zzzzz:Nvidia", "fields are title:, lead:, body:, lang:, site:, section:, author:"),
        ("Nvidia und Chips", "operators are English: write AND"),
        ("site:https://nzz.ch/a AND Nvidia", "write site:nzz.ch"),
        ("Nvidia NEAR5 Chips", "for instance NEAR/5"),
    ],
)
def test_hints_name_what_was_perhaps_meant(query: str, hint: str) -> None:
    assert problems(query)[0].hint == hint


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("Nvidia", "Nvidia"),
        ("„Deepseek R2“ OR «a b» OR ”c d” OR »e f«", '"Deepseek R2" OR "a b" OR "c d" OR "e f"'),
        ('=“Die Zeit”  AND "x\n  y"', '="Die Zeit" AND "x y"'),
        ("A1 NOT B2", "A1 AND (NOT B2)"),
        ("A1 NOT NEAR/3 B2", "A1 NOT NEAR/3 B2"),
        ("A1 NOT ONEAR/s B2", "A1 NOT ONEAR/s B2"),
        ("A1 NEAR/0 B2 AND C3 NEAR/p D4", "(A1 NEAR/0 B2) AND (C3 NEAR/p D4)"),
        ("(A1 NEAR/5 B2) ONEAR/100 (C3 OR D4)", "(A1 NEAR/5 B2) ONEAR/100 (C3 OR D4)"),
        ("lead:(A1 OR B2)", "lead:(A1 OR B2)"),
        ("title: A1 AND lang: de", "title:A1 AND lang:de"),
        ('ATLEAST/3(A1) AND section:"Inland und Ausland"', 'ATLEAST/3(A1) AND section:"Inland und Ausland"'),
        ("@nvidia AND site:nzz.ch", "@nvidia AND site:nzz.ch"),
        ("/GPT-?[45]/ OR body:/abc\\/d/", "/GPT-?[45]/ OR body:/abc\\/d/"),
        ("Sanktion* OR *industrie OR Wom?n OR Gründer~", "Sanktion* OR *industrie OR Wom?n OR Gründer~"),
        ("C++ OR AT&T OR U.S. OR 9/11 OR and/or OR NEARBY OR Noten", "C++ OR AT&T OR U.S. OR 9/11 OR and/or OR NEARBY OR Noten"),
        ('"and" OR "near/5"', '"and" OR "near/5"'),
        ("水 OR 물", "水 OR 물"),
        ("author:Weber AND Nvidia", "author:Weber AND Nvidia"),
    ],
)
def test_queries_are_read_as_meant(query: str, canonical: str) -> None:
    assert shown(query) == canonical
    assert shown(canonical) == canonical


def test_the_same_term_is_one_node_across_queries() -> None:
    writings: dict[str, object] = {}
    one = parse('"a b" AND Nvidia', entities=(), writings=writings)  # type: ignore[arg-type]  # any mapping serves
    other = parse('Nvidia OR "a b"', entities=(), writings=writings)  # type: ignore[arg-type]  # the same
    assert isinstance(one, And)
    assert isinstance(other, Or)
    assert one.children == other.children[::-1]


_WORDS = st.sampled_from(["Katze", "Hund*", '"a b"', "=WHO", "@nvidia", "水", "Gründer~", "/abc+/", "lang:de", "site:x.example"])


def _trees(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(children, children)
    return st.one_of(
        pairs.map(lambda p: f"({p[0]} AND {p[1]})"),
        pairs.map(lambda p: f"({p[0]} OR {p[1]})"),
        pairs.map(lambda p: f"({p[0]} NOT {p[1]})"),
        pairs.map(lambda p: f"({p[0]} NEAR/3 {p[1]})"),
        children.map(lambda c: f"title:({c})"),
        children.map(lambda c: f"ATLEAST/2({c})"),
    )


@given(st.recursive(_WORDS, _trees, max_leaves=8))
def test_what_is_shown_reads_back_as_the_same(query: str) -> None:
    try:
        node = parse(query, entities=_ENTITIES)
    except QueryError:
        return
    assert show(parse(show(node), entities=_ENTITIES)) == show(node)


_PIECES = st.sampled_from(
    [
        "(",
        ")",
        '"',
        "„",
        "“",
        "«",
        "/",
        "=",
        "@",
        "@nvidia",
        "AND",
        "OR",
        "NOT",
        "and",
        "NEAR/2",
        "NEAR",
        "ATLEAST/2(",
        "title:",
        "lang:",
        "lang:de",
        "x:",
        "*",
        "?",
        "~",
        " ",
        "\n",
        "ab",
        "Katze",
        "水",
        "…",
        "\x00",
        "\ud800",
        "　",
        "-",
        ",",
    ]
)


@given(st.lists(_PIECES, max_size=12).map("".join))
@example("=")
@example("/")
@example("lang:\n(")
def test_any_text_is_a_query_or_has_problems_inside_it(query: str) -> None:
    lines = query.split("\n")
    for problem in wrong_with(query):
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.code in {code.value for code in Code}
        assert problem.hint


def wrong_with(query: str) -> tuple[Problem, ...]:
    try:
        parse(query, entities=_ENTITIES)
    except QueryError as error:
        return error.problems
    return ()


# ---- regular expressions


def test_without_the_linear_engine_no_regular_expression_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    regexes.compiled.cache_clear()
    first = problems("/abcdef/")[0]
    assert (first.code, first.column) == ("E-regex", 2)
    assert "google-re2" in first.message


@pytest.mark.parametrize(
    "pattern", [r"(a+)+$", r"(a|aa)+", r"(x+x+)+y", r"(abc)\1+", r"abc(?=d)", r"(?<!a)bcd", r"(abc{9999})+", r"((abc){1000}){1000}"]
)
def test_a_catastrophic_regular_expression_cannot_be_loaded(pattern: str) -> None:
    assert problems(f"/{pattern}/")[0].code == "E-regex"


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("abc", ("abc",)),
        ("abc+d", ("abc",)),
        ("ab+cdef?g", ("cde",)),
        ("abc{2}", ("abc",)),
        ("xabc{0,2}", ("xab",)),
        ("(abc|defg)h", ("abc", "defg")),
        ("(?:abc|def)?ghij", ("ghij",)),
        ("(?i)abc", ("abc",)),
        ("(?i:abc)d", ("abc",)),
        ("(?P<x>abcd)", ("abcd",)),
        (r"[abc]+\d\p{Han}\x{41}xyz\b", ("xyz",)),
        (r"\Qa.b\Edef", ("def",)),
        (r"abc\Qa.b", ("abc",)),
        ("[]x]abc", ("abc",)),
        ("abc|def", ("abc", "def")),
        ("(abc)+", ("abc",)),
        ("制裁令", ("制裁令",)),
    ],
)
def test_the_literals_a_text_must_hold(pattern: str, literals: tuple[str, ...]) -> None:
    assert regexes.check(pattern) == literals


def test_a_lexer_gives_blanks_for_what_is_bad() -> None:
    lexer = Lexer("in* AND x", (), {})
    assert len(lexer.tokens()) == 4
    assert [mistake.code for mistake in lexer.mistakes] == [Code.WILD, Code.SHORT]


def test_nodes_tell_themselves_apart() -> None:
    nodes: list[Node] = [Term(text="a"), Pattern(text="a", literals=()), EntityRef(entity_id="a"), Not(child=Term(text="a"))]
    assert len({*nodes}) == 4
    assert isinstance(parse("A1 NEAR/2 B2", entities=()), Near)
    assert isinstance(parse("ATLEAST/2(A1)", entities=()), AtLeast)
    assert isinstance(parse("title:A1", entities=()), Scoped)
    both = parse("A1 AND lang:de", entities=())
    assert isinstance(both, And)
    assert isinstance(both.children[1], Meta)

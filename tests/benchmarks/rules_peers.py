"""Finds the terms of a rule set in articles with other libraries, each as its documentation shows it, beside our automaton.

Ours is asked which terms stand in the original text as words and phrases of our own boundaries; so the others' answers differ where they
know no boundaries in mixed scripts, no folding, or no overlapping terms. How many of our answers they share, and how many they add, stands
beside their times.
"""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crawler.model import Article
from monitor.model import RuleSet
from monitor.rules.lexer import Writings
from monitor.rules.nodes import Term
from monitor.rules.parser import parse
from monitor.rules.reading import Reading
from monitor.rules.scanner import Scanner
from tests.benchmarks.rules_corpus import rule_set

Finder = Callable[[str], set[str]]
MOST_TERMS_IN_ONE_REGEX: Final = 40_000
BUILD_MEMORY: Final = 1 << 31
_PATIENCE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Result:
    """One library on one set: seconds to build, seconds an article, terms found, of ours, beside ours."""

    name: str
    build_s: float
    article_s: float
    found: int
    shared: int


def told(articles: Sequence[Article], counts: Sequence[int]) -> list[str]:
    """Return a table: every library at every size, or why not."""
    asked = articles[: len(articles) // 2]
    rows: list[str] = []
    for count in counts:
        terms = _terms(rule_set(asked, count, is_dense=True))
        rows += ["", f"finding {len(terms):,} terms", "library                         us/article  / ours  build s  same answers  others"]
        ours, answers = _ours(terms, asked)
        rows.append(_row(ours, ours, len([term for found in answers for term in found])))
        rows += [_peer(name, make, terms, asked, answers, ours) for name, make in _PEERS.items()]
    return rows


def _terms(rules: RuleSet) -> dict[str, Term]:
    """Return the terms of a set, as written."""
    writings: Writings = {}
    for rule in rules.themes[0].rules:
        parse(rule.query, entities=(), writings=writings)
    return {term.text: term for term in writings.values() if isinstance(term, Term)}


def _ours(terms: dict[str, Term], asked: Sequence[Article]) -> tuple[Result, list[set[str]]]:
    started = time.process_time()
    anchors = list(terms.values())
    scanner = Scanner(anchors)
    build_s = time.process_time() - started
    started = time.process_time()
    seen = [scanner.seen(Reading(article)) for article in asked]
    article_s = (time.process_time() - started) / len(asked)
    answers = [{anchors[place].text for place in places} for places in seen]
    found = sum(map(len, answers))
    return Result("ours (fold and automaton)", build_s, article_s, found, found), answers


def _peer(
    name: str,
    make: Callable[[Sequence[str]], Finder],
    terms: dict[str, Term],
    asked: Sequence[Article],
    answers: list[set[str]],
    ours: Result,
) -> str:
    started = time.process_time()
    try:
        finder = make(list(terms))
    except ImportError as error:
        return f"{name:<31} skipped: {error}"
    except (ValueError, MemoryError, RuntimeError, OverflowError, re.error) as error:
        return f"{name:<31} does not build: {str(error)[:80]}"
    build_s = time.process_time() - started
    found = shared = seen = 0
    started = time.process_time()
    while seen < len(asked) and time.process_time() - started < _PATIENCE_S:
        article = asked[seen]
        answer = finder(f"{article.headline}\n{article.text}")
        found += len(answer)
        shared += len(answer & answers[seen])
        seen += 1
    result = Result(name, build_s, (time.process_time() - started) / seen, found, shared)
    return _row(result, ours, sum(len(answer) for answer in answers[:seen])) + (f"  ({seen} articles)" if seen < len(asked) else "")


def _row(result: Result, ours: Result, expected: int) -> str:
    share = f"{result.shared}/{expected}"
    return (
        f"{result.name:<31} {result.article_s * 1e6:>10,.0f} {result.article_s / ours.article_s:>7.1f} {result.build_s:>8.2f}"
        f" {share:>13} {result.found - result.shared:>7}"
    )


# ---- the others


def _loop(terms: Sequence[str]) -> Finder:
    folded = [(term, term.casefold()) for term in terms]

    def find(text: str) -> set[str]:
        lowered = text.casefold()
        return {term for term, form in folded if form in lowered}

    return find


def _one_regex(terms: Sequence[str]) -> Finder:
    if len(terms) > MOST_TERMS_IN_ONE_REGEX:
        raise OverflowError(f"more than {MOST_TERMS_IN_ONE_REGEX:,} alternatives were not tried")
    known = {term.casefold(): term for term in terms}
    pattern = re.compile("|".join(rf"\b{re.escape(form)}\b" for form in sorted(known, key=len, reverse=True)))
    return lambda text: {known[match[0]] for match in pattern.finditer(text.casefold())}


def _flashtext(terms: Sequence[str]) -> Finder:
    processor = importlib.import_module("flashtext").KeywordProcessor()
    for term in terms:
        processor.add_keyword(term, term)
    return lambda text: set(processor.extract_keywords(text))


def _spacy(terms: Sequence[str]) -> Finder:
    spacy, matching = importlib.import_module("spacy"), importlib.import_module("spacy.matcher")
    language = spacy.blank("xx")
    matcher = matching.PhraseMatcher(language.vocab, attr="LOWER")
    strings = language.vocab.strings
    for term in terms:
        matcher.add(term, [language.make_doc(term)])
    return lambda text: {strings[match[0]] for match in matcher(language.make_doc(text))}


def _re2_set(terms: Sequence[str]) -> Finder:
    if len(terms) > MOST_TERMS_IN_ONE_REGEX:
        raise OverflowError(f"more than {MOST_TERMS_IN_ONE_REGEX:,} do not compile in 2 GB")
    re2 = importlib.import_module("re2")
    options = re2.Options()
    options.case_sensitive, options.max_mem, options.log_errors = False, BUILD_MEMORY, False
    patterns = re2.Set.SearchSet(options)
    for term in terms:
        patterns.Add(rf"\b{re2.escape(term)}\b")
    patterns.Compile()
    return lambda text: {terms[index] for index in patterns.Match(text) or ()}


def _hyperscan(terms: Sequence[str]) -> Finder:
    hyperscan: Any = importlib.import_module("hyperscan")
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    forms = [term.casefold().encode() for term in terms]
    flags = [hyperscan.HS_FLAG_SINGLEMATCH] * len(forms)
    database.compile(expressions=forms, ids=list(range(len(forms))), elements=len(forms), flags=flags, literal=True)

    def find(text: str) -> set[str]:
        found: set[str] = set()
        database.scan(text.casefold().encode(), match_event_handler=lambda index, *_: found.add(terms[index]))
        return found

    return find


_PEERS: Final[dict[str, Callable[[Sequence[str]], Finder]]] = {
    "casefold, term in text": _loop,
    "re, one alternation with \\b": _one_regex,
    "flashtext": _flashtext,
    "spaCy PhraseMatcher (blank)": _spacy,
    "google-re2 Set with \\b": _re2_set,
    "hyperscan literals": _hyperscan,
}

"""What a word stands for in any language: a concept, a place, a country; else itself, cut to its stem, and how a name sounds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from babel import Locale

from monitor.stories.lexicon import CONCEPTS, DEMONYMS, HAPPENINGS, NUMBER_WORDS, PLACES, STOPWORDS
from monitor.stories.tokens import fold, stable_hash

STEM = 6
LONGEST_PHRASE = 4
_LOCALES = ("en", "de", "fr", "it", "es", "pl", "pt", "nl", "zh", "zh_Hant", "ja", "ko", "ru", "uk", "tr")
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_MIN_PREFIX = 3


@dataclass(frozen=True, slots=True)
class Meaning:
    """A feature's kind and value, and its stable hash."""

    kind: str
    value: str
    hash: int


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All tables, ready to be asked: words, prefixes, phrases by their first word, and one expression for scripts without spaces."""

    words: dict[str, Meaning]
    prefixes: dict[str, Meaning]
    phrases: dict[str, tuple[tuple[tuple[str, ...], Meaning], ...]]
    unspaced: dict[str, Meaning]
    unspaced_pattern: re.Pattern[str]
    longest_prefix: int


def meaning(kind: str, value: str) -> Meaning:
    """Give a kind and value their hash."""
    return Meaning(kind, value, stable_hash(f"{kind}:{value}"))


@cache
def lexicon() -> Lexicon:
    """Build the tables; once, at the first article."""
    words: dict[str, Meaning] = {}
    prefixes: dict[str, Meaning] = {}
    phrases: dict[str, list[tuple[tuple[str, ...], Meaning]]] = {}
    unspaced: dict[str, Meaning] = {}
    for written, means in _terms():
        term = fold(written)
        if _HAN.search(term):
            unspaced.setdefault(term, means)
        elif "_" in term:
            parts = tuple(term.split("_"))
            phrases.setdefault(parts[0], []).append((parts, means))
        elif term.endswith("*"):
            prefixes.setdefault(term[:-1], means)
        else:
            words.setdefault(term, means)
    ordered = sorted(unspaced, key=len, reverse=True)
    return Lexicon(
        words=words,
        prefixes=prefixes,
        phrases={first: tuple(sorted(them, key=lambda p: -len(p[0]))) for first, them in phrases.items()},
        unspaced=unspaced,
        unspaced_pattern=re.compile("|".join(map(re.escape, ordered))),
        longest_prefix=max(map(len, prefixes)),
    )


def _terms() -> Iterator[tuple[str, Meaning]]:
    for kind, table in (("g", DEMONYMS), ("s", PLACES), ("a", HAPPENINGS), ("s", CONCEPTS)):
        for line in table.strip().splitlines():
            name, _, terms = line.partition(":")
            means = meaning(kind, name)
            yield from ((term, means) for term in terms.split())
    for number, terms in NUMBER_WORDS.items():
        yield from ((term, meaning("n", str(number))) for term in terms.split())
    yield from _countries()


def _countries() -> Iterator[tuple[str, Meaning]]:
    """The names of the CLDR; phrases with underscores, as in the other tables. Single characters of Chinese are left to them."""
    for tag in _LOCALES:
        for code, name in Locale.parse(tag).territories.items():
            if len(code) == 2 and code.isalpha():  # numbers are continents
                means = meaning("g", code)
                yield from ((form, means) for form in _forms(name))


def _forms(name: str) -> Iterable[str]:
    """A country's name without its brackets, folded."""
    plain = fold(re.sub(r"\s*[(（].*", "", name)).strip()
    if _HAN.search(plain):
        return (plain,) if len(plain) > 1 else ()
    parts = re.findall(r"[^\W_]+", plain)
    return ("_".join(parts),) if parts and len(parts) <= LONGEST_PHRASE and (len(parts) > 1 or len(parts[0]) > _MIN_PREFIX) else ()


@cache
def stopwords() -> frozenset[str]:
    """Words that say nothing of an event, in any of the languages."""
    return frozenset(STOPWORDS.split())


@lru_cache(maxsize=100_000)
def of_word(word: str) -> Meaning | None:
    """What a folded word stands for; None where it says nothing."""
    known = lexicon()
    if word in known.words:
        return known.words[word]
    for length in range(min(len(word), known.longest_prefix), _MIN_PREFIX - 1, -1):
        means = known.prefixes.get(word[:length])
        if means is not None:
            return means
    return None


@lru_cache(maxsize=100_000)
def as_word(word: str) -> Meaning:
    """The folded word itself, cut to its stem."""
    return meaning("w", stem(word))


def stem(word: str) -> str:
    """The first letters, a plural or genitive s aside: crude, equal for all languages, and enough for names and nouns."""
    bare = word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word
    return bare[:STEM]


_SOUNDS = (
    ("tsch", "s"),
    ("dsch", "s"),
    ("tch", "s"),
    ("sch", "s"),
    ("sh", "s"),
    ("cz", "s"),
    ("sz", "s"),
    ("rz", "s"),
    ("zh", "s"),
    ("ch", "k"),
    ("kh", "k"),
    ("ph", "f"),
    ("ts", "s"),
    ("tz", "s"),
    ("ck", "k"),
    ("qu", "k"),
    ("ce", "s"),
    ("ci", "s"),
    ("x", "ks"),
    ("z", "s"),
    ("c", "k"),
    ("q", "k"),
    ("w", "v"),
)
_SILENT = re.compile("[aeiouyjh]+")
_DOUBLED = re.compile(r"(.)\1+")
MIN_SOUND = 4


@lru_cache(maxsize=100_000)
def of_sound(word: str) -> Meaning | None:
    """The consonants of a folded name as most alphabets agree on them: Selenskyj is Zelensky. None where too few are left."""
    if not (word.isascii() and word.isalpha()):
        return None
    sound = word
    for spelled, spoken in _SOUNDS:
        sound = sound.replace(spelled, spoken)
    sound = _DOUBLED.sub(r"\1", _SILENT.sub("", sound))
    return meaning("k", sound) if len(sound) >= MIN_SOUND else None

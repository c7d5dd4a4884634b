"""What is kept of an article to find its story again: shingles of the text, typed features of title and lead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from crawler.model import Article
from monitor.model import Feature, Features, Fingerprint, Mention
from monitor.stories.copies import shingles
from monitor.stories.meanings import Meaning, as_word, lexicon, meaning, of_sound, of_word, stopwords
from monitor.stories.numbers import numbers
from monitor.stories.tokens import count_words, fold, plain_letters, tokens

LEAD = 240
"""Characters of the text that say what it is about."""
MAX_TEXT = 20_000
"""Characters of a text that are shingled: beyond it nothing new is learnt and a page of a megabyte would cost seconds."""
MIN_BODY_WORDS = 20
MIN_WORD = 3
"""Letters; abbreviations in capitals may have one fewer."""

_HAN_RUN = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_WORD = re.compile(r"[^\W_]+")
_AGGREGATORS = ("google", "yahoo", "msn")
_INITIALS = re.compile(r"\b([A-Z])\.([A-Z])\.")
_SUFFIX = re.compile(r"\s+[-–—|]\s+(?P<name>[^-–—|]{2,40})$")


def fingerprint(article: Article, mentions: Sequence[Mention]) -> Fingerprint:
    """Keep what finds the story again: the text's shingles, and of title and lead each thing that is named, once.

    A mention of a tracked entity gives that entity and nothing else: its words are taken out before the rest is read.
    """
    title = bare_title(article.headline, outlet_id=article.outlet_id, site_name=article.site_name)
    cut = tokens(fold(article.text[:MAX_TEXT]))
    if count_words(cut) < MIN_BODY_WORDS:
        cut = tokens(fold(title)) + cut
    word_count = count_words(cut)
    return Fingerprint(shingles=shingles(cut, word_count), features=_features(article, title, mentions), word_count=word_count)


def bare_title(headline: str, *, outlet_id: str, site_name: str | None) -> str:
    """The headline without the name of the outlet that aggregators and some pages hang on it."""
    found = _SUFFIX.search(headline)
    if found is None or found.start() < 15:
        return headline
    name = fold(found["name"]).strip()
    is_outlet = name == fold(site_name or "").strip() or "".join(_WORD.findall(name)) == "".join(_WORD.findall(outlet_id))
    is_aggregated = any(a in outlet_id for a in _AGGREGATORS) and len(name.split()) <= 5
    return headline[: found.start()] if is_outlet or is_aggregated or "|" in found.group() else headline


def _features(article: Article, title: str, mentions: Sequence[Mention]) -> Features:
    """Title first, so that what stands in both counts as of the title."""
    language = article.language.split("-", 1)[0]
    found: dict[int, Feature] = {}
    for field, text in (("title", title), ("body", article.text[:LEAD])):
        in_title = field == "title"
        for mention in mentions:
            if any(s.field == field and s.start < len(text) for s in mention.spans):
                _add(found, meaning("e", mention.entity_id), in_title=in_title)
        for means, alias in _read(_without_mentions(text, field, mentions), language, in_title=in_title):
            _add(found, means, in_title=in_title, alias=alias)
    return Features(found.values())


def _add(found: dict[int, Feature], means: Meaning, *, in_title: bool, alias: str = "") -> None:
    if means.hash not in found:
        value = f"{means.value} {alias}" if alias else means.value
        found[means.hash] = Feature(kind=means.kind, value=value, in_title=in_title, hash=means.hash)


def _without_mentions(text: str, field: str, mentions: Sequence[Mention]) -> str:
    for mention in mentions:
        for span in mention.spans:
            if span.field == field and span.start < len(text):
                text = text[: span.start] + " " * (min(span.end, len(text)) - span.start) + text[span.end :]
    return text


def _read(text: str, language: str, *, in_title: bool) -> Iterator[tuple[Meaning, str]]:
    """Everything a text names: numbers, characters of scripts without spaces, then words; what was read is not read again.

    Beside a name stands its sound, with the stem it belongs to: two spellings of one name may meet there.
    """
    plain = _INITIALS.sub(r"\1\2", plain_letters(unicodedata.normalize("NFKC", text)))
    for start, end, value in list(numbers(plain, language)):
        yield meaning("n", value), ""
        plain = plain[:start] + " " * (end - start) + plain[end:]
    for run in _HAN_RUN.findall(plain):
        for means in _read_unspaced(run, in_title=in_title):
            yield means, ""
    yield from _read_words(_HAN_RUN.sub(" ", plain))


def _read_unspaced(run: str, *, in_title: bool) -> Iterator[Meaning]:
    """Concepts, places and countries anywhere in the run; of what is left of a title, pairs of characters."""
    known = lexicon()
    rest = known.unspaced_pattern.sub(" ", run)
    for term in known.unspaced_pattern.findall(run):
        yield known.unspaced[term]
    if in_title:
        for part in rest.split():
            for pair in (part[i : i + 2] for i in range(len(part) - 1)):
                yield meaning("z", pair)


def _read_words(text: str) -> Iterator[tuple[Meaning, str]]:
    """Phrases, else words one by one."""
    words = _WORD.findall(text)
    folded = [word.casefold() for word in words]
    at = 0
    while at < len(words):
        phrase = _phrase(folded, at)
        if phrase is not None:
            yield phrase[1], ""
            at += phrase[0]
            continue
        yield from _read_word(words[at], folded[at])
        at += 1


def _read_word(word: str, folded: str) -> Iterator[tuple[Meaning, str]]:
    """The word itself; beside it what it means in any language or, of a name nobody knows, how it sounds."""
    is_name = not word.islower()
    if len(folded) < MIN_WORD and not (len(folded) == MIN_WORD - 1 and word.isupper()):
        return
    if folded in stopwords() and not word.isupper():
        return
    means = of_word(folded)
    if means is not None and means.kind == "n":
        yield means, ""
        return
    itself = as_word(folded)
    yield itself, ""
    if means is None and is_name:
        means = of_sound(folded)
    if means is not None:
        yield means, itself.value


def _phrase(folded: Sequence[str], at: int) -> tuple[int, Meaning] | None:
    """The longest phrase that begins here, with how many words it has."""
    for parts, means in lexicon().phrases.get(folded[at], ()):
        if tuple(folded[at : at + len(parts)]) == parts:
            return len(parts), means
    return None

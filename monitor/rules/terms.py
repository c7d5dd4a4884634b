"""Finds one word or phrase in a folded text: plain, with wildcards inside words, with inflection endings, in exact case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from monitor.rules.mistakes import Code, Mistake
from monitor.rules.nodes import Term, show
from monitor.text.boundaries import KINDS, Kind, is_bounded
from monitor.text.fold import fold, is_simplified, without_invisible
from monitor.text.languages import ENDINGS

FEWEST_LETTERS: Final = 3
_WILD: Final = re.compile(r"[*?~]")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
PLAIN: Final = r"[^\W_]{2,}(?:[ -][^\W_]+)*"
_PLAIN: Final = re.compile(PLAIN)

Place = tuple[int, int]


# ---- judging


def is_plainly_good(text: str) -> bool:
    """Whether a term is nothing but words of two letters or more, as nearly all are: there is nothing to judge."""
    return _PLAIN.fullmatch(text) is not None


def is_wild(term: Term) -> bool:
    """Whether a term has wildcards or endings."""
    return _WILD.search(term.text) is not None


def term_mistake(text: str, at: int, *, is_phrase: bool) -> Mistake | None:
    """Return what is wrong with a term, None for a good one."""
    unseen = _CONTROL.search(text)
    if unseen:
        return Mistake(
            Code.CHAR, at + unseen.start(), "a control character, or half a character, stands in this term", "write the term anew"
        )
    if _WILD.search(text):
        return _wild_mistake(text, at)
    letters = [character for character in fold(text) if KINDS[character] is not Kind.OTHER]
    if not letters:
        if is_phrase:
            return Mistake(Code.TERM, at, "a phrase needs a letter or digit", 'for instance "Liang Wenfeng"')
        return Mistake(
            Code.CHAR, at, f"'{text}' is neither a term nor an operator", "operators are AND, OR, NOT; a term needs a letter or digit"
        )
    return _short_mistake(text, at)


def _short_mistake(text: str, at: int) -> Mistake | None:
    folded = fold(text.rstrip("~")).strip()
    if len(folded) == 1 and KINDS[folded] is Kind.WORD:
        return Mistake(Code.SHORT, at, f"'{text}' is one letter and would be found everywhere", "write at least two, or a phrase")
    return None


def _wild_mistake(text: str, at: int) -> Mistake | None:
    for word in _words(text):
        kinds = {KINDS[character] for piece in word.pieces for character in piece}
        if word.is_wild and kinds & {Kind.SPACELESS, Kind.HANGUL}:
            return Mistake(
                Code.WILD_CJK,
                at,
                "wildcards stand for letters within a word, and this script has no such words",
                "a term is found inside a run anyway",
            )
        if word.is_wild and sum(map(len, word.pieces)) < FEWEST_LETTERS:
            return Mistake(
                Code.WILD,
                at,
                f"a word with a wildcard needs at least {FEWEST_LETTERS} letters",
                "write more of the word, or list the words with OR",
            )
        if word.is_inflected and (word.is_wild or not word.pieces[0]):
            return Mistake(
                Code.WILD,
                at,
                "~ stands behind a whole word, without wildcards",
                "Gründer~ finds Gründers and Gründern; Gründer* also Gründerin",
            )
    if "~" in re.sub(r"~(?=$|[^\w~*?])", "", text):
        return Mistake(Code.CHAR, at + text.index("~"), "~ stands at the end of a word", "Gründer~")
    return _short_mistake(text, at)


# ---- cutting into words


@dataclass(slots=True)
class _Word:
    """A word of a term: literal ``pieces``, a wildcard (``*`` or ``?``) between each two; ``is_inflected`` with ``~`` behind it."""

    pieces: list[str] = field(default_factory=lambda: [""])
    wildcards: list[str] = field(default_factory=list)
    is_inflected: bool = False

    @property
    def is_wild(self) -> bool:
        return bool(self.wildcards)

    @property
    def is_plain(self) -> bool:
        return not self.wildcards and not self.is_inflected


def _words(text: str, *, chinese: bool = False) -> list[_Word]:
    """Cut a term into words and, as plain words of their own, what stands between them."""
    words = [_Word()]
    for piece in re.split(r"([*?~])", text.strip()):
        if piece == "~":
            words[-1].is_inflected = True
        elif piece in {"*", "?"}:
            words[-1].wildcards.append(piece)
            words[-1].pieces.append("")
        else:
            _spell(words, fold(piece, chinese=chinese))
    return words


def _spell(words: list[_Word], literal: str) -> None:
    for character in literal:
        is_letter = KINDS[character] is not Kind.OTHER
        last = words[-1]
        is_open = not last.is_plain or (last.pieces[0] and KINDS[last.pieces[0][-1]] is not Kind.OTHER)
        if (is_letter != bool(is_open) and (last.pieces != [""] or last.wildcards)) or last.is_inflected:
            words.append(_Word())
        words[-1].pieces[-1] += character


class Glob:
    """One word with wildcards or endings: fits whole runs of letters, in time linear in their length."""

    def __init__(self, word: _Word) -> None:
        self.head = word.pieces[0]
        self.needle = max(word.pieces, key=len)
        groups = [re.escape(word.pieces[0])]
        for wildcard, piece in zip(word.wildcards, word.pieces[1:], strict=True):
            if wildcard == "?":
                groups[-1] += "." + re.escape(piece)
            else:
                groups.append(re.escape(piece))
        self._first, self._rest, self._is_inflected = groups[0], groups[1:], word.is_inflected
        self._compiled: dict[str, re.Pattern[str]] = {}

    def fits(self, text: str, start: int, end: int, language: str) -> bool:
        """Whether the run ``text[start:end]`` is a form of this word."""
        pattern = self._compiled.get(language) or self._compile(language)
        return pattern.fullmatch(text, start, end) is not None

    def _compile(self, language: str) -> re.Pattern[str]:
        # Each inner piece is taken where it first stands and never reconsidered (atomic groups): for globs that loses nothing.
        inner = "".join(f"(?>.*?{piece})" for piece in self._rest[:-1])
        last = f".*{self._rest[-1]}" if self._rest else ""
        endings = f"(?:{'|'.join(ENDINGS.get(language, ()))})?" if self._is_inflected else ""
        pattern = self._compiled[language] = re.compile(self._first + inner + last + endings, re.DOTALL)
        return pattern


# ---- finding


class PlainSearch:
    """Finds a term without wildcards. ``anchor`` is the literal by which it is noticed; ``starts_so`` and ``ends_so`` say where that stands."""

    __slots__ = ("anchor",)
    starts_so = ends_so = True

    def __init__(self, needle: str) -> None:
        self.anchor = needle

    def find(self, text: str, _language: str, *, genitive: bool = False) -> list[Place]:
        """Return where it stands, left to right; with ``genitive`` also with a bare ``s`` behind it."""
        places: list[Place] = []
        needle, length = self.anchor, len(self.anchor)
        at = text.find(needle)
        while at >= 0:
            end = at + length
            if is_bounded(text, at, end):
                places.append((at, end))
                at = text.find(needle, end)
                continue
            if genitive and text.startswith("s", end) and KINDS[needle[-1]] is Kind.WORD and is_bounded(text, at, end + 1):
                places.append((at, end + 1))
            at = text.find(needle, at + 1)
        return places


class WildSearch:
    """Finds a term with wildcards or endings in at least one of its words."""

    ends_so = False

    def __init__(self, words: Sequence[_Word]) -> None:
        self._segments: list[str | Glob] = []
        for word in words:
            if not word.is_plain:
                self._segments.append(Glob(word))
            elif self._segments and isinstance(self._segments[-1], str):
                self._segments[-1] += word.pieces[0]
            else:
                self._segments.append(word.pieces[0])
        first, second = (*self._segments, "")[:2]
        self._starts_wild = isinstance(first, Glob) and not first.head
        if isinstance(first, Glob):
            self._needle = first.head or first.needle
        else:
            self._needle = first + (second.head if isinstance(second, Glob) else second)
        needles = [segment.needle if isinstance(segment, Glob) else segment for segment in self._segments]
        self.anchor = max((self._needle, *needles), key=len)
        self.starts_so = not self._starts_wild and self.anchor == self._needle

    def find(self, text: str, language: str, *, genitive: bool = False) -> list[Place]:  # noqa: ARG002 - as PlainSearch; no form with wildcards has a genitive
        """Return where it stands, left to right, whole words."""
        places: list[Place] = []
        at = text.find(self._needle)
        while at >= 0:
            start = run_start(text, at) if self._starts_wild else at
            end = self._fit(text, start, language)
            if end is not None and is_bounded(text, start, end):
                places.append((start, end))
            at = text.find(self._needle, end if end is not None and end > at else (run_end(text, at) if self._starts_wild else at + 1))
        return places

    def _fit(self, text: str, start: int, language: str) -> int | None:
        """Return where the term ends that starts at ``start``, None where it does not."""
        at = start
        for segment in self._segments:
            if isinstance(segment, str):
                if not text.startswith(segment, at):
                    return None
                at += len(segment)
            else:
                if at and KINDS[text[at - 1]] is Kind.WORD:
                    return None
                end = run_end(text, at)
                if not segment.fits(text, at, end, language):
                    return None
                at = end
        return at


def run_start(text: str, at: int) -> int:
    """Return where the run of letters starts in which ``at`` stands."""
    while at and KINDS[text[at - 1]] is Kind.WORD:
        at -= 1
    return at


def run_end(text: str, at: int) -> int:
    """Return where the run of letters ends in which ``at`` stands."""
    while at < len(text) and KINDS[text[at]] is Kind.WORD:
        at += 1
    return at


class TermSearch:
    """A term ready to be found, in articles in Chinese and in others."""

    def __init__(self, term: Term) -> None:
        self.term = term
        self.shown = show(term)
        self.plain = _search(term.text, chinese=False)
        self.chinese = self.plain if is_simplified(term.text) else _search(term.text, chinese=True)

    @property
    def is_plain(self) -> bool:
        """Whether it has neither wildcards nor endings."""
        return isinstance(self.plain, PlainSearch)

    @property
    def takes_genitive(self) -> bool:
        """Whether, as a name, it may have a genitive: without wildcards, endings or exact case."""
        return self.is_plain and not self.term.is_exact

    def is_same_case(self, surface: str, language: str) -> bool:
        """Whether an original passage is written as an exact term wants it."""
        seen = without_invisible(surface)
        return seen == self._writing if self.is_plain else self._exact_pattern(language).fullmatch(seen) is not None

    @cached_property
    def _writing(self) -> str:
        return without_invisible(self.term.text)

    def _exact_pattern(self, language: str) -> re.Pattern[str]:
        endings = f"(?:{'|'.join(ENDINGS.get(language, ()))})?"
        marks = {"*": ".*", "?": ".", "~": endings}
        return re.compile("".join(marks.get(piece) or re.escape(piece) for piece in re.split(r"([*?~])", self._writing)), re.DOTALL)


def _search(text: str, *, chinese: bool) -> PlainSearch | WildSearch:
    if _WILD.search(text):
        return WildSearch(_words(text, chinese=chinese))
    return PlainSearch(fold(text, chinese=chinese).strip())

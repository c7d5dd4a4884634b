"""Folds text so that spellings of one thing compare equal, and leads folded positions back to the original.

The fold works on whole strings, because Python's own string methods are many times faster than any loop over characters; the way back is
worked out only for the paragraphs somebody asks about. Three laws make that possible: a line break stays one line break, so paragraphs
fold alone; folding a folded text changes nothing; inside a paragraph the fold goes cluster by cluster (a character with its marks).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from monitor.text.hans import TO_SIMPLIFIED

_INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U000e0001\U000e0020-\U000e007f\U000e0100-\U000e01ef"
)
_APOSTROPHES: Final = "`\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u055a\u2018\u2019\u201b\u2032\u1fef\u1ffd"
_QUOTES: Final = "“”„‟«»"
_DASHES: Final = "-_֊־᐀᠆‐‑‒–—―−‿⁀⁃⁔⸗⸚⸺⸻⹀⹝〜〰゠︱︲︳︴﹍﹎﹏﹘﹣－＿\U00010ead"
_DOTS: Final = "·•‧∙⋅・･"
_SPACES: Final = "\t\x1f\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_BREAKS: Final = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"

_REMOVED: Final = re.compile(f"[{_INVISIBLE}]+")
_BEFORE: Final = re.compile("[™℠\u00b4\u1ffd]")
_AFTER: Final = re.compile(f"[{re.escape(_APOSTROPHES + _QUOTES + _DASHES + _DOTS + _SPACES + _BREAKS)}]")
_FORMS: Final = {
    **dict.fromkeys(_DASHES + _SPACES + "™℠", " "),
    **dict.fromkeys(_APOSTROPHES, "'"),
    **dict.fromkeys(_QUOTES, '"'),
    **dict.fromkeys(_DOTS, "·"),
    **dict.fromkeys(_BREAKS, "\n"),
}
_LINE_BREAK: Final = re.compile(f"[\n{_BREAKS}]")
_TRADITIONAL: Final = re.compile(f"[{''.join(map(chr, TO_SIMPLIFIED))}]")

_TYPOGRAPHIC: Final = (("’", "'"), ("“", '"'), ("”", '"'), ("„", '"'), ("–", "-"), ("‘", "'"), ("—", "-"), ("…", "..."))
"""What keeps most European texts from being Latin-1, in the form the fold gives it anyway."""

_UNEVEN: Final = ("ß", "…", "\xad", "¨", "¯", "¸", "¼", "½", "¾")
"""Of Latin-1 and the typographic characters those that change the length."""


def fold(text: str, *, chinese: bool = False) -> str:
    """Return the form in which spellings compare equal; ``chinese`` also turns traditional characters into simplified ones."""
    folded = _fold(text)
    return folded.translate(TO_SIMPLIFIED) if chinese and _TRADITIONAL.search(folded) else folded


def _fold(text: str) -> str:
    if not text.isascii():
        for typographic, plain in _TYPOGRAPHIC:
            text = text.replace(typographic, plain)
    folded = _fold_latin(text)
    if folded is not None:
        return folded
    if text.count(" ") * 20 < len(text):  # a script without spaces: no paragraph will be Latin-1
        return _fold_any(text)
    parts = [(part, _fold_latin(part)) for part in text.split("\n")]
    return "\n".join(_fold_any(part) if folded is None else folded for part, folded in parts)


def _latin_table() -> bytes:
    table = bytearray(range(256))
    for code in range(256):
        character = chr(code)
        form = _FORMS.get(character) or _NARROW.get(character) or character.lower()
        table[code] = ord(form)
    return bytes(table)


_NARROW: Final = {"ª": "a", "º": "o", "¹": "1", "²": "2", "³": "3"}
_LATIN: Final = _latin_table()
_ODD: Final = tuple(character.encode("latin-1") for character in "µ¨¯¸¼½¾")
"""Characters of Latin-1 whose folded form is longer or not of Latin-1; ß is seen to, the others are rare."""


def _fold_latin(text: str) -> str | None:
    """Fold a text of Latin-1 in one pass over its bytes; None where it holds anything else."""
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return None
    for odd in _ODD:
        if odd in raw:
            return None
    return _single_spaces(raw.translate(_LATIN, b"\xad").decode("latin-1").replace("ß", "ss"))


def _fold_any(text: str) -> str:
    text = _BEFORE.sub(_form, _REMOVED.sub("", text))
    text = unicodedata.normalize("NFKC", text).casefold().replace("ı", "i")
    while "i̇" in text:
        text = text.replace("i̇", "i")
    return _single_spaces(_AFTER.sub(_form, unicodedata.normalize("NFKC", text)))


def _form(match: re.Match[str]) -> str:
    return _FORMS[match[0]]


def _single_spaces(text: str) -> str:
    while "  " in text:
        text = text.replace("  ", " ")
    return text


def without_invisible(text: str) -> str:
    """Return the text composed (NFC), without what nobody sees and with plain single spaces: the form in which exact terms compare."""
    if text.isascii():
        return " ".join(text.split())
    return " ".join(unicodedata.normalize("NFC", _REMOVED.sub("", text)).split())


class Folded:
    """A text with its folded form, ``text``, and the way back from folded positions to original ones."""

    __slots__ = ("_breaks", "_maps", "original", "text")

    def __init__(self, original: str, *, chinese: bool = False) -> None:
        self.original = original
        self.text = fold(original, chinese=chinese)
        self._breaks: tuple[list[int], list[int]] | None = None
        self._maps: dict[int, list[tuple[int, int]] | None] = {}

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the non-empty folded ``start:end`` stands in the original, without invisible characters at its ends."""
        first, _ = self._place(start)
        _, last = self._place(end - 1)
        return first, last

    def folded_span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where the original ``start:end`` stands folded; None where nothing is left of it."""
        low = _first(len(self.text), lambda position: self._place(position)[1] > start)
        high = _first(len(self.text), lambda position: self._place(position)[0] >= end)
        return (low, high) if low < high else None

    def _place(self, position: int) -> tuple[int, int]:
        """Return the original start and end of one folded character."""
        originals, foldeds = self._breaks or self._find_breaks()
        line = bisect_right(foldeds, position) - 1
        original, folded = originals[line], foldeds[line]
        if line not in self._maps:
            self._maps[line] = _line_map(self.original[original : originals[line + 1] - 1], self.text[folded : foldeds[line + 1] - 1])
        places = self._maps[line]
        if places is None:
            return original + position - folded, original + position - folded + 1
        if position - folded == len(places):  # the line break itself
            return originals[line + 1] - 1, originals[line + 1]
        start, end = places[position - folded]
        return original + start, original + end

    def _find_breaks(self) -> tuple[list[int], list[int]]:
        """Return where each line begins, in the original and folded, each with one more behind the end."""
        foldeds = _line_starts(self.text)
        is_plain = self.original.count("\n") == len(foldeds) - 2
        originals = (
            _line_starts(self.original)
            if is_plain
            else [0, *(m.end() for m in _LINE_BREAK.finditer(self.original)), len(self.original) + 1]
        )
        self._breaks = originals, foldeds
        return self._breaks


def _first(length: int, holds: Callable[[int], bool]) -> int:
    """Return the first position at which something holds that holds ever after."""
    return bisect_left(range(length), True, key=holds)


def _line_starts(text: str) -> list[int]:
    starts = [0]
    while found := text.find("\n", starts[-1]) + 1:
        starts.append(found)
    starts.append(len(text) + 1)
    return starts


def _line_map(original: str, folded: str) -> list[tuple[int, int]] | None:
    """Return for each folded character where it stands in the original line; None where every one stays in its place."""
    if len(original) == len(folded) and _is_even(original):
        return None
    places: list[tuple[int, int]] = []
    last = ""
    for form, start, end in _clusters(original):
        for character in form:
            if character != " " or last != " ":
                places.append((start, end))
                last = character
    # A line that does not go cluster by cluster is not known to exist; were there one, its hits would show the whole line.
    return places if len(places) == len(folded) else [(0, len(original))] * len(folded)


def _is_even(line: str) -> bool:
    """Whether no character of a line is known to change its length."""
    if line.isascii():
        return True
    for uneven in _UNEVEN:
        if uneven in line:
            return False
    for typographic, plain in _TYPOGRAPHIC:
        line = line.replace(typographic, plain)
    try:
        line.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _clusters(line: str) -> list[tuple[str, int, int]]:
    """Return the folded form of every piece that folds alone, with its start and end."""
    pieces: list[tuple[str, int, int]] = []
    start, length = 0, len(line)
    while start < length:
        end = start + 1
        while end < length and _leans(line[end]):
            end += 1
        forms = [_fold_one(character) for character in line[start:end]]
        whole = forms[0] if end == start + 1 else _fold(line[start:end])
        if len(forms) == 1 or "".join(forms) == whole:
            pieces += [(form, start + i, start + i + 1) for i, form in enumerate(forms)]
        else:
            seen = [i for i, character in enumerate(line[start:end]) if not _REMOVED.match(character)]
            pieces.append((whole, start + seen[0], start + seen[-1] + 1))
        start = end
    return pieces


@lru_cache(maxsize=1 << 16)
def _fold_one(character: str) -> str:
    return _fold(character)


@lru_cache(maxsize=1 << 16)
def _leans(character: str) -> bool:
    """Whether a character may melt into what stands before it: marks, voicing marks, parts of Hangul syllables, and invisible ones."""
    return (
        unicodedata.category(character)[0] == "M"
        or character in "\uff9e\uff9f"
        or "\u1100" <= character <= "\u11ff"
        or "\u3131" <= character <= "\u318e"
        or "\ud7b0" <= character <= "\ud7fb"
        or "\uffa0" <= character <= "\uffdc"
        or _REMOVED.match(character) is not None
    )

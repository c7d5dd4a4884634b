"""Folds text so that spellings of one thing compare equal, and leads folded positions back to the original.

The fold works on whole strings, because Python's own string methods are many times faster than any loop over characters; the way back is
worked out only for the paragraphs somebody asks about. Three laws make that possible: a line break stays one line break, so paragraphs
fold alone; folding a folded text changes nothing; inside a paragraph the fold goes cluster by cluster (a character with its marks).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate, compress
from typing import Final

from monitor.text.hans import TO_SIMPLIFIED

_INVISIBLE: Final = "\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
_INVISIBLE_BEYOND: Final = "\U000e0001\U000e0020-\U000e007f\U000e0100-\U000e01ef"
_APOSTROPHES: Final = "`\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u055a\u2018\u2019\u201b\u2032\u1fef\u1ffd"
_QUOTES: Final = "“”„‟«»"
_DASHES: Final = "-_֊־᐀᠆‐‑‒–—―−‿⁀⁃⁔⸗⸚⸺⸻⹀⹝〜〰゠︱︲︳︴﹍﹎﹏﹘﹣－＿"
_DOTS: Final = "·•‧∙⋅・･"
_SPACES: Final = "\x01\t\x1f\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_BREAKS: Final = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"

_REMOVED: Final = re.compile(f"[{_INVISIBLE}]")
_REMOVED_BEYOND: Final = re.compile(f"[{_INVISIBLE_BEYOND}]")  # apart: a class that leaves the basic plane is searched ten times slower
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

_WIDE: Final = tuple((wide, unicodedata.normalize("NFKC", wide)) for wide in "，！？：；（）％　～")
"""What Chinese and Japanese texts are full of: replaced beforehand, they leave a text that NFKC sees to be normal at a glance."""

_UNEVEN: Final = ("ß", "…", "\xad", "¨", "¯", "¸", "¼", "½", "¾")
"""Of Latin-1 and the typographic characters those that change the length."""

_GAP_CHARACTER: Final = f"[{re.escape(_DASHES + _SPACES)} \xad]"
_CHANGES_LENGTH: Final = re.compile(f"{_GAP_CHARACTER}(?:{_GAP_CHARACTER}+[¨¯¸]?|[¨¯¸])|[{''.join(_UNEVEN)}]")
"""A diaeresis, macron or cedilla by itself begins with a space when folded, which is one with the gap before it."""


def fold(text: str, *, chinese: bool = False) -> str:
    """Return the form in which spellings compare equal; ``chinese`` also turns traditional characters into simplified ones."""
    folded = _fold(text)
    return folded.translate(TO_SIMPLIFIED) if chinese and _TRADITIONAL.search(folded) else folded


def fold_all(texts: Sequence[str], *, chinese: bool = False) -> list[str]:
    """Fold many short texts, in a fraction of the time that one by one would take."""
    simple = iter(_fold_lines([text for text in texts if text.isascii()], chinese=chinese))
    others = iter(_fold_lines([text for text in texts if not text.isascii()], chinese=chinese))
    return [next(simple if text.isascii() else others) for text in texts]


def _fold_lines(texts: Sequence[str], *, chinese: bool) -> list[str]:
    folded = fold("\n".join(texts), chinese=chinese).split("\n")
    return folded if len(folded) == len(texts) else [fold(text, chinese=chinese) for text in texts]  # none, or one holds a line break


def is_simplified(text: str) -> bool:
    """Whether ``chinese`` makes no difference to the fold of a text."""
    return text.isascii() or not _TRADITIONAL.search(_fold(text))


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


_GAP: Final = "\x01"
"""Stands for hyphens and odd spaces until the plain spaces around them are gone too: cheaper than looking for double spaces thrice."""


def _latin_table() -> bytes:
    table = bytearray(range(256))
    for code in range(256):
        character = chr(code)
        form = _FORMS.get(character) or _NARROW.get(character) or character.lower()
        table[code] = ord(_GAP if form == " " and character != " " else form)
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
    if b"\xad" in raw:
        raw = raw.replace(b"\xad", b"")
    text = raw.translate(_LATIN).decode("latin-1").replace("ß", "ss")
    if _GAP in text:
        first, *others = text.split(_GAP)
        last = others.pop() if others else ""
        text = " ".join([first.rstrip(" "), *filter(None, (part.strip(" ") for part in others)), last.lstrip(" ")])
    return _single_spaces(text)


def _fold_any(text: str) -> str:
    text = _BEFORE.sub(_form, _visible(text))
    for wide, narrow in _WIDE:
        text = text.replace(wide, narrow)
    text = unicodedata.normalize("NFKC", text).casefold().replace("ı", "i")
    while "i̇" in text:
        text = text.replace("i̇", "i")
    return _single_spaces(_AFTER.sub(_form, unicodedata.normalize("NFKC", text)))


def _visible(text: str) -> str:
    text = _REMOVED.sub("", text)
    return (
        text
        if len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text)
        else _REMOVED_BEYOND.sub("", text).replace("\U00010ead", "-")
    )


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
    return " ".join(unicodedata.normalize("NFC", _visible(text)).split())


class _Steps:
    """Where the folded characters of a line stand that differs from its fold in a few places only: those places, in order."""

    __slots__ = ("_at", "_places")

    def __init__(self, at: list[int], places: list[tuple[int, int, int]]) -> None:
        """``at`` is where each place begins folded, ``places`` its folded length, original start and end."""
        self._at, self._places = at, places

    def place(self, position: int) -> tuple[int, int]:
        last = bisect_right(self._at, position) - 1
        if last < 0:
            return position, position + 1
        length, start, end = self._places[last]
        beyond = position - self._at[last] - length
        return (start, end) if beyond < 0 else (end + beyond, end + beyond + 1)


class _Places:
    """Where each single folded character of a line stands; two lists, because the garbage collector looks into pairs."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, starts: list[int], ends: list[int]) -> None:
        self._starts, self._ends = starts, ends

    def place(self, position: int) -> tuple[int, int]:
        return self._starts[position], self._ends[position]


class Folded:
    """A text with its folded form, ``text``, and the way back from folded positions to original ones."""

    __slots__ = ("_chinese", "_foldeds", "_is_even", "_maps", "_originals", "original", "text")

    def __init__(self, original: str, *, chinese: bool = False) -> None:
        self.original = original
        self.text = fold(original, chinese=chinese)
        self._chinese = chinese
        self._originals: list[int] = []
        self._foldeds: list[int] = []
        self._is_even: bool | None = None
        self._maps: dict[int, _Steps | _Places | None] = {}

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the non-empty folded ``start:end`` stands in the original, without invisible characters at its ends."""
        if self._is_even or self._stays_in_place():
            return start, end
        line, original, folded = self._line_of(start)
        places = self._maps[line]
        if end > self._foldeds[line + 1]:  # beyond this line
            return self._place(start)[0], self._place(end - 1)[1]
        if places is None:
            return original + start - folded, original + end - folded
        return original + places.place(start - folded)[0], original + places.place(end - 1 - folded)[1]

    def folded_span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where the original ``start:end`` stands folded; None where nothing is left of it."""
        if self._stays_in_place():
            return start, end
        low = _first(len(self.text), lambda position: self._place(position)[1] > start)
        high = _first(len(self.text), lambda position: self._place(position)[0] >= end)
        return (low, high) if low < high else None

    def _stays_in_place(self) -> bool:
        """Whether every character stands where it stood; found out when first asked."""
        if self._is_even is None:
            self._is_even = len(self.original) == len(self.text) and not _has_uneven(self.original) and _is_european(self.original)
        return self._is_even

    def _place(self, position: int) -> tuple[int, int]:
        """Return the original start and end of one folded character."""
        line, original, folded = self._line_of(position)
        places = self._maps[line]
        if places is None:
            return original + position - folded, original + position - folded + 1
        start, end = places.place(position - folded)
        return original + start, original + end

    def _line_of(self, position: int) -> tuple[int, int, int]:
        """Return the number of the line a folded position is in, with its start in the original and folded; see to its map."""
        if not self._foldeds:
            self._find_lines()
        line = bisect_right(self._foldeds, position) - 1
        original, folded = self._originals[line], self._foldeds[line]
        if line not in self._maps:
            texts = self.original[original : self._originals[line + 1]], self.text[folded : self._foldeds[line + 1]]
            self._maps[line] = _line_map(*texts, chinese=self._chinese)
        return line, original, folded

    def _find_lines(self) -> None:
        """Find where each line begins, in the original and folded; both lists end with the end."""
        self._foldeds = _line_starts(self.text)
        self._originals = _line_starts(self.original)


def _first(length: int, holds: Callable[[int], bool]) -> int:
    """Return the first position at which something holds that holds ever after."""
    return bisect_left(range(length), True, key=holds)


def _line_starts(text: str) -> list[int]:
    if "\r" in text:  # the fold makes two breaks of CR LF, Python one
        return [0, *(found.end() for found in _LINE_BREAK.finditer(text)), len(text)]
    return list(accumulate(map(len, text.splitlines(keepends=True)), initial=0))


def _line_map(original: str, folded: str, *, chinese: bool) -> _Steps | _Places | None:
    """Return where each folded character stands in the original line; None where every one stays in its place."""
    if _is_european(original):
        if len(original) == len(folded) and not _has_uneven(original):
            return None
        return _steps(original)
    forms = list(map(_ONE_BY_ONE.__getitem__, original))
    alone = "".join(forms)
    single = _single_spaces(alone)
    if (single.translate(TO_SIMPLIFIED) if chinese else single) == folded:
        starts = [at for at, form in enumerate(forms) for _ in form]
        ends = [at + 1 for at in starts]
    else:
        pieces = _clusters(original)
        alone = "".join([form for form, _, _ in pieces])
        starts = [start for form, start, _ in pieces for _ in form]
        ends = [end for form, _, end in pieces for _ in form]
    if "  " in alone:
        kept = [here != " " or before != " " for here, before in zip(alone, "." + alone, strict=False)]
        starts, ends = list(compress(starts, kept)), list(compress(ends, kept))
    # A line that does not go cluster by cluster is not known to exist; were there one, its hits would show the whole line.
    return _Places(starts, ends) if len(starts) == len(folded) else _Places([0] * len(folded), [len(original)] * len(folded))


def _steps(line: str) -> _Steps:
    """Find the places of a European line that change its length: single characters, and gaps of more than one."""
    at: list[int] = []
    places: list[tuple[int, int, int]] = []
    shift = 0
    for found in _CHANGES_LENGTH.finditer(line):
        start, end = found.span()
        length = len(_fold(found[0]))
        at.append(start + shift)
        places.append((length, start, end))
        shift += length - (end - start)
    return _Steps(at, places)


def _has_uneven(text: str) -> bool:
    return not text.isascii() and any(map(text.__contains__, _UNEVEN))


def _is_european(text: str) -> bool:
    """Whether a text is Latin-1 but for the typographic characters: then it is known which characters change their length."""
    if text.isascii():
        return True
    for typographic, plain in _TYPOGRAPHIC:
        text = text.replace(typographic, plain)
    try:
        text.encode("latin-1")
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
        forms = [_ONE_BY_ONE[character] for character in line[start:end]]
        whole = forms[0] if end == start + 1 else _fold(line[start:end])
        if len(forms) == 1 or "".join(forms) == whole:
            pieces += [(form, start + i, start + i + 1) for i, form in enumerate(forms)]
        else:
            seen = [i for i, character in enumerate(line[start:end]) if _visible(character)]
            pieces.append((whole, start + seen[0], start + seen[-1] + 1))
        start = end
    return pieces


class _Forms(dict[str, str]):
    """The folded forms of single characters met so far."""

    def __missing__(self, character: str) -> str:
        form = self[character] = _fold(character)
        return form


_ONE_BY_ONE: Final = _Forms()


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
        or not _visible(character)
    )

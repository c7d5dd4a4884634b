r"""Where a word may begin and end, by three classes of characters instead of ``\b``.

``\b`` sees no boundary in 中国Nvidia公司 and none between Chinese words. Here a Latin, Cyrillic, Arabic … edge (W) must not touch W;
a Hangul edge (H) must not touch H on its left and is open on its right, where particles stand; an edge of a script that writes no
spaces (C) is open on both sides. Everything else, hyphens and underscores too, separates.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum
from functools import cache
from typing import Final


class Kind(IntEnum):
    """What a character is to the words around it."""

    OTHER = 0
    WORD = 1  # letters and digits of scripts with spaces, with their marks and vowel signs
    HANGUL = 2
    SPACELESS = 3  # Han, kana, Thai, Lao, Khmer, Myanmar


_HANGUL: Final = "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb\uffa0-\uffdc"
_CJK_BASIC: Final = (
    "\u2e80-\u2fd5\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
)
_BEYOND: Final = "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
_CJK: Final = _CJK_BASIC + _BEYOND
_SOUTHEAST: Final = "\u0e01-\u0e3a\u0e40-\u0e59\u0e81-\u0edf\u1000-\u109f\u1780-\u17dd\u17e0-\u17e9\ua9e0-\ua9fe\uaa60-\uaa7f"

_BASIC_PLANE: Final = range(0x1_0000)
_NEXT_PLANE: Final = range(0x1_0000, 0x2_0000)

_IS_HANGUL: Final = re.compile(f"[{_HANGUL}]")
_IS_SPACELESS: Final = re.compile(f"[{_CJK}{_SOUTHEAST}]")


def kind_of(character: str) -> Kind:
    """Return the class of one character."""
    if _IS_SPACELESS.match(character):
        return Kind.SPACELESS
    if _IS_HANGUL.match(character):
        return Kind.HANGUL
    if character.isalnum() or unicodedata.category(character)[0] == "M":
        return Kind.WORD
    return Kind.OTHER


class _Kinds(dict[str, Kind]):
    """The classes of the characters met so far: asked millions of times, and Unicode has an end."""

    def __missing__(self, character: str) -> Kind:
        kind = self[character] = kind_of(character)
        return kind


KINDS: Final = _Kinds({chr(code): kind_of(chr(code)) for code in range(0x180)})


def is_bounded(text: str, start: int, end: int) -> bool:
    """Whether the non-empty ``text[start:end]`` stands as a word or phrase of its own."""
    if start:
        left = KINDS[text[start]]
        if (left is Kind.WORD or left is Kind.HANGUL) and KINDS[text[start - 1]] is left:
            return False
    return end == len(text) or KINDS[text[end - 1]] is not Kind.WORD or KINDS[text[end]] is not Kind.WORD


@cache
def token_pattern() -> re.Pattern[str]:
    """Return what finds the units of distance: words, runs of Hangul, single characters (group ``spaceless``) of scripts without spaces.

    An apostrophe joins the letters around it (Nvidia's, l'Etat), a dot or comma the digits (3.5): each is one word to a reader.
    """
    word = f"[{_word_ranges(_BASIC_PLANE)}]+"
    joined = f"{word}(?:(?:'|(?<=[0-9])[.,](?=[0-9])){word})*"
    return re.compile(f"{joined}|[{_HANGUL}]+|(?P<spaceless>[{_CJK}{_SOUTHEAST}])|[{_word_ranges(_NEXT_PLANE)}]+")


@cache
def run_pattern() -> re.Pattern[str]:
    """Return what finds unbroken runs of one class, those of scripts without spaces as group ``spaceless``."""
    word, beyond = _word_ranges(_BASIC_PLANE), _word_ranges(_NEXT_PLANE)
    return re.compile(f"[{word}]+|[{_HANGUL}]+|(?P<spaceless>[{_CJK}{_SOUTHEAST}]+)|[{beyond}]+")


@cache
def _word_ranges(plane: range) -> str:
    """Return the words' characters of a plane as ranges, derived when first needed; those of the basic plane alone ``re`` turns into a table."""
    ranges: list[str] = []
    first: int | None = None
    for code in (*plane, plane.stop):
        if code < plane.stop and not 0xD800 <= code < 0xE000 and kind_of(chr(code)) is Kind.WORD:
            first = code if first is None else first
        elif first is not None:
            ranges.append(f"{chr(first)}-{chr(code - 1)}")
            first = None
    return "".join(ranges)

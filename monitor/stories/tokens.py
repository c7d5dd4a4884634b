"""How the story rooms cut text: folded words, and characters where a script has no spaces."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from collections.abc import Sequence

from monitor.text.hans import TO_SIMPLIFIED

_CJK = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(f"[{_CJK}]|[^\\W_{_CJK}]+")
_MARKS = re.compile("[\u0300-\u036f]+")
_LATIN = bytes(code if chr(code).isalnum() and code < 0x80 else 0x20 for code in range(0x100))
"""Folded Latin text holds no letter beyond these; one pass over bytes cuts it in a fifth of the time."""

FIRST_CJK = "\u3005"
CJK_PER_WORD = 1.7
"""Characters of a Chinese word, on average: makes "60 words" mean the same amount of text everywhere."""


_ODD = re.compile("[łŁøØđĐıæÆœŒ]")
_HAN = re.compile(f"[{_CJK}]")
_LETTERS = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ı": "i", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe"})
"""Letters that no decomposition makes plain."""


def fold(text: str) -> str:
    """Make spellings equal: width, case, accents, traditional Chinese; German ß is ss."""
    return plain_letters(unicodedata.normalize("NFKC", text).casefold())


def plain_letters(text: str) -> str:
    """Leave the letters and drop what stands on them; Chinese characters in their simplified form."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))
    if _ODD.search(plain):
        plain = plain.translate(_LETTERS)
    return plain.translate(TO_SIMPLIFIED) if _HAN.search(plain) else plain


def tokens(folded: str) -> list[str]:
    """Words, and single characters of Han and kana."""
    if any(c > "\x7f" and c.isalnum() for c in set(folded)):
        return _TOKEN.findall(folded)
    return folded.encode("ascii", "replace").translate(_LATIN).decode("ascii").split()


def count_words(cut: Sequence[str]) -> int:
    """How many words the tokens make, Chinese characters counted for what they carry."""
    single = sum(1 for token in cut if token >= FIRST_CJK and len(token) == 1)
    return len(cut) - single + round(single / CJK_PER_WORD)


def stable_hash(text: str) -> int:
    """A 64-bit signed hash that is equal on every machine and in every run."""
    raw = text.encode("utf-8", "surrogatepass")
    return widen(raw, zlib.crc32(raw))


def widen(raw: bytes, low: int) -> int:
    """Complete 32 bits to a 64-bit signed hash by 32 of another kind."""
    high = int.from_bytes(hashlib.blake2b(raw, digest_size=4).digest(), "big", signed=True)
    return (high << 32) | low

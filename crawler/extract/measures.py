"""Small measures of texts, times and tags that every part of reading shares."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta

_EARLIEST_YEAR = 1990
_SLACK = timedelta(days=1)  # a local time without its zone may seem ahead of us by half a day
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")


def sane_time(at: datetime | None, *, before: datetime | None) -> datetime | None:
    """Return a time an outlet told if it can be true: not before 1990, and never after ``before``.

    Up to a day ahead is a wrong clock or a zone left out, and becomes ``before``; anything later is no date at all.
    """
    if at is None or at.year < _EARLIEST_YEAR:
        return None
    if before is not None and at > before:
        return before if at <= before + _SLACK else None
    return at


def without_headline(text: str, headline: str) -> str:
    """Take the first line off where it only repeats the headline."""
    first, _, rest = text.partition("\n")
    return rest.lstrip("\n") if headline and bare(first) == bare(headline) else text


def bare(text: str) -> str:
    """Letters and digits alone, case folded: what two spellings of one headline share."""
    return "".join(filter(str.isalnum, text.casefold()))


def text_hash(headline: str, text: str) -> str:
    """Return the SHA-256 hex digest of headline and text."""
    return hashlib.sha256(f"{headline}\n{text}".encode()).hexdigest()


def word_count(text: str) -> int:
    """Count words; in scripts that write no spaces each character is one."""
    unspaced = 0 if text.isascii() else len(_UNSPACED.findall(text))
    return unspaced + len(_WORD.findall(_UNSPACED.sub(" ", text) if unspaced else text))


def weight(text: str) -> float:
    """Return a text's length in characters, those of scripts without spaces counting thrice, for they say as much."""
    return len(text) if text.isascii() else len(text) + 2.0 * len(_UNSPACED.findall(text))


def primary(tag: str) -> str:
    """Return the language of a BCP 47 tag: ``de`` of ``de-AT``."""
    return tag.replace("_", "-").partition("-")[0].lower()

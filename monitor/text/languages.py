"""What the rules know of single languages: genitives, endings, which write Chinese, which names apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ANY: Final = "*"
UNKNOWN: Final = "und"

CHINESE: Final = frozenset({"zh", "yue"})
"""Languages whose traditional characters are folded to simplified ones; never Japanese, which has simplified its own way."""

DENSE: Final = frozenset({"zh", "yue", "ja"})
"""Languages that say in one character what others say in about three."""

GENITIVE: Final = frozenset({"de", "gsw", "lb", "sv", "da", "no", "nb", "nl"})
"""Languages that put a bare ``s`` behind a name; in English that would be a plural (Apple, apples)."""

ORDINAL_DOT: Final = frozenset(
    {"de", "gsw", "lb", "da", "no", "nb", "nn", "fi", "et", "lv", "cs", "sk", "pl", "hu", "sl", "hr", "sr", "bs", "is", "tr"}
)
"""Languages in which a number with a dot may be an ordinal: "am 3. Mai" is one sentence."""

ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "de": ("e", "en", "er", "es", "em", "n", "s", "ern", "ns", "se", "sen"),
    "en": ("s", "es"),
    "fr": ("s", "x", "e", "es"),
    "it": ("i", "e"),
    "es": ("s", "es"),
    "nl": ("s", "en", "e"),
    "sv": ("s", "en", "er", "ar", "erna", "ens"),
}
"""Inflection endings that ``~`` stands for."""


def primary(tag: str | None) -> str:
    """Return the primary subtag of a language tag in lower case; "und" where there is none."""
    return (tag or "").replace("_", "-").partition("-")[0].strip().lower() or UNKNOWN


def applies(key: str, tag: str) -> bool:
    """Whether names under ``key`` ("*", "zh", "de-CH") count in an article of language ``tag``; in an unknown language all do."""
    if key == ANY or primary(tag) == UNKNOWN:
        return True
    wanted, given = key.replace("_", "-").lower(), tag.replace("_", "-").lower()
    return given == wanted or given.startswith(f"{wanted}-")

"""How common a feature is in the window: rolling document frequencies, pooled and per language."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

MIN_DOCUMENTS = 2_000
"""A young window counts as this many articles, so that its first days do not call everything common."""
MIN_LANGUAGE_DOCUMENTS = 300
"""A language speaks for itself once it has this many articles in the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequencies:
    """Document frequencies over the 72 hours before an article, for its features and perhaps more.

    ``pooled`` counts articles per feature hash over all languages, ``by_language`` within one; ``documents`` and ``languages`` count
    the articles themselves. ``boilerplate`` are the article's shingles that stand under four or more different titles of one source
    within the seven days: a template, no text.
    """

    documents: int = 0
    languages: Mapping[str, int] = field(default_factory=dict)
    pooled: Mapping[int, int] = field(default_factory=dict)
    by_language: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    boilerplate: frozenset[int] = frozenset()

    def idf(self, feature: int, language: str) -> float:
        """How telling a feature is, 0 to ``RAREST``: by the pooled rarity, or the language's own where that is smaller and known.

        On one scale whatever the window holds, so that scores mean the same on the first day and on a busy one. A feature that no
        article of the window has counts as usual: it can be shared with none, and only lengthens what it stands in.
        """
        seen = self.pooled.get(feature, 0)
        if not seen:
            return USUAL
        pooled = _rarity(max(self.documents, MIN_DOCUMENTS), seen)
        within = self.languages.get(language, 0)
        if within < MIN_LANGUAGE_DOCUMENTS:
            return pooled
        return min(pooled, _rarity(within, self.by_language.get(language, {}).get(feature, 0)))


RAREST = 7.6
USUAL = 6.0


def _rarity(documents: int, containing: int) -> float:
    return RAREST * max(1.0 - math.log(containing + 1.0) / math.log(documents), 0.0)

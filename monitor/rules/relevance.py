"""How much an article is about what a rule found: 0 to 100."""

from __future__ import annotations

from collections.abc import Iterable
from math import log2

from monitor.rules.reading import Reading, Spot
from monitor.text.languages import DENSE

IN_TITLE, IN_LEAD, IN_BODY = 5, 3, 1
_PAGE = 600
_DAMPING = 4.0
_DENSITY = 3


def relevance(reading: Reading, spots: Iterable[Spot]) -> int:
    """Weigh the evidence: 5 for each hit in the title, 3 in the lead, 1 in the rest of the body, against the article's length.

    With the sum ``w`` and the length ``n`` in characters (those of Chinese and Japanese articles counted three times) it is
    ``100 * w / (w + 4 * log2(2 + n / 600))``, rounded.
    """
    body_at, (lead_start, lead_end) = reading.body_at, reading.lead
    weight = 0
    for start, _ in spots:
        weight += IN_TITLE if start < body_at else IN_LEAD if lead_start <= start < lead_end else IN_BODY
    length = (len(reading.text) - 1) * (_DENSITY if reading.language in DENSE else 1)
    return round(100 * weight / (weight + _DAMPING * log2(2 + length / _PAGE)))

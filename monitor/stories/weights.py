"""What was learnt from labelled pairs: the weights of the pair features, and the thresholds set on them out of fold.

``python -m tests.benchmarks.stories DATA_DIR --fit`` prints the weights, without it what they do.
"""

from __future__ import annotations

NAMES = (
    *("bias", "cosine", "title cosine", "cover", "sounds", "numbers", "countries", "concepts", "happenings"),
    *("strongest", "second", "third", "other numbers", "number in titles", "shared happenings", "other happenings"),
    *("days", "log hours", "within 8 hours", "one outlet"),
)
"""What the weights stand for, in order."""

WITHIN: tuple[float, ...] = (
    -3.85,
    1.81,
    3.81,
    3.05,
    0.28,
    1.56,
    -0.23,
    0.34,
    0.04,
    0.58,
    0.53,
    1.35,
    -0.85,
    0.78,
    1.07,
    -1.42,
    0.15,
    -2.2,
    1.11,
    -1.34,
)
ACROSS: tuple[float, ...] = (
    -3.32,
    1.23,
    3.97,
    2.24,
    0.64,
    1.76,
    0.78,
    0.25,
    -0.01,
    1.51,
    1.71,
    1.58,
    0.62,
    0.44,
    0.4,
    -1.12,
    -1.34,
    -0.68,
    0.47,
    0.72,
)

MERGE_WITHIN = 3.3
MERGE_ACROSS = 3.8
RELATED_WITHIN = 1.8
RELATED_ACROSS = 2.8
SAME_OUTLET = 1.0
"""How much surer a merge must be where one outlet wrote both: it seldom reports one event in two articles."""
MEAN_FLOOR = -1.5
"""The newest members may on average lie so far below the threshold: beyond it a story would drift from event to event."""
JOIN_MARGIN = 0.5
"""How far above the threshold a second story must be to be merged into the first."""

"""What was learnt from labelled pairs: the weights of the pair features, and the thresholds set on them out of fold.

``python -m tests.benchmarks.stories DATA_DIR --fit`` prints the weights, without it what they do.
"""

from __future__ import annotations

NAMES = (
    *("bias", "cosine", "title cosine", "cover", "sounds", "numbers", "other numbers", "number in titles"),
    *("shared happenings", "other happenings", "titles of other happenings", "days", "log hours", "within 8 hours", "one outlet"),
)
"""What the weights stand for, in order."""

WITHIN: tuple[float, ...] = (-2.92, 2.35, 3.78, 3.74, 0.25, 1.64, -0.84, 0.69, 0.88, -1.04, -0.98, 0.14, -2.19, 0.97, -1.29)
ACROSS: tuple[float, ...] = (-2.12, 2.32, 4.24, 4.32, 0.97, 1.87, 0.62, 0.45, 0.56, -0.56, -0.97, -1.39, -0.42, 0.52, 0.54)

MERGE_WITHIN = 3.2
MERGE_ACROSS = 3.5
RELATED_WITHIN = 1.8
RELATED_ACROSS = 2.4
SAME_OUTLET = 1.0
"""How much surer a merge must be where one outlet wrote both: it seldom reports one event in two articles."""
MEAN_FLOOR = -1.5
"""The newest members may on average lie so far below the threshold: beyond it a story would drift from event to event."""
JOIN_MARGIN = 0.5
"""How far above the threshold a second story must be to be merged into the first."""

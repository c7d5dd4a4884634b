"""What was learnt from labelled pairs: the weights of the pair features, and the thresholds set on them out of fold.

``python -m tests.benchmarks.stories DATA_DIR --fit`` prints the weights, without it what they do.
"""

from __future__ import annotations

NAMES = (
    *("bias", "cosine", "title cosine", "cover", "sounds", "numbers", "other numbers", "number in titles"),
    *("shared happenings", "other happenings", "titles of other happenings", "days", "log hours", "within 8 hours", "one outlet"),
)
"""What the weights stand for, in order."""

WITHIN: tuple[float, ...] = (-3.02, 2.24, 3.69, 3.63, 0.27, 1.81, -0.83, 0.73, 1.28, -0.85, -0.74, 0.15, -2.16, 1.06, -1.33)
ACROSS: tuple[float, ...] = (-2.12, 2.32, 4.28, 4.23, 0.89, 1.9, 0.58, 0.46, 0.68, -0.63, -0.66, -1.39, -0.41, 0.49, 0.68)

MERGE_WITHIN = 3.3
MERGE_ACROSS = 3.5
RELATED_WITHIN = 1.8
RELATED_ACROSS = 2.4
SAME_OUTLET = 1.0
"""How much surer a merge must be where one outlet wrote both: it seldom reports one event in two articles."""
MEAN_FLOOR = -1.5
"""The newest members may on average lie so far below the threshold: beyond it a story would drift from event to event."""
JOIN_MARGIN = 0.5
"""How far above the threshold a second story must be to be merged into the first."""

"""Fingerprints of articles and their assignment to stories; pure.

What the archive needs beside the two calls stands here too: how far back it looks, how many candidates it hands over, and which
features are worth asking the index for.
"""

from __future__ import annotations

from monitor.stories.assignment import assign
from monitor.stories.features import fingerprint
from monitor.stories.frequencies import Frequencies

__all__ = ["Frequencies", "assign", "fingerprint"]

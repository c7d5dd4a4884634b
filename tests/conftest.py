"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# A deadline is wall time, which no test asserts: the first call of a law may build a table that all others share.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

"""What holds for every test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# A deadline is wall time, which no test asserts: the first call of a law may build a table that all others share.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Commands and daemons in this process set up logging for all of it, and the next test would hear nothing."""
    root = logging.getLogger()
    level, told = root.level, structlog.get_config()
    yield
    root.setLevel(level)
    structlog.configure(**told)

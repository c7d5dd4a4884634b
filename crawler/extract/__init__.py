"""Pages to articles. Importing this room costs nothing heavy: what reads a page is loaded where a page is read, in a child."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import cast

from crawler.extract.from_entry import teaser
from crawler.model import Arrival, Article

__all__ = ["body_hash", "read_page", "teaser", "warm"]


def read_page(arrival: Arrival) -> Article:
    """Read an arrival's page into an article; a page without text gives the entry's teaser.

    Slow on hostile pages: run it where it can be killed. Raises whatever the libraries below raise on pages that break them.
    """
    return cast("Article", import_module("crawler.extract.page").read(arrival))


def warm() -> None:
    """Load everything a first page would wait for: libraries, patterns, the language model."""
    import_module("crawler.extract.page").warm()


def body_hash(body: bytes) -> str:
    """Return the SHA-256 hex digest of a page's bytes, by which an unchanged page is known without reading it."""
    return hashlib.sha256(body).hexdigest()

"""Importing this makes a process the fork server of ``crawler.children``: warm, so that every child is born warm, and dying with its parent."""

from __future__ import annotations

from crawler import children, extract
from crawler.sources import feed_fallback

__all__ = ["feed_fallback"]

children.die_with_parent()
extract.warm()

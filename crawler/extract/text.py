"""The article's text out of the page's tree."""

from __future__ import annotations

from dataclasses import dataclass

from trafilatura import bare_extraction

from crawler.extract.metadata import Metadata
from crawler.extract.tree import Tree
from crawler.model import Selectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The text that was chosen, and the name of the extractor it comes from."""

    text: str
    how: str


def read(tree: Tree, known: Metadata, selectors: Selectors | None) -> Reading:
    """Return the article's text."""
    found = bare_extraction(tree.root, fast=True, include_comments=False, with_metadata=False)
    lines = (line.strip() for line in (found.text if found else "").split("\n"))
    return Reading(text="\n".join(line for line in lines if line), how="fast")

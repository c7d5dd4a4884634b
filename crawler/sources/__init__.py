"""What outlets list: bytes of a feed, sitemap, section page or JSON listing to entries. Pure; one file per kind, named for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from typing import Protocol, cast

from crawler.model import Outlet, Source, SourceKind, SourceRead


class Unreadable(Exception):
    """The body is not what the source's kind promises, and no other reader would do better; the message says why."""


class NeedsFallback(Exception):
    """A second reader should try; ``so_far`` is what was read, to be kept where the second reader does no better."""

    def __init__(self, reason: str, *, so_far: SourceRead | None = None) -> None:
        super().__init__(reason)
        self.so_far = so_far


class Read(Protocol):
    """Reads one body of a source.

    ``url`` is where the body came from after redirects, ``headers`` has lower-case names, ``now`` is aware UTC. Raises Unreadable,
    and NeedsFallback where a second reader is worth a try; never anything else, whatever the bytes.
    """

    def __call__(
        self, body: bytes, *, source: Source, outlet: Outlet, url: str, headers: Mapping[str, str], now: datetime
    ) -> SourceRead: ...


def load(kind: SourceKind | str) -> Read:
    """Return the reader of a kind: ``read`` of the file that bears its name. Raises ValueError on a kind there is not."""
    module = import_module(f"crawler.sources.{SourceKind(kind).value}")
    return cast("Read", module.read)

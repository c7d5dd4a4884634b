"""Third parties' test material: read from archives, never unpacked to disk, never evaluated."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from crawler.model import Outlet, Source, SourceKind, SourceRead
from crawler.sources import NeedsFallback, Unreadable, feed_fallback, load

NOW = datetime(2026, 12, 31, tzinfo=UTC)
OUTLET = Outlet(outlet_id="bench", name="Bench", home="https://bench.example/")
SOURCE = Source(source_id="bench#00000000", outlet_id="bench", kind=SourceKind.FEED, url="https://bench.example/feed")


def files(archive: Path) -> dict[str, bytes]:
    """Return name -> content of every file in a tar archive."""
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            handle = tar.extractfile(member) if member.isfile() else None
            if handle:
                found[member.name.removeprefix("./")] = handle.read()
    return found


def read(
    body: bytes, *, url: str = SOURCE.url, headers: dict[str, str] | None = None, fallback: bool = True, kind: str = "feed"
) -> SourceRead | None:
    """Read a source as the crawler does, second reader included; None where it is unreadable. Anything else it raises is a defect."""
    source = replace(SOURCE, kind=SourceKind(kind))
    about = {"source": source, "outlet": OUTLET, "url": url, "headers": headers or {}, "now": NOW}
    try:
        return load(kind)(body, **about)  # type: ignore[arg-type]
    except Unreadable:
        return None
    except NeedsFallback as needs:
        if not fallback:
            return needs.so_far
        try:
            again = feed_fallback.read(body, **about)  # type: ignore[arg-type]
        except Unreadable:
            return needs.so_far
        return again if needs.so_far is None or len(again.entries) > len(needs.so_far.entries) else needs.so_far

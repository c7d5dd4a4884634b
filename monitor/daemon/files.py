"""Sees that settings files changed: by time and size, and by files that come and go beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

Stamps = Mapping[Path, tuple[int, int]]

_SUFFIXES: Final = frozenset({".yaml", ".yml"})


def stamps(files: Iterable[Path]) -> Stamps:
    """Return time and size of the files and of every YAML file beside them; what cannot be looked at is not there."""
    wanted = set(files)
    for folder in {path.parent for path in wanted}:
        try:
            wanted.update(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
        except OSError:
            continue
    return {path: stamp for path in wanted if (stamp := _stamp(path)) is not None}


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size

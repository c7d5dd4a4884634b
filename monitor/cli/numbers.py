"""Numbers as a person reads them."""

from __future__ import annotations


def counted(count: int, one: str, many: str | None = None) -> str:
    """Say how many there are of something: "1 match", "1,200 matches"."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"

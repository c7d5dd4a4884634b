"""What a search, a listing or an export is narrowed to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Everything empty means everything. ``languages`` hold their varieties: "zh" is zh-Hans too; ``channels`` and ``status`` are
    those of deliveries, ``status`` that of polls too. A condition that a listing has no column for is left aside. ``before`` is of searches:
    only articles archived before that one.
    """

    since: datetime | None = None
    until: datetime | None = None
    themes: Collection[str] = ()
    outlets: Collection[str] = ()
    languages: Collection[str] = ()
    channels: Collection[str] = ()
    status: Collection[str] = ()
    limit: int | None = None
    before: int | None = None


def speaks(language: sa.ColumnElement[Any], tags: Collection[str]) -> sa.ColumnElement[bool]:
    """Whether a language is one of the tags, or a variety of one."""
    return sa.or_(*(sa.or_(language == tag, language.like(f"{tag}-%")) for tag in tags))

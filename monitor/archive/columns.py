"""The column types that make both databases hold the same values: UTC times, clean text, 0/1 flags, JSON, big ids."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, Integer, SmallInteger, Text, literal_column
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
MAX_KEY_BYTES = 1_800
"""PostgreSQL refuses index rows above 2,704 bytes; longer keys end in their digest (``writes.entries.fit_key``)."""

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit id; on SQLite the rowid itself."""

Hash64 = BigInteger().with_variant(Integer, "sqlite")
"""A signed 64-bit hash."""


def clean(text: str) -> str:
    """Drop what PostgreSQL refuses (NUL) and UTF-8 cannot say (lone surrogates)."""
    return _UNSTORABLE.sub("", text)


def stamp(at: datetime, *, millis: bool = False) -> str:
    """Write a time as sortable UTC text: ``2026-11-24T13:58:00Z``, with milliseconds ``2026-11-24T13:58:00.123Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds" if millis else "seconds").removesuffix("+00:00") + "Z"


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC time to the second: text on SQLite, timestamptz on PostgreSQL.

    One column has one width, because text sorts only so: ``…00.5Z`` would come before ``…00Z``.
    """

    impl = Text
    cache_ok = True
    _millis = False

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True, precision=3 if self._millis else 0))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be archived: {value}")
        if dialect.name == "postgresql":
            return value.replace(microsecond=value.microsecond // 1000 * 1000 if self._millis else 0)
        return stamp(value, millis=self._millis)

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        if value is None or isinstance(value, datetime):
            return value.astimezone(UTC) if value is not None else None
        return datetime.fromisoformat(value)


class UtcMillis(UtcTime):
    """The same to the millisecond, for what we observed ourselves and what orders work."""

    cache_ok = True
    _millis = True


class CleanText(TypeDecorator[str]):
    """Text that both databases take; the border cleans for meaning, this only for storage."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else _UNSTORABLE.sub("", value)


class Flag(TypeDecorator[bool]):
    """A claim, 0 or 1, so that ``sum(is_new)`` works in both dialects."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: bool | None, _dialect: Dialect) -> int | None:  # noqa: FBT001 - SQLAlchemy's signature
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, _dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)


def is_so(flag: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a flag is set; PostgreSQL compares no number with ``true``."""
    return flag == literal_column("1")


def isnt(flag: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a flag is not set."""
    return flag == literal_column("0")


class Json(TypeDecorator[Any]):
    """A small structure nobody filters by, as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        return None if value is None else _UNSTORABLE.sub("", _JSON.encode(value))

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class IdList(TypeDecorator[Any]):
    """Numbers for ``column is one of them``: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True
    _member: TypeEngine[Any] = BigInteger()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(postgresql.ARRAY(self._member) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return list(value) if dialect.name == "postgresql" else json.dumps(list(value))


class TextList(IdList):
    """Texts for the same."""

    cache_ok = True
    _member: TypeEngine[Any] = Text()

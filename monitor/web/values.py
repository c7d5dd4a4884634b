"""A page's value as JSON: the same fields, times in UTC, nothing that the page does not show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from monitor.model import Severity
from monitor.render.snippet import Part


def as_json(page: object) -> str:
    """Write a page's value; a text in parts is a string beside the list of what is marked in it."""
    return json.dumps(plain(page), ensure_ascii=False, separators=(",", ":")) + "\n"


def plain(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if is_dataclass(value):
        return {field.name: _field(field, getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return _marked(value) if value and all(isinstance(part, Part) for part in value) else [plain(inner) for inner in value]
    return _simple(value)


def _field(field: Field[Any], value: Any) -> Any:
    """A text in parts has one form, also where it is empty."""
    return _marked(value) if field.type == "tuple[Part, ...]" else plain(value)


def _simple(value: Any) -> str | int | float | None:
    said: Any = value
    if isinstance(value, Severity):
        said = value.word
    elif isinstance(value, Enum):
        said = value.value
    elif isinstance(value, datetime):
        said = value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    elif isinstance(value, date):
        said = value.isoformat()
    if said is not None and not isinstance(said, str | int | float):
        raise TypeError(f"{type(value).__name__} has no form in JSON")
    return said


def _marked(parts: tuple[Part, ...] | list[Part]) -> dict[str, Any]:
    return {"text": "".join(part.text for part in parts), "marked": [part.text for part in parts if part.is_evidence]}

"""Turns pydantic's errors into problems in our words, at the place of the value or key that is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitor.config.problems import did_you_mean
from monitor.config.yaml12 import Document, Path
from monitor.errors import Problem

_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "on or off",
    "bool_parsing": "on or off",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a block of keys and values",
    "model_type": "a block of keys and values",
}
_LIMITS: Final[Mapping[str, tuple[str, str]]] = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
}
_SHOWN: Final = 60
_WORD = re.compile("'([^']*)'")


def problems(document: Document, error: ValidationError, model: type[BaseModel], given: Mapping[str, str] | None = None) -> list[Problem]:
    """Return every error of one document with its place and hint.

    ``given`` maps top-level keys to the flag or variable they came from: their values are no fault of the file.
    """
    found = []
    for detail in error.errors(include_url=False):
        problem = _problem(document, detail, model)
        source = (given or {}).get(str(detail["loc"][0])) if detail["loc"] else None
        if source is not None:
            problem = replace(problem, place=source, line=1, column=1, source_line=str(detail["input"]))
        found.append(problem)
    return found


def _problem(document: Document, detail: ErrorDetails, model: type[BaseModel]) -> Problem:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        known = keys_at(model, path[:-1])
        return document.at(path, f"unknown key '{path[-1]}'", did_you_mean(str(path[-1]), known) or _choices(known), key=True)
    if kind == "missing":
        return document.at(path[:-1], f"'{path[-1]}' is missing", key=True)
    is_key = "[key]" in detail["loc"]
    if kind == "wrong":
        return document.at(path, str(context["said"]), context.get("hint"), key=is_key)
    hint = did_you_mean(str(detail["input"]), _WORD.findall(str(context["expected"]))) if kind == "literal_error" else None
    return document.at(path, _said(kind, context, detail["input"]), hint, key=is_key)


def _said(kind: str, context: Mapping[str, object], value: object) -> str:
    if kind in _LIMITS:
        words, key = _LIMITS[kind]
        return f"{value} is out of range; it must be {words} {context[key]:g}"
    if kind == "literal_error":
        return f"{show(value)} is not one of {context['expected']}"
    expected = _EXPECTED.get(kind)
    return f"{show(value)} stands here; {expected} is expected" if expected else f"{show(value)} cannot be used here"


def show(value: object) -> str:
    """Name a value as a person would."""
    if value is None:
        return "nothing"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Mapping):
        return "a block of keys"
    text = str(value)
    return f"'{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}'"


def keys_at(model: type[BaseModel], path: Path) -> Sequence[str]:
    """Return the keys known at a path, found by walking the models' annotations."""
    current: type[BaseModel] | None = model
    for part in path:
        if current is None:
            return ()
        if isinstance(part, str):
            field = next((f for name, f in current.model_fields.items() if part in {name, f.alias}), None)
            found = _model_in(field.annotation) if field is not None else None
            if found is not None:
                current = found
    return tuple(field.alias or name for name, field in current.model_fields.items()) if current else ()


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the model an annotation holds, however deep in lists, mappings and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return _model_in(getattr(annotation, "__origin__", None)) if hasattr(annotation, "__metadata__") else None


def _choices(known: Sequence[str]) -> str | None:
    return f"known here: {', '.join(known)}" if known else None

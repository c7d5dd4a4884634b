"""Every key with its default and what it is for, and the JSON schema of each file: read from the models, for people."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from monitor.config import models

FILES: Final[Mapping[str, type[BaseModel]]] = {
    "presswatch": models.PresswatchModel,
    "outlets": models.OutletsFile,
    "entities": models.EntitiesFile,
    "themes": models.ThemesFile,
}
BLOCKS: Final[Mapping[str, type[BaseModel]]] = {
    "presswatch.yaml": models.PresswatchModel,
    "channels": models.ChannelModel,
    "subscriptions": models.SubscriptionModel,
    "exclude": models.ExcludeModel,
    "retention": models.RetentionModel,
    "outlets": models.OutletModel,
    "outlets: sources": models.SourceModel,
    "outlets: selectors": models.SelectorsModel,
    "entities": models.EntityModel,
    "entities: aliases": models.AliasModel,
    "themes": models.ThemeModel,
    "themes: examples": models.ExampleModel,
}
"""The blocks a person writes, by where they stand."""


def defaults() -> dict[str, str]:
    """Return presswatch.yaml's keys with their defaults as a person writes them."""
    return {key: default for key, default, _said in keys(models.PresswatchModel)}


def keys(model: type[BaseModel]) -> list[tuple[str, str, str]]:
    """Return a block's keys with default ("required" where there is none, empty where leaving it out means nothing) and description."""
    return [(info.alias or name, _default(info), info.description or "") for name, info in model.model_fields.items()]


def schema(file: str) -> dict[str, Any]:
    """Return the JSON schema of a file."""
    found = FILES[file].model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"Presswatch {file}", **found}


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    if info.examples:
        return ", ".join(str(example) for example in info.examples)
    value = info.default
    if value is None or value == () or isinstance(value, BaseModel) or value == {}:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)

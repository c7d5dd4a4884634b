"""Gathers outlets, entities and themes: the included seeds first, then the local files, which override them id by id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, TypeVar

from pydantic import BaseModel

from crawler import urls
from crawler.model import Outlet
from monitor.config import build, folders, models
from monitor.config import yaml12 as yaml
from monitor.config.problems import did_you_mean, one_of
from monitor.config.reading import Reading
from monitor.model import Entity, Theme

SEED_SETS: Final = ("builtin:china-ai",)
_PATTERNS: Final[Mapping[str, tuple[str, ...]]] = {
    "outlets": ("outlets/*.yaml",),
    "entities": ("entities.yaml",),
    "themes": ("themes.yaml",),
}
_SHAPES: Final[Mapping[str, type[BaseModel]]] = {
    "outlets": models.OutletsFile,
    "entities": models.EntitiesFile,
    "themes": models.ThemesFile,
}
_LEAST_SPACING_S: Final = 1.0
_LEAST_POLL_S: Final = 60.0
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Found(Generic[T]):
    """Values of one kind by id; ``ids`` also holds those that were named but are not well, ``is_whole`` says that no file was broken."""

    values: dict[str, T] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    is_whole: bool = True
    _at: dict[str, tuple[yaml.Document, yaml.Path]] = field(default_factory=dict)
    _seeded: set[str] = field(default_factory=set)

    def keep(self, name: str, value: T, document: yaml.Document, at: yaml.Path, reading: Reading, *, is_seed: bool) -> None:
        """Keep a value under its id; a local one replaces a seed, two of the same sort are a problem."""
        if name in self.values and (is_seed or name not in self._seeded):
            first, path = self._at[name]
            where = f"{first.file}:{first.spots[path].key_line}"
            reading.say(document.at(at, f"'{name}' is there already: {where}", "give one of them another name", key=True))
            return
        self.values[name], self._at[name] = value, (document, at)
        self._seeded.discard(name)
        if is_seed:
            self._seeded.add(name)

    def where(self, name: str) -> tuple[yaml.Document, yaml.Path]:
        """The file and path a value stands at."""
        return self._at[name]

    def drop(self, name: str) -> None:
        """Forget an id."""
        self.values.pop(name, None)
        self.ids.discard(name)


@dataclass(slots=True, kw_only=True)
class Gathered:
    """Everything that is watched and looked for."""

    outlets: Found[Outlet] = field(default_factory=Found[Outlet])
    entities: Found[Entity] = field(default_factory=Found[Entity])
    themes: Found[Theme] = field(default_factory=Found[Theme])


def gather(document: yaml.Document, model: models.PresswatchModel, reading: Reading) -> Gathered:
    """Read every file that presswatch.yaml leads to."""
    gathered = Gathered()
    for index, name in enumerate(model.include):
        if name not in SEED_SETS:
            hint = did_you_mean(name, SEED_SETS) or f"shipped: {one_of(SEED_SETS)}"
            reading.say(document.at(("include", index), f"'{name}' is not a shipped set of seeds", hint))
            continue
        for kind, patterns in _PATTERNS.items():
            for path in expand(folders.seeds(), patterns):
                _take(kind, path, gathered, reading, is_seed=True)
    for kind in _PATTERNS:
        for path in _local(document, model, kind, reading):
            _take(kind, path, gathered, reading, is_seed=False)
    _exclude(document, model, gathered, reading)
    _check_retention(document, model, gathered.outlets, reading)
    _check_pace(document, model, gathered.outlets, reading)
    return gathered


def _local(document: yaml.Document, model: models.PresswatchModel, kind: str, reading: Reading) -> list[Path]:
    """Return the local files of a kind; a name that is written but leads to no file is a problem."""
    base = Path(document.file).parent
    named: tuple[str, ...] | None = getattr(model, kind)
    if named is None:
        return [path for path in expand(base, _PATTERNS[kind]) if path not in reading.files]
    paths: list[Path] = []
    for index, pattern in enumerate(named):
        matched = expand(base, (pattern,))
        if not matched:
            reading.say(document.at((kind, index), f"'{pattern}' leads to no file", f"looked in {base.absolute()}"))
        paths.extend(path for path in matched if path not in [*reading.files, *paths])
    return paths


def _take(kind: str, path: Path, gathered: Gathered, reading: Reading, *, is_seed: bool) -> None:
    """Read one file into what was gathered so far."""
    document = reading.read(path)
    found: Found[Outlet] | Found[Entity] | Found[Theme] = getattr(gathered, kind)
    reading.say(*document.problems)
    value: yaml.Value = {} if document.value is None else document.value
    if kind == "outlets":
        value = reading.vault.fill(document, value)
    found.ids |= _named(kind, value)
    model = reading.checked(document, value, _SHAPES[kind]) if document.is_whole else None
    if model is None:
        found.is_whole = False
        model = _queries_alone(value) if kind == "themes" else None
    if isinstance(model, models.OutletsFile):
        for index, block in enumerate(model.outlets):
            at: yaml.Path = ("outlets", index)
            outlet = build.outlet(block, document, at, reading)
            gathered.outlets.keep(outlet.outlet_id, outlet, document, at, reading, is_seed=is_seed)
    elif isinstance(model, models.EntitiesFile):
        for name, entity in model.entities.items():
            at = ("entities", name)
            gathered.entities.keep(name, build.entity(name, entity, document, at), document, at, reading, is_seed=is_seed)
    elif isinstance(model, models.ThemesFile):
        for name, theme in model.themes.items():
            at = ("themes", name)
            gathered.themes.keep(name, build.theme(name, theme, document, at), document, at, reading, is_seed=is_seed)


def _queries_alone(value: yaml.Value) -> models.ThemesFile:
    """Return the rules of a file that is not well, so that what is wrong with its queries is told as well."""
    blocks = value.get("themes") if isinstance(value, dict) else None
    themes: dict[str, models.ThemeModel] = {}
    for name, block in (blocks if isinstance(blocks, dict) else {}).items():
        rules = block.get("rules") if isinstance(block, dict) else None
        queries = {key: query for key, query in (rules if isinstance(rules, dict) else {}).items() if isinstance(query, str)}
        themes[name] = models.ThemeModel.model_construct(label=name, need=name, severity="normal", rules=queries)
    return models.ThemesFile.model_construct(themes=themes)


def _exclude(document: yaml.Document, model: models.PresswatchModel, gathered: Gathered, reading: Reading) -> None:
    groups: tuple[tuple[str, Found[Outlet] | Found[Entity] | Found[Theme]], ...] = (
        ("outlets", gathered.outlets),
        ("entities", gathered.entities),
        ("themes", gathered.themes),
    )
    for kind, found in groups:
        for index, name in enumerate(getattr(model.exclude, kind)):
            if name not in found.ids and found.is_whole:
                hint = did_you_mean(name, sorted(found.ids))
                reading.say(document.at(("exclude", kind, index), f"there is no '{name}' among the {kind}", hint))
            found.drop(name)


def _check_retention(document: yaml.Document, model: models.PresswatchModel, outlets: Found[Outlet], reading: Reading) -> None:
    """Say which outlets of ``retention`` are none: their texts would stay for ever without a word."""
    for name in model.retention.outlets:
        if name not in outlets.ids and outlets.is_whole:
            hint = did_you_mean(name, sorted(outlets.ids))
            reading.say(document.at(("retention", "outlets", name), f"there is no '{name}' among the outlets", hint))


def _check_pace(document: yaml.Document, model: models.PresswatchModel, outlets: Found[Outlet], reading: Reading) -> None:
    """Refuse a pace at which nobody's outlet is asked; inside networks that the operator opened any will do."""
    if model.allow_networks:
        return
    paces: list[tuple[yaml.Document, yaml.Path, float | None, float | None]] = [(document, (), model.spacing, model.poll_every)]
    paces += [(*outlets.where(name), o.spacing_s, o.poll_every_s) for name, o in outlets.values.items() if not o.allow_networks]
    hint = "less is only for outlets in allow_networks"
    for file, path, spacing_s, poll_every_s in paces:
        if spacing_s is not None and spacing_s < _LEAST_SPACING_S:
            reading.say(file.at((*path, "spacing"), "a host is asked at most once a second", hint))
        if poll_every_s is not None and poll_every_s < _LEAST_POLL_S:
            reading.say(file.at((*path, "poll_every"), "a source is polled at most once a minute", hint))


def expand(base: Path, patterns: Iterable[str]) -> list[Path]:
    """Return the files that patterns lead to, sorted, relative ones below the base; a folder means its YAML files."""
    found: list[Path] = []
    for pattern in patterns:
        path = Path(pattern).expanduser()
        root, rest = (Path(path.anchor), str(path.relative_to(path.anchor))) if path.is_absolute() else (base, str(path))
        try:
            matched = sorted(root.glob(rest))
        except (ValueError, NotImplementedError, IndexError, OSError):
            matched = []
        for match in matched:
            found.extend(sorted(match.glob("*.yaml")) if match.is_dir() else [match])
    return [path for path in dict.fromkeys(found) if path.is_file()]


def _named(kind: str, value: yaml.Value) -> set[str]:
    """Return the ids a file names, also where it is not well, so that one mistake is not told as many."""
    inner = value.get(kind) if isinstance(value, dict) else None
    if isinstance(inner, dict):
        return set(inner)
    blocks = [block for block in inner if isinstance(block, dict)] if isinstance(inner, list) else []
    ids: set[str] = set()
    for block in blocks:
        try:
            ids.add(str(block.get("id") or urls.slug(str(block.get("name", "")))))
        except ValueError:
            continue
    return ids

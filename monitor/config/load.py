"""Reads every settings file, the environment and flags into one `Settings`, or raises all problems at once.

Order: flag > environment (``PRESSWATCH_*``) > file > default.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from crawler import urls
from crawler.model import Outlet
from monitor.config import build, folders, models, notations, wording
from monitor.config import yaml12 as yaml
from monitor.config.problems import did_you_mean, in_order, one_of
from monitor.config.secrets import Vault, beside
from monitor.config.settings import Retention, Settings
from monitor.errors import ConfigError, Problem
from monitor.model import ChannelSettings, Entity, RuleSet, Subscription, Theme

SEED_SETS: Final = ("builtin:china-ai",)
_LISTS: Final = {"outlets": ("outlets/*.yaml",), "entities": ("entities.yaml",), "themes": ("themes.yaml",)}
_FROM_ENVIRONMENT: Final = tuple(
    name
    for name in models.PresswatchModel.model_fields
    if name not in {"include", "exclude", "outlets", "entities", "themes", "channels", "subscriptions", "allow_networks", "retention"}
)
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T", Outlet, Entity, Theme)


def load(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
    secrets: bool = True,
    lint: bool = False,
) -> Settings:
    """Return all settings, or raise ConfigError with all problems.

    Without a path the file is looked for, and where there is none the shipped starter serves. ``overrides`` are flags by key, None
    meaning not given. Commands that send nothing pass ``secrets=False`` and need not be able to read them. ``lint`` also parses every
    query and runs every example.
    """
    return _Loading(os.environ if environ is None else environ, overrides or {}, secrets=secrets).run(path, lint=lint)


@dataclass(slots=True, kw_only=True)
class _Found:
    """What files of one kind held: values by id, where each came from, ids that were there but not well."""

    values: dict[str, object] = field(default_factory=dict)
    places: dict[str, tuple[yaml.Document, yaml.Path]] = field(default_factory=dict)
    seeded: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    is_whole: bool = True

    def all(self, kind: type[T]) -> tuple[T, ...]:
        return tuple(value for value in self.values.values() if isinstance(value, kind))


class _Loading:
    """One run over all files; collects problems as it goes and raises them together."""

    def __init__(self, environ: Mapping[str, str], flags: Mapping[str, object], *, secrets: bool) -> None:
        self._environ = environ
        self._flags = {key: value for key, value in flags.items() if value is not None}
        self._vault = Vault(environ, is_open=secrets)
        self._problems: list[Problem] = []
        self._files: list[Path] = []

    def run(self, path: Path | None, *, lint: bool) -> Settings:
        """Read, check, build."""
        given = path or folders.find_config(self._environ)
        document = self._read(given or folders.seeds() / folders.FILE)
        model = self._main(document)
        if model is None:
            raise ConfigError(in_order([*self._problems, *self._vault.problems]))
        outlets, entities, themes = self._lists(document, model)
        self._exclude(document, model, {"outlets": outlets, "entities": entities, "themes": themes})
        channels, subscriptions = self._routes(document, model, themes)
        rules = build.rule_set(entities.all(Entity), themes.all(Theme))
        if lint and entities.is_whole and themes.is_whole:
            self._lint(rules)
        self._listening(document, model)
        secret = {key: self._secret(document, model, key) for key in ("archive_url", "token", "heartbeat_url")}
        archive = self._archive(document, model, secret["archive_url"], given)
        problems = [*self._problems, *self._vault.problems]
        if problems:
            raise ConfigError(in_order(problems))
        watched = outlets.all(Outlet)
        return Settings(
            archive=archive,
            timezone=self._timezone(model),
            contact=model.contact,
            outlets=watched,
            rules=rules,
            channels=channels,
            subscriptions=subscriptions,
            listen=model.listen,
            public_url=model.public_url,
            token=secret["token"],
            heartbeat_url=secret["heartbeat_url"],
            spacing_s=model.spacing,
            poll_every_s=model.poll_every,
            poll_at_least_s=model.poll_at_least,
            requests_per_hour=model.requests_per_hour or 2.0 * max(1, sum(len(o.sources) for o in watched)),
            allow_networks=model.allow_networks,
            on_tdm=model.on_tdm,
            workers=model.workers,
            stories=model.stories,
            storm=model.storm,
            retention=Retention(texts_s=model.retention.texts, polls_s=model.retention.polls, entries_s=model.retention.entries),
            log_level=model.log_level,
            log_format=model.log_format,
            config_path=given,
            state_folder=folders.state_folder(given, self._environ),
            is_starter=given is None,
            files=tuple(self._files),
            secrets=tuple(dict.fromkeys(self._vault.secrets)),
            crash_at=self._environ.get("PRESSWATCH_CRASH_AT") or None,
        )

    # ---- presswatch.yaml

    def _read(self, path: Path) -> yaml.Document:
        try:
            data = path.read_bytes()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            hint = "presswatch init writes one" if path.name == folders.FILE else None
            return yaml.Document(
                file=str(path),
                text="",
                value=None,
                spots={},
                problems=(Problem(place=str(path), line=1, column=1, message=reason, hint=hint),),
            )
        self._files.append(path)
        return yaml.read(data, file=str(path))

    def _main(self, document: yaml.Document) -> models.PresswatchModel | None:
        """Check presswatch.yaml under the environment and the flags."""
        if document.problems:
            self._problems.extend(document.problems)
            return None
        file = {} if document.value is None else self._vault.fill(document, document.value)
        if not isinstance(file, dict):
            self._problems.append(document.at((), "presswatch.yaml holds keys and values, such as 'timezone: Europe/Zurich'"))
            return None
        variables = {f"PRESSWATCH_{key.upper()}": key for key in _FROM_ENVIRONMENT}
        environment = {key: self._environ[name] for name, key in variables.items() if self._environ.get(name)}
        given = {key: f"PRESSWATCH_{key.upper()}" for key in environment} | {key: f"--{key.replace('_', '-')}" for key in self._flags}
        try:
            return models.PresswatchModel.model_validate({**file, **environment, **self._flags})
        except ValidationError as error:
            self._problems.extend(wording.problems(document, error, models.PresswatchModel, given))
            return None

    def _secret(self, document: yaml.Document, model: models.PresswatchModel, key: str) -> str | None:
        """Return a value that may stand in a file of its own."""
        plain = getattr(model, key, None)
        name = getattr(model, f"{key}_file")
        if name is None:
            if plain is not None:
                self._vault.secrets.append(plain)
            return plain
        if plain is not None:
            self._problems.append(
                document.at((f"{key}_file",), f"'{key}' and '{key}_file' say the same twice", "keep one of them", key=True)
            )
        return self._vault.read(document, (f"{key}_file",), name)

    def _archive(self, document: yaml.Document, model: models.PresswatchModel, secret: str | None, given: Path | None) -> str:
        """Return the archive's URL; a bare path is an SQLite file."""
        said: str | None = secret or model.archive
        if said is None:
            return f"sqlite:///{folders.state_folder(given, self._environ).absolute() / 'archive.db'}"
        if said.startswith(("postgresql://", "postgres://", "postgresql+")):
            return said
        said = said.removeprefix("sqlite:///")
        if "://" in said:
            kinds = ("sqlite", "postgresql")
            kind = said.split("://")[0]
            self._problems.append(
                document.at(("archive",), f"'{kind}' is not a kind of archive; use {one_of(kinds)}", did_you_mean(kind, kinds))
            )
        is_ours = "archive" in self._flags or self._environ.get("PRESSWATCH_ARCHIVE")
        path = Path(said).expanduser().absolute() if is_ours else beside(document, said)
        return f"sqlite:///{path}"

    def _timezone(self, model: models.PresswatchModel) -> str:
        return model.timezone or system_timezone(self._environ)

    def _listening(self, document: yaml.Document, model: models.PresswatchModel) -> None:
        if model.listen and not notations.is_loopback(model.listen[0]) and not (model.token or model.token_file):
            message = f"listening on {model.listen[0]} shows the archive to other machines; set token_file"
            self._problems.append(document.at(("listen",), message, "or listen on 127.0.0.1 behind a reverse proxy"))

    # ---- outlets, entities, themes

    def _lists(self, document: yaml.Document, model: models.PresswatchModel) -> tuple[_Found, _Found, _Found]:
        """Read the included seeds, then the local files, which override them by id."""
        found = {kind: _Found() for kind in _LISTS}
        for index, name in enumerate(model.include):
            if name not in SEED_SETS:
                hint = did_you_mean(name, SEED_SETS) or f"shipped: {one_of(SEED_SETS)}"
                self._problems.append(document.at(("include", index), f"'{name}' is not a shipped set of seeds", hint))
                continue
            for kind, patterns in _LISTS.items():
                for path in _expand(folders.seeds(), patterns):
                    self._take(kind, path, found[kind], is_seed=True)
        for kind in _LISTS:
            for path in self._local(document, model, kind):
                self._take(kind, path, found[kind], is_seed=False)
        return found["outlets"], found["entities"], found["themes"]

    def _local(self, document: yaml.Document, model: models.PresswatchModel, kind: str) -> list[Path]:
        """Return the local files of a kind; a name that is written but leads to no file is a problem."""
        base = Path(document.file).parent
        named = getattr(model, kind)
        if named is None:
            return [path for path in _expand(base, _LISTS[kind]) if path not in self._files]
        paths: list[Path] = []
        for index, pattern in enumerate(named):
            matched = _expand(base, (pattern,))
            if not matched:
                self._problems.append(document.at((kind, index), f"'{pattern}' leads to no file", f"looked in {base.absolute()}"))
            paths.extend(path for path in matched if path not in [*self._files, *paths])
        return paths

    def _take(self, kind: str, path: Path, found: _Found, *, is_seed: bool) -> None:
        """Read one file into what was found so far."""
        document = self._read(path)
        if document.problems:
            self._problems.extend(document.problems)
            found.is_whole = False
            return
        value: yaml.Value = {} if document.value is None else document.value
        if kind == "outlets":
            value = self._vault.fill(document, value)
        found.ids |= _raw_ids(kind, value)
        model = self._validated(document, value, _FILES[kind])
        if model is None:
            found.is_whole = False
        elif isinstance(model, models.OutletsFile):
            for index, block in enumerate(model.outlets):
                at: yaml.Path = ("outlets", index)
                outlet = build.outlet(block, document, at, self._vault, self._problems)
                self._keep(found, outlet.outlet_id, outlet, document, at, is_seed=is_seed)
        elif isinstance(model, models.EntitiesFile):
            for name, entity in model.entities.items():
                at = ("entities", name)
                self._keep(found, name, build.entity(name, entity, document, at), document, at, is_seed=is_seed)
        elif isinstance(model, models.ThemesFile):
            for name, theme in model.themes.items():
                at = ("themes", name)
                self._keep(found, name, build.theme(name, theme, document, at), document, at, is_seed=is_seed)

    def _validated(self, document: yaml.Document, value: yaml.Value, shape: type[M]) -> M | None:
        if not isinstance(value, dict):
            top = next(iter(shape.model_fields))
            self._problems.append(document.at((), f"this file begins with '{top}:'"))
            return None
        try:
            return shape.model_validate(value)
        except ValidationError as error:
            self._problems.extend(wording.problems(document, error, shape))
            return None

    def _keep(self, found: _Found, name: str, value: object, document: yaml.Document, at: yaml.Path, *, is_seed: bool) -> None:
        """Keep a value under its id; a local one replaces a seed, two local ones are a problem."""
        if name in found.values and not (name in found.seeded and not is_seed):
            first, path = found.places[name]
            spot = first.spots[path]
            where = f"{first.file}:{spot.key_line}"
            self._problems.append(document.at(at, f"'{name}' is there already: {where}", "give one of them another name", key=True))
            return
        found.values[name] = value
        found.places[name] = (document, at)
        found.seeded.discard(name)
        if is_seed:
            found.seeded.add(name)

    def _exclude(self, document: yaml.Document, model: models.PresswatchModel, found: Mapping[str, _Found]) -> None:
        for kind, group in found.items():
            for index, name in enumerate(getattr(model.exclude, kind)):
                if name not in group.ids:
                    hint = did_you_mean(name, sorted(group.ids))
                    self._problems.append(document.at(("exclude", kind, index), f"there is no '{name}' among the {kind}", hint))
                group.values.pop(name, None)
                group.ids.discard(name)

    def _lint(self, rules: RuleSet) -> None:
        from monitor.rules import lint  # noqa: PLC0415 - compiling rules is paid only where it is asked for

        self._problems.extend(lint.check(rules))

    # ---- channels and subscriptions

    def _routes(
        self, document: yaml.Document, model: models.PresswatchModel, themes: _Found
    ) -> tuple[tuple[ChannelSettings, ...], tuple[Subscription, ...]]:
        """Build channels and subscriptions and check what refers to what; with neither, everything goes to the terminal."""
        zone = self._timezone(model)
        if not model.channels and not model.subscriptions:
            terminal = ChannelSettings(name="terminal", kind="stdout")
            return (terminal,), (Subscription(subscription_id="terminal", channel="terminal", themes=("*",), timezone=zone),)
        channels: dict[str, ChannelSettings] = {}
        for index, block in enumerate(model.channels):
            at: yaml.Path = ("channels", index)
            if block.name in channels:
                where = channels[block.name].place
                self._problems.append(
                    document.at((*at, "name"), f"'{block.name}' is there already: {where}", "give one of them another name")
                )
            channels.setdefault(block.name, build.channel(block, document, at, self._vault))
        subscriptions: dict[str, Subscription] = {}
        for index, wish in enumerate(model.subscriptions):
            at = ("subscriptions", index)
            self._references(document, at, wish, channels, themes)
            built = build.subscription(wish, document, at, order=index, timezone=zone)
            if built.subscription_id in subscriptions:
                where = subscriptions[built.subscription_id].place
                self._problems.append(document.at(at, f"the same subscription is there already: {where}", "keep one of them, or name both"))
            subscriptions.setdefault(built.subscription_id, built)
        return tuple(channels.values()), tuple(subscriptions.values())

    def _references(
        self, document: yaml.Document, at: yaml.Path, wish: models.SubscriptionModel, channels: Iterable[str], themes: _Found
    ) -> None:
        known = list(channels)
        if wish.to not in known:
            hint = did_you_mean(wish.to, known) or (f"channels: {one_of(known)}" if known else "name it under channels")
            self._problems.append(document.at((*at, "to"), f"there is no channel '{wish.to}'", hint))
        for index, theme in enumerate(wish.themes):
            if theme != "*" and theme not in themes.ids and themes.is_whole:
                path = (*at, "themes", index)
                path = path if path in document.spots else (*at, "themes")
                hint = did_you_mean(theme, sorted(themes.ids)) or (f"themes: {one_of(sorted(themes.ids))}" if themes.ids else None)
                self._problems.append(document.at(path, f"there is no theme '{theme}'", hint))
        if not wish.themes and not wish.notices:
            self._problems.append(document.at(at, "a subscription wants themes or notices", 'themes: ["*"] wants all'))


_FILES: Final[Mapping[str, type[BaseModel]]] = {
    "outlets": models.OutletsFile,
    "entities": models.EntitiesFile,
    "themes": models.ThemesFile,
}


def system_timezone(environ: Mapping[str, str]) -> str:
    """Return the machine's time zone by name, UTC where it has none."""
    named = environ.get("TZ", "").removeprefix(":")
    link = os.path.realpath("/etc/localtime")
    for name in (named, link.partition("zoneinfo/")[2]):
        try:
            return notations.timezone(name) if name else "UTC"
        except ValueError:
            continue
    return "UTC"


def _expand(base: Path, patterns: Iterable[str]) -> list[Path]:
    """Return the files that patterns lead to, sorted, relative ones below the base; a folder means its YAML files."""
    found: list[Path] = []
    for pattern in patterns:
        path = Path(pattern).expanduser()
        root, rest = (Path(path.anchor), str(path.relative_to(path.anchor))) if path.is_absolute() else (base, str(path))
        try:
            matched = sorted(root.glob(rest))
        except (ValueError, NotImplementedError, OSError):
            matched = []
        for match in matched:
            found.extend(sorted(match.glob("*.yaml")) if match.is_dir() else [match])
    return [path for path in dict.fromkeys(found) if path.is_file()]


def _raw_ids(kind: str, value: yaml.Value) -> set[str]:
    """Return the ids a file names, also where it is not well, so that one mistake is not told as many."""
    inner = value.get(kind) if isinstance(value, dict) else None
    if isinstance(inner, dict):
        return set(inner)
    if not isinstance(inner, list):
        return set()
    ids = set()
    for block in inner:
        if isinstance(block, dict):
            try:
                ids.add(str(block.get("id") or urls.slug(str(block.get("name", "")))))
            except ValueError:
                continue
    return ids

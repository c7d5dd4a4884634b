"""Reads every settings file, the environment and flags into one `Settings`, or raises all problems at once.

Order: flag > environment (``PRESSWATCH_*``) > file > default.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from monitor.config import build, folders, models, notations
from monitor.config import yaml12 as yaml
from monitor.config.gather import Gathered, gather
from monitor.config.problems import did_you_mean, one_of
from monitor.config.reading import Reading
from monitor.config.routes import routes
from monitor.config.secrets import beside
from monitor.config.settings import Retention, Settings
from monitor.errors import ConfigError, Problem, QueryError
from monitor.model import ChannelSettings, RuleSet

CheckChannel = Callable[[ChannelSettings], Iterable[Problem]]

_NOT_FROM_ENVIRONMENT: Final = frozenset(
    {"include", "exclude", "outlets", "entities", "themes", "channels", "subscriptions", "allow_networks", "recheck_after", "retention"}
)
VARIABLES: Final[Mapping[str, str]] = {
    f"PRESSWATCH_{key.upper()}": key for key in models.PresswatchModel.model_fields if key not in _NOT_FROM_ENVIRONMENT
}
"""Variables of the environment and the keys they set."""

_POLLS_PER_SOURCE_AND_HOUR: Final = 2.0


def load(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
    secrets: bool = True,
    lint: bool = False,
    check_channel: CheckChannel | None = None,
) -> Settings:
    """Return all settings, or raise ConfigError with all problems.

    Without a path the file is looked for, and where there is none the shipped starter serves. ``overrides`` are flags by key, None
    meaning not given. Commands that send nothing pass ``secrets=False`` and need not be able to read them. ``lint`` also parses every
    query and runs every example, and ``check_channel`` says what is wrong with a channel's own keys, which its kind alone knows.
    """
    reading = Reading(os.environ if environ is None else environ, secrets=secrets)
    given = path or folders.find_config(reading.environ)
    document = reading.read(given or folders.seeds() / folders.FILE)
    flags = {key: value for key, value in (overrides or {}).items() if value is not None}
    model, origins = _main(document, flags, reading)
    settings = None if model is None else _settings(document, model, given, origins, reading, lint=lint)
    if settings and check_channel:
        reading.say(*(problem for channel in settings.channels for problem in check_channel(channel)))
    if settings is None or reading.problems:
        raise ConfigError(reading.problems)
    return settings


def _main(
    document: yaml.Document, flags: Mapping[str, object], reading: Reading
) -> tuple[models.PresswatchModel | None, Mapping[str, str]]:
    """Check presswatch.yaml under the environment and the flags; return it and where its values came from."""
    reading.say(*document.problems)
    value = reading.vault.fill(document, {} if document.value is None else document.value)
    if not document.is_whole or not isinstance(value, dict):
        return (None if not document.is_whole else reading.checked(document, value, models.PresswatchModel)), {}
    environment = {key: reading.environ[name] for name, key in VARIABLES.items() if reading.environ.get(name)}
    given = {key: f"PRESSWATCH_{key.upper()}" for key in environment} | {key: f"--{key.replace('_', '-')}" for key in flags}
    values: dict[str, object] = {**value, **environment, **flags}
    model = reading.checked(document, values, models.PresswatchModel, given) or _what_is_well(values)
    return model, {**{key: str(build.place(document, (key,), key=True)) for key in value}, **given}


def _what_is_well(values: Mapping[str, object]) -> models.PresswatchModel:
    """Return a model of the keys that are well, so that the other files are looked at too before all problems are told."""
    well = {key: value for key, value in values.items() if _fits({key: value})}
    if "channels" in values and "channels" not in well:
        well.pop("subscriptions", None)  # which would refer to channels nobody could read
    return models.PresswatchModel.model_validate(well)


def _fits(values: Mapping[str, object]) -> bool:
    try:
        models.PresswatchModel.model_validate(values)
    except ValidationError:
        return False
    return True


def _retention(model: models.RetentionModel) -> Retention:
    return Retention(
        texts_s=model.texts,
        unmatched_texts_s=model.unmatched_texts,
        unmatched_s=model.unmatched,
        polls_s=model.polls,
        entries_s=model.entries,
        outlets=model.outlets,
    )


def _settings(
    document: yaml.Document,
    model: models.PresswatchModel,
    given: Path | None,
    origins: Mapping[str, str],
    reading: Reading,
    *,
    lint: bool,
) -> Settings:
    """Follow presswatch.yaml to everything else; what is returned counts only when there are no problems."""
    gathered = gather(document, model, reading)
    timezone = model.timezone or system_timezone(reading.environ)
    channels, subscriptions = routes(document, model, gathered.themes, timezone, reading)
    rules = _rules(gathered, reading, lint=lint)
    _check_listening(document, model, reading)
    _check_role(document, model, reading)
    token, heartbeat, link_key = (_secret(document, model, key, reading) for key in ("token", "heartbeat_url", "link_key"))
    sources = sum(len(outlet.sources) for outlet in gathered.outlets.values.values())
    _check_budget(document, model, sources, reading)
    return Settings(
        archive=_archive(document, model, given, origins, reading),
        timezone=timezone,
        contact=model.contact,
        include=model.include,
        outlets=tuple(gathered.outlets.values.values()),
        rules=rules,
        channels=channels,
        subscriptions=subscriptions,
        listen=model.listen,
        public_url=model.public_url,
        link_key=link_key,
        token=token,
        heartbeat_url=heartbeat,
        spacing_s=model.spacing,
        poll_every_s=model.poll_every,
        poll_at_least_s=model.poll_at_least,
        requests_per_hour=model.requests_per_hour or max(_POLLS_PER_SOURCE_AND_HOUR, 3600.0 / model.poll_at_least) * max(1, sources),
        recheck_after_s=tuple(sorted(model.recheck_after)),
        allow_networks=model.allow_networks,
        on_tdm=model.on_tdm,
        workers=model.workers or min(os.cpu_count() or 1, 8),
        stories=model.stories,
        storm=model.storm,
        retention=_retention(model.retention),
        role=model.role,
        node=model.node,
        lease_s=model.lease,
        log_level=model.log_level,
        log_format=model.log_format,
        config_path=given,
        state_folder=folders.state_folder(given, reading.environ),
        is_starter=given is None,
        files=(*reading.files, *(() if given else folders.config_places())),  # the starter serves until there is one
        secrets=tuple(dict.fromkeys(reading.vault.secrets)),
        origins=origins,
        notify_socket=reading.environ.get("NOTIFY_SOCKET") or None,
        watchdog_usec=reading.environ.get("WATCHDOG_USEC") or None,
        crash_at=reading.environ.get("PRESSWATCH_CRASH_AT") or None,
    )


def _rules(gathered: Gathered, reading: Reading, *, lint: bool) -> RuleSet:
    """Gather what the engine is built from. A set with holes has its queries parsed alone: every hole would be told many times."""
    rules = build.rule_set(gathered.entities.values.values(), gathered.themes.values.values())
    if lint and gathered.entities.is_whole and gathered.themes.is_whole:
        from monitor.rules import lint as rules_lint  # noqa: PLC0415 - compiling rules is paid only where it is asked for

        reading.say(*rules_lint.check(rules))
    elif lint:
        from monitor.rules.parser import parse  # noqa: PLC0415 - the same

        for rule in (rule for theme in rules.themes for rule in theme.rules):
            try:
                parse(rule.query, entities=gathered.entities.ids, place=rule.place)
            except QueryError as error:
                reading.say(*error.problems)
    return rules


def _archive(
    document: yaml.Document, model: models.PresswatchModel, given: Path | None, origins: Mapping[str, str], reading: Reading
) -> str:
    """Return the archive's URL; a bare path is an SQLite file."""
    said = _secret(document, model, "archive_url", reading) or model.archive
    if said is None:
        return f"sqlite:///{folders.state_folder(given, reading.environ).absolute() / 'archive.db'}"
    if said.startswith(("postgresql://", "postgres://", "postgresql+")):
        reading.vault.secrets.append(said)
        return said
    said = said.removeprefix("sqlite:///")
    is_from_here = origins.get("archive", "").startswith(("--", "PRESSWATCH_"))
    if "://" in said:
        kinds, kind = ("sqlite", "postgresql"), said.split("://")[0]
        told = document.at(("archive",), f"'{kind}' is not a kind of archive; use {one_of(kinds)}", did_you_mean(kind, kinds))
        if is_from_here:
            told = replace(told, place=origins["archive"], line=1, column=1, source_line=f"{kind}://…")  # it may hold a password
        reading.say(told)
    return f"sqlite:///{Path(said).expanduser().absolute() if is_from_here else beside(document, said)}"


def _secret(document: yaml.Document, model: models.PresswatchModel, key: str, reading: Reading) -> str | None:
    """Return a value that may stand in a file of its own."""
    plain: str | None = getattr(model, key, None)
    name: str | None = getattr(model, f"{key}_file")
    if name is None:
        reading.vault.secrets += [plain] if plain else []
        return plain
    if plain is not None:
        reading.say(document.at((f"{key}_file",), f"'{key}' and '{key}_file' say the same twice", "keep one of them", key=True))
    return reading.vault.read(document, (f"{key}_file",), name)


def _check_budget(document: yaml.Document, model: models.PresswatchModel, sources: int, reading: Reading) -> None:
    """Refuse a budget that cannot ask every source as often as is asked for in the same file."""
    least = sources * 3600.0 / model.poll_at_least
    if model.requests_per_hour is None or model.requests_per_hour >= least:
        return
    every_h = model.poll_at_least / 3600.0
    longest_h = math.ceil(sources / model.requests_per_hour)
    message = f"{model.requests_per_hour:g} requests an hour cannot ask {sources} sources at least every {every_h:g} h"
    reading.say(document.at(("requests_per_hour",), message, f"write {math.ceil(least)} or more, or poll_at_least: {longest_h}h"))


def _check_listening(document: yaml.Document, model: models.PresswatchModel, reading: Reading) -> None:
    if model.listen and not notations.is_loopback(model.listen[0]) and not (model.token or model.token_file):
        message = f"listening on {model.listen[0]} shows the archive to other machines; set token_file"
        reading.say(document.at(("listen",), message, "or listen on 127.0.0.1 behind a reverse proxy"))


_SHORTEST_LEASE_S = 2.0


def _check_role(document: yaml.Document, model: models.PresswatchModel, reading: Reading) -> None:
    is_server = model.archive_url_file is not None or (model.archive or "").startswith(("postgresql", "postgres:"))
    if model.role and not is_server:
        reading.say(document.at(("role",), "several nodes share an archive on PostgreSQL", "write archive: postgresql://…"))
    if model.lease < _SHORTEST_LEASE_S:
        reading.say(document.at(("lease",), f"a lease under {_SHORTEST_LEASE_S:g}s is lost by a busy node", "write 20s"))


def system_timezone(environ: Mapping[str, str]) -> str:
    """Return the machine's time zone by name, UTC where it has none."""
    named = environ.get("TZ", "").removeprefix(":")
    linked = os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    for name in filter(None, (named, linked)):
        try:
            return notations.timezone(name)
        except notations.Wrong:
            continue
    return "UTC"

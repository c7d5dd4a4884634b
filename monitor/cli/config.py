"""presswatch config: the settings in force, where each came from, and the schema of the files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Final

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Column, Row, Show, listing

if TYPE_CHECKING:
    from monitor.config.settings import Retention, Settings

MASK: Final = "***"
_COLUMNS: Final = (
    Column(title="KEY", show=lambda row: row["key"]),
    Column(title="VALUE", show=lambda row: row["value"], gives_way=True),
    Column(title="FROM", show=lambda row: row["from"], keeps_end=True),
)


@click.group("config")
def command() -> None:
    """Show the settings in force, and their schema."""


@command.command("show")
@click.option("--defaults", is_flag=True, help="The defaults of every key instead.")
@listing
@shared
@pass_given
def show(given: Given, show: Show, *, defaults: bool) -> None:
    """Print every key with its value and where it came from. Secrets are masked."""
    if defaults:
        from monitor.config.defaults import defaults as known  # noqa: PLC0415 - pydantic is paid for only here

        show([{"key": key, "value": value, "from": "default"} for key, value in known().items()], _COLUMNS)
        return
    settings = given.settings()
    show(list(_rows(settings)), _COLUMNS)


@command.command("schema")
@click.argument("file", type=click.Choice(["presswatch", "outlets", "entities", "themes"]), default="presswatch")
@shared
def schema(file: str) -> None:
    """Print the JSON schema of a settings file, for editors."""
    from monitor.config.defaults import schema as schema_of  # noqa: PLC0415 - pydantic is paid for only here

    click.echo(json.dumps(schema_of(file), ensure_ascii=False, indent=2))


def _rows(settings: Settings) -> list[Row]:
    from monitor.config.defaults import defaults  # noqa: PLC0415 - pydantic is paid for only here

    shown = _shown(settings)
    return [
        {"key": key, "value": shown.get(key, default), "from": settings.origins.get(key, "default")} for key, default in defaults().items()
    ]


def _shown(settings: Settings) -> Mapping[str, str]:
    """Return the values in force as a person writes them, lists by their size."""
    listen = f"{settings.listen[0]}:{settings.listen[1]}" if settings.listen else "off"
    themes = settings.rules.themes
    values: dict[str, str] = {
        "archive": shown_url(settings.archive),
        "timezone": settings.timezone,
        "listen": listen,
        "workers": str(settings.workers),
        "requests_per_hour": f"{settings.requests_per_hour:g}",
        "include": ", ".join(settings.include),
        "outlets": f"{len(settings.outlets)} outlets, {settings.source_count} sources",
        "entities": f"{len(settings.rules.entities)} entities",
        "themes": f"{len(themes)} themes, {settings.rule_count} rules",
        "channels": ", ".join(f"{c.name} ({c.kind})" for c in settings.channels),
        "subscriptions": ", ".join(f"{s.channel}: {' '.join(s.themes or s.notices)}" for s in settings.subscriptions),
        "allow_networks": ", ".join(settings.allow_networks),
    }
    if settings.token:
        values["token"] = MASK
    if settings.heartbeat_url:
        values["heartbeat_url"] = MASK
    simple = {"contact", "public_url", "log_level", "log_format"}
    values |= {f.name: str(getattr(settings, f.name)) for f in fields(settings) if f.name in simple and getattr(settings, f.name)}
    return values | _switches_and_times(settings)


def _switches_and_times(settings: Settings) -> dict[str, str]:
    return {
        "stories": "on" if settings.stories else "off",
        "storm": "on" if settings.storm else "off",
        "spacing": duration(settings.spacing_s),
        "poll_every": duration(settings.poll_every_s),
        "poll_at_least": duration(settings.poll_at_least_s),
        "on_tdm": settings.on_tdm.value,
        "retention": _kept(settings.retention),
    }


def _kept(retention: Retention) -> str:
    """Return what is kept how long, in one line."""
    named = ("texts", "unmatched_texts", "unmatched", "polls", "entries")
    kept = [f"{name} {keep(getattr(retention, f'{name}_s'))}" for name in named]
    return ", ".join([*kept, *(f"{outlet} {keep(seconds)}" for outlet, seconds in retention.outlets.items())])


def shown_url(url: str) -> str:
    """Return an archive's URL without its password."""
    head, separator, tail = url.partition("://")
    user, at, host = tail.rpartition("@")
    return f"{head}{separator}{user.split(':')[0]}:{MASK}@{host}" if at and ":" in user else url


def duration(seconds: float) -> str:
    """Return seconds as settings write them."""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def keep(seconds: float | None) -> str:
    """Return how long something is kept as settings write it."""
    return "forever" if seconds is None else duration(seconds)

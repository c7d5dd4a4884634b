"""presswatch channels: where messages go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Column, Row, Show, listing
from monitor.cli.sending import send_test
from monitor.errors import ChannelError

if TYPE_CHECKING:
    from monitor.config.settings import Settings

_COLUMNS: Final = (
    Column(title="NAME", show=lambda row: row["name"]),
    Column(title="KIND", show=lambda row: row["kind"]),
    Column(title="GETS", show=lambda row: "; ".join(_words(row["gets"])), gives_way=True),
    Column(title="WHERE", show=lambda row: row["place"]),
)


@click.group("channels")
def command() -> None:
    """Where messages go."""


@command.command("list")
@listing
@shared
@pass_given
def listed(given: Given, show: Show) -> None:
    """List channels and what each gets."""
    settings = given.settings()
    show([_row(settings, channel.name, channel.kind, channel.place) for channel in settings.channels], _COLUMNS, empty="no channels")


@command.command("test")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@shared
@pass_given
def tested(given: Given, names: Sequence[str]) -> None:
    """Send a test message over channels, over all of them even where one fails; exit code 1 then."""
    from monitor.config.problems import did_you_mean  # noqa: PLC0415 - only the unlucky pay

    settings = given.settings(secrets=True)
    known = {channel.name: channel for channel in settings.channels}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise click.UsageError(f"there is no channel '{name}'" + (f"; {hint}" if hint else f"; channels: {', '.join(known)}"))
    failed = []
    for name in names:
        try:
            send_test(given, settings, known[name])
        except ChannelError as error:
            if given.is_debug:
                raise
            failed.append(name)
            click.echo(f"{name}: {error}", err=True)
    if failed:
        raise click.exceptions.Exit(1)


def _row(settings: Settings, name: str, kind: str, place: object) -> Row:
    gets = [
        f"{', '.join(s.themes or s.notices)}" + (f" ({s.digest.every.value} digest)" if s.digest else "")
        for s in settings.subscriptions
        if s.channel == name
    ]
    return {"name": name, "kind": kind, "gets": gets, "place": str(place or "")}


def _words(value: object) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list) else []

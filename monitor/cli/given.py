"""What every command is given: the settings file, flags, the clock; and how it reads settings and opens the archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from monitor.clock import Clock, SystemClock

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.config.load import CheckChannel
    from monitor.config.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Given:
    """The shared options of one call."""

    config: Path | None = None
    is_debug: bool = False
    flags: dict[str, object] = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock)

    def settings(
        self,
        *,
        secrets: bool = False,
        lint: bool = False,
        overrides: Mapping[str, object] | None = None,
        check_channel: CheckChannel | None = None,
    ) -> Settings:
        """Read all settings; raises ConfigError with every problem."""
        from monitor.config.load import load  # noqa: PLC0415 - pydantic is paid for only by commands that read settings

        given = {**self.flags, **(overrides or {})}
        return load(self.config, overrides=given, secrets=secrets, lint=lint, check_channel=check_channel)

    @staticmethod
    def make_home(settings: Settings) -> None:
        """Make the folder of an archive that stands where it stands by default; a folder a person names is theirs to make."""
        path = settings.archive_path
        if path is not None and "archive" not in settings.origins:
            path.parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def archive(self, settings: Settings, *, create: bool = False) -> Iterator[Archive]:
        """Open the archive beside a daemon that may be running."""
        from monitor.archive import Archive  # noqa: PLC0415 - the database is paid for only by commands that ask it

        archive = Archive.open(settings.archive, clock=self.clock, create=create)
        try:
            yield archive
        finally:
            archive.close()


pass_given = click.make_pass_decorator(Given)


def _keep_config(ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.ensure_object(Given).config = value


def _keep_debug(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's own signature
    if value:
        ctx.ensure_object(Given).is_debug = True


def shared(function: F) -> F:
    """Add the options every command takes, before or after its name."""
    options = (
        click.option(
            "-c",
            "--config",
            type=click.Path(path_type=Path, dir_okay=False),
            callback=_keep_config,
            expose_value=False,
            help="Settings file instead of the one that is found.",
        ),
        click.option("--debug", is_flag=True, callback=_keep_debug, expose_value=False, help="Show tracebacks."),
    )
    for option in reversed(options):
        function = option(function)
    return function

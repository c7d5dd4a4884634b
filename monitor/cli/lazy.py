"""Groups that know their commands by name and one line of help, and import a command only when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click
from click.exceptions import NoSuchCommand


class LazyGroup(click.Group):
    """``rooms`` maps a section's title to commands: name to ``(module, one line of help)``; the attribute is ``command``."""

    def __init__(self, *args: object, rooms: Mapping[str, Mapping[str, tuple[str, str]]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # click's own signature
        self._rooms = rooms
        self._where = {name: where for section in rooms.values() for name, where in section.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        return list(self._where)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's own signature
        where = self._where.get(cmd_name)
        if where is None:
            return None
        command = import_module(where[0]).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand:
            raise NoSuchCommand(args[0], possibilities=self._where, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's own signature
        for title, section in self._rooms.items():
            with formatter.section(title):
                formatter.write_dl([(name, line) for name, (_module, line) in section.items()])

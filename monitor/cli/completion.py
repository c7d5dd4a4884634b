"""presswatch completion: the script a shell needs to complete commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from monitor.cli.given import shared


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@shared
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    bash: presswatch completion bash > ~/.local/share/bash-completion/completions/presswatch
    """
    found = get_completion_class(shell)
    assert found is not None
    root = ctx.find_root()
    click.echo(found(root.command, {}, "presswatch", "_PRESSWATCH_COMPLETE").source())

"""presswatch completion: the script a shell needs to complete commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from monitor.cli.given import shared


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@shared
def command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    presswatch completion bash > ~/.local/share/bash-completion/completions/presswatch
    presswatch completion zsh > "${fpath[1]}/_presswatch"
    presswatch completion fish > ~/.config/fish/completions/presswatch.fish
    """  # noqa: D301 - click's mark for lines that stay as they are
    click.echo(script(shell))


def script(shell: str) -> str:
    """Return the script; it asks ``presswatch`` itself at each completion, so it stays right as commands change."""
    from monitor.cli.app import cli  # noqa: PLC0415 - the root imports this command lazily, and so do we it

    found = get_completion_class(shell)
    assert found is not None
    return found(cli, {}, "presswatch", "_PRESSWATCH_COMPLETE").source()

"""The command ``presswatch``: its nouns and verbs, and how everything that goes wrong ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final

import click

from monitor.cli.given import Given, shared
from monitor.cli.lazy import LazyGroup
from monitor.config.terminal import wants_colour
from monitor.errors import ConfigError, PresswatchError, QueryError

USAGE: Final = 2
UNAVAILABLE: Final = 69
INTERRUPTED: Final = 130

ROOMS: Final = {
    "Every day": {
        "init": ("monitor.cli.init", "Write the settings for a first watch."),
        "run": ("monitor.cli.run", "Watch, decide and deliver until stopped."),
        "status": ("monitor.cli.status", "What works, what needs a look."),
        "doctor": ("monitor.cli.doctor", "Check the whole installation."),
        "why": ("monitor.cli.why", "Tell the whole way of a URL, alert or article."),
        "subscribe": ("monitor.cli.subscribe", "Send a theme to a channel."),
    },
    "Nouns": {
        "rules": ("monitor.cli.rules", "List, check, test, explain and backtest rules."),
        "outlets": ("monitor.cli.outlets", "List, check, add, import and export outlets."),
        "alerts": ("monitor.cli.alerts", "List, show, resend, mute and mark alerts."),
        "channels": ("monitor.cli.channels", "List channels and test them."),
        "archive": ("monitor.cli.archive", "Search, export, check and back up the archive."),
        "dashboard": ("monitor.cli.dashboard", "Show the archive in the browser, read-only."),
        "db": ("monitor.cli.db", "Revisions of the archive's schema; restore a backup."),
        "config": ("monitor.cli.config", "Show the settings in force, and their schema."),
        "completion": ("monitor.cli.completion", "Print the completion script of a shell."),
    },
}
_HELP: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Root(LazyGroup):
    """The outermost group; a reader that closes the pipe had enough, which is no error."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _close_stdout()
            raise click.exceptions.Exit(0) from None


def _close_stdout() -> None:
    """Let Python's own last flush go nowhere instead of complaining."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=_Root, rooms=ROOMS, context_settings=_HELP)
@click.version_option(None, "--version", package_name="presswatch", message="presswatch %(version)s")
@shared
def cli() -> None:
    """Watch news outlets in many languages and speak once per story, with the reason and the evidence.

    Data goes to stdout, talk to stderr. Exit codes: 0 ok, 1 a negative answer or a problem found, 2 usage, 69 unavailable,
    75 try again, 78 configuration, 130 interrupted.
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; what a person can act on is told without a traceback."""
    given = Given()
    sys.excepthook = _last_word(given)
    try:
        outcome = cli.main(list(arguments), prog_name="presswatch", standalone_mode=False, obj=given, color=wants_colour(sys.stdout))
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except PresswatchError as error:
        if given.is_debug:
            raise
        return _told(error)
    except BrokenPipeError:
        _close_stdout()
        return 0
    except OSError as error:
        if given.is_debug:
            raise
        click.echo(f"error: {error.filename or ''}: {(error.strerror or str(error)).lower()}".replace("error: : ", "error: "), err=True)
        return UNAVAILABLE
    return outcome if isinstance(outcome, int) else 0


def _told(error: PresswatchError) -> int:
    """Say an error in full and return its exit code; a query on the command line is a matter of usage."""
    if isinstance(error, ConfigError | QueryError):
        from monitor.config.problems import render_all  # noqa: PLC0415 - only the unlucky pay

        click.echo(render_all(error.problems), err=True)
        return USAGE if isinstance(error, QueryError) else error.exit_code
    click.echo(f"error: {error}", err=True)
    return error.exit_code


def _last_word(given: Given) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """Keep tracebacks for those who ask for them."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if given.is_debug:
            sys.__excepthook__(kind, error, trace)
            return
        what = f"internal error: {kind.__name__}: {error}"
        sys.stderr.write(f"{what}\nThis is a bug. Run the same again with --debug and report what it says.\n")

    return hook

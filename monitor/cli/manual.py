"""Tells the man page and the shells' completion scripts from the commands themselves; the wheel is built with them.

Nothing but click is imported here: building a wheel must not need what it declares to need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc
from typing import Final

import click

from monitor.cli.app import cli
from monitor.cli.completion import script

_ASIDE: Final = ("--help", "--debug", "--config")
"""Options that every command takes; the page tells them once."""
_FILES: Final = (
    ("~/.config/presswatch/presswatch.yaml", "A person's settings."),
    ("/etc/presswatch/presswatch.yaml", "A service's settings; root and services ask it first."),
    ("~/.local/share/presswatch/archive.db", "The archive of a person; /var/lib/presswatch/archive.db is a service's."),
)
_VARIABLES: Final = (
    ("PRESSWATCH_CONFIG", "The settings file."),
    ("PRESSWATCH_*", "Any simple key of presswatch.yaml, in capitals: PRESSWATCH_WORKERS, PRESSWATCH_LOG_FORMAT."),
    ("NO_COLOR", "No colours, whatever the terminal."),
    ("NOTIFY_SOCKET, WATCHDOG_USEC, STATE_DIRECTORY, CREDENTIALS_DIRECTORY", "What systemd gives a service."),
)
_SIGNALS: Final = (
    ("SIGTERM, SIGINT", "End cleanly; what is under way is finished or still due at the next start."),
    ("SIGHUP", "Read the settings again; broken ones are told and change nothing. Where its terminal was closed, end."),
)
_EXITS: Final = (
    ("0", "Well."),
    ("1", "A negative answer, or a problem was found."),
    ("2", "Wrong usage."),
    ("69", "Something it needs is not there."),
    ("75", "Try again: another daemon holds the archive."),
    ("78", "The settings are wrong; nothing was started or changed."),
    ("130", "Interrupted."),
)


def written(version: str) -> dict[str, str]:
    """Return the text of every file by its path under ``share``."""
    return {
        "man/man1/presswatch.1": page(version),
        "bash-completion/completions/presswatch": script("bash"),
        "zsh/site-functions/_presswatch": script("zsh"),
        "fish/vendor_completions.d/presswatch.fish": script("fish"),
    }


def page(version: str) -> str:
    """Return the man page in roff."""
    said = [
        f'.TH PRESSWATCH 1 "" "presswatch {version}" "Presswatch"',
        ".ad l",
        ".nh",
        ".SH NAME",
        r"presswatch \- watch news outlets in many languages and speak once per story",
        ".SH SYNOPSIS",
        ".B presswatch",
        r"[\-c FILE] [\-\-debug] COMMAND [ARGUMENTS]",
        ".SH DESCRIPTION",
        *_paragraphs(cli.help or ""),
        ".SH OPTIONS",
        *_definitions(_options(cli, aside=())),
        ".SH COMMANDS",
        *_commands(),
        ".SH SIGNALS",
        *_definitions(_SIGNALS),
        ".SH EXIT STATUS",
        *_definitions(_EXITS),
        ".SH ENVIRONMENT",
        *_definitions(_VARIABLES),
        ".SH FILES",
        *_definitions(_FILES),
    ]
    return "\n".join(said) + "\n"


def _commands() -> Iterator[str]:
    for words, command in _walk(cli, ("presswatch",)):
        context = click.Context(command, info_name=" ".join(words))
        yield ".SS " + _roff(" ".join([*words[1:], *command.collect_usage_pieces(context)]))
        yield from _paragraphs(command.help or "")
        yield from _definitions(_options(command, aside=_ASIDE))


def _walk(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words, groups opened."""
    context = click.Context(group, info_name=" ".join(words))
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from _walk(command, (*words, name))
        else:
            yield (*words, name), command


def _options(command: click.Command, *, aside: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=command.name)
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1] and not set(parameter.opts) & set(aside):
            yield record


def _definitions(pairs: Iterator[tuple[str, str]] | tuple[tuple[str, str], ...]) -> Iterator[str]:
    for term, said in pairs:
        yield from (".TP", f"\\fB{_roff(term)}\\fR", _roff(said))


def _paragraphs(text: str) -> Iterator[str]:
    for number, block in enumerate(re.split(r"\n\s*\n", cleandoc(text))):
        if number:
            yield ".PP"
        if block.startswith("\b\n"):
            yield from (".nf", *(_roff(line) for line in block.splitlines()[1:]), ".fi")
        else:
            yield _roff(" ".join(block.split()))


def _roff(text: str) -> str:
    """Escape what roff would take for itself."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\\&" + escaped if escaped.startswith(".") else escaped

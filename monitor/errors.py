"""The errors a person may meet.

PresswatchError
├── ConfigError(problems)      settings, outlets, entities, themes: nothing is started or swapped       exit 78
├── QueryError(problems)       a query that cannot be parsed                                            exit 78 in files, 2 on the line
├── ArchiveError               the archive cannot be read or written                                    exit 69
│   ├── ArchiveBusy            another daemon holds it                                                  exit 75
│   ├── ArchiveFull            no space left; heals itself
│   └── WrongRevision          another schema revision; names the command                               exit 78
├── DaemonAway                 no daemon answers where one was asked                                    exit 69
├── Unavailable                something beside the archive is not there: an extra, a port              exit 69
├── ClaimLost                  another node has this piece of work now; what this one found is dropped   exit 75
└── ChannelError
    ├── ChannelBusy            try again, perhaps after ``retry_after_s``
    └── ChannelRefused         this message will never be taken: dead
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a file or query; ``line`` and ``column`` count from 1, ``column`` in characters."""

    place: str
    line: int
    column: int
    message: str
    source_line: str = ""
    hint: str | None = None
    code: str | None = None


class PresswatchError(Exception):
    """Something a person can act on; the message says what happened, what we do now and what to do."""

    exit_code = 1


class ConfigError(PresswatchError):
    """The settings cannot be used; ``problems`` holds all of them."""

    exit_code = 78

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problem(s) in the configuration; nothing was started or changed")


class QueryError(PresswatchError):
    """A query cannot be parsed; ``problems`` holds all that was found."""

    exit_code = 78

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.line}:{p.column}: {p.code}: {p.message}" for p in self.problems))


class ArchiveError(PresswatchError):
    """The archive cannot be read or written."""

    exit_code = 69


class ArchiveBusy(ArchiveError):
    """Another daemon holds the archive."""

    exit_code = 75


class ArchiveFull(ArchiveError):
    """No space is left for the archive; fetching pauses, delivery goes on, and it heals itself."""


class WrongRevision(ArchiveError):
    """The archive's schema is not the one this version writes."""

    exit_code = 78


class DaemonAway(PresswatchError):
    """No daemon answers where one was asked."""

    exit_code = 69


class Unavailable(PresswatchError):
    """What a command needs beside the archive is not there: a library of an extra, a port."""

    exit_code = 69


class ClaimLost(PresswatchError):
    """Another node has this piece of work now: nothing of it is written here."""

    exit_code = 75


class ChannelError(PresswatchError):
    """A channel did not take a message."""

    exit_code = 69


class ChannelBusy(ChannelError):
    """The channel may take the message later, after ``retry_after_s`` seconds where it said so."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ChannelRefused(ChannelError):
    """The channel will never take this message."""

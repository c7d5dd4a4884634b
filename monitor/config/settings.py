"""What the rest of the program gets of all files, environment and flags: one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crawler.model import Outlet, TdmPolicy
from monitor.model import ChannelSettings, RuleSet, Subscription

NOTICE_KINDS: Final = (
    "silent",
    "blocked",
    "dead",
    "overflow",
    "extraction",
    "channel-dead",
    "disk",
    "clock",
    "budget",
    "contact",
    "rules-invalid",
)
"""News about Presswatch itself that a subscription may ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long the archive keeps what, in seconds; ``None`` is for ever. ``outlets`` says it of single outlets' texts."""

    texts_s: float | None = None
    unmatched_texts_s: float | None = 365 * 86_400.0
    unmatched_s: float | None = None
    outlets: Mapping[str, float | None] = field(default_factory=dict)
    polls_s: float | None = 90 * 86_400.0
    entries_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a person asked for, checked. Durations in seconds.

    ``role`` makes this one of several nodes, which ``lease_s`` after its last sign of life loses its work to the others.
    ``archive`` is a URL (``sqlite:////path`` or ``postgresql://…``). ``listen`` is host and port of the daemon's pages, None for none;
    ``token`` opens them to others than this machine, ``link_key`` signs links to them. ``requests_per_hour`` is the budget of all polls together. ``files`` are all files
    read, and where a first one would be, ``config_path`` the first of them, None where nothing was written yet and the shipped starter serves (``is_starter``).
    ``secrets`` must never be shown; they are what a log's redactor learns. ``origins`` says where a key's value came from: a place, a
    variable or a flag; keys that are not in it have their default. ``notify_socket`` and ``watchdog_usec`` are systemd's.
    """

    archive: str = field(repr=False)
    timezone: str
    contact: str | None = None
    include: tuple[str, ...] = ()
    outlets: tuple[Outlet, ...] = ()
    rules: RuleSet
    channels: tuple[ChannelSettings, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    listen: tuple[str, int] | None = ("127.0.0.1", 8642)
    public_url: str | None = None
    link_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    heartbeat_url: str | None = field(default=None, repr=False)
    spacing_s: float = 1.0
    poll_every_s: float = 60.0
    poll_at_least_s: float = 6 * 3600.0
    requests_per_hour: float = 0.0
    recheck_after_s: tuple[float, ...] = (3600.0, 6 * 3600.0, 86_400.0)
    allow_networks: tuple[str, ...] = ()
    on_tdm: TdmPolicy = TdmPolicy.RECORD
    workers: int = 1
    stories: bool = True
    storm: bool = True
    retention: Retention = Retention()
    role: str | None = None
    node: str | None = None
    lease_s: float = 20.0
    log_level: str = "info"
    log_format: str = "auto"
    config_path: Path | None = None
    state_folder: Path
    is_starter: bool = False
    files: tuple[Path, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    origins: Mapping[str, str] = field(default_factory=dict)
    notify_socket: str | None = None
    watchdog_usec: str | None = None
    crash_at: str | None = None

    @property
    def archive_path(self) -> Path | None:
        """The file of an SQLite archive, None on a server."""
        prefix = "sqlite:///"
        return Path(self.archive.removeprefix(prefix)) if self.archive.startswith(prefix) else None

    @property
    def source_count(self) -> int:
        """How many doors are watched."""
        return sum(len(outlet.sources) for outlet in self.outlets)

    @property
    def rule_count(self) -> int:
        """How many rules are watched for."""
        return sum(len(theme.rules) for theme in self.rules.themes)

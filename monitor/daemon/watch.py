"""What is watched, compiled from one reading of the settings, and which of them is in force."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from crawler import cadence
from crawler.cadence import CadenceConfig
from crawler.model import Outlet, Source
from monitor import routing
from monitor.archive import Archive, reads
from monitor.channels import Channel
from monitor.config.settings import Settings
from monitor.errors import ArchiveError
from monitor.pipeline import Desk
from monitor.rules.engine import Engine, compile_rules

_UNKNOWN_S = 3600.0
"""The shortest time between two polls while outlets do not know whom to write to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is watched and by which rules: swapped as one on reload, so that a theme is never asked of another rule set."""

    settings: Settings
    desk: Desk
    engine: Engine
    sources: Mapping[str, Source]
    cadence: CadenceConfig

    def cadence_of(self, outlet: Outlet) -> CadenceConfig:
        """The limits that an outlet is polled within: its own floor, hourly where it would not know whom to write to."""
        if outlet.poll_every_s is None:
            return self.cadence
        is_unknown = not (self.settings.contact or self.settings.allow_networks or outlet.allow_networks)
        floor_s = max(outlet.poll_every_s, _UNKNOWN_S if is_unknown else 0.0)
        return replace(self.cadence, floor_s=floor_s, max_interval_s=max(self.cadence.max_interval_s, floor_s))


@dataclass(slots=True)
class InForce:
    """The watch, the channels and the key of links that hold now; whoever needs them asks here each time, so that a reload reaches all at once."""

    watch: Watch
    sending: Mapping[str, Channel]
    link_key: bytes | None = None

    @property
    def settings(self) -> Settings:
        """The settings the watch was compiled from."""
        return self.watch.settings


async def compiled(settings: Settings, archive: Archive) -> Watch:
    """Compile what is watched beside the loop, by what the archive knows of rare words; raises ConfigError with every problem."""
    try:
        frequencies = await archive.read(reads.token_counts)
    except ArchiveError:
        frequencies = None  # rules find the same without it, only slower; whoever writes next says what is wrong
    return await asyncio.to_thread(watch_of, settings, frequencies)


def watch_of(settings: Settings, frequencies: dict[str, int] | None = None) -> Watch:
    """Compile what is watched; raises ConfigError with every problem."""
    desk = Desk(
        themes={t.theme_id: t for t in settings.rules.themes},
        outlets={o.outlet_id: o for o in settings.outlets},
        subscriptions=routing.with_defaults(settings.subscriptions, settings.channels),
        stories=settings.stories,
        storms=settings.storm,
        recheck_after_s=settings.recheck_after_s,
    )
    return Watch(
        settings=settings,
        desk=desk,
        engine=compile_rules(settings.rules, frequencies=frequencies),
        sources={s.source_id: s for o in settings.outlets for s in o.sources},
        cadence=_cadence(settings),
    )


def _cadence(settings: Settings) -> CadenceConfig:
    floor_s = settings.poll_every_s if settings.contact else max(settings.poll_every_s, _UNKNOWN_S)
    wanted = CadenceConfig(max_interval_s=settings.poll_at_least_s)
    longest_s = cadence.reachable_interval(settings.source_count, settings.requests_per_hour, wanted)
    return CadenceConfig(floor_s=floor_s, max_interval_s=max(longest_s, floor_s))

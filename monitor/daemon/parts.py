"""What a running daemon is made of: what happens by the clock, on a signal or over HTTP works on these."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from crawler.children import Children
from crawler.runner import Crawl, CrawlSettings
from monitor.archive import Archive, HostRows, SharedHostRows, Tx, writes
from monitor.clock import Clock, SystemClock
from monitor.config.settings import Settings
from monitor.daemon.line import Line
from monitor.daemon.node import Node
from monitor.daemon.notices import Notices
from monitor.daemon.notify import Notifier
from monitor.daemon.orders import Orders
from monitor.daemon.say import Voice
from monitor.daemon.watch import InForce
from monitor.daemon.welcome import welcome
from monitor.delivery import Deliverer
from monitor.metrics import Metrics
from monitor.queue import Queue

VERSION: Final = version("presswatch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What this run is for: ``once`` ends after one pass; ``tips`` are told once the first pass is done; ``is_demo`` has no files to read again."""

    once: bool = False
    is_terminal: bool = False
    is_demo: bool = False
    tips: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Made once, by ``run``; only what ``in_force`` holds is swapped, by a reload."""

    purpose: Purpose
    clock: SystemClock
    metrics: Metrics
    voice: Voice
    notifier: Notifier
    in_force: InForce
    archive: Archive
    children: Children
    notices: Notices
    deliverer: Deliverer
    line: Line
    crawl: Crawl
    slots: HostRows | SharedHostRows
    orders: Orders
    queue: Queue
    node: Node


def crawl_settings(settings: Settings) -> CrawlSettings:
    """Return what the crawler may know of the settings."""
    return CrawlSettings(
        version=VERSION,
        contact=settings.contact or "",
        spacing_s=settings.spacing_s,
        allow_networks=settings.allow_networks,
        on_tdm=settings.on_tdm,
    )


async def record(settings: Settings, archive: Archive, clock: Clock) -> None:
    """Write outlets, sources, rules and subscriptions down as they are from now on."""

    def put(tx: Tx) -> None:
        now = clock.now()
        writes.put_outlets(tx, settings.outlets, now)
        writes.put_rules(tx, settings.rules, now)
        welcome(tx, settings.subscriptions, now)

    await archive.write(put)

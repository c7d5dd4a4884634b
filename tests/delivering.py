"""Delivery alone, as a process to be killed: empties an outbox into a webhook until somebody ends it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import structlog

from monitor.archive import Archive
from monitor.channels import load
from monitor.clock import SystemClock
from monitor.config.settings import Settings
from monitor.daemon.outbox import ArchiveOutbox
from monitor.daemon.watch import InForce
from monitor.delivery import Deliverer
from monitor.model import ChannelSettings, RuleSet
from monitor.queue.local import LocalQueue


@dataclass
class Alone:
    """The settings in force, of which delivery needs few."""

    settings: Settings
    link_key: bytes | None = None


async def main(archive_url: str, url: str) -> None:
    """Deliver until killed."""
    clock = SystemClock()
    archive = Archive.open(archive_url, clock=clock, hold=True)
    rules = RuleSet(entities=(), themes=(), version="0")
    settings = Settings(archive=archive_url, timezone="UTC", rules=rules, state_folder=Path())
    outbox = ArchiveOutbox(archive, cast("InForce", Alone(settings)), LocalQueue())
    channel = load(ChannelSettings(name="desk", kind="webhook", options={"url": url}))
    await Deliverer(outbox, {"desk": channel}, clock).run()


def run(archive_url: str, url: str) -> None:
    """Deliver in this process."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    asyncio.run(main(archive_url, url))

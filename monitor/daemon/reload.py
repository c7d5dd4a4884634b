"""Reading the settings again: on SIGHUP, and when a file of them changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from monitor import channels
from monitor.channels import Channel
from monitor.config.settings import Settings
from monitor.daemon import heap
from monitor.daemon.files import Stamps, stamps
from monitor.daemon.keys import link_key
from monitor.daemon.parts import Parts, crawl_settings, record
from monitor.daemon.watch import InForce, Watch, compiled
from monitor.errors import ConfigError
from monitor.logs import Redactor
from monitor.queue import News

_log = structlog.get_logger()

_SETTLE_S = 0.5


class Reload:
    """Swaps everything as one, or nothing: what is broken changes nothing and says so. ``load`` reads files, environment and flags."""

    def __init__(self, parts: Parts, *, load: Callable[[], Settings], redactor: Redactor) -> None:
        self._parts = parts
        self._load = load
        self._redactor = redactor
        self._turn = asyncio.Lock()
        self._stamps: Stamps = stamps(parts.in_force.settings.files)
        self._running: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Begin a reload; for a signal, which cannot wait."""
        task = asyncio.get_running_loop().create_task(self.now(), name="reload")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def look(self) -> None:
        """Reload where a file changed and nobody is still writing."""
        files = self._parts.in_force.settings.files
        seen = await asyncio.to_thread(stamps, files)
        if seen == self._stamps:
            return
        await asyncio.sleep(_SETTLE_S)
        if seen == await asyncio.to_thread(stamps, files):
            await self.now()

    async def now(self) -> None:
        """Read everything anew and swap it; one reload at a time."""
        async with self._turn:
            parts = self._parts
            parts.notifier.reloading()
            self._stamps = await asyncio.to_thread(stamps, parts.in_force.settings.files)
            try:
                watch, sending = await self._fresh()
            except ConfigError as error:
                await self._keep(error)
            else:
                await self._swap(watch, sending)
            parts.notifier.ready(f"watching {len(parts.in_force.settings.outlets)} outlets")

    async def follow(self, version: str) -> None:
        """Take the rules that another node put in force, as they stand in this node's own files; say so where they do not."""
        async with self._turn:
            parts = self._parts
            self._stamps = await asyncio.to_thread(stamps, parts.in_force.settings.files)
            try:
                watch, sending = await self._fresh()
            except ConfigError as error:
                await self._keep(error)
                return
            found = watch.settings.rules.version
            if found != version:
                parts.metrics.reload_ok.set(0)
                parts.node.error = (
                    f"its files hold rules {found}, the others run {version}; it goes on with {parts.in_force.settings.rules.version}"
                )
                _log.error("settings not followed", reason=parts.node.error)
                return
            await self._swap(watch, sending, is_first=False)

    async def _fresh(self) -> tuple[Watch, dict[str, Channel]]:
        settings = await asyncio.to_thread(self._load)
        watch = await compiled(settings, self._parts.archive)
        return watch, opened(settings, self._parts.in_force)

    async def _keep(self, error: ConfigError) -> None:
        """Go on with what was in force, and say what is wrong."""
        self._parts.metrics.reload_ok.set(0)
        first = error.problems[0] if error.problems else None
        text = f"not reloaded: {first.place}:{first.line}: {first.message}" if first else str(error)
        self._parts.node.error = text
        await self._parts.notices.tell("rules-invalid", "settings", text)
        for problem in error.problems:
            _log.error("settings not reloaded", reason=f"{problem.place}:{problem.line}:{problem.column}: {problem.message}")

    async def _swap(self, watch: Watch, sending: Mapping[str, Channel], *, is_first: bool = True) -> None:
        """Put all of it in force; ``is_first`` of several nodes writes it down and tells the others."""
        parts, fresh = self._parts, watch.settings
        waiting = at_restart(parts.in_force.settings, fresh)
        self._redactor.learn((*fresh.secrets, *channel_secrets(fresh)))
        if is_first:
            await record(fresh, parts.archive, parts.clock)
        parts.in_force.link_key = await asyncio.to_thread(link_key, fresh)
        parts.in_force.watch = watch
        self._stamps = {path: self._stamps.get(path, stamp) for path, stamp in stamps(fresh.files).items()}
        parts.crawl.adopt(crawl_settings(fresh))
        await parts.deliverer.swap(sending)
        parts.in_force.sending = sending
        parts.metrics.reload_ok.set(1)
        parts.node.error = None
        if is_first:
            await parts.queue.announce(News(version=fresh.rules.version, node=parts.node.name))
        heap.settle()
        parts.voice.note(f"settings reloaded: {len(fresh.outlets)} outlets, {fresh.rule_count} rules")
        if waiting:
            _log.warning("settings wait for a restart", reason=f"{', '.join(waiting)} of a running daemon cannot change; start it again")


def at_restart(before: Settings, fresh: Settings) -> tuple[str, ...]:
    """Name the keys that changed and are taken only at the next start."""
    keys = {key: key.removesuffix("_s") for key in ("archive", "listen", "workers", "role", "node", "lease_s", "log_level", "log_format")}
    return tuple(name for key, name in keys.items() if getattr(before, key) != getattr(fresh, key))


def opened(settings: Settings, before: InForce | None = None) -> dict[str, Channel]:
    """Return a sender for every channel: the one there was, where its settings did not change."""
    known = {c.name: c for c in before.settings.channels} if before else {}
    sending = before.sending if before else {}
    return {c.name: sending[c.name] if known.get(c.name) == c else channels.load(c) for c in settings.channels}


def channel_secrets(settings: Settings) -> tuple[str, ...]:
    """What channels keep to themselves."""
    return tuple(secret for channel in settings.channels for secret in channels.secrets(channel))

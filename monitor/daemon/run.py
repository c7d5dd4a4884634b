"""Start everything in order, keep it running, and end it in order."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

import structlog

from crawler import cadence
from crawler.children import Children, Limits
from crawler.model import Source
from crawler.runner import Crawl, CrawlSettings
from monitor import channels, logs, routing
from monitor.archive import Archive, HostRows, RobotsRows, Tx, reads, writes
from monitor.clock import JUMP_S, SystemClock
from monitor.config.settings import Settings
from monitor.daemon.files import Stamps, stamps
from monitor.daemon.http import Server
from monitor.daemon.jobs import Jobs
from monitor.daemon.line import Line, Watch
from monitor.daemon.notices import Notices
from monitor.daemon.notify import Notifier
from monitor.daemon.orders import Orders
from monitor.daemon.outbox import ArchiveOutbox
from monitor.daemon.say import LogVoice, TerminalVoice, Voice
from monitor.delivery import Deliverer
from monitor.errors import ArchiveError, ConfigError
from monitor.metrics import Metrics
from monitor.model import Delivery, DeliveryKind, DeliveryStatus, StoryBrief
from monitor.pipeline import Desk
from monitor.render import atom
from monitor.rules.engine import compile_rules

_log = structlog.get_logger()

VERSION = version("presswatch")
TICK_S = 1.0
FILES_S = 10.0
"""Seconds between two looks at the settings files."""
_SETTLE_S = 0.5
_FEED_LENGTH = 50
EXIT_INTERRUPTED = 130
_BEAT_S = 60.0
"""A spider that gave no sign of life for so long is stuck, and systemd may end us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What this run is for: ``once`` ends after one pass; ``tips`` are told once the first pass is done."""

    once: bool = False
    is_terminal: bool = False
    tips: tuple[str, ...] = ()


def main(settings: Settings, *, purpose: Purpose, reload: Callable[[], Settings]) -> int:
    """Run the daemon until it is told to stop; return the exit code."""
    redactor = logs.Redactor((*settings.secrets, *channel_secrets(settings)))
    listen_to(settings, purpose, redactor)
    try:
        return asyncio.run(Daemon(settings, purpose=purpose, reload=reload, redactor=redactor).run())
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def listen_to(settings: Settings, purpose: Purpose, redactor: logs.Redactor) -> None:
    """Set up logging; on a terminal the daemon's own lines tell the news, and the log only what needs a look."""
    level = "warning" if purpose.is_terminal and settings.log_level == "info" else settings.log_level
    logs.configure(level=level, form=settings.log_format, redactor=redactor)


def channel_secrets(settings: Settings) -> tuple[str, ...]:
    """What channels keep to themselves."""
    return tuple(secret for channel in settings.channels for secret in channels.secrets(channel))


def watch_of(settings: Settings, frequencies: dict[str, int] | None = None) -> Watch:
    """Compile what is watched; raises ConfigError with every problem."""
    engine = compile_rules(settings.rules, frequencies=frequencies)
    desk = Desk(
        themes={t.theme_id: t for t in settings.rules.themes},
        outlets={o.outlet_id: o for o in settings.outlets},
        subscriptions=routing.with_defaults(settings.subscriptions, settings.channels),
        stories=settings.stories,
        storms=settings.storm,
    )
    sources: dict[str, Source] = {s.source_id: s for o in settings.outlets for s in o.sources}
    floor_s = settings.poll_every_s if settings.contact else max(settings.poll_every_s, 3600.0)
    longest_s = cadence.reachable_interval(
        len(sources), settings.requests_per_hour, cadence.CadenceConfig(max_interval_s=settings.poll_at_least_s)
    )
    limits = cadence.CadenceConfig(floor_s=floor_s, max_interval_s=max(longest_s, floor_s))
    return Watch(desk=desk, engine=engine, sources=sources, cadence=limits)


class Daemon:
    """One run of the daemon: built from settings, ended by a signal or by having nothing left to do (``once``)."""

    def __init__(self, settings: Settings, *, purpose: Purpose, reload: Callable[[], Settings], redactor: logs.Redactor) -> None:
        self._settings = settings
        self._purpose = purpose
        self._load = reload
        self._redactor = redactor
        self._clock = SystemClock()
        self._metrics = Metrics()
        self._voice: Voice = TerminalVoice(self._clock) if purpose.is_terminal else LogVoice()
        self._notifier = Notifier(settings.notify_socket, settings.watchdog_usec)
        self._crash = crash_at(settings.crash_at)
        self._stopped = asyncio.Event()
        self._turn = asyncio.Lock()
        self._stamps: Stamps = stamps(settings.files)
        self._exit_code = 0
        self._is_first_pass = True
        self._polls_before = 0

    async def run(self) -> int:
        """Start, watch, end; the order of ending is the reverse of the order of starting."""
        self._on_signals()
        async with AsyncExitStack() as ending:
            archive = Archive.open(self._settings.archive, clock=self._clock, hold=True, at_point=self._crash)
            ending.callback(archive.close)
            self._archive = archive
            watch = await self._compiled(self._settings)
            await archive.write(lambda tx: _record(tx, self._settings, self._clock.now()))
            children = Children(self._settings.workers, Limits())
            await children.start()
            ending.push_async_callback(children.close)
            self._sending = {c.name: channels.load(c) for c in self._settings.channels}
            outbox = ArchiveOutbox(archive, lambda: self._settings)
            self._notices = Notices(
                archive=archive, clock=self._clock, metrics=self._metrics, subscriptions=lambda: self._settings.subscriptions,
                wake=lambda: self._deliverer.wake(),  # noqa: PLW0108 - the deliverer is made next
            )  # fmt: skip
            self._deliverer = Deliverer(
                outbox, self._sending, self._clock, metrics=self._metrics, crash=self._crash, circuit_changed=self._notices.circuit
            )
            self._line = Line(
                archive=archive, reader=children, clock=self._clock, metrics=self._metrics, voice=self._voice, watch=watch, wake=self._deliverer.wake
            )  # fmt: skip
            self._line.crash = self._crash
            slots = HostRows(archive, self._clock)
            ending.push_async_callback(slots.keep)
            self._crawl = Crawl(
                sink=self._line, robots=RobotsRows(archive), slots=slots, clock=self._clock, settings=_crawl_settings(self._settings),
                fallback=children.read_feed, crash=self._crash,
            )  # fmt: skip
            await self._crawl.start()
            ending.push_async_callback(self._crawl.close)
            self._orders = Orders(archive=archive, crawl=self._crawl, line=self._line, clock=self._clock)
            following = asyncio.create_task(self._orders.follow(), name="follow")
            ending.callback(following.cancel)
            delivering = asyncio.create_task(self._deliverer.run(), name="deliver")
            ending.push_async_callback(self._end_delivery, delivering)
            await self._serve(ending)
            self._tell_started()
            await self._watch(ending)
        return self._exit_code

    async def _serve(self, ending: AsyncExitStack) -> None:
        """Open the HTTP server where one is wanted; a taken port is a problem of its own, not of the watch."""
        if self._settings.listen is None or self._purpose.once:
            return
        server = Server(listen=self._settings.listen, counters=self._metrics, check=self._check, feed=self._feed)
        try:
            await server.start()
        except OSError as error:
            host, port = self._settings.listen
            _log.warning("http not served", reason=f"{host}:{port}: {error.strerror}; set listen to another port, or to off")
            return
        ending.push_async_callback(server.close)

    async def _watch(self, ending: AsyncExitStack) -> None:
        jobs = Jobs(ZoneInfo(self._settings.timezone))
        jobs.every(TICK_S, self._tick, name="tick")
        jobs.every(60.0, self._each_minute, name="minute")
        jobs.every(600.0, self._price, name="price")
        jobs.daily(3, 30, self._upkeep, name="upkeep")
        if not self._purpose.once:
            jobs.every(FILES_S, self._look_at_files, name="files")
        ending.callback(jobs.stop)
        await self._price()
        jobs.start()
        self._notifier.ready(f"watching {len(self._settings.outlets)} outlets")
        await self._stopped.wait()
        self._notifier.stopping()

    # ---- by the clock

    async def _tick(self) -> None:
        """Order what is due; feed the watchdog only while the spider moves too."""
        given = await self._orders.give()
        if self._clock.monotonic() - self._crawl.beat_at < _BEAT_S:
            self._notifier.alive()
        if given or self._line.sources_in_flight or self._line.entries_in_flight:
            return
        if self._is_first_pass:
            self._is_first_pass = False
            await self._tell_watching()
        if self._purpose.once and await self._is_drained():
            self._stopped.set()

    async def _each_minute(self) -> None:
        apart_s = self._clock.settle()
        if abs(apart_s) > JUMP_S:
            self._metrics.clock_jumps.inc()
            _log.warning("clock jumped", duration_s=round(apart_s, 1))
        standing = await self._archive.read(reads.outbox)
        for status in ("pending", "held", "retry", "dead"):
            self._metrics.outbox.labels(status).set(standing.get(status, 0))
        self._metrics.queue.labels("spider").set(self._crawl.busy)
        room = space(self._settings)
        if room is not None:
            self._metrics.archive_bytes.set(room[0])
            self._metrics.archive_free_bytes.set(room[1])

    async def _price(self) -> None:
        """Steer the price of a request towards the budget."""
        now, wanted = self._clock.now(), self._settings.requests_per_hour
        ahead = await self._archive.read(lambda tx: cadence.forecast(_states(tx, self._line.watch), wanted))
        polls, price = self._orders.polls, self._line.price
        self._line.price = (
            cadence.first_price(ahead, now, wanted)
            if price is None
            else cadence.adjust_price(price, polls - self._polls_before, now, wanted, ahead)
        )
        self._polls_before = polls
        await self._notices.look_for_silence(self._line.watch)

    async def _upkeep(self) -> None:
        """Forget what stories no longer need."""
        forgotten = 1
        while forgotten:
            forgotten = await self._archive.write(lambda tx: writes.forget_old(tx, self._clock.now()))

    # ---- what others ask of a running daemon

    async def _check(self) -> dict[str, object]:
        why = []
        if not self._line.is_writable:
            why.append("the archive takes no writes")
        if self._clock.monotonic() - self._crawl.beat_at >= _BEAT_S:
            why.append("the spider does not move")
        return {"ready": not why, "why": why, "in_flight": len(self._line.entries_in_flight), "version": VERSION}

    async def _feed(self, theme_id: str) -> bytes | None:
        theme = self._line.watch.desk.themes.get(theme_id)
        if theme is None:
            return None
        settings, now = self._settings, self._clock.now()
        stories = await self._archive.read(lambda tx: _theme_stories(tx, theme_id, now))
        link = f"{settings.public_url.rstrip('/')}/alerts/{theme_id}.atom" if settings.public_url else None
        return atom.feed(theme_id, theme.label, stories, now=now, self_url=link, timezone=settings.timezone)

    # ---- signals

    def _on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopped.set)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def _interrupt(self) -> None:
        self._exit_code = EXIT_INTERRUPTED
        self._stopped.set()

    def _hang_up(self) -> None:
        self._reloading = asyncio.get_running_loop().create_task(self._reload(), name="reload")

    async def _look_at_files(self) -> None:
        """Reload where a file changed and nobody is still writing."""
        now = await asyncio.to_thread(stamps, self._settings.files)
        if now == self._stamps:
            return
        await asyncio.sleep(_SETTLE_S)
        if now == await asyncio.to_thread(stamps, self._settings.files):
            await self._reload()

    async def _compiled(self, settings: Settings) -> Watch:
        """Compile what is watched beside the loop, by what the archive knows of rare words; raises ConfigError."""
        try:
            frequencies = await self._archive.read(reads.token_counts)
        except ArchiveError:
            frequencies = None  # rules find the same without it, only slower; whoever writes next says what is wrong
        return await asyncio.to_thread(watch_of, settings, frequencies)

    async def _reload(self) -> None:
        """Read everything anew and swap it as one; what is broken changes nothing and says so."""
        async with self._turn:
            await self._reload_now()

    async def _reload_now(self) -> None:
        self._notifier.reloading()
        self._stamps = await asyncio.to_thread(stamps, self._settings.files)
        try:
            fresh = await asyncio.to_thread(self._load)
            watch = await self._compiled(fresh)
            before = {c.name: c for c in self._settings.channels}
            sending = {c.name: self._sending[c.name] if before.get(c.name) == c else channels.load(c) for c in fresh.channels}
        except ConfigError as error:
            self._metrics.reload_ok.set(0)
            first = error.problems[0] if error.problems else None
            await self._notices.tell(
                "rules-invalid", "settings", f"not reloaded: {first.place}:{first.line}: {first.message}" if first else str(error)
            )
            for problem in error.problems:
                _log.error("settings not reloaded", reason=f"{problem.place}:{problem.line}:{problem.column}: {problem.message}")
        else:
            self._redactor.learn((*fresh.secrets, *channel_secrets(fresh)))
            await self._archive.write(lambda tx: _record(tx, fresh, self._clock.now()))
            self._settings, self._line.watch = fresh, watch
            self._stamps = {path: self._stamps.get(path, stamp) for path, stamp in stamps(fresh.files).items()}
            self._crawl.adopt(_crawl_settings(fresh))
            await self._deliverer.swap(sending)
            self._sending = sending
            self._metrics.reload_ok.set(1)
            self._voice.note(f"settings reloaded: {len(fresh.outlets)} outlets, {fresh.rule_count} rules")
        self._notifier.ready(f"watching {len(self._settings.outlets)} outlets")

    # ---- beginnings and ends

    async def _end_delivery(self, delivering: asyncio.Task[None]) -> None:
        await self._deliverer.close()
        with suppress(asyncio.CancelledError):
            await delivering

    async def _is_drained(self) -> bool:
        now = self._clock.now()
        waiting = await self._archive.read(lambda tx: (reads.due_entries(tx, now, 1), reads.due_deliveries(tx, now, 1)))
        return not any(waiting)

    def _tell_started(self) -> None:
        s = self._settings
        self._metrics.prepare(
            version=VERSION,
            outlets=[o.outlet_id for o in s.outlets],
            themes=[t.theme_id for t in s.rules.themes],
            channels=[c.name for c in s.channels],
        )
        self._voice.started(
            version=VERSION, outlets=len(s.outlets), sources=s.source_count, themes=len(s.rules.themes), rules=s.rule_count,
            archive=shown(s.archive),
        )  # fmt: skip
        if not s.contact:
            self._voice.note("no contact is set: outlets are asked at most hourly; set contact in presswatch.yaml")

    async def _tell_watching(self) -> None:
        due = await self._archive.read(reads.next_due)
        next_s = (due - self._clock.now()).total_seconds() if due else None
        totals = self._line.totals
        self._voice.watching(articles=totals.articles, stories=len(totals.stories), alerts=totals.alerts, next_poll_s=next_s)
        for tip in self._purpose.tips:
            self._voice.note(tip)


def crash_at(point: str | None) -> Callable[[str], None]:
    """End the process the hard way at a named point, the n-th time it is passed (``point:n``); drills use it."""
    name, _, number = (point or "").partition(":")
    left = int(number) if number.isdigit() else 1

    def pass_by(here: str) -> None:
        nonlocal left
        if here != name:
            return
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return pass_by if name else lambda _here: None


def shown(url: str) -> str:
    """An archive's address without its password."""
    return re.sub(r"(?<=//)([^:/@]+):[^@/]+@", r"\1:***@", url).removeprefix("sqlite:///")


def space(settings: Settings) -> tuple[int, int] | None:
    """Bytes of the archive's file and bytes free beside it; None for a server."""
    path = settings.archive_path
    if path is None or not path.exists():
        return None
    return path.stat().st_size, shutil.disk_usage(path.parent).free


def _states(tx: Tx, watch: Watch) -> Iterator[cadence.FeedState]:
    """What is remembered of every source, a fresh state where nothing is yet."""
    for row in reads.source_states(tx):
        outlet = watch.desk.outlets.get(row["outlet_id"])
        if outlet is not None:
            yield cadence.FeedState.from_json(row["state"]) if row["state"] else cadence.initial(tier=outlet.tier)


def _theme_stories(tx: Tx, theme_id: str, now: datetime) -> tuple[StoryBrief, ...]:
    """The stories of a theme's last alerts, as a message would tell them."""
    rows = reads.listing(tx, "v_alerts", reads.Filter(themes=[theme_id], limit=_FEED_LENGTH))
    told = Delivery(
        channel="feed", subscription_id="", kind=DeliveryKind.DIGEST, status=DeliveryStatus.SENT, due_at=now, created_at=now,
        alert_ids=tuple(row["alert_id"] for row in rows),
    )  # fmt: skip
    return reads.brief(tx, told).stories


def _record(tx: Tx, settings: Settings, now: datetime) -> None:
    writes.put_outlets(tx, settings.outlets, now)
    writes.put_rules(tx, settings.rules, now)


def _crawl_settings(settings: Settings) -> CrawlSettings:
    return CrawlSettings(
        version=VERSION,
        contact=settings.contact or "",
        spacing_s=settings.spacing_s,
        allow_networks=settings.allow_networks,
        on_tdm=settings.on_tdm,
    )

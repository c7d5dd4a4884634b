"""Start everything in order, keep it running, and end it in order."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from crawler.children import Children, Limits
from crawler.runner import Crawl
from monitor import logs
from monitor.archive import Archive, RobotsRows, writes
from monitor.clock import SystemClock
from monitor.config.settings import Settings
from monitor.config.terminal import has_terminal
from monitor.daemon import conditions, heap
from monitor.daemon.crash import crash_at
from monitor.daemon.crew import Crew
from monitor.daemon.feeds import feed
from monitor.daemon.fleet import Fleet, queue_for, slots_for, waker
from monitor.daemon.health import check, stuck
from monitor.daemon.http import Server
from monitor.daemon.jobs import Jobs
from monitor.daemon.keys import link_key
from monitor.daemon.line import Line
from monitor.daemon.node import Node
from monitor.daemon.notices import Notices
from monitor.daemon.notify import Notifier
from monitor.daemon.orders import Orders
from monitor.daemon.outbox import ArchiveOutbox
from monitor.daemon.pages import site
from monitor.daemon.parts import VERSION, Parts, Purpose, crawl_settings, record
from monitor.daemon.price import Price
from monitor.daemon.reload import Reload, channel_secrets, opened
from monitor.daemon.say import LogVoice, TerminalVoice, Voice
from monitor.daemon.timetable import timetable
from monitor.daemon.watch import InForce, compiled
from monitor.delivery import Deliverer
from monitor.metrics import Metrics

_log = structlog.get_logger()

EXIT_INTERRUPTED = 130


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


class Daemon:
    """One run of the daemon: built from settings, ended by a signal or by having nothing left to do (``once``)."""

    def __init__(self, settings: Settings, *, purpose: Purpose, reload: Callable[[], Settings], redactor: logs.Redactor) -> None:
        self._settings = settings
        self._purpose = purpose
        self._load = reload
        self._redactor = redactor
        self._stopped = asyncio.Event()
        self._exit_code = 0

    async def run(self) -> int:
        """Start, watch, end; the order of ending is the reverse of the order of starting."""
        self._end_on_signals()
        async with AsyncExitStack() as ending:
            parts = await self._start(ending)
            await _serve(parts, ending)
            _tell_started(parts)
            await self._watch(parts, ending)
        return self._exit_code

    async def _start(self, ending: AsyncExitStack) -> Parts:
        """Make the parts from the archive up, each with its end."""
        settings, crash = self._settings, crash_at(self._settings.crash_at)
        clock, metrics = SystemClock(), Metrics()
        voice: Voice = TerminalVoice(clock) if self._purpose.is_terminal else LogVoice()

        node = Node.of(settings)
        archive = Archive.open(settings.archive, clock=clock, hold=True, node=node.name if node.is_one_of_many else None, at_point=crash)
        ending.callback(archive.close)
        in_force = InForce(await compiled(settings, archive), opened(settings), await asyncio.to_thread(link_key, settings))
        await record(settings, archive, clock)
        if ahead := await archive.write(lambda tx: writes.forgive_the_future(tx, clock.now())):
            _log.warning("a clock ran ahead when this archive was last written; what it put off is due now", sources=ahead)

        children = Children(settings.workers, Limits())
        if node.crawls:
            await children.start()
            ending.push_async_callback(children.close)

        queue = queue_for(node, archive)
        notices = Notices(archive=archive, clock=clock, metrics=metrics, in_force=in_force)
        deliverer = Deliverer(
            ArchiveOutbox(archive, in_force, queue), in_force.sending, clock, metrics=metrics, crash=crash, circuit_changed=notices.circuit
        )
        wake = waker(deliverer, queue)
        notices.wake = wake

        line = Line(archive=archive, reader=children, clock=clock, metrics=metrics, voice=voice, in_force=in_force, wake=wake, crash=crash)
        fetching = crawl_settings(settings)
        slots = slots_for(node, archive, clock, queue, request_s=fetching.total_s)
        ending.push_async_callback(slots.close)
        robots, fallback = RobotsRows(archive), children.read_feed
        crawl = Crawl(sink=line, robots=robots, slots=slots, clock=clock, settings=fetching, fallback=fallback, crash=crash)
        if node.crawls:
            await crawl.start()
            ending.push_async_callback(crawl.close)

        orders = Orders(archive=archive, crawl=crawl, line=line, clock=clock)
        await queue.start(Crew(archive=archive, crawl=crawl, line=line, clock=clock, orders=orders, deliver=deliverer.wake))
        ending.push_async_callback(queue.close)
        delivering = asyncio.create_task(deliverer.run(), name="deliver")
        ending.push_async_callback(_end_delivery, deliverer, delivering)
        ending.callback(queue.stop)

        return Parts(
            purpose=self._purpose, clock=clock, metrics=metrics, voice=voice, in_force=in_force, archive=archive, children=children,
            notifier=Notifier(settings.notify_socket, settings.watchdog_usec), notices=notices, deliverer=deliverer, line=line,
            crawl=crawl, slots=slots, orders=orders, queue=queue, node=node,
        )  # fmt: skip

    async def _watch(self, parts: Parts, ending: AsyncExitStack) -> None:
        """Let the clock and the signals drive the parts until the daemon is told to stop, or is done."""
        reload = Reload(parts, load=self._load, redactor=self._redactor)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hang_up, reload.begin)
        fleet = Fleet(parts, reload)
        await fleet.join(ending)
        price = Price(parts)
        await price.steer()
        await conditions.look_at_sources(parts)
        jobs = Jobs(
            timetable(parts, price=price, reload=reload, fleet=fleet, stopped=self._stopped),
            ZoneInfo(self._settings.timezone),
            apart=parts.clock.apart,
        )
        ending.callback(jobs.stop)
        jobs.start()
        heap.settle()
        parts.notifier.ready(f"watching {len(self._settings.outlets)} outlets")
        await self._stopped.wait()
        parts.notifier.stopping()

    def _end_on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopped.set)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up, lambda: None)  # settings are being read anyway

    def _hang_up(self, reload: Callable[[], None]) -> None:
        """Read the settings again, as SIGHUP asks; where it means that the terminal is gone, end instead."""
        if self._purpose.is_demo or (self._purpose.is_terminal and not has_terminal(sys.stderr)):
            self._stopped.set()
        else:
            reload()

    def _interrupt(self) -> None:
        self._exit_code = EXIT_INTERRUPTED
        self._stopped.set()


async def _serve(parts: Parts, ending: AsyncExitStack) -> None:
    """Open the HTTP server where one is wanted; a taken port is a problem of its own, not of the watch."""
    listen = parts.in_force.settings.listen
    if listen is None or parts.purpose.once:
        return
    server = Server(
        listen=listen, counters=parts.metrics, check=partial(check, parts), stuck=partial(stuck, parts), feed=partial(feed, parts), site=site(parts)
    )  # fmt: skip
    try:
        await server.start()
    except OSError as error:
        _log.warning("http not served", reason=f"{listen[0]}:{listen[1]}: {error.strerror}; set listen to another port, or to off")
        return
    ending.push_async_callback(server.close)


async def _end_delivery(deliverer: Deliverer, delivering: asyncio.Task[None]) -> None:
    await deliverer.close()
    with suppress(asyncio.CancelledError):
        await delivering


def _tell_started(parts: Parts) -> None:
    s = parts.in_force.settings
    parts.metrics.prepare(
        version=VERSION,
        outlets=[o.outlet_id for o in s.outlets],
        themes=[t.theme_id for t in s.rules.themes],
        channels=[c.name for c in s.channels],
    )
    parts.voice.started(
        version=VERSION, outlets=len(s.outlets), sources=s.source_count, themes=len(s.rules.themes), rules=s.rule_count,
        archive=shown(s.archive),
    )  # fmt: skip
    if not s.contact:
        parts.voice.note("no contact is set: outlets are asked at most hourly; set contact in presswatch.yaml")


def shown(url: str) -> str:
    """An archive's address without its password."""
    return re.sub(r"(?<=//)([^:/@]+):[^@/]+@", r"\1:***@", url).removeprefix("sqlite:///")

"""The same daemon on a newsstand of its own: the whole line in twenty seconds, without network or account."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from monitor import logs
from monitor.config.settings import Settings
from monitor.daemon.parts import Purpose
from monitor.daemon.run import EXIT_INTERRUPTED, Daemon, listen_to
from monitor.demo.newsstand import Newsstand
from monitor.demo.script import load
from monitor.model import ChannelSettings, Subscription

_POLL_S = 1.0
_AT_ONCE = 500.0
"""How much faster the newsstand prints for a single pass."""


def main(settings: Settings, *, purpose: Purpose, folder: Path) -> int:
    """Run the demonstration on an archive of its own in ``folder``, made anew each time; return the exit code."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    redactor = logs.Redactor(settings.secrets)
    listen_to(settings, purpose, redactor)
    try:
        return asyncio.run(_show(settings, purpose, folder, redactor))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


async def _show(settings: Settings, purpose: Purpose, folder: Path, redactor: logs.Redactor) -> int:
    stand = Newsstand(load(), speed=_AT_ONCE if purpose.once else 1.0)
    await stand.start()
    try:
        if purpose.once:
            await stand.played.wait()  # one pass sees what is printed by then: all of it
        staged = _staged(settings, stand, folder / "archive.db")
        again: Callable[[], Settings] = lambda: staged  # noqa: E731 - the demonstration has no files to read again
        return await Daemon(staged, purpose=_with_pages(purpose, staged), reload=again, redactor=redactor).run()
    finally:
        await stand.close()


def _with_pages(purpose: Purpose, staged: Settings) -> Purpose:
    """Tell where to look, once there is something to see."""
    if staged.listen is None or purpose.once:
        return purpose
    host, port = staged.listen
    return replace(purpose, tips=(f"Look at it: http://{f'[{host}]' if ':' in host else host}:{port}/", *purpose.tips))


def _staged(settings: Settings, stand: Newsstand, archive: Path) -> Settings:
    """The settings of a person who watches the newsstand with the given rules and reads alerts on the terminal."""
    outlets = tuple(replace(o, poll_every_s=_POLL_S) for o in stand.outlets())
    return replace(
        settings,
        archive=f"sqlite:///{archive}",
        outlets=outlets,
        channels=(ChannelSettings(name="terminal", kind="stdout"),),
        subscriptions=(Subscription(subscription_id="demo", channel="terminal", themes=("*",), timezone=settings.timezone),),
        contact=settings.contact or "https://presswatch.example/demo",
        spacing_s=0.0,
        poll_every_s=_POLL_S,
        poll_at_least_s=_POLL_S,
        requests_per_hour=3600.0 / _POLL_S * sum(len(o.sources) for o in outlets),
        listen=_free(settings.listen) if settings.listen else None,
        token=None,
        public_url=None,
    )


def _free(wanted: tuple[str, int]) -> tuple[str, int]:
    """Return the address for the pages; another port where a daemon serves there already."""
    host, port = wanted
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            probe.bind((host, 0))
        return host, int(probe.getsockname()[1])

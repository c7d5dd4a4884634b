"""What the daemon tells a person at a terminal, and the log elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol, TextIO

import structlog
from wcwidth import wcswidth

from crawler.model import Entry, Outlet, Poll, PollStatus, SourceKind
from monitor.clock import Clock
from monitor.config.terminal import width
from monitor.pipeline import Outcome

_NAME_WIDTH = 18


class Voice(Protocol):
    """Past-tense news about the daemon's own work; alerts themselves go over channels."""

    def started(self, *, version: str, outlets: int, sources: int, themes: int, rules: int, archive: str) -> None: ...
    def polled(self, outlet: Outlet, kind: SourceKind, poll: Poll, new: Sequence[Entry]) -> None: ...
    def arrived(self, outlet: Outlet, outcome: Outcome) -> None: ...
    def watching(self, *, articles: int, stories: int, alerts: int, next_poll_s: float | None) -> None: ...
    def note(self, text: str) -> None: ...


class LogVoice:
    """Structured events for a log."""

    def __init__(self) -> None:
        self._log = structlog.get_logger()
        self._failed: dict[str, str] = {}

    def started(self, *, version: str, outlets: int, sources: int, themes: int, rules: int, archive: str) -> None:
        self._log.info("started", version=version, outlets=outlets, sources=sources, themes=themes, rules=rules, archive=archive)

    def polled(self, outlet: Outlet, kind: SourceKind, poll: Poll, new: Sequence[Entry]) -> None:
        values = {"outlet": outlet.outlet_id, "source": poll.source_id, "kind": kind.value, "status": poll.status.value}
        if poll.status is PollStatus.PUT_OFF:
            self._log.debug("source put off", **values, reason=poll.error, retry_s=poll.retry_after_s)
            return
        if not poll.status.is_success:
            is_news = self._failed.get(poll.source_id) != poll.status.value
            self._failed[poll.source_id] = poll.status.value
            tell = self._log.warning if is_news else self._log.debug
            tell("source failed", **values, reason=poll.error, duration_s=round(poll.duration_s, 3))
            return
        if self._failed.pop(poll.source_id, None):
            self._log.info("source answers again", **values)
        if new:
            self._log.info("source polled", **values, seen=poll.seen, new=len(new), duration_s=round(poll.duration_s, 3))
        else:
            self._log.debug("source polled", **values, seen=poll.seen, new=0, duration_s=round(poll.duration_s, 3))

    def arrived(self, outlet: Outlet, outcome: Outcome) -> None:
        article = outcome.article
        values: dict[str, object] = {"outlet": outlet.outlet_id, "status": outcome.ending.value}
        if article is not None:
            values |= {"article_id": article.article_id, "url": article.url, "completeness": article.completeness.value}
        self._log.debug("article archived", **values, story_id=outcome.story_id)
        for verdict in outcome.verdicts:
            tell = self._log.info if verdict.speaks else self._log.debug
            reasons = ", ".join(s.reason.value for s in verdict.reasons)
            tell(
                "alert decided" if verdict.speaks else "stayed silent",
                **values,
                theme=verdict.theme_id,
                story_id=outcome.story_id,
                reason=reasons,
            )

    def watching(self, *, articles: int, stories: int, alerts: int, next_poll_s: float | None) -> None:
        later = {} if next_poll_s is None else {"next_poll_s": max(0.0, round(next_poll_s, 3))}
        self._log.info("first pass done", articles=articles, stories=stories, alerts=alerts, **later)

    def note(self, text: str) -> None:
        self._log.info(text)


class TerminalVoice:
    """One line per event, aligned also under wide characters; no colours that carry meaning, nothing redrawn."""

    def __init__(self, clock: Clock, out: TextIO | None = None) -> None:
        self._clock = clock
        self._out = out or sys.stderr
        self._failed: dict[str, str] = {}

    def started(self, *, version: str, outlets: int, sources: int, themes: int, rules: int, archive: str) -> None:
        self._print(f"presswatch {version} · {outlets} outlets, {sources} sources · {themes} themes, {rules} rules")
        self._print(f"archive {homely(archive)} · ^C stops cleanly")
        self.note("first pass: reading what is already out there (no alerts for articles older than 24 h)")

    def polled(self, outlet: Outlet, kind: SourceKind, poll: Poll, new: Sequence[Entry]) -> None:
        if poll.status is PollStatus.PUT_OFF:
            return
        name = _padded(outlet.name, _NAME_WIDTH)
        if not poll.status.is_success:
            problem = f"{poll.status.value}" + (f" ({poll.error})" if poll.error else "")
            if self._failed.get(poll.source_id) != poll.status.value:
                self._failed[poll.source_id] = poll.status.value
                self._at(f"{name} {kind.value:<9} ! {problem}")
            return
        if self._failed.pop(poll.source_id, None):
            self._at(f"{name} {kind.value:<9} answers again")
        if new:
            self._at(f"{name} {kind.value:<9} {poll.seen:>4} listed  {len(new):>4} new")

    def arrived(self, outlet: Outlet, outcome: Outcome) -> None:
        """Tell silence alone, once for all themes that share a reason: an alert speaks for itself."""
        if outcome.article is None:
            return
        silent: dict[str, list[str]] = {}
        for verdict in outcome.verdicts:
            if not verdict.speaks:
                silent.setdefault(verdict.reasons[0].reason.value, []).append(verdict.theme_id)
        for reason, themes in silent.items():
            how = f" ({outcome.how.value})" if outcome.how and outcome.how.value != reason else ""
            self._at(f"{_padded(outlet.name, _NAME_WIDTH)} silent    {', '.join(themes)}: {reason}{how} · {outcome.article.headline}")

    def watching(self, *, articles: int, stories: int, alerts: int, next_poll_s: float | None) -> None:
        later = f"; next poll in {max(0, round(next_poll_s))} s" if next_poll_s is not None else ""
        counts = ", ".join(
            (_counted(articles, "article", "articles"), _counted(stories, "story", "stories"), _counted(alerts, "alert", "alerts"))
        )
        self._at(f"first pass done: {counts}. Now watching{later}")

    def note(self, text: str) -> None:
        """Say it whole, however long: it may hold a command."""
        self._write(f"{_local(self._clock.now())}  {text}")

    def _at(self, text: str) -> None:
        self._print(f"{_local(self._clock.now())}  {text}")

    def _print(self, text: str) -> None:
        cells = width(self._out)
        self._write(text if cells is None else _cut(text, cells))

    def _write(self, text: str) -> None:
        with suppress(OSError):  # a terminal that was closed: what ends us comes as a signal
            print(text, file=self._out, flush=True)


def _local(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S")


def _counted(number: int, one: str, many: str) -> str:
    """Return a number with its word."""
    return f"{number:,} {one if number == 1 else many}"


def homely(path: str) -> str:
    """Say a path as a person at home would."""
    home = f"{Path.home()}/"
    return f"~/{path.removeprefix(home)}" if path.startswith(home) else path


def _padded(text: str, cells: int) -> str:
    """Cut and pad to a display width: a Chinese character takes two cells."""
    text = _cut(text, cells)
    return text + " " * (cells - max(0, wcswidth(text)))


def _cut(text: str, cells: int) -> str:
    if wcswidth(text) > cells:
        while wcswidth(text) > cells - 1:
            text = text[:-1]
        text += "…"
    return text

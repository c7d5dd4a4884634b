"""The daemon's small parts: its voice, its word to systemd, its clock, its log."""

from __future__ import annotations

import io
import json
import logging
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from wcwidth import wcswidth

from crawler.model import Entry, Outlet, Poll, PollStatus, SourceKind
from monitor import clock as clocks
from monitor import logs
from monitor.clock import FixedClock, SystemClock
from monitor.config.load import load
from monitor.daemon.crash import crash_at
from monitor.daemon.notify import Notifier
from monitor.daemon.run import shown
from monitor.daemon.say import LogVoice, TerminalVoice
from monitor.daemon.watch import watch_of

NOW = datetime(2026, 11, 24, 14, 2, 7, tzinfo=UTC)


def a_poll(status: PollStatus = PollStatus.OK, **values: object) -> Poll:
    return replace(Poll(source_id="caixin#1", outlet_id="caixin", at=NOW, status=status, url="http://127.0.0.1/", seen=30), **values)  # type: ignore[arg-type]


def an_outlet(name: str) -> Outlet:
    return Outlet(outlet_id="caixin", name=name, home="http://127.0.0.1/")


ENTRY = Entry(key="k", url="u", outlet_id="caixin", source_id="caixin#1")


def test_lines_for_people_are_aligned_under_wide_characters() -> None:
    out = io.StringIO()
    voice = TerminalVoice(FixedClock(NOW), out)
    for name in ("财新", "Frankfurter Allgemeine Zeitung", "Süddeutsche"):
        voice.polled(an_outlet(name), SourceKind.FEED, a_poll(new=1), [ENTRY])
    columns = {wcswidth(line[: line.index("feed")]) for line in out.getvalue().splitlines()}
    assert len(columns) == 1


def test_a_failing_source_is_told_once_and_its_recovery_too() -> None:
    out = io.StringIO()
    voice = TerminalVoice(FixedClock(NOW), out)
    for status in (PollStatus.TIMEOUT, PollStatus.TIMEOUT, PollStatus.OK):
        voice.polled(an_outlet("NZZ"), SourceKind.FEED, a_poll(status, error="30 s"), [])
    first, second = out.getvalue().splitlines()
    assert "! timeout (30 s)" in first
    assert "answers again" in second


@pytest.mark.parametrize(
    ("settings", "own", "floor_s"),
    [
        ("contact: desk@example.org\n", "poll_every: 5m", 300.0),
        ("", "poll_every: 5m", 3600.0),
        ("", "poll_every: 2h", 7200.0),
        ("allow_networks: [127.0.0.0/8]\n", "poll_every: 2s", 2.0),
        ("contact: desk@example.org\n", "tier: 1", 60.0),
    ],
)
def test_an_outlet_that_knows_nobody_to_write_to_is_asked_hourly_whatever_it_says_itself(
    tmp_path: Path, settings: str, own: str, floor_s: float
) -> None:
    (tmp_path / "presswatch.yaml").write_text(settings)
    (tmp_path / "outlets").mkdir()
    block = f"outlets: [{{name: A, home: 'https://a.example', sources: [{{feed: 'https://a.example/f'}}], {own}}}]"
    (tmp_path / "outlets" / "a.yaml").write_text(block)
    watch = watch_of(load(tmp_path / "presswatch.yaml", environ={}))
    assert watch.cadence_of(watch.desk.outlets["a"]).floor_s == floor_s


def test_a_quiet_poll_says_nothing() -> None:
    out = io.StringIO()
    TerminalVoice(FixedClock(NOW), out).polled(an_outlet("NZZ"), SourceKind.FEED, a_poll(), [])
    assert out.getvalue() == ""


def test_the_first_pass_ends_with_when_it_looks_again() -> None:
    out = io.StringIO()
    TerminalVoice(FixedClock(NOW), out).watching(articles=1204, stories=9, alerts=3, next_poll_s=41.2)
    assert "1,204 articles, 9 stories, 3 alerts. Now watching; next poll in 41 s" in out.getvalue()


def test_the_log_tells_the_same_as_events(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    logs.configure(level="info", form="json", redactor=logs.Redactor(), stream=out)
    voice = LogVoice()
    voice.polled(an_outlet("NZZ"), SourceKind.FEED, a_poll(PollStatus.TIMEOUT), [])
    voice.polled(an_outlet("NZZ"), SourceKind.FEED, a_poll(new=1), [ENTRY])
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [e["event"] for e in events] == ["source failed", "source answers again", "source polled"]
    assert events[0]["level"] == "warning"
    structlog.reset_defaults()


@pytest.mark.parametrize("form", ["text", "logfmt", "json"])
def test_no_secret_is_logged_whoever_logs_it(form: str) -> None:
    out = io.StringIO()
    logs.configure(level="debug", form=form, redactor=logs.Redactor(["hunter2secret"]), stream=out)
    structlog.get_logger().warning("told", url="https://user:pw@127.0.0.1/x", key="hunter2secret")
    logging.getLogger("some.library").error("token %s", "hunter2secret")
    try:
        int("hunter2secret")
    except ValueError:
        logging.getLogger("some.library").exception("failed")
        structlog.get_logger().error("failed", exc_info=True)
    assert "hunter2secret" not in out.getvalue()
    assert "user:pw" not in out.getvalue()
    assert "***" in out.getvalue()
    structlog.reset_defaults()


def test_short_words_are_too_common_to_hide() -> None:
    assert logs.Redactor(["abc"]).clean("abcdef") == "abcdef"


def test_systemd_hears_ready_alive_and_stopping(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        server.settimeout(5)
        notifier = Notifier(str(tmp_path / "notify"), "90000000")
        assert notifier.watchdog_s == 90.0
        notifier.ready("watching 3 outlets")
        notifier.alive()
        notifier.reloading()
        notifier.stopping()
        heard = [server.recv(4096).decode() for _ in range(4)]
    assert heard[0].startswith("READY=1\nSTATUS=watching 3 outlets")
    assert heard[1] == "WATCHDOG=1"
    assert heard[2].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert heard[3] == "STOPPING=1"


def test_without_systemd_nothing_is_sent_and_a_manager_that_left_does_no_harm(tmp_path: Path) -> None:
    Notifier(None).ready("x")
    Notifier(str(tmp_path / "gone"), "x").ready("x")


def test_a_clock_that_jumps_is_followed_a_second_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    tick, wall = 100.0, NOW
    monkeypatch.setattr("monitor.clock.time.monotonic", lambda: tick)
    monkeypatch.setattr(clocks, "_wall", lambda: wall)
    clock = SystemClock()
    tick, wall = 160.0, NOW + timedelta(hours=1, seconds=60)
    assert clock.now() == NOW + timedelta(seconds=60)
    assert clock.settle() == pytest.approx(3600.0)
    assert clock.now() == NOW + timedelta(seconds=61)


def test_drills_may_end_the_process_at_a_named_point(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setattr("monitor.daemon.crash.os.kill", lambda pid, _number: killed.append(pid))
    here = crash_at("after send:2")
    for point in ("before send", "after send", "after send"):
        here(point)
    assert len(killed) == 1
    crash_at(None)("after send")
    assert len(killed) == 1


def test_an_archive_is_shown_without_its_password() -> None:
    assert shown("postgresql://desk:secret@127.0.0.1/presswatch") == "postgresql://desk:***@127.0.0.1/presswatch"
    assert shown("sqlite:////var/lib/presswatch/archive.db") == "/var/lib/presswatch/archive.db"

"""The daemon on a terminal that is closed under it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acceptance.conftest import PROGRAM, settings

STOP_S = 30.0
"""More than any stop takes on a busy machine; without an end it would be for ever."""
LAST = "first pass done"


def on_a_terminal(home: Path, *arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start it as a shell does, as what runs in front on a terminal; return it and our end of that."""
    ours, theirs = pty.openpty()

    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm"}
    process = subprocess.Popen(
        ["setsid", "--ctty", PROGRAM, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=home
    )
    os.close(theirs)
    return process, ours


def read_until(ours: int, word: str) -> str:
    said = b""
    with suppress(OSError):  # it ended, and with it the terminal
        while word.encode() not in said and (part := os.read(ours, 65536)):
            said += part
    return said.decode(errors="replace")


@pytest.mark.parametrize("what", ["run --demo", "run"])
def test_it_ends_with_its_terminal(tmp_path: Path, what: str) -> None:
    desk = settings(tmp_path, None, None)
    archive = tmp_path / ".local/share/presswatch/demo/archive.db" if "--demo" in what else tmp_path / "archive.db"
    process, ours = on_a_terminal(tmp_path, "--config", str(desk.config), *what.split())
    try:
        assert LAST in read_until(ours, LAST)
        os.close(ours)
        over = time.monotonic() + STOP_S
        while process.poll() is None and time.monotonic() < over:
            time.sleep(0.05)
        assert process.returncode in {0, 120}, "120 is Python's own word for output that nobody took"
    finally:
        process.kill()
        process.wait()
    assert archive.exists()
    assert not archive.with_name("archive.db-wal").exists(), "it was closed in order"


def test_what_to_type_next_can_be_typed(tmp_path: Path) -> None:
    desk = settings(tmp_path, None, None)
    process, ours = on_a_terminal(tmp_path, "--config", str(desk.config), "run", "--demo")
    try:
        said = read_until(ours, "On the real outlets:") + read_until(ours, "\n")
        assert f"{Path(sys.prefix).parent / 'dev'} presswatch run" in said  # not on the path here
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_S) == 130
    finally:
        process.kill()
        process.wait()
        os.close(ours)

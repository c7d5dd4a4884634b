"""Long drills of a running daemon: clocks that jump, and being told to stop under load."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from monitor.demo.newsstand import Newsstand
from tests.acceptance.conftest import Daemon, Sink, settings
from tests.acceptance.test_first_light import GERMAN, TEXT, articles

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long ahead(void) {  /* seconds, as the file says now */
    char said[32] = {0};
    int file = open(getenv("DRILL_AHEAD"), O_RDONLY);
    if (file < 0) return 0;
    if (read(file, said, sizeof said - 1) < 0) said[0] = 0;
    close(file);
    return atol(said);
}
int clock_gettime(clockid_t clock, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(clock, at);
    if (!done && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += ahead();
    return done;
}
int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    (void)zone;
    int done = clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return done;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""
"""Moves the system's clock for one process and leaves monotonic time and sleeping alone, which libfaketime does not."""
HOUR_S = 3600
YEARS_S = 10 * 365 * 24 * HOUR_S
WEEKS_S = 5 * 7 * 24 * HOUR_S
JUMPS = (HOUR_S, -HOUR_S, YEARS_S, -YEARS_S)
STORM = 3.0
"""So many times the polls of a quiet stretch would be a storm."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class FakedTime:
    """The system's clock as a daemon sees it; ``jump`` moves it while it runs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._path = folder / "ahead"
        library = folder / "clock.so"
        (folder / "clock.c").write_text(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(folder / "clock.c"), "-ldl"], check=True)
        self.jump(0)
        monkeypatch.setenv("LD_PRELOAD", str(library))
        monkeypatch.setenv("DRILL_AHEAD", str(self._path))

    def jump(self, ahead_s: float) -> None:
        """Let the clock stand so far from the true time."""
        self._path.write_text(f"{ahead_s:.0f}")


class LibFakeTime(FakedTime):
    """The same by libfaketime; it breaks Python's own ``time.sleep`` (EINVAL), so that sleeps another way."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, library: Path) -> None:
        self._path = folder / "ahead"
        self.jump(0)
        monkeypatch.setenv("LD_PRELOAD", str(library))
        monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(self._path))
        (folder / "sitecustomize.py").write_text("import select, time\ntime.sleep = lambda s: select.select([], [], [], s)\n")
        monkeypatch.setenv("PYTHONPATH", str(folder))
        for name in ("FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC"):
            monkeypatch.setenv(name, "1")

    def jump(self, ahead_s: float) -> None:
        self._path.write_text(f"{ahead_s:+.0f}s\n")


@pytest.fixture(params=["ours", "libfaketime"])
def faked(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakedTime:
    if request.param == "ours":
        if shutil.which("cc") is None:
            pytest.skip("no C compiler is here to build the clock's shim with (Debian: gcc)")
        return FakedTime(tmp_path, monkeypatch)
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        pytest.skip("libfaketime is not here (Debian: faketime)")
    return LibFakeTime(tmp_path, monkeypatch, library)


def polls(desk: Daemon) -> int:
    return sum(int(count) for (count,) in desk.rows("SELECT count(*) FROM polls"))


async def told(desk: Daemon, stand: Newsstand, sink: Sink, number: int) -> None:
    """Print an article and wait until it was told."""
    before = len(sink.taken)
    stand.publish("seeufer-anzeiger", f"{GERMAN}, Folge {number}", f"Folge {number} aus Ort {number * 31}.\n\n{TEXT}")
    await desk.until(lambda: len(sink.taken) > before)


async def test_a_clock_that_jumps_stops_no_poll_and_starts_no_storm(tmp_path: Path, stand: Newsstand, sink: Sink, faked: FakedTime) -> None:
    desk = settings(tmp_path, stand, sink, stories=False, storm=False)
    await desk.start()
    await told(desk, stand, sink, 0)
    quiet = polls(desk)
    await asyncio.sleep(8.0)
    quiet = polls(desk) - quiet
    assert quiet
    for number, jump in enumerate(JUMPS, start=1):
        faked.jump(jump)
        before = polls(desk)
        await asyncio.sleep(8.0)
        assert 0 < polls(desk) - before < STORM * quiet, f"after a jump of {jump} s"
        await told(desk, stand, sink, number)
    assert await desk.stop() == 0
    assert sink.doubled == 0
    assert len(sink.taken) == len(JUMPS) + 1
    assert "Traceback" not in desk.said


@pytest.mark.parametrize("wrong", [YEARS_S, -YEARS_S, -WEEKS_S], ids=["ahead", "behind", "five weeks behind"])
async def test_started_by_a_wrong_clock_and_again_by_the_right_one_it_goes_on(
    tmp_path: Path, stand: Newsstand, sink: Sink, faked: FakedTime, wrong: int
) -> None:
    desk = settings(tmp_path, stand, sink, stories=False, storm=False)
    faked.jump(wrong)
    await desk.start()
    await desk.until(lambda: polls(desk) > 12)
    await told(desk, stand, sink, 0)  # whatever its date: by a clock that is behind it lies ahead, and counts as none
    assert await desk.stop() == 0
    faked.jump(0)
    await desk.start()
    await told(desk, stand, sink, 1)
    assert await desk.stop() == 0
    assert sink.doubled == 0


async def test_told_to_stop_under_load_it_stops_within_ten_seconds_and_tells_nothing_twice(
    tmp_path: Path, stand: Newsstand, sink: Sink
) -> None:
    desk = settings(tmp_path, stand, sink, stories=False, storm=False)
    outlets = [o.outlet_id for o in stand.outlets()]
    longest = 0.0
    for turn in range(20):
        await desk.start()
        for number in range(6):
            stand.publish(
                outlets[number],
                f"{GERMAN}, Runde {turn}, Teil {number}",
                f"Meldung {turn}-{number} aus Ort {turn * 31 + number}.\n\n{TEXT}",
            )
        await desk.until(lambda: desk.said.count("event=started") > turn)  # noqa: B023 - asked and done with in this turn
        await asyncio.sleep(0.3 + 0.17 * (turn % 9))
        began = time.monotonic()
        assert await desk.stop(signal.SIGTERM) == 0
        longest = max(longest, time.monotonic() - began)
    await desk.start()
    await desk.until(lambda: articles(desk) == 120, seconds=180)
    await desk.until(lambda: desk.rows("SELECT count(*) FROM deliveries WHERE status <> 'sent'") == [(0,)])
    await desk.stop()
    assert longest < 10.0, f"the longest of twenty stops took {longest:.1f} s"
    assert sink.doubled == 0
    assert desk.verify() == "the archive is whole\n"

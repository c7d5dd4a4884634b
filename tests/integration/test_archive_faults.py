"""A disk that fails at the n-th write or sync: what was acknowledged is there, what was not is not, and nothing is half there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from monitor.archive import Archive, upkeep, writes
from monitor.archive.engine import address
from monitor.archive.health import damage
from monitor.clock import FixedClock
from monitor.errors import ArchiveError
from tests.archives import NOW, entry, list_entries, outlet

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>
static int calls;
static int fails(void) {
    const char *at = getenv("FAIL_AT");
    if (!at || ++calls != atoi(at)) return 0;
    errno = atoi(getenv("FAIL_CODE"));
    return 1;
}
#define REAL(type, name, args) static type (*real) args; if (!real) *(void **)(&real) = dlsym(RTLD_NEXT, name)
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { REAL(ssize_t, "pwrite64", (int, const void *, size_t, off64_t)); return fails() ? -1 : real(fd, b, n, o); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { REAL(ssize_t, "pwrite", (int, const void *, size_t, off_t)); return fails() ? -1 : real(fd, b, n, o); }
int fsync(int fd) { REAL(int, "fsync", (int)); return fails() ? -1 : real(fd); }
int fdatasync(int fd) { REAL(int, "fdatasync", (int)); return fails() ? -1 : real(fd); }
"""

WRITER = """
import sys
from monitor.archive import Archive, writes
from monitor.clock import FixedClock
from monitor.errors import ArchiveError
from tests.archives import NOW, entry, list_entries, outlet
try:
    archive = Archive.open(sys.argv[1], clock=FixedClock(NOW), hold=True)
except ArchiveError as error:
    print("refused", error)
    sys.exit(0)
def write(name, work):
    try:
        archive._writer.submit(work).result()
    except ArchiveError:
        print("failed", name, flush=True)
    else:
        print("kept", name, flush=True)
write("outlets", lambda tx: writes.put_outlets(tx, [outlet("Alpenpost")], NOW))
for i in range(8):
    write(i, lambda tx: list_entries(tx, *(entry("alpenpost", f"{i}-{k}", text="y" * 3000) for k in range(20))))
archive.close()
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes one write or sync fail."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(folder / "shim.so"), str(folder / "shim.c"), "-ldl"], check=True)
    return folder / "shim.so"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("code", [5, 28], ids=["EIO", "ENOSPC"])
def test_a_disk_that_fails_anywhere_leaves_no_wrong_state(shim: Path, sqlite_url: str, tmp_path: Path, code: int) -> None:
    for at in (*range(1, 40, 2), *range(40, 400, 24)):
        path = tmp_path / f"{at}.db"
        shutil.copyfile(sqlite_url, path)
        failing = {"LD_PRELOAD": str(shim), "FAIL_AT": str(at), "FAIL_CODE": str(code), "PYTHONPATH": str(Path(__file__).parents[2])}
        program = [sys.executable, "-c", WRITER, str(path)]
        done = subprocess.run(program, env=os.environ | failing, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (at, done.stderr)
        kept = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("kept")} - {"outlets"}
        archive = Archive.open(str(path), clock=FixedClock(NOW))
        keys = archive.read_now(lambda tx: [row[0] for row in tx.connection.exec_driver_sql("SELECT key FROM entries")])
        there = Counter(key.rsplit("/", 1)[1].split("-")[0] for key in keys)
        assert upkeep.verify(archive) == [], at
        archive.close()
        assert set(there.values()) <= {20}, (at, there)
        assert kept <= set(there), (at, kept, there)
        path.unlink()


# ---- the files beside it


def _two_thousand_entries(url: str) -> None:
    archive = Archive.open(url, clock=FixedClock(NOW), hold=True)
    archive.write_now(lambda tx: writes.put_outlets(tx, [outlet("Alpenpost")], NOW))
    for first in range(0, 2_000, 100):
        archive.write_now(lambda tx, first=first: list_entries(tx, *(entry("alpenpost", f"n{first + i}") for i in range(100))))  # type: ignore[misc]
    archive.close()


def _died(url: str, tmp_path: Path) -> Path:
    """The archive as a killed process leaves it: with its log and shared memory."""
    program = f"""
import os, signal
from monitor.archive import Archive, writes
from monitor.clock import FixedClock
from tests.archives import NOW, entry, list_entries, outlet
archive = Archive.open({url!r}, clock=FixedClock(NOW), hold=True)
archive.write_now(lambda tx: writes.put_outlets(tx, [outlet("Alpenpost")], NOW))
reader = archive.snapshot()
reader.__enter__()
for i in range(20):
    archive.write_now(lambda tx: list_entries(tx, *(entry("alpenpost", f"{{i}}-{{k}}", text="y" * 500) for k in range(20))))
os.kill(os.getpid(), signal.SIGKILL)
"""
    died = subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}, check=False)
    assert died.returncode == -signal.SIGKILL
    assert Path(f"{url}-wal").stat().st_size > 100_000
    return Path(url)


def _whole_polls(path: Path) -> int:
    """How many polls are there; each with all its entries, in an archive that is whole."""
    archive = Archive.open(str(path), clock=FixedClock(NOW), hold=True)
    keys = archive.read_now(lambda tx: [row[0] for row in tx.connection.exec_driver_sql("SELECT key FROM entries")])
    assert upkeep.verify(archive) == []
    assert archive.write_now(lambda tx: len(list_entries(tx, entry("alpenpost", "after")))) == 1
    archive.close()
    there = Counter(key.rsplit("/", 1)[1].split("-")[0] for key in keys)
    assert set(there.values()) <= {20}
    return len(there)


def test_without_its_shared_memory_nothing_is_lost(sqlite_url: str, tmp_path: Path) -> None:
    path = _died(sqlite_url, tmp_path)
    Path(f"{path}-shm").unlink()
    assert _whole_polls(path) == 20


@pytest.mark.parametrize("left", [0.5, 0.0])
def test_of_a_cut_log_whole_transactions_remain(sqlite_url: str, tmp_path: Path, left: float) -> None:
    path = _died(sqlite_url, tmp_path)
    log = Path(f"{path}-wal")
    os.truncate(log, int(log.stat().st_size * left))
    assert _whole_polls(path) < 20


def test_a_flipped_page_is_found_and_nothing_is_mended_by_deleting(sqlite_url: str) -> None:
    _two_thousand_entries(sqlite_url)
    path = Path(sqlite_url)
    found = 0
    pages = range(2, path.stat().st_size // 4096, 7)
    for page in pages:
        damaged = path.with_name("damaged.db")
        shutil.copyfile(path, damaged)
        with damaged.open("r+b") as file:
            file.seek(page * 4096)
            flipped = bytes(byte ^ 0xFF for byte in file.read(4096))
            file.seek(page * 4096)
            file.write(flipped)
        before = damaged.read_bytes()
        with suppress(ArchiveError):
            problems = damage(address(str(damaged)), "PRAGMA integrity_check(3)")
            found += bool(problems)
        assert damaged.read_bytes() == before
    assert found == len(pages)


@pytest.mark.slow
def test_a_reader_who_stays_makes_the_log_grow_and_it_shrinks_when_he_leaves(sqlite_url: str) -> None:
    archive = Archive.open(sqlite_url, clock=FixedClock(NOW), hold=True)
    archive.write_now(lambda tx: writes.put_outlets(tx, [outlet("Alpenpost")], NOW))
    log = Path(f"{sqlite_url}-wal")

    def write(first: int, times: int) -> None:
        for i in range(first, first + times):
            work = [entry("alpenpost", f"{i}-{k}", text="z" * 20_000) for k in range(100)]
            archive._writer.submit(lambda tx, work=work: list_entries(tx, *work)).result(60)  # type: ignore[misc]

    with archive.snapshot() as tx:
        assert tx.connection.exec_driver_sql("SELECT count(*) FROM entries").scalar() == 0
        write(0, 45)
        assert log.stat().st_size > 80_000_000
        assert tx.connection.exec_driver_sql("SELECT count(*) FROM entries").scalar() == 0
    write(45, 2)
    assert log.stat().st_size <= 64 * 1024 * 1024 + 100_000
    assert upkeep.verify(archive, is_quick=True) == []
    archive.close()

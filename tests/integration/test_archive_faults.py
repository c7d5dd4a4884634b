"""A disk that fails at the n-th write or sync: what was acknowledged is there, what was not is not, and nothing is half there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from monitor.archive import Archive, upkeep
from monitor.clock import FixedClock
from tests.archives import NOW

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

"""How long a large archive of an older revision pauses while it is upgraded at the start, and what is left after kills in the middle.

    python -m tests.benchmarks.upgrade ARCHIVE [--kills 10]
    python -m tests.benchmarks.upgrade --postgres 500000 [--kills 10]

ARCHIVE is a SQLite file of an older revision, best made by the archive's benchmark of that version; it is upgraded in place, so give a copy.
Kills come at moments spread over the time that one upgrade needs. Prints the pause of the upgrade that goes through, what its parts took,
and the rows before and after. ``--postgres`` fills an archive of so many articles from before months, prepares it beside a daemon that
goes on writing, and takes it over.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from monitor.archive import Archive, migrate, upkeep
from monitor.archive.engine import address, sqlite_module
from monitor.clock import SystemClock
from tests.benchmarks import upgrade_postgres

PAUSE_S = 30.0
PROGRAM = "import sys; from monitor.archive import Archive; from monitor.clock import SystemClock; Archive.open(sys.argv[1], clock=SystemClock(), hold=True)"


def counted(path: Path) -> dict[str, int]:
    """Rows of the tables that matter, whatever the revision."""
    with closing(sqlite_module().connect(str(path))) as connection:
        return {
            t: connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0]
            for t in ("articles", "entries", "matches", "stories", "alerts")
        }


def killed(path: Path, after_s: float) -> str | None:
    """Start the upgrade, kill it after so long, and return the revision it left."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)])
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return migrate.current(address(str(path)))


def backups(path: Path) -> list[Path]:
    """Copies that upgrades made beside it."""
    return sorted(path.parent.glob(f"{path.name}.*.backup*"))


def main() -> int:
    """Run the drill; exit 1 where the pause is too long or a row is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, nargs="?")
    parser.add_argument("--postgres", type=int, metavar="ARTICLES", help="on a PostgreSQL server of its own")
    parser.add_argument("--kills", type=int, default=10)
    given = parser.parse_args()
    if given.postgres:
        return upgrade_postgres.drill(given.postgres, given.kills, PAUSE_S)
    if given.archive is None:
        parser.error("name an archive, or --postgres ARTICLES")
    path: Path = given.archive
    before, revision = counted(path), migrate.current(address(str(path)))
    print(
        f"{path}: {path.stat().st_size / 1e9:.2f} GB, revision {revision}, {before['articles']:,} articles; this version writes {migrate.head()}"
    )
    for number in range(given.kills):
        after_s = 1.0 + 2.0 * number
        left = killed(path, after_s)
        print(f"  killed after {after_s:.0f} s: revision {left}", flush=True)
        for copy in backups(path):
            copy.unlink()
        if left == migrate.head():
            break
    said: list[tuple[float, str]] = []
    began, cpu = time.monotonic(), time.process_time()
    migrate.upgrade(address(str(path)), now=SystemClock().now(), report=lambda line: said.append((time.monotonic() - began, line)))
    pause_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
    for at_s, line in said:
        print(f"  {at_s:6.1f} s  {line}")
    archive = Archive.open(str(path), clock=SystemClock(), hold=True)
    problems = upkeep.verify(archive, is_quick=True)
    indexed = archive.read_now(lambda tx: tx.value(sa.text("SELECT count(*) FROM v_articles")))
    archive.close()
    lost = {name: n - counted(path)[name] for name, n in before.items() if n != counted(path)[name]}
    print(
        f"pause {pause_s:.1f} s (limit {PAUSE_S:.0f}), {cpu_s:.1f} s of CPU; rows lost {lost}; {indexed:,} articles in the view; verify {problems or 'nothing wrong'}"
    )
    for copy in backups(path):
        copy.unlink()
    return int(pause_s > PAUSE_S or bool(lost) or bool(problems))


if __name__ == "__main__":
    sys.exit(main())

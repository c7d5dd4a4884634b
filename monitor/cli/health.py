"""Asks the running daemon how it is: for probes of containers, monitors and scripts."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Final

from monitor.errors import DaemonAway

if TYPE_CHECKING:
    from monitor.config.settings import Settings

_PATIENCE_S: Final = 5.0
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a daemon may listen on, and where it is asked then


def ask(settings: Settings) -> str | None:
    """Return what keeps the daemon from working, None where nothing does; raises DaemonAway where no daemon answers."""
    if settings.listen is None:
        _ask_lock(settings)
        return None
    host, port = settings.listen
    headers = {"Authorization": f"Bearer {settings.token}"} if settings.token else {}
    connection = HTTPConnection(_EVERYWHERE.get(host, host), port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/readyz", headers=headers)
        answer = connection.getresponse()
        state = json.loads(answer.read())
    except (OSError, HTTPException, ValueError) as error:
        raise DaemonAway(f"no daemon answers on {host}:{port} ({type(error).__name__}); start it: presswatch run") from error
    finally:
        connection.close()
    if state.get("ready"):
        return None
    return "; ".join(state.get("why", ())) or "it is not ready"


def _ask_lock(settings: Settings) -> None:
    """Without pages only the archive's lock says whether a daemon lives."""
    from monitor.archive.lock import holder  # noqa: PLC0415 - the database is paid for only by commands that ask it

    path = settings.archive_path
    if path is None:
        raise DaemonAway("the daemon serves no pages and its archive is on a server: set listen, so that it can be asked")
    if not path.exists() or holder(path) is None:
        raise DaemonAway("no daemon holds the archive; start it: presswatch run")

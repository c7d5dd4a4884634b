"""The key that signs links in messages: one that was given, else one of our own in a file beside the archive."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

import structlog

from monitor import links
from monitor.config.settings import Settings

_log = structlog.get_logger()

FILE = "links.key"


def link_key(settings: Settings) -> bytes | None:
    """Return what signs links, made at the first start; None without a ``public_url``, where there is nothing to sign.

    Nodes that share an archive on a server share a key only where ``link_key_file`` names one.
    """
    if settings.public_url is None:
        return None
    if settings.link_key is not None:
        return settings.link_key.encode()
    folder = settings.archive_path.parent if settings.archive_path else settings.state_folder
    try:
        return _kept(folder / FILE).encode()
    except (OSError, UnicodeDecodeError) as error:
        _log.warning("key for links cannot be kept; links in messages end with this run, set link_key_file", reason=str(error))
        return secrets.token_bytes(links.KEY_BYTES)


def _kept(path: Path) -> str:
    """Return the key in a file, which nobody else may read; make it where there is none."""
    with suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(links.KEY_BYTES))
    found = path.read_text(encoding="ascii").strip()
    if len(found) < links.KEY_BYTES:
        raise OSError(f"{path} holds no key; remove it")
    return found

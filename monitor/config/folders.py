"""Where settings, the archive and the shipped seeds are: XDG for a person, /etc and /var/lib for a service."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

import platformdirs

NAME: Final = "presswatch"
FILE: Final = "presswatch.yaml"
SYSTEM_CONFIG: Final = Path("/etc/presswatch")
SYSTEM_STATE: Final = Path("/var/lib/presswatch")


def config_folder() -> Path:
    """Return where a person's settings are."""
    return Path(platformdirs.user_config_dir(NAME))


def find_config(environ: Mapping[str, str]) -> Path | None:
    """Return the settings file that serves when none is named; None for the starter."""
    named = environ.get("PRESSWATCH_CONFIG")
    return Path(named).expanduser() if named else next((path for path in config_places() if _is_there(path)), None)


def config_places() -> tuple[Path, Path]:
    """Return where a settings file is looked for, in this order: the person's, the system's. root and services ask the system's first."""
    own, system = config_folder() / FILE, SYSTEM_CONFIG / FILE
    return (system, own) if os.geteuid() == 0 else (own, system)


def state_folder(config: Path | None, environ: Mapping[str, str]) -> Path:
    """Return where the archive and the daemon's lock live: systemd's StateDirectory, /var/lib beside /etc, else the person's data."""
    given = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    if config is not None and config.is_relative_to(SYSTEM_CONFIG):
        return SYSTEM_STATE
    return Path(platformdirs.user_data_dir(NAME))


def seeds() -> Path:
    """Return the folder of the shipped seeds: inside the wheel, or beside the checkout."""
    shipped = Path(str(files("monitor") / "_seeds"))
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "seeds"


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False

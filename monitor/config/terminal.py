"""What the environment says about the terminal: colours, width."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import TextIO


def wants_colour(stream: TextIO, environ: Mapping[str, str] | None = None) -> bool:
    """Say whether a stream takes colours: NO_COLOR beats FORCE_COLOR beats what the stream is."""
    given = os.environ if environ is None else environ
    if given.get("NO_COLOR"):
        return False
    if given.get("FORCE_COLOR"):
        return True
    return stream.isatty() and given.get("TERM") != "dumb"


def width(stream: TextIO) -> int | None:
    """Return the cells of a line on a terminal, None where the output is no terminal and lines may be as long as they are."""
    return shutil.get_terminal_size().columns if stream.isatty() else None

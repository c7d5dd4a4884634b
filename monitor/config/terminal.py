"""What the environment says about the terminal: colours, width, whether it is still there, what a person calls us."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
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


def has_terminal(stream: TextIO) -> bool:
    """Say whether the terminal behind a stream is still there; one that was closed is none any more."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def called(program: str = "presswatch") -> str:
    """Return how a person here calls the program: by its name where the shell finds it, else through the checkout or by its path."""
    ours = Path(sys.prefix) / "bin" / program
    found = shutil.which(program)
    if found is not None and (not ours.exists() or Path(found).resolve() == ours.resolve()):
        return program
    dev = Path(sys.prefix).parent / "dev"
    if dev.is_file():
        return f"./dev {program}" if dev.parent == Path.cwd() else f"{dev} {program}"
    return str(ours) if ours.exists() else program

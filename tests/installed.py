"""Presswatch as a stranger has it: the wheel in a virtual environment of its own, with what it declares to need and nothing else.

The distributions come from the environment the tests run in, so that no registry is asked.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def build(folder: Path) -> Path:
    """Build the wheel into a folder, with what the build says it needs and nothing else, as pip does for a stranger."""
    builder = folder / "builder"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(builder)], check=True)
    (site,) = builder.glob("lib/python3.*/site-packages")
    for wanted in tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]:
        name = Requirement(wanted).name
        for found in (distribution(name), *needs(name)):
            link(found, site)
    command = [str(builder / "bin" / "python"), "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path, *, python: str = sys.executable) -> Path:
    """Make a virtual environment that holds the wheel and its run-time dependencies; return its ``bin``."""
    prepare(folder, python=python)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(folder / "bin" / "python")]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    return folder / "bin"


def prepare(folder: Path, *, python: str = sys.executable) -> None:
    """Make a virtual environment that holds what the wheel needs, but not the wheel."""
    subprocess.run([python, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python3.*/site-packages")
    for needed in needs("presswatch"):
        link(needed, site)


def needs(name: str, extras: frozenset[str] = frozenset()) -> Iterator[Distribution]:
    """Walk what a distribution declares to need here, each once, itself left out."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(name, extras)]
    told: set[str] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found = distribution(name)
        if name != "presswatch" and found.name not in told:
            told.add(found.name)
            yield found
        for line in found.requires or ():
            wanted = Requirement(line)
            if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in extras or {""}):
                waiting.append((wanted.name, frozenset(wanted.extras)))


def link(found: Distribution, site: Path) -> None:
    """Let an environment share the files of a distribution."""
    home = Path(str(found.locate_file(""))).resolve()
    for top in {Path(file).parts[0] for file in found.files or () if ".." not in file.parts}:
        target = site / top
        if top != "__pycache__" and not target.exists():
            target.symlink_to(home / top)

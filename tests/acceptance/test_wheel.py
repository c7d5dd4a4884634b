"""The wheel alone, away from the checkout: migrations, seeds and the newsstand travel with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAIN = "import sys; from monitor.cli import main; sys.argv[0] = 'presswatch'; sys.exit(main())"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the wheel's files and nothing else of ours."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def presswatch(installed: Path, home: Path, *arguments: str, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PRESSWATCH_", "XDG_", "COV_"))}
    environment |= {"PYTHONPATH": str(installed), "HOME": str(home), "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments], cwd=home, env=environment, capture_output=True, text=True, timeout=seconds, check=False
    )


def test_it_carries_migrations_and_seeds_and_no_package_named_alembic(installed: Path) -> None:
    assert list((installed / "monitor" / "_alembic" / "versions").glob("0001*.py"))
    assert (installed / "monitor" / "_seeds" / "themes.yaml").exists()
    assert not list(installed.rglob("_alembic/__init__.py"))
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_init_upgrade_and_rules_work_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    where = presswatch(installed, tmp_path, "config", "show")
    assert where.returncode == 0, where.stderr
    made = presswatch(installed, tmp_path, "init", "--yes")
    assert made.returncode == 0, made.stderr
    upgraded = presswatch(installed, tmp_path, "db", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    checked = presswatch(installed, tmp_path, "rules", "check")
    assert checked.returncode == 0, checked.stderr


def test_the_demonstration_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    done = presswatch(installed, tmp_path, "run", "--demo", "--once")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode != -signal.SIGKILL

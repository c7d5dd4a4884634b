"""The wheel alone, in an environment with what it declares to need and nothing else, away from the checkout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.installed import ROOT, build, install


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` of a fresh environment."""
    folder = tmp_path_factory.mktemp("wheel")
    return install(build(folder), folder / "venv")


def presswatch(programs: Path, home: Path, *arguments: str, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run the command as somebody whose home is empty."""
    environment = {"HOME": str(home), "PATH": f"{programs}:/usr/bin:/bin", "LANG": "C.UTF-8"}
    return subprocess.run(
        [str(programs / "presswatch"), *arguments], cwd=home, env=environment, capture_output=True, text=True, timeout=seconds, check=False
    )


def test_it_brings_nothing_of_the_tests_and_all_of_its_own(programs: Path, tmp_path: Path) -> None:
    asked = "import importlib.util as u; print([n for n in ('pytest', 'mypy', 'psycopg', 'aiosmtpd') if u.find_spec(n)])"
    found = subprocess.run([str(programs / "python"), "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
    (site,) = programs.parent.glob("lib/python3.*/site-packages")
    assert list((site / "monitor" / "_alembic" / "versions").glob("0001*.py"))
    assert (site / "monitor" / "_seeds" / "themes.yaml").exists()
    assert not (site / "monitor" / "_alembic" / "__init__.py").exists()
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_the_man_page_completion_and_service_files_come_with_it(programs: Path) -> None:
    share = programs.parent / "share"
    assert (share / "man" / "man1" / "presswatch.1").read_text().startswith(".TH PRESSWATCH 1")
    assert "_PRESSWATCH_COMPLETE" in (share / "bash-completion" / "completions" / "presswatch").read_text()
    assert (share / "zsh" / "site-functions" / "_presswatch").exists()
    assert (share / "fish" / "vendor_completions.d" / "presswatch.fish").exists()
    assert {p.name for p in (share / "presswatch" / "systemd").iterdir()} == {
        "presswatch.service", "presswatch@.service", "sysusers.conf", "tmpfiles.conf",
    }  # fmt: skip


def test_a_shell_completes_commands(programs: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "_PRESSWATCH_COMPLETE": "bash_complete",
        "COMP_WORDS": "presswatch sta",
        "COMP_CWORD": "1",
    }
    done = subprocess.run([str(programs / "presswatch")], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "status" in done.stdout


def test_init_upgrade_and_rules_work_away_from_the_checkout(programs: Path, tmp_path: Path) -> None:
    for arguments in (("config", "show"), ("init", "--yes"), ("db", "upgrade"), ("rules", "check"), ("doctor",)):
        done = presswatch(programs, tmp_path, *arguments)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)


def test_the_demonstration_runs_from_the_wheel(programs: Path, tmp_path: Path) -> None:
    done = presswatch(programs, tmp_path, "run", "--demo", "--once")
    assert done.returncode == 0, done.stderr
    assert "first report" in done.stdout
    assert "now in 3 outlets" in done.stdout
    assert "Traceback" not in done.stderr

"""The commands of the README and of docs/operations.md, run as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.conftest import Sink
from tests.acceptance.test_own_beat import shell
from tests.installed import ROOT, build, prepare

README = (ROOT / "README.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RUN_BY = {
    "Install": "test_the_wheel_is_installed_by_the_commands_of_the_page",
    "As a service": "tests/acceptance/test_systemd.py",
    "In a container": "test_the_container_is_prepared_by_the_commands_of_the_page",
    "Backup and restore": "test_a_backup_is_made_and_put_back_by_the_commands_of_the_page",
    "Outlets": "tests/integration/test_cli_discover.py",
    "PostgreSQL": "tests/acceptance/test_own_beat.py",
}


def block(title: str) -> str:
    """The commands under a heading."""
    section = re.split(rf"^##+ {re.escape(title)}$", OPERATIONS, flags=re.MULTILINE)[1]
    return "\n".join(re.findall(r"```sh\n(.*?)```", re.split(r"^##", section, flags=re.MULTILINE)[0], re.DOTALL))


def test_every_command_of_operations_is_run_somewhere() -> None:
    sections = re.split(r"^##+ ", OPERATIONS, flags=re.MULTILINE)
    assert {section.split("\n")[0] for section in sections if "```sh" in section} == RUN_BY.keys()


def test_the_wheel_is_installed_by_the_commands_of_the_page(tmp_path: Path) -> None:
    wheel = build(tmp_path)
    prepare(tmp_path / "opt", python=shutil.which("python3") or "python3")
    (tmp_path / "bin").mkdir()
    script = block("Install").replace("/opt/presswatch", str(tmp_path / "opt")).replace("/usr/local/bin", str(tmp_path / "bin"))
    assert f"./{wheel.name}" in script
    environment = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(tmp_path), "PIP_NO_INDEX": "1", "LANG": "C.UTF-8"}
    done = subprocess.run(
        ["sh", "-e", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("presswatch 0.1.0\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="files are given to the container's user, which is root's to do")
def test_the_container_is_prepared_by_the_commands_of_the_page(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    (tmp_path / "docker").write_text('#!/bin/sh\n[ "$1" = compose ] && [ -f "$3" ] && [ -s secrets/token ] && echo "$@"\n')
    (tmp_path / "docker").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = block("In a container").replace("cd deploy/container", f"cd {tmp_path}/deploy/container")
    done = subprocess.run(
        ["sh", "-e", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    token = tmp_path / "deploy" / "container" / "secrets" / "token"
    assert re.fullmatch(r"[0-9a-f]{48}", token.read_text())
    assert (token.stat().st_uid, token.stat().st_mode & 0o777) == (65532, 0o400)


async def test_a_backup_is_made_and_put_back_by_the_commands_of_the_page(tmp_path: Path) -> None:
    code, said = await shell(tmp_path, "presswatch init --yes\npresswatch db upgrade\n" + block("Backup and restore"))
    assert code == 0, said
    assert "the archive is whole" in said


async def test_the_commands_of_the_readme_do_what_it_says(tmp_path: Path, sink: Sink) -> None:
    typed = re.findall(r"^    \./dev (.+?)(?: {2,}#.*)?$", README, re.MULTILINE)
    assert typed[:2] == ["run --demo", "run"]  # tests/acceptance/test_first_light.py does these
    assert typed[2] == "presswatch init"
    script = "\n".join(["presswatch init --yes", "presswatch db upgrade", *typed[3:]])
    script = script.replace("'tgram://TOKEN/CHAT'", f"'{sink.url}'")
    script = re.sub(
        r"^presswatch (?:status|archive search).*", r"\g<0> || test $? = 1", script, flags=re.MULTILINE
    )  # nothing was found yet
    code, said = await shell(tmp_path, script)
    assert code == 0, said
    assert "MATCH" in said
    assert len(sink.taken) == 1  # the test message of a new channel
    assert "Traceback" not in said


def test_every_file_the_pages_lead_to_is_there() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "seeds" / "README.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[\w-]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} leads to {target}"

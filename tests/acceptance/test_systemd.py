"""The unit under a real systemd, booted in a container.

Needs root, systemd-nspawn, and in PRESSWATCH_DRILL_ROOT the folder of a Debian that is the drill's to spoil:

    debootstrap --variant=minbase --include=python3,python3-venv,systemd,systemd-sysv,dbus bookworm FOLDER
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_docs_commands import block
from tests.installed import build, needs

FOLDER = os.environ.get("PRESSWATCH_DRILL_ROOT", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        os.geteuid() != 0 or not FOLDER or shutil.which("systemd-nspawn") is None,
        reason="needs root, systemd-nspawn and PRESSWATCH_DRILL_ROOT",
    ),
]
INSTALL = """\
systemctl disable --now presswatch || true
rm -rf /opt/presswatch /etc/presswatch /var/lib/presswatch /etc/systemd/system/presswatch.service*
python3 -m venv /opt/presswatch
for path in {sites}; do
  name=$(basename "$path"); target=$(echo /opt/presswatch/lib/python3.*/site-packages)/$name
  [ -e "$target" ] || ln -s "$path" "$target"
done
/opt/presswatch/bin/pip install --quiet --no-deps --no-index /root/{wheel}
ln -sf /opt/presswatch/bin/presswatch /usr/local/bin/presswatch
"""
SHORT = "mkdir -p /etc/systemd/system/presswatch.service.d; printf '[Service]\\nWatchdogSec=6s\\nTimeoutAbortSec=3s\\nRestartSec=1s\\n' > /etc/systemd/system/presswatch.service.d/short.conf; systemctl daemon-reload"


class Machine:
    """A booted Debian; ``run`` is a shell in it."""

    def __init__(self, root: Path, shared: Path) -> None:
        command = ["systemd-nspawn", "--quiet", "--boot", "-D", str(root), "--register=no", "--keep-unit", f"--bind-ro={shared}"]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def run(self, script: str) -> str:
        enter = ["nsenter", "-t", self._first(), "-m", "-u", "-i", "-n", "-p", "-C", "--", "bash", "-e", "-c", script]
        done = subprocess.run(enter, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def until(self, script: str, said: str, *, seconds: float = 60.0) -> None:
        """Wait for a command to say something."""
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            if self.run(f"{script} || true") == said:
                return
            time.sleep(0.5)
        pytest.fail(f"{script} did not say {said}; the journal:\n{self.run('journalctl -u presswatch --no-pager -n 40')}")

    def shown(self, name: str) -> str:
        """A property of the unit."""
        return self.run(f"systemctl show presswatch -p {name} --value")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(60)

    def _first(self) -> str:
        """The first process of the machine."""
        return Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    root = Path(FOLDER)
    wheel = shutil.copy(build(tmp_path_factory.mktemp("wheel")), root / "root")
    site = Path(str(next(needs("presswatch")).locate_file(""))).resolve()
    tops = sorted(
        {str(site / Path(file).parts[0]) for found in needs("presswatch") for file in found.files or () if ".." not in file.parts}
    )
    booted = Machine(root, Path(sys.prefix))
    time.sleep(5.0)
    try:
        booted.until("systemctl is-active multi-user.target", "active")
        booted.run(INSTALL.format(sites=" ".join(tops), wheel=Path(wheel).name))
        yield booted
    finally:
        booted.close()


def test_the_service_starts_by_the_commands_of_the_page_and_survives_what_may_come(machine: Machine) -> None:
    machine.run(block("As a service"))
    assert machine.shown("ActiveState") == "active"
    assert machine.shown("StatusText").startswith("watching ")
    assert machine.run("stat -c %U:%a /var/lib/presswatch/archive.db") == "presswatch:640"

    machine.run("systemctl reload presswatch")
    machine.until("systemctl show presswatch -p SubState --value", "running")
    machine.run(SHORT + "; systemctl restart presswatch")
    time.sleep(10.0)
    assert machine.shown("NRestarts") == "0", "a daemon that moves is left alone"

    machine.run("kill -STOP $(systemctl show presswatch -p MainPID --value)")
    machine.until("systemctl show presswatch -p NRestarts --value", "1")
    machine.until("systemctl is-active presswatch", "active")

    began = time.monotonic()
    machine.run("systemctl stop presswatch")
    assert time.monotonic() - began < 10.0
    assert (machine.shown("Result"), machine.shown("ExecMainStatus")) == ("success", "0")

    machine.run("echo 'chanels: []' >> /etc/presswatch/presswatch.yaml; systemctl start presswatch || true; sleep 3")
    assert (machine.shown("ActiveState"), machine.shown("ExecMainStatus"), machine.shown("NRestarts")) == ("failed", "78", "0")

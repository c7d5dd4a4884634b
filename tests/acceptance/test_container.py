"""The image, built and run as the compose file runs it: nobody, a read-only root, no capabilities.

Needs docker or podman, and its base image here or within reach. Nothing in it sees a network.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.installed import ROOT

FILE = ROOT / "deploy" / "container" / "Containerfile"
SERVICE = yaml.safe_load((FILE.parent / "compose.yaml").read_text())["services"]["presswatch"]
ENGINE = next(
    (name for name in ("docker", "podman") if shutil.which(name) and not subprocess.run([name, "info"], capture_output=True, check=False).returncode),
    "",
)  # fmt: skip
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not ENGINE, reason="needs docker or podman with an engine that answers"),
]
IMAGE = "presswatch:drill"
TOKEN = "a-token-of-the-drill"
CONFINED = [
    "--network", "none", "--read-only", *(f"--tmpfs={path}" for path in SERVICE["tmpfs"]),
    *(f"--cap-drop={name}" for name in SERVICE["cap_drop"]), *(f"--security-opt={option}" for option in SERVICE["security_opt"]),
]  # fmt: skip


def engine(*arguments: str | Path, seconds: float = 120.0) -> str:
    """Run the engine; what it said is the failure's message."""
    done = subprocess.run([ENGINE, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def image() -> str:
    base = next(line.split()[1] for line in FILE.read_text().splitlines() if line.startswith("FROM "))
    if subprocess.run([ENGINE, "image", "inspect", base], capture_output=True, check=False).returncode:
        pulled = subprocess.run([ENGINE, "pull", base], capture_output=True, text=True, timeout=300, check=False)
        if pulled.returncode:
            pytest.skip(f"its base {base} is neither here nor within reach: {pulled.stderr.strip()[-200:]}")
    form = ["--format", "docker"] if ENGINE == "podman" else []
    engine("build", *form, "-f", FILE, "-t", IMAGE, ".", seconds=800.0)
    return IMAGE


@pytest.fixture
def volume() -> Iterator[str]:
    name = f"presswatch-drill-{uuid.uuid4().hex[:8]}"
    engine("volume", "create", name)
    yield f"{name}:/var/lib/presswatch"
    engine("volume", "rm", "-f", name)


def presswatch(image: str, volume: str, *arguments: str) -> str:
    """Run one command in a container that is gone afterwards."""
    return engine("run", "--rm", *CONFINED, "-v", volume, image, *arguments)


def test_it_runs_as_nobody_who_can_write_the_archive_and_nothing_else(image: str, volume: str) -> None:
    script = "id -u; for path in / /opt/presswatch /etc/presswatch /var/lib/presswatch /tmp; do touch $path/x 2>/dev/null && echo $path; done; true"
    said = engine("run", "--rm", *CONFINED, "-v", volume, "--entrypoint", "sh", image, "-c", script)
    assert said.split() == ["65532", "/var/lib/presswatch", "/tmp"]


def test_it_says_what_it_is(image: str, volume: str) -> None:
    labels = json.loads(engine("image", "inspect", "--format", "{{json .Config.Labels}}", image))
    assert presswatch(image, volume, "--version").split() == ["presswatch", labels["org.opencontainers.image.version"]]
    assert json.loads(engine("image", "inspect", "--format", "{{json .Config.Healthcheck.Test}}", image)) == [
        "CMD",
        "presswatch",
        "status",
        "--health",
    ]


def test_settings_made_in_it_stay_in_the_volume(image: str, volume: str) -> None:
    presswatch(image, volume, "init", "--yes", "--contact", "https://newsroom.example/presswatch")
    assert "https://newsroom.example/presswatch" in presswatch(image, volume, "config", "show")


def test_it_shows_the_whole_line(image: str, volume: str) -> None:
    said = presswatch(image, volume, "run", "--demo", "--once")
    assert "first report" in said
    assert "Nvidia" in said


def test_it_is_healthy_asks_for_the_token_and_ends_when_told(image: str, volume: str, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(TOKEN)
    tmp_path.chmod(0o755)
    environment = [part for key, value in SERVICE["environment"].items() for part in ("-e", f"{key}={value}")]
    shared = ["-v", f"{secret}:/run/secrets/token:ro", "-v", volume]
    name = engine("run", "-d", *CONFINED, *environment, *shared, image, "run", "--log-format", "json").strip()
    try:
        over = time.monotonic() + 60.0
        while subprocess.run([ENGINE, "exec", name, "presswatch", "status", "--health"], capture_output=True, check=False).returncode:
            assert time.monotonic() < over, engine("logs", name)
            time.sleep(0.5)
        assert _asked(name, "") == "401"
        assert _asked(name, TOKEN) == "200"
        began = time.monotonic()
        engine("stop", "-t", SERVICE["stop_grace_period"].removesuffix("s"), name)
        assert time.monotonic() - began < 10.0  # the promise, not the machine's pace
        assert engine("inspect", "--format", "{{.State.ExitCode}}", name).strip() == "0"
    finally:
        engine("rm", "-f", name)


def _asked(name: str, token: str) -> str:
    """Ask for the metrics from within; return the status."""
    ask = (
        "import urllib.request as u, urllib.error as e, sys\n"
        "try: print(u.urlopen(u.Request('http://127.0.0.1:8642/metrics', headers={'Authorization': 'Bearer ' + sys.argv[1]})).status)\n"
        "except e.HTTPError as error: print(error.code)"
    )
    return engine("exec", name, "python", "-c", ask, token).strip()

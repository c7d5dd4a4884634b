"""What is under deploy/, asked by the tools that would take it."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from monitor.cli.manual import written
from monitor.config.models import PresswatchModel
from monitor.metrics import Metrics
from monitor.queue import Role

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd" / "presswatch.service"
UNITS = (UNIT, UNIT.with_name("presswatch@.service"))
COMPOSE = sorted((DEPLOY / "container").glob("compose*.yaml"))
MOST_EXPOSED = 20
"""In tenths: 2.0 on systemd's scale, on which an unguarded service has 9.6."""

systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here (Debian: systemd)")
promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here (Debian: prometheus)")
hadolint = pytest.mark.skipif(
    platform.machine() != "x86_64" or sys.platform != "linux", reason="there is a wheel of hadolint for Linux on x86_64 only"
)


def run(*command: str | Path) -> str:
    """Run a tool; what it said is the failure's message."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@systemd
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_the_unit_says_nothing_that_systemd_does_not_know(path: Path, tmp_path: Path) -> None:
    unit = tmp_path / path.name.replace("@.", "@all.")
    here = path.read_text().replace("/usr/local/bin/presswatch", shutil.which("true") or "/bin/true")
    unit.write_text(here.replace("Documentation=man:presswatch(1)\n", ""))  # whether man finds its page is a matter of the machine
    assert run("systemd-analyze", "verify", unit) == ""


@systemd
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_the_unit_exposes_little(path: Path) -> None:
    said = run("systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", path)
    assert "Overall exposure level" in said


def test_the_unit_names_its_user_and_the_folders_that_are_made_for_it() -> None:
    assert re.search(r"^u presswatch ", (DEPLOY / "systemd" / "sysusers.conf").read_text(), re.MULTILINE)
    made = re.findall(r"^d (\S+) ", (DEPLOY / "systemd" / "tmpfiles.conf").read_text(), re.MULTILINE)
    assert made == ["/etc/presswatch", "/var/lib/presswatch"]
    assert "User=presswatch\n" in UNIT.read_text()


@hadolint
def test_the_containerfile_is_clean() -> None:
    run(Path(sys.executable).parent / "hadolint", DEPLOY / "container" / "Containerfile")


def test_the_image_runs_as_nobody_and_is_asked_for_its_health() -> None:
    last = (DEPLOY / "container" / "Containerfile").read_text().rpartition("\nFROM ")[2]
    assert "USER 65532:65532" in last
    assert 'CMD ["presswatch", "status", "--health"]' in last
    assert all(f"org.opencontainers.image.{label}=" in last for label in ("title", "description", "licenses", "version"))


def test_the_image_holds_what_the_wheel_needs_at_the_versions_the_tests_ran_with() -> None:
    tested, shipped = pins(ROOT / "requirements.lock"), pins(DEPLOY / "container" / "requirements.lock")
    assert shipped.items() <= tested.items()
    assert "scrapy" in shipped
    assert not {"pytest", "mypy", "ruff"} & shipped.keys()


def pins(lock: Path) -> dict[str, str]:
    """Versions by name."""
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_the_compose_file_holds_to_the_specification(path: Path) -> None:
    run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path)


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_the_service_is_read_only_and_set_by_keys_there_are(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    service = document["services"]["presswatch"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    keys = {name.removeprefix("PRESSWATCH_").lower() for name in service["environment"]}
    assert keys <= PresswatchModel.model_fields.keys()
    named = set(service["secrets"]) | set(document["services"].get("postgres", {}).get("secrets", ()))
    assert named == document["secrets"].keys()


def test_the_fleet_is_one_scheduler_three_crawlers_and_one_deliverer() -> None:
    services = yaml.safe_load((DEPLOY / "container" / "compose.fleet.yaml").read_text())["services"]
    roles = {
        service["environment"]["PRESSWATCH_ROLE"]: service.get("deploy", {}).get("replicas", 1)
        for name, service in services.items()
        if name != "postgres"
    }
    assert roles == {"scheduler": 1, "crawler": 3, "deliverer": 1}
    assert {role.value for role in Role} == roles.keys()


def test_a_node_differs_from_a_lone_daemon_by_its_role_alone() -> None:
    lone, node = (path.read_text().splitlines() for path in UNITS)
    differing = [line for line in node if line not in lone and not line.startswith("#")]
    assert [line.partition("=")[0] for line in differing] == ["Description", "ExecStart"]
    assert "--role %i" in differing[1]


@promtool
def test_prometheus_takes_the_rules() -> None:
    assert "SUCCESS" in run("promtool", "check", "rules", DEPLOY / "prometheus" / "presswatch.rules.yml")


@promtool
def test_only_standstill_of_all_sources_is_told_as_standstill(tmp_path: Path) -> None:
    """One outlet goes on for three hours, then it stops too; what never ends in `blocked` and who is asked seldom stay quiet."""
    inputs = [
        {"series": 'presswatch_polls_total{job="p",outlet="nzz",status="ok"}', "values": "0+1x180 180x180"},
        {"series": 'presswatch_polls_total{job="p",outlet="nzz",status="blocked"}', "values": "0x360"},
        {"series": 'presswatch_polls_total{job="p",outlet="taz",status="ok"}', "values": "0x100 1x260"},
    ]
    told = {"exp_labels": {"severity": "critical", "job": "p"}, "exp_annotations": {"summary": "no source was polled for an hour"}}
    asked = [
        {"eval_time": at, "alertname": "PresswatchNoPolls", "exp_alerts": alerts}
        for at, alerts in (("3h", []), ("230m", []), ("5h", [told]))
    ]
    case = {
        "rule_files": [str(DEPLOY / "prometheus" / "presswatch.rules.yml")],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": inputs, "alert_rule_test": asked}],
    }
    (tmp_path / "case.yml").write_text(yaml.safe_dump(case))
    assert "SUCCESS" in run("promtool", "test", "rules", tmp_path / "case.yml")


@promtool
def test_prometheus_takes_the_metrics() -> None:
    counters = Metrics()
    counters.prepare(version="1", outlets=["nzz"], themes=["chips"], channels=["desk"])
    subprocess.run(["promtool", "check", "metrics"], input=counters.page(), check=True, capture_output=True, timeout=60)


def test_every_rule_asks_for_a_metric_there_is() -> None:
    counters = Metrics()
    known = {sample.name for family in counters.registry.collect() for sample in family.samples}
    known |= {name for family in counters.registry.collect() for name in names(family.name, family.type)}
    rules = yaml.safe_load((DEPLOY / "prometheus" / "presswatch.rules.yml").read_text())["groups"][0]["rules"]
    asked = {name for rule in rules for name in re.findall(r"presswatch_\w+", rule["expr"])}
    assert len(rules) >= 8
    assert asked <= known


def names(family: str, kind: str) -> Sequence[str]:
    """What a family is called where it has no sample yet."""
    return {"counter": [f"{family}_total"], "histogram": [f"{family}_bucket", f"{family}_sum", f"{family}_count"]}.get(kind, [family])


def test_the_man_page_tells_every_command() -> None:
    page = written("1.2.3")["man/man1/presswatch.1"]
    told = re.findall(r"^\.SS (.+)$", page, re.MULTILINE)
    assert {"run", "status", "doctor"} <= {line.split()[0] for line in told}
    assert any(line.startswith("rules test") for line in told)
    assert "\\-\\-once" in page
    assert '"presswatch 1.2.3"' in page

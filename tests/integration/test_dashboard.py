"""The dashboard as a process on a real archive: every page answers, nothing can be changed, nobody else can ask."""

from __future__ import annotations

import importlib.util
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest
import sqlalchemy as sa
import yaml

from monitor.archive import Archive, Tx, migrate
from monitor.cli import app, dashboard
from monitor.clock import FixedClock
from tests.archives import NOW, furnish
from tests.databases import SqliteFiles

SHIPPED = yaml.safe_load((dashboard.shipped() / "metadata.yaml").read_text(encoding="utf-8"))
QUESTIONS = SHIPPED["databases"]["archive"]["queries"]


@pytest.fixture(scope="module")
def settings(_sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings beside a furnished archive."""
    url = _sqlite_files.ready()
    archive = Archive.open(url, clock=FixedClock(NOW))
    archive.write_now(furnish)
    archive.write_now(_bring_to_today)
    archive.close()
    config = tmp_path_factory.mktemp("dashboard") / "presswatch.yaml"
    config.write_text(f"archive: {url}\n")
    return config


def _bring_to_today(tx: Tx) -> None:
    """The questions are about the last days."""
    for table, column in (("articles", "day"), ("matches", "day"), ("mentions", "day"), ("deliveries", "day"), ("stories", "last_day")):
        tx.run(sa.text(f"UPDATE {table} SET {column} = date('now')"))
    tx.run(sa.text("UPDATE deliveries SET status = 'dead', error = '550 no such mailbox' WHERE delivery_id = 2"))


@pytest.fixture(scope="module")
def home(settings: Path) -> Iterator[str]:
    """The address of a running dashboard; it ends at an interrupt, as a terminal sends it."""
    program = [str(Path(sys.executable).with_name("presswatch")), "-c", str(settings), "dashboard", "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        yield running.stdout.readline().strip().rstrip("/")
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130
        assert running.stderr.read().split("ends it")[1].split() == ["interrupted"], "no complaint in all that was asked"


def ask(url: str, **headers: str) -> tuple[int, str]:
    try:
        with urlopen(Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


ANSWERS = {
    "themes_by_day": ("New models: 3 articles", "<rect"),
    "entity_by_day": ("de: 2 articles", "<rect"),
    "biggest_stories": ("Title of a", "Alpenpost"),
    "who_was_first": ("Alpenpost", "Fjord Times"),
    "theme_matches": ("Der Hersteller Nordlicht", "models/shown"),
    "rule_quality": ("models/shown", "bergen/town"),
    "outlet_health": ("Linzer Bote", "feed0.xml"),
    "failed_messages": ("550 no such mailbox",),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_is_answered_by_a_click_and_asked_on_the_first_page(home: str, question: str) -> None:
    named = urlencode({"theme_id": "models", "entity_id": "nordlicht"})
    status, page = ask(f"{home}/archive/{question}?{named}")
    assert status == 200
    for words in ANSWERS[question]:
        assert words in page
    assert f'href="/archive/{question}"' in ask(home + "/")[1]


@pytest.mark.parametrize("view", migrate.view_names())
def test_every_public_view_can_be_read(home: str, view: str) -> None:
    assert ask(f"{home}/archive/{view}")[0] == 200


def test_tables_are_out_of_sight(home: str) -> None:
    page = ask(f"{home}/archive")[1]
    assert set(re.findall(r'href="/archive/(v_\w+)"', page)) == set(migrate.view_names())
    assert not re.findall(r'href="/archive/(articles|meta|deliveries|article_index)"', page)


@pytest.mark.parametrize("statement", ["delete from articles", "update meta set value = 1", "attach '/tmp/presswatch-x.db' as x", "vacuum"])
def test_nothing_can_be_changed(home: str, statement: str) -> None:
    status, page = ask(f"{home}/archive?{urlencode({'sql': statement})}")
    assert (status, "must be a SELECT" in page) == (400, True)
    assert ask(f"{home}/archive.db")[0] in {403, 404}


def test_a_question_without_an_end_is_cut(home: str) -> None:
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    status, page = ask(f"{home}/archive?{urlencode({'sql': endless})}")
    assert (status, "took too long" in page) == (400, True)


def test_a_page_elsewhere_whose_name_leads_here_is_not_answered(home: str) -> None:
    assert ask(home, Host="archive.example")[0] == 421
    assert ask(home, Host=f"localhost:{urlsplit(home).port}")[0] == 200


def test_the_style_is_ours(home: str) -> None:
    assert "prefers-color-scheme: dark" in ask(f"{home}/presswatch/dashboard.css")[1]


# ---- what stops it


def test_a_port_that_is_taken_is_named(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert app.run(["-c", str(settings), "dashboard", "--port", str(other.getsockname()[1])]) == 69
    assert "cannot be opened: address already in use; choose another with --port" in capsys.readouterr().err


def test_without_its_extra_the_command_says_what_to_install(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert app.run(["-c", str(settings), "dashboard"]) == 69
    assert "pip install 'presswatch[dashboard]'" in capsys.readouterr().err


def test_an_archive_on_a_server_is_shown_another_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "presswatch.yaml"
    config.write_text("archive: postgresql://presswatch@/presswatch\n")
    assert app.run(["-c", str(config), "dashboard"]) == 69
    assert "deploy/grafana" in capsys.readouterr().err

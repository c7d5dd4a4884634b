from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from monitor.config.load import load
from monitor.config.terminal import called
from monitor.daemon.files import stamps
from monitor.daemon.reload import at_restart


def test_a_change_a_new_file_and_a_lost_file_are_seen_and_nothing_else(tmp_path: Path) -> None:
    main, other = tmp_path / "presswatch.yaml", tmp_path / "outlets.yml"
    main.write_text("timezone: UTC\n")
    first = stamps([main])
    assert stamps([main]) == first
    (tmp_path / "archive.db-wal").write_text("grows all day")
    assert stamps([main]) == first, "the archive beside the settings is none of them"
    os.utime(main, ns=(1, 1))
    touched = stamps([main])
    assert touched != first
    other.write_text("outlets: []\n")
    assert stamps([main]) != touched
    other.unlink()
    assert stamps([main]) == touched
    main.unlink()
    assert stamps([main, tmp_path / "nowhere" / "themes.yaml"]) == {}


def test_a_first_file_is_seen_by_a_daemon_on_the_starter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("monitor.config.folders.SYSTEM_CONFIG", tmp_path / "etc")
    starter = load(environ={})
    assert starter.is_starter
    before = stamps(starter.files)
    own = tmp_path / "presswatch" / "presswatch.yaml"
    own.parent.mkdir()
    own.write_text("timezone: UTC\n")
    assert stamps(starter.files) != before
    assert not load(environ={}).is_starter
    assert tmp_path / "etc" / "presswatch.yaml" not in load(environ={}).files, "a file of one's own is all that is looked at"


def test_what_a_running_daemon_cannot_change_is_named(tmp_path: Path) -> None:
    path = tmp_path / "presswatch.yaml"
    path.write_text("archive: one.db\ntimezone: UTC\n")
    before = load(path, environ={})
    path.write_text("archive: two.db\ntimezone: Europe/Zurich\nlisten: off\nlease: 30s\n")
    assert at_restart(before, load(path, environ={})) == ("archive", "listen", "lease")
    assert at_restart(before, before) == ()


def test_the_program_is_called_as_it_can_be_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / ".venv" / "bin" / "presswatch"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.setenv("PATH", "/usr/bin")
    assert called() == str(own)
    (tmp_path / "dev").write_text("")
    assert called() == f"{tmp_path / 'dev'} presswatch"
    monkeypatch.chdir(tmp_path)
    assert called() == "./dev presswatch"
    monkeypatch.setenv("PATH", str(own.parent))
    assert called() == "presswatch"

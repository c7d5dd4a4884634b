"""The key that signs links: kept over restarts, given where nodes share an archive, readable by nobody else."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from monitor.config.settings import Settings
from monitor.daemon.keys import FILE, link_key
from monitor.model import RuleSet


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        archive=f"sqlite:///{tmp_path / 'data' / 'archive.db'}",
        timezone="UTC",
        rules=RuleSet(entities=(), themes=(), version="0"),
        state_folder=tmp_path / "state",
        public_url="https://watch.example.org",
    )


def test_the_key_is_made_once_beside_the_archive_and_readable_for_its_owner_alone(settings: Settings, tmp_path: Path) -> None:
    first = link_key(settings)
    assert first is not None
    assert len(first) >= 32
    assert link_key(settings) == first
    assert stat.S_IMODE((tmp_path / "data" / FILE).stat().st_mode) == 0o600


def test_an_archive_on_a_server_has_its_key_in_the_folder_of_state(settings: Settings, tmp_path: Path) -> None:
    assert link_key(replace(settings, archive="postgresql://db.example/presswatch"))
    assert (tmp_path / "state" / FILE).exists()


def test_a_given_key_is_taken_and_nothing_is_written(settings: Settings, tmp_path: Path) -> None:
    assert link_key(replace(settings, link_key="given")) == b"given"
    assert not (tmp_path / "data").exists()


def test_without_a_public_address_there_is_nothing_to_sign(settings: Settings, tmp_path: Path) -> None:
    assert link_key(replace(settings, public_url=None)) is None
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("spoil", ["", "short", "a folder"])
def test_where_no_key_can_be_kept_links_live_as_long_as_the_run_and_it_is_said(settings: Settings, tmp_path: Path, spoil: str) -> None:
    path = tmp_path / "data" / FILE
    path.parent.mkdir()
    if spoil == "a folder":
        path.mkdir()
    else:
        path.write_text(spoil)
    with structlog.testing.capture_logs() as said:
        assert len(link_key(settings) or b"") == 32
    assert "link_key_file" in said[0]["event"]

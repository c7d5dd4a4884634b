from __future__ import annotations

import os
from pathlib import Path

from monitor.daemon.files import stamps


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

"""Makes the man page and the shells' completion scripts when the wheel is built, so that they are as the commands are."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Manual(BuildHookInterface):  # type: ignore[type-arg]
    """Adds them to what the wheel puts under ``share``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's own signature
        sys.path.insert(0, self.root)
        from monitor.cli.manual import written  # noqa: PLC0415 - the checkout is on the path only now

        self._folder = tempfile.TemporaryDirectory(prefix="presswatch-share-")
        for name, text in written(self.metadata.version).items():
            path = Path(self._folder.name) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            build_data["shared_data"][str(path)] = f"share/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's own signature
        self._folder.cleanup()

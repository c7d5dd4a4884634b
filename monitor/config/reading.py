"""One run over all settings files: what was read, what was secret, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from monitor.config import folders, wording
from monitor.config import yaml12 as yaml
from monitor.config.problems import in_order
from monitor.config.secrets import Vault
from monitor.errors import Problem

M = TypeVar("M", bound=BaseModel)


class Reading:
    """Reads and checks files; nothing is raised before everything was looked at."""

    def __init__(self, environ: Mapping[str, str], *, secrets: bool) -> None:
        self.environ = environ
        self.vault = Vault(environ, is_open=secrets)
        self.files: list[Path] = []
        self._problems: list[Problem] = []

    @property
    def problems(self) -> list[Problem]:
        """Everything wrong so far, in the order of files and lines."""
        return in_order([*self._problems, *self.vault.problems])

    def say(self, *problems: Problem) -> None:
        """Note what is wrong."""
        self._problems.extend(problems)

    def read(self, path: Path) -> yaml.Document:
        """Read one file; what it cannot be read for is among its own problems."""
        try:
            data = path.read_bytes()
        except OSError as error:
            hint = "presswatch init writes one" if path.name == folders.FILE else None
            problem = Problem(place=str(path), line=1, column=1, message=(error.strerror or str(error)).lower(), hint=hint)
            return yaml.Document(file=str(path), text="", value=None, spots={}, problems=(problem,))
        self.files.append(path)
        return yaml.read(data, file=str(path))

    def checked(self, document: yaml.Document, value: object, shape: type[M], given: Mapping[str, str] | None = None) -> M | None:
        """Return a file's model, None with problems where it does not fit."""
        if not isinstance(value, dict):
            top = next(iter(shape.model_fields))
            self.say(document.at((), f"a block of keys is expected, such as '{top}:'"))
            return None
        try:
            return shape.model_validate(value)
        except ValidationError as error:
            self.say(*wording.problems(document, error, shape, given))
            return None

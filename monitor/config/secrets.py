"""Reads what must not stand in the files themselves: ``${VAR}``, ``*_file`` and systemd's credentials."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from monitor.config.yaml12 import Document, Value
from monitor.config.yaml12 import Path as ValuePath
from monitor.errors import Problem

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)\}")
_MAX_BYTES: Final = 64 * 1024


class Vault:
    """Fills variables and secret files in, keeps what was secret, and collects what was not there."""

    def __init__(self, environ: Mapping[str, str], *, is_open: bool = True) -> None:
        self._environ = environ
        self.is_open = is_open
        self.secrets: list[str] = []
        self.problems: list[Problem] = []

    def fill(self, document: Document, value: Value, path: ValuePath = ()) -> Value:
        """Return a value with every ``${VAR}`` replaced; ``$${`` writes a literal ``${``."""
        if isinstance(value, dict):
            return {key: self.fill(document, inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(document, inner, (*path, index)) for index, inner in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return self._fill_text(document, value, path)
        return value

    def _fill_text(self, document: Document, text: str, path: ValuePath) -> str:
        is_secret = "channels" in path or "://" in text or path[-1:] == ("token",)

        def replaced(found: re.Match[str]) -> str:
            name = found[1]
            if name is None:
                return "${"
            value = self._environ.get(name)
            if value is None:
                if self.is_open:
                    hint = f"set {name}, or write $${{{name}}} for the text itself"
                    self.problems.append(document.at(path, f"the environment holds no {name}", hint))
                return found[0]
            if is_secret:
                self.secrets.append(value)
            return value

        return _VARIABLE.sub(replaced, text)

    def read(self, document: Document, path: ValuePath, name: str) -> str | None:
        """Return the secret in a file, None with a problem where it cannot be read, None without one where secrets are not asked for."""
        if not self.is_open:
            return None
        place = self.locate(document, name)
        try:
            data = place.read_bytes()
        except OSError as error:
            reason = error.strerror or str(error)
            self.problems.append(
                document.at(path, f"{place}: {reason.lower()}", "write the secret into this file, readable for the daemon")
            )
            return None
        text = self._decode(data)
        if text is None:
            self.problems.append(document.at(path, f"{place} is empty or not a text of one secret"))
            return None
        self.secrets.append(text)
        return text

    def locate(self, document: Document, name: str) -> Path:
        """Return the path of a file named in settings: systemd's credential of that name, else relative to the file that names it."""
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        if folder and "/" not in name and (Path(folder) / name).exists():
            return Path(folder) / name
        return beside(document, name)

    @staticmethod
    def _decode(data: bytes) -> str | None:
        try:
            text = data.decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            return None
        return text if text and len(data) <= _MAX_BYTES and "\0" not in text else None


def beside(document: Document, name: str) -> Path:
    """Return a path relative to the file that names it."""
    path = Path(name).expanduser()
    return path if path.is_absolute() else Path(document.file).resolve().parent / path

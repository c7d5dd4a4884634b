"""Changes a person's settings file and keeps their comments and layout; the only user of ruamel.yaml."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

_WIDTH = 140


class Edit:
    """One change of one file: nothing is written before ``save``, and nothing stays written that does not load."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._yaml = YAML()
        self._yaml.indent(mapping=2, sequence=4, offset=2)
        self._yaml.width = _WIDTH
        self._yaml.preserve_quotes = True
        self._before = path.read_text(encoding="utf-8") if path.exists() else None
        loaded = self._yaml.load(self._before) if self._before else None
        self._file: CommentedMap = loaded if isinstance(loaded, CommentedMap) else CommentedMap()
        self._is_bare = loaded is None

    def append(self, key: str, item: Mapping[str, object], *, is_one_line: bool = True) -> None:
        """Add a block to a list of blocks, on one line or over several."""
        rows = self._file.get(key)
        if not isinstance(rows, CommentedSeq):
            rows = self._file[key] = CommentedSeq()
        rows.fa.set_block_style()
        rows.append(_on_one_line(item) if is_one_line else dict(item))

    def drop(self, key: str, item: Mapping[str, object]) -> None:
        """Take a block out of a list of blocks, where one is just like it."""
        rows = self._file.get(key)
        for index, row in enumerate(rows if isinstance(rows, CommentedSeq) else []):
            if dict(row) == dict(item):
                del rows[index]
                return

    def names(self, key: str) -> list[str]:
        """Return the names of the blocks in a list."""
        rows = self._file.get(key) or []
        return [str(row["name"]) for row in rows if isinstance(row, Mapping) and "name" in row]

    def __contains__(self, key: str) -> bool:
        return key in self._file

    def text(self) -> str:
        """Return the file as it will be."""
        out = io.StringIO()
        self._yaml.dump(self._file, out)
        written = out.getvalue()
        return (self._before or "") + written if self._is_bare else written

    def save(self, check: Callable[[], Any]) -> None:
        """Write the file; where ``check`` raises, put back what was there and raise on."""
        with ExitStack() as undo:
            undo.callback(self._put_back)
            replace(self.path, self.text())
            check()
            undo.pop_all()

    def _put_back(self) -> None:
        if self._before is None:
            self.path.unlink(missing_ok=True)
        else:
            replace(self.path, self._before)


def replace(path: Path, text: str) -> None:
    """Write a file whole or not at all, keeping its mode."""
    real = path.resolve()
    partial = real.with_name(f".{real.name}.new")
    partial.write_text(text, encoding="utf-8")
    if real.exists():
        partial.chmod(real.stat().st_mode & 0o7777)
    partial.replace(real)


def keep_secret(folder: Path, name: str, text: str) -> Path:
    """Write a secret into a new file that only its owner reads, and return it; a number is added where the name is taken."""
    for number in range(1, 100):
        path = folder / (name if number == 1 else f"{Path(name).stem}-{number}{Path(name).suffix}")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        return path
    raise FileExistsError(17, "no free name for a secret", str(folder / name))


def _on_one_line(item: Mapping[str, object]) -> CommentedMap:
    row = CommentedMap()
    for key, value in item.items():
        if isinstance(value, list | tuple):
            words = CommentedSeq(value)
            words.fa.set_flow_style()
            row[key] = words
        else:
            row[key] = value
    row.fa.set_flow_style()
    return row

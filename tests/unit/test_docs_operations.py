from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from monitor.config.defaults import BLOCKS, keys
from monitor.metrics import Metrics

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def table(model: type[BaseModel]) -> str:
    rows = ["| key | default | what it is |", "| --- | --- | --- |"]
    rows += [f"| `{key}` | {default if default in {'', 'required'} else f'`{default}`'} | {said} |" for key, default, said in keys(model)]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("block", BLOCKS)
def test_operations_holds_every_key_with_its_default(block: str) -> None:
    assert table(BLOCKS[block]) in PAGE, f"put this into docs/operations.md:\n{table(BLOCKS[block])}"


@pytest.mark.parametrize("block", BLOCKS)
def test_every_key_says_what_it_is(block: str) -> None:
    assert [key for key, _default, said in keys(BLOCKS[block]) if not said] == []


def test_operations_holds_every_metric_with_its_labels() -> None:
    rows = ["| metric | labels | what it is |", "| --- | --- | --- |"]
    for name, kind in vars(Metrics()).items():
        if name != "registry":
            (family,) = kind.describe()
            end = "_total" if family.type == "counter" else ""
            rows.append(f"| `{family.name}{end}` | {' '.join(f'`{label}`' for label in kind._labelnames)} | {family.documentation} |")
    table = "\n".join(rows) + "\n"
    assert table in PAGE, f"put this into docs/operations.md:\n{table}"

"""Writes rows to a file, whole or not at all: CSV, JSON Lines or Parquet; the only importer of pyarrow."""

from __future__ import annotations

import csv
import importlib.util
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO, Final

import click

from monitor.cli.listing import Row, csv_cell, plain
from monitor.errors import Unavailable

KindOf = Callable[[str], str]
FORMS: Final = {".csv": "csv", ".jsonl": "nl", ".ndjson": "nl", ".parquet": "parquet"}
_ROWS: Final = 5_000
"""So many rows are held at a time; a row group of Parquet."""


def form_of(path: Path) -> str:
    """Tell by a file's name what is to be written into it."""
    form = FORMS.get(path.suffix)
    if form is None:
        raise click.UsageError(f"'{path.name}' does not tell its form; name it {', '.join(f'*{end}' for end in FORMS)}")
    if form == "parquet" and importlib.util.find_spec("pyarrow") is None:
        raise Unavailable("Parquet needs pyarrow; install it with: pip install 'presswatch[parquet]'")
    return form


def write(path: Path, rows: Iterable[Row], *, kind_of: KindOf, told: Callable[[int], None]) -> int:
    """Write rows to a new file and return how many; ``kind_of`` a column is text, int, float or time; ``told`` hears how many are done."""
    form, partial = form_of(path), path.with_name(path.name + ".part")
    try:
        count = _FORMS[form](partial, _counted(rows, told), kind_of)
        partial.replace(path)
    except OSError as error:
        error.filename = str(path)  # a full disk names no file by itself
        raise
    finally:
        partial.unlink(missing_ok=True)
    return count


def _counted(rows: Iterable[Row], told: Callable[[int], None]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        yield row
        if number % 1_000 == 0:
            told(number)


def _csv(path: Path, rows: Iterator[Row], _kind_of: KindOf) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        return write_csv(file, rows)


def write_csv(file: IO[str], rows: Iterable[Row]) -> int:
    """Write a header and rows as CSV; nothing where there are none."""
    out, count = csv.writer(file, lineterminator="\n"), 0
    for row in rows:
        if count == 0:
            out.writerow(row.keys())
        out.writerow([csv_cell(value) for value in plain(row).values()])
        count += 1
    return count


def _lines(path: Path, rows: Iterator[Row], _kind_of: KindOf) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(plain(row), ensure_ascii=False) + "\n")
            count += 1
    return count


def _parquet(path: Path, rows: Iterator[Row], kind_of: KindOf) -> int:
    import pyarrow as pa  # noqa: PLC0415 - the extra is paid for only here
    import pyarrow.parquet as pq  # noqa: PLC0415 - the same

    first = next(rows, None)
    if first is None:
        raise click.ClickException("there are no rows, and a Parquet file without columns says nothing; nothing was written")
    kinds = {"int": pa.int64(), "float": pa.float64(), "time": pa.timestamp("ms", tz="UTC"), "text": pa.string()}
    schema = pa.schema([(name, kinds[kind_of(name)]) for name in first])
    count = 0
    with pq.ParquetWriter(str(path), schema, compression="zstd") as out:
        for batch in _batched(chain((first,), rows)):
            out.write_table(pa.Table.from_pylist([dict(row) for row in batch], schema=schema))
            count += len(batch)
    return count


def _batched(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, _ROWS)):
        yield batch


_FORMS: Final[dict[str, Callable[[Path, Iterator[Row], KindOf], int]]] = {"csv": _csv, "nl": _lines, "parquet": _parquet}

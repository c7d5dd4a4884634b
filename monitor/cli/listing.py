"""What every listing shares: filters, the forms of output, tables that stay aligned under Chinese."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import Enum
from functools import wraps
from itertools import zip_longest
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import click

from monitor.config.terminal import width

F = TypeVar("F", bound=Callable[..., Any])
Row = Mapping[str, Any]

_AGO: Final = re.compile(r"(\d+)\s*([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LEAST_CELLS: Final = 12
_NARROW_CELLS: Final = 6
"""What a column keeps where even its least would not fit."""
_LONGEST_DIGITS: Final = 5


# ---- filters


@dataclass(frozen=True, slots=True)
class Since:
    """A moment a person named: so long ago, or a local date or time."""

    ago: timedelta | None = None
    local: datetime | None = None

    def at(self, now: datetime, zone: tzinfo) -> datetime:
        """Return the moment in UTC."""
        if self.ago is not None:
            return now - self.ago
        assert self.local is not None
        aware = self.local if self.local.tzinfo else self.local.replace(tzinfo=zone)
        return aware.astimezone(UTC)


class SinceType(click.ParamType[Since]):
    """``24h``, ``7d``, ``2026-11-01`` or ``2026-11-01T14:30``."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Since:
        if isinstance(value, Since):
            return value
        said = str(value).strip()
        found = _AGO.fullmatch(said)
        try:
            if found and len(found[1]) <= _LONGEST_DIGITS:
                return Since(ago=timedelta(seconds=int(found[1]) * _SECONDS[found[2]]))
            if len(said) == len("2026-11-01"):
                day = date.fromisoformat(said)
                return Since(local=datetime(day.year, day.month, day.day))  # noqa: DTZ001 - the zone is the settings', asked later
            return Since(local=datetime.fromisoformat(said))
        except (ValueError, OverflowError):
            self.fail(f"'{said}' is no time; write 24h, 7d, 2026-11-01 or 2026-11-01T14:30", param, ctx)


class DurationType(click.ParamType[timedelta]):
    """``90m``, ``24h``, ``7d``."""

    name = "how long"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = _AGO.fullmatch(str(value).strip())
        if not found or len(found[1]) > _LONGEST_DIGITS:
            self.fail(f"'{value}' is no duration; write 90m, 24h or 7d", param, ctx)
        return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a listing is narrowed to; empty means everything."""

    since: Since | None = None
    themes: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    limit: int | None = None

    def since_at(self, now: datetime, timezone: str) -> datetime | None:
        """Return the moment asked for in UTC, None where none was."""
        return self.since.at(now, ZoneInfo(timezone)) if self.since else None


def filters(*names: str) -> Callable[[F], F]:
    """Add ``--since --theme --outlet --language --limit``, or those named; the command gets ``filters``."""
    wanted = names or ("since", "theme", "outlet", "language", "limit")
    options: dict[str, Callable[[Any], Any]] = {
        "since": click.option("--since", type=SinceType(), help="24h, 7d, 2026-11-01 or 2026-11-01T14:30."),
        "theme": click.option("--theme", "themes", multiple=True, metavar="ID", help="Only this theme; may be repeated."),
        "outlet": click.option("--outlet", "outlets", multiple=True, metavar="ID", help="Only this outlet; may be repeated."),
        "language": click.option("--language", "languages", multiple=True, metavar="TAG", help="Only this language; may be repeated."),
        "limit": click.option("--limit", type=click.IntRange(min=1), default=None, metavar="N", help="At most so many."),
    }

    def decorate(function: F) -> F:
        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            known = {key: kwargs.pop(key) for key in ("since", "themes", "outlets", "languages", "limit") if key in kwargs}
            return function(*args, filters=Filters(**known), **kwargs)

        decorated: Any = wrapped
        for name in reversed(wanted):
            decorated = options[name](decorated)
        return decorated  # type: ignore[no-any-return]  # options return what they decorate

    return decorate


# ---- output


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the table for people; ``show`` turns the row into its cell.

    Where the terminal is narrow, columns that ``may_go`` are left out, the last first, until those that give way keep their ``least``;
    then these are cut, then the widest of the others, the first one never; ``keeps_end`` cuts at the front, as a path needs it, and
    ``wraps`` goes on in the next line instead.
    """

    title: str
    show: Callable[[Row], object]
    is_number: bool = False
    gives_way: bool = False
    may_go: bool = False
    keeps_end: bool = False
    wraps: bool = False
    least: int = _LEAST_CELLS


def listing(function: F) -> F:
    """Add ``--json --csv --nl``; the command gets ``show``, called with rows, columns and what to say when there are none."""

    @click.option("--json", "form", flag_value="json", help="A JSON array of objects.")
    @click.option("--nl", "form", flag_value="nl", help="One JSON object a line.")
    @click.option("--csv", "form", flag_value="csv", help="CSV with a header.")
    @wraps(function)
    def wrapped(*args: Any, form: str | None, **kwargs: Any) -> Any:
        return function(*args, show=Show(form), **kwargs)

    return wrapped  # type: ignore[return-value]  # options return what they decorate


class Show:
    """Writes rows to stdout in the form that was asked for."""

    def __init__(self, form: str | None) -> None:
        self.form = form

    @property
    def is_table(self) -> bool:
        """Whether a person reads it."""
        return self.form is None

    def __call__(self, rows: Iterable[Row], columns: Sequence[Column], *, empty: str = "nothing found", stacks: bool = False) -> int:
        """Write all rows and return how many there were; what to say when there are none goes to stderr.

        With ``stacks`` a table whose columns do not fit side by side is written as one row under the other.
        """
        if self.form == "nl":
            return sum(1 for _ in map(self._line, rows))
        if self.form == "csv":
            return self._csv(rows)
        known = list(rows)
        if self.form == "json":
            click.echo(json.dumps([plain(row) for row in known], ensure_ascii=False, indent=2))
        elif known:
            click.echo("\n".join(table(known, columns, cells=width(sys.stdout), stacks=stacks)))
        if not known:
            click.echo(empty, err=True)
        return len(known)

    def one(self, row: Row) -> None:
        """Write one object; only for forms, a person gets words."""
        if self.form == "csv":
            self._csv([row])
        else:
            click.echo(json.dumps(plain(row), ensure_ascii=False, indent=None if self.form == "nl" else 2))

    @staticmethod
    def _line(row: Row) -> None:
        click.echo(json.dumps(plain(row), ensure_ascii=False))

    @staticmethod
    def _csv(rows: Iterable[Row]) -> int:
        out, count = csv.writer(sys.stdout, lineterminator="\n"), 0
        for row in rows:
            if count == 0:
                out.writerow(row.keys())
            out.writerow([csv_cell(value) for value in plain(row).values()])
            count += 1
        return count


def plain(row: Row) -> dict[str, Any]:
    """Return a row as JSON takes it: times as UTC text, words for enums, lists for tuples."""
    return {key: _plain(value) for key, value in row.items()}


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Enum):
        return getattr(value, "word", value.value)
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    return value


def csv_cell(value: object) -> object:
    """Return a plain value as a cell of CSV takes it."""
    if isinstance(value, list):
        return " ".join(str(inner) for inner in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def table(rows: Sequence[Row], columns: Sequence[Column], *, cells: int | None, stacks: bool = False) -> list[str]:
    """Return the lines of a table; ``cells`` is the terminal's width, None leaves every cell whole."""
    columns = list(columns)
    body = [[_text(column.show(row)) for column in columns] for row in rows]
    widths = [max(width_of(column.title), *(width_of(line[i]) for line in body)) for i, column in enumerate(columns)]
    if cells is not None:
        if stacks and _over(widths, columns, cells) > 0:
            return _stacked(columns, body, cells)
        for index in _left_out(widths, columns, cells):
            del widths[index], columns[index]
            for line in body:
                del line[index]
        _give_way(widths, columns, body, cells)
    lines = [_line([column.title for column in columns], widths, columns)]
    for row in body:
        broken = [_wrapped(text, widths[i]) if columns[i].wraps else [text] for i, text in enumerate(row)]
        lines += (_line(line, widths, columns) for line in zip_longest(*broken, fillvalue=""))
    return lines


def _stacked(columns: Sequence[Column], body: Sequence[Sequence[str]], cells: int) -> list[str]:
    """Write one row under the other: each value beside its title, an empty line between two rows."""
    titles = max(width_of(column.title) for column in columns)
    lines: list[str] = []
    for row in body:
        lines += [""] if lines else []
        for column, text in zip(columns, row, strict=True):
            first, *rest = _wrapped(text, max(cells - titles - 2, _NARROW_CELLS))
            lines.append(f"{column.title}{' ' * (titles + 2 - width_of(column.title))}{first}".rstrip())
            lines += (" " * (titles + 2) + more for more in rest)
    return lines


def folded(text: str, cells: int | None, indent: int) -> list[str]:
    """Break a line that is wider than ``cells`` between its words; what goes on in further lines is indented."""
    if cells is None or width_of(text) <= cells:
        return [text]
    first, *rest = _wrapped(text, max(cells - indent, _NARROW_CELLS))
    margin = " " * min(len(text) - len(text.lstrip()), indent)
    return [margin + first, *(" " * indent + more for more in rest)]


def _over(widths: Sequence[int], columns: Sequence[Column], cells: int) -> int:
    """Say by how much the columns at their least are too wide."""
    least = [_least(w, column) for w, column in zip(widths, columns, strict=True)]
    return sum(least) + 2 * (len(least) - 1) - cells


def _least(cells: int, column: Column) -> int:
    return min(cells, column.least) if column.gives_way or column.wraps else cells


def _left_out(widths: Sequence[int], columns: Sequence[Column], cells: int) -> list[int]:
    """Say which columns to do without, the last first, until the rest fits at its least."""
    over = _over(widths, columns, cells)
    gone: list[int] = []
    for index in reversed([i for i, column in enumerate(columns) if column.may_go]):
        if over > 0:
            gone.append(index)
            over -= _least(widths[index], columns[index]) + 2
    return gone


def _give_way(widths: list[int], columns: Sequence[Column], body: Sequence[Sequence[str]], cells: int) -> None:
    """Take what is too much: first from the columns that give way, then from the widest of all but the first, numbers and times."""
    over = sum(widths) + 2 * (len(widths) - 1) - cells
    for index in reversed([i for i, column in enumerate(columns) if column.gives_way or column.wraps]):
        taken = max(0, min(over, widths[index] - columns[index].least))
        widths[index] -= taken
        over -= taken
    others = [i for i, column in enumerate(columns) if i and not column.is_number and not all(line[i][:1].isdigit() for line in body)]
    while over > 0 and others:
        widest = max(others, key=lambda i: widths[i])
        if widths[widest] <= _NARROW_CELLS:
            return
        widths[widest] -= 1
        over -= 1


def _line(texts: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    return "  ".join(_fit(text, widths[i], columns[i]) for i, text in enumerate(texts)).rstrip()


def _fit(text: str, cells: int, column: Column) -> str:
    if width_of(text) > cells:
        text = "…" + _cut(text[::-1], cells - 1)[::-1] if column.keeps_end else _cut(text, cells - 1) + "…"
    padding = " " * (cells - width_of(text))
    return padding + text if column.is_number else text + padding


def _cut(text: str, cells: int) -> str:
    """Return the longest beginning that fits."""
    kept = ""
    for character in text:
        if width_of(kept + character) > cells:
            break
        kept += character
    return kept


def _wrapped(text: str, cells: int) -> list[str]:
    """Break a text between its words; a word that is longer than a line is broken itself."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if width_of(longer) <= cells:
            lines[-1] = longer
            continue
        lines += [word] if lines[-1] else []
        lines[-1] = lines[-1] or word
        while width_of(lines[-1]) > cells:
            begun = _cut(lines[-1], cells)
            lines[-1:] = [begun, lines[-1][len(begun) :]]
    return lines


def _text(value: object) -> str:
    """Return a cell on one line, without what would move the screen."""
    if value is None:
        return ""
    words = " ".join(str(value).split())
    return "".join(character if character.isprintable() else "�" for character in words)


def width_of(text: str) -> int:
    """Return how many cells of a terminal a text takes; a Chinese character takes two."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth, wcwidth  # noqa: PLC0415 - its tables are paid for only by tables that hold more than ASCII

    found = wcswidth(text)
    return found if found >= 0 else sum(max(0, wcwidth(character)) for character in text)


def local(value: object, timezone: str) -> str:
    """Return a time as a person there reads it."""
    if not isinstance(value, datetime):
        return ""
    return value.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M")


def ago(value: object, now: datetime) -> str:
    """Return how long ago something was, in one unit."""
    if not isinstance(value, datetime):
        return "never"
    seconds = (now - value).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if abs(seconds) >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"

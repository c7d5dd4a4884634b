"""Charts as SVG that the page itself holds: pure, without script, coloured by the page's style, told in words beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from markupsafe import Markup, escape

SERIES: Final = 5
"""Languages with a colour of their own; the others share the last one."""
_LEVELS: Final = (0.25, 0.5, 0.75)
_HOURS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A day: its parts in the order of the series, what is usual (from, to), a mark below it, its name."""

    name: str
    parts: tuple[int, ...]
    usual: tuple[float, float] | None = None
    ticks: int = 0

    @property
    def total(self) -> int:
        return sum(self.parts)


def heat(hours: Sequence[float]) -> Markup:
    """Return 24 hours of working days above 24 of weekends; the darker the more, in a source's own measure. Empty where nothing is known."""
    if max(hours, default=0.0) <= 0.0:
        return Markup("")
    top = max(*hours, 2.0 * sum(hours) / len(hours))  # a source that speaks evenly is no busy one
    levels = [_level(rate / top) for rate in hours]
    paths = Markup("").join(
        Markup('<path class="h{}" d="{}"/>').format(level, "".join(_cells(levels, level))) for level in sorted(set(levels))
    )
    return Markup('<svg class="heat" viewBox="0 0 24 2" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>').format(
        described(hours), paths
    )


def described(hours: Sequence[float]) -> str:
    """Say a profile in words: its busiest hours and how many items a day."""
    week, weekend = hours[:_HOURS], hours[_HOURS:]
    best = max(range(_HOURS), key=lambda h: week[h])
    return f"busiest about {best:02d}:00; {_round(sum(week))} items on a working day, {_round(sum(weekend))} on a weekend day"


def _round(number: float) -> str:
    return f"{number:.0f}" if number >= 1 else f"{number:.1f}"


def _level(share: float) -> int:
    return sum(share > edge for edge in _LEVELS)


def _cells(levels: Sequence[int], wanted: int) -> Iterator[str]:
    """Rectangles of one level, neighbours joined."""
    for row in (0, 1):
        at = 0
        for level, run in groupby(levels[row * _HOURS : (row + 1) * _HOURS]):
            width = len(list(run))
            if level == wanted:
                yield f"M{at} {row}h{width}v1h-{width}z"
            at += width


# ---- the timeline

_WIDTH: Final = 24
_GAP: Final = 4
_HEIGHT: Final = 150
_BELOW: Final = 34


def timeline(bars: Sequence[Bar], *, label: str, every: int = 7) -> Markup:
    """Return stacked bars with a band behind them for what is usual, a tick under each day with alerts, and the name of every n-th day."""
    if not bars:
        return Markup("")
    top = max(1.0, *(float(bar.total) for bar in bars), *(bar.usual[1] for bar in bars if bar.usual))
    wide, scale = len(bars) * _WIDTH, _HEIGHT / top

    def y(value: float) -> str:
        return f"{_HEIGHT - value * scale:.1f}".removesuffix(".0")

    pieces = [
        _band(bars, y),
        *(piece for index, bar in enumerate(bars) for piece in _bar(bar, index, y)),
        Markup('<path class="axis" d="M0 {0}H{1}"/>').format(_HEIGHT, wide),
        *(_name(bar.name, index, is_last=index == len(bars) - 1) for index, bar in enumerate(bars) if (len(bars) - 1 - index) % every == 0),
        Markup('<text class="most" x="0" y="-6">{}</text>').format(f"{top:.0f}"),
    ]
    return Markup('<svg class="timeline" viewBox="-2 -20 {} {}" role="img" aria-label="{}">{}</svg>').format(
        wide + 4, _HEIGHT + _BELOW + 20, label, Markup("").join(pieces)
    )


def _band(bars: Sequence[Bar], y: Callable[[float], str]) -> Markup:
    """One rectangle a day: what is usual differs by weekday."""
    steps = "".join(
        f"M{index * _WIDTH} {y(bar.usual[1])}h{_WIDTH}V{y(bar.usual[0])}h-{_WIDTH}z" for index, bar in enumerate(bars) if bar.usual
    )
    return Markup('<path class="usual" d="{}"/>').format(steps) if steps else Markup("")


def _bar(bar: Bar, index: int, y: Callable[[float], str]) -> Iterator[Markup]:
    left, width, below = index * _WIDTH + _GAP // 2, _WIDTH - _GAP, 0
    for series, part in enumerate(bar.parts):
        if part:
            shape = f"M{left} {y(below)}V{y(below + part)}h{width}V{y(below)}z"
            yield Markup('<path class="s{}" d="{}"/>').format(min(series, SERIES), shape)
            below += part
    if bar.ticks:
        yield Markup('<path class="tick" d="M{} {}v6"/>').format(left + width // 2, _HEIGHT + 4)


def _name(name: str, index: int, *, is_last: bool) -> Markup:
    """The last one ends where the chart does."""
    anchor, x = ("last", (index + 1) * _WIDTH) if is_last else ("day", index * _WIDTH + _WIDTH // 2)
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(anchor, x, _HEIGHT + 28, escape(name))


def parts(by_language: Mapping[str, int], languages: Sequence[str]) -> tuple[int, ...]:
    """Order a day's counts by series: the languages with a colour of their own, then all others together."""
    own = [by_language.get(name, 0) for name in languages[:SERIES]]
    rest = sum(n for name, n in by_language.items() if name not in languages[:SERIES])
    return (*own, rest) if len(languages) > SERIES else tuple(own)


def share(part: int, whole: int) -> Markup:
    """Return a bar of a share, for a row of a table that says the number too."""
    width = round(100 * part / whole) if whole else 0
    return Markup(
        '<svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><path d="M0 0h{}v4H0z"/></svg>'
    ).format(width)

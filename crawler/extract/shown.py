"""Dates as pages show them to readers, in the languages that outlets write: found in a line, and told again as machines are told them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawler.sources.dates import MONTHS

_NAMES = "|".join(re.escape(name) for name in sorted(MONTHS, key=len, reverse=True))
_YEAR = r"(?P<y>(?:19|20|25)\d\d)"
_SHAPES = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        r"(?<!\d)(?P<y>(?:19|20)\d\d)\s?[-/.年년]\s?(?P<m>\d{1,2})\s?[-/.月월]\s?(?P<d>[0-3]?\d)\s?[日号號일]?\.?",
        rf"(?<!\d)(?P<d>[0-3]?\d)(?:\.º?|º|er|-?го)?\s?(?:de\s|ב)?(?P<mon>{_NAMES})\.?,?\s?(?:del?\s)?{_YEAR}",
        r"(?<!\d)(?P<d>[0-3]?\d)\.\s?(?P<m>[01]?\d)\.\s?(?P<y>(?:19|20)\d\d)\.?",
        r"(?<!\d)(?P<a>[0-3]?\d)(?P<mark>[/-])(?P<b>[0-3]?\d)(?P=mark)(?P<y>(?:19|20)\d\d)",
        rf"(?<!\d)(?P<y>(?:19|20)\d\d)\.?\s(?P<mon>{_NAMES})\s(?P<d>[0-3]?\d)\b\.?",
        r"(?P<mon>[^\W\d]{3,12})\.?\s(?P<d>[0-3]?\d)(?:st|nd|rd|th)?,?\s(?P<y>(?:19|20)\d\d)",
        r"(?<!\d)(?P<d>[0-3]?\d)\.(?P<m>[01]?\d)\.(?P<yy>\d\d)(?=,?\s\D{0,6}\d\d[:.]\d\d)",
        r"(?<!\d)(?P<y>20\d\d)\s?(?P<m>[01]\d)/(?P<d>[0-3]\d)\s?(?=[0-2]\d:[0-5]\d)",  # a year, a day and a clock, each in an element of its own
        r"(?<![\d年])(?P<m>[01]?\d)(?:月(?P<d>[0-3]?\d)日|/(?P<dd>[0-3]?\d)\s?[(（][月火水木金土日][)）])(?=\s?\d{1,2}[:：]\d\d)",
    )
)
_CLOCK = re.compile(
    r"\D{0,16}?(?P<half>上午|下午|午前|午後|오전|오후|晚上)?\s?(?<![\d.])(?P<h>[0-2]?\d)\s?[:：.h時时点點시]\s?(?P<mi>[0-5]\d)(?:\s?[:：.分분]\s?(?P<s>[0-5]\d))?(?!\d|\.\d)"
    r"\s?(?P<ap>[ap]\.?\s?m\b)?[\s(]{0,2}(?-i:(?P<z>(?:UTC|GMT)\s?[+-]\d{1,2}(?::?\d\d)?|[A-Z]{3,5}\b))?",
    re.IGNORECASE,
)
_AFTERNOON = frozenset(("下午", "午後", "오후", "晚上"))
_CHANGING = re.compile(r"updat|modif|aktualis|更新|수정|maj\b", re.IGNORECASE)
_MONTH_FIRST, _EITHER = frozenset(("US", "PH")), frozenset(("", "CA"))
_OCTOBER_IN = frozenset(("HR", "BA"))
"""Where ``listopada`` is October; in Polish it is November."""
_BUDDHIST, _BUDDHIST_YEARS = 2400, 543


@dataclass(frozen=True, slots=True)
class Shown:
    """A date in a line: where it begins, and it as ``2026-11-24 13:58:00 CET``, with clock and zone where they are shown."""

    start: int
    text: str


def find(line: str, *, country: str, now: datetime) -> Shown | None:
    """Return the first date of a line; ``country`` decides what 3/4 is, and ``now`` the year where none is shown."""
    for found in _matches(line):
        day = _day(found.groupdict(), country, now)
        if day:
            return Shown(found.start(), f"{day:%Y-%m-%d}{_clock(line[found.end() : found.end() + 50])}")
    return None


def _matches(line: str) -> Iterator[re.Match[str]]:
    if any(map(str.isdigit, line)):
        yield from filter(None, (shape.search(line) for shape in _SHAPES))


def _day(parts: dict[str, str | None], country: str, now: datetime) -> datetime | None:
    day, month = int(parts.get("d") or parts.get("dd") or 0), int(parts.get("m") or 0)
    if name := (parts.get("mon") or "").lower():
        month = 10 if name == "listopada" and country in _OCTOBER_IN else MONTHS.get(name, 0)
    if parts.get("mark"):
        day, month = _ordered(int(parts["a"] or 0), int(parts["b"] or 0), country)
    year = int(parts.get("y") or 0) or 2000 + int(parts.get("yy") or now.year - 2000)
    year -= _BUDDHIST_YEARS if year > _BUDDHIST else 0
    try:
        at = datetime(year, month, day, tzinfo=now.tzinfo)
        is_next = not parts.get("y") and not parts.get("yy") and at > now + timedelta(days=1)
        return at.replace(year=year - 1) if is_next else at
    except ValueError:
        return None


def _ordered(a: int, b: int, country: str) -> tuple[int, int]:
    """Day and month of two numbers between strokes; none where either could be the day and the country does not tell."""
    if max(a, b) <= 12 and country in _EITHER:
        return 0, 0
    is_month_first = country in _MONTH_FIRST if max(a, b) <= 12 else b > 12
    return (b, a) if is_month_first else (a, b)


def _clock(rest: str) -> str:
    found = _CLOCK.match(rest)
    if not found or int(found["h"]) > 23 or _CHANGING.search(rest[: found.start("h")]):
        return ""
    hour, half = int(found["h"]), (found["ap"] or "")[:1].lower()
    if found["half"] in _AFTERNOON or half == "p":
        hour = hour % 12 + 12
    elif found["half"] or half:
        hour %= 12 if hour == 12 else 24
    return f" {hour:02}:{found['mi']}:{found['s'] or '00'} {found['z'] or ''}".rstrip()

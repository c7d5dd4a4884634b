"""The words of a message: times in the reader's zone, names of languages, reasons, and how a list of things is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal

from monitor.model import Alert, Reason, Said
from monitor.render.clean import line

_LOCALE = Locale("en")
_UNKNOWN = frozenset({"", "und", "mul", "zxx"})


def moment(at: datetime, zone: ZoneInfo, *, year: int) -> str:
    """Say "24 Nov, 13:58 CET"; the year where it is not ``year``."""
    pattern = "d MMM, HH:mm" if at.astimezone(zone).year == year else "d MMM y, HH:mm"
    return f"{_formatted(at, zone, pattern)} {_zone_name(at, zone)}"


def hour(at: datetime, zone: ZoneInfo, *, beside: datetime) -> str:
    """Say "14:03", with the day where it is not the day of ``beside``."""
    same_day = at.astimezone(zone).date() == beside.astimezone(zone).date()
    return _formatted(at, zone, "HH:mm" if same_day else "d MMM HH:mm")


def day(at: datetime, zone: ZoneInfo) -> str:
    """Say "24 November"."""
    return _formatted(at, zone, "d MMMM")


def span(since: datetime, until: datetime, zone: ZoneInfo) -> str:
    """Say "23 Nov 07:00 to 24 Nov 07:00 CET"."""
    return f"{_formatted(since, zone, 'd MMM HH:mm')} to {_formatted(until, zone, 'd MMM HH:mm')} {_zone_name(until, zone)}"


def iso_day(at: datetime, zone: ZoneInfo) -> str:
    """Say "2026-11-24", as the command line takes it."""
    return at.astimezone(zone).date().isoformat()


def _formatted(at: datetime, zone: ZoneInfo, pattern: str) -> str:
    return str(format_datetime(at, pattern, tzinfo=zone, locale=_LOCALE))


def _zone_name(at: datetime, zone: ZoneInfo) -> str:
    name = at.astimezone(zone).tzname() or ""
    return f"UTC{name}" if name[:1] in {"+", "-"} else name


@lru_cache(maxsize=512)
def language(tag: str) -> str:
    """Say "German" or "Simplified Chinese"; empty for an unknown language."""
    parts = tag.replace("_", "-").split("-")
    if parts[0].lower() in _UNKNOWN:
        return ""
    names = _LOCALE.languages
    script = next((p.title() for p in parts[1:] if len(p) == 4 and p.isalpha()), "")
    return str(names.get(f"{parts[0].lower()}_{script}") or names.get(parts[0].lower()) or line(tag))


def reason(said: Said) -> str:
    """Say why: "now in 10 outlets", "first in Chinese"."""
    if said.reason is Reason.MORE_OUTLETS:
        return f"now in {said.detail} outlets" if said.detail else "now in more outlets"
    if said.reason is Reason.NEW_LANGUAGE:
        name = language(said.detail)
        return f"first in {name}" if name else said.reason.value
    if said.reason is Reason.UNUSUAL_VOLUME:
        stories, _, usual = said.detail.partition(" ")[2].partition("/")
        return f"unusual volume: {count(int(stories), 'story', 'stories')} today, usually {usual}" if usual else said.reason.value
    return said.reason.value


def themes(alerts: Sequence[Alert]) -> str:
    """Say "deepseek-next, nvidia-sanctions · first report"; themes with other reasons follow after a semicolon, each theme once."""
    reasons: dict[str, dict[str, None]] = {}
    for alert in alerts:
        reasons.setdefault(line(alert.theme_id), {})[reason(Said(reason=alert.reason, detail=alert.detail))] = None
    alike: dict[str, list[str]] = {}
    for theme, whys in reasons.items():
        alike.setdefault(", ".join(whys), []).append(theme)
    return "; ".join(f"{', '.join(names)} · {whys}" for whys, names in alike.items())


def numbers(alerts: Iterable[Alert]) -> str:
    """Say "#812" or "#812-#815, #820"."""
    ids = sorted({a.alert_id for a in alerts if a.alert_id is not None})
    runs = [[i for _, i in run] for _, run in groupby(enumerate(ids), key=lambda pair: pair[1] - pair[0])]
    return ", ".join(f"#{run[0]}" if len(run) == 1 else f"#{run[0]}-#{run[-1]}" for run in runs)


def count(number: int, one: str, many: str = "") -> str:
    """Say "1 story", "1,204 stories"."""
    return f"{format_decimal(number, locale=_LOCALE)} {one if number == 1 else many or one + 's'}"

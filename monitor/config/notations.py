"""The small notations of settings: durations, switches, times of day, digests, networks, addresses. Each parser raises `Wrong`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import time
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from crawler import urls
from monitor.config.problems import did_you_mean, one_of
from monitor.model import Digest, DigestEvery, QuietHours

_UNITS: Final[Mapping[str, float]] = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_MAX_S: Final = 100 * 365 * 86_400.0
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_QUIET = re.compile(r"(\S+?)\s*[-–]\s*(\S+)")
_DIGEST = re.compile(r"(?P<every>[a-z]+)(?:\s+on\s+(?P<day>\S+))?(?:\s+at\s+(?P<at>\S+))?")
_LISTEN = re.compile(r"(?:(?P<host>\[[0-9a-fA-F:]+\]|[^:\s]+):)?(?P<port>\d{1,5})")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NO_ZONES: Final = frozenset({"localtime", "posixrules"})
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Wrong(ValueError):
    """A value that cannot be what it should be; ``hint`` says what would do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def text(value: object, what: str = "text") -> str:
    """Take text alone: a number or yes/no written without quotes is most likely an accident."""
    if isinstance(value, str):
        return value
    raise Wrong(f"{_named(value)} stands here; {what} is expected", "put it in quotes" if isinstance(value, bool | int | float) else None)


def duration_s(value: object) -> float:
    """Return the seconds of ``90s``, ``5m``, ``3h``, ``2d`` or ``1w``; 0 needs no unit."""
    if value == 0 and not isinstance(value, bool):
        return 0.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise Wrong(f"{value} what? a duration has a unit: s, m, h, d or w", f"did you mean '{value}s'?")
    found = _DURATION.fullmatch(text(value, "a duration").strip())
    if not found:
        raise Wrong(f"'{value}' is not a duration", "write 90s, 5m, 3h, 2d or 1w")
    seconds = float(found[1]) * _UNITS[found[2]]
    if seconds > _MAX_S:
        raise Wrong(f"'{value}' is longer than a century")
    return seconds


def keep_s(value: object) -> float | None:
    """Return how long something is kept; ``forever`` is None."""
    return None if value == "forever" else duration_s(value)


def switch(value: object) -> bool:
    """Return ``on`` and ``off``, which YAML 1.2 leaves as words, as truth values."""
    if isinstance(value, bool):
        return value
    if value in {"on", "yes", "true", "1"}:
        return True
    if value in {"off", "no", "false", "0"}:
        return False
    raise Wrong(f"{_named(value)} is neither on nor off", "write on or off")


def time_of_day(value: object) -> time:
    """Return the time of ``07:00``."""
    found = _TIME.fullmatch(text(value, "a time such as 07:00"))
    if not found:
        raise Wrong(f"'{value}' is not a time of day", "write it as 07:00")
    return time(int(found[1]), int(found[2]))


def quiet_hours(value: object) -> QuietHours:
    """Return the hours of ``22:00-07:00``; they may span midnight."""
    found = _QUIET.fullmatch(text(value, "hours such as 22:00-07:00").strip())
    if not found:
        raise Wrong(f"'{value}' are no hours", "write them as 22:00-07:00")
    start, end = time_of_day(found[1]), time_of_day(found[2])
    if start == end:
        raise Wrong(f"'{value}' is either never or always", "write two different times, or leave quiet_hours out")
    return QuietHours(start=start, end=end)


def digest(value: object) -> Digest:
    """Return the times of ``hourly``, ``daily at 07:00`` or ``weekly on monday at 07:00``."""
    said = text(value, "a digest").strip().lower()
    found = _DIGEST.fullmatch(said)
    words = [e.value for e in DigestEvery]
    hint = "write hourly, daily at 07:00 or weekly on monday at 07:00"
    if not found or found["every"] not in words:
        raise Wrong(f"'{value}' is not a digest", did_you_mean(said.split(" ")[0] if said else "", words) or hint)
    every = DigestEvery(found["every"])
    if (found["day"] and every is not DigestEvery.WEEKLY) or (found["at"] and every is DigestEvery.HOURLY):
        raise Wrong(f"'{value}' is not a digest: {every.value} takes no {'day' if found['day'] else 'time'}", hint)
    day = found["day"] or WEEKDAYS[0]
    if day not in WEEKDAYS:
        raise Wrong(f"'{day}' is not a weekday; use {one_of(WEEKDAYS)}", did_you_mean(day, WEEKDAYS))
    return Digest(every=every, at=time_of_day(found["at"] or "07:00"), weekday=WEEKDAYS.index(day))


def network(value: object) -> str:
    """Return an address block such as ``10.0.0.0/8``."""
    said = text(value, "a network such as 10.0.0.0/8")
    try:
        return str(ipaddress.ip_network(said))
    except ValueError:
        pass
    try:
        near = str(ipaddress.ip_network(said, strict=False))
    except ValueError:
        raise Wrong(f"'{said}' is not a network", "write it as 10.0.0.0/8 or fd00::/8") from None
    raise Wrong(f"'{said}' names a machine, not a network", f"did you mean '{near}'?")


def web_url(value: object) -> str:
    """Return an absolute http or https URL with a host."""
    said = text(value, "a URL").strip()
    shown = urls.without_user(said)
    if not said.lower().startswith(("http://", "https://")):
        near = f"did you mean 'https://{said}'?" if "." in said and ":" not in said and "/" not in said[:1] else "write https://…"
        raise Wrong(f"'{shown}' is not a web address", near)
    if any(c.isspace() or not c.isprintable() for c in said):
        raise Wrong(f"'{shown}' is not a web address: it holds spaces or invisible characters")
    try:
        urls.parse(said)
    except ValueError as error:
        raise Wrong(f"'{shown}' is not a web address: {error}") from None
    return said


def proxy_url(value: object) -> str:
    """Return a proxy's URL; it alone may hold a user name and a password, which no message repeats."""
    said = text(value, "a proxy's URL").strip()
    scheme, mark, rest = said.partition("://")
    userinfo, at, host = rest.rpartition("@")
    bare = web_url(f"{scheme}{mark}{host}")
    if any(c in userinfo for c in "/?#\\") or any(c.isspace() for c in userinfo):
        raise Wrong("the user name or password of this proxy holds / ? # \\ or a space", "write them percent-encoded")
    return f"{scheme}{mark}{userinfo}@{host}" if at else bare


def listen(value: object) -> tuple[str, int] | None:
    """Return host and port of ``127.0.0.1:8642`` or ``8642``; ``off`` is None."""
    if value is False or value == "off":
        return None
    said = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value, "an address such as 127.0.0.1:8642")
    found = _LISTEN.fullmatch(said.strip())
    if not found or int(found["port"]) > 65_535:
        raise Wrong(f"'{said}' is not an address to listen on", "write 127.0.0.1:8642, [::1]:8642 or off")
    return (found["host"] or "127.0.0.1").strip("[]"), int(found["port"])


def is_loopback(host: str) -> bool:
    """Say whether a listening host serves this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def language(value: object) -> str:
    """Return a BCP 47 language such as ``de`` or ``zh-Hans``."""
    said = text(value, "a language such as de")
    if not _LANGUAGE.fullmatch(said):
        raise Wrong(f"'{said}' is not a language", "write a tag such as de, en, zh or de-CH")
    return said


def alias_language(value: str) -> str:
    """Return a language or ``*`` for all."""
    return value if value == "*" else language(value)


def identifier(value: object) -> str:
    """Return an id: lower case letters, digits and hyphens."""
    said = text(value, "an id such as deepseek-next")
    if _ID.fullmatch(said):
        return said
    near = re.sub(r"[^a-z0-9]+", "-", said.lower()).strip("-")
    raise Wrong(f"'{said}' is not an id: lower case letters, digits and hyphens", f"did you mean '{near}'?" if near else None)


def outlet_id(value: object) -> str:
    """Return an outlet's id: what `crawler.urls.slug` leaves as it is."""
    said = text(value, "an id such as nzz")
    try:
        near = urls.slug(said)
    except ValueError as error:
        raise Wrong(f"'{said}' is not an id: {error}") from None
    if near != said:
        raise Wrong(f"'{said}' is not an id: lower case letters, digits, dots and hyphens", f"did you mean '{near}'?")
    return said


def outlet_name(value: object) -> str:
    """Return a name that an id can be made of."""
    said = text(value, "a name")
    try:
        urls.slug(said)
    except ValueError as error:
        raise Wrong(str(error)) from None
    return said


def country(value: object) -> str:
    """Return an ISO 3166 alpha-2 country such as ``CH``."""
    said = text(value, "a country such as CH")
    if len(said) == 2 and said.isascii() and said.isalpha():
        return said.upper()
    raise Wrong(f"'{said}' is not a country", "write two letters such as CH or CN")


def timezone(value: object) -> str:
    """Return a zone of the tz database such as ``Europe/Zurich``."""
    said = text(value, "a time zone such as Europe/Zurich")
    try:
        ZoneInfo(said)
    except (ValueError, OSError, KeyError):
        raise Wrong(f"'{said}' is not a time zone", did_you_mean(said, sorted(available_timezones() - _NO_ZONES))) from None
    return said


def _named(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"'{str(value).lower()}'"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, list):
        return "a list"
    return "a block of keys" if isinstance(value, dict) else f"'{value}'"

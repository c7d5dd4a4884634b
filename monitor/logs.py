"""How the daemon speaks: logfmt or JSON on stderr, lines for people on a terminal, secrets never."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, MutableMapping
from typing import TextIO

import structlog

MASK = "***"
_QUIET = {
    "alembic": logging.WARNING,
    "scrapy": logging.WARNING,
    "asyncio": logging.WARNING,
    "apprise": logging.INFO,
    "apscheduler": logging.ERROR,  # a tick that comes late is a figure among the metrics, not news
    "aiohttp": logging.WARNING,
}
_URL_SECRET = re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")

Event = MutableMapping[str, object]


class Redactor:
    """Replaces planted and known secrets in everything that is logged."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: tuple[str, ...] = ()
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Add secrets; the longest is replaced first, those under four characters are too common to hide."""
        known = {*self._secrets, *(s for s in secrets if len(s) >= 4)}
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def clean(self, text: str) -> str:
        """Return the text without secrets and without user information in URLs."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return _URL_SECRET.sub(MASK, text)

    def __call__(self, _logger: object, _method: str, event: Event) -> Event:
        """Work as a structlog processor."""
        for key, value in event.items():
            if isinstance(value, str):
                event[key] = self.clean(value)
            elif isinstance(value, BaseException):
                event[key] = self.clean(f"{type(value).__name__}: {value}")
        return event


class _RedactingFilter(logging.Filter):
    """The same for libraries that log through the standard library, at every level."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._redactor.clean(record.getMessage()), ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = self._redactor.clean(logging.Formatter().formatException(record.exc_info))
        return True


def configure(*, level: str = "info", form: str = "auto", redactor: Redactor, stream: TextIO | None = None) -> None:
    """Set up all logging once; ``form`` is auto, text, logfmt or json, and auto is text on a terminal."""
    out = stream or sys.stderr
    chosen = form if form != "auto" else ("text" if out.isatty() else "logfmt")
    number = getattr(logging, level.upper())
    shared: list[Callable[..., object]] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if chosen == "text" else "iso", utc=chosen != "text", key="at"),
        structlog.processors.format_exc_info,
        redactor,
    ]
    structlog.configure(
        processors=[*shared, _renderer(chosen)],  # type: ignore[list-item]
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    _configure_libraries(out, number, redactor)


def _renderer(form: str) -> Callable[..., object]:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    if form == "text":
        return _line
    return structlog.processors.LogfmtRenderer(key_order=["at", "level", "event"], drop_missing=True, bool_as_flag=False)


def _line(_logger: object, _method: str, event: Event) -> str:
    """One line for a person: time, a mark for what needs a look, the event, then values."""
    level = str(event.pop("level", "info"))
    mark = {"warning": "! ", "error": "!! ", "critical": "!! "}.get(level, "")
    at, what = event.pop("at", ""), event.pop("event", "")
    trace = event.pop("exception", None)
    values = "  ".join(f"{k}={v}" for k, v in event.items())
    return f"{at}  {mark}{what}" + (f"  {values}" if values else "") + (f"\n{trace}" if trace else "")


def _configure_libraries(out: TextIO, level: int, redactor: Redactor) -> None:
    handler = logging.StreamHandler(out)
    handler.setLevel(level)  # not the loggers': what Apprise logs of a failure is read, whatever is shown
    handler.setFormatter(logging.Formatter("%(asctime)s level=%(levelname)s logger=%(name)s event=%(message)r"))
    handler.addFilter(_RedactingFilter(redactor))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.INFO))
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)

"""A subscriber's own access to an outlet: request headers from a file, for that outlet's own hosts alone."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from crawler import urls
from crawler.model import Outlet
from crawler.spiders.trouble import Cause, Trouble

_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*)")


def is_own(url: str, outlet: Outlet) -> bool:
    """Whether a URL lies at a host the operator wrote for the outlet (home and sources): others never see its headers.

    Nor does anybody on the way: what was written with https alone is not sent over http, which any listed link could ask for.
    """
    asked = urls.parse(url)
    written = [urls.parse(known) for known in (outlet.home, *(source.url for source in outlet.sources)) if known]
    return any(own.host == asked.host and asked.scheme in {"https", own.scheme} for own in written)


def read_headers(path: str) -> dict[str, str]:
    """Return the headers in a file of ``Name: value`` lines; blank lines and lines that open with # are skipped.

    Raises Trouble where the file cannot be used, naming the line and never its content.
    """
    try:
        return dict(_read(path, Path(path).stat().st_mtime_ns))
    except (OSError, ValueError) as error:
        raise Trouble(Cause.UNREACHABLE, f"not asked: headers_file {path} cannot be used: {error}") from error


@lru_cache(maxsize=64)
def _read(path: str, _changed: int) -> tuple[tuple[str, str], ...]:
    return headers_in(Path(path).read_text(encoding="utf-8"))


def headers_in(text: str) -> tuple[tuple[str, str], ...]:
    """Return the headers a text holds; raises ValueError, naming the line and never its content."""
    found: list[tuple[str, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        match = _LINE.fullmatch(bare)
        if match is None:
            raise ValueError(f"line {number} is not 'Name: value'")
        if not match[2].isprintable():
            raise ValueError(f"line {number} holds control characters")
        found.append((match[1], match[2]))
    return tuple(found)

"""A subscriber's own access to an outlet: request headers from a file, for that outlet's own hosts alone."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from crawler import urls
from crawler.model import Outlet
from crawler.spiders.trouble import Cause, Trouble

_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*)")


def is_own(url: str, first_url: str, outlet: Outlet) -> bool:
    """Whether a request may carry the outlet's headers.

    Only at the hosts the operator wrote (home and sources), and only as long as no redirect has led to another origin than the first.
    """
    own = {urls.host_key(written) for written in (outlet.home, *(source.url for source in outlet.sources)) if written}
    return urls.origin(url) == urls.origin(first_url) and urls.host_key(url) in own


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
    found: list[tuple[str, str]] = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise ValueError(f"line {number} is not 'Name: value'")
        found.append((match[1], match[2]))
    return tuple(found)

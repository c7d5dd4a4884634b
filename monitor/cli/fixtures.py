"""Pages kept as they came, with what was read from them: to write selectors by, and to see what they give beside the general way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.model import Page

if TYPE_CHECKING:
    from crawler.model import Article
    from monitor.cli.probe import Sample

_SHOWN = 60
_NAME_CHARS = 80


def save(folder: Path, sample: Sample) -> Path | None:
    """Write the page's bytes and, beside them, what was read from it; return where, None where no page came. Raises OSError."""
    page = sample.arrival.result
    if not isinstance(page, Page):
        return None
    folder = folder / sample.arrival.outlet.outlet_id
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_name(page.final_url)}.html"
    path.write_bytes(page.body)
    known: dict[str, Any] = {"url": page.final_url, "content_type": page.headers.get("content-type", ""), "read": _told(sample.article)}
    if sample.default:
        known["default"] = _told(sample.default)
    path.with_suffix(".json").write_text(json.dumps(known, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def beside(sample: Sample) -> Iterator[str]:
    """Show one page's readings a line each: words, way and headline; then the lines that selectors lose and gain."""
    if sample.default is None:
        yield f"default    {_line(sample.article)}"
        return
    yield f"default    {_line(sample.default)}"
    yield f"selectors  {_line(sample.article)}"
    ours, theirs = sample.article.text.splitlines(), sample.default.text.splitlines()
    yield from (f"  - {_short(line)}" for line in theirs if line not in ours)
    yield from (f"  + {_short(line)}" for line in ours if line not in theirs)


def _line(article: Article) -> str:
    return f"{article.word_count} words by {article.how}: {_short(article.headline, _SHOWN // 2)}"


def _short(text: str, size: int = _SHOWN) -> str:
    return text if len(text) <= size else f"{text[: size - 1]}…"


def _told(article: Article) -> dict[str, Any]:
    return {
        "headline": article.headline,
        "published_at": article.published_at.isoformat() if article.published_at else None,
        "authors": list(article.authors),
        "language": article.language,
        "completeness": article.completeness.value,
        "extract_status": article.extract_status.value,
        "how": article.how,
        "text": article.text,
    }


def _name(url: str) -> str:
    """Return a file's name for a page, by the end of its address."""
    from crawler.urls import slug  # noqa: PLC0415 - the wheel is built, and every other command runs, without what it needs

    path = url.partition("://")[2].partition("/")[2].partition("?")[0].strip("/")
    return slug(path.removesuffix(".html").removesuffix(".htm"))[-_NAME_CHARS:].strip("-") or "home"

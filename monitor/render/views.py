"""What a template sees of a story: finished lines, nothing to compute and nothing to escape but text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.model import Brief, Report, StoryBrief
from monitor.render import phrases
from monitor.render.clean import address, cut, line, shown
from monitor.render.snippet import Part, snippet

HEADLINE = 300
"""Graphemes of a headline that are shown at most; the longest real ones stay under 200."""

_ALSO = 3
_RELATED = 80
_ACTS = (("mute", "mute 24 h"), ("useful", "useful"), ("noise", "noise"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """How much of a story is told. ``headline`` counts graphemes, ``snippet`` characters; ``also``, ``acts`` and ``second`` are whole lines."""

    also: bool = True
    acts: bool = True
    snippet: int = 280
    second: bool = True
    headline: int = HEADLINE


FULL = Detail()
STEPS = (
    FULL,
    Detail(also=False),
    Detail(also=False, acts=False),
    Detail(also=False, acts=False, snippet=140),
    Detail(also=False, acts=False, snippet=0),
    Detail(also=False, acts=False, snippet=0, second=False),
)
"""What is dropped, in order, until a message fits; never the headline, the link or the theme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One story as a template prints it; an empty line is left out."""

    headline: str
    url: str | None
    second: str
    snippet: tuple[Part, ...]
    also: str
    related: str
    themes: str
    numbers: str
    page: str | None
    acts: tuple[tuple[str, str], ...]
    outlets: str


def view(
    story: StoryBrief,
    detail: Detail,
    *,
    zone: ZoneInfo,
    year: int,
    page: str | None = None,
    acts: tuple[tuple[str, str], ...] = (),
) -> View:
    """Say one story with as much detail as asked."""
    article = story.article
    at = article.published_at or article.seen_at
    return View(
        headline=headline(story, detail.headline),
        url=link(story),
        second=_second(story, zone, year) if detail.second else "",
        snippet=_snippet(story, detail.snippet),
        also=also(story.also, language=article.language, at=at, zone=zone) if detail.also else "",
        related=shown(" · ".join(cut(line(r), _RELATED) for r in story.related[:_ALSO])) if detail.also else "",
        themes=phrases.themes(story.alerts),
        numbers=phrases.numbers(story.alerts),
        page=page,
        acts=acts if detail.acts else (),
        outlets=phrases.count(outlets(story), "outlet"),
    )


def headline(story: StoryBrief, size: int = HEADLINE) -> str:
    """Return the headline as one safe line; the address stands in where there is none."""
    return shown(cut(line(story.article.headline), size)) or shown(cut(line(story.article.url), size)) or "(no headline)"


def link(story: StoryBrief) -> str | None:
    """Return where the article can be read."""
    return address(story.article.url) or address(story.article.canonical_url)


def outlets(story: StoryBrief) -> int:
    """Count the outlets that tell the story."""
    return len({story.article.outlet_id, *(r.outlet_id for r in story.also)})


def ranked(stories: Iterable[StoryBrief]) -> list[StoryBrief]:
    """Order stories by outlets times severity, not by time; the order given decides between equals."""
    return sorted(stories, key=lambda s: -outlets(s) * max((a.severity for a in s.alerts), default=1))


def page_of(brief: Brief, story: StoryBrief) -> str | None:
    """Return the story's own page where there is one: of this message, else by its id under the public address."""
    if len(brief.stories) == 1 and "page" in brief.links:
        return address(brief.links["page"])
    return address(brief.links.get(f"page:{story.story_id}"))


def acts_of(brief: Brief, story: StoryBrief) -> tuple[tuple[str, str], ...]:
    """Return what a reader may do about the story, as words and where they lead; the rest stands on its page."""
    said = ((words, address(brief.links.get(f"{name}:{story.story_id}"))) for name, words in _ACTS)
    return tuple((words, link) for words, link in said if link)


def _second(story: StoryBrief, zone: ZoneInfo, year: int) -> str:
    article = story.article
    at = article.published_at or article.seen_at
    pieces = (line(story.outlet_name), phrases.moment(at, zone, year=year), phrases.language(article.language))
    return shown(" · ".join(p for p in pieces if p))


def _snippet(story: StoryBrief, width: int) -> tuple[Part, ...]:
    text, title = story.article.text, story.article.headline
    if len(text) < 2 * len(title) and line(text).casefold() == line(title).casefold():
        return ()  # a teaser that only repeats its headline
    return snippet(text, story.evidence, width=width)


def also(reports: Sequence[Report], *, language: str, at: datetime, zone: ZoneInfo, most: int = _ALSO) -> str:
    """Say "Heise 14:03 · Reuters (en) 14:05 · +1": other outlets, once each, their language where it is another."""
    first = list({r.outlet_id: r for r in reversed(reports)}.values())[::-1]
    said = [f"{line(r.outlet_name)}{_tag(r.language, language)} {phrases.hour(r.at, zone, beside=at)}" for r in first[:most]]
    return shown(" · ".join([*said, *([f"+{len(first) - most}"] if len(first) > most else [])]))


def _tag(theirs: str, ours: str) -> str:
    base = theirs.partition("-")[0].lower()
    return f" ({line(base)})" if base not in {"", "und", ours.partition("-")[0].lower()} else ""

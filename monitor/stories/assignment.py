"""Where an article belongs: same text first, then the same event in other words; else it opens a story."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from crawler.model import Article
from monitor.model import Candidate, Fingerprint, HowAssigned, StoryAssignment
from monitor.stories import weights
from monitor.stories.copies import MIN_SHARED, SHORT_CONTAINMENT, are_copies, are_long, containment
from monitor.stories.frequencies import Frequencies
from monitor.stories.scores import Arriving, arriving, compare, score, standing
from monitor.stories.titles import Title, is_same_live_page, is_serial, read_title

COPY_WINDOW = timedelta(days=7)
EVENT_WINDOW = timedelta(hours=96)
"""The archive looks back 72 hours from sight; what outlets say of their times may differ by a day."""
MIN_STRONG = 2
MIN_STRONG_TITLES = 1
REFUSED = -3.0
"""The margin of a member that shares too little of weight to be asked, however high it scores."""
LIVE = 1.0
"""The margin of a live page that goes on at another address."""
EQUAL_TITLES = 0.97
ALIKE_TITLES = 0.2
NEWEST = 6
"""A story is asked about an article through so many of its members, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """How an article is tied to one story; ``margin`` says how far above its threshold, a same text infinitely."""

    story_id: int
    how: HowAssigned
    score: float
    margin: float
    article_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    """The article with what is computed of it once."""

    fingerprint: Fingerprint
    language: str
    title: Title
    at: datetime
    weighed: Arriving
    shingles: frozenset[int]
    boilerplate: frozenset[int]


def assign(
    article: Article, fingerprint: Fingerprint, candidates: Sequence[Candidate], frequencies: Frequencies, now: datetime
) -> StoryAssignment:
    """Find the article's story among the candidates; tie stories together where it belongs to more than one.

    The oldest story lives on, the others merge into it. ``related`` are stories it may well be part of, at a score that is no proof.
    """
    del now  # the windows are the archive's: what it hands over is in time
    arrival = _arrival(article, fingerprint, frequencies)
    stories = _by_story(arrival, candidates)
    links = [link for story_id, members in stories.items() if (link := _link(story_id, members)) is not None]
    if not links:
        return StoryAssignment(story_id=None, how=HowAssigned.NEW, related=_related(stories, ()))
    best = max(links, key=lambda link: (link.margin, link.score))
    joined = sorted({best.story_id, *(link.story_id for link in links if link.margin >= weights.JOIN_MARGIN)})
    return StoryAssignment(
        story_id=joined[0],
        how=best.how,
        score=best.score,
        matched_article_id=best.article_id,
        merged=tuple(joined[1:]),
        related=_related(stories, joined),
    )


def _arrival(article: Article, fingerprint: Fingerprint, frequencies: Frequencies) -> _Arrival:
    language = primary(article.language)
    at = article.published_at or article.seen_at
    return _Arrival(
        fingerprint=fingerprint,
        language=language,
        title=read_title(article.headline, article.outlet_id),
        at=at,
        weighed=arriving(fingerprint.features, language, article.outlet_id, at, frequencies),
        shingles=frozenset(fingerprint.shingles),
        boilerplate=frequencies.boilerplate,
    )


def primary(tag: str) -> str:
    """The language of a tag, region and script aside."""
    return tag.split("-", 1)[0].casefold()


# ---- one member of a story


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A member of a story as the article sees it: how much of the text is the same, and how likely it is the same event."""

    article_id: int
    containment: float
    score: float
    margin: float
    is_related: bool


def _by_story(arrival: _Arrival, candidates: Sequence[Candidate]) -> dict[int, list[_Seen]]:
    """The members of each story, newest first; a story with another part of the same series is none to ask."""
    stories: dict[int, list[Candidate]] = {}
    for candidate in sorted(candidates, key=lambda c: (c.at, c.article_id), reverse=True):
        stories.setdefault(candidate.story_id, []).append(candidate)
    return {
        story_id: [_see(arrival, member) for member in members] for story_id, members in stories.items() if not _is_series(arrival, members)
    }


def _is_series(arrival: _Arrival, members: Iterable[Candidate]) -> bool:
    return any(is_serial(arrival.title, read_title(m.headline, m.outlet_id)) for m in members if m.outlet_id == arrival.title.outlet_id)


def _see(arrival: _Arrival, member: Candidate) -> _Seen:
    copied = _same_text(arrival, member)
    is_near = abs(arrival.at - member.at) <= EVENT_WINDOW
    if is_near and is_same_live_page(arrival.title, read_title(member.headline, member.outlet_id)):
        return _Seen(article_id=member.article_id, containment=copied, score=weights.MERGE_WITHIN, margin=LIVE, is_related=False)
    if not is_near or len(arrival.weighed.strong.intersection(member.features.by_hash)) < MIN_STRONG:
        return _Seen(article_id=member.article_id, containment=copied, score=REFUSED, margin=REFUSED, is_related=False)
    pair = compare(arrival.weighed, standing(member.features, member.outlet_id, member.at, arrival.weighed))
    within = primary(member.language) == arrival.language
    value = score(pair, within=within)
    threshold = weights.MERGE_WITHIN if within else weights.MERGE_ACROSS
    if member.outlet_id == arrival.title.outlet_id:
        threshold += weights.SAME_OUTLET
    is_allowed = pair.strong >= MIN_STRONG and pair.strong_titles >= MIN_STRONG_TITLES
    return _Seen(
        article_id=member.article_id,
        containment=copied,
        score=value,
        margin=value - threshold if is_allowed else REFUSED,
        is_related=is_allowed and value >= (weights.RELATED_WITHIN if within else weights.RELATED_ACROSS),
    )


def _same_text(arrival: _Arrival, member: Candidate) -> float:
    """The containment of a copy; 0 where it is none, nor where what is read today was written weeks apart, as in a backfill."""
    if arrival.shingles.isdisjoint(member.shingles) or abs(arrival.at - member.at) > COPY_WINDOW:
        return 0.0
    one = arrival.fingerprint
    share, shared = containment(one.shingles, member.shingles, one.word_count, member.word_count, arrival.boilerplate)
    if are_long(one.word_count, member.word_count):
        return share if are_copies(share, shared, one.word_count, member.word_count) else 0.0
    is_short_copy = (
        shared >= MIN_SHARED and share >= SHORT_CONTAINMENT and _titles_agree(arrival.title, read_title(member.headline, member.outlet_id))
    )
    return share if is_short_copy else 0.0


def _titles_agree(one: Title, other: Title) -> bool:
    """Short texts share templates: their titles must be alike, and not differ in a number unless they are equal else."""
    alike = one.cosine(other)
    return alike >= EQUAL_TITLES or (alike >= ALIKE_TITLES and one.numbers == other.numbers)


# ---- one story


def _link(story_id: int, members: Sequence[_Seen]) -> _Link | None:
    """A copy of any member ties; else average link: one member is surely the same event, and the newest on the whole do not object."""
    copy = max(members, key=lambda m: m.containment)
    if copy.containment:
        return _Link(story_id=story_id, how=HowAssigned.SAME_TEXT, score=copy.containment, margin=inf, article_id=copy.article_id)
    best = max(members, key=lambda m: m.margin)
    newest = members[:NEWEST]
    if best.margin < 0 or sum(m.margin for m in newest) / len(newest) < weights.MEAN_FLOOR:
        return None
    return _Link(story_id=story_id, how=HowAssigned.SAME_EVENT, score=best.score, margin=best.margin, article_id=best.article_id)


def _related(stories: Mapping[int, Sequence[_Seen]], joined: Collection[int]) -> tuple[tuple[int, float], ...]:
    near = {
        story_id: max((m.score for m in members if m.is_related), default=None)
        for story_id, members in stories.items()
        if story_id not in joined
    }
    return tuple(sorted(((s, round(v, 3)) for s, v in near.items() if v is not None), key=lambda r: (-r[1], r[0])))

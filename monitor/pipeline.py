"""The straight line: one fetched entry to recorded alerts, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from crawler import rechecks
from crawler.model import Arrival, Article, Entry, ExtractStatus, Failure, FailureReason, Outlet, Page, Validators
from crawler.ports import Reader
from monitor import alerting, routing, stories
from monitor.archive import Tx, reads, writes
from monitor.clock import Clock
from monitor.model import (
    Alert,
    Findings,
    Fingerprint,
    HowAssigned,
    Match,
    Past,
    Story,
    StoryAssignment,
    Subscription,
    Theme,
    Verdict,
)
from monitor.rules.engine import Engine

T = TypeVar("T")

RETRY_S = (60.0, 300.0, 1800.0)
_PUT_OFF_FOR = timedelta(days=2)
"""So long after it was listed a page waits for a host that is to be left alone, whatever the number of times."""
_NEVER_A_PAGE = frozenset({FailureReason.NO_LINK, FailureReason.TDM_TEASER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a person asked for, as the line needs it: themes and outlets by id, subscriptions in file order.

    ``recheck_after_s`` are the seconds after the first sight at which the page of an article that matched is looked at again.
    """

    themes: Mapping[str, Theme]
    outlets: Mapping[str, Outlet]
    subscriptions: Sequence[Subscription]
    stories: bool = True
    storms: bool = True
    recheck_after_s: Sequence[float] = ()


class Ending(StrEnum):
    """How an arrival ended."""

    NEW = "new"
    REVISED = "revised"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one arrival; ``verdicts`` and ``alerts`` are empty where no rule matched."""

    ending: Ending
    article: Article | None = None
    matches: tuple[Match, ...] = ()
    story_id: int | None = None
    how: HowAssigned | None = None
    verdicts: tuple[Verdict, ...] = ()
    alerts: tuple[Alert, ...] = ()
    deliveries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """An article with all that is pure about it, ready for the writer's transaction."""

    entry: Entry
    article: Article
    findings: Findings
    fingerprint: Fingerprint
    failure: Failure | None = field(default=None)
    validators: Validators | None = field(default=None)


class Writer(Protocol):
    """Runs work in the writer's transaction and returns once it is committed."""

    async def write(self, work: Callable[[Tx], T], *, last: bool = False) -> T: ...


async def process(arrival: Arrival, reader: Reader, archive: Writer, rules: Engine, clock: Clock, desk: Desk) -> Outcome:
    """Take one fetched entry to recorded alerts."""
    page = arrival.result if isinstance(arrival.result, Page) else None
    failure = arrival.result if isinstance(arrival.result, Failure) else None
    if page and rechecks.is_unchanged(arrival.entry, page):  # it says what it said, so nobody reads it again
        failure = Failure(url=page.final_url, reason=FailureReason.UNCHANGED, at=page.fetched_at)
    if failure and arrival.entry.is_recheck and failure.reason is not FailureReason.GONE:
        return await archive.write(lambda tx: look_again(tx, arrival.entry, failure, desk, clock.now()))
    if failure and failure.reason.is_refusal:
        return await archive.write(lambda tx: refuse(tx, arrival.entry, failure, clock.now()))
    article = await reader.read(arrival)  # child process, or the teaser
    findings = rules.match(article)  # pure
    fingerprint = stories.fingerprint(article, findings.mentions)  # pure
    is_read = article.extract_status is not ExtractStatus.FAILED
    validators = rechecks.validators(page) if page and is_read and _matters(arrival.entry, findings) else None
    read = _Read(entry=arrival.entry, article=article, findings=findings, fingerprint=fingerprint, failure=failure, validators=validators)
    return await archive.write(lambda tx: settle(tx, read, desk, clock.now()), last=True)


def refuse(tx: Tx, entry: Entry, failure: Failure, now: datetime) -> Outcome:
    """Keep an entry that may not be fetched as an entry, with the reason."""
    writes.finish_entry(tx, entry, state="refused", reason=_reason(failure), now=now)
    return Outcome(ending=Ending.REFUSED)


def look_again(tx: Tx, entry: Entry, failure: Failure, desk: Desk, now: datetime) -> Outcome:
    """Leave an article as it is where a second look brought nothing to read: it stands unchanged, or could not be had this time."""
    again = _again(entry, failure, now)
    if again is not None:
        writes.put_look(tx, entry, next_at=again, tries=entry.tries + _is_try(failure))
        return Outcome(ending=Ending.RETRY)
    next_at = rechecks.next_look(entry.seen_at or now, now, desk.recheck_after_s)
    writes.put_look(tx, entry, next_at=next_at, forget_validators=_is_last(entry, next_at, desk))
    return Outcome(ending=Ending.UNCHANGED)


def settle(tx: Tx, read: _Read, desk: Desk, now: datetime) -> Outcome:
    """Archive one read article, put it into its story, decide, route and book deliveries."""
    writes.lock_stories(tx)
    stored = writes.put_article(tx, read.article, now)
    article = replace(read.article, article_id=stored.article_id)
    _finish(tx, read, stored.article_id, desk, now)
    if not stored.is_new and stored.revision is None:
        return Outcome(ending=Ending.UNCHANGED, article=article)
    earlier = stored.revision.earlier if stored.revision else None
    if earlier is not None and article.failure is FailureReason.GONE:
        article = replace(
            earlier, failure=FailureReason.GONE
        )  # what is told of is the article as it was read, not what its list says of it
    else:
        writes.put_findings(tx, stored.article_id, read.findings, now, keep=stored.is_worse)
    assignment, story = _assign(tx, article, None if stored.is_worse else read.fingerprint, desk, now, is_new=stored.is_new)
    case = _Case(read=read, article=article, story=story, how=assignment.how, earlier=earlier)
    verdicts, alerts = _decide(tx, case, desk, now)
    booked = book(tx, alerts, story, desk, now)
    return Outcome(
        ending=Ending.NEW if stored.is_new else Ending.REVISED,
        article=article,
        matches=read.findings.matches,
        story_id=story.story_id,
        how=assignment.how,
        verdicts=verdicts,
        alerts=alerts,
        deliveries=booked,
    )


def _finish(tx: Tx, read: _Read, article_id: int, desk: Desk, now: datetime) -> None:
    """Close the entry, or keep it open for another try where a later one may bring the whole page, or for a second look."""
    failure = read.failure
    again = _again(read.entry, failure, now) if failure else None
    if failure and again is not None:
        writes.finish_entry(
            tx, read.entry, state="new", reason=_reason(failure), article_id=article_id, next_at=again, is_try=_is_try(failure), now=now
        )
        return
    next_at = _next_look(read, desk, now)
    if failure and read.entry.is_recheck:  # the page is gone, and may come back
        writes.put_look(tx, read.entry, next_at=next_at, forget_validators=True, forget_body=True)
        return
    state = "failed" if failure and failure.reason is not FailureReason.NO_LINK else "done"
    writes.finish_entry(
        tx, read.entry, state=state, reason=_reason(failure) if failure else "", article_id=article_id, next_at=next_at,
        validators=_validators(read, next_at, desk), now=now,
    )  # fmt: skip


def _again(entry: Entry, failure: Failure, now: datetime) -> datetime | None:
    """When a page is tried again that could not be had; None where another try is not worth it."""
    if _is_try(failure):
        is_worth_it = failure.reason.is_passing and entry.tries < len(RETRY_S)
    else:
        is_worth_it = now - (entry.seen_at or now) < _PUT_OFF_FOR
    if not is_worth_it:
        return None
    pause_s = RETRY_S[min(entry.tries, len(RETRY_S) - 1)]
    return now + timedelta(seconds=max(pause_s, failure.retry_after_s or 0.0))


def _is_try(failure: Failure) -> bool:
    """Whether somebody was asked."""
    return failure.reason is not FailureReason.PUT_OFF


def _next_look(read: _Read, desk: Desk, now: datetime) -> datetime | None:
    """When the page of an article that a theme matched is looked at again, also where there was none yet; a backfill's never is."""
    if read.entry.is_backfill or not _matters(read.entry, read.findings) or (read.failure and read.failure.reason in _NEVER_A_PAGE):
        return None
    return rechecks.next_look(read.entry.seen_at or now, now, desk.recheck_after_s)


def _matters(entry: Entry, findings: Findings) -> bool:
    """Whether anybody may want to look at the page again."""
    return bool(findings.matches) or entry.is_recheck


def _validators(read: _Read, next_at: datetime | None, desk: Desk) -> Validators | None:
    """By what the next look knows an unchanged page; the last one by its bytes alone."""
    if next_at is None or read.validators is None:
        return None
    return Validators(body_hash=read.validators.body_hash) if _is_last(read.entry, next_at, desk) else read.validators


def _is_last(entry: Entry, next_at: datetime | None, desk: Desk) -> bool:
    """Whether no look follows the next one, which therefore asks for the whole page: some servers say for ever that nothing changed."""
    return next_at is None or rechecks.next_look(entry.seen_at or next_at, next_at, desk.recheck_after_s) is None


def _assign(
    tx: Tx, article: Article, fingerprint: Fingerprint | None, desk: Desk, now: datetime, *, is_new: bool
) -> tuple[StoryAssignment, Story]:
    """Find the article's story; a revised article stays where it is, by its earlier fingerprint where the later reading was worse."""
    assert article.article_id is not None
    if not is_new or fingerprint is None:
        if fingerprint is not None:
            writes.put_fingerprint(tx, article.article_id, fingerprint, article)
        story = reads.story_of(tx, article.article_id)
        return StoryAssignment(story_id=story.story_id, how=HowAssigned.SAME_TEXT), story
    if desk.stories:
        candidates, frequencies = reads.story_candidates(tx, article, fingerprint, now)
        assignment = stories.assign(article, fingerprint, candidates, frequencies, now)
    else:
        assignment = StoryAssignment(story_id=None, how=HowAssigned.OFF)
    story_id = writes.assign_story(tx, article.article_id, assignment, article, now)
    writes.put_fingerprint(tx, article.article_id, fingerprint, article)
    return assignment, reads.story(tx, story_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What is decided about: an article in its story, and the state it was in before where this is a revision."""

    read: _Read
    article: Article
    story: Story
    how: HowAssigned
    earlier: Article | None


def _decide(tx: Tx, case: _Case, desk: Desk, now: datetime) -> tuple[tuple[Verdict, ...], tuple[Alert, ...]]:
    """Ask of every matched theme whether the world changed, and record each answer."""
    by_theme: dict[str, list[Match]] = {}
    for match in case.read.findings.matches:
        by_theme.setdefault(match.theme_id, []).append(match)
    if not by_theme and case.how in {HowAssigned.NEW, HowAssigned.OFF}:
        return (), ()
    history = reads.past(tx, case.story.story_id)
    for told in history.alerts:  # a theme that spoke of the story hears how it goes on, also where no rule of it matches
        if told.theme_id in desk.themes:
            by_theme.setdefault(told.theme_id, [])
    verdicts: list[Verdict] = []
    alerts: list[Alert] = []
    for theme_id, hits in by_theme.items():
        theme = desk.themes[theme_id]
        verdict = alerting.decide(
            *(theme, case.story, case.article, hits, history, now),
            first_pass=case.read.entry.is_first_pass,
            earlier=case.earlier,
            how=case.how,
        )
        if hits or verdict.speaks:
            verdicts.append(verdict)
        fresh = alerting.alerts(theme, case.story, case.article, hits, verdict, now)
        alerts.extend(fresh if hits else (_as_told(a, history) for a in fresh))
    if not verdicts:
        return (), ()
    assert case.article.article_id is not None
    writes.put_verdicts(tx, case.story.story_id, case.article.article_id, verdicts, now)
    return tuple(verdicts), writes.put_alerts(tx, alerts)


def _as_told(alert: Alert, history: Past) -> Alert:
    """Give an alert from an unmatched article the relevance and rules by which its theme spoke first."""
    first = min((a for a in history.alerts if a.theme_id == alert.theme_id), key=lambda a: (a.decided_at, a.alert_id or 0))
    return replace(alert, relevance=first.relevance, rules=first.rules)


def book(tx: Tx, alerts: Sequence[Alert], story: Story, desk: Desk, now: datetime) -> int:
    """Ask whom the new alerts concern and book one delivery per message and channel."""
    if not alerts:
        return 0
    channels = tuple(dict.fromkeys(s.channel for s in desk.subscriptions))
    told = reads.told(tx, channels, story.story_id)
    recent = reads.recent(tx, channels, now) if desk.storms else ()
    routed = routing.route(alerts, desk.subscriptions, reads.mutes(tx, now), told, now, recent=recent, storms=desk.storms)
    return writes.put_deliveries(tx, routed, now)


def _reason(failure: Failure) -> str:
    return f"{failure.reason.value}: {failure.detail}" if failure.detail else failure.reason.value

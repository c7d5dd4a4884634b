"""The unit of work: an order in, a poll with its entries or an arrival out."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from crawler import politeness, rechecks, sources
from crawler.extract import body_hash
from crawler.model import (
    Arrival,
    Entry,
    Failure,
    FailureReason,
    Outlet,
    Page,
    Poll,
    PollStatus,
    Source,
    SourceKind,
    SourceRead,
    TdmPolicy,
    Validators,
)
from crawler.ports import FetchOrder, PollOrder
from crawler.spiders.fetch import Answer, Ask, Clock, Fetcher, check
from crawler.spiders.trouble import Cause, Trouble, is_wall

_ACCEPT = {
    SourceKind.FEED: "application/rss+xml, application/atom+xml, application/rdf+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
    SourceKind.SITEMAP: "application/xml, text/xml;q=0.9, */*;q=0.5",
    SourceKind.LISTING: "text/html, application/xhtml+xml, */*;q=0.5",
    SourceKind.JSON_API: "application/json, */*;q=0.5",
}
_ACCEPT_PAGE = "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.5"
_PAGE_TYPES = frozenset({"", "text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain"})
_NOT_MODIFIED = 304
_NO_CONTENT = 204
_PARTS_KEPT = 1_000
_LONG = 512 * 1024
"""Longer sources are read beside the loop, which they would hold up for a noticeable time, all in one thread: the C library keeps for each
thread what the longest list in it took (six threads kept 470 MB), and the interpreter's lock lets two read no faster than one.
"""

_HUGE = 2 * 1024 * 1024
"""Longer ones are read one at a time: a list of a hundred thousand items takes some 150 MB until it is durable."""


class Fallback(Protocol):
    """Reads what the quick reader would not, elsewhere: in a child process."""

    def __call__(
        self, body: bytes, *, source: Source, outlet: Outlet, url: str, headers: Mapping[str, str], now: datetime
    ) -> Awaitable[SourceRead]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """A poll, its entries, and what to remember of a sitemap index's parts once both are durable."""

    poll: Poll
    entries: tuple[Entry, ...] = ()
    parts: Mapping[str, Validators] = field(default_factory=dict)


def next_url(outcome: Polled | Arrival) -> str | None:
    """Return where the next page of this kind will probably be asked for."""
    if isinstance(outcome, Polled):
        return next((entry.url for entry in outcome.entries if entry.url), None)
    return outcome.result.final_url if isinstance(outcome.result, Page) else None


class HugeList:
    """One unit's claim to a place that only one may have at a time."""

    def __init__(self, place: asyncio.Lock) -> None:
        self._place = place
        self._is_mine = False

    async def take(self) -> None:
        """Wait for the place; at once where it is ours."""
        if not self._is_mine:
            await self._place.acquire()
            self._is_mine = True

    def free(self) -> None:
        """Give the place back, if it is ours."""
        if self._is_mine:
            self._is_mine = False
            self._place.release()


class Work:
    """Does units of work; raises nothing for whatever an outlet does."""

    def __init__(self, *, fetcher: Fetcher, fallback: Fallback, clock: Clock, crash: Callable[[str], None]) -> None:
        self._fetcher = fetcher
        self._fallback = fallback
        self._clock = clock
        self._crash = crash
        self._parts: OrderedDict[str, Validators] = OrderedDict()
        self._place = asyncio.Lock()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="sources")

    def close(self) -> None:
        """Read no more; a list that is being read is given up."""
        self._reader.shutdown(wait=False, cancel_futures=True)

    def huge_list(self) -> HugeList:
        """Return a unit's claim to the one place for huge lists; it is freed when the unit's outcome is durable."""
        return HugeList(self._place)

    async def poll(self, order: PollOrder, huge: HugeList) -> Polled:
        """Ask a source for news."""
        started, source = self._clock.monotonic(), order.source
        poll = Poll(source_id=source.source_id, outlet_id=source.outlet_id, at=self._clock.now(), status=PollStatus.EMPTY, url=source.url)
        try:
            done = await self._ask(order, poll, huge)
        except Trouble as trouble:
            done = Polled(poll=_troubled(poll, trouble))
        return replace(done, poll=replace(done.poll, duration_s=self._clock.monotonic() - started))

    async def page(self, order: FetchOrder) -> Arrival:
        """Fetch an entry's page."""
        started, entry = self._clock.monotonic(), order.entry
        if not entry.url:
            return self._missing(order, Failure(url="", reason=FailureReason.NO_LINK, at=self._clock.now()))
        conditions = rechecks.conditions(entry.validators) if entry.validators and entry.is_recheck else {}
        headers = {"Accept": _ACCEPT_PAGE, **conditions}
        ask = Ask(url=entry.url, outlet=order.outlet, limit=self._fetcher.settings.body_limit, headers=headers)
        try:
            answer = await self._fetcher.get(ask)
            self._crash("after answer")
            if answer.http_status == _NOT_MODIFIED and conditions:
                raise _no_page(answer, Cause.UNCHANGED, "")
            _require_page(answer, is_first_try=entry.tries == 0)
            tdm, is_known = await self._fetcher.tdm(ask, answer)
        except Trouble as trouble:
            return self._missing(order, self._failure(entry.url, trouble))
        action = politeness.tdm_action(tdm, self._fetcher.settings.on_tdm)
        if action is not TdmPolicy.RECORD:
            return self._missing(order, self._reserved(answer, tdm, action))
        page = Page(
            url=entry.url,
            final_url=answer.url,
            http_status=answer.http_status,
            headers=answer.headers,
            body=answer.body,
            fetched_at=self._clock.now(),
            duration_s=self._clock.monotonic() - started,
            robots=answer.robots,
            tdm=str(tdm) if is_known else f"{tdm} in the page; the site's file was not read yet",
        )
        return Arrival(entry=entry, outlet=order.outlet, result=page)

    async def document(self, url: str, outlet: Outlet, kind: SourceKind) -> Answer:
        """Fetch one document as it is; raises Trouble where there is none."""
        limit = self._fetcher.settings.size_limit(kind)
        answer = await self._fetcher.get(Ask(url=url, outlet=outlet, limit=limit, headers={"Accept": _ACCEPT[kind]}))
        check(answer)
        return answer

    async def prepare(self, url: str, outlet: Outlet) -> None:
        """Read the rules that the next page from there will need, once their time does not matter."""
        await self._fetcher.prepare(url, outlet)

    def remember(self, parts: Mapping[str, Validators]) -> None:
        """Ask for these parts of sitemap indexes conditionally from now on: what they listed is durable."""
        for url, validators in parts.items():
            self._parts[url] = validators
            self._parts.move_to_end(url)
        while len(self._parts) > _PARTS_KEPT:
            self._parts.popitem(last=False)

    async def _ask(self, order: PollOrder, poll: Poll, huge: HugeList) -> Polled:
        source, known = order.source, order.validators
        settings = self._fetcher.settings
        conditions = conditional(known, poll.at, every_s=settings.unconditional_every_s)
        headers = {"Accept": _ACCEPT[source.kind], **conditions}
        answer = await self._fetcher.get(Ask(url=source.url, outlet=order.outlet, limit=settings.size_limit(source.kind), headers=headers))
        self._crash("after answer")
        poll = replace(poll, final_url=answer.url, http_status=answer.http_status, size=len(answer.body))
        poll = replace(poll, max_age_s=_max_age_s(answer), age_s=_seconds(answer.headers.get("age")))
        if answer.http_status == _NOT_MODIFIED and conditions:
            return Polled(poll=replace(poll, status=PollStatus.UNCHANGED, validators=_renewed(known, answer)))
        check(answer)
        if answer.http_status == _NO_CONTENT:
            return Polled(poll=poll)
        validators = _validators(answer, known, is_unconditional=not conditions, at=poll.at)
        if validators.body_hash == known.body_hash and not answer.is_cut:
            return Polled(poll=replace(poll, status=PollStatus.UNCHANGED, validators=validators))
        if len(answer.body) > _HUGE:
            await huge.take()
        return await self._news(order, answer, replace(poll, validators=validators), huge)

    async def _news(self, order: PollOrder, answer: Answer, poll: Poll, huge: HugeList) -> Polled:
        """Read an answer, and the parts it points to where it is an index."""
        read = await self._read(answer, order.source, order.outlet, poll.at)
        parts = await self._further(order, read, poll.at, huge) if read.further else _Parts()
        entries = tuple({entry.key: entry for entry in (*read.entries, *parts.entries)}.values())
        is_truncated = read.is_truncated or answer.is_cut
        poll = replace(
            poll,
            status=PollStatus.OK if entries else PollStatus.UNCHANGED if parts.unchanged else PollStatus.EMPTY,
            # An index that stands still says nothing of its parts, and a list that was not read to its end must be read again.
            validators=None if is_truncated or read.further else poll.validators,
            parser=read.parser,
            is_partial=read.is_partial or parts.is_partial,
            is_truncated=is_truncated,
            repairs=read.repairs,
            language=read.language,
            listed_times=tuple(entry.published_at for entry in entries),
            window_size=len(entries),
            seen=len(entries),
            size=poll.size + parts.size,
            ttl_s=read.ttl_s,
            skip_hours=read.skip_hours,
            skip_days=read.skip_days,
            tz_offset_s=read.tz_offset_s,
        )
        return Polled(poll=poll, entries=entries, parts=parts.validators)

    async def _read(self, answer: Answer, source: Source, outlet: Outlet, now: datetime) -> SourceRead:
        if _looks_like_html(answer.body) and is_wall(answer.body):
            raise Trouble(Cause.BLOCKED, "answered with a bot wall", http_status=answer.http_status, final_url=answer.url)
        read = partial(sources.load(source.kind), source=source, outlet=outlet, url=answer.url, headers=answer.headers, now=now)
        try:
            if len(answer.body) <= _LONG:
                return read(answer.body)
            return await asyncio.get_running_loop().run_in_executor(self._reader, read, answer.body)
        except sources.NeedsFallback as need:
            return await self._read_again(answer, source, outlet, now, so_far=need.so_far)
        except sources.Unreadable as error:
            raise Trouble(Cause.CONTENT, str(error), http_status=answer.http_status, final_url=answer.url) from error

    async def _read_again(self, answer: Answer, source: Source, outlet: Outlet, now: datetime, *, so_far: SourceRead | None) -> SourceRead:
        """Let the patient reader try; what the quick one found is kept where the other does no better."""
        try:
            read = await self._fallback(answer.body, source=source, outlet=outlet, url=answer.url, headers=answer.headers, now=now)
        except sources.Unreadable as error:
            if so_far is None:
                raise Trouble(Cause.CONTENT, str(error), http_status=answer.http_status, final_url=answer.url) from error
            return so_far
        return read if so_far is None or len(read.entries) > len(so_far.entries) else so_far

    async def _further(self, order: PollOrder, read: SourceRead, now: datetime, huge: HugeList) -> _Parts:
        """Read the newest documents an index points to; one that fails is read with the next poll.

        Of these a huge one keeps the place only while it is read: the next is fetched at the host's own pace.
        """
        found, settings = _Parts(), self._fetcher.settings
        waiting = deque(read.further)
        for _ in range(settings.further_documents):
            if not waiting:
                break
            url = waiting.popleft()
            known = self._parts.get(url, Validators())
            conditions = conditional(known, now, every_s=settings.unconditional_every_s)
            headers = {"Accept": _ACCEPT[order.source.kind], **conditions}
            try:
                answer = await self._fetcher.get(
                    Ask(url=url, outlet=order.outlet, limit=settings.size_limit(order.source.kind), headers=headers)
                )
                validators = _validators(answer, known, is_unconditional=not conditions, at=now)
                if (answer.http_status == _NOT_MODIFIED and conditions) or validators.body_hash == known.body_hash:
                    found.unchanged += 1
                    continue
                check(answer)
                if len(answer.body) > _HUGE:
                    await huge.take()
                part = await self._read(answer, order.source, order.outlet, now)
            except Trouble:
                found.is_partial = True
                continue
            finally:
                huge.free()
            found.size += len(answer.body)
            found.entries.extend(part.entries)
            waiting.extend(part.further)
            if not (part.is_truncated or part.further or answer.is_cut):
                found.validators[url] = validators
        return found

    def _failure(self, url: str, trouble: Trouble) -> Failure:
        return Failure(
            url=url,
            reason=trouble.cause.reason,
            at=self._clock.now(),
            detail=trouble.detail,
            http_status=trouble.http_status,
            retry_after_s=trouble.retry_after_s,
            robots=trouble.robots,
        )

    def _reserved(self, answer: Answer, tdm: politeness.Tdm, action: TdmPolicy) -> Failure:
        reason = FailureReason.TDM if action is TdmPolicy.SKIP else FailureReason.TDM_TEASER
        return Failure(
            url=answer.url,
            reason=reason,
            at=self._clock.now(),
            detail=str(tdm),
            http_status=answer.http_status,
            robots=answer.robots,
            tdm=str(tdm),
        )

    def _missing(self, order: FetchOrder, failure: Failure) -> Arrival:
        return Arrival(entry=order.entry, outlet=order.outlet, result=failure)


@dataclass(slots=True, kw_only=True)
class _Parts:
    """What the documents behind an index brought together."""

    entries: list[Entry] = field(default_factory=list)
    validators: dict[str, Validators] = field(default_factory=dict)
    size: int = 0
    unchanged: int = 0
    is_partial: bool = False


def conditional(known: Validators, now: datetime, *, every_s: float) -> dict[str, str]:
    """Return the headers that make a request conditional; none where an unconditional one is due, since some servers answer 304 for ever."""
    if known.unconditional_at is None or now - known.unconditional_at >= timedelta(seconds=every_s):
        return {}
    return rechecks.conditions(known)


def _validators(answer: Answer, known: Validators, *, is_unconditional: bool, at: datetime) -> Validators:
    return Validators(
        etag=rechecks.sendable(answer.headers.get("etag")),
        last_modified=rechecks.sendable(answer.headers.get("last-modified")),
        body_hash=body_hash(answer.body),
        unconditional_at=at if is_unconditional else known.unconditional_at,
    )


def _renewed(known: Validators, answer: Answer) -> Validators:
    """A 304 may carry newer validators for the same body."""
    return replace(
        known,
        etag=rechecks.sendable(answer.headers.get("etag")) or known.etag,
        last_modified=rechecks.sendable(answer.headers.get("last-modified")) or known.last_modified,
    )


def _max_age_s(answer: Answer) -> float | None:
    """Read how long the answer stays fresh."""
    directives = (part.strip().lower().partition("=") for part in answer.headers.get("cache-control", "").split(","))
    return next((_seconds(value) for name, _, value in directives if name == "max-age"), None)


def _seconds(text: str | None) -> float | None:
    digits = (text or "").strip().strip('"')
    return float(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None


def _troubled(poll: Poll, trouble: Trouble) -> Poll:
    return replace(
        poll,
        status=trouble.cause.status,
        error=trouble.detail,
        http_status=trouble.http_status,
        retry_after_s=trouble.retry_after_s,
        final_url=trouble.final_url,
    )


def _require_page(answer: Answer, *, is_first_try: bool) -> None:
    """Raise Trouble where an answer is no page to read."""
    check(answer)
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _PAGE_TYPES:
        raise _no_page(answer, Cause.CONTENT, f"answered with {kind[:60]}")
    if answer.is_cut and is_first_try:
        raise _no_page(answer, Cause.UNREACHABLE, "the answer broke off")
    if not answer.body.strip():
        raise _no_page(answer, Cause.SERVER_ERROR, "answered with nothing")  # no page is empty for good
    if is_wall(answer.body):
        raise _no_page(answer, Cause.BLOCKED, "answered with a bot wall")


def _no_page(answer: Answer, cause: Cause, detail: str) -> Trouble:
    return Trouble(cause, detail, http_status=answer.http_status, final_url=answer.url, robots=answer.robots)


def _looks_like_html(body: bytes) -> bool:
    return body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))

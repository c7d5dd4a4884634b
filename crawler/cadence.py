"""When a source is polled next: pure functions of what was observed, ``now`` and the price of a request."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from crawler.model import Poll, PollStatus

WEIGHTS = {1: 10.0, 2: 3.0, 3: 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class CadenceConfig:
    """Limits of cadence, in seconds. ``floor_s`` is the shortest and ``max_interval_s`` the longest time between two polls."""

    floor_s: float = 60.0
    max_interval_s: float = 6 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The next poll and why then: plan, floor, cache, retry, cold, dead or window."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What is remembered of a source between polls; times are aware UTC."""

    weight: float = 1.0
    items: float = 1.0
    exposure_h: float = 4.0
    last_poll: datetime | None = None
    last_ok: datetime | None = None
    last_new: datetime | None = None
    failures: int = 0
    not_before: datetime | None = None

    def to_json(self) -> str:
        """One line of JSON for the archive."""
        return json.dumps({k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(self).items()})

    @classmethod
    def from_json(cls, text: str) -> FeedState:
        """The inverse of ``to_json``; unknown keys of a later version are ignored."""
        known = {k: v for k, v in json.loads(text).items() if k in cls.__dataclass_fields__}
        times = {k: datetime.fromisoformat(v) for k, v in known.items() if isinstance(v, str)}
        return replace(cls(), **{**known, **times})


def initial(*, tier: int = 2) -> FeedState:
    """The state of a source that was never polled."""
    return FeedState(weight=WEIGHTS.get(tier, 1.0))


def observe(state: FeedState, poll: Poll, now: datetime) -> FeedState:
    """Learn from one poll whose new entries are known."""
    if not poll.status.is_success:
        failures = state.failures + 1
        wait_s = max(poll.retry_after_s or 0.0, 900.0 * 2 ** min(failures - 1, 6)) if poll.status is PollStatus.BUSY else 0.0
        not_before = now + timedelta(seconds=min(wait_s, 86_400.0)) if wait_s else state.not_before
        return replace(state, last_poll=now, failures=failures, not_before=not_before)
    gap_h = (now - state.last_ok).total_seconds() / 3600.0 if state.last_ok else 24.0
    fresh_s = min(max((poll.max_age_s or 0.0) - (poll.age_s or 0.0), poll.ttl_s or 0.0), 1800.0)
    return replace(
        state,
        items=state.items + poll.new,
        exposure_h=state.exposure_h + gap_h,
        last_poll=now,
        last_ok=now,
        last_new=now if poll.new else state.last_new,
        failures=0,
        not_before=now + timedelta(seconds=fresh_s) if fresh_s else None,
    )


def next_poll(state: FeedState, now: datetime, price: float, cfg: CadenceConfig) -> Plan:
    """Say when the source is polled next; ``price`` is the common price of one request in weighted item-hours."""
    rate = state.items / state.exposure_h
    interval_s = (2.0 * max(price, 1e-9) / (state.weight * rate)) ** 0.5 * 3600.0
    interval_s = min(max(interval_s, cfg.floor_s), cfg.max_interval_s)
    reason = "plan" if state.last_ok else "cold"
    if state.failures:
        interval_s, reason = min(interval_s / 2 * 2 ** min(state.failures - 1, 10), cfg.max_interval_s), "retry"
        interval_s = max(interval_s, cfg.floor_s)
    at = now + timedelta(seconds=interval_s)
    if state.not_before and state.not_before > at:
        return Plan(at=state.not_before.astimezone(UTC), reason="retry" if state.failures else "cache")
    return Plan(at=at, reason=reason)

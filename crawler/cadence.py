"""When a source is polled next: pure functions of what was observed, ``now`` and the price of a request.

The delay between publication and poll is a cost, a request has a price, and the next poll is the first step of the cheapest plan over a
non-homogeneous Poisson model of the source: 24 hours x weekday or weekend in its local time, two spikes at :00 and :30, and a short memory
of bursts. After Sia, Cho and Cho (TKDE 19(7), 2007), planned by dynamic programming. Rates are items per hour, times seconds or aware UTC,
the price weighted item-hours per request.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from crawler.model import Poll, PollStatus

WEIGHTS = {1: 10.0, 2: 3.0, 3: 1.0}
BINS = 48
HOUR_S = 3600.0
DAY_S = 86_400.0
_HALF_LIFE_S = 21 * DAY_S
_PRIOR_PER_H, _PRIOR_ITEMS = 0.25, 1.0
_SHRINK = 1.0
_MINUTE_PRIOR, _P00, _P30 = 10.0, 0.8, 0.35
_BURST_PRIOR, _BURST_S = 3.0, 2 * HOUR_S
_HORIZON, _HORIZON_S, _CELLS = 5.0, 48 * HOUR_S, 96
_STEPS_S = (1800.0, 900.0, 600.0, 300.0, 180.0, 120.0, 60.0)
_WINDOW, _WINDOW_AFTER_LOSS = 0.6, 0.4
_SHORT_LIST, _HISTORY_S = 10, 28 * DAY_S
_BUSY_S, _HINT_S, _DEAD_S = 900.0, 1800.0, 14 * DAY_S
_MEMORY_H, _GAIN_PER_H, _STEER_FROM_S = 12.0, 0.12, 12 * HOUR_S
_SILENT_MASS, _KNOWN_ITEMS, _KNOWN_H = math.log(1000.0), 5.0, 24.0
_GOLDEN = 0.6180339887498949
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZEROS = (0.0,) * BINS


@dataclass(frozen=True, slots=True, kw_only=True)
class CadenceConfig:
    """Limits in seconds: no two polls of a source closer than ``floor_s`` nor further apart than ``max_interval_s``."""

    floor_s: float = 60.0
    max_interval_s: float = 6 * HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The next poll and why then: plan, floor, cache, retry, cold, dead or window."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What is remembered of a source between polls.

    ``counts`` and ``exposure`` are decayed items and hours per bin (hour, +24 at weekends, local time by ``tz_offset_s``); ``dated``,
    ``at_00`` and ``at_30`` decayed counts of dated items, all and at minutes :00 and :30; ``burst`` and ``expected`` the short memory;
    ``window`` the most items the list ever held.
    """

    weight: float = 1.0
    counts: tuple[float, ...] = _ZEROS
    exposure: tuple[float, ...] = _ZEROS
    dated: float = 0.0
    at_00: float = 0.0
    at_30: float = 0.0
    burst: float = 0.0
    expected: float = 0.0
    window: int = 0
    has_lost: bool = False
    first_poll: datetime | None = None
    last_poll: datetime | None = None
    last_ok: datetime | None = None
    last_new: datetime | None = None
    failures: int = 0
    asked_to_wait: int = 0
    not_before: datetime | None = None
    is_gone: bool = False
    is_unheard: bool = False  # the last poll never reached the host
    is_put_off: bool = False  # the last poll was due and did not go out
    tz_offset_s: float = 0.0
    skip_hours: tuple[int, ...] = ()  # GMT, as RSS has them
    skip_days: tuple[int, ...] = ()

    def to_json(self) -> str:
        """One line of JSON for the archive."""
        return json.dumps(asdict(self), default=datetime.isoformat, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> FeedState:
        """The inverse of ``to_json``; unknown keys of a later version are ignored."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {k: _revived(v) for k, v in json.loads(text).items() if k in known}
        return cls(**values)

    @property
    def rate(self) -> float:
        """Items per hour over everything observed."""
        return (sum(self.counts) + _PRIOR_ITEMS) / (sum(self.exposure) + _PRIOR_ITEMS / _PRIOR_PER_H)


def _revived(value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def initial(*, tier: int = 2) -> FeedState:
    """The state of a source that was never polled."""
    return FeedState(weight=WEIGHTS.get(tier, 1.0))


# ---- learning


def observe(state: FeedState, poll: Poll, now: datetime) -> FeedState:
    """Learn from one poll whose new entries are known; a failed poll teaches patience and nothing about the outlet."""
    state = replace(state, first_poll=state.first_poll or now, last_poll=now)
    if not poll.status.is_success:
        return _failed(state, poll, now)
    if poll.tz_offset_s is not None:
        state = replace(state, tz_offset_s=float(poll.tz_offset_s))
    if poll.status is PollStatus.OK:
        state = replace(state, skip_hours=poll.skip_hours, skip_days=poll.skip_days)
    state = _first(state, poll, now) if state.last_ok is None else _later(state, poll, now, state.last_ok)
    fresh_s = min(max((poll.max_age_s or 0.0) - (poll.age_s or 0.0), poll.ttl_s or 0.0, 0.0), _HINT_S)
    return replace(
        state,
        window=max(state.window, poll.window_size),
        has_lost=state.has_lost or poll.is_overflow,
        last_ok=now,
        last_new=now if poll.new else state.last_new,
        failures=0,
        asked_to_wait=0,
        is_gone=False,
        is_put_off=False,
        not_before=now + timedelta(seconds=fresh_s) if fresh_s else None,
    )


def _failed(state: FeedState, poll: Poll, now: datetime) -> FeedState:
    if poll.status is PollStatus.PUT_OFF:  # nobody was asked, so nobody refused
        return replace(state, is_put_off=True, not_before=now + timedelta(seconds=min(max(poll.retry_after_s or 0.0, 1.0), DAY_S)))
    state = replace(state, is_put_off=False)
    if poll.status is PollStatus.BUSY:
        wait_s = min(max(poll.retry_after_s or 0.0, _BUSY_S * 2.0 ** min(state.asked_to_wait, 7)), DAY_S)
        return replace(state, asked_to_wait=state.asked_to_wait + 1, not_before=now + timedelta(seconds=wait_s))
    gone = state.is_gone or (poll.status is PollStatus.GONE and poll.http_status == 410)
    return replace(state, failures=state.failures + 1, is_gone=gone, is_unheard=poll.status is PollStatus.UNREACHABLE)


def _first(state: FeedState, poll: Poll, now: datetime) -> FeedState:
    """Take the listed items as the history: they are what a first poll knows."""
    end = _seconds(now)
    times = [min(_seconds(t), end) for t in poll.listed_times if t is not None and _seconds(t) > end - _HISTORY_S]
    if not poll.listed_times:
        return _exposed(state, end - DAY_S, end)
    span_s = end - min(times, default=end - _HISTORY_S)
    if len(poll.listed_times) < _SHORT_LIST:
        span_s = _HISTORY_S
    span_s = max(span_s, HOUR_S)
    return _counted(_exposed(state, end - span_s, end), times)


def _later(state: FeedState, poll: Poll, now: datetime, last_ok: datetime) -> FeedState:
    start, end = _seconds(last_ok), _seconds(now)
    if end <= start:
        return state
    expected = _mass(state, start, end)
    keep = 0.5 ** ((end - start) / _HALF_LIFE_S)
    fade = math.exp(-(end - start) / _BURST_S)
    state = replace(
        state,
        counts=tuple([c * keep for c in state.counts]),
        exposure=tuple([e * keep for e in state.exposure]),
        dated=state.dated * keep,
        at_00=state.at_00 * keep,
        at_30=state.at_30 * keep,
        burst=state.burst * fade + poll.new,
        expected=state.expected * fade + expected,
    )
    seen_from = start
    if poll.is_overflow:
        dated = [_seconds(t) for t in poll.item_times if t is not None and start < _seconds(t) <= end]
        seen_from = min(dated, default=start)
    inside, loose = _placed(poll.item_times, seen_from, end)
    state = _counted(_exposed(state, seen_from, end), inside)
    return _counted(state, loose, with_minutes=False) if loose else state


def _placed(times: tuple[datetime | None, ...], start: float, end: float) -> tuple[list[float], list[float]]:
    """Part new items into those dated inside the gap and the others, spread over it evenly and repeatably."""
    inside: list[float] = []
    loose: list[float] = []
    for position, at in enumerate(times, start=1):
        second = _seconds(at) if at is not None else -1.0
        if start < second <= end:
            inside.append(second)
        else:
            loose.append(start + (end - start) * (position * _GOLDEN % 1.0))
    return inside, loose


def _counted(state: FeedState, times: list[float], *, with_minutes: bool = True) -> FeedState:
    if not times:
        return state
    counts = list(state.counts)
    for second in times:
        counts[_bin(second + state.tz_offset_s)] += 1.0
    if not with_minutes:
        return replace(state, counts=tuple(counts))
    minutes = [int(second % HOUR_S // 60) for second in times]
    return replace(
        state,
        counts=tuple(counts),
        dated=state.dated + len(times),
        at_00=state.at_00 + minutes.count(0),
        at_30=state.at_30 + minutes.count(30),
    )


def _exposed(state: FeedState, start: float, end: float) -> FeedState:
    """Add the hours from ``start`` to ``end`` to the bins they fall in."""
    exposure = list(state.exposure)
    at = start
    while at < end:
        until = min(end, (at // HOUR_S + 1) * HOUR_S)
        exposure[_bin(at + state.tz_offset_s)] += (until - at) / HOUR_S
        at = until
    return replace(state, exposure=tuple(exposure))


# ---- what is expected


def profile(state: FeedState) -> list[float]:
    """Items per hour in each of the 48 bins, smoothed over the hours of a day type and shrunk to the source's mean."""
    counts, exposure, per_item = state.counts, state.exposure, _SHRINK / state.rate
    rates = []
    for base in (0, 24):
        for hour in range(24):
            before, after = base + (hour - 1) % 24, base + (hour + 1) % 24
            items = 0.25 * counts[before] + 0.5 * counts[base + hour] + 0.25 * counts[after]
            hours = 0.25 * exposure[before] + 0.5 * exposure[base + hour] + 0.25 * exposure[after]
            rates.append((items + _SHRINK) / (hours + per_item))
    return rates


def spikes(state: FeedState) -> tuple[float, float]:
    """The shares of an hour's items that come at :00 and at :30."""
    total = state.dated + _MINUTE_PRIOR
    return (state.at_00 + _P00) / total, (state.at_30 + _P30) / total


def _mass(state: FeedState, start: float, end: float) -> float:
    """Items expected between two times, without the short memory."""
    rates, total, at = profile(state), 0.0, start
    while at < end:
        until = min(end, (at // HOUR_S + 1) * HOUR_S)
        total += rates[_bin(at + state.tz_offset_s)] * (until - at) / HOUR_S
        at = until
    return total


# ---- planning


def next_poll(state: FeedState, now: datetime, price: float, cfg: CadenceConfig) -> Plan:
    """Say when the source is polled next.

    Waiting is limited by ``cfg``, by Retry-After and cache hints, and by the list: no more than 0.6 of what it holds is let go unread.
    """
    if state.is_put_off and state.not_before is not None:
        return Plan(at=max(state.not_before, now + timedelta(seconds=min(cfg.floor_s, 60.0))), reason="retry")
    if state.is_gone or is_dead(state, now):
        return _dead(state, now)
    if state.last_ok is None and not state.failures + state.asked_to_wait:
        return Plan(at=now, reason="cold")
    at_s, reason = _planned(state, _seconds(now), max(price, 1e-9), cfg)
    if state.failures:
        # A request that never reached the host cost it nothing: such a source is tried again soon, whatever the floor.
        half_s = 60.0 if state.is_unheard else max((at_s - _seconds(now)) / 2.0, 60.0, cfg.floor_s)
        at_s, reason = _seconds(now) + min(half_s * 2.0 ** min(state.failures - 1, 12), cfg.max_interval_s), "retry"
    at = _EPOCH + timedelta(seconds=at_s)
    if (state.failures or state.asked_to_wait) and state.not_before is not None and state.not_before > at:
        return Plan(at=state.not_before, reason="retry")
    hinted = max(_spared(state, at), state.not_before or at)
    longest = now + timedelta(seconds=cfg.max_interval_s)  # a hint never outweighs what the operator asked for
    return Plan(at=max(at, min(hinted, longest)), reason="cache") if hinted > at else Plan(at=at, reason=reason)


def _spared(state: FeedState, at: datetime) -> datetime:
    """Half an hour later where the poll falls into hours or days in which the feed asks not to be read."""
    is_spared = at.hour in state.skip_hours or at.weekday() in state.skip_days
    return at + timedelta(seconds=_HINT_S) if is_spared else at


def is_dead(state: FeedState, now: datetime) -> bool:
    """Say whether a source has failed for a fortnight; it is asked rarely from then on."""
    since = state.last_ok or state.first_poll
    return state.failures + state.asked_to_wait > 0 and since is not None and (now - since).total_seconds() > _DEAD_S


def _dead(state: FeedState, now: datetime) -> Plan:
    """Ask a dead source daily for a fortnight, then weekly: never silently off."""
    since = state.last_ok or state.first_poll or now
    days = 7 if (now - since).total_seconds() > 2 * _DEAD_S else 1
    return Plan(at=now + timedelta(days=days), reason="dead")


def _planned(state: FeedState, now: float, price: float, cfg: CadenceConfig) -> tuple[float, str]:
    mean_s = math.sqrt(2.0 * price / (state.weight * state.rate)) * HOUR_S
    interval_s = min(max(mean_s, cfg.floor_s, 60.0), cfg.max_interval_s)
    grid = _grid(now, interval_s, cfg)
    mass, moment = _integrals(state, now, grid)
    limit = (_WINDOW_AFTER_LOSS if state.has_lost else _WINDOW) * state.window if state.window else math.inf
    first = _cheapest_first_step(grid, mass, moment, state.weight, price, limit, cfg)
    if limit < math.inf and first == 1 and mass[1] >= limit:
        return grid[1], "window"
    return grid[first], "floor" if grid[first] - now <= cfg.floor_s else "plan"


def _grid(now: float, interval_s: float, cfg: CadenceConfig) -> list[float]:
    """``now``, then half a minute past whole steps, so that a poll comes just after the spikes."""
    step = next((s for s in _STEPS_S if s <= interval_s / 8.0), 60.0)
    if interval_s < 8 * 60.0 and cfg.floor_s < 60.0:
        step = max(cfg.floor_s, interval_s / 8.0, 1.0)
    earliest = now + cfg.floor_s
    start = (math.ceil((earliest - 30.0) / step)) * step + 30.0 if step >= 60.0 else earliest
    cells = min(int(min(_HORIZON * interval_s, _HORIZON_S) / step) + 1, _CELLS)
    return [now, *(start + step * k for k in range(cells))]


def _integrals(state: FeedState, now: float, grid: list[float]) -> tuple[list[float], list[float]]:
    """Running integrals of the rate over the grid: items, and items x hours since ``now``."""
    rates, (p00, p30) = profile(state), spikes(state)
    flat = max(1.0 - p00 - p30, 0.0)
    surge = (state.burst + _BURST_PRIOR) / (state.expected + _BURST_PRIOR) - 1.0
    masses, moments = [0.0], [0.0]
    items = hours = 0.0
    for left, right in pairwise(grid):
        middle = (left + right) / 2.0
        factor = 1.0 + surge * math.exp((now - middle) / _BURST_S)
        here = rates[_bin(middle + state.tz_offset_s)] * flat * factor * (right - left) / HOUR_S
        items += here
        hours += here * (middle - now) / HOUR_S
        spike = math.ceil((left - 10.0) / 1800.0) * 1800.0 + 10.0
        while spike < right:
            share = p00 if int(spike // 1800.0) % 2 == 0 else p30
            here = rates[_bin(spike + state.tz_offset_s)] * share * factor
            items += here
            hours += here * (spike - now) / HOUR_S
            spike += 1800.0
        masses.append(items)
        moments.append(hours)
    return masses, moments


def _cheapest_first_step(
    grid: list[float], mass: list[float], moment: list[float], weight: float, price: float, limit: float, cfg: CadenceConfig
) -> int:
    """Plan backwards over the grid and return the index of the first poll."""
    last = len(grid) - 1
    origin = grid[0]
    hours = [(g - origin) / HOUR_S for g in grid]
    floor_h, longest_h = cfg.floor_s / HOUR_S - 1e-9, cfg.max_interval_s / HOUR_S
    value = [0.0] * (last + 1)
    choice = last
    for j in range(last - 1, -1, -1):
        best, choice = math.inf, last
        mass_j, moment_j, hour_j = mass[j], moment[j], hours[j]
        for k in range(j + 1, last + 1):
            gap = hours[k] - hour_j
            if gap < floor_h and k < last:
                continue
            items = mass[k] - mass_j
            delay = weight * (hours[k] * items - (moment[k] - moment_j))
            cost = delay + (price if k < last else price / 2.0) + value[k]
            if cost < best:
                best, choice = cost, k
            if delay > 8.0 * price or gap >= longest_h or items > limit:
                break
        value[j] = best
    return choice


def is_silent(state: FeedState, now: datetime) -> bool:
    """Say whether a source lists nothing new for so long that its own profile gives that less than one chance in a thousand.

    A source that fails, that was not asked lately, or that is known for less than a day and five items is not silent but unknown.
    """
    since = state.last_new or state.first_poll
    if since is None or state.last_ok is None or state.failures + state.asked_to_wait or sum(state.counts) < _KNOWN_ITEMS:
        return False
    if state.last_ok < now - timedelta(days=1) or sum(state.exposure) < _KNOWN_H:
        return False
    return _mass(state, _seconds(since), _seconds(state.last_ok)) > _SILENT_MASS


# ---- the price of a request


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What square-root allocation would do: the ``price`` that spends the budget, and a weekday's and weekend's share of a mean day."""

    price: float
    weekday: float = 1.0
    weekend: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceState:
    """The one price for all sources and what steers it: requests an hour, and those expected, both averaged over a day."""

    price: float
    started_at: datetime
    at: datetime
    spent: float
    expected: float


def forecast(states: Iterable[FeedState], requests_per_hour: float) -> Forecast:
    """Compute the price from what was learned of all sources."""
    weekday = weekend = 0.0
    for state in states:
        roots = [math.sqrt(state.weight * rate / 2.0) for rate in profile(state)]
        weekday += sum(roots[:24]) / 24.0
        weekend += sum(roots[24:]) / 24.0
    mean = max((5.0 * weekday + 2.0 * weekend) / 7.0, 1e-9)
    return Forecast(price=max((mean / max(requests_per_hour, 1e-6)) ** 2, 1e-9), weekday=weekday / mean, weekend=weekend / mean)


def first_price(ahead: Forecast, now: datetime, requests_per_hour: float) -> PriceState:
    """Begin with the computed price."""
    return PriceState(price=ahead.price, started_at=now, at=now, spent=requests_per_hour, expected=requests_per_hour)


def adjust_price(state: PriceState, requests: int, now: datetime, requests_per_hour: float, ahead: Forecast) -> PriceState:
    """Steer the price towards the budget after ``requests`` since the last call.

    For half a day the price is the computed one; then it follows the difference to what was expected for the day of the week. The
    difference, not its logarithm: the mean over a week has to meet the budget.
    """
    gap_h = (now - state.at).total_seconds() / HOUR_S
    if gap_h <= 0:
        return state
    if (now - state.started_at).total_seconds() < _STEER_FROM_S:
        return replace(state, price=ahead.price, at=now)
    keep = math.exp(-gap_h / _MEMORY_H)
    wanted = requests_per_hour * (ahead.weekend if _bin(_seconds(now)) >= 24 else ahead.weekday)
    spent = state.spent * keep + (requests / gap_h) * (1.0 - keep)
    expected = state.expected * keep + wanted * (1.0 - keep)
    price = state.price * math.exp(_GAIN_PER_H * gap_h * max(-1.0, min(spent / expected - 1.0, 1.0)))
    return replace(state, price=max(price, 1e-9), at=now, spent=spent, expected=expected)


def reachable_interval(sources: int, requests_per_hour: float, cfg: CadenceConfig) -> float:
    """Give the longest interval in seconds that the budget needs: ``cfg.max_interval_s``, or more where it cannot be kept."""
    return max(cfg.max_interval_s, sources / max(requests_per_hour, 1e-6) * HOUR_S)


def _bin(local_s: float) -> int:
    """The hour of a local second, +24 on Saturday and Sunday; the first of January 1970 was a Thursday."""
    day = int(local_s // DAY_S)
    return int(local_s % DAY_S // HOUR_S) + (24 if (day + 3) % 7 >= 5 else 0)


def _seconds(at: datetime) -> float:
    return (at - _EPOCH).total_seconds()

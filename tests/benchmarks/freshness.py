"""Delay between publication and poll at equal requests: ours beside uniform, learned square root, peers' rules and the known optimum.

    python -m tests.benchmarks.freshness --seeds 1 2 3 --feeds 500 --per-feed 2 [--scenario mismatched] [--json]

Seeded and without a wall clock: the same arguments print the same bytes. It runs the functions that ship.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crawler import cadence
from crawler.model import Poll, PollStatus

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
HOUR, DAY, WEEK = 3600.0, 86_400.0, 7 * 86_400.0
END, SCORED_FROM = 4 * WEEK, WEEK
FLOOR = 60.0
FIGURES = (
    ("uniform / ours, mean delay, geometric mean", "uniform_ours", 2.9, ">="),
    ("ours / known-parameter optimum, worst seed", "ours_known", 1.08, "<="),
    ("learned square root / ours", "sqrt_ours", 1.18, ">="),
    ("tuned Miniflux rule / ours", "miniflux_ours", 2.0, ">="),
    ("uniform / ours, p95", "p95", 1.4, ">="),
    ("lost items, worst seed, percent", "lost", 0.15, "<="),
    ("budget miss, percent", "miss", 1.0, "<="),
)


@dataclass(frozen=True)
class Feed:
    """A made-up source: when it publishes, how much it lists, how much it matters, whom it shares a host with."""

    items: Sequence[float]
    window: int
    weight: float
    host: int
    phases: tuple[tuple[float, tuple[float, ...]], ...]  # from when on which rates per hour of the week hold
    p00: float
    p30: float


@dataclass
class Result:
    """What one policy spent and reached in the scored weeks; delays in minutes."""

    requests_per_hour: float
    mean: float
    p50: float
    p95: float
    lost: float
    peak: float


# ---- the world


def world(seed: int, feeds: int, scenario: str) -> list[Feed]:
    """Make the sources of one seed."""
    rng = random.Random(f"{seed}/{scenario}")
    made: list[Feed] = []
    for number in range(feeds):
        host = made[-1].host if made and rng.random() < 0.35 else number
        made.append(_feed(rng, host, scenario))
    return made


def _feed(rng: random.Random, host: int, scenario: str) -> Feed:
    daily = min(6.0 * 10 ** rng.gauss(0.0, 0.8), 700.0)
    fate = rng.random()
    phases = [(0.0, 0.0 if fate < 0.05 else daily)]
    if 0.05 <= fate < 0.07:
        phases.append((rng.uniform(0.2, 0.9) * END, 0.0))
    elif 0.07 <= fate < 0.10:
        phases.append((rng.uniform(0.2, 0.9) * END, min(daily * rng.choice((5.0, 0.2)), 700.0)))
    shape = _week(rng)
    rated = tuple((at, tuple(level / 24.0 * s for s in shape)) for at, level in phases)
    p00, p30 = rng.uniform(0.02, 0.24), rng.uniform(0.01, 0.10)
    items = _items(rng, rated, p00, p30, scenario)
    return Feed(
        items=items,
        window=rng.randint(10, 100),
        weight=rng.choices((10.0, 3.0, 1.0), (1, 3, 6))[0],
        host=host,
        phases=rated,
        p00=p00,
        p30=p30,
    )


def _week(rng: random.Random) -> list[float]:
    """Hour weights of a week with mean one: a broad day, a quieter weekend."""
    peak, width, depth = rng.uniform(8, 18), rng.uniform(3, 7), rng.uniform(0.05, 0.5)
    weekend = rng.uniform(0.27, 0.79)
    day = [depth + math.exp(-(min(abs(h - peak), 24 - abs(h - peak)) ** 2) / (2 * width**2)) for h in range(24)]
    week = [day[h] * (weekend if d >= 5 else 1.0) for d in range(7) for h in range(24)]
    mean = sum(week) / len(week)
    return [w / mean for w in week]


def _items(rng: random.Random, phases: Sequence[tuple[float, tuple[float, ...]]], p00: float, p30: float, scenario: str) -> list[float]:
    slots = sorted(rng.sample(range(60), 3)) if scenario == "mismatched" else []
    items: list[float] = []
    surge, surge_until, day_factor = 1.0, -1.0, 1.0
    for hour in range(int(END / HOUR)):
        start = hour * HOUR
        if scenario == "mismatched" and hour % 24 == 0:
            day_factor = rng.lognormvariate(-0.18, 0.6)
        if start >= surge_until and rng.random() < 0.006:
            surge, surge_until = rng.uniform(2.0, 5.0), start + rng.choice((1, 2, 3)) * HOUR
        shift = 1 if scenario == "mismatched" and start > 2.5 * WEEK else 0
        rates = next(r for at, r in reversed(phases) if start >= at)
        level = rates[(hour + shift) % 168] * day_factor * (surge if start < surge_until else 1.0)
        items.extend(start + _second(rng, p00, p30, slots) for _ in range(_poisson(rng, level)))
    return sorted(items)


def _second(rng: random.Random, p00: float, p30: float, slots: Sequence[int]) -> float:
    draw = rng.random()
    if slots and draw < 0.5:
        return slots[int(draw * 2 * len(slots))] * 60.0 + rng.uniform(0, 20)
    if draw < p00:
        return rng.uniform(0, 20)
    if draw < p00 + p30:
        return 1800.0 + rng.uniform(0, 20)
    return rng.uniform(0, 3600)


def _poisson(rng: random.Random, mean: float) -> int:
    if mean <= 0:
        return 0
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


# ---- the race

Next = Callable[[int, float, Sequence[float], float], float]
"""Feed, now, the new items' times, the last poll -> when it is polled next."""


def race(feeds: Sequence[Feed], policy: Next, starts: Sequence[float], tick: Callable[[float, int], None] | None = None) -> Result:
    """Run one policy over four weeks; hosts give turns first come, first served, a minute apart."""
    queue = [(at, i, False) for i, at in enumerate(starts)]
    heapq.heapify(queue)
    last = [0.0] * len(feeds)
    free: dict[int, float] = {}
    delays: list[tuple[float, float]] = []
    hourly = [0] * 24
    spent = lost = total = since = 0
    clock = 600.0
    while queue:
        now, i, has_turn = heapq.heappop(queue)
        if now >= END:
            continue
        feed = feeds[i]
        if not has_turn:
            turn = max(now, free.get(feed.host, 0.0))
            free[feed.host] = turn + FLOOR
            if turn > now:
                heapq.heappush(queue, (turn, i, True))
                continue
        while tick and now >= clock:
            tick(clock, since)
            clock, since = clock + 600.0, 0
        since += 1
        low, high = bisect_right(feed.items, last[i]), bisect_right(feed.items, now)
        if now >= SCORED_FROM:
            spent += 1
            hourly[int(now % DAY // HOUR)] += 1
        total, lost = _score(feed, (low, high), now, delays, total, lost)
        kept = feed.items[max(low, high - feed.window) : high]
        at = policy(i, now, kept, last[i])
        last[i] = now
        heapq.heappush(queue, (max(at, now + 1.0), i, False))
    return _result(delays, spent, lost, total, hourly)


def _score(feed: Feed, span: tuple[int, int], now: float, delays: list[tuple[float, float]], total: int, lost: int) -> tuple[int, int]:
    low, high = span
    for position in range(max(low, bisect_left(feed.items, SCORED_FROM)), high):
        total += 1
        if high - position > feed.window:
            lost += 1
        else:
            delays.append((now - feed.items[position], feed.weight))
    return total, lost


def _result(delays: list[tuple[float, float]], spent: int, lost: int, total: int, hourly: Sequence[int]) -> Result:
    delays.sort()
    weight = sum(w for _, w in delays)
    mean = sum(d * w for d, w in delays) / weight

    def quantile(share: float) -> float:
        seen = 0.0
        for delay, w in delays:
            seen += w
            if seen >= share * weight:
                return delay
        return delays[-1][0]

    hours = (END - SCORED_FROM) / HOUR
    peak = max(hourly) / (sum(hourly) / 24.0)
    return Result(spent / hours, mean / 60, quantile(0.5) / 60, quantile(0.95) / 60, 100.0 * lost / max(total, 1), peak)


# ---- policies


def uniform(feeds: Sequence[Feed], budget: float) -> Result:
    """Everybody as often as everybody."""
    interval = len(feeds) / budget * HOUR
    return race(feeds, lambda _i, now, _new, _last: now + interval, _spread(feeds, interval))


def ours(feeds: Sequence[Feed], budget: float) -> Result:
    """The functions that ship, with the price steering."""
    states = [cadence.FeedState(weight=f.weight) for f in feeds]
    cfg = cadence.CadenceConfig(floor_s=FLOOR)
    ahead = cadence.forecast([cadence.observe(s, _poll(0.0, (), (), 0), EPOCH) for s in states], budget)
    price = cadence.first_price(ahead, EPOCH, budget)

    def tick(now: float, requests: int) -> None:
        nonlocal price, ahead
        if now % HOUR < 600:
            ahead = cadence.forecast(states, budget)
        price = cadence.adjust_price(price, requests, _at(now), budget, ahead)

    def policy(i: int, now: float, new: Sequence[float], last: float) -> float:
        feed = feeds[i]
        listed: Sequence[float] = ()
        if states[i].last_ok is None:
            high = bisect_right(feed.items, now)
            listed = feed.items[max(0, high - feed.window) : high]
        poll = _poll(now, new, listed, feed.window, overflow=last > 0 and len(new) >= feed.window)
        states[i] = cadence.observe(states[i], poll, _at(now))
        return (cadence.next_poll(states[i], _at(now), price.price, cfg).at - EPOCH).total_seconds()

    return race(feeds, policy, _spread(feeds, HOUR), tick)


def _poll(now: float, new: Sequence[float], listed: Sequence[float], window: int, *, overflow: bool = False) -> Poll:
    return Poll(
        source_id="s", outlet_id="o", at=_at(now), status=PollStatus.OK, url="", new=len(new), window_size=window, is_overflow=overflow,
        item_times=tuple([_at(t) for t in new]), listed_times=tuple([_at(t) for t in listed]),
    )  # fmt: skip


def learned_sqrt(feeds: Sequence[Feed], budget: float) -> Result:
    """Interval by the square root of weight x learned rate; the knob tuned in hindsight."""
    return _tuned(lambda knob: race(feeds, _sqrt(feeds, knob), _spread(feeds, HOUR)), budget)


def _sqrt(feeds: Sequence[Feed], knob: float) -> Next:
    counts, hours = [0.0] * len(feeds), [0.0] * len(feeds)

    def policy(i: int, now: float, new: Sequence[float], last: float) -> float:
        gap = now - last
        keep = 0.5 ** (gap / (21 * DAY))
        counts[i], hours[i] = counts[i] * keep + len(new), hours[i] * keep + gap / HOUR
        rate = (counts[i] + 1.0) / (hours[i] + 4.0)
        return now + min(max(HOUR / (knob * math.sqrt(feeds[i].weight * rate)), FLOOR), 6 * HOUR)

    return policy


def miniflux(feeds: Sequence[Feed], factor: float) -> Result:
    """A week over (items of the last week x factor), between 5 minutes and 24 hours (its entry_frequency rule)."""

    def policy(i: int, now: float, _new: Sequence[float], _last: float) -> float:
        items = feeds[i].items
        weekly = bisect_right(items, now) - bisect_right(items, now - WEEK)
        return now + min(max(WEEK / max(weekly * factor, 1e-9), 300.0), DAY)

    return race(feeds, policy, _spread(feeds, HOUR))


def media_cloud(feeds: Sequence[Feed], _budget: float) -> Result:
    """Start at 6 h; ten minutes more without news, an hour less where most of the list is new; 10 minutes to a day."""
    interval = [360.0 * 60] * len(feeds)

    def policy(i: int, now: float, new: Sequence[float], _last: float) -> float:
        share = len(new) / feeds[i].window
        interval[i] += 600.0 if share <= 0.33 else (-3600.0 if share > 0.67 else 0.0)
        interval[i] = min(max(interval[i], 600.0), DAY)
        return now + interval[i]

    return race(feeds, policy, _spread(feeds, 6 * HOUR))


def nutch(feeds: Sequence[Feed], _budget: float) -> Result:
    """A fifth less after a change, a fifth more without."""
    interval = [HOUR] * len(feeds)

    def policy(i: int, now: float, new: Sequence[float], _last: float) -> float:
        interval[i] = max(interval[i] * (0.8 if new else 1.2), FLOOR)
        return now + interval[i]

    return race(feeds, policy, _spread(feeds, HOUR))


def known_optimum(feeds: Sequence[Feed], budget: float) -> Result:
    """The best schedule for the true rates and one price, by an exact plan over a week of minutes."""
    return _tuned(lambda knob: race(feeds, _scheduled(feeds, 1.0 / knob**2), _spread(feeds, 60.0)), budget, start=1.0, tries=7)


def _scheduled(feeds: Sequence[Feed], price: float) -> Next:
    plans = [[(at, _plan(f, rates, price)) for at, rates in f.phases] for f in feeds]

    def policy(i: int, now: float, _new: Sequence[float], _last: float) -> float:
        times = next(p for at, p in reversed(plans[i]) if now >= at)
        base = now // WEEK * WEEK
        k = bisect_right(times, now - base + 0.5)
        return base + times[k] if k < len(times) else base + WEEK + times[0]

    return policy


def _plan(feed: Feed, rates: Sequence[float], price: float) -> list[float]:
    """Poll times within a week that minimise weight x delay + price: a lower envelope of lines over a grid of minutes."""
    if not any(rates):
        return [k * 6 * HOUR for k in range(28)]
    grid = 10_080
    flat = 1.0 - feed.p00 - feed.p30
    mass, moment = [0.0], [0.0]
    for minute in range(grid):
        rate = rates[minute // 60]
        here, at = rate * flat / 60.0, minute / 60.0
        items, hours = mass[-1] + here, moment[-1] + here * at
        share = feed.p00 if minute % 60 == 0 else feed.p30 if minute % 60 == 30 else 0.0
        mass.append(items + rate * share)
        moment.append(hours + rate * share * at)
    value, back = [0.0] * (grid + 1), [0] * (grid + 1)
    hull: list[tuple[float, float, int]] = [(0.0, 0.0, 0)]  # slope, intercept, index of the poll before
    head = 0
    for k in range(1, grid + 1):
        hour = (k - 0.5) / 60.0
        low = max(0, k - 360)
        while len(hull) - head > 1 and (hull[head][2] < low or _line(hull[head + 1], hour) <= _line(hull[head], hour)):
            head += 1
        value[k] = _line(hull[head], hour) + feed.weight * (hour * mass[k] - moment[k]) + price
        back[k] = hull[head][2]
        _push(hull, head, (-feed.weight * mass[k], feed.weight * moment[k] + value[k], k))
    times, k = [], grid
    while k > 0:
        times.append((k - 0.5) * 60.0)
        k = back[k]
    return sorted(times)


def _line(line: tuple[float, float, int], x: float) -> float:
    return line[0] * x + line[1]


def _push(hull: list[tuple[float, float, int]], head: int, line: tuple[float, float, int]) -> None:
    while len(hull) - head > 1:
        (a1, b1, _), (a2, b2, _), (a3, b3, _) = hull[-2], hull[-1], line
        if (b3 - b1) * (a1 - a2) <= (b2 - b1) * (a1 - a3):
            hull.pop()
        else:
            break
    hull.append(line)


def clairvoyant(feeds: Sequence[Feed], budget: float) -> Result:
    """Polls just after what is published; only to show that nothing beats it."""
    instants = sum(len(f.items) for f in feeds) / (END / HOUR)
    every = max(1, math.ceil(instants / budget))

    def policy(i: int, now: float, _new: Sequence[float], _last: float) -> float:
        k = bisect_right(feeds[i].items, now) + every - 1
        return feeds[i].items[k] if k < len(feeds[i].items) else END

    return race(feeds, policy, _spread(feeds, 60.0))


def _tuned(run: Callable[[float], Result], budget: float, *, start: float = 1.0, tries: int = 8) -> Result:
    """Turn a knob (more is more requests) until the budget is spent within half a percent."""
    knob, best = start, run(start)
    for _ in range(tries):
        if abs(best.requests_per_hour / budget - 1.0) < 0.005:
            break
        knob *= (budget / best.requests_per_hour) ** 1.1
        best = run(knob)
    return best


def _spread(feeds: Sequence[Feed], interval: float) -> list[float]:
    return [1.0 + (i * 0.6180339887498949 % 1.0) * interval for i in range(len(feeds))]


def _at(second: float) -> datetime:
    return EPOCH + timedelta(seconds=second)


# ---- the table


def one_seed(arguments: tuple[int, int, float, str]) -> dict[str, Result]:
    """All policies on one seed."""
    seed, number, per_feed, scenario = arguments
    feeds, budget = world(seed, number, scenario), number * per_feed
    return {
        "uniform": uniform(feeds, budget),
        "learned square root (tuned)": learned_sqrt(feeds, budget),
        "Miniflux rule, default": miniflux(feeds, 1.0),
        "Miniflux rule, tuned": _tuned(lambda knob: miniflux(feeds, knob), budget),
        "Media Cloud rule": media_cloud(feeds, budget),
        "Nutch rule": nutch(feeds, budget),
        "presswatch": ours(feeds, budget),
        "known-parameter optimum": known_optimum(feeds, budget),
        "clairvoyant": clairvoyant(feeds, budget),
    }


def figures(seeds: Sequence[dict[str, Result]], budget: float) -> dict[str, float]:
    """The figures that are promised, over all seeds."""

    def ratios(above: str, below: str, what: str = "mean") -> list[float]:
        return [getattr(s[above], what) / getattr(s[below], what) for s in seeds]

    def geometric(values: Sequence[float]) -> float:
        return math.exp(sum(map(math.log, values)) / len(values))

    return {
        "uniform_ours": geometric(ratios("uniform", "presswatch")),
        "ours_known": max(ratios("presswatch", "known-parameter optimum")),
        "sqrt_ours": geometric(ratios("learned square root (tuned)", "presswatch")),
        "miniflux_ours": geometric(ratios("Miniflux rule, tuned", "presswatch")),
        "p95": geometric(ratios("uniform", "presswatch", "p95")),
        "lost": max(s["presswatch"].lost for s in seeds),
        "miss": max(abs(s["presswatch"].requests_per_hour / budget - 1.0) * 100 for s in seeds),
    }


def main() -> int:
    """Print the tables; exit 1 where a figure of the standard scenario at two requests is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--feeds", type=int, default=500)
    parser.add_argument("--per-feed", type=float, default=2.0, help="requests per feed and hour")
    parser.add_argument("--scenario", choices=["standard", "mismatched"], default="standard")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    with ProcessPoolExecutor(given.jobs) as pool:
        results = list(pool.map(one_seed, [(s, given.feeds, given.per_feed, given.scenario) for s in given.seeds]))
    reached = figures(results, given.feeds * given.per_feed)
    if given.json:
        print(json.dumps({"seeds": [{k: vars(v) for k, v in r.items()} for r in results], "figures": reached}, sort_keys=True))
        return 0
    for seed, result in zip(given.seeds, results, strict=True):
        print(f"\nseed {seed} · {given.feeds} feeds · {given.per_feed:g} requests a feed and hour · {given.scenario}")
        print(f"{'policy':<30}{'req/h':>9}{'mean min':>10}{'p50':>8}{'p95':>8}{'lost %':>8}{'peak':>7}{'x known':>9}")
        known = result["known-parameter optimum"].mean
        for name, r in result.items():
            print(
                f"{name:<30}{r.requests_per_hour:>9.1f}{r.mean:>10.2f}{r.p50:>8.2f}{r.p95:>8.2f}{r.lost:>8.3f}{r.peak:>7.2f}{r.mean / known:>9.3f}"
            )
    print(f"\n{'figure':<48}{'reached':>10}{'must':>10}")
    missed = 0
    for label, key, must, sense in FIGURES:
        good = reached[key] >= must if sense == ">=" else reached[key] <= must
        missed += not good
        print(f"{label:<48}{reached[key]:>10.3f}{sense + ' ' + format(must, 'g'):>10}{'' if good else '   MISSED'}")
    return 1 if missed and given.scenario == "standard" and given.per_feed == 2 else 0


if __name__ == "__main__":
    raise SystemExit(main())

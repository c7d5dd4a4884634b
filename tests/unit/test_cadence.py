"""The pure cadence: what is learned from polls and when the next one is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import cadence
from crawler.cadence import CadenceConfig, FeedState, Forecast, adjust_price, first_price, forecast, initial, next_poll, observe
from crawler.model import Poll, PollStatus

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
CFG = CadenceConfig()


def a_poll(at: datetime = NOW, status: PollStatus = PollStatus.OK, **values: object) -> Poll:
    return replace(Poll(source_id="nzz#1", outlet_id="nzz", at=at, status=status, url="http://127.0.0.1/feed"), **values)  # type: ignore[arg-type]


def learned(items_a_day: float, *, tier: int = 2, days: int = 2) -> FeedState:
    """A state after a first poll whose list spans ``days``."""
    count = max(int(items_a_day * days), 12)
    gap = timedelta(days=days) / count
    listed = tuple(NOW - timedelta(minutes=17) - gap * k for k in range(count))
    return observe(initial(tier=tier), a_poll(listed_times=listed, window_size=count, new=count), NOW)


def test_a_source_never_polled_is_due_now() -> None:
    assert next_poll(initial(), NOW, 0.5, CFG) == cadence.Plan(at=NOW, reason="cold")


def test_the_first_list_is_the_history() -> None:
    assert learned(48).rate == pytest.approx(2.0, rel=0.1)


def test_a_short_list_counts_for_four_weeks() -> None:
    state = observe(initial(), a_poll(listed_times=(NOW - timedelta(hours=1),), window_size=1, new=1), NOW)
    assert state.rate < 0.01


def test_an_empty_list_counts_for_a_day_of_silence() -> None:
    state = observe(initial(), a_poll(status=PollStatus.EMPTY), NOW)
    assert sum(state.exposure) == pytest.approx(24.0)


def test_busier_and_weightier_sources_are_polled_sooner() -> None:
    quiet, busy = next_poll(learned(4), NOW, 0.5, CFG), next_poll(learned(200), NOW, 0.5, CFG)
    assert busy.at < quiet.at
    assert next_poll(learned(20, tier=1), NOW, 0.5, CFG).at <= next_poll(learned(20, tier=3), NOW, 0.5, CFG).at


def test_a_dearer_request_waits_longer() -> None:
    assert next_poll(learned(24), NOW, 0.01, CFG).at < next_poll(learned(24), NOW, 5.0, CFG).at


def test_a_source_that_publishes_in_the_morning_is_watched_in_the_morning() -> None:
    state, at = initial(), NOW
    for day in range(14):
        morning = tuple(NOW - timedelta(days=14 - day) + timedelta(minutes=7 * k) for k in range(8))
        at = morning[-1] + timedelta(minutes=5)
        state = observe(state, a_poll(at, item_times=morning, new=8, window_size=50, listed_times=morning if day == 0 else ()), at)
    rates = cadence.profile(state)
    assert rates[9] > 5 * rates[21]


def test_items_on_the_hour_are_fetched_just_after_it() -> None:
    state, at = initial(), NOW - timedelta(days=5)
    state = observe(state, a_poll(at, status=PollStatus.EMPTY), at)
    for _ in range(120):
        on_the_hour = at.replace(minute=0) + timedelta(hours=1)
        at = on_the_hour + timedelta(minutes=20)
        state = observe(state, a_poll(at, item_times=(on_the_hour,), new=1, window_size=30), at)
    plan = next_poll(state, NOW.replace(minute=40), 0.5, CFG)
    assert plan.at.minute < 5


def test_undated_items_teach_the_rate_but_not_the_minute() -> None:
    later = NOW + timedelta(hours=2)
    before = learned(24)
    after = observe(before, a_poll(later, item_times=(None, None), new=2), later)
    assert sum(after.counts) > sum(before.counts)
    assert after.dated <= before.dated


def test_a_failed_poll_is_no_silence() -> None:
    state = learned(24)
    after = observe(state, a_poll(NOW + timedelta(hours=1), PollStatus.TIMEOUT), NOW + timedelta(hours=1))
    assert after.exposure == state.exposure
    assert after.failures == 1


def test_retries_double_and_stay_under_the_longest_interval() -> None:
    state, waits = learned(24), []
    for k in range(12):
        at = NOW + timedelta(hours=k + 1)
        state = observe(state, a_poll(at, PollStatus.SERVER_ERROR), at)
        plan = next_poll(state, at, 0.5, CFG)
        assert plan.reason == "retry"
        waits.append((plan.at - at).total_seconds())
    assert waits[0] < waits[2] < waits[4]
    assert max(waits) <= CFG.max_interval_s


def test_retry_after_stops_the_source_and_doubles() -> None:
    state = observe(learned(24), a_poll(status=PollStatus.BUSY, retry_after_s=7200.0), NOW)
    assert next_poll(state, NOW, 0.5, CFG).at == NOW + timedelta(hours=2)
    for _ in range(3):
        state = observe(state, a_poll(status=PollStatus.BUSY), NOW)
    assert next_poll(state, NOW, 0.5, CFG).at == NOW + timedelta(hours=2)
    assert next_poll(observe(state, a_poll(status=PollStatus.BUSY, retry_after_s=9e9), NOW), NOW, 0.5, CFG).at <= NOW + timedelta(days=1)


def test_a_poll_that_did_not_go_out_is_due_when_it_may_and_nobody_is_blamed() -> None:
    refused = observe(learned(24), a_poll(status=PollStatus.BUSY, retry_after_s=3.0), NOW)
    for before in (learned(24), refused, observe(learned(24), a_poll(status=PollStatus.GONE, http_status=410), NOW)):
        state = before
        for _ in range(5):
            state = observe(state, a_poll(status=PollStatus.PUT_OFF, retry_after_s=130.0), NOW)
        assert next_poll(state, NOW, 0.5, CFG) == cadence.Plan(at=NOW + timedelta(seconds=130), reason="retry")
        assert (state.failures, state.asked_to_wait) == (before.failures, before.asked_to_wait)
        assert next_poll(state, NOW + timedelta(hours=1), 0.5, CFG).at == NOW + timedelta(hours=1, seconds=60)
        assert next_poll(observe(state, a_poll(), NOW), NOW, 0.5, CFG).at > NOW
    again = observe(observe(refused, a_poll(status=PollStatus.PUT_OFF), NOW), a_poll(status=PollStatus.BUSY), NOW)
    assert again.not_before == NOW + timedelta(minutes=30)


def test_cache_hints_wait_half_an_hour_at_most() -> None:
    busy = learned(2000, tier=1)
    hinted = observe(busy, a_poll(NOW + timedelta(minutes=5), max_age_s=7200.0, age_s=60.0), NOW + timedelta(minutes=5))
    plan = next_poll(hinted, NOW + timedelta(minutes=5), 0.001, CFG)
    assert plan == cadence.Plan(at=NOW + timedelta(minutes=35), reason="cache")


def test_hours_and_days_in_which_a_feed_asks_not_to_be_read_put_a_poll_off_by_half_an_hour_at_most() -> None:
    plain = observe(learned(24), a_poll(NOW), NOW)
    at = next_poll(plain, NOW, 0.5, CFG).at
    for skipped in (a_poll(skip_hours=(at.hour,)), a_poll(skip_days=(at.weekday(),))):
        state = FeedState.from_json(observe(learned(24), skipped, NOW).to_json())
        assert next_poll(state, NOW, 0.5, CFG) == cadence.Plan(at=at + timedelta(minutes=30), reason="cache")
        kept = observe(state, a_poll(NOW + timedelta(minutes=5), PollStatus.UNCHANGED), NOW + timedelta(minutes=5))
        assert (kept.skip_hours, kept.skip_days) == (state.skip_hours, state.skip_days)
    for other in (a_poll(skip_hours=((at.hour + 5) % 24,)), a_poll(skip_days=((at.weekday() + 1) % 7,))):
        assert next_poll(observe(learned(24), other, NOW), NOW, 0.5, CFG).at == at
    hasty = replace(CFG, max_interval_s=60.0)
    assert next_poll(observe(learned(24), a_poll(NOW, skip_hours=tuple(range(24))), NOW), NOW, 0.5, hasty).at <= NOW + timedelta(minutes=2)


def test_a_gone_source_is_asked_daily_then_weekly_and_comes_back() -> None:
    state = observe(learned(24), a_poll(status=PollStatus.GONE, http_status=410), NOW)
    assert next_poll(state, NOW, 0.5, CFG) == cadence.Plan(at=NOW + timedelta(days=1), reason="dead")
    later = NOW + timedelta(days=40)
    assert next_poll(state, later, 0.5, CFG).at == later + timedelta(days=7)
    assert next_poll(observe(state, a_poll(later), later), later, 0.5, CFG).reason != "dead"


def test_a_source_failing_for_a_fortnight_is_dead_not_off() -> None:
    at = NOW + timedelta(days=15)
    state = observe(learned(24), a_poll(at, PollStatus.UNREACHABLE), at)
    assert next_poll(state, at, 0.5, CFG).reason == "dead"


def test_a_list_is_not_left_to_run_over() -> None:
    narrow = replace(learned(480, tier=3), window=10)
    plan = next_poll(narrow, NOW, 500.0, CFG)
    assert (plan.at - NOW).total_seconds() < 0.6 * 10 / 20 * 3600 * 2
    lost = replace(narrow, has_lost=True)
    assert next_poll(lost, NOW, 500.0, CFG).at <= plan.at


def test_an_overflow_exposes_only_the_time_the_list_covers() -> None:
    state, at = learned(24), NOW + timedelta(hours=6)
    dated = tuple(at - timedelta(minutes=3 * k) for k in range(10))
    after = observe(state, a_poll(at, item_times=dated, new=10, window_size=10, is_overflow=True), at)
    assert after.has_lost
    assert sum(after.exposure) - sum(state.exposure) < 1.0


def test_the_floor_may_be_nothing_inside_open_networks() -> None:
    plan = next_poll(learned(40_000, tier=1), NOW, 1e-6, CadenceConfig(floor_s=0.0))
    assert (plan.at - NOW).total_seconds() < 60


def test_states_survive_the_archive() -> None:
    state = learned(24)
    assert FeedState.from_json(state.to_json()) == state
    assert FeedState.from_json('{"weight": 10.0, "later": 1}').weight == 10.0


def test_half_the_budget_costs_four_times_the_price() -> None:
    states = [learned(n) for n in (2, 20, 200)]
    assert forecast(states, 6.0).price == pytest.approx(4 * forecast(states, 12.0).price)


def test_quiet_weekends_are_expected_to_spend_less() -> None:
    week = tuple(NOW - timedelta(hours=2 * k) for k in range(24 * 14 // 2) if (NOW - timedelta(hours=2 * k)).weekday() < 5)
    state = observe(initial(), a_poll(listed_times=week, window_size=len(week)), NOW)
    ahead = forecast([state], 1.0)
    assert ahead.weekend < 1.0 < ahead.weekday
    assert 5 * ahead.weekday + 2 * ahead.weekend == pytest.approx(7.0)


def test_the_price_rises_when_too_much_is_spent() -> None:
    ahead, later = Forecast(price=1.0), NOW + timedelta(days=3, minutes=10)
    state = replace(first_price(ahead, NOW, 100.0), at=NOW + timedelta(days=3))
    assert adjust_price(state, 100, later, 100.0, ahead).price > 1.0 > adjust_price(state, 0, later, 100.0, ahead).price
    assert adjust_price(state, 5, state.at, 100.0, ahead) is state


def test_a_young_price_is_computed_not_steered() -> None:
    young = first_price(Forecast(price=1.0), NOW, 100.0)
    assert adjust_price(young, 500, NOW + timedelta(hours=1), 100.0, Forecast(price=0.25)).price == 0.25


def test_an_impossible_budget_stretches_the_longest_interval() -> None:
    assert cadence.reachable_interval(1000, 10.0, CFG) == 100 * 3600
    assert cadence.reachable_interval(10, 100.0, CFG) == CFG.max_interval_s


@settings(deadline=None, max_examples=60)
@given(
    gaps=st.lists(st.floats(60, 40_000), min_size=1, max_size=12),
    news=st.lists(st.integers(0, 40), min_size=12, max_size=12),
    statuses=st.lists(st.sampled_from(list(PollStatus)), min_size=12, max_size=12),
    price=st.floats(1e-6, 1e3),
)
def test_the_next_poll_is_never_past_nor_closer_than_the_floor(
    gaps: list[float], news: list[int], statuses: list[PollStatus], price: float
) -> None:
    state, at = initial(), NOW
    for gap, new, status in zip(gaps, news, statuses, strict=False):
        at += timedelta(seconds=gap)
        times = tuple(at - timedelta(seconds=gap * k / 41) for k in range(new))
        state = observe(state, a_poll(at, status, item_times=times, new=new, window_size=40, listed_times=times), at)
        plan = next_poll(state, at, price, CFG)
        assert plan.at >= at + timedelta(seconds=CFG.floor_s)
        assert plan.at <= at + timedelta(days=7)


def test_a_busy_source_that_falls_silent_is_noticed_and_a_quiet_one_is_not() -> None:
    later = NOW + timedelta(hours=6)
    busy, quiet = (observe(learned(n), a_poll(later), later) for n in (240, 2))
    assert cadence.is_silent(busy, later)
    assert not cadence.is_silent(quiet, later)
    back = observe(busy, a_poll(later + timedelta(hours=1), item_times=(later,), new=1), later + timedelta(hours=1))
    assert not cadence.is_silent(back, later + timedelta(hours=1))


def test_a_source_that_fails_or_is_hardly_known_is_not_called_silent() -> None:
    later = NOW + timedelta(days=2)
    failing = observe(learned(240), a_poll(later, PollStatus.TIMEOUT), later)
    assert not cadence.is_silent(failing, later)
    assert not cadence.is_silent(initial(), later)
    assert not cadence.is_silent(learned(240), NOW + timedelta(days=5))


def test_a_host_that_was_never_reached_is_tried_again_soon_whatever_the_floor() -> None:
    slow = CadenceConfig(floor_s=3600.0)
    unheard = observe(initial(), a_poll(status=PollStatus.UNREACHABLE), NOW)
    refused = observe(initial(), a_poll(status=PollStatus.SERVER_ERROR), NOW)
    assert next_poll(unheard, NOW, 0.5, slow).at == NOW + timedelta(seconds=60)
    assert next_poll(refused, NOW, 0.5, slow).at >= NOW + timedelta(hours=1)

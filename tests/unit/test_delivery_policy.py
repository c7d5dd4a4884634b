"""When to try again, when to leave a channel alone, and how fast to go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.delivery.policy import Circuit, Options, asked_to_wait, bucket, failed, last_try, next_try, take, worked
from tests.briefs import NOW, delivery

OPTIONS = Options()
END = NOW + timedelta(hours=72)


@pytest.mark.parametrize(("attempts", "wait_s"), [(0, 5), (1, 10), (2, 20), (5, 160), (9, 2560), (10, 3600), (60, 3600)])
def test_retries_go_from_five_seconds_to_an_hour(attempts: int, wait_s: float) -> None:
    assert next_try(delivery(attempts=attempts), NOW, END, OPTIONS, spread=0.5) == NOW + timedelta(seconds=wait_s)


@given(st.integers(0, 1000), st.floats(0, 1))
def test_no_retry_is_more_than_a_fifth_off(attempts: int, spread: float) -> None:
    at = next_try(delivery(attempts=attempts), NOW, END, OPTIONS, spread=spread)
    assert at is not None
    assert 4.0 <= (at - NOW).total_seconds() <= 3600 * 1.2


def test_retry_after_is_obeyed_to_the_second() -> None:
    assert next_try(delivery(attempts=9), NOW, END, OPTIONS, spread=1.0, retry_after_s=7.0) == NOW + timedelta(seconds=7)


def test_one_last_try_falls_on_the_end_of_the_72_hours_and_then_it_is_over() -> None:
    assert last_try(delivery(), NOW, OPTIONS) == END
    assert next_try(delivery(attempts=40), END - timedelta(minutes=1), END, OPTIONS, spread=1.0) == END
    assert next_try(delivery(attempts=41), END, END, OPTIONS, spread=1.0) is None
    assert next_try(delivery(attempts=41), END, END, OPTIONS, spread=1.0, retry_after_s=7.0) is None


def test_what_waited_long_before_its_first_try_has_its_72_hours_from_then() -> None:
    """A weekly digest is booked days before it goes out; a daemon may have been away for longer."""
    late = NOW + timedelta(days=9)
    assert last_try(delivery(), late, OPTIONS) == late + timedelta(hours=72)


def test_what_failed_before_a_restart_gets_an_hour_at_least() -> None:
    assert last_try(delivery(attempts=3), NOW + timedelta(hours=1), OPTIONS) == END
    assert last_try(delivery(attempts=3), NOW + timedelta(days=9), OPTIONS) == NOW + timedelta(days=9, hours=1)


def test_the_third_failure_in_a_row_opens_the_circuit_and_a_success_closes_it() -> None:
    circuit = Circuit()
    for _ in range(2):
        circuit = failed(circuit, 100.0, OPTIONS)
        assert not circuit.is_open
    assert worked(circuit) == Circuit()
    circuit = failed(circuit, 100.0, OPTIONS)
    assert circuit.is_open
    assert circuit.probe_at == 130.0
    assert failed(circuit, 130.0, OPTIONS).probe_at == 160.0
    assert worked(circuit) == Circuit()


def test_a_probe_that_hangs_does_not_delay_the_next_one() -> None:
    """Measured from the beginning of the try: 30 s of waiting for a timeout are the 30 s."""
    circuit = replace(Circuit(), failures=2)
    assert failed(circuit, 100.0, OPTIONS).probe_at == 130.0


def test_a_service_that_asks_to_wait_is_held_longer_each_time_but_not_called_dead() -> None:
    circuit = Circuit()
    held = []
    for _ in range(8):
        circuit = asked_to_wait(circuit, 100.0, OPTIONS, retry_after_s=1.0)
        held.append(circuit.held_until - 100.0)
    assert held == [1, 2, 4, 8, 16, 30, 30, 30]
    assert not circuit.is_open
    assert asked_to_wait(circuit, 100.0, OPTIONS, retry_after_s=600.0).held_until == 700.0


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from([1.0, 2.0, 6.0, 20.0, 30.0, 60.0, 300.0, 1000.0]),
    st.lists(st.floats(0, 30), min_size=50, max_size=200),
)
def test_no_minute_sees_more_messages_than_the_rate_allows(rate: float, gaps: list[float]) -> None:
    held, now, sent = bucket(rate, 0.0), 0.0, []
    for gap in [*gaps, *[0.0] * int(rate * 2)]:
        now += gap
        held, wait = take(held, now)
        now += wait
        sent.append(now)
    for index, at in enumerate(sent):
        within = sum(1 for other in sent[index:] if other < at + 60.0 - 1e-6)
        assert within <= rate + 1e-9


def test_a_busy_channel_keeps_its_rate() -> None:
    held, now = bucket(300.0, 0.0), 0.0
    for _ in range(3000):
        held, wait = take(held, now)
        now += wait
    assert 590 < now < 700, "3,000 messages at 300 a minute, a tenth held back for bursts"

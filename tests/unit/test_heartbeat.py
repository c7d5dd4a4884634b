"""When the heartbeat keeps still: what has to advance, and what may wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.daemon.heartbeat import LATE_DELIVERY, LATE_POLL, Vitals, stalled, still_waiting

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WELL = Vitals(at=NOW, is_moving=True, is_writable=True, next_poll_at=NOW, last_poll_at=NOW, waiting={})
LONG = timedelta(minutes=30)


def test_where_everything_advances_nothing_is_said() -> None:
    assert stalled(WELL) == ()
    assert stalled(replace(WELL, next_poll_at=None, last_poll_at=None)) == ()


@pytest.mark.parametrize(
    ("ill", "said"),
    [
        (replace(WELL, is_moving=False), "the spider does not move"),
        (replace(WELL, is_writable=False), "the archive takes no writes"),
        (replace(WELL, next_poll_at=NOW - LONG, last_poll_at=NOW - LONG), "a poll has been due since 11:30 UTC and none is made"),
        (replace(WELL, next_poll_at=NOW - LONG, last_poll_at=None), "a poll has been due since 11:30 UTC and none is made"),
        (replace(WELL, waiting={"desk": NOW - LONG}), "channel desk takes nothing"),
    ],
)
def test_each_of_the_three_that_stands_still_is_told(ill: Vitals, said: str) -> None:
    assert stalled(ill) == (said,)


def test_many_polls_may_be_overdue_while_they_are_made() -> None:
    assert stalled(replace(WELL, next_poll_at=NOW - LONG, last_poll_at=NOW - LATE_POLL)) == ()


def test_retries_and_greylisting_have_their_time() -> None:
    assert stalled(replace(WELL, waiting={"desk": NOW - LATE_DELIVERY})) == ()


def test_a_channel_waits_since_it_was_first_seen_waiting_or_since_it_last_took_something() -> None:
    later = NOW + LONG
    first = still_waiting({}, {"desk": None, "mail": NOW - LONG}, NOW)
    assert first == {"desk": NOW, "mail": NOW}
    second = still_waiting(first, {"desk": None, "mail": later - timedelta(minutes=1)}, later)
    assert second == {"desk": NOW, "mail": later - timedelta(minutes=1)}
    assert still_waiting(second, {}, later) == {}

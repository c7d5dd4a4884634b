"""Whether pages are read as they used to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.health import MIN_HISTORY, MIN_RECENT, Reading, chance_of, failing

WELL = Reading(words=400)
BEFORE = [Reading(words=300 + 5 * n) for n in range(60)]


def test_an_outlet_that_is_read_as_always_is_well() -> None:
    assert failing([Reading(words=280 + 10 * n) for n in range(20)], BEFORE) == ()


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (Reading(words=0, has_text=False), "without text"),
        (Reading(words=400, has_date=False), "without date"),
        (Reading(words=400, has_title=False), "without title"),
        (Reading(words=60), "less than half of the usual"),
    ],
)
def test_a_new_page_design_that_defeats_us_is_told(broken: Reading, said: str) -> None:
    found = failing([*[broken] * 10, *[WELL] * 10], BEFORE)
    assert len(found) == 1
    assert said in found[0]
    assert found[0].startswith("10 of 20 articles")


def test_an_outlet_that_never_had_dates_is_not_told_for_it() -> None:
    undated = Reading(words=400, has_date=False)
    assert failing([undated] * 20, [undated] * 60) == ()


def test_a_few_odd_pages_are_no_failure() -> None:
    assert failing([*[Reading(words=0, has_text=False)] * 2, *[WELL] * 18], BEFORE) == ()


def test_too_little_history_says_nothing() -> None:
    broken = Reading(words=0, has_text=False)
    assert failing([broken] * 20, BEFORE[: MIN_HISTORY - 1]) == ()
    assert failing([broken] * (MIN_RECENT - 1), BEFORE) == ()


@given(st.integers(0, 30), st.integers(0, 30), st.floats(0, 1))
def test_a_chance_is_a_chance(hits: int, tries: int, share: float) -> None:
    assert -1e-9 <= chance_of(hits, max(tries, hits), share) <= 1 + 1e-9
    assert chance_of(0, tries, share) == pytest.approx(1.0)

"""Second looks: when, by which conditions, and what they found changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crawler import rechecks
from crawler.model import Entry, Page, Validators
from monitor.text.changes import MOST_PARAGRAPHS, changes

SEEN = datetime(2026, 11, 24, 12, tzinfo=UTC)
AFTER_S = (3_600.0, 6 * 3_600.0, 24 * 3_600.0)


def page(headers: Mapping[str, str]) -> Page:
    return Page(url="k", final_url="k", http_status=200, headers=headers, body=b"bytes", fetched_at=SEEN)


def test_looks_follow_the_first_sight_and_end() -> None:
    at, found = SEEN, []
    while (look := rechecks.next_look(SEEN, at, AFTER_S)) is not None:
        found.append((look - SEEN).total_seconds())
        at = look
    assert found == [3_600.0, 21_600.0, 86_400.0]


def test_looks_that_were_slept_through_are_not_made_up_for() -> None:
    assert rechecks.next_look(SEEN, SEEN + timedelta(hours=20), AFTER_S) == SEEN + timedelta(hours=24)
    assert rechecks.next_look(SEEN, SEEN + timedelta(hours=30), AFTER_S) is None


def test_without_times_nothing_is_looked_at_again() -> None:
    assert rechecks.next_look(SEEN, SEEN, ()) is None


def test_a_look_asks_by_what_the_page_said_of_itself() -> None:
    known = rechecks.validators(page({"etag": '"a1"', "last-modified": "Tue, 24 Nov 2026 12:00:00 GMT"}))
    assert rechecks.conditions(known) == {"If-None-Match": '"a1"', "If-Modified-Since": "Tue, 24 Nov 2026 12:00:00 GMT"}
    assert rechecks.conditions(Validators()) == {}


def test_a_validator_that_cannot_be_sent_back_is_none() -> None:
    known = rechecks.validators(page({"etag": '"ä"', "last-modified": "x" * 501}))
    assert (known.etag, known.last_modified) == (None, None)
    assert rechecks.sendable('"a\r\nX-Evil: 1"') is None


def test_only_a_second_look_knows_a_page_by_its_bytes() -> None:
    known = Entry(key="k", url="k", outlet_id="o", source_id="s", is_recheck=True, validators=rechecks.validators(page({})))
    assert rechecks.is_unchanged(known, page({"etag": '"another"'}))
    assert not rechecks.is_unchanged(known, replace(page({}), body=b"other"))
    assert not rechecks.is_unchanged(replace(known, is_recheck=False), page({}))
    assert not rechecks.is_unchanged(replace(known, validators=Validators(etag='"1"')), page({}))


def test_changes_are_told_by_paragraph() -> None:
    assert changes("Head\nOne\nTwo", "Head!\nOne\nTwo\nThree") == "- Head\n+ Head!\n+ Three"
    assert changes("same", "same") == ""


def test_texts_of_very_many_paragraphs_are_not_compared() -> None:
    assert changes("\n" * MOST_PARAGRAPHS, "") is None


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_changes_account_for_every_paragraph(old: list[str], new: list[str]) -> None:
    found = (changes("\n".join(old), "\n".join(new)) or "").split("\n")
    gained = sum(line.startswith("+ ") for line in found) - sum(line.startswith("- ") for line in found)
    assert gained == max(len(new), 1) - max(len(old), 1)

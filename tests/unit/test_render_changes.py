"""What changed between two states of a text."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitor.render.changes import AROUND, PLACES, WORDS, Change, How, changes, limited, words
from tests.naughty import NAUGHTY


def told(before: str, after: str) -> str:
    """Changes as people write them: [-gone-] {+come+}."""
    forms = {How.KEPT: "{}", How.ADDED: "{{+{}+}}", How.REMOVED: "[-{}-]", How.LEFT_OUT: "{}"}
    return "".join(forms[c.how].format(c.text.strip() if c.how in {How.ADDED, How.REMOVED} else c.text) for c in changes(before, after))


def test_one_word_that_changed_stands_between_its_neighbours() -> None:
    assert told("Deepseek verschiebt R2 um ein Quartal", "Deepseek verschiebt R2 um zwei Quartale") == (
        "Deepseek verschiebt R2 um [-ein Quartal-]{+zwei Quartale+}"
    )


def test_a_word_at_the_end_is_the_same_as_one_before_a_space() -> None:
    assert told("den Start von R2", "R2 um ein Quartal") == "[-den Start von-]R2 {+um ein Quartal+}"


def test_chinese_changes_by_character() -> None:
    assert told("美国再次收紧出口许可", "美国再次放宽出口许可") == "美国再次[-收紧-]{+放宽+}出口许可"


def test_the_same_words_are_no_change() -> None:
    assert changes("one  two\nthree", "one two three") == ()


def test_what_lies_far_from_a_change_is_left_out() -> None:
    words_before = [f"w{i}" for i in range(100)]
    words_after = [*words_before[:50], "neu", *words_before[50:]]
    found = changes(" ".join(words_before), " ".join(words_after))
    assert [c.how for c in found] == [How.LEFT_OUT, How.KEPT, How.ADDED, How.KEPT, How.LEFT_OUT]
    assert found[1].text.split() == words_before[50 - AROUND : 50]
    assert found[2].text.strip() == "neu"


def test_a_text_that_changed_everywhere_shows_its_first_places() -> None:
    before = " ".join(f"a{i} same{i}" for i in range(60))
    after = " ".join(f"b{i} same{i}" for i in range(60))
    found = changes(before, after)
    assert sum(c.how is How.REMOVED for c in found) == PLACES
    assert found[-1].how is How.LEFT_OUT


def test_a_long_stretch_is_cut() -> None:
    found = changes("x", " ".join(f"n{i}" for i in range(500)))
    added = next(c for c in found if c.how is How.ADDED)
    assert len(added.text.split()) == WORDS + 1


@given(st.text(max_size=200), st.text(max_size=200))
def test_nothing_is_said_but_what_stands_in_the_texts(before: str, after: str) -> None:
    for change in changes(before, after):
        if change.how is How.REMOVED:
            assert change.text.rstrip(" …") in "".join(words(before))
        elif change.how in {How.ADDED, How.KEPT}:
            assert change.text.rstrip(" …") in "".join(words(after))


def test_naughty_texts_are_compared_like_others() -> None:
    for one, other in pairwise(NAUGHTY):
        assert all(isinstance(change, Change) for change in changes(one, other))


@given(st.text(alphabet="abc ", max_size=80), st.text(alphabet="abc ", max_size=80), st.integers(0, 60), st.integers(0, 60))
def test_no_more_of_either_state_is_shown_than_may_be(before: str, after: str, most_before: int, most_after: int) -> None:
    found = limited(changes(before, after), before=most_before, after=most_after)
    for gone, most in ((How.ADDED, most_before), (How.REMOVED, most_after)):
        assert sum(len(c.text) for c in found if c.how not in {gone, How.LEFT_OUT}) <= most


def test_a_change_with_room_is_shown_as_it_is() -> None:
    found = changes("Deepseek verschiebt R2", "Deepseek verschiebt V4")
    assert limited(found, before=100, after=100) == found
    assert limited(found, before=10, after=100) == (Change(how=How.KEPT, text="Deepseek…"),)
    assert limited(found, before=20, after=100)[1:] == (Change(how=How.ADDED, text="V4"),)

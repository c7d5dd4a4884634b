"""Links in messages: they do what they say, to the alert they name, for as long as they say, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import links
from monitor.links import Act, Standing
from monitor.model import Verdicts

KEY = bytes(range(32))
SENT = datetime(2026, 11, 24, 12, 58, tzinfo=UTC)


def given_with(url: str) -> str:
    return parse_qs(urlsplit(url).query)[links.PARAMETER][0]


def test_a_page_has_one_address_whether_or_not_the_public_url_ends_in_a_slash() -> None:
    assert links.page("https://watch.example.org/", 812) == links.page("https://watch.example.org", 812)
    assert links.page("https://example.org/watch", 812) == "https://example.org/watch/alerts/812"


@pytest.mark.parametrize("act", list(Act))
def test_a_link_is_good_for_thirty_days_and_expired_after(act: Act) -> None:
    url = links.signed("https://watch.example.org", KEY, act, 812, SENT)
    assert urlsplit(url).path == f"/alerts/812/{act.value}"
    assert links.check(KEY, act, 812, given_with(url), SENT + links.VALID_FOR) is Standing.GOOD
    assert links.check(KEY, act, 812, given_with(url), SENT + links.VALID_FOR + timedelta(days=1)) is Standing.EXPIRED


def test_a_link_is_the_same_on_every_try_of_a_message() -> None:
    assert links.signature(KEY, Act.MUTE, 812, SENT) == links.signature(KEY, Act.MUTE, 812, SENT)


def test_a_signature_opens_no_other_act_no_other_alert_and_under_no_other_key() -> None:
    proof = links.signature(KEY, Act.MUTE, 812, SENT)
    for act in set(Act) - {Act.MUTE}:
        assert links.check(KEY, act, 812, proof, SENT) is Standing.FORGED
    assert links.check(KEY, Act.MUTE, 813, proof, SENT) is Standing.FORGED
    assert links.check(KEY[::-1], Act.MUTE, 812, proof, SENT) is Standing.FORGED


def test_a_link_cannot_be_made_to_live_longer() -> None:
    last, _, proof = links.signature(KEY, Act.MUTE, 812, SENT).partition(".")
    assert links.check(KEY, Act.MUTE, 812, f"{int(last) + 1}.{proof}", SENT) is Standing.FORGED


@given(st.text(max_size=80))
def test_whatever_comes_instead_of_a_signature_is_forged(text: str) -> None:
    assert links.check(KEY, Act.NOISE, 812, text, SENT) is Standing.FORGED


@pytest.mark.parametrize("odd", ["", ".", "1", "²³.x", "9" * 5000 + ".x", "739000.\ud800", "-1.x", "739000.ä"])
def test_odd_signatures_are_forged_and_raise_nothing(odd: str) -> None:
    assert links.check(KEY, Act.NOISE, 812, odd, SENT) is Standing.FORGED


def test_every_mark_has_a_link_and_muting_leaves_none() -> None:
    assert {act.verdict for act in Act} == {*Verdicts, None}
    assert Act.MUTE.verdict is None

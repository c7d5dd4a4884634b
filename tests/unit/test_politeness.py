from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import politeness
from crawler.model import TdmPolicy
from crawler.ports import RobotsCopy

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORIGIN = "https://a.example"
AGENT = "Presswatch/1.0 (+https://operator.example/)"


def copy_of(body: str, **changes: object) -> RobotsCopy:
    kept = politeness.robots_copy(ORIGIN, status=200, body=body.encode(), now=NOW)
    return replace(kept, **changes)  # type: ignore[arg-type]


def is_allowed(body: str, path: str, agent: str = AGENT) -> bool:
    return politeness.robots_decision(copy_of(body), ORIGIN + path, agent, NOW).is_allowed


def test_rules_for_everyone_hold_for_us() -> None:
    body = "User-agent: *\nDisallow: /private/\nAllow: /private/open\n"
    assert is_allowed(body, "/news")
    assert not is_allowed(body, "/private/x")
    assert is_allowed(body, "/private/open.html")


def test_rules_for_us_by_name_come_before_those_for_everyone() -> None:
    body = "User-agent: *\nDisallow: /\n\nUser-agent: presswatch\nDisallow: /archive\n"
    assert is_allowed(body, "/news")
    assert not is_allowed(body, "/archive/1")
    assert not is_allowed(body, "/news", agent="Otherbot/2.0")


@pytest.mark.parametrize("name", ["Presswatch/1.0", "presswatch/2 (news)", "*Presswatch*", "PRESSWATCH"])
def test_a_group_that_names_us_is_ours_with_a_version_or_stars_too(name: str) -> None:
    assert not is_allowed(f"User-agent: *\nAllow: /\n\nUser-agent: {name}  # us\nDisallow: /\n", "/x")


@pytest.mark.parametrize("name", ["press", "watch", "presswatchbot", "presswatch-images", "-", "x"])
def test_a_group_that_names_a_part_of_us_or_more_is_not_ours(name: str) -> None:
    assert not is_allowed(f"User-agent: {name}\nAllow: /\n\nUser-agent: *\nDisallow: /\n", "/x")
    assert is_allowed(f"User-agent: {name}\nDisallow: /\nDisallow: /?user-agent: Presswatch\n", "/x")


def test_wildcards_and_ends_are_understood() -> None:
    body = "User-agent: *\nDisallow: /*.pdf$\nDisallow: /*?print=\n"
    assert not is_allowed(body, "/a/b.pdf")
    assert is_allowed(body, "/a/b.pdf.html")
    assert not is_allowed(body, "/a?print=1")


def test_robots_txt_itself_is_always_allowed() -> None:
    assert is_allowed("User-agent: *\nDisallow: /\n", "/robots.txt")


def test_nothing_is_fetched_before_robots_txt_was_read() -> None:
    decision = politeness.robots_decision(None, ORIGIN + "/", AGENT, NOW)
    assert not decision.is_allowed
    assert "not read" in decision.reason


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410])
def test_no_robots_txt_means_no_rules(status: int) -> None:
    kept = politeness.robots_copy(ORIGIN, status=status, body=b"User-agent: *\nDisallow: /", now=NOW)
    assert kept.state == "absent"
    decision = politeness.robots_decision(kept, ORIGIN + "/x", AGENT, NOW)
    assert decision.is_allowed
    assert str(status) in decision.reason


@pytest.mark.parametrize("status", [None, 429, 500, 503])
def test_an_unreachable_robots_txt_forbids_everything(status: int | None) -> None:
    kept = politeness.robots_copy(ORIGIN, status=status, body=b"", now=NOW)
    assert kept.state == "unreachable"
    decision = politeness.robots_decision(kept, ORIGIN + "/x", AGENT, NOW)
    assert not decision.is_allowed
    assert ("answered" in decision.reason) == (status is not None)


def test_the_last_good_copy_serves_a_day_while_robots_txt_is_unreachable() -> None:
    good = copy_of("User-agent: *\nDisallow: /private/\n")
    later = NOW + timedelta(hours=23)
    kept = politeness.robots_copy(ORIGIN, status=503, body=b"", now=later, last=good)
    assert politeness.robots_decision(kept, ORIGIN + "/x", AGENT, later).is_allowed
    assert "kept from 2026-03-01 12:00" in politeness.robots_decision(kept, ORIGIN + "/x", AGENT, later).reason
    assert not politeness.robots_decision(kept, ORIGIN + "/private/x", AGENT, later).is_allowed
    day_after = NOW + timedelta(hours=24)
    assert not politeness.robots_decision(kept, ORIGIN + "/x", AGENT, day_after).is_allowed


def test_an_absent_robots_txt_is_a_good_copy_too() -> None:
    absent = politeness.robots_copy(ORIGIN, status=404, body=b"", now=NOW)
    kept = politeness.robots_copy(ORIGIN, status=None, body=b"", now=NOW + timedelta(hours=2), last=absent, error="timed out")
    decision = politeness.robots_decision(kept, ORIGIN + "/x", AGENT, NOW + timedelta(hours=2))
    assert decision.is_allowed
    assert "kept from" in decision.reason


def test_a_copy_is_asked_for_again_after_a_day_and_sooner_when_unreachable() -> None:
    good = copy_of("")
    assert politeness.is_stale(None, NOW)
    assert not politeness.is_stale(good, NOW + timedelta(hours=23, minutes=59))
    assert politeness.is_stale(good, NOW + timedelta(hours=24))
    assert politeness.is_stale(good, NOW - timedelta(hours=1)), "a clock that ran ahead must not freeze a copy"
    failed = politeness.robots_copy(ORIGIN, status=500, body=b"", now=NOW, last=good)
    assert not politeness.is_stale(failed, NOW + timedelta(seconds=29))
    assert politeness.is_stale(failed, NOW + timedelta(seconds=30))


def test_only_the_first_500_kibibytes_are_read() -> None:
    body = b"User-agent: *\n" + b"#" * politeness.ROBOTS_MAX_BYTES + b"\nDisallow: /\n"
    kept = politeness.robots_copy(ORIGIN, status=200, body=body, now=NOW)
    assert len(kept.body) == politeness.ROBOTS_MAX_BYTES
    assert politeness.robots_decision(kept, ORIGIN + "/x", AGENT, NOW).is_allowed


def test_a_mark_at_the_start_and_zero_bytes_do_not_hide_rules() -> None:
    kept = politeness.robots_copy(ORIGIN, status=200, body=b"\xef\xbb\xbfUser-agent: *\nDisallow: /\x00x\n", now=NOW)
    assert not politeness.robots_decision(kept, ORIGIN + "/x", AGENT, NOW).is_allowed


def test_an_empty_robots_txt_allows() -> None:
    assert "is empty" in politeness.robots_decision(copy_of(" \n"), ORIGIN + "/x", AGENT, NOW).reason


@pytest.mark.parametrize(("written", "delay_s"), [("5", 5.0), ("0.5", 0.5), ("3600", 60.0), ("0", None), ("soon", None)])
def test_crawl_delays_are_obeyed_up_to_a_minute(written: str, delay_s: float | None) -> None:
    decision = politeness.robots_decision(copy_of(f"User-agent: *\nCrawl-delay: {written}\nDisallow: /x\n"), ORIGIN + "/", AGENT, NOW)
    assert decision.crawl_delay_s == delay_s


def test_robots_txt_lies_at_the_root() -> None:
    assert politeness.robots_url(ORIGIN) == "https://a.example/robots.txt"


@given(st.binary(max_size=400), st.text(max_size=20))
def test_no_robots_txt_raises(body: bytes, path: str) -> None:
    kept = politeness.robots_copy(ORIGIN, status=200, body=body, now=NOW)
    try:
        decision = politeness.robots_decision(kept, f"{ORIGIN}/{path}", AGENT, NOW)
    except ValueError:
        return  # the URL was none
    assert decision.reason


@pytest.mark.parametrize(("agent", "token"), [(AGENT, "Presswatch"), ("My-Watch_Bot 2", "My-Watch_Bot"), ("7bot", "7bot")])
def test_the_product_token_is_the_name_without_version(agent: str, token: str) -> None:
    assert politeness.product_token(agent) == token


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("Sun, 01 Mar 2026 12:01:00", 60.0),
        ("99999999999999", 99999999999999.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str | None, seconds: float | None) -> None:
    assert politeness.retry_after_s(value, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_raises(value: str) -> None:
    found = politeness.retry_after_s(value, NOW)
    assert found is None or found >= 0


def test_a_host_is_left_alone_as_long_as_it_asked() -> None:
    assert politeness.hold_until(NOW, asked_s=7, refusals=3) == NOW + timedelta(seconds=7)
    assert politeness.hold_until(NOW, asked_s=0, refusals=1) == NOW + timedelta(seconds=1)
    assert politeness.hold_until(NOW, asked_s=1e9, refusals=1) == NOW + timedelta(days=1)


@pytest.mark.parametrize(("refusals", "minutes"), [(0, 15), (1, 15), (2, 30), (3, 60), (99, 24 * 60)])
def test_a_host_that_names_no_time_is_left_alone_longer_each_time(refusals: int, minutes: int) -> None:
    assert politeness.hold_until(NOW, asked_s=None, refusals=refusals) == NOW + timedelta(minutes=minutes)


def test_spacing_doubles_with_each_refusal_and_fades_over_a_day() -> None:
    once = politeness.penalty_after_refusal(1.0, None, NOW)
    assert once == 2.0
    assert politeness.penalty_now(once, NOW, NOW + timedelta(hours=12)) == 1.5
    assert politeness.penalty_now(once, NOW, NOW + timedelta(hours=30)) == 1.0
    assert politeness.penalty_now(once, NOW, NOW - timedelta(hours=1)) == 2.0
    assert politeness.penalty_after_refusal(once, NOW, NOW) == 4.0
    assert politeness.penalty_after_refusal(12.0, NOW, NOW) == politeness.PENALTY_MAX
    assert politeness.penalty_now(1.0, NOW, NOW) == 1.0


URL = "https://a.example/news/1.html?x=1"


def test_nothing_said_is_no_reservation() -> None:
    tdm = politeness.tdm_reservation(URL)
    assert tdm.is_reserved is None
    assert str(tdm) == "no statement"
    assert politeness.tdm_action(tdm, TdmPolicy.SKIP) is TdmPolicy.RECORD


def test_a_header_reserves() -> None:
    tdm = politeness.tdm_reservation(URL, headers={"tdm-reservation": "1", "tdm-policy": "/policy.json"})
    assert str(tdm) == "reserved by header, https://a.example/policy.json"
    assert [politeness.tdm_action(tdm, policy) for policy in TdmPolicy] == list(TdmPolicy)


@pytest.mark.parametrize(("said", "is_reserved"), [("1, 1", True), ("0, 1", True), ("0, 0", False), ("2, 0", False), (",", None)])
def test_a_header_that_was_sent_twice_reserves_once(said: str, is_reserved: bool | None) -> None:  # noqa: FBT001
    assert politeness.tdm_reservation(URL, headers={"tdm-reservation": said}).is_reserved is is_reserved


def test_a_protocol_error_counts_as_nothing_said() -> None:
    assert politeness.tdm_reservation(URL, headers={"tdm-reservation": "2"}).is_reserved is None
    assert politeness.tdm_rules(b'[{"location": "/", "tdm-reservation": true}, {"location": 1, "tdm-reservation": 1}, 7]') == ()


@pytest.mark.parametrize(
    "page",
    [
        b'<head><meta name="tdm-reservation" content="1"><meta name="tdm-policy" content="https://a.example/p"></head>',
        b"<META CONTENT='1' NAME=TDM-Reservation><meta content=https://a.example/p name='tdm-policy'>",
    ],
)
def test_a_page_reserves_by_its_meta_elements(page: bytes) -> None:
    assert str(politeness.tdm_reservation(URL, body=page)) == "reserved by meta, https://a.example/p"


def test_a_page_speaks_before_its_header_and_the_header_before_the_file() -> None:
    rules = politeness.tdm_rules(b'[{"location": "/", "tdm-reservation": 1}]')
    open_page = b'<meta name="tdm-reservation" content="0">'
    assert str(politeness.tdm_reservation(URL, headers={"tdm-reservation": "1"}, body=open_page)) == "not reserved by meta"
    assert politeness.tdm_reservation(URL, headers={"tdm-reservation": "0"}, rules=rules).where == "header"
    assert politeness.tdm_reservation(URL, rules=rules).where == "file"
    assert politeness.tdm_reservation(URL, body=b'<meta name="tdm-reservation" content="soon">').is_reserved is None


@pytest.mark.parametrize(
    ("location", "matches"),
    [
        ("/", True), ("/news", True), ("/news/1.html?x=1$", True), ("/news/1.html$", False), ("/*.html", True), ("*x=1$", True), ("/*/1*x*1$", True),
        ("/sport", False), ("/*.pdf", False), ("/news/*/2$", False), ("/news/1.html?x=1/more", False), ("/news/1.html?x=1*x=1$", False),
    ],
)  # fmt: skip
def test_the_file_reserves_by_path_patterns(location: str, matches: bool) -> None:  # noqa: FBT001
    body = f'[{{"location": "{location}", "tdm-reservation": 1, "tdm-policy": "https://p.example/"}}]'.encode()
    tdm = politeness.tdm_reservation(URL, rules=politeness.tdm_rules(body))
    assert tdm.is_reserved is (True if matches else None)


def test_the_first_rule_of_the_file_that_matches_counts() -> None:
    rules = politeness.tdm_rules(b'[{"location": "/news", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": 1, "tdm-policy": 7}]')
    assert politeness.tdm_reservation(URL, rules=rules).is_reserved is False
    assert politeness.tdm_reservation("https://a.example/x", rules=rules).policy_url is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[" * 100_000, b"\xff\xfe"])
def test_a_file_that_is_none_reserves_nothing(body: bytes) -> None:
    assert politeness.tdm_rules(body) == ()

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.sources.dates import latest_in_url, parse_date


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Sat, 07 Sep 2024 00:00:01 GMT", utc(2024, 9, 7, 0, 0, 1)),
        ("Sat, 07 Sep 2024 00:00:01 -0530", utc(2024, 9, 7, 5, 30, 1)),
        ("7 Sep 2024 00:00:01 +0200", utc(2024, 9, 6, 22, 0, 1)),
        ("Sat, 07 Sep 24 00:00:01 EST", utc(2024, 9, 7, 5, 0, 1)),
        ("Thu, 01 Jan 70 00:00:00 GMT", utc(1970, 1, 1)),
        ("Saturday, 7 September 2024 10:05", utc(2024, 9, 7, 10, 5)),
        ("Sat, 07 Sep 2024", utc(2024, 9, 7)),
        ("Sat, 07-Sep-2024 08:00:00 UTC", utc(2024, 9, 7, 8)),
        ("Sun Jan 4 16:29:06 2004", utc(2004, 1, 4, 16, 29, 6)),
        ("Sun Jan  4 16:29:06 PST 2004", utc(2004, 1, 4, 16, 29, 6)),
        ("2026-03-01T08:00:00Z", utc(2026, 3, 1, 8)),
        ("2026-03-01T08:00:00.123+08:00", utc(2026, 3, 1, 0, 0, 0, 123000)),
        ("2026-03-01 08:00", utc(2026, 3, 1, 8)),
        ("2026-03-01T24:00:00Z", utc(2026, 3, 2)),
        ("2026-03-01 08:00:00 UTC+8", utc(2026, 3, 1)),
        ("2026-03-01 08:00:60 +0100", utc(2026, 3, 1, 7, 0, 59)),
        ("2026/3/1 08:00", utc(2026, 3, 1, 8)),
        ("2026-03-01", utc(2026, 3, 1)),
        ("2026-03", utc(2026, 3, 1)),
        ("20260301", utc(2026, 3, 1)),
        ("12. März 2026, 14:30 Uhr", utc(2026, 3, 12, 14, 30)),
        ("12 mars 2026 à 14:30", utc(2026, 3, 12, 14, 30)),
        ("12 марта 2026 14:30", utc(2026, 3, 12, 14, 30)),
        ("12.03.2026 14:30", utc(2026, 3, 12, 14, 30)),
        ("Mar 5, 2026 3:04 PM", utc(2026, 3, 5, 15, 4)),
        ("March 5th, 2026", utc(2026, 3, 5)),
        ("5 Mar 2026 12:10 AM", utc(2026, 3, 5, 0, 10)),
        ("5 Mar 2026 12:10 p.m.", utc(2026, 3, 5, 12, 10)),
        ("2026年3月1日 08:05", utc(2026, 3, 1, 8, 5)),
        ("2026年3月1日下午3点20分", utc(2026, 3, 1, 15, 20)),
        ("2026년 3월 1일 오후 3시 20분", utc(2026, 3, 1, 15, 20)),
        ("1772000000", utc(2026, 2, 25, 6, 13, 20)),
        ("1772000000123", utc(2026, 2, 25, 6, 13, 20)),
    ],
)
def test_dates_are_read_as_they_are_written(text: str, at: datetime) -> None:
    assert parse_date(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "yesterday at noon", "31/12/2099 25:61", "Sat, 00 Jan 0000 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 +9999", "0000-00-00T00:00:00Z",
        "2026-13-01", "32 Foo 2026", "Wed, 30 Feb 2026 10:00:00 GMT", "2026-02-30T10:00:00Z", "Sat, 07 Xyz 2024 00:00:01 GMT", "9999-12-31T23:59:59-14:00",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None


def test_a_date_without_a_zone_is_read_where_the_outlet_is() -> None:
    assert parse_date("2026-07-01 08:00", country="CN") == utc(2026, 7, 1, 0)
    assert parse_date("2026-07-01 08:00", country="de") == utc(2026, 7, 1, 6)
    assert parse_date("2026-07-01 08:00", country="US") == utc(2026, 7, 1, 8)
    assert parse_date("Wed, 01 Jul 2026 08:00:00 QQQ", country="CN") == utc(2026, 7, 1, 0)


def test_cst_is_chinas_time_in_china_and_chicagos_elsewhere() -> None:
    assert parse_date("Wed, 01 Jul 2026 08:00:00 CST", country="CN") == utc(2026, 7, 1, 0)
    assert parse_date("Wed, 01 Jul 2026 08:00:00 CST", country="US") == utc(2026, 7, 1, 14)


def test_the_zone_it_was_written_in_is_kept() -> None:
    found = parse_date("Wed, 01 Jul 2026 08:00:00 +0200")
    assert found is not None
    assert found.utcoffset() == timedelta(hours=2)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))])))  # noqa: DTZ001
def test_the_usual_forms_come_back_as_they_were(at: datetime) -> None:
    at = at.replace(microsecond=0)
    assert parse_date(at.isoformat()) == at
    assert parse_date(at.strftime("%a, %d %b %Y %H:%M:%S %z")) == at


@given(st.text(max_size=60) | st.text("0123456789:/-+.,TZ年月日 AMP", max_size=40))
def test_no_text_raises(text: str) -> None:
    found = parse_date(text, country="CN")
    assert found is None or found.tzinfo is not None


@pytest.mark.parametrize(
    ("url", "at"),
    [
        ("https://a.example/2026/03/01/x.html", utc(2026, 3, 2)),
        ("https://a.example/2026-03-01-x.html", utc(2026, 3, 2)),
        ("https://a.example/n1/2026/0301/c1-2.html", utc(2026, 3, 2)),
        ("https://a.example/20260301/x", utc(2026, 3, 2)),
        ("https://a.example/2026/03/x", utc(2026, 4, 1)),
        ("https://a.example/sitemap-2025-12.xml", utc(2026, 1, 1)),
        ("https://a.example/x-20261399", None),
        ("https://a.example/2026/02/31/x", None),
        ("https://a.example/2026/13/x", None),
        ("https://a.example/story-123456", None),
        ("https://a.example", None),
    ],
)
def test_a_url_may_tell_until_when_it_was_written(url: str, at: datetime | None) -> None:
    assert latest_in_url(url) == at

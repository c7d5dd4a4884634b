"""What a status means, how we name ourselves, what is asked conditionally, what Scrapy is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.settings import default_settings

from crawler.model import FailureReason, Outlet, PollStatus, SourceKind, Validators
from crawler.spiders.dial import Refused, refusal_of
from crawler.spiders.settings import MIB, CrawlSettings, scrapy_settings
from crawler.spiders.trouble import Cause, cause_of, is_wall
from crawler.spiders.work import conditional

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@given(st.integers(100, 999))
def test_every_status_but_success_has_a_cause(status: int) -> None:
    assert (cause_of(status, {}) is None) == (200 <= status < 300)


def test_causes_are_told_apart() -> None:
    assert len({cause.value for cause in Cause}) == len(Cause)
    assert {cause.status for cause in Cause} == set(PollStatus) - {PollStatus.OK, PollStatus.EMPTY}
    unseen = {FailureReason.NO_LINK, FailureReason.TDM, FailureReason.TDM_TEASER, FailureReason.BUDGET}
    assert {cause.reason for cause in Cause} == set(FailureReason) - unseen


def test_a_challenge_is_a_refusal_whatever_its_status() -> None:
    assert cause_of(200, {"cf-mitigated": "challenge"}) is Cause.BLOCKED
    assert cause_of(503, {"cf-mitigated": "challenge"}) is Cause.BLOCKED


def test_a_wall_is_told_from_an_article_about_walls() -> None:
    assert is_wall(b"<html><head><title>Just a moment...</title></head></html>")
    assert not is_wall(b"<html><body><p>Captchas annoy everybody, a study says.</p></body></html>")
    assert not is_wall(b"<title>Just a moment...</title>" + bytes(100_000))


def test_a_request_is_conditional_only_for_so_long() -> None:
    known = Validators(etag='"1"', last_modified="yesterday", unconditional_at=NOW)
    assert conditional(known, NOW + timedelta(hours=5), every_s=6 * 3600) == {"If-None-Match": '"1"', "If-Modified-Since": "yesterday"}
    assert conditional(known, NOW + timedelta(hours=6), every_s=6 * 3600) == {}
    assert conditional(Validators(etag='"1"'), NOW, every_s=6 * 3600) == {}
    assert conditional(Validators(unconditional_at=NOW), NOW, every_s=6 * 3600) == {}


def test_we_are_named_with_version_and_contact_and_the_project_stands_in_for_a_missing_one() -> None:
    assert CrawlSettings(version="1.2", contact="mailto:desk@paper.example").user_agent() == "Presswatch/1.2 (+mailto:desk@paper.example)"
    assert CrawlSettings(version="1.2").user_agent() == "Presswatch/1.2 (+https://presswatch.example/)"


def test_an_outlet_may_say_otherwise() -> None:
    settings = CrawlSettings(allow_networks=("10.0.0.0/8",))
    outlet = Outlet(outlet_id="o", name="O", home="", spacing_s=0.0, user_agent="Own/1", allow_networks=("127.0.0.5/32", "10.0.0.0/8"))
    assert settings.user_agent(outlet) == "Own/1"
    assert settings.spacing(outlet) == 0.0
    assert settings.open_networks(outlet) == ("10.0.0.0/8", "127.0.0.5/32")
    assert settings.size_limit(SourceKind.SITEMAP) == 50 * MIB
    assert settings.size_limit(SourceKind.FEED) == 8 * MIB


def test_every_setting_we_change_is_one_of_scrapys() -> None:
    for name in scrapy_settings(CrawlSettings()):
        assert hasattr(default_settings, name), name


@pytest.mark.parametrize(
    "name", ["REMOTE_CONTROL_ENABLED", "TELNETCONSOLE_ENABLED", "COOKIES_ENABLED", "RETRY_ENABLED", "TWISTED_REACTOR_ENABLED"]
)
def test_what_must_be_off_is_off(name: str) -> None:
    assert scrapy_settings(CrawlSettings())[name] is False


def test_no_other_scheme_has_a_way_out() -> None:
    handlers = scrapy_settings(CrawlSettings())["DOWNLOAD_HANDLERS"]
    assert isinstance(handlers, dict)
    assert {scheme for scheme, handler in handlers.items() if handler} == {"http", "https"}
    assert set(default_settings.DOWNLOAD_HANDLERS_BASE) <= set(handlers)


def test_a_refusal_is_found_behind_any_chain_of_errors() -> None:
    inner, outer = Refused("127.0.0.1 is not a public address"), ConnectionError("could not connect")
    outer.__cause__ = inner
    assert refusal_of(outer) == "127.0.0.1 is not a public address"
    circle = ValueError()
    circle.__context__ = circle
    assert refusal_of(circle) is None
    assert refusal_of(None) is None

"""Who may ask what: every threat of a small web server, decided without one."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from monitor.web.guard import OPEN, Answer, Asked, Door, answer, cookie, is_our_origin, is_token, own_path

HOME = Door(is_loopback=True)
CLOSED = Door(is_loopback=False, token="a long token", public_url="https://news.example/desk")
LOOK = Asked(method="GET", path="/stories/1", host="127.0.0.1:8642")


def test_on_loopback_pages_open_without_a_token() -> None:
    assert answer(HOME, LOOK) is Answer.PASS


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8642", "127.0.0.1.evil.example", "localhost.evil.example", "", "10.0.0.1", "[2001:db8::1]"]
)
def test_a_foreign_name_bound_to_this_machine_opens_nothing(host: str) -> None:
    assert answer(HOME, replace(LOOK, host=host)) is Answer.WRONG_HOST


@pytest.mark.parametrize("host", ["localhost", "localhost:8642", "127.0.0.1", "127.9.9.9:80", "[::1]:8642", "LOCALHOST:1"])
def test_this_machine_has_many_names(host: str) -> None:
    assert answer(HOME, replace(LOOK, host=host)) is Answer.PASS


def test_the_public_address_is_ours_too() -> None:
    door = replace(HOME, public_url="https://News.example/desk")
    assert answer(door, replace(LOOK, host="news.example")) is Answer.PASS
    assert answer(door, replace(LOOK, host="news.example:443")) is Answer.PASS
    assert answer(door, replace(LOOK, host="news.example:8642")) is Answer.WRONG_HOST


def test_beyond_loopback_nothing_opens_without_a_token_even_if_none_was_set() -> None:
    assert answer(Door(is_loopback=False), replace(LOOK, host="127.0.0.1")) is Answer.WRONG_HOST


@pytest.mark.parametrize(
    "path", ["/", "/stories/1", "/metrics", "/alerts/x.atom", "/today.json", "/nothing", "//healthz", "/healthz/", "/HEALTHZ", "/search"]
)
def test_with_a_token_set_everything_else_is_closed(path: str) -> None:
    assert answer(CLOSED, replace(LOOK, path=path)) is Answer.NEEDS_TOKEN
    assert answer(replace(CLOSED, is_loopback=True), replace(LOOK, path=path)) is Answer.NEEDS_TOKEN


@pytest.mark.parametrize("path", sorted(OPEN))
def test_probes_and_the_style_are_open_to_reading_alone(path: str) -> None:
    assert answer(CLOSED, replace(LOOK, path=path, host="10.1.2.3:8642")) is Answer.PASS
    assert answer(CLOSED, replace(LOOK, path=path, method="POST", origin="https://news.example")) is not Answer.PASS


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


@pytest.mark.parametrize("given", ["Bearer a long token", "bearer  a long token ", basic("a long token")])
def test_the_token_opens_as_a_bearer_or_as_a_password(given: str) -> None:
    assert answer(CLOSED, replace(LOOK, authorization=given)) is Answer.PASS


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer a long toke",
        "Bearer a long tokenn",
        "a long token",
        basic("other"),
        "Basic %%%",
        "Basic YWJj",
        "Bearer \udcff",
    ],
)
def test_anything_else_does_not(given: str) -> None:
    assert answer(CLOSED, replace(LOOK, authorization=given)) is Answer.NEEDS_TOKEN


def test_the_cookie_is_not_the_token_and_dies_with_it() -> None:
    assert answer(CLOSED, replace(LOOK, cookie=cookie("a long token"))) is Answer.PASS
    assert answer(CLOSED, replace(LOOK, cookie="a long token")) is Answer.NEEDS_TOKEN
    assert answer(replace(CLOSED, token="another"), replace(LOOK, cookie=cookie("a long token"))) is Answer.NEEDS_TOKEN
    assert "token" not in cookie("a long token")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", ""])
def test_pages_are_read_and_posted_to_and_nothing_else(method: str) -> None:
    assert answer(HOME, replace(LOOK, method=method)) is Answer.WRONG_METHOD


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "https://evil.example",
        "http://127.0.0.1:9999",
        "http://127.0.0.1.evil.example:8642",
        "file://",
        "http://[",
        "https://news.example.evil.example",
    ],
)
def test_a_form_of_somebody_else_changes_nothing(origin: str | None) -> None:
    post = replace(LOOK, method="POST", path="/alerts/1/mute", origin=origin, is_signed=True)
    assert answer(HOME, post) is Answer.WRONG_ORIGIN
    assert answer(CLOSED, replace(post, cookie=cookie("a long token"))) is Answer.WRONG_ORIGIN


def test_a_form_of_ours_does() -> None:
    assert answer(HOME, replace(LOOK, method="POST", origin="http://127.0.0.1:8642", is_signed=True)) is Answer.PASS
    assert is_our_origin(CLOSED, "https://news.example", "10.0.0.7:8642")


def test_a_signed_link_needs_no_token_for_what_it_does() -> None:
    assert answer(CLOSED, replace(LOOK, path="/alerts/1/mute", is_signed=True)) is Answer.PASS


def test_the_way_in_is_open() -> None:
    assert answer(CLOSED, replace(LOOK, method="POST", path="/token", host="news.example", origin="https://news.example")) is Answer.PASS


def test_tokens_of_any_script_compare() -> None:
    assert is_token("密码", "密码")
    assert not is_token("密码", "密")


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/a\r\nSet-Cookie: x=1", "/ü", "\\/evil"]
)
def test_after_the_token_nobody_is_led_elsewhere(path: str) -> None:
    assert own_path(path) == "/"


def test_after_the_token_one_is_where_one_wanted_to_be() -> None:
    assert own_path("/stories/1?from=25") == "/stories/1?from=25"

"""The webhook against a real server: signed, safe to repeat, and told what happened."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import ssl
import traceback
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from monitor.channels import Channel as AnyChannel
from monitor.channels import load
from monitor.channels.webhook import Channel
from monitor.clock import FixedClock
from monitor.errors import ChannelBusy, ChannelRefused
from monitor.model import ChannelSettings, MessageFormat
from monitor.render import message
from tests.briefs import ALSO, NOW, brief, story
from tests.naughty import NAUGHTY
from tests.sinks import Seen, always, http_sink

SAID = message(brief(story(also=ALSO)), MessageFormat.JSON)


def settings(url: str, **options: object) -> ChannelSettings:
    return ChannelSettings(name="hook", kind="webhook", options={"url": url, **options})


async def test_a_message_arrives_signed_with_its_key() -> None:
    async with http_sink() as sink:
        channel = load(settings(f"{sink.address}/in?team=1", secret="correct-horse", authorization="Bearer abcdef"))
        await channel.send(SAID)
        await channel.send(SAID)
        await channel.close()
    first, second = sink.seen
    assert (first.method, first.path) == ("POST", "/in?team=1")
    assert first.headers["content-type"] == "application/json; charset=utf-8"
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == "m-1"
    assert first.headers["authorization"] == "Bearer abcdef"
    assert first.headers["x-presswatch-signature"] == "sha256=" + hmac.new(b"correct-horse", first.body, hashlib.sha256).hexdigest()
    assert first.body == second.body == SAID.body.encode()
    assert first.json["stories"][0]["article"]["headline"] == "Chinas KI-Wunder: wie Deepseek das Silicon Valley erschreckt"


async def test_without_a_secret_nothing_is_signed() -> None:
    async with http_sink() as sink:
        channel = load(settings(sink.address))
        await channel.send(SAID)
        await channel.close()
    assert "x-presswatch-signature" not in sink.seen[0].headers


async def test_a_redirect_is_not_followed() -> None:
    async with http_sink() as elsewhere, http_sink(always(302, {"Location": elsewhere.address})) as sink:
        channel = load(settings(sink.address))
        with pytest.raises(ChannelBusy, match="redirects are not followed"):
            await channel.send(SAID)
        await channel.close()
    assert elsewhere.seen == []


async def test_cookies_are_not_kept() -> None:
    async with http_sink(always(200, {"Set-Cookie": "a=b"})) as sink:
        channel = load(settings(sink.address))
        await channel.send(SAID)
        await channel.send(SAID)
        await channel.close()
    assert all("cookie" not in s.headers for s in sink.seen)


@pytest.mark.parametrize(
    ("status", "error"), [(500, ChannelBusy), (503, ChannelBusy), (401, ChannelBusy), (400, ChannelRefused), (413, ChannelRefused)]
)
async def test_a_refusal_is_told_from_what_may_pass(status: int, error: type[Exception]) -> None:
    async with http_sink(always(status, text="no\nsuch\x1bluck")) as sink:
        channel = load(settings(sink.address))
        with pytest.raises(error, match=rf"answered {status} .*: no such luck"):
            await channel.send(SAID)
        await channel.close()


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Tue, 24 Nov 2026 12:59:00 GMT", "Date": "Tue, 24 Nov 2026 12:58:30 GMT"}, 30.0),
        ({"Retry-After": "Tue, 24 Nov 2026 12:59:00 GMT", "Date": "whenever"}, 60.0),
        ({}, 1.0),
    ],
)
async def test_too_many_requests_tells_how_long_to_wait(headers: dict[str, str], wait_s: float) -> None:
    async with http_sink(always(429, headers)) as sink:
        channel = Channel(settings(sink.address), clock=FixedClock(NOW))
        with pytest.raises(ChannelBusy) as caught:
            await channel.send(SAID)
        assert caught.value.retry_after_s == wait_s
        await channel.close()


async def test_a_server_that_is_not_there_or_hangs_up_is_tried_again() -> None:
    async def hang_up(_: Seen) -> web.StreamResponse:
        raise ConnectionResetError

    async with http_sink(hang_up) as sink:
        channel = load(settings(sink.address))
        with pytest.raises(ChannelBusy):
            await channel.send(SAID)
        await channel.close()
    gone = load(settings(sink.address))
    with pytest.raises(ChannelBusy, match="could not be reached"):
        await gone.send(SAID)
    await gone.close()


async def test_a_server_that_hangs_leaves_the_channel_usable() -> None:
    release = asyncio.Event()

    async def slow(_: Seen) -> web.StreamResponse:
        await release.wait()
        return web.Response()

    async with http_sink(slow) as sink:
        channel = load(settings(sink.address))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(channel.send(SAID), 0.1)
        release.set()
        await channel.send(SAID)
        await channel.close()
    assert len(sink.seen) == 2


async def test_certificates_are_verified(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with http_sink(tls=context) as sink:
        trusting = load(settings(sink.address, ca_file=str(tmp_path / "ca.pem")))
        await trusting.send(SAID)
        await trusting.close()
        wary = load(settings(sink.address))
        with pytest.raises(ChannelBusy, match="certificate"):
            await wary.send(SAID)
        await wary.close()
    assert len(sink.seen) == 1


@pytest.mark.parametrize("text", NAUGHTY)
async def test_naughty_text_arrives_as_json(text: str) -> None:
    async with http_sink() as sink:
        channel = load(settings(sink.address))
        await channel.send(message(brief(story(text, text, outlet=text or "x", marks=())), MessageFormat.JSON))
        await channel.close()
    assert sink.seen[0].json["stories"][0]["article"]["url"].startswith("https://www.nzz.example/")


@pytest.mark.parametrize("status", [200, 302, 401, 500, 0])
async def test_no_secret_is_ever_logged_or_told_even_where_everything_is(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """The server even repeats what it was sent; status 0 is a server that is not there."""
    caplog.set_level(logging.DEBUG)
    planted = ("token-in-the-path", "key=token-in-the-query", "correct-horse-secret", "Bearer-of-the-token")

    def echo(seen: Seen) -> web.Response:
        return web.Response(status=status, text=f"{seen.path} {seen.headers.get('authorization')}")

    async with http_sink(echo) as sink:
        given = settings(f"{sink.address}/{planted[0]}?{planted[1]}", secret=planted[2], authorization=planted[3])
        channel = load(given)
        told = [repr(given), repr(channel), str(given)]
        if status:
            told += await _told(channel)
    if not status:
        told += await _told(channel)
    await channel.close()
    for secret in planted:
        assert secret not in "\n".join([*told, caplog.text])


async def _told(channel: AnyChannel) -> list[str]:
    try:
        await channel.send(SAID)
    except (ChannelBusy, ChannelRefused) as error:
        return [str(error), repr(error), repr(error.__cause__), "".join(traceback.format_exception(error))]
    return []

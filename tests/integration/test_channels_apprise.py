"""Apprise against stand-ins of the services: what they would really receive, and what we learn of a failure."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import ssl
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
import trustme
import urllib3
from aiohttp import web

from monitor import logs
from monitor.channels import check, load
from monitor.channels.apprise import Channel
from monitor.errors import ChannelBusy, ChannelRefused
from monitor.model import ChannelSettings, DeliveryKind, MessageFormat, Notice, Severity
from monitor.render import message
from tests.briefs import ALSO, NOW, alert, brief, chinese, story
from tests.naughty import NAUGHTY
from tests.sinks import HttpSink, Seen, always, http_sink

Base = Callable[[Any, str], None]


def _is(name: str, pattern: str = "{}") -> Base:
    """Point one attribute of the plugin at the sink: the service's fixed address."""
    return lambda plugin, address: setattr(plugin, name, pattern.format(address))


def _stays(_plugin: Any, _address: str) -> None:
    """The URL names the host."""


SERVICES: dict[str, tuple[str, Base]] = {
    "discord": ("discord://123456789012345678/abcdefghijklmnopqrstuvwxyz0123456789", _is("notify_url")),
    "discord-embed": ("discord://123456789012345678/abcdefghijklmnopqrstuvwxyz0123456789?format=markdown", _is("notify_url")),
    "slack": ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", _is("webhook_url")),
    "mattermost": ("mmost://{host}/3ccdd113474722377935511fc85d3dd4", _stays),
    "telegram": ("tgram://123456789:abcdefg_hijklmnopqrstuvwxyzabcdefg/123456/", _is("notify_url", "{}/bot")),
    "teams": ("workflows://{host}/0123456789abcdef0123456789abcdef/abcdefghijklmnopqrstuvwxyz01?verify=no", _stays),
    "google": ("gchat://workspace/key-of-the-space/token-of-the-space", _is("notify_url", "{}/v1/{{workspace}}/messages")),
    "ntfy": ("ntfy://{host}/topic-nobody-guesses", _stays),
    "matrix": ("matrix://presswatch:matrix-password@{host}/#news", _stays),
    "rocket": ("rocket://aaaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbbbbbbbbbb@{host}/#news", _stays),
    "json": ("json://{host}/hook", _stays),
}


def _service(seen: Seen) -> web.Response:
    """Answer as each of them would."""
    if seen.path.startswith("/T1JJ3T3L2"):
        return web.Response(text="ok")
    if "/login" in seen.path:
        return web.json_response(
            {"access_token": "issued-by-matrix", "user_id": "@presswatch:sink", "home_server": "sink", "device_id": "D"}
        )
    if "/join" in seen.path or "/directory/" in seen.path:
        return web.json_response({"room_id": "!news:sink"})
    return web.json_response({"ok": True, "event_id": "$1", "result": {}})


@pytest.fixture(scope="module")
def certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(autouse=True)
def insecure_on_purpose() -> Iterator[None]:
    """The stand-in of Teams has a certificate of our own making."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
        yield


def settings(url: str) -> ChannelSettings:
    return ChannelSettings(name="newsdesk", kind="apprise", options={"url": url})


def channel(service: str, sink: HttpSink) -> Channel:
    url, point = SERVICES[service]
    made = load(settings(url.format(host=sink.address.partition("://")[2])))
    assert isinstance(made, Channel)
    point(made._apprise[0], sink.address)
    return made


def posts(sink: HttpSink) -> list[Seen]:
    """The requests that carry the message."""
    return [
        s
        for s in sink.seen
        if not any(part in s.path for part in ("/login", "/join", "/directory", "/logout", "/versions", "/sync", "/state", "/keys"))
    ]


def text_of(seen: Seen) -> str:
    """All text a service would show, whatever the payload's shape."""
    if seen.headers["content-type"].startswith("application/x-www-form-urlencoded"):
        return "\n".join(v for vs in parse_qs(seen.body.decode()).values() for v in vs)

    def walk(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for key, inner in value.items():
                if key not in {"$schema", "contentType", "type"}:
                    yield from walk(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner)

    return "\n".join(walk(seen.json))


@pytest.mark.parametrize("service", SERVICES)
async def test_a_message_arrives_whole(service: str, certificate: ssl.SSLContext) -> None:
    async with http_sink(_service, tls=certificate if service == "teams" else None) as sink:
        desk = channel(service, sink)
        await desk.send(message(brief(story(also=ALSO)), desk.format, desk.body_limit))
    shown = text_of(posts(sink)[-1])
    assert "Chinas KI-Wunder: wie Deepseek das Silicon Valley erschreckt" in shown
    assert "https://www.nzz.example/technologie/chinas-ki-wunder-ld.1868" in shown
    assert "24 Nov, 13:58 CET" in shown
    assert "Also: Heise 14:03 · Reuters (en) 14:05 · 财新 (zh) 14:09 · +1" in shown
    assert "first report" in shown
    assert "&lt;" not in shown
    assert "github" not in shown, "no icons from elsewhere"


@pytest.mark.parametrize(
    ("service", "marked"),
    [
        ("discord", "**Deepseek**"),
        ("slack", "*Deepseek*"),
        ("mattermost", "**Deepseek**"),
        ("telegram", "<b>Deepseek</b>"),
        ("teams", "**Deepseek**"),
        ("google", "*Deepseek*"),
        ("ntfy", "*Deepseek*"),
        ("matrix", "<b>Deepseek</b>"),
        ("rocket", "**Deepseek**"),
    ],
)
async def test_evidence_is_marked_as_the_service_marks_it(service: str, marked: str, certificate: ssl.SSLContext) -> None:
    async with http_sink(_service, tls=certificate if service == "teams" else None) as sink:
        desk = channel(service, sink)
        await desk.send(message(brief(), desk.format, desk.body_limit))
    assert marked in text_of(posts(sink)[-1])


async def test_telegram_gets_its_html_with_lines() -> None:
    async with http_sink(_service) as sink:
        desk = channel("telegram", sink)
        await desk.send(message(brief(), desk.format, desk.body_limit))
    sent = posts(sink)[0].json
    assert sent["parse_mode"] == "HTML"
    assert [row.strip() for row in sent["text"].splitlines()][1] == "NZZ · 24 Nov, 13:58 CET · German"


async def test_slack_shows_bold_between_chinese_characters_and_no_backslash() -> None:
    told = replace(chinese(), article=replace(chinese().article, headline="a_b *c* `d` 深度求索"))
    async with http_sink(_service) as sink:
        desk = channel("slack", sink)
        await desk.send(message(brief(told), desk.format, desk.body_limit))
    shown = posts(sink)[0].json["attachments"][0]["text"]
    assert "\u200b*深度求索*\u200b" in shown
    assert "\\" not in shown


async def test_ntfy_shows_the_headline_as_its_title_once() -> None:
    async with http_sink(_service) as sink:
        desk = channel("ntfy", sink)
        await desk.send(message(brief(), desk.format, desk.body_limit))
        await desk.send(replace(message(brief(kind=DeliveryKind.TEST), desk.format), message_id="m-2"))
    first, second = (s.json for s in posts(sink))
    assert first["title"] == "Chinas KI-Wunder: wie Deepseek das Silicon Valley erschreckt"
    assert first["message"].startswith("NZZ · 24 Nov")
    assert second["title"] == "Presswatch: test message"


async def test_a_headline_longer_than_a_title_may_be_stays_in_the_body() -> None:
    async with http_sink(_service) as sink:
        desk = channel("ntfy", sink)
        await desk.send(message(brief(story("Lang " * 50)), desk.format, desk.body_limit))
    assert "title" not in posts(sink)[0].json
    assert posts(sink)[0].json["message"].startswith("Lang Lang")


async def test_grave_alerts_and_notices_are_sent_as_warnings() -> None:
    grave = message(brief(story(alerts=(alert(severity=Severity.HIGH),))), MessageFormat.TEXT)
    told = Notice(kind="disk", subject="archive", text="no space left", at=NOW)
    notice = message(replace(brief(kind=DeliveryKind.NOTICE), notice=told), MessageFormat.TEXT)
    async with http_sink(_service) as sink:
        desk = channel("json", sink)
        for said in (grave, notice, replace(message(brief(), MessageFormat.TEXT), message_id="m-9")):
            await desk.send(said)
    assert [s.json["type"] for s in posts(sink)] == ["warning", "warning", "info"]


# ---- mentions


@pytest.mark.parametrize(
    "service", ["discord", "discord-embed", "slack", "mattermost", "telegram", "teams", "google", "ntfy", "matrix", "rocket"]
)
async def test_no_headline_pings_anybody_or_links_anywhere(service: str, certificate: ssl.SSLContext) -> None:
    async with http_sink(_service, tls=certificate if service == "teams" else None) as sink:
        desk = channel(service, sink)
        for number, text in enumerate(NAUGHTY):
            said = message(brief(story(text, text, outlet=text or "x", marks=())), desk.format, desk.body_limit)
            await desk.send(replace(said, message_id=f"m-{number}"))
    assert len(posts(sink)) == len(NAUGHTY)
    for seen in posts(sink):
        shown = text_of(seen).replace("#general", "").replace("#news", "")
        assert not re.search(r"@(?:everyone|here|all\b|channel\b)", shown, re.IGNORECASE), shown
        assert not re.search(r"<[!@#][^<]", shown), shown
        assert "👉" not in shown
        assert "://evil" not in shown, shown
        assert not re.search(r"(?:href=\"|\]\(|<)https?://(?!www\.nzz\.example)", shown), shown


async def test_discord_is_told_to_parse_no_mentions() -> None:
    async with http_sink(_service) as sink:
        for service in ("discord", "discord-embed"):
            desk = channel(service, sink)
            await desk.send(message(brief(story("@everyone")), desk.format, desk.body_limit))
    assert [s.json["allowed_mentions"] for s in posts(sink)] == [{"parse": []}] * 2


async def test_a_ping_the_operator_wrote_is_kept() -> None:
    async with http_sink(_service) as sink:
        made = load(settings("discord://123456789012345678/abcdefghijklmnopqrstuvwxyz0123456789?ping=<@123>"))
        assert isinstance(made, Channel)
        made._apprise[0].notify_url = sink.address
        await made.send(message(brief(), made.format, made.body_limit))
    assert "allowed_mentions" not in posts(sink)[0].json
    assert "<@123>" in posts(sink)[0].json["content"]


# ---- failures


@pytest.mark.parametrize(
    ("status", "error"),
    [(500, ChannelBusy), (503, ChannelBusy), (404, ChannelBusy), (401, ChannelBusy), (400, ChannelRefused), (413, ChannelRefused)],
)
@pytest.mark.parametrize("service", ["discord", "telegram", "mattermost", "ntfy", "json", "google", "rocket"])
async def test_the_status_is_read_from_apprises_log(service: str, status: int, error: type[Exception]) -> None:
    async with http_sink(always(status)) as sink:
        desk = channel(service, sink)
        with pytest.raises(error, match=f"answered {status}"):
            await desk.send(message(brief(), desk.format, desk.body_limit))


async def test_the_status_is_read_also_where_only_errors_are_shown() -> None:
    logs.configure(level="error", form="text", redactor=logs.Redactor(), stream=(shown := io.StringIO()))
    async with http_sink(always(503)) as sink:
        desk = channel("json", sink)
        with pytest.raises(ChannelBusy, match="answered 503"):
            await desk.send(message(brief(), desk.format, desk.body_limit))
    assert "503" not in shown.getvalue()


async def test_too_many_requests_holds_the_channel() -> None:
    async with http_sink(always(429, {"Retry-After": "7"})) as sink:
        desk = channel("json", sink)
        with pytest.raises(ChannelBusy) as caught:
            await desk.send(message(brief(), desk.format))
    assert caught.value.retry_after_s == 1.0, "Apprise hides Retry-After"


async def test_a_refusal_inside_a_success_is_a_failure() -> None:
    async with http_sink(always(200, text="invalid_blocks")) as sink:
        desk = channel("slack", sink)
        with pytest.raises(ChannelBusy, match="Slack"):
            await desk.send(message(brief(), desk.format, desk.body_limit))


async def test_redirects_are_not_followed() -> None:
    async with http_sink() as elsewhere, http_sink(always(302, {"Location": elsewhere.address})) as sink:
        desk = channel("json", sink)
        with pytest.raises(ChannelBusy, match="answered 302"):
            await desk.send(message(brief(), desk.format))
    assert elsewhere.seen == []


async def test_a_service_that_is_not_there_is_tried_again() -> None:
    async with http_sink() as sink:
        desk = channel("json", sink)
    with pytest.raises(ChannelBusy, match="onnection error"):
        await desk.send(message(brief(), desk.format))


async def test_a_service_that_hangs_costs_one_thread_and_no_second_message() -> None:
    release = asyncio.Event()

    async def slow(_: Seen) -> web.StreamResponse:
        await release.wait()
        return web.json_response({"ok": True})

    async with http_sink(slow) as sink:
        desk = channel("json", sink)
        said = message(brief(), desk.format)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(desk.send(said), 0.2)
        with pytest.raises(ChannelBusy, match="has not come back"):
            await desk.send(replace(said, message_id="m-2"))
        release.set()
        await desk.send(said)
        assert len(sink.seen) == 1, "the slow success counts"


async def test_optional_targets_do_not_hide_their_failure() -> None:
    async with http_sink(always(500)) as sink:
        made = load(settings(f"json://{sink.address.partition('://')[2]}/hook?optional=yes&retry=3"))
        with pytest.raises(ChannelBusy, match="answered 500"):
            await made.send(message(brief(), made.format))
    assert len(sink.seen) == 1, "retries are ours"


async def test_five_messages_take_no_half_minute() -> None:
    """Apprise sleeps 5.5 s between two mails, 1.2 s between two messages on Slack, unless told that the pace is ours."""
    async with http_sink(_service) as sink:
        desk = channel("slack", sink)
        async with asyncio.timeout(3):
            for number in range(5):
                await desk.send(replace(message(brief(), desk.format), message_id=f"m-{number}"))
    assert len(posts(sink)) == 5


def test_each_service_is_written_to_in_what_it_shows_and_at_its_pace() -> None:
    seen = {}
    for name, (url, _) in SERVICES.items():
        made = load(settings(url.format(host="127.0.0.1:1")))
        seen[name] = (made.format.value, made.body_limit, made.rate_per_minute)
    assert seen == {
        "discord": ("markdown", 2000, 30.0),
        "discord-embed": ("markdown", 2000, 30.0),
        "slack": ("markdown", 4000, 60.0),
        "mattermost": ("markdown", 4000, None),
        "telegram": ("html", 4000, 20.0),
        "teams": ("markdown", 980, 60.0),
        "google": ("markdown", 4000, 60.0),
        "ntfy": ("text", 4000, None),
        "matrix": ("html", 4000, None),
        "rocket": ("markdown", 1000, None),
        "json": ("text", 4000, None),
    }


@pytest.mark.parametrize("service", SERVICES)
def test_the_strictest_services_take_every_alert(service: str) -> None:
    made = load(settings(SERVICES[service][0].format(host="127.0.0.1:1")))
    long = story("Sehr langer Titel über die Lage der Chipindustrie " * 9, also=ALSO)
    assert len(message(brief(long), made.format, made.body_limit).body) <= min(1000, made.body_limit)


# ---- secrets


PLANTED = {
    "discord": "abcdefghijklmnopqrstuvwxyz0123456789",
    "slack": "TIiajkdnlazkcOXrIdevi7FQ",
    "mattermost": "3ccdd113474722377935511fc85d3dd4",
    "telegram": "abcdefg_hijklmnopqrstuvwxyzabcdefg",
    "teams": "abcdefghijklmnopqrstuvwxyz01",
    "matrix": "matrix-password",
}


@pytest.mark.parametrize("service", PLANTED)
@pytest.mark.parametrize("status", [200, 401, 500])
async def test_no_token_is_ever_logged_or_told_even_where_everything_is(
    service: str, status: int, certificate: ssl.SSLContext, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    answer = _service if status == 200 else always(status)
    async with http_sink(answer, tls=certificate if service == "teams" else None) as sink:
        desk = channel(service, sink)
        try:
            await desk.send(message(brief(), desk.format, desk.body_limit))
        except (ChannelBusy, ChannelRefused) as error:
            told += [str(error), repr(error), repr(error.__cause__)]
    url = SERVICES[service][0].format(host=sink.address.partition("://")[2])
    told += [repr(desk), repr(settings(url)), str(settings(url)), repr(check(settings(url + "/extra")))]
    told += [caplog.text, *capfd.readouterr()]
    assert sink.seen, "something was sent"
    assert PLANTED[service] not in "\n".join(told)


async def test_what_apprise_logs_of_a_bad_url_hides_it_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = "tgram://123456789-abcdefg_hijklmnopqrstuvwxyzabcdefg/123456/"
    assert check(settings(url))
    assert "abcdefg_hijklmnopqrstuvwxyzabcdefg" not in caplog.text

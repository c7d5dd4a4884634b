"""The contract of every kind of channel, and what their settings may be."""

from __future__ import annotations

import asyncio
import io
import logging
import ssl
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import cast

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from crawler.model import Place
from monitor.channels import check, kinds, load, options, secrets, stdout
from monitor.channels._answers import judged, phrase, retry_after
from monitor.channels._lane import Lane
from monitor.channels.email import compose
from monitor.channels.webhook import signature
from monitor.errors import ChannelBusy, ChannelRefused, ConfigError
from monitor.model import ChannelSettings, DeliveryKind, MessageFormat
from monitor.render import message
from tests.briefs import ALSO, brief, chinese, story
from tests.naughty import NAUGHTY

GOOD: dict[str, dict[str, object]] = {
    "apprise": {"url": "json://127.0.0.1:1/hook"},
    "email": {"host": "127.0.0.1", "to": "desk@example.org", "user": "desk", "password": "correct-horse-battery"},
    "stdout": {},
    "webhook": {"url": "https://hook.example/t0ken-in-the-path", "secret": "correct-horse-battery"},
}
FILE = Place(file="presswatch.yaml", line=3)


def settings(kind: str, given: dict[str, object] | None = None, **more: object) -> ChannelSettings:
    values = {**(GOOD.get(kind, {}) if given is None else given), **more}
    return ChannelSettings(
        name="desk",
        kind=kind,
        options=values,
        option_places={name: Place(file="presswatch.yaml", line=10 + i) for i, name in enumerate(values)},
        place=FILE,
    )


# ---- the contract


def test_the_kinds_are_the_files() -> None:
    assert kinds() == ("apprise", "email", "stdout", "webhook")
    assert set(GOOD) == set(kinds())


@pytest.mark.parametrize("kind", kinds())
async def test_every_kind_loads_from_good_settings_and_closes_twice(kind: str) -> None:
    assert check(settings(kind)) == []
    channel = load(settings(kind))
    assert isinstance(channel.format, MessageFormat)
    assert channel.body_limit >= 0
    assert channel.rate_per_minute is None
    await channel.close()
    await channel.close()


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_takes_the_rate_its_settings_say(kind: str) -> None:
    wish = ChannelSettings(name="desk", kind=kind, options=GOOD[kind], rate_per_minute=7.0)
    assert load(wish).rate_per_minute == 7.0


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_explains_itself_and_its_options(kind: str) -> None:
    module = sys.modules[f"monitor.channels.{kind}"]
    assert module.__doc__
    assert f"kind: {kind}" in module.__doc__
    for option in options(kind):
        assert option.help
        assert option.name.replace("_", "").isalpha()


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_names_an_unknown_key_with_its_place_and_a_hint(kind: str) -> None:
    known = options(kind)[0].name
    found = check(settings(kind, GOOD[kind], **{f"{known}x": "1"}))
    assert len(found) == 1
    assert found[0].message == f"kind {kind} has no key '{known}x'"
    assert found[0].hint == f"did you mean '{known}'?"
    assert found[0].line >= 10


@pytest.mark.parametrize("kind", [k for k in kinds() if any(o.is_required for o in options(k))])
def test_every_kind_names_all_missing_keys_at_once(kind: str) -> None:
    required = [o.name for o in options(kind) if o.is_required]
    found = check(settings(kind, {}))
    assert [p.message.split(" needs ")[1].split()[0] for p in found] == required
    assert all((p.place, p.line) == ("presswatch.yaml", 3) for p in found)
    with pytest.raises(ConfigError):
        load(settings(kind, {}))


@pytest.mark.parametrize("kind", [k for k in kinds() if any(o.is_required for o in options(k))])
def test_a_secret_that_was_not_read_is_not_missing(kind: str) -> None:
    """A check of the files alone leaves ``*_file`` closed: the key has a place, but no value."""
    bare = settings(kind)
    closed = ChannelSettings(name="desk", kind=kind, options={}, option_places=bare.option_places, place=FILE)
    assert check(closed) == []


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("value", [True, 3.5, [], [1], {"a": 1}, None, ["x"]])
def test_no_value_of_the_wrong_type_crashes_a_check(kind: str, value: object) -> None:
    for option in options(kind):
        for problem in check(settings(kind, {**GOOD[kind], option.name: value})):
            assert problem.message
            assert "correct-horse-battery" not in problem.message


def test_an_unknown_kind_is_a_problem_with_a_hint() -> None:
    found = check(settings("webhok", {}))
    assert (found[0].message, found[0].hint) == ("'webhok' is no kind of channel", "did you mean 'webhook'?")
    assert check(settings("_lane", {}))[0].hint == "kinds: apprise, email, stdout, webhook"
    assert check(settings("../x", {}))[0].message == "'../x' is no kind of channel"


def test_a_channel_made_without_a_file_still_says_which_it_is() -> None:
    assert check(ChannelSettings(name="desk", kind="webhook"))[0].place == "channel desk"


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind != "webhook"])
async def test_kinds_that_people_read_take_a_template_and_say_where_it_is_wrong(kind: str) -> None:
    made = load(settings(kind, template="$headline $url $themes"))
    assert made.template == "$headline $url $themes"
    await made.close()
    (problem,) = check(settings(kind, template="$headline $url $themes\n$topic"))
    assert (problem.place, problem.line) == ("presswatch.yaml", 10 + len(GOOD[kind]))
    assert problem.message == "line 2 of the template: there is no field '$topic'"


def test_a_webhook_takes_no_template() -> None:
    (problem,) = check(settings("webhook", template="$headline"))
    assert "no key 'template'" in problem.message


def test_secrets_are_told_for_the_log_to_hide() -> None:
    assert secrets(settings("webhook")) == ("https://hook.example/t0ken-in-the-path", "correct-horse-battery")
    assert "correct-horse-battery" not in repr(settings("webhook"))
    assert "correct-horse-battery" not in repr(load(settings("webhook")).__dict__.get("_redactor"))


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("webhook", {"url": "ftp://a.example/x"}, "begins with https:// or http://"),
        ("webhook", {"url": "https:///nohost"}, "begins with https:// or http://"),
        ("webhook", {"url": "https://a.example:99999/"}, "begins with https:// or http://"),
        ("webhook", {"url": "https://a.example/\r\nx"}, "begins with https:// or http://"),
        ("webhook", {"url": "https://a.example/", "authorization": "Bearer x\r\nEvil: 1"}, "one line of printable"),
        ("webhook", {"url": "https://a.example/", "ca_file": "/nowhere.pem"}, "holds no certificates"),
        ("email", {"host": "m", "to": "desk"}, "is no mail address"),
        ("email", {"host": "m", "to": ["a@b.example", "x\r\nBcc: y@z.example"]}, "is no mail address"),
        ("email", {"host": "m", "to": "a@b.example", "from": "nobody"}, "is no mail address"),
        ("email", {"host": "m", "to": "a@b.example", "port": 0}, "0 is no port"),
        ("email", {"host": "m", "to": "a@b.example", "tls": "maybe"}, "use starttls, implicit, off"),
        ("email", {"host": "m", "to": "a@b.example", "password": "x"}, "without a user"),
        ("email", {"host": "m", "to": "a@b.example", "user": "u", "password": "p", "tls": "off"}, "in the clear"),
        ("email", {"host": "m", "to": "a@b.example", "ca_file": __file__}, "holds no certificates"),
        ("stdout", {"color": "pink"}, "use auto, always, never"),
        ("apprise", {"url": "tgramm://x"}, "it knows no service of that name"),
        ("apprise", {"url": "tgram://not-a-token"}, "apprise cannot read this url"),
        ("apprise", {"url": "no url at all"}, "it knows no service of that name"),
        ("apprise", {"url": "tgram://123456789:abcdefg_hijklmnopqrstuvwxyzabcdefg/1111/2222"}, "addresses 2 targets"),
    ],
)
def test_wrong_values_are_told_before_anything_is_sent(kind: str, given: dict[str, object], said: str) -> None:
    found = check(settings(kind, given))
    assert any(said in p.message for p in found), found
    assert all(p.code == "channel" for p in found)


def test_a_login_in_the_clear_is_allowed_on_this_machine() -> None:
    assert check(settings("email", {"host": "127.0.0.1", "to": "a@b.example", "user": "u", "password": "p", "tls": "off"})) == []


def test_loading_one_kind_imports_no_other() -> None:
    """Apprise takes a second and 150 modules: who sends to a webhook never pays for it."""
    program = """
import sys
from monitor.channels import check, kinds, load
from monitor.model import ChannelSettings
load(ChannelSettings(name="hook", kind="webhook", options={"url": "https://a.example/"}))
kinds()
sys.exit(bool({"apprise", "aiosmtplib", "monitor.channels.apprise"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# ---- the terminal


async def test_the_terminal_prints_a_message_and_an_empty_line() -> None:
    out = io.StringIO()
    channel = stdout.Channel(settings("stdout"), out=out)
    said = message(brief(story(also=ALSO)), channel.format)
    await channel.send(said)
    await channel.send(said)
    assert out.getvalue() == (said.body + "\n\n") * 2


async def test_the_terminal_shows_the_headline_in_bold_where_colours_are_wanted() -> None:
    out = io.StringIO()
    await stdout.Channel(settings("stdout", {"color": "always"}), out=out).send(message(brief(), MessageFormat.TEXT))
    assert out.getvalue().startswith("\x1b[1mChinas KI-Wunder")
    assert "\x1b[2mhttps://www.nzz.example/" in out.getvalue()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def test_a_terminal_breaks_lines_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    out = _Terminal()
    await stdout.Channel(settings("stdout", {"color": "never"}), out=out).send(message(brief(story(also=ALSO)), MessageFormat.TEXT))
    lines = out.getvalue().splitlines()
    assert "… Am Montag hat die Firma *Deepseek* aus Hangzhou mit *R2*" in lines
    assert "https://www.nzz.example/technologie/chinas-ki-wunder-ld.1868" in lines
    assert all(wcswidth(row) <= 60 for row in lines if not row.startswith("http"))
    assert "\x1b" not in out.getvalue()


@given(st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))), st.integers(10, 120))
def test_folding_loses_nothing_but_spaces(text: str, width: int) -> None:
    lines = stdout.folded(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_chinese_is_folded_by_cells_and_an_indent_is_kept() -> None:
    assert stdout.folded("   总部位于杭州的 公司", 12) == ["   总部位于", "   杭州的 公", "   司"]
    assert stdout.folded("12. one two three", 10) == ["12. one", "    two", "    three"]


@pytest.mark.parametrize("text", NAUGHTY)
async def test_nothing_in_a_message_steers_the_terminal(text: str) -> None:
    out = io.StringIO()
    await stdout.Channel(settings("stdout"), out=out).send(message(brief(story(text, text, marks=())), MessageFormat.TEXT))
    assert all(c == "\n" or c.isprintable() or ord(c) > 0x9F for c in out.getvalue())


async def test_a_closed_terminal_is_asked_again_later() -> None:
    out = io.StringIO()
    out.close()
    with pytest.raises(ChannelBusy, match="standard output takes nothing"):
        await stdout.Channel(settings("stdout"), out=out).send(message(brief(), MessageFormat.TEXT))


# ---- what blocks


async def test_a_call_in_a_lane_leaves_the_loop_free() -> None:
    lane: Lane[str] = Lane("desk")
    release = threading.Event()
    call = asyncio.create_task(lane.run("a", lambda: str(release.wait(5))))
    await asyncio.sleep(0)
    assert lane.is_stuck
    release.set()
    assert await call == "True"
    assert not lane.is_stuck


async def test_a_call_that_outlives_its_caller_is_awaited_again_and_not_repeated() -> None:
    lane: Lane[str] = Lane("desk")
    release, calls = threading.Event(), []

    def slow() -> str:
        calls.append(1)
        release.wait(5)
        return "taken"

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lane.run("a", slow), 0.02)
    with pytest.raises(ChannelBusy, match="has not come back"):
        await lane.run("b", lambda: "never")
    release.set()
    assert await lane.run("a", slow) == "taken"
    assert calls == [1]
    assert await lane.run("b", lambda: "now") == "now"


async def test_an_error_in_a_lane_reaches_the_caller() -> None:
    def broken() -> None:
        raise OSError("gone")

    lane: Lane[None] = Lane("desk")
    with pytest.raises(OSError, match="gone"):
        await lane.run("a", broken)


async def test_late_answers_nobody_asks_for_are_forgotten() -> None:
    lane: Lane[int] = Lane("desk")
    for number in range(300):
        release = threading.Event()

        def slow(wait: threading.Event = release, said: int = number) -> int:
            wait.wait(5)
            return said

        call = asyncio.create_task(lane.run(str(number), slow))
        await asyncio.sleep(0)
        call.cancel()
        future = lane._calls[str(number)]
        release.set()
        assert await asyncio.wrap_future(future) == number
    assert len(lane._calls) <= 100


# ---- answers over HTTP


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_an_answer_in_the_two_hundreds_takes_the_message(status: int) -> None:
    assert judged(status) is None


@pytest.mark.parametrize("status", [400, 405, 406, 410, 411, 413, 414, 415, 422, 431, 451])
def test_an_answer_about_the_message_gives_it_up(status: int) -> None:
    assert isinstance(judged(status), ChannelRefused)


@pytest.mark.parametrize("status", [301, 302, 307, 401, 403, 404, 407, 408, 409, 423, 425, 429, 500, 502, 503, 504, 599, 100])
def test_an_answer_about_the_channel_brings_the_message_again(status: int) -> None:
    assert isinstance(judged(status), ChannelBusy)


def test_an_answer_is_told_in_words_with_what_to_do() -> None:
    assert str(judged(302)) == "answered 302 (found); redirects are not followed, write the final address into the settings"
    assert str(judged(401, detail="no token")) == "answered 401 (unauthorized): no token; check the address and the token of the channel"
    assert phrase(799) == "no such status"


def test_too_many_requests_without_a_time_waits_a_moment() -> None:
    assert cast("ChannelBusy", judged(429)).retry_after_s == 1.0
    assert cast("ChannelBusy", judged(429, retry_after_s=60.0)).retry_after_s == 60.0
    assert cast("ChannelBusy", judged(503, retry_after_s=60.0)).retry_after_s == 60.0
    assert cast("ChannelBusy", judged(503)).retry_after_s is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("99999999", 86_400.0),
        ("Tue, 24 Nov 2026 13:00:00 GMT", 120.0),
        ("Tue, 24 Nov 2026 12:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 13:00:00", 120.0),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, now=datetime(2026, 11, 24, 12, 58, tzinfo=UTC)) == seconds


def test_the_signature_is_the_hmac_of_the_body() -> None:
    fox = b"The quick brown fox jumps over the lazy dog"
    assert signature("key", fox) == "sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"


# ---- mail


def _mail(**changes: object) -> EmailMessage:
    said = replace(message(brief(story(also=ALSO)), MessageFormat.HTML), **changes)  # type: ignore[arg-type]
    raw = compose(said, sender="presswatch@example.org", recipients=("desk@example.org",), date="Tue, 24 Nov 2026 12:58:00 +0000")
    return message_from_bytes(raw.as_bytes(), policy=modern)


def test_a_mail_reads_back_as_it_was_meant() -> None:
    mail = _mail()
    assert mail["Subject"] == "[deepseek-next] NZZ: Chinas KI-Wunder: wie Deepseek das Silicon Valley erschreckt"
    assert mail["From"] == "Presswatch <presswatch@example.org>"
    assert mail["To"] == "desk@example.org"
    assert mail["Message-ID"] == "<m-1@example.org>"
    assert mail["References"] == mail["In-Reply-To"] == "<story-7@example.org>"
    assert mail["List-Id"] == "<deepseek-next.presswatch>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == datetime(2026, 11, 24, 12, 58, tzinfo=UTC)
    assert mail.get_content_type() == "multipart/alternative"
    text, html = (cast("EmailMessage", part) for part in mail.iter_parts())
    rows = text.get_content().splitlines()
    assert rows[:2] == ["Chinas KI-Wunder: wie Deepseek das Silicon Valley erschreckt", "NZZ · 24 Nov, 13:58 CET · German"]
    assert rows[rows.index("-- ") + 1] == "You get this because desk subscribes to deepseek-next (presswatch.yaml:15)."
    assert "<b>Deepseek</b>" in html.get_content()


def test_mails_on_one_story_are_one_thread_and_digests_are_none() -> None:
    assert _mail(message_id="m-2")["References"] == _mail()["References"]
    assert _mail(message_id="m-2")["Message-ID"] != _mail()["Message-ID"]
    digest = message(brief(chinese(), kind=DeliveryKind.DIGEST), MessageFormat.HTML, limit=0)
    mail = compose(digest, sender="presswatch@example.org", recipients=("desk@example.org",), date="Tue, 24 Nov 2026 12:58:00 +0000")
    assert mail["References"] is None
    assert mail["Subject"] == "[deepseek-next] 1 story, 24 November"


def test_long_ids_are_never_folded_inside() -> None:
    mail = _mail(message_id="m" * 300, thread="story-" + "9" * 300, themes=("t" * 300,))
    for name in ("Message-ID", "References", "List-Id"):
        assert len(mail[name].strip("<>").partition("@")[0]) <= 64
        assert "=?" not in mail[name]
    assert _mail(message_id="m" * 300)["Message-ID"] != _mail(message_id="m" * 301)["Message-ID"]


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_text_adds_no_header_and_no_part(text: str) -> None:
    said = message(brief(story(text, text, outlet=text or "x", marks=())), MessageFormat.HTML)
    raw = compose(said, sender="presswatch@example.org", recipients=("desk@example.org",), date="Tue, 24 Nov 2026 12:58:00 +0000")
    data = raw.as_bytes()
    mail = message_from_bytes(data, policy=modern)
    assert sorted(k.lower() for k in mail) == [
        "auto-submitted",
        "content-type",
        "date",
        "from",
        "in-reply-to",
        "list-id",
        "message-id",
        "mime-version",
        "references",
        "subject",
        "to",
    ]
    assert len(list(mail.iter_parts())) == 2
    assert all(len(row) <= 998 for row in data.split(b"\r\n"))
    assert data.isascii()


# ---- secrets


def test_a_webhook_checks_its_certificates_before_it_starts(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    assert check(settings("webhook", {"url": "https://a.example/", "ca_file": str(tmp_path / "ca.pem")})) == []
    assert isinstance(ssl.create_default_context(cafile=str(tmp_path / "ca.pem")), ssl.SSLContext)


def test_apprise_keeps_leaking_loggers_quiet_even_where_all_is_logged() -> None:
    logging.getLogger("urllib3").setLevel(logging.NOTSET)
    load(settings("apprise"))
    assert logging.getLogger("apprise").level >= logging.INFO
    assert logging.getLogger("urllib3").level >= logging.INFO

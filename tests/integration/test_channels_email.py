"""Mail against a real SMTP server: secured, refused, greylisted, threaded."""

from __future__ import annotations

import base64
import logging
import ssl
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
import trustme

from monitor.channels import Channel, load
from monitor.errors import ChannelBusy, ChannelRefused
from monitor.model import ChannelSettings, Message, MessageFormat
from monitor.render import message
from tests.briefs import ALSO, brief, chinese, story
from tests.naughty import NAUGHTY
from tests.sinks import MailSink, mail_sink

SAID = message(brief(story(also=ALSO)), MessageFormat.HTML)


def channel(sink: MailSink, **options: object) -> Channel:
    given = {"host": "127.0.0.1", "port": sink.port, "tls": "off", "to": "desk@example.org", **options}
    return load(ChannelSettings(name="desk-mail", kind="email", options=given))


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("127.0.0.1").configure_cert(context)
    return context, str(tmp_path / "ca.pem")


async def test_a_mail_arrives_and_reads_as_it_was_meant() -> None:
    async with mail_sink() as sink:
        await channel(sink).send(SAID)
    mail = sink.mails[0]
    assert sink.envelopes == [("presswatch@example.org", ("desk@example.org",), False)]
    assert mail["Subject"] == "[deepseek-next] NZZ: Chinas KI-Wunder: wie Deepseek das Silicon Valley erschreckt"
    body = mail.get_body(("plain",))
    assert body is not None
    assert "*Deepseek* aus Hangzhou mit *R2*" in body.get_content()


async def test_two_mails_on_one_story_share_a_thread() -> None:
    async with mail_sink() as sink:
        for number in (1, 2):
            await channel(sink).send(_numbered(number))
    assert sink.mails[0]["References"] == sink.mails[1]["References"] == "<story-7@example.org>"
    assert sink.mails[0]["Message-ID"] != sink.mails[1]["Message-ID"]


def _numbered(number: int) -> Message:
    return replace(SAID, message_id=f"m-{number}")


async def test_starttls_and_login_are_used(authority: tuple[ssl.SSLContext, str]) -> None:
    context, ca_file = authority
    async with mail_sink(starttls=context, auth=True) as sink:
        await channel(sink, tls="starttls", ca_file=ca_file, user="desk", password="correct-horse-battery").send(SAID)
    assert sink.envelopes[0][2], "over TLS"
    assert sink.logins == [("desk", "correct-horse-battery")]


async def test_tls_from_the_start_works(authority: tuple[ssl.SSLContext, str]) -> None:
    context, ca_file = authority
    async with mail_sink(implicit=context) as sink:
        await channel(sink, tls="implicit", ca_file=ca_file).send(SAID)
    assert len(sink.mails) == 1


async def test_an_unknown_certificate_gets_neither_password_nor_mail(authority: tuple[ssl.SSLContext, str]) -> None:
    async with mail_sink(starttls=authority[0], auth=True) as sink:
        with pytest.raises(ChannelBusy, match="could not be reached"):
            await channel(sink, tls="starttls", user="desk", password="correct-horse-battery").send(SAID)
    assert sink.logins == []
    assert sink.mails == []


async def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    async with mail_sink() as sink:
        with pytest.raises(ChannelBusy, match="tls: off"):
            await channel(sink, tls="starttls", user="desk", password="correct-horse-battery").send(SAID)
    assert sink.mails == []


async def test_a_wrong_password_is_the_channels_fault_and_is_not_told(authority: tuple[ssl.SSLContext, str]) -> None:
    context, ca_file = authority
    async with mail_sink(starttls=context, auth=True) as sink:
        with pytest.raises(ChannelBusy, match="check user and password") as caught:
            await channel(sink, tls="starttls", ca_file=ca_file, user="desk", password="wrong-horse-battery").send(SAID)
    assert "wrong-horse" not in str(caught.value)


@pytest.mark.parametrize("answer", ["451 4.7.1 greylisted, come back", "421 4.3.2 closing", "452 4.3.1 insufficient storage"])
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
async def test_a_temporary_answer_brings_the_mail_again(stage: str, answer: str) -> None:
    async with mail_sink() as sink:
        _answer(sink, stage, answer)
        with pytest.raises(ChannelBusy):
            await channel(sink).send(SAID)
        _answer(sink, stage, None)
        await channel(sink).send(SAID)
    assert len(sink.mails) == 1


@pytest.mark.parametrize("answer", ["550 5.1.1 no such user", "552 5.3.4 too big", "554 5.7.1 spam"])
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
async def test_a_final_answer_gives_the_mail_up(stage: str, answer: str) -> None:
    async with mail_sink() as sink:
        _answer(sink, stage, answer)
        with pytest.raises(ChannelRefused, match=answer.split(maxsplit=1)[0]):
            await channel(sink).send(SAID)


@pytest.mark.parametrize("answer", ["530 5.7.0 log in first", "535 5.7.8 bad credentials"])
async def test_an_answer_about_us_brings_the_mail_again(answer: str) -> None:
    async with mail_sink() as sink:
        _answer(sink, "mail", answer)
        with pytest.raises(ChannelBusy, match="check user and password"):
            await channel(sink).send(SAID)


def _answer(sink: MailSink, stage: str, answer: str | None) -> None:
    if stage == "rcpt":
        sink.rcpt = {"desk@example.org": answer} if answer else {}
    elif stage == "mail":
        sink.mail = answer
    else:
        sink.data = answer


async def test_one_recipient_that_is_greylisted_repeats_no_other() -> None:
    async with mail_sink() as sink:
        desk = channel(sink, to=["desk@example.org", "night@example.org"])
        sink.rcpt = {"night@example.org": "451 4.7.1 greylisted"}
        with pytest.raises(ChannelBusy, match=r"night@example.org: 451"):
            await desk.send(SAID)
        sink.rcpt = {}
        await desk.send(SAID)
    assert [to for _, to, _ in sink.envelopes] == [("desk@example.org",), ("night@example.org",)]
    assert sink.mails[1]["To"] == "desk@example.org, night@example.org"


async def test_one_recipient_that_is_refused_is_told_and_the_others_get_it() -> None:
    async with mail_sink() as sink:
        sink.rcpt = {"old@example.org": "550 5.1.1 no such user"}
        with structlog.testing.capture_logs() as told:
            await channel(sink, to=["desk@example.org", "old@example.org"]).send(SAID)
    assert [to for _, to, _ in sink.envelopes] == [("desk@example.org",)]
    assert told[0]["recipient"] == "old@example.org"
    assert told[0]["reason"].startswith("550")


async def test_all_recipients_refused_gives_the_mail_up() -> None:
    async with mail_sink() as sink:
        sink.rcpt = {"a@example.org": "550 no", "b@example.org": "551 no"}
        with pytest.raises(ChannelRefused, match=r"a@example\.org, b@example\.org"):
            await channel(sink, to=["a@example.org", "b@example.org"]).send(SAID)


async def test_a_server_that_is_not_there_is_tried_again() -> None:
    async with mail_sink() as sink:
        pass
    with pytest.raises(ChannelBusy, match="could not be reached"):
        await channel(sink).send(SAID)


@pytest.mark.parametrize("text", NAUGHTY)
async def test_naughty_text_reaches_the_reader_and_nobody_else(text: str) -> None:
    async with mail_sink() as sink:
        await channel(sink).send(message(brief(story(text, text, outlet=text or "x", marks=())), MessageFormat.HTML))
    assert sink.envelopes == [("presswatch@example.org", ("desk@example.org",), False)]
    assert sink.mails[0]["Bcc"] is None
    assert sink.mails[0]["X-Evil"] is None
    assert len(list(sink.mails[0].iter_parts())) == 2


async def test_chinese_reads_back_in_both_parts() -> None:
    async with mail_sink() as sink:
        await channel(sink).send(message(brief(chinese()), MessageFormat.HTML))
    mail = sink.mails[0]
    assert mail["Subject"] == "[deepseek-next] 财新: 深度求索发布R2模型：训练成本再降一半"
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        assert "深度求索" in part.get_content()


@pytest.mark.parametrize("password", ["correct-horse-battery", "wrong-horse-battery-staple"])
async def test_no_password_is_ever_logged_or_told_even_where_everything_is(
    password: str, authority: tuple[ssl.SSLContext, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # the server's own log, which is not ours
    context, ca_file = authority
    told = []
    async with mail_sink(starttls=context, auth=True) as sink:
        desk = channel(sink, tls="starttls", ca_file=ca_file, user="desk", password=password)
        try:
            await desk.send(SAID)
        except ChannelBusy as error:
            told = [str(error), repr(error), "".join(traceback.format_exception(error))]
        told.append(repr(desk))
    hidden = (password, base64.b64encode(password.encode()).decode(), base64.b64encode(f"\0desk\0{password}".encode()).decode())
    assert sink.logins
    for secret in hidden:
        assert secret not in "\n".join([*told, caplog.text])

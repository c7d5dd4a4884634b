"""Planted secrets: whatever goes wrong, none is ever seen in the log, the archive, the metrics, or what commands print."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web
from click.testing import CliRunner, Result

from monitor.cli.app import cli
from monitor.cli.given import Given
from monitor.demo.newsstand import Newsstand
from tests.acceptance.conftest import Daemon, settings
from tests.acceptance.test_first_light import GERMAN, TEXT
from tests.sinks import Seen, http_sink, mail_sink

PLANTED = {
    "hook-url": "planted-in-the-address-of-a-webhook-0001",
    "hook-secret": "planted-key-of-a-signature-0002",
    "hook-authorization": "Bearer planted-authorization-0003",
    "chat-url": "planted0in0the0address0of0a0chat0004",
    "mail-password": "planted-password-of-a-mailbox-0005",
    "heartbeat": "planted-in-the-heartbeat-0006",
    "token": "planted-token-of-the-pages-0007",
    "link-key": "planted-key-of-links-0008",
}
NEEDLES = [word for value in PLANTED.values() for word in value.split() if word != "Bearer"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kept(folder: Path) -> None:
    """Write each secret into a file of its own."""
    for name, value in PLANTED.items():
        (folder / name).write_text(value)


def certificate(folder: Path) -> ssl.SSLContext:
    """Return what a mail server on this machine shows, and leave who vouches for it in the folder."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return context


def asked_here(desk: Daemon, *command: str) -> Result:
    """Run a command that only reads in this process, which has paid for its imports."""
    return CliRunner().invoke(cli, ["-c", str(desk.config), *command], obj=Given(), catch_exceptions=False)


def archived(folder: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in folder.glob("archive.db*"))


async def failing(folder: Path, stand: Newsstand, hook: str, mail_port: int, listen: int) -> Daemon:
    """A daemon whose every channel, and whose heartbeat, is refused with its secret in the request."""
    kept(folder)
    (folder / "hook-url").write_text(f"{hook}/{PLANTED['hook-url']}")
    (folder / "chat-url").write_text(f"json://{hook.partition('://')[2]}/{PLANTED['chat-url']}")
    (folder / "heartbeat").write_text(f"{hook}/{PLANTED['heartbeat']}")
    webhook = {"name": "hook", "kind": "webhook", "url_file": "hook-url", "secret_file": "hook-secret"}
    mail = {"name": "mail", "kind": "email", "host": "127.0.0.1", "port": mail_port, "user": "desk", "to": "desk@example.org"}
    return settings(
        folder, stand, None,
        channels=[
            {**webhook, "authorization_file": "hook-authorization"},
            {"name": "chat", "kind": "apprise", "url_file": "chat-url"},
            {**mail, "password_file": "mail-password", "ca_file": str(folder / "ca.pem")},
        ],
        subscriptions=[{"to": name, "themes": ["*"], "notices": ["*"]} for name in ("hook", "chat", "mail")],
        heartbeat_url_file="heartbeat", token_file="token", link_key_file="link-key",
        public_url="https://watch.example.org", log_level="debug", listen=f"127.0.0.1:{listen}",
    )  # fmt: skip


def assert_clean(where: str, text: str) -> None:
    found = [needle for needle in NEEDLES if needle in text]
    assert not found, f"{where} shows {found}"


def refuse(seen: Seen) -> web.Response:
    """Fail, and let in nobody who chats."""
    return web.Response(status=401 if PLANTED["chat-url"] in seen.path else 500, text="refused")


@pytest.mark.timeout(180)
async def test_no_planted_secret_is_ever_shown(tmp_path: Path, stand: Newsstand) -> None:
    listen = free_port()
    async with http_sink(refuse) as sink, mail_sink(starttls=certificate(tmp_path), auth=True) as mail:
        desk = await failing(tmp_path, stand, sink.address, mail.port, listen)
        stand.publish("seeufer-anzeiger", GERMAN, TEXT)
        await desk.start("--debug")
        await desk.until(lambda: "heartbeat withheld" in desk.said)
        await desk.until(lambda: len(desk.rows("SELECT 1 FROM deliveries WHERE attempts > 0")) >= 3)
        async with aiohttp.ClientSession() as session:
            for page in ("metrics", "readyz", "alerts/deepseek-next.atom"):
                async with session.get(f"http://127.0.0.1:{listen}/{page}") as answer:
                    assert_clean(page, await answer.text())
        await desk.stop()
    asked = " ".join(f"{s.path} {s.headers}" for s in sink.seen)
    assert all(PLANTED[name] in asked for name in ("hook-url", "chat-url", "heartbeat", "hook-authorization")), "the secrets were in use"
    assert mail.logins
    assert_clean("log", desk.said)
    assert_clean("archive", archived(tmp_path))
    tried = [("channels", "test", "--debug", name) for name in ("hook", "chat", "mail")]
    for said in (*tried, ("doctor", "--report")):
        done = desk.call(*said)
        assert_clean(" ".join(said), done.stdout + done.stderr)
    reading: tuple[tuple[str, ...], ...] = (
        ("config", "show"),
        ("channels", "list", "--json"),
        ("alerts", "list", "--json"),
        ("why", "1", "--json"),
        ("status", "--json"),
    )
    for words in reading:
        shown = asked_here(desk, *words)
        assert shown.output
        assert_clean(" ".join(words), shown.output)


def test_settings_that_cannot_be_read_show_no_secret(tmp_path: Path) -> None:
    kept(tmp_path)
    (tmp_path / "chat-url").write_text(f"jsn://host/{PLANTED['chat-url']}")
    (tmp_path / "presswatch.yaml").write_text(
        "channels:\n  - {name: chat, kind: apprise, url_file: chat-url}\n  - {name: hook, kind: webhook, url_file: hook-url, secrt: x}\n"
        "subscriptions: [{to: chat, themes: ['*']}]\n"
    )
    desk = Daemon(tmp_path, str(tmp_path / "archive.db"))
    for command in (("channels", "test", "--debug", "chat"), ("run", "--once")):
        done = desk.call(*command)
        assert_clean(" ".join(command), done.stdout + done.stderr)

"""Servers on loopback that take what Presswatch sends and remember it."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[Seen], "web.StreamResponse | Awaitable[web.StreamResponse]"]


@dataclass(slots=True, kw_only=True)
class HttpSink:
    """Where it listens, what it saw, and how it answers; by default 200."""

    address: str = ""
    seen: list[Seen] = field(default_factory=list)
    answer: Answer = field(default=lambda _: web.json_response({"ok": True}))

    async def take(self, request: web.Request) -> web.StreamResponse:
        headers = {k.lower(): v for k, v in request.headers.items()}
        one = Seen(method=request.method, path=request.path_qs, headers=headers, body=await request.read())
        self.seen.append(one)
        answered = self.answer(one)
        return answered if isinstance(answered, web.StreamResponse) else await answered


@asynccontextmanager
async def http_sink(answer: Answer | None = None, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpSink]:
    """Listen on a free port."""
    sink = HttpSink()
    if answer is not None:
        sink.answer = answer
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", sink.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    sink.address = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield sink
    finally:
        await runner.cleanup()


def always(status: int, headers: dict[str, str] | None = None, text: str = "") -> Answer:
    """Answer everything the same way."""
    return lambda _: web.Response(status=status, headers=headers, text=text)


@dataclass
class MailSink:  # without slots: aiosmtpd looks at every member of its handler, and Python 3.11.2 trips over __weakref__
    """A mail server's memory and its answers: ``rcpt`` by address, ``mail`` and ``data`` for all; None takes it."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, tuple[str, ...], bool]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    rcpt: dict[str, str] = field(default_factory=dict)
    mail: str | None = None
    data: str | None = None
    connections: int = 0

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]) -> list[str]:  # noqa: N802
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if self.mail:
            return self.mail
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if address in self.rcpt:
            return self.rcpt[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data:
            return self.data
        raw = envelope.content
        assert isinstance(raw, bytes)
        self.raw.append(raw)
        self.mails.append(message_from_bytes(raw, policy=modern))
        self.envelopes.append((envelope.mail_from or "", tuple(envelope.rcpt_tos), session.ssl is not None))
        return "250 queued"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"correct-horse-battery", handled=False)


@asynccontextmanager
async def mail_sink(
    *, starttls: ssl.SSLContext | None = None, implicit: ssl.SSLContext | None = None, auth: bool = False
) -> AsyncIterator[MailSink]:
    """Listen on a free port, with STARTTLS, with TLS from the start, or with neither."""
    sink, loop = MailSink(), asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(
            sink,
            hostname="sink.example",
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=auth,
            auth_require_tls=starttls is not None,
            authenticator=sink.authenticate,
            loop=loop,
        )

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        await server.wait_closed()

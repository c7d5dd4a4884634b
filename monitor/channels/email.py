"""Send messages by mail over SMTP, threaded per story.

channels:
  - {name: desk-mail, kind: email, host: mail.example.org, user: desk, password_file: smtp.pass, to: desk@example.org}

The server is reached by STARTTLS on port 587, by TLS from the start on port 465, and without either only where ``tls: off`` says so. A 4xx
answer brings the message again, a 5xx gives it up, unless it refuses us rather than the message (530, 534, 535, 538).
"""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from email.errors import HeaderParseError, InvalidHeaderDefect
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as MAIL_POLICY
from email.utils import format_datetime
from typing import Final

import aiosmtplib
import structlog
from aiosmtplib import SMTPResponse

from monitor.channels import TEMPLATE, Option, Wrong, own_template, secrets
from monitor.clock import Clock, SystemClock
from monitor.errors import ChannelBusy, ChannelError, ChannelRefused
from monitor.logs import Redactor
from monitor.model import ChannelSettings, Message, MessageFormat
from monitor.render.mail import document

_log = structlog.get_logger()

OPTIONS: Final = (
    Option(name="host", help="the mail server", is_required=True),
    Option(name="port", help="587 by default, 465 with tls: implicit, 25 with tls: off", types=(int,)),
    Option(name="tls", help="starttls, implicit or off; implicit by default on port 465", choices=("starttls", "implicit", "off")),
    Option(name="user", help="name to log in with; without it nobody logs in"),
    Option(name="password", help="the user's password", is_secret=True),
    Option(name="to", help="an address, or a list of them", types=(str, list), is_required=True),
    Option(name="from", help="address of the sender; the user or presswatch at the first recipient's domain by default"),
    Option(name="ca_file", help="PEM file of the authority that signed the server's certificate"),
    TEMPLATE,
)

_PORTS: Final = {"starttls": 587, "implicit": 465, "off": 25}
_OF_US: Final = frozenset({530, 534, 535, 538})
_TIMEOUT_S: Final = 20.0
_REMEMBERED: Final = 1_000
_POLICY: Final = MAIL_POLICY.clone(cte_type="7bit")
_ID: Final = re.compile(r"[^A-Za-z0-9.-]+")


class Channel:
    """One mailbox or several; every message is one transaction on a connection of its own."""

    format = MessageFormat.HTML
    body_limit = 0

    def __init__(self, settings: ChannelSettings, *, clock: Clock | None = None) -> None:
        options = settings.options
        self.rate_per_minute = settings.rate_per_minute
        self.template = own_template(settings)
        self._name = settings.name
        self._host = str(options["host"])
        self._tls = _tls(options)
        self._port = int(str(options.get("port", _PORTS[self._tls])))
        self._user = str(options.get("user", ""))
        self._password = str(options.get("password", ""))
        self._to = _recipients(options)
        self._from = _sender(options)
        self._ca_file = options.get("ca_file")
        self._clock = clock or SystemClock()
        self._redactor = Redactor(secrets(settings))
        self._settled: dict[str, set[str]] = {}

    async def send(self, message: Message) -> None:
        """Hand the mail to the server for every recipient it did not take or refuse for good before."""
        settled = self._settled.get(message.message_id, set())
        recipients = [r for r in self._to if r not in settled]
        mail = compose(message, sender=self._from, recipients=self._to, date=format_datetime(message.at or self._clock.now()))
        try:
            async with self._session() as server:
                refused, _ = await server.send_message(mail, sender=self._from, recipients=recipients)
        except aiosmtplib.SMTPRecipientsRefused as failure:
            refused = {r.recipient: SMTPResponse(r.code, r.message) for r in failure.recipients}
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as failure:
            raise self._error(failure) from None
        self._settle(message.message_id, recipients, refused)

    async def close(self) -> None:
        """Nothing is held."""

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """Connect and log in; part in peace where the server lets us."""
        server = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            use_tls=self._tls == "implicit",
            start_tls=self._tls == "starttls",
            tls_context=None if self._tls == "off" else ssl.create_default_context(cafile=_path(self._ca_file)),
            username=self._user or None,
            password=self._password or None,
            local_hostname=_hostname(),
            timeout=_TIMEOUT_S,
        )
        try:
            await server.connect()
            yield server
            with suppress(aiosmtplib.SMTPException, OSError):
                await server.quit(timeout=2)
        finally:
            server.close()

    def _settle(self, message_id: str, asked: Sequence[str], refused: Mapping[str, SMTPResponse]) -> None:
        """Raise where a recipient is to be tried again or all are refused; tell of those who are left out."""
        later = {r: answer for r, answer in refused.items() if answer.code < 500}
        never = {r: answer for r, answer in refused.items() if answer.code >= 500}
        for recipient, answer in never.items():
            _log.warning("mail server refused a recipient", channel=self._name, recipient=recipient, reason=self._said(answer))
        if later:
            while len(self._settled) >= _REMEMBERED:
                self._settled.pop(next(iter(self._settled)))
            self._settled.setdefault(message_id, set()).update(set(asked) - set(later))
            raise ChannelBusy(f"{_names(later)}: {self._said(next(iter(later.values())))}")
        self._settled.pop(message_id, None)
        if len(never) == len(self._to):
            raise ChannelRefused(f"{_names(never)}: {self._said(next(iter(never.values())))}")

    def _error(self, failure: Exception) -> ChannelError:
        """Tell a refusal of the message from everything that may pass."""
        where = f"{self._host}:{self._port}"
        if isinstance(failure, aiosmtplib.SMTPResponseException):
            said = self._said(SMTPResponse(failure.code, failure.message))
            if isinstance(failure, aiosmtplib.SMTPAuthenticationError) or failure.code in _OF_US:
                return ChannelBusy(f"{where} does not let us in: {said}; check user and password")
            of_message = isinstance(failure, aiosmtplib.SMTPDataError | aiosmtplib.SMTPSenderRefused)
            return (ChannelRefused if of_message and failure.code >= 500 else ChannelBusy)(f"{where} answered {said}")
        if isinstance(failure, aiosmtplib.SMTPNotSupported) or "STARTTLS extension not supported" in str(failure):
            return ChannelBusy(self._redactor.clean(f"{where}: {failure}; in a network you trust, say tls: off"))
        if isinstance(failure, TimeoutError):
            return ChannelBusy(f"{where} did not answer in time")
        return ChannelBusy(self._redactor.clean(f"{where} could not be reached: {failure}"))

    def _said(self, answer: SMTPResponse) -> str:
        return self._redactor.clean(f"{answer.code} {' '.join(str(answer.message).split())[:200]}")


def compose(message: Message, *, sender: str, recipients: Sequence[str], date: str) -> EmailMessage:
    """Write a mail: the plain form and the document, threaded under its story, recognisable as a machine's."""
    domain = sender.rpartition("@")[2]
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"] = message.title
    mail["From"] = Address("Presswatch", addr_spec=sender)
    mail["To"] = tuple(Address(addr_spec=r) for r in recipients)
    mail["Date"] = date
    mail["Message-ID"] = _message_id(message.message_id, domain)
    if message.thread:
        root = _message_id(message.thread, domain)
        mail["In-Reply-To"] = root
        mail["References"] = root
    name = _ID.sub("-", message.themes[0]).strip("-.") if message.themes else ""
    mail["List-Id"] = f"<{name[:40] or message.kind.value}.presswatch>"
    mail["Auto-Submitted"] = "auto-generated"
    text = f"{message.text}\n\n-- \n{message.footer}\n" if message.footer else f"{message.text}\n"
    mail.set_content(text)
    if message.format is MessageFormat.HTML:
        mail.add_alternative(document(message), subtype="html")
    return mail


def wrong(settings: ChannelSettings) -> Iterator[Wrong]:
    """Say what is wrong with the options' values."""
    options = settings.options
    for name, addresses in (("to", _recipients(options)), ("from", (_sender(options),))):
        for address in addresses:
            if not _is_address(address):
                yield Wrong(option=name, message=f"'{address}' is no mail address", hint="for example desk@example.org, in ASCII")
    port = options.get("port", 1)
    if not (isinstance(port, int) and 0 < port < 65_536):
        yield Wrong(option="port", message=f"{port} is no port")
    if "password" in options and not options.get("user"):
        yield Wrong(option="password", message="a password without a user", hint="name the user, or leave the password out")
    if options.get("user") and _tls(options) == "off" and not _is_local(str(options.get("host", ""))):
        yield Wrong(option="tls", message="a password would travel in the clear", hint="use starttls or implicit, or log nobody in")
    ca_file = _path(options.get("ca_file"))
    if ca_file is not None:
        try:
            ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            yield Wrong(option="ca_file", message=f"{ca_file} holds no certificates: {error.strerror or error}")


def _tls(options: Mapping[str, object]) -> str:
    return str(options.get("tls") or ("implicit" if options.get("port") == _PORTS["implicit"] else "starttls"))


def _recipients(options: Mapping[str, object]) -> tuple[str, ...]:
    to = options.get("to", ())
    return tuple(dict.fromkeys(str(r).strip() for r in ([to] if isinstance(to, str) else to if isinstance(to, Iterable) else ())))


def _sender(options: Mapping[str, object]) -> str:
    """Return the configured sender, else the user where that is an address, else presswatch at the first recipient's domain."""
    user = str(options.get("user", ""))
    first = next(iter(_recipients(options)), "")
    return str(options.get("from") or (user if "@" in user else f"presswatch@{first.rpartition('@')[2]}"))


def _is_address(text: str) -> bool:
    try:
        address = Address(addr_spec=text)
    except (HeaderParseError, InvalidHeaderDefect, ValueError, IndexError):
        return False
    return bool(address.username and address.domain) and text.isascii() and text.isprintable() and " " not in text


def _is_local(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _path(value: object) -> str | None:
    return str(value) if value else None


def _hostname() -> str:
    """Name ourselves without asking DNS, which may block."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _message_id(local: str, domain: str) -> str:
    """Return an id short enough that no header is folded inside it."""
    name = _ID.sub("-", local)
    if len(name) > 64:
        name = hashlib.sha256(local.encode()).hexdigest()[:32]
    return f"<{name}@{domain if len(domain) <= 64 else 'presswatch.invalid'}>"


def _names(answers: Mapping[str, SMTPResponse]) -> str:
    return ", ".join(list(answers)[:3]) + (f" and {len(answers) - 3} more" if len(answers) > 3 else "")

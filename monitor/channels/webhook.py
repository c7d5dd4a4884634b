"""Send messages as JSON to an HTTP endpoint, signed and safe to repeat.

channels:
  - {name: hook, kind: webhook, url_file: hook.url, secret_file: hook.key}

The body is the payload of `monitor.render.payload`. Headers: ``Idempotency-Key`` is the message's id, the same on every try;
``X-Presswatch-Signature: sha256=<hex>`` the HMAC-SHA256 of the body under ``secret``. 2xx takes the message; 429, 409, 408, 5xx and a
broken connection bring it again, no sooner than Retry-After says; 401, 403, 404 and redirects too, for they speak of the channel; any
other 4xx gives it up.
"""

from __future__ import annotations

import hashlib
import hmac
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from monitor.channels import Option, Wrong, secrets
from monitor.channels._answers import judged, retry_after
from monitor.clock import Clock, SystemClock
from monitor.errors import ChannelBusy
from monitor.logs import Redactor
from monitor.model import ChannelSettings, Message, MessageFormat

OPTIONS: Final = (
    Option(name="url", help="http or https address that takes a POST", is_required=True, is_secret=True),
    Option(name="secret", help="key of the signature; without it nothing is signed", is_secret=True),
    Option(name="authorization", help="value of the Authorization header, for example 'Bearer ...'", is_secret=True),
    Option(name="ca_file", help="PEM file of the authority that signed the endpoint's certificate"),
)

_TIMEOUT: Final = aiohttp.ClientTimeout(total=30, sock_connect=10)
_DETAIL_BYTES: Final = 200


class Channel:
    """One endpoint with a connection kept open; follows no redirect and keeps no cookie."""

    format = MessageFormat.JSON
    body_limit = 0
    template: str | None = None

    def __init__(self, settings: ChannelSettings, *, clock: Clock | None = None) -> None:
        self.rate_per_minute = settings.rate_per_minute
        self._url = str(settings.options["url"])
        self._secret = str(settings.options.get("secret", ""))
        self._authorization = str(settings.options.get("authorization", ""))
        self._ca_file = settings.options.get("ca_file")
        self._redactor = Redactor((*secrets(settings), *_parts(self._url)))
        self._clock = clock or SystemClock()
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: Message) -> None:
        """Post the payload once."""
        body = message.body.encode()
        try:
            async with self._open().post(self._url, data=body, headers=self._headers(message, body), allow_redirects=False) as answer:
                detail = "" if answer.ok else await self._detail(answer)
                error = judged(answer.status, detail=detail, retry_after_s=self._wait(answer))
        except (aiohttp.ClientError, OSError) as failure:  # TimeoutError is an OSError
            raise ChannelBusy(self._redactor.clean(_told(failure))) from None
        if error is not None:
            raise error

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            context = ssl.create_default_context(cafile=str(self._ca_file)) if self._ca_file else True
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context, limit=2, keepalive_timeout=10),
                timeout=_TIMEOUT,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Presswatch"},
            )
        return self._session

    def _headers(self, message: Message, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": message.message_id}
        if self._secret:
            headers["X-Presswatch-Signature"] = signature(self._secret, body)
        if self._authorization:
            headers["Authorization"] = self._authorization
        return headers

    async def _detail(self, answer: aiohttp.ClientResponse) -> str:
        """Return the beginning of what an endpoint says of its refusal, on one line, without our secrets."""
        said = (await answer.content.read(_DETAIL_BYTES)).decode("utf-8", "replace")
        return self._redactor.clean(" ".join("".join(c if c.isprintable() else " " for c in said).split()))

    def _wait(self, answer: aiohttp.ClientResponse) -> float | None:
        """Read Retry-After against the endpoint's own clock where it tells the time."""
        now: datetime | None = None
        with suppress(TypeError, ValueError):
            now = parsedate_to_datetime(answer.headers.get("Date", ""))
        return retry_after(answer.headers.get("Retry-After"), now=now if now and now.tzinfo else self._clock.now())


def signature(secret: str, body: bytes) -> str:
    """Return the value of X-Presswatch-Signature; receivers compare it in constant time."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def wrong(settings: ChannelSettings) -> Iterator[Wrong]:
    """Say what is wrong with the options' values."""
    url = settings.options.get("url")
    if url is not None and not _is_web(str(url)):
        yield Wrong(option="url", message="the url of a webhook begins with https:// or http:// and a host", hint="nothing was sent to it")
    authorization = str(settings.options.get("authorization", ""))
    if not authorization.isprintable():
        yield Wrong(option="authorization", message="authorization is one line of printable characters")
    ca_file = settings.options.get("ca_file")
    if ca_file is not None:
        try:
            ssl.create_default_context(cafile=str(ca_file))
        except OSError as error:  # ssl.SSLError is one
            yield Wrong(option="ca_file", message=f"{ca_file} holds no certificates: {error.strerror or error}")


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0 and url.isprintable() and " " not in url
    except ValueError:
        return False


def _parts(url: str) -> tuple[str, ...]:
    """Return what is secret of an address: path and query, for many services put their token there."""
    parts = urlsplit(url)
    return tuple(p for p in (parts.path, parts.query, parts.password or "") if len(p) > 1)


def _told(failure: BaseException) -> str:
    if isinstance(failure, TimeoutError):
        return "did not answer in time"
    return f"could not be reached: {str(failure) or type(failure).__name__}"

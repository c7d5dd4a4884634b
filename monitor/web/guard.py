"""Who may ask what: one decision for every request, made before any page is thought of; what is not allowed is refused."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

OPEN: Final = frozenset({"/healthz", "/readyz", "/style.css"})
"""What answers everybody: probes cannot send a token, and the style tells nothing. Metrics name outlets and themes, so they do not."""
ENTRY: Final = "/token"
"""Where the token is handed in for a cookie."""
COOKIE: Final = "presswatch"
_READING: Final = frozenset({"GET", "HEAD"})
_LABEL: Final = b"presswatch cookie 1"
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PAGE_POLICY: Final = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
"""Of a page: its own style and its own forms, and nothing else; no script runs, whatever a headline says."""


class Answer(Enum):
    """What a request gets."""

    PASS = auto()
    NEEDS_TOKEN = auto()
    WRONG_HOST = auto()
    WRONG_ORIGIN = auto()
    WRONG_METHOD = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How the pages are reached: on this machine alone or not, by which ``token``, under which public address."""

    is_loopback: bool
    token: str | None = None
    public_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a request decides. ``is_signed``: it carries a signature that is good for just what it asks."""

    method: str
    path: str
    host: str
    origin: str | None = None
    authorization: str | None = None
    cookie: str | None = None
    is_signed: bool = False


def answer(door: Door, asked: Asked) -> Answer:
    """Decide about one request."""
    if asked.path in OPEN and asked.method in _READING:
        return Answer.PASS
    if door.token is None and not (door.is_loopback and is_our_host(door, asked.host)):
        # Without a token only the address protects us: a name that was bound to this machine by somebody else must not open it.
        return Answer.WRONG_HOST
    if asked.method not in {*_READING, "POST"}:
        return Answer.WRONG_METHOD
    if asked.method == "POST" and not is_our_origin(door, asked.origin, asked.host):
        return Answer.WRONG_ORIGIN
    if asked.is_signed or asked.path == ENTRY or door.token is None or knows(door.token, asked):
        return Answer.PASS
    return Answer.NEEDS_TOKEN


def is_our_host(door: Door, host: str) -> bool:
    """Say whether a Host header names this machine, or the public address."""
    return _is_loopback(_name(host)) or host.lower() in _public(door)


def is_our_origin(door: Door, origin: str | None, host: str) -> bool:
    """Say whether a form was sent by a page of ours: a browser always says where a POST comes from."""
    if not origin or origin == "null":
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"}:
        return False
    return parts.netloc.lower() in {host.lower(), *_public(door)}


def knows(token: str, asked: Asked) -> bool:
    """Say whether the token came with a request, as a bearer's, as a password or as our cookie; takes the same time either way."""
    scheme, _, given = (asked.authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return is_token(token, given.strip())
    if scheme.lower() == "basic":
        return is_token(token, _password(given.strip()))
    return hmac.compare_digest(_bytes(asked.cookie or ""), _bytes(cookie(token)))


def is_token(token: str, given: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(sha256(_bytes(given)).digest(), sha256(_bytes(token)).digest())


def cookie(token: str) -> str:
    """Return what the browser keeps instead of the token; a new token makes it worthless."""
    return hmac.new(_bytes(token), _LABEL, sha256).hexdigest()


def own_path(path: str) -> str:
    """Return a path of ours to go on to, ``/`` for whatever may lead elsewhere."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


def _public(door: Door) -> Collection[str]:
    """The public address as a Host header says it, with and without the port that goes without saying."""
    if not door.public_url:
        return ()
    parts = urlsplit(door.public_url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = parts.port or usual
    return {f"{host}:{port}", *([host] if port == usual else [])}


def _name(host: str) -> str:
    """A Host header without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _password(given: str) -> str:
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")

"""Send messages through Apprise to the services it knows; the only importer of apprise.

channels:
  - {name: newsdesk, kind: apprise, url_file: telegram.url}

One URL, one target, so that a target that fails never repeats the others. Apprise tells no status and no Retry-After: the reason of a
failure is read from its log. Success of ``xmpp://`` is no proof, Apprise reports it even where nothing was sent.
"""

from __future__ import annotations

import difflib
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

with warnings.catch_warnings():  # some of its 150 plugins import modules on their way out of Python
    warnings.simplefilter("ignore")
    import apprise
    from apprise.manager_plugins import NotificationManager

    _SCHEMAS: Final = frozenset(NotificationManager().schemas())

from monitor.channels import TEMPLATE, Option, Wrong, own_template
from monitor.channels._answers import judged
from monitor.channels._lane import Lane
from monitor.errors import ChannelBusy, ConfigError, Problem
from monitor.logs import Redactor
from monitor.model import ChannelSettings, DeliveryKind, Message, MessageFormat, Severity
from monitor.render.clean import BREAK, length

OPTIONS: Final = (Option(name="url", help="an Apprise URL, for example tgram://...", is_required=True, is_secret=True), TEMPLATE)

_HTML = frozenset({"tgram", "matrix", "matrixs", "mailto", "mailtos"})
_MARKDOWN = frozenset({"discord", "slack", "mmost", "mmosts", "gchat", "workflow", "workflows", "msteams", "rocket", "rockets", "dingtalk"})
"""How a service really shows text, whatever it declares; Mattermost says text and renders Markdown. All others get plain text."""

_PARAGRAPHS = frozenset({"workflow", "workflows", "msteams", "dingtalk"})
"""Services that run lines together unless an empty one stands between."""

_ESCAPES_SHOW = frozenset({"slack", "gchat"})
"""Services whose markup knows no backslash: their converters leave it in, where readers see it."""

_PER_MINUTE: Final = {"tgram": 20.0, "discord": 30.0, "slack": 60.0, "gchat": 60.0, "workflows": 60.0, "wecombot": 20.0, "dingtalk": 20.0}
"""What a service takes of one sender, by its documentation."""

_BYTES = frozenset({"wecombot", "feishu", "lark", "dingtalk"})
"""Services that count bytes; a Chinese character is three."""

_LONGEST_CHAT = 4_000
_CONNECT_S, _READ_S = 5.0, 15.0
_STATUS = re.compile(r"\berror=(\d{3})\b")
_BOLD = re.compile(r"(?<!\\)(\*(?:\\.|[^*\n\\])+\*)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_PLAIN_KEYS = frozenset({"format", "overflow", "verify", "redirect", "mode", "image", "store", "emojis", "rto", "cto", "tz"})
_LEAKS = ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib", "slixmpp", "paho")
"""Loggers that write tokens or whole requests at DEBUG."""


class Channel:
    """One Apprise object with one target; a thread of its own per message, at most one at a time."""

    def __init__(self, settings: ChannelSettings) -> None:
        url = str(settings.options["url"])
        self._redactor = Redactor(_tokens(url))
        _hush(_tokens(url))
        plugin = _plugin(url)
        if plugin is None:
            place = settings.place
            raise ConfigError([Problem(place=place.file if place else "", line=place.line if place else 1, column=1, message=_UNREADABLE)])
        self._schemas = frozenset(plugin.schemas())
        self.format, self._declared = _formats(plugin, self._schemas)
        self.body_limit = _limit(plugin, self._schemas)
        self.rate_per_minute = settings.rate_per_minute or next((_PER_MINUTE[s] for s in self._schemas if s in _PER_MINUTE), None)
        self.template = own_template(settings)
        self._title_limit = int(plugin.title_maxlen) if self.format is MessageFormat.TEXT else 0
        self._apprise: Any = apprise.Apprise(asset=_asset())
        self._apprise.add(_tamed(plugin, self._schemas))
        self._lane: Lane[tuple[bool, str]] = Lane(settings.name)

    async def send(self, message: Message) -> None:
        """Notify once; raises what the log says of a failure."""
        taken, said = await self._lane.run(message.message_id, lambda: self._notify(message))
        if taken:
            return
        said = self._redactor.clean(said)
        found = _STATUS.search(said)
        error = judged(int(found[1]), detail=said) if found else None
        raise error or ChannelBusy(said or "apprise gave no reason")

    async def close(self) -> None:
        """Nothing is held; a call that hangs ends with the process."""

    def _notify(self, message: Message) -> tuple[bool, str]:
        """Send in the calling thread; return whether it was taken, and what Apprise logged where it was not."""
        title, body = self._parts(message)
        loud = message.severity is Severity.HIGH or message.kind is DeliveryKind.NOTICE
        result = self._apprise.notify(
            body=body,
            title=title,
            body_format=self._declared,
            notify_type=apprise.NotifyType.WARNING if loud else apprise.NotifyType.INFO,
        )
        with result:
            said = [str(entry.message) for entry in result.logs() if entry.level in {"WARNING", "ERROR", "CRITICAL"}]
            return bool(result), " ".join(" ".join(dict.fromkeys(said)).split())[:300]

    def _parts(self, message: Message) -> tuple[str, str]:
        """Give the first line its own field where the service has one that holds it."""
        body = message.body
        if self._schemas & _PARAGRAPHS:
            body = re.sub(r"[ ]*\n+", "\n\n", body)
        first, _, rest = body.partition("\n")
        if rest.strip() and 0 < length(first) <= self._title_limit:
            return first, rest.lstrip("\n")
        return "", body


_UNREADABLE = "apprise cannot read this url"


def wrong(settings: ChannelSettings) -> Iterator[Wrong]:
    """Say what is wrong with the URL, without showing it."""
    url = str(settings.options["url"])
    _hush(_tokens(url))
    schema, known = url.partition("://")[0].lower(), _SCHEMAS
    plugin = _plugin(url)
    if plugin is None:
        if missing := _missing(schema):
            yield Wrong(
                option="url",
                message=f"{schema}:// needs {missing}, which is not installed",
                hint=f"pip install '{missing}' into Presswatch's environment",
            )
            return
        near = difflib.get_close_matches(schema, known, n=1) if schema not in known else []
        hint = f"did you mean '{near[0]}://'?" if near else "see the service's page in Apprise's documentation"
        what = _UNREADABLE if schema in known else f"{_UNREADABLE}: it knows no service of that name"
        yield Wrong(option="url", message=what, hint=hint)
    elif _targets(plugin) > 1:
        yield Wrong(
            option="url",
            message=f"this url addresses {_targets(plugin)} targets",
            hint="write one channel for each, so that one that fails does not repeat the others",
        )


def _missing(schema: str) -> str:
    """Return the package that a service of Apprise's wants and that is not there, empty where that is not what is wrong."""
    plugin = NotificationManager()[schema] if schema in _SCHEMAS else None
    wanted = plugin.requirements.get("packages_required", "") if plugin is not None and not plugin.enabled else ""
    return "".join(str(wanted[0] if isinstance(wanted, list | tuple) else wanted).split())


def _targets(plugin: Any) -> int:
    plugin.retry = 0  # its length counts every retry as a target
    return len(plugin)


def _plugin(url: str) -> Any | None:
    with suppress(TypeError, ValueError):
        return apprise.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
    return None


def _asset() -> Any:
    """Speak as ourselves: no icons from elsewhere, nothing kept on disk, no threads and no patience of Apprise's own."""
    return apprise.AppriseAsset(
        app_id="Presswatch",
        app_desc="Presswatch",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        storage_mode="memory",
        service_timeout=0,
        allow_templates=False,
        timezone="UTC",
        language="en",
    )


def _formats(plugin: Any, schemas: frozenset[str]) -> tuple[MessageFormat, str]:
    """Return the format we write and the one we declare, which is the plugin's own, so that nothing is converted."""
    offered = [f.value for f in plugin._formats()]  # noqa: SLF001 - the public attribute may be one, a tuple or a list
    asked = getattr(plugin, "_format_override", None)
    if asked is not None and asked.value in offered:
        chosen = MessageFormat(asked.value)
    elif schemas & _HTML:
        chosen = MessageFormat.HTML
    elif schemas & _MARKDOWN:
        chosen = MessageFormat.MARKDOWN
    else:
        chosen = MessageFormat.TEXT if "text" in offered else MessageFormat(offered[0])
    return chosen, chosen.value if chosen.value in offered else offered[0]


def _limit(plugin: Any, schemas: frozenset[str]) -> int:
    """Return the longest body that is surely taken and still reads as a chat message."""
    most = int(plugin.body_maxlen)
    if schemas & _BYTES:
        most //= 3
    if schemas & _PARAGRAPHS:
        most -= 20
    return most if schemas & {"mailto", "mailtos"} else min(most, _LONGEST_CHAT)


def _tamed(plugin: Any, schemas: frozenset[str]) -> Any:
    """Take from the plugin what is ours: rate, retries, redirects, and whom it pings."""
    plugin.request_rate_per_sec = 0
    plugin.retry = 0
    plugin.optional = False  # ?optional=yes would call a failure a success
    plugin.redirects = False
    for name, value in (("socket_connect_timeout", _CONNECT_S), ("socket_read_timeout", _READ_S)):
        if name not in vars(plugin) or getattr(plugin, name) == getattr(type(plugin), name):
            setattr(plugin, name, value)
    if "discord" in schemas and not plugin.ping:
        plugin.ping_payload = _nobody  # it would collect pings from the text of an article
        plugin._send = _unpinged(plugin._send)  # noqa: SLF001 - the one place where the payload passes
    if schemas & _ESCAPES_SHOW:
        plugin.dialect_convert = _unescaped(plugin.dialect_convert)
    return plugin


def _nobody(*_: str) -> dict[str, object]:
    """Ping nobody."""
    return {}


def _unpinged(send: Callable[..., bool]) -> Callable[..., bool]:
    """Tell Discord to parse no mentions; Apprise writes another key, which Discord ignores."""

    def quiet(payload: dict[str, object], *args: object, **kwargs: object) -> bool:
        return send({**payload, "allowed_mentions": {"parse": []}}, *args, **kwargs)

    return quiet


def _unescaped(convert: Callable[..., str]) -> Callable[..., str]:
    """Put a break where a backslash would show, and beside bold, which is no bold between two Chinese characters without one."""

    def converted(*args: object, **kwargs: object) -> str:
        text = _BOLD.sub(rf"{BREAK}\1{BREAK}", convert(*args, **kwargs))
        return _ESCAPED.sub(rf"{BREAK}\1{BREAK}", text)

    return converted


# ---- what must not be seen


class _Redacting(logging.Filter):
    """Cleans what Apprise logs before any handler sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.redactor = Redactor()

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.redactor.clean(record.getMessage()), ()
        return True


def _hush(tokens: Sequence[str]) -> None:
    """Keep loggers that leak at DEBUG from it, and tokens out of what they say above."""
    for name in _LEAKS:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO))
    logger = logging.getLogger("apprise")
    found = next((f for f in logger.filters if isinstance(f, _Redacting)), None)
    if found is None:
        found = _Redacting()
        logger.addFilter(found)
    found.redactor.learn(tokens)


def _tokens(url: str) -> Sequence[str]:
    """Return every piece of an Apprise URL that may be a secret; a host with a dot is none."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    pieces = [url, *re.split(r"[/,;]", parts.path), *re.split(r"[:@]", parts.netloc.rpartition("@")[0]), parts.fragment]
    pieces += [value for key, value in parse_qsl(parts.query) if key.lower() not in _PLAIN_KEYS]
    if "." not in host and not host.startswith("localhost"):
        pieces += [host, *host.split(":")]
    return [p for piece in pieces for p in {piece, unquote(piece)} if len(p) >= 6]

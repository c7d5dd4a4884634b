"""Channels as the command line meets them: made of a URL a person pasted, checked, and tried with a test message."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import click

from monitor.cli.given import Given
from monitor.errors import ChannelBusy, ConfigError

if TYPE_CHECKING:
    from monitor.channels import Channel
    from monitor.config.settings import Settings
    from monitor.model import ChannelSettings

_NAMES: Final = {"tgram": "telegram", "https": "webhook", "http": "webhook", "mailtos": "mail", "mailto": "mail", "msteams": "teams"}
_HERE: Final = ("stdout", "terminal", "-")
_TEST_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChannel:
    """A channel about to be written into the settings; the secret goes into a file of its own."""

    name: str
    kind: str
    secret: str | None = None


def channel_of(target: str, taken: Collection[str]) -> NewChannel:
    """Make a channel of what a person pasted: a URL of a chat, a webhook, or ``stdout``."""
    said = target.strip()
    if said in _HERE:
        return NewChannel(name=_free("terminal", taken), kind="stdout")
    scheme, separator, _rest = said.partition("://")
    if not separator or not scheme.isascii() or not scheme.replace("+", "").replace("-", "").isalnum():
        hint = "a URL such as tgram://token/chat, https://hook.example/… or mailtos://user:password@mail.example?to=you@mail.example"
        raise click.UsageError(f"'{said}' is neither a channel in the settings nor a URL; write {hint}, or a channel's name")
    kind = "webhook" if scheme in {"http", "https"} else "apprise"
    return NewChannel(name=_free(_NAMES.get(scheme, scheme), taken), kind=kind, secret=said)


def _free(name: str, taken: Collection[str]) -> str:
    return next(found for number in range(1, 1000) if (found := name if number == 1 else f"{name}-{number}") not in taken)


def check_channels(settings: Settings) -> None:
    """Raise ConfigError where a channel's own keys are wrong."""
    from monitor import channels  # noqa: PLC0415 - what sends is paid for only by those who send

    found = [problem for channel in settings.channels for problem in channels.check(channel)]
    if found:
        raise ConfigError(found)


def send_test(given: Given, settings: Settings, channel: ChannelSettings) -> None:
    """Send one test message and say how it went; raises what the channel raised."""
    from monitor import channels  # noqa: PLC0415 - what sends is paid for only by those who send

    check_channels(replace(settings, channels=(channel,)))
    try:
        asyncio.run(asyncio.wait_for(_send(given, settings, channels.load(channel)), _TEST_S))
    except TimeoutError as error:
        raise ChannelBusy(f"did not take the message within {_TEST_S:g} s") from error
    click.echo(f"{channel.name}: test message sent", err=True)


async def _send(given: Given, settings: Settings, channel: Channel) -> None:
    from monitor.model import Brief, Delivery, DeliveryKind, DeliveryStatus  # noqa: PLC0415 - what sends is paid for only by those who send
    from monitor.render.message import message  # noqa: PLC0415

    now = given.clock.now()
    delivery = Delivery(
        channel="test",
        subscription_id="",
        kind=DeliveryKind.TEST,
        status=DeliveryStatus.PENDING,
        due_at=now,
        created_at=now,
        message_id=f"test-{now:%Y%m%dT%H%M%S%f}",
    )
    try:
        await channel.send(message(Brief(delivery=delivery, timezone=settings.timezone), channel.format, channel.body_limit))
    finally:
        await channel.close()

"""Channels and subscriptions, and whether what they refer to is there."""

from __future__ import annotations

from collections.abc import Collection

from monitor.config import build, models
from monitor.config import yaml12 as yaml
from monitor.config.gather import Found
from monitor.config.problems import did_you_mean, one_of
from monitor.config.reading import Reading
from monitor.model import ChannelSettings, Subscription, Theme

TERMINAL = "terminal"


def routes(
    document: yaml.Document, model: models.PresswatchModel, themes: Found[Theme], timezone: str, reading: Reading
) -> tuple[tuple[ChannelSettings, ...], tuple[Subscription, ...]]:
    """Build channels and subscriptions; with neither, everything goes to the terminal."""
    if not model.channels and not model.subscriptions:
        everything = Subscription(subscription_id=TERMINAL, channel=TERMINAL, themes=("*",), timezone=timezone)
        return (ChannelSettings(name=TERMINAL, kind="stdout"),), (everything,)
    channels = _channels(document, model, reading)
    subscriptions: dict[str, Subscription] = {}
    for index, wish in enumerate(model.subscriptions):
        at: yaml.Path = ("subscriptions", index)
        _check(document, at, wish, list(channels), themes, reading)
        built = build.subscription(wish, document, at, order=index, timezone=timezone)
        if built.subscription_id in subscriptions:
            first = subscriptions[built.subscription_id].place
            reading.say(document.at(at, f"the same subscription is there already: {first}", "keep one of them, or give both a name"))
        subscriptions.setdefault(built.subscription_id, built)
    return tuple(channels.values()), tuple(subscriptions.values())


def _channels(document: yaml.Document, model: models.PresswatchModel, reading: Reading) -> dict[str, ChannelSettings]:
    channels: dict[str, ChannelSettings] = {}
    for index, block in enumerate(model.channels):
        at: yaml.Path = ("channels", index)
        if block.name in channels:
            first = channels[block.name].place
            reading.say(document.at((*at, "name"), f"'{block.name}' is there already: {first}", "give one of them another name"))
        channels.setdefault(block.name, build.channel(block, document, at, reading))
    return channels


def _check(
    document: yaml.Document,
    at: yaml.Path,
    wish: models.SubscriptionModel,
    channels: Collection[str],
    themes: Found[Theme],
    reading: Reading,
) -> None:
    if wish.to not in channels:
        hint = did_you_mean(wish.to, channels) or (f"channels: {one_of(channels)}" if channels else "name it under channels")
        reading.say(document.at((*at, "to"), f"there is no channel '{wish.to}'", hint))
    unknown = [] if not themes.is_whole else [i for i, theme in enumerate(wish.themes) if theme != "*" and theme not in themes.ids]
    for index in unknown:
        known = sorted(themes.ids)
        hint = did_you_mean(wish.themes[index], known) or (f"themes: {one_of(known)}" if known else "write it into themes.yaml")
        reading.say(document.at((*at, "themes", index), f"there is no theme '{wish.themes[index]}'", hint))
    if not wish.themes and not wish.notices:
        reading.say(document.at(at, "a subscription wants themes or notices", 'themes: ["*"] wants all'))

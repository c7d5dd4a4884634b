"""Where messages go: one file per kind, named like the kind, and the contract they share.

A kind's module holds ``OPTIONS``, a class ``Channel`` made from `ChannelSettings`, and ``wrong``, which says what is wrong with values
that have the right type. ``kind: webhook`` loads ``monitor/channels/webhook.py``; nothing is registered anywhere.
"""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol, cast

from monitor.errors import ConfigError, Problem
from monitor.model import ChannelSettings, Message, MessageFormat
from monitor.render.template import flaws


class Channel(Protocol):
    """Takes messages written in ``format``, at most ``body_limit`` characters long (0: any length).

    ``rate_per_minute`` is how many messages a minute the service takes, None where that is nobody's concern; ``template`` a person's own
    layout of a message on one story, None for ours.
    """

    format: MessageFormat
    body_limit: int
    rate_per_minute: float | None
    template: str | None

    async def send(self, message: Message) -> None:
        """Return once the message is taken; raise ChannelBusy to be asked again, ChannelRefused to be given up."""

    async def close(self) -> None:
        """Let go of connections; safe to call twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One key of a channel kind. ``types`` are what its value may be; a secret may be given as ``<name>_file``."""

    name: str
    help: str
    types: tuple[type, ...] = (str,)
    is_required: bool = False
    is_secret: bool = False
    choices: tuple[str, ...] = ()


TEMPLATE: Final = Option(name="template", help="template_file names a layout of your own for a message on one story")
"""For kinds whose messages people read; ``template_file`` is read where settings are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is wrong with the value of one option."""

    option: str
    message: str
    hint: str | None = None


class Kind(Protocol):
    """What a kind's module offers."""

    OPTIONS: tuple[Option, ...]

    def Channel(self, settings: ChannelSettings) -> Channel: ...  # noqa: N802 - the module's class, seen as what makes a channel
    def wrong(self, settings: ChannelSettings) -> Iterable[Wrong]: ...


def kinds() -> tuple[str, ...]:
    """Return the kinds there are."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def options(kind: str) -> tuple[Option, ...]:
    """Return the keys of a kind beside ``name``, ``kind`` and ``rate_per_minute``."""
    return _module(kind).OPTIONS


def load(settings: ChannelSettings) -> Channel:
    """Make a channel; raises ConfigError with all problems of its settings."""
    if problems := check(settings):
        raise ConfigError(problems)
    return _module(settings.kind).Channel(settings)


def check(settings: ChannelSettings) -> list[Problem]:
    """Return everything wrong with a channel's settings; connects to nothing."""
    if settings.kind not in kinds():
        return [_problem(settings, Wrong(option="kind", message=f"'{settings.kind}' is no kind of channel", hint=_near(settings.kind)))]
    module = _module(settings.kind)
    found = list(_misfits(settings, module.OPTIONS))
    if not found and all(o.name in settings.options for o in module.OPTIONS if o.is_required):
        found = [*_flaws(settings), *module.wrong(settings)]
    return [_problem(settings, w) for w in found]


def secrets(settings: ChannelSettings) -> tuple[str, ...]:
    """Return the values that must never be shown."""
    return tuple(str(settings.options[o.name]) for o in options(settings.kind) if o.is_secret and o.name in settings.options)


def _module(kind: str) -> Kind:
    return cast("Kind", import_module(f"{__name__}.{kind}"))


def _misfits(settings: ChannelSettings, known: tuple[Option, ...]) -> Iterator[Wrong]:
    """Yield unknown keys, missing keys and values of the wrong type or choice."""
    names = {o.name for o in known}
    for name in settings.options:
        if name not in names:
            yield Wrong(option=name, message=f"kind {settings.kind} has no key '{name}'", hint=_closest(name, names))
    for option in known:
        value = settings.options.get(option.name)
        if value is None:
            if option.is_required and option.name not in settings.option_places:
                twin = f" or {option.name}_file" if option.is_secret else ""
                yield Wrong(option=option.name, message=f"channel '{settings.name}' needs {option.name}{twin}", hint=option.help)
        elif not _fits(value, option.types):
            yield Wrong(option=option.name, message=f"{option.name} cannot be {_said(value, option)}", hint=option.help)
        elif option.choices and value not in option.choices:
            yield Wrong(option=option.name, message=f"'{value}' is no {option.name}; use {', '.join(option.choices)}")


def _flaws(settings: ChannelSettings) -> Iterator[Wrong]:
    """Yield what is wrong with a layout of one's own, with the line in its file."""
    template = settings.options.get("template") if TEMPLATE in options(settings.kind) else None
    for flaw in flaws(str(template)) if template is not None else ():
        yield Wrong(option="template", message=f"line {flaw.line} of the template: {flaw.message}", hint=flaw.hint)


def own_template(settings: ChannelSettings) -> str | None:
    """Return the layout a channel's settings ask for."""
    template = settings.options.get("template")
    return None if template is None else str(template)


def _fits(value: object, types: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in types
    if isinstance(value, list | tuple):
        return list in types and bool(value) and all(isinstance(v, str) for v in value)
    return isinstance(value, types)


def _said(value: object, option: Option) -> str:
    return "empty or of another type" if option.is_secret else repr(value)


def _near(kind: str) -> str:
    return _closest(kind, kinds()) or f"kinds: {', '.join(kinds())}"


def _closest(word: str, known: Iterable[str]) -> str | None:
    found = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean '{found[0]}'?" if found else None


def _problem(settings: ChannelSettings, wrong: Wrong) -> Problem:
    place = settings.option_places.get(wrong.option) or settings.place
    return Problem(
        place=place.file if place else f"channel {settings.name}",
        line=place.line if place else 1,
        column=place.column if place else 1,
        message=wrong.message,
        hint=wrong.hint,
        code="channel",
    )

"""Print messages on the terminal: no account, no key.

channels:
  - {name: terminal, kind: stdout}
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final, TextIO

from monitor.channels import Option, Wrong
from monitor.channels._lane import Lane
from monitor.errors import ChannelBusy
from monitor.model import ChannelSettings, Message, MessageFormat

OPTIONS: Final = (
    Option(name="color", help="auto, always or never; auto is a terminal that shows colours", choices=("auto", "always", "never")),
)


class Channel:
    """Writes one message after another, an empty line between them."""

    format = MessageFormat.TEXT
    body_limit = 0

    def __init__(self, settings: ChannelSettings, *, out: TextIO | None = None) -> None:
        self.rate_per_minute = settings.rate_per_minute
        self._color = str(settings.options.get("color", "auto"))
        self._out = out
        self._lane: Lane[None] = Lane(settings.name)

    async def send(self, message: Message) -> None:
        """Print; a full pipe blocks a thread, not the loop."""
        out = self._out or sys.stdout
        try:
            text = self._dressed(message.body, out)
            await self._lane.run(message.message_id, lambda: _write(out, text))
        except (OSError, ValueError) as error:  # a closed pipe, a closed file
            raise ChannelBusy(f"standard output takes nothing: {error}") from error

    async def close(self) -> None:
        """Nothing is held."""

    def _dressed(self, body: str, out: TextIO) -> str:
        if not (self._color == "always" or (self._color == "auto" and out.isatty())):
            return f"{body}\n\n"
        first, *rest = body.split("\n")
        return "\n".join([f"\x1b[1m{first}\x1b[0m", *(f"\x1b[2m{r}\x1b[0m" if r.startswith("http") else r for r in rest)]) + "\n\n"


def wrong(_settings: ChannelSettings) -> Iterator[Wrong]:
    """Say what is wrong with the options' values: nothing can be."""
    return iter(())


def _write(out: TextIO, text: str) -> None:
    out.write(text)
    out.flush()

"""Print messages on the terminal: no account, no key.

channels:
  - {name: terminal, kind: stdout}
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from typing import Final, TextIO

from wcwidth import wcswidth

from monitor.channels import TEMPLATE, Option, Wrong, own_template
from monitor.channels._lane import Lane
from monitor.errors import ChannelBusy
from monitor.model import ChannelSettings, Message, MessageFormat

OPTIONS: Final = (
    Option(name="color", help="auto, always or never; auto is a terminal that shows colours", choices=("auto", "always", "never")),
    TEMPLATE,
)

_PIECE: Final = re.compile(r"\s*[^\s\u2E80-\uA4CF\uAC00-\uD7AF\uF900-\uFAFF\uFF00-\uFFEF]+|\s*[^\s]|\s+$")
"""What is never broken: a word with the space before it, or one character of a script that needs no spaces."""

_HEAD: Final = re.compile(r" *(?:\d+\. )?")


class Channel:
    """Writes one message after another, an empty line between them."""

    format = MessageFormat.TEXT
    body_limit = 0

    def __init__(self, settings: ChannelSettings, *, out: TextIO | None = None) -> None:
        self.rate_per_minute = settings.rate_per_minute
        self.template = own_template(settings)
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
        """Fold lines to a terminal's width, between words, and show the headline and the addresses for what they are."""
        is_terminal = out.isatty()
        width = shutil.get_terminal_size().columns if is_terminal else 0
        first, *rest = ["\n".join(folded(row, width)) if width else row for row in body.split("\n")]
        if self._color == "always" or (self._color == "auto" and is_terminal):
            first = f"\x1b[1m{first}\x1b[0m"
            rest = [f"\x1b[2m{row}\x1b[0m" if row.lstrip().startswith("http") else row for row in rest]
        return "\n".join([first, *rest]) + "\n\n"


def folded(row: str, width: int) -> list[str]:
    """Break a line between words to fit a width in cells, Chinese anywhere; what follows keeps the indent, an address stays whole."""
    head = _HEAD.match(row)
    indent = " " * (len(head[0]) if head else 0)
    lines = [""]
    for piece in _PIECE.findall(row):
        if lines[-1] and wcswidth(lines[-1] + piece.rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append(indent + piece.lstrip())
        else:
            lines[-1] += piece
    return lines


def wrong(_settings: ChannelSettings) -> Iterator[Wrong]:
    """Say what is wrong with the options' values: nothing can be."""
    return iter(())


def _write(out: TextIO, text: str) -> None:
    out.write(text)
    out.flush()

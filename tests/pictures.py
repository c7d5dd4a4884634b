"""Draws the pictures of the docs: ``python -m tests.pictures`` writes docs/pictures/demo.svg, seen on a real terminal, and line.svg."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from wcwidth import wcswidth, wcwidth

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
COLUMNS, LINES, SECONDS = 100, 44, 20.0
CELL_W, CELL_H = 8.4, 19.0
_STYLE = re.compile(r"\x1b\[(\d*)m")
_CLASSES = {"0": "", "": "", "1": "b", "2": "d"}

_TERMINAL = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.0f} {h:.0f}" role="img" aria-label="{title}">
<style>
text {{ font: 14px "DejaVu Sans Mono", "Noto Sans Mono CJK SC", Menlo, Consolas, monospace; fill: #d3d7cf; white-space: pre }}
.b {{ fill: #fff; font-weight: bold }} .d {{ fill: #8a9199 }} .p {{ fill: #8ae234 }}
</style>
<rect width="100%" height="100%" rx="8" fill="#1b1e23"/>
{body}
</svg>
"""


def demo() -> str:
    """Run the demonstration on a terminal and draw what it says first."""
    said = [("$ ./dev run --demo", "p"), *((line, "") for line in seen([str(Path(sys.executable).parent / "presswatch"), "run", "--demo"]))]
    while len(said) > LINES or not said[-1][0].strip():
        said.pop()
    body = "\n".join(text for row, (line, style) in enumerate(said) for text in _row(line, style, row))
    return _TERMINAL.format(w=COLUMNS * CELL_W + 32, h=len(said) * CELL_H + 32, title="presswatch run --demo on a terminal", body=body)


def seen(command: list[str]) -> list[str]:
    """Return the lines a command writes to a terminal until it is interrupted."""
    with tempfile.TemporaryDirectory() as home:
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(HOME=home, TERM="xterm-256color", LANG="C.UTF-8")
            os.execv(command[0], command)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        out, over = b"", time.monotonic() + SECONDS
        while time.monotonic() < over:
            if select.select([terminal], [], [], 0.2)[0]:
                out += os.read(terminal, 65536)
        os.kill(pid, signal.SIGINT)
        os.waitpid(pid, 0)
    return [folded for line in out.decode().replace("\r\n", "\n").split("\n") for folded in _folded(line)]


def _folded(line: str) -> Iterator[str]:
    """Break a line where a terminal would."""
    if wcswidth(_STYLE.sub("", line)) <= COLUMNS:
        yield line
        return
    kept = ""
    for character in line:  # lines that are too long hold no styles
        if wcswidth(kept + character) > COLUMNS:
            yield kept
            kept = ""
        kept += character
    yield kept


def _row(line: str, style: str, row: int) -> Iterator[str]:
    """Draw one line: a text for each run of one style and one width of characters, so that cells stay aligned in every font."""
    column = 0
    for text, shown in _runs(line, style):
        cells = wcswidth(text)
        if not text.isspace():
            place = f'x="{16 + column * CELL_W:.1f}" y="{30 + row * CELL_H:.0f}" textLength="{cells * CELL_W:.1f}"'
            yield f'<text {place} lengthAdjust="spacingAndGlyphs"{f" class={chr(34)}{shown}{chr(34)}" if shown else ""}>{escape(text)}</text>'
        column += cells


def _runs(line: str, style: str) -> Iterator[tuple[str, str]]:
    pieces = _STYLE.split(line)
    for number, piece in enumerate(pieces):
        if number % 2:
            style = _CLASSES.get(piece, "")
            continue
        printable = "".join(c for c in piece if wcwidth(c) >= 0)
        for run in re.findall(r"[\u2e80-\uffef]+| {2,}|(?:(?! {2})[^\u2e80-\uffef])+", printable):
            yield run, style


@dataclass(frozen=True, slots=True)
class Stage:
    """One word of the straight line: who makes it, and where it is kept."""

    word: str
    made: tuple[str, str]
    kept: str


STAGES = (
    Stage("entry", ("a source is polled", "when it pays most"), "polls, entries"),
    Stage("page", ("the spider fetches,", "politely, guarded"), ""),
    Stage("article", ("a child process", "reads it"), "articles, texts"),
    Stage("match", ("rules find names", "and evidence"), "mentions, matches"),
    Stage("story", ("one event, many", "outlets, languages"), "stories"),
    Stage("alert", ("did the world", "change? and why"), "alerts, decisions"),
    Stage("delivery", ("the outbox, until", "a channel took it"), "deliveries"),
)
_LINE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1010 240" role="img" aria-label="entry, page, article, match, story, alert, delivery">
<style>
text {{ font: 12px system-ui, sans-serif; fill: #24292f; text-anchor: middle }}
.w {{ font-weight: 600; font-size: 16px }} .k {{ font: 11px ui-monospace, monospace; fill: #57606a }} .t {{ fill: #57606a; font-style: italic }}
rect {{ fill: #f6f8fa; stroke: #8c959f }} path {{ stroke: #57606a; fill: none; stroke-width: 1.5 }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6edf3 }} .k, .t {{ fill: #9198a1 }} rect {{ fill: #212830; stroke: #656c76 }} path {{ stroke: #9198a1 }}
}}
</style>
{body}
</svg>
"""
_BOX_W, _STEP = 122, 144


def line() -> str:
    """Draw the line, and which of it is committed together."""
    body = list(_bracket(0, 0, "one transaction", 44))
    body += _bracket(2, 6, "one transaction: nothing is read that is not decided, nothing decided that is not told", 44)
    for number, stage in enumerate(STAGES):
        left = 12 + number * _STEP
        middle = left + _BOX_W // 2
        body.append(f'<rect x="{left}" y="64" width="{_BOX_W}" height="92" rx="8"/>')
        body.append(f'<text class="w" x="{middle}" y="92">{stage.word}</text>')
        body += (f'<text x="{middle}" y="{118 + 18 * n}">{said}</text>' for n, said in enumerate(stage.made))
        if stage.kept:
            body.append(f'<text class="k" x="{middle}" y="180">{stage.kept}</text>')
        if number:
            body.append(f'<path d="M{left - 20} 110h16m-5 -5l5 5l-5 5"/>')
    body.append('<text class="t" x="505" y="222">every arrow that is not taken leaves a reason behind: presswatch why</text>')
    return _LINE.format(body="\n".join(body))


def _bracket(first: int, last: int, said: str, y: int) -> Iterator[str]:
    left, right = 12 + first * _STEP, 12 + last * _STEP + _BOX_W
    yield f'<path d="M{left} {y + 12}v-6h{right - left}v6"/>'
    yield f'<text class="t" x="{(left + right) // 2}" y="{y - 4}">{said}</text>'


def main() -> None:
    """Write both."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "line.svg").write_text(line(), encoding="utf-8")
    if "line" not in sys.argv[1:]:
        (FOLDER / "demo.svg").write_text(demo(), encoding="utf-8")


if __name__ == "__main__":
    main()

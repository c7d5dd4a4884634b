"""Text of others made safe to show: control and bidi characters out, mentions broken, cut between graphemes."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import regex

BREAK = "\u200b"
"""A zero width space: what looks like a mention, a link or an entity is none any more, and reads the same."""

_MAX_GRAPHEME = 16
_SURROGATES: Final[re.Pattern[str]] = regex.compile(r"[\uD800-\uDFFF]")
_CONTROLS: Final[re.Pattern[str]] = regex.compile(
    r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F\u202A-\u202E\u2066-\u2069\uFFF9-\uFFFB\uFEFF]|\p{Noncharacter_Code_Point}"
)
_SPACES: Final[re.Pattern[str]] = regex.compile(r"\s+")
_MENTION: Final[re.Pattern[str]] = regex.compile(
    r"(?<!\w)@(?=\w)|@(?=all\b|channel\b|everyone|here|online\b|room\b)|<(?=[!@#&:/\w])", regex.IGNORECASE
)
_ENTITY: Final[re.Pattern[str]] = regex.compile(r"&(?=#?\w+;)")
_LINK: Final[re.Pattern[str]] = regex.compile(r"(?<=\w):(?=//)")
_LOUD: Final[re.Pattern[str]] = regex.compile(r"@(?=all\b|channel\b|everyone|here|online\b|room\b)", regex.IGNORECASE)
_GRAPHEME: Final[re.Pattern[str]] = regex.compile(r"\X")
_PATH_SAFE = "/%:@!$&*+,;=~-._?"


def plain(text: str) -> str:
    """Return the text without control, bidi and unpaired characters; newlines and tabs stay."""
    if _SURROGATES.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n"))


def line(text: str) -> str:
    """Return the text as one clean line; CR, LF and every other run of spaces become one space."""
    return _SPACES.sub(" ", plain(text)).strip()


def defuse(text: str) -> str:
    """Break what a channel would take for a mention, a character entity or a link of ours."""
    text = _MENTION.sub(lambda found: found[0] + BREAK, text)
    return _LINK.sub(":" + BREAK, _ENTITY.sub("&" + BREAK, text))


def shown(text: str) -> str:
    """Return one clean line that pings nobody and links nowhere."""
    return defuse(line(text))


def length(text: str) -> int:
    """Count as the strictest chats do, in UTF-16 code units."""
    return len(text) + sum(1 for c in text if c > "\uffff")


def graphemes(text: str) -> list[str]:
    """Return the user-perceived characters; one stacked with marks beyond reason loses the surplus."""
    return [g[:_MAX_GRAPHEME] for g in _GRAPHEME.findall(text)]


def cut(text: str, size: int) -> str:
    """Return at most ``size`` graphemes of a line, at a word's end where one is near, with an ellipsis where something is missing."""
    found = graphemes(text)
    if len(found) <= size:
        return "".join(found)
    head = "".join(found[: max(size - 1, 0)])
    space = head.rfind(" ")
    if space >= len(head) - 16 and space > len(head) // 2:
        head = head[:space]
    return head.rstrip(" ,;:·–—-") + "…"


def address(url: str | None) -> str | None:
    """Return a web address that no format can break out of, None where it is none."""
    if not url:
        return None
    try:
        parts = urlsplit(_CONTROLS.sub("", _SURROGATES.sub("", url)).strip())
        host = parts.netloc.encode("idna" if not parts.netloc.isascii() else "ascii").decode()
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or "@" in host or _SPACES.search(host):
        return None
    path, query, fragment = (_LOUD.sub("%40", quote(part, safe=_PATH_SAFE)) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, quote(host, safe="[]:.-_"), path, query, fragment))

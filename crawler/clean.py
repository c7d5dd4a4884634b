"""Text at the border: what comes from outside is plain, printable and normalised before anything else sees it."""

from __future__ import annotations

import html
import re
import unicodedata
from itertools import repeat

_BREAK = "\x1e"  # stands for a paragraph's end while markup is taken off; no text holds it afterwards

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
_DROP = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")
_BLOCKS = (
    "address article aside blockquote br dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tbody "
    "td tfoot th thead tr ul"
)
_INLINE = (
    "a abbr acronym amp-img applet audio b base bdi bdo big blink body button canvas center cite code col colgroup data datalist del details dfn em "
    "embed fieldset font form frame frameset head html i iframe img input ins kbd label legend link map mark marquee meta meter nobr noscript object "
    "optgroup option param path picture progress q rp rt ruby s samp script select small source span strike strong style sub summary sup svg "
    "textarea time title track tt u var video wbr"
)
_PREFIXES = ("", "xhtml:", "html:")
_TAG = re.compile(r"<(/?[A-Za-z][A-Za-z0-9:]*)[^<>]*>")
_BREAKS = {
    slash + prefix + shape(name): _BREAK
    for name in _BLOCKS.split()
    for slash in ("", "/")
    for prefix in _PREFIXES
    for shape in (str, str.upper, str.title)
}
_KNOWN = frozenset(slash + name for name in f"{_BLOCKS} {_INLINE}".split() for slash in ("", "/"))
_DECLARATION = re.compile(r"<[!?][^<>]*>")
_HIDING = frozenset(shape(name) for name in ("script", "style") for shape in (str, str.upper, str.title))
_HIDING_TAG = re.compile(r"<(?:script|style)[\s>]", re.IGNORECASE)


def clean_text(text: str) -> str:
    r"""Return NFC text without control characters (but ``\n`` and ``\t``), lone surrogates and noncharacters."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _normal(text)


def one_line(text: str) -> str:
    """Return clean text with every run of white space made one space."""
    line = " ".join(text.split())
    return line if line.isascii() and line.isprintable() else _normal(line)


def _normal(text: str) -> str:
    if not (text.isprintable() or text.replace("\n", "").isprintable()):  # both quick, where the expression is not
        text = _DROP.sub("", text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def plain_text(markup: str) -> str:
    """Return the text of an HTML fragment, one paragraph a line; linear in its length whatever it holds."""
    if not markup:
        return ""
    if "<" in markup:
        markup = _without_tags(_without_comments(markup))
    if "&" in markup:
        markup = html.unescape(markup)
    if _BREAK not in markup:
        return one_line(markup)
    lines: list[str] = []
    for part in markup.split(_BREAK):
        if part and not part.isspace():
            is_tidy = part.isprintable() and "  " not in part  # as most are
            lines.append(part.strip() if is_tidy else one_line(part))
    text = "\n".join(filter(None, lines))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def title_text(markup: str) -> str:
    """Return the text of a title that may be marked up.

    ``List<String>`` keeps what only looks like a tag; a title that would be nothing but markup is taken literally.
    """
    bare = markup
    if "<" in markup:
        bare = _TAG.sub(_untitled, _without_comments(markup))
        bare = _without_tags(bare) if _HIDING_TAG.search(bare) else bare
    return one_line(html.unescape(bare) if "&" in bare else bare) or one_line(markup)


def _without_tags(markup: str) -> str:
    """Take off tags, leaving a break where a block begins or ends; scripts and styles go with what they hold."""
    parts = _TAG.split(markup)
    names = parts[1::2]
    if not _HIDING.isdisjoint(names):
        hiding = ""
        for i, name in enumerate(names):
            if hiding:
                hiding = "" if name.lower() == "/" + hiding else hiding
            elif name in _HIDING:
                hiding = name.lower()
            if hiding:
                parts[2 * i + 2] = ""
    parts[1::2] = map(_BREAKS.get, names, repeat(""))
    return "".join(parts)


def _untitled(tag: re.Match[str]) -> str:
    name = tag[1].lower()
    if name in _KNOWN and name.strip("/") not in _HIDING:
        return " " if name in _BREAKS else ""
    return tag[0]


def _without_comments(markup: str) -> str:
    """Take out comments, declarations and processing instructions."""
    if "<!" not in markup and "<?" not in markup:
        return markup
    kept: list[str] = []
    at = 0
    while (start := markup.find("<!--", at)) >= 0:
        kept.append(markup[at:start])
        end = markup.find("-->", start)
        at = end + 3 if end >= 0 else len(markup)
    return _DECLARATION.sub("", "".join([*kept, markup[at:]]))

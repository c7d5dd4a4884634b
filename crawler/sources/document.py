"""An XML document made fit to be read: cut to its root, entities resolved, parsed without network or DTD, salvaged piece by piece."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.entities import html5
from itertools import pairwise
from typing import Any, TypeAlias

from lxml import etree

Element: TypeAlias = Any  # lxml ships no types

_CDATA = b"<![CDATA["
_PREFIXED = rb"<(?:[A-Za-z_][\w.-]{0,40}:)?"
_CONTROL = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0D}) + b"\x7f"
_NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")  # U+FFFE and U+FFFF, which XML forbids
# A reference that XML does not know, or may not hold. Whatever is not surely legal goes to ``_reference``, which decides exactly.
_SUSPECT = re.compile(
    rb"&(?!(?:amp|lt|gt|quot|apos|#(?:3[2-9]|[4-9]\d|1[01]\d|12[0-6]|1[6-9]\d|[2-9]\d\d|[1-9]\d{3}|[1-4]\d{4}|1[0-9]{5})"
    rb"|#x(?:[2-6][0-9a-fA-F]|7[0-9a-eA-E]|[a-fA-F][0-9a-fA-F]|0?[1-9a-fA-F][0-9a-fA-F]{2}|[1-9a-cA-C][0-9a-fA-F]{3}|1[fF][0-9a-fA-F]{3}));)"
    rb"(?:(#[0-9]{1,10}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]{0,31});)?"
)
_C1 = re.compile(b"\xc2([\x80-\x9f])")
_ENTITY = re.compile(rb"""<!ENTITY\s+([A-Za-z][A-Za-z0-9]{0,31})\s+(["'])([^"'&%<>]{0,100})\2\s*>""")
_PROLOGUE_MAX, _ENTITIES_MAX, _EXPANSIONS_MAX = 65_536, 200, 5_000
_OWN = "entities of its own resolved"
_FATAL = 3
_HARMLESS = {"ERR_DOCUMENT_END", "ERR_INVALID_CHAR", "ERR_DOCUMENT_EMPTY", "ERR_XMLDECL_NOT_FINISHED", "ERR_RESERVED_XML_NAME"}
CUT_OFF = "the last item is cut off and left out"
IN_PART = "broken items read in part"
BEYOND = "runs of items too broken to mend one by one"
LOSSES = frozenset({CUT_OFF, IN_PART, BEYOND})  # repairs after which something may be missing
_BATCH, _TAIL = 256, 200
_MENDED_MAX = 10_000
_ROOT_TAG_MAX = 16_384


@dataclass(slots=True)
class Repairs:
    """What was mended in one document, each kind once and with its count."""

    counts: dict[str, int] = field(default_factory=dict)

    def note(self, what: str, count: int = 1) -> None:
        """Add to the count of one kind of repair."""
        if count:
            self.counts[what] = self.counts.get(what, 0) + count

    def lines(self) -> tuple[str, ...]:
        """One line for each kind."""
        return tuple(what if count == 1 else f"{what} ({count})" for what, count in self.counts.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed document; ``is_whole`` says that nothing of it was lost, ``data`` is what was parsed."""

    root: Element
    is_whole: bool
    data: bytes = field(repr=False)
    error: str = ""


def find_root(data: bytes, names: re.Pattern[bytes]) -> int:
    """Return where the root element opens, past declaration, DOCTYPE, comments and junk; -1 where there is none."""
    at = 0
    while found := names.search(data, at):
        comment = data.rfind(b"<!--", at, found.start())
        end = data.find(b"-->", comment) if comment >= 0 else -1
        if comment < 0 or 0 <= end < found.start():
            return found.start()
        if end < 0:
            return -1
        at = end
    return -1


def root_pattern(*names: str) -> re.Pattern[bytes]:
    """Return what ``find_root`` looks for: an opening tag of one of the names, under any prefix and in any case."""
    return re.compile(_PREFIXED + b"(?:" + b"|".join(name.encode() for name in names) + rb")(?=[\s/>])", re.IGNORECASE)


def own_entities(prologue: bytes) -> dict[bytes, str]:
    """Return the entities a DOCTYPE declares as plain text; those that hold others or markup, or are kept elsewhere, are left out."""
    if b"<!ENTITY" not in prologue:
        return {}
    found = _ENTITY.findall(prologue, 0, _PROLOGUE_MAX)
    return {name: html.escape(value.decode("utf-8", "replace"), quote=False) for name, _, value in found[:_ENTITIES_MAX]}


def clean(data: bytes, repairs: Repairs, entities: Mapping[bytes, str] | None = None) -> bytes:
    """Return UTF-8 XML without characters and references that no parser takes; CDATA keeps its ampersands."""
    bare = data.translate(None, _CONTROL)
    repairs.note("control characters dropped", len(data) - len(bare))
    for character in _NONCHARACTERS:
        if character in bare:
            repairs.note("characters that are none dropped", bare.count(character))
            bare = bare.replace(character, b"")
    if b"\xc2" in bare:
        bare, count = _C1.subn(lambda found: found[1].decode("cp1252", "ignore").encode(), bare)
        repairs.note("Windows characters in disguise", count)
    known = entities or {}
    if _CDATA not in bare:
        return _references(bare, repairs, known)
    closed = bare.rfind(b"]]>") + 3 if b"]]>" in bare else 0
    unclosed = bare.find(_CDATA, closed)
    if unclosed >= 0:
        repairs.note("unclosed CDATA sections opened")
        bare = bare[:unclosed] + bare[unclosed:].replace(_CDATA, b"")
    first, *sections = bare.split(_CDATA)
    kept = [_references(first, repairs, known)]
    for section in sections:
        inside, closing, outside = section.partition(b"]]>")
        kept.append(_CDATA + inside + closing + _references(outside, repairs, known))
    return b"".join(kept)


def parse(data: bytes) -> Document:
    """Parse clean UTF-8 from its root on. Nothing is fetched, expanded or raised; what cannot be parsed gives an empty root."""
    parser = etree.XMLParser(
        recover=True, encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True, collect_ids=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    fatal = [e for e in parser.error_log if e.level >= _FATAL and e.type_name not in _HARMLESS]
    error = fatal[0].message[:200] if fatal else ""
    if root is None:
        return Document(root=etree.Element("nothing"), is_whole=False, data=data, error=error or "nothing to parse")
    return Document(root=root, is_whole=not fatal, data=data, error=error)


def salvage(data: bytes, names: tuple[str, ...], repairs: Repairs) -> Iterator[Element]:
    """Parse a broken document, or one too long to be held whole, in pieces that begin at an item's opening tag, so that damage stays where it is.

    Yields the root with what stands before the items, then roots that hold items. A piece that is broken by markup in its text is tried
    with that text as CDATA. What a hostile document could ask for is bounded by ``_MENDED_MAX`` single pieces.
    """
    starts = list(_outside_cdata(data, names))
    spans = [(a, b) for a, b in pairwise([*starts, len(data)]) if data.find(b"<", a + 1, b) >= 0]
    opening, closing = _root_tags(data)
    yield parse(data[: starts[0] if starts else len(data)]).root
    mender = _Mender(
        opening=opening, closing=closing, item_end=re.compile(rb"</(?:[\w.-]{1,40}:)?(?:" + "|".join(names).encode() + rb")\s*>")
    )
    if spans and not mender.item_end.search(data, spans[-1][0]):
        del spans[-1]  # half a title without its link would become an article of its own
        repairs.note(CUT_OFF)
    for i in range(0, len(spans), _BATCH):
        yield from mender.batch(data, spans[i : i + _BATCH])
    repairs.note("broken items mended", mender.mended)
    repairs.note(IN_PART, mender.broken)
    repairs.note(BEYOND, mender.beyond)


@dataclass(slots=True, kw_only=True)
class _Mender:
    """Parses pieces of a broken document and counts what it met."""

    opening: bytes
    closing: bytes
    item_end: re.Pattern[bytes]
    mended: int = 0
    broken: int = 0
    beyond: int = 0

    def batch(self, data: bytes, spans: list[tuple[int, int]]) -> Iterator[Element]:
        """Parse neighbouring pieces at once, and each for itself where that fails."""
        whole = self._parse(data[spans[0][0] : spans[-1][1]])
        if whole.is_whole:
            yield whole.root
            return
        if self.mended + self.broken > _MENDED_MAX:
            self.beyond += 1
            yield whole.root
            return
        for start, end in spans:
            yield self._mend(data[start:end]).root

    def _mend(self, piece: bytes) -> Document:
        found = self._parse(piece)
        if found.is_whole:
            return found
        quoted = self._parse(_quoted(piece))
        self.mended += quoted.is_whole
        self.broken += not quoted.is_whole
        return quoted

    def _parse(self, piece: bytes) -> Document:
        """Parse what ends with an item's end, in a root of its own."""
        return parse(self.opening + piece[: self._end(piece)] + self.closing)

    def _end(self, piece: bytes) -> int:
        """Where the last item ends; mostly the last thing there is."""
        tail = max(len(piece) - _TAIL, 0)
        ends = [found.end() for found in self.item_end.finditer(piece, tail)] or [found.end() for found in self.item_end.finditer(piece)]
        return ends[-1] if ends else len(piece)


_TEXT_ELEMENTS = (b"title", b"description", b"summary", b"content:encoded", b"content", b"itunes:summary", b"media:description")


def _quoted(piece: bytes) -> bytes:
    """Wrap what stands in text elements into CDATA, where markup was pasted in bare."""
    for name in _TEXT_ELEMENTS:
        kept: list[bytes] = []
        at = 0
        opening = re.compile(b"<" + name + rb"(?:\s[^<>]*)?>")
        while (found := opening.search(piece, at)) and (end := piece.find(b"</" + name + b">", found.end())) >= 0:
            inner = piece[found.end() : end]
            is_bare = b"<" in inner and _CDATA not in inner
            kept.append(piece[at : found.end()] + (_CDATA + inner.replace(b"]]>", b"]]&gt;") + b"]]>" if is_bare else inner))
            at = end
        piece = b"".join([*kept, piece[at:]])
    return piece


def _outside_cdata(data: bytes, names: tuple[str, ...]) -> Iterator[int]:
    """Where items open, save what only text quotes in a CDATA section."""
    either = re.compile(rb"<!\[CDATA\[|" + root_pattern(*names).pattern, re.IGNORECASE)
    at = 0
    while found := either.search(data, at):
        at = found.end()
        if found[0] != _CDATA:
            yield found.start()
        elif (at := data.find(b"]]>", at)) < 0:
            return


def _root_tags(data: bytes) -> tuple[bytes, bytes]:
    """The root's opening tag with its namespaces, or the bare name where the tag is not to be trusted; and the closing tag."""
    name = re.split(rb"[\s/>]", data[1:100], maxsplit=1)[0]
    opening, closing = data[: data.find(b">") + 1], b"</" + name + b">"
    if len(opening) < _ROOT_TAG_MAX and parse(opening + closing).is_whole:
        return opening, closing
    return b"<" + name + b">", closing


def _references(data: bytes, repairs: Repairs, known: Mapping[bytes, str]) -> bytes:
    if b"&" not in data or not _SUSPECT.search(data):
        return data
    return _SUSPECT.sub(lambda found: _reference(found, repairs, known), data)


def _reference(found: re.Match[bytes], repairs: Repairs, known: Mapping[bytes, str]) -> bytes:
    """A named HTML entity becomes its characters, an illegal reference nothing, a lone ampersand an ampersand."""
    name = found[1]
    if name is None:
        repairs.note("bare ampersands escaped")
        return b"&amp;"
    if name.startswith(b"#"):
        return _numbered(int(b"0" + name[1:], 16) if name[1:2] in b"xX" else int(name[1:]), repairs)
    if name in known and repairs.counts.get(_OWN, 0) < _EXPANSIONS_MAX:
        repairs.note(_OWN)
        return known[name].encode()
    text = html5.get(name.decode("ascii") + ";")
    if text is None:
        repairs.note("unknown entities kept as text")
        return b"&amp;" + name + b";"
    return html.escape(text, quote=True).encode()


def _numbered(code: int, repairs: Repairs) -> bytes:
    if 0x80 <= code < 0xA0:  # Windows-1252 in disguise, as browsers read it
        return bytes([code]).decode("cp1252", "ignore").encode()
    is_legal = code in {9, 10, 13} or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    if not is_legal or code == 0x7F:
        repairs.note("references to no character dropped")
        return b""
    return f"&#{code};".encode()

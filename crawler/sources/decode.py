"""Which characters a body's bytes mean: byte order mark, HTTP charset, declaration, utf-8, then the outlet's language."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

from crawler.sources.charsets import codec, letters_of, of_language

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET_PARAMETER = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]+)", re.IGNORECASE)
_XML_DECLARATION = re.compile(rb"<\?xml[^<>]{0,200}?\sencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,60})[\"']")
_HTML_DECLARATION = re.compile(rb"<meta\s[^<>]{0,400}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,60})", re.IGNORECASE)
_DECLARED_WITHIN = 2_048
_DETECTED_WITHIN = 65_536
_WESTERN_FIT = 0.95
_OWN_FIT = 0.9
_STATEFUL = {"iso2022-jp", "iso2022-kr", "hz"}
_USUAL = ("gb18030", "big5hkscs", "cp932", "euc-jp", "cp949", "cp1252", "cp1251", "cp1250")
_MULTIBYTE = {"gb18030", "big5hkscs", "cp932", "euc-jp", "cp949"}
# What Windows code pages leave undefined, browsers read as C1 controls, which cleaning then drops.
_CP1252 = {i: bytes([i]).decode("cp1252", "ignore") for i in range(0x80, 0xA0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A body as UTF-8 without byte order mark, the codec it was written in, and what had to be mended."""

    data: bytes
    codec: str
    repairs: tuple[str, ...] = ()


def to_utf8(body: bytes, *, content_type: str = "", language: str = "") -> Decoded:
    """Return the body as UTF-8; never raises.

    Valid UTF-8 beyond ASCII is UTF-8 whatever a label says: no other text is written so by chance. Labels are believed where the body
    decodes strictly by them. ``language`` is the outlet's and breaks ties that no statistics of short texts could.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _recode(body[len(mark) :], name)
    wide = _wide(body)
    if wide:
        return _recode(body, wide)
    labels = _labels(body, content_type)
    if body.isascii():
        stateful = next((name for _, name in labels if name in _STATEFUL), None)
        return _recode(body, stateful) if stateful and _is_strict(body, stateful) else Decoded(data=body, codec="utf-8")
    if _is_strict(body, "utf-8"):
        return Decoded(data=body, codec="utf-8", repairs=_mislabelled(labels, "utf-8"))
    for _, name in labels:
        if _is_strict(body, name):
            return _recode(body, name)
    return _detect(body, labels, language)


def charset_of(content_type: str) -> str | None:
    """Return the codec that a Content-Type header names."""
    found = _CHARSET_PARAMETER.search(content_type)
    return codec(found[1]) if found else None


def _labels(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """The codecs named from outside and inside, in the order they are believed."""
    head = body[:_DECLARED_WITHIN]
    declared = _XML_DECLARATION.search(head) or _HTML_DECLARATION.search(head)
    inner = codec(declared[1].decode("ascii")) if declared else None
    named = (("HTTP", charset_of(content_type)), ("declaration", inner if not (inner or "").startswith(("utf-16", "utf-32")) else None))
    return [(where, name) for where, name in named if name]


def _wide(body: bytes) -> str | None:
    """Recognise UTF-16 and UTF-32 without a mark by the zero bytes around the first ``<`` or ``{``."""
    head = body[:4]
    if head[:1] in b"<{[" and head[1:4] == b"\0\0\0":
        return "utf-32-le"
    if head[:3] == b"\0\0\0" and head[3:] in (b"<", b"{", b"["):
        return "utf-32-be"
    if len(head) > 1 and head[1] == 0 and head[0] != 0:
        return "utf-16-le"
    if len(head) > 1 and head[0] == 0 and head[1] != 0:
        return "utf-16-be"
    return None


def _is_strict(body: bytes, name: str) -> bool:
    if name == "cp1252":
        return True
    try:
        body.decode(name)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _recode(body: bytes, name: str, *repairs: str) -> Decoded:
    if name == "utf-8" and not repairs and _is_strict(body, name):
        return Decoded(data=body, codec=name)
    if name == "cp1252":
        text = body.decode("latin-1").translate(_CP1252)
    else:
        text = body.decode(name, "replace")
        if "\ufffd" in text and not repairs:
            repairs = (f"bytes that are not {name} replaced",)
    return Decoded(data=text.encode("utf-8", "replace"), codec=name, repairs=repairs)


def _mislabelled(labels: list[tuple[str, str]], name: str) -> tuple[str, ...]:
    wrong = next(((where, label) for where, label in labels if label != name), None)
    return (f"read as {name}, though the {wrong[0]} says {wrong[1]}",) if wrong else ()


def _detect(body: bytes, labels: list[tuple[str, str]], language: str) -> Decoded:
    """Nothing fits strictly, so find what fits best: what reads like the outlet's language, else what statistics say."""
    named = [name for _, name in labels]
    if _bad_bytes(body) * 8 <= _multibyte_characters(body):
        return _mixed(body)
    for name in (name for name in named if name in _MULTIBYTE):  # a few bad bytes in a long text
        if body.decode(name, "replace").count("\ufffd") * 50 <= len(body):
            return _recode(body, name, f"bytes that are not {name} replaced")
    best = _by_language(body, language) or _guess(body)
    return _recode(body, best, f"read as {best}, though labelled {named[0] if named else 'nothing'}")


def _by_language(body: bytes, language: str) -> str | None:
    """What the language's pages used to be written in, where that gives its letters; else whatever gives most of them."""
    prior = of_language(language)
    if not prior:
        return None
    own = max(prior, key=lambda name: _fit(body, name, language))
    if _fit(body, own, language)[0] >= _OWN_FIT:
        return own
    return max((*prior, *(name for name in _USUAL if name not in prior)), key=lambda name: _fit(body, name, language))


def _fit(body: bytes, name: str, language: str) -> tuple[float, float]:
    """The share of characters beyond ASCII that the language is written with, and of those that are no capitals.

    Nothing where the bytes are no such text. Capitals tell encodings of Cyrillic apart: read as the other, small letters become great ones.
    """
    if not _is_strict(body, name):
        return -1.0, 0.0
    strange = [char for char in _recode(body[:_DETECTED_WITHIN], name).data.decode("utf-8", "replace") if char > "\x7f"]
    text = "".join(strange)
    if not text:
        return 0.0, 0.0
    return len(letters_of(language).findall(text)) / len(text), -sum(map(str.isupper, text)) / len(text)


def _guess(body: bytes) -> str:
    """Ask statistics, where the language is not known; of short Western texts they think they are Chinese."""
    best = from_bytes(body[:_DETECTED_WITHIN]).best()
    name = codec(best.encoding.replace("_", "-")) if best else None
    if name is None or not _is_strict(body, name):
        return "cp1252"
    return "cp1252" if name in _MULTIBYTE and _fit(body, "cp1252", "")[0] >= _WESTERN_FIT else name


def _bad_bytes(body: bytes) -> int:
    return body.decode("utf-8", "replace").count("\ufffd")


def _multibyte_characters(body: bytes) -> int:
    text = body.decode("utf-8", "ignore")
    return len(text) - len(text.encode("ascii", "ignore"))


def _mixed(body: bytes) -> Decoded:
    """UTF-8 with a few single bytes of cp1252 pasted in: read each as what it is."""
    text = body.decode("utf-8", "surrogateescape")
    strays = {0xDC00 + byte: _CP1252.get(byte, chr(byte)) for byte in range(0x80, 0x100)}
    return Decoded(
        data=text.translate(strays).encode("utf-8", "replace"), codec="utf-8", repairs=("stray Windows bytes in UTF-8 read as cp1252",)
    )

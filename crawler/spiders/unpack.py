"""Undoes the content coding of an answer, without letting a bomb go off."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

ACCEPTED = "gzip, deflate"
"""What we ask for; an answer in another coding, or in two, is refused."""

_CHUNK = 64 * 1024
_MEMBERS = 1_000
_WBITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW_DEFLATE = -15


class Packed(ValueError):
    """The body cannot be unpacked."""


class TooLarge(Packed):
    """The body is larger than allowed once unpacked."""


def unpack(body: bytes, codings: Sequence[str], limit: int, *, may_cut: bool = False) -> tuple[bytes, bool]:
    """Return the body and whether it broke off.

    Raises TooLarge beyond ``limit`` bytes, having unpacked no more than that, or with ``may_cut`` returns as many; raises Packed for
    codings nobody asked for.
    """
    named = [c for c in (c.strip().lower() for c in codings) if c not in {"", "identity"}]
    if not named or not body:
        return body, False
    if len(named) > 1 or named[0] not in _WBITS:
        raise Packed(f"answered in a coding we did not ask for: {', '.join(named)[:80]}")
    wbits = _WBITS[named[0]]
    if named[0] == "deflate" and not _is_zlib(body):
        wbits = _RAW_DEFLATE
    try:
        return _inflate(body, wbits, limit, may_cut=may_cut)
    except zlib.error as error:
        raise Packed(f"the packed answer is broken: {error}") from error


def _inflate(body: bytes, wbits: int, limit: int, *, may_cut: bool) -> tuple[bytes, bool]:
    """Unpack one or more streams one after another (a gzip file may have members) up to the limit."""
    out = bytearray()
    rest = body
    for _ in range(_MEMBERS):
        stream = zlib.decompressobj(wbits)
        while not stream.eof:
            piece = stream.decompress(rest, max_length=min(_CHUNK, limit - len(out) + 1))
            out += piece
            if len(out) > limit and may_cut:
                return bytes(out[:limit]), True
            if len(out) > limit:
                out.clear()  # the error keeps this frame alive for a while
                raise TooLarge(f"larger than {limit} bytes once unpacked")
            rest = stream.unconsumed_tail
            if not piece and not rest:
                break
        if not stream.eof:
            return bytes(out), True
        rest = stream.unused_data
        if wbits != _WBITS["gzip"] or not rest.startswith(b"\x1f\x8b"):
            return bytes(out), False  # zero padding and other bytes behind the last member mean nothing
    raise TooLarge(f"more than {_MEMBERS} packed streams in one answer")


def _is_zlib(body: bytes) -> bool:
    """Whether a deflate body has the zlib wrapper the standard asks for; some servers send it bare."""
    return len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0

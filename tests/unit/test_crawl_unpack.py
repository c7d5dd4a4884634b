"""Content codings are undone within limits."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.spiders.unpack import Packed, TooLarge, unpack


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


WAYS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}


@given(st.binary(max_size=5000), st.sampled_from(sorted(WAYS)))
def test_what_was_packed_is_unpacked(body: bytes, coding: str) -> None:
    assert unpack(WAYS[coding](body), [coding.upper(), ""], 5000) == (body, False)


@given(st.binary(min_size=1, max_size=5000))
def test_deflate_without_its_wrapper_is_read_too(body: bytes) -> None:
    packed = raw_deflate(body)
    if (packed[0] & 0x0F, (packed[0] << 8 | packed[1]) % 31) != (8, 0):
        assert unpack(packed, ["deflate"], 5000) == (body, False)


@given(st.binary(min_size=40, max_size=3000), st.integers(1, 20))
def test_what_breaks_off_is_given_as_far_as_it_goes(body: bytes, missing: int) -> None:
    found, is_cut = unpack(gzip.compress(body)[:-missing], ["gzip"], 5000)
    assert body.startswith(found)
    assert is_cut


@given(st.binary(max_size=300), st.lists(st.sampled_from(["gzip", "deflate", "br", "identity", "x-gzip", "nonsense", ""]), max_size=3))
def test_no_bytes_do_harm(body: bytes, codings: list[str]) -> None:
    try:
        found, _ = unpack(body, codings, 1000)
    except Packed:
        return
    assert len(found) <= 1000


def test_members_of_a_gzip_file_follow_one_another() -> None:
    assert unpack(gzip.compress(b"one ") + gzip.compress(b"two"), ["gzip"], 100) == (b"one two", False)


def test_padding_behind_the_last_member_means_nothing() -> None:
    assert unpack(gzip.compress(b"one") + bytes(100), ["gzip"], 100) == (b"one", False)


@pytest.mark.parametrize("size", [999, 1000, 1001])
def test_the_limit_is_exact(size: int) -> None:
    packed = gzip.compress(bytes(size))
    if size > 1000:
        with pytest.raises(TooLarge):
            unpack(packed, ["gzip"], 1000)
    else:
        assert unpack(packed, ["gzip"], 1000) == (bytes(size), False)


def test_what_may_be_cut_is_cut_at_the_limit() -> None:
    assert unpack(gzip.compress(bytes(100_000)), ["gzip"], 1000, may_cut=True) == (bytes(1000), True)


@pytest.mark.parametrize("codings", [["br"], ["zstd"], ["gzip", "gzip"], ["deflate", "gzip"], ["compress"]])
def test_codings_nobody_asked_for_are_refused(codings: list[str]) -> None:
    with pytest.raises(Packed):
        unpack(b"something", codings, 1000)


def test_a_plain_body_is_left_alone() -> None:
    assert unpack(b"plain", [], 1) == (b"plain", False)
    assert unpack(b"plain", ["identity"], 1) == (b"plain", False)
    assert unpack(b"", ["br"], 1) == (b"", False)

"""Real pages broken in every way we could think of: none may crash the reading, outlast its limit, or bring markup into a text.

    python -m tests.benchmarks.extraction_fuzz FILE [--minutes N] [--seed N] [--keep DIR]

FILE is as for ``tests.benchmarks.extraction``. Every broken page is told by page, seed and ways, and written to DIR; the exit code is 1 where there was one.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crawler import extract
from crawler.extract.tree import parse
from crawler.model import ExtractStatus
from tests import pages
from tests.benchmarks import extraction_score as score
from tests.benchmarks.extraction_score import Sample

LIMIT_S = 10.0
_TAG = re.compile(
    r"</?(?:div|p|span|a|br|script|style|li|ul|td|tr|table|section|article|h[1-6]|img|iframe|meta|link)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_PIECES = (
    b"<", b">", b"</", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<script>", b"</script>", b"<style>", b"<title>", b"<textarea>", b"<noscript>", b"<svg>",
    b"<template>", b"<plaintext>", b"<base href='javascript:1'>", b"</body></html>", b"<body>", b"<frameset>", b"&#0;", b"&#xD800;", b"&#x110000;", b"&amp;lt;p&amp;gt;",
    b"&lt;div class=x&gt;", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xa1\xa1", b"\xe2\x80\xae", b"<div " + b"a=1 " * 500 + b">", b"<b>" * 400, b"<div>" * 600, b"<table><tr>" * 60,
    b"<select><option>" * 40, b"<p hidden>", b"<div style='display:none'>", b"<meta charset=utf-16>", b"<meta charset=nonsense>", b"<a href='http://[::1'>", b"<time datetime='99999-99-99'>",
    b"<script type='application/ld+json'>{\"@type\": \"NewsArticle\", \"headline\": {\"a\": [null]}, \"articleBody\": [1], \"author\": [[{\"name\": {}}]], \"datePublished\": 7}</script>",
    b"<script type='application/ld+json'>{\"@type\": \"NewsArticle\", \"articleBody\": \"" + b"<p>so much of it</p> " * 60 + b'"}</script>',
    b"<link rel=canonical href='//'>", b"<meta property='og:title' content='&lt;b&gt;bold&lt;/b&gt;'>", b"<h1></h1>", b"<h1><script>1</script></h1>",
)  # fmt: skip
_CHARSETS = ("utf-8", "utf-16", "utf-16-le", "utf-32", "gb18030", "big5", "shift_jis", "euc-kr", "cp1252", "koi8-r", "utf-7")

Break = Callable[[random.Random, bytes, bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A page, the seed it was broken by, in which ways, and what came of it."""

    sample_id: str
    seed: int
    ways: tuple[str, ...]
    body: bytes
    fault: str


def _span(chance: random.Random, body: bytes, most: int = 20_000) -> slice:
    start = chance.randrange(len(body) + 1)
    return slice(start, min(start + int(chance.expovariate(1 / 500)) + 1, start + most, len(body)))


def cut(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    """End the page anywhere."""
    return body[: chance.randrange(len(body) + 1)]


def lose(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    """Take some of it out."""
    part = _span(chance, body)
    return body[: part.start] + body[part.stop :]


def repeat(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    """Say some of it many times."""
    part = _span(chance, body)
    return body[: part.start] + body[part] * chance.choice((2, 5, 200)) + body[part.stop :]


def flip(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    """Change single bytes."""
    changed = bytearray(body)
    for _ in range(chance.randrange(1, 200)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def insert(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    """Put hostile pieces in."""
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(body) + 1)
        body = body[:at] + chance.choice(_PIECES) + body[at:]
    return body


def splice(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Go on as another page."""
    return body[: chance.randrange(len(body) + 1)] + other[chance.randrange(len(other) + 1) :]


def unclose(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    """Lose closing tags."""
    share = chance.random()
    return re.sub(rb"</[a-z0-9]+>", lambda tag: b"" if chance.random() < share else tag[0], body)


def recode(chance: random.Random, body: bytes, _other: bytes) -> bytes:
    """Write it in characters it does not say."""
    return body.decode("utf-8", "replace").encode(chance.choice(_CHARSETS), "ignore")


WAYS: tuple[Break, ...] = (cut, lose, repeat, flip, insert, splice, unclose, recode)


def broken(sample: Sample, other: Sample, seed: int) -> tuple[bytes, tuple[str, ...]]:
    """Return a page broken in one to four ways, the same for the same seed."""
    chance = random.Random(f"{seed} {sample.sample_id}")
    body, second = (one.html.encode("utf-8", "replace") for one in (sample, other))
    ways = chance.choices(WAYS, k=chance.randrange(1, 5))
    for way in ways:
        body = way(chance, body, second)
    return body, tuple(way.__name__ for way in ways)


def fault_of(body: bytes, url: str) -> str:
    """Read a page and say which law it broke, nothing where none."""
    started = time.process_time()
    try:
        with _limited():
            article = extract.read_page(pages.arrival(body, content_type="text/html; charset=utf-8", url=url))
    except TimeoutError:
        return f"read for more than {LIMIT_S:.0f} s"
    except Exception as error:  # noqa: BLE001 - finding these is what it is for
        return repr(error)[:200]
    if time.process_time() - started > LIMIT_S:
        return f"read for {time.process_time() - started:.1f} s"
    if article.extract_status not in {ExtractStatus.OK, ExtractStatus.EMPTY} or not article.headline:
        return f"ended as {article.extract_status.value} with the headline {article.headline!r}"
    if any((ord(c) < 32 and c != "\n") or 0xD800 <= ord(c) < 0xE000 for c in article.text):
        return "control characters in the text"
    found = _TAG.search(article.text)
    return f"markup in the text: {found[0][:60]}" if found and found[0] not in _visible(body) else ""


def _visible(body: bytes) -> str:
    """What the page shows as text, or carries as JSON-LD: markup that stands there escaped is no markup."""
    tree = parse(body, content_type="text/html; charset=utf-8")
    if tree is None:
        return ""
    for element in list(tree.root.iter("script", "style")):
        if element.getparent() is not None:
            element.drop_tree()
    return " ".join(str(tree.root.text_content()).split())


@contextmanager
def _limited() -> Iterator[None]:
    """Interrupt what takes longer than a page may."""

    def give_up(_number: int, _frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def fuzz(samples: Sequence[Sample], *, seed: int, is_over: Callable[[], bool], tried: Counter[str]) -> Iterator[Broken]:
    """Break pages until it is over; yield those that broke a law. ``tried`` counts pages and ways."""
    chance = random.Random(seed)
    while not is_over():
        sample, other = chance.choice(samples), chance.choice(samples)
        body, ways = broken(sample, other, seed + tried["pages"])
        fault = fault_of(body, sample.url)
        if fault:
            yield Broken(sample_id=sample.sample_id, seed=seed + tried["pages"], ways=ways, body=body, fault=fault)
        tried.update(("pages", *set(ways)))


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, break pages, tell what broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where pages that broke a law are written")
    asked = parser.parse_args(argv)
    samples = score.load(asked.file)
    extract.warm()
    ends, tried, faults = time.monotonic() + 60 * asked.minutes, Counter[str](), 0
    for found in fuzz(samples, seed=asked.seed, is_over=lambda: time.monotonic() > ends, tried=tried):
        faults += 1
        print(f"{found.sample_id} seed {found.seed} ({', '.join(found.ways)}): {found.fault}", flush=True)
        if asked.keep:
            asked.keep.mkdir(parents=True, exist_ok=True)
            (asked.keep / f"{found.seed}.html").write_bytes(found.body)
    pages_tried = tried.pop("pages")
    print(f"{pages_tried} broken pages read, {faults} faults; " + ", ".join(f"{way} {count}" for way, count in sorted(tried.items())))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

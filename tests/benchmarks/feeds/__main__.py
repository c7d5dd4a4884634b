"""Prints how well and how fast feeds, robots.txt and URLs are read, beside feedparser in the same run, against the figures to hold.

    python -m tests.benchmarks.feeds DATA_DIR [--only feedparser gofeed feedvalidator speed hostile robots urls]
"""  # fmt: skip

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import feedparser

from crawler import politeness, urls
from tests.benchmarks.feeds import golden, hostile, speed
from tests.benchmarks.feeds.expectations import Expectation, expectation
from tests.benchmarks.feeds.material import files, read
from tests.benchmarks.feeds.seen import Seen, of_feedparser, of_ours

Held = bool


def main() -> int:
    """Run the suites; 1 where a figure does not hold."""
    warnings.simplefilter("ignore", DeprecationWarning)
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.feeds")
    parser.add_argument("data", type=Path, help="the folder that holds feeds/, urls/ and robots-real.tar.xz")
    parser.add_argument("--only", nargs="*", choices=sorted(SUITES), default=sorted(SUITES, key=list(SUITES).index))
    wanted = parser.parse_args()
    if not (wanted.data / "feeds").is_dir():
        parser.error(f"{wanted.data} holds no folder feeds: name the one above it")
    held = [SUITES[name](wanted.data) for name in wanted.only]
    print(f"\n{'every figure holds' if all(held) else 'NOT every figure holds'}")
    return 0 if all(held) else 1


def _feedparser_suite(data: Path) -> Held:
    """Checks of feedparser's own test files, for the fields we keep."""
    ours, theirs, total, others = Counter[str](), Counter[str](), Counter[str](), 0
    missed: list[str] = []
    for name, body in sorted(files(data / "feeds" / "feedparser-suite.tar.xz").items()):
        wanted = expectation(body)
        if wanted is None:
            continue
        if wanted.checks is None:
            others += 1
            continue
        group = _group(name, body)
        url = "http://127.0.0.1:8097/" + name
        is_ours, is_theirs = (
            _holds(seen, wanted) for seen in (of_ours(read(body, url=url, headers=wanted.headers)), _theirs(body, url, wanted.headers))
        )
        total[group] += 1
        ours[group] += is_ours
        theirs[group] += is_theirs
        if not is_ours and group in {"well-formed", "entities"}:
            missed.append(f"{name.rpartition('/')[2]}: {wanted.text[:90]}")
    _title("feedparser's suite", f"{sum(total.values())} checks of fields we keep, {others} of others")
    for group in sorted(total, key=lambda each: -total[each]):
        _line(group, f"{ours[group]:4} of {total[group]:4}", f"feedparser {theirs[group]}")
    for line in missed:
        print(f"      missed {line}")
    share = ours["well-formed"] / total["well-formed"]
    is_held = share >= 0.995 and ours["entities"] == total["entities"]
    return _figure("well-formed checks outside base64, CDF and sanitising", f"{share:.2%}", ">= 99.5 %, all entities", is_held=is_held)


def _group(name: str, body: bytes) -> str:
    folder = name.rpartition("/")[0]
    if "sanitize" in folder:
        return "sanitising"
    if "cdf" in folder:
        return "CDF"
    if "base64" in name or b"base64" in body:
        return "base64"
    return {"entities": "entities", "encoding": "encodings"}.get(folder, "well-formed" if folder.startswith("wellformed") else "other")


def _theirs(body: bytes, url: str, headers: dict[str, str]) -> Seen:
    return of_feedparser(feedparser.parse(body, response_headers={"content-location": url, **headers}))


def _holds(seen: Seen, wanted: Expectation) -> bool:
    return all(check(seen) for check in wanted.checks or ())


def _gofeed(data: Path) -> Held:
    material = files(data / "feeds" / "gofeed.tar.xz")
    pairs, feeds = golden.pairs(material), golden.json_feeds(material)
    url = "http://example.org/"
    ours = [(name, golden.is_right(of_ours(read(body, url=url)), wanted)) for name, body, wanted in pairs]
    theirs = [golden.is_right(_theirs(body, url, {}), wanted) for _, body, wanted in pairs]
    by_json = [(name, golden.is_right(of_ours(read(body, url=url)), wanted)) for name, body, wanted in feeds]
    crashed = sum(1 for name, body in material.items() if name.endswith(".xml") and not _survives(body))
    _title("gofeed", f"{len(pairs)} golden files, {len(feeds)} JSON feeds, {len(material)} files")
    for name, is_right in (*ours, *by_json):
        if not is_right:
            print(f"      missed {name}")
    right, json_right = sum(ok for _, ok in ours), sum(ok for _, ok in by_json)
    _line("golden files", f"{right} of {len(pairs)}", f"feedparser {sum(theirs)}")
    is_held = right == len(pairs) and json_right == len(feeds) and not crashed
    return _figure(
        "golden, JSON Feed, crashes", f"{right}/{len(pairs)}, {json_right}/{len(feeds)}, {crashed}", "all, all, 0", is_held=is_held
    )


def _feedvalidator(data: Path) -> Held:
    material = {name: body for name, body in files(data / "feeds" / "feedvalidator.tar.xz").items() if name.endswith(".xml")}
    crashed, fewer, more, same = [], [], 0, 0
    for name, body in sorted(material.items()):
        if not _survives(body):
            crashed.append(name)
            continue
        found, known = read(body), feedparser.parse(body)
        count = len(found.entries) if found else 0
        same += count == len(known.entries)
        more += count > len(known.entries)
        if count < len(known.entries) and not (found and any("listed twice" in r or "say nothing" in r for r in found.repairs)):
            fewer.append(name)
    _title("feedvalidator", f"{len(material)} files")
    _line("items as feedparser", f"{same} the same, {more} more, {len(fewer)} fewer (but for duplicates and empty ones)", "")
    for name in [*crashed, *fewer][:12]:
        print(f"      {name}")
    return _figure("crashes", str(len(crashed)), "0", is_held=not crashed)


def _survives(body: bytes) -> bool:
    """Whether reading ends in a reading or a refusal; anything else that is raised is told."""
    try:
        read(body)
    except Exception as error:  # noqa: BLE001 - this is what is counted
        print(f"      {type(error).__name__}: {error}")
        return False
    return True


def _speed(data: Path) -> Held:
    found = speed.measure(files(data / "feeds" / "real-feeds.tar.xz"))
    _title("real feeds", f"{found.feeds} feeds, {found.megabytes:.0f} MB, better of {speed.ROUNDS} rounds")
    _line(
        "CPU",
        f"{found.ours_s:.2f} s",
        f"feedparser {found.theirs_s:.2f} s, without sanitising {found.bare_s:.2f} s ({found.bare_s / found.ours_s:.1f}x)",
    )
    _line("feed in the middle", f"{found.median:.1f}x", "")
    for line in (*found.unread, *found.fewer):
        print(f"      {line}")
    is_held = found.ratio >= 10 and not found.unread
    return _figure("feedparser's CPU over ours, unread feeds", f"{found.ratio:.1f}x, {len(found.unread)}", ">= 10x, 0", is_held=is_held)


def _hostile(_: Path) -> Held:
    outcomes = hostile.run()
    _title("hostile feeds", "each in a process of its own")
    for outcome in outcomes:
        kept = "" if outcome.wanted is None else f"{outcome.kept} of {outcome.wanted}"
        mark = " " if outcome.is_held else "!"
        print(
            f"    {mark} {outcome.name:28} {outcome.size_mb:5.1f} MB {outcome.cpu_s:6.2f} s {outcome.peak_mb:5.0f} MB  kept {kept:16} {outcome.said}"
        )
    worst_s, worst_mb = max(o.cpu_s for o in outcomes), max(o.peak_mb for o in outcomes)
    is_held = all(outcome.is_held for outcome in outcomes)
    return _figure("slowest, largest, all good items kept", f"{worst_s:.2f} s, {worst_mb:.0f} MB", "< 2 s, < 300 MB", is_held=is_held)


def _robots(data: Path) -> Held:
    material = files(data / "robots-real.tar.xz")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    slowest, total, crashed, allowed = 0.0, 0.0, 0, 0
    for name, body in sorted(material.items()):
        host = name.rpartition("/")[2]
        started = time.process_time()
        try:
            kept = politeness.robots_copy(f"https://{host}", status=200, body=body, now=now)
            for path in ("/", "/news/2026/01/01/a-story-of-today.html", "/search?q=x&page=2", "/" + "a/" * 400):
                allowed += politeness.robots_decision(kept, f"https://{host}{path}", "Presswatch/1", now).is_allowed
        except Exception as error:  # noqa: BLE001 - this is what is counted
            print(f"      {host}: {type(error).__name__}: {error}")
            crashed += 1
        spent = time.process_time() - started
        slowest, total = max(slowest, spent), total + spent
    _title("robots.txt", f"{len(material)} files, 4 decisions each, {allowed} allowed")
    return _figure(
        "crashes, slowest, total", f"{crashed}, {slowest * 1e3:.0f} ms, {total:.2f} s", "0, < 1 s", is_held=not crashed and slowest < 1.0
    )


def _urls(data: Path) -> Held:
    cases = [case for case in json.loads((data / "urls" / "urltestdata.visible.json").read_bytes()) if isinstance(case, dict)]
    told, unstable = Counter[str](), 0
    for case in cases:
        is_fetchable = not case.get("failure") and case["href"].startswith(("http:", "https:"))
        try:
            got = urls.resolve(case["input"], case["base"])
        except ValueError:
            told["refused, as it should" if not is_fetchable else "refused, though the standard parses it"] += 1
            continue
        told["as the standard says" if is_fetchable and got == case["href"] else "WRONG"] += 1
        canonical = urls.canonical_url(got)
        unstable += urls.canonical_url(canonical) != canonical
    _title("URLs", f"{len(cases)} cases of the standard")
    for what, count in told.most_common():
        _line(what, str(count), "")
    return _figure("wrong, not idempotent", f"{told['WRONG']}, {unstable}", "0, 0", is_held=not told["WRONG"] and not unstable)


def _title(what: str, size: str) -> None:
    print(f"\n{what}: {size}")


def _line(what: str, ours: str, theirs: str) -> None:
    print(f"    {what:40} {ours:24} {theirs}".rstrip())


def _figure(what: str, value: str, must: str, *, is_held: bool) -> Held:
    print(f"  {'ok ' if is_held else 'NO '} {what}: {value} (must: {must})")
    return is_held


SUITES: dict[str, Callable[[Path], Held]] = {
    "feedparser": _feedparser_suite,
    "gofeed": _gofeed,
    "feedvalidator": _feedvalidator,
    "speed": _speed,
    "hostile": _hostile,
    "robots": _robots,
    "urls": _urls,
}

if __name__ == "__main__":
    sys.exit(main())

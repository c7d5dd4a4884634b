"""How pages are written: texts of others cut and escaped, links that stay ours, colours that can be read."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.render.changes import Change, How
from monitor.render.snippet import Part
from monitor.web.trying import Sample
from monitor.web.values import as_json, plain
from monitor.web.views import (
    MOST_BYTES,
    STEPS,
    Frame,
    behind,
    changed,
    in_path,
    length,
    next_step,
    number,
    page,
    parts,
    query,
    style,
    tag,
    text,
)
from tests.naughty import NAUGHTY
from tests.serving import accessibility, active

NOW = datetime(2026, 11, 24, 13, 58, tzinfo=UTC)
PALETTE = re.compile(r"--([a-z0-9-]+): (#[0-9a-f]{6})")


def palettes() -> list[dict[str, str]]:
    """The light and the dark colours, as the style names them."""
    light, dark = style().decode().split("@media (prefers-color-scheme: dark)", 1)
    return [dict(PALETTE.findall(light)), dict(PALETTE.findall(dark))]


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2, 1.4.3."""

    def luminance(colour: str) -> float:
        shares = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_as_the_guidelines_do() -> None:
    assert contrast("#000000", "#ffffff") == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_text_can_be_read_on_what_it_stands_on(scheme: int) -> None:
    colours = palettes()[scheme]
    grounds = ("paper", "card")
    pairs = [(ink, ground) for ink in ("ink", "soft", "link", "good", "warn", "bad") for ground in grounds]
    pairs += [("mark-ink", "mark"), ("ink", "added"), ("ink", "removed"), ("paper", "ink")]
    assert {f"{a} on {b}": contrast(colours[a], colours[b]) for a, b in pairs if contrast(colours[a], colours[b]) < 4.5} == {}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_bars_fields_and_focus_can_be_told_from_the_paper(scheme: int) -> None:
    colours = palettes()[scheme]
    shapes = ("s0", "s1", "s2", "s3", "s4", "s5", "edge", "link", "bad", "h3")
    assert {s: contrast(colours[s], colours["paper"]) for s in shapes if contrast(colours[s], colours["paper"]) < 3.0} == {}
    strip = [contrast(colours[f"h{n}"], colours["paper"]) for n in range(4)]
    assert strip == sorted(strip)


def test_both_schemes_name_the_same_colours_and_no_other_is_used() -> None:
    light, dark = palettes()
    assert light.keys() == dark.keys()
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", style().decode()))
    assert used <= light.keys()
    assert not re.search(r"#[0-9a-f]{3,8}\b", style().decode().split("*, *::before", 1)[1])


def test_the_style_asks_for_nothing() -> None:
    assert not re.search(r"url\(|@import|expression|https?:", style().decode())


@pytest.mark.parametrize("naughty", NAUGHTY)
def test_a_text_becomes_one_line_without_markup(naughty: str) -> None:
    shown = parts([Part(text=naughty), Part(text=naughty, is_evidence=True)], most=400)
    assert active(f"<p>{shown}</p>") == []
    assert set(re.findall(r"<[^>]*>", shown)) <= {"<mark>", "</mark>"}
    assert "\n" not in text(naughty)
    assert active(f"<p>{changed([Change(how=How.ADDED, text=naughty), Change(how=How.REMOVED, text=naughty)])}</p>") == []


def test_parts_are_cut_where_the_room_ends() -> None:
    shown = parts([Part(text="one "), Part(text="two", is_evidence=True), Part(text=" three four five")], most=12)
    assert shown == "one <mark>two</mark> thr…"
    assert parts([Part(text="one")], most=3) == "one"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("de", ' lang="de" dir="auto"'), ("zh-Hans", ' lang="zh-Hans" dir="auto"'), ("und", ' dir="auto"'), ("", ' dir="auto"'),
        ('de" onclick="x', ' dir="auto"'), ("de de", ' dir="auto"'), ("x" * 50, ' dir="auto"'),
    ],
)  # fmt: skip
def test_a_language_is_stated_where_it_is_one(value: str, said: str) -> None:
    assert tag(value) == said


def test_lengths_are_said_in_two_units_at_most() -> None:
    assert [length(s) for s in (0, 59, 60, 3_599, 3_600, 8_000, 90_000, 10**9)] == [
        "0 s",
        "59 s",
        "1 min",
        "59 min",
        "1 h",
        "2 h 13 min",
        "1 d",
        "11574 d",
    ]
    assert (behind(0), behind(-5), behind(125)) == ("first", "first", "+2 min")
    assert (number(1204), number(0.5), number(3.0)) == ("1,204", "0.5", "3")


def test_questions_keep_what_they_ask() -> None:
    assert query({"q": "a&b=ü", "day": "", "n": None}, before=7) == "q=a%26b%3D%C3%BC&before=7"
    assert in_path("a/../b?c") == "a%2F..%2Fb%3Fc"


@pytest.mark.parametrize(
    ("path", "root"), [("/", "./"), ("/outlets", "./"), ("/stories/1", "../"), ("/alerts/1/mute", "../../"), ("/rules/try", "../")]
)
def test_links_lead_from_where_one_is_so_that_a_proxy_may_serve_them_in_any_folder(path: str, root: str) -> None:
    assert Frame(title="", path=path, now=NOW, timezone="UTC").root == root


def test_a_page_of_nothing_is_sound_too() -> None:
    frame = Frame(title="<b>", path="/token", now=NOW, timezone="UTC", has_forms=True)
    written = page("token", {"next": '"><script>', "is_wrong": True}, frame)
    assert accessibility(written) == []
    assert active(written) == []
    assert '<meta name="referrer" content="same-origin">' in written


def test_a_page_that_is_too_large_is_written_again_with_what_is_likely_to_fit() -> None:
    shares = [step.share for step in STEPS]
    assert shares == sorted(shares, reverse=True)
    assert next_step(0, MOST_BYTES + 1) == 1
    assert next_step(0, 2 * MOST_BYTES) == 3
    assert next_step(1, MOST_BYTES * 100) == len(STEPS) - 1
    assert next_step(3, MOST_BYTES + 1) == 4


def test_what_is_unsound_is_seen() -> None:
    assert accessibility("<html lang=en><main id=main><h1>x</h1><h3>y</h3><input name=q><svg></svg><a href=x></a></main></html>")
    assert active('<a href="javascript:x">x</a>') == ["a href=javascript:x"]
    assert active('<p onclick="x" style="y">x</p><script>x</script>') == ["<script>", "p onclick", "p style"]


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=8)
)
def test_json_holds_what_it_was_given(value: object) -> None:
    assert plain(value) == value


def test_json_says_times_in_utc_and_marked_texts_as_text() -> None:
    assert as_json({"at": NOW, "day": NOW.date(), "how": How.ADDED, "text": (Part(text="a "), Part(text="b", is_evidence=True))}) == (
        '{"at":"2026-11-24T13:58:00Z","day":"2026-11-24","how":"added","text":{"text":"a b","marked":["b"]}}\n'
    )
    with pytest.raises(TypeError, match="object has no form in JSON"):
        as_json(object())


def test_an_empty_text_has_the_same_form_in_json_as_another() -> None:
    empty = Sample(story_id=1, outlet="", language="de", headline=(Part(text="a"),), excerpt=(), relevance=1, found=())
    told = plain(empty)
    assert (told["headline"], told["excerpt"], told["found"]) == ({"text": "a", "marked": []}, {"text": "", "marked": []}, [])

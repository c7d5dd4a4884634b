"""Charts, as the text they are."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from monitor.web.charts import SERIES, Bar, described, heat, parts, timeline


def test_a_strip_covers_each_of_its_48_hours_once() -> None:
    hours = [float(i % 5) for i in range(48)]
    covered: list[tuple[int, int]] = []
    for path in ET.fromstring(heat(hours)).iter("path"):
        for piece in path.attrib["d"].split("M")[1:]:
            at, row = piece.split("h")[0].split(" ")
            width = int(piece.split("h")[1].split("v")[0])
            covered += [(int(row), hour) for hour in range(int(at), int(at) + width)]
    assert sorted(covered) == [(row, hour) for row in (0, 1) for hour in range(24)]


def test_the_busiest_hour_is_the_darkest() -> None:
    hours = [0.0] * 48
    hours[9] = 4.0
    drawn = {path.attrib["class"]: path.attrib["d"] for path in ET.fromstring(heat(hours)).iter("path")}
    assert drawn["h3"] == "M9 0h1v1h-1z"
    assert described(hours) == "busiest about 09:00; 4 items on a working day, 0.0 on a weekend day"


def test_nothing_is_drawn_of_nothing() -> None:
    assert heat(()) == ""
    assert heat([0.0] * 48) == ""
    assert timeline((), label="x") == ""


def test_bars_stand_on_each_other_and_under_the_highest_number() -> None:
    drawn = ET.fromstring(timeline([Bar(name="1 Dec", parts=(1, 3), usual=(1.0, 2.0), ticks=2)], label='2 > 1 & "so"'))
    assert drawn.attrib["aria-label"] == '2 > 1 & "so"'
    assert [p.attrib["d"] for p in drawn.iter("path") if p.attrib["class"].startswith("s")] == [
        "M2 150V112.5h20V150z",
        "M2 112.5V0h20V112.5z",
    ]
    assert [p.attrib["class"] for p in drawn.iter("path")] == ["usual", "s0", "s1", "tick", "axis"]
    assert [t.text for t in drawn.iter("text")] == ["1 Dec", "4"]


def test_languages_beyond_the_colours_are_one_series() -> None:
    by_language = {name: n for n, name in enumerate("abcdefgh", start=1)}
    languages = sorted(by_language, key=lambda name: -by_language[name])
    assert parts(by_language, languages) == (8, 7, 6, 5, 4, 1 + 2 + 3)
    assert parts({"de": 2}, ["de", "fr"]) == (2, 0)
    assert len(parts(by_language, languages)) == SERIES + 1


@given(st.lists(st.lists(st.integers(0, 5000), max_size=6), max_size=30), st.text(max_size=20))
def test_whatever_is_counted_makes_well_formed_charts(days: list[list[int]], label: str) -> None:
    bars = [Bar(name="1 Dec", parts=tuple(day), usual=(0.0, 1.5) if len(day) % 2 else None, ticks=len(day)) for day in days]
    drawn = timeline(bars, label="".join(c for c in label if c.isprintable()))
    if bars:
        ET.fromstring(drawn)

"""Every theme as a feed that a feed reader takes without complaint."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import feedparser
import pytest

from monitor.model import Reason
from monitor.render.atom import feed
from tests.briefs import ALSO, NOW, alert, chinese, story
from tests.naughty import NAUGHTY


def test_a_feed_has_one_entry_per_alert_newest_first() -> None:
    older = story(also=ALSO)
    newer = replace(chinese(), alerts=(replace(chinese().alerts[0], decided_at=NOW + timedelta(minutes=5)),))
    body = feed("deepseek-next", "DeepSeek's next model", (older, newer), now=NOW, self_url="https://w.example/alerts/deepseek-next.atom")
    read = feedparser.parse(body)
    assert not read.bozo
    assert read.version == "atom10"
    assert read.feed.title == "DeepSeek's next model - Presswatch"
    assert read.feed.updated == "2026-11-24T13:03:00Z"
    assert read.feed.links[0].rel == "self"
    assert [e.id for e in read.entries] == ["tag:presswatch,2026:alert/820", "tag:presswatch,2026:alert/812"]
    second = read.entries[1]
    assert second.link == "https://www.nzz.example/technologie/chinas-ki-wunder-ld.1868"
    assert second.author == "NZZ"
    assert second.updated == "2026-11-24T12:58:00Z"
    assert "<b>Deepseek</b>" in second.content[0].value
    assert second.tags[0].label == "first report"


def test_a_feed_tells_only_its_own_theme() -> None:
    both = story(alerts=(alert(812), alert(813, "nvidia-sanctions", reason=Reason.MORE_OUTLETS, detail="3")))
    read = feedparser.parse(feed("nvidia-sanctions", "", (both,), now=NOW))
    assert [e.id for e in read.entries] == ["tag:presswatch,2026:alert/813"]
    assert read.entries[0].tags[0].label == "now in 3 outlets"


def test_a_feed_without_alerts_is_a_feed() -> None:
    read = feedparser.parse(feed("quiet", "Quiet", (), now=NOW))
    assert not read.bozo
    assert read.feed.updated == "2026-11-24T12:58:00Z"
    assert read.entries == []


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_text_leaves_the_feed_well_formed(text: str) -> None:
    told = story(text, text, outlet=text or "x", marks=(), also=ALSO)
    read = feedparser.parse(feed("deepseek-next", text, (told,), now=NOW))
    assert not read.bozo
    assert len(read.entries) == 1
    assert "<script" not in read.entries[0].content[0].value


def test_an_article_without_a_web_address_has_an_entry_without_a_link() -> None:
    read = feedparser.parse(feed("deepseek-next", "x", (story(url="urn:x"),), now=NOW))
    assert read.entries[0].get("links", []) == []

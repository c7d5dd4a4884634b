"""What people read: the inverted pyramid in every format, fitted, escaped and harmless."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import links
from monitor.model import DeliveryKind, Message, MessageFormat, Notice, Reason, Said, Severity
from monitor.render import message
from monitor.render.clean import address, cut, defuse, graphemes, length, line, plain, shown
from monitor.render.mail import document
from monitor.render.phrases import hour, language, moment, numbers, reason, themes
from monitor.render.snippet import snippet
from monitor.render.template import flaws
from tests.briefs import ALSO, GERMAN, NOW, alert, brief, chinese, delivery, evidence, report, story, subscription
from tests.naughty import NAUGHTY

READ = (MessageFormat.TEXT, MessageFormat.MARKDOWN, MessageFormat.HTML)
ZURICH = ZoneInfo("Europe/Zurich")


# ---- a layout of one's own


def test_a_template_lays_out_one_story_and_leaves_out_what_is_empty() -> None:
    template = "$$ $headline\n> $about\nAlso: $also\n$snippet\nPage: $page\n${themes} ($alerts)\n$url\n"
    assert not list(flaws(template))
    said = message(brief(story("Preis: $url und $$", "Kurz.", marks=())), MessageFormat.TEXT, template=template)
    assert said.body.splitlines() == [
        "$ Preis: $url und $$",
        "> NZZ · 24 Nov, 13:58 CET · German",
        "Kurz.",
        "deepseek-next · first report (#812)",
        "https://www.nzz.example/technologie/chinas-ki-wunder-ld.1868",
    ]
    assert said.text == said.body


@pytest.mark.parametrize("text", NAUGHTY)
@pytest.mark.parametrize("form", READ)
def test_a_field_breaks_out_of_no_template(form: MessageFormat, text: str) -> None:
    told = brief(story(text or "x", text, outlet=text or "x", marks=(), also=ALSO))
    ours, theirs = message(told, form), message(told, form, template="$headline\n$url\n$snippet\n$about\n$themes")
    assert length(theirs.body) <= 1000
    assert set(re.findall(r"<[a-z/][^>]*>", theirs.body)) <= set(re.findall(r"<[a-z/][^>]*>", ours.body))
    assert "@everyone" not in theirs.body
    assert "\u202e" not in theirs.body


def test_a_template_shortens_what_it_shows_until_it_fits() -> None:
    told = brief(story("Kopf " * 120, "Text " * 400, marks=()))
    body = message(told, MessageFormat.MARKDOWN, template=f"{'=' * 450}\n$headline $snippet\n$url\n$themes").body
    assert length(body) <= 1000
    assert body.endswith("deepseek-next · first report")


def test_a_template_is_for_one_story_and_its_own_format() -> None:
    template = "$headline $url $themes"
    mail = message(brief(), MessageFormat.HTML, template=template)
    assert (mail.body.count("\n"), mail.text) == (0, message(brief(), MessageFormat.TEXT).body)
    assert message(brief(story(), chinese()), MessageFormat.TEXT, template=template) == message(
        brief(story(), chinese()), MessageFormat.TEXT
    )


@pytest.mark.parametrize(
    ("template", "line", "said", "hint"),
    [
        ("$headline\n$url $themes\n$headlin", 3, "no field '$headlin'", "did you mean '$headline'?"),
        ("$headline $url $themes ${zzz}", 1, "no field '$zzz'", "fields: $headline, $url"),
        ("$headline $url $themes\n5 $", 2, "'$' stands before no field", "write $$"),
        ("$headline $$url", 1, "lacks $url, $themes", "never goes without"),
        ("$headline $url $themes " + "x" * 500, 1, "has 523 characters", "at most 500"),
    ],
)
def test_what_is_wrong_with_a_template_is_told_with_its_line(template: str, line: int, said: str, hint: str) -> None:
    (flaw,) = flaws(template)
    assert flaw.line == line
    assert said in flaw.message
    assert hint in flaw.hint


# ---- the inverted pyramid


def test_an_alert_reads_headline_then_proof_then_who_else_then_why() -> None:
    said = message(brief(story(also=ALSO)), MessageFormat.TEXT)
    assert said.body.splitlines() == [
        "Chinas KI-Wunder: wie Deepseek das Silicon Valley erschreckt",
        "NZZ · 24 Nov, 13:58 CET · German",
        (
            "… Am Montag hat die Firma *Deepseek* aus Hangzhou mit *R2* ein Modell vorgestellt, das nach eigenen Angaben mit weniger Chips "
            "auskommt als die Konkurrenz. Die Börse in New York reagierte nervös. Beobachter sprechen von einem Weckruf."
        ),
        "Also: Heise 14:03 · Reuters (en) 14:05 · 财新 (zh) 14:09 · +1",
        "https://www.nzz.example/technologie/chinas-ki-wunder-ld.1868",
        "deepseek-next · first report · #812",
    ]
    assert said.title == "[deepseek-next] NZZ: Chinas KI-Wunder: wie Deepseek das Silicon Valley erschreckt"
    assert said.lead == said.body.splitlines()[0]
    assert said.thread == "story-7"
    assert said.themes == ("deepseek-next",)
    assert said.at == NOW


def test_markdown_links_the_headline_and_marks_the_evidence_in_bold() -> None:
    body = message(brief(story(also=ALSO), links={"page": "https://watch.example/s/7"}), MessageFormat.MARKDOWN).body
    first, *rest = body.splitlines()
    assert first.startswith("**[Chinas KI-Wunder: wie Deepseek das Silicon Valley erschreckt](https://www.nzz.example/")
    assert "**Deepseek**" in body
    assert "**R2**" in body
    assert rest[-1] == "deepseek-next · first report · [#812](https://watch.example/s/7)"


def test_html_uses_no_tags_but_bold_italic_link_and_break() -> None:
    body = message(brief(story(also=ALSO), chinese(), kind=DeliveryKind.DIGEST), MessageFormat.HTML, limit=0).body
    assert set(re.findall(r"</?([a-z]+)", body)) == {"a", "b", "br", "i"}


def test_chinese_text_is_marked_without_spaces() -> None:
    body = message(brief(chinese()), MessageFormat.MARKDOWN).body
    assert "公司**深度求索**周一发布了下一代旗舰模型**R2**。" in body
    assert "first in Chinese" in body


def test_times_are_told_in_the_zone_of_the_subscription() -> None:
    said = replace(brief(), timezone="Asia/Shanghai")
    assert "24 Nov, 20:58 CST" in message(said, MessageFormat.TEXT).body


def test_an_article_without_a_date_is_told_by_when_it_was_seen() -> None:
    assert "24 Nov, 13:59 CET" in message(brief(story(published_at=None)), MessageFormat.TEXT).body


def test_a_story_without_body_text_still_has_headline_link_and_theme() -> None:
    body = message(brief(story(text="", marks=())), MessageFormat.TEXT).body
    assert body.splitlines()[0].startswith("Chinas KI-Wunder")
    assert "https://www.nzz.example/" in body
    assert "deepseek-next · first report · #812" in body


def test_a_teaser_that_repeats_its_headline_says_it_once() -> None:
    body = message(brief(story("Kurz gemeldet", "Kurz gemeldet", marks=())), MessageFormat.TEXT).body
    assert body.count("Kurz gemeldet") == 1


def test_themes_with_the_same_reason_share_a_line_and_others_follow() -> None:
    alerts = (alert(812), alert(813, "nvidia-sanctions"), alert(815, "china-ai", reason=Reason.MORE_OUTLETS, detail="10"))
    assert themes(alerts) == "deepseek-next, nvidia-sanctions · first report; china-ai · now in 10 outlets"
    assert numbers(alerts) == "#812-#813, #815"
    assert numbers((alert(None),)) == ""


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("2026-11-24 14/3", "unusual volume: 14 stories today, usually 3"),
        ("2026-11-24 9/1.5", "unusual volume: 9 stories today, usually 1.5"),
        ("2026-11-24", "unusual volume"),
        ("", "unusual volume"),
    ],
)
def test_a_loud_day_is_told_in_numbers(detail: str, said: str) -> None:
    assert reason(Said(reason=Reason.UNUSUAL_VOLUME, detail=detail)) == said


def test_what_a_message_carries_beside_its_text() -> None:
    said = message(brief(story(alerts=(alert(severity=Severity.HIGH),))), MessageFormat.HTML)
    assert said.severity is Severity.HIGH
    assert said.text == message(brief(), MessageFormat.TEXT).body
    assert said.url == "https://www.nzz.example/technologie/chinas-ki-wunder-ld.1868"
    assert said.footer.splitlines() == [
        "You get this because desk subscribes to deepseek-next (presswatch.yaml:15).",
        "Mute this story for 24 h: presswatch alerts mute 812 --for 24h",
    ]


# ---- several stories, and none


def test_a_digest_goes_by_outlets_and_severity_and_ends_with_what_is_silent() -> None:
    small = story("Small", story_id=1, also=(), alerts=(alert(1, story_id=1),))
    wide = story("Wide", story_id=2, also=ALSO, alerts=(alert(2, story_id=2),))
    grave = story("Grave", story_id=3, also=ALSO[:2], alerts=(alert(3, severity=Severity.HIGH, story_id=3),))
    said = message(
        brief(small, wide, grave, kind=DeliveryKind.DIGEST, since=NOW - timedelta(days=1), until=NOW, silent=("财新 sitemap",)),
        MessageFormat.TEXT,
        limit=0,
    )
    assert said.title == "[deepseek-next] 3 stories, 24 November"
    assert said.lead == "deepseek-next: 3 stories from 9 articles in 4 languages, 23 Nov 13:58 to 24 Nov 13:58 CET"
    assert [line for line in said.body.splitlines() if re.match(r"\d\. ", line)] == ["1. Wide", "2. Grave", "3. Small"]
    assert said.body.endswith("Silent: 财新 sitemap. Nothing was dropped.")
    assert said.thread is None


def test_a_digest_says_what_was_dropped() -> None:
    said = message(brief(story(), kind=DeliveryKind.DIGEST, dropped=("3 alerts muted",)), MessageFormat.TEXT)
    assert said.body.endswith("Dropped: 3 alerts muted.")


def test_an_empty_digest_says_so() -> None:
    said = message(brief(kind=DeliveryKind.DIGEST), MessageFormat.TEXT)
    assert said.title == "[deepseek-next] no new stories, 24 November"
    assert said.body.endswith("Nothing was dropped.")


@pytest.mark.parametrize("form", READ)
def test_a_digest_too_long_for_its_channel_says_how_many_more_there_are(form: MessageFormat) -> None:
    stories = tuple(story(f"Story number {i}", story_id=i, alerts=(alert(i, story_id=i),)) for i in range(1, 60))
    body = message(brief(*stories, kind=DeliveryKind.DIGEST), form, limit=2000).body
    assert length(body) <= 2000
    told = len(re.findall(r"Story number", body))
    assert told >= 8
    assert f"+{59 - told} more: presswatch alerts list --since 2026-11-24" in body


def test_a_digest_without_a_limit_tells_every_story() -> None:
    stories = tuple(story(f"Story number {i}", story_id=i, alerts=(alert(i, story_id=i),)) for i in range(1, 60))
    body = message(brief(*stories, kind=DeliveryKind.DIGEST), MessageFormat.HTML, limit=0).body
    assert len(re.findall(r"Story number", body)) == 59
    assert " more:" not in body


def test_a_storm_is_one_message_with_the_strongest_ten_and_the_count() -> None:
    stories = tuple(story(f"Story number {i}", story_id=i, alerts=(alert(i, story_id=i),)) for i in range(1, 48))
    said = message(
        brief(*stories, kind=DeliveryKind.STORM, since=NOW, until=NOW + timedelta(minutes=5), total=47), MessageFormat.TEXT, limit=4096
    )
    assert said.title == "[deepseek-next] 47 alerts in 5 minutes"
    assert len(re.findall("Story number", said.body)) == 10
    assert said.body.endswith("+37 more: presswatch alerts list --since 2026-11-24")


def test_a_storm_counts_all_its_alerts_though_only_ten_stories_are_handed_over() -> None:
    top = tuple(story(f"Story number {i}", story_id=i, alerts=(alert(i, story_id=i),)) for i in range(1, 11))
    handed = brief(*top, kind=DeliveryKind.STORM, total=40)
    said = message(replace(handed, delivery=replace(handed.delivery, alert_ids=tuple(range(1, 61)))), MessageFormat.TEXT, limit=4096)
    assert said.title == "[deepseek-next] 60 alerts"
    assert "+50 more" in said.body


def test_a_group_names_its_stories_in_one_message() -> None:
    said = message(brief(story(), chinese(), kind=DeliveryKind.GROUP), MessageFormat.TEXT)
    assert said.title.startswith("[deepseek-next] 2 stories: Chinas KI-Wunder")
    assert "1. Chinas KI-Wunder" in said.body
    assert "2. 深度求索发布R2模型" in said.body
    assert length(said.body) <= 1000


def test_a_notice_speaks_of_presswatch_itself() -> None:
    told = Notice(kind="channel-dead", subject="newsdesk", text="newsdesk takes no messages since 13:40: error=500", at=NOW)
    said = message(replace(brief(kind=DeliveryKind.NOTICE), notice=told), MessageFormat.TEXT)
    assert said.title == "[Presswatch] newsdesk: channel-dead"
    assert "newsdesk takes no messages since 13:40: error=500" in said.body
    over = message(replace(brief(kind=DeliveryKind.NOTICE), notice=replace(told, is_recovery=True)), MessageFormat.MARKDOWN)
    assert over.title == "[Presswatch] newsdesk: channel-dead is over"


def test_a_notice_longer_than_a_chat_takes_is_cut() -> None:
    told = Notice(kind="rules-invalid", subject="themes.yaml", text="a problem " * 500, at=NOW)
    for limit in (1000, 300, 10):
        body = message(replace(brief(kind=DeliveryKind.NOTICE), notice=told), MessageFormat.TEXT, limit).body
        assert length(body) <= max(limit, 150)


def test_a_message_on_many_themes_counts_them() -> None:
    many = tuple(alert(i, f"theme-{i}") for i in range(4))
    assert message(brief(story(alerts=many)), MessageFormat.TEXT).title.startswith("[theme-0, theme-1 +2] NZZ: ")
    assert message(brief(story(alerts=many), kind=DeliveryKind.DIGEST), MessageFormat.TEXT).title == "[4 themes] 1 story, 24 November"
    nobody = replace(brief(kind=DeliveryKind.DIGEST), subscription=None)
    said = message(nobody, MessageFormat.TEXT)
    assert said.title == "[Presswatch] no new stories, 24 November"
    assert said.footer == ""
    plain = replace(subscription("*"), place=None)
    assert message(replace(brief(), subscription=plain), MessageFormat.TEXT).footer.startswith(
        "You get this because desk subscribes to every theme."
    )
    assert "alerts will arrive here" in message(replace(brief(kind=DeliveryKind.TEST), subscription=None), MessageFormat.TEXT).body


def test_a_theme_with_two_alerts_for_one_reason_is_named_once() -> None:
    assert themes((alert(1), alert(2))) == "deepseek-next · first report"
    two = (alert(1, reason=Reason.MORE_OUTLETS, detail="3"), alert(2, reason=Reason.NEW_LANGUAGE, detail="en"), alert(3, "china-ai"))
    assert themes(two) == "deepseek-next · now in 3 outlets, first in English; china-ai · first report"


def test_a_group_without_stories_still_reads() -> None:
    empty = replace(brief(kind=DeliveryKind.GROUP), stories=())
    assert message(empty, MessageFormat.TEXT).title == "[deepseek-next] 0 stories"


def test_pages_of_several_stories_are_linked_each() -> None:
    links = {"page:7": "https://watch.example/s/7", "page": "https://watch.example/digest"}
    body = message(brief(story(), chinese(), kind=DeliveryKind.DIGEST, links=links), MessageFormat.MARKDOWN, limit=0).body
    assert "[#812](https://watch.example/s/7)" in body
    assert "· #820" in body


def test_overlapping_evidence_is_marked_once() -> None:
    text = "Deepseek R2 ist da."
    marks = evidence(text, "Deepseek R2", "R2")
    assert [p.text for p in snippet(text, marks, width=100) if p.is_evidence] == ["Deepseek R2"]


def test_evidence_that_ends_in_a_sign_is_shown_unmarked() -> None:
    text = "Die Marke «R2+» ist neu."
    assert not any(p.is_evidence for p in snippet(text, evidence(text, "R2+"), width=100))


def test_a_test_message_says_what_will_come() -> None:
    assert "alerts of deepseek-next will arrive here" in message(brief(kind=DeliveryKind.TEST), MessageFormat.TEXT).body
    every = replace(brief(kind=DeliveryKind.TEST), subscription=subscription("*"))
    assert "alerts of every theme will arrive here" in message(every, MessageFormat.HTML).body


# ---- fitting


@pytest.mark.parametrize("form", READ)
def test_what_does_not_fit_goes_in_order_also_snippet_second_line_and_last_the_headlines_end(form: MessageFormat) -> None:
    told = story("Kopfzeile " * 20, also=ALSO)
    seen = [message(brief(told), form, limit).body for limit in range(1000, 250, -10)]
    kept = [("Also:" in b, "Deepseek" in b, "24 Nov" in b) for b in seen]
    assert kept[0] == (True, True, True)
    assert kept[-1] == (False, False, False)
    assert sorted(set(kept), reverse=True) == [(True, True, True), (False, True, True), (False, False, True), (False, False, False)]
    assert kept == sorted(kept, reverse=True)
    for body, limit in zip(seen, range(1000, 250, -10), strict=True):
        assert length(body) <= limit
        assert "Kopfzeile Kopfzeile" in body
        assert "https://www.nzz.example/technologie/chinas-ki-wunder-ld.1868" in body
        assert "deepseek-next" in body


@given(
    headline=st.text(max_size=600),
    text=st.text(max_size=800),
    outlet=st.text(min_size=1, max_size=60),
    theme=st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True),
    limit=st.integers(min_value=500, max_value=1200),
    form=st.sampled_from(READ),
)
def test_every_alert_fits_and_keeps_headline_link_and_theme(
    headline: str, text: str, outlet: str, theme: str, limit: int, form: MessageFormat
) -> None:
    told = story(headline, text, outlet=outlet, marks=(), alerts=(alert(812, theme),), also=ALSO)
    said = message(brief(told), form, limit)
    assert length(said.body) <= min(limit, 1000)
    assert "https://www.nzz.example/technologie/chinas-ki-wunder-ld.1868" in said.body
    assert theme in said.body.replace("\\", "")
    assert said.body.splitlines()[0]
    assert "\n" not in said.title
    assert "\r" not in said.title


def test_an_address_longer_than_the_budget_is_kept_whole() -> None:
    url = "https://www.nzz.example/" + "a" * 1500
    assert url in message(brief(story(url=url)), MessageFormat.TEXT).body


@pytest.mark.parametrize("kind", [DeliveryKind.STORY, DeliveryKind.GROUP, DeliveryKind.STORM, DeliveryKind.DIGEST])
@pytest.mark.parametrize("form", READ)
def test_every_kind_fits_a_chat(kind: DeliveryKind, form: MessageFormat) -> None:
    long = story("Sehr langer Titel über die Lage der Chipindustrie " * 9, GERMAN * 4, also=ALSO)
    stories = (long,) if kind is DeliveryKind.STORY else (long, chinese(), long)
    assert length(message(brief(*stories, kind=kind, total=40), form, 1000).body) <= 1000


# ---- harmless


def _visible(text: str) -> str:
    return text.replace("\u200b", "")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))


def _naughty(text: str, form: MessageFormat) -> Message:
    told = replace(
        story(text, text, outlet=text or "x", marks=(), also=(replace(report(2, "Heise", "de", 5), outlet_name=text),)),
        alerts=(alert(812, "deepseek-next"),),
    )
    return message(replace(brief(told), subscription=subscription(text)), form)


@pytest.mark.parametrize("text", NAUGHTY)
@pytest.mark.parametrize("form", list(MessageFormat))
def test_naughty_text_gives_a_clean_message_in_every_format(text: str, form: MessageFormat) -> None:
    said = _naughty(text, form)
    for piece in (said.title, said.body, said.text, said.footer, said.lead):
        piece.encode("utf-8")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", piece)
    assert "\n" not in said.title
    assert length(said.text) <= 1000


@pytest.mark.parametrize("text", NAUGHTY)
@pytest.mark.parametrize("form", READ)
def test_naughty_text_pings_nobody(text: str, form: MessageFormat) -> None:
    body = _naughty(text, form).body
    assert not re.search(r"@(?:everyone|here)", body, re.IGNORECASE)
    assert not re.search(r"(?<!\w)@\w", body)
    if form is not MessageFormat.HTML:
        assert not re.search(r"<[!@#&:/\w]", body)


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_text_adds_no_tags_to_html(text: str) -> None:
    reader = _Reader()
    reader.feed(_naughty(text, MessageFormat.HTML).body)
    assert {tag for tag, _ in reader.tags} <= {"a", "b", "br", "i"}
    assert all(
        attrs == [("href", "https://www.nzz.example/technologie/chinas-ki-wunder-ld.1868")] for tag, attrs in reader.tags if tag == "a"
    )
    assert all(not attrs for tag, attrs in reader.tags if tag != "a")


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_text_opens_no_markup_in_markdown(text: str) -> None:
    body = _naughty(text, MessageFormat.MARKDOWN).body
    bare = re.sub(r"\\.", "", body)
    assert len(re.findall(r"\]\(", bare)) == 1, "one link, ours"
    assert bare.count("*") == 4, "one bold headline"
    assert not re.search(r"[_`~|<>]", re.sub(r"\(https://[^)]*\)", "", bare))


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_text_links_nowhere(text: str) -> None:
    for form in READ:
        assert set(re.findall(r"\w+://[^\s)\"]+", _naughty(text, form).body)) == {
            "https://www.nzz.example/technologie/chinas-ki-wunder-ld.1868"
        }


def test_templates_in_content_stay_text() -> None:
    assert "{{ 7*7 }} ${HOME}" in message(brief(story("{{ 7*7 }} ${HOME}")), MessageFormat.TEXT).body


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x y?q=<b>&r=(1)|2#f", "https://a.example/x%20y?q=%3Cb%3E&r=%281%29%7C2#f"),
        ("https://a.example/@everyone/1", "https://a.example/%40everyone/1"),
        ("https://a.example/medium/@writer", "https://a.example/medium/@writer"),
        ("https://b\u00fccher.example/\u00fc", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://a.example/%E4%BD%A0", "https://a.example/%E4%BD%A0"),
        ("javascript:alert(1)", None),
        ("https://user:secret@a.example/", None),
        ("https://", None),
        ("https://[::1", None),
        ("/relative", None),
        ("", None),
        (None, None),
    ],
)
def test_only_web_addresses_that_break_out_of_nothing_are_linked(url: str | None, shown: str | None) -> None:
    assert address(url) == shown


def test_a_story_whose_address_cannot_be_linked_is_still_told() -> None:
    for form in READ:
        body = message(brief(story(url="javascript:alert(1)")), form).body
        assert "Chinas KI-Wunder" in body
        assert "javascript" not in body


# ---- text


@given(st.text())
def test_a_line_is_one_line_and_cleaning_it_again_changes_nothing(text: str) -> None:
    once = line(text)
    assert "\n" not in once
    assert "\r" not in once
    assert line(once) == once
    assert shown(text) == defuse(line(text))


@given(st.text(alphabet=st.characters(codec="utf-8")), st.integers(min_value=1, max_value=50))
def test_a_cut_keeps_whole_graphemes_and_says_that_it_cut(text: str, size: int) -> None:
    short = cut(text, size)
    assert len(graphemes(short)) <= size
    if len(graphemes(text)) > size:
        assert short.endswith("…")
        assert all(a == b for a, b in zip(graphemes(short)[:-1], graphemes(text), strict=False))


def test_a_family_is_not_torn_apart() -> None:
    family = "👨‍👩‍👧‍👦"
    assert cut(family * 5, 3) == family * 2 + "…"
    assert length(family) == 11


def test_a_pair_written_as_two_surrogates_becomes_its_character() -> None:
    assert plain("\ud83d\ude00\ud800") == "😀"


def test_a_tower_of_marks_is_cut_down() -> None:
    assert len(cut("e" + "\u0301" * 500, 10)) <= 16


# ---- snippets


def test_a_snippet_begins_at_the_sentence_and_shows_where_text_is_missing() -> None:
    said = "".join(p.text for p in snippet(GERMAN, evidence(GERMAN, "R2"), width=160))
    assert said.startswith("… Am Montag hat die Firma")
    assert said.endswith("\u00a0…"), "the ellipsis never stands alone on a line"
    assert len(said) <= 165


def test_a_snippet_shows_the_place_that_holds_most_of_the_evidence() -> None:
    text = "Deepseek steht hier allein. " + "Füllwort " * 60 + "Hier stehen Nvidia, Deepseek und Sanktionen zusammen. " + "Füllwort " * 60
    second = text.index("Deepseek", 30)
    marks = (*evidence(text, "Deepseek", "Nvidia", "Sanktionen"), replace(evidence(text, "Deepseek")[0], start=second, end=second + 8))
    said = snippet(text, marks, width=120)
    assert [p.text for p in said if p.is_evidence] == ["Nvidia", "Deepseek", "Sanktionen"]


def test_a_snippet_without_evidence_in_the_body_is_its_beginning() -> None:
    said = snippet(GERMAN, evidence("Deepseek", "Deepseek", field="title"), width=60)
    assert said[0].text == "Ein Start-up aus der Provinz macht Furore. Noch vor zwei"


@given(st.text(max_size=400), st.lists(st.tuples(st.integers(-5, 420), st.integers(-5, 420)), max_size=8), st.integers(0, 200))
def test_a_snippet_never_fails_whatever_the_spans_are(text: str, spans: list[tuple[int, int]], width: int) -> None:
    marks = [replace(evidence("x", "x")[0], start=a, end=b, term=str(a % 3)) for a, b in spans]
    parts = snippet(text, marks, width=width)
    assert sum(len(_visible(p.text)) for p in parts) <= width + 4


# ---- words


def test_languages_and_reasons_are_told_in_words() -> None:
    assert [language(t) for t in ("de", "zh-Hans", "pt-BR", "und", "xx-unknown", "")] == [
        "German",
        "Simplified Chinese",
        "Portuguese",
        "",
        "xx-unknown",
        "",
    ]
    assert reason(Said(reason=Reason.NEW_LANGUAGE, detail="fr")) == "first in French"
    assert reason(Said(reason=Reason.NEW_LANGUAGE)) == "first in another language"
    assert reason(Said(reason=Reason.MORE_OUTLETS)) == "now in more outlets"
    assert reason(Said(reason=Reason.CORRECTION, detail="nzz")) == "correction"


def test_a_time_names_its_zone_and_its_year_where_it_is_not_this_one() -> None:
    assert moment(NOW, ZURICH, year=2026) == "24 Nov, 13:58 CET"
    assert moment(NOW - timedelta(days=365), ZURICH, year=2026) == "24 Nov 2025, 13:58 CET"
    assert moment(NOW, ZoneInfo("Asia/Kathmandu"), year=2026) == "24 Nov, 18:43 UTC+0545"
    assert hour(NOW - timedelta(days=1), ZURICH, beside=NOW) == "23 Nov 13:58"


def test_the_night_the_clocks_change_is_told_right() -> None:
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert moment(before, ZURICH, year=2026) == "25 Oct, 02:30 CEST"
    assert moment(before + timedelta(hours=1), ZURICH, year=2026) == "25 Oct, 02:30 CET"


# ---- the JSON of a webhook


def test_a_webhook_gets_message_alert_story_article_and_evidence() -> None:
    said = message(brief(story(also=ALSO)), MessageFormat.JSON)
    told = json.loads(said.body)
    assert told == said.payload
    assert (told["schema"], told["message_id"], told["kind"]) == (1, "m-1", "story")
    assert told["text"] == said.text
    first = told["stories"][0]
    assert (first["story_id"], first["outlets"]) == (7, 5)
    assert first["alerts"][0]["alert_id"] == 812
    assert first["alerts"][0]["why"] == "first report"
    assert first["article"]["url"] == "https://www.nzz.example/technologie/chinas-ki-wunder-ld.1868"
    assert first["article"]["published_at"] == "2026-11-24T12:58:00Z"
    assert [e["surface"] for e in first["evidence"]] == ["Deepseek", "R2"]
    assert [r["outlet_name"] for r in first["also"]] == ["Heise", "Reuters", "财新", "Le Monde"]


def test_the_same_delivery_gives_the_same_bytes() -> None:
    assert message(brief(), MessageFormat.JSON).body == message(brief(), MessageFormat.JSON).body


def test_a_webhook_hears_of_digests_and_notices_too() -> None:
    digest = json.loads(message(brief(story(), kind=DeliveryKind.DIGEST, since=NOW, until=NOW, silent=("a",)), MessageFormat.JSON).body)
    assert digest["silent_sources"] == ["a"]
    told = Notice(kind="disk", subject="archive", text="no space left", at=NOW)
    notice = json.loads(message(replace(brief(kind=DeliveryKind.NOTICE), notice=told), MessageFormat.JSON).body)
    storm = json.loads(message(brief(story(), kind=DeliveryKind.STORM, total=40), MessageFormat.JSON).body)
    assert storm["total"] == 40
    assert notice["notice"]["text"] == "no space left"


# ---- mail


def test_the_mail_document_holds_body_and_footer_and_no_foreign_markup() -> None:
    said = message(brief(story("<script>alert(1)</script>")), MessageFormat.HTML)
    page = document(replace(said, title="</title><script>", footer="<b>x</b>\nsecond"))
    assert page.startswith("<!DOCTYPE html>")
    assert "<script>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;<br>\nsecond" in page
    assert said.body in page


def test_a_message_keeps_the_id_of_its_delivery() -> None:
    assert message(brief(), MessageFormat.TEXT).message_id == "m-1"
    nameless = replace(brief(), delivery=replace(delivery(5), message_id=""))
    assert message(nameless, MessageFormat.TEXT).message_id == "delivery-5"


# ---- what a reader may do


DONE_BY_LINK = links.of_story("https://watch.example.org", b"k" * 32, 7, 812, NOW)


@pytest.mark.parametrize("form", READ)
def test_a_message_links_to_its_page_and_to_what_may_be_done(form: MessageFormat) -> None:
    body = message(brief(story(also=ALSO), links=DONE_BY_LINK), form).body
    assert "https://watch.example.org/alerts/812" in body
    for act in ("mute", "useful", "noise"):
        assert DONE_BY_LINK[f"{act}:7"] in body
    assert length(body) <= 1000


def test_links_give_way_after_the_other_reports_and_before_the_proof() -> None:
    long = story("Lang " * 60, also=ALSO, alerts=(alert(812), *(alert(820 + 2 * i, f"another-theme-of-many-{i}") for i in range(6))))
    body = message(brief(long, links=DONE_BY_LINK), MessageFormat.MARKDOWN).body
    assert "Also:" not in body
    assert "mute" not in body
    assert "**Deepseek**" in body
    assert "https://watch.example.org/alerts/812)" in body


def test_a_footer_names_the_command_only_where_no_link_does_it() -> None:
    assert "presswatch alerts mute" not in message(brief(links=DONE_BY_LINK), MessageFormat.HTML).footer
    assert "presswatch alerts mute 812" in message(brief(), MessageFormat.HTML).footer


def test_a_webhook_gets_every_link_by_name() -> None:
    said = json.loads(message(brief(links=DONE_BY_LINK), MessageFormat.JSON).body)["stories"][0]
    assert said["page"] == "https://watch.example.org/alerts/812"
    assert set(said["links"]) == {"mute", "useful", "noise", "duplicate"}
    assert json.loads(message(brief(), MessageFormat.JSON).body)["stories"][0]["links"] == {}

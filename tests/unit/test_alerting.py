from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import Article, FailureReason, Genre
from monitor.alerting import alerts, decide, headline_changed, unusual_volume, volume
from monitor.model import Alert, HowAssigned, Match, Past, Reason, Report, Said, Severity, Story, Theme, Verdict

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
THEME = Theme(theme_id="chips", label="Chips", need="chips for sale", severity=Severity.HIGH)
MATCHES = (
    Match(rule_id="chips/ban", theme_id="chips", relevance=40, evidence=()),
    Match(rule_id="chips/licence", theme_id="chips", relevance=80, evidence=()),
)


def article(article_id: int = 1, **changes: Any) -> Article:
    fields: dict[str, Any] = {
        "key": f"https://outlet.example/{article_id}",
        "url": f"https://outlet.example/{article_id}",
        "outlet_id": f"outlet-{article_id}",
        "source_id": f"outlet-{article_id}#1",
        "headline": "Chips verboten",
        "text": "Die Regierung verbietet den Verkauf.",
        "language": "de",
        "published_at": NOON,
        "seen_at": NOON,
        "article_id": article_id,
    }
    return Article(**(fields | changes))


def story(*articles: Article) -> Story:
    reports = tuple(
        Report(
            article_id=a.article_id or 0,
            outlet_id=a.outlet_id,
            outlet_name=a.outlet_id.title(),
            language=a.language,
            headline=a.headline,
            url=a.url,
            at=a.seen_at,
            agency=a.agency,
        )
        for a in articles
    )
    return Story(story_id=10, first_at=NOON, last_at=NOON, reports=reports)


def spoke(reason: Reason = Reason.FIRST_REPORT, detail: str = "", **changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "alert_id": 1,
        "theme_id": "chips",
        "story_id": 10,
        "article_id": 1,
        "severity": Severity.HIGH,
        "language": "de",
        "decided_at": NOON,
    }
    return Alert(reason=reason, detail=detail, **(fields | changes))


def reasons(verdict: Verdict) -> list[tuple[Reason, str]]:
    return [(said.reason, said.detail) for said in verdict.reasons]


def ask(arrived: Article, among: Story, history: Past = Past(), **changes: Any) -> list[tuple[Reason, str]]:  # noqa: B008 - a value
    return reasons(decide(THEME, among, arrived, changes.pop("matches", MATCHES), history, NOON, **changes))


# ---- the first report


def test_the_first_match_of_a_theme_on_a_story_is_the_first_report() -> None:
    assert ask(article(), story(article())) == [(Reason.FIRST_REPORT, "")]


def test_a_theme_that_matches_a_known_story_late_tells_its_own_first_report() -> None:
    others = Past(alerts=(spoke(theme_id="robots"),))
    assert ask(article(2), story(article(1), article(2)), others) == [(Reason.FIRST_REPORT, "")]


def test_without_a_match_there_is_nothing_to_say() -> None:
    assert ask(article(), story(article()), matches=()) == [(Reason.NO_MATCH, "")]


@pytest.mark.parametrize(
    ("arrived", "first_pass", "reason"),
    [
        (article(is_backfill=True), False, Reason.TOO_OLD),
        (article(published_at=NOON - timedelta(hours=25)), True, Reason.TOO_OLD),
        (article(published_at=NOON - timedelta(hours=23)), True, Reason.FIRST_REPORT),
        (article(published_at=NOON - timedelta(days=30)), False, Reason.FIRST_REPORT),
        (article(published_at=None), True, Reason.FIRST_REPORT),
    ],
)
def test_backfill_and_the_old_part_of_a_first_pass_stay_silent(arrived: Article, reason: Reason, *, first_pass: bool) -> None:
    assert ask(arrived, story(arrived), first_pass=first_pass) == [(reason, "")]


def test_what_was_withdrawn_before_anything_was_told_is_not_told() -> None:
    gone = article(failure=FailureReason.GONE)
    assert ask(gone, story(gone), earlier=article()) == [(Reason.TOO_OLD, "")]


# ---- later reports


def test_a_second_report_in_the_same_language_is_already_told() -> None:
    assert ask(article(2), story(article(1), article(2)), Past(alerts=(spoke(),))) == [(Reason.ALREADY_TOLD, "")]


def test_a_copy_says_that_it_is_one() -> None:
    history = Past(alerts=(spoke(),))
    assert ask(article(2), story(article(1), article(2)), history, how=HowAssigned.SAME_TEXT) == [(Reason.SAME_TEXT, "")]


def test_backfill_of_a_told_story_stays_silent() -> None:
    late = article(2, is_backfill=True, language="zh")
    assert ask(late, story(article(1), late), Past(alerts=(spoke(),))) == [(Reason.TOO_OLD, "")]


@pytest.mark.parametrize(("outlets", "step"), [(2, None), (3, "3"), (9, "3"), (10, "10"), (29, "10"), (30, "30"), (55, "30")])
def test_a_story_speaks_again_at_three_ten_and_thirty_outlets(outlets: int, step: str | None) -> None:
    articles = [article(n) for n in range(1, outlets + 1)]
    found = ask(articles[-1], story(*articles), Past(alerts=(spoke(),)))
    assert found == [(Reason.MORE_OUTLETS, step) if step else (Reason.ALREADY_TOLD, "")]


def test_a_step_that_was_told_or_jumped_over_is_not_told_again() -> None:
    articles = [article(n) for n in range(1, 12)]
    told_three = Past(alerts=(spoke(), spoke(Reason.MORE_OUTLETS, "3", alert_id=2)))
    assert ask(articles[3], story(*articles[:4]), told_three) == [(Reason.ALREADY_TOLD, "")]
    told_ten = Past(alerts=(spoke(), spoke(Reason.MORE_OUTLETS, "10", alert_id=2)))
    assert ask(articles[-1], story(*articles), told_ten) == [(Reason.ALREADY_TOLD, "")]


def test_outlets_with_one_agency_text_count_once() -> None:
    copies = [article(n, agency="dpa") for n in range(1, 12)]
    assert ask(copies[-1], story(*copies), Past(alerts=(spoke(),))) == [(Reason.ALREADY_TOLD, "")]


def test_what_the_story_had_when_the_theme_first_spoke_is_implied() -> None:
    articles = [article(1), article(2, language="zh"), article(3), article(4), article(5, language="zh-Hant")]
    late = Past(alerts=(spoke(article_id=4),))
    assert ask(articles[-1], story(*articles), late) == [(Reason.ALREADY_TOLD, "")]


def test_an_article_the_story_no_longer_lists_implies_nothing() -> None:
    articles = [article(n) for n in range(2, 5)]
    assert ask(articles[-1], story(*articles), Past(alerts=(spoke(article_id=99),))) == [(Reason.MORE_OUTLETS, "3")]


def test_the_first_report_in_another_language_speaks_once() -> None:
    chinese = article(2, language="zh-Hans")
    assert ask(chinese, story(article(1), chinese), Past(alerts=(spoke(),))) == [(Reason.NEW_LANGUAGE, "zh")]
    known = Past(alerts=(spoke(), spoke(Reason.NEW_LANGUAGE, "zh", alert_id=2, article_id=2, language="zh-Hans")))
    assert ask(article(3, language="zh"), story(article(1), chinese), known) == [(Reason.ALREADY_TOLD, "")]


def test_a_language_nobody_could_tell_is_no_news() -> None:
    unknown = article(2, language="und")
    assert ask(unknown, story(article(1), unknown), Past(alerts=(spoke(),))) == [(Reason.ALREADY_TOLD, "")]


def test_one_article_may_bring_two_reasons_the_stronger_first() -> None:
    articles = [article(1), article(2), article(3, language="fr")]
    found = ask(articles[-1], story(*articles), Past(alerts=(spoke(),)))
    assert found == [(Reason.MORE_OUTLETS, "3"), (Reason.NEW_LANGUAGE, "fr")]


# ---- revisions


def test_a_changed_headline_speaks_once_per_outlet() -> None:
    before, after = article(), article(headline="Regierung erlaubt Ausfuhr doch")
    history = Past(alerts=(spoke(),))
    assert ask(after, story(after), history, earlier=before) == [(Reason.HEADLINE_CHANGED, "outlet-1")]
    told = Past(alerts=(spoke(), spoke(Reason.HEADLINE_CHANGED, "outlet-1", alert_id=2)))
    assert ask(after, story(after), told, earlier=before) == [(Reason.ALREADY_TOLD, "")]


def test_a_live_page_may_change_its_headline_all_day() -> None:
    before, after = article(genre=Genre.LIVE), article(genre=Genre.LIVE, headline="Minister tritt vor die Presse")
    assert ask(after, story(after), Past(alerts=(spoke(),)), earlier=before) == [(Reason.ALREADY_TOLD, "")]


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("Chips verboten", "Chips verboten!", False),
        ("CHIPS VERBOTEN", "Chips verboten", False),
        ("Regierung verbietet Verkauf von Chips", "Regierung verbietet den Verkauf von Chips", False),
        ("Drei Tote bei Brand", "Vier Tote bei Brand", False),
        ("3 Tote bei Brand", "4 Tote bei Brand", True),
        ("Chips verboten", "Regierung erlaubt Ausfuhr", True),
        ("中国商务部宣布限制芯片出口", "中国商务部宣布限制芯片出口了", False),
        ("中国限制芯片出口", "美国放松管制", True),
        ("", "Chips verboten", False),
        ("Chips verboten", "?!", False),
        ("Ban", "东", True),
        ("한국 반도체 수출 증가", "한국 반도체 수출 증가!", False),
    ],
)
def test_a_polished_headline_is_no_changed_one(before: str, after: str, *, changed: bool) -> None:
    assert headline_changed(before, after) is changed


@pytest.mark.parametrize(
    "note",
    [
        "Correction: an earlier figure was wrong.",
        "An earlier version of this article misstated the price.",
        "Korrektur: Die Zahl war falsch.",
        "In einer früheren Version dieses Artikels stand ein anderer Name.",
        "Rectificatif",
        "Sprostowanie",
        "更正：数字有误",
    ],
)
def test_a_correction_speaks_where_a_marker_is_added(note: str) -> None:
    before = article()
    after = replace(before, text=f"{before.text} {note}")
    assert ask(after, story(after), Past(alerts=(spoke(),)), earlier=before) == [(Reason.CORRECTION, "outlet-1")]
    assert ask(after, story(after), Past(alerts=(spoke(),)), earlier=after) == [(Reason.ALREADY_TOLD, "")]


def test_a_market_that_corrects_itself_is_no_correction() -> None:
    after = article(text="Analysts expect a stock market correction this spring.")
    assert ask(after, story(after), Past(alerts=(spoke(),)), earlier=article()) == [(Reason.ALREADY_TOLD, "")]


def test_a_told_article_that_is_gone_is_withdrawn() -> None:
    gone = article(failure=FailureReason.GONE)
    history = Past(alerts=(spoke(),))
    assert ask(gone, story(gone), history, earlier=article()) == [(Reason.WITHDRAWN, "outlet-1")]
    assert ask(gone, story(gone), history, earlier=gone) == [(Reason.ALREADY_TOLD, "")]


# ---- alerts


def test_every_reason_that_speaks_becomes_one_alert() -> None:
    verdict = Verdict(
        theme_id="chips", reasons=(Said(reason=Reason.MORE_OUTLETS, detail="3"), Said(reason=Reason.NEW_LANGUAGE, detail="fr"))
    )
    first, second = alerts(THEME, story(article()), article(language="fr"), MATCHES, verdict, NOON)
    assert (first.reason, first.detail, second.reason, second.detail) == (Reason.MORE_OUTLETS, "3", Reason.NEW_LANGUAGE, "fr")
    assert (first.severity, first.relevance, first.rules) == (Severity.HIGH, 80, ("chips/ban", "chips/licence"))
    assert (first.story_id, first.article_id, first.outlet_id, first.language, first.decided_at) == (10, 1, "outlet-1", "fr", NOON)


def test_silence_makes_no_alert() -> None:
    verdict = Verdict(theme_id="chips", reasons=(Said(reason=Reason.ALREADY_TOLD),))
    assert alerts(THEME, story(article()), article(), MATCHES, verdict, NOON) == ()


# ---- laws


ARRIVALS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        language=st.sampled_from(["de", "en", "zh", "zh-Hant", "und"]),
        outlet_id=st.sampled_from([f"outlet-{n}" for n in range(14)]),
        agency=st.sampled_from([None, None, "dpa"]),
        is_backfill=st.booleans(),
        headline=st.sampled_from(["Chips verboten", "Ausfuhr erlaubt", "3 Werke zu"]),
        failure=st.sampled_from([None, None, FailureReason.GONE]),
        revises=st.booleans(),
    ),
    max_size=25,
)


@given(arrivals=ARRIVALS)
def test_a_theme_never_speaks_twice_for_one_reason_and_detail_on_a_story(arrivals: list[dict[str, Any]]) -> None:
    told: list[Alert] = []
    seen: list[Article] = []
    for n, changes in enumerate(arrivals, start=1):
        revises = changes.pop("revises") and seen
        arrived = replace(article(n, **changes), article_id=seen[-1].article_id) if revises else article(n, **changes)
        earlier = seen[-1] if revises else None
        seen = [*(seen[:-1] if revises else seen), arrived]
        now = NOON + timedelta(minutes=n)
        among = story(*seen)
        verdict = decide(THEME, among, arrived, MATCHES, Past(alerts=tuple(told)), now, earlier=earlier)
        assert verdict.reasons
        assert len({said.reason.speaks for said in verdict.reasons}) == 1
        told += [replace(a, alert_id=len(told) + k) for k, a in enumerate(alerts(THEME, among, arrived, MATCHES, verdict, now))]
    assert len({(a.reason, a.detail) for a in told}) == len(told)
    assert sum(a.reason is Reason.FIRST_REPORT for a in told) <= 1


# ---- unusual volume

TUESDAY = date(2026, 11, 24)


def weeks(workday: int, weekend: int, count: int = 8) -> dict[date, int]:
    days = (TUESDAY - timedelta(days=n) for n in range(1, 7 * count + 1))
    return {day: weekend if day.weekday() >= 5 else workday for day in days}


def test_a_day_far_above_its_weekday_is_unusual() -> None:
    assert unusual_volume(weeks(4, 1) | {TUESDAY: 14}, TUESDAY) == Said(reason=Reason.UNUSUAL_VOLUME, detail="2026-11-24 14/4")
    assert unusual_volume(weeks(4, 1) | {TUESDAY: 9}, TUESDAY) is None


def test_a_weekend_is_measured_by_weekends() -> None:
    saturday = TUESDAY - timedelta(days=3)
    loud = {day: n for day, n in weeks(12, 1).items() if day < saturday} | {saturday: 9}
    assert unusual_volume(loud, saturday) is not None
    assert unusual_volume(weeks(12, 1) | {TUESDAY: 13}, TUESDAY) is None


def test_a_handful_of_stories_is_never_unusual() -> None:
    assert unusual_volume(weeks(0, 0) | {TUESDAY: 4}, TUESDAY) is None
    assert unusual_volume(weeks(0, 0) | {TUESDAY: 5}, TUESDAY) is not None


def test_one_earlier_burst_does_not_hide_the_next() -> None:
    burst = weeks(4, 1) | {TUESDAY - timedelta(days=7): 80, TUESDAY: 20}
    assert unusual_volume(burst, TUESDAY) is not None


def test_a_young_theme_is_measured_by_workdays_and_the_youngest_not_at_all() -> None:
    young = {TUESDAY - timedelta(days=n): 2 for n in range(1, 10)}
    found = volume(young | {TUESDAY: 12}, TUESDAY)
    assert found is not None
    assert found.usual == 2
    assert found.is_unusual
    assert volume({TUESDAY - timedelta(days=1): 2, TUESDAY: 50}, TUESDAY) is None


@given(daily=st.dictionaries(st.integers(-10, 70), st.integers(0, 50)), more=st.integers(0, 50))
def test_more_stories_never_make_a_day_more_usual(daily: dict[int, int], more: int) -> None:
    days = {TUESDAY - timedelta(days=n): count for n, count in daily.items()}
    fewer, louder = volume(days, TUESDAY), volume(days | {TUESDAY: days.get(TUESDAY, 0) + more}, TUESDAY)
    assert (fewer is None) == (louder is None)
    if fewer is not None and louder is not None:
        assert louder.deviations >= fewer.deviations

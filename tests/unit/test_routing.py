from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import (
    Alert,
    ChannelSettings,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Digest,
    DigestEvery,
    FollowUps,
    Mute,
    QuietHours,
    Reason,
    Recent,
    Severity,
    Subscription,
    Told,
)
from monitor.routing import STORM_ALERTS, next_slot, quiet_until, route, welcome, with_defaults

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAILY = Digest(every=DigestEvery.DAILY, at=time(7, 0))
NIGHT = QuietHours(start=time(22, 0), end=time(7, 0))


def alert(alert_id: int | None = 1, **changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "alert_id": alert_id,
        "theme_id": "chips",
        "story_id": 10,
        "article_id": 100,
        "reason": Reason.FIRST_REPORT,
        "severity": Severity.NORMAL,
        "relevance": 60,
        "language": "de",
        "outlet_id": "abendblatt",
        "decided_at": NOON,
    }
    return Alert(**(fields | changes))


def subscription(name: str = "desk", **changes: Any) -> Subscription:
    fields: dict[str, Any] = {"subscription_id": name, "channel": "news", "themes": ("*",)}
    return Subscription(**(fields | changes))


def told(**changes: Any) -> Told:
    fields: dict[str, Any] = {
        "channel": "news",
        "story_id": 10,
        "severity": Severity.NORMAL,
        "themes": ("chips",),
        "delivery_id": 5,
        "status": DeliveryStatus.SENT,
        "kind": DeliveryKind.STORY,
        "at": NOON - timedelta(hours=1),
    }
    return Told(**(fields | changes))


# ---- one message


def test_an_alert_goes_out_at_once_to_each_channel_that_wants_it() -> None:
    routed = route([alert()], [subscription(), subscription("mail", channel="mail")], (), (), NOON)
    assert [(d.channel, d.kind, d.status, d.alert_ids, d.due_at) for d in routed.deliveries] == [
        ("news", DeliveryKind.STORY, DeliveryStatus.PENDING, (1,), NOON),
        ("mail", DeliveryKind.STORY, DeliveryStatus.PENDING, (1,), NOON),
    ]
    assert routed.silences == ()


def test_five_themes_and_two_overlapping_subscriptions_are_one_message_on_one_channel() -> None:
    alerts = [alert(n, theme_id=f"theme-{n}", severity=Severity.HIGH if n == 3 else Severity.LOW) for n in range(1, 6)]
    routed = route(alerts, [subscription(themes=("theme-1", "theme-2")), subscription("all", order=1)], (), (), NOON)
    (message,) = routed.deliveries
    assert set(message.alert_ids) == {1, 2, 3, 4, 5}
    assert message.severity is Severity.HIGH
    assert Counter(reason for _, _, reason in routed.silences) == {Reason.OTHER_THEME: 3, Reason.ALREADY_TOLD: 2}


def test_two_stories_are_two_messages() -> None:
    routed = route([alert(1), alert(2, story_id=11)], [subscription()], (), (), NOON)
    assert [d.story_id for d in routed.deliveries] == [10, 11]
    assert len({d.message_id for d in routed.deliveries}) == 2


def test_the_message_id_is_the_same_however_often_it_is_asked() -> None:
    one, other = (route([alert()], [subscription(channel="ch@nnel\n")], (), (), NOON).deliveries[0].message_id for _ in range(2))
    assert one == other
    assert one.isascii()
    assert one.isprintable()


def test_at_once_beats_the_digest_and_then_the_order_of_the_file_decides() -> None:
    subscriptions = [subscription("digest", digest=DAILY), subscription("second", order=2), subscription("first", order=1)]
    routed = route([alert()], subscriptions, (), (), NOON)
    assert [(d.subscription_id, d.kind) for d in routed.deliveries] == [("first", DeliveryKind.STORY)]
    assert set(routed.silences) == {("digest", 1, Reason.ALREADY_TOLD), ("second", 1, Reason.ALREADY_TOLD)}


def test_what_would_wait_for_the_digest_rides_along_when_its_story_goes_out_at_once() -> None:
    subscriptions = [subscription("now", themes=("chips",)), subscription("later", themes=("robots",), digest=DAILY, order=1)]
    routed = route([alert(1), alert(2, theme_id="robots")], subscriptions, (), (), NOON)
    assert [d.alert_ids for d in routed.deliveries] == [(1, 2)]


def test_an_alert_that_was_not_recorded_cannot_be_routed() -> None:
    with pytest.raises(ValueError, match="was not recorded"):
        route([alert(None)], [subscription()], (), (), NOON)


# ---- beginnings


def test_a_new_subscription_gets_all_it_would_have_had_in_one_digest_now() -> None:
    wish = subscription(min_severity=Severity.NORMAL, languages=("de",), digest=DAILY, quiet_hours=NIGHT)
    missed = [alert(1), alert(2, story_id=11, severity=Severity.HIGH), alert(3, severity=Severity.LOW), alert(4, language="fr")]
    (booked,) = welcome(missed, wish, (), NOON).deliveries
    assert (booked.kind, booked.status, booked.due_at) == (DeliveryKind.DIGEST, DeliveryStatus.PENDING, NOON)
    assert (booked.alert_ids, booked.severity) == ((1, 2), Severity.HIGH)
    assert welcome(missed, wish, (), NOON).deliveries[0].message_id == booked.message_id


def test_a_new_subscription_that_missed_nothing_gets_nothing() -> None:
    assert welcome([alert(1)], subscription(themes=("robots",)), (), NOON).deliveries == ()


# ---- silences


@pytest.mark.parametrize(
    ("wish", "news", "reason"),
    [
        ({"themes": ("robots",)}, {}, Reason.OTHER_THEME),
        ({"min_severity": Severity.HIGH}, {}, Reason.BELOW_SEVERITY),
        ({"min_relevance": 61}, {}, Reason.BELOW_RELEVANCE),
        ({"languages": ("fr", "en")}, {}, Reason.OTHER_LANGUAGE),
        ({}, {"reason": Reason.UNUSUAL_VOLUME}, Reason.VOLUME_OFF),
    ],
)
def test_every_closed_gate_is_told(wish: dict[str, Any], news: dict[str, Any], reason: Reason) -> None:
    routed = route([alert(**news)], [subscription(**wish)], (), (), NOON)
    assert routed.deliveries == ()
    assert routed.silences == (("desk", 1, reason),)


def test_unusual_volume_is_told_to_those_who_ask_for_it() -> None:
    assert route([alert(reason=Reason.UNUSUAL_VOLUME)], [subscription(unusual_volume=True)], (), (), NOON).deliveries


def test_unusual_volume_speaks_of_the_theme_whatever_the_channel_knows_of_the_story() -> None:
    wish = subscription(unusual_volume=True, follow_ups=FollowUps.OFF)
    assert route([alert(reason=Reason.UNUSUAL_VOLUME)], [wish], (), [told()], NOON).deliveries
    later = subscription(unusual_volume=True, follow_ups=FollowUps.OFF, digest=DAILY)
    (booked,) = route([alert(reason=Reason.UNUSUAL_VOLUME)], [later], (), [told()], NOON).deliveries
    assert booked.kind is DeliveryKind.DIGEST


@pytest.mark.parametrize(("scope", "target"), [("story", "10"), ("theme", "chips"), ("outlet", "abendblatt")])
def test_a_mute_silences_its_story_theme_or_outlet_until_it_ends(scope: str, target: str) -> None:
    mute = Mute(scope=scope, target=target, until=NOON + timedelta(hours=1), at=NOON)
    assert route([alert()], [subscription()], [mute], (), NOON).silences == (("desk", 1, Reason.MUTED),)
    assert route([alert()], [subscription()], [mute], (), mute.until).deliveries
    other = Mute(scope=scope, target="another", until=mute.until, at=NOON)
    assert route([alert()], [subscription()], [other], (), NOON).deliveries


@pytest.mark.parametrize(
    ("language", "wanted", "goes"),
    [
        ("zh-Hant", ("zh",), True),
        ("zh", ("zh-Hans",), True),
        ("de-CH", ("DE",), True),
        ("und", ("de",), True),
        ("den", ("de",), False),
        ("pl", ("de", "en"), False),
    ],
)
def test_languages_are_compared_by_their_tags(language: str, wanted: tuple[str, ...], *, goes: bool) -> None:
    assert bool(route([alert(language=language)], [subscription(languages=wanted)], (), (), NOON).deliveries) is goes


# ---- what a channel knows


def test_a_theme_that_comes_later_waits_for_the_digest() -> None:
    routed = route([alert(2, theme_id="robots")], [subscription()], (), [told()], NOON)
    (message,) = routed.deliveries
    assert (message.kind, message.status, message.reason) == (DeliveryKind.DIGEST, DeliveryStatus.HELD, Reason.IN_DIGEST)
    assert message.due_at == datetime(2026, 11, 25, 7, 0, tzinfo=UTC)


def test_a_theme_that_comes_later_speaks_when_it_matters_more() -> None:
    routed = route([alert(2, theme_id="robots", severity=Severity.HIGH)], [subscription()], (), [told()], NOON)
    assert [d.kind for d in routed.deliveries] == [DeliveryKind.STORY]
    both = [told(), told(severity=Severity.HIGH, themes=("other",))]
    routed = route([alert(2, theme_id="robots", severity=Severity.HIGH)], [subscription()], (), both, NOON)
    assert [d.kind for d in routed.deliveries] == [DeliveryKind.DIGEST]


@pytest.mark.parametrize(
    ("follow_ups", "kinds", "silences"),
    [
        (None, [DeliveryKind.STORY], []),
        (FollowUps.SEND, [DeliveryKind.STORY], []),
        (FollowUps.DIGEST, [DeliveryKind.DIGEST], []),
        (FollowUps.OFF, [], [("desk", 2, Reason.FOLLOW_UPS_OFF)]),
    ],
)
def test_follow_ups_go_as_the_subscription_says(
    follow_ups: FollowUps | None, kinds: list[DeliveryKind], silences: list[tuple[str, int, Reason]]
) -> None:
    news = alert(2, reason=Reason.MORE_OUTLETS, detail="3")
    routed = route([news], [subscription(follow_ups=follow_ups)], (), [told()], NOON)
    assert [d.kind for d in routed.deliveries] == kinds
    assert list(routed.silences) == silences


def test_one_subscription_without_follow_ups_takes_none_from_another() -> None:
    subscriptions = [subscription("quiet", follow_ups=FollowUps.OFF), subscription("eager", order=1)]
    routed = route([alert(2, reason=Reason.MORE_OUTLETS, detail="3")], subscriptions, (), [told()], NOON)
    assert [d.subscription_id for d in routed.deliveries] == ["eager"]
    assert routed.silences == (("quiet", 2, Reason.FOLLOW_UPS_OFF),)


def test_the_tenth_outlet_of_a_followed_story_may_speak_another_language() -> None:
    news = alert(2, reason=Reason.MORE_OUTLETS, detail="10", language="zh", relevance=5)
    wish = subscription(languages=("de",), min_relevance=50)
    assert route([news], [wish], (), [told()], NOON).deliveries
    assert route([news], [wish], (), (), NOON).silences == (("desk", 2, Reason.BELOW_RELEVANCE),)


@pytest.mark.parametrize(
    ("kind", "status", "knows"),
    [
        (DeliveryKind.STORY, DeliveryStatus.SENT, True),
        (DeliveryKind.STORY, DeliveryStatus.PENDING, True),
        (DeliveryKind.STORY, DeliveryStatus.RETRY, True),
        (DeliveryKind.STORY, DeliveryStatus.DEAD, False),
        (DeliveryKind.GROUP, DeliveryStatus.HELD, False),
        (DeliveryKind.DIGEST, DeliveryStatus.HELD, False),
        (DeliveryKind.DIGEST, DeliveryStatus.PENDING, False),
        (DeliveryKind.DIGEST, DeliveryStatus.SENT, True),
    ],
)
def test_a_channel_knows_what_was_sent_or_is_on_its_way(kind: DeliveryKind, status: DeliveryStatus, *, knows: bool) -> None:
    routed = route([alert(2, theme_id="robots")], [subscription()], (), [told(kind=kind, status=status)], NOON)
    assert (routed.deliveries[0].kind is DeliveryKind.DIGEST) is knows


def test_what_one_channel_knows_is_nothing_to_another_nor_to_another_story() -> None:
    elsewhere = [told(channel="mail"), told(story_id=11)]
    assert [d.kind for d in route([alert()], [subscription()], (), elsewhere, NOON).deliveries] == [DeliveryKind.STORY]


# ---- defaults of a channel's kind


def test_chat_hears_follow_ups_in_the_digest_and_only_people_are_spared_storms() -> None:
    channels = [ChannelSettings(name=kind, kind=kind) for kind in ("apprise", "email", "webhook", "stdout")]
    filled = with_defaults([subscription(c.name, channel=c.name) for c in channels], channels)
    assert [s.follow_ups for s in filled] == [FollowUps.DIGEST, FollowUps.SEND, FollowUps.SEND, FollowUps.SEND]
    assert [s.storm for s in filled] == [True, True, False, False]
    said = subscription(channel="apprise", follow_ups=FollowUps.OFF, storm=False)
    assert with_defaults([said], channels) == (said,)


# ---- quiet hours


def test_quiet_hours_hold_until_they_end_and_all_that_waits_is_one_message() -> None:
    late = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
    wish = subscription(quiet_hours=NIGHT, timezone="Europe/Zurich")
    routed = route([alert(1), alert(2, story_id=11)], [wish], (), (), late)
    (message,) = routed.deliveries
    assert (message.status, message.reason, message.kind) == (DeliveryStatus.HELD, Reason.QUIET_HOURS, DeliveryKind.GROUP)
    assert message.due_at == datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
    assert message.alert_ids == (1, 2)
    later = route([alert(3, story_id=12)], [wish], (), (), late + timedelta(hours=3))
    assert later.deliveries[0].message_id == message.message_id


def test_high_severity_passes_quiet_hours() -> None:
    late = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
    routed = route([alert(severity=Severity.HIGH)], [subscription(quiet_hours=NIGHT)], (), (), late)
    assert routed.deliveries[0].status is DeliveryStatus.PENDING


def test_by_day_quiet_hours_hold_nothing() -> None:
    assert route([alert()], [subscription(quiet_hours=NIGHT)], (), (), NOON).deliveries[0].status is DeliveryStatus.PENDING


@pytest.mark.parametrize(
    ("quiet", "local", "end"),
    [
        (NIGHT, "2026-11-24T21:59", None),
        (NIGHT, "2026-11-24T22:00", "2026-11-25T07:00"),
        (NIGHT, "2026-11-25T06:59", "2026-11-25T07:00"),
        (NIGHT, "2026-11-25T07:00", None),
        (QuietHours(start=time(12), end=time(14)), "2026-11-24T13:00", "2026-11-24T14:00"),
        (QuietHours(start=time(12), end=time(14)), "2026-11-24T14:00", None),
        (QuietHours(start=time(12), end=time(12)), "2026-11-24T12:00", None),
    ],
)
def test_quiet_hours_begin_and_end_by_the_local_clock(quiet: QuietHours, local: str, end: str | None) -> None:
    zone = ZoneInfo("Europe/Zurich")
    until = quiet_until(quiet, "Europe/Zurich", datetime.fromisoformat(local).replace(tzinfo=zone))
    assert until == (None if end is None else datetime.fromisoformat(end).replace(tzinfo=zone))


def test_quiet_hours_that_end_in_a_repeated_hour_end_the_first_time() -> None:
    quiet = QuietHours(start=time(22), end=time(2, 30))
    second = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 for the second time
    assert quiet_until(quiet, "Europe/Zurich", second) is None
    assert quiet_until(quiet, "Europe/Zurich", second - timedelta(hours=1)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


# ---- groups and storms


def test_a_group_waits_for_more_and_goes_out_together() -> None:
    wish = subscription(group_wait_s=180.0)
    first = route([alert(1), alert(2, story_id=11)], [wish], (), (), NOON)
    (message,) = first.deliveries
    assert (message.kind, message.status, message.reason) == (DeliveryKind.GROUP, DeliveryStatus.HELD, Reason.GROUP_WAIT)
    assert message.due_at == NOON + timedelta(minutes=3)
    busy = Recent(channel="news", waiting=(message,))
    joined = route([alert(3, story_id=12)], [wish], (), (), NOON + timedelta(minutes=2), recent=[busy])
    assert [(d.message_id, d.due_at) for d in joined.deliveries] == [(message.message_id, message.due_at)]
    after = route([alert(4, story_id=13)], [wish], (), (), message.due_at, recent=[busy])
    assert after.deliveries[0].message_id != message.message_id


def test_a_group_does_not_join_what_waits_for_the_morning() -> None:
    held = Delivery(
        channel="news",
        subscription_id="desk",
        kind=DeliveryKind.GROUP,
        status=DeliveryStatus.HELD,
        reason=Reason.QUIET_HOURS,
        due_at=NOON + timedelta(hours=1),
        created_at=NOON,
        message_id="quiet-1",
    )
    routed = route([alert()], [subscription(group_wait_s=60.0)], (), (), NOON, recent=[Recent(channel="news", waiting=(held,))])
    assert routed.deliveries[0].message_id != "quiet-1"


def flood(count: int, **wish: Any) -> list[Delivery]:
    alerts = [alert(n, story_id=n) for n in range(1, count + 1)]
    return list(route(alerts, [subscription(**wish)], (), (), NOON).deliveries)


def test_above_twenty_messages_in_five_minutes_one_message_holds_the_rest() -> None:
    assert {d.kind for d in flood(STORM_ALERTS)} == {DeliveryKind.STORY}
    *single, storm = flood(STORM_ALERTS + 15)
    assert len(single) == STORM_ALERTS
    assert (storm.kind, storm.reason, storm.status) == (DeliveryKind.STORM, Reason.STORM, DeliveryStatus.HELD)
    assert len(storm.alert_ids) == 15
    assert storm.due_at == NOON + timedelta(minutes=5)


def test_five_themes_on_five_stories_are_no_storm() -> None:
    alerts = [alert(s * 10 + t, story_id=s, theme_id=f"theme-{t}") for s in range(1, 6) for t in range(5)]
    assert len(route(alerts, [subscription()], (), (), NOON).deliveries) == 5


def test_a_storm_counts_what_went_out_before_and_forgets_after_five_minutes() -> None:
    busy = Recent(channel="news", at=tuple(NOON - timedelta(seconds=10 * n) for n in range(STORM_ALERTS)))
    assert route([alert()], [subscription()], (), (), NOON, recent=[busy]).deliveries[0].kind is DeliveryKind.STORM
    later = NOON + timedelta(minutes=5)
    assert route([alert()], [subscription()], (), (), later, recent=[busy]).deliveries[0].kind is DeliveryKind.STORY


def test_a_storm_that_gathers_takes_in_what_comes() -> None:
    storm = flood(STORM_ALERTS + 1)[-1]
    routed = route([alert(99, story_id=99)], [subscription()], (), (), NOON, recent=[Recent(channel="news", waiting=(storm,))])
    assert routed.deliveries[0].message_id == storm.message_id


def test_where_storms_are_off_every_alert_is_its_own_message() -> None:
    assert len(flood(STORM_ALERTS + 15, storm=False)) == STORM_ALERTS + 15
    alerts = [alert(n, story_id=n) for n in range(1, 30)]
    assert len(route(alerts, [subscription()], (), (), NOON, storms=False).deliveries) == 29


# ---- digests


def test_what_is_told_in_one_digest_is_one_message() -> None:
    alerts = [alert(1), alert(2, story_id=11, severity=Severity.HIGH), alert(3, story_id=12)]
    (message,) = route(alerts, [subscription(digest=DAILY)], (), (), NOON).deliveries
    assert message.alert_ids == (1, 2, 3)
    assert message.severity is Severity.HIGH
    assert message.story_id is None


@pytest.mark.parametrize(
    ("digest", "now", "slot"),
    [
        (DAILY, "2026-11-24T06:59:59", "2026-11-24T07:00"),
        (DAILY, "2026-11-24T07:00:00", "2026-11-25T07:00"),
        (Digest(every=DigestEvery.WEEKLY, at=time(7, 0), weekday=0), "2026-11-24T12:00", "2026-11-30T07:00"),
        (Digest(every=DigestEvery.WEEKLY, at=time(13, 0), weekday=1), "2026-11-24T12:00", "2026-11-24T13:00"),
        (Digest(every=DigestEvery.HOURLY, at=time(7, 15)), "2026-11-24T12:15", "2026-11-24T13:15"),
        (Digest(every=DigestEvery.HOURLY, at=time(7, 15)), "2026-11-24T12:14:59", "2026-11-24T12:15"),
        (Digest(every=DigestEvery.DAILY, at=time(2, 30)), "2026-03-28T12:00", "2026-03-29T03:30"),
        (Digest(every=DigestEvery.DAILY, at=time(2, 30)), "2026-10-24T12:00", "2026-10-25T02:30"),
    ],
)
def test_the_next_digest_follows_the_local_clock(digest: Digest, now: str, slot: str) -> None:
    zone = ZoneInfo("Europe/Zurich")
    found = next_slot(digest, "Europe/Zurich", datetime.fromisoformat(now).replace(tzinfo=zone))
    assert found == datetime.fromisoformat(slot).replace(tzinfo=zone).astimezone(UTC)


ZONES = st.sampled_from(["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "America/Sao_Paulo"])
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - given UTC
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@given(zone=ZONES, at=TIMES, now=MOMENTS)
def test_a_daily_digest_goes_out_once_on_every_day_whatever_the_clocks_do(zone: str, at: time, now: datetime) -> None:
    digest = Digest(every=DigestEvery.DAILY, at=at)
    days = []
    for _ in range(4):
        slot = next_slot(digest, zone, now)
        assert slot > now
        assert next_slot(digest, zone, slot - timedelta(microseconds=1)) == slot
        days.append(slot.astimezone(ZoneInfo(zone)).date())
        now = slot
    assert days == [days[0] + timedelta(days=n) for n in range(4)]


@given(zone=ZONES, at=TIMES, change=st.sampled_from(["2026-03-29T00:00", "2026-10-25T00:00", "2026-03-08T05:00", "2026-11-01T04:00"]))
def test_a_digest_slot_is_hit_exactly_once_through_the_nights_when_clocks_change(zone: str, at: time, change: str) -> None:
    digest = Digest(every=DigestEvery.DAILY, at=at)
    start = datetime.fromisoformat(change).replace(tzinfo=UTC) - timedelta(hours=24)
    asked = {next_slot(digest, zone, start + timedelta(minutes=7 * n)) for n in range(48 * 60 // 7)}
    by_day = Counter(slot.astimezone(ZoneInfo(zone)).date() for slot in asked)
    assert set(by_day.values()) == {1}


@given(zone=ZONES, now=MOMENTS)
def test_an_hourly_digest_goes_out_every_real_hour(zone: str, now: datetime) -> None:
    digest = Digest(every=DigestEvery.HOURLY, at=time(7, 20))
    first = next_slot(digest, zone, now)
    second = next_slot(digest, zone, first)
    assert now < first <= now + timedelta(hours=1, minutes=30)
    assert timedelta(minutes=30) <= second - first <= timedelta(hours=1, minutes=30)


# ---- laws


SUBSCRIPTIONS = st.lists(
    st.builds(
        Subscription,
        subscription_id=st.uuids().map(str),
        channel=st.sampled_from(["news", "mail"]),
        themes=st.sampled_from([("*",), ("chips",), ("robots", "chips"), ("none",)]),
        min_severity=st.sampled_from(Severity),
        min_relevance=st.sampled_from([0, 50]),
        languages=st.sampled_from([(), ("de",), ("en", "zh")]),
        group_wait_s=st.sampled_from([0.0, 60.0]),
        quiet_hours=st.sampled_from([None, NIGHT, QuietHours(start=time(9), end=time(15))]),
        digest=st.sampled_from([None, DAILY]),
        follow_ups=st.sampled_from([None, *FollowUps]),
        unusual_volume=st.booleans(),
        order=st.integers(0, 5),
    ),
    max_size=5,
    unique_by=lambda s: s.subscription_id,
)
ALERTS = st.lists(
    st.builds(
        alert,
        st.integers(1, 10_000),
        theme_id=st.sampled_from(["chips", "robots", "talent"]),
        story_id=st.integers(10, 12),
        reason=st.sampled_from([r for r in Reason if r.speaks]),
        severity=st.sampled_from(Severity),
        relevance=st.integers(0, 100),
        language=st.sampled_from(["de", "en", "zh-Hans", "und"]),
    ),
    max_size=30,
    unique_by=lambda a: a.alert_id,
)
TOLD = st.lists(
    st.builds(
        told,
        channel=st.sampled_from(["news", "mail"]),
        story_id=st.integers(10, 12),
        severity=st.sampled_from(Severity),
        themes=st.sampled_from([("chips",), ("robots", "talent")]),
        status=st.sampled_from(DeliveryStatus),
        kind=st.sampled_from(DeliveryKind),
    ),
    max_size=4,
)


@given(alerts=ALERTS, subscriptions=SUBSCRIPTIONS, known=TOLD)
def test_every_alert_is_booked_at_most_once_per_channel_and_every_silence_is_told(
    alerts: list[Alert], subscriptions: list[Subscription], known: list[Told]
) -> None:
    routed = route(alerts, subscriptions, (), known, NOON)
    booked = Counter((a, d.channel) for d in routed.deliveries for a in d.alert_ids)
    assert all(n == 1 for n in booked.values())
    silent = Counter((s, a) for s, a, _ in routed.silences)
    assert all(n == 1 for n in silent.values())
    for one in alerts:
        for channel in ("news", "mail"):
            of_channel = [s.subscription_id for s in subscriptions if s.channel == channel]
            unheard = [s for s in of_channel if (s, one.alert_id) not in silent]
            assert len(unheard) == booked[one.alert_id or 0, channel]
    assert len({d.message_id for d in routed.deliveries}) == len(routed.deliveries)


@given(alerts=ALERTS, subscriptions=SUBSCRIPTIONS)
def test_a_channel_that_knows_nothing_gets_at_most_one_message_at_once_per_story(
    alerts: list[Alert], subscriptions: list[Subscription]
) -> None:
    routed = route(alerts, subscriptions, (), (), NOON)
    at_once = Counter((d.channel, d.story_id) for d in routed.deliveries if d.kind is DeliveryKind.STORY)
    assert all(n == 1 for n in at_once.values())

"""Themes louder than usual and subscriptions that begin, on a real archive: what is booked, once, and for whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.archive import Archive, Tx, reads, writes
from monitor.clock import FixedClock
from monitor.daemon.welcome import welcome
from monitor.model import (
    Brief,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    HowAssigned,
    MessageFormat,
    Mute,
    Reason,
    Severity,
    StoryAssignment,
    Subscription,
)
from monitor.pipeline import Desk
from monitor.render import message
from monitor.volume import look_for_volume
from tests.archives import NOW, RULES, article, entry, list_entries, outlet, plan, poll, settle

DESK = Subscription(subscription_id="desk-1", channel="desk", themes=("models",), unusual_volume=True)
DAY = timedelta(days=1)


def desk(*subscriptions: Subscription) -> Desk:
    return Desk(themes={t.theme_id: t for t in RULES.themes}, outlets={}, subscriptions=subscriptions)


def publish(tx: Tx, count: int, days_ago: int, channels: tuple[str, ...] = ()) -> None:
    """So many stories of the theme on a day."""
    at = NOW - days_ago * DAY
    for number in range(count):
        (listed,) = list_entries(tx, replace(entry("alpenpost", f"{days_ago}-{number}"), seen_at=at, published_at=at), at=at)
        read = article(listed, seen_at=at)
        settle(tx, listed, read=read, now=at, channels=channels)


@pytest.fixture
def archive(archive_url: str) -> Iterator[Archive]:
    opened = Archive.open(archive_url, clock=FixedClock(NOW))

    def begin(tx: Tx) -> None:
        writes.put_outlets(tx, [outlet("Alpenpost")], NOW - 60 * DAY)
        writes.put_rules(tx, RULES, NOW)

    opened.write_now(begin)
    yield opened
    opened.close()


def usual(tx: Tx) -> None:
    for days_ago in range(1, 40):
        publish(tx, 1 + days_ago % 2, days_ago)


def booked(archive: Archive) -> list[dict[str, object]]:
    return [row for row in archive.read_now(lambda tx: reads.listing(tx, "v_alerts")) if row["reason"] == "unusual volume"]


def test_a_loud_day_is_told_once_to_those_who_asked(archive: Archive) -> None:
    archive.write_now(usual)
    archive.write_now(lambda tx: publish(tx, 11, 0, channels=("desk",)))
    assert archive.write_now(lambda tx: look_for_volume(tx, desk(DESK), NOW)) == 1
    assert archive.write_now(lambda tx: look_for_volume(tx, desk(DESK), NOW)) == 0
    (alert,) = booked(archive)
    assert (alert["theme_id"], alert["day"]) == ("models", "2026-11-24")
    assert str(alert["detail"]).startswith("2026-11-24 11/")
    due = archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 50))
    assert [d.kind for d in due if alert["alert_id"] in d.alert_ids] == [DeliveryKind.STORY]


def test_nobody_asked_so_nothing_is_decided(archive: Archive) -> None:
    archive.write_now(usual)
    archive.write_now(lambda tx: publish(tx, 11, 0))
    for quiet in (replace(DESK, unusual_volume=False), replace(DESK, themes=("bergen",))):
        assert archive.write_now(lambda tx, quiet=quiet: look_for_volume(tx, desk(quiet), NOW)) == 0  # type: ignore[misc]
    assert booked(archive) == []


def test_an_ordinary_day_and_a_theme_too_young_to_know_stay_silent(archive: Archive) -> None:
    archive.write_now(lambda tx: publish(tx, 11, 0))
    assert archive.write_now(lambda tx: look_for_volume(tx, desk(DESK), NOW)) == 0
    archive.write_now(usual)
    assert archive.write_now(lambda tx: look_for_volume(tx, desk(DESK), NOW - DAY)) == 0


def test_days_on_which_nobody_watched_are_not_counted_as_quiet(archive: Archive) -> None:
    for days_ago in (0, 7, 14, 21, 28, 35):
        archive.write_now(lambda tx, days_ago=days_ago: publish(tx, 11, days_ago))  # type: ignore[misc]
    assert archive.read_now(lambda tx: reads.watched_days(tx, NOW - 30 * DAY)) == [
        "2026-10-27",
        "2026-11-03",
        "2026-11-10",
        "2026-11-17",
        "2026-11-24",
    ]
    assert archive.write_now(lambda tx: look_for_volume(tx, desk(DESK), NOW)) == 0


# ---- subscriptions that begin


OLD = Subscription(subscription_id="mail-1", channel="mail", themes=("*",))
NEW = Subscription(subscription_id="chat-1", channel="chat", themes=("models",))


def test_a_new_subscription_begins_with_one_digest_of_the_last_day(archive: Archive) -> None:
    assert archive.write_now(lambda tx: welcome(tx, [OLD], NOW)) == 0
    archive.write_now(lambda tx: publish(tx, 2, 2))
    archive.write_now(lambda tx: publish(tx, 3, 0))
    assert archive.write_now(lambda tx: welcome(tx, [OLD, NEW], NOW)) == 1
    (digest,) = archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 50))
    assert (digest.channel, digest.kind, digest.subscription_id, len(digest.alert_ids)) == ("chat", DeliveryKind.DIGEST, "chat-1", 3)
    assert archive.write_now(lambda tx: welcome(tx, [OLD, NEW], NOW)) == 0


def test_what_the_channel_carried_already_and_what_is_not_wanted_is_left_out(archive: Archive) -> None:
    archive.write_now(lambda tx: welcome(tx, [OLD], NOW))
    archive.write_now(lambda tx: publish(tx, 3, 0, channels=("chat",)))
    picky = replace(NEW, subscription_id="chat-2", channel="other", min_severity=Severity.HIGH)
    assert archive.write_now(lambda tx: welcome(tx, [OLD, NEW, picky], NOW)) == 0
    mute = Mute(scope="theme", target="models", until=NOW + DAY, at=NOW)
    archive.write_now(lambda tx: writes.put_mute(tx, mute))
    assert archive.write_now(lambda tx: welcome(tx, [OLD, replace(NEW, channel="third", subscription_id="chat-3")], NOW)) == 0


def test_an_archive_that_remembers_nobody_greets_nobody(archive: Archive) -> None:
    archive.write_now(lambda tx: publish(tx, 3, 0))
    assert archive.write_now(lambda tx: welcome(tx, [OLD, NEW], NOW)) == 0
    assert archive.write_now(lambda tx: welcome(tx, [], NOW)) == 0
    assert Reason.IN_DIGEST.value not in {d["reason"] for d in archive.read_now(lambda tx: reads.listing(tx, "v_deliveries"))}


# ---- what a digest ends with


def digest_of(tx: Tx) -> Brief:
    alerts = reads.alerts_since(tx, NOW - DAY)
    carried = Delivery(
        channel="chat", subscription_id="chat-1", kind=DeliveryKind.DIGEST, status=DeliveryStatus.HELD, due_at=NOW, created_at=NOW - DAY,
        alert_ids=tuple(a.alert_id or 0 for a in alerts),
    )  # fmt: skip
    return reads.brief(tx, carried)


def test_a_digest_says_that_nothing_was_dropped_or_what_was(archive: Archive) -> None:
    archive.write_now(lambda tx: publish(tx, 1, 0, channels=("chat",)))
    assert archive.read_now(digest_of).dropped == ()

    def lose(tx: Tx) -> None:
        first = reads.due_deliveries(tx, NOW, 1)[0].delivery_id or 0
        writes.mark_dead(tx, first, error="answered 400")
        (bad,) = list_entries(tx, replace(entry("alpenpost", "bad"), seen_at=NOW), at=NOW + timedelta(minutes=1))
        writes.finish_entry(tx, bad, state="failed", reason="internal error", now=NOW)
        writes.record_poll(tx, poll("alpenpost", at=NOW + timedelta(minutes=2)), [entry("alpenpost", f"o{n}") for n in range(60)], plan)

    archive.write_now(lose)
    said = archive.read_now(digest_of).dropped
    assert said == (
        "1 message given up (presswatch alerts list --failed)",
        "1 article that could not be read",
        "perhaps older articles of Alpenpost: all that was listed was new",
    )
    assert message(archive.read_now(digest_of), MessageFormat.TEXT).body.endswith(f"Dropped: {'; '.join(said)}.")


def test_a_digest_names_stories_that_may_be_the_same(archive: Archive) -> None:
    archive.write_now(lambda tx: publish(tx, 2, 0, channels=("chat",)))

    def tie(tx: Tx) -> None:
        (listed,) = list_entries(tx, replace(entry("alpenpost", "near", title="Nearly the same"), seen_at=NOW), at=NOW)
        stored = writes.put_article(tx, article(listed), NOW)
        linked = StoryAssignment(story_id=None, how=HowAssigned.NEW, related=((1, 2.7),))
        writes.assign_story(tx, stored.article_id, linked, article(listed), NOW)

    archive.write_now(tie)
    told = archive.read_now(digest_of)
    assert [s.related for s in told.stories] == [("Nearly the same",), ()]
    assert "Perhaps the same: Nearly the same" in message(told, MessageFormat.MARKDOWN).body

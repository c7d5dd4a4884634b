"""Whom an alert concerns, how and when: subscriptions, mutes, quiet hours, groups, digests and storms; every silence with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

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
    Routed,
    Severity,
    Subscription,
    Told,
)

STORM_ALERTS = 20
STORM_WINDOW = timedelta(minutes=5)
EVERY_THEME = "*"
USUAL_DIGEST = Digest(every=DigestEvery.DAILY, at=time(7, 0))
"""When follow-ups go out that wait for a digest, on a subscription that names none."""


CHAT_KINDS = frozenset({"apprise"})
FLOODABLE_KINDS = frozenset({"apprise", "email"})


def with_defaults(subscriptions: Sequence[Subscription], channels: Sequence[ChannelSettings]) -> tuple[Subscription, ...]:
    """Fill in what a subscription leaves to its channel's kind: chat hears follow-ups in the digest, and people are spared storms."""
    kinds = {c.name: c.kind for c in channels}
    return tuple(
        replace(
            s,
            follow_ups=s.follow_ups or (FollowUps.DIGEST if kinds.get(s.channel) in CHAT_KINDS else FollowUps.SEND),
            storm=kinds.get(s.channel) in FLOODABLE_KINDS if s.storm is None else s.storm,
        )
        for s in subscriptions
    )


def route(
    alerts: Sequence[Alert],
    subscriptions: Sequence[Subscription],
    mutes: Sequence[Mute],
    told: Sequence[Told],
    now: datetime,
    *,
    recent: Sequence[Recent] = (),
    storms: bool = True,
) -> Routed:
    """Book each alert at most once per channel, and say why every other subscription stays silent about it.

    ``told`` is what the channels know of these stories. A channel hears of a story once: themes and overlapping subscriptions merge
    into one message, at once beats digest, then file order; a theme that comes later speaks if its severity is higher than what was told.
    """
    book = _Book(now=now, recent={r.channel: r for r in recent}, storms=storms)
    known = _known(told)
    for channel in dict.fromkeys(s.channel for s in subscriptions):
        takers = tuple(s for s in subscriptions if s.channel == channel)
        for story_id in dict.fromkeys(a.story_id for a in alerts):
            of_story = tuple(a for a in alerts if a.story_id == story_id)
            _route_story(book, of_story, takers, mutes, known.get((channel, story_id), _Known()))
    return Routed(deliveries=tuple(book.deliveries.values()), silences=tuple(book.silences))


def welcome(alerts: Sequence[Alert], subscription: Subscription, mutes: Sequence[Mute], now: datetime) -> Routed:
    """Book the first message of a new subscription: one digest, now, of what it would have had of these alerts."""
    wanted = tuple(a for a in alerts if _refusal(a, subscription, mutes, _Known(), now) is None)
    if not wanted:
        return Routed(deliveries=())
    digest = Delivery(
        channel=subscription.channel,
        subscription_id=subscription.subscription_id,
        kind=DeliveryKind.DIGEST,
        status=DeliveryStatus.PENDING,
        alert_ids=tuple(_id(a) for a in wanted),
        reason=Reason.IN_DIGEST,
        due_at=now,
        created_at=now,
        message_id=_message_id("digest", "welcome", subscription.channel, subscription.subscription_id, now.isoformat()),
        severity=max(a.severity for a in wanted),
    )
    return Routed(deliveries=(digest,))


# ---- what a channel knows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What a channel was told of one story."""

    themes: frozenset[str] = frozenset()
    severity: Severity | None = None

    @property
    def is_told(self) -> bool:
        return self.severity is not None


def _known(told: Sequence[Told]) -> dict[tuple[str, int], _Known]:
    known: dict[tuple[str, int], _Known] = {}
    for one in told:
        if not _is_told(one):
            continue
        before = known.get((one.channel, one.story_id), _Known())
        known[one.channel, one.story_id] = _Known(
            themes=before.themes | set(one.themes), severity=max(before.severity or one.severity, one.severity)
        )
    return known


def _is_told(one: Told) -> bool:
    """Whether a delivery told anything: a dead one never will, one that is held takes in what comes, a digest tells when it goes out."""
    if one.status in {DeliveryStatus.DEAD, DeliveryStatus.HELD}:
        return False
    return one.kind is not DeliveryKind.DIGEST or one.status is not DeliveryStatus.PENDING


# ---- one story on one channel


def _route_story(book: _Book, alerts: Sequence[Alert], takers: Sequence[Subscription], mutes: Sequence[Mute], known: _Known) -> None:
    """Merge all that a channel's subscriptions want of the story: into one message if any of it goes at once."""
    at_once: list[tuple[Subscription, Alert]] = []
    later: list[tuple[Subscription, Alert]] = []
    for alert in alerts:
        wanting = _wanting(book, alert, takers, mutes, known)
        if not wanting:
            continue
        (best, way), *others = wanting
        for other, _ in others:
            book.silence(other, alert, Reason.ALREADY_TOLD)
        (at_once if way is FollowUps.SEND else later).append((best, alert))
    if at_once:
        book.send(at_once + later)
    else:
        for subscription, alert in later:
            book.keep_for_digest(subscription, alert)


def _wanting(
    book: _Book, alert: Alert, takers: Sequence[Subscription], mutes: Sequence[Mute], known: _Known
) -> list[tuple[Subscription, FollowUps]]:
    """The subscriptions that want the alert and how, at once before in the digest, then as in the file; the others go on record."""
    wanting = []
    for subscription in takers:
        reason = _refusal(alert, subscription, mutes, known, book.now)
        way = _way(alert, subscription, known)
        if reason is None and way is FollowUps.OFF:
            reason = Reason.FOLLOW_UPS_OFF
        if reason is None:
            wanting.append((subscription, way))
        else:
            book.silence(subscription, alert, reason)
    return sorted(wanting, key=lambda w: (w[1] is not FollowUps.SEND, w[0].order))


def _refusal(alert: Alert, subscription: Subscription, mutes: Sequence[Mute], known: _Known, now: datetime) -> Reason | None:
    """Why the subscription does not want the alert; the first gate that closes.

    A story that the channel follows may reach its tenth outlet by an article that the subscription would not have asked for.
    """
    follows = known.is_told and alert.reason is Reason.MORE_OUTLETS
    gates = (
        (Reason.OTHER_THEME, EVERY_THEME not in subscription.themes and alert.theme_id not in subscription.themes),
        (Reason.VOLUME_OFF, alert.reason is Reason.UNUSUAL_VOLUME and not subscription.unusual_volume),
        (Reason.MUTED, _is_muted(alert, mutes, now)),
        (Reason.BELOW_SEVERITY, alert.severity < subscription.min_severity),
        (Reason.BELOW_RELEVANCE, alert.relevance < subscription.min_relevance and not follows),
        (Reason.OTHER_LANGUAGE, not _speaks_language(alert.language, subscription.languages) and not follows),
    )
    return next((reason for reason, is_closed in gates if is_closed), None)


def _is_muted(alert: Alert, mutes: Sequence[Mute], now: datetime) -> bool:
    targets = {("theme", alert.theme_id), ("story", str(alert.story_id)), ("outlet", alert.outlet_id)}
    return any(m.until > now and (m.scope, m.target) in targets for m in mutes)


def _speaks_language(language: str, wanted: Sequence[str]) -> bool:
    """Whether a language is among the wanted ones, regions and scripts aside; one that nobody could tell is not another one."""
    if not wanted or language == "und":
        return True
    tag = language.casefold()
    return any(tag == w or tag.startswith(f"{w}-") or w.startswith(f"{tag}-") for w in (w.casefold() for w in wanted))


def _way(alert: Alert, subscription: Subscription, known: _Known) -> FollowUps:
    """At once, in the digest, or not at all."""
    planned = FollowUps.DIGEST if subscription.digest is not None else FollowUps.SEND
    if known.severity is None or alert.reason is Reason.UNUSUAL_VOLUME:  # which speaks of the theme, whatever story stands for it
        return planned
    if alert.theme_id not in known.themes and alert.severity > known.severity:
        return planned
    if subscription.follow_ups is FollowUps.OFF:
        return FollowUps.OFF
    if alert.theme_id not in known.themes or subscription.follow_ups is FollowUps.DIGEST:
        return FollowUps.DIGEST
    return planned


# ---- booking


@dataclass(slots=True, kw_only=True)
class _Book:
    """Deliveries by message id, so that what waits for the same moment becomes one message; and the silences."""

    now: datetime
    recent: dict[str, Recent]
    storms: bool
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    silences: list[tuple[str, int, Reason]] = field(default_factory=list)
    booked: dict[str, int] = field(default_factory=dict)

    def silence(self, subscription: Subscription, alert: Alert, reason: Reason) -> None:
        self.silences.append((subscription.subscription_id, _id(alert), reason))

    def keep_for_digest(self, subscription: Subscription, alert: Alert) -> None:
        """Hold the alert for the subscription's next digest; those of one channel that go out together are one."""
        due_at = next_slot(subscription.digest or USUAL_DIGEST, subscription.timezone, self.now)
        self._book(
            kind=DeliveryKind.DIGEST,
            subscription=subscription,
            alerts=(alert,),
            reason=Reason.IN_DIGEST,
            due_at=due_at,
            message_id=_message_id("digest", subscription.channel, due_at.isoformat()),
        )

    def send(self, wanted: Sequence[tuple[Subscription, Alert]]) -> None:
        """Book one message of one story: now, or held for quiet hours, a storm or its group, in this order.

        What is said once for the whole channel is said by the first subscription in line that sends at once.
        """
        subscription = wanted[0][0]
        alerts = tuple(alert for _, alert in wanted)
        until = self._quiet_until(subscription, alerts)
        if until is not None:
            self._hold(subscription, alerts, DeliveryKind.GROUP, Reason.QUIET_HOURS, until)
            return
        self.booked[subscription.channel] = self.booked.get(subscription.channel, 0) + 1
        if self._is_storm(subscription):
            self._gather(subscription, alerts, DeliveryKind.STORM, Reason.STORM, STORM_WINDOW)
        elif subscription.group_wait_s > 0:
            self._gather(subscription, alerts, DeliveryKind.GROUP, Reason.GROUP_WAIT, timedelta(seconds=subscription.group_wait_s))
        else:
            self._send_now(subscription, alerts)

    def _quiet_until(self, subscription: Subscription, alerts: Sequence[Alert]) -> datetime | None:
        if subscription.quiet_hours is None or max(a.severity for a in alerts) >= Severity.HIGH:
            return None
        return quiet_until(subscription.quiet_hours, subscription.timezone, self.now)

    def _is_storm(self, subscription: Subscription) -> bool:
        """Whether the channel had its fill of the last minutes, or a storm is being gathered already."""
        if not self.storms or subscription.storm is False:
            return False
        if any(w.kind is DeliveryKind.STORM for w in self._waiting(subscription.channel)):
            return True
        since = self.now - STORM_WINDOW
        recent = self.recent.get(subscription.channel)
        lately = sum(1 for at in recent.at if at > since) if recent else 0
        return lately + self.booked[subscription.channel] > STORM_ALERTS

    def _waiting(self, channel: str) -> Iterable[Delivery]:
        recent = self.recent.get(channel)
        before = recent.waiting if recent else ()
        return (d for d in (*before, *self.deliveries.values()) if d.channel == channel and d.due_at > self.now)

    def _gather(self, subscription: Subscription, alerts: tuple[Alert, ...], kind: DeliveryKind, reason: Reason, wait: timedelta) -> None:
        """Put the alerts into the message that gathers already, or begin one that goes out after the wait."""
        for waiting in self._waiting(subscription.channel):
            if waiting.kind is kind and waiting.reason is reason:
                self._hold(subscription, alerts, kind, reason, waiting.due_at, waiting.message_id)
                return
        self._hold(subscription, alerts, kind, reason, self.now + wait)

    def _hold(
        self,
        subscription: Subscription,
        alerts: tuple[Alert, ...],
        kind: DeliveryKind,
        reason: Reason,
        due_at: datetime,
        message_id: str | None = None,
    ) -> None:
        key = message_id or _message_id(kind.value, reason.name.lower(), subscription.channel, due_at.isoformat())
        self._book(kind=kind, subscription=subscription, alerts=alerts, reason=reason, due_at=due_at, message_id=key)

    def _send_now(self, subscription: Subscription, alerts: tuple[Alert, ...]) -> None:
        key = _message_id("story", subscription.channel, str(alerts[0].story_id), str(_id(alerts[0])))
        self._book(kind=DeliveryKind.STORY, subscription=subscription, alerts=alerts, reason=None, due_at=self.now, message_id=key)

    def _book(
        self,
        *,
        kind: DeliveryKind,
        subscription: Subscription,
        alerts: tuple[Alert, ...],
        reason: Reason | None,
        due_at: datetime,
        message_id: str,
    ) -> None:
        """Open a delivery, or put the alerts into the one of this id that was opened before."""
        before = self.deliveries.get(message_id)
        ids = tuple(_id(a) for a in alerts)
        severity = max(a.severity for a in alerts)
        self.deliveries[message_id] = Delivery(
            channel=subscription.channel,
            subscription_id=before.subscription_id if before else subscription.subscription_id,
            kind=kind,
            status=DeliveryStatus.PENDING if kind is DeliveryKind.STORY else DeliveryStatus.HELD,
            story_id=alerts[0].story_id if kind is DeliveryKind.STORY else None,
            alert_ids=(before.alert_ids if before else ()) + ids,
            reason=reason,
            due_at=due_at,
            created_at=self.now,
            message_id=message_id,
            severity=max(before.severity, severity) if before else severity,
        )


def _id(alert: Alert) -> int:
    if alert.alert_id is None:
        raise ValueError(f"the alert of theme {alert.theme_id} on story {alert.story_id} was not recorded before it was routed")
    return alert.alert_id


def _message_id(*parts: str) -> str:
    """Stable over retries and restarts, and safe in a mail header whatever a channel is called."""
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
    return f"{parts[0]}-{digest}"


# ---- local time


def next_slot(digest: Digest, timezone: str, now: datetime) -> datetime:
    """When the digest goes out next, in UTC, always after ``now``.

    A time that a night in spring leaves out comes as much later as the clocks jump; one that a night in autumn has twice counts the
    first time. Hourly digests follow the real hours, of which such a night has more or fewer.
    """
    zone = ZoneInfo(timezone)
    if digest.every is DigestEvery.HOURLY:
        return _next_hour(digest.at.minute, zone, now)
    today = now.astimezone(zone).date()
    days = (today + timedelta(days=n) for n in range(-1, 9))
    return next(
        slot
        for day in days
        if (digest.every is DigestEvery.DAILY or day.weekday() == digest.weekday) and (slot := _instant(day, digest.at, zone)) > now
    )


def _next_hour(minute: int, zone: ZoneInfo, now: datetime) -> datetime:
    at = now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    while at.astimezone(zone).minute != minute:
        at += timedelta(minutes=1)
    return at


def quiet_until(quiet: QuietHours, timezone: str, now: datetime) -> datetime | None:
    """When the quiet hours end that ``now`` falls into, in UTC; None outside of them."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        spans_midnight = quiet.end <= quiet.start
        end = _instant(day + timedelta(days=1) if spans_midnight else day, quiet.end, zone)
        if quiet.start != quiet.end and _instant(day, quiet.start, zone) <= now < end:
            return end
    return None


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at.replace(fold=0, tzinfo=None), tzinfo=zone).astimezone(UTC)

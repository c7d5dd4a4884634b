"""Whom an alert concerns, how and when: subscriptions, mutes, quiet hours, groups, digests and storms; every silence with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.model import (
    Alert,
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
        takers = tuple(sorted((s for s in subscriptions if s.channel == channel), key=lambda s: (s.digest is not None, s.order)))
        for story_id in dict.fromkeys(a.story_id for a in alerts):
            of_story = tuple(a for a in alerts if a.story_id == story_id)
            _route_story(book, of_story, takers, mutes, known.get((channel, story_id), _Known()))
    return Routed(deliveries=tuple(book.deliveries.values()), silences=tuple(book.silences))


# ---- what a channel knows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What a channel was told of one story, or will be in minutes; a dead delivery told nothing, nor did a digest to come."""

    themes: frozenset[str] = frozenset()
    severity: Severity | None = None

    @property
    def is_told(self) -> bool:
        return self.severity is not None


def _known(told: Sequence[Told]) -> dict[tuple[str, int], _Known]:
    known: dict[tuple[str, int], _Known] = {}
    for one in told:
        if not _counts(one):
            continue
        before = known.get((one.channel, one.story_id), _Known())
        known[one.channel, one.story_id] = _Known(
            themes=before.themes | set(one.themes), severity=max(before.severity or one.severity, one.severity)
        )
    return known


def _counts(one: Told) -> bool:
    if one.status is DeliveryStatus.DEAD:
        return False
    return one.kind is not DeliveryKind.DIGEST or one.status in {DeliveryStatus.SENT, DeliveryStatus.RETRY}


# ---- one story on one channel


def _route_story(book: _Book, alerts: Sequence[Alert], takers: Sequence[Subscription], mutes: Sequence[Mute], known: _Known) -> None:
    """Merge all that a channel's subscriptions want of the story: into one message if any of it goes at once."""
    at_once: list[tuple[Subscription, Alert]] = []
    later: list[tuple[Subscription, Alert]] = []
    for alert in alerts:
        wanting = _wanting(book, alert, takers, mutes, known)
        if not wanting:
            continue
        for other in wanting[1:]:
            book.silence(other, alert, Reason.ALREADY_TOLD)
        way = _way(alert, wanting[0], known)
        if way is FollowUps.OFF:
            book.silence(wanting[0], alert, Reason.FOLLOW_UPS_OFF)
        else:
            (at_once if way is FollowUps.SEND else later).append((wanting[0], alert))
    if at_once:
        book.send(at_once + later)
    else:
        for subscription, alert in later:
            book.keep_for_digest(subscription, alert)


def _wanting(book: _Book, alert: Alert, takers: Sequence[Subscription], mutes: Sequence[Mute], known: _Known) -> tuple[Subscription, ...]:
    """The subscriptions that want the alert, best first; the others go on record with their reason."""
    wanting = []
    for subscription in takers:
        reason = _refusal(alert, subscription, mutes, known, book.now)
        if reason is None:
            wanting.append(subscription)
        else:
            book.silence(subscription, alert, reason)
    return tuple(wanting)


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
    if known.severity is None:
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
        """Hold the alert for the subscription's next digest."""
        due_at = next_slot(subscription.digest or USUAL_DIGEST, subscription.timezone, self.now)
        self._book(
            kind=DeliveryKind.DIGEST,
            subscription=subscription,
            alerts=(alert,),
            reason=Reason.IN_DIGEST,
            due_at=due_at,
            message_id=_message_id("digest", subscription.channel, subscription.subscription_id, due_at.isoformat()),
        )

    def send(self, wanted: Sequence[tuple[Subscription, Alert]]) -> None:
        """Book one message of one story: now, or held for quiet hours, a storm or its group, in this order.

        What is said once for the whole channel is said by the first subscription in line that sends at once.
        """
        subscription = wanted[0][0]
        alerts = tuple(alert for _, alert in wanted)
        until = self._quiet_until(subscription, alerts)
        if until is not None:
            key = _message_id("quiet", subscription.channel, until.isoformat())
            self._hold(DeliveryKind.GROUP, subscription, alerts, Reason.QUIET_HOURS, until, key)
        elif self._is_storm(subscription):
            self._hold(
                DeliveryKind.STORM, subscription, alerts, Reason.STORM, *self._opening(DeliveryKind.STORM, subscription, STORM_WINDOW)
            )
        elif subscription.group_wait_s > 0:
            wait = timedelta(seconds=subscription.group_wait_s)
            self._hold(DeliveryKind.GROUP, subscription, alerts, Reason.GROUP_WAIT, *self._opening(DeliveryKind.GROUP, subscription, wait))
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
        return lately + self.booked.get(subscription.channel, 0) >= STORM_ALERTS

    def _waiting(self, channel: str) -> Iterable[Delivery]:
        recent = self.recent.get(channel)
        before = recent.waiting if recent else ()
        return (d for d in (*before, *self.deliveries.values()) if d.channel == channel and d.due_at > self.now)

    def _opening(self, kind: DeliveryKind, subscription: Subscription, wait: timedelta) -> tuple[datetime, str]:
        """When the message that gathers now goes out and what its id is: the one that waits already, or one begun by this."""
        for waiting in self._waiting(subscription.channel):
            if waiting.kind is kind and waiting.reason is not Reason.QUIET_HOURS:
                return waiting.due_at, waiting.message_id
        due_at = self.now + wait
        return due_at, _message_id(kind.value, subscription.channel, due_at.isoformat())

    def _hold(
        self, kind: DeliveryKind, subscription: Subscription, alerts: tuple[Alert, ...], reason: Reason, due_at: datetime, message_id: str
    ) -> None:
        if reason is not Reason.QUIET_HOURS:
            self._count(subscription.channel)
        self._book(kind=kind, subscription=subscription, alerts=alerts, reason=reason, due_at=due_at, message_id=message_id)

    def _send_now(self, subscription: Subscription, alerts: tuple[Alert, ...]) -> None:
        self._count(subscription.channel)
        key = _message_id("story", subscription.channel, str(alerts[0].story_id), str(_id(alerts[0])))
        self._book(kind=DeliveryKind.STORY, subscription=subscription, alerts=alerts, reason=None, due_at=self.now, message_id=key)

    def _count(self, channel: str) -> None:
        self.booked[channel] = self.booked.get(channel, 0) + 1

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
        is_one_story = kind is DeliveryKind.STORY or (before is None and kind is DeliveryKind.GROUP)
        self.deliveries[message_id] = Delivery(
            channel=subscription.channel,
            subscription_id=before.subscription_id if before else subscription.subscription_id,
            kind=kind,
            status=DeliveryStatus.PENDING if kind is DeliveryKind.STORY else DeliveryStatus.HELD,
            story_id=alerts[0].story_id if is_one_story else None,
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

"""One URL's, article's or alert's whole way, gate by gate, each with its reason: an invisible decision does not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from monitor.archive.reads import Trail
from monitor.archive.shapes import evidence_of
from monitor.model import DeliveryStatus, HowAssigned, Reason, Said
from monitor.render import phrases
from monitor.render.clean import line

Row = Mapping[str, Any]

_SURFACES = 6


class Standing(StrEnum):
    """How far something came through a gate."""

    PASSED = "passed"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One gate of the straight line: what stands there now, and everything that was said at it, a sentence each."""

    name: str
    standing: Standing
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the way is told with: the time, the reader's zone, what subscriptions are for, and the alert that alone is meant.

    ``wishes`` maps subscription ids to how a person knows them; ids that are not in it left the settings since.
    """

    now: datetime
    timezone: str = "UTC"
    alert_id: int | None = None
    wishes: Mapping[str, str] = field(default_factory=dict)

    def at(self, moment: object) -> str:
        """Say a moment in the reader's zone, to the second."""
        if not isinstance(moment, datetime):
            return "never"
        here = moment.astimezone(ZoneInfo(self.timezone))
        same_day = here.date() == self.now.astimezone(ZoneInfo(self.timezone)).date()
        return f"{here:%H:%M:%S}" if same_day else f"{here:%d %b %Y, %H:%M:%S}"


def gates(trail: Trail, asked: Asked) -> tuple[Gate, ...]:
    """Return the gates that were reached, in their order; the last of them is where it stands."""
    found: list[Gate] = []
    steps: Sequence[Callable[[Trail, Asked], Gate | None]] = (_source, _listed, _fetched, _matched, _story, _decided, _routed, _delivered)
    for step in steps:
        gate = step(trail, asked)
        if gate is not None:
            found.append(gate)
        if gate is not None and gate.standing is not Standing.PASSED and step is not _source:
            break
    return tuple(found)


def answer(way: Sequence[Gate]) -> str:
    """Say in a line how far it came."""
    last = way[-1]
    if last.standing is Standing.PASSED:
        return f"{last.name}: {last.said[0]}" if last.said else last.name
    word = {Standing.STOPPED: "stopped", Standing.WAITING: "still waiting"}[last.standing]
    return f"{word} at '{last.name}': {last.said[0]}"


# ---- before it was an article


def _source(trail: Trail, asked: Asked) -> Gate | None:
    """The door it came through, or would have."""
    source, outlet, poll = trail.source, trail.outlet, trail.last_poll
    if source is None:
        nobody = "no outlet of this address is watched; presswatch outlets add URL watches it"
        return None if trail.entry or trail.article else Gate(name="watched", standing=Standing.STOPPED, said=(nobody,))
    name = outlet["name"] if outlet else source["outlet_id"]
    said = [f"{name}, {source['kind']} {source['url']}"]
    if source["retired_at"] is not None:
        said.append(f"it is no longer watched since {asked.at(source['retired_at'])}")
        return Gate(name="watched", standing=Standing.STOPPED, said=tuple(said))
    said.append(_polled(poll, asked) if poll else "it was never polled yet")
    if source["next_at"] is not None:
        said.append(f"next poll {asked.at(source['next_at'])}" + (f", {source['plan_reason']}" if source["plan_reason"] else ""))
    return Gate(name="watched", standing=Standing.PASSED, said=tuple(said))


def _polled(poll: Row, asked: Asked) -> str:
    said = f"last polled {asked.at(poll['at'])}: {poll['status']}"
    if poll["error"]:
        return f"{said}, {poll['error']}"
    said += f", {poll['seen']} listed, {poll['new']} new"
    if poll["is_overflow"]:
        said += "; all of it was new, so older entries may have been missed"
    return said + ("; the list was cut off" if poll["is_truncated"] else "")


def _listed(trail: Trail, asked: Asked) -> Gate | None:
    """Whether a source of ours named it."""
    entry = trail.entry
    if entry is not None:
        said = f"first seen {asked.at(entry['seen_at'])} as: {line(entry['title']) or '(no title)'}"
        notes = [
            note
            for note, is_so in (("on the first poll of its source", entry["is_first_pass"]), ("by backfill", entry["is_backfill"]))
            if is_so
        ]
        return Gate(name="listed", standing=Standing.PASSED, said=(said, *notes))
    if trail.article is not None:
        return Gate(name="listed", standing=Standing.PASSED, said=(f"first seen {asked.at(trail.article['seen_at'])}",))
    if trail.source is None:
        return None
    said = "no source that is watched has listed it; it was never asked for"
    robots = trail.robots
    more = () if robots is None else (f"robots.txt of its host: {robots['state']}, read {asked.at(robots['fetched_at'])}",)
    return Gate(name="listed", standing=Standing.STOPPED, said=(said, *more))


def _fetched(trail: Trail, asked: Asked) -> Gate | None:
    """What became of its page."""
    entry, article = trail.entry, trail.article
    if entry is not None and entry["state"] == "refused":
        return Gate(name="fetched", standing=Standing.STOPPED, said=(f"not fetched: {entry['reason']}",))
    if article is None:
        return None if entry is None else _unfetched(entry, trail.host, asked)
    return Gate(
        name="fetched",
        standing=Standing.PASSED,
        said=(*_read(article), *_retrying(entry, asked), *_revised(trail, asked), *_awaited(entry, asked)),
    )


def _unfetched(entry: Row, host: Row | None, asked: Asked) -> Gate:
    if entry["state"] == "failed":
        return Gate(name="fetched", standing=Standing.STOPPED, said=(f"given up after {_tries(entry['tries'])}: {entry['reason']}",))
    held = host is not None and host["held_until"] is not None and host["held_until"] > asked.now
    if held and host is not None:
        said = f"its host asked to be left alone until {asked.at(host['held_until'])}: {host['held_reason'] or 'no reason given'}"
        return Gate(name="fetched", standing=Standing.WAITING, said=(said,))
    return Gate(
        name="fetched",
        standing=Standing.WAITING,
        said=_retrying(entry, asked) or (f"due since {asked.at(entry['next_at'])}; it waits for its turn at its host",),
    )


def _retrying(entry: Row | None, asked: Asked) -> tuple[str, ...]:
    if entry is None or entry["state"] != "new" or not entry["reason"]:
        return ()
    tried = f"tried {_tries(entry['tries'])}: " if entry["tries"] else ""  # put off, or beyond the day's pages: nobody was asked
    return (f"{tried}{entry['reason']}; again {asked.at(entry['next_at'])}",)


def _tries(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _read(article: Row) -> tuple[str, ...]:
    """Say what was read, and what stood in the way."""
    language = phrases.language(article["language"]) or "language unknown"
    said = [f"{article['completeness']}, {phrases.count(article['word_count'], 'word')}, {language}: {line(article['headline'])}"]
    if article["failure"]:
        said.append(f"the page was not to be had: {article['failure']}")
    if article["extract_status"] not in {"ok", "not run"}:
        said.append(f"reading the page: {article['extract_status']}")
    if article["is_paywalled"]:
        said.append("behind a paywall")
    said += [article["robots"]] if article["robots"] else []
    said += [f"text and data mining: {article['tdm']}"] if article["tdm"] else []
    return tuple(said)


def _revised(trail: Trail, asked: Asked) -> tuple[str, ...]:
    if not trail.revisions:
        return ()
    return (f"changed {_tries(len(trail.revisions))} since, last {asked.at(trail.revisions[-1]['replaced_at'])}",)


def _awaited(entry: Row | None, asked: Asked) -> tuple[str, ...]:
    if entry is None or entry["state"] not in {"done", "failed"} or entry["next_at"] is None:
        return ()
    return (f"its page is looked at again {asked.at(entry['next_at'])}",)


# ---- what it is about


def _matched(trail: Trail, _asked: Asked) -> Gate | None:
    article = trail.article
    if article is None:
        return None
    named = sorted(trail.mentions, key=lambda m: -m["occurrences"])
    entities = (
        (f"names {', '.join(m['entity_id'] for m in named[:_SURFACES])}" + (" and more" if len(named) > _SURFACES else ""),)
        if named
        else ()
    )
    below = tuple(f"{m['rule_id']} matched with relevance {m['relevance']}, below what its theme asks for" for m in trail.below)
    if not trail.matches:
        hint = f"presswatch rules explain THEME --article {article['article_id']} shows the nearest miss"
        said = below or ("no rule matched",)
        standing = Standing.STOPPED if not trail.decisions_of_it else Standing.PASSED
        return Gate(name="matched", standing=standing, said=(*said, *entities, hint))
    hits = tuple(f"{m['rule_id']}, relevance {m['relevance']}: {_surfaces(m)}" for m in trail.matches)
    return Gate(name="matched", standing=Standing.PASSED, said=(*hits, *below, *entities))


def _surfaces(match: Row) -> str:
    found = list(dict.fromkeys(line(e.surface) for e in evidence_of(match["evidence"])))
    return " · ".join(found[:_SURFACES]) + (" …" if len(found) > _SURFACES else "")


def _story(trail: Trail, asked: Asked) -> Gate | None:
    story, article = trail.story, trail.article
    if story is None:
        return None
    outlets, languages = {r["outlet_id"] for r in trail.reports}, {r["language"].split("-")[0] for r in trail.reports}
    said = [
        f"story {story['story_id']}: {phrases.count(len(trail.reports), 'article')}, {phrases.count(len(outlets), 'outlet')}, {phrases.count(len(languages), 'language')}"
    ]
    if article is not None:
        said.append(_assigned(article, trail.reports))
    first = trail.reports[0] if trail.reports else None
    if first is not None and (article is None or first["article_id"] != article["article_id"]):
        said.append(f"first report: {first['outlet_id']}, {asked.at(first['seen_at'])}")
    if trail.related:
        said.append(f"related, shown and never silencing: {phrases.count(len(trail.related), 'story', 'stories')}")
    return Gate(name="story", standing=Standing.PASSED, said=tuple(said))


def _assigned(article: Row, reports: Iterable[Row]) -> str:
    how, other = article["assigned"] or "", article["assigned_to_article_id"]
    if how in {HowAssigned.NEW.value, HowAssigned.OFF.value, ""} or other is None:
        return how or "not assigned"
    near = next((f"{r['outlet_id']}: {line(r['headline'])}" for r in reports if r["article_id"] == other), f"article {other}")
    return f"{how} as {near} (score {article['assigned_score'] or 0:.2f})"


# ---- whether to speak, and to whom


def _decided(trail: Trail, asked: Asked) -> Gate | None:
    """What each theme said to this article, and where it had been said before, by which alert."""
    decisions = trail.decisions_of_it
    if asked.alert_id is not None:
        decisions = _of_alert(trail, asked.alert_id) or decisions
    if not decisions:
        if not trail.alerts:
            return None
        return Gate(name="decided", standing=Standing.STOPPED, said=("nothing was asked of this article",))
    said = tuple(_decision(trail, d) for d in decisions)
    is_alert = any(d["is_alert"] for d in decisions)
    return Gate(name="decided", standing=Standing.PASSED if is_alert else Standing.STOPPED, said=said)


def _of_alert(trail: Trail, alert_id: int) -> tuple[Row, ...]:
    alert = next((a for a in trail.alerts if a["alert_id"] == alert_id), None)
    return tuple(d for d in trail.decisions_of_it if alert is not None and d["theme_id"] == alert["theme_id"])


def _decision(trail: Trail, decision: Row) -> str:
    reasons = ", ".join(phrases.reason(Said(reason=Reason(r), detail=d)) for r, d in decision["reasons"])
    of_theme = [a for a in trail.alerts if a["theme_id"] == decision["theme_id"]]
    if decision["is_alert"]:
        made = [a for a in of_theme if a["article_id"] == decision["article_id"] and [a["reason"], a["detail"]] in decision["reasons"]]
        return f"{decision['theme_id']}: {reasons}" + "".join(f" -> alert #{a['alert_id']}" for a in made)
    if decision["reasons"] and decision["reasons"][0][0] in {Reason.ALREADY_TOLD.value, Reason.SAME_TEXT.value} and of_theme:
        return f"{decision['theme_id']}: {reasons}, by alert #{of_theme[0]['alert_id']}"
    return f"{decision['theme_id']}: {reasons}"


def _meant(trail: Trail, asked: Asked) -> tuple[Row, ...]:
    """The alerts the question is about: the one asked for, else those this article made."""
    if asked.alert_id is not None:
        return tuple(a for a in trail.alerts if a["alert_id"] == asked.alert_id)
    article_id = trail.article["article_id"] if trail.article else None
    return tuple(a for a in trail.alerts if a["article_id"] == article_id)


def _routed(trail: Trail, asked: Asked) -> Gate | None:
    """Which subscriptions took the alerts, and for what reason the others did not."""
    meant = {a["alert_id"] for a in _meant(trail, asked)}
    if not meant:
        return None
    taken = [
        f"{channel} takes {_numbers(ids)}"
        for channel, ids in _grouped((d["channel"], d["alert_id"]) for d in trail.deliveries if d["alert_id"] in meant)
    ]
    silent = _grouped(((s["subscription_id"], s["reason"]), s["alert_id"]) for s in trail.silences if s["alert_id"] in meant)
    said = [f"{asked.wishes.get(wish, wish)} gets no {_numbers(ids)}: {reason}" for (wish, reason), ids in sorted(silent)]
    muted = [f"{m['scope']} {m['target']} is muted until {asked.at(m['until'])}" for m in trail.mutes if m["until"] > asked.now]
    if not taken:
        return Gate(name="routed", standing=Standing.STOPPED, said=(*(said or ["no subscription was there to take it"]), *muted))
    return Gate(name="routed", standing=Standing.PASSED, said=(*taken, *said, *muted))


def _grouped(pairs: Iterable[tuple[Any, int]]) -> list[tuple[Any, list[int]]]:
    found: dict[Any, list[int]] = {}
    for key, alert_id in pairs:
        found.setdefault(key, []).append(alert_id)
    return list(found.items())


def _numbers(alert_ids: Iterable[int]) -> str:
    return ", ".join(f"#{number}" for number in alert_ids)


def _delivered(trail: Trail, asked: Asked) -> Gate | None:
    meant = {a["alert_id"] for a in _meant(trail, asked)}
    rows = {d["delivery_id"]: d for d in trail.deliveries if d["alert_id"] in meant}.values()
    if not rows:
        return None
    states = {d["status"] for d in rows}
    standing = (
        Standing.PASSED if DeliveryStatus.SENT in states else Standing.STOPPED if states == {DeliveryStatus.DEAD} else Standing.WAITING
    )
    marks = [f"readers marked #{m['alert_id']} as {m['verdict']}" for m in trail.marks if m["alert_id"] in meant]
    return Gate(name="delivered", standing=standing, said=(*(_delivery(d, asked) for d in sorted(rows, key=_eager)), *marks))


def _eager(delivery: Row) -> tuple[bool, int]:
    return delivery["status"] != DeliveryStatus.SENT, delivery["delivery_id"]


def _delivery(delivery: Row, asked: Asked) -> str:
    """Say where one message stands, with its attempts and what the channel said."""
    name, error = f"{delivery['channel']} ({delivery['kind']})", f": {delivery['error']}" if delivery["error"] else ""
    match DeliveryStatus(delivery["status"]):
        case DeliveryStatus.SENT:
            delay = f", {delivery['delay_s']:.1f} s after it was first seen" if delivery["delay_s"] is not None else ""
            tries = "at the first try" if delivery["attempts"] <= 1 else f"at try {delivery['attempts']}"
            return f"{name} sent {asked.at(delivery['sent_at'])} {tries}{delay}"
        case DeliveryStatus.RETRY:
            return f"{name} tried {_tries(delivery['attempts'])}, again {asked.at(delivery['next_at'])}{error}"
        case DeliveryStatus.HELD:
            return f"{name} held until {asked.at(delivery['next_at'])}" + (f": {delivery['reason']}" if delivery["reason"] else "")
        case DeliveryStatus.DEAD:
            return f"{name} given up after {_tries(delivery['attempts'])}{error}; presswatch alerts resend {delivery['alert_id']}"
        case DeliveryStatus.PENDING:
            return f"{name} due since {asked.at(delivery['next_at'])}, not sent yet"

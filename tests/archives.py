"""A small world for the archive's tests: outlets, entries, articles, findings, stories and alerts, all invented."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crawler import cadence
from crawler.cadence import FeedState, Plan
from crawler.model import Article, Completeness, Entry, Outlet, Poll, PollStatus, Source, SourceKind
from monitor.archive import Tx, reads, writes
from monitor.model import (
    Alert,
    Alias,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Entity,
    Evidence,
    Feature,
    Features,
    Findings,
    Fingerprint,
    HowAssigned,
    Match,
    Mention,
    Reason,
    Routed,
    Rule,
    RuleSet,
    Said,
    Severity,
    Span,
    StoryAssignment,
    Theme,
    Verdict,
)

NOW = datetime(2026, 11, 24, 13, 58, 0, 250_000, tzinfo=UTC)


def outlet(name: str, *, country: str = "CH", language: str = "de", sources: int = 1, **more: Any) -> Outlet:
    """An outlet with feeds."""
    slug = name.lower().replace(" ", "-")
    return Outlet(
        outlet_id=slug,
        name=name,
        home=f"https://{slug}.example/",
        country=country,
        language=language,
        sources=tuple(source(slug, n) for n in range(sources)),
        **more,
    )


def source(outlet_id: str, number: int = 0) -> Source:
    """One feed of an outlet."""
    url = f"https://{outlet_id}.example/feed{number}.xml"
    return Source(source_id=f"{outlet_id}#{number}", outlet_id=outlet_id, kind=SourceKind.FEED, url=url)


def entry(outlet_id: str, name: str, *, number: int = 0, title: str | None = None, **more: Any) -> Entry:
    """One listed article."""
    url = f"https://{outlet_id}.example/{name}"
    made = Entry(
        key=url, url=url, outlet_id=outlet_id, source_id=f"{outlet_id}#{number}", title=f"Title of {name}" if title is None else title
    )
    return replace(made, published_at=NOW - timedelta(minutes=5), summary=f"Summary of {name}.", **more)


def poll(outlet_id: str, *, number: int = 0, at: datetime = NOW, status: PollStatus = PollStatus.OK, **more: Any) -> Poll:
    """One poll of a source."""
    url = f"https://{outlet_id}.example/feed{number}.xml"
    return Poll(source_id=f"{outlet_id}#{number}", outlet_id=outlet_id, at=at, status=status, url=url, **more)


def plan(state: FeedState | None, seen: Poll) -> tuple[FeedState, Plan]:
    """The shipped cadence at a price of one."""
    after = cadence.observe(state or cadence.initial(tier=2), seen, seen.at)
    return after, cadence.next_poll(after, seen.at, 1.0, cadence.CadenceConfig())


def article(of: Entry, *, headline: str | None = None, text: str | None = None, language: str = "de", **more: Any) -> Article:
    """What was read of an entry."""
    headline = of.title if headline is None else headline
    text = f"Der Hersteller Nordlicht hat in Bergen ein neues Modell gezeigt. {of.key}" if text is None else text
    made = Article(
        key=of.key,
        url=of.url or of.key,
        outlet_id=of.outlet_id,
        source_id=of.source_id,
        headline=headline,
        text=text,
        language=language,
        published_at=of.published_at,
        seen_at=of.seen_at or NOW,
        fetched_at=NOW,
        text_hash=hashlib.sha256(f"{headline}\n{text}".encode("utf-8", "replace")).hexdigest(),
        word_count=len(text.split()),
        completeness=Completeness.FULL,
        robots="allowed",
        entry_id=of.entry_id,
    )
    return replace(made, **more)


ENTITIES = (Entity(entity_id="nordlicht", label="Nordlicht", kind="company", aliases={"*": (Alias(term="Nordlicht"),)}),)
THEMES = (
    Theme(
        theme_id="models",
        label="New models",
        need="Any new model.",
        severity=Severity.NORMAL,
        rules=(Rule(rule_id="models/shown", theme_id="models", name="shown", query="@nordlicht AND Modell"),),
    ),
    Theme(
        theme_id="bergen",
        label="Bergen",
        need="What happens in Bergen.",
        severity=Severity.HIGH,
        rules=(Rule(rule_id="bergen/town", theme_id="bergen", name="town", query="Bergen"),),
    ),
)
RULES = RuleSet(entities=ENTITIES, themes=THEMES, version="v1")


def evidence(text: str, surface: str, *, term: str | None = None) -> Evidence:
    """The first place of a word in a text."""
    start = text.index(surface)
    return Evidence(term=term or surface, field="body", start=start, end=start + len(surface), surface=surface)


def findings(of: Article, *, themes: tuple[str, ...] = ("models",), below: tuple[str, ...] = (), relevance: int = 40) -> Findings:
    """A mention of Nordlicht and matches of the named themes."""
    spots = tuple(evidence(of.text, "Nordlicht", term="@nordlicht") for _ in [0] if "Nordlicht" in of.text)
    spans = tuple(Span(field="body", start=e.start, end=e.end, surface=e.surface) for e in spots)
    rule = {"models": "models/shown", "bergen": "bergen/town"}
    matched, low = (
        tuple(Match(rule_id=rule[m], theme_id=m, relevance=relevance, evidence=spots) for m in names) for names in (themes, below)
    )
    return Findings(mentions=(Mention(entity_id="nordlicht", spans=spans),) if spans else (), matches=matched, below=low, version="v1")


def fingerprint(*, shingles: range | tuple[int, ...] = (), features: tuple[str, ...] = (), words: int = 100) -> Fingerprint:
    """A fingerprint of given shingles and word features."""
    return Fingerprint(
        shingles=tuple(shingles),
        features=Features(Feature(kind="w", value=f, in_title=True, hash=feature(f)) for f in features),
        word_count=words,
    )


def feature(value: str) -> int:
    """The hash of a word feature."""
    return int.from_bytes(hashlib.sha256(value.encode()).digest()[:8], "big", signed=True)


def alert(story_id: int, article_id: int | None, *, theme_id: str = "models", reason: Reason = Reason.FIRST_REPORT, **more: Any) -> Alert:
    """An alert that was decided now."""
    made = Alert(
        theme_id=theme_id,
        story_id=story_id,
        article_id=article_id,
        reason=reason,
        severity={t.theme_id: t.severity for t in THEMES}.get(theme_id, Severity.NORMAL),
        relevance=40,
        language="de",
        rules=({"models": "models/shown", "bergen": "bergen/town"}[theme_id],),
        decided_at=NOW,
    )
    return replace(made, **more)


def delivery(alerts: tuple[Alert, ...], *, channel: str = "desk", kind: DeliveryKind = DeliveryKind.STORY, **more: Any) -> Delivery:
    """A message about one story, due now."""
    made = Delivery(
        channel=channel,
        subscription_id=f"{channel}-1",
        kind=kind,
        status=DeliveryStatus.PENDING,
        story_id=alerts[0].story_id if alerts else None,
        alert_ids=tuple(a.alert_id or 0 for a in alerts),
        due_at=NOW,
        created_at=NOW,
        severity=max((a.severity for a in alerts), default=Severity.NORMAL),
        message_id="-".join([kind.value, channel, *(str(a.alert_id) for a in alerts)]),
    )
    return replace(made, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """What became of one article on the straight line."""

    entry: Entry
    article_id: int
    story_id: int
    alerts: tuple[Alert, ...]


def list_entries(tx: Tx, *listed: Entry, at: datetime = NOW) -> tuple[Entry, ...]:
    """Poll a source that lists these entries."""
    first = listed[0]
    number = int(first.source_id.rsplit("#", 1)[1])
    return writes.record_poll(tx, poll(first.outlet_id, number=number, at=at), listed, plan)[1]


def settle(
    tx: Tx,
    listed: Entry,
    *,
    read: Article | None = None,
    story_id: int | None = None,
    themes: tuple[str, ...] = ("models",),
    channels: tuple[str, ...] = ("desk",),
    now: datetime = NOW,
) -> Put:
    """Take one listed entry the whole straight line: article, findings, story, decision, alert, delivery."""
    read = read or article(listed)
    stored = writes.put_article(tx, read, now)
    writes.finish_entry(tx, listed, state="done", article_id=stored.article_id, now=now)
    writes.put_findings(tx, stored.article_id, findings(read, themes=themes), now)
    how = HowAssigned.NEW if story_id is None else HowAssigned.SAME_EVENT
    assigned = writes.assign_story(tx, stored.article_id, StoryAssignment(story_id=story_id, how=how, score=4.5), read, now)
    writes.put_fingerprint(tx, stored.article_id, fingerprint(features=("nordlicht",)), read)
    verdicts = [
        Verdict(theme_id=m, reasons=(Said(reason=Reason.FIRST_REPORT if story_id is None else Reason.ALREADY_TOLD),)) for m in themes
    ]
    writes.put_verdicts(tx, assigned, stored.article_id, verdicts, now)
    spoken = [alert(assigned, stored.article_id, theme_id=m, outlet_id=read.outlet_id, decided_at=now) for m in themes if story_id is None]
    alerts = writes.put_alerts(tx, spoken)
    if alerts:
        writes.put_deliveries(tx, Routed(deliveries=tuple(delivery(alerts, channel=c, due_at=now, created_at=now) for c in channels)), now)
    return Put(entry=listed, article_id=stored.article_id, story_id=assigned, alerts=alerts)


def furnish(tx: Tx) -> list[Put]:
    """Fill an archive with a little of everything that the views show."""
    writes.put_outlets(
        tx, [outlet("Alpenpost"), outlet("Fjord Times", country="NO", language="en"), outlet("Linzer Bote", country="AT")], NOW
    )
    writes.put_rules(tx, RULES, NOW)
    (a, b), (c,), (d,) = (
        list_entries(tx, entry("alpenpost", "a"), entry("alpenpost", "b")),
        list_entries(tx, entry("fjord-times", "c"), at=NOW + timedelta(minutes=2)),
        list_entries(tx, entry("linzer-bote", "d", title="Déjà vu in 北京"), at=NOW + timedelta(minutes=7)),
    )
    first = settle(tx, a, themes=("models", "bergen"), channels=("desk", "mail"))
    second = settle(tx, c, read=article(c, language="en", is_paywalled=True), story_id=first.story_id)
    third = settle(tx, d, now=NOW + timedelta(minutes=8))
    writes.finish_entry(tx, b, state="refused", reason="robots.txt disallows it", now=NOW)
    writes.mark_sent(tx, reads.due_deliveries(tx, NOW, 1)[0].delivery_id or 0, NOW + timedelta(seconds=3))
    return [first, second, third]


def damage(path: Path) -> bytes:
    """Overwrite pages in the middle of a SQLite file and return what it holds then."""
    with path.open("r+b") as file:
        for page in range(20, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 64)
    return path.read_bytes()

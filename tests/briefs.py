"""Invented stories for tests of messages, channels and delivery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crawler.model import Article, Place
from monitor.model import (
    Alert,
    Brief,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Evidence,
    Reason,
    Report,
    Severity,
    StoryBrief,
    Subscription,
)

NOW = datetime(2026, 11, 24, 12, 58, tzinfo=UTC)

GERMAN = (
    "Ein Start-up aus der Provinz macht Furore. Noch vor zwei Jahren kannte es niemand. Am Montag hat die Firma Deepseek aus Hangzhou "
    "mit R2 ein Modell vorgestellt, das nach eigenen Angaben mit weniger Chips auskommt als die Konkurrenz. Die Börse in New York "
    "reagierte nervös. Beobachter sprechen von einem Weckruf."
)
CHINESE = (
    "总部位于杭州的人工智能公司深度求索周一发布了下一代旗舰模型R2。公司表示，新模型的训练成本大幅下降，所用英伟达芯片数量也明显减少。"
    "多位分析人士认为，这一进展可能影响对华出口管制的讨论。"
)


def evidence(text: str, *surfaces: str, field: str = "body") -> tuple[Evidence, ...]:
    """Mark each surface where it first stands in the text."""
    found = ((s, text.index(s)) for s in surfaces)
    return tuple(Evidence(term=s.casefold(), field=field, start=at, end=at + len(s), surface=s) for s, at in found)


def alert(
    alert_id: int | None = 812,
    theme_id: str = "deepseek-next",
    *,
    reason: Reason = Reason.FIRST_REPORT,
    detail: str = "",
    severity: Severity = Severity.NORMAL,
    story_id: int = 7,
) -> Alert:
    return Alert(
        alert_id=alert_id,
        theme_id=theme_id,
        story_id=story_id,
        article_id=1,
        reason=reason,
        detail=detail,
        severity=severity,
        relevance=80,
        language="de",
        outlet_id="nzz",
        rules=(f"{theme_id}/launch",),
        decided_at=NOW,
    )


def report(article_id: int, name: str, language: str, minutes: int) -> Report:
    return Report(
        article_id=article_id,
        outlet_id=name.lower(),
        outlet_name=name,
        language=language,
        headline=f"Headline of {name}",
        url=f"https://outlet{article_id}.example/a",
        at=NOW + timedelta(minutes=minutes),
    )


ALSO = (report(2, "Heise", "de", 5), report(3, "Reuters", "en", 7), report(4, "财新", "zh", 11), report(5, "Le Monde", "fr", 20))


def story(
    headline: str = "Chinas KI-Wunder: wie Deepseek das Silicon Valley erschreckt",
    text: str = GERMAN,
    *,
    story_id: int = 7,
    url: str = "https://www.nzz.example/technologie/chinas-ki-wunder-ld.1868",
    language: str = "de",
    outlet: str = "NZZ",
    published_at: datetime | None = NOW,
    marks: tuple[str, ...] = ("Deepseek", "R2"),
    alerts: tuple[Alert, ...] = (),
    also: tuple[Report, ...] = (),
) -> StoryBrief:
    article = Article(
        key=url,
        url=url,
        outlet_id=outlet.lower(),
        source_id=f"{outlet.lower()}#00000001",
        headline=headline,
        text=text,
        language=language,
        published_at=published_at,
        seen_at=NOW + timedelta(minutes=1),
        article_id=story_id * 10,
    )
    return StoryBrief(
        story_id=story_id,
        article=article,
        outlet_name=outlet,
        alerts=alerts or (alert(story_id=story_id),),
        evidence=evidence(text, *marks) if text else (),
        also=also,
    )


def chinese() -> StoryBrief:
    return story(
        "深度求索发布R2模型：训练成本再降一半",
        CHINESE,
        story_id=8,
        url="https://www.caixin.example/2026-11-24/102391.html",
        language="zh",
        outlet="财新",
        marks=("深度求索", "R2", "英伟达"),
        alerts=(alert(820, reason=Reason.NEW_LANGUAGE, detail="zh", story_id=8),),
    )


def delivery(
    delivery_id: int = 1,
    channel: str = "desk",
    *,
    kind: DeliveryKind = DeliveryKind.STORY,
    story_id: int | None = 7,
    created_at: datetime = NOW,
    attempts: int = 0,
    status: DeliveryStatus = DeliveryStatus.PENDING,
) -> Delivery:
    return Delivery(
        delivery_id=delivery_id,
        channel=channel,
        subscription_id="desk-1",
        kind=kind,
        status=status,
        story_id=story_id,
        due_at=created_at,
        created_at=created_at,
        attempts=attempts,
        message_id=f"m-{delivery_id}",
    )


def subscription(*themes: str) -> Subscription:
    return Subscription(
        subscription_id="desk-1",
        channel="desk",
        themes=themes or ("deepseek-next",),
        timezone="Europe/Zurich",
        place=Place(file="presswatch.yaml", line=15),
    )


def brief(
    *stories: StoryBrief,
    kind: DeliveryKind = DeliveryKind.STORY,
    links: dict[str, str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    total: int = 0,
    silent: tuple[str, ...] = (),
    dropped: tuple[str, ...] = (),
) -> Brief:
    about = stories or (() if kind in {DeliveryKind.TEST, DeliveryKind.NOTICE, DeliveryKind.DIGEST} else (story(),))
    return Brief(
        delivery=delivery(kind=kind, story_id=about[0].story_id if kind is DeliveryKind.STORY else None),
        stories=about,
        subscription=subscription(),
        timezone="Europe/Zurich",
        links=links or {},
        since=since,
        until=until,
        total=total,
        silent_sources=silent,
        dropped=dropped,
    )

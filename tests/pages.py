"""Invented pages and the arrivals they come in."""

from __future__ import annotations

from datetime import UTC, datetime

from crawler.model import Arrival, Entry, Failure, FailureReason, Outlet, Page

FETCHED_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
URL = "https://gazette.example/politics/harbour-bridge-reopens"

ENGLISH = (
    "The harbour bridge reopened on Monday after eleven months of repairs that cost the town more than twice what was planned.",
    "Engineers had found cracks in three of the eight piers, and for a time it seemed that the whole structure would have to be replaced.",
    "“We are glad that the ferries can rest,” said the mayor, who crossed the bridge on a bicycle together with some four hundred residents.",
    "The repairs were paid for by a loan, a grant from the province, and the sale of the old customs house to a hotel company.",
    "A second stage, which will widen the footpath on the northern side, is to begin in spring and should take about four months.",
)
GERMAN = (
    "Die Hafenbrücke ist am Montag nach elf Monaten wieder geöffnet worden; die Reparatur kostete die Stadt mehr als doppelt so viel wie geplant.",
    "Fachleute hatten Risse in drei der acht Pfeiler gefunden, und eine Zeit lang sah es so aus, als müsste das ganze Bauwerk ersetzt werden.",
    "„Wir sind froh, dass die Fähren ruhen dürfen“, sagte die Bürgermeisterin, die mit rund vierhundert Menschen über die Brücke radelte.",
    "Bezahlt wurde die Reparatur aus einem Kredit, einem Zuschuss des Landes und dem Verkauf des alten Zollhauses an eine Hotelkette.",
    "Ein zweiter Abschnitt, der den Gehweg auf der Nordseite verbreitert, soll im Frühjahr beginnen und etwa vier Monate dauern.",
)
FRENCH = (
    "Le pont du port a rouvert lundi après onze mois de travaux, qui ont coûté à la ville plus du double de ce qui était prévu.",
    "Les ingénieurs avaient découvert des fissures dans trois des huit piles, et l’on a cru un moment qu’il faudrait tout remplacer.",
    "« Nous sommes heureux que les bacs puissent se reposer », a déclaré la maire, qui a traversé le pont à vélo avec quatre cents habitants.",
    "Les travaux ont été payés par un emprunt, une aide de la région et la vente de l’ancienne douane à une société hôtelière.",
    "Une deuxième étape, qui élargira le trottoir du côté nord, doit commencer au printemps et durer environ quatre mois.",
)
CHINESE = (
    "海港大桥在经过十一个月的维修之后，于周一重新开放，维修费用超过原计划的两倍，市政府为此向银行申请了贷款。",
    "工程师此前在八个桥墩中的三个发现了裂缝，一度认为整座大桥都必须更换，居民只能乘坐渡轮往返两岸。",
    "“我们很高兴渡轮终于可以休息了。”市长骑着自行车与大约四百名居民一起过桥时这样说道。",
    "维修资金来自贷款、省政府的补助，以及将旧海关大楼出售给一家酒店公司所得的款项。",
    "第二阶段工程将拓宽北侧的人行道，计划于明年春天开始，预计需要四个月左右的时间。",
)
TITLES = {
    "en": "Harbour bridge reopens after eleven months",
    "de": "Hafenbrücke nach elf Monaten wieder offen",
    "fr": "Le pont du port rouvre après onze mois",
    "zh": "海港大桥时隔十一个月重新开放",
}
TEXTS = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "zh": CHINESE}

MENU = "".join(
    f"<li><a href='/{name}'>{name.title()}</a></li>" for name in ("politics", "economy", "sport", "culture", "weather", "opinion")
)
ELSEWHERE = "".join(
    f"<li><a href='/elsewhere/{number}'>Another matter, number {number}, that has nothing to do with bridges</a></li>"
    for number in range(12)
)


def markup(language: str = "en", *, head: str = "", body: str | None = None, title: str | None = None, extra: str = "") -> str:
    """Return a page as outlets make them: menu, article, links elsewhere, footer."""
    headline = TITLES[language] if title is None else title
    paragraphs = "".join(f"<p>{line}</p>" for line in TEXTS[language]) if body is None else body
    return (
        f"<!DOCTYPE html><html lang='{language}'><head><meta charset='utf-8'><title>{headline} | The Gazette</title>{head}</head><body>"
        f"<header><nav><ul>{MENU}</ul></nav></header><main><article><h1>{headline}</h1><div class='article-body'>{paragraphs}</div>{extra}</article>"
        f"<aside class='related'><h2>More stories</h2><ul>{ELSEWHERE}</ul></aside></main>"
        "<footer><p>© 2026 The Gazette. All rights reserved. <a href='/imprint'>Imprint</a></p></footer></body></html>"
    )


def entry(**values: object) -> Entry:
    """Return an entry of the Gazette."""
    known: dict[str, object] = {"key": URL, "url": URL, "outlet_id": "gazette", "source_id": "gazette#00000001"}
    return Entry(**{**known, **values})  # type: ignore[arg-type]


def outlet(**values: object) -> Outlet:
    """Return the Gazette."""
    known: dict[str, object] = {"outlet_id": "gazette", "name": "The Gazette", "home": "https://gazette.example/"}
    return Outlet(**{**known, **values})  # type: ignore[arg-type]


def arrival(
    page: str | bytes | FailureReason,
    *,
    content_type: str = "text/html; charset=utf-8",
    url: str = URL,
    of: Entry | None = None,
    by: Outlet | None = None,
) -> Arrival:
    """Return what the crawler hands over: a page, or why there is none."""
    result: Page | Failure
    if isinstance(page, FailureReason):
        result = Failure(url=url, reason=page, at=FETCHED_AT)
    else:
        body = page if isinstance(page, bytes) else page.encode()
        result = Page(url=url, final_url=url, http_status=200, headers={"content-type": content_type}, body=body, fetched_at=FETCHED_AT)
    return Arrival(entry=of or entry(title="As listed", summary="What the feed said of it."), outlet=by or outlet(), result=result)

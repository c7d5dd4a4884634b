"""One wire story in twelve outlets and two languages over an hour: what people hear of it, on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from functools import cache

import pytest

from crawler.model import Arrival, Article, Outlet, Page
from monitor.archive import Archive, reads, writes
from monitor.clock import FixedClock
from monitor.config import folders
from monitor.config.load import load
from monitor.config.settings import Settings
from monitor.model import FollowUps, MessageFormat, QuietHours, Severity, Subscription
from monitor.pipeline import Desk, process
from monitor.render import message
from monitor.rules.engine import Engine, compile_rules
from tests.archives import NOW, entry, list_entries, outlet

HEADLINE = "China stoppt Bestellungen von Nvidias H200-Chips"
WIRE = """Die Regierung in Peking hat mehrere Technologiekonzerne angewiesen, ihre Bestellungen von H200-Chips des amerikanischen Herstellers Nvidia
vorläufig auszusetzen. Das sagten drei mit der Angelegenheit vertraute Personen. Betroffen seien unter anderen Alibaba und Tencent, die im Dezember
zusammen rund 40000 Prozessoren geordert hatten. Die Behörden wollten zunächst prüfen, ob einheimische Anbieter wie Huawei den Bedarf decken können.

Das Weisse Haus hatte die Ausfuhr der H200 nach China erst vor vier Wochen gegen eine Abgabe von 25 Prozent des Erlöses erlaubt. Nvidia verlangt von
chinesischen Kunden seither Vorkasse, weil unklar ist, ob die Lieferungen an der Grenze durchgelassen werden. Ein Sprecher des Unternehmens aus
Kalifornien erklärte, man rechne weiterhin mit Genehmigungen noch in diesem Quartal. Die Aktie gab im nachbörslichen Handel um zwei Prozent nach.

Fachleute sehen in dem Schritt ein Druckmittel für die Gespräche über Handel, die im April in Peking fortgesetzt werden sollen. Für chinesische
Entwickler von Sprachmodellen wäre eine längere Pause schmerzhaft, sagte eine Analystin in Hongkong: Ihnen fehle vor allem Rechenleistung für das Training."""
CHINESE_TITLE = "中国叫停英伟达H200芯片订单"
CHINESE = """据三名知情人士透露，北京已要求多家科技企业暂停订购美国英伟达公司的H200芯片。受影响的企业包括阿里巴巴和腾讯，两家公司去年12月共订购约40000枚处理器。
有关部门希望先评估华为等国内供应商能否满足需求。白宫四周前才批准向中国出口H200，条件是上缴25%的销售收入。英伟达此后要求中国客户预付全款。
英伟达发言人表示，预计本季度仍将获得许可。公司股价盘后下跌约2%。分析人士认为，此举是为四月在北京举行的贸易谈判增加筹码。"""


def edited(number: int) -> tuple[str, str]:
    """Headline and text of the n-th outlet: words changed, sentences cut, paragraphs left out."""
    headlines = [
        HEADLINE, "Peking bremst Nvidia aus", "Nvidia: China setzt H200-Bestellungen aus", "Chinas Konzerne sollen keine H200 mehr ordern",
        "Nvidia droht Rückschlag in China", "Peking prüft Nvidias H200", "China hält Nvidia-Chips auf", "Keine H200-Chips für China",
        "China und Nvidia: Bestellstopp für H200", "H200: Peking greift ein",
    ]  # fmt: skip
    words = WIRE.split(" ")
    kept = [w for n, w in enumerate(words) if (n + number) % 23 or number == 0]
    return headlines[number], " ".join(kept[: int(len(kept) * (1 - 0.06 * number))])


@cache
def seeds() -> Settings:
    return load(folders.seeds() / folders.FILE, environ={})


@cache
def engine() -> Engine:
    return compile_rules(seeds().rules)


@dataclass(slots=True)
class Reader:
    """Returns what the outlet printed."""

    headline: str = ""
    text: str = ""
    language: str = "de"
    agency: str | None = None

    async def read(self, arrival: Arrival) -> Article:
        return Article(
            key=arrival.entry.key, url=arrival.entry.key, outlet_id=arrival.outlet.outlet_id, source_id=arrival.entry.source_id,
            headline=self.headline, text=self.text, language=self.language, published_at=arrival.entry.seen_at,
            seen_at=arrival.entry.seen_at or NOW, text_hash=f"{arrival.outlet.outlet_id}{self.text}", word_count=len(self.text.split()),
            agency=self.agency, entry_id=arrival.entry.entry_id,
        )  # fmt: skip


OUTLETS = tuple(outlet(f"Paper {n:02}", language="zh" if n in {5, 9} else "de") for n in range(12))


@dataclass(slots=True)
class Newsroom:
    """The straight line with a clock of its own."""

    archive: Archive
    clock: FixedClock
    subscriptions: Sequence[Subscription]
    stories: bool = True

    async def print(self, paper: Outlet, reader: Reader) -> None:
        """Have an outlet list and print an article now."""
        now = self.clock.now()
        listed = replace(entry(paper.outlet_id, f"{now:%H%M%S}"), title=reader.headline, published_at=now)
        (stored,) = await self.archive.write(lambda tx: list_entries(tx, listed, at=now))
        stored = replace(stored, seen_at=now, is_first_pass=False)
        url = stored.key
        page = Page(url=url, final_url=url, http_status=200, headers={}, body=b"", fetched_at=now)
        desk = Desk(
            themes={t.theme_id: t for t in seeds().rules.themes},
            outlets={o.outlet_id: o for o in OUTLETS},
            subscriptions=self.subscriptions,
            stories=self.stories,
        )
        await process(Arrival(entry=stored, outlet=paper, result=page), reader, self.archive, engine(), self.clock, desk)
        await self.send_all()

    async def send_all(self) -> None:
        """Take everything that is due as sent."""
        now = self.clock.now()
        for due in await self.archive.read(lambda tx: reads.due_deliveries(tx, now, 100)):
            number, alert_ids = due.delivery_id or 0, due.alert_ids
            await self.archive.write(lambda tx, number=number, ids=alert_ids: writes.mark_sent(tx, number, now, alert_ids=ids))  # type: ignore[misc]

    def alerts(self, theme: str) -> list[tuple[str, str]]:
        rows = self.archive.read_now(lambda tx: reads.listing(tx, "v_alerts"))
        return [(r["reason"], r["detail"]) for r in reversed(rows) if r["theme_id"] == theme]

    def messages(self, channel: str) -> list[tuple[str, str, int]]:
        """Kind, status and number of alerts of each message, the first one first."""
        found: dict[int, tuple[str, str, int]] = {}
        for row in reversed(self.archive.read_now(lambda tx: reads.listing(tx, "v_deliveries"))):
            if row["channel"] == channel:
                kind, status, count = found.get(row["delivery_id"], (row["kind"], row["status"], 0))
                found[row["delivery_id"]] = (kind, status, count + 1)
        return [found[number] for number in sorted(found)]


MAIL = Subscription(subscription_id="mail-1", channel="mail", themes=("nvidia-sanctions",), follow_ups=FollowUps.SEND)


@pytest.fixture
def newsroom(archive_url: str) -> Iterator[Newsroom]:
    clock = FixedClock(NOW)
    archive = Archive.open(archive_url, clock=clock)
    archive.write_now(lambda tx: writes.put_outlets(tx, OUTLETS, NOW))
    archive.write_now(lambda tx: writes.put_rules(tx, seeds().rules, NOW))
    yield Newsroom(archive=archive, clock=clock, subscriptions=(MAIL,))
    archive.close()


async def test_twelve_outlets_with_edits_cuts_and_translations_are_four_messages(newsroom: Newsroom) -> None:
    german = iter(range(10))
    for number, paper in enumerate(OUTLETS):
        if number in {5, 9}:
            told = Reader(CHINESE_TITLE if number == 5 else "英伟达H200在华订单被叫停", CHINESE if number == 5 else CHINESE[:150], "zh")
        else:
            told = Reader(*edited(next(german)))
        await newsroom.print(paper, told)
        newsroom.clock.advance(timedelta(minutes=5).total_seconds())
    assert newsroom.alerts("nvidia-sanctions") == [
        ("first report", ""), ("now in N outlets", "3"), ("first in another language", "zh"), ("now in N outlets", "10"),
    ]  # fmt: skip
    assert newsroom.messages("mail") == [("story", "sent", 1)] * 4
    assert len(newsroom.archive.read_now(lambda tx: reads.listing(tx, "v_stories"))) == 1


async def test_copies_of_one_agency_are_one_voice(newsroom: Newsroom) -> None:
    for number, paper in enumerate(OUTLETS[:5]):
        await newsroom.print(paper, replace(Reader(*edited(number)), agency="dpa"))
        newsroom.clock.advance(60)
    assert newsroom.alerts("nvidia-sanctions") == [("first report", "")]


async def test_five_themes_and_two_overlapping_subscriptions_on_one_channel_are_one_message(newsroom: Newsroom) -> None:
    newsroom.subscriptions = (
        replace(MAIL, themes=("*",)),
        replace(MAIL, subscription_id="mail-2", themes=("nvidia-sanctions", "deepseek-next"), min_severity=Severity.HIGH, order=1),
    )
    text = f"""Deepseek aus Hangzhou verschiebt den Start von R2. {WIRE}

Das Start-up aus Hangzhou gilt als einer der sechs kleinen Drachen. Huaweis Ascend-Chips sollen die Prozessoren von Nvidia ersetzen.
China liegt bei Chips nach Ansicht von Fachleuten zwei bis drei Jahre zurück, der Rückstand bei KI-Modellen schwindet."""
    await newsroom.print(OUTLETS[0], Reader("Deepseek verschiebt R2, China stoppt Nvidias H200-Chips", text))
    themes = {row["theme_id"] for row in newsroom.archive.read_now(lambda tx: reads.listing(tx, "v_alerts"))}
    assert len(themes) >= 5
    assert newsroom.messages("mail") == [("story", "sent", len(themes))]


# ---- many stories


def invented(number: int) -> Reader:
    """A story of its own that the theme wants."""
    places = ("Aarberg", "Brixen", "Cuxhaven", "Dornbirn", "Eupen", "Füssen", "Gmunden", "Husum", "Ilanz", "Jever")
    where = f"{places[number % 10]} {number}"
    text = (
        f"In {where} sind {number * 37 + 11} Exemplare sichergestellt worden. Die Exportkontrollen für Chips von Nvidia gelten dort weiter. "
        + " ".join(f"wort{number}x{n}" for n in range(70))
    )
    return Reader(f"Zoll {where}: Exportkontrollen für Nvidia-Chips, Fall {number * 37 + 11}", text)


async def test_a_storm_is_twenty_messages_and_one_with_the_rest_and_mail_hooks_are_spared_none(newsroom: Newsroom) -> None:
    hook = replace(MAIL, subscription_id="hook-1", channel="hook", storm=False, order=1)
    newsroom.subscriptions, newsroom.stories = (replace(MAIL, storm=True), hook), False
    for number in range(32):
        await newsroom.print(OUTLETS[number % 5], invented(number))
        newsroom.clock.advance(2)
    assert len(newsroom.messages("hook")) == 32
    assert newsroom.messages("mail")[:20] == [("story", "sent", 1)] * 20
    assert newsroom.messages("mail")[20:] == [("storm", "held", 12)]
    newsroom.clock.advance(300)
    (storm,) = await newsroom.archive.read(lambda tx: reads.due_deliveries(tx, newsroom.clock.now(), 10))
    said = message(await newsroom.archive.read(lambda tx: reads.brief(tx, storm)), MessageFormat.TEXT, limit=0).body
    assert said.splitlines()[0].startswith("nvidia-sanctions: 12 alerts") or said.startswith("12 alerts")
    assert "10." in said
    assert "11." not in said
    assert "+2 more: presswatch alerts list --since 2026-11-24" in said


async def test_quiet_hours_hold_one_message_for_the_morning_that_high_severity_passes(newsroom: Newsroom) -> None:
    night = QuietHours(start=time(22, 0), end=time(7, 0))
    newsroom.subscriptions = (replace(MAIL, themes=("nvidia-sanctions", "china-ai-chips"), quiet_hours=night, timezone="Europe/Zurich"),)
    newsroom.clock.advance(timedelta(hours=10).total_seconds())  # 00:58 in Zurich
    await newsroom.print(OUTLETS[0], invented(1))
    assert newsroom.messages("mail") == [("story", "sent", 1)], "the theme is of high severity"
    chips = Reader(
        "SMIC testet Maschinen aus Schanghai",
        "Der Auftragsfertiger SMIC erprobt Lithografie aus eigener Fertigung. " + " ".join(f"w{n}" for n in range(70)),
    )
    yields = Reader(
        "Huawei verdoppelt Ausstoss von Ascend-Chips",
        "Der Konzern will mehr KI-Chips fertigen, die Ausbeute steigt. " + " ".join(f"v{n}" for n in range(70)),
    )
    for number, told in enumerate((chips, yields)):
        await newsroom.print(OUTLETS[1 + number], told)
        newsroom.clock.advance(600)
    assert newsroom.messages("mail")[1:] == [("group", "held", 2)]
    newsroom.clock.advance(timedelta(hours=5, minutes=40).total_seconds())
    assert await newsroom.archive.read(lambda tx: reads.due_deliveries(tx, newsroom.clock.now(), 10)) == []
    newsroom.clock.advance(timedelta(minutes=10).total_seconds())
    await newsroom.send_all()
    assert newsroom.messages("mail")[1:] == [("group", "sent", 2)]


async def test_a_chat_waits_for_the_group_hears_follow_ups_in_the_digest_and_nothing_twice(newsroom: Newsroom) -> None:
    chat = replace(
        MAIL, subscription_id="chat-1", channel="chat", follow_ups=FollowUps.DIGEST, group_wait_s=180.0, timezone="Europe/Zurich"
    )
    newsroom.subscriptions = (chat,)
    for number in range(4):
        await newsroom.print(OUTLETS[number], Reader(*edited(number)))
        newsroom.clock.advance(60)
    await newsroom.send_all()
    assert newsroom.messages("chat") == [("group", "sent", 2)], "the third outlet arrived while the group waited"
    for number in range(4, 10):
        await newsroom.print(OUTLETS[number], Reader(*edited(number)) if number != 5 else Reader(CHINESE_TITLE, CHINESE, "zh"))
        newsroom.clock.advance(600)
    assert newsroom.messages("chat")[1:] == [("digest", "held", 2)]
    newsroom.clock.advance(timedelta(hours=17).total_seconds())
    await newsroom.send_all()
    assert newsroom.messages("chat")[1:] == [("digest", "sent", 2)]

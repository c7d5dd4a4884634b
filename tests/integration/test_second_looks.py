"""Second looks at a page whose server sends the whole of it each time: read once, until it says something else; on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from crawler.model import Arrival, Article, Completeness, Entry, ExtractStatus, Failure, FailureReason, Page
from monitor.archive import Archive, reads, writes
from monitor.clock import FixedClock
from monitor.model import Reason
from monitor.pipeline import Desk, Ending, process
from monitor.rules.engine import compile_rules
from tests.archives import NOW, RULES, THEMES, entry, list_entries, outlet

PAPER = outlet("Alpenpost")
HOURS = (1, 6, 24)
DESK = Desk(
    themes={theme.theme_id: theme for theme in THEMES},
    outlets={PAPER.outlet_id: PAPER},
    subscriptions=(),
    recheck_after_s=tuple(3600.0 * hours for hours in HOURS),
)
ENGINE = compile_rules(RULES)


@dataclass(slots=True)
class Reader:
    """Reads a page's bytes as its text, and keeps what it was given to read."""

    given: list[bytes] = field(default_factory=list)
    status: ExtractStatus = ExtractStatus.OK
    headline: str = "Neues aus Bergen"

    async def read(self, arrival: Arrival) -> Article:
        """Return an article of what was brought, withdrawn where the page is gone."""
        found = arrival.result
        text = found.body.decode() if isinstance(found, Page) else ""
        if isinstance(found, Page):
            self.given.append(found.body)
        return Article(
            key=arrival.entry.key, url=arrival.entry.key, outlet_id=PAPER.outlet_id, source_id=arrival.entry.source_id,
            headline=self.headline if isinstance(found, Page) else arrival.entry.title, text=text, language="de", seen_at=arrival.entry.seen_at or NOW, text_hash=text,
            word_count=len(text.split()), entry_id=arrival.entry.entry_id,
            extract_status=self.status if isinstance(found, Page) else ExtractStatus.NO_PAGE,
            completeness=Completeness.FULL if isinstance(found, Page) else Completeness.TEASER,
            failure=found.reason if isinstance(found, Failure) else None,
        )  # fmt: skip


@dataclass(slots=True)
class Desks:
    """An archive, a reader and the hours that pass."""

    archive: Archive
    reader: Reader = field(default_factory=Reader)
    told: list[Reason] = field(default_factory=list)

    async def look(
        self, hours: float, body: bytes | None, headers: dict[str, str] | None = None, why: FailureReason = FailureReason.GONE
    ) -> Ending:
        """Take what is due after so many hours, answered with these bytes, or with their absence and its reason."""
        at = NOW + timedelta(hours=hours)
        (due,) = self.due(hours)
        result: Page | Failure = Failure(url=due.key, reason=why, at=at)
        if body is not None:
            result = Page(url=due.key, final_url=due.key, http_status=200, headers=headers or {}, body=body, fetched_at=at)
        arrival = Arrival(entry=due, outlet=PAPER, result=result)
        outcome = await process(arrival, self.reader, self.archive, ENGINE, FixedClock(at), DESK)
        self.told += [alert.reason for alert in outcome.alerts]
        return outcome.ending

    def due(self, hours: float) -> Sequence[Entry]:
        """What is due after so many hours."""
        return self.archive.read_now(lambda tx: reads.due_entries(tx, NOW + timedelta(hours=hours), 10))


@pytest.fixture
def desks(archive_url: str) -> Iterator[Desks]:
    opened = Archive.open(archive_url, clock=FixedClock(NOW))
    opened.write_now(lambda tx: writes.put_outlets(tx, [PAPER], NOW))
    opened.write_now(lambda tx: writes.put_rules(tx, RULES, NOW))
    opened.write_now(lambda tx: list_entries(tx, replace(entry(PAPER.outlet_id, "a"), title="Neues aus Bergen")))
    yield Desks(opened)
    opened.close()


async def test_a_page_whose_bytes_are_the_same_is_read_once_and_its_looks_end(desks: Desks) -> None:
    assert await desks.look(0, b"Bergen", {"etag": '"new at every answer"'}) is Ending.NEW
    for hours in HOURS:
        assert await desks.look(hours, b"Bergen") is Ending.UNCHANGED
    assert desks.reader.given == [b"Bergen"]
    assert not desks.due(1000)


async def test_a_page_that_changed_is_read_again_and_known_by_its_new_bytes(desks: Desks) -> None:
    await desks.look(0, b"Bergen")
    assert await desks.look(1, b"Bergen, corrected") is Ending.REVISED
    assert await desks.look(6, b"Bergen, corrected") is Ending.UNCHANGED
    assert await desks.look(24, b"Bergen") is Ending.REVISED
    assert desks.reader.given == [b"Bergen", b"Bergen, corrected", b"Bergen"]


async def test_a_page_that_was_gone_is_read_when_it_comes_back_as_it_was(desks: Desks) -> None:
    await desks.look(0, b"Bergen")
    await desks.look(1, None)
    assert await desks.look(6, b"Bergen") is Ending.UNCHANGED
    assert len(desks.reader.given) == 2
    assert await desks.look(24, b"Bergen") is Ending.UNCHANGED
    assert len(desks.reader.given) == 2


async def test_a_page_that_could_not_be_read_gets_another_chance(desks: Desks) -> None:
    desks.reader.status = ExtractStatus.FAILED
    await desks.look(0, b"Bergen", {"etag": '"1"'})
    desks.reader.status = ExtractStatus.OK
    await desks.look(1, b"Bergen")
    await desks.look(6, b"Bergen")
    assert desks.reader.given == [b"Bergen", b"Bergen"]


async def test_a_page_behind_a_wall_is_looked_at_again_and_what_its_list_said_was_changed_by_nobody(desks: Desks) -> None:
    desks.reader.headline = "Was Bergen heute bewegt"
    assert await desks.look(0, None, why=FailureReason.BLOCKED) is Ending.NEW
    assert await desks.look(1, None, why=FailureReason.BLOCKED) is Ending.UNCHANGED
    assert await desks.look(6, b"Bergen. Correction: a number was wrong.") is Ending.REVISED
    assert desks.told == [Reason.FIRST_REPORT]
    desks.reader.headline = "Bergen streicht alles"
    assert await desks.look(24, b"Bergen, changed") is Ending.REVISED
    assert desks.told == [Reason.FIRST_REPORT, Reason.HEADLINE_CHANGED]
    assert not desks.due(1000)


async def test_a_page_behind_a_wall_that_goes_is_told_as_withdrawn(desks: Desks) -> None:
    await desks.look(0, None, why=FailureReason.BLOCKED)
    await desks.look(1, None, why=FailureReason.GONE)
    assert desks.told == [Reason.FIRST_REPORT, Reason.WITHDRAWN]


async def test_a_page_that_never_was_is_not_withdrawn_and_may_yet_come(desks: Desks) -> None:
    assert await desks.look(0, None) is Ending.NEW
    assert await desks.look(1, None) is Ending.UNCHANGED
    assert await desks.look(6, b"Bergen") is Ending.REVISED
    assert await desks.look(24, b"Bergen") is Ending.UNCHANGED
    assert desks.told == [Reason.FIRST_REPORT]


@pytest.mark.parametrize("why", [FailureReason.NO_LINK, FailureReason.TDM_TEASER])
async def test_what_never_has_a_page_is_not_looked_at_again(desks: Desks, why: FailureReason) -> None:
    assert await desks.look(0, None, why=why) is Ending.NEW
    assert not desks.due(1000)


async def test_a_page_that_failed_every_try_gets_its_second_looks(desks: Desks) -> None:
    for hours in (0.0, 0.1, 0.3, 0.9):
        await desks.look(hours, None, why=FailureReason.TIMEOUT)
    assert not desks.due(0.95)
    assert await desks.look(1.5, b"Bergen") is Ending.REVISED
    assert desks.told == [Reason.FIRST_REPORT]


async def test_a_page_whose_host_is_to_be_left_alone_waits_for_it_however_often_but_not_for_ever(desks: Desks) -> None:
    for tries in range(6):
        ending = await desks.look(tries, None, why=FailureReason.PUT_OFF)
        assert ending is (Ending.NEW if tries == 0 else Ending.UNCHANGED)
        (waiting,) = desks.due(tries + 0.1)
        assert (waiting.tries, waiting.is_recheck) == (0, False)
    assert await desks.look(7, b"Bergen") is Ending.REVISED
    assert desks.told == [Reason.FIRST_REPORT]


async def test_a_page_that_was_put_off_for_days_is_given_up(desks: Desks) -> None:
    await desks.look(0, None, why=FailureReason.PUT_OFF)
    await desks.look(49, None, why=FailureReason.PUT_OFF)
    assert not desks.due(1000)

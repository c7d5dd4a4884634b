"""What an archive forgets, by age, outlet and matches, and what must stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from monitor.archive import Archive, Tx, reads, retention, search, upkeep, writes
from monitor.archive.retention import Forgotten, Keep
from monitor.clock import FixedClock
from monitor.config.settings import Retention
from monitor.daemon.upkeep import forget
from monitor.rules.nodes import Term
from tests.archives import NOW, entry, furnish, list_entries, settle

CLOCK = FixedClock(NOW)
DAY = 86_400.0
LATE = NOW + timedelta(days=3)
KEPT = ("v_matches", "v_stories", "v_alerts", "v_deliveries")


@pytest.fixture
def archive(archive_url: str) -> Iterator[Archive]:
    """Three matched articles, and two that no rule matched: one alone in its story, one in the story of a matched one."""
    opened = Archive.open(archive_url, clock=CLOCK)
    first = opened.write_now(furnish)[0]
    opened.write_now(lambda tx: _unmatched(tx, "alone", None))
    opened.write_now(lambda tx: _unmatched(tx, "beside", first.story_id))
    yield opened
    assert upkeep.verify(opened) == []
    opened.close()


def _unmatched(tx: Tx, name: str, story_id: int | None) -> int:
    (listed,) = list_entries(tx, replace(entry("alpenpost", name), summary=""))
    return settle(tx, listed, story_id=story_id, themes=()).article_id


def old(archive: Archive, keep: Keep, now: datetime = LATE) -> Forgotten:
    return archive.read_now(lambda tx: retention.forgettable(tx, keep, now))


def texts(archive: Archive) -> set[str]:
    """Headlines of the articles that have their text."""
    return {row["headline"] for row in archive.read_now(lambda tx: reads.listing(tx, "v_articles")) if row["text"]}


def found(archive: Archive, word: str) -> int:
    needs = reads.needs_of(Term(text=word), [])
    return archive.read_now(lambda tx: len(list(search.candidates(tx, needs, reads.Filter()))))


ALL = {"Title of a", "Title of c", "Déjà vu in 北京", "Title of alone", "Title of beside"}


@pytest.mark.parametrize(
    ("keep", "counts", "left"),
    [
        (Keep(), Forgotten(), ALL),
        (Keep(texts_s=DAY), Forgotten(texts=5), set()),
        (Keep(texts_s=10 * DAY), Forgotten(), ALL),
        (Keep(unmatched_texts_s=DAY), Forgotten(texts=2), ALL - {"Title of alone", "Title of beside"}),
        (Keep(texts_s=DAY, unmatched_texts_s=10 * DAY), Forgotten(texts=5), set()),
        (Keep(outlets={"alpenpost": DAY}), Forgotten(texts=3), {"Title of c", "Déjà vu in 北京"}),
        (Keep(texts_s=DAY, outlets={"alpenpost": None}), Forgotten(texts=2), {"Title of a", "Title of alone", "Title of beside"}),
        (Keep(unmatched_s=DAY), Forgotten(articles=2), ALL - {"Title of alone", "Title of beside"}),
        (Keep(unmatched_s=DAY, texts_s=DAY), Forgotten(articles=2, texts=3), set()),
        (Keep(polls_s=DAY, entries_s=DAY), Forgotten(polls=5, entries=1), ALL),
    ],
)
def test_what_is_counted_is_what_goes_and_the_rest_stays(archive: Archive, keep: Keep, counts: Forgotten, left: set[str]) -> None:
    before = archive.read_now(lambda tx: [reads.listing(tx, view) for view in ("v_matches", "v_alerts", "v_deliveries")])
    assert old(archive, keep) == counts
    assert old(archive, keep, NOW) == Forgotten()
    assert texts(archive) == ALL, "counting takes nothing"
    steps: list[tuple[int, int]] = []
    assert retention.forget(archive, keep, LATE, progress=lambda done, all_: steps.append((done, all_))) == counts
    assert not steps or steps[-1] == (counts.total, counts.total)
    assert texts(archive) == left
    assert archive.read_now(lambda tx: [reads.listing(tx, view) for view in ("v_matches", "v_alerts", "v_deliveries")]) == before
    assert old(archive, keep) == Forgotten()


def test_a_forgotten_text_is_not_found_any_more_but_its_headline_is(archive: Archive) -> None:
    assert (found(archive, "Hersteller"), found(archive, "Title")) == (5, 4)
    retention.forget(archive, Keep(texts_s=DAY), LATE)
    assert (found(archive, "Hersteller"), found(archive, "Title")) == (0, 4)


def test_an_article_that_goes_leaves_its_entry_and_a_story_without_it(archive: Archive) -> None:
    stories = {row["story_id"]: row["articles"] for row in archive.read_now(lambda tx: reads.listing(tx, "v_stories"))}
    retention.forget(archive, Keep(unmatched_s=DAY), LATE)
    after = {row["story_id"]: row["articles"] for row in archive.read_now(lambda tx: reads.listing(tx, "v_stories"))}
    assert (len(stories), len(after)) == (3, 2)
    assert sorted(after.values()) == [1, 2]
    assert max(stories.values()) == 3
    assert found(archive, "Hersteller") == 3
    again = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "alone"), at=LATE))
    assert again == (), "it is known, and not fetched once more"


def test_an_article_that_an_alert_tells_of_stays_though_no_rule_matched_it(archive: Archive) -> None:
    archive.write_now(
        lambda tx: tx.run(sa.text("UPDATE alerts SET article_id = (SELECT max(article_id) FROM articles) WHERE alert_id = 1"))
    )
    assert old(archive, Keep(unmatched_s=DAY)).articles == 1


async def test_the_daemon_forgets_in_batches_between_which_others_write(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    keep = Keep(texts_s=DAY, unmatched_s=DAY, polls_s=DAY, entries_s=DAY)
    counts = old(archive, keep)
    assert counts == Forgotten(texts=3, articles=2, polls=5, entries=1)
    assert await retention.forget_nightly(archive, keep, LATE) == counts
    assert await retention.forget_nightly(archive, keep, LATE) == Forgotten()
    await archive.write(lambda tx: writes.put_meta(tx, "after", "yes"))


async def test_the_nightly_job_follows_the_settings_in_force_and_says_what_it_took(archive: Archive) -> None:
    settings = SimpleNamespace(retention=Retention(unmatched_texts_s=DAY, polls_s=DAY, outlets={"fjord-times": DAY}))
    parts = SimpleNamespace(archive=archive, clock=FixedClock(LATE), in_force=SimpleNamespace(settings=settings))
    with capture_logs() as said:
        await forget(parts)  # type: ignore[arg-type]
        await forget(parts)  # type: ignore[arg-type]
    assert texts(archive) == {"Title of a", "Déjà vu in 北京"}
    assert [line["reason"] for line in said if line["event"] == "archive forgot"] == [
        "3 texts, 0 articles, 5 polls and 0 entries were older than they are kept"
    ]

"""The archive's writes and reads on both databases: the straight line, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa

from crawler.model import Article, Completeness, Entry, FailureReason, PollStatus, Validators
from monitor.archive import Archive, Tx, reads, writes
from monitor.archive import tables as t
from monitor.clock import FixedClock
from monitor.model import DeliveryKind, DeliveryStatus, HowAssigned, Mute, Notice, Reason, Routed, Said, Severity, StoryAssignment, Verdict
from tests.archives import (
    NOW,
    RULES,
    alert,
    article,
    delivery,
    entry,
    evidence,
    findings,
    fingerprint,
    furnish,
    list_entries,
    outlet,
    plan,
    poll,
    settle,
)


@pytest.fixture
def archive(archive_url: str) -> Iterator[Archive]:
    opened = Archive.open(archive_url, clock=FixedClock(NOW))
    opened.write_now(lambda tx: writes.put_outlets(tx, [outlet("Alpenpost", sources=2), outlet("Fjord Times", language="en")], NOW))
    yield opened
    opened.close()


def stored(tx: Tx, of: Entry, read: Article | None = None) -> int:
    return writes.put_article(tx, read or article(of), NOW).article_id


# ---- outlets


def test_a_new_source_is_due_at_once_and_an_absent_one_is_retired(archive: Archive) -> None:
    due = archive.read_now(lambda tx: reads.due_sources(tx, NOW, 10))
    assert {source_id for source_id, _ in due} == {"alpenpost#0", "alpenpost#1", "fjord-times#0"}
    archive.write_now(lambda tx: writes.put_outlets(tx, [outlet("Alpenpost")], NOW))
    assert [s for s, _ in archive.read_now(lambda tx: reads.due_sources(tx, NOW, 10))] == ["alpenpost#0"]


def test_a_reload_keeps_the_plan_of_a_source_and_a_returning_one_resumes(archive: Archive) -> None:
    archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    archive.write_now(lambda tx: writes.put_outlets(tx, [], NOW))
    assert archive.read_now(lambda tx: reads.due_sources(tx, NOW + timedelta(days=30), 10)) == []
    archive.write_now(lambda tx: writes.put_outlets(tx, [outlet("Alpenpost")], NOW + timedelta(days=1)))
    assert archive.read_now(lambda tx: reads.due_sources(tx, NOW, 10)) == []
    assert len(archive.read_now(lambda tx: reads.due_sources(tx, NOW + timedelta(days=1), 10))) == 1


# ---- polls


def test_what_a_clock_that_ran_ahead_put_off_is_due_now_and_a_long_rest_stays(archive: Archive) -> None:
    archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost", at=NOW), [], plan))
    assert archive.write_now(lambda tx: writes.forgive_the_future(tx, NOW)) == 0
    far = NOW + timedelta(days=3650)
    archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost", at=far), [], plan))
    archive.write_now(lambda tx: tx.run(sa.update(t.sources).values(next_at=far)))
    archive.write_now(lambda tx: writes.hold_host(tx, "alpenpost.example", far, "answered 429", 1.0, NOW))
    assert archive.read_now(lambda tx: reads.due_sources(tx, NOW, 10)) == []
    assert archive.write_now(lambda tx: writes.forgive_the_future(tx, NOW)) == 1
    assert [s for s, _ in archive.read_now(lambda tx: reads.due_sources(tx, NOW, 10))] == ["alpenpost#0"]  # the others asked for their rest
    assert archive.read_now(lambda tx: tx.value(sa.select(t.hosts.c.held_until))) is None


def test_the_insert_is_the_seen_check(archive: Archive) -> None:
    listed = [entry("alpenpost", "a"), entry("alpenpost", "b"), entry("alpenpost", "a")]
    first, new = archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost"), listed, plan))
    assert (first.seen, first.new, [e.key for e in new]) == (2, 2, [listed[0].key, listed[1].key])
    assert all(e.entry_id and e.is_first_pass and e.seen_at == NOW for e in new)
    again, unseen = archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost"), [*listed, entry("alpenpost", "c")], plan))
    assert (again.seen, again.new, [e.title for e in unseen]) == (3, 1, ["Title of c"])
    assert not unseen[0].is_first_pass
    assert again.item_times == (unseen[0].published_at,)


def test_validators_are_kept_and_dropped_when_the_read_was_cut(archive: Archive) -> None:
    kept = Validators(etag='"1"', last_modified="Tue, 24 Nov 2026 13:00:00 GMT", body_hash="ab", unconditional_at=NOW)

    def validators() -> Validators:
        return dict(archive.read_now(lambda tx: reads.due_sources(tx, NOW + timedelta(days=9), 10)))["alpenpost#0"]

    archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost", validators=kept), [], plan))
    assert validators() == replace(kept, unconditional_at=NOW)
    archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost", status=PollStatus.TIMEOUT, error="slow"), [], plan))
    archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost", status=PollStatus.UNCHANGED), [], plan))
    assert validators() == kept
    cut = poll("alpenpost", is_truncated=True, validators=kept)
    archive.write_now(lambda tx: writes.record_poll(tx, cut, [entry("alpenpost", "x")], plan))
    assert validators() == Validators(unconditional_at=NOW)


def test_a_failed_plan_loses_no_half_of_a_poll(archive: Archive) -> None:
    def broken(*_: object) -> tuple[object, object]:
        raise ValueError("no plan")

    with pytest.raises(ValueError, match="no plan"):
        archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost"), [entry("alpenpost", "a")], broken))  # type: ignore[arg-type]
    assert archive.read_now(lambda tx: reads.due_entries(tx, NOW, 10)) == []
    assert archive.read_now(lambda tx: reads.listing(tx, "v_polls")) == []


def test_a_whole_new_window_is_an_overflow_but_not_at_the_first_poll(archive: Archive) -> None:
    first, _ = archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost"), [entry("alpenpost", "a")], plan))
    second, _ = archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost"), [entry("alpenpost", "b")], plan))
    third, _ = archive.write_now(
        lambda tx: writes.record_poll(tx, poll("alpenpost"), [entry("alpenpost", "b"), entry("alpenpost", "c")], plan)
    )
    assert (first.is_overflow, second.is_overflow, third.is_overflow) == (False, True, False)


def test_a_flood_is_recorded_whole_but_fetched_in_portions(archive: Archive) -> None:
    flood = [entry("alpenpost", f"n{i}") for i in range(2_500)]
    counted, new = archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost"), flood, plan))
    assert counted.new == len(new) == 2_500
    status = archive.read_now(lambda tx: reads.status(tx, NOW))
    assert status["entries_waiting"] == 1_000
    assert archive.read_now(lambda tx: reads.status(tx, NOW + timedelta(hours=1)))["entries_waiting"] == 2_500


def test_a_node_that_starts_waits_for_no_poll_of_sources_that_stay_as_they_are(postgres_url: str) -> None:
    archive = Archive.open(postgres_url, clock=FixedClock(NOW))
    watched = [outlet("Alpenpost", sources=2), outlet("Fjord Times", language="en")]
    archive.write_now(lambda tx: writes.put_outlets(tx, watched, NOW))

    def start(tx: Tx) -> None:
        tx.run(sa.text("SET LOCAL lock_timeout = '500ms'"))
        writes.put_outlets(tx, watched, NOW + timedelta(days=1))

    with psycopg.connect(archive.where.dsn) as other:
        other.execute("SELECT 1 FROM sources FOR UPDATE")
        archive.write_now(start)
    archive.close()


def test_the_flood_of_one_outlet_does_not_hide_the_news_of_another(archive: Archive) -> None:
    archive.write_now(lambda tx: list_entries(tx, *(entry("alpenpost", f"n{i}") for i in range(400))))
    archive.write_now(lambda tx: list_entries(tx, entry("fjord-times", "one"), at=NOW + timedelta(seconds=1)))
    due = archive.read_now(lambda tx: reads.due_entries(tx, NOW + timedelta(seconds=2), 200))
    assert {e.outlet_id for e in due} == {"alpenpost", "fjord-times"}
    flying = {e.entry_id for e in due if e.entry_id}
    rest = archive.read_now(lambda tx: reads.due_entries(tx, NOW + timedelta(seconds=2), 200, flying))
    assert rest
    assert not flying & {e.entry_id for e in rest}


def test_many_floods_at_once_do_not_hide_the_news_of_another(archive: Archive) -> None:
    papers = [outlet(f"Flood {n}") for n in range(9)]
    archive.write_now(lambda tx: writes.put_outlets(tx, [*papers, outlet("Fjord Times", language="en")], NOW))
    for paper in papers:
        archive.write_now(lambda tx, paper=paper: list_entries(tx, *(entry(paper.outlet_id, f"n{i}") for i in range(60))))  # type: ignore[misc]
    archive.write_now(lambda tx: list_entries(tx, entry("fjord-times", "one"), at=NOW + timedelta(seconds=1)))
    due = archive.read_now(lambda tx: reads.due_entries(tx, NOW + timedelta(seconds=2), 40))
    assert "fjord-times" in {e.outlet_id for e in due}
    assert len(due) == 40


def test_a_changed_title_of_the_listing_source_makes_a_fetched_entry_due_again(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    archive.write_now(lambda tx: writes.finish_entry(tx, listed, state="done", article_id=stored(tx, listed), now=NOW))
    assert archive.read_now(lambda tx: reads.due_entries(tx, NOW, 10)) == []
    archive.write_now(lambda tx: list_entries(tx, replace(entry("alpenpost", "a", title="Other words"), source_id="alpenpost#1")))
    archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a", title="Title  of a ")))
    assert archive.read_now(lambda tx: reads.due_entries(tx, NOW, 10)) == []
    archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a", title="New title")))
    (due,) = archive.read_now(lambda tx: reads.due_entries(tx, NOW, 10))
    assert (due.title, due.summary, due.is_recheck, due.tries) == ("New title", "Summary of a.", False, 0)


def test_an_entry_comes_back_from_the_archive_as_it_went_in(archive: Archive) -> None:
    whole = entry(
        "alpenpost",
        "a",
        text="Whole text",
        guid="tag:1",
        language="de-CH",
        authors=("A. Berger", "李"),
        section="Wirtschaft",
        tags=("x",),
        image_url="https://alpenpost.example/i.jpg",
        modified_at=NOW.replace(microsecond=0),
        is_backfill=True,
    )
    bare = Entry(key="guid:123", url=None, outlet_id="alpenpost", source_id="alpenpost#0", title="Without a link")
    archive.write_now(lambda tx: list_entries(tx, whole, bare))
    back = archive.read_now(lambda tx: reads.due_entries(tx, NOW, 10))
    published = whole.published_at and whole.published_at.replace(microsecond=0)
    assert back == [
        replace(whole, entry_id=back[0].entry_id, published_at=published, seen_at=NOW, is_first_pass=True),
        replace(bare, entry_id=back[1].entry_id, seen_at=NOW, is_first_pass=True),
    ]


def test_what_no_database_takes_is_dropped_at_the_border(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a", title="NUL \x00 and \ud800 surrogate")))
    made = archive.write_now(lambda tx: stored(tx, listed, article(listed, text="a\x00b\udfffc")))
    read = archive.read_now(lambda tx: reads.article(tx, made))
    assert read is not None
    assert (read.headline, read.text) == ("NUL  and  surrogate", "abc")


def test_a_key_too_long_for_an_index_keeps_its_identity(archive: Archive) -> None:
    long = "https://alpenpost.example/" + "ü" * 5_000
    listed = [
        Entry(key=key, url=key, outlet_id="alpenpost", source_id="alpenpost#0", title="t") for key in (long + "1", long + "2", long + "1")
    ]
    for one in listed:
        archive.write_now(lambda tx, one=one: list_entries(tx, one))  # type: ignore[misc]
    due = archive.read_now(lambda tx: reads.due_entries(tx, NOW, 10))
    assert len(due) == 2
    assert {e.url for e in due} == {long + "1", long + "2"}


def test_a_backfill_brings_entries_without_a_poll(archive: Archive) -> None:
    archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    before = archive.read_now(reads.source_states)
    old = [replace(entry("alpenpost", name), is_backfill=True) for name in ("a", "b", "c")]
    new = archive.write_now(lambda tx: writes.put_entries(tx, old, NOW, due_at=NOW, apart_s=2.0))
    assert [(e.title, e.is_backfill, e.is_first_pass) for e in new] == [("Title of b", True, False), ("Title of c", True, False)]
    assert archive.write_now(lambda tx: writes.put_entries(tx, old, NOW, due_at=NOW, apart_s=2.0)) == ()
    assert archive.read_now(reads.source_states) == before
    assert len(archive.read_now(lambda tx: reads.due_entries(tx, NOW, 10))) == 2, "the past waits its turn"
    assert len(archive.read_now(lambda tx: reads.due_entries(tx, NOW + timedelta(seconds=2), 10))) == 3


def test_a_poll_that_was_put_off_is_kept_and_blames_no_source(archive: Archive) -> None:
    archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost", status=PollStatus.TIMEOUT, error="slow"), [], plan))
    later = NOW + timedelta(minutes=5)
    archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost", status=PollStatus.PUT_OFF, at=later, error="held"), [], plan))
    names = sa.select(t.sources.c.last_status, t.sources.c.last_error, t.sources.c.failures, t.sources.c.last_poll_at)
    row = archive.read_now(lambda tx: tx.row(names.where(t.sources.c.source_id == poll("alpenpost").source_id)))
    assert row is not None
    assert tuple(row.values()) == ("timeout", "slow", 1, NOW)
    polls = archive.read_now(lambda tx: tx.rows(sa.select(t.polls.c.status).order_by(t.polls.c.poll_id)))
    assert [p["status"] for p in polls] == ["timeout", "put off"]


# ---- entries


def test_a_passing_failure_is_due_again_and_counts_its_tries(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    later = NOW + timedelta(minutes=1)
    archive.write_now(lambda tx: writes.finish_entry(tx, listed, state="new", reason="the outlet took too long", next_at=later, now=NOW))
    assert archive.read_now(lambda tx: reads.due_entries(tx, NOW, 10)) == []
    (due,) = archive.read_now(lambda tx: reads.due_entries(tx, later, 10))
    assert (due.tries, due.text, due.is_recheck) == (1, listed.text, False)


def test_an_entry_beyond_the_days_pages_waits_and_says_why(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    archive.write_now(lambda tx: writes.postpone(tx, [listed.entry_id or 0], NOW + timedelta(days=1), "used up"))
    assert archive.read_now(lambda tx: reads.due_entries(tx, NOW, 10)) == []
    assert archive.read_now(lambda tx: tx.value(sa.select(t.entries.c.reason))) == "used up"
    (due,) = archive.read_now(lambda tx: reads.due_entries(tx, NOW + timedelta(days=1), 10))
    made = archive.write_now(lambda tx: stored(tx, due))
    assert archive.read_now(lambda tx: reads.archived_since(tx, NOW)) == {"alpenpost": 1}
    archive.write_now(lambda tx: writes.finish_entry(tx, due, state="done", article_id=made, next_at=NOW, now=NOW))
    archive.write_now(lambda tx: writes.postpone(tx, [due.entry_id or 0], NOW, "used up"))
    assert archive.read_now(lambda tx: reads.due_entries(tx, NOW, 10))[0].is_recheck


def test_a_refused_entry_is_never_due_again(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    archive.write_now(lambda tx: writes.finish_entry(tx, listed, state="refused", reason="robots.txt disallows it", now=NOW))
    archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a", title="New title")))
    assert archive.read_now(lambda tx: reads.due_entries(tx, NOW + timedelta(days=9), 10)) == []


def test_a_finished_entry_is_due_for_a_second_look_with_what_makes_it_conditional(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    made = archive.write_now(lambda tx: stored(tx, listed))
    first, second, page = NOW + timedelta(hours=1), NOW + timedelta(hours=6), Validators(etag='"1"', last_modified=None)
    archive.write_now(lambda tx: writes.finish_entry(tx, listed, state="done", article_id=made, next_at=first, validators=page, now=NOW))
    assert archive.read_now(lambda tx: reads.due_entries(tx, NOW, 10)) == []
    (due,) = archive.read_now(lambda tx: reads.due_entries(tx, first, 10))
    assert (due.is_recheck, due.validators, due.text) == (True, page, listed.text)
    archive.write_now(lambda tx: writes.put_look(tx, due, next_at=second, forget_validators=True))
    assert archive.read_now(lambda tx: reads.due_entries(tx, first, 10)) == []
    (again,) = archive.read_now(lambda tx: reads.due_entries(tx, second, 10))
    assert (again.is_recheck, again.validators) == (True, None)
    archive.write_now(lambda tx: writes.put_look(tx, again, next_at=None))
    assert archive.read_now(lambda tx: reads.due_entries(tx, NOW + timedelta(days=99), 10)) == []


def test_a_page_that_is_gone_leaves_the_article_as_it_was_read_and_says_so(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    made = archive.write_now(lambda tx: stored(tx, listed))
    whole = archive.read_now(lambda tx: reads.article(tx, made))
    assert whole is not None
    gone = replace(
        article(listed, headline="As the list says", text="Teaser"), completeness=Completeness.TEASER, failure=FailureReason.GONE
    )
    put = archive.write_now(lambda tx: writes.put_article(tx, gone, NOW))
    now = archive.read_now(lambda tx: reads.article(tx, made))
    assert put.revision is not None
    assert (put.revision.is_withdrawn, put.revision.is_headline_changed, put.is_worse) == (True, False, True)
    assert now is not None
    assert (now.headline, now.text, now.failure) == (whole.headline, whole.text, FailureReason.GONE)
    assert archive.write_now(lambda tx: writes.put_article(tx, gone, NOW)).revision is None, "withdrawn is told once"


def test_a_revision_says_what_was_changed(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    archive.write_now(lambda tx: writes.put_article(tx, article(listed, text="One.\nTwo.\nThree."), NOW))
    archive.write_now(lambda tx: writes.put_article(tx, article(listed, text="One.\n2.\nThree."), NOW))
    assert archive.read_now(lambda tx: tx.value(sa.select(t.revisions.c.diff))) == "- Two.\n+ 2."


# ---- articles


def test_an_article_is_one_row_per_key_and_a_changed_one_leaves_a_revision(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    first = article(listed)
    put = archive.write_now(lambda tx: writes.put_article(tx, first, NOW))
    same = archive.write_now(lambda tx: writes.put_article(tx, first, NOW))
    assert (put.is_new, same.is_new, same.revision, same.article_id) == (True, False, None, put.article_id)
    changed = archive.write_now(lambda tx: writes.put_article(tx, article(listed, headline="New headline"), NOW))
    assert changed.revision is not None
    assert (changed.revision.number, changed.revision.is_headline_changed, changed.revision.earlier.headline) == (2, True, "Title of a")
    read = archive.read_now(lambda tx: reads.article(tx, put.article_id))
    assert read is not None
    assert read.headline == "New headline"
    trail = archive.read_now(lambda tx: reads.about_article(tx, put.article_id))
    assert [(r["number"], r["headline"]) for r in trail.revisions] == [(1, "Title of a")]


def test_a_teaser_never_replaces_a_text_that_was_read(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    made = archive.write_now(lambda tx: stored(tx, listed))
    worse = article(listed, headline="New headline", text="Teaser", completeness=Completeness.TEASER, failure=FailureReason.TIMEOUT)
    put = archive.write_now(lambda tx: writes.put_article(tx, worse, NOW))
    assert put.revision is not None
    assert not put.revision.is_text_changed
    read = archive.read_now(lambda tx: reads.article(tx, made))
    assert read is not None
    assert (read.headline, read.completeness, read.text[:14]) == ("New headline", Completeness.FULL, "Der Hersteller")


def test_an_article_that_is_gone_is_withdrawn_once(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    archive.write_now(lambda tx: stored(tx, listed))
    gone = article(listed, text="", completeness=Completeness.TEASER, failure=FailureReason.GONE)
    put = archive.write_now(lambda tx: writes.put_article(tx, gone, NOW))
    assert put.revision is not None
    assert (put.revision.is_withdrawn, put.revision.earlier.failure) == (True, None)
    assert archive.write_now(lambda tx: writes.put_article(tx, gone, NOW)).revision is None
    (row,) = archive.read_now(lambda tx: reads.listing(tx, "v_articles"))
    assert row["withdrawn_at"] == NOW
    back = archive.write_now(lambda tx: writes.put_article(tx, article(listed), NOW))
    assert back.revision is None
    (row,) = archive.read_now(lambda tx: reads.listing(tx, "v_articles"))
    assert (row["withdrawn_at"], row["failure"]) == (None, None)


def test_an_article_comes_back_from_the_archive_as_it_went_in(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    whole = article(
        listed,
        canonical_url="https://alpenpost.example/canonical",
        authors=("A. Berger",),
        site_name="Alpenpost",
        section="Welt",
        tags=("x", "y"),
        agency="dpa",
        is_paywalled=True,
        http_status=200,
        tdm="none",
        how="density",
        published_at=NOW.replace(microsecond=0),
    )
    made = archive.write_now(lambda tx: stored(tx, listed, whole))
    assert archive.read_now(lambda tx: reads.article(tx, made)) == replace(whole, article_id=made)
    assert archive.read_now(lambda tx: reads.article_by_key(tx, listed.key)) == replace(whole, article_id=made)


# ---- findings


def test_findings_replace_those_of_an_earlier_look(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    read = article(listed)
    made = archive.write_now(lambda tx: stored(tx, listed, read))
    archive.write_now(lambda tx: writes.put_findings(tx, made, findings(read, below=("bergen",)), NOW))
    archive.write_now(lambda tx: writes.put_findings(tx, made, findings(read, themes=("bergen",)), NOW))
    trail = archive.read_now(lambda tx: reads.about_article(tx, made))
    assert [m["rule_id"] for m in trail.matches] == ["bergen/town"]
    assert trail.below == ()
    assert archive.read_now(lambda tx: reads.mentions(tx, made)) == findings(read).mentions
    archive.write_now(lambda tx: writes.put_findings(tx, made, findings(read), NOW, keep=True))
    assert [m["rule_id"] for m in archive.read_now(lambda tx: reads.about_article(tx, made)).matches] == ["bergen/town", "models/shown"]


# ---- stories


def put_in_story(tx: Tx, name: str, assignment: StoryAssignment, outlet_id: str = "alpenpost", minutes: int = 0) -> tuple[int, int]:
    at = NOW + timedelta(minutes=minutes)
    (listed,) = list_entries(tx, entry(outlet_id, name), at=at)
    read = article(replace(listed, seen_at=at))
    made = stored(tx, listed, read)
    return made, writes.assign_story(tx, made, assignment, read, at)


NEW_STORY = StoryAssignment(story_id=None, how=HowAssigned.NEW)


def test_a_story_grows_and_is_read_in_the_order_of_sight(archive: Archive) -> None:
    one, story_id = archive.write_now(lambda tx: put_in_story(tx, "a", NEW_STORY))
    joined = StoryAssignment(story_id=story_id, how=HowAssigned.SAME_TEXT, score=0.9, matched_article_id=one)
    two, same = archive.write_now(lambda tx: put_in_story(tx, "b", joined, "fjord-times", 5))
    story = archive.read_now(lambda tx: reads.story(tx, story_id))
    assert same == story_id
    assert [r.article_id for r in story.reports] == [one, two]
    assert (story.first_at, story.last_at, story.outlets) == (NOW, NOW + timedelta(minutes=5), ("alpenpost", "fjord-times"))
    assert archive.read_now(lambda tx: reads.story_of(tx, two)) == story
    (row,) = archive.read_now(lambda tx: reads.listing(tx, "v_stories"))
    assert (row["articles"], row["outlets"], row["first_outlet"]) == (2, 2, "Alpenpost")


def test_merging_keeps_the_oldest_id_and_history_reads_the_union(archive: Archive) -> None:
    one, old = archive.write_now(lambda tx: put_in_story(tx, "a", NEW_STORY))
    two, young = archive.write_now(lambda tx: put_in_story(tx, "b", NEW_STORY, minutes=1))
    _, youngest = archive.write_now(lambda tx: put_in_story(tx, "c", NEW_STORY, minutes=2))
    archive.write_now(lambda tx: writes.put_alerts(tx, [alert(old, one), alert(young, two)]))
    tie = StoryAssignment(story_id=youngest, how=HowAssigned.SAME_EVENT, merged=(young,))
    assert archive.write_now(lambda tx: put_in_story(tx, "d", tie, minutes=3))[1] == young
    tie = StoryAssignment(story_id=youngest, how=HowAssigned.SAME_EVENT, merged=(old,))
    assert archive.write_now(lambda tx: put_in_story(tx, "e", tie, minutes=4))[1] == old
    for any_of in (old, young, youngest):
        assert len(archive.read_now(lambda tx, s=any_of: reads.story(tx, s)).reports) == 5  # type: ignore[misc]
        assert [a.story_id for a in archive.read_now(lambda tx, s=any_of: reads.past(tx, s)).alerts] == [old, young]  # type: ignore[misc]
    assert [r["story_id"] for r in archive.read_now(lambda tx: reads.listing(tx, "v_stories"))] == [old]
    assert {r["story_id"] for r in archive.read_now(lambda tx: reads.listing(tx, "v_alerts"))} == {old}


def test_related_stories_are_linked_once_with_their_best_score(archive: Archive) -> None:
    _, one = archive.write_now(lambda tx: put_in_story(tx, "a", NEW_STORY))
    _, two = archive.write_now(lambda tx: put_in_story(tx, "b", replace(NEW_STORY, related=((one, 2.6),))))
    archive.write_now(
        lambda tx: put_in_story(tx, "c", StoryAssignment(story_id=one, how=HowAssigned.SAME_EVENT, related=((two, 3.1), (one, 9.0))))
    )
    trail = archive.read_now(lambda tx: reads.about_url(tx, "https://alpenpost.example/a"))
    assert [(r["story_a"], r["story_b"], r["score"]) for r in trail.related] == [(one, two, 3.1)]


def test_candidates_share_text_or_rare_features(archive: Archive) -> None:
    copy, rare, common = (
        fingerprint(shingles=range(100, 130)),
        fingerprint(features=("nordlicht", "bergen")),
        fingerprint(features=("und",)),
    )
    for name, made in (("copy", copy), ("rare", rare), ("far", common)):
        archive.write_now(lambda tx, n=name, f=made: fingerprinted(tx, n, f))  # type: ignore[misc]
    asked = article(entry("fjord-times", "x"))
    wanted = fingerprint(shingles=range(110, 140), features=("nordlicht", "model"))
    found, frequencies = archive.read_now(lambda tx: reads.story_candidates(tx, asked, wanted, NOW))
    assert [c.headline for c in found] == ["Title of copy", "Title of rare"]
    assert found[0].shingles == copy.shingles
    assert found[1].features == rare.features
    assert (frequencies.documents, frequencies.languages) == (3, {"de": 3})
    assert [frequencies.pooled.get(f.hash, 0) for f in wanted.features] == [1, 0]


def fingerprinted(tx: Tx, name: str, made: object, minutes: int = 0) -> int:
    article_id, _ = put_in_story(tx, name, NEW_STORY, minutes=minutes)
    read = reads.article(tx, article_id)
    assert read is not None
    writes.put_fingerprint(tx, article_id, made, replace(read, fetched_at=NOW + timedelta(minutes=minutes)))  # type: ignore[arg-type]
    return article_id


def test_a_shingle_under_four_titles_of_one_source_is_boilerplate(archive: Archive) -> None:
    for i in range(6):
        archive.write_now(lambda tx, i=i: fingerprinted(tx, f"t{i}", fingerprint(shingles=(1, 2, 3, 1_000 + i))))  # type: ignore[misc]
    asked = replace(article(entry("fjord-times", "x")), headline="Elsewhere")
    found, frequencies = archive.read_now(lambda tx: reads.story_candidates(tx, asked, fingerprint(shingles=(1, 2, 3, 1_004)), NOW))
    assert frequencies.boilerplate == {1, 2, 3}
    assert [c.headline for c in found] == ["Title of t4"]


def test_what_is_too_old_is_no_candidate_and_is_forgotten(archive: Archive) -> None:
    archive.write_now(lambda tx: fingerprinted(tx, "a", fingerprint(shingles=range(50), features=("nordlicht",))))
    asked = article(entry("fjord-times", "x"))
    late = NOW + timedelta(hours=73)
    found, _ = archive.read_now(lambda tx: reads.story_candidates(tx, asked, fingerprint(features=("nordlicht",)), late))
    assert found == []
    found, _ = archive.read_now(lambda tx: reads.story_candidates(tx, asked, fingerprint(shingles=range(50)), late))
    assert len(found) == 1
    assert archive.write_now(lambda tx: writes.forget_old(tx, late)) == 0
    assert archive.write_now(lambda tx: writes.forget_old(tx, NOW + timedelta(days=8))) == 1
    found, frequencies = archive.read_now(lambda tx: reads.story_candidates(tx, asked, fingerprint(shingles=range(50)), late))
    assert (found, frequencies.documents) == ([], 0)


def test_a_revised_fingerprint_replaces_the_first(archive: Archive) -> None:
    made = archive.write_now(lambda tx: fingerprinted(tx, "a", fingerprint(shingles=range(50))))
    read = archive.read_now(lambda tx: reads.article(tx, made))
    assert read is not None
    archive.write_now(lambda tx: writes.put_fingerprint(tx, made, fingerprint(shingles=range(100, 150)), read))
    asked = article(entry("fjord-times", "x"))
    assert archive.read_now(lambda tx: reads.story_candidates(tx, asked, fingerprint(shingles=range(50)), NOW))[0] == []
    assert len(archive.read_now(lambda tx: reads.story_candidates(tx, asked, fingerprint(shingles=range(100, 150)), NOW))[0]) == 1


# ---- alerts and deliveries


def test_an_alert_is_made_once_for_each_reason_and_detail(archive: Archive) -> None:
    one, story_id = archive.write_now(lambda tx: put_in_story(tx, "a", NEW_STORY))
    spoken = [alert(story_id, one), alert(story_id, one, reason=Reason.MORE_OUTLETS, detail="3"), alert(story_id, one)]
    made = archive.write_now(lambda tx: writes.put_alerts(tx, spoken))
    assert [(a.reason, a.detail) for a in made] == [(Reason.FIRST_REPORT, ""), (Reason.MORE_OUTLETS, "3")]
    assert archive.write_now(lambda tx: writes.put_alerts(tx, spoken)) == ()
    assert archive.read_now(lambda tx: reads.past(tx, story_id)).alerts == made


def test_silent_verdicts_are_kept(archive: Archive) -> None:
    one, story_id = archive.write_now(lambda tx: put_in_story(tx, "a", NEW_STORY))
    said = (Said(reason=Reason.ALREADY_TOLD), Said(reason=Reason.SAME_TEXT))
    archive.write_now(lambda tx: writes.put_verdicts(tx, story_id, one, [Verdict(theme_id="models", reasons=said)], NOW))
    (row,) = archive.read_now(lambda tx: reads.about_article(tx, one)).decisions
    assert (row["reason"], row["is_alert"], row["reasons"]) == ("already told", False, [["already told", ""], ["same text", ""]])


def booked(archive: Archive, *, channel: str = "desk") -> tuple[int, int]:
    """A story with one alert booked to a channel: story and delivery id."""
    put = archive.write_now(lambda tx: settle(tx, list_entries(tx, entry("alpenpost", "a"))[0], channels=(channel,)))
    (due,) = archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 10))
    assert due.delivery_id is not None
    return put.story_id, due.delivery_id


def test_a_second_alert_joins_the_unsent_message_of_its_story(archive: Archive) -> None:
    story_id, delivery_id = booked(archive)
    made = archive.write_now(lambda tx: writes.put_alerts(tx, [alert(story_id, None, theme_id="bergen")]))
    again = Routed(deliveries=(delivery(made),), silences=(("other-1", made[0].alert_id or 0, Reason.MUTED),))
    assert archive.write_now(lambda tx: writes.put_deliveries(tx, again, NOW)) == 0
    (due,) = archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 10))
    assert (due.delivery_id, len(due.alert_ids), due.severity) == (delivery_id, 2, Severity.HIGH)
    (told,) = archive.read_now(lambda tx: reads.told(tx, ["desk"], story_id))
    assert (told.severity, told.themes, told.status) == (Severity.HIGH, ("models", "bergen"), DeliveryStatus.PENDING)
    assert [s["reason"] for s in archive.read_now(lambda tx: reads.about_url(tx, "https://alpenpost.example/a")).silences] == ["muted"]


def test_after_it_was_sent_a_story_gets_a_new_message(archive: Archive) -> None:
    story_id, delivery_id = booked(archive)
    archive.write_now(lambda tx: writes.mark_sent(tx, delivery_id, NOW + timedelta(seconds=2)))
    made = archive.write_now(lambda tx: writes.put_alerts(tx, [alert(story_id, None, theme_id="bergen")]))
    assert archive.write_now(lambda tx: writes.put_deliveries(tx, Routed(deliveries=(delivery(made),)), NOW)) == 1
    assert archive.write_now(lambda tx: writes.put_deliveries(tx, Routed(deliveries=(delivery(made),)), NOW)) == 0
    sent, fresh = archive.read_now(lambda tx: reads.told(tx, ["desk"], story_id))
    assert (sent.status, sent.at, fresh.status) == (DeliveryStatus.SENT, NOW + timedelta(seconds=2), DeliveryStatus.PENDING)
    rows = archive.read_now(lambda tx: reads.listing(tx, "v_deliveries"))
    assert [r["delay_s"] for r in rows] == [None, 2.0]


def test_alerts_that_joined_a_message_on_its_way_get_one_of_their_own(archive: Archive) -> None:
    story_id, delivery_id = booked(archive)
    (flying,) = archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 10))
    late = archive.write_now(lambda tx: writes.put_alerts(tx, [alert(story_id, None, theme_id="bergen")]))
    archive.write_now(lambda tx: writes.put_deliveries(tx, Routed(deliveries=(delivery(late),)), NOW))
    archive.write_now(lambda tx: writes.mark_sent(tx, delivery_id, NOW, alert_ids=flying.alert_ids))
    (again,) = archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 10))
    assert again.delivery_id != delivery_id
    assert again.alert_ids == (late[0].alert_id,)
    assert again.message_id != flying.message_id


def test_a_digest_gathers_under_its_message_id_until_it_is_sent(archive: Archive) -> None:
    story_id, _ = booked(archive)
    slot = NOW + timedelta(hours=9)

    def keep(detail: str) -> int:
        made = archive.write_now(lambda tx: writes.put_alerts(tx, [alert(story_id, None, reason=Reason.NEW_LANGUAGE, detail=detail)]))
        digest = delivery(made, kind=DeliveryKind.DIGEST, story_id=None, due_at=slot, message_id="digest-1", status=DeliveryStatus.HELD)
        return archive.write_now(lambda tx: writes.put_deliveries(tx, Routed(deliveries=(digest,)), NOW))

    assert (keep("fr"), keep("zh")) == (1, 0)
    due = archive.read_now(lambda tx: reads.due_deliveries(tx, slot, 10))[-1]
    assert (due.kind, len(due.alert_ids)) == (DeliveryKind.DIGEST, 2)
    archive.write_now(lambda tx: writes.mark_sent(tx, due.delivery_id or 0, slot, alert_ids=due.alert_ids))
    assert keep("it") == 1


def test_a_channel_that_refuses_and_recovers(archive: Archive) -> None:
    _, delivery_id = booked(archive)
    later = NOW + timedelta(minutes=5)
    archive.write_now(lambda tx: writes.mark_retry(tx, delivery_id, error="503", next_at=later))
    assert archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 10)) == []
    probe = archive.read_now(lambda tx: reads.next_unsent(tx, "desk", delivery_id, NOW))
    assert probe is not None
    assert (probe.delivery_id, probe.attempts, probe.error, probe.status) == (delivery_id, 1, "503", DeliveryStatus.RETRY)
    assert archive.write_now(lambda tx: writes.release(tx, "desk", NOW)) == 1
    assert [d.delivery_id for d in archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 10))] == [delivery_id]
    archive.write_now(lambda tx: writes.mark_dead(tx, delivery_id, error="550"))
    assert archive.read_now(lambda tx: reads.due_deliveries(tx, later, 10)) == []
    assert archive.read_now(reads.outbox) == {"dead": 1}
    assert archive.write_now(lambda tx: writes.resend(tx, [delivery_id], NOW)) == 1
    (due,) = archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 10))
    assert (due.attempts, due.error, due.message_id) == (0, None, probe.message_id)


def test_a_probe_wakes_nobody_at_night(archive: Archive) -> None:
    story_id, delivery_id = booked(archive)
    archive.write_now(lambda tx: writes.mark_sent(tx, delivery_id, NOW))
    made = archive.write_now(lambda tx: writes.put_alerts(tx, [alert(story_id, None, theme_id="bergen")]))
    morning = NOW + timedelta(hours=9)
    held = delivery(made, kind=DeliveryKind.GROUP, status=DeliveryStatus.HELD, reason=Reason.QUIET_HOURS, due_at=morning)
    archive.write_now(lambda tx: writes.put_deliveries(tx, Routed(deliveries=(held,)), NOW))
    assert archive.read_now(lambda tx: reads.next_unsent(tx, "desk", 0, NOW)) is None
    assert archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 10)) == []
    assert len(archive.read_now(lambda tx: reads.due_deliveries(tx, morning, 10))) == 1
    assert archive.read_now(lambda tx: reads.due_deliveries(tx, morning, 10, {"desk"})) == []


def test_a_channel_knows_how_busy_it_is(archive: Archive) -> None:
    story_id, _ = booked(archive)
    made = archive.write_now(lambda tx: writes.put_alerts(tx, [alert(story_id, None, theme_id="bergen")]))
    until = NOW + timedelta(minutes=3)
    group = delivery(
        made, kind=DeliveryKind.GROUP, status=DeliveryStatus.HELD, reason=Reason.GROUP_WAIT, due_at=until, message_id="group-1"
    )
    archive.write_now(lambda tx: writes.put_deliveries(tx, Routed(deliveries=(group,)), NOW))
    (busy, idle) = archive.read_now(lambda tx: reads.recent(tx, ["desk", "mail"], NOW))
    assert (busy.at, [w.message_id for w in busy.waiting]) == ((NOW,), ["group-1"])
    assert (idle.at, idle.waiting) == ((), ())
    (later, _) = archive.read_now(lambda tx: reads.recent(tx, ["desk", "mail"], NOW + timedelta(minutes=6)))
    assert (later.at, later.waiting) == ((), ())


# ---- briefs


def test_a_brief_says_all_of_its_story(archive: Archive) -> None:
    archive.write_now(furnish)
    due = archive.read_now(lambda tx: reads.due_deliveries(tx, NOW + timedelta(hours=1), 10))
    told = next(d for d in due if len(d.alert_ids) == 2)
    brief = archive.read_now(lambda tx: reads.brief(tx, told))
    (story,) = brief.stories
    assert (story.article.headline, story.outlet_name, [r.outlet_name for r in story.also]) == ("Title of a", "Alpenpost", ["Fjord Times"])
    assert [a.theme_id for a in story.alerts] == ["models", "bergen"]
    assert story.theme_labels == {"models": "New models", "bergen": "Bergen"}
    assert story.evidence == (evidence(story.article.text, "Nordlicht", term="@nordlicht"),)
    assert set(story.evidence_by_rule) == {"models/shown", "bergen/town"}
    assert (brief.total, brief.since, brief.until) == (1, NOW, NOW)


def test_a_brief_leaves_out_what_was_muted_meanwhile(archive: Archive) -> None:
    story_id, _ = booked(archive)
    (due,) = archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 10))
    mute = Mute(scope="story", target=str(story_id), until=NOW + timedelta(hours=1), at=NOW)
    mute_id = archive.write_now(lambda tx: writes.put_mute(tx, mute))
    assert archive.read_now(lambda tx: reads.mutes(tx, NOW)) == [mute]
    assert archive.read_now(lambda tx: reads.brief(tx, due, now=NOW)).stories == ()
    assert len(archive.read_now(lambda tx: reads.brief(tx, due)).stories) == 1
    assert archive.write_now(lambda tx: writes.end_mute(tx, mute_id, NOW))
    assert len(archive.read_now(lambda tx: reads.brief(tx, due, now=NOW)).stories) == 1


def test_a_storm_shows_ten_stories_and_counts_all(archive: Archive) -> None:
    def fill(tx: Tx) -> None:
        entries = list_entries(tx, *(entry("alpenpost", f"n{i}") for i in range(12)))
        puts = [settle(tx, e, channels=()) for e in entries]
        alerts = tuple(a for p in puts for a in p.alerts)
        writes.put_deliveries(tx, Routed(deliveries=(delivery(alerts, kind=DeliveryKind.STORM),)), NOW)

    archive.write_now(fill)
    (due,) = archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 10))
    brief = archive.read_now(lambda tx: reads.brief(tx, due))
    assert (len(brief.stories), brief.total) == (10, 12)


def test_a_notice_is_a_delivery_without_alerts(archive: Archive) -> None:
    notice = Notice(kind="silent", subject="alpenpost#0", text="Alpenpost is silent", at=NOW)
    notice_id = archive.write_now(lambda tx: writes.put_notice(tx, notice))
    message = delivery((), kind=DeliveryKind.NOTICE, notice_id=notice_id, message_id="notice-1")
    assert archive.write_now(lambda tx: writes.put_deliveries(tx, Routed(deliveries=(message,)), NOW)) == 1
    (due,) = archive.read_now(lambda tx: reads.due_deliveries(tx, NOW, 10))
    brief = archive.read_now(lambda tx: reads.brief(tx, due))
    assert brief.notice == replace(notice, notice_id=notice_id)
    assert [n["subject"] for n in archive.read_now(reads.open_notices)] == ["alpenpost#0"]
    archive.write_now(lambda tx: writes.put_notice(tx, replace(notice, is_recovery=True)))
    assert archive.read_now(reads.open_notices) == []


def test_rules_of_the_set_in_force_are_named_and_absent_ones_retired(archive: Archive) -> None:
    archive.write_now(lambda tx: writes.put_rules(tx, RULES, NOW))
    assert archive.read_now(lambda tx: reads.meta(tx, "rules_version")) == "v1"
    assert len(archive.read_now(lambda tx: reads.listing(tx, "v_rule_quality"))) == 2
    archive.write_now(lambda tx: writes.put_rules(tx, replace(RULES, themes=RULES.themes[:1], version="v2"), NOW))
    assert [r["rule_id"] for r in archive.read_now(lambda tx: reads.listing(tx, "v_rule_quality"))] == ["models/shown"]

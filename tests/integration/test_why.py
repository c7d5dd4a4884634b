"""``presswatch why``: every gate tells its reason, from an address nobody listed to a message that was given up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from wcwidth import wcswidth

from crawler.model import Completeness, FailureReason, PollStatus
from monitor.archive import Archive, Tx, reads, writes
from monitor.cli.app import cli
from monitor.cli.given import Given
from monitor.clock import FixedClock
from monitor.model import Mark, Mute, Reason, Routed, Verdicts
from monitor.why import Asked, Gate, Standing, answer, gates
from tests.archives import NOW, RULES, article, delivery, entry, findings, list_entries, outlet, plan, poll, settle

Tell = Callable[[str], tuple[Gate, ...]]
LATER = NOW + timedelta(minutes=5)


def key(name: str) -> str:
    return f"https://alpenpost.example/{name}"


@pytest.fixture
def archive(archive_url: str) -> Iterator[Archive]:
    opened = Archive.open(archive_url, clock=FixedClock(NOW))

    def begin(tx: Tx) -> None:
        writes.put_outlets(tx, [outlet("Alpenpost"), outlet("Fjord Times", language="en")], NOW)
        writes.put_rules(tx, RULES, NOW)

    opened.write_now(begin)
    yield opened
    opened.close()


@pytest.fixture
def tell(archive: Archive) -> Tell:
    asked = Asked(now=LATER, timezone="Europe/Zurich", wishes={"mail-1": "mail (models)"})
    return lambda name: gates(archive.read_now(lambda tx: reads.about_url(tx, key(name))), asked)


def last(way: tuple[Gate, ...]) -> tuple[str, Standing, str]:
    return way[-1].name, way[-1].standing, way[-1].said[0]


# ---- never fetched


def test_an_address_of_no_watched_outlet(archive: Archive) -> None:
    way = gates(archive.read_now(lambda tx: reads.about_url(tx, "https://elsewhere.example/a")), Asked(now=NOW))
    assert [g.name for g in way] == ["watched"]
    assert "no outlet of this address is watched" in answer(way)


def test_an_address_that_no_source_listed_tells_what_is_polled_there(archive: Archive, tell: Tell) -> None:
    cut = poll("alpenpost", is_truncated=True)
    archive.write_now(lambda tx: writes.record_poll(tx, cut, [entry("alpenpost", "a")], plan))
    way = tell("nowhere")
    assert last(way)[:2] == ("listed", Standing.STOPPED)
    assert "1 listed, 1 new; the list was cut off" in way[0].said[1]


def test_a_source_that_fails_or_was_never_polled_says_so(archive: Archive, tell: Tell) -> None:
    assert "it was never polled yet" in tell("nowhere")[0].said
    broken = poll("alpenpost", status=PollStatus.SERVER_ERROR, error="answered 500")
    archive.write_now(lambda tx: writes.record_poll(tx, broken, [], plan))
    assert "last polled 14:58:00: server error, answered 500" in tell("nowhere")[0].said


def test_an_outlet_that_left_the_settings(archive: Archive, tell: Tell) -> None:
    archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    archive.write_now(lambda tx: writes.put_outlets(tx, [], NOW))
    assert "no longer watched since" in tell("a")[0].said[1]


def test_an_entry_that_may_not_be_fetched(archive: Archive, tell: Tell) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    archive.write_now(lambda tx: writes.finish_entry(tx, listed, state="refused", reason=FailureReason.ROBOTS.value, now=NOW))
    assert last(tell("a")) == ("fetched", Standing.STOPPED, "not fetched: robots.txt disallows it")


def test_an_entry_that_waits_for_its_turn_its_host_or_its_next_try(archive: Archive, tell: Tell) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    assert last(tell("a"))[:2] == ("fetched", Standing.WAITING)
    assert "waits for its turn" in last(tell("a"))[2]
    archive.write_now(
        lambda tx: writes.finish_entry(
            tx, listed, state="new", reason=FailureReason.BUDGET.value, next_at=NOW + timedelta(hours=2), now=NOW
        )
    )
    assert last(tell("a"))[2] == "tried once: the outlet's daily budget is used up; again 16:58:00"
    archive.write_now(
        lambda tx: writes.finish_entry(
            tx, listed, state="new", reason=FailureReason.PUT_OFF.value, next_at=NOW + timedelta(hours=2), is_try=False, now=NOW
        )
    )
    assert last(tell("a"))[2] == "its host was not to be asked yet; again 16:58:00"
    archive.write_now(lambda tx: writes.hold_host(tx, "alpenpost.example", NOW + timedelta(hours=1), "429", 1.0, NOW))
    assert last(tell("a"))[2] == "its host asked to be left alone until 15:58:00: 429"


def test_a_second_look_that_is_due_is_told(archive: Archive, tell: Tell) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    made = archive.write_now(lambda tx: writes.put_article(tx, article(listed), NOW)).article_id
    look = NOW + timedelta(hours=1)
    archive.write_now(lambda tx: writes.finish_entry(tx, listed, state="done", article_id=made, next_at=look, now=NOW))
    (fetched,) = (gate for gate in tell("a") if gate.name == "fetched")
    assert fetched.said[-1] == "its page is looked at again 15:58:00"


def test_an_entry_that_was_given_up(archive: Archive, tell: Tell) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    archive.write_now(lambda tx: writes.finish_entry(tx, replace(listed, tries=3), state="failed", reason="internal error: X", now=NOW))
    assert last(tell("a")) == ("fetched", Standing.STOPPED, "given up after 4 times: internal error: X")


# ---- read, and what was made of it


def test_a_teaser_of_a_page_behind_a_wall_says_what_stood_in_the_way(archive: Archive, tell: Tell) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    read = article(listed, completeness=Completeness.TEASER, failure=FailureReason.BLOCKED, is_paywalled=True)
    archive.write_now(lambda tx: settle(tx, listed, read=read))
    (fetched,) = (g for g in tell("a") if g.name == "fetched")
    assert "the page was not to be had: the outlet refused us" in fetched.said
    assert "behind a paywall" in fetched.said


def test_what_no_rule_matched_and_what_is_below_relevance(archive: Archive, tell: Tell) -> None:
    def put(tx: Tx) -> None:
        plain, low = list_entries(tx, entry("alpenpost", "a"), entry("alpenpost", "b"))
        for listed, below in ((plain, ()), (low, ("models",))):
            read = article(listed)
            stored = writes.put_article(tx, read, NOW)
            writes.finish_entry(tx, listed, state="done", article_id=stored.article_id, now=NOW)
            writes.put_findings(tx, stored.article_id, findings(read, themes=(), below=below, relevance=7), NOW)

    archive.write_now(put)
    assert last(tell("a")) == ("matched", Standing.STOPPED, "no rule matched")
    assert "presswatch rules explain THEME --article" in tell("a")[-1].said[-1]
    assert last(tell("b"))[2] == "models/shown matched with relevance 7, below what its theme asks for"


def test_a_second_report_names_the_alert_that_told_the_story(archive: Archive, tell: Tell) -> None:
    def put(tx: Tx) -> None:
        (first,), (second,) = list_entries(tx, entry("alpenpost", "a")), list_entries(tx, entry("alpenpost", "b"))
        settle(tx, second, story_id=settle(tx, first).story_id)

    archive.write_now(put)
    assert last(tell("b")) == ("decided", Standing.STOPPED, "models: already told, by alert #1")
    (story,) = (g for g in tell("b") if g.name == "story")
    assert story.said[0] == "story 1: 2 articles, 1 outlet, 1 language"
    assert story.said[2].startswith("first report: alpenpost, 14:58:00")


# ---- told, or not


@pytest.fixture
def told(archive: Archive) -> int:
    def put(tx: Tx) -> int:
        (listed,) = list_entries(tx, entry("alpenpost", "a"))
        done = settle(tx, listed, themes=("models",), channels=())
        alert_id = done.alerts[0].alert_id or 0
        silent = Routed(deliveries=(), silences=(("mail-1", alert_id, Reason.BELOW_SEVERITY), ("gone-1", alert_id, Reason.OTHER_LANGUAGE)))
        writes.put_deliveries(tx, silent, NOW)
        return alert_id

    return archive.write_now(put)


def test_every_subscription_that_stays_silent_says_why(archive: Archive, tell: Tell, told: int) -> None:
    archive.write_now(lambda tx: writes.put_mute(tx, Mute(scope="theme", target="models", until=NOW + timedelta(hours=3), at=NOW)))
    assert last(tell("a"))[:2] == ("routed", Standing.STOPPED)
    assert tell("a")[-1].said == (
        f"gone-1 gets no #{told}: other language",
        f"mail (models) gets no #{told}: below severity",
        "theme models is muted until 17:58:00",
    )


def booked(archive: Archive, told: int, **more: object) -> int:
    def put(tx: Tx) -> int:
        (alert,) = reads.alerts_since(tx, NOW)
        writes.put_deliveries(tx, Routed(deliveries=(delivery((alert,), **more),)), NOW)  # type: ignore[arg-type]
        return int(tx.connection.exec_driver_sql("SELECT max(delivery_id) FROM deliveries").scalar() or 0)

    assert told
    return archive.write_now(put)


def test_a_message_tells_its_attempts_until_it_is_sent_or_given_up(archive: Archive, tell: Tell, told: int) -> None:
    number = booked(archive, told)
    assert last(tell("a")) == ("delivered", Standing.WAITING, "desk (story) due since 14:58:00, not sent yet")
    archive.write_now(lambda tx: writes.mark_retry(tx, number, error="answered 500", next_at=NOW + timedelta(seconds=5)))
    assert last(tell("a"))[2] == "desk (story) tried once, again 14:58:05: answered 500"
    archive.write_now(lambda tx: writes.mark_dead(tx, number, error="answered 400"))
    assert last(tell("a")) == (
        "delivered",
        Standing.STOPPED,
        f"desk (story) given up after 2 times: answered 400; presswatch alerts resend {told}",
    )
    archive.write_now(lambda tx: writes.resend(tx, [number], NOW))
    archive.write_now(lambda tx: writes.mark_sent(tx, number, NOW + timedelta(seconds=2)))
    archive.write_now(lambda tx: writes.put_mark(tx, Mark(alert_id=told, verdict=Verdicts.NOISE, at=NOW)))
    assert last(tell("a"))[1] is Standing.PASSED
    assert tell("a")[-1].said[0].startswith("desk (story) sent 14:58:02 at the first try, ")
    assert tell("a")[-1].said[1] == f"readers marked #{told} as noise"


# ---- as a person asks


@pytest.fixture
def ask(sqlite_url: str, tmp_path: Path) -> Callable[..., Result]:
    (tmp_path / "presswatch.yaml").write_text(f"archive: {sqlite_url}\ntimezone: Europe/Zurich\n")
    archive = Archive.open(sqlite_url, clock=FixedClock(NOW))

    def put(tx: Tx) -> None:
        writes.put_outlets(tx, [outlet("Alpenpost")], NOW)
        writes.put_rules(tx, RULES, NOW)
        long = "深度求索推迟下一代旗舰模型的发布时间" * 6
        a, b = list_entries(tx, entry("alpenpost", "a", title=long), entry("alpenpost", "b"))
        done = settle(tx, a)
        settle(tx, b, channels=())
        number = reads.due_deliveries(tx, NOW, 1)[0].delivery_id or 0
        assert done.alerts
        writes.mark_sent(tx, number, NOW)

    archive.write_now(put)
    archive.close()
    given = Given(config=tmp_path / "presswatch.yaml", clock=FixedClock(LATER))
    return lambda *arguments: CliRunner().invoke(cli, ["why", *arguments], obj=given)


@pytest.mark.parametrize("target", ["https://alpenpost.example/a?utm_source=x", "1", "#1", "alert:1", "article:1"])
def test_a_url_an_alert_and_an_article_are_told_on_eighty_columns(ask: Callable[..., Result], target: str) -> None:
    done = ask(target)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[1].startswith("delivered: desk (story) sent 14:58:00")
    assert all(wcswidth(one) <= 80 for one in lines)
    assert [one[2:].split()[0] for one in lines if one.startswith(("✓", "✗", "…"))] == [
        "watched", "listed", "fetched", "matched", "story", "decided", "routed", "delivered",
    ]  # fmt: skip


def test_what_was_not_told_ends_in_one(ask: Callable[..., Result]) -> None:
    assert ask("https://alpenpost.example/b").exit_code == 1
    assert ask("https://elsewhere.example/b").exit_code == 1


def test_programs_get_gates_and_the_rows_behind_them(ask: Callable[..., Result]) -> None:
    said = json.loads(ask("1", "--json").output)
    assert said["subject"] == "alert #1"
    assert [g["gate"] for g in said["gates"]][-1] == "delivered"
    assert said["facts"]["entry"]["state"] == "done"
    assert said["facts"]["deliveries"][0]["status"] == "sent"


@pytest.mark.parametrize(("target", "code"), [("99", 1), ("article:99", 1), ("alert:99", 1), ("what is this", 2), ("ftp://x/y", 2)])
def test_what_is_not_there_is_said(ask: Callable[..., Result], target: str, code: int) -> None:
    done = ask(target)
    assert done.exit_code == code
    assert target.rpartition(":")[2].partition("/")[0] in done.output

"""The outbox on its way out: everything arrives, once, at each channel's own pace, whatever the others do."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.channels import Channel
from monitor.delivery import Deliverer, Options
from monitor.errors import ArchiveError, ChannelBusy, ChannelRefused
from monitor.metrics import Metrics
from monitor.model import Brief, Delivery, DeliveryKind, DeliveryStatus, Message, Severity
from tests.briefs import NOW, brief, delivery, story
from tests.outbox import Crashed, FakeChannel, FakeOutbox, VirtualTime, World, rows


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


Answer = Callable[[Message], Exception | str | None]


def until(broken: list[bool], error: Exception) -> Answer:
    """Answer with the error while the first element says so."""
    return lambda _: error if broken[0] else None


async def test_what_is_due_is_sent_in_order_and_marked() -> None:
    grave = replace(delivery(3), severity=Severity.HIGH)
    async with World({"desk": FakeChannel()}, FakeOutbox([delivery(1), delivery(2), grave])) as world:
        await world.time.until(lambda: world.outbox.status() == ["sent"] * 3)
        assert world.channels["desk"].taken == ["m-3", "m-1", "m-2"]
        assert world.channels["desk"].most_in_flight == 1


async def test_a_commit_wakes_it_and_a_sweep_finds_what_nobody_spoke_of() -> None:
    async with World({"desk": FakeChannel()}) as world:
        await world.time.settle()
        world.outbox.add(delivery(1))
        world.deliverer.wake()
        await world.time.settle()
        assert world.channels["desk"].tried == [(0.0, "m-1")]
        world.outbox.add(delivery(2))
        await world.time.until(lambda: len(world.channels["desk"].taken) == 2, most_s=10)


async def test_what_is_due_later_waits() -> None:
    async with World({"desk": FakeChannel()}, FakeOutbox([replace(delivery(1), due_at=NOW + timedelta(minutes=3))])) as world:
        await world.time.until(lambda: bool(world.channels["desk"].taken))
        assert 180 <= world.channels["desk"].tried[0][0] <= 190


async def test_a_failure_is_tried_again_after_five_ten_and_twenty_seconds() -> None:
    failing = iter([ChannelBusy("answered 500"), None, ChannelBusy("answered 500"), None])
    world = World({"desk": FakeChannel(lambda _: next(failing, None))}, FakeOutbox([delivery(1)]))
    async with world:
        await world.time.until(lambda: world.outbox.status() == ["sent"])
        assert [at for at, _ in world.channels["desk"].tried] == [0.0, 5.0]
        assert world.outbox.rows[1].attempts == 1
        assert world.outbox.rows[1].error == "answered 500"


async def test_a_refused_message_is_dead_at_once_and_the_next_one_goes_out() -> None:
    answers: dict[str, Exception | None] = {"m-1": ChannelRefused("answered 413 (request entity too large)")}
    async with World({"desk": FakeChannel(lambda m: answers.get(m.message_id))}, FakeOutbox(rows(2))) as world:
        await world.time.until(lambda: world.outbox.status() == ["dead", "sent"])
        assert world.outbox.rows[1].error == "answered 413 (request entity too large)"


async def test_retry_after_holds_the_whole_channel_and_opens_no_circuit() -> None:
    asked: list[int] = []

    def busy_twice(_: Message) -> Exception | None:
        asked.append(1)
        return ChannelBusy("answered 429", retry_after_s=7.0) if len(asked) <= 5 else None

    async with World({"desk": FakeChannel(busy_twice)}, FakeOutbox(rows(3))) as world:
        await world.time.until(lambda: world.outbox.status() == ["sent"] * 3)
        tries = [at for at, _ in world.channels["desk"].tried]
        assert all(later - earlier >= 7.0 for earlier, later in itertools.pairwise(tries[:6]))
        assert tries[-1] < 60
        assert not world.news


async def test_three_failures_open_the_circuit_and_probes_rotate_and_spend_nothing() -> None:
    broken = [True]
    channel = FakeChannel(until(broken, ChannelBusy("answered 503")))
    async with World({"desk": channel}, FakeOutbox(rows(5))) as world:
        await world.time.until(lambda: len(channel.tried) == 11)
        assert world.deliverer.open_circuits() == ("desk",)
        assert [m for _, m in channel.tried] == ["m-1", "m-2", "m-3", *[f"m-{i}" for i in (1, 2, 3, 4, 5, 1, 2, 3)]]
        assert [at for at, _ in channel.tried[2:]] == [0.0, 30, 60, 90, 120, 150, 180, 210, 240]
        assert [world.outbox.rows[i].attempts for i in range(1, 6)] == [1, 1, 1, 0, 0]
        assert [(n.is_open, n.reason) for n in world.news] == [(True, "answered 503")]
        broken[0] = False
        await world.time.until(lambda: world.outbox.status() == ["sent"] * 5, most_s=30)
        assert ("make_due", 0) in world.outbox.history
        assert [n.is_open for n in world.news] == [True, False]
        assert world.deliverer.open_circuits() == ()
        assert channel.most_in_flight == 1


async def test_after_an_outage_of_six_hours_everything_arrives_within_a_minute() -> None:
    broken = [True]
    channel = FakeChannel(until(broken, ChannelBusy("could not be reached")))
    world = World({"desk": channel}, FakeOutbox(rows(200)))
    async with world:
        await world.time.pass_s(3 * 3600)
        world.outbox.add(*rows(200, first=1000))
        await world.time.pass_s(3 * 3600)
        broken[0] = False
        await world.time.until(lambda: world.outbox.status() == ["sent"] * 400, most_s=60)
        assert len(set(channel.taken)) == 400


async def test_one_message_alone_recovers_within_a_minute_too() -> None:
    broken = [True]
    async with World({"desk": FakeChannel(until(broken, ChannelBusy("could not be reached")))}, FakeOutbox([delivery(1)])) as world:
        await world.time.pass_s(5 * 3600)
        assert world.outbox.status() == ["retry"]
        broken[0] = False
        await world.time.until(lambda: world.outbox.status() == ["sent"], most_s=60)


async def test_after_72_hours_it_is_given_up_with_the_last_reason() -> None:
    channel = FakeChannel(lambda _: ChannelBusy("answered 500"))
    async with World({"desk": channel}, FakeOutbox([delivery(1)]), Options(probe_every_s=600, sweep_s=600)) as world:
        await world.time.pass_s(71 * 3600)
        assert world.outbox.status() == ["retry"]
        await world.time.pass_s(2 * 3600)
        assert world.outbox.status() == ["dead"]
        assert world.outbox.rows[1].error == "given up after 72 h: answered 500"
        tries = len(channel.tried)
        await world.time.pass_s(3600)
        assert len(channel.tried) == tries


async def test_a_message_that_alone_always_fails_leaves_the_channel_in_service() -> None:
    poison: Answer = lambda m: ChannelBusy("answered 500") if m.message_id == "m-1" else None  # noqa: E731
    async with World({"desk": FakeChannel(poison)}, FakeOutbox(rows(20))) as world:
        await world.time.until(lambda: world.outbox.status() == ["retry", *["sent"] * 19], most_s=1)
        for step in range(100):
            world.outbox.add(replace(delivery(100 + step), due_at=world.time.clock.now()))
            await world.time.pass_s(30)
        assert set(world.outbox.status(*range(100, 199))) == {"sent"}


async def test_a_hanging_channel_delays_no_other() -> None:
    hanging, well = FakeChannel(lambda _: "hang"), FakeChannel()
    outbox = FakeOutbox([*rows(500, "hanging"), *rows(50, "well", first=1000)])
    async with World({"hanging": hanging, "well": well}, outbox, Options(stop_s=0.05)) as world:
        await world.time.settle()
        assert len(well.taken) == 50
        assert hanging.in_flight == 1


async def test_what_takes_too_long_counts_as_not_taken() -> None:
    channel = FakeChannel(lambda _: "hang")
    async with World({"desk": channel}, FakeOutbox([delivery(1)]), Options(timeout_s=0.02)) as world:
        await asyncio.wait_for(world.outbox.marked.wait(), 5)
        assert world.outbox.rows[1].error == "did not take the message within 0.02 s"


async def test_a_message_that_cannot_be_written_stops_no_other_and_calls_no_channel_dead() -> None:
    outbox = FakeOutbox(rows(8))
    well = outbox.brief_of

    def bad(row: Delivery) -> Brief:
        if row.delivery_id in {1, 2, 3, 4}:
            raise KeyError("story")
        return well(row)

    outbox.brief_of = bad
    async with World({"desk": FakeChannel()}, outbox) as world:
        await world.time.until(lambda: world.outbox.status() == ["retry"] * 4 + ["sent"] * 4)
        assert not world.news
        assert world.outbox.rows[1].error == "KeyError: 'story'"


async def test_what_is_not_to_be_sent_any_more_is_left_out() -> None:
    outbox = FakeOutbox(rows(3))
    outbox.muted = {2}
    async with World({"desk": FakeChannel()}, outbox) as world:
        await world.time.until(lambda: len(world.channels["desk"].taken) == 2)
        assert world.outbox.status() == ["sent", "pending", "sent"]


async def test_a_message_without_its_channel_waits_for_a_reload() -> None:
    async with World({"desk": FakeChannel()}, FakeOutbox([delivery(1, "gone"), delivery(2)]), Options(sweep_s=600)) as world:
        await world.time.until(lambda: world.outbox.status() == ["retry", "sent"])
        assert world.outbox.rows[1].error == "no channel 'gone' is configured"
        assert world.outbox.rows[1].due_at == world.time.clock.now() + timedelta(hours=1)
        await world.time.pass_s(80 * 3600)
        assert world.outbox.status() == ["dead", "sent"]


# ---- pace


async def test_a_rate_limited_channel_keeps_its_pace_and_memory_stays_flat() -> None:
    channel = FakeChannel(rate_per_minute=300)
    world = World({"slow": channel, "fast": FakeChannel()}, FakeOutbox([*rows(2_000, "slow"), *rows(200, "fast", first=9000)]))
    async with world:
        await world.time.until(lambda: len(channel.taken) == 2_000)
        ends = [at for at, _ in channel.tried]
        assert ends[0] == 0.0
        assert 2_000 / 5 <= ends[-1] <= 2_000 / 5 * 1.15
        assert all(sum(1 for t in ends[i : i + 400] if t < at + 60 - 1e-6) <= 300 for i, at in enumerate(ends[:300]))
        assert max(world.outbox.asked) <= Options().batch
        assert world.channels["fast"].tried[-1][0] == 0.0


# ---- the archive away


async def test_while_the_archive_takes_no_writes_messages_still_go_out_once() -> None:
    outbox = FakeOutbox(rows(30))
    outbox.is_full = True
    async with World({"desk": FakeChannel()}, outbox) as world:
        await world.time.until(lambda: len(world.channels["desk"].taken) == 30)
        await world.time.pass_s(120)
        assert len(world.channels["desk"].taken) == 30
        assert world.outbox.status() == ["pending"] * 30
        outbox.is_full = False
        await world.time.until(lambda: world.outbox.status() == ["sent"] * 30, most_s=30)
        assert len(world.channels["desk"].taken) == 30


async def test_only_so_many_marks_are_owed() -> None:
    outbox = FakeOutbox(rows(2000))
    outbox.is_full = True
    async with World({"desk": FakeChannel()}, outbox) as world:
        await world.time.pass_s(600)
        assert 200 <= len(world.channels["desk"].taken) <= 300
        outbox.is_full = False
        await world.time.until(lambda: world.outbox.status() == ["sent"] * 2000)
        assert len(world.channels["desk"].taken) == 2000


async def test_an_archive_that_cannot_be_read_is_asked_again() -> None:
    outbox = FakeOutbox(rows(3))
    outbox.is_down = True
    async with World({"desk": FakeChannel()}, outbox) as world:
        await world.time.pass_s(60)
        outbox.is_down = False
        await world.time.until(lambda: world.outbox.status() == ["sent"] * 3, most_s=30)


async def test_an_archive_that_goes_while_the_circuit_is_open_loses_no_recovery() -> None:
    broken = [True]
    outbox = FakeOutbox(rows(5))
    async with World({"desk": FakeChannel(until(broken, ChannelBusy("answered 503")))}, outbox) as world:
        await world.time.until(lambda: bool(world.news))
        outbox.is_down = True
        await world.time.pass_s(300)
        broken[0] = False
        outbox.is_down = False
        await world.time.until(lambda: world.outbox.status() == ["sent"] * 5, most_s=60)
        assert [n.is_open for n in world.news] == [True, False]


# ---- the end


async def test_stopping_finishes_what_is_in_flight_and_begins_nothing() -> None:
    release = asyncio.Event()

    class Slow(FakeChannel):
        async def send(self, message: Message) -> None:
            await release.wait()
            await super().send(message)

    world = World({"desk": Slow()}, FakeOutbox(rows(5)))
    async with world:
        await world.time.settle()
        closing = asyncio.create_task(world.deliverer.close())
        await world.time.settle()
        release.set()
        await closing
        assert world.outbox.status() == ["sent", "pending", "pending", "pending", "pending"]
        assert world.channels["desk"].is_closed


async def test_stopping_waits_no_longer_than_it_may() -> None:
    world = World({"desk": FakeChannel(lambda _: "hang")}, FakeOutbox(rows(2)), Options(stop_s=0.05))
    async with world:
        await world.time.settle()
        began = time.monotonic()
        await world.deliverer.close()
        assert time.monotonic() - began < 1.0
        assert world.outbox.status() == ["pending", "pending"]


async def test_stopping_while_waiting_for_a_token_or_a_probe_is_immediate() -> None:
    channels = {"paced": FakeChannel(rate_per_minute=1), "down": FakeChannel(lambda _: ChannelBusy("answered 500"))}
    world = World(channels, FakeOutbox([*rows(3, "paced"), *rows(5, "down", first=10)]))
    async with world:
        await world.time.settle()
        began = time.monotonic()
        await world.deliverer.close()
        assert time.monotonic() - began < 0.5
        assert len(channels["paced"].taken) == 1


async def test_a_reload_keeps_channels_that_did_not_change_and_lets_the_others_finish() -> None:
    kept, gone, new = FakeChannel(lambda _: ChannelBusy("answered 500")), FakeChannel(), FakeChannel()
    world = World({"kept": kept, "gone": gone}, FakeOutbox([*rows(3, "kept"), delivery(10, "gone")]))
    async with world:
        await world.time.until(lambda: bool(world.news) and bool(gone.taken))
        after: dict[str, Channel] = {"kept": kept, "new": new}
        await world.deliverer.swap(after)
        assert gone.is_closed
        assert not kept.is_closed
        assert world.deliverer.open_circuits() == ("kept",)
        world.outbox.add(delivery(20, "new"))
        world.deliverer.wake()
        await world.time.until(lambda: new.taken == ["m-20"], most_s=10)


# ---- crashes


@pytest.mark.parametrize(
    ("point", "taken"), [("before send", []), ("after send", ["m-1"]), ("before mark", ["m-1"]), ("after mark", ["m-1"])]
)
async def test_a_crash_loses_nothing_and_repeats_at_most_the_message_in_flight(point: str, taken: list[str]) -> None:
    outbox, channel = FakeOutbox(rows(3)), FakeChannel()
    first = World({"desk": channel}, outbox, crash_at=point)
    async with first:
        await first.time.until(lambda: first.points[point] > 0)
        assert channel.taken == taken
    second = World({"desk": channel}, outbox)
    async with second:
        await second.time.until(lambda: outbox.status() == ["sent"] * 3)
    assert set(channel.taken) == {"m-1", "m-2", "m-3"}
    repeated = len(channel.taken) - 3
    assert repeated == (1 if point in {"after send", "before mark"} else 0)


async def test_a_crash_is_not_taken_for_a_failed_message() -> None:
    world = World({"desk": FakeChannel()}, FakeOutbox(rows(1)), crash_at="after send")
    async with world:
        await world.time.until(lambda: world.points["after send"] > 0)
        await world.time.settle()
        assert world.outbox.history == []
        assert issubclass(Crashed, BaseException)


# ---- laws


@settings(max_examples=60, deadline=None)
@given(
    answers=st.lists(st.sampled_from(["ok", "busy", "wait", "refuse", "bug"]), max_size=60),
    count=st.integers(1, 25),
    rate=st.sampled_from([None, 60.0, 600.0]),
)
def test_whatever_a_channel_answers_every_message_ends_sent_or_dead_and_is_taken_at_most_once(
    answers: list[str], count: int, rate: float | None
) -> None:
    script = iter(answers)
    outcomes: dict[str, Exception | None] = {
        "ok": None,
        "busy": ChannelBusy("answered 500"),
        "wait": ChannelBusy("answered 429", retry_after_s=2.0),
        "refuse": ChannelRefused("answered 400"),
        "bug": KeyError("x"),
    }

    async def play() -> None:
        channel = FakeChannel(lambda _: outcomes[next(script, "ok")], rate_per_minute=rate)
        world = World({"desk": channel}, FakeOutbox(rows(count)))
        async with world:
            await world.time.until(lambda: set(world.outbox.status()) <= {"sent", "dead"})
        assert len(channel.taken) == len(set(channel.taken))
        assert len(channel.taken) == world.outbox.status().count("sent")
        assert channel.most_in_flight == 1

    asyncio.run(play())


async def test_attempts_and_delay_are_counted() -> None:
    counters = Metrics()
    answers = iter([ChannelBusy("answered 500")])
    channels: dict[str, Channel] = {"desk": FakeChannel(lambda _: next(answers, None))}
    virtual, outbox = VirtualTime(), FakeOutbox(rows(1))
    deliverer = Deliverer(outbox, channels, virtual.clock, metrics=counters, sleep=virtual.sleep)
    task = asyncio.create_task(deliverer.run())
    await virtual.until(lambda: outbox.status() == ["sent"])
    await deliverer.close()
    await task
    page = counters.page().decode()
    assert 'presswatch_deliveries_total{channel="desk",status="retry"} 1.0' in page
    assert 'presswatch_deliveries_total{channel="desk",status="sent"} 1.0' in page
    assert "presswatch_delivery_lag_seconds_count 1.0" in page


async def test_a_listener_that_cannot_write_its_notice_does_not_stop_the_probes() -> None:
    broken = [True]
    channel = FakeChannel(until(broken, ChannelBusy("answered 503")))
    world = World({"desk": channel}, FakeOutbox(rows(4)))
    calls: list[bool] = []

    async def deaf(news: object) -> None:
        calls.append(True)
        raise ArchiveError("no space left")

    world.deliverer._around = replace(world.deliverer._around, circuit_changed=deaf)
    for sender in world.deliverer._senders.values():
        sender._around = world.deliverer._around
    async with world:
        await world.time.pass_s(100)
        broken[0] = False
        await world.time.until(lambda: world.outbox.status() == ["sent"] * 4, most_s=60)
        assert len(calls) == 2


async def test_a_digest_of_many_stories_is_written_beside_the_loop() -> None:
    outbox = FakeOutbox(rows(1))
    many = tuple(replace(story(), story_id=n) for n in range(60))
    outbox.brief_of = lambda row: replace(brief(*many, kind=DeliveryKind.DIGEST), delivery=replace(row, kind=DeliveryKind.DIGEST))
    async with World({"desk": FakeChannel()}, outbox) as world:
        await asyncio.wait_for(outbox.marked.wait(), 5)
        assert world.channels["desk"].taken == ["m-1"]


async def test_a_channel_that_is_down_with_nothing_left_to_send_is_tried_with_the_next_message() -> None:
    broken = [True]
    outbox = FakeOutbox(rows(3))
    async with World({"desk": FakeChannel(until(broken, ChannelBusy("answered 503")))}, outbox) as world:
        await world.time.until(lambda: bool(world.news))
        outbox.rows = {i: replace(r, status=DeliveryStatus.DEAD) for i, r in outbox.rows.items()}
        await world.time.pass_s(300)
        broken[0] = False
        outbox.add(delivery(50))
        await world.time.until(lambda: world.outbox.status(50) == ["sent"], most_s=60)


async def test_a_fault_of_ours_between_messages_stops_delivery_for_moments_only() -> None:
    broken, faults = [True], [1, 1]
    outbox = FakeOutbox(rows(4))
    well = outbox.make_due

    async def faulty(channel: str, now: datetime) -> None:
        if faults:
            faults.pop()
            raise RuntimeError("a bug")
        await well(channel, now)

    outbox.make_due = faulty  # type: ignore[method-assign]
    async with World({"desk": FakeChannel(until(broken, ChannelBusy("answered 503")))}, outbox) as world:
        await world.time.until(lambda: bool(world.news))
        broken[0] = False
        await world.time.until(lambda: world.outbox.status() == ["sent"] * 4, most_s=120)


async def test_a_probe_that_cannot_be_written_waits_for_the_next() -> None:
    broken = [True]
    outbox = FakeOutbox(rows(3))
    well = outbox.brief_of
    async with World({"desk": FakeChannel(until(broken, ChannelBusy("answered 503")))}, outbox) as world:
        await world.time.until(lambda: bool(world.news))
        outbox.brief_of = lambda row: well(rows(1)[9] if row.delivery_id == 1 else row)
        outbox.muted = {2}
        await world.time.pass_s(100)
        broken[0] = False
        await world.time.until(lambda: world.outbox.status(3) == ["sent"], most_s=120)


async def test_a_weekly_digest_that_meets_an_outage_is_not_given_up_for_its_age() -> None:
    broken = [True]
    old = replace(delivery(1, kind=DeliveryKind.DIGEST), created_at=NOW - timedelta(days=7))
    async with World({"desk": FakeChannel(until(broken, ChannelBusy("answered 503")))}, FakeOutbox([old])) as world:
        await world.time.pass_s(2 * 3600)
        broken[0] = False
        await world.time.until(lambda: world.outbox.status() == ["sent"], most_s=60)

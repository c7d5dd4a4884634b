"""What status says of several nodes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from monitor.cli import fleet
from monitor.model import NodeState, QueueState

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def a_node(name: str, *, silent_s: float = 1.0, error: str | None = None, roles: tuple[str, ...] = ("crawler",)) -> NodeState:
    return NodeState(
        node_id=name, roles=roles, host="h", pid=1, version="1", rules_version="abcdef0123", error=error, in_flight=3, lease_s=20.0,
        started_at=NOW, beat_at=NOW - timedelta(seconds=silent_s),
    )  # fmt: skip


def a_queue(**values: object) -> QueueState:
    return QueueState(**{"kind": "crawl", "waiting": 0, "doing": 0, "stalled": 0, "failed": 0, "oldest_s": None, **values})  # type: ignore[arg-type]


def test_a_healthy_fleet_needs_no_look() -> None:
    assert fleet.attention([a_node("a"), a_node("b")], [a_queue(waiting=3, doing=2, oldest_s=4.0)], NOW) == []


def test_silent_nodes_old_settings_and_stuck_work_need_one() -> None:
    nodes = [a_node("a", silent_s=60.0, error="old"), a_node("b", error="its files hold others")]
    rows = fleet.attention(nodes, [a_queue(stalled=2, failed=1, oldest_s=600.0)], NOW)
    assert [row["subject"] for row in rows] == ["a", "b", "crawl", "crawl", "crawl"]
    assert "its work went to the others" in rows[0]["said"]
    assert "keeps its settings: its files hold others" in rows[1]["said"]


def test_each_node_and_each_kind_of_work_has_a_line() -> None:
    nodes = [
        {**asdict(node), "is_silent": node.is_silent(NOW)} for node in (a_node("a"), a_node("b", silent_s=60.0, roles=("x", "y", "z")))
    ]
    told = fleet.lines(nodes, [asdict(a_queue(waiting=1_200, doing=7, oldest_s=12.3)), asdict(a_queue(doing=2, stalled=2))])
    assert told == [
        ("node", ["a", "crawler", "3 in flight", "rules abcdef01"]),
        ("node", ["b", "all roles", "silent", "rules abcdef01"]),
        ("queue", ["crawl: 1,200 waiting, the oldest for 12 s, 7 being done"]),
        ("queue", ["crawl: 0 waiting, 2 being done, 2 stalled"]),
    ]
    assert fleet.headline(nodes) == "1 of 2 nodes alive"
    assert fleet.headline([]) == "archive on a server"

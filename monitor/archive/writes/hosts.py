"""Writes what is remembered of hosts: robots.txt copies, turns and holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from crawler.ports import RobotsCopy
from monitor.archive import tables as t
from monitor.archive.tx import Tx


def store_robots(tx: Tx, copy: RobotsCopy) -> None:
    """Keep the copy of one origin's robots.txt."""
    values = {
        "origin": copy.host,
        "state": copy.state,
        "body": copy.body,
        "fetched_at": copy.fetched_at,
        "good_at": copy.good_at,
        "error": copy.error,
    }
    insert = tx.insert(t.robots)
    changed = {name: insert.excluded[name] for name in values if name != "origin"}
    tx.run(insert.on_conflict_do_update(index_elements=["origin"], set_=changed), values)


def hold_host(tx: Tx, host: str, until: datetime, reason: str, slowness: float, now: datetime) -> None:
    """Stop a host until a time and remember by how much its spacing is stretched since now."""
    values = {"host": host, "held_until": until, "held_reason": reason, "slowness": slowness, "slowed_at": now}
    insert = tx.insert(t.hosts)
    changed = {name: insert.excluded[name] for name in values if name != "host"}
    tx.run(insert.on_conflict_do_update(index_elements=["host"], set_=changed), values)


def put_turns(tx: Tx, turns: Mapping[str, datetime]) -> None:
    """Remember when each host's next turn is, so that a restart asks no host too soon."""
    insert = tx.insert(t.hosts)
    upsert = insert.on_conflict_do_update(index_elements=["host"], set_={"next_at": insert.excluded.next_at})
    tx.run_many(upsert, [{"host": host, "next_at": at} for host, at in sorted(turns.items())])

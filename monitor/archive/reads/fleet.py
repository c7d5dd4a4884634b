"""Reads how several nodes on one archive stand: what they say of themselves, and what the queue holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.tx import Tx
from monitor.model import NodeState, QueueState

KINDS = ("crawl", "deliver", "maintain")
_HAS_QUEUE = sa.text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
_STATES = sa.text(
    "SELECT j.queue_name AS kind,"
    " count(*) FILTER (WHERE j.status = 'todo') AS waiting, count(*) FILTER (WHERE j.status = 'doing') AS doing,"
    " count(*) FILTER (WHERE j.status = 'failed') AS failed,"
    " count(*) FILTER (WHERE j.status = 'doing' AND"
    " (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => :lease_s))) AS stalled,"
    " (SELECT extract(epoch FROM now() - min(e.at))::float FROM procrastinate_events e JOIN procrastinate_jobs o ON o.id = e.job_id"
    "   WHERE o.status = 'todo' AND o.queue_name = j.queue_name AND e.type IN ('deferred', 'deferred_for_retry')) AS oldest_s"
    " FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id GROUP BY j.queue_name ORDER BY j.queue_name"
)


def nodes(tx: Tx) -> list[NodeState]:
    """Every node that was heard of lately, by name."""
    rows = tx.rows(sa.select(t.nodes).order_by(t.nodes.c.node_id))
    return [NodeState(**{**row, "roles": tuple(row["roles"].split())}) for row in rows]


def queue_states(tx: Tx, lease_s: float) -> Sequence[QueueState]:
    """How each kind of work stands; nothing where the archive has no queue."""
    if not tx.is_postgres or not tx.value(_HAS_QUEUE):
        return ()
    found = {row["kind"]: QueueState(**row) for row in tx.rows(_STATES, {"lease_s": lease_s})}
    nothing = {kind: QueueState(kind=kind, waiting=0, doing=0, stalled=0, failed=0, oldest_s=None) for kind in KINDS}
    return [found.get(kind, none) for kind, none in nothing.items()]


def polls_since(tx: Tx, at: datetime) -> int:
    """How many polls all nodes together made."""
    return int(tx.value(sa.select(sa.func.count()).select_from(t.polls).where(t.polls.c.at > at)))

"""Writes what several nodes on one archive tell each other."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.tx import Tx
from monitor.model import NodeState


def put_node(tx: Tx, node: NodeState) -> None:
    """Say how a node is doing."""
    values = {**asdict(node), "roles": " ".join(node.roles)}
    insert = tx.insert(t.nodes)
    changed = {name: insert.excluded[name] for name in values if name != "node_id"}
    tx.run(insert.on_conflict_do_update(index_elements=["node_id"], set_=changed), values)


def forget_nodes(tx: Tx, *, silent_since: datetime) -> None:
    """Forget nodes that were not heard of for long."""
    tx.run(sa.delete(t.nodes).where(t.nodes.c.beat_at < silent_since))


def forget_node(tx: Tx, node_id: str) -> None:
    """Forget a node that ended in order."""
    tx.run(sa.delete(t.nodes).where(t.nodes.c.node_id == node_id))


def postpone_source(tx: Tx, source_id: str, now: datetime, until: datetime) -> None:
    """Leave what is due of a source for later: a node that does not know it could do nothing for it."""
    s, e = t.sources.c, t.entries.c
    tx.run(sa.update(t.sources).where(s.source_id == source_id, s.next_at < until).values(next_at=until))
    outlet = sa.select(s.outlet_id).where(s.source_id == source_id).scalar_subquery()
    tx.run(sa.update(t.entries).where(e.outlet_id == outlet, e.source_id == source_id, e.next_at <= now).values(next_at=until))

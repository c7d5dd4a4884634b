"""What ``status`` says of several nodes and the work between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.cli.listing import ago
from monitor.model import NodeState, QueueState

_LATE_S = 120.0
"""Work that waits for longer needs a look: there are too few nodes for it, or none."""


def headline(nodes: Sequence[Mapping[str, Any]]) -> str:
    """Return what opens the first line where the archive is on a server."""
    living = [node for node in nodes if not node["is_silent"]]
    return f"{len(living)} of {len(nodes)} nodes alive" if nodes else "archive on a server"


def lines(nodes: Sequence[Mapping[str, Any]], queue: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Return the title and the pieces of a line for each node, and of one for each kind of work."""
    found = []
    for node in nodes:
        does = "silent" if node["is_silent"] else f"{node['in_flight']} in flight"
        found.append(("node", [str(node["node_id"]), _roles(node["roles"]), does, f"rules {str(node['rules_version'])[:8]}"]))
    for state in queue:
        oldest = f", the oldest for {state['oldest_s']:.0f} s" if state["oldest_s"] is not None else ""
        stalled = f", {state['stalled']} stalled" if state["stalled"] else ""
        found.append(("queue", [f"{state['kind']}: {state['waiting']:,} waiting{oldest}, {state['doing']} being done{stalled}"]))
    return found


def attention(nodes: Sequence[NodeState], queue: Sequence[QueueState], now: datetime) -> list[dict[str, Any]]:
    """Return the nodes and the work that need a look."""
    found = [
        _row("node", node.node_id, f"silent for {ago(node.beat_at, now)}; its work went to the others")
        for node in nodes
        if node.is_silent(now)
    ]
    found += [_row("node", node.node_id, f"keeps its settings: {node.error}") for node in nodes if node.error and not node.is_silent(now)]
    for state in queue:
        if state.stalled:
            found.append(_row("queue", state.kind, f"{state.stalled} jobs left by a dead node; a scheduler gives them back"))
        if state.failed:
            found.append(_row("queue", state.kind, f"{state.failed} jobs failed; the log of the node that had them says why"))
        if state.oldest_s is not None and state.oldest_s > _LATE_S:
            found.append(_row("queue", state.kind, f"work has waited for {state.oldest_s:.0f} s; add a node that does it"))
    return found


def _roles(roles: Sequence[str]) -> str:
    return "all roles" if len(roles) == 3 else ", ".join(roles)


def _row(what: str, subject: str, said: str) -> dict[str, Any]:
    return {"what": what, "subject": subject, "said": said, "next_at": None}

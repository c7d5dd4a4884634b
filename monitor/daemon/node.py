"""A node among the others: its roles, its sign of life, and whether it runs the settings that the others run."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from monitor.archive import Archive, Tx, reads, writes
from monitor.clock import Clock
from monitor.config.settings import Settings
from monitor.model import NodeState
from monitor.queue import ALL_ROLES, Role, roles_of

BEAT_S: Final = 5.0
"""Seconds between two signs of life."""
FORGOTTEN: Final = timedelta(days=1)
"""A node that was silent for so long is no longer spoken of."""


@dataclass(slots=True, kw_only=True)
class Node:
    """``is_one_of_many`` is False for a lone daemon, which has every role; ``error`` says why it keeps the settings before."""

    name: str
    roles: frozenset[Role] = ALL_ROLES
    is_one_of_many: bool = False
    error: str | None = None
    lease_s: float = 0.0

    @classmethod
    def of(cls, settings: Settings) -> Node:
        """Read what this node is to be from the settings."""
        name = settings.node or f"{socket.gethostname()}-{os.getpid()}"
        if settings.role is None:
            return cls(name=name)
        return cls(name=name, roles=roles_of(settings.role), is_one_of_many=True, lease_s=settings.lease_s)

    @property
    def crawls(self) -> bool:
        """Whether it has a spider to watch over."""
        return Role.CRAWLER in self.roles


class Beat:
    """Writes the sign of life, and notices by it that the others went on to other rules."""

    def __init__(self, *, node: Node, archive: Archive, clock: Clock, version: str) -> None:
        self._node = node
        self._archive = archive
        self._clock = clock
        self._version = version
        self._started_at = clock.now()

    async def beat(self, *, rules_version: str, in_flight: int) -> str | None:
        """Say how this node is, and return the version of the rules that is in force for all."""
        node, now = self._node, self._clock.now()
        state = NodeState(
            node_id=node.name, roles=tuple(sorted(node.roles)), host=socket.gethostname(), pid=os.getpid(), version=self._version,
            rules_version=rules_version, error=node.error, in_flight=in_flight, lease_s=max(node.lease_s, 3 * BEAT_S),
            started_at=self._started_at, beat_at=now,
        )  # fmt: skip

        def put(tx: Tx) -> str | None:
            writes.put_node(tx, state)
            writes.forget_nodes(tx, silent_since=now - FORGOTTEN)
            return reads.meta(tx, "rules_version")

        return await self._archive.write(put)

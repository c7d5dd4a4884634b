"""Who does which piece of work: one daemon all of it, or many nodes each what it has claimed. Nothing above knows which."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from monitor.model import Claim

Work = Callable[[], Awaitable[None]]


class Role(StrEnum):
    """What a node is there for; a node may have every role."""

    SCHEDULER = "scheduler"
    CRAWLER = "crawler"
    DELIVERER = "deliverer"


ALL_ROLES: frozenset[Role] = frozenset(Role)


def roles_of(word: str) -> frozenset[Role]:
    """Read a role, or ``all``; raises ValueError for anything else."""
    return ALL_ROLES if word == "all" else frozenset({Role(word)})


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Somebody put other settings in force: ``version`` of the rules, ``node`` that did it."""

    version: str
    node: str


class Crew(Protocol):
    """What a node can do: ``give`` and ``follow`` whatever is due, or a piece of work under a claim.

    The latter return when the work is over, True where the job was ended in the same transaction; False leaves that to the queue.
    """

    async def give(self) -> int: ...
    async def follow(self) -> None: ...
    async def crawl(self, source_id: str, claim: Claim, *, poll: Mapping[str, str | None] | None = None) -> bool:
        """Do what is due of a source; ``poll`` holds what makes its poll conditional, where that is known to be due."""

    async def deliver(self, channel: str, claim: Claim) -> bool: ...
    def recall(self) -> None:
        """Forget what was being crawled: the claims to it are lost, and others may be at it."""


class Queue(Protocol):
    """Hands out the work of polling, fetching, delivering and keeping house."""

    async def start(self, crew: Crew) -> None:
        """Begin to take work and have it done; raises ArchiveError where that is not possible."""

    async def tick(self) -> int:
        """Look for what is due, once a second; return how many pieces of work were handed out."""

    def may_ask(self) -> bool:
        """Whether this node may ask any host anything; one that the others believe gone may not."""

    def wake(self) -> None:
        """Say that something was committed that may be due now."""

    def channels(self) -> Collection[str] | None:
        """The channels whose messages are this node's to send; None for all."""

    def claim(self, channel: str) -> Claim | None:
        """The claim under which a channel's messages are marked; None where nobody shares them."""

    def holds(self, channel: str) -> bool:
        """Whether this node may still send over a channel."""

    def drained(self, channels: Collection[str]) -> None:
        """Note that these channels have nothing to send for now."""

    def once(self, name: str, seconds: float, work: Work) -> Work:
        """Return what to call every so often so that ``work`` is done about once in ``seconds``, by one node of all."""

    async def announce(self, news: News) -> None:
        """Tell the other nodes that settings changed."""

    async def heard(self) -> News:
        """Wait until another node says so."""

    async def is_drained(self) -> bool:
        """Whether nothing is being done or waiting to be done."""

    def stop(self) -> None:
        """Take no more work."""

    async def close(self) -> None:
        """Give back what is not done, and let go."""

"""Writes that only the holder of a claim may do: the claim is looked at, and kept from moving, in the very transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import sqlalchemy as sa

from monitor.archive.ready import Ready
from monitor.archive.tx import Tx
from monitor.errors import ClaimLost
from monitor.model import Claim

T = TypeVar("T")

_HOLD = Ready(
    lambda _: sa.text(
        "SELECT id FROM procrastinate_jobs WHERE id = :job AND worker_id = :worker AND attempts = :attempts AND status = 'doing' FOR UPDATE"
    ).columns(id=sa.BigInteger)
)
_FINISH = Ready(
    lambda _: sa.text(
        "WITH held AS MATERIALIZED (SELECT id FROM procrastinate_jobs"
        " WHERE id = :job AND worker_id = :worker AND attempts = :attempts AND status = 'doing' FOR UPDATE)"
        " SELECT id, procrastinate_finish_job_v1(id, 'succeeded', true)::text AS done FROM held"
    ).columns(id=sa.BigInteger, done=sa.Text)
)


def fenced(work: Callable[[Tx], T], claim: Claim | None) -> Callable[[Tx], T]:
    """Have ``work`` done only where the claim still holds; without one there is nobody to share with. Raises ClaimLost."""
    if claim is None:
        return work

    def run(tx: Tx) -> T:
        hold(tx, claim)
        return work(tx)

    return run


def hold(tx: Tx, claim: Claim) -> None:
    """Keep a claim until the transaction ends, or raise ClaimLost."""
    _believe(claim)
    _require(tx.get(_HOLD, job=claim.job_id, worker=claim.worker_id, attempts=claim.attempts), claim)


def finish(tx: Tx, claim: Claim) -> None:
    """End the job of a claim with whatever else this transaction writes, or raise ClaimLost."""
    _believe(claim)
    _require(tx.get(_FINISH, job=claim.job_id, worker=claim.worker_id, attempts=claim.attempts), claim)


def _believe(claim: Claim) -> None:
    """What a node learned after it lost its lease is no news: it was refused every turn, and would tell that of the outlets."""
    if not claim.is_live():
        raise ClaimLost(f"the lease under which job {claim.job_id} was claimed is lost")


def _require(found: Sequence[object], claim: Claim) -> None:
    if not found:
        raise ClaimLost(f"job {claim.job_id} is another node's now; what this one found of it is dropped")

"""Writes that only the holder of a claim may do: the claim is looked at, and kept from moving, in the very transaction."""

from __future__ import annotations

from collections.abc import Callable
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
_FINISH = Ready(lambda _: sa.text("SELECT 1 AS done FROM procrastinate_finish_job_v1(:job, 'succeeded', true)").columns(done=sa.Integer))


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
    if not tx.get(_HOLD, job=claim.job_id, worker=claim.worker_id, attempts=claim.attempts):
        raise ClaimLost(f"job {claim.job_id} is another node's now; what this one found of it is dropped")


def finish(tx: Tx, claim: Claim) -> None:
    """End the job of a claim that is held, with whatever else this transaction writes."""
    tx.get(_FINISH, job=claim.job_id)

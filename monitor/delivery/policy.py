"""When to try again, when to leave a channel alone, and how fast to go. Pure: the state goes in, the next one comes out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Times in seconds; ``batch`` is how many rows of the outbox are held in memory per channel at most."""

    timeout_s: float = 30.0
    stop_s: float = 5.0
    sweep_s: float = 10.0
    batch: int = 50
    first_retry_s: float = 5.0
    longest_retry_s: float = 3600.0
    give_up_s: float = 72 * 3600.0
    restart_grace_s: float = 3600.0
    open_after: int = 3
    probe_every_s: float = 30.0
    longest_hold_s: float = 30.0


# ---- one message


def last_try(delivery: Delivery, now: datetime, options: Options) -> datetime:
    """Return when to give up a message that failed for the first time since the daemon started.

    72 hours after it was booked, or after now where it was never tried before: a digest waits for its day, a night is held, the daemon may
    have been away. One that was tried by an earlier run gets an hour at least, for a machine that wakes up finds its network late.
    """
    grace_s = options.give_up_s if delivery.attempts == 0 else options.restart_grace_s
    return max(delivery.created_at + timedelta(seconds=options.give_up_s), now + timedelta(seconds=grace_s))


def next_try(
    delivery: Delivery, now: datetime, end: datetime, options: Options, *, spread: float, retry_after_s: float | None = None
) -> datetime | None:
    """Return when to try a message again that was just not taken, None to give it up: its ``end`` is reached.

    When the service says when, then. Else after 5 s, 10 s, 20 s ... 1 h, each 20 % shorter to 20 % longer by ``spread`` (0 to 1), with one
    try on the end itself.
    """
    if now >= end:
        return None
    if retry_after_s is not None:
        return now + timedelta(seconds=retry_after_s)
    step = options.first_retry_s * 2.0 ** min(delivery.attempts, 30)
    return min(now + timedelta(seconds=min(step, options.longest_retry_s) * (0.8 + 0.4 * spread)), end)


# ---- one channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """What is known of a channel's health; times are monotonic. Open, it lets one probe pass every so often.

    ``held_until`` is the end of a pause the service asked for, ``holds`` how many came in a row.
    """

    failures: int = 0
    is_open: bool = False
    probe_at: float = 0.0
    held_until: float = 0.0
    holds: int = 0


def failed(circuit: Circuit, started: float, options: Options) -> Circuit:
    """Count a failure; enough in a row open the circuit, and the next probe is due a while after this try began."""
    failures = circuit.failures + 1
    if failures < options.open_after and not circuit.is_open:
        return replace(circuit, failures=failures)
    return replace(circuit, failures=failures, is_open=True, probe_at=started + options.probe_every_s)


def asked_to_wait(circuit: Circuit, now: float, options: Options, *, retry_after_s: float) -> Circuit:
    """Hold the whole channel as long as the service says, longer each time it says so in a row: it lives, so nothing is counted as failure."""
    longer = min(2.0**circuit.holds, options.longest_hold_s)
    until = now + max(retry_after_s, longer if circuit.holds else 0.0)
    return replace(circuit, holds=min(circuit.holds + 1, 30), held_until=until, probe_at=max(circuit.probe_at, until))


def worked(_circuit: Circuit) -> Circuit:
    """Close the circuit: the channel took a message."""
    return Circuit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Tokens of one channel; ``at`` is monotonic. In no 60 seconds do more than ``rate_per_minute`` messages go out."""

    rate_per_minute: float
    tokens: float
    at: float

    @property
    def capacity(self) -> float:
        """How many may go out at once after a quiet time: a tenth of a minute's, at least one."""
        return max(1.0, self.rate_per_minute // 10)

    @property
    def per_second(self) -> float:
        """The refill: what a minute allows beyond the tokens that may have been saved up."""
        return (self.rate_per_minute - self.capacity + 1.0) / 60.0 if self.capacity > 1.0 else self.rate_per_minute / 60.0


def bucket(rate_per_minute: float, now: float) -> Bucket:
    """Return a full bucket."""
    full = Bucket(rate_per_minute=rate_per_minute, tokens=0.0, at=now)
    return replace(full, tokens=full.capacity)


def take(held: Bucket, now: float) -> tuple[Bucket, float]:
    """Take a token, perhaps one to come; return how long to wait for it."""
    grown = min(held.capacity, held.tokens + max(now - held.at, 0.0) * held.per_second)
    left = replace(held, tokens=grown - 1.0, at=max(now, held.at))
    return left, max(0.0, -left.tokens / held.per_second)

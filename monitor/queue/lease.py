"""How long a worker may believe that its claims are its own."""

from __future__ import annotations

from collections.abc import Callable

TRUST = 0.75
"""Of the lease a worker believes in its claims without a heartbeat; the others wait for all of it, so that it stops before they begin."""


class Lease:
    """Lives from one heartbeat to the next, and once it has died it is dead for ever.

    A frozen process finds its last heartbeat succeed when it wakes up; the claims it held then may be another's all the same. So
    a heartbeat counts from the moment before it was sent, and revives nothing. Pass a clock that runs on while the process is stopped.
    """

    def __init__(self, lease_s: float, monotonic: Callable[[], float], sent_at: float) -> None:
        self._trust_s = lease_s * TRUST
        self._monotonic = monotonic
        self._beat_at = sent_at
        self._is_lost = False

    def is_live(self) -> bool:
        """Whether the last heartbeat is recent enough, and always was."""
        if not self._is_lost and self._monotonic() - self._beat_at > self._trust_s:
            self._is_lost = True
        return not self._is_lost

    def beaten(self, sent_at: float) -> None:
        """Note a heartbeat that the server took."""
        if self.is_live():
            self._beat_at = max(self._beat_at, sent_at)

    def lose(self) -> None:
        """Give it up."""
        self._is_lost = True

"""Every ten minutes: steer the price of a request towards the budget."""

from __future__ import annotations

from collections.abc import Iterator

from crawler import cadence
from monitor.archive import Tx, reads
from monitor.daemon.parts import Parts
from monitor.daemon.watch import Watch


class Price:
    """Sets ``line.price`` by what the last interval cost against the forecast."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._polls_before = 0

    async def steer(self) -> None:
        """Ask the forecast first, then correct by the polls that were really made."""
        parts = self._parts
        now, watch = parts.clock.now(), parts.in_force.watch
        wanted = watch.settings.requests_per_hour
        ahead = await parts.archive.read(lambda tx: cadence.forecast(_states(tx, watch), wanted))
        polls, price = parts.orders.polls, parts.line.price
        parts.line.price = (
            cadence.first_price(ahead, now, wanted)
            if price is None
            else cadence.adjust_price(price, polls - self._polls_before, now, wanted, ahead)
        )
        self._polls_before = polls


def _states(tx: Tx, watch: Watch) -> Iterator[cadence.FeedState]:
    """What is remembered of every source, a fresh state where nothing is yet."""
    for row in reads.source_states(tx):
        outlet = watch.desk.outlets.get(row["outlet_id"])
        if outlet is not None:
            yield cadence.FeedState.from_json(row["state"]) if row["state"] else cadence.initial(tier=outlet.tier)

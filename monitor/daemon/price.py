"""Every ten minutes: steer the price of a request towards the budget."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from crawler import cadence
from monitor.archive import Tx, reads, writes
from monitor.daemon.parts import Parts
from monitor.daemon.watch import Watch

_KEY: Final = "price"
_YOUNG: Final = timedelta(minutes=9)


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
        if parts.node.is_one_of_many:
            parts.line.price = await parts.archive.write(lambda tx: _agreed(tx, ahead, now, wanted))
            return
        polls, price = parts.orders.polls, parts.line.price
        parts.line.price = (
            cadence.first_price(ahead, now, wanted)
            if price is None
            else cadence.adjust_price(price, polls - self._polls_before, now, wanted, ahead)
        )
        self._polls_before = polls


def _agreed(tx: Tx, ahead: cadence.Forecast, now: datetime, wanted: float) -> cadence.PriceState:
    """The one price of all nodes: who finds it old corrects it by the polls that all of them made."""
    said = json.loads(reads.meta(tx, _KEY) or "null")
    if said is None or said["wanted"] != wanted:
        price = cadence.first_price(ahead, now, wanted)
    else:
        times = {name: datetime.fromisoformat(said[name]) for name in ("started_at", "at")}
        price = cadence.PriceState(price=said["price"], spent=said["spent"], expected=said["expected"], **times)
        if now - price.at < _YOUNG:
            return price
        price = cadence.adjust_price(price, reads.polls_since(tx, price.at), now, wanted, ahead)
    row = {**asdict(price), "started_at": price.started_at.isoformat(), "at": price.at.isoformat(), "wanted": wanted}
    writes.put_meta(tx, _KEY, json.dumps(row))
    return price


def _states(tx: Tx, watch: Watch) -> Iterator[cadence.FeedState]:
    """What is remembered of every source, a fresh state where nothing is yet."""
    for row in reads.source_states(tx):
        outlet = watch.desk.outlets.get(row["outlet_id"])
        if outlet is not None:
            yield cadence.FeedState.from_json(row["state"]) if row["state"] else cadence.initial(tier=outlet.tier)
